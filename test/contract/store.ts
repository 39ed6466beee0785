/** What every mention store owes, run for each implementation. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conflict, NotFound } from '../../src/model/errors.ts';
import type {
  FacetField,
  MentionQuery,
  MentionStore,
  Scope,
  SeriesPoint,
  TriagedMention,
} from '../../src/model/ports.ts';
import type { Mention, Query, SentimentLabel } from '../../src/model/types.ts';
import type { QueryNode } from '../../src/text/query/ast.ts';
import { documentOf } from '../../src/text/query/document.ts';
import { matches } from '../../src/text/query/match.ts';
import { isOtherForm, termsOf, tokenize } from '../../src/text/tokenize.ts';

const hour = 3_600_000;
const day = 24 * hour;
const noon = Date.UTC(2026, 2, 3, 12);

/** A mention with its terms as ingestion makes them; everything can be said otherwise. */
export function mentionOf(id: string, changes: Partial<Mention> = {}): Mention {
  const { title, text = `a word about ${id}` } = changes;
  const tokens = [...tokenize(title ?? ''), ...tokenize(text)];
  const at = changes.at ?? noon;
  return {
    id,
    source: 'x',
    via: 'test',
    op: 'create',
    text,
    publishedAt: at,
    observedAt: at,
    at,
    backfill: false,
    client: 'dupont',
    brand: 'acme',
    own: false,
    language: 'fr',
    sentiment: feeling('neutral'),
    terms: termsOf(tokens),
    topics: [],
    links: [],
    fingerprint: id,
    ...changes,
  };
}

export function feeling(label: SentimentLabel, unsure = false): Mention['sentiment'] {
  return { label, score: 0, confidence: unsure ? 0.2 : 0.9, unsure, words: [] };
}

export const dupont: Scope = { client: 'dupont', brands: ['acme', 'globex'] };

