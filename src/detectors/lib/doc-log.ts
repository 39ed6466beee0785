/**
 * Mentions as a detector of content remembers them: when, by whom, which text, which features; appended to chunks of which only
 * the last one changes. A mention has a number that stays, and is read where it lies.
 */
import type { KeyedState } from '../../model/ports.ts';
import { fromLetters, toLetters } from './letters.ts';

/** Mentions per chunk at most. */
export const CHUNK_DOCS = 128;
/** Features of one mention at most. */
export const MOST_FEATURES = 40;
const HALF = 2048;
const HEADER = 11;

/** Where a log begins and ends; part of its owner's state. */
export type LogEnds = {
  /** Number of the first chunk that is kept. */
  chunk: number;
  /** Number of the next mention. */
  next: number;
};

type Chunk = { readonly from: number; count: number; readonly slot: number; text: string };

/** A log under `<name>/<chunk>` of a state. */
export class DocLog {
  readonly #state: KeyedState;
  readonly #name: string;
  readonly #ends: LogEnds;
  readonly #chunks: Chunk[] = [];
  /** Offset in its chunk of each mention, the first kept one at 0. */
  #offsets: number[] = [];
  #first: number;

  constructor(state: KeyedState, name: string, ends: LogEnds) {
    this.#state = state;
    this.#name = name;
    this.#ends = ends;
    for (let number = ends.chunk; ; number++) {
      const chunk = state.get<Chunk>(`${name}/${number}`);
      if (!chunk) break;
      this.#chunks.push(chunk);
      for (let i = 0, at = 0; i < chunk.count; i++) {
        this.#offsets.push(at);
        at += HEADER + 4 * fromLetters(chunk.text, at + 10, 1);
      }
    }
    this.#first = this.#chunks[0]?.from ?? ends.next;
  }

  /** Number of the first mention that is kept. */
  get first(): number {
    return this.#first;
  }

  get next(): number {
    return this.#ends.next;
  }

  /** Appends a mention; `true` when a new chunk began. */
  append(slot: number, author: number, fingerprint: number, features: readonly number[]): boolean {
    let chunk = this.#chunks.at(-1);
    const fresh = !chunk || chunk.count >= CHUNK_DOCS || Math.abs(slot - chunk.slot) >= HALF;
    if (!chunk || fresh) {
      chunk = { from: this.#ends.next, count: 0, slot, text: '' };
      this.#chunks.push(chunk);
    }
    let text =
      toLetters(slot - chunk.slot + HALF, 2) +
      toLetters(author, 4) +
      toLetters(fingerprint, 4) +
      toLetters(features.length, 1);
    for (const feature of features) text += toLetters(feature, 4);
    this.#offsets.push(chunk.text.length);
    chunk.text += text;
    chunk.count += 1;
    this.#ends.next += 1;
    this.#state.set(`${this.#name}/${this.#ends.chunk + this.#chunks.length - 1}`, chunk);
    return fresh;
  }

  slotOf(number: number): number {
    const chunk = this.#chunkOf(number);
    return chunk.slot + fromLetters(chunk.text, this.#at(number), 2) - HALF;
  }

  authorOf(number: number): number {
    return fromLetters(this.#chunkOf(number).text, this.#at(number) + 2, 4);
  }

  fingerprintOf(number: number): number {
    return fromLetters(this.#chunkOf(number).text, this.#at(number) + 6, 4);
  }

  /** Reads the features into `into`, and answers how many they are: none for a mention that was taken back. */
  featuresOf(number: number, into: Int32Array): number {
    const { text } = this.#chunkOf(number);
    const at = this.#at(number);
    const count = fromLetters(text, at + 10, 1);
    for (let i = 0; i < count; i++) into[i] = fromLetters(text, at + HEADER + 4 * i, 4);
    return count;
  }

  /** The numbers of the mentions from `from` on that hold a feature, newest first. */
  *holding(feature: number, from: number): Generator<number> {
    const letters = toLetters(feature, 4);
    for (let c = this.#chunks.length - 1; c >= 0; c--) {
      const chunk = this.#chunks[c];
      if (!chunk || chunk.from + chunk.count <= from) return;
      let number = chunk.from + chunk.count - 1;
      for (
        let at = chunk.text.lastIndexOf(letters);
        at >= 0;
        at = at === 0 ? -1 : chunk.text.lastIndexOf(letters, at - 1)
      ) {
        while (this.#at(number) > at) number -= 1;
        if (number < from) return;
        const offset = at - this.#at(number) - HEADER;
        if (offset < 0 || offset % 4 !== 0) continue;
        yield number;
        at = this.#at(number);
      }
    }
  }

  /** The number of the chunk in which a mention lies. */
  chunkNumberOf(number: number): number {
    return this.#ends.chunk + this.#chunks.indexOf(this.#chunkOf(number));
  }

  /** The first mention of a chunk; undefined when the chunk is gone. */
  startOf(chunkNumber: number): number | undefined {
    return this.#chunks[chunkNumber - this.#ends.chunk]?.from;
  }

  /** Drops the chunks that hold nothing from `number` on; answers the numbers of those that went. */
  dropBefore(number: number): readonly number[] {
    const gone: number[] = [];
    for (;;) {
      const [chunk] = this.#chunks;
      if (!chunk || chunk.from + chunk.count > number || chunk.from + chunk.count === this.#ends.next) return gone;
      this.#state.set(`${this.#name}/${this.#ends.chunk}`, undefined);
      gone.push(this.#ends.chunk);
      this.#chunks.shift();
      this.#ends.chunk += 1;
      this.#offsets = this.#offsets.slice(chunk.count);
      this.#first = this.#chunks[0]?.from ?? this.#ends.next;
    }
  }

  /** Empties the mentions that `isFalse` names by their slot: they keep their numbers and say nothing any more. */
  takeBack(isFalse: (slot: number) => boolean, slot: number): void {
    for (const [index, chunk] of this.#chunks.entries()) {
      let text = '';
      let changed = false;
      for (let number = chunk.from; number < chunk.from + chunk.count; number++) {
        const at = this.#at(number);
        const length = HEADER + 4 * fromLetters(chunk.text, at + 10, 1);
        if (isFalse(chunk.slot + fromLetters(chunk.text, at, 2) - HALF)) {
          const offset = Math.max(0, Math.min(2 * HALF - 1, slot - chunk.slot + HALF));
          text += toLetters(offset, 2) + chunk.text.slice(at + 2, at + 10) + toLetters(0, 1);
          changed = true;
        } else text += chunk.text.slice(at, at + length);
      }
      if (!changed) continue;
      chunk.text = text;
      this.#state.set(`${this.#name}/${this.#ends.chunk + index}`, chunk);
    }
  }

  #chunkOf(number: number): Chunk {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#chunks[middle]?.from ?? 0) <= number) low = middle;
      else high = middle - 1;
    }
    return this.#chunks[low] ?? { from: 0, count: 0, slot: 0, text: '' };
  }

  #at(number: number): number {
    return this.#offsets[number - this.#first] ?? 0;
  }
}
