/**
 * What a model sees of a text, for training and for scoring alike: both read through this file, so that they cannot
 * differ. A feature is an index into a table of weights, found by hashing; it belongs to a group, and the values of a
 * group are divided by the square root of how many it holds, so that long texts and short ones are comparable.
 */
import type { Token } from '../tokenize.ts';
import { fold } from '../tokenize.ts';
import type { Vocabulary } from './vocabulary.ts';
import { emojis } from './vocabulary.ts';

/** Groups of features, and what each weighs against the others. */
export const WORDS = 0;
export const PAIRS = 1;
export const LETTERS = 2;
export const NEGATED = 3;
export const SHAPE = 4;
export const LEXICON = 5;
export const GROUPS = 6;
export const groupWeights: readonly number[] = [1, 0.5, 1.5, 0.5, 0.6, 1];

const mostLetters = 5;
/** How many words a negator marks. */
const reach = 4;
const longestWord = 40;

/** What is known of one token, whatever stands around it. */
export interface Unit {
  /** Hash of the word, for pairs. */
  readonly hash: number;
  /** The lists' opinion, -1..1; 0: none. */
  readonly lexicon: number;
  /** Pairs of the lists that begin with this word. */
  readonly pairs: ReadonlyMap<string, number> | undefined;
  readonly negator: boolean;
  readonly negatorAfter: boolean;
  readonly turns: boolean;
  readonly contrasts: boolean;
  /** A sign that the writer means the contrary. */
  readonly ironic: boolean;
  readonly kind: 'word' | 'hashtag' | 'handle' | 'emoji' | 'link' | 'number' | 'emoticon';
}

/** A unit with its features: indices of words, of runs of letters, and of the word when a negator marks it. */
export interface UnitFeatures extends Unit {
  readonly words: Int32Array;
  readonly letters: Int32Array;
  readonly negated: Int32Array;
}

/** One text as it was read; the arrays are used again for the next text. */
export interface Reading<U extends Unit> {
  count: number;
  readonly units: (U | undefined)[];
  /** Which token each unit came from; -1: none. */
  readonly tokenOf: Int32Array;
  /** 1 where a negator marks the unit. */
  readonly negated: Uint8Array;
  /** Number of the clause that the unit stands in, from 0. */
  readonly clause: Uint16Array;
  /** Number of the sentence, or of the part of it that a word like `but` sets off. */
  readonly sentence: Uint16Array;
  /** What the lists think of the unit where it stands, negation applied. */
  readonly opinion: Float64Array;
  /** What the unit counts: what stands after a `but` counts more than what stands before. */
  readonly importance: Float64Array;
  /** Indices of shape and lexicon features. */
  readonly shape: Int32Array;
  shapes: number;
  readonly lexicon: Int32Array;
  lexicons: number;
  /** How often a second negator took a first one back. */
  twice: number;
}

/** Longer texts are read up to here. */
export const mostUnits = 600;

export function createReading<U extends Unit>(): Reading<U> {
  return {
    count: 0,
    units: Array.from({ length: mostUnits }, () => undefined),
    tokenOf: new Int32Array(mostUnits),
    negated: new Uint8Array(mostUnits),
    clause: new Uint16Array(mostUnits),
    sentence: new Uint16Array(mostUnits),
    opinion: new Float64Array(mostUnits),
    importance: new Float64Array(mostUnits),
    shape: new Int32Array(32),
    shapes: 0,
    lexicon: new Int32Array(16),
    lexicons: 0,
    twice: 0,
  };
}

