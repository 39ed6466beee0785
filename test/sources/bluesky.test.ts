/** Bluesky against a server that speaks both protocols, with its failures. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { SourceDeps } from '../../src/model/define.ts';
import type { Source, SourceBatch } from '../../src/model/ports.ts';
import type { Json, Query, RawItem, UnstampedPost } from '../../src/model/types.ts';
import { bluesky } from '../../src/sources/bluesky.ts';
import { connectWebSocket } from '../../src/sources/lib/socket.ts';
import { parseQuery } from '../../src/text/query/parse.ts';
import { sourceContract } from '../contract/source.ts';
import { testData } from '../support/data.ts';
import { type JetstreamServer, postEvent, startJetstream } from '../support/jetstream-server.ts';
import { make, testDeps } from './support.ts';

const DICTIONARY = testData(
  'fixtures/bluesky/legacy_subscribe.zdict',
  'streams compressed with the servers’ dictionary',
);
const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
const OTHER = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb';

function query(text: string): Query {
  const { query: parsed } = parseQuery(text);
  if (!parsed) throw new Error(text);
  return parsed;
}

/** Reads in the background, as the runner does; `posts` grows. */
function follow(source: Source, from?: Json) {
  const stop = new AbortController();
  const batches: SourceBatch[] = [];
  const items: RawItem[] = [];
  const posts: UnstampedPost[] = [];
  const refused: string[] = [];
  let cursor = from;
  let failure: unknown;
  const over = (async () => {
    try {
      for await (const batch of source.read(from, stop.signal)) {
        batches.push(batch);
        items.push(...batch.items);
        for (const item of batch.items) {
          const outcome = source.normalise(item);
          if (outcome.kind === 'keep') posts.push(outcome.value);
          else refused.push(outcome.reason);
        }
        cursor = batch.cursor ?? cursor;
        batch.done?.();
      }
    } catch (error) {
      failure = error;
    }
  })();
  return {
    batches,
    items,
    posts,
    refused,
    cursor: () => cursor,
    failure: () => failure,
    ids: () => posts.map(({ id }) => id.slice(id.lastIndexOf('/') + 1)),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await over;
    },
  };
}

function open(
  server: JetstreamServer,
  settings: { readonly [key: string]: unknown } = {},
  deps: Partial<SourceDeps> = {},
): Source {
  return make(bluesky, { servers: [server.url], profiles: false, ...settings }, testDeps(deps).deps);
}

const connected = (server: JetstreamServer, count = 1) =>
  expect.poll(() => server.clients(), { timeout: 4_000 }).toBe(count);

sourceContract('bluesky', async () => {
  const server = await startJetstream();
  let offered = 0;
  let touched = 0;
  // The first reader begins before what was offered, so that the log is replayed to it.
  const create = (): Source => {
    const source = make(
      bluesky,
      { servers: [`${server.url}/subscribe?token=s3cret-token`], profiles: false },
      {
        ...testDeps().deps,
        connect: (...args) => {
          touched += 1;
          return connectWebSocket(...args);
        },
      },
    );
    return {
      ...source,
      read: (from, signal) => source.read(from ?? { timeUs: (Date.now() - 3_600_000) * 1_000 }, signal),
    };
  };
  return {
    create,
    touched: () => touched,
    offer: async (ids) => {
      for (const id of ids)
        server.emit(postEvent({ rkey: id, text: `post ${id}`, timeUs: Date.now() * 1_000 + offered++ }));
    },
    postId: (id) => `bluesky:${DID}/${id}`,
    offerBroken: async () =>
      server.emit('{"did":"did:plc:x", broken', '[1,2]', '{"did":"did:plc:x","time_us":5,"kind":"commit"}'),
    twins: () => {
      const body = { op: 'create', did: DID, rkey: 'twin', seenAt: Date.now(), record: { text: 'twice' } };
      return [
        { nativeId: `${DID}/twin`, body },
        { nativeId: `${DID}/twin`, body: { ...body, record: { text: 'twice, again' } } },
      ];
    },
    fail: async () => {
      server.set({ refuse: { status: 400, body: '{"error":"InvalidRequest"}' } });
    },
    secrets: ['s3cret-token'],
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
    },
  };
});

