/** Texts a second on one core, the packages beside ours in the same run; and how many of our own sentences each gets right. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { SentimentLabel } from '../../src/model/types.ts';
import { createScorer } from '../../src/text/sentiment/index.ts';
import { tokenize } from '../../src/text/tokenize.ts';
import { testData } from '../support/data.ts';
import { ownSentences, spansOf } from '../support/own-sentences.ts';

const load = createRequire(import.meta.url);

/** A judge of raw texts. */
type Judge = (text: string, language: 'fr' | 'en', about?: string) => SentimentLabel;

const linear = createScorer('linear');
const lexicon = createScorer('lexicon');

const ours: Judge = (text, language, about = '') => {
  const tokens = tokenize(text);
  return linear.score(text, language, tokens, about === '' ? undefined : spansOf(about, tokens)).label;
};
const whole: Judge = (text, language) => linear.score(text, language).label;
const lists: Judge = (text, language) => lexicon.score(text, language).label;

/** `wink-sentiment` knows English alone. */
function wink(): Judge {
  const judge = load('wink-sentiment') as (text: string) => { readonly normalizedScore: number };
  return (text) => signOf(judge(text).normalizedScore);
}

/** `natural`'s analyser: AFINN for English, pattern for French, words cut at white space and punctuation as its own tokenizer does. */
function natural(): Judge {
  const Analyzer = load('natural/lib/natural/sentiment/SentimentAnalyzer.js') as new (
    language: string,
    stemmer: null,
    type: string,
  ) => { getSentiment(words: readonly string[]): number };
  const english = new Analyzer('English', null, 'afinn');
  const french = new Analyzer('French', null, 'pattern');
  return (text, language) => {
    const words = text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? [];
    return signOf((language === 'fr' ? french : english).getSentiment(words));
  };
}

function signOf(score: number): SentimentLabel {
  return score > 0 ? 'positive' : score < 0 ? 'negative' : 'neutral';
}

/** Shares of our own sentences that a judge gets right, 0..1, by kind. */
function rightOnOwn(judge: Judge, language: 'fr' | 'en'): Readonly<Record<string, number>> {
  const kinds = new Map<string, { right: number; all: number }>();
  for (const { kind, label, about, text } of ownSentences(language)) {
    const right = judge(text, language, about) === label ? 1 : 0;
    for (const key of ['all', kind]) {
      const known = kinds.get(key) ?? { right: 0, all: 0 };
      known.right += right;
      known.all += 1;
      kinds.set(key, known);
    }
  }
  return Object.fromEntries([...kinds].map(([kind, { right, all }]) => [kind, round(right / all)]));
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

const SECONDS = 1.5;

/** Texts a second; the texts are gone through again and again, after one round that is not counted. */
function speed(texts: readonly string[], judge: (text: string, at: number) => unknown): number {
  for (const [at, text] of texts.entries()) judge(text, at);
  let done = 0;
  const started = performance.now();
  let seconds = 0;
  while (seconds < SECONDS) {
    for (let i = 0; i < 500; i += 1) {
      judge(texts[done % texts.length] as string, done % texts.length);
      done += 1;
    }
    seconds = (performance.now() - started) / 1000;
  }
  return Math.round(done / seconds);
}

export async function bench(): Promise<object | undefined> {
  const judges: Readonly<Record<string, Judge>> = {
    ours,
    oursWithoutBrand: whole,
    lexicon: lists,
    natural: natural(),
    wink: wink(),
  };
  const ownRight = Object.fromEntries(
    (['fr', 'en'] as const).map((language) => [
      language,
      Object.fromEntries(
        Object.entries(judges)
          .filter(([name]) => language === 'en' || name !== 'wink')
          .map(([name, judge]) => [name, rightOnOwn(judge, language)]),
      ),
    ]),
  );
  const file = testData('tweeteval-sentiment/train_rebuilt.tsv', 'speed of sentiment on tweets');
  if (!file) return { ownRight };
  // All of them, so that words are met as rarely as in a stream.
  const texts = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split('\t')[1] ?? '')
    .filter((text) => text !== '');
  const some = texts.slice(0, 20_000);
  const tokens = some.map((text) => tokenize(text));
  return {
    ownRight,
    textsPerSecond: {
      ours: speed(texts, (text) => linear.score(text, 'en', tokenize(text))),
      oursTokensGiven: speed(some, (text, at) => linear.score(text, 'en', tokens[at])),
      lexicon: speed(texts, (text) => lexicon.score(text, 'en', tokenize(text))),
      natural: speed(texts, (text) => judges['natural']?.(text, 'en')),
      wink: speed(texts, (text) => judges['wink']?.(text, 'en')),
    },
    texts: texts.length,
  };
}
