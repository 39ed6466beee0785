/** What is allowed in a query and most likely not meant: said before it floods somebody or stays silent for good. */
import type { Text } from '../../model/types.ts';
import type { QueryNode } from './ast.ts';
import { showQuery } from './ast.ts';
import { everyday, homonyms } from './everyday.ts';

/** One piece of advice about a clause. A query with advice works. */
export interface QueryAdvice {
  /** The clause as a person would write it. */
  readonly clause: string;
  readonly text: Text;
}

/**
 * Advice about a query that collects posts: an alternative that only excludes, a word so common that it floods, a brand
 * that is an everyday word without anything beside it, a clause that can never be true. A filter of posts that are
 * there already may well be a pure negation: do not lint filters.
 */
export function lintQuery(query: QueryNode): readonly QueryAdvice[] {
  const advice: QueryAdvice[] = [];
  for (const part of alternatives(query)) {
    if (isExclusion(part)) advice.push({ clause: showQuery(part), text: { key: 'query.onlyNot', values: {} } });
    const word = loneWord(part);
    if (word !== undefined && homonyms.has(word)) {
      advice.push({ clause: word, text: { key: 'query.homonym', values: { word } } });
    } else if (word !== undefined && (everyday.has(word) || /^[a-z0-9]$/.test(word))) {
      advice.push({ clause: word, text: { key: 'query.flood', values: { word } } });
    }
  }
  contradictions(query, advice);
  return advice;
}

function alternatives(query: QueryNode): readonly QueryNode[] {
  return query.op === 'or' ? query.of.flatMap(alternatives) : [query];
}

/** Whether a query holds for posts that have none of its words. */
function isExclusion(query: QueryNode): boolean {
  switch (query.op) {
    case 'not':
      return !isExclusion(query.of);
    case 'and':
      return query.of.every(isExclusion);
    case 'or':
      return query.of.some(isExclusion);
    default:
      return false;
  }
}

/** The one word that an alternative asks for, exclusions aside. */
function loneWord(query: QueryNode): string | undefined {
  if (query.op === 'term') return query.word;
  if (query.op !== 'and') return undefined;
  const wanted = query.of.filter((child) => !isExclusion(child));
  const [only] = wanted;
  return wanted.length === 1 && only?.op === 'term' ? only.word : undefined;
}

function contradictions(query: QueryNode, advice: QueryAdvice[]): void {
  switch (query.op) {
    case 'and': {
      const parts = query.of.flatMap((child) => (child.op === 'and' ? child.of : [child]));
      const required = new Set(parts.map(showQuery));
      for (const part of parts) {
        if (part.op !== 'not') continue;
        for (const excluded of alternatives(part.of)) {
          const clause = showQuery(excluded);
          if (required.has(clause)) advice.push({ clause, text: { key: 'query.neverTrue', values: { clause } } });
        }
      }
      for (const child of query.of) contradictions(child, advice);
      return;
    }
    case 'or':
      for (const child of query.of) contradictions(child, advice);
      return;
    case 'not':
    case 'title':
      contradictions(query.of, advice);
      return;
    default:
  }
}