for (const protocol of ['v1', 'v2'] as const) {
  describe(`bluesky over ${protocol}`, () => {
    test('asks for posts alone and hands on what a query can match', async () => {
      await using server = await startJetstream();
      await using reader = follow(open(server, { protocol }, { queries: () => [query('acme')] }));
      await connected(server);
      const [request] = server.requests;
      expect(request?.searchParams.getAll(protocol === 'v1' ? 'wantedCollections' : 'collections')).toEqual([
        'app.bsky.feed.post',
      ]);
      expect(request?.searchParams.has('cursor')).toBe(false);
      server.emit(
        postEvent({ rkey: '1', text: 'Un mot d’Acmé' }),
        postEvent({ rkey: '2', text: 'nothing of the kind' }),
        postEvent({
          rkey: '3',
          text: 'look',
          record: {
            embed: {
              $type: 'app.bsky.embed.external',
              external: { uri: 'https://example.org/a', title: 'ACME in the news' },
            },
          },
        }),
        postEvent({ rkey: '4', text: 'acme again' }),
      );
      await expect.poll(() => reader.ids()).toEqual(['1', '3', '4']);
      expect(reader.posts[1]).toMatchObject({
        title: 'ACME in the news',
        text: 'look',
        links: ['https://example.org/a'],
      });
    });

    test('goes on after a cut, a farewell and a warming server without losing or doubling', async () => {
      await using server = await startJetstream();
      await using reader = follow(open(server, { protocol }, { random: () => 0 }));
      await connected(server);
      server.emit(postEvent({ rkey: 'a' }), postEvent({ rkey: 'b' }));
      await expect.poll(() => reader.ids()).toEqual(['a', 'b']);
      server.cut();
      server.emit(postEvent({ rkey: 'c' }));
      await connected(server);
      server.emit(postEvent({ rkey: 'd' }));
      await expect.poll(() => reader.ids()).toEqual(['a', 'b', 'c', 'd']);
      server.set({ refuse: { status: 503, body: 'warming up' } });
      server.disconnect();
      server.emit(postEvent({ rkey: 'e' }));
      await expect.poll(() => server.requests.length).toBeGreaterThan(2);
      server.set({});
      await using again = follow(open(server, { protocol }), reader.cursor());
      await expect.poll(() => again.ids()).toContain('e');
      expect(again.ids()).toEqual(['e']);
    });

    test('a restart hands on what it missed, and nothing twice', async () => {
      await using server = await startJetstream();
      let cursor: Json | undefined;
      {
        await using reader = follow(open(server, { protocol }));
        await connected(server);
        server.emit(postEvent({ rkey: 'a' }), postEvent({ rkey: 'b' }));
        await expect.poll(() => reader.ids()).toEqual(['a', 'b']);
        cursor = reader.cursor();
      }
      server.emit(postEvent({ rkey: 'c' }));
      await using reader = follow(open(server, { protocol }), JSON.parse(JSON.stringify(cursor)) as Json);
      await connected(server);
      server.emit(postEvent({ rkey: 'd' }));
      await expect.poll(() => reader.ids()).toEqual(['c', 'd']);
      expect(reader.batches.filter(({ gap }) => gap)).toEqual([]);
    });

    test('a cursor that is too old is a gap, told once', async () => {
      await using server = await startJetstream();
      const hourUs = 3_600_000_000;
      const nowUs = Date.now() * 1_000;
      server.emit(
        postEvent({ rkey: 'lost', timeUs: nowUs - 30 * hourUs }),
        postEvent({ rkey: 'kept', timeUs: nowUs - 2 * hourUs }),
      );
      server.set({ floorUs: nowUs - 3 * hourUs });
      const from = { timeUs: nowUs - 40 * hourUs, seq: 1, server: new URL(server.url).host };
      await using reader = follow(open(server, { protocol }), from);
      await expect.poll(() => reader.ids()).toEqual(['kept']);
      const gaps = reader.batches.flatMap(({ gap }) => gap ?? []);
      expect(gaps).toEqual([{ from: Math.floor(from.timeUs / 1_000), to: Math.ceil((nowUs - 2 * hourUs) / 1_000) }]);
      // It is behind, and says so: lateness is not counted from now.
      const [batch] = reader.batches;
      expect(batch?.readTo).toBeLessThanOrEqual((nowUs - 2 * hourUs) / 1_000);
    });

    test('a server that refuses for good is not asked again', async () => {
      await using server = await startJetstream({
        refuse: { status: 400, body: '{"error":"InvalidRequest","message":"no such collection"}' },
      });
      await using reader = follow(open(server, { protocol }));
      await expect.poll(() => reader.failure()).toMatchObject({ retryable: false });
      expect(String(reader.failure())).toContain('no such collection');
      expect(server.requests.length).toBe(1);
    });

    test.skipIf(DICTIONARY === undefined)('a stream compressed with the servers’ dictionary is read', async () => {
      await using server = await startJetstream({ dictionary: readFileSync(DICTIONARY!) });
      await using reader = follow(open(server, { protocol, zstd_dictionary: DICTIONARY }));
      await connected(server);
      const asked = server.requests[0]?.searchParams.get(protocol === 'v1' ? 'compress' : 'zstdDictionary');
      expect(asked).toBe(protocol === 'v1' ? 'true' : '1612007021');
      server.emit(postEvent({ rkey: 'z', text: 'compressé' }));
      await expect.poll(() => reader.posts.map(({ text }) => text)).toEqual(['compressé']);
    });
  });
}