function hashText(text: string, from: number, to: number, seed: number): number {
  let hash = seed;
  for (let i = from; i < to; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** Spreads a hash over all its bits, so that its low bits can be taken. */
function mix(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const wordSeed = 0x811c9dc5;
const letterSeed = 0x3c6ef372;
const negatedSeed = 0x1f83d9ab;
const shapeSeed = 0x5be0cd19;

/** The index of two neighbours. */
export function pairIndex(first: number, second: number, mask: number): number {
  return mix(Math.imul(first, 0x9e3779b1) ^ second) & mask;
}

function shapeIndex(kind: number, value: number, mask: number): number {
  return mix(Math.imul(shapeSeed ^ kind, 0x01000193) ^ Math.imul(value + 1, 0x9e3779b1)) & mask;
}

const camel = /\p{Lu}?\p{Ll}+|\p{Lu}+(?!\p{Ll})|\p{N}+/gu;
const numeric = /^\p{N}+$/u;
const elongated = /(.)\1{2,}/gu;
/** Signs that people put beside praise that they do not mean. */
const ironicSigns: ReadonlySet<string> = new Set(
  '🙃 🙄 😒 #ironie #ironique #sarcasme #irony #ironic #sarcasm #sarcastic #ironia #sarcasmo'.split(' '),
);

export const linkKey = '\u0001link';
export const happyKey = '\u0001:)';
export const sadKey = '\u0001:(';

const wordStart = /^[\p{L}\p{M}\p{N}_]/u;

function isLatin(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

/** What a token is made of. `raw` is the text of a hashtag as it was written, from which its words are taken. */
export function unitOf(key: string, raw: string, vocabulary: Vocabulary | undefined, mask: number): UnitFeatures {
  const words: number[] = [];
  const letters: number[] = [];
  const negated: number[] = [];
  let kind: Unit['kind'] = 'word';
  let lexicon = 0;
  let text = key;
  let bare = key;
  if (key === linkKey) kind = 'link';
  else if (key === happyKey || key === sadKey) {
    kind = 'emoticon';
    lexicon = key === happyKey ? 0.4 : -0.5;
  } else if (key.startsWith('@')) {
    kind = 'handle';
    text = '\u0001user';
  } else if (key.startsWith('#')) kind = 'hashtag';
  else if (!isLatin(key.charCodeAt(0)) && numeric.test(key)) {
    kind = 'number';
    text = '\u0001number';
  } else {
    const latin = isLatin(key.charCodeAt(0));
    const feeling = latin ? undefined : emojis().get(key);
    if (!latin && (feeling !== undefined || !wordStart.test(key))) {
      kind = 'emoji';
      lexicon = feeling ?? 0;
    } else {
      const cut = key.indexOf("'");
      const own =
        cut < 0
          ? key
          : key.endsWith("'s")
            ? key.slice(key.indexOf("'") === key.length - 2 ? 0 : cut + 1, -2)
            : key.slice(cut + 1);
      if (cut > 0) {
        const joint = key.endsWith("'s") && cut === key.length - 2 ? "'s" : key.slice(0, cut + 1);
        words.push(mix(hashText(joint, 0, joint.length, wordSeed)) & mask);
      }
      text = (isElongated(own) ? own.replace(elongated, '$1$1') : own).slice(0, longestWord);
      lexicon = vocabulary?.weights.get(own) ?? vocabulary?.weights.get(text) ?? 0;
      bare = own;
    }
  }
  const hash = hashText(text, 0, text.length, wordSeed);
  words.push(mix(hash) & mask);
  if (kind === 'word') {
    lettersOf(text, letters, mask);
    negated.push(mix(hash ^ negatedSeed) & mask);
  } else if (kind === 'hashtag') {
    lettersOf(text.slice(1, longestWord), letters, mask);
    const parts = raw.match(camel) ?? [];
    for (const part of parts.length > 0 ? parts : [text.slice(1)]) {
      const word = fold(part);
      words.push(mix(hashText(word, 0, word.length, wordSeed)) & mask);
      if (word.length > 2) lexicon ||= vocabulary?.weights.get(word) ?? 0;
    }
    lexicon ||= vocabulary?.weights.get(text.slice(1)) ?? 0;
  }
  const pairs = vocabulary?.pairs.get(bare);
  return {
    hash,
    words: Int32Array.from(words),
    letters: Int32Array.from(letters),
    negated: Int32Array.from(negated),
    lexicon,
    pairs,
    negator: vocabulary?.negators.has(bare) === true || bare === 'ne',
    negatorAfter: vocabulary?.negatorsAfter.has(bare) === true,
    turns: vocabulary?.turns.has(bare) === true,
    contrasts: vocabulary?.contrasts.has(bare) === true,
    ironic: ironicSigns.has(key),
    kind,
  };
}

/** Indices of the runs of two to five letters of a word and its edges. */
function lettersOf(word: string, into: number[], mask: number): void {
  const padded = `<${word}>`;
  for (let at = 0; at < padded.length - 1; at += 1) {
    const end = Math.min(padded.length, at + mostLetters);
    let hash = letterSeed;
    for (let i = at; i < end; i += 1) {
      hash = Math.imul(hash ^ padded.charCodeAt(i), 0x01000193);
      if (i > at) into.push(mix(hash) & mask);
    }
  }
}

/** Whether a character stands three times in a row. */
function isElongated(word: string): boolean {
  for (let i = 2; i < word.length; i += 1) {
    const code = word.charCodeAt(i);
    if (code === word.charCodeAt(i - 1) && code === word.charCodeAt(i - 2)) return true;
  }
  return false;
}

function isUpper(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

function isMouth(code: number): number {
  switch (code) {
    case 0x29: // )
    case 0x44: // D
    case 0x5d: // ]
    case 0x70: // p
    case 0x50: // P
    case 0x2a: // *
    case 0x7d: // }
      return 1;
    case 0x28: // (
    case 0x5b: // [
    case 0x2f: // /
    case 0x5c: // \
    case 0x7b: // {
    case 0x7c: // |
    case 0x73: // s
    case 0x53: // S
      return -1;
    default:
      return 0;
  }
}

function bin(count: number, most: number): number {
  return count < most ? count : most;
}

/** 0, 1, 2, 3-4, 5-8, 9-16, … */
function lengthBin(count: number): number {
  return 32 - Math.clz32(count <= 0 ? 0 : count - 1) + (count > 0 ? 1 : 0);
}

/**
 * Reads a text into `into`. `unit` answers what a token is made of; it is asked for each token, so it should remember.
 * The text is walked once: words come from the tokens, punctuation and emoticons from between them.
 */
export function readText<U extends Unit>(
  text: string,
  tokens: readonly Token[],
  unit: (key: string, raw: string) => U,
  into: Reading<U>,
  mask: number,
): void {
  const { units, tokenOf, negated, clause, sentence, opinion } = into;
  let count = 0;
  let clauses = 0;
  let sentences = 0;
  let marked = 0;
  // A second negator takes the first one back; `ne … pas` is one.
  let odd = true;
  let half = false;
  let twice = 0;
  let exclamations = 0;
  let questions = 0;
  let dots = 0;
  let quotes = 0;
  let links = 0;
  let handles = 0;
  let hashtags = 0;
  let numbers = 0;
  let capitals = 0;
  let pictures = 0;
  let position = 0;
  let breaks = false;
  let pauses = false;
  const most = tokens.length;
  for (let t = 0; t <= most && count < mostUnits - 3; t += 1) {
    const token = t < most ? tokens[t] : undefined;
    const until = token ? token.start : text.length;
    breaks = false;
    pauses = false;
    for (let i = position; i < until; i += 1) {
      const code = text.charCodeAt(i);
      if (code === 0x20) continue;
      switch (code) {
        case 0x21:
          exclamations += 1;
          breaks = true;
          break;
        case 0x3f:
          questions += 1;
          breaks = true;
          break;
        case 0x2e:
          if (text.charCodeAt(i + 1) === 0x2e) dots += 1;
          breaks = true;
          break;
        case 0x2026:
          dots += 1;
          breaks = true;
          break;
        case 0x2c:
          pauses = true;
          break;
        case 0x0a:
          breaks = true;
          break;
        case 0x22:
        case 0xab:
        case 0x201c:
          quotes += 1;
          break;
        case 0x3a:
        case 0x3b:
        case 0x3d: {
          let mouth = i + 1;
          const next = text.charCodeAt(mouth);
          if (code === 0x3a && next === 0x2f && text.charCodeAt(mouth + 1) === 0x2f) {
            // An address: to the next space, it is nothing but a link.
            while (i < until && text.charCodeAt(i) > 0x20) i += 1;
            links += 1;
            if (count >= mostUnits - 3) break;
            units[count] = unit(linkKey, '');
            tokenOf[count] = -1;
            negated[count] = 0;
            clause[count] = clauses;
            sentence[count] = sentences;
            opinion[count] = 0;
            count += 1;
            break;
          }
          if (next === 0x2d || next === 0x27) mouth += 1;
          const side = mouth <= until ? isMouth(text.charCodeAt(mouth)) : 0;
          const letter = mouth === until;
          const alone = !letter || (token !== undefined && token.end - token.start === 1);
          const before = i === 0 ? 0x20 : text.charCodeAt(i - 1);
          if (side !== 0 && alone && count < mostUnits - 3 && !(before >= 0x30 && before <= 0x39)) {
            units[count] = unit(side > 0 ? happyKey : sadKey, '');
            tokenOf[count] = -1;
            negated[count] = 0;
            clause[count] = clauses;
            sentence[count] = sentences;
            opinion[count] = side > 0 ? 0.4 : -0.5;
            count += 1;
            i = Math.min(mouth, until);
          } else if (code !== 0x3d) breaks = true;
          break;
        }
        default:
      }
    }
    if (!token) break;
    position = token.end;
    if (breaks || pauses) {
      marked = 0;
      half = false;
      clauses += 1;
      if (breaks) sentences += 1;
    }
    let key = token.text;
    if (token.kind === 'word') {
      if (key === 'http' || key === 'https') {
        key = linkKey;
        links += 1;
      } else {
        const { start, end } = token;
        if (end - start > 2 && isUpper(text.charCodeAt(start)) && isUpper(text.charCodeAt(end - 1))) capitals += 1;
        if (token.other !== '') {
          key = token.other;
          if (key.startsWith("n'")) {
            marked = reach;
            odd = true;
            half = true;
          }
        }
      }
    } else if (token.kind === 'hashtag') hashtags += 1;
    else if (token.kind === 'handle') {
      handles += 1;
      key = '@';
    } else pictures += 1;
    const made = unit(key, token.kind === 'hashtag' ? text.slice(token.start, token.end) : '');
    if (made.kind === 'number') numbers += 1;
    if (made.turns || made.contrasts) {
      clauses += 1;
      sentences += 1;
      marked = 0;
    }
    units[count] = made;
    tokenOf[count] = t;
    negated[count] = marked > 0 ? 1 : 0;
    clause[count] = clauses;
    sentence[count] = sentences;
    opinion[count] = made.lexicon === 0 ? 0 : marked > 0 && odd ? -0.8 * made.lexicon : made.lexicon;
    count += 1;
    if (marked > 0) marked -= 1;
    if (made.negator) {
      const whole = key !== 'ne';
      if (marked > 0 && whole && !half) {
        odd = !odd;
        twice += 1;
      } else if (marked === 0) odd = true;
      half = !whole;
      marked = reach;
    }
  }
  into.count = count;
  weighTurns(into);

  const lasting = text.charCodeAt(text.trimEnd().length - 1);
  const { shape } = into;
  let shapes = 0;
  const signature =
    bin(links, 1) +
    2 * bin(handles, 1) +
    4 * bin(hashtags, 1) +
    8 * lengthBin(count) +
    256 * (handles > 0 && units[0]?.kind === 'handle' ? 1 : 0);
  shape[shapes++] = shapeIndex(0, signature, mask);
  shape[shapes++] = shapeIndex(1, lengthBin(count), mask);
  shape[shapes++] = shapeIndex(2, bin(exclamations, 3), mask);
  shape[shapes++] = shapeIndex(3, bin(questions, 3), mask);
  shape[shapes++] = shapeIndex(4, bin(dots, 2), mask);
  shape[shapes++] = shapeIndex(5, bin(links, 2) * 2 + (count > 0 && units[count - 1]?.kind === 'link' ? 1 : 0), mask);
  shape[shapes++] = shapeIndex(6, bin(handles, 2), mask);
  shape[shapes++] = shapeIndex(7, bin(hashtags, 4), mask);
  shape[shapes++] = shapeIndex(8, bin(numbers, 2), mask);
  shape[shapes++] = shapeIndex(9, bin(capitals, 4), mask);
  shape[shapes++] = shapeIndex(10, bin(pictures, 3), mask);
  shape[shapes++] = shapeIndex(11, bin(quotes, 2), mask);
  shape[shapes++] = shapeIndex(
    12,
    lasting === 0x21 ? 1 : lasting === 0x3f ? 2 : lasting === 0x2e ? 3 : lasting === 0x2026 ? 4 : 0,
    mask,
  );
  into.shapes = shapes;
  into.twice = twice;
  resolveOpinions(into, tokens);
  sumOpinions(into, mask);
}

/** What a word counts that stands before the last `but`, and how many words before it are meant. */
const beforeTurn = 0.55;
const turnReach = 20;

/** The last `but` of a text parts what is conceded from what is meant. */
function weighTurns<U extends Unit>({ count, units, importance }: Reading<U>): void {
  importance.fill(1, 0, count);
  let last = -1;
  for (let i = 1; i < count - 1; i += 1) if (units[i]?.turns) last = i;
  if (last > 0) importance.fill(beforeTurn, Math.max(0, last - turnReach), last);
}

/** Pairs of the lists and negators that follow have their say. */
function resolveOpinions<U extends Unit>(
  { units, opinion, count, tokenOf, negated }: Reading<U>,
  tokens: readonly Token[],
): void {
  for (let i = 0; i < count; i += 1) {
    const made = units[i];
    if (!made) continue;
    if (made.pairs !== undefined && i + 1 < count) {
      const next = tokens[tokenOf[i + 1] ?? -1]?.text;
      const weight = next === undefined ? undefined : made.pairs.get(next);
      if (weight !== undefined) {
        opinion[i] = weight;
        opinion[i + 1] = 0;
      }
    }
    const value = opinion[i] ?? 0;
    if (value === 0 || negated[i] === 1 || made.pairs !== undefined) continue;
    if ((i + 1 < count && units[i + 1]?.negatorAfter) || (i + 2 < count && units[i + 2]?.negatorAfter)) {
      opinion[i] = -0.8 * value;
    }
  }
}

/** What the word lists think of the whole, as bins; asked again when the importance of units has changed. */
export function sumOpinions<U extends Unit>(into: Reading<U>, mask: number): void {
  const { units, opinion, count, lexicon, twice } = into;
  let good = 0;
  let bad = 0;
  let goods = 0;
  let bads = 0;
  let last = 0;
  let strongest = 0;
  let delights = 0;
  let horrors = 0;
  let turnedGood = 0;
  let turnedBad = 0;
  for (let i = 0; i < count; i += 1) {
    const made = units[i];
    if (!made) continue;
    let value = opinion[i] ?? 0;
    if (value === 0) continue;
    if (made.lexicon > 0 && value < 0) turnedGood += 1;
    else if (made.lexicon < 0 && value > 0) turnedBad += 1;
    value *= into.importance[i] as number;
    if (value > 0) {
      good += value;
      goods += 1;
      if (value > 0.6) delights += 1;
    } else {
      bad -= value;
      bads += 1;
      if (value < -0.6) horrors += 1;
    }
    last = value;
    if (Math.abs(value) > Math.abs(strongest)) strongest = value;
  }
  const hits = goods + bads;
  const strength = hits === 0 ? 0 : ((good - bad) / hits) * Math.sqrt(hits / Math.max(1, count / 15));
  let n = 0;
  lexicon[n++] = shapeIndex(20, hits === 0 ? 99 : Math.round(Math.max(-1.2, Math.min(1.2, strength)) * 8), mask);
  lexicon[n++] = shapeIndex(21, bin(goods, 3) * 4 + bin(bads, 3), mask);
  lexicon[n++] = shapeIndex(22, hits === 0 ? 99 : Math.round(last * 4), mask);
  lexicon[n++] = shapeIndex(23, hits === 0 ? 99 : Math.round(strongest * 5), mask);
  lexicon[n++] = shapeIndex(24, hits === 0 ? 99 : Math.round(Math.max(-4, Math.min(4, good - bad)) * 3), mask);

  lexicon[n++] = shapeIndex(25, bin(delights, 3) * 4 + bin(horrors, 3), mask);
  lexicon[n++] = shapeIndex(26, bin(goods - delights, 3) * 4 + bin(bads - horrors, 3), mask);
  lexicon[n++] = shapeIndex(27, bin(turnedGood, 2) * 9 + bin(turnedBad, 2) * 3 + bin(twice, 2), mask);
  into.lexicons = n;
}
