/** Queries as people write them, made of the words of given texts; the same ones each time. */
import type { QueryNode } from '../../src/text/query/ast.ts';
import { parseQuery } from '../../src/text/query/parse.ts';
import { tokenize } from '../../src/text/tokenize.ts';

export interface NamedQuery {
  readonly id: string;
  readonly source: string;
  readonly query: QueryNode;
}

const FEWEST = 3;
const MOST = 600;

/**
 * `count` queries in turn: one word; a phrase of the texts OR its hashtag; (names) AND (issues) NOT noise. The words are in
 * 3 to 600 of the texts, and fewer queries are the first of more.
 */
export function manyQueries(texts: readonly string[], count: number): readonly NamedQuery[] {
  const occurrences = new Map<string, number>();
  const rows = texts.map((text) => tokenize(text).flatMap((token) => (token.kind === 'word' ? [token.text] : [])));
  for (const row of rows) for (const word of row) occurrences.set(word, (occurrences.get(word) ?? 0) + 1);
  const fits = (word: string | undefined): word is string => {
    const times = occurrences.get(word ?? '') ?? 0;
    return word !== undefined && /^[a-z]{2,}$/.test(word) && times >= FEWEST && times <= MOST;
  };
  const words = [...occurrences.keys()].filter(fits).toSorted();
  const pairs = new Map<string, readonly [string, string]>();
  for (const row of rows) {
    row.forEach((word, i) => {
      const next = row[i + 1];
      if (fits(word) && fits(next)) pairs.set(`${word} ${next}`, [word, next]);
    });
  }
  const phrases = [...pairs.values()];
  const random = generator(2015);
  const one = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const some = (least: number, most: number): string =>
    Array.from({ length: least + Math.floor(random() * (most - least + 1)) }, () => one(words)).join(' OR ');
  return Array.from({ length: count }, (_, i): NamedQuery => {
    const source = [
      () => one(words),
      () => phrase(one(phrases)),
      () => `(${some(1, 3)}) AND (${some(2, 5)}) NOT ${one(words)}`,
    ][i % 3]?.() as string;
    const { query } = parseQuery(source);
    if (!query) throw new Error(`not a query: ${source}`);
    return { id: `q${i}`, source, query };
  });
}

function phrase(pair: readonly string[]): string {
  return `"${pair.join(' ')}" OR #${pair.join('')}`;
}

/** Mulberry32, public domain by Tommy Ettinger: small, even enough, the same everywhere. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
