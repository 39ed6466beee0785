/** Hand-made brands, mentions and signals, and a small driver that does what the analyser does with dues. */
import { MapState } from '../../src/lib/map-state.ts';
import type { Alert, Brand, Json, Mention, Millis, SentimentLabel, Signal } from '../../src/model/types.ts';
import type { RuleContext, RuleEngine } from '../../src/rules/engine-port.ts';
import { createRuleEngine } from '../../src/rules/engine.ts';
import { loadRules } from '../../src/rules/load.ts';
import type { RuleSet } from '../../src/rules/rule.ts';

export const MIN = 60_000;
export const HOUR = 60 * MIN;
export const DAY = 24 * HOUR;
/** A Monday, 00:00 UTC. */
export const T0 = Date.UTC(2026, 0, 5);

export function brand(id: string, more: Partial<Brand> = {}): Brand {
  const name = id.charAt(0).toUpperCase() + id.slice(1);
  return {
    id,
    name,
    query: id,
    languages: ['fr'],
    own: {},
    competitors: [],
    role: 'own',
    client: 'house',
    group: 'all',
    ...more,
  };
}

let counter = 0;

export interface Wanted {
  readonly at?: Millis;
  readonly brand?: string;
  readonly label?: SentimentLabel;
  readonly unsure?: boolean;
  readonly author?: string;
  readonly followers?: number;
  readonly source?: string;
  readonly id?: string;
  readonly duplicateOf?: string | undefined;
  readonly likes?: number;
  readonly via?: string;
  readonly text?: string;
}

export function mention(observedAt: Millis, wanted: Wanted = {}): Mention {
  counter++;
  const { label = 'neutral', unsure = false, source = 'x', via = 'inbox' } = wanted;
  const id = wanted.id ?? `${source}:${counter}`;
  return {
    id,
    source,
    via,
    op: 'create',
    author: {
      id: wanted.author ?? `author-${counter}`,
      ...(wanted.followers === undefined ? {} : { followers: wanted.followers }),
    },
    text: wanted.text ?? 'words',
    engagement: { likes: wanted.likes ?? 0 },
    publishedAt: wanted.at ?? observedAt,
    observedAt,
    at: wanted.at ?? observedAt,
    backfill: false,
    client: 'house',
    brand: wanted.brand ?? 'acme',
    own: false,
    language: 'fr',
    sentiment: { label, score: 0, confidence: 1, unsure, words: [] },
    terms: [],
    topics: [],
    links: [],
    fingerprint: id,
    ...(wanted.duplicateOf === undefined ? {} : { duplicateOf: wanted.duplicateOf }),
  };
}

export function signal(detector: string, at: Millis, more: Partial<Signal> = {}): Signal {
  const scope = more.scope ?? '*';
  const startedAt = more.startedAt ?? at;
  return {
    id: `${detector}:acme:${scope}:1h:${startedAt}`,
    detector,
    brand: 'acme',
    scope,
    window: '1h',
    state: 'open',
    startedAt,
    at,
    observed: 40,
    expected: 4,
    score: 1,
    values: {},
    explain: { key: 'test.signal', values: { observed: 40 } },
    evidence: ['x:signal'],
    ...more,
  };
}

export function rulesOf(text: string, brands: readonly Brand[]): RuleSet {
  const { rules, problems } = loadRules([{ file: 'rules.yaml', text }], { brands, language: 'en' });
  if (!rules) throw new Error(problems.map((p) => `${p.line}:${p.column} ${p.message}`).join('\n'));
  return rules;
}

export type Step =
  | { readonly kind: 'mention'; readonly mention: Mention; readonly signals?: readonly Signal[] }
  | { readonly kind: 'history'; readonly mention: Mention; readonly clock: Millis }
  | { readonly kind: 'kpi'; readonly name: string; readonly value: number; readonly at: Millis }
  | { readonly kind: 'tick'; readonly at: Millis };

