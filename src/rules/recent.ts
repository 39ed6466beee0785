/**
 * The posts that would show an alert best, per quarter of an hour: negative ones first, then the most followed, then the
 * earliest. A few for each quarter of the last six hours, since an alert quotes a handful, and busy brands rarely change them.
 */
import type { KeyedState } from '../model/ports.ts';
import type { Mention, Millis } from '../model/types.ts';

const QUARTER_MS = 900_000;
const QUARTERS = 24;
const PER_QUARTER = 4;

type Seen = [id: string, at: Millis, negative: 0 | 1, followers: number];

export class Recent {
  readonly #state: KeyedState;
  readonly #key: string;
  /** By quarter since the epoch, each best first. */
  readonly #quarters: Record<string, Seen[]>;

  constructor(state: KeyedState, key: string) {
    this.#state = state;
    this.#key = key;
    this.#quarters = state.get<Record<string, Seen[]>>(key) ?? {};
  }

  add(mention: Mention, negative: boolean): void {
    const quarter = Math.floor(mention.at / QUARTER_MS);
    let best = this.#quarters[quarter];
    if (!best) {
      best = [];
      this.#quarters[quarter] = best;
      const oldest = Math.max(...Object.keys(this.#quarters).map(Number)) - QUARTERS;
      for (const key of Object.keys(this.#quarters)) if (Number(key) <= oldest) delete this.#quarters[key];
    }
    const seen: Seen = [mention.id, mention.at, negative ? 1 : 0, mention.author?.followers ?? 0];
    const worst = best[PER_QUARTER - 1];
    if (worst && rank(seen, worst) >= 0) return;
    best.push(seen);
    best.sort(rank);
    best.length = Math.min(best.length, PER_QUARTER);
    this.#save();
  }

  /** Ids of posts after `from`, best first. */
  pick(from: Millis, max: number): string[] {
    const found = Object.values(this.#quarters).flatMap((best) => best.filter(([, at]) => at > from));
    return found
      .sort(rank)
      .slice(0, max)
      .map(([id]) => id);
  }

  remove(id: string): void {
    this.#keep((seen) => seen[0] !== id);
  }

  forgetAfter(clock: Millis): void {
    this.#keep(([, at]) => at <= clock);
  }

  #keep(wanted: (seen: Seen) => boolean): void {
    for (const [quarter, best] of Object.entries(this.#quarters)) {
      const kept = best.filter(wanted);
      if (kept.length === best.length) continue;
      if (kept.length > 0) this.#quarters[quarter] = kept;
      else delete this.#quarters[quarter];
      this.#save();
    }
  }

  #save(): void {
    this.#state.set(this.#key, this.#quarters);
  }
}

function rank(a: Seen, b: Seen): number {
  return b[2] - a[2] || b[3] - a[3] || a[1] - b[1] || (a[0] < b[0] ? -1 : 1);
}
