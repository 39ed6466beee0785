/**
 * Counts by bucket of event time, kept in small chunks of keyed state, and sums over sliding windows of them. The chunks are
 * the truth and survive JSON; the sums are worked out from them again after a restart.
 */
import type { KeyedState } from '../model/ports.ts';
import type { Millis } from '../model/types.ts';

/** mentions, negative, positive, unsure, engagement, followers: one row per bucket. */
const COLUMNS = 6;
export type Row = readonly [number, number, number, number, number, number];

interface BucketSpec {
  readonly prefix: string;
  readonly unitMs: Millis;
  /** Buckets per chunk: what one mention makes to be written again. */
  readonly perChunk: number;
  /** Buckets kept behind the clock. */
  readonly keep: number;
}

/** A row of counts for every bucket in which something was counted. */
export class Buckets {
  readonly spec: BucketSpec;
  readonly #state: KeyedState;
  readonly #chunks = new Map<number, { readonly key: string; readonly rows: number[] }>();

  constructor(state: KeyedState, spec: BucketSpec, clock: Millis | undefined) {
    this.#state = state;
    this.spec = spec;
    if (clock === undefined) return;
    const last = this.#chunkOf(this.bucketOf(clock));
    for (let index = this.#chunkOf(this.bucketOf(clock) - spec.keep); index <= last; index++) {
      const key = this.#key(index);
      const rows = state.get<number[]>(key);
      if (rows) this.#chunks.set(index, { key, rows });
    }
  }

  bucketOf(at: Millis): number {
    return Math.floor(at / this.spec.unitMs);
  }

  add(bucket: number, row: Row): void {
    const index = this.#chunkOf(bucket);
    let chunk = this.#chunks.get(index);
    if (!chunk) {
      chunk = { key: this.#key(index), rows: Array<number>(this.spec.perChunk * COLUMNS).fill(0) };
      this.#chunks.set(index, chunk);
    }
    const { key, rows } = chunk;
    const offset = (bucket - index * this.spec.perChunk) * COLUMNS;
    for (let column = 0; column < COLUMNS; column++) {
      const amount = row[column] as number;
      if (amount !== 0) rows[offset + column] = (rows[offset + column] as number) + amount;
    }
    this.#state.set(key, rows);
  }

  /** Adds `sign` times the bucket's row to `sums`. */
  addTo(sums: number[], bucket: number, sign: 1 | -1): void {
    const index = this.#chunkOf(bucket);
    const rows = this.#chunks.get(index)?.rows;
    if (!rows) return;
    const offset = (bucket - index * this.spec.perChunk) * COLUMNS;
    for (let column = 0; column < COLUMNS; column++)
      sums[column] = (sums[column] as number) + sign * (rows[offset + column] as number);
  }

  /** Drops what is older than is kept. */
  prune(clock: Millis): void {
    const oldest = this.#chunkOf(this.bucketOf(clock) - this.spec.keep);
    for (const index of this.#chunks.keys()) if (index < oldest) this.#drop(index);
  }

  /** Forgets the buckets after a moment. */
  forgetAfter(clock: Millis): void {
    const last = this.bucketOf(clock);
    for (const [index, { key, rows }] of this.#chunks) {
      const from = (last + 1 - index * this.spec.perChunk) * COLUMNS;
      if (from <= 0) this.#drop(index);
      else if (from < rows.length) {
        rows.fill(0, from);
        this.#state.set(key, rows);
      }
    }
  }

  #drop(index: number): void {
    this.#chunks.delete(index);
    this.#state.set(this.#key(index), undefined);
  }

  #chunkOf(bucket: number): number {
    return Math.floor(bucket / this.spec.perChunk);
  }

  #key(index: number): string {
    return `${this.spec.prefix}${index}`;
  }
}

/**
 * The sum over `length` buckets that end `lag` buckets before the running one, itself included. Late counts fall in their own
 * place. It moves on bucket by bucket, so that asking costs nothing.
 */
export class SlidingSum {
  readonly #sources: readonly Buckets[];
  readonly #length: number;
  readonly #lag: number;
  #end: number | undefined;
  readonly sums: number[] = Array<number>(COLUMNS).fill(0);

  constructor(sources: readonly Buckets[], length: number, lag: number) {
    this.#sources = sources;
    this.#length = length;
    this.#lag = lag;
  }

  /** Moves on to the running bucket. */
  advance(running: number): void {
    const end = running - this.#lag;
    if (end === this.#end) return;
    if (this.#end === undefined || end < this.#end || end - this.#end >= this.#length) {
      this.sums.fill(0);
      for (let bucket = end - this.#length + 1; bucket <= end; bucket++)
        for (const source of this.#sources) source.addTo(this.sums, bucket, 1);
    } else {
      for (let bucket = this.#end + 1; bucket <= end; bucket++) {
        for (const source of this.#sources) {
          source.addTo(this.sums, bucket, 1);
          source.addTo(this.sums, bucket - this.#length, -1);
        }
      }
    }
    this.#end = end;
  }

  /** Called after a row was added to one of the sources. */
  added(source: Buckets, bucket: number, row: Row): void {
    if (this.#end === undefined || bucket > this.#end || bucket <= this.#end - this.#length) return;
    if (!this.#sources.includes(source)) return;
    for (let column = 0; column < COLUMNS; column++)
      this.sums[column] = (this.sums[column] as number) + (row[column] as number);
  }

  /** The buckets changed in another way: sum anew at the next `advance`. */
  forget(): void {
    this.#end = undefined;
  }
}
