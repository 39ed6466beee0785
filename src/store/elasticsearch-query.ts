/**
 * The query language asked of Elasticsearch. Each tree becomes two queries: `sure` finds nothing that does not match, `maybe`
 * leaves out nothing that does. Where they are one, the server answers alone; what lies between them is fetched and tried with
 * the plain matcher, so that this store answers exactly as the others do.
 */
import type { Query } from '../model/types.ts';
import { isQueryNode, type QueryNode, typeValues } from '../text/query/ast.ts';
import { documentOf, type Queried } from '../text/query/document.ts';
import { matches } from '../text/query/match.ts';
import { formsOf, isOtherForm } from '../text/tokenize.ts';

type ByField<T> = { readonly [field: string]: T };

/** What of Elasticsearch's own query language is used here; one of the keys is there. */
export type Dsl = {
  readonly match_all?: ByField<never>;
  readonly match_none?: ByField<never>;
  readonly term?: ByField<string | boolean>;
  readonly terms?: ByField<readonly string[]>;
  readonly prefix?: ByField<{ readonly value: string }>;
  readonly regexp?: ByField<{ readonly value: string; readonly flags: string }>;
  readonly wildcard?: ByField<{ readonly value: string }>;
  readonly range?: ByField<{ readonly [bound: string]: number | string }>;
  readonly intervals?: ByField<Rule>;
  readonly ids?: { readonly values: readonly string[] };
  readonly bool?: {
    readonly filter?: readonly Dsl[];
    readonly should?: readonly Dsl[];
    readonly must_not?: readonly Dsl[];
    readonly minimum_should_match?: number;
  };
};

/** A rule about places in a text. */
type Rule = {
  readonly match?: { readonly query: string; readonly analyzer: string };
  readonly any_of?: { readonly intervals: readonly Rule[] };
  readonly all_of?: { readonly ordered: boolean; readonly max_gaps: number; readonly intervals: readonly Rule[] };
};

/** What can be asked of the server about a tree. */
export interface Bounds {
  readonly sure: Dsl;
  readonly maybe: Dsl;
  /** Whether the two are one. */
  readonly exact: boolean;
}

/** How to find what a query asks for. */
export interface ElasticsearchPlan extends Bounds {
  /** The plain matcher. */
  readonly test: (post: Queried) => boolean;
}

/** The fields that hold terms, one position after the other: of title and text, or of the title alone. */
type TermField = 'terms' | 'titleTerms';

const everything: Dsl = { match_all: {} };
const nothing: Dsl = { match_none: {} };
/** Words and values longer than this are tried here: the index holds only their beginnings. */
const longestWord = 200;
const longestPattern = 100;
/** The server refuses trees that are deeper or wider than it likes; these are well below. */
const deepest = 16;
const widest = 900;

/** Plans a query. Throws a RangeError on a tree that is none of the query language's. */
export function planForElasticsearch(query: Query): ElasticsearchPlan {
  if (!isQueryNode(query)) throw new RangeError(`no operation of the query language: ${query.op}`);
  const test = (post: Queried) => matches(query, documentOf(post));
  const bounds = boundsOf(query, 'terms');
  const affordable =
    fits(bounds.sure) && fits(bounds.maybe) ? bounds : { sure: nothing, maybe: everything, exact: false };
  return { ...affordable, test };
}

// ------------------------------------------------------------------ algebra

function exactly(query: Dsl): Bounds {
  return { sure: query, maybe: query, exact: true };
}

function between(sure: Dsl, maybe: Dsl): Bounds {
  return { sure, maybe, exact: false };
}

const unknown: Bounds = between(nothing, everything);

/** All of these queries. */
export function allOf(parts: readonly Dsl[]): Dsl {
  if (parts.some((part) => part.match_none)) return nothing;
  const filter = parts.flatMap((part) => (part.match_all ? [] : isFilter(part) ? (part.bool?.filter ?? []) : [part]));
  if (filter.length === 0) return everything;
  return filter.length === 1 && filter[0] ? filter[0] : { bool: { filter } };
}

/** One of these queries. */
export function oneOf(parts: readonly Dsl[]): Dsl {
  if (parts.some((part) => part.match_all)) return everything;
  const should: Dsl[] = [];
  // Words of one field are one list, however many: the server counts clauses.
  const words = new Map<string, Set<string>>();
  for (const part of parts.flatMap((part) => (isChoice(part) ? (part.bool?.should ?? []) : [part]))) {
    if (part.match_none) continue;
    const [field, values] = Object.entries(part.terms ?? {})[0] ?? [];
    if (field === undefined) {
      should.push(part);
      continue;
    }
    const known = words.get(field) ?? new Set();
    words.set(field, known);
    for (const value of values ?? []) known.add(value);
  }
  for (const [field, values] of words) should.push(anyTerm(field, [...values]));
  if (should.length === 0) return nothing;
  return should.length === 1 && should[0] ? should[0] : { bool: { should, minimum_should_match: 1 } };
}

