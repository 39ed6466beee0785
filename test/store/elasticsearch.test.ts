import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { openElasticsearchDesk } from '../../src/desk/elasticsearch.ts';
import { createClient } from '../../src/lib/elasticsearch.ts';
import { Conflict, TooSlow } from '../../src/model/errors.ts';
import type { MentionQuery } from '../../src/model/ports.ts';
import type { Mention, Query } from '../../src/model/types.ts';
import {
  createElasticsearchStore,
  type ElasticsearchStore,
  type ElasticsearchStoreOptions,
  leastRole,
} from '../../src/store/elasticsearch.ts';
import { mentionIndex, mentionKey } from '../../src/store/elasticsearch-documents.ts';
import { allOf, planForElasticsearch } from '../../src/store/elasticsearch-query.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { QueryNode } from '../../src/text/query/ast.ts';
import { documentOf } from '../../src/text/query/document.ts';
import { matches } from '../../src/text/query/match.ts';
import { dupont, feeling, mentionOf, searchAll, storeContract } from '../contract/store.ts';
import { dropIndices, elasticsearch, type ElasticsearchServer, freePrefix } from '../services/elasticsearch.ts';
import { makeProxy } from '../support/proxy.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const hour = 3_600_000;
const day = 24 * hour;
const noon = Date.UTC(2026, 2, 3, 12);

const server = await elasticsearch();
const secured = await elasticsearch({ secure: true });

async function makeStore(
  connection: ElasticsearchServer,
  options: Partial<ElasticsearchStoreOptions> = {},
): Promise<ElasticsearchStore> {
  const prefix = options.prefix ?? freePrefix();
  const store = await createElasticsearchStore({ connection, readOwnWrites: true, ...options, prefix });
  const close = store[Symbol.asyncDispose].bind(store);
  store[Symbol.asyncDispose] = async () => {
    await close();
    if (options.prefix === undefined) await dropIndices(connection, prefix);
  };
  return store;
}

/** A prefix whose indices go when the test is over. */
function ownPrefix(connection: ElasticsearchServer): AsyncDisposable & { readonly prefix: string } {
  const prefix = freePrefix();
  return { prefix, [Symbol.asyncDispose]: () => dropIndices(connection, prefix) };
}

function many(count: number, changes: (i: number) => Partial<Mention> = () => ({})): readonly Mention[] {
  return Array.from({ length: count }, (_, i) => mentionOf(`x:${i}`, { at: noon + i * 1000, ...changes(i) }));
}

// A file without any test would count as broken.
it.skipIf(server !== undefined)('needs an Elasticsearch', (context) => context.skip('there is none'));

