import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { TooSlow } from '../../src/model/errors.ts';
import type { MentionQuery, MentionStore } from '../../src/model/ports.ts';
import type { Mention } from '../../src/model/types.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { createSqliteStore, type SqliteStoreOptions } from '../../src/store/sqlite.ts';
import { dupont, feeling, mentionOf, searchAll, storeContract } from '../contract/store.ts';

const hour = 3_600_000;
const noon = Date.UTC(2026, 2, 3, 12);

async function makeFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-store-'));
  return {
    path: join(folder, 'store.db'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, maxRetries: 3 }),
  };
}

async function makeStore(options: Omit<SqliteStoreOptions, 'path'>): Promise<MentionStore> {
  const folder = await makeFolder();
  const store = await createSqliteStore({ path: folder.path, readers: 1, ...options });
  const close = store[Symbol.asyncDispose].bind(store);
  store[Symbol.asyncDispose] = async () => {
    await close();
    await folder[Symbol.asyncDispose]();
  };
  return store;
}

storeContract('sqlite', () => makeStore({}));
storeContract('sqlite, recounting at once', () => makeStore({ recountAfterMs: 0 }));

function many(count: number, first = 0, changes: (i: number) => Partial<Mention> = () => ({})): readonly Mention[] {
  return Array.from({ length: count }, (_, i) =>
    mentionOf(`x:${first + i}`, { at: noon + (first + i) * 1000, ...changes(i) }),
  );
}

async function fill(store: MentionStore, count: number): Promise<void> {
  for (let first = 0; first < count; first += 1000) {
    await store.put(
      many(1000, first, (i) => ({ text: `un texte ${i} ${(i * 7919).toString(36)} assez long pour être lu` })),
    );
  }
}

