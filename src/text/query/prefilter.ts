/**
 * Says of a JSON document, on its raw bytes and before anybody parses it, that no query can match it.
 *
 * Of every query some words are taken of which each match holds one (its needles). The bytes are read once, folded on the
 * way as the tokenizer folds (case, accents, compatibility forms, apostrophes, invisible characters, JSON escapes), and
 * run through one automaton of all needles. A needle inside a longer word counts: the filter may let too much through,
 * never too little. `test/text/prefilter.test.ts` holds it to the matcher.
 */
import type { Query } from '../../model/types.ts';
import { fold } from '../tokenize.ts';
import { isQueryNode, type QueryNode } from './ast.ts';

/** Answers false when the JSON document surely matches none of the queries. */
export type Prefilter = (frame: Uint8Array) => boolean;

export interface PrefilterOptions {
  /**
   * The keys whose strings hold all that queries ask of: in compact JSON only these are read. Where none of them is found,
   * or keys may be written with escapes, the whole document is.
   */
  readonly keys?: readonly string[];
}

/** Makes the filter of some queries. One that has no word that it cannot do without (`NOT x`, `lang:fr`) lets everything through. */
export function createPrefilter(queries: readonly Query[], options: PrefilterOptions = {}): Prefilter {
  const needles = new Set<string>();
  for (const query of queries) {
    const found = isQueryNode(query) ? needlesOf(query) : undefined;
    if (found === undefined) return () => true;
    for (const needle of found) needles.add(needle);
  }
  if (needles.size === 0) return () => false;
  const automaton = new Automaton([...needles]);
  const { keys = [] } = options;
  if (keys.length === 0) return (frame) => automaton.finds(frame, 0, frame.length, false);
  // One search for the strings to read, and for what makes their keys unsure: JSON may write a key's letters as escapes.
  const places = new RegExp(`"(?:${keys.join('|')})":"|\\\\u00`, 'g');
  return (frame) => mayHold(automaton, places, frame);
}

function mayHold(automaton: Automaton, places: RegExp, frame: Uint8Array): boolean {
  const bytes = Buffer.isBuffer(frame) ? frame : Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const text = bytes.toString('latin1');
  places.lastIndex = 0;
  let read = false;
  while (places.test(text)) {
    const at = places.lastIndex;
    if (text.charCodeAt(at - 1) !== QUOTE) return automaton.finds(bytes, 0, bytes.length, false);
    read = true;
    if (automaton.finds(bytes, at, bytes.length, true)) return true;
  }
  // Without such a key, or written with spaces, nothing is known of its shape. A writer spaces all keys or none.
  if (read && compact.test(text)) return false;
  return automaton.finds(bytes, 0, bytes.length, false);
}

const compact = /^\{"[^"\\]*":[^\s]/;

// ----------------------------------------------------------------- needles

/** Pieces of words of which every match holds at least one; undefined when there are none. */
function needlesOf(query: QueryNode): readonly string[] | undefined {
  switch (query.op) {
    case 'and':
      return best(query.of.map(needlesOf));
    case 'or':
      return union(query.of.map(needlesOf));
    case 'phrase':
    case 'proximity':
      return best(query.words.map(pieceOf));
    case 'near':
    case 'onear':
      // A side with a negation may hold without any of its words.
      return negates(query) ? undefined : best([needlesOf(query.left), needlesOf(query.right)]);
    case 'title':
      return needlesOf(query.of);
    case 'term':
    case 'prefix':
      return pieceOf(query.word);
    case 'wildcard':
      return pieceOf(query.pattern);
    case 'hashtag':
      return pieceOf(query.tag);
    case 'handle':
      return pieceOf(query.handle);
    case 'raw':
      return pieceOf(query.text);
    case 'emoji':
      // What follows the first sign (skin tone, joined signs) may be written in more ways than one.
      return [String.fromCodePoint(query.emoji.codePointAt(0) ?? 0)];
    case 'not':
    case 'field':
    case 'number':
      return undefined;
    default:
      return query satisfies never;
  }
}

function negates(node: QueryNode): boolean {
  switch (node.op) {
    case 'not':
      return true;
    case 'and':
    case 'or':
      return node.of.some(negates);
    case 'near':
    case 'onear':
      return negates(node.left) || negates(node.right);
    default:
      return false;
  }
}

/** The candidate whose shortest needle is longest: it lets least through. */
function best(candidates: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  let chosen: readonly string[] | undefined;
  for (const candidate of candidates) {
    if (candidate && (!chosen || shortest(candidate) > shortest(chosen))) chosen = candidate;
  }
  return chosen;
}