if (server !== undefined) {
  storeContract('elasticsearch', () => makeStore(server));

  describe('the elasticsearch store', () => {
    it('finds everything again when it is opened again, and shares it with other processes', async () => {
      await using place = ownPrefix(server);
      await using one = await makeStore(server, place);
      await using two = await makeStore(server, place);
      await one.put(many(5));
      await one.remove([{ id: 'x:0', observedAt: noon }]);
      const first = await two.setTriage(dupont, 'x:1', 'acme', { status: 'answered' }, '');
      await expect(one.setTriage(dupont, 'x:1', 'acme', { status: 'open' }, '')).rejects.toThrow(Conflict);
      await two.put(many(6));
      expect((await searchAll(two, dupont)).map(({ id }) => id)).toEqual(['x:5', 'x:4', 'x:3', 'x:2', 'x:1']);
      await using three = await makeStore(server, place);
      expect(await searchAll(three, dupont, { triage: 'answered' })).toMatchObject([{ id: 'x:1', triage: first }]);
    });

    it('shows what was put within a second or so, and at once to alerts and to whoever names the posts', async () => {
      await using store = await makeStore(server, { readOwnWrites: false });
      await store.put(many(3));
      expect((await store.search(dupont, { ids: ['x:1'] }, { limit: 5 })).items).toHaveLength(1);
      await store.put([mentionOf('x:new', { at: noon + day })]);
      expect((await store.urgent?.search(dupont, {}, { limit: 1 }))?.items).toMatchObject([{ id: 'x:new' }]);
      await store.put([mentionOf('x:newer', { at: noon + 2 * day })]);
      await expect.poll(async () => (await searchAll(store, dupont)).length, { timeout: 5000 }).toBe(5);
    });

    it('keeps a mention once when an edit moves it to another month, seen or not yet seen', async () => {
      await using place = ownPrefix(server);
      await using store = await makeStore(server, place);
      const post = mentionOf('x:1', { observedAt: noon });
      const moved = mentionOf('x:1', { at: noon - 40 * day, observedAt: noon + 1, text: 'moved' });
      await store.put([post, mentionOf('x:2', { at: noon - 70 * day })]);
      await store.put([moved]);
      expect((await searchAll(store, dupont)).map(({ id, text }) => `${id} ${text}`)).toEqual([
        'x:1 moved',
        'x:2 a word about x:2',
      ]);
      // The late copy of the first one, from a process that knows nothing of this.
      await using other = await makeStore(server, place);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await other.put([post]);
      await other.put([mentionOf('x:2', { at: noon + day, observedAt: noon + day, text: 'moved' })]);
      expect((await searchAll(other, dupont)).map(({ id, text }) => `${id} ${text}`)).toEqual([
        'x:2 moved',
        'x:1 moved',
      ]);
      expect(await other.count()).toBe(2);
      expect(await other.dropBefore(Date.UTC(2026, 2, 1))).toEqual(['2025-12', '2026-01']);
      expect((await searchAll(other, dupont)).map(({ id }) => id)).toEqual(['x:2']);
      // A process that still believes in the month.
      await store.put([moved]);
      expect(await store.count()).toBe(2);
    });

    it('lets neither a removal nor triage be undone by a put that runs at the same time', async () => {
      await using place = ownPrefix(server);
      await using one = await makeStore(server, place);
      await using two = await makeStore(server, place);
      for (let round = 0; round < 15; round++) {
        const posts = many(20, () => ({ observedAt: noon + round }));
        const mine = posts.map((post) => ({ ...post, id: `${post.id}:${round}` }));
        const target = mine[round] as Mention;
        await one.put([target]);
        const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
        await Promise.all([
          one.put(mine.map((post) => ({ ...post, observedAt: post.observedAt + 1, text: 'edited' }))),
          wait(round * 2).then(() => two.remove([{ id: `x:7:${round}`, observedAt: noon }])),
          wait(round * 2)
            .then(() => two.setTriage(dupont, target.id, 'acme', { status: 'escalated' }, ''))
            .catch(() => {}),
        ]);
        expect((await two.search(dupont, { ids: [`x:7:${round}`] }, { limit: 1 })).items).toEqual([]);
        if (round !== 7) {
          const [found] = (await two.search(dupont, { ids: [target.id], triage: 'escalated' }, { limit: 1 })).items;
          expect(found).toMatchObject({ text: 'edited', triage: { status: 'escalated' } });
        }
      }
    });

    it('sweeps up what a crash left behind a tombstone', async () => {
      await using place = ownPrefix(server);
      await using store = await makeStore(server, place);
      const post = mentionOf('x:1');
      await store.put([post, mentionOf('x:2')]);
      // Written after the removal had looked for it, by a process that died before it looked again.
      const client = createClient(server);
      const { _source } = await client.get({ index: `${place.prefix}-mentions-2026-03`, id: mentionKey(post) });
      await store.remove([{ id: 'x:1', observedAt: noon }]);
      await client.index({
        index: `${place.prefix}-mentions-2026-03`,
        id: mentionKey(post),
        document: _source as object,
      });
      await client.close();
      expect((await store.search(dupont, { ids: ['x:1'] }, { limit: 1 })).items).toHaveLength(1);
      await store.put([post]);
      expect((await store.search(dupont, { ids: ['x:1'] }, { limit: 1 })).items).toEqual([]);
      expect(await store.count()).toBe(1);
    });

    it('writes what it can, names what the server refuses, and does not stumble over it again', async () => {
      const refused: unknown[] = [];
      await using store = await makeStore(server, { onRefused: (one) => refused.push(one) });
      const poison = mentionOf('x:poison', { author: { id: '1', followers: 'many' as unknown as number } });
      await store.put([...many(3), poison]);
      expect(refused).toMatchObject([
        { id: 'x:poison', brand: 'acme', reason: expect.stringMatching(/followers/) as string },
      ]);
      expect(await store.count()).toBe(3);
      await using strict = await makeStore(server);
      await expect(strict.put([...many(3), poison])).rejects.toThrow(/x:poison of acme: .*followers/);
      expect(await strict.count()).toBe(3);
    });

    it('gives back whatever a post may hold, however long', async () => {
      await using store = await makeStore(server);
      const long = 'é'.repeat(40_000);
      const posts = [
        mentionOf(`x:${long}`.slice(0, 4000), { text: `${long} fin`, title: long, url: `https://example.org/${long}` }),
        mentionOf('x:half', {
          text: 'half a pair \ud83d here',
          links: [`https://example.org/${long}`],
          topics: [long],
        }),
        mentionOf('x:nul', { text: 'a\0b', extra: { country: 'FR', deep: { a: [{ b: null }] } }, rating: 4.5 }),
      ];
      await store.put(posts);
      const found = await searchAll(store, dupont);
      expect(found.map(({ triage: _triage, ...mention }) => mention)).toEqual(
        posts.toSorted((a, b) => Buffer.compare(Buffer.from(b.id), Buffer.from(a.id))),
      );
      const ask = async (query: QueryNode) => (await searchAll(store, dupont, { query })).length;
      expect(await ask({ op: 'term', word: 'fin' })).toBe(1);
      expect(await ask({ op: 'term', word: 'e'.repeat(40_000) })).toBe(1);
      expect(await ask({ op: 'field', field: 'url', value: 'é'.repeat(5) })).toBe(1);
      expect(await ask({ op: 'field', field: 'links', value: 'e'.repeat(5) })).toBe(0);
    });

    it('counts alike from the server and one by one, over several months', async () => {
      await using store = await makeStore(server);
      await using peer = createMemoryStore();
      const labels = ['negative', 'neutral', 'positive'] as const;
      const posts = many(3000, (i) => ({
        at: noon + ((i * 7919) % 3000) * hour,
        brand: i % 3 ? 'acme' : 'globex',
        source: i % 2 ? 'x' : 'press',
        own: i % 11 === 0,
        text: i % 4 ? 'la panne, encore' : 'encore la panne de l’usine PANNE',
        author: { id: String(i % 700), handle: `h${(i * i) % 700}` },
        sentiment: feeling(labels[i % 3] ?? 'neutral', i % 5 === 0),
      }));
      await store.put(posts);
      await peer.put(posts);
      const asked: readonly (QueryNode | undefined)[] = [
        undefined,
        { op: 'term', word: 'usine' },
        { op: 'raw', text: 'PANNE' },
        { op: 'phrase', words: ['encore', 'la'] },
        { op: 'phrase', words: ['de', 'lusine'] },
      ];
      for (const node of asked) {
        for (const span of [{}, { from: noon + 100 * hour, to: noon + 2222 * hour }, { sources: ['press'] }]) {
          const query: MentionQuery = { ...span, ...(node && { query: node }) };
          for (const bucketMs of [hour, 7 * day]) {
            expect(await store.series(dupont, query, bucketMs)).toEqual(await peer.series(dupont, query, bucketMs));
          }
          const fields = ['source', 'sentiment', 'brand', 'author', 'term', 'language', 'triage'] as const;
          expect(await store.facets(dupont, query, fields, 9)).toEqual(await peer.facets(dupont, query, fields, 9));
        }
      }
    });

    it('erases what a query finds, for good', async () => {
      await using store = await makeStore(server);
      const posts = many(2500, (i) => ({ author: { id: String(i % 5) } }));
      await store.put([...posts, mentionOf('y:1', { client: 'durand', author: { id: '3' } })]);
      const query: MentionQuery = { query: { op: 'field', field: 'from', value: '3' } };
      expect(await store.erase(dupont, query)).toBe(500);
      expect(await store.count()).toBe(2001);
      await store.put(posts.map((post) => ({ ...post, observedAt: post.observedAt + day })));
      expect(await store.count()).toBe(2001);
      expect(await store.erase(dupont, query)).toBe(0);
    });

    it('stops a read at its limit, and hands over what a long search has found so far', async () => {
      await using place = ownPrefix(server);
      await using store = await makeStore(server, place);
      for (let i = 0; i < 8; i++)
        await store.put(
          many(1000, (k) => ({ text: `un texte ${k}` })).map((post) => ({ ...post, id: `${post.id}:${i}` })),
        );
      await store.put([mentionOf('x:old', { at: noon - hour, text: 'the RARE one' })]);
      await using hasty = await makeStore(server, { ...place, readTimeoutMs: 60 });
      await store.count();
      const start = performance.now();
      await expect(hasty.series(dupont, { query: { op: 'raw', text: 'ABSENT' } }, hour)).rejects.toThrow(TooSlow);
      expect(performance.now() - start).toBeLessThan(2000);
      const query: MentionQuery = { query: { op: 'raw', text: 'RARE' } };
      const first = await hasty.search(dupont, query, { limit: 1 }).catch((error: unknown) => error);
      if (!(first instanceof TooSlow)) expect(first).toMatchObject({ items: [], next: expect.any(String) as string });
      expect((await searchAll(store, dupont, query, 1)).map(({ id }) => id)).toEqual(['x:old']);
      await using few = await makeStore(server, { ...place, reads: 2 });
      const reads = await Promise.allSettled(Array.from({ length: 9 }, () => few.series(dupont, {}, hour)));
      expect(reads.filter(({ status }) => status === 'rejected')).toHaveLength(7);
    });

    it('waits for a server that is busy or away, and gives up in time', async () => {
      await using place = ownPrefix(server);
      let mode: 'well' | 'busy' | 'items' | 'away' | 'always' = 'well';
      let failed = 0;
      await using proxy = await makeProxy(server.url, (request, body, response) => {
        if (mode === 'well' || !(request.url ?? '').startsWith('/_bulk')) return false;
        failed += 1;
        if (mode !== 'always' && failed % 3 === 0) return false;
        if (mode === 'away') return 'cut';
        response.setHeader('x-elastic-product', 'Elasticsearch').setHeader('content-type', 'application/json');
        if (mode === 'items') {
          const lines = body.toString().trimEnd().split('\n').length / 2;
          const error = { type: 'es_rejected_execution_exception', reason: 'the queue is full' };
          response.end(
            JSON.stringify({ items: Array.from({ length: lines }, () => ({ index: { status: 429, error } })) }),
          );
        } else {
          response.statusCode = 429;
          response.end(
            '{"error":{"type":"es_rejected_execution_exception","reason":"the queue is full"},"status":429}',
          );
        }
        return true;
      });
      await using store = await makeStore({ ...server, url: proxy.url }, { ...place, writeTimeoutMs: 3000 });
      for (const [i, next] of (['busy', 'items', 'away'] as const).entries()) {
        mode = next;
        const before = failed;
        await store.put(many(10).map((post) => ({ ...post, id: `${next}:${post.id}` })));
        expect(failed - before).toBeGreaterThanOrEqual(3);
        expect(await store.count()).toBe(10 * (i + 1));
      }
      mode = 'always';
      const start = performance.now();
      await expect(store.put(many(5))).rejects.toThrow(/did not take 5 of 5 writes in time.*queue is full/);
      expect(performance.now() - start).toBeLessThan(6000);
    });

    it('rebuilds its months with another mapping while they are read and written', async () => {
      await using place = ownPrefix(server);
      const next = {
        version: 2,
        index: {
          ...mentionIndex,
          mappings: {
            ...mentionIndex.mappings,
            properties: { ...mentionIndex.mappings.properties, fresh: { type: 'alias', path: 'source' } },
          },
        },
      };
      await using old = await makeStore(server, place);
      const posts = many(6000, (i) => ({ at: noon + (i % 60) * day }));
      await old.put(posts);
      await old.setTriage(dupont, 'x:1', 'acme', { status: 'dismissed' }, '');
      await using fresh = await makeStore(server, { ...place, mapping: next });
      await using reader = await makeStore(server, { ...place, readOwnWrites: false });
      const done = new AbortController();
      let written = 0;
      let least = Infinity;
      let most = 0;
      const writing = (async () => {
        for (; !done.signal.aborted; written++) {
          await old.put([mentionOf(`new:${written}`, { at: noon + (written % 60) * day })]);
          if (written === 3) await old.remove([{ id: 'x:5', observedAt: noon }]);
        }
      })();
      const reading = (async () => {
        while (!done.signal.aborted) {
          const [point] = await reader.series(
            dupont,
            { sources: ['x'], ids: posts.slice(0, 5).map(({ id }) => id) },
            1000 * day,
          );
          least = Math.min(least, point?.count ?? 0);
          most = Math.max(most, point?.count ?? 0);
        }
      })();
      const migrating = fresh.migrate().finally(() => done.abort());
      const [rebuilt] = await Promise.all([migrating, writing, reading]);
      expect(rebuilt.toSorted()).toEqual(['2026-03', '2026-04', '2026-05']);
      // At no moment was a mention missing or there twice.
      expect([least, most]).toEqual([5, 5]);
      expect(written).toBeGreaterThan(4);
      expect(await old.count()).toBe(5999 + written);
      expect(await searchAll(fresh, dupont, { triage: 'dismissed' })).toMatchObject([{ id: 'x:1' }]);
      const client = createClient(server);
      const indices = Object.keys(await client.indices.getAlias({ name: `${place.prefix}-mentions` }));
      expect(indices.every((index) => index.endsWith('-v2'))).toBe(true);
      expect(await client.indices.exists({ index: `${place.prefix}-mentions-2026-03-v1` })).toBe(false);
      const { count } = await client.count({ index: `${place.prefix}-mentions`, query: { term: { fresh: 'x' } } });
      expect(count).toBe(5999 + written);
      await client.close();
      await old.put([mentionOf('x:last', { observedAt: noon })]);
      await fresh.put(posts.slice(0, 100));
      expect(await fresh.count()).toBe(6000 + written);
      expect(await fresh.migrate()).toEqual([]);
    });

    it('keeps the stems of French and English beside our terms', async () => {
      await using place = ownPrefix(server);
      await using store = await makeStore(server, place);
      await store.put([
        mentionOf('x:1', { text: 'L’usine rappelait ses produits' }),
        mentionOf('x:2', { text: 'they recalled it' }),
      ]);
      await store.count();
      const client = createClient(server);
      const find = async (field: string, query: string) =>
        (
          await client.search({ index: `${place.prefix}-mentions`, query: { match: { [field]: query } } })
        ).hits.hits.map(({ _id }) => _id);
      expect(await find('similar', 'usines')).toEqual(['x:1|acme']);
      expect(await find('similar', 'produit')).toEqual(['x:1|acme']);
      expect(await find('similar.en', 'recalling')).toEqual(['x:2|acme']);
      await client.close();
    });

    it('says what is wrong without what is secret', async () => {
      const failed = await createElasticsearchStore({
        connection: { url: 'http://127.0.0.1:1', apiKey: 'c2VjcmV0OnNlc2FtZQ==' },
        prefix: 'x',
      }).catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(Error);
      expect(JSON.stringify(failed, Object.getOwnPropertyNames(failed)) + String((failed as Error).stack)).not.toMatch(
        /c2Vjc/,
      );
    });
  });

  describe('queries asked of the server', () => {
    const words = [
      'acme',
      'loreal',
      'oreal',
      'rappel',
      'lait',
      'acmes',
      'lacmes',
      'dacme',
      'oeuf',
      'absent',
      '日',
      'acme.bsky.social',
      'quelquun',
    ];
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
      "L'Oréal rappelle l’acme's",
      'Œuf ou oeuf, c’est pareil !',
      '日本 acme',
      'AC/ME "cité" (ou) -non',
      'quelqu’un d’Acme',
      'https://Acme.example/lait?x=1',
      'acme @loreal@mastodon.social acme',
      '#Œuf',
      "l'acme rappel l'acme",
      '',
    ];
    const word = fc.constantFrom(...words);
    const phraseWord = fc.oneof(
      word,
      fc.constantFrom('#acme', '@acme_fr', 'ac?e', 'rap*', '👍', '👍🏽', '#ac*', '?ait', '@acme.bsky.social', '@ac*'),
    );
    const within = fc.integer({ min: 0, max: 3 });
    const nodes = fc.letrec<{ node: QueryNode }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3, depthIdentifier: 'node' },
        word.map((word): QueryNode => ({ op: 'term', word })),
        fc
          .constantFrom('ac', 'lor', 'l', 'lo', 'acmes', 'dac', 'acme.b')
          .map((word): QueryNode => ({ op: 'prefix', word })),
        fc
          .constantFrom('ac?e', '?cme', 'l?real', 'lor?al', 'r*', '?', '#ac?e', '@acm?*', 'acm??', 'd?cme')
          .map((pattern): QueryNode => ({ op: 'wildcard', pattern })),
        fc.array(phraseWord, { minLength: 0, maxLength: 3 }).map((words): QueryNode => ({ op: 'phrase', words })),
        fc
          .tuple(fc.array(phraseWord, { minLength: 0, maxLength: 3 }), within)
          .map(([words, within]): QueryNode => ({ op: 'proximity', words, within })),
        fc.constantFrom('acme', 'oeuf').map((tag): QueryNode => ({ op: 'hashtag', tag })),
        fc
          .constantFrom('acme_fr', 'acme', 'acme.bsky.social', 'loreal')
          .map((handle): QueryNode => ({ op: 'handle', handle })),
        fc.constantFrom('ac', 'acme.b', 'lor').map((handle): QueryNode => ({ op: 'handle', handle, prefix: true })),
        fc.constantFrom('👍', '👍🏽').map((emoji): QueryNode => ({ op: 'emoji', emoji })),
        fc.constantFrom('AC/ME', 'Acme').map((text): QueryNode => ({ op: 'raw', text })),
        fc
          .tuple(
            fc.constantFrom(
              'source',
              'brand',
              'topic',
              'country',
              'from',
              'author',
              'site',
              'url',
              'links',
              'lang',
              'type',
              'sentiment',
            ),
            fc.constantFrom(
              'x',
              'press',
              'acme',
              'price',
              'fr',
              'ada',
              'ada lovelace',
              'lovelace',
              'example.org',
              'org',
              'shop',
              'reply',
              'post',
              'review',
              'negative',
              'unsure',
              '',
            ),
            fc.boolean(),
          )
          .map(([field, value, prefix]): QueryNode => ({ op: 'field', field, value, ...(prefix && { prefix }) })),
        fc
          .tuple(
            fc.constantFrom('rating', 'followers'),
            fc.constantFrom('=', '<', '<=', '>', '>='),
            fc.constantFrom(3, 3.5, 1000),
          )
          .map(([field, compare, value]): QueryNode => ({ op: 'number', field, compare, value })),
        tie('node').map((of): QueryNode => ({ op: 'title', of })),
        tie('node').map((of): QueryNode => ({ op: 'not', of })),
        fc.array(tie('node'), { maxLength: 3 }).map((of): QueryNode => ({ op: 'and', of })),
        fc.array(tie('node'), { maxLength: 3 }).map((of): QueryNode => ({ op: 'or', of })),
        fc
          .tuple(fc.constantFrom('near', 'onear'), tie('node'), tie('node'), within)
          .map(([op, left, right, within]): QueryNode => ({ op, left, right, within })),
      ),
    })).node;

    it('are bounds: what is sure matches, and what matches may be found', async () => {
      await using place = ownPrefix(server);
      await using store = await makeStore(server, place);
      const mentions = Array.from({ length: 400 }, (_, i): Mention => {
        const title = i % 3 === 0 ? texts[(i * 7) % texts.length] : undefined;
        const text = `${texts[i % texts.length]} ${texts[Math.floor(i / 7) % texts.length]}`;
        return mentionOf(`x:${i}`, {
          text,
          ...(title !== undefined && { title }),
          source: i % 2 ? 'x' : 'Press',
          language: ['fr', 'en', ''][i % 3] ?? '',
          lang: 'fr-CA',
          topics: i % 5 ? [] : ['Price', 'prices'],
          sentiment: feeling((['negative', 'neutral', 'positive'] as const)[i % 3] ?? 'neutral', i % 4 === 0),
          ...(i % 2 === 0 && {
            author: { id: 'A1', handle: '@Ada', name: i % 4 ? 'Ada  Lovelace' : 'Bob (Ada)', followers: i * 10 },
          }),
          ...(i % 6 === 0 && { rating: (i % 10) / 2 }),
          ...(i % 7 === 0 && { refs: { replyTo: 'x:0' } }),
          ...(i % 3 === 1 && { url: `https://www.shop.example.org/${i}`, links: ['https://Shop.example.org/a'] }),
          ...(i % 8 === 0 && { extra: { country: 'FR' } }),
        });
      });
      await store.put(mentions);
      await store.count();
      const client = createClient(server);
      const asked = fc.sample(nodes, { numRuns: 1500, seed: 7 });
      let exact = 0;
      let found = 0;
      for (let first = 0; first < asked.length; first += 100) {
        const some = asked
          .slice(first, first + 100)
          .map((node) => ({ node, plan: planForElasticsearch(node as Query) }));
        const searches = some.flatMap(({ plan }) =>
          [plan.sure, plan.maybe].flatMap((query) => [
            { index: `${place.prefix}-mentions` },
            { query: allOf([query]), size: 500, _source: ['id'] },
          ]),
        );
        const { responses } = await client.msearch<{ id: string }>({ searches });
        for (const [i, { node, plan }] of some.entries()) {
          const wanted = new Set(mentions.filter((mention) => matches(node, documentOf(mention))).map(({ id }) => id));
          const [sure, maybe] = [responses[2 * i], responses[2 * i + 1]].map((answer) => {
            if (answer === undefined || 'error' in answer)
              throw new Error(`${JSON.stringify(node)}: ${JSON.stringify(answer)}`);
            return new Set(answer.hits.hits.map((hit) => String(hit._source?.id)));
          });
          const wrong = [...(sure ?? [])].filter((id) => !wanted.has(id));
          const missed = [...wanted].filter((id) => maybe?.has(id) !== true);
          expect({ node: JSON.stringify(node), wrong, missed }).toEqual({
            node: JSON.stringify(node),
            wrong: [],
            missed: [],
          });
          if (plan.exact) exact += 1;
          found += wanted.size;
        }
      }
      await client.close();
      expect(found).toBeGreaterThan(10_000);
      // Most of what people ask is answered by the server alone.
      expect(exact).toBeGreaterThan(asked.length / 3);
    });

    it('are refused in no shape: very deep, very wide, very long', async () => {
      await using store = await makeStore(server);
      await store.put(many(3));
      let deep: QueryNode = { op: 'term', word: 'word' };
      for (let i = 0; i < 60; i++)
        deep = { op: i % 2 ? 'and' : 'or', of: [deep, { op: 'term', word: i % 2 ? 'word' : `w${i}` }] };
      const wide: QueryNode = {
        op: 'or',
        of: Array.from({ length: 3000 }, (_, i): QueryNode => ({ op: 'phrase', words: [`w${i}`, 'word'] })).concat({
          op: 'term',
          word: 'word',
        }),
      };
      const list: QueryNode = {
        op: 'or',
        of: Array.from({ length: 5000 }, (_, i): QueryNode => ({ op: 'term', word: `w${i}` })).concat({
          op: 'term',
          word: 'word',
        }),
      };
      const long: QueryNode = {
        op: 'or',
        of: [
          { op: 'wildcard', pattern: `${'?'.repeat(3000)}*` },
          { op: 'prefix', word: 'w'.repeat(5000) },
          { op: 'term', word: 'word' },
        ],
      };
      for (const node of [deep, wide, list, long]) {
        expect(await searchAll(store, dupont, { query: node })).toHaveLength(3);
        expect(await store.series(dupont, { query: node }, day)).toMatchObject([{ count: 3 }]);
      }
      expect(await searchAll(store, dupont, { ids: Array.from({ length: 70_000 }, (_, i) => `x:${i}`) })).toHaveLength(
        3,
      );
    });
  });
}

