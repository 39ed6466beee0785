/** A scorer by trained weights: a linear model for each language, explained by what each word added. */
import { existsSync } from 'node:fs';
import type { Sentiment, SentimentLabel } from '../../model/types.ts';
import type { Token } from '../tokenize.ts';
import { tokenize } from '../tokenize.ts';
import type { Reading, Unit } from './features.ts';
import {
  createReading,
  groupWeights,
  LETTERS,
  LEXICON,
  mostUnits,
  NEGATED,
  PAIRS,
  pairIndex,
  readText,
  SHAPE,
  sumOpinions,
  unitOf,
  WORDS,
} from './features.ts';
import type { SentimentScorer, TokenSpan } from './index.ts';
import { createLexiconScorer } from './lexicon.ts';
import type { Vocabulary } from './vocabulary.ts';
import { vocabularyOf } from './vocabulary.ts';
import type { Model } from './weights.ts';
import { readModel } from './weights.ts';

/** What a unit adds: sums over its features, for negative and for positive. */
interface ScoredUnit extends Unit {
  readonly text: string;
  readonly words: number;
  readonly wordsNegative: number;
  readonly wordsPositive: number;
  readonly letters: number;
  readonly lettersNegative: number;
  readonly lettersPositive: number;
  readonly marks: number;
  readonly markedNegative: number;
  readonly markedPositive: number;
}

interface Engine {
  readonly model: Model;
  readonly mask: number;
  readonly unit: (key: string, raw: string) => ScoredUnit;
}

/** Words remembered per language; twice as many at most are in memory. */
const rememberedWords = 40_000;
/** Longer ones are read anew each time. */
const longestRemembered = 60;
const mostWords = 8;
/** What a clause weighs that does not name the brand, against one that does. */
const elsewhere = 0.3;
/** A clause with fewer words than this says nothing by itself: the next one is read with it. */
const fewestInClause = 3;
/** A word has to move the verdict by this much to be named. */
const leastPull = 0.04;

/** A verdict that rests on no word of feeling is a guess below this: the training texts are mostly reviews, and plain talk is not. */
const SURE_WITHOUT_A_WORD = 0.8;

const unknown: Sentiment = { label: 'neutral', score: 0, confidence: 0, unsure: true, words: [] };

/**
 * Scores by the trained model of the language; languages without one are scored by word lists.
 * `folder` holds the model files (`fr.bin`, …): the program's own when left out. A file is read when its language is first needed.
 */
export function createLinearScorer(options: { readonly folder?: URL } = {}): SentimentScorer {
  const folder = options.folder ?? new URL('./model/', import.meta.url);
  const lexicon = createLexiconScorer();
  const engines = new Map<string, Engine>();
  const without = new Set<string>();
  const reading = createReading<ScoredUnit>();
  const pulls = new Float64Array(mostUnits);
  return {
    score(text, language, tokens = tokenize(text), about) {
      let engine = engines.get(language);
      if (!engine) {
        engine = without.has(language) ? undefined : engineOf(language, folder);
        if (engine) engines.set(language, engine);
        // Languages come from outside: only those that a file could be named after are remembered.
        else if (/^[a-z]{2}$/.test(language)) without.add(language);
      }
      if (!engine) return lexicon.score(text, language, tokens);
      return judge(engine, text, tokens, reading, pulls, about);
    },
  };
}

/** The same text in memory of its own. */
function detached(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'utf16le').toString('utf16le');
}

function engineOf(language: string, folder: URL): Engine | undefined {
  if (!/^[a-z]{2}$/.test(language)) return undefined;
  const file = new URL(`${language}.bin`, folder);
  if (!existsSync(file)) return undefined;
  const model = readModel(file);
  const mask = 2 ** model.header.bits - 1;
  const vocabulary = vocabularyOf(language);
  let recent = new Map<string, ScoredUnit>();
  let older = new Map<string, ScoredUnit>();
  const unit = (key: string, raw: string): ScoredUnit => {
    const id = raw === '' ? key : raw;
    const known = recent.get(id);
    if (known) return known;
    if (id.length > longestRemembered) return scoredUnit(key, raw, vocabulary, model, mask);
    // A long slice of a text would keep the whole text in memory.
    const made = older.get(id) ?? scoredUnit(detached(key), raw, vocabulary, model, mask);
    if (recent.size >= rememberedWords) {
      older = recent;
      recent = new Map();
    }
    recent.set(detached(id), made);
    return made;
  };
  return { model, mask, unit };
}

function sumOf(indices: Int32Array, bytes: Uint8Array, side: 0 | 1, values: Float64Array): number {
  let sum = 0;
  for (const index of indices) sum += values[bytes[index * 2 + side] as number] as number;
  return sum;
}