/** What a query does not find. */
export function noneOf(query: Dsl): Dsl {
  if (query.match_all) return nothing;
  if (query.match_none) return everything;
  return { bool: { must_not: [query] } };
}

function isFilter({ bool }: Dsl): boolean {
  return bool?.filter !== undefined && Object.keys(bool).length === 1;
}

function isChoice({ bool }: Dsl): boolean {
  return bool?.should !== undefined && bool.minimum_should_match === 1 && bool.filter === undefined;
}

function all(parts: readonly Bounds[]): Bounds {
  const sure = allOf(parts.map((part) => part.sure));
  if (parts.every((part) => part.exact)) return exactly(sure);
  return between(sure, allOf(parts.map((part) => part.maybe)));
}

function some(parts: readonly Bounds[]): Bounds {
  const sure = oneOf(parts.map((part) => part.sure));
  if (parts.every((part) => part.exact)) return exactly(sure);
  return between(sure, oneOf(parts.map((part) => part.maybe)));
}

function not({ sure, maybe, exact }: Bounds): Bounds {
  return exact ? exactly(noneOf(sure)) : between(noneOf(maybe), noneOf(sure));
}

/** Values of one field as a query. */
export function anyTerm(field: string, values: readonly string[]): Dsl {
  return values.length === 0 ? nothing : { terms: { [field]: [...values] } };
}

/** Whether the server will take a query: how deep it is, and how many clauses it has. */
function fits(query: Dsl): boolean {
  let clauses = 0;
  const visit = ({ bool, intervals }: Dsl, depth: number): boolean => {
    clauses += 1;
    if (depth > deepest || clauses > widest) return false;
    if (intervals !== undefined) clauses += JSON.stringify(intervals).length / 30;
    if (bool === undefined) return clauses <= widest;
    return [bool.filter, bool.should, bool.must_not].every((part) =>
      (part ?? []).every((child) => visit(child, depth + 1)),
    );
  };
  return visit(query, 0);
}

// ------------------------------------------------------------------- the tree

function boundsOf(node: QueryNode, field: TermField): Bounds {
  switch (node.op) {
    case 'and':
      return all(node.of.map((child) => boundsOf(child, field)));
    case 'or':
      return some(node.of.map((child) => boundsOf(child, field)));
    case 'not':
      return not(boundsOf(node.of, field));
    case 'term':
      return has(node.word, field);
    case 'hashtag':
      return node.prefix ? beginning([`#${node.tag}`], field) : has(`#${node.tag}`, field);
    case 'handle':
      return node.prefix ? beginning([`@${node.handle}`], field) : has(`@${node.handle}`, field);
    case 'emoji':
      return node.emoji.length > longestWord ? unknown : exactly(anyTerm(field, [node.emoji]));
    case 'prefix':
      return beginning(formsWithin(node.word), field);
    case 'wildcard':
      return like(node.pattern, field);
    case 'phrase':
      return phrase(node.words, field);
    case 'proximity':
      return proximity(node.words, node.within, field);
    case 'near':
    case 'onear':
      return near(node.left, node.right, node.within, node.op === 'onear', field);
    case 'title':
      // Within a title there is no other title.
      if (field === 'titleTerms') return exactly(nothing);
      return all([exactly({ term: { hasTitle: true } }), boundsOf(node.of, 'titleTerms')]);
    case 'field':
      return field === 'terms' ? fieldBounds(node) : unknown;
    case 'number':
      return field === 'terms' ? numberBounds(node) : exactly(nothing);
    // The exact characters of a text are in no index.
    case 'raw':
      return unknown;
    default:
      return node satisfies never;
  }
}

/** The terms under which a bare word stands; `@word` is none where it is the full form of a handle, which has no bare word. */
function formsWithin(word: string): readonly string[] {
  return /[.@]/.test(word) ? formsOf(word).filter((form) => form !== `@${word}`) : formsOf(word);
}

/** One word without a pattern, as a term, a tag, a handle or an emoji. */
interface Word {
  /** Terms that stand at the word's own place in the row of terms. */
  readonly placed: readonly string[];
  /** Terms that stand behind the row: where they say the word is there, its place is not known. */
  readonly loose: readonly string[];
}

