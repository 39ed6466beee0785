/**
 * The query language asked of a text index. What the index can say narrows the candidates; unless it says all of it, each
 * candidate is tried with the plain matcher, so that a store answers exactly as the matcher does.
 */
import type { Query } from '../model/types.ts';
import { isQueryNode, type QueryNode } from '../text/query/ast.ts';
import { documentOf, type Queried } from '../text/query/document.ts';
import { matches } from '../text/query/match.ts';
import { formsOf } from '../text/tokenize.ts';

/** How to find what a query asks for. */
export interface Plan {
  /** An FTS5 expression that every mention sought matches; absent: the index cannot narrow them. */
  readonly match?: string;
  /** Whether the expression finds nothing else. */
  readonly exact: boolean;
  /** The plain matcher. */
  readonly test: (post: Queried) => boolean;
}

/** Longer expressions cost more to parse than they save. */
const longestMatch = 20_000;

/** Plans a query. Throws a RangeError on a tree that is none of the query language's. */
export function planQuery(query: Query): Plan {
  if (!isQueryNode(query)) throw new RangeError(`no operation of the query language: ${query.op}`);
  const test = (post: Queried) => matches(query, documentOf(post));
  const { match, exact } = narrow(query, true);
  return match === undefined || match.length > longestMatch ? { exact: false, test } : { match, exact, test };
}

interface Narrowed {
  readonly match?: string;
  readonly exact: boolean;
}

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
    // What is left out of a text, its exact characters, and what stands beside it: not in the index of its terms.
    case 'not':
    case 'raw':
    case 'field':
    case 'number':
      return anything;
    default:
      return node satisfies never;
  }
}

function all(nodes: readonly QueryNode[], whole: boolean): Narrowed {
  const wanted = nodes.filter((node) => node.op !== 'not').map((node) => narrow(node, whole));
  const found = together(wanted);
  if (found.match === undefined) return anything;
  let exact = wanted.every((part) => part.exact);
  let { match } = found;
  for (const node of nodes) {
    if (node.op !== 'not') continue;
    const unwanted = whole ? narrow(node.of, whole) : anything;
    // Only an exact expression may take candidates away.
    if (unwanted.exact && unwanted.match !== undefined) match = `(${match} NOT ${unwanted.match})`;
    else exact = false;
  }
  return { match, exact };
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
  const expressions = parts.map((part) => part.match).filter((match) => match !== undefined);
  if (expressions.length < parts.length || expressions.length === 0) return anything;
  return { match: oneOf(expressions), exact: parts.every((part) => part.exact) };
}

/** All of the parts that narrow anything. */
function together(parts: readonly Narrowed[]): Narrowed {
  const expressions = parts.map((part) => part.match).filter((match) => match !== undefined);
  return expressions.length === 0 ? anything : { match: `(${expressions.join(' AND ')})`, exact: false };
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
