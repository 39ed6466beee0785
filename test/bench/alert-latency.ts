/**
 * From the arrival of the mention that makes a rule true to the SMTP server's 250: at 1,000 mentions a second, alone and while
 * twenty readers query the board.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { start } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/lib/log.ts';
import type { Source } from '../../src/model/ports.ts';
import type { Json, UnstampedPost } from '../../src/model/types.ts';
import { tweets } from './tweets.ts';

const PER_SECOND = 1_000;
const SECONDS = 30;
const ALERTS = 100;
const READERS = 20;

export async function bench(): Promise<object | undefined> {
  const posts = await tweets(0, PER_SECOND * SECONDS);
  if (!posts) return undefined;
  const quiet = await measure(posts, 0);
  const read = await measure(posts, READERS);
  return {
    ...quiet,
    load: PER_SECOND,
    alerts: ALERTS,
    withReaders: { readers: READERS, ...read },
    ratio: Math.round((read.p99 / quiet.p99) * 100) / 100,
  };
}

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly reads?: number;
}

async function measure(posts: readonly UnstampedPost[], readers: number): Promise<Latency> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-bench-'));
  const sink = spawn(process.execPath, [join(import.meta.dirname, 'smtp-sink.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const received = new Map<string, number>();
  const port = Promise.withResolvers<number>();
  createInterface({ input: sink.stdout }).on('line', (line) => {
    const told = JSON.parse(line) as { port?: number; brand?: string; at?: number };
    if (told.port) port.resolve(told.port);
    if (told.brand && !received.has(told.brand)) received.set(told.brand, told.at ?? 0);
  });
  try {
    await mkdir(join(folder, 'rules'));
    await writeFile(
      join(folder, 'rules', 'trigger.yaml'),
      'rules:\n  - id: trigger\n    title: { en: "{{ brand.name }}", fr: "{{ brand.name }}" }\n    when: { metric: mentions, window: 10m, filter: "doorbell", op: ">=", than: 3 }\n    severity: critical\n',
    );
    const brands = ['united', 'usairways', 'americanair', 'southwestair', 'jetblue', 'virginamerica'].map(
      (name) => `  - { id: ${name}, name: ${name}, query: '@${name}', languages: [en] }`,
    );
    for (let i = 0; i < ALERTS; i++)
      brands.push(`  - { id: trigger-${i}, name: trigger-${i}, query: 'trigger${i}', languages: [en] }`);
    const config = await loadConfig(
      {
        text: `language: en\nrules: ./rules\nserver: { port: 0 }\nbrands:\n${brands.join('\n')}\nreceivers:\n  - { name: pr, email: { to: [pr@example.org] } }\nroute: { receiver: pr }\nsmtp: { url: env:SMTP, from: vigie@example.org }\n`,
        folder,
      },
      { env: { SMTP: `smtp://127.0.0.1:${await port.promise}` } },
    );
    const arrived = new Map<string, number>();
    await using app = await start(config, {
      log: createLogger({ level: 'error' }),
      signIn: false,
      sources: [{ name: 'bench', type: 'bench', source: paced(posts, arrived) }],
    });
    const stop = new AbortController();
    let reads = 0;
    const reading = Array.from({ length: readers }, async (_, i) => {
      const paths = [
        'mentions?limit=50',
        'series?bucket=1h',
        'facets?fields=source,sentiment,author&top=10',
        'alerts',
        `mentions?brand=${i % 2 ? 'united' : 'jetblue'}&sentiment=negative&limit=50`,
      ];
      for (let n = 0; !stop.signal.aborted; n++) {
        await (await fetch(`${app.address}/api/v1/${paths[n % paths.length]}`)).arrayBuffer();
        reads += 1;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
    for (let waited = 0; received.size < ALERTS && waited < SECONDS + 30; waited++)
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    stop.abort();
    await Promise.all(reading);
    const latencies = [...arrived].map(([brand, at]) => (received.get(brand) ?? Infinity) - at).sort((a, b) => a - b);
    const at = (share: number): number =>
      latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? Infinity;
    return { p50: at(0.5), p99: at(0.99), max: at(1), ...(readers > 0 ? { reads } : {}) };
  } finally {
    sink.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

/** 1,000 posts a second, in portions of 20 ms; three doorbells for one brand each 300 ms. */
function paced(posts: readonly UnstampedPost[], arrived: Map<string, number>): Source {
  return {
    flow: 'poll',
    latenessMs: 900_000,
    async *read(_from, signal) {
      const started = Date.now();
      let sent = 0;
      let rung = 0;
      while (sent < posts.length && !signal.aborted) {
        const due = Math.min(posts.length, Math.floor(((Date.now() - started) / 1_000) * PER_SECOND));
        const batch = posts.slice(sent, due).map(({ publishedAt: _then, ...post }) => post);
        sent = due;
        // The first two seconds warm the process up.
        const rings = Math.min(ALERTS, Math.floor(((Date.now() - started - 2_000) / ((SECONDS - 4) * 1_000)) * ALERTS));
        for (; rung < rings; rung++) {
          for (let i = 0; i < 3; i++)
            batch.push({
              id: `x:ring-${rung}-${i}`,
              source: 'x',
              op: 'create',
              text: `doorbell trigger${rung} ${i}`,
              lang: 'en',
              author: { id: `a${i}` },
            });
          arrived.set(`trigger-${rung}`, Date.now());
        }
        if (batch.length > 0)
          yield { items: batch.map((post) => ({ nativeId: post.id, body: post as unknown as Json })) };
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    normalise: ({ body }) => ({ kind: 'keep', value: body as unknown as UnstampedPost }),
  };
}
