/** The word lists of `wink-sentiment` and `natural`, read as plain data when a language is first needed. */
import { createRequire } from 'node:module';
import { fold, tokenize } from '../tokenize.ts';
import { pairsOf, type WordList, weightsOf } from './words.ts';
import { german } from './words-de.ts';
import { english as englishList } from './words-en.ts';
import { spanish } from './words-es.ts';
import { frenchIdle, frenchPhrases, frenchWords } from './words-fr.ts';
import { italian } from './words-it.ts';
import { portuguese } from './words-pt.ts';

const load = createRequire(import.meta.url);

/** What a scorer knows of one language. Weights are -1..1, words folded. */
export interface Vocabulary {
  readonly weights: ReadonlyMap<string, number>;
  /** Weight of a word by the one after it: `second → first → weight` reads `bad luck`. */
  readonly pairs: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Whether a negator before a pair turns it; pairs that hold their own negation are taken as they are. */
  readonly pairsTurn: boolean;
  /** Words that turn what follows within three words. */
  readonly negators: ReadonlySet<string>;
  /** Words that turn what stands before them too, within two words: `recommande pas`. */
  readonly negatorsAfter: ReadonlySet<string>;
  readonly boosters: ReadonlySet<string>;
  /** Words after which the sentence says what counts: `mais`. */
  readonly turns: ReadonlySet<string>;
  /** Words that begin another clause about something else: `tandis`. */
  readonly contrasts: ReadonlySet<string>;
}

type Pattern = Readonly<Record<string, { readonly form: string; readonly polarity: string }>>;
type Afinn = Readonly<Record<string, number>>;

const none: ReadonlySet<string> = new Set();
const noPairs: Vocabulary['pairs'] = new Map();

function set(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}

/** Several forms that fold to one word share their mean. */
function folding(entries: Iterable<readonly [string, number]>): Map<string, number> {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const [word, weight] of entries) {
    if (!Number.isFinite(weight)) continue;
    const tokens = tokenize(word);
    const key = tokens.length === 1 && tokens[0] ? tokens[0].text : '';
    if (!key || weight === 0) continue;
    const known = sums.get(key);
    if (known) {
      known.sum += weight;
      known.count += 1;
    } else sums.set(key, { sum: weight, count: 1 });
  }
  return new Map([...sums].map(([word, { sum, count }]) => [word, sum / count]));
}

function pattern(file: string): Map<string, number> {
  const data = load(`natural/lib/natural/sentiment/${file}`) as Pattern;
  return folding(Object.entries(data).map(([word, { polarity }]) => [word, Number(polarity)] as const));
}

function afinn(file: string): Map<string, number> {
  const data = load(file) as Afinn;
  return folding(Object.entries(data).map(([word, value]) => [word, value / 5] as const));
}

/** A package's list with our own words over it. */
function over(weights: Map<string, number>, list: WordList): Map<string, number> {
  for (const [word, weight] of weightsOf(list)) weights.set(word, weight);
  return weights;
}

function negations(file: string): ReadonlySet<string> {
  const { words } = load(`natural/lib/natural/sentiment/${file}`) as { readonly words: readonly string[] };
  return new Set(words.map(fold));
}

function english(): Vocabulary {
  const pairs = new Map<string, ReadonlyMap<string, number>>();
  const data = load('wink-sentiment/src/afinn-en-165-2grams.js') as Readonly<Record<string, Afinn>>;
  for (const [first, seconds] of Object.entries(data)) {
    pairs.set(fold(first), new Map(Object.entries(seconds).map(([second, value]) => [fold(second), value / 5])));
  }
  for (const [first, seconds] of pairsOf(englishList.phrases)) {
    pairs.set(first, new Map([...(pairs.get(first) ?? []), ...seconds]));
  }
  const weights = afinn('wink-sentiment/src/afinn-en-165.js');
  for (const [word, weight] of weightsOf(englishList)) if (!weights.has(word)) weights.set(word, weight);
  const negators = Object.keys(load('wink-sentiment/src/negations.js') as object);
  return {
    weights,
    pairs,
    pairsTurn: true,
    negators: new Set([
      ...negators.map((word) => word.replace("'", '')),
      ...'didnt doesnt wasnt werent havent hasnt hadnt couldnt neither nor nothing nobody without hardly barely aint'.split(
        ' ',
      ),
    ]),
    negatorsAfter: none,
    boosters: set('very really so extremely totally absolutely too fucking'),
    turns: set('but however yet though nevertheless'),
    contrasts: set('while whereas unlike than'),
  };
}

