/** Which mentions a brand has had, within the same checkpoint as the detectors: an exact repeat is counted once. */
import { hashLetters } from '../lib/hash.ts';
import type { KeyedState } from '../model/ports.ts';
import type { Millis } from '../model/types.ts';

/** How long an id is remembered. */
const REMEMBERED_MS = 48 * 3_600_000;
/** 180,000 ids of 11 letters are 2 MB. */
const MOST_IDS = 180_000;
const CHUNK_IDS = 500;
const ID_LETTERS = 8;
const HASH_LETTERS = 3;
const WIDTH = ID_LETTERS + HASH_LETTERS;

type Head = { first: number; next: number };
type Chunk = { until: Millis; ids: string };

interface OpenChunk {
  readonly number: number;
  until: Millis;
  readonly ids: string[];
}

/** The ids of one brand, in chunks of a fixed size of which only the last changes. */
export class Seen {
  readonly #state: KeyedState;
  readonly #contents = new Map<string, string>();
  #head: Head;
  #chunks: { number: number; until: Millis }[] = [];
  #open: OpenChunk | undefined;
  #changed = false;

  /** `state` is the part of the partition's state that belongs to this brand's ids. */
  constructor(state: KeyedState) {
    this.#state = state;
    this.#head = { ...(state.get<Head>('head') ?? { first: 0, next: 0 }) };
    for (let number = this.#head.first; number < this.#head.next; number++) {
      const chunk = state.get<Chunk>(String(number));
      if (!chunk) continue;
      const ids = split(chunk.ids);
      for (const id of ids) this.#contents.set(id.slice(0, ID_LETTERS), id.slice(ID_LETTERS));
      if (number === this.#head.next - 1 && ids.length < CHUNK_IDS) this.#open = { number, until: chunk.until, ids };
      else this.#chunks.push({ number, until: chunk.until });
    }
  }

  /** Remembers a mention and says what it is: `new`, the `same` as before, or an `edit`. */
  note(id: string, content: string, clock: Millis): 'new' | 'same' | 'edit' {
    const key = hashLetters(id, ID_LETTERS);
    const hash = hashLetters(content, HASH_LETTERS, 1);
    const known = this.#contents.get(key);
    if (known === hash) return 'same';
    this.#contents.set(key, hash);
    this.#add(key + hash, clock);
    return known === undefined ? 'new' : 'edit';
  }

  has(id: string): boolean {
    return this.#contents.has(hashLetters(id, ID_LETTERS));
  }

  /** Writes what changed into the state; called before each commit. */
  flush(clock: Millis): void {
    this.#forget(clock);
    if (!this.#changed) return;
    this.#changed = false;
    if (this.#open) this.#write(this.#open);
    this.#state.set('head', { ...this.#head });
  }

  #add(entry: string, clock: Millis): void {
    this.#open ??= { number: this.#head.next++, until: clock, ids: [] };
    this.#open.ids.push(entry);
    this.#open.until = clock;
    this.#changed = true;
    if (this.#open.ids.length < CHUNK_IDS) return;
    this.#write(this.#open);
    this.#chunks.push({ number: this.#open.number, until: this.#open.until });
    this.#open = undefined;
  }

  #write({ number, until, ids }: OpenChunk): void {
    this.#state.set(String(number), { until, ids: ids.join('') });
  }

  #forget(clock: Millis): void {
    while (
      this.#chunks[0] &&
      (this.#chunks[0].until < clock - REMEMBERED_MS || this.#chunks.length * CHUNK_IDS > MOST_IDS)
    ) {
      const { number } = this.#chunks.shift() as { number: number };
      for (const id of split(this.#state.get<Chunk>(String(number))?.ids ?? '')) {
        const key = id.slice(0, ID_LETTERS);
        if (this.#contents.get(key) === id.slice(ID_LETTERS)) this.#contents.delete(key);
      }
      this.#state.set(String(number), undefined);
      this.#head.first = number + 1;
      this.#changed = true;
    }
  }
}

function split(ids: string): string[] {
  const parts: string[] = [];
  for (let i = 0; i < ids.length; i += WIDTH) parts.push(ids.slice(i, i + WIDTH));
  return parts;
}

const GONE_MOST = 20_000;
const GONE_CHUNK = 1_000;

/** Ids of posts that were deleted, in the order of their deletion: a post that comes after its own delete is not counted. */
export class Gone {
  readonly #state: KeyedState;
  readonly #ids = new Set<string>();
  #head: Head;
  readonly #last: string[];
  #changed = false;

  constructor(state: KeyedState) {
    this.#state = state;
    this.#head = { ...(state.get<Head>('head') ?? { first: 0, next: 1 }) };
    for (let n = this.#head.first; n < this.#head.next; n++) {
      for (const id of state.get<string[]>(String(n)) ?? []) this.#ids.add(id);
    }
    this.#last = [...(state.get<string[]>(String(this.#head.next - 1)) ?? [])];
  }

  add(id: string): void {
    const key = hashLetters(id, ID_LETTERS);
    if (this.#ids.has(key)) return;
    this.#ids.add(key);
    this.#last.push(key);
    this.#changed = true;
    if (this.#last.length < GONE_CHUNK) return;
    this.#state.set(String(this.#head.next - 1), [...this.#last]);
    this.#last.length = 0;
    this.#head.next += 1;
    if (this.#ids.size <= GONE_MOST) return;
    for (const old of this.#state.get<string[]>(String(this.#head.first)) ?? []) this.#ids.delete(old);
    this.#state.set(String(this.#head.first++), undefined);
  }

  has(id: string): boolean {
    return this.#ids.has(hashLetters(id, ID_LETTERS));
  }

  flush(): void {
    if (!this.#changed) return;
    this.#changed = false;
    this.#state.set(String(this.#head.next - 1), [...this.#last]);
    this.#state.set('head', { ...this.#head });
  }
}
