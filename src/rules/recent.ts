/**
 * The posts that would show an alert best: negative ones first, then the most followed, then the earliest; and the last few,
 * whatever they are. A bounded list, since an alert quotes a handful.
 */
import type { KeyedState } from '../model/ports.ts';
import type { Mention, Millis } from '../model/types.ts';

const BEST = 12;
const LAST = 6;
/** Older than this, a post no longer stands in the way of newer ones. */
const FRESH_MS = 6 * 3_600_000;

type Seen = [id: string, at: Millis, negative: 0 | 1, followers: number];
type Lists = { readonly best: Seen[]; readonly last: Seen[] };

export class Recent {
  readonly #state: KeyedState;
  readonly #key: string;
  readonly #lists: Lists;

  constructor(state: KeyedState, key: string) {
    this.#state = state;
    this.#key = key;
    this.#lists = state.get<Lists>(key) ?? { best: [], last: [] };
  }

  add(mention: Mention, negative: boolean): void {
    const seen: Seen = [mention.id, mention.at, negative ? 1 : 0, mention.author?.followers ?? 0];
    const { best, last } = this.#lists;
    last.push(seen);
    if (last.length > LAST) last.shift();
    const worst = best.at(-1);
    if (
      best.length < BEST ||
      !worst ||
      rank(seen, worst) < 0 ||
      worst[1] < mention.at - FRESH_MS ||
      this.#stale(mention.at)
    ) {
      const fresh = best.filter(([, at]) => at >= mention.at - FRESH_MS);
      best.splice(0, best.length, ...fresh, seen);
      best.sort(rank);
      best.length = Math.min(best.length, BEST);
    }
    this.#state.set(this.#key, this.#lists);
  }

  /** Ids of posts after `from`, best first. */
  pick(from: Millis, max: number): string[] {
    const { best, last } = this.#lists;
    const ids = [...best, ...last.toReversed()].filter(([, at]) => at > from).map(([id]) => id);
    return [...new Set(ids)].slice(0, max);
  }

  remove(id: string): void {
    const { best, last } = this.#lists;
    for (const list of [best, last]) {
      const kept = list.filter((seen) => seen[0] !== id);
      if (kept.length === list.length) continue;
      list.splice(0, list.length, ...kept);
      this.#state.set(this.#key, this.#lists);
    }
  }

  forgetAfter(clock: Millis): void {
    const { best, last } = this.#lists;
    for (const list of [best, last]) list.splice(0, list.length, ...list.filter(([, at]) => at <= clock));
    this.#state.set(this.#key, this.#lists);
  }

  #stale(at: Millis): boolean {
    return this.#lists.best.some((seen) => seen[1] < at - FRESH_MS);
  }
}

function rank(a: Seen, b: Seen): number {
  return b[2] - a[2] || b[3] - a[3] || a[1] - b[1] || (a[0] < b[0] ? -1 : 1);
}
