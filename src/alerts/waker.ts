/** A wait that can be cut short. */
import type { Millis } from '../model/types.ts';

/** One loop waits, anybody wakes it; waking one that does not wait makes its next wait end at once. */
export class Waker {
  readonly #sleep: (ms: Millis, signal: AbortSignal) => Promise<void>;
  #wait: AbortController | undefined;
  #woken = false;

  constructor(sleep: (ms: Millis, signal: AbortSignal) => Promise<void>) {
    this.#sleep = sleep;
  }

  async wait(ms: Millis, signal: AbortSignal): Promise<void> {
    if (!this.#woken) {
      this.#wait = new AbortController();
      await this.#sleep(ms, AbortSignal.any([signal, this.#wait.signal]));
      this.#wait = undefined;
    }
    this.#woken = false;
  }

  wake(): void {
    this.#woken = true;
    this.#wait?.abort();
  }
}
