/** A scorer out of word lists: no training, every verdict explained by its words. */
import type { Sentiment, SentimentLabel } from '../../model/types.ts';
import type { Token } from '../tokenize.ts';
import { tokenize } from '../tokenize.ts';
import type { SentimentScorer } from './index.ts';
import type { Vocabulary } from './vocabulary.ts';
import { emojis, vocabularyOf } from './vocabulary.ts';

/** How a language's raw score becomes a label: chosen for macro-F1 on public training sets. */
interface Scale {
  /** Below it: negative. */
  readonly low: number;
  /** Above it: positive. */
  readonly high: number;
  /** How often a label was right there: where no word spoke, just beyond each threshold, and far beyond. */
  readonly silent: number;
  readonly nearLow: number;
  readonly nearHigh: number;
  readonly far: number;
}

const scales: Readonly<Record<string, Scale>> = {
  en: { low: -0.03, high: 0.2, silent: 0.55, nearLow: 0.52, nearHigh: 0.44, far: 0.85 },
  fr: { low: -0.03, high: 0.22, silent: 0.52, nearLow: 0.52, nearHigh: 0.44, far: 0.85 },
};
const plain: Scale = { low: -0.03, high: 0.15, silent: 0.43, nearLow: 0.52, nearHigh: 0.44, far: 0.8 };

/** A label that is less often right than this is a guess. */
const surely = 0.5;
/** Words that spoke and cancelled one another: seldom a neutral text. */
const mixed = 0.33;
/** Words that a text of ordinary length has; longer ones need more of them for the same score. */
const ordinaryLength = 15;
const mostWords = 8;
const emoticon = /(?<![\w:/])[:;=8x]['’]?-?([)\]}D3Pp*([{/|\\sSoO])(?![\w/])/g;
const emoticonWeights: Readonly<Record<string, number>> = {
  ')': 0.4,
  ']': 0.4,
  '}': 0.4,
  D: 0.6,
  '3': 0.4,
  P: 0.3,
  p: 0.3,
  '*': 0.5,
  '(': -0.5,
  '[': -0.5,
  '{': -0.5,
  '/': -0.4,
  '|': -0.2,
  '\\': -0.4,
  s: -0.3,
  S: -0.3,
};

const unknown: Sentiment = { label: 'neutral', score: 0, confidence: 0, unsure: true, words: [] };

/**
 * Scores by word lists: AFINN-165 with pairs of words, negations, emoji and emoticons of `wink-sentiment` for English,
 * the lists of `natural` with negation of our own for French, Spanish, Portuguese, German, Italian, Dutch. The lists
 * are read over our own tokens, the packages' tokenizers being the cost. A language without a list is neutral and
 * unsure, unless its emoji speak.
 */
export function createLexiconScorer(): SentimentScorer {
  return { score };
}

function score(text: string, language: string, tokens: readonly Token[] = tokenize(text)): Sentiment {
  const vocabulary = vocabularyOf(language);
  const hits: { readonly word: string; readonly weight: number }[] = [];
  let length = 0;
  const feelings = emojis();
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i];
    if (!token || token.kind === 'handle') continue;
    if (token.kind === 'emoji') {
      length += 1;
      const weight = feelings.get(token.text);
      if (weight) hits.push({ word: token.text, weight });
      continue;
    }
    length += 1;
    if (!vocabulary) continue;
    const word = token.kind === 'hashtag' ? token.text.slice(1) : token.text;
    const pair = vocabulary.pairs.get(word);
    if (pair) {
      const next = tokens[i + 1]?.text;
      const weight = next === undefined ? undefined : pair.get(next);
      if (weight !== undefined && next !== undefined) {
        const turned = vocabulary.pairsTurn && isTurned(tokens, i, vocabulary, false);
        if (weight !== 0) hits.push({ word: `${word} ${next}`, weight: turned ? -weight * turn : weight });
        length += 1;
        i += 1;
        continue;
      }
    }
    const own = vocabulary.weights.get(word);
    if (own === undefined) continue;
    const turned = isTurned(tokens, i, vocabulary, true);
    const previous = tokens[i - 1]?.text;
    const boosted = previous !== undefined && vocabulary.boosters.has(previous) ? 1.25 : 1;
    hits.push({ word, weight: turned ? -own * turn : own * boosted });
  }
  addEmoticons(text, hits);
  if (!vocabulary && hits.length === 0) return unknown;
  return verdict(hits, length, scales[language] ?? plain);
}

/** A turned word says the contrary, less strongly. */
const turn = 0.8;

function isTurned(tokens: readonly Token[], at: number, vocabulary: Vocabulary, after: boolean): boolean {
  for (let k = at - 1; k >= 0 && k >= at - 3; k -= 1) {
    const word = tokens[k]?.text ?? '';
    if (vocabulary.negators.has(word)) return true;
  }
  if (!after || vocabulary.negatorsAfter.size === 0) return false;
  // "ne recommande pas": the verb stands between its two halves, so the first half has to be there.
  const verb = isHalf(tokens[at]) || isHalf(tokens[at - 1]) || isHalf(tokens[at - 2]);
  for (let k = at + 1; k <= at + 2; k += 1) {
    const word = tokens[k]?.text;
    if (word !== undefined && vocabulary.negatorsAfter.has(word) && (verb || k === at + 1)) return true;
  }
  return false;
}

/** Whether a token is `ne`, or carries it as an elision. */
function isHalf(token: Token | undefined): boolean {
  return token !== undefined && (token.text === 'ne' || token.other.startsWith("n'"));
}

function addEmoticons(text: string, hits: { readonly word: string; readonly weight: number }[]): void {
  if (!/[:;=]/.test(text)) return;
  for (const match of text.matchAll(emoticon)) {
    const weight = emoticonWeights[match[1] ?? ''];
    if (weight) hits.push({ word: match[0], weight });
    if (hits.length > 200) return;
  }
}

function verdict(
  hits: readonly { readonly word: string; readonly weight: number }[],
  length: number,
  scale: Scale,
): Sentiment {
  let sum = 0;
  for (const { weight } of hits) sum += weight;
  const mean = hits.length > 0 ? sum / hits.length : 0;
  // Several words that agree say more than one: their number counts by its square root, the text's length against it.
  const strength = hits.length > 0 ? mean * Math.sqrt(hits.length / Math.max(1, length / ordinaryLength)) : 0;
  const value = Math.max(-1, Math.min(1, strength));
  const label: SentimentLabel = value < scale.low ? 'negative' : value > scale.high ? 'positive' : 'neutral';
  let confidence = scale.silent;
  if (label === 'neutral') {
    if (hits.length > 0) confidence = mixed;
  } else {
    const limit = label === 'negative' ? scale.low : scale.high;
    const beyond = Math.min(1, Math.abs(value - limit) / 0.6);
    const near = label === 'negative' ? scale.nearLow : scale.nearHigh;
    confidence = near + (scale.far - near) * beyond;
  }
  const pulling =
    label === 'neutral' ? hits : hits.filter(({ weight }) => (label === 'negative' ? weight < 0 : weight > 0));
  const words = pulling.length > 1 ? pulling.toSorted((a, b) => Math.abs(b.weight) - Math.abs(a.weight)) : pulling;
  const named = new Set(words.map(({ word }) => word));
  return {
    label,
    score: Math.round(value * 1000) / 1000,
    confidence: Math.round(confidence * 100) / 100,
    unsure: confidence < surely,
    words: [...named].slice(0, mostWords),
  };
}
