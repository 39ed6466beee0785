import { map, type OperatorFunction } from 'rxjs';
import type { Outcome, Step } from '../../model/types.ts';

/** An item that a step refused, with the step's name and the reason. */
export interface Quarantined {
  readonly step: string;
  readonly reason: string;
  readonly item: unknown;
}

/** Items that travel together and are acknowledged together; `context` is what belongs to the batch as a whole. */
export interface Batch<T, C> {
  readonly context: C;
  readonly items: readonly T[];
  /** Counts by `<step>:<reason>`. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly quarantined: readonly Quarantined[];
}

/** A batch at the head of a pipe. */
export function batchOf<T, C>(context: C, items: readonly T[]): Batch<T, C> {
  return { context, items, dropped: {}, quarantined: [] };
}

/** Lifts a step to batches. A throw quarantines one item; the batch and the stream live on. */
export function each<A, B, C>({ name, run }: Step<A, B>): OperatorFunction<Batch<A, C>, Batch<B, C>> {
  return map((batch) => {
    const items: B[] = [];
    const dropped: Record<string, number> = { ...batch.dropped };
    const quarantined = [...batch.quarantined];
    for (const item of batch.items) {
      const outcome = attempt(run, item);
      if (outcome.kind === 'keep') items.push(outcome.value);
      else if (outcome.kind === 'drop') {
        const reason = `${name}:${outcome.reason}`;
        dropped[reason] = (dropped[reason] ?? 0) + 1;
      } else quarantined.push({ step: name, reason: outcome.reason, item });
    }
    return { context: batch.context, items, dropped, quarantined };
  });
}

function attempt<A, B>(run: Step<A, B>['run'], item: A): Outcome<B> {
  try {
    return run(item);
  } catch (error) {
    return { kind: 'quarantine', reason: `threw: ${error instanceof Error ? error.message : String(error)}`, error };
  }
}