function scoredUnit(
  key: string,
  raw: string,
  vocabulary: Vocabulary | undefined,
  { bytes, negative, positive }: Model,
  mask: number,
): ScoredUnit {
  const unit = unitOf(key, raw, vocabulary, mask);
  const { hash, lexicon, pairs, negator, negatorAfter, turns, contrasts, ironic, kind, words, letters, negated } = unit;
  return {
    hash,
    lexicon,
    pairs,
    negator,
    negatorAfter,
    turns,
    contrasts,
    ironic,
    kind,
    text: kind === 'link' || kind === 'handle' || kind === 'number' ? '' : key,
    words: words.length,
    wordsNegative: sumOf(words, bytes, 0, negative),
    wordsPositive: sumOf(words, bytes, 1, positive),
    letters: letters.length,
    lettersNegative: sumOf(letters, bytes, 0, negative),
    lettersPositive: sumOf(letters, bytes, 1, positive),
    marks: negated.length,
    markedNegative: sumOf(negated, bytes, 0, negative),
    markedPositive: sumOf(negated, bytes, 1, positive),
  };
}

function part(group: number, count: number): number {
  return count > 0 ? (groupWeights[group] as number) / Math.sqrt(count) : 0;
}

function judge(
  { model, mask, unit }: Engine,
  text: string,
  tokens: readonly Token[],
  reading: Reading<ScoredUnit>,
  pulls: Float64Array,
  about: readonly TokenSpan[] | undefined,
): Sentiment {
  readText(text, tokens, unit, reading, mask);
  const { header, bytes, negative: ofNegative, positive: ofPositive } = model;
  const { count, units, negated, opinion, importance } = reading;
  if (count === 0) return unknown;
  const reversed = about !== undefined && about.length > 0 && weighClauses(reading, about, text, tokens);
  if (about !== undefined && about.length > 0) sumOpinions(reading, mask);
  let words = 0;
  let wordsNegative = 0;
  let wordsPositive = 0;
  let letters = 0;
  let lettersNegative = 0;
  let lettersPositive = 0;
  let marks = 0;
  let markedNegative = 0;
  let markedPositive = 0;
  let pairs = 0;
  let pairsNegative = 0;
  let pairsPositive = 0;
  let hash = 0;
  for (let i = 0; i < count; i += 1) {
    const made = units[i] as ScoredUnit;
    const by = importance[i] as number;
    words += by * made.words;
    wordsNegative += by * made.wordsNegative;
    wordsPositive += by * made.wordsPositive;
    letters += by * made.letters;
    lettersNegative += by * made.lettersNegative;
    lettersPositive += by * made.lettersPositive;
    if (negated[i] === 1) {
      marks += by * made.marks;
      markedNegative += by * made.markedNegative;
      markedPositive += by * made.markedPositive;
    }
    if (i > 0) {
      const at = pairIndex(hash, made.hash, mask) * 2;
      pairs += by;
      pairsNegative += by * (ofNegative[bytes[at] as number] as number);
      pairsPositive += by * (ofPositive[bytes[at + 1] as number] as number);
    }
    hash = made.hash;
  }
  const perWord = part(WORDS, words);
  const perLetter = part(LETTERS, letters);
  const perMark = part(NEGATED, marks);
  const perPair = part(PAIRS, pairs);
  let negative =
    header.bias[0] +
    perWord * wordsNegative +
    perLetter * lettersNegative +
    perMark * markedNegative +
    perPair * pairsNegative;
  let positive =
    header.bias[1] +
    perWord * wordsPositive +
    perLetter * lettersPositive +
    perMark * markedPositive +
    perPair * pairsPositive;
  const perShape = part(SHAPE, reading.shapes);
  for (let i = 0; i < reading.shapes; i += 1) {
    const at = (reading.shape[i] as number) * 2;
    negative += perShape * (ofNegative[bytes[at] as number] as number);
    positive += perShape * (ofPositive[bytes[at + 1] as number] as number);
  }
  const perLexicon = part(LEXICON, reading.lexicons);
  let listsNegative = 0;
  let listsPositive = 0;
  for (let i = 0; i < reading.lexicons; i += 1) {
    const at = (reading.lexicon[i] as number) * 2;
    listsNegative += perLexicon * (ofNegative[bytes[at] as number] as number);
    listsPositive += perLexicon * (ofPositive[bytes[at + 1] as number] as number);
  }
  negative += listsNegative;
  positive += listsPositive;

  // What is said of the other brand in a comparison, and praise beside a sign of irony, mean the contrary.
  const contrary = reversed || (positive > negative && isIronic(reading, text));
  const n = Math.exp((contrary ? positive : negative) / header.temperature);
  const p = Math.exp((contrary ? negative : positive) / header.temperature);
  const all = n + p + 1;
  const label: SentimentLabel = n > p ? (n > 1 ? 'negative' : 'neutral') : p > 1 ? 'positive' : 'neutral';
  const confidence = Math.max(n, p, 1) / all;

  // How much each word moved the verdict: away from the other pole, or from both.
  const pole = label === 'neutral' ? 0 : (label === 'negative') === contrary ? 1 : -1;
  const toNegative = pole === 0 ? -0.5 : -pole;
  const toPositive = pole === 0 ? -0.5 : pole;
  let opinions = 0;
  for (let i = 0; i < count; i += 1) opinions += Math.abs(opinion[i] as number);
  const lists =
    opinions > 0 && label !== 'neutral' ? (toNegative * listsNegative + toPositive * listsPositive) / opinions : 0;
  for (let i = 0; i < count; i += 1) {
    const made = units[i] as ScoredUnit;
    const by = importance[i] as number;
    const own = opinion[i] as number;
    let pull =
      toNegative * (perWord * made.wordsNegative + perLetter * made.lettersNegative) +
      toPositive * (perWord * made.wordsPositive + perLetter * made.lettersPositive);
    if (negated[i] === 1) pull += perMark * (toNegative * made.markedNegative + toPositive * made.markedPositive);
    if (own < 0 === toNegative > toPositive) pull += Math.max(0, lists) * Math.abs(own);
    pulls[i] = made.text === '' || (made.kind === 'word' && made.text.length < 3) ? 0 : by * pull;
  }
  return {
    label,
    score: Math.round(((p - n) / all) * 1000) / 1000,
    confidence: Math.round(confidence * 1000) / 1000,
    unsure: confidence < (label !== 'neutral' && opinions === 0 ? SURE_WITHOUT_A_WORD : header.unsureBelow),
    words: strongest(units, pulls, count, label === 'neutral' ? 3 : mostWords),
  };
}

