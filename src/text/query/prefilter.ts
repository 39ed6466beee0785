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
  const keys = (options.keys ?? []).map((key) => Buffer.from(`"${key}":"`));
  return (frame) => mayHold(automaton, keys, frame);
}

/** JSON may write any character as an escape; letters of a key would be written so. */
const LATIN_ESCAPE = Buffer.from('\\u00');
const SPACED = Buffer.from('": ');

function mayHold(automaton: Automaton, keys: readonly Buffer[], frame: Uint8Array): boolean {
  if (keys.length === 0) return automaton.finds(frame, 0, frame.length, false);
  const bytes = Buffer.isBuffer(frame) ? frame : Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  if (bytes.includes(LATIN_ESCAPE)) return automaton.finds(bytes, 0, bytes.length, false);
  let read = false;
  for (const key of keys) {
    for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + key.length)) {
      read = true;
      if (automaton.finds(bytes, at + key.length, bytes.length, true)) return true;
    }
  }
  // Either written with spaces, or without such a key: then nothing is known of its shape.
  if (read && !bytes.includes(SPACED)) return false;
  return automaton.finds(bytes, 0, bytes.length, false);
}

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
  const sign = [...word].find((letter) => (letter.codePointAt(0) ?? 0) > 0x2000 && letter !== '\ufe0f');
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
  return [...fold(letter).normalize('NFD')].filter((sign) => letters.test(sign)).join('');
}

// --------------------------------------------------------------- automaton

const BREAK = 0;
const SILENT = 255;
const SEVERAL = 254;
const UNKNOWN = 253;
const MOST_SYMBOLS = 252;

/** Aho and Corasick's automaton over the letters that needles are made of. Identity: its tables, filled as letters are met. */
class Automaton {
  /** By state and symbol: the next state, with `#width` columns. */
  readonly #next: Int32Array;
  readonly #final: Uint8Array;
  readonly #width: number;
  readonly #symbols = new Map<string, number>();
  /** By code point of the basic plane: its symbol. */
  readonly #basic = new Uint8Array(0x10000).fill(UNKNOWN);
  /** Beyond the basic plane, filled as met and bounded by its size. */
  readonly #wide = new Map<number, number>();
  readonly #several = new Map<number, readonly number[]>();

  constructor(needles: readonly string[]) {
    for (const needle of needles) {
      for (const letter of needle) {
        if (!this.#symbols.has(letter)) this.#symbols.set(letter, Math.min(this.#symbols.size + 1, MOST_SYMBOLS));
      }
    }
    this.#width = Math.min(this.#symbols.size, MOST_SYMBOLS) + 1;
    const width = this.#width;
    const trie: (number | undefined)[][] = [[]];
    const final: boolean[] = [false];
    for (const needle of needles) {
      let state = 0;
      for (const letter of needle) {
        const symbol = this.#symbols.get(letter) ?? BREAK;
        const row = trie[state] as (number | undefined)[];
        let next = row[symbol];
        if (next === undefined) {
          next = trie.length;
          trie.push([]);
          final.push(false);
          row[symbol] = next;
        }
        state = next;
      }
      final[state] = true;
    }
    this.#next = new Int32Array(trie.length * width);
    this.#final = Uint8Array.from(final, Number);
    const failure = new Int32Array(trie.length);
    const queue: number[] = [];
    for (let symbol = 1; symbol < width; symbol += 1) {
      const child = trie[0]?.[symbol];
      if (child === undefined) continue;
      this.#next[symbol] = child;
      queue.push(child);
    }
    for (let at = 0; at < queue.length; at += 1) {
      const state = queue[at] ?? 0;
      const back = failure[state] ?? 0;
      if (this.#final[back]) this.#final[state] = 1;
      for (let symbol = 1; symbol < width; symbol += 1) {
        const child = trie[state]?.[symbol];
        const fallback = this.#next[back * width + symbol] ?? 0;
        if (child === undefined) this.#next[state * width + symbol] = fallback;
        else {
          this.#next[state * width + symbol] = child;
          failure[child] = fallback;
          queue.push(child);
        }
      }
    }
    for (let point = 0; point < 0x80; point += 1) this.#basic[point] = this.#symbolOf(point);
  }

  /** Whether one of the needles is in these bytes of JSON; `oneString`: only up to the closing quote. */
  finds(bytes: Uint8Array, from: number, to: number, oneString: boolean): boolean {
    const next = this.#next;
    const final = this.#final;
    const basic = this.#basic;
    const width = this.#width;
    let state = 0;
    let at = from;
    while (at < to) {
      const byte = bytes[at] as number;
      let symbol: number;
      let point = byte;
      if (byte === 0x5c) {
        if (bytes[at + 1] !== 0x75) {
          // A quote, a slash or a line break: what is escaped by one letter ends a word.
          at += 2;
          state = 0;
          continue;
        }
        point = hexOf(bytes, at + 2);
        at += 6;
        if (point >= 0xd800 && point < 0xdc00 && bytes[at] === 0x5c && bytes[at + 1] === 0x75) {
          const low = hexOf(bytes, at + 2);
          if (low >= 0xdc00 && low < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
            at += 6;
          }
        }
        symbol = point < 0x10000 ? (basic[point] as number) : this.#wideOf(point);
      } else if (byte < 0x80) {
        if (byte === 0x22 && oneString) return false;
        at += 1;
        symbol = basic[byte] as number;
      } else if (byte < 0xe0) {
        point = ((byte & 0x1f) << 6) | ((bytes[at + 1] ?? 0) & 0x3f);
        at += 2;
        symbol = basic[point] as number;
      } else if (byte < 0xf0) {
        point = ((byte & 0xf) << 12) | (((bytes[at + 1] ?? 0) & 0x3f) << 6) | ((bytes[at + 2] ?? 0) & 0x3f);
        at += 3;
        symbol = basic[point] as number;
      } else {
        point =
          ((byte & 7) << 18) |
          (((bytes[at + 1] ?? 0) & 0x3f) << 12) |
          (((bytes[at + 2] ?? 0) & 0x3f) << 6) |
          ((bytes[at + 3] ?? 0) & 0x3f);
        at += 4;
        symbol = this.#wideOf(point);
      }
      if (symbol >= UNKNOWN) {
        if (symbol === UNKNOWN) {
          symbol = this.#symbolOf(point);
          basic[point] = symbol;
        }
        if (symbol === SILENT) continue;
        if (symbol === SEVERAL) {
          for (const each of this.#several.get(point) ?? []) {
            state = next[state * width + each] as number;
            if (final[state]) return true;
          }
          continue;
        }
      }
      state = symbol === BREAK ? 0 : (next[state * width + symbol] as number);
      if (final[state]) return true;
    }
    return false;
  }

  #wideOf(point: number): number {
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
    const symbols = [...unit].map((letter) => this.#symbols.get(letter) ?? BREAK);
    const [only] = symbols;
    if (symbols.length === 1 && only !== undefined) return only;
    this.#several.set(point, symbols);
    return SEVERAL;
  }
}

function hexOf(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 4; i += 1) {
    const byte = bytes[i] ?? 0;
    value = value * 16 + (byte > 0x40 ? (byte & 0xf) + 9 : byte & 0xf);
  }
  return value & 0xffff;
}
