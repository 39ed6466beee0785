/** A rule as the engine takes it: durations in ms, shares as numbers, filters parsed. `load.ts` makes it from a file. */
import type { Millis, Query, Severity } from '../model/types.ts';

export type Operator = '>' | '>=' | '<' | '<=' | '==' | '!=';

/** Counts that add up over time: they have a usual level, and a value for any period. */
const ADDITIVE = ['mentions', 'negative', 'positive', 'neutral', 'unsure', 'engagement'] as const;
/** Counts of different things: what was seen twice counts once. */
const DISTINCT = ['authors', 'negative_authors', 'networks', 'stories', 'reach'] as const;
/** Quotients of counts. */
const SHARES = ['negative_share', 'share_of_voice', 'growth'] as const;

export type AdditiveMetric = (typeof ADDITIVE)[number];
export type DistinctMetric = (typeof DISTINCT)[number];

/** Every metric that a rule may name, apart from `kpi:<name>`. */
export const METRICS: readonly string[] = [...ADDITIVE, ...DISTINCT, ...SHARES, 'net_sentiment', 'minutes_since_last'];

export function isAdditive(metric: string): metric is AdditiveMetric {
  return (ADDITIVE as readonly string[]).includes(metric);
}

export function isDistinct(metric: string): metric is DistinctMetric {
  return (DISTINCT as readonly string[]).includes(metric);
}

/** Whether people write its values as a percentage. */
export function isShare(metric: string): boolean {
  return (SHARES as readonly string[]).includes(metric);
}

/** The detectors whose signals a rule may name. */
export const DETECTORS: readonly string[] = [
  'spike',
  'negative-surge',
  'emerging-term',
  'copy-paste',
  'influencer',
  'spread',
  'sentiment-drift',
  'silence',
];

/** The numbers of a signal that a rule may test. */
export const SIGNAL_FIELDS: readonly string[] = ['score', 'observed', 'expected'];

/** What a metric is compared with; absent: with the number itself. */
export type Versus =
  | { readonly kind: 'usual' | 'previous' | 'yesterday' | 'last_week' }
  | { readonly kind: 'brand'; readonly brand: string };

export type SignalLeaf = {
  readonly kind: 'signal';
  readonly detector: string;
  /** Absent: any, one alert per scope. */
  readonly scope?: string;
  readonly test?: { readonly field: string; readonly op: Operator; readonly than: number };
};

export type MetricLeaf = {
  readonly kind: 'metric';
  readonly metric: string;
  /** 0 for `minutes_since_last`, which has none. */
  readonly windowMs: Millis;
  /** As written; empty: every mention of the brand. */
  readonly filter: string;
  readonly op: Operator;
  readonly than: number;
  readonly vs?: Versus;
  /** Mentions below which it is false. For `<` and `<=` with `vs` they are counted in the period compared with. */
  readonly min: number;
};

export type LearningLeaf = { readonly kind: 'learning'; readonly is: boolean };

export type SequenceNode = {
  readonly kind: 'sequence';
  readonly steps: readonly Condition[];
  readonly withinMs: Millis;
  /** Its place in the rule: the key of its memory. */
  readonly path: string;
};

export type Condition =
  | { readonly kind: 'all'; readonly of: readonly Condition[] }
  | { readonly kind: 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | SequenceNode
  | SignalLeaf
  | MetricLeaf
  | LearningLeaf;

export interface Tier {
  readonly severity: Severity;
  readonly when: Condition;
}

export interface Rule {
  readonly id: string;
  /** Where it is written, for people who look for it. */
  readonly file: string;
  readonly line: number;
  /** By language. */
  readonly title: Readonly<Record<string, string>>;
  readonly summary: Readonly<Record<string, string>>;
  /** Ids of the brands that it watches, competitors left out where the rule says so. */
  readonly brands: readonly string[];
  /** Networks that it counts; absent: all. */
  readonly sources?: readonly string[];
  readonly when: Condition;
  readonly forMs: Millis;
  readonly keepFiringForMs: Millis;
  readonly severity: Severity;
  readonly tiers: readonly Tier[];
  readonly labels: Readonly<Record<string, string>>;
}

/** A set of rules that was valid as a whole. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  /** The parsed filters by their text. */
  readonly filters: ReadonlyMap<string, Query>;
}

/** Every leaf of a condition, with its steps. */
export function* leavesOf(condition: Condition): Generator<SignalLeaf | MetricLeaf | LearningLeaf> {
  if (condition.kind === 'all' || condition.kind === 'any') {
    for (const part of condition.of) yield* leavesOf(part);
  } else if (condition.kind === 'not') yield* leavesOf(condition.of);
  else if (condition.kind === 'sequence') {
    for (const step of condition.steps) yield* leavesOf(step);
  } else yield condition;
}

/** Every sequence of a condition. */
export function* sequencesOf(condition: Condition): Generator<SequenceNode> {
  if (condition.kind === 'all' || condition.kind === 'any') {
    for (const part of condition.of) yield* sequencesOf(part);
  } else if (condition.kind === 'not') yield* sequencesOf(condition.of);
  else if (condition.kind === 'sequence') yield condition;
}

export function compare(value: number, op: Operator, than: number): boolean {
  if (op === '>=') return value >= than;
  if (op === '>') return value > than;
  if (op === '<=') return value <= than;
  if (op === '<') return value < than;
  return op === '==' ? value === than : value !== than;
}
