/** What a text feels. One interface for every engine. */
import type { Sentiment } from '../../model/types.ts';
import type { Token } from '../tokenize.ts';

/** Judges texts one by one, as a pure function of text and language. */
export interface SentimentScorer {
  /** `language` is ISO 639-1 or `und`; `tokens` of the text, where they are known, spare a second pass. */
  score(text: string, language: string, tokens?: readonly Token[]): Sentiment;
}

export { createLexiconScorer } from './lexicon.ts';
