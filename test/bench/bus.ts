/**
 * Figures of the bus beside their limits: `node test/bench/bus.ts [folder] [entries]`. The folder decides which disk is
 * measured; one JSON object on stdout. The limits are those of the same machine in the same run: JSON alone, and one
 * write of as many bytes with a wait for the disk.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filter, firstValueFrom } from 'rxjs';
import { MemoryBus } from '../../src/bus/memory.ts';
import { openRedisBus } from '../../src/bus/redis.ts';
import { openSqliteBus } from '../../src/bus/sqlite.ts';
import type { Append, Bus } from '../../src/model/ports.ts';
import type { Mention } from '../../src/model/types.ts';
import { hasRedis, RedisServer } from '../services/redis.ts';

const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'vigie-bus-bench-'));
const count = Number(process.argv[3] ?? 60_000);
const batch = 500;
const never = new AbortController().signal;

function mention(n: number): Mention {
  const text =
    `Trois jours sans réponse du service client, le colis n° ${n} est perdu et personne ne rappelle. `.repeat(2);
  return {
    id: `x:${n}`,
    source: 'x',
    via: 'x',
    op: 'create',
    text,
    publishedAt: n,
    observedAt: n,
    at: n,
    backfill: false,
    author: { id: `a${n % 977}`, handle: `handle${n % 977}`, followers: n % 5000 },
    client: 'demo',
    brand: 'acme',
    own: false,
    language: 'fr',
    topics: [],
    links: [],
    fingerprint: `f${n}`,
    sentiment: { label: 'negative', score: -0.8, confidence: 0.9, unsure: false, words: ['perdu'] },
    terms: ['service', 'client', 'colis', 'perdu', 'personne', 'rappelle'],
  };
}

const entries = Array.from(
  { length: count },
  (_, n): Append => ({ to: { key: `k${n % 7}` }, value: { kind: 'mention', mention: mention(n) } }),
);
const texts = entries.map(({ value }) => JSON.stringify(value));
const bytes = texts.reduce((sum, text) => sum + text.length, 0);

async function perSecond(items: number, work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return Math.round((items * 1000) / (performance.now() - start));
}

async function measure(bus: Bus): Promise<Record<string, number>> {
  const append = await perSecond(count, async () => {
    for (let i = 0; i < count; i += batch) await bus.append(entries.slice(i, i + batch), { source: 's', value: i });
  });
  const leases = await Promise.all(
    Array.from({ length: bus.partitions }, (_, partition) =>
      firstValueFrom(bus.lease(`p${partition}`).pipe(filter((lease) => lease !== undefined))),
    ),
  );
  const readAndCommit = await perSecond(count, async () => {
    for (let partition = 0; partition < bus.partitions; partition++) {
      for (let offset: string | undefined; ; ) {
        const read = await bus.read(partition, offset, batch, never);
        offset = read.at(-1)?.offset;
        if (offset === undefined) break;
        const state = new Map([['a', { text: 'x'.repeat(2000) }]]);
        await bus.commit(partition, leases[partition] ?? { name: '', epoch: 0 }, { offset, state, outbox: new Map() });
      }
    }
  });
  const trim = await perSecond(count, () => bus.trim(Number.MAX_SAFE_INTEGER));
  const singleAppends = await perSecond(300, async () => {
    for (const entry of entries.slice(0, 300)) await bus.append([entry]);
  });
  const togetherAppends = await perSecond(5000, () =>
    Promise.all(entries.slice(0, 5000).map((entry) => bus.append([entry]))),
  );
  const commits = await perSecond(300, async () => {
    const [lease = { name: '', epoch: 0 }] = leases;
    const { offset = '0' } = (await bus.read(0, undefined, 1, never))[0] ?? {};
    const state = new Map([['a', { text: 'x'.repeat(2000) }]]);
    for (let i = 0; i < 300; i++) await bus.commit(0, lease, { offset, state, outbox: new Map([[`o${i}`, i]]) });
  });
  await bus[Symbol.asyncDispose]();
  return { append, readAndCommit, trim, singleAppends, togetherAppends, commits };
}

/** The same on a Redis of its own, whose file lies in the same folder. */
async function measureRedis(appendfsync: string): Promise<Record<string, number>> {
  await using server = await RedisServer.start({ config: { appendfsync, dir: mkdtempSync(join(folder, 'redis-')) } });
  return await measure(await openRedisBus({ url: server.url, ...options }));
}

const options = { partitions: 2, waitMs: 1 };
const result = {
  node: process.version,
  bytesPerEntry: Math.round(bytes / count),
  batch,
  perSecond: {
    stringifyOnly: await perSecond(count, () => entries.map(({ value }) => JSON.stringify(value))),
    parseOnly: await perSecond(count, () => texts.map((text) => JSON.parse(text) as unknown)),
    fileWriteAndSyncOnly: await perSecond(count, () => {
      const file = openSync(join(folder, 'plain'), 'w');
      for (let i = 0; i < count; i += batch) {
        writeSync(file, texts.slice(i, i + batch).join('\n'));
        fsyncSync(file);
      }
      closeSync(file);
    }),
    sqliteFull: await measure(openSqliteBus({ ...options, path: join(folder, 'full.db'), now: 0 })),
    sqliteNormal: await measure(
      openSqliteBus({ ...options, path: join(folder, 'normal.db'), synchronous: 'normal', now: 0 }),
    ),
    ...(hasRedis('Redis')
      ? { redisEverySecond: await measureRedis('everysec'), redisAlways: await measureRedis('always') }
      : {}),
    memory: await measure(new MemoryBus(options)),
    memoryShared: await measure(new MemoryBus({ ...options, share: true })),
  },
};
rmSync(folder, { recursive: true });
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
