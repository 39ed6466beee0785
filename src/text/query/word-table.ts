/**
 * Words by their text, for texts whose hash is known already: the tokenizer makes it on its way, and a `Map` would make
 * its own for every token of every post. Open addressing; what was taken out leaves a mark until the table is made anew.
 */
import { hashOf } from '../tokenize.ts';

const smallest = 64;
/** Places for each word at least. */
const spacious = 2;

/** Holds words of which no two have the same text. */
export class WordTable<Word extends { readonly text: string }> {
  private places: (Word | undefined)[] = emptyPlaces(smallest);
  /** By place: the hash of the word that is or was there; 0 where none ever was. */
  private hashes = new Int32Array(smallest);
  private takenCount = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  get(text: string): Word | undefined {
    return this.find(text, hashOf(text));
  }

  /** The word of that text; `hash` is `hashOf(text)`. */
  find(text: string, hash: number): Word | undefined {
    const { places, hashes } = this;
    const mask = hashes.length - 1;
    const wanted = hash === 0 ? 1 : hash;
    let place = startOf(wanted) & mask;
    for (;;) {
      const there = hashes[place];
      if (there === 0) return undefined;
      if (there === wanted) {
        const word = places[place];
        if (word !== undefined && word.text === text) return word;
      }
      place = (place + 1) & mask;
    }
  }

  /** Adds a word whose text is not there. */
  add(word: Word): void {
    if ((this.takenCount + 1) * spacious > this.hashes.length) this.grow();
    this.put(word);
    this.count += 1;
  }

  delete(word: Word): void {
    const mask = this.hashes.length - 1;
    let place = startOf(hashOf(word.text) || 1) & mask;
    while (this.hashes[place] !== 0) {
      if (this.places[place] === word) {
        this.places[place] = undefined;
        this.count -= 1;
        return;
      }
      place = (place + 1) & mask;
    }
  }

  private put(word: Word): void {
    const hash = hashOf(word.text) || 1;
    const mask = this.hashes.length - 1;
    let place = startOf(hash) & mask;
    while (this.hashes[place] !== 0) place = (place + 1) & mask;
    this.places[place] = word;
    this.hashes[place] = hash;
    this.takenCount += 1;
  }

  private grow(): void {
    const words = this.places.filter((word) => word !== undefined);
    let size = smallest;
    while (size < (words.length + 1) * spacious * 2) size *= 2;
    this.places = emptyPlaces(size);
    this.hashes = new Int32Array(size);
    this.takenCount = 0;
    for (const word of words) this.put(word);
  }
}

function emptyPlaces(length: number): undefined[] {
  return Array.from({ length }, () => undefined);
}

/** Neighbouring hashes are neighbouring words: their upper bits tell them apart. */
function startOf(hash: number): number {
  return hash ^ (hash >>> 15);
}