/** Feeds an engine in the order of the log: what falls due comes first, at its own time. */
export class Driver {
  readonly alerts: Alert[] = [];
  readonly brands: readonly Brand[];
  state: MapState;
  clock = 0;
  evaluations = 0;
  #rules: RuleSet;
  readonly #disk = new Map<string, string>();
  engine: RuleEngine;

  constructor(rules: string | RuleSet, brands: readonly Brand[] = [brand('acme')]) {
    this.brands = brands;
    this.#rules = typeof rules === 'string' ? rulesOf(rules, brands) : rules;
    this.state = new MapState();
    this.engine = createRuleEngine(this.#rules, brands);
  }

  get context(): RuleContext {
    return {
      state: (id) => ({
        get: (key) => this.state.get(`rules/${id}/${key}`),
        set: (key, value) => this.state.set(`rules/${id}/${key}`, value),
      }),
      emit: (alert) => this.alerts.push(alert),
    };
  }

  /** Writes what was marked as changed, and nothing else; answers its size in bytes. */
  commit(): number {
    let bytes = 0;
    for (const [key, value] of this.state.takeChanges()) {
      if (value === undefined) this.#disk.delete(key);
      else {
        const json = JSON.stringify(value);
        bytes += key.length + json.length;
        this.#disk.set(key, json);
      }
    }
    return bytes;
  }

  /** Bytes of everything that was committed. */
  get size(): number {
    let bytes = 0;
    for (const [key, json] of this.#disk) bytes += key.length + json.length;
    return bytes;
  }

  /** A commit, then a new engine on what was written, as after a restart; with other rules, as after a reload. */
  restart(rules?: string): void {
    if (rules !== undefined) this.#rules = rulesOf(rules, this.brands);
    this.commit();
    this.state = new MapState([...this.#disk].map(([key, json]): [string, Json] => [key, JSON.parse(json) as Json]));
    this.engine = createRuleEngine(this.#rules, this.brands);
  }

  advance(to: Millis): void {
    for (;;) {
      let due = Infinity;
      let first: string | undefined;
      for (const { id } of this.brands) {
        const next = this.engine.nextDue(this.context, id);
        if (next !== undefined && next < due) [due, first] = [next, id];
      }
      if (first === undefined || due > to) break;
      this.clock = Math.max(this.clock, due);
      this.evaluations++;
      this.engine.onClock(this.context, first, due, []);
      const after = this.engine.nextDue(this.context, first);
      if (after !== undefined && after <= due) throw new Error(`${first} stays due at ${due}`);
    }
    this.clock = Math.max(this.clock, to);
  }

  mention(wanted: Mention, signals: readonly Signal[] = []): void {
    this.advance(wanted.observedAt);
    this.engine.onMention(this.context, wanted, signals, this.clock);
  }

  history(wanted: Mention, clock: Millis): void {
    this.advance(clock);
    this.engine.onHistory(this.context, wanted, this.clock);
  }

  signal(...signals: readonly Signal[]): void {
    const at = signals[0]?.at ?? this.clock;
    this.advance(at);
    this.engine.onClock(this.context, signals[0]?.brand ?? 'acme', at, signals);
  }

  kpi(name: string, value: number, at: Millis): void {
    this.advance(at);
    this.engine.onKpi(this.context, 'acme', name, value, at, this.clock);
  }

  do(step: Step): void {
    if (step.kind === 'mention') this.mention(step.mention, step.signals);
    else if (step.kind === 'history') this.history(step.mention, step.clock);
    else if (step.kind === 'kpi') this.kpi(step.name, step.value, step.at);
    else this.advance(step.at);
  }

  /** `minute status severity` of each transition, minutes from T0. */
  get story(): string[] {
    return this.alerts.map(
      ({ at, rule, scope, status, severity, sequence }) =>
        `${((at - T0) / MIN).toString()}m ${rule}${scope === '*' ? '' : `[${scope}]`} ${status} ${severity} #${sequence}`,
    );
  }
}