/** The words that pulled most, strongest first, each once. */
function strongest(
  units: readonly (ScoredUnit | undefined)[],
  pulls: Float64Array,
  count: number,
  most: number,
): readonly string[] {
  const words: string[] = [];
  let limit = 0;
  while (words.length < most) {
    let best = -1;
    let pull = Math.max(leastPull, limit * 0.15);
    for (let i = 0; i < count; i += 1) {
      if ((pulls[i] as number) > pull) {
        pull = pulls[i] as number;
        best = i;
      }
    }
    if (best < 0) break;
    if (words.length === 0) limit = pull;
    const word = (units[best] as ScoredUnit).text;
    pulls[best] = 0;
    const shown = word.startsWith('\u0001') ? word.slice(1) : word;
    if (!words.includes(shown)) words.push(shown);
  }
  return words;
}

/** Praise that takes itself back at its end: `… or not`, `/s`. */
const takenBack = /(?:\s\/s|(?:…|\.{2,}|\()\s*(?:ou pas|ou non|non|not|or not))[\s.!)]*$/i;

function isIronic({ count, units }: Reading<ScoredUnit>, text: string): boolean {
  for (let i = 0; i < count; i += 1) if (units[i]?.ironic) return true;
  const last = text.charCodeAt(text.length - 1) | 0x20;
  // Cheap first: such an end is a letter, a full stop, an exclamation mark or a bracket.
  return (
    (last === 0x73 || last === 0x74 || last === 0x6e || last === 0x2e || last === 0x21 || last === 0x29) &&
    takenBack.test(text.slice(-16))
  );
}

const than: ReadonlySet<string> = new Set(['than', 'que', "qu'", 'als', 'di', 'do']);
const better: ReadonlySet<string> = new Set(
  'better worse meilleur meilleure meilleurs meilleures mieux pire pires mejor peor melhor pior besser schlechter meglio peggio prefere preferer'.split(
    ' ',
  ),
);

/** A word with a capital, or a handle. */
function isName(text: string, token: Token | undefined): boolean {
  if (!token) return false;
  if (token.kind !== 'word') return token.kind === 'handle';
  const first = text.charAt(token.start);
  return first !== first.toLowerCase();
}

/**
 * The clause that names the brand counts whole, and what follows it in the sentence; the rest counts less.
 * Answers whether the brand is what another is compared with (`better than Acme`): the verdict then turns round.
 */
function weighClauses(
  reading: Reading<ScoredUnit>,
  about: readonly TokenSpan[],
  text: string,
  tokens: readonly Token[],
): boolean {
  const { count, clause, sentence, tokenOf, importance, units } = reading;
  let any = false;
  let reversed = false;
  for (let i = 0; i < count; i += 1) {
    const token = tokenOf[i] as number;
    const span = about.find(({ from, to }) => token >= from && token < to);
    if (!span) continue;
    if (!any) for (let k = 0; k < count; k += 1) importance[k] = elsewhere;
    any = true;
    let from = i;
    while (from > 0 && clause[from - 1] === clause[i]) from -= 1;
    if (than.has(units[i - 1]?.text ?? '')) {
      for (let k = Math.max(0, i - 6); k < i - 1; k += 1) {
        if (!better.has(units[k]?.text ?? '')) continue;
        reversed = true;
        importance.fill(1, 0, i);
      }
    }
    let others = 0;
    for (let k = from; k < count; k += 1) {
      const at = tokenOf[k] as number;
      const inside = at >= span.from && at < span.to;
      const enough = others >= fewestInClause;
      if (enough && sentence[k] !== sentence[i]) break;
      // After a comma, a name is likely to be another brand.
      if (k > i && clause[k] !== clause[k - 1] && !inside && isName(text, tokens[at])) break;
      if (!inside) others += 1;
      importance[k] = 1;
    }
  }
  return reversed;
}
