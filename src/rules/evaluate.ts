/** Condition × facts → true, false or not to be had; and why it was true. */
import { formatDuration } from '../lib/duration.ts';
import type { Brand, Millis, Signal, Text } from '../model/types.ts';
import type { BrandFacts } from './facts.ts';
import type { Place } from './metrics.ts';
import {
  compare,
  type Condition,
  isShare,
  type MetricLeaf,
  type Rule,
  type SequenceNode,
  type SignalLeaf,
} from './rule.ts';

/** One evaluation of one rule for one brand. */
export interface Sight {
  readonly rule: Rule;
  readonly brand: Brand;
  readonly facts: BrandFacts;
  /** The facts of another brand of the partition, brought to the same clock. */
  readonly other: (brand: string) => BrandFacts | undefined;
  readonly rivals: () => readonly BrandFacts[];
  /** The fold that counts for a leaf. */
  readonly foldOf: (leaf: MetricLeaf) => string;
}

/** A metric leaf with its numbers. */
export interface Reading {
  readonly leaf: MetricLeaf;
  readonly value: number;
  /** What it is compared with, where it is. */
  readonly reference?: number;
  readonly holds: boolean;
}

/**
 * Whether a condition holds; undefined when it hangs on a value that cannot be had, which a rule takes for false.
 * `scope` binds the signals that name none; undefined: any of them will do.
 */
export function holds(condition: Condition, sight: Sight, scope: string | undefined): boolean | undefined {
  switch (condition.kind) {
    case 'all': {
      let known = true;
      for (const part of condition.of) {
        const truth = holds(part, sight, scope);
        if (truth === false) return false;
        if (truth === undefined) known = false;
      }
      return known ? true : undefined;
    }
    case 'any': {
      let known = true;
      for (const part of condition.of) {
        const truth = holds(part, sight, scope);
        if (truth === true) return true;
        if (truth === undefined) known = false;
      }
      return known ? false : undefined;
    }
    case 'not': {
      const truth = holds(condition.of, sight, undefined);
      return truth === undefined ? undefined : !truth;
    }
    case 'sequence':
      return completed(condition, sight).some((done) => scope === undefined || done === '*' || done === scope);
    case 'learning':
      return sight.facts.learning === condition.is;
    case 'signal':
      for (const signal of sight.facts.open.values()) if (fits(condition, signal, sight, scope)) return true;
      return false;
    default:
      return read(condition, sight)?.holds;
  }
}

/** Whether an open signal makes the leaf true. */
export function fits(leaf: SignalLeaf, signal: Signal, sight: Sight, scope: string | undefined): boolean {
  if (signal.detector !== leaf.detector) return false;
  const wanted = leaf.scope ?? scope;
  if (wanted !== undefined && wanted !== signal.scope) return false;
  // A rule for some networks leaves alone what is seen on the others and on the brand as a whole.
  const { sources } = sight.rule;
  if (leaf.scope === undefined && sources && !signal.scope.includes(':') && !sources.includes(signal.scope))
    return false;
  if (!leaf.test) return true;
  const { field, op, than } = leaf.test;
  const value = field === 'score' || field === 'observed' || field === 'expected' ? signal[field] : undefined;
  return value !== undefined && compare(value, op, than);
}

/** Reads a metric; undefined when it cannot be had. */
export function read(leaf: MetricLeaf, sight: Sight): Reading | undefined {
  const { facts, rivals } = sight;
  const { metric, windowMs, vs, op, than } = leaf;
  const key = sight.foldOf(leaf);
  const { clock } = facts.head;
  const falling = op === '<' || op === '<=';
  if (falling && facts.blind(clock - windowMs, clock)) return undefined;
  const value = facts.value(key, metric, windowMs, 'now', rivals);
  if (value === undefined) return undefined;
  if (metric === 'minutes_since_last') return { leaf, value, holds: compare(value, op, than) };
  if (!vs) {
    const enough = leaf.min === 0 || (facts.value(key, 'mentions', windowMs, 'now', rivals) ?? 0) >= leaf.min;
    return { leaf, value, holds: enough && compare(value, op, than) };
  }
  const against = vs.kind === 'brand' ? sight.other(vs.brand) : facts;
  const place: Place = vs.kind === 'brand' ? 'now' : vs.kind;
  if (!against || (vs.kind === 'brand' && vs.brand === sight.brand.id)) return undefined;
  const reference = against.value(key, metric, windowMs, place, rivals);
  if (reference === undefined) return undefined;
  const counted = falling
    ? against.value(key, 'mentions', windowMs, place, rivals)
    : facts.value(key, 'mentions', windowMs, 'now', rivals);
  const enough = leaf.min === 0 || (counted ?? 0) >= leaf.min;
  const ratio = reference === 0 ? (value === 0 ? 1 : Infinity) : value / reference;
  return { leaf, value, reference, holds: enough && compare(ratio, op, than) };
}

// ---------------------------------------------------------------- sequence

/** What a sequence remembers: what is true now per step, since when its first steps run, and what completed it. */
type SequenceMemory = {
  readonly on: string[][];
  readonly starts: Millis[];
  /** Items of the last step that completed it and are still true, with their scope. */
  readonly done: Record<string, string>;
};

function memoryKey(sight: Sight, node: SequenceNode): string {
  return `sequence/${sight.rule.id}/${node.path}`;
}