function shortest(needles: readonly string[]): number {
  return Math.min(...needles.map((needle) => needle.length));
}

function union(parts: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const needles = new Set<string>();
  for (const part of parts) {
    if (!part) return undefined;
    for (const needle of part) needles.add(needle);
  }
  return [...needles];
}

/** The longest run of letters and digits in a word or pattern, as the automaton sees it; a lone sign stands for itself. */
function pieceOf(word: string): readonly string[] | undefined {
  let longest = '';
  let run = '';
  for (const letter of word) {
    const unit = unitOf(letter.codePointAt(0) ?? 0);
    if (unit === undefined) run = '';
    else run += unit;
    if (run.length > longest.length) longest = run;
  }
  if (longest !== '') return [longest];
  const sign = Array.from(word).find((letter) => (letter.codePointAt(0) ?? 0) > 0x2000 && letter !== '\ufe0f');
  return sign === undefined ? undefined : [sign];
}

// ----------------------------------------------------------------- folding

const letters = /[\p{L}\p{N}]/u;
const marks = /\p{M}/u;
/** Between letters of one word without breaking it: apostrophes, soft hyphen, zero-width signs, and NUL, which is mended away. */
const silent: ReadonlySet<number> = new Set([
  0x00, 0x27, 0x60, 0xb4, 0x2018, 0x2019, 0x201b, 0x02b9, 0x02bb, 0x02bc, 0x2032, 0xff07, 0xad, 0x200b, 0x200c, 0x200d,
  0x2060, 0xfeff,
]);

/** What is left of a character in a folded word: letters and digits, decomposed, without marks. Undefined: it ends the word. */
function unitOf(point: number): string | undefined {
  if (silent.has(point)) return '';
  const letter = String.fromCodePoint(point);
  if (marks.test(letter)) return '';
  if (!letters.test(letter)) return undefined;
  return Array.from(fold(letter).normalize('NFD'))
    .filter((sign) => letters.test(sign))
    .join('');
}

// --------------------------------------------------------------- automaton

const BREAK = 0;
/** Above the symbols of letters: what the loop must look at more closely. */
const SILENT = 252;
const SEVERAL = 253;
const UNKNOWN = 254;
const MOST_SYMBOLS = 251;
const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const FOUND = -1;

/** Aho and Corasick's automaton over the letters that needles are made of. Identity: its tables, filled as letters are met. */
class Automaton {
  /** By state (already multiplied by the row's width) and symbol: the next state, or FOUND. */
  readonly #next: Int32Array;
  readonly #symbols = new Map<string, number>();
  /** By code point of the basic plane: its symbol. */
  readonly #basic = new Uint8Array(0x10000).fill(UNKNOWN);
  /** By byte: the symbol of an ASCII letter; UNKNOWN for what begins something longer, or may end the string. */
  readonly #bytes = new Uint8Array(256).fill(UNKNOWN);
  /** Beyond the basic plane, filled as met and bounded. */
  readonly #wide = new Map<number, number>();
  readonly #several = new Map<number, readonly number[]>();

