/** From labelled texts to rows of features, without duplicates, cut into folds that keep brands whole. */
import { tokenize } from '../../tokenize.ts';
import type { UnitFeatures } from '../features.ts';
import {
  createReading,
  GROUPS,
  groupWeights,
  LETTERS,
  LEXICON,
  NEGATED,
  PAIRS,
  pairIndex,
  readText,
  SHAPE,
  unitOf,
  WORDS,
} from '../features.ts';
import { vocabularyOf } from '../vocabulary.ts';
import type { Example } from './corpora.ts';
import type { Rows } from './logistic.ts';

export interface Dataset {
  readonly examples: readonly Example[];
  readonly labels: Uint8Array;
  readonly rows: Rows;
  /** Fold of each example, 0..folds-1. */
  readonly folds: Uint8Array;
}

/** The words of a text without links, handles and numbers: equal ones are one text. */
export function sameness(text: string): string {
  return tokenize(text)
    .filter(
      ({ kind, text: word }) =>
        kind !== 'handle' && word !== 'http' && word !== 'https' && !/^\p{N}+$/u.test(word) && word !== 'rt',
    )
    .map(({ text: word }) => word.replace('#', ''))
    .join(' ');
}

/** Each text once: the first of its copies stays. */
export function withoutCopies(examples: readonly Example[]): Example[] {
  const seen = new Set<string>();
  return examples.filter(({ text }) => {
    const key = sameness(text);
    if (key === '' || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Folds by hash of the text; examples with a group go where their group goes, the largest group first to the emptiest fold. */
export function foldsOf(examples: readonly Example[], folds: number): Uint8Array {
  const sizes = new Map<string, number>();
  for (const { domain, group } of examples) {
    if (group !== undefined) sizes.set(`${domain}/${group}`, (sizes.get(`${domain}/${group}`) ?? 0) + 1);
  }
  const filled = new Map<string, number[]>();
  const foldOf = new Map<string, number>();
  for (const [key, size] of [...sizes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))) {
    const domain = key.slice(0, key.indexOf('/'));
    const levels = filled.get(domain) ?? Array.from({ length: folds }, () => 0);
    filled.set(domain, levels);
    const emptiest = levels.indexOf(Math.min(...levels));
    levels[emptiest] = (levels[emptiest] ?? 0) + size;
    foldOf.set(key, emptiest);
  }
  return Uint8Array.from(examples, ({ domain, group, text }) => {
    if (group !== undefined) return foldOf.get(`${domain}/${group}`) ?? 0;
    let hash = 0x811c9dc5;
    const key = sameness(text);
    for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    return ((hash ^ (hash >>> 15)) >>> 0) % folds;
  });
}

/** Reads every text into features of the table of `size` (a power of two). */
export function rowsOf(texts: readonly string[], language: string, size: number): Rows {
  const mask = size - 1;
  const vocabulary = vocabularyOf(language);
  const known = new Map<string, UnitFeatures>();
  const unit = (key: string, raw: string): UnitFeatures => {
    const id = raw === '' ? key : raw;
    let made = known.get(id);
    if (!made) {
      made = unitOf(key, raw, vocabulary, mask);
      known.set(id, made);
    }
    return made;
  };
  const reading = createReading<UnitFeatures>();
  const rowStart = new Uint32Array(texts.length + 1);
  let indices = new Int32Array(texts.length * 400 + 4096);
  let values = new Float32Array(indices.length);
  let n = 0;
  const slot = new Int32Array(size).fill(-1);
  const touched: number[] = [];
  const counts = new Float64Array(GROUPS);
  for (const [row, text] of texts.entries()) {
    readText(text, tokenize(text), unit, reading, mask);
    counts.fill(0);
    let most = 0;
    const { count, units, negated, importance } = reading;
    for (let i = 0; i < count; i += 1) {
      const made = units[i] as UnitFeatures;
      const by = importance[i] as number;
      counts[WORDS] = (counts[WORDS] ?? 0) + by * made.words.length;
      counts[LETTERS] = (counts[LETTERS] ?? 0) + by * made.letters.length;
      if (negated[i]) counts[NEGATED] = (counts[NEGATED] ?? 0) + by * made.negated.length;
      if (i > 0) counts[PAIRS] = (counts[PAIRS] ?? 0) + by;
      most += made.words.length + made.letters.length + made.negated.length + 1;
    }
    const value = Array.from(counts, (c, g) => (c > 0 ? (groupWeights[g] as number) / Math.sqrt(c) : 0));
    const room = n + most + 64;
    if (room > indices.length) {
      const larger = new Int32Array(Math.ceil(room * 1.5));
      larger.set(indices);
      indices = larger;
      const longer = new Float32Array(larger.length);
      longer.set(values);
      values = longer;
    }
    const add = (index: number, by: number): void => {
      const at = slot[index] as number;
      if (at >= 0) values[at] = (values[at] as number) + by;
      else {
        slot[index] = n;
        touched.push(index);
        indices[n] = index;
        values[n] = by;
        n += 1;
      }
    };
    for (let i = 0; i < count; i += 1) {
      const made = units[i] as UnitFeatures;
      const by = importance[i] as number;
      for (const index of made.words) add(index, by * (value[WORDS] as number));
      for (const index of made.letters) add(index, by * (value[LETTERS] as number));
      if (negated[i]) for (const index of made.negated) add(index, by * (value[NEGATED] as number));
      if (i > 0) add(pairIndex((units[i - 1] as UnitFeatures).hash, made.hash, mask), by * (value[PAIRS] as number));
    }
    const shape = (groupWeights[SHAPE] as number) / Math.sqrt(reading.shapes);
    for (let i = 0; i < reading.shapes; i += 1) add(reading.shape[i] as number, shape);
    const lexicon = (groupWeights[LEXICON] as number) / Math.sqrt(reading.lexicons);
    for (let i = 0; i < reading.lexicons; i += 1) add(reading.lexicon[i] as number, lexicon);
    for (const index of touched) slot[index] = -1;
    touched.length = 0;
    rowStart[row + 1] = n;
  }
  return { rowStart, indices: indices.slice(0, n), values: values.slice(0, n) };
}

/** Everything that training and evaluation ask of a language. */
export function datasetOf(all: readonly Example[], language: string, size: number, folds: number): Dataset {
  const examples = withoutCopies(all);
  return {
    examples,
    labels: Uint8Array.from(examples, ({ label }) => label),
    rows: rowsOf(
      examples.map(({ text }) => text),
      language,
      size,
    ),
    folds: foldsOf(examples, folds),
  };
}
