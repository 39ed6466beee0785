/** Wakes those who wait in the same process. */
import type { Millis } from '../model/types.ts';

/** One thing to wait for. A ring reaches those who wait now and nobody later. */
export class Bell {
  #waiting = new Set<() => void>();

  /** Resolves at the next ring, after `ms`, or on abort, whichever comes first. */
  wait(ms: Millis, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done);
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      this.#waiting.add(done);
    });
  }

  ring(): void {
    for (const done of this.#waiting) done();
  }
}