  constructor(needles: readonly string[]) {
    for (const needle of needles) {
      for (const letter of needle) {
        // More letters than symbols: those that are left share one, which can only let more through.
        if (!this.#symbols.has(letter)) this.#symbols.set(letter, Math.min(this.#symbols.size + 1, MOST_SYMBOLS));
      }
    }
    this.#next = tableOf(
      needles.map((needle) => Array.from(needle, (letter) => this.#symbols.get(letter) ?? BREAK)),
      Math.min(this.#symbols.size, MOST_SYMBOLS) + 1,
    );
    for (let point = 0; point < 0x80; point += 1) {
      const symbol = this.#symbolOf(point);
      this.#basic[point] = symbol;
      if (point !== BACKSLASH && point !== QUOTE && symbol <= MOST_SYMBOLS) this.#bytes[point] = symbol;
    }
  }

  /** Whether one of the needles is in these bytes of JSON; `oneString`: only up to the closing quote. */
  finds(bytes: Uint8Array, from: number, to: number, oneString: boolean): boolean {
    const next = this.#next;
    const ascii = this.#bytes;
    let state = 0;
    let at = from;
    while (at < to) {
      const byte = bytes[at] as number;
      const quick = ascii[byte] as number;
      if (quick <= MOST_SYMBOLS) {
        state = next[state + quick] as number;
        if (state < 0) return true;
        at += 1;
        continue;
      }
      if (byte === QUOTE) {
        if (oneString) return false;
        state = 0;
        at += 1;
        continue;
      }
      if (byte === BACKSLASH && bytes[at + 1] !== 0x75) {
        // A quote, a slash or a line break: what is escaped by one letter ends a word.
        at += 2;
        state = 0;
        continue;
      }
      const width = byte === BACKSLASH ? escapeWidth(bytes, at) : sequenceWidth(byte);
      const point = byte === BACKSLASH ? escapedPoint(bytes, at, width) : pointAt(bytes, at, width);
      at += width;
      const symbol = this.#lookUp(point);
      if (symbol <= MOST_SYMBOLS) state = next[state + symbol] as number;
      else if (symbol === SEVERAL) {
        for (const each of this.#several.get(point) ?? []) if (state >= 0) state = next[state + each] as number;
      }
      if (state < 0) return true;
    }
    return false;
  }

  #lookUp(point: number): number {
    if (point < 0x10000) {
      let symbol = this.#basic[point] as number;
      if (symbol === UNKNOWN) {
        symbol = this.#symbolOf(point);
        this.#basic[point] = symbol;
      }
      return symbol;
    }
    let symbol = this.#wide.get(point);
    if (symbol === undefined) {
      symbol = point > 0x10ffff ? BREAK : this.#symbolOf(point);
      if (this.#wide.size >= 20_000) this.#wide.clear();
      this.#wide.set(point, symbol);
    }
    return symbol;
  }

  #symbolOf(point: number): number {
    if (point >= 0xd800 && point < 0xe000) return BREAK;
    const itself = this.#symbols.get(String.fromCodePoint(point));
    const unit = unitOf(point);
    if (unit === '' && itself === undefined) return SILENT;
    if (unit === undefined || unit === '') return itself ?? BREAK;
    const symbols = Array.from(unit, (letter) => this.#symbols.get(letter) ?? BREAK);
    const [only] = symbols;
    if (symbols.length === 1 && only !== undefined) return only;
    this.#several.set(point, symbols);
    return SEVERAL;
  }
}

/** The automaton's table: rows of `width` symbols, row numbers multiplied by the width, FOUND where a needle ends. */
function tableOf(needles: readonly (readonly number[])[], width: number): Int32Array {
  const trie: Map<number, number>[] = [new Map()];
  const ends = new Set<number>();
  for (const needle of needles) {
    let state = 0;
    for (const symbol of needle) {
      const row = trie[state];
      const known = row?.get(symbol);
      if (known === undefined) {
        row?.set(symbol, trie.length);
        state = trie.length;
        trie.push(new Map());
      } else state = known;
    }
    ends.add(state);
  }
  const next = new Int32Array(trie.length * width);
  const failure = new Int32Array(trie.length);
  const queue = [0];
  for (let at = 0; at < queue.length; at += 1) {
    const state = queue[at] ?? 0;
    const back = failure[state] ?? 0;
    if (ends.has(back)) ends.add(state);
    for (let symbol = 1; symbol < width; symbol += 1) {
      const child = trie[state]?.get(symbol);
      const fallback = state === 0 ? 0 : (next[back * width + symbol] ?? 0);
      if (child === undefined) next[state * width + symbol] = fallback;
      else {
        next[state * width + symbol] = child;
        failure[child] = fallback;
        queue.push(child);
      }
    }
  }
  return next.map((state) => (ends.has(state) ? FOUND : state * width));
}

function sequenceWidth(byte: number): number {
  return byte < 0xc0 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

function pointAt(bytes: Uint8Array, at: number, width: number): number {
  const first = bytes[at] ?? 0;
  if (width === 1) return first;
  let point = first & (width === 2 ? 0x1f : width === 3 ? 0xf : 7);
  for (let i = at + 1; i < at + width; i += 1) point = (point << 6) | ((bytes[i] ?? 0) & 0x3f);
  return point;
}

/** Bytes of an escape by number: 12 when two make one character. */
function escapeWidth(bytes: Uint8Array, at: number): number {
  const high = hexOf(bytes, at + 2);
  if (high < 0xd800 || high >= 0xdc00 || bytes[at + 6] !== BACKSLASH || bytes[at + 7] !== 0x75) return 6;
  const low = hexOf(bytes, at + 8);
  return low >= 0xdc00 && low < 0xe000 ? 12 : 6;
}

function escapedPoint(bytes: Uint8Array, at: number, width: number): number {
  const first = hexOf(bytes, at + 2);
  return width === 6 ? first : 0x10000 + ((first - 0xd800) << 10) + (hexOf(bytes, at + 8) - 0xdc00);
}

function hexOf(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i += 1) {
    const byte = bytes[i] ?? 0;
    value = value * 16 + (byte > 0x40 ? (byte & 0xf) + 9 : byte & 0xf);
  }
  return value & 0xffff;
}
