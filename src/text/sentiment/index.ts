/** What a text feels. One interface for every engine. */
import type { Sentiment } from '../../model/types.ts';
import type { Token } from '../tokenize.ts';
import { createLexiconScorer } from './lexicon.ts';
import { createLinearScorer } from './linear.ts';

/** Positions of tokens, `to` exclusive. */
export interface TokenSpan {
  readonly from: number;
  readonly to: number;
}

/** Judges texts one by one, as a pure function of its arguments. */
export interface SentimentScorer {
  /**
   * `language` is ISO 639-1 or `und`; `tokens` of the text, where they are known, spare a second pass. `about` says where
   * the text names the brand: the clause that holds it then weighs more than the others. The lexicon engine reads the
   * whole text all the same.
   */
  score(text: string, language: string, tokens?: readonly Token[], about?: readonly TokenSpan[]): Sentiment;
}

/** How texts can be judged: trained weights, or word lists alone. */
export type SentimentEngine = 'linear' | 'lexicon';

/** The scorer of an engine. */
export function createScorer(engine: SentimentEngine): SentimentScorer {
  return engine === 'linear' ? createLinearScorer() : createLexiconScorer();
}

export { createLexiconScorer } from './lexicon.ts';
export { createLinearScorer } from './linear.ts';
