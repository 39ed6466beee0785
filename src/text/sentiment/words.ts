import { fold } from '../tokenize.ts';

/** Words that feel something, in four strengths, and pairs of words that say more than each of them. */
export interface WordList {
  readonly delight: string;
  readonly good: string;
  readonly bad: string;
  readonly awful: string;
  readonly phrases: Readonly<Record<string, number>>;
}

const strengths = [
  ['delight', 0.8],
  ['good', 0.45],
  ['bad', -0.5],
  ['awful', -0.85],
] as const;

/** Weights of the single words, -1..1. */
export function weightsOf(list: WordList): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const [strength, weight] of strengths)
    for (const word of list[strength].split(' ')) {
      const folded = fold(word);
      if (!weights.has(folded)) weights.set(folded, weight);
    }
  return weights;
}

/** The pairs, by their first word. */
export function pairsOf(phrases: Readonly<Record<string, number>>): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const pairs = new Map<string, Map<string, number>>();
  for (const [phrase, weight] of Object.entries(phrases)) {
    const [first = '', second = ''] = phrase.split(' ');
    const seconds = pairs.get(first) ?? new Map<string, number>();
    pairs.set(first, seconds.set(second, weight));
  }
  return pairs;
}
