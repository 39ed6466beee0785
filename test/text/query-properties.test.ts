/** Many queries at once answer as each alone does, and no source breaks the parser. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { QueryNode } from '../../src/text/query/ast.ts';
import { showQuery, sizeOf } from '../../src/text/query/ast.ts';
import type { Queried } from '../../src/text/query/document.ts';
import { documentOf } from '../../src/text/query/document.ts';
import { explain } from '../../src/text/query/explain.ts';
import { matches, QuerySet } from '../../src/text/query/match.ts';
import { parseQuery } from '../../src/text/query/parse.ts';

/** Few words, so that posts and queries meet; each folds, tags or splits in its own way. */
const vocabulary = ['acme', 'panne', 'oreal', 'loreal', 'coeur', 'strasse', 'acmefail', 'a', 'bug', '東', '京'];
const written = [
  'Acme',
  'PANNE',
  "l'Oréal",
  'L’Oréal',
  'loreal',
  '#loreal',
  'cœur',
  'Cœur',
  'Straße',
  'e\u0301te\u0301',
  '#acme',
  '@acme',
  '#acmefail',
  '@acme.bsky.social',
  "d'acme",
  "Acme's",
  'a',
  'bug',
  'a-bug',
  '東京',
  '#東京',
  '👍',
  '👍🏽',
  '👩‍💻',
  '❤️',
  '🇫🇷',
  '!',
  '…',
  'https://acme.example.org/bug',
  'ａｃｍｅ',
];

const word = fc.constantFrom(...vocabulary);
const leaf: fc.Arbitrary<QueryNode> = fc.oneof(
  word.map((text): QueryNode => ({ op: 'term', word: text })),
  fc.constantFrom('acm', 'ore', 'lor', 'str', 'pan').map((text): QueryNode => ({ op: 'prefix', word: text })),
  fc
    .constantFrom('a?me', 'b?g', '?oreal', 'ac??', 'acm?f*', '?')
    .map((pattern): QueryNode => ({ op: 'wildcard', pattern })),
  fc
    .array(fc.oneof(word, fc.constantFrom('#acme', '@acme', 'acm*', 'b?g', '👍')), { minLength: 1, maxLength: 3 })
    .map((words): QueryNode => ({ op: 'phrase', words })),
  fc
    .tuple(fc.array(word, { minLength: 2, maxLength: 3 }), fc.nat(4))
    .map(([words, within]): QueryNode => ({ op: 'proximity', words, within })),
  fc.constantFrom('acme', 'loreal', '東京').map((tag): QueryNode => ({ op: 'hashtag', tag })),
  fc.constant<QueryNode>({ op: 'hashtag', tag: 'acm', prefix: true }),
  fc.constantFrom('acme', 'acme.bsky.social').map((handle): QueryNode => ({ op: 'handle', handle })),
  fc.constant<QueryNode>({ op: 'handle', handle: 'acme', prefix: true }),
  fc.constantFrom('👍', '👍🏽', '👩‍💻', '❤').map((emoji): QueryNode => ({ op: 'emoji', emoji })),
);
const aside: fc.Arbitrary<QueryNode> = fc.oneof(
  fc.constantFrom('x', 'press').map((value): QueryNode => ({ op: 'field', field: 'source', value })),
  fc.constantFrom('example.org').map((value): QueryNode => ({ op: 'field', field: 'links', value })),
  fc.nat(5).map((value): QueryNode => ({ op: 'number', field: 'rating', compare: '<=', value })),
  fc.constantFrom('Acme', 'Oréal', 'bug').map((text): QueryNode => ({ op: 'raw', text })),
);
const { ofWords } = fc.letrec<{ ofWords: QueryNode }>((tie) => ({
  ofWords: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('ofWords'), { minLength: 2, maxLength: 3 }).map((of): QueryNode => ({ op: 'and', of })),
    fc.array(tie('ofWords'), { minLength: 2, maxLength: 3 }).map((of): QueryNode => ({ op: 'or', of })),
    tie('ofWords').map((of): QueryNode => ({ op: 'not', of })),
    fc
      .tuple(fc.constantFrom('near' as const, 'onear' as const), tie('ofWords'), tie('ofWords'), fc.nat(5))
      .map(([op, left, right, within]): QueryNode => ({ op, left, right, within })),
  ),
}));
const { tree } = fc.letrec<{ tree: QueryNode }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    ofWords,
    aside,
    ofWords.map((of): QueryNode => ({ op: 'title', of })),
    fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((of): QueryNode => ({ op: 'and', of })),
    fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((of): QueryNode => ({ op: 'or', of })),
    tie('tree').map((of): QueryNode => ({ op: 'not', of })),
  ),
}));
const text = fc.array(fc.constantFrom(...written), { maxLength: 10 }).map((words) => words.join(' '));
const post: fc.Arbitrary<Queried> = fc
  .tuple(
    text,
    fc.option(text, { nil: undefined }),
    fc.constantFrom('x', 'press', undefined),
    fc.option(fc.nat(5), { nil: undefined }),
  )
  .map(([body, title, source, rating]) => ({ text: body, title, source, rating }));

describe('QuerySet', () => {
  it('answers as each query alone does, whatever is added and removed in between', () => {
    let pairs = 0;
    let hits = 0;
    fc.assert(
      fc.property(
        fc.array(tree, { minLength: 1, maxLength: 25 }),
        fc.array(post, { minLength: 1, maxLength: 8 }),
        (queries, posts) => {
          const set = new QuerySet();
          const ids = new Map<string, QueryNode>();
          queries.forEach((query, i) => {
            // Some ids come twice: the later query replaces the earlier one.
            const id = `q${i % 20}`;
            set.add(id, query);
            ids.set(id, query);
          });
          for (const one of posts) {
            const expected = [...ids].filter(([, query]) => matches(query, documentOf(one))).map(([id]) => id);
            expect(set.match(documentOf(one))).toEqual(expected.sort());
            pairs += ids.size;
            hits += expected.length;
            const [gone] = ids.keys();
            if (gone !== undefined && ids.size > 1) {
              expect(set.remove(gone)).toBe(true);
              ids.delete(gone);
            }
          }
          expect(set.size).toBe(ids.size);
        },
      ),
      { numRuns: 400 },
    );
    // The test would prove nothing if nothing ever matched, or everything did.
    expect(hits / pairs).toBeGreaterThan(0.05);
    expect(hits / pairs).toBeLessThan(0.95);
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
