/** Puts alerts and signals where people can look at them: one small document each on the desk, with its history. */
import { Conflict } from '../model/errors.ts';
import { newestFirst } from '../model/ids.ts';
import type { Desk } from '../model/ports.ts';
import type { Alert, Json, Millis, OutboxItem, Signal } from '../model/types.ts';

/** Kind `alert` on the desk. */
export type AlertDocument = {
  /** As of its latest transition. */
  readonly alert: Alert;
  /** Its transitions, oldest first; at most 50, the first one always among them. */
  readonly history: readonly Pick<Alert, 'sequence' | 'status' | 'severity' | 'at' | 'observed' | 'expected'>[];
};

/** Kind `signal` on the desk. */
export type SignalDocument = {
  readonly signal: Signal;
  /** Its updates, oldest first; at most 50, the first one always among them. */
  readonly history: readonly Pick<Signal, 'state' | 'at' | 'observed' | 'expected' | 'score'>[];
};

/** A document that was written: for the live feed. */
export type Projected =
  | { readonly kind: 'alert'; readonly client: string; readonly id: string; readonly document: AlertDocument }
  | { readonly kind: 'signal'; readonly client: string; readonly id: string; readonly document: SignalDocument };

const MOST_HISTORY = 50;
const TRIES = 8;

/** Where an item's document is. */
export function placeOf(item: OutboxItem): {
  readonly kind: 'alert' | 'signal';
  readonly client: string;
  readonly id: string;
} {
  return item.kind === 'alert'
    ? { kind: 'alert', client: item.alert.client, id: newestFirst(item.alert.startsAt, item.alert.id) }
    : { kind: 'signal', client: item.client, id: newestFirst(item.signal.startedAt, item.signal.id) };
}

/**
 * Writes items of one document; in any order, any number of times, the same is left behind. Answers the document, or
 * undefined when it was there already. Throws Conflict when others keep changing it.
 */
export async function project(desk: Desk, items: readonly OutboxItem[]): Promise<Projected | undefined> {
  const [first] = items;
  if (!first) return undefined;
  const { kind, client, id } = placeOf(first);
  for (let attempt = 1; ; attempt++) {
    const seen = await desk.get(client, kind, id);
    let value: Json | undefined = seen?.value;
    for (const item of items) value = folded(value, item);
    if (value === undefined || value === seen?.value) return undefined;
    try {
      await desk.put(client, kind, id, value, seen?.version);
      return { kind, client, id, document: value } as unknown as Projected;
    } catch (error) {
      if (!(error instanceof Conflict) || attempt === TRIES) throw error;
    }
  }
}

function folded(value: Json | undefined, item: OutboxItem): Json {
  return item.kind === 'alert'
    ? foldAlert(value as AlertDocument | undefined, item.alert)
    : foldSignal(value as SignalDocument | undefined, item.signal);
}

function foldAlert(known: AlertDocument | undefined, alert: Alert): AlertDocument {
  if (known?.history.some(({ sequence }) => sequence === alert.sequence)) return known;
  const { sequence, status, severity, at, observed, expected } = alert;
  if (known && known.history.length >= MOST_HISTORY && sequence < known.alert.sequence) return known;
  const history = [...(known?.history ?? []), { sequence, status, severity, at, observed, expected }];
  return {
    alert: known && known.alert.sequence > sequence ? known.alert : alert,
    history: bounded(history.sort((a, b) => a.sequence - b.sequence)),
  };
}

const STATES = { open: 0, update: 1, close: 2 } as const;

function foldSignal(known: SignalDocument | undefined, signal: Signal): SignalDocument {
  if (known?.history.some(({ at, state }) => at === signal.at && state === signal.state)) return known;
  const { state, at, observed, expected, score } = signal;
  const order = (a: SignalDocument['history'][number], b: SignalDocument['history'][number]): number =>
    a.at - b.at || STATES[a.state] - STATES[b.state];
  const step = { state, at, observed, expected, score };
  if (known && known.history.length >= MOST_HISTORY && order(step, known.signal) < 0) return known;
  return {
    signal: known && order(known.signal, step) > 0 ? known.signal : signal,
    history: bounded([...(known?.history ?? []), step].sort(order)),
  };
}

/** The first one stays: it says when it began. */
function bounded<T>(history: readonly T[]): readonly T[] {
  return history.length <= MOST_HISTORY
    ? history
    : [history[0] as T, ...history.slice(history.length - MOST_HISTORY + 1)];
}

/** Items of one document together, in the order in which they came. */
export function byDocument(items: readonly OutboxItem[]): readonly (readonly OutboxItem[])[] {
  const groups = Map.groupBy(items, (item) => {
    const { kind, client, id } = placeOf(item);
    return JSON.stringify([kind, client, id]);
  });
  return [...groups.values()];
}

/** When an item happened: what is shown first when much waits. */
export function happenedAt(item: OutboxItem): Millis {
  return item.kind === 'alert' ? item.alert.at : item.signal.at;
}
