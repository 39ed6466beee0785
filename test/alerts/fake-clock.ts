/** A clock that stands still until a test moves it; whoever sleeps is woken in the order of time. */
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.ts';

export class FakeClock implements Clock {
  #now: number;
  #sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();

  constructor(now: number) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;

  readonly sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      const sleeper = {
        at: this.#now + ms,
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal.removeEventListener('abort', sleeper.wake);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', sleeper.wake, { once: true });
    });

  /** Moves on by `ms`, stopping at each moment at which somebody wakes. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = [...this.#sleepers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Lets everything that needs no time run to its end. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await setImmediate();
}

/** Waits in real time until it holds: for what crosses real sockets. */
export async function until(holds: () => boolean, ms = 5_000): Promise<void> {
  const end = Date.now() + ms;
  while (!holds()) {
    if (Date.now() > end) throw new Error('it did not come to hold in time');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
