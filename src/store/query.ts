/**
 * The query language asked of a text index. What the index can say narrows the candidates; unless it says all of it, each
 * candidate is tried with the plain matcher, so that a store answers exactly as the matcher does.
 */
import type { Query } from '../model/types.ts';
import { isQueryNode, type QueryNode } from '../text/query/ast.ts';
import { documentOf, type Queried } from '../text/query/document.ts';
import { matches } from '../text/query/match.ts';
import { formsOf } from '../text/tokenize.ts';

/** How to find what a query asks for: every mention sought has both, the expression and the columns. */
export interface Plan {
  /** An FTS5 expression; absent: the index of terms cannot narrow them. */
  readonly match?: string;
  /** What the columns of the mention must hold; absent: anything. */
  readonly where?: Where;
  /** Whether the two find nothing else. */
  readonly exact: boolean;
  /** The plain matcher. */
  readonly test: (post: Queried) => boolean;
}

/** A condition on columns; `holds` says it of one value. */
export type Where =
  | {
      readonly op: 'column';
      readonly column: 'source' | 'brand' | 'language' | 'sentiment';
      readonly holds: (value: string) => boolean;
    }
  | { readonly op: 'and' | 'or'; readonly of: readonly Where[] }
  | { readonly op: 'not'; readonly of: Where };

/** Longer expressions cost more to parse than they save. */
const longestMatch = 20_000;

/** Plans a query. Throws a RangeError on a tree that is none of the query language's. */
export function planQuery(query: Query): Plan {
  if (!isQueryNode(query)) throw new RangeError(`no operation of the query language: ${query.op}`);
  const test = (post: Queried) => matches(query, documentOf(post));
  const { match, where, exact } = narrow(query, true);
  const columns = where === undefined ? {} : { where };
  if (match !== undefined && match.length > longestMatch) return { ...columns, exact: false, test };
  return { ...columns, ...(match !== undefined && { match }), exact, test };
}

type Narrowed = Omit<Plan, 'test'>;

const anything: Narrowed = { exact: false };

/** `whole`: the whole text is asked; when only a part of it is, what must not be there may still be elsewhere. */
function narrow(node: QueryNode, whole: boolean): Narrowed {
  switch (node.op) {
    case 'and':
      return all(node.of, whole);
    case 'or':
      return some(node.of.map((child) => narrow(child, whole)));
    case 'term':
      return { match: oneOf(formsOf(node.word).map(quote)), exact: whole };
    case 'hashtag':
      return { match: `${quote(`#${node.tag}`)}${node.prefix ? '*' : ''}`, exact: false };
    case 'handle':
      return { match: `${quote(`@${node.handle}`)}${node.prefix ? '*' : ''}`, exact: false };
    case 'emoji':
      return { match: quote(node.emoji), exact: false };
    case 'prefix':
      return beginning(node.word);
    case 'wildcard':
      return word(node.pattern);
    case 'phrase':
    case 'proximity':
      return together(node.words.map(word));
    case 'near':
    case 'onear':
      return near(node.left, node.right);
    case 'title':
      return narrow(node.of, false);
    case 'not': {
      const { match, where, exact } = narrow(node.of, whole);
      // Only what is exact may take candidates away.
      if (!exact || match !== undefined || where === undefined) return anything;
      return { where: { op: 'not', of: where }, exact };
    }
    case 'field':
      return whole ? column(node) : anything;
    // The exact characters of a text and numbers beside it are in no index.
    case 'raw':
    case 'number':
      return anything;
    default:
      return node satisfies never;
  }
}

function all(nodes: readonly QueryNode[], whole: boolean): Narrowed {
  const parts = nodes.map((node) => ({ node, narrowed: narrow(node, whole) }));
  const found = together(parts.map(({ narrowed }) => narrowed));
  let { match } = found;
  let exact = parts.length > 0;
  for (const { node, narrowed } of parts) {
    if (narrowed.exact) continue;
    const unwanted = node.op === 'not' && whole ? narrow(node.of, whole) : anything;
    if (match !== undefined && unwanted.exact && unwanted.match !== undefined && unwanted.where === undefined) {
      match = `(${match} NOT ${unwanted.match})`;
    } else exact = false;
  }
  return { ...found, ...(match !== undefined && { match }), exact };
}

/** Fields that are columns of their own, in which a value either matches or does not. */
function column(node: QueryNode & { readonly op: 'field' }): Narrowed {
  const by = (column: 'source' | 'brand' | 'language', post: (value: string) => Omit<Queried, 'text'>): Narrowed => ({
    where: { op: 'column', column, holds: (value) => matches(node, documentOf({ text: '', ...post(value) })) },
    exact: true,
  });
  switch (node.field) {
    case 'source':
      return by('source', (source) => ({ source }));
    case 'brand':
      return by('brand', (brand) => ({ brand }));
    case 'lang':
      return by('language', (language) => ({ language }));
    case 'sentiment':
      return { where: { op: 'column', column: 'sentiment', holds: (value) => value === node.value }, exact: true };
    default:
      return anything;
  }
}

/** Nearness is asked of each pair of what stands on its two sides, as the matcher asks it: `a NEAR (NOT b)` needs no a. */
function near(left: QueryNode, right: QueryNode): Narrowed {
  if (left.op === 'and') return together(left.of.map((child) => near(child, right)));
  if (left.op === 'or') return some(left.of.map((child) => near(child, right)));
  if (right.op === 'and') return together(right.of.map((child) => near(left, child)));
  if (right.op === 'or') return some(right.of.map((child) => near(left, child)));
  if (left.op === 'not' || right.op === 'not') return anything;
  return together([narrow(left, false), narrow(right, false)]);
}

function some(parts: readonly Narrowed[]): Narrowed {
  const expressions = parts.flatMap(({ match, where }) => (match === undefined || where !== undefined ? [] : [match]));
  const conditions = parts.flatMap(({ match, where }) => (where === undefined || match !== undefined ? [] : [where]));
  const exact = parts.every((part) => part.exact);
  if (parts.length === 0) return anything;
  if (expressions.length === parts.length) return { match: oneOf(expressions), exact };
  if (conditions.length === parts.length) return { where: { op: 'or', of: conditions }, exact };
  return anything;
}

/** All of the parts that narrow anything. */
function together(parts: readonly Narrowed[]): Narrowed {
  const expressions = parts.map((part) => part.match).filter((match) => match !== undefined);
  const conditions = parts.map((part) => part.where).filter((where) => where !== undefined);
  return {
    ...(expressions.length > 0 && { match: `(${expressions.join(' AND ')})` }),
    ...(conditions.length > 0 && { where: { op: 'and' as const, of: conditions } }),
    exact: false,
  };
}

/** A word of a phrase: as `#tag`, `@handle` or emoji it stands for itself; up to its first `?` or `*` the index knows it. */
function word(pattern: string): Narrowed {
  const open = pattern.search(/[?*]/);
  if (open >= 0) return beginning(pattern.slice(0, open));
  if (/^[#@]/.test(pattern)) return { match: quote(pattern), exact: false };
  return { match: oneOf(formsOf(pattern).map(quote)), exact: false };
}

function beginning(start: string): Narrowed {
  if (start === '' || start === '#' || start === '@') return anything;
  const forms = /^[#@]/.test(start) ? [start] : formsOf(start);
  return { match: oneOf(forms.map((form) => `${quote(form)}*`)), exact: false };
}

function oneOf(expressions: readonly string[]): string {
  return `(${expressions.join(' OR ')})`;
}

function quote(term: string): string {
  return `"${term.replaceAll('"', '""')}"`;
}