test('deletes, edits and accounts that are gone pass where they concern us, and nowhere else', async () => {
  await using server = await startJetstream();
  const asked: string[] = [];
  const taken = {
    has: async (ids: readonly string[]) => {
      asked.push(...ids);
      return await Promise.resolve(ids.map((id) => id.endsWith('/stored')));
    },
    by: async (_source: string, author: string) =>
      await Promise.resolve(author === OTHER ? [`bluesky:${OTHER}/old`] : []),
  };
  await using reader = follow(open(server, {}, { queries: () => [query('acme')], taken }));
  await connected(server);
  server.emit(
    postEvent({ rkey: 'ours', text: 'acme' }),
    postEvent({ rkey: 'ours', text: 'no longer named', operation: 'update' }),
    postEvent({ rkey: 'foreign', text: 'something', operation: 'update' }),
    postEvent({ rkey: 'stored', text: 'something', operation: 'update' }),
    postEvent({ rkey: 'foreign', operation: 'delete' }),
    postEvent({ rkey: 'stored', operation: 'delete' }),
    postEvent({ rkey: 'ours', operation: 'delete' }),
    { did: OTHER, timeUs: Date.now() * 1_000, kind: 'identity', body: { did: OTHER, seq: 1 } },
    { did: OTHER, timeUs: Date.now() * 1_000, kind: 'account', body: { did: OTHER, active: true, seq: 2 } },
    {
      did: OTHER,
      timeUs: Date.now() * 1_000,
      kind: 'account',
      body: { did: OTHER, active: false, status: 'takendown', seq: 3 },
    },
    {
      did: 'did:plc:nobody',
      timeUs: Date.now() * 1_000,
      kind: 'account',
      body: { active: false, status: 'deleted', seq: 4 },
    },
    postEvent({ rkey: 'last', text: 'acme' }),
  );
  await expect.poll(() => reader.ids()).toContain('last');
  expect(reader.posts.map(({ op, id }) => `${op} ${id.slice('bluesky:'.length)}`)).toEqual([
    `create ${DID}/ours`,
    `update ${DID}/ours`,
    `update ${DID}/stored`,
    `delete ${DID}/stored`,
    `delete ${DID}/ours`,
    `delete ${OTHER}/old`,
    `create ${DID}/last`,
  ]);
  expect(asked.filter((id) => id.endsWith('/ours'))).toEqual([]);
});

test('profiles are asked for once, and a post never waits for one that fails', async () => {
  await using server = await startJetstream();
  const urls: string[] = [];
  const fetch = (async (input: URL) => {
    urls.push(String(input));
    if (urls.length > 1) throw new Error('away');
    return await Promise.resolve(
      Response.json({ profiles: [{ did: DID, handle: 'a.example', displayName: 'A', followersCount: 7 }] }),
    );
  }) as typeof globalThis.fetch;
  await using reader = follow(open(server, { profiles: true, profiles_server: 'https://profiles.example' }, { fetch }));
  await connected(server);
  server.emit(postEvent({ rkey: 'a' }));
  await expect.poll(() => reader.ids()).toEqual(['a']);
  server.emit(postEvent({ rkey: 'b' }), postEvent({ rkey: 'c', did: OTHER }));
  await expect.poll(() => reader.ids()).toEqual(['a', 'b', 'c']);
  expect(reader.posts.map(({ author }) => author?.handle)).toEqual(['a.example', 'a.example', undefined]);
  expect(reader.posts[0]?.author).toMatchObject({ name: 'A', followers: 7 });
  expect(urls.length).toBe(2);
});