/** Every page of a search. */
export async function searchAll(
  store: MentionStore,
  scope: Scope,
  query: MentionQuery = {},
  limit = 3,
): Promise<readonly TriagedMention[]> {
  const all: TriagedMention[] = [];
  let after: string | undefined;
  do {
    const page = await store.search(scope, query, { limit, ...(after !== undefined && { after }) });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    all.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return all;
}

async function idsOf(
  store: MentionStore,
  scope: Scope,
  query: MentionQuery = {},
  limit = 3,
): Promise<readonly string[]> {
  return (await searchAll(store, scope, query, limit)).map(({ id }) => id);
}

type Operation =
  | { readonly put: Mention }
  | { readonly remove: { readonly id: string; readonly brands?: readonly string[]; readonly observedAt: number } };

/** What operations leave behind, whatever their order, told from the contract alone. */
function remains(operations: readonly Operation[]): readonly Mention[] {
  const kept = new Map<string, Mention>();
  for (const operation of operations) {
    if (!('put' in operation)) continue;
    const { put } = operation;
    const buried = operations.some(
      (other) =>
        'remove' in other &&
        other.remove.id === put.id &&
        (other.remove.brands === undefined ||
          (other.remove.brands.includes(put.brand) && other.remove.observedAt >= put.observedAt)),
    );
    if (buried) continue;
    const key = `${put.id} ${put.brand}`;
    const old = kept.get(key);
    const newer =
      old === undefined ||
      put.observedAt > old.observedAt ||
      (put.observedAt === old.observedAt && JSON.stringify(put) > JSON.stringify(old));
    if (newer) kept.set(key, put);
  }
  return [...kept.values()].sort(
    (a, b) => b.at - a.at || (a.id < b.id ? 1 : a.id > b.id ? -1 : a.brand < b.brand ? 1 : -1),
  );
}

/** The same counts, one mention after the other. */
function recount(mentions: readonly Mention[], query: MentionQuery, bucketMs: number): readonly SeriesPoint[] {
  const points = new Map<number, { at: number; count: number; negative: number; positive: number; unsure: number }>();
  for (const mention of mentions) {
    if (mention.own || !fits(mention, query)) continue;
    const at = Math.floor(mention.at / bucketMs) * bucketMs;
    const point = points.get(at) ?? { at, count: 0, negative: 0, positive: 0, unsure: 0 };
    points.set(at, point);
    point.count += 1;
    if (mention.sentiment.unsure) point.unsure += 1;
    else if (mention.sentiment.label === 'negative') point.negative += 1;
    else if (mention.sentiment.label === 'positive') point.positive += 1;
  }
  return [...points.values()].sort((a, b) => a.at - b.at);
}

function fits(mention: Mention, query: MentionQuery): boolean {
  const { unsure, label } = mention.sentiment;
  return (
    (query.brands?.includes(mention.brand) ?? true) &&
    (query.sources?.includes(mention.source) ?? true) &&
    (query.from ?? -Infinity) <= mention.at &&
    mention.at < (query.to ?? Infinity) &&
    (query.sentiment === undefined || (unsure ? 'unsure' : label) === query.sentiment)
  );
}

const facetFields: readonly FacetField[] = [
  'source',
  'sentiment',
  'language',
  'author',
  'brand',
  'term',
  'link',
  'topic',
  'triage',
];

function valuesOf(mention: Mention, field: FacetField): readonly string[] {
  switch (field) {
    case 'sentiment':
      return [mention.sentiment.unsure ? 'unsure' : mention.sentiment.label];
    case 'author':
      return mention.author === undefined ? [] : [mention.author.handle ?? mention.author.id];
    case 'term':
      return [...new Set(mention.terms)].filter((term) => !isOtherForm(term));
    case 'link':
      return [...new Set(mention.links)];
    case 'topic':
      return [...new Set(mention.topics)];
    case 'triage':
      return ['open'];
    default:
      return [mention[field]];
  }
}

function facetsOf(mentions: readonly Mention[], query: MentionQuery, top: number) {
  return Object.fromEntries(
    facetFields.map((field) => {
      const counts = new Map<string, number>();
      for (const mention of mentions) {
        if (mention.own || !fits(mention, query)) continue;
        for (const value of valuesOf(mention, field)) counts.set(value, (counts.get(value) ?? 0) + 1);
      }
      const sorted = [...counts]
        .map(([value, count]) => ({ value, count }))
        .sort((a, b) => b.count - a.count || Buffer.compare(Buffer.from(a.value), Buffer.from(b.value)));
      return [field, sorted.slice(0, top)];
    }),
  );
}

function pick<T>(from: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T | undefined> {
  return Object.fromEntries(keys.map((key) => [key, from[key]]));
}

// ------------------------------------------------------------------ arbitraries

const sentiment = fc
  .tuple(fc.constantFrom<SentimentLabel>('negative', 'neutral', 'positive'), fc.boolean())
  .map(([label, unsure]) => feeling(label, unsure));

/** Few ids, brands and moments, so that operations meet. */
function mentions(client: string, prefix: string): fc.Arbitrary<Mention> {
  return fc
    .record({
      id: fc.integer({ min: 0, max: 9 }).map((i) => `${prefix}:${i}`),
      brand: fc.constantFrom('acme', 'globex'),
      source: fc.constantFrom('x', 'press'),
      at: fc.oneof(
        fc.integer({ min: 0, max: 60 }).map((minutes) => noon + minutes * 60_000),
        fc.integer({ min: -50, max: 50 }).map((half) => noon + (half * hour) / 2),
      ),
      seen: fc.integer({ min: 0, max: 3 }),
      own: fc.boolean(),
      language: fc.constantFrom('fr', 'en'),
      sentiment,
      author: fc.option(fc.record({ id: fc.constantFrom('1', '2'), handle: fc.constantFrom('ada', 'bob') }), {
        nil: undefined,
      }),
      text: fc.constantFrom('rappel de lait', 'l’usine ferme', 'une panne, encore une panne', '#rappel 👍🏽'),
      topics: fc.subarray(['price', 'safety']),
    })
    .map(({ seen, author, ...rest }) =>
      mentionOf(rest.id, {
        ...rest,
        client,
        observedAt: noon + 100 * day + seen,
        ...(author !== undefined && { author }),
      }),
    );
}

function operations(client: string, prefix: string): fc.Arbitrary<readonly Operation[]> {
  const removal = fc.record(
    {
      id: fc.integer({ min: 0, max: 9 }).map((i) => `${prefix}:${i}`),
      brands: fc.subarray(['acme', 'globex'], { minLength: 1 }),
      observedAt: fc.integer({ min: 0, max: 3 }).map((seen) => noon + 100 * day + seen),
    },
    { requiredKeys: ['id', 'observedAt'] },
  );
  const one: fc.Arbitrary<Operation> = fc.oneof(
    { weight: 5, arbitrary: mentions(client, prefix).map((put) => ({ put })) },
    { weight: 1, arbitrary: removal.map((remove) => ({ remove })) },
  );
  return fc.array(one, { minLength: 1, maxLength: 40 });
}

const spans: fc.Arbitrary<MentionQuery> = fc.record(
  {
    from: fc.integer({ min: -60, max: 60 }).map((half) => noon + (half * hour) / 2 + 60_000),
    to: fc.integer({ min: -60, max: 60 }).map((half) => noon + (half * hour) / 2),
    sources: fc.subarray(['x', 'press', 'nowhere']),
    brands: fc.subarray(['acme', 'globex', 'other']),
    sentiment: fc.constantFrom('negative', 'neutral', 'positive', 'unsure'),
  },
  { requiredKeys: [] },
);

const texts = [
  'acme',
  'L’Acme ferme',
  '#acme @acme_fr',
  "acme's usine",
  "d'acme rappel",
  'le rappel du lait 👍🏽',
  'le rappel 👍',
  '@acme.bsky.social',
  'usine de lait acme',
  'acmes loreal',
  "L'Oréal rappelle",
  'Œuf ou oeuf, c’est pareil !',
  '日本 acme',
  'AC/ME "cité" ^col:x* (ou) -non',
  '',
];
const queryWord = fc.constantFrom(
  'acme',
  'loreal',
  'oreal',
  'rappel',
  'lait',
  'usine',
  'oeuf',
  'acmes',
  'absent',
  '日',
);
const phraseWord = fc.oneof(
  queryWord,
  fc.constantFrom('#acme', '@acme_fr', 'ac?e', 'rap*', '👍', '#ac*', '?ait', '@acme.bsky.social'),
);
const within = fc.integer({ min: 0, max: 4 });
const queries = fc.letrec<{ query: QueryNode }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'query' },
    queryWord.map((word): QueryNode => ({ op: 'term', word })),
    fc.constantFrom('ac', 'lor', 'l', 'rapp', 'acmes').map((word): QueryNode => ({ op: 'prefix', word })),
    fc.constantFrom('ac?e', '?cme', 'l?real', 'r*', '?').map((pattern): QueryNode => ({ op: 'wildcard', pattern })),
    fc.array(phraseWord, { minLength: 1, maxLength: 3 }).map((words): QueryNode => ({ op: 'phrase', words })),
    fc
      .tuple(fc.array(phraseWord, { minLength: 1, maxLength: 3 }), within)
      .map(([words, within]): QueryNode => ({ op: 'proximity', words, within })),
    fc.constantFrom('acme', 'rappel').map((tag): QueryNode => ({ op: 'hashtag', tag })),
    fc.constantFrom('ac', 'x').map((tag): QueryNode => ({ op: 'hashtag', tag, prefix: true })),
    fc.constantFrom('acme_fr', 'acme', 'acme.bsky.social').map((handle): QueryNode => ({ op: 'handle', handle })),
    fc.constantFrom('acme').map((handle): QueryNode => ({ op: 'handle', handle, prefix: true })),
    fc.constantFrom('👍', '👍🏽').map((emoji): QueryNode => ({ op: 'emoji', emoji })),
    fc.constantFrom('AC/ME', 'Acme', 'acme').map((text): QueryNode => ({ op: 'raw', text })),
    fc.constantFrom('negative', 'unsure').map((value): QueryNode => ({ op: 'field', field: 'sentiment', value })),
    fc.constantFrom('x', 'press', 'nowhere').map((value): QueryNode => ({ op: 'field', field: 'source', value })),
    fc.constantFrom('p', '').map((value): QueryNode => ({ op: 'field', field: 'source', value, prefix: true })),
    fc.constantFrom('fr', 'en').map((value): QueryNode => ({ op: 'field', field: 'lang', value })),
    fc.constantFrom('acme', 'globex').map((value): QueryNode => ({ op: 'field', field: 'brand', value })),
    fc.constantFrom('price', 'safety').map((value): QueryNode => ({ op: 'field', field: 'topic', value })),
    fc.constantFrom<QueryNode>(
      { op: 'number', field: 'rating', compare: '>=', value: 3 },
      { op: 'number', field: 'followers', compare: '<', value: 1_000 },
      { op: 'field', field: 'author', value: 'jdoe' },
      { op: 'field', field: 'author', value: 'jean dupont' },
      { op: 'field', field: 'author', value: 'jd', prefix: true },
      { op: 'field', field: 'from', value: '9' },
      { op: 'field', field: 'site', value: 'example.org' },
      { op: 'field', field: 'url', value: '/politique/' },
      { op: 'field', field: 'links', value: 'acme.fr' },
      { op: 'field', field: 'country', value: 'fr' },
      { op: 'field', field: 'type', value: 'post' },
      { op: 'field', field: 'type', value: 'reply' },
      { op: 'field', field: 'type', value: 'review' },
    ),
    tie('query').map((of): QueryNode => ({ op: 'title', of })),
    tie('query').map((of): QueryNode => ({ op: 'not', of })),
    fc.array(tie('query'), { minLength: 1, maxLength: 3 }).map((of): QueryNode => ({ op: 'and', of })),
    fc.array(tie('query'), { minLength: 1, maxLength: 3 }).map((of): QueryNode => ({ op: 'or', of })),
    fc
      .tuple(fc.constantFrom('near', 'onear'), tie('query'), tie('query'), within)
      .map(([op, left, right, within]): QueryNode => ({ op, left, right, within })),
  ),
})).query;