if (secured !== undefined) {
  /** A key that may do no more than the role that `vigie check` prints. */
  const makeKey = async (prefix: string): Promise<string> => {
    const client = createClient(secured);
    const role = leastRole(prefix);
    const { encoded } = await client.security.createApiKey({
      name: 'vigie',
      role_descriptors: {
        vigie: {
          cluster: [...role.cluster],
          indices: role.indices.map(({ names, privileges }) => ({ names: [...names], privileges: [...privileges] })),
        },
      },
    });
    await client.close();
    return encoded;
  };
  const { url, ca = '' } = secured;

  describe('with TLS and a key of the least role', async () => {
    // Every prefix of these tests begins so.
    const apiKey = await makeKey('test');
    storeContract('elasticsearch, secured', () => makeStore(secured, { connection: { url, ca, apiKey } }));

    it('may do all that the store does beside the contract, and nothing elsewhere', async () => {
      const connection = { url, ca, apiKey };
      await using place = ownPrefix(secured);
      await using store = await makeStore(secured, { ...place, connection });
      await store.put([mentionOf('x:1'), mentionOf('x:2', { at: noon - 40 * day })]);
      expect(await store.dropBefore(noon - 20 * day)).toEqual(['2026-01']);
      await using next = await makeStore(secured, {
        ...place,
        connection,
        mapping: { version: 2, index: mentionIndex },
      });
      expect(await next.migrate()).toEqual(['2026-03']);
      expect(await next.erase(dupont, {})).toBe(1);
      await using desk = await openElasticsearchDesk({ connection, prefix: place.prefix });
      const version = await desk.put('a', 'user', 'u', 1, undefined);
      expect((await desk.list('a', 'user', { limit: 1 })).items).toEqual([{ id: 'u', value: 1, version }]);
      await desk.append('a', 'audit', 1);
      for await (const { entry } of desk.read('a', 'audit')) expect(entry).toBe(1);
      await expect(createElasticsearchStore({ connection, prefix: 'other' })).rejects.toThrow(/security_exception/);
    });

    it('trusts nobody whom the certificate does not name, and refuses a wrong password without showing it', async () => {
      const prefix = freePrefix();
      await expect(createElasticsearchStore({ connection: { url, apiKey }, prefix })).rejects.toThrow(/certificate/);
      const wrong = { url, ca, username: 'vigie-test', password: 'sesame-sesame' };
      const error = await createElasticsearchStore({ connection: wrong, prefix }).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).toMatch(/security_exception|unable to authenticate/);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).stack)).not.toMatch(
        /sesame|c2VzYW1l/,
      );
    });
  });
}