function french(): Vocabulary {
  const weights = pattern('French/pattern-sentiment-fr.json');
  for (const [word, weight] of Object.entries(frenchWords)) weights.set(word, weight);
  for (const word of frenchIdle) weights.delete(word);
  return {
    weights,
    pairs: pairsOf(frenchPhrases),
    pairsTurn: false,
    negators: set('pas jamais aucun aucune sans ni rien guere'),
    negatorsAfter: set('pas jamais rien guere aucun aucune'),
    boosters: set('tres trop vraiment tellement si super hyper totalement absolument completement'),
    turns: set('mais cependant pourtant toutefois neanmoins dommage heureusement malheureusement finalement'),
    contrasts: set('tandis alors contrairement quant'),
  };
}

const makers: Readonly<Record<string, () => Vocabulary>> = {
  en: english,
  fr: french,
  es: () => ({
    weights: over(afinn('natural/lib/natural/sentiment/Spanish/afinnShortSortedSpanish.json'), spanish),
    pairs: pairsOf(spanish.phrases),
    pairsTurn: false,
    negators: negations('Spanish/negations_es.json'),
    negatorsAfter: none,
    boosters: set('muy tan super demasiado'),
    turns: set('pero sino aunque lastima'),
    contrasts: set('mientras'),
  }),
  pt: () => ({
    weights: over(afinn('natural/lib/natural/sentiment/Portuguese/afinnShortSortedPortuguese.json'), portuguese),
    pairs: pairsOf(portuguese.phrases),
    pairsTurn: false,
    negators: negations('Portuguese/negations_pt.json'),
    negatorsAfter: none,
    boosters: set('muito tao super demais'),
    turns: set('mas porem contudo todavia'),
    contrasts: set('enquanto'),
  }),
  de: () => ({
    weights: over(pattern('German/pattern-sentiment-de.json'), german),
    pairs: pairsOf(german.phrases),
    pairsTurn: false,
    negators: new Set([...negations('German/negations_de.json'), ...'nie keine keinen keiner ohne'.split(' ')]),
    negatorsAfter: none,
    boosters: set('sehr so total echt richtig zu'),
    turns: set('aber jedoch sondern leider'),
    contrasts: set('wahrend'),
  }),
  it: () => ({
    weights: over(pattern('Italian/pattern-sentiment-it.json'), italian),
    pairs: pairsOf(italian.phrases),
    pairsTurn: false,
    negators: set('non mai nessun nessuno nessuna senza ne niente'),
    negatorsAfter: none,
    boosters: set('molto troppo davvero cosi super'),
    turns: set('ma pero tuttavia peccato'),
    contrasts: set('mentre invece'),
  }),
  nl: () => ({
    weights: pattern('Dutch/pattern-sentiment-nl.json'),
    pairs: noPairs,
    pairsTurn: false,
    negators: new Set([...negations('Dutch/negations_du.json'), 'geen', 'zonder']),
    negatorsAfter: none,
    boosters: set('heel erg zeer zo te'),
    turns: set('maar echter helaas'),
    contrasts: set('terwijl'),
  }),
};

const made = new Map<string, Vocabulary | undefined>();

/** The vocabulary of a language (ISO 639-1); undefined where there is none. */
export function vocabularyOf(language: string): Vocabulary | undefined {
  if (made.has(language)) return made.get(language);
  const vocabulary = Object.hasOwn(makers, language) ? makers[language]?.() : undefined;
  // Unknown languages are not kept: what names them comes from outside.
  if (vocabulary) made.set(language, vocabulary);
  return vocabulary;
}

let emojiWeights: ReadonlyMap<string, number> | undefined;

/** What emoji feel like in any language, -1..1, under the form that the tokenizer gives them. */
export function emojis(): ReadonlyMap<string, number> {
  if (emojiWeights) return emojiWeights;
  const data = load('wink-sentiment/src/emojis.js') as Afinn;
  const weights = new Map<string, number>();
  for (const [emoji, value] of Object.entries(data)) {
    const token = tokenize(emoji)[0];
    if (token && token.kind === 'emoji') weights.set(token.text, value / 5);
  }
  emojiWeights = weights;
  return weights;
}