/** The scopes of what completed the sequence and still holds. */
export function completed(node: SequenceNode, sight: Sight): readonly string[] {
  const memory = sight.facts.state.get<SequenceMemory>(memoryKey(sight, node));
  return memory ? [...new Set(Object.values(memory.done))].sort() : [];
}

/** Notes which steps have become true since the last evaluation. Called once per evaluation, before the condition is asked. */
export function follow(node: SequenceNode, sight: Sight): void {
  const key = memoryKey(sight, node);
  const { clock } = sight.facts.head;
  const before = sight.facts.state.get<SequenceMemory>(key);
  const on = before?.on ?? node.steps.map(() => []);
  const starts = before?.starts ?? node.steps.map(() => -1);
  const done = before?.done ?? {};
  let changed = false;
  for (const [index, step] of node.steps.entries()) {
    const now = itemsOf(step, sight);
    const was = on[index] ?? [];
    const risen = [...now.keys()].filter((id) => !was.includes(id));
    const last = index === node.steps.length - 1;
    const gone = was.filter((id) => !now.has(id));
    if (risen.length === 0 && gone.length === 0) continue;
    changed = true;
    on[index] = [...now.keys()];
    if (last) for (const id of gone) delete done[id];
    if (risen.length === 0) continue;
    const start = index === 0 ? clock : (starts[index - 1] ?? -1);
    if (start < 0 || clock - start > node.withinMs) continue;
    starts[index] = Math.max(starts[index] ?? -1, start);
    if (last) for (const id of risen) done[id] = now.get(id) ?? '*';
  }
  if (changed) sight.facts.state.set(key, { on, starts, done });
}

/** What makes a step true now, by id with its scope: each open signal by itself, anything else as a whole. */
function itemsOf(step: Condition, sight: Sight): Map<string, string> {
  const items = new Map<string, string>();
  if (step.kind !== 'signal') {
    if (holds(step, sight, undefined) === true) items.set('*', '*');
    return items;
  }
  for (const signal of sight.facts.open.values())
    if (fits(step, signal, sight, undefined)) items.set(signal.id, signal.scope);
  return items;
}

// ----------------------------------------------------------------- because

/** The true leaves of a condition that holds. */
export interface Reasons {
  readonly signals: Signal[];
  readonly readings: Reading[];
  learning: boolean;
}

export function reasonsOf(condition: Condition, sight: Sight, scope: string | undefined, into: Reasons): Reasons {
  if (condition.kind === 'all' || condition.kind === 'any') {
    for (const part of condition.of) if (holds(part, sight, scope)) reasonsOf(part, sight, scope, into);
  } else if (condition.kind === 'sequence') {
    for (const step of condition.steps) if (holds(step, sight, undefined)) reasonsOf(step, sight, undefined, into);
  } else if (condition.kind === 'signal') {
    for (const signal of sight.facts.open.values())
      if (fits(condition, signal, sight, scope) && !into.signals.includes(signal)) into.signals.push(signal);
  } else if (condition.kind === 'metric') {
    const reading = read(condition, sight);
    if (reading?.holds && !into.readings.some(({ leaf }) => leaf === condition)) into.readings.push(reading);
  } else if (condition.kind === 'learning' && condition.is) into.learning = true;
  return into;
}

/** A metric leaf that was true, as a sentence with its numbers. */
export function textOf({ leaf, value, reference }: Reading, approximate: boolean): Text {
  const { metric, windowMs, filter, op, than, vs } = leaf;
  const values: Record<string, string | number> = { metric, value, op, than, windowMs, filter };
  if (approximate) values['approximate'] = 1;
  if (!vs || reference === undefined) return { key: 'rules.metric', values };
  values['reference'] = reference;
  values['vs'] = vs.kind === 'brand' ? vs.brand : vs.kind;
  return { key: vs.kind === 'brand' ? 'rules.metricVsBrand' : 'rules.metricVs', values };
}

/** Numbers that stand for the whole alert: the gravest signal's, else the metric's that is furthest beyond its limit. */
export function headline(reasons: Reasons): {
  readonly observed: number;
  readonly expected: number;
  readonly window: string;
  readonly measure?: string;
  readonly expectedIs?: 'usual' | 'limit' | 'reference';
} {
  const [signal] = reasons.signals.toSorted((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
  if (signal) {
    const measure = signal.detector === 'negative-surge' ? 'negative' : 'mentions';
    return {
      observed: signal.observed,
      expected: signal.expected,
      window: signal.window,
      measure,
      expectedIs: 'usual',
    };
  }
  // How many says more than which share, and what is usual more than a limit.
  const [reading] = reasons.readings.toSorted(
    (a, b) =>
      Number(isShare(a.leaf.metric)) - Number(isShare(b.leaf.metric)) ||
      Number(a.reference === undefined) - Number(b.reference === undefined) ||
      beyond(b) - beyond(a),
  );
  if (!reading) return { observed: 0, expected: 0, window: '' };
  const { leaf, value, reference } = reading;
  return {
    observed: value,
    expected: reference ?? leaf.than,
    window: leaf.windowMs === 0 ? '' : formatDuration(leaf.windowMs),
    measure: leaf.metric,
    expectedIs: reference === undefined ? 'limit' : leaf.vs?.kind === 'usual' ? 'usual' : 'reference',
  };
}

function beyond({ leaf, value, reference }: Reading): number {
  const limit = reference === undefined ? leaf.than : reference * leaf.than;
  const ratio = limit === 0 ? value : value / limit;
  return leaf.op === '<' || leaf.op === '<=' ? 1 / Math.max(ratio, 0.001) : ratio;
}
