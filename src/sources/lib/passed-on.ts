/** Bounded memories of a stream: which posts were handed on, and which events were seen of late. */
import { hashLetters } from '../../lib/hash.ts';

/** Record keys of posts that were handed on, by author; the oldest half goes when it is full. Identity: the two halves. */
export class PassedOn {
  readonly #half: number;
  #young = new Map<string, Set<string>>();
  #old = new Map<string, Set<string>>();
  #count = 0;

  constructor(most: number) {
    this.#half = Math.ceil(most / 2);
  }

  add(did: string, rkey: string): void {
    const known = this.#young.get(did);
    if (known?.has(rkey)) return;
    if (this.#count >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#count = 0;
    }
    const keys = this.#young.get(did);
    if (keys) keys.add(rkey);
    else this.#young.set(did, new Set([rkey]));
    this.#count += 1;
  }

  has(did: string, rkey: string): boolean {
    return this.#young.get(did)?.has(rkey) === true || this.#old.get(did)?.has(rkey) === true;
  }

  of(did: string): readonly string[] {
    return [...new Set([...(this.#young.get(did) ?? []), ...(this.#old.get(did) ?? [])])];
  }
}

/** Events of the last moments of event time, so that what a rewind repeats is seen once. Identity: what it remembers. */
export class RecentEvents {
  readonly #spanUs: number;
  readonly #most: number;
  readonly #known = new Set<string>();
  /** Key and time in the order of arrival, from `#head` on. */
  #order: (readonly [string, number])[] = [];
  #head = 0;
  #newestUs = 0;

  constructor(spanUs: number, most: number, saved: readonly (readonly [string, number])[]) {
    this.#spanUs = spanUs;
    this.#most = most;
    for (const [key, timeUs] of saved) this.#put(key, timeUs);
  }

  /** Remembers an event; answers whether it is new. */
  isNew(event: string, timeUs: number): boolean {
    const key = hashLetters(event, 10);
    if (this.#known.has(key)) return false;
    this.#put(key, timeUs);
    return true;
  }

  /** The newest, for the cursor: those that a rewind from `maxUs` can bring again. */
  saved(maxUs: number, most: number): readonly (readonly [string, number])[] {
    const from = Math.max(this.#head, this.#order.length - most);
    return this.#order.slice(from).filter(([, timeUs]) => timeUs >= maxUs - this.#spanUs);
  }

  #put(key: string, timeUs: number): void {
    this.#known.add(key);
    this.#order.push([key, timeUs]);
    this.#newestUs = Math.max(this.#newestUs, timeUs);
    for (let oldest = this.#order[this.#head]; oldest; oldest = this.#order[this.#head]) {
      if (this.#known.size <= this.#most && oldest[1] >= this.#newestUs - this.#spanUs) break;
      this.#known.delete(oldest[0]);
      this.#head += 1;
    }
    if (this.#head < 1_024) return;
    this.#order = this.#order.slice(this.#head);
    this.#head = 0;
  }
}
