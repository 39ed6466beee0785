/** Why a document matches a query, or what was missing: clause by clause, with the places in the text. */
import type { Token } from '../tokenize.ts';
import type { QueryNode } from './ast.ts';
import { showQuery } from './ast.ts';
import type { Document } from './document.ts';
import type { Span } from './match.ts';
import { matches, rawPlaces, spansOf } from './match.ts';

/** A place in the title or the text, in UTF-16 code units, the end exclusive. */
export type Place = { readonly in: 'title' | 'text'; readonly start: number; readonly end: number };

/** One clause and what became of it. */
export type Clause = {
  /** As a person would write it. */
  readonly clause: string;
  readonly op: QueryNode['op'];
  /** Whether this clause itself is true of the document. */
  readonly matched: boolean;
  /** Where it is found, first ones first. */
  readonly places: readonly Place[];
  readonly of: readonly Clause[];
};

/** What became of a query on a document. */
export type Explanation = {
  readonly matched: boolean;
  readonly clause: Clause;
  /** Clauses that would have to be there and are not, as a person would write them; empty for a match. */
  readonly missing: readonly string[];
  /** Clauses after NOT that are there and must not be; empty for a match. */
  readonly excluded: readonly string[];
  /** Every place that speaks for the match, in the order of title and text, without overlaps. */
  readonly places: readonly Place[];
};

/** Most places listed for one clause. */
const maxPlaces = 50;

/** Explains a query on a document, whether it matches or not. */
export function explain(query: QueryNode, document: Document): Explanation {
  const clause = clauseOf(query, document);
  const missing: string[] = [];
  const excluded: string[] = [];
  const places: Place[] = [];
  if (clause.matched) collectPlaces(clause, places);
  else collectReasons(query, document, missing, excluded);
  return {
    matched: clause.matched,
    clause,
    missing: [...new Set(missing)],
    excluded: [...new Set(excluded)],
    places: merged(places),
  };
}

function clauseOf(query: QueryNode, document: Document): Clause {
  const of =
    query.op === 'and' || query.op === 'or'
      ? query.of.map((child) => clauseOf(child, document))
      : query.op === 'not'
        ? [clauseOf(query.of, document)]
        : query.op === 'title'
          ? [clauseOf(query.of, document.title)].map((child) => inTitle(child))
          : query.op === 'near' || query.op === 'onear'
            ? [clauseOf(query.left, document), clauseOf(query.right, document)]
            : [];
  const matched = matches(query, document);
  return { clause: showQuery(query), op: query.op, matched, places: placesOf(query, document), of };
}

function inTitle(clause: Clause): Clause {
  return {
    ...clause,
    places: clause.places.map((place) => ({ ...place, in: 'title' })),
    of: clause.of.map(inTitle),
  };
}

function placesOf(query: QueryNode, document: Document): readonly Place[] {
  switch (query.op) {
    case 'and':
    case 'or':
    case 'not':
    case 'field':
    case 'number':
    case 'title':
      return [];
    case 'raw': {
      const { length } = query.text;
      const title = rawPlaces(query.text, document.post.title ?? '');
      const text = rawPlaces(query.text, document.post.text);
      return [
        ...title.map((start) => ({ in: 'title', start, end: start + length }) as const),
        ...text.map((start) => ({ in: 'text', start, end: start + length }) as const),
      ].slice(0, maxPlaces);
    }
    default:
      return spansOf(query, document)
        .slice(0, maxPlaces)
        .flatMap((span) => placesOfSpan(span, document));
  }
}

/** A span that runs from the title into the text is two places. */
function placesOfSpan([first, last]: Span, document: Document): readonly Place[] {
  const { titleTokens, tokens } = document;
  const place = (from: Token | undefined, to: Token | undefined, where: Place['in']): readonly Place[] =>
    from && to ? [{ in: where, start: from.start, end: to.end }] : [];
  if (last < titleTokens) return place(tokens[first], tokens[last], 'title');
  if (first >= titleTokens) return place(tokens[first], tokens[last], 'text');
  return [
    ...place(tokens[first], tokens[titleTokens - 1], 'title'),
    ...place(tokens[titleTokens], tokens[last], 'text'),
  ];
}

function collectPlaces(clause: Clause, places: Place[]): void {
  if (!clause.matched || clause.op === 'not') return;
  places.push(...clause.places);
  // What lies between the two sides of a NEAR is said by the clause itself.
  if (clause.op !== 'near' && clause.op !== 'onear') for (const child of clause.of) collectPlaces(child, places);
}

function merged(places: readonly Place[]): readonly Place[] {
  const result: Place[] = [];
  for (const where of ['title', 'text'] as const) {
    const own = places.filter((place) => place.in === where).toSorted((a, b) => a.start - b.start || a.end - b.end);
    for (const place of own) {
      const last = result.at(-1);
      if (last && last.in === where && place.start < last.end) {
        result[result.length - 1] = { ...last, end: Math.max(last.end, place.end) };
      } else result.push(place);
    }
  }
  return result;
}

/** Called for a query that is false: which clauses would make it true, or keep it from being so. */
function collectReasons(query: QueryNode, document: Document, missing: string[], excluded: string[]): void {
  if (query.op === 'and') {
    for (const child of query.of) if (!matches(child, document)) collectReasons(child, document, missing, excluded);
  } else if (query.op === 'or') {
    // Any of them would do: said as one clause, unless each is an exclusion.
    if (query.of.every((child) => child.op === 'not')) {
      for (const child of query.of) collectReasons(child, document, missing, excluded);
    } else missing.push(showQuery(query));
  } else if (query.op === 'not') excluded.push(showQuery(query.of));
  else missing.push(showQuery(query));
}