// -------------------------------------------------------------------- contract

/** `make` gives an empty store; the suite disposes of it. */
export function storeContract(name: string, make: () => Promise<MentionStore>): void {
  describe(`the store contract: ${name}`, () => {
    it('hands out what was put, newest first, with an untouched triage', async () => {
      await using store = await make();
      const posts = [
        mentionOf('x:1', {
          at: noon - 2,
          title: 'Un titre',
          author: { id: '7', followers: 3 },
          extra: { a: [1, null] },
        }),
        mentionOf('x:2', { at: noon - 1, own: true }),
        mentionOf('x:3', { brand: 'globex' }),
      ];
      await store.put(posts);
      const { items, next } = await store.search(dupont, {}, { limit: 10 });
      expect(items).toEqual(posts.toReversed().map((post) => ({ ...post, triage: { status: 'open', version: '' } })));
      expect(next).toBeUndefined();
      expect(await store.count()).toBe(3);
    });

    it('keeps nothing of nothing', async () => {
      await using store = await make();
      await store.put([]);
      await store.remove([]);
      expect(await store.search(dupont, {}, { limit: 10 })).toEqual({ items: [] });
      expect(await store.series(dupont, {}, hour)).toEqual([]);
      expect(await store.facets(dupont, {}, ['source', 'term'], 5)).toEqual({ source: [], term: [] });
      expect(await store.count()).toBe(0);
    });

    describe('writing', () => {
      it('lets the newer text win, and never the late copy of an older one', async () => {
        await using store = await make();
        const first = mentionOf('x:1', { observedAt: noon, text: 'before' });
        const edit = mentionOf('x:1', { observedAt: noon + 5, text: 'after', sentiment: feeling('negative') });
        await store.put([edit]);
        await store.put([first]);
        expect((await searchAll(store, dupont)).map(({ text }) => text)).toEqual(['after']);
        await store.put([first, edit, first]);
        expect(await store.count()).toBe(1);
        expect(await store.series(dupont, {}, hour)).toEqual([
          { at: noon, count: 1, negative: 1, positive: 0, unsure: 0 },
        ]);
        const word = (text: string): MentionQuery => ({ query: { op: 'term', word: text } });
        expect(await store.series(dupont, word('before'), hour)).toEqual([]);
        expect(await idsOf(store, dupont, word('after'))).toEqual(['x:1']);
      });

      it('respects a delete that came before its post, for good', async () => {
        await using store = await make();
        await store.remove([{ id: 'x:1', observedAt: noon }]);
        await store.put([
          mentionOf('x:1', { observedAt: noon - 5 }),
          mentionOf('x:1', { observedAt: noon + 5, brand: 'globex' }),
        ]);
        expect(await store.count()).toBe(0);
      });

      it('takes a removed post out of everything', async () => {
        await using store = await make();
        const post = mentionOf('x:1', { topics: ['price'], author: { id: '1', handle: 'ada' } });
        await store.put([post, { ...post, brand: 'globex' }, mentionOf('x:2', { text: 'autre' })]);
        await store.remove([{ id: 'x:1', observedAt: noon + 1 }]);
        expect(await idsOf(store, dupont)).toEqual(['x:2']);
        expect(await idsOf(store, dupont, { ids: ['x:1'] })).toEqual([]);
        expect(await store.series(dupont, { query: { op: 'term', word: 'word' } }, hour)).toEqual([]);
        expect(await store.series(dupont, {}, hour)).toMatchObject([{ count: 1 }]);
        const facets = await store.facets(dupont, {}, ['topic', 'author', 'brand'], 5);
        expect(facets).toEqual({ topic: [], author: [], brand: [{ value: 'acme', count: 1 }] });
      });

      it('brings back what an edit no longer named, when a later edit names it again', async () => {
        await using store = await make();
        const post = mentionOf('x:1', { observedAt: noon });
        await store.put([post, { ...post, brand: 'globex' }]);
        await store.remove([{ id: 'x:1', brands: ['globex'], observedAt: noon + 5 }]);
        expect((await searchAll(store, dupont)).map(({ brand }) => brand)).toEqual(['acme']);
        await store.put([{ ...post, brand: 'globex', observedAt: noon + 4 }]);
        expect(await store.count()).toBe(1);
        const later = { ...post, brand: 'globex', observedAt: noon + 6 };
        await store.put([later]);
        expect(await store.count()).toBe(2);
        await store.remove([{ id: 'x:1', brands: ['globex'], observedAt: noon + 5 }]);
        expect(await store.count()).toBe(2);
      });
    });

    describe('reading', () => {
      it('filters by source, feeling, time, brand and id', async () => {
        await using store = await make();
        await store.put([
          mentionOf('x:1', { at: noon, sentiment: feeling('negative') }),
          mentionOf('x:2', { at: noon + 1, sentiment: feeling('negative', true) }),
          mentionOf('press:3', { at: noon + 2, source: 'press', sentiment: feeling('positive') }),
          mentionOf('x:4', { at: noon + 3, brand: 'globex' }),
        ]);
        const find = (query: MentionQuery) => idsOf(store, dupont, query);
        expect(await find({ sources: ['press', 'forum'] })).toEqual(['press:3']);
        expect(await find({ sources: [] })).toEqual([]);
        expect(await find({ sentiment: 'negative' })).toEqual(['x:1']);
        expect(await find({ sentiment: 'unsure' })).toEqual(['x:2']);
        expect(await find({ from: noon + 1, to: noon + 3 })).toEqual(['press:3', 'x:2']);
        expect(await find({ brands: ['globex'] })).toEqual(['x:4']);
        expect(await find({ brands: [] })).toEqual([]);
        expect(await find({ ids: ['x:4', 'x:1', 'x:9', 'x:1'] })).toEqual(['x:4', 'x:1']);
        expect(await find({ ids: ['x:4', 'x:1'], brands: ['acme'], to: noon + 1 })).toEqual(['x:1']);
        expect(await find({ ids: [] })).toEqual([]);
        expect(await store.series(dupont, { ids: ['x:1', 'press:3'] }, hour)).toEqual([
          { at: noon, count: 2, negative: 1, positive: 1, unsure: 0 },
        ]);
      });

      it('pages by position, undisturbed by what comes in meanwhile', async () => {
        await using store = await make();
        // Some share their moment, and some are the same post for two brands.
        const old = Array.from({ length: 40 }, (_, i) =>
          mentionOf(`x:${i % 30}`, { at: noon + Math.floor((i % 30) / 4), brand: i < 30 ? 'acme' : 'globex' }),
        );
        await store.put(old);
        const seen: string[] = [];
        let after: string | undefined;
        for (let round = 0; ; round++) {
          const page = await store.search(dupont, {}, { limit: 3, ...(after !== undefined && { after }) });
          seen.push(...page.items.map(({ id, brand }) => `${id} ${brand}`));
          after = page.next;
          if (after === undefined) break;
          expect(page.items).toHaveLength(3);
          await store.put([mentionOf(`new:${round}`, { at: noon + 1000 + round })]);
        }
        expect(seen).toEqual(remains(old.map((put) => ({ put }))).map(({ id, brand }) => `${id} ${brand}`));
      });

      it('orders ids as their bytes are, whatever they are written in', async () => {
        await using store = await make();
        const ids = ['x:a', 'x:Z', 'x:é', 'x:～', 'x:😀', 'x:', 'x:日'];
        await store.put(ids.map((id, i) => mentionOf(id, { brand: i % 2 ? 'acme' : 'globex' })));
        const sorted = ids.toSorted((a, b) => Buffer.compare(Buffer.from(b), Buffer.from(a)));
        expect(await idsOf(store, dupont, {}, 2)).toEqual(sorted);
      });

      it('refuses a cursor, a bucket, a query that are none', async () => {
        await using store = await make();
        await store.put([mentionOf('x:1')]);
        await expect(store.search(dupont, {}, { limit: 3, after: 'nonsense' })).rejects.toThrow(RangeError);
        await expect(store.series(dupont, {}, 0)).rejects.toThrow(RangeError);
        await expect(store.series(dupont, {}, Number.NaN)).rejects.toThrow(RangeError);
        const query: Query = { op: 'drop', table: 'mention' };
        await expect(store.search(dupont, { query }, { limit: 3 })).rejects.toThrow(RangeError);
      });

      it('bounds a page', async () => {
        await using store = await make();
        await store.put(Array.from({ length: 1010 }, (_, i) => mentionOf(`x:${i}`)));
        const page = await store.search(dupont, {}, { limit: 1_000_000 });
        expect(page.items).toHaveLength(1000);
        expect(page.next).toBeDefined();
        expect((await store.search(dupont, {}, { limit: 0 })).items).toHaveLength(1);
      });

      it('finds a rare word behind many newer mentions, page after page', async () => {
        await using store = await make();
        const texts = (i: number) => (i % 100 === 7 ? 'une aiguille dans le foin' : 'le foin, une aiguille');
        const posts = Array.from({ length: 1500 }, (_, i) =>
          mentionOf(`x:${i}`, { at: noon + i * 1000, text: texts(i) }),
        );
        await store.put(posts);
        const query: Query = { op: 'phrase', words: ['aiguille', 'dans'] };
        const wanted = posts.filter((_, i) => i % 100 === 7).map(({ id }) => id);
        expect(await idsOf(store, dupont, { query }, 4)).toEqual(wanted.toReversed());
        const series = await store.series(dupont, { query }, 1000);
        expect(series.map(({ at }) => at)).toEqual(posts.filter((_, i) => i % 100 === 7).map(({ at }) => at));
        const facets = await store.facets(dupont, { query }, ['term'], 3);
        expect(facets['term']).toEqual(['aiguille', 'dans', 'foin'].map((value) => ({ value, count: 15 })));
      });
    });

    it('answers awkward queries as the matcher does', async () => {
      await using store = await make();
      const mentions = texts.flatMap((text, i) => [
        mentionOf(`x:${i}`, { text, at: noon + i * 2000, ...(i % 3 === 0 && { title: 'acme, le lait' }) }),
        mentionOf(`press:${i}`, { text, at: noon + i * 2000 + 1000, source: 'press', language: 'en' }),
      ]);
      await store.put(mentions);
      const term = (word: string): QueryNode => ({ op: 'term', word });
      const not = (of: QueryNode): QueryNode => ({ op: 'not', of });
      const and = (...of: readonly QueryNode[]): QueryNode => ({ op: 'and', of });
      const or = (...of: readonly QueryNode[]): QueryNode => ({ op: 'or', of });
      const source: QueryNode = { op: 'field', field: 'source', value: 'x' };
      const french: QueryNode = { op: 'field', field: 'lang', value: 'fr' };
      const raw: QueryNode = { op: 'raw', text: 'Acme' };
      const near = (left: QueryNode, right: QueryNode): QueryNode => ({ op: 'near', left, right, within: 2 });
      const asked: readonly QueryNode[] = [
        not(and(source, raw)),
        not(and(source, term('acme'))),
        not(or(source, term('acme'))),
        and(term('acme'), not(and(french, raw))),
        and(term('acme'), not(and(french, term('usine')))),
        and(term('acme'), source, not(term('usine'))),
        and(not(term('acme')), not(source)),
        or(source, term('lait')),
        or(and(source, term('lait')), not(french)),
        { op: 'title', of: and(term('lait'), not(term('usine'))) },
        { op: 'title', of: and(term('lait'), not(source)) },
        not({ op: 'title', of: term('lait') }),
        near(and(term('acme'), not(term('lait'))), term('usine')),
        near(term('usine'), not(term('acme'))),
        near(term('rappel'), or(term('lait'), not(term('acme')))),
        and(),
        or(),
      ];
      for (const node of asked) {
        const query = node as Query;
        const wanted = mentions.filter((mention) => matches(node, documentOf(mention)));
        expect(await idsOf(store, dupont, { query }, 9)).toEqual(wanted.map(({ id }) => id).toReversed());
        const series = await store.series(dupont, { query }, 1000);
        expect(series.map(({ at }) => at)).toEqual(wanted.map(({ at }) => at));
      }
    });

    describe('scope', () => {
      const secret = mentionOf('x:secret', {
        client: 'durand',
        brand: 'initech',
        text: 'a secret',
        topics: ['merger'],
      });
      const hidden = mentionOf('x:hidden', { brand: 'hooli', text: 'a secret', topics: ['merger'] });

      it('never shows what lies outside', async () => {
        await using store = await make();
        await store.put([secret, hidden, mentionOf('x:1')]);
        const everything = { brands: ['acme', 'initech', 'hooli'] };
        const asked: readonly MentionQuery[] = [
          {},
          everything,
          { ids: ['x:secret', 'x:hidden', 'x:1'] },
          {
            query: {
              op: 'or',
              of: [
                { op: 'term', word: 'secret' },
                { op: 'term', word: 'word' },
              ],
            },
          },
          { ...everything, triage: 'open' },
        ];
        for (const query of asked) {
          expect(await idsOf(store, dupont, query)).toEqual(['x:1']);
          expect(await store.series(dupont, query, day)).toMatchObject([{ count: 1 }]);
          const facets = await store.facets(dupont, query, ['brand', 'topic'], 9);
          expect(facets).toEqual({ brand: [{ value: 'acme', count: 1 }], topic: [] });
        }
        // A brand of that name, but of another client.
        expect(await idsOf(store, { client: 'dupont', brands: ['initech'] })).toEqual([]);
        expect(await store.series({ client: 'dupont', brands: ['initech'] }, {}, hour)).toEqual([]);
        expect(await idsOf(store, { client: 'dupont', brands: [] })).toEqual([]);
      });

      it('does not let a cursor of another scope widen it', async () => {
        await using store = await make();
        await store.put([secret, { ...secret, id: 'x:zecret' }, hidden, mentionOf('x:1', { at: noon - 1 })]);
        const { next } = await store.search({ client: 'durand', brands: ['initech'] }, {}, { limit: 1 });
        expect(next).toBeDefined();
        const page = await store.search(dupont, {}, { limit: 5, after: next! });
        expect(page.items.map(({ id }) => id)).toEqual(['x:1']);
      });

      it('does not triage what lies outside, nor tell whether it is there', async () => {
        await using store = await make();
        await store.put([secret, hidden]);
        for (const [id, brand] of [
          ['x:secret', 'initech'],
          ['x:hidden', 'hooli'],
          ['x:nowhere', 'acme'],
          ['x:hidden', 'acme'],
        ] as const) {
          await expect(store.setTriage(dupont, id, brand, { status: 'dismissed' }, '')).rejects.toThrow(NotFound);
        }
      });
    });

    describe('triage', () => {
      it('is kept with its version, whatever is put', async () => {
        await using store = await make();
        const post = mentionOf('x:1');
        await store.put([post, mentionOf('x:2', { at: noon - 1 })]);
        const triage = {
          status: 'snoozed',
          assignee: 'ada',
          until: noon + 5,
          verdict: 'off-topic',
          note: 'à voir',
        } as const;
        const set = await store.setTriage(dupont, 'x:1', 'acme', triage, '');
        expect(set).toEqual({ ...triage, version: set.version });
        expect(set.version).not.toBe('');
        await store.put([post, { ...post, observedAt: noon + 9, text: 'edited' }]);
        const [found] = await searchAll(store, dupont, { triage: 'snoozed' });
        expect(found).toEqual({ ...post, observedAt: noon + 9, text: 'edited', triage: set });
        expect(await idsOf(store, dupont, { triage: 'open' })).toEqual(['x:2']);
        expect(await store.facets(dupont, {}, ['triage'], 5)).toEqual({
          triage: [
            { value: 'open', count: 1 },
            { value: 'snoozed', count: 1 },
          ],
        });
        expect(await store.series(dupont, { triage: 'snoozed' }, hour)).toMatchObject([{ count: 1 }]);
        expect(await store.series(dupont, { triage: 'open', query: { op: 'term', word: 'edited' } }, hour)).toEqual([]);
      });

      it('is refused to who has not seen the last version', async () => {
        await using store = await make();
        await store.put([mentionOf('x:1')]);
        const first = await store.setTriage(dupont, 'x:1', 'acme', { status: 'assigned', assignee: 'ada' }, '');
        await expect(store.setTriage(dupont, 'x:1', 'acme', { status: 'dismissed' }, '')).rejects.toThrow(Conflict);
        const second = await store.setTriage(dupont, 'x:1', 'acme', { status: 'open' }, first.version);
        expect(second).toEqual({ status: 'open', version: second.version });
        expect(second.version).not.toBe(first.version);
        await expect(store.setTriage(dupont, 'x:1', 'acme', { status: 'open' }, first.version)).rejects.toThrow(
          Conflict,
        );
        expect(await idsOf(store, dupont, { triage: 'open' })).toEqual(['x:1']);
      });

      it('is of a mention, not of a post, and is there again when the mention is', async () => {
        await using store = await make();
        const post = mentionOf('x:1');
        await store.put([post, { ...post, brand: 'globex' }]);
        const { version } = await store.setTriage(dupont, 'x:1', 'acme', { status: 'escalated' }, '');
        expect((await searchAll(store, dupont, { triage: 'escalated' })).map(({ brand }) => brand)).toEqual(['acme']);
        await store.remove([{ id: 'x:1', brands: ['acme'], observedAt: noon + 1 }]);
        await expect(store.setTriage(dupont, 'x:1', 'acme', { status: 'open' }, version)).rejects.toThrow(NotFound);
        expect(await idsOf(store, dupont, { triage: 'escalated' })).toEqual([]);
        await store.put([{ ...post, observedAt: noon + 2 }]);
        expect(await searchAll(store, dupont, { triage: 'escalated' })).toMatchObject([{ triage: { version } }]);
      });
    });

    describe('any sequence', () => {
      // One store for all runs; each has a client and ids of its own.
      let store: MentionStore;
      let run = 0;
      beforeAll(async () => {
        store = await make();
      });
      afterAll(async () => {
        await store[Symbol.asyncDispose]();
      });

      it('of puts and removals, in any order and repeated, leaves the same, counted alike', async () => {
        const shape = fc.record({
          operations: operations('CLIENT', 'PREFIX'),
          seed: fc.integer(),
          query: spans,
          bucketMs: fc.constantFrom(60_000, 300_000, hour, 6 * hour, day),
        });
        await fc.assert(
          fc.asyncProperty(shape, async ({ operations, seed, query, bucketMs }) => {
            run += 1;
            const client = `client-${run}`;
            const mine = JSON.parse(
              JSON.stringify(operations).replaceAll('CLIENT', client).replaceAll('PREFIX', `run${run}`),
            ) as Operation[];
            const left = remains(mine);
            const scope: Scope = { client, brands: ['acme', 'globex'] };
            await play(store, mine);
            const check = async () => {
              const found = (await searchAll(store, scope, {}, 7)).map(({ triage: _triage, ...mention }) => mention);
              expect(found).toEqual(left);
              expect(await store.series(scope, query, bucketMs)).toEqual(recount(left, query, bucketMs));
              expect(await store.facets(scope, query, facetFields, 3)).toEqual(facetsOf(left, query, 3));
              expect(await idsOf(store, scope, query, 7)).toEqual(
                left.filter((m) => fits(m, query)).map(({ id }) => id),
              );
            };
            await check();
            await play(store, shuffled(mine, seed));
            await check();
            await play(store, mine.toReversed());
            await check();
          }),
          { numRuns: 60 },
        );
      });

      it('of texts and queries is answered as the matcher answers', async () => {
        const post = fc.record({
          text: fc.tuple(fc.constantFrom(...texts), fc.constantFrom(...texts)).map((parts) => parts.join(' ')),
          title: fc.option(fc.constantFrom(...texts), { nil: undefined }),
          sentiment,
          source: fc.constantFrom('x', 'press'),
          language: fc.constantFrom('fr', 'en', 'und'),
          brand: fc.constantFrom('acme', 'globex'),
          topics: fc.subarray(['price', 'safety']),
          more: fc.constantFrom<Partial<Mention>>(
            {},
            { author: { id: '9', handle: 'JDoe', followers: 10 } },
            { author: { id: '8', name: 'M. Jean Dupont', followers: 5_000 }, rating: 2 },
            { url: 'https://www.example.org/Politique/1', rating: 4 },
            { url: 'https://blog.example.org/', refs: { replyTo: 'x:1' } },
            { links: ['https://acme.fr/a'], extra: { country: 'FR' }, refs: { repostOf: 'x:2' } },
          ),
        });
        const shape = fc.record({
          posts: fc.array(post, { minLength: 5, maxLength: 12 }),
          asked: fc.array(queries, { minLength: 8, maxLength: 8 }),
        });
        let found = 0;
        await fc.assert(
          fc.asyncProperty(shape, async ({ posts, asked }) => {
            run += 1;
            const scope: Scope = { client: `client-${run}`, brands: ['acme', 'globex'] };
            const mentions = posts.map(({ title, more, ...rest }, i) =>
              mentionOf(`run${run}:${i}`, {
                ...rest,
                ...more,
                ...(title !== undefined && { title }),
                client: scope.client,
                at: noon + i * 1000,
              }),
            );
            await store.put(mentions);
            for (const node of asked) {
              const query = node as Query;
              const wanted = mentions.filter((mention) => matches(node, documentOf(mention)));
              found += wanted.length;
              expect(await idsOf(store, scope, { query }, 5)).toEqual(wanted.map(({ id }) => id).toReversed());
              // Counts take another way than searches do: each mention has a second of its own.
              const series = await store.series(scope, { query }, 1000);
              expect(series.map(({ at }) => at)).toEqual(wanted.map(({ at }) => at));
              const facets = await store.facets(scope, { query }, ['brand', 'topic', 'term'], 99);
              expect(facets).toEqual(pick(facetsOf(wanted, {}, 99), ['brand', 'topic', 'term']));
              // Nor do posts that are named by their ids.
              const ids = mentions.filter((_, i) => i % 2 === 0).map(({ id }) => id);
              const named = wanted.filter(({ id }) => ids.includes(id));
              expect(await idsOf(store, scope, { query, ids }, 5)).toEqual(named.map(({ id }) => id).toReversed());
              const counted = await store.series(scope, { query, ids }, 1000);
              expect(counted.map(({ at }) => at)).toEqual(named.map(({ at }) => at));
            }
          }),
          { numRuns: 150 },
        );
        expect(found).toBeGreaterThan(100);
      });
    });
  });
}

/** Puts and removes in this order, in small batches. */
async function play(store: MentionStore, operations: readonly Operation[]): Promise<void> {
  let batch: Mention[] = [];
  for (const operation of operations) {
    if ('put' in operation) {
      batch.push(operation.put);
      if (batch.length < 4) continue;
    }
    await store.put(batch);
    batch = [];
    if ('remove' in operation) await store.remove([operation.remove]);
  }
  await store.put(batch);
}

function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  let state = seed | 1;
  const random = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32;
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
