/** Which configured sources feed a brand, by day, under `via`: the blindness of others hides nothing. */
import type { KeyedState } from '../../model/ports.ts';
import type { Millis } from '../../model/types.ts';

const MOST_VIAS = 32;
const KEPT_DAYS = 7;
const DAY_MS = 86_400_000;

type Vias = { [via: string]: number };

/** Remembers that a source brought a mention. */
export function noteVia(state: KeyedState, via: string, clock: Millis): void {
  const day = Math.floor(clock / DAY_MS);
  const vias = state.get<Vias>('via') ?? {};
  if (vias[via] === day) return;
  const kept = Object.entries(vias)
    .filter(([name, then]) => name !== via && day - then <= KEPT_DAYS)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  state.set('via', Object.fromEntries([...kept.slice(0, MOST_VIAS - 1), [via, day]]));
}

/** Whether a source feeds the brand. */
export function feeds(state: KeyedState, via: string): boolean {
  return state.get<Vias>('via')?.[via] !== undefined;
}
