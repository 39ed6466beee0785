/**
 * How many different authors, stories or networks were seen in sliding windows that end now. For each thing the minute is kept
 * in which it was seen last; a window then holds those whose last minute lies in it, and counting is a running sum. Exact up
 * to `BOUND` things; beyond that a growing part of them is left out by their hash, and the rest count for more.
 */
import { hash64 } from '../lib/hash.ts';
import type { KeyedState } from '../model/ports.ts';
import type { Millis } from '../model/types.ts';

/** So many things are followed one by one. */
export const BOUND = 1_000;
const SHARDS = 64;
const MINUTE_MS = 60_000;

/** Minute seen last, minute seen last in a negative mention (-1: never), followers, things that it stands for. */
type Sighting = [minute: number, negative: number, followers: number, weight: number];

export type DistinctColumn = 'all' | 'negative' | 'followers';

interface Window {
  readonly length: number;
  sum: number;
}

interface Tally {
  readonly column: DistinctColumn;
  /** Minutes per bucket: 1 for windows up to six hours, else 5. */
  readonly unit: number;
  readonly counts: Map<number, number>;
  readonly windows: Map<number, Window>;
  end: number;
}

export type DistinctMeta = {
  /** Halvings: one thing in 2^level is followed. */
  level: number;
  /** Hour (since the epoch) in which what had left the windows was last thrown away. */
  cleaned: number;
};

export interface DistinctWindow {
  readonly column: DistinctColumn;
  readonly minutes: number;
}

export class Distinct {
  readonly #state: KeyedState;
  readonly #keys: readonly string[];
  readonly #meta: DistinctMeta;
  readonly #save: () => void;
  readonly #longest: number;
  readonly #seen = new Map<number, Sighting>();
  readonly #shards: (Record<string, Sighting> | undefined)[] = Array(SHARDS).fill(undefined);
  readonly #tallies: Tally[] = [];
  #now = 0;

