/** What a mention says, feature by feature: words without their plural, bodies of hashtags, telling emoji, topics. */
import type { Brand, Mention } from '../../model/types.ts';
import type { QueryNode } from '../../text/query/ast.ts';
import { parseQuery } from '../../text/query/parse.ts';
import { isOtherForm, terms } from '../../text/tokenize.ts';
import { MOST_FEATURES } from './doc-log.ts';
import { hash24 } from './letters.ts';
import { topicsOf } from './topics.ts';
import { decorations, stopWords } from './stop-words.ts';

/** Terms that are looked at in a long text. */
const MOST_TERMS = 400;
/** No word is longer: what is longer is an address or noise. */
const LONGEST = 40;
const SHORTEST = 3;

export type Feature = {
  /** As it is shown. */
  readonly name: string;
  /** 24 bits. */
  readonly code: number;
};

/** The different features of a mention, in the order of the text; `own`: words that name the brand. */
export function featuresOf(mention: Mention, own: ReadonlySet<string>): Feature[] {
  const found: Feature[] = [];
  const add = (name: string, key: string): void => {
    const code = hash24(key);
    if (!found.some((feature) => feature.code === code)) found.push({ name, code });
  };
  for (const topic of mention.topics) add(`topic:${topic}`, `topic:${topic}`);
  const topics: string[] = [];
  const most = Math.min(mention.terms.length, MOST_TERMS);
  for (let i = 0; i < most && found.length < MOST_FEATURES; i++) {
    const term = mention.terms[i] ?? '';
    const word = wordOf(term);
    const said = term.charCodeAt(0) === 0x23 ? term.slice(1) : term;
    for (const topic of topicsOf(said)) if (!topics.includes(topic)) topics.push(topic);
    if (word === '' || own.has(word)) continue;
    add(said, word);
  }
  for (const topic of topics) add(`topic:${topic}`, `topic:${topic}`);
  return found;
}

/** The key under which a term counts; empty for what never counts: handles, numbers, small words, decoration. */
export function wordOf(term: string): string {
  const first = term.charCodeAt(0);
  if (first === 0x40 || term.length > LONGEST) return '';
  if (first >= 0x2000) {
    if (isEmoji(term)) return decorations.has(term) ? '' : term;
  }
  const body = first === 0x23 ? term.slice(1) : term;
  if (body.length < SHORTEST || isNumber(body)) return '';
  // A form that stands for another one of the same text would count it twice.
  if (first !== 0x23 && isOtherForm(term)) return '';
  const word = singular(body);
  return stopWords.has(word) || stopWords.has(body) ? '' : word;
}

/** Takes the plural off: enough for `bags` and `valises` to be one with `bag` and `valise`. */
export function singular(word: string): string {
  const { length } = word;
  if (length < 4 || word.charCodeAt(length - 1) !== 0x73) return word;
  const before = word.charAt(length - 2);
  if (before === 's' || before === 'u' || before === 'i') return word;
  if (before === 'e' && word.charAt(length - 3) === 'i' && length > 4) return `${word.slice(0, -3)}y`;
  return word.slice(0, -1);
}

/** The words that name a brand: its name, its handles, and what its query takes for its name. */
export function ownWords(brand: Brand): ReadonlySet<string> {
  const own = new Set<string>();
  const add = (word: string): void => {
    const body = word.replace(/^[#@]/, '');
    own.add(body);
    own.add(singular(body));
  };
  const name = terms(brand.name).filter((term) => !isOtherForm(term));
  for (const word of name) add(word);
  add(name.join(''));
  add(brand.id);
  add(brand.id.replaceAll('-', ''));
  for (const accounts of Object.values(brand.own))
    for (const account of accounts) for (const term of terms(account)) add(term);
  const { query } = parseQuery(brand.query);
  if (query) for (const word of namesIn(query)) add(word);
  return own;
}

/**
 * The words by which a query knows the brand. Alternatives beside a required word give the context (`orange AND (fibre OR box)`)
 * and are left out: they are what is said of it.
 */
function namesIn(node: QueryNode): string[] {
  switch (node.op) {
    case 'or':
      return node.of.flatMap(namesIn);
    case 'and': {
      const required = node.of.filter(({ op }) => op !== 'or' && op !== 'not');
      return (required.length > 0 ? required : node.of.slice(0, 1)).flatMap(namesIn);
    }
    case 'term':
    case 'prefix':
      return [node.word];
    case 'phrase':
      return [...node.words, node.words.join('')];
    case 'hashtag':
      return [node.tag];
    case 'handle':
      return [node.handle];
    case 'raw':
      return [...terms(node.text)];
    case 'title':
      return namesIn(node.of);
    default:
      return [];
  }
}

/** `737`, `10h30`, `1st`, `25min`: a number, whatever it counts. `4u9525` is a name. */
const numberLike = /^\d+[a-z]{0,3}\d{0,2}$/;

function isNumber(word: string): boolean {
  const first = word.charCodeAt(0);
  return first >= 0x30 && first <= 0x39 && numberLike.test(word);
}

const pictures = /\p{Extended_Pictographic}|\p{Regional_Indicator}/u;

function isEmoji(term: string): boolean {
  return pictures.test(term);
}
