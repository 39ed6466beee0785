/** The sentences of `test/fixtures/sentiment`: written for this project, each with its label, its kind and the brand it is about. */
import { readFileSync } from 'node:fs';
import type { SentimentLabel } from '../../src/model/types.ts';
import type { TokenSpan } from '../../src/text/sentiment/index.ts';
import { fold, type Token } from '../../src/text/tokenize.ts';

export interface OwnSentence {
  readonly label: SentimentLabel;
  readonly kind: string;
  /** The brand that the label is about; empty: the whole. */
  readonly about: string;
  readonly text: string;
}

export function ownSentences(language: 'fr' | 'en'): readonly OwnSentence[] {
  return readFileSync(new URL(`../fixtures/sentiment/${language}.tsv`, import.meta.url), 'utf8')
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => {
      const [label = '', kind = '', about = '', text = ''] = line.split('\t');
      return { label: label as SentimentLabel, kind, about, text };
    });
}

/** Where the tokens name a brand of one word. */
export function spansOf(brand: string, tokens: readonly Token[]): readonly TokenSpan[] {
  return tokens.flatMap(({ text }, at) => (text === fold(brand) ? [{ from: at, to: at + 1 }] : []));
}
