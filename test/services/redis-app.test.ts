/** The whole program on Redis: two processes' worth of it, one log, every post told once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { start } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Source } from '../../src/model/ports.ts';
import { hasRedis, RedisServer } from './redis.ts';

function counting(from: number): Source<number> {
  return {
    flow: 'poll',
    latenessMs: 60_000,
    async *read(cursor, signal) {
      for (let n = cursor ?? from; !signal.aborted && n < from + 40; n += 10) {
        const items = Array.from({ length: 10 }, (_, i) => ({ nativeId: String(n + i), body: null }));
        yield { items, cursor: n + 10 };
      }
    },
    normalise: ({ nativeId }) => ({
      kind: 'keep',
      value: { id: `test:${nativeId}`, source: 'test', op: 'create', text: `acme and globex, ${nativeId}` },
    }),
  };
}

describe.runIf(hasRedis('the program on Redis'))('the program on Redis', () => {
  let server: RedisServer;
  let folder: string;
  beforeAll(async () => {
    server = await RedisServer.start({ password: 'open sesame' });
    folder = await mkdtemp(join(tmpdir(), 'vigie-app-'));
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('shares partitions and sources between two, and each mention is analysed once', async () => {
    const seen: string[] = [];
    const brands = ['acme', 'globex']
      .map((id) => `  - { id: ${id}, name: ${id}, query: ${id}, group: ${id} }`)
      .join('\n');
    const open = async (name: string) => {
      const text = `language: en
data: ${join(folder, name)}
server: { port: 0 }
bus: { type: redis, url: env:REDIS_URL, partitions: 4, lease: 1s }
brands:
${brands}
receivers: [{ name: nobody, console: {} }]
`;
      const config = await loadConfig({ text, folder }, { env: { REDIS_URL: server.url } });
      return await start(config, {
        print: () => undefined,
        // Both are configured alike: each source is read by one of them.
        sources: [0, 1000].map((from) => ({ name: `source-${from}`, type: 'test', source: counting(from) })),
        onCommitted: ({ mentions }) => seen.push(...mentions.map(({ id, brand }) => `${id} ${brand}`)),
      });
    };
    await using one = await open('one');
    await using two = await open('two');
    const expected = [0, 1000]
      .flatMap((from) => Array.from({ length: 40 }, (_, i) => from + i))
      .flatMap((n) => [`test:${n} acme`, `test:${n} globex`]);
    await expect.poll(() => seen.length, { timeout: 15_000 }).toBe(expected.length);
    expect(seen.toSorted()).toEqual(expected.toSorted());
    expect([one, two].filter((app) => app.alerts().holdsLease)).toHaveLength(1);
    // Nobody waits for leases that it does not hold.
    const stoppedAt = performance.now();
    await two[Symbol.asyncDispose]();
    expect(performance.now() - stoppedAt).toBeLessThan(3_000);
    await expect.poll(() => one.alerts().holdsLease, { timeout: 2_000 }).toBe(true);
  });
});
