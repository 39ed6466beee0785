/** Mentions a second through the whole program: source to commit, SQLite on disk, all detectors, the shipped rules. */
import { mkdtemp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/lib/log.ts';
import type { Source } from '../../src/model/ports.ts';
import type { Json, UnstampedPost } from '../../src/model/types.ts';
import { hundredBrands, tweets } from './tweets.ts';

const POSTS = 60_000;
const WARM = 10_000;

export async function bench(): Promise<object | undefined> {
  const posts = await tweets(WARM, POSTS);
  if (!posts) return undefined;
  const brands = hundredBrands();
  const data = await mkdtemp(join(tmpdir(), 'vigie-bench-'));
  try {
    const loaded = await loadConfig(
      { text: 'brands: [{ id: a, name: A, query: a }]\nserver: { port: 0 }\n', folder: data },
      { env: {} },
    );
    let analysed = 0;
    let startedAt = 0;
    let endedAt = 0;
    const finished = Promise.withResolvers<void>();
    const expected = { mentions: Infinity };
    const app = await start(
      { ...loaded, data, brands },
      {
        trustObservedAt: true,
        ticks: false,
        log: createLogger({ level: 'error' }),
        print: () => {},
        sources: [{ name: 'bench', type: 'bench', source: sourceOf(posts) }],
        onCommitted: ({ mentions, dropped }) => {
          const before = analysed;
          analysed += mentions.length + (dropped['seen'] ?? 0);
          if (before < WARM && analysed >= WARM) startedAt = performance.now();
          endedAt = performance.now();
          if (analysed >= expected.mentions) finished.resolve();
        },
      },
    );
    // One read goes ahead of the reader by at most one batch: the source's end is near the reader's.
    while (!app.health().some(({ ended }) => ended)) await new Promise((resolve) => setTimeout(resolve, 50));
    for (let seen = -1; seen !== analysed; ) {
      seen = analysed;
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    const seconds = (endedAt - startedAt) / 1000;
    const perSecond = (analysed - WARM) / seconds;
    await app[Symbol.asyncDispose]();
    return {
      mentionsPerSecond: Math.round(perSecond),
      mentions: analysed - WARM,
      brands: brands.length,
      limit: { sqliteInsertsPerSecond: bareInserts(data, posts) },
    };
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

/** The same posts as bare rows, in transactions of 500: what the disk and SQLite alone would allow. */
function bareInserts(folder: string, posts: readonly UnstampedPost[]): number {
  using db = new DatabaseSync(join(folder, 'bare.db'));
  db.exec(
    'pragma journal_mode = wal; pragma synchronous = full; create table row (id text primary key, value text not null)',
  );
  const insert = db.prepare('insert into row values (?, ?)');
  const started = performance.now();
  for (let i = 0; i < posts.length; i += 500) {
    db.exec('begin');
    for (const post of posts.slice(i, i + 500)) insert.run(post.id, JSON.stringify(post));
    db.exec('commit');
  }
  return Math.round(posts.length / ((performance.now() - started) / 1000));
}

function sourceOf(posts: readonly UnstampedPost[]): Source {
  return {
    flow: 'poll',
    latenessMs: 900_000,
    async *read() {
      for (let i = 0; i < posts.length; i += 500)
        yield { items: posts.slice(i, i + 500).map((post) => ({ nativeId: post.id, body: post as unknown as Json })) };
    },
    normalise: ({ body }) => ({ kind: 'keep', value: body as unknown as UnstampedPost }),
  };
}
