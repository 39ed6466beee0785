/** Random queries and posts that meet: few words, each of which folds, tags, joins or splits in its own way. */
import * as fc from 'fast-check';
import type { QueryNode } from '../../src/text/query/ast.ts';
import type { Queried } from '../../src/text/query/document.ts';

const vocabulary = [
  'acme',
  'panne',
  'oreal',
  'loreal',
  'coeur',
  'strasse',
  'ete',
  'acmefail',
  'a',
  'bug',
  '東',
  '京',
  'ト',
  '한',
  'нестле',
  'σισυφοσ',
  'أكمي',
  'पानी',
];
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
  '👩🏿‍💻',
  '☺️',
  'CŒUR',
  'STRASSE',
  'ﬁn',
  'É',
  'été',
  'ト',
  'ﾄ',
  '한국',
  '한',
  'НЕСТЛЕ',
  'Σίσυφος',
  'أكْمِي',
  'पानी',
  'ac\u00adme',
  '𝐀𝐜𝐦𝐞',
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
  fc.constantFrom('👍', '👍🏽', '👩‍💻', '👩🏿‍💻', '❤', '☺', '🇫🇷').map((emoji): QueryNode => ({ op: 'emoji', emoji })),
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
/** Any tree of the language. */
export const { tree } = fc.letrec<{ tree: QueryNode }>((tie) => ({
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
/** A post, with a title, a source and stars or without. */
export const post: fc.Arbitrary<Queried> = fc
  .tuple(
    text,
    fc.option(text, { nil: undefined }),
    fc.constantFrom('x', 'press', undefined),
    fc.option(fc.nat(5), { nil: undefined }),
  )
  .map(([body, title, source, rating]) => ({ text: body, title, source, rating }));

/** What an exchange of a set with posts came to. */
export interface Compared {
  pairs: number;
  hits: number;
}

/** A set of queries under ids of which some come twice, and posts asked of it, one query leaving after each. */
export const exchange = fc.tuple(
  fc.array(tree, { minLength: 1, maxLength: 25 }),
  fc.array(post, { minLength: 1, maxLength: 8 }),
);
