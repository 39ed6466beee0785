/** A clock that runs on the time of a file: as fast as it is fed at first, then at a given speed. */
import type { Millis } from '../model/types.ts';
import type { Clock } from './clock.ts';

export class ReplayClock implements Clock {
  readonly #wall: Clock;
  readonly #speed: number;
  #at: Millis;
  #pacedFrom: Millis | undefined;

  /** `speed`: seconds of the file in one second of ours. Begins at `start`, and stands still until it is fed or paced. */
  constructor(wall: Clock, start: Millis, speed: number) {
    this.#wall = wall;
    this.#at = start;
    this.#speed = speed;
  }

  readonly now = (): Millis =>
    this.#pacedFrom === undefined
      ? this.#at
      : this.#at + Math.round((this.#wall.now() - this.#pacedFrom) * this.#speed);

  /** Moves on to `at`, as fast as we like; used until `pace`. */
  advanceTo(at: Millis): void {
    if (this.#pacedFrom === undefined) this.#at = Math.max(this.#at, at);
  }

  /** From now on the time passes by itself. */
  pace(): void {
    this.#pacedFrom ??= this.#wall.now();
  }

  readonly sleep = async (ms: Millis, signal: AbortSignal): Promise<void> => {
    const until = this.now() + ms;
    while (!signal.aborted) {
      const left = until - this.now();
      if (left <= 0) return;
      const wait = this.#pacedFrom === undefined ? LOOK_AGAIN_MS : Math.min(left / this.#speed, LOOK_AGAIN_MS * 20);
      await this.#wall.sleep(Math.max(1, Math.ceil(wait)), signal);
    }
  };
}

/** While it is fed, nobody knows when the time will come. */
const LOOK_AGAIN_MS = 20;
