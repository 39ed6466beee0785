/** What a count was at each point of the five-minute grid: the past of counts that cannot be added up again. */
import { BUCKET_MS } from '../lib/baseline.ts';
import type { KeyedState } from '../model/ports.ts';
import type { Millis } from '../model/types.ts';

const PER_CHUNK = 24;

export class Snapshots {
  readonly #state: KeyedState;
  readonly #prefix: string;
  readonly #keep: number;
  readonly #chunks = new Map<number, number[]>();

  constructor(state: KeyedState, prefix: string, keep: number, clock: Millis | undefined) {
    this.#state = state;
    this.#prefix = prefix;
    this.#keep = keep;
    if (clock === undefined) return;
    const last = Math.floor(clock / BUCKET_MS / PER_CHUNK);
    for (let index = this.#oldest(clock); index <= last; index++) {
      const chunk = state.get<number[]>(`${prefix}${index}`);
      if (chunk) this.#chunks.set(index, chunk);
    }
  }

  /** The value at a point of the grid; undefined when none was noted. */
  get(point: number): number | undefined {
    const index = Math.floor(point / PER_CHUNK);
    const value = this.#chunks.get(index)?.[point - index * PER_CHUNK];
    return value === undefined || value < 0 ? undefined : value;
  }

  set(point: number, value: number): void {
    const index = Math.floor(point / PER_CHUNK);
    let chunk = this.#chunks.get(index);
    if (!chunk) {
      chunk = Array<number>(PER_CHUNK).fill(-1);
      this.#chunks.set(index, chunk);
    }
    chunk[point - index * PER_CHUNK] = value;
    this.#state.set(`${this.#prefix}${index}`, chunk);
  }

  prune(clock: Millis): void {
    const oldest = this.#oldest(clock);
    for (const index of this.#chunks.keys()) if (index < oldest) this.#drop(index);
  }

  forgetAfter(clock: Millis): void {
    const last = Math.floor(clock / BUCKET_MS);
    for (const [index, chunk] of this.#chunks) {
      const from = last + 1 - index * PER_CHUNK;
      if (from <= 0) this.#drop(index);
      else if (from < PER_CHUNK) {
        chunk.fill(-1, from);
        this.#state.set(`${this.#prefix}${index}`, chunk);
      }
    }
  }

  #oldest(clock: Millis): number {
    return Math.floor((Math.floor(clock / BUCKET_MS) - this.#keep) / PER_CHUNK);
  }

  #drop(index: number): void {
    this.#chunks.delete(index);
    this.#state.set(`${this.#prefix}${index}`, undefined);
  }
}