/** Undefined for a pattern, and for a word longer than the index holds. */
function wordOf(word: string): Word | undefined {
  if (/[?*]/.test(word) || word.length > longestWord) return undefined;
  const forms = /^[#@]/.test(word) ? [word] : formsWithin(word);
  return { placed: forms.filter((form) => !isOtherForm(form)), loose: forms.filter(isOtherForm) };
}

function has(word: string, field: TermField): Bounds {
  if (word.length > longestWord) return unknown;
  return exactly(anyTerm(field, /^[#@]/.test(word) ? [word] : formsWithin(word)));
}

function beginning(starts: readonly string[], field: TermField): Bounds {
  if (starts.some((start) => start.length > longestWord)) return unknown;
  return exactly(oneOf(starts.map((value) => ({ prefix: { [field]: { value } } }))));
}

/** A pattern as an expression on terms: it may be preceded by a sigil, and other forms hold apostrophes that it does not name. */
function like(pattern: string, field: TermField): Bounds {
  if (pattern.length > longestPattern) return unknown;
  const open = pattern.endsWith('*');
  const letters = Array.from(open ? pattern.slice(0, -1) : pattern);
  const expression = (one: string) => letters.map((letter) => (letter === '?' ? one : escaped(letter))).join("'?");
  const tail = open ? '.*' : '';
  const values = [`${expression("[^']")}${tail}`];
  if (!/^[#@]/.test(pattern)) values.push(`[#@]${expression("[^'.@]")}${tail}`);
  return exactly(oneOf(values.map((value) => ({ regexp: { [field]: { value, flags: 'NONE' } } }))));
}

function escaped(letter: string): string {
  return /[\p{L}\p{N}_']/u.test(letter) ? letter : `\\${letter}`;
}

/** A word of a phrase, wherever it stands. */
function present(word: string, field: TermField): Dsl {
  if (word.endsWith('*') && !word.includes('?')) {
    const start = word.slice(0, -1);
    return beginning(/^[#@]/.test(start) ? [start] : formsWithin(start), field).maybe;
  }
  return /[?*]/.test(word) ? like(word, field).maybe : has(word, field).maybe;
}

function placed({ placed }: Word): Rule {
  const rules = placed.map((query): Rule => ({ match: { query, analyzer: 'keyword' } }));
  return rules.length === 1 && rules[0] ? rules[0] : { any_of: { intervals: rules } };
}

function intervals(field: TermField, rule: Rule): Dsl {
  return { intervals: { [field]: rule } };
}

/**
 * Words whose places matter. The rule finds them where all stand in their own places; where a word is known by another form
 * alone, its place is not, and the mention has to be tried.
 */
function placedBounds(field: TermField, words: readonly Word[], rule: Rule, presence: Dsl): Bounds {
  const sure = words.every((word) => word.placed.length > 0) ? intervals(field, rule) : nothing;
  const loose = words.flatMap((word) => word.loose);
  if (loose.length === 0) return exactly(sure);
  return between(sure, oneOf([sure, allOf([presence, anyTerm(field, loose)])]));
}

function phrase(words: readonly string[], field: TermField): Bounds {
  if (words.length === 0) return exactly(nothing);
  const [only] = words;
  if (words.length === 1 && only !== undefined) return exactlyPresent(only, field);
  const presence = allOf(words.map((word) => present(word, field)));
  const plain = words.map(wordOf).filter((word) => word !== undefined);
  if (plain.length < words.length) return between(nothing, presence);
  return placedBounds(field, plain, inARow(plain), presence);
}

function inARow(words: readonly Word[]): Rule {
  return { all_of: { ordered: true, max_gaps: 0, intervals: words.map(placed) } };
}

function exactlyPresent(word: string, field: TermField): Bounds {
  if (/\?/.test(word)) return like(word, field);
  if (word.endsWith('*')) {
    const start = word.slice(0, -1);
    return beginning(/^[#@]/.test(start) ? [start] : formsWithin(start), field);
  }
  return has(word, field);
}

function proximity(words: readonly string[], within: number, field: TermField): Bounds {
  if (words.length === 0) return exactly(nothing);
  const presence = allOf(words.map((word) => present(word, field)));
  const plain = words.map(wordOf).filter((word) => word !== undefined);
  // A word that is asked for twice has to stand there twice, which the server does not tell.
  if (plain.length < words.length || new Set(words).size < words.length) return between(nothing, presence);
  const rule: Rule = { all_of: { ordered: false, max_gaps: within, intervals: plain.map(placed) } };
  return placedBounds(field, plain, rule, presence);
}

/** Nearness is asked of each pair of what stands on its two sides, as the matcher asks it: `a NEAR (NOT b)` needs no a. */
function near(left: QueryNode, right: QueryNode, within: number, ordered: boolean, field: TermField): Bounds {
  if (left.op === 'and') return all(left.of.map((child) => near(child, right, within, ordered, field)));
  if (left.op === 'not') return not(near(left.of, right, within, ordered, field));
  if (left.op === 'or') return some(left.of.map((child) => near(child, right, within, ordered, field)));
  if (right.op === 'and') return all(right.of.map((child) => near(left, child, within, ordered, field)));
  if (right.op === 'not') return not(near(left, right.of, within, ordered, field));
  if (right.op === 'or') return some(right.of.map((child) => near(left, child, within, ordered, field)));
  const presence = allOf([placedSomewhere(left, field), placedSomewhere(right, field)]);
  const a = placesOf(left);
  const b = placesOf(right);
  if (a === undefined || b === undefined) return presence.match_none ? exactly(nothing) : between(nothing, presence);
  const inOrder = (first: Rule, second: Rule): Rule => ({
    all_of: { ordered: true, max_gaps: within, intervals: [first, second] },
  });
  const forward = inOrder(a.rule, b.rule);
  const rule: Rule = ordered ? forward : { any_of: { intervals: [forward, inOrder(b.rule, a.rule)] } };
  return placedBounds(field, [...a.words, ...b.words], rule, presence);
}

/** One side of a nearness that is plain words in a row. */
function placesOf(node: QueryNode): { readonly words: readonly Word[]; readonly rule: Rule } | undefined {
  const one = (text: string) => {
    const word = wordOf(text);
    return word === undefined ? undefined : { words: [word], rule: placed(word) };
  };
  switch (node.op) {
    case 'term':
      return one(node.word);
    case 'emoji':
      return one(node.emoji);
    case 'hashtag':
      return node.prefix ? undefined : one(`#${node.tag}`);
    case 'handle':
      return node.prefix ? undefined : one(`@${node.handle}`);
    case 'phrase': {
      const words = node.words.map(wordOf).filter((word) => word !== undefined);
      if (words.length === 0 || words.length < node.words.length) return undefined;
      const [only] = words;
      return { words, rule: words.length === 1 && only ? placed(only) : inARow(words) };
    }
    default:
      return undefined;
  }
}

/** Mentions in which a side of a nearness can have a place at all. */
function placedSomewhere(node: QueryNode, field: TermField): Dsl {
  switch (node.op) {
    case 'and': {
      const wanted = node.of.filter((child) => child.op !== 'not');
      return wanted.length === 0 ? nothing : allOf(wanted.map((child) => placedSomewhere(child, field)));
    }
    case 'or':
      return oneOf(node.of.map((child) => placedSomewhere(child, field)));
    case 'near':
    case 'onear':
      return allOf([placedSomewhere(node.left, field), placedSomewhere(node.right, field)]);
    case 'not':
    case 'title':
    case 'field':
    case 'number':
    case 'raw':
      return nothing;
    default:
      return boundsOf(node, field).maybe;
  }
}

/** Fields of a post, which the index holds folded as queries are. */
function fieldBounds(node: QueryNode & { readonly op: 'field' }): Bounds {
  const { value, prefix } = node;
  if (value === '' || value.length > longestWord) return unknown;
  const is = (name: string): Dsl => (prefix ? { prefix: { [name]: { value } } } : anyTerm(name, [value]));
  const holds = (name: string): Dsl => ({
    wildcard: { [name]: { value: `*${value.replaceAll(/[*?\\]/g, '\\$&')}*` } },
  });
  /** Of what is long, the index holds the beginning. */
  const long = (name: string): Dsl => anyTerm('long', [name]);
  switch (node.field) {
    case 'source':
    case 'brand':
    case 'topic':
    case 'country':
    case 'from':
      return exactly(is(`asked.${node.field}`));
    case 'lang':
      return exactly(anyTerm('asked.lang', [value]));
    case 'sentiment':
      return exactly(anyTerm('feeling', [value]));
    case 'type':
      return typeValues.some((type) => type === value) ? exactly(anyTerm('asked.type', [value])) : unknown;
    case 'site':
      return exactly(prefix ? is('asked.host') : anyTerm('asked.site', [value]));
    case 'author':
      return between(is('asked.from'), oneOf([is('asked.from'), holds('asked.name'), long('name')]));
    case 'url':
    case 'links':
      return between(holds(`asked.${node.field}`), oneOf([holds(`asked.${node.field}`), long(node.field)]));
    default:
      return unknown;
  }
}

function numberBounds({ field, compare, value }: QueryNode & { readonly op: 'number' }): Bounds {
  if (!Number.isFinite(value)) return unknown;
  switch (compare) {
    case '<':
      return exactly({ range: { [field]: { lt: value } } });
    case '<=':
      return exactly({ range: { [field]: { lte: value } } });
    case '>':
      return exactly({ range: { [field]: { gt: value } } });
    case '>=':
      return exactly({ range: { [field]: { gte: value } } });
    default:
      return exactly({ range: { [field]: { gte: value, lte: value } } });
  }
}
