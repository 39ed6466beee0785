/** The two things that the edges of the program ask of time; tests and replays bring their own. */
import type { Millis } from '../model/types.ts';

export interface Clock {
  readonly now: () => Millis;
  /** Resolves after `ms`, or at once when the signal aborts. */
  readonly sleep: (ms: Millis, signal: AbortSignal) => Promise<void>;
}

/** The wall clock. */
export const wallClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
    }),
};

/**
 * Gives each arrival its `observedAt`: never less than the last one given. A clock that turns out to be more than a minute
 * below the last stamp had jumped ahead: `reset` is then true, once, and stamps go on from the clock.
 */
export class Stamper {
  #last: Millis;
  readonly #now: () => Millis;

  constructor(now: () => Millis, last: Millis = 0) {
    this.#now = now;
    this.#last = last;
  }

  stamp(): { readonly at: Millis; readonly reset: boolean } {
    const now = this.#now();
    const reset = now < this.#last - RESET_AFTER_MS;
    this.#last = reset ? now : Math.max(now, this.#last);
    return { at: this.#last, reset };
  }

  /** No later stamp is below `head`, what others have written into the same log; but for a jump, as above. */
  raise(head: Millis | undefined): void {
    if (head !== undefined) this.#last = Math.max(this.#last, head);
  }

  /** The last stamp given. */
  get last(): Millis {
    return this.#last;
  }
}

const RESET_AFTER_MS = 60_000;
