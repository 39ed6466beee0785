/**
 * How fast the Elasticsearch store takes mentions in, beside a bare bulk of the same documents in the same run, and how fast it
 * answers: `node test/bench/elasticsearch.ts [mentions]`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../../src/lib/elasticsearch.ts';
import type { MentionQuery } from '../../src/model/ports.ts';
import type { Mention } from '../../src/model/types.ts';
import { createElasticsearchStore } from '../../src/store/elasticsearch.ts';
import { draftOf, mentionIndex, toSource } from '../../src/store/elasticsearch-documents.ts';
import { terms } from '../../src/text/tokenize.ts';
import { dropIndices, elasticsearch, freePrefix } from '../services/elasticsearch.ts';

const total = Number(process.argv[2] ?? 30_000);
const batch = 500;
const step = 2 * batch;
const day = 86_400_000;
const start = Date.UTC(2026, 0, 1);
let state = 1;
const random = () => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff) / 0x80000000;
const pick = <T>(from: readonly T[], skew = 1): T => from[Math.floor(random() ** skew * from.length)] as T;
const vocabulary = Array.from({ length: 30_000 }, (_, i) => Math.floor((i + 7) ** 2.1 * 31).toString(36));

function mention(i: number): Mention {
  const text = Array.from({ length: 45 }, () => pick(vocabulary, 3)).join(' ');
  const at = start + Math.floor((i / total) * 30 * day);
  const author = Math.floor(random() ** 2 * 5000);
  return {
    id: `x:${(i * 2_654_435_761) % 4_294_967_296}`,
    source: pick(['x', 'bluesky', 'press', 'forum'], 2),
    via: 'bench',
    op: 'create',
    author: { id: String(author), handle: `author_${author}`, followers: 100 },
    text,
    url: `https://example.org/status/${i}`,
    publishedAt: at,
    observedAt: at + 1000,
    at,
    backfill: false,
    client: 'client',
    brand: `brand-${i % 5}`,
    own: false,
    language: pick(['fr', 'en', 'de'], 2),
    sentiment: {
      label: pick(['negative', 'neutral', 'positive'] as const),
      score: 0,
      confidence: 1,
      unsure: false,
      words: [],
    },
    terms: terms(text),
    topics: random() < 0.3 ? ['price'] : [],
    links: [],
    fingerprint: String(i),
  };
}

const server = await elasticsearch();
if (server === undefined) process.exit(1);
const prefix = freePrefix();
const client = createClient(server);
const bare = `${prefix}-bare`;
await client.indices.create({ index: bare, ...(mentionIndex as object) });
await using store = await createElasticsearchStore({
  connection: server,
  prefix,
  readOwnWrites: true,
  readTimeoutMs: 30_000,
});
const mentions = Array.from({ length: total }, (_, i) => mention(i));

async function timed(work: (part: readonly Mention[]) => Promise<unknown>, part: readonly Mention[]): Promise<number> {
  const before = performance.now();
  for (let i = 0; i < part.length; i += batch) await work(part.slice(i, i + batch));
  return performance.now() - before;
}
const put = (part: readonly Mention[]) => store.put(part);
const bulk = (part: readonly Mention[]) =>
  client.bulk({
    index: bare,
    operations: part.flatMap((one) => {
      const draft = draftOf(one);
      return [JSON.stringify({ index: { _id: draft.key } }), toSource(draft, 'open')];
    }),
    filter_path: ['errors'],
  });

// The server is slow until it has compiled what it does often.
const warm = mentions.slice(0, Math.min(5000, total / 5));
await timed(bulk, warm);
await timed(put, warm);
const rest = mentions.slice(warm.length);
const turns: { readonly bulk: number; readonly put: number }[] = [];
// In short turns, so that a busy machine slows both alike; whichever goes first has the colder caches.
for (let i = 0; i + step <= rest.length; i += step) {
  const part = rest.slice(i, i + step);
  const bulkFirst = (i / step) % 2 === 0;
  const first = await timed(bulkFirst ? bulk : put, part);
  const second = await timed(bulkFirst ? put : bulk, part);
  turns.push(bulkFirst ? { bulk: first, put: second } : { bulk: second, put: first });
}
const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const perSecond = (way: 'bulk' | 'put') => Math.round((1000 * step) / middle(turns.map((turn) => turn[way])));
const sum = (way: 'bulk' | 'put') => turns.reduce((total, turn) => total + turn[way], 0);
console.log(
  `bare bulk ${perSecond('bulk')}/s, store ${perSecond('put')}/s (medians of ${turns.length} turns); ` +
    `ratio of the whole ${(sum('bulk') / sum('put')).toFixed(2)}, median of turns ${middle(turns.map(({ bulk, put }) => bulk / put)).toFixed(2)}`,
);
const replayMs = await timed(put, rest.slice(0, 5 * step));
console.log(`replay of what is there: ${Math.round((5000 * step) / replayMs)}/s`);

await sleep(1500);
const scope = { client: 'client', brands: ['brand-0', 'brand-1', 'brand-2'] };
const word = vocabulary[40] ?? '';
const period: MentionQuery = { from: start, to: start + 30 * day };
const reads: Readonly<Record<string, () => Promise<unknown>>> = {
  'page of 50': () => store.search(scope, {}, { limit: 50 }),
  'page of 50 by a word': () => store.search(scope, { query: { op: 'term', word } }, { limit: 50 }),
  'series by hour': () => store.series(scope, period, 3_600_000),
  'series by hour of a phrase': () =>
    store.series(scope, { ...period, query: { op: 'phrase', words: [word, vocabulary[1] ?? ''] } }, 3_600_000),
  'facets of columns': () => store.facets(scope, period, ['source', 'sentiment', 'language', 'author'], 10),
  'facets of terms': () => store.facets(scope, period, ['term', 'topic'], 30),
  'series of exact characters': () => store.series(scope, { ...period, query: { op: 'raw', text: word } }, 3_600_000),
};
for (const [name, read] of Object.entries(reads)) {
  const times: number[] = [];
  for (let i = 0; i < 7; i++) {
    const before = performance.now();
    await read();
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  console.log(`${name}: median ${times[3]?.toFixed(0)} ms, max ${times[6]?.toFixed(0)} ms`);
}
console.log(`server up in ${(server.startMs / 1000).toFixed(1)} s (${server.from})`);
await client.close();
await dropIndices(server, prefix);