  /** `meta` is its owner's to write: `save` says that it changed. */
  constructor(
    state: KeyedState,
    prefix: string,
    meta: DistinctMeta,
    save: () => void,
    windows: readonly DistinctWindow[],
  ) {
    this.#state = state;
    this.#keys = Array.from({ length: SHARDS }, (_, shard) => `${prefix}${shard}`);
    this.#meta = meta;
    this.#save = save;
    this.#longest = Math.max(...windows.map(({ minutes }) => minutes));
    for (const { column, minutes } of windows) {
      const unit = minutes <= 360 ? 1 : 5;
      let tally = this.#tallies.find((t) => t.column === column && t.unit === unit);
      if (!tally) {
        tally = { column, unit, counts: new Map(), windows: new Map(), end: 0 };
        this.#tallies.push(tally);
      }
      tally.windows.set(minutes, { length: Math.ceil(minutes / unit), sum: 0 });
    }
    for (let shard = 0; shard < SHARDS; shard++) {
      const things = state.get<Record<string, Sighting>>(this.#keys[shard] as string);
      if (!things) continue;
      this.#shards[shard] = things;
      for (const [key, sighting] of Object.entries(things)) this.#seen.set(Number.parseInt(key, 36), sighting);
    }
    this.#recount();
  }

  /** True while not everything is followed. */
  get approximate(): boolean {
    return this.#meta.level > 0;
  }

  advance(clock: Millis): void {
    const now = Math.floor(clock / MINUTE_MS);
    if (now === this.#now) return;
    this.#now = now;
    for (const tally of this.#tallies) {
      const end = Math.floor(now / tally.unit);
      const steps = end - tally.end;
      if (steps === 0) continue;
      for (const window of tally.windows.values()) {
        if (steps < 0 || steps >= window.length) {
          window.sum = 0;
          for (const [bucket, count] of tally.counts)
            if (bucket > end - window.length && bucket <= end) window.sum += count;
        } else {
          for (let bucket = tally.end + 1; bucket <= end; bucket++)
            window.sum += (tally.counts.get(bucket) ?? 0) - (tally.counts.get(bucket - window.length) ?? 0);
        }
      }
      tally.end = end;
    }
    const hour = Math.floor(now / 60);
    if (hour !== this.#meta.cleaned) this.#clean(hour);
  }

  add(thing: string, at: Millis, negative: boolean, followers: number | undefined): void {
    const minute = Math.floor(at / MINUTE_MS);
    const [a, b] = hash64(thing);
    const key = a * 256 + (b & 255);
    let sighting = this.#seen.get(key);
    const fresh = sighting === undefined;
    if (!sighting) {
      if (minute <= this.#now - this.#longest || !this.#follows(key)) return;
      if (this.#seen.size >= BOUND) {
        this.#clean(this.#meta.cleaned);
        // Room to spare, or the next thing would make us look through all of them again.
        while (this.#seen.size > 0.9 * BOUND) this.#halve();
        if (!this.#follows(key)) return;
      }
      sighting = [minute, negative ? minute : -1, followers ?? 0, 2 ** this.#meta.level];
      this.#seen.set(key, sighting);
      this.#count(sighting, 1);
    } else {
      const again = negative && minute > sighting[1];
      if (minute <= sighting[0] && !again) return;
      this.#count(sighting, -1);
      if (minute >= sighting[0] && followers !== undefined) sighting[2] = followers;
      sighting[0] = Math.max(minute, sighting[0]);
      if (again) sighting[1] = minute;
      this.#count(sighting, 1);
    }
    this.#write(key, sighting, fresh);
  }

  value(column: DistinctColumn, minutes: number): number {
    const unit = minutes <= 360 ? 1 : 5;
    return this.#tallies.find((t) => t.column === column && t.unit === unit)?.windows.get(minutes)?.sum ?? 0;
  }

  /** Forgets what was seen after a moment. */
  forgetAfter(clock: Millis): void {
    const now = Math.floor(clock / MINUTE_MS);
    for (const [key, sighting] of this.#seen) {
      if (sighting[0] > now) this.#forget(key);
      else if (sighting[1] > now) {
        sighting[1] = -1;
        this.#write(key, sighting);
      }
    }
    this.#now = now;
    this.#recount();
  }

  #follows(key: number): boolean {
    return key % 2 ** this.#meta.level === 0;
  }

  #count(sighting: Sighting, sign: 1 | -1): void {
    for (const tally of this.#tallies) {
      const minute = tally.column === 'negative' ? sighting[1] : sighting[0];
      if (minute < 0) continue;
      const bucket = Math.floor(minute / tally.unit);
      const amount = sign * sighting[3] * (tally.column === 'followers' ? sighting[2] : 1);
      const count = (tally.counts.get(bucket) ?? 0) + amount;
      if (count === 0) tally.counts.delete(bucket);
      else tally.counts.set(bucket, count);
      for (const window of tally.windows.values())
        if (bucket > tally.end - window.length && bucket <= tally.end) window.sum += amount;
    }
  }

  #recount(): void {
    for (const tally of this.#tallies) {
      tally.counts.clear();
      tally.end = Math.floor(this.#now / tally.unit);
      for (const window of tally.windows.values()) window.sum = 0;
    }
    for (const sighting of this.#seen.values()) this.#count(sighting, 1);
  }

  /** Throws away what has left every window, and follows more things again when there is much room. */
  #clean(hour: number): void {
    for (const [key, sighting] of this.#seen) if (sighting[0] <= this.#now - this.#longest - 5) this.#forget(key);
    if (hour !== this.#meta.cleaned && this.#meta.level > 0 && this.#seen.size < BOUND / 8) this.#meta.level--;
    this.#meta.cleaned = hour;
    this.#save();
    this.#recount();
  }

  #halve(): void {
    this.#meta.level++;
    this.#save();
    for (const [key, sighting] of this.#seen) {
      if (!this.#follows(key)) this.#forget(key);
      else {
        sighting[3] *= 2;
        this.#write(key, sighting);
      }
    }
    this.#recount();
  }

  /** Sightings are changed in place: a new one is put into its shard, a known one makes it be written again. */
  #write(key: number, sighting: Sighting, fresh = false): void {
    const index = shardOf(key);
    let shard = this.#shards[index];
    if (!shard) {
      shard = {};
      this.#shards[index] = shard;
    }
    if (fresh) shard[key.toString(36)] = sighting;
    this.#state.set(this.#keys[index] as string, shard);
  }

  #forget(key: number): void {
    this.#seen.delete(key);
    const index = shardOf(key);
    const shard = this.#shards[index];
    if (!shard) return;
    delete shard[key.toString(36)];
    if (Object.keys(shard).length > 0) this.#state.set(this.#keys[index] as string, shard);
    else {
      this.#shards[index] = undefined;
      this.#state.set(this.#keys[index] as string, undefined);
    }
  }
}

/** By other bits than those that decide what is followed. */
function shardOf(key: number): number {
  return Math.floor(key / 2 ** 34) % SHARDS;
}