describe('the sqlite store', () => {
  it('finds everything again when it is opened again', async () => {
    await using folder = await makeFolder();
    {
      await using store = await createSqliteStore({ path: folder.path });
      await store.put(many(5));
      await store.remove([{ id: 'x:0', observedAt: noon }]);
      await store.setTriage(dupont, 'x:1', 'acme', { status: 'answered' }, '');
    }
    await using store = await createSqliteStore({ path: folder.path });
    await store.put(many(6));
    expect((await searchAll(store, dupont)).map(({ id }) => id)).toEqual(['x:5', 'x:4', 'x:3', 'x:2', 'x:1']);
    expect(await searchAll(store, dupont, { triage: 'answered' })).toMatchObject([{ id: 'x:1' }]);
    expect(await searchAll(store, dupont, { query: { op: 'term', word: 'word' } })).toHaveLength(5);
  });

  it('counts alike from rows and from hours that were counted, through edits and removals', async () => {
    await using folder = await makeFolder();
    await using store = await createSqliteStore({ path: folder.path, readers: 1, recountAfterMs: 0 });
    await using peer = createMemoryStore();
    const rows = () => {
      using db = new DatabaseSync(folder.path, { readOnly: true });
      const count = (table: string) => Number(db.prepare(`select count(*) as n from ${table}`).get()?.['n']);
      return {
        rollup: count('rollup'),
        stale: count('stale'),
        days: count('day'),
        open: count('day where current = 0'),
      };
    };
    const labels = ['negative', 'neutral', 'positive'] as const;
    const posts = Array.from({ length: 400 }, (_, i) =>
      mentionOf(`x:${i}`, {
        at: noon + ((i * 7919) % 4000) * 60_000,
        observedAt: noon + 5000 * hour,
        brand: i % 3 ? 'acme' : 'globex',
        source: i % 2 ? 'x' : 'press',
        own: i % 11 === 0,
        sentiment: feeling(labels[i % 3] ?? 'neutral', i % 5 === 0),
      }),
    );
    const steps: readonly ((store: MentionStore) => Promise<void>)[] = [
      (store) => store.put(posts),
      (store) => store.remove(posts.slice(0, 50).map(({ id }) => ({ id, observedAt: noon }))),
      // Edits move mentions to another hour, feeling and source.
      (store) =>
        store.put(
          posts.slice(100, 200).map((post) => ({
            ...post,
            at: post.at - 5 * hour,
            observedAt: post.observedAt + 1,
            source: 'forum',
            sentiment: feeling('negative'),
          })),
        ),
    ];
    const edge = [
      undefined,
      noon,
      noon + 1,
      noon + 7 * hour,
      noon + 12 * hour,
      noon + 41 * hour + 60_001,
      noon + 60 * hour - 1,
    ];
    for (const step of steps) {
      await step(store);
      await step(peer);
      await expect.poll(rows, { timeout: 10_000, interval: 20 }).toMatchObject({ stale: 0, open: 0 });
      expect(rows().rollup).toBeGreaterThan(50);
      expect(rows().days).toBeGreaterThan(5);
      for (const from of edge) {
        for (const to of edge) {
          for (const rest of [
            {},
            { brands: ['acme'] },
            { sources: ['x', 'forum'] },
            { sentiment: 'unsure' },
          ] as const) {
            const query: MentionQuery = {
              ...(from !== undefined && { from }),
              ...(to !== undefined && { to }),
              ...rest,
            };
            for (const bucketMs of [6 * hour, 24 * hour]) {
              expect(await store.series(dupont, query, bucketMs)).toEqual(await peer.series(dupont, query, bucketMs));
            }
            const fields = ['source', 'sentiment', 'brand'] as const;
            expect(await store.facets(dupont, query, fields, 9)).toEqual(await peer.facets(dupont, query, fields, 9));
          }
        }
      }
    }
  });

  it('says so when there is no room, keeps what it has, and works again when there is room', async () => {
    await using folder = await makeFolder();
    const long = 'lorem '.repeat(800);
    let kept = 0;
    {
      await using store = await createSqliteStore({ path: folder.path, maxBytes: 1_000_000 });
      const error = await (async () => {
        for (; kept < 100_000; kept += 50) await store.put(many(50, kept, () => ({ text: long })));
      })().catch((error: unknown) => error);
      expect(error).toBeInstanceOf(Error);
      expect(String(error)).toMatch(/no room left/);
      expect(kept).toBeGreaterThan(0);
      expect(await store.count()).toBe(kept);
      expect(await store.series(dupont, { query: { op: 'term', word: 'lorem' } }, 10_000 * hour)).toMatchObject([
        { count: kept },
      ]);
      // Room comes back when posts go.
      await store.remove(many(kept).map(({ id }) => ({ id, observedAt: noon })));
      await store.put(many(20, kept, () => ({ text: long })));
      expect(await store.count()).toBe(20);
    }
    await using store = await createSqliteStore({ path: folder.path });
    await store.put(many(500, kept + 1000, () => ({ text: long })));
    expect(await store.count()).toBe(520);
  });

  it('stops a read at its limit, and neither the next read nor a write waits for it', async () => {
    await using store = await makeStore({ readTimeoutMs: 60 });
    await fill(store, 20_000);
    // No index helps: every body has to be read.
    const slow: MentionQuery = { query: { op: 'raw', text: 'ABSENT' } };
    const start = performance.now();
    const read = store.series(dupont, slow, hour).catch((error: unknown) => error);
    const put = performance.now();
    await store.put(many(10, 50_000));
    const putMs = performance.now() - put;
    expect(await read).toBeInstanceOf(TooSlow);
    // 60 ms, the start of the thread, and what a busy machine adds.
    expect(performance.now() - start).toBeLessThan(1500);
    expect(putMs).toBeLessThan(200);
    expect(await store.search(dupont, { ids: ['x:5'] }, { limit: 1 })).toMatchObject({ items: [{ id: 'x:5' }] });
    expect(await store.count()).toBe(20_010);
  });

  it('hands over what a long search has found so far, with a cursor to go on from', async () => {
    await using store = await makeStore({ readTimeoutMs: 60 });
    await fill(store, 10_000);
    await store.put([mentionOf('x:old', { at: noon - hour, text: 'the RARE one' })]);
    const query: MentionQuery = { query: { op: 'raw', text: 'RARE' } };
    const first = await store.search(dupont, query, { limit: 1 });
    expect(first).toMatchObject({ items: [], next: expect.any(String) as string });
    expect((await searchAll(store, dupont, query, 1)).map(({ id }) => id)).toEqual(['x:old']);
  });

  it('replaces a reader that is lost inside one long step', async () => {
    await using store = await makeStore({ readTimeoutMs: 20 });
    const words = (i: number) => Array.from({ length: 100 }, (_, k) => `u${(i * 100 + k).toString(36)}`).join(' ');
    await store.put(many(3000, 0, (i) => ({ text: words(i) })));
    // The index merges the lists of all words that begin so before it has a first row: nothing can interrupt it there.
    const query = { op: 'or', of: Array.from({ length: 100 }, () => ({ op: 'prefix', word: 'u' })) };
    const start = performance.now();
    await expect(store.series(dupont, { query }, hour)).rejects.toThrow(/did not stop at its limit/);
    expect(performance.now() - start).toBeLessThan(1500);
    expect((await store.search(dupont, {}, { limit: 2 })).items).toHaveLength(2);
  });

  it('refuses more reads than can wait, and ends those that wait too long', async () => {
    await using store = await makeStore({ readTimeoutMs: 100 });
    await fill(store, 10_000);
    const slow: MentionQuery = { query: { op: 'raw', text: 'ABSENT' } };
    const results = await Promise.allSettled(Array.from({ length: 300 }, () => store.series(dupont, slow, hour)));
    const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown);
    expect(failures.length).toBeGreaterThan(250);
    for (const failure of failures) expect(failure).toBeInstanceOf(TooSlow);
    expect(failures.some((failure) => String(failure).includes('too many reads'))).toBe(true);
    expect((await store.search(dupont, {}, { limit: 2 })).items).toHaveLength(2);
  });

  it('finishes what was asked of it before it closes, and refuses what comes after', async () => {
    await using folder = await makeFolder();
    const store = await createSqliteStore({ path: folder.path });
    const puts = Array.from({ length: 5 }, (_, i) => store.put(many(100, i * 100)));
    await store[Symbol.asyncDispose]();
    await Promise.all(puts);
    await expect(store.put(many(1))).rejects.toThrow(/closed/);
    await expect(store.count()).rejects.toThrow(/closed/);
    await store[Symbol.asyncDispose]();
    await using again = await createSqliteStore({ path: folder.path });
    expect(await again.count()).toBe(500);
  });

  it('refuses a file that is no store', async () => {
    await expect(createSqliteStore({ path: fileURLToPath(import.meta.url) })).rejects.toThrow(/not a database/);
  });
});

describe('a process with a sqlite store', () => {
  const run = async (path: string, ending: string, crash?: string) => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('./child.ts', import.meta.url)), path, ending], {
      env: { ...process.env, ...(crash !== undefined && { VIGIE_CRASH: crash }) },
      timeout: 20_000,
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    return { code, signal, output: output.trim() };
  };

  it('ends by itself, whether or not it closes the store', async () => {
    await using folder = await makeFolder();
    expect(await run(folder.path, 'close')).toEqual({ code: 0, signal: null, output: '2' });
    expect(await run(folder.path, 'leave')).toEqual({ code: 0, signal: null, output: '2' });
  });

  it('has put what it says it has put, when it is killed right afterwards', async () => {
    await using folder = await makeFolder();
    expect(await run(folder.path, 'close', 'put:1')).toMatchObject({ code: null, signal: 'SIGKILL' });
    await using store = await createSqliteStore({ path: folder.path });
    expect((await searchAll(store, dupont)).map(({ id }) => id)).toEqual(['x:1']);
  });
});
