/** How fast the SQLite store takes mentions in and answers a board: `node test/bench/store.ts [mentions] [brands]`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MentionQuery, Scope } from '../../src/model/ports.ts';
import type { Mention } from '../../src/model/types.ts';
import { createSqliteStore } from '../../src/store/sqlite.ts';
import { terms } from '../../src/text/tokenize.ts';

const total = Number(process.argv[2] ?? 200_000);
const brands = Number(process.argv[3] ?? 10);
const batch = 500;
const day = 86_400_000;
const start = Date.UTC(2026, 0, 1);

const random = seeded(1);
const vocabulary = Array.from({ length: 30_000 }, (_, i) => Math.floor((i + 7) ** 2.1 * 31).toString(36));
const sources = ['x', 'bluesky', 'press', 'forum', 'mastodon', 'reviews'];

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}
function pick<T>(from: readonly T[], skew = 1): T {
  return from[Math.floor(random() ** skew * from.length)] as T;
}
function mention(i: number): Mention {
  const text = Array.from({ length: 45 }, () => pick(vocabulary, 3)).join(' ');
  const at = start + Math.floor((i / total) * 30 * day) - Math.floor(random() * 60_000);
  const author = Math.floor(random() ** 2 * 50_000);
  return {
    id: `x:${(i * 2_654_435_761) % 4_294_967_296}`,
    source: pick(sources, 2),
    via: 'bench',
    op: 'create',
    author: { id: String(author), handle: `author_${author}`, followers: 100 },
    text,
    url: `https://example.org/status/${i}`,
    engagement: { likes: 3, reposts: 1 },
    publishedAt: at,
    observedAt: at + 1000,
    at,
    backfill: false,
    client: 'client',
    brand: `brand-${Math.floor(random() * brands)}`,
    own: random() < 0.01,
    language: pick(['fr', 'en', 'de', 'und'], 2),
    sentiment: {
      label: pick(['negative', 'neutral', 'positive'] as const),
      score: random() * 2 - 1,
      confidence: random(),
      unsure: random() < 0.2,
      words: [text.slice(0, 5), text.slice(6, 12)],
    },
    terms: terms(text),
    topics: random() < 0.3 ? ['price'] : [],
    links: [],
    fingerprint: String(i),
  };
}

function quantiles(values: readonly number[]): Record<string, number> {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    Number((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(1));
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

const folder = await mkdtemp(join(tmpdir(), 'vigie-bench-'));
try {
  await using store = await createSqliteStore({ path: join(folder, 'store.db'), readTimeoutMs: 60_000 });
  const puts: number[] = [];
  let blocked = 0;
  for (let done = 0; done < total; done += batch) {
    const mentions = Array.from({ length: Math.min(batch, total - done) }, (_, i) => mention(done + i));
    const before = performance.now();
    const answer = store.put(mentions);
    blocked += performance.now() - before;
    await answer;
    puts.push(performance.now() - before);
  }
  const putMs = puts.reduce((sum, ms) => sum + ms, 0);
  const scope: Scope = { client: 'client', brands: Array.from({ length: brands }, (_, i) => `brand-${i}`) };
  const one: MentionQuery = { brands: ['brand-0'], from: start + 10 * day, to: start + 30 * day };
  const word = (text: string) => ({ op: 'term', word: text });
  const reads: Record<string, () => Promise<unknown>> = {
    'series, a brand by the hour': () => store.series(scope, one, 3_600_000),
    'series, all brands by the day': () => store.series(scope, {}, day),
    'series, a brand by 5 minutes, a day': () => store.series(scope, { ...one, from: start + 29 * day }, 300_000),
    'facets, a brand': () => store.facets(scope, one, ['source', 'sentiment', 'language'], 10),
    'facets, its authors': () => store.facets(scope, one, ['author'], 10),
    'facets, its terms': () => store.facets(scope, one, ['term', 'topic'], 20),
    'newest 50': () => store.search(scope, {}, { limit: 50 }),
    'newest 50, filtered': () =>
      store.search(scope, { ...one, sentiment: 'negative', sources: ['press'] }, { limit: 50 }),
    'a common word': () => store.search(scope, { query: word(vocabulary[3] ?? '') }, { limit: 50 }),
    'a rare word': () => store.search(scope, { query: word(vocabulary[29_000] ?? '') }, { limit: 50 }),
    'series of a word': () => store.series(scope, { ...one, query: word(vocabulary[300] ?? '') }, 3_600_000),
    'series of a phrase': () =>
      store.series(scope, { ...one, query: { op: 'phrase', words: [vocabulary[3] ?? '', vocabulary[5] ?? ''] } }, day),
  };
  const measure = async (): Promise<Record<string, unknown>> => {
    const answer: Record<string, unknown> = {};
    for (const [name, read] of Object.entries(reads)) {
      const times: number[] = [];
      for (let i = 0; i < 8; i++) {
        const before = performance.now();
        await read();
        times.push(performance.now() - before);
      }
      answer[name] = quantiles(times);
    }
    return answer;
  };
  const busy = await measure();
  // Hours are recounted once nothing more is written to them.
  await new Promise((resolve) => setTimeout(resolve, 4000 + total / 100));
  const quiet = await measure();
  console.log(
    JSON.stringify(
      {
        mentions: await store.count(),
        putsPerSecond: Math.round((total / putMs) * 1000),
        putMs: quantiles(puts),
        mainThreadMsPerPut: Number((blocked / puts.length).toFixed(2)),
        readMsAfterWriting: busy,
        readMs: quiet,
      },
      undefined,
      1,
    ),
  );
} finally {
  await rm(folder, { recursive: true });
}
