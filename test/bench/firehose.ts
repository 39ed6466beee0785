/**
 * Figures of the Bluesky source: events a second through glance, filter, parse and match with 1 and 100 brands, beside
 * JSON.parse alone of the same frames. `node test/bench/firehose.ts`; `--soak [seconds] [events/s]` sends them through a
 * real socket at that pace and compares the heap. Frames are recorded ones looped with fresh ids and times where the
 * machine has them, else of our own making. One JSON object on stdout.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Source } from '../../src/model/ports.ts';
import type { Query } from '../../src/model/types.ts';
import { bluesky } from '../../src/sources/bluesky.ts';
import type { SocketEvents } from '../../src/model/define.ts';
import { documentOf } from '../../src/text/query/document.ts';
import { QuerySet } from '../../src/text/query/match.ts';
import { parseQuery } from '../../src/text/query/parse.ts';
import { postEvent } from '../support/jetstream-server.ts';
import { testData } from '../support/data.ts';
import { make, testDeps } from '../sources/support.ts';

export interface FirehoseFigures {
  readonly frames: 'recorded' | 'own';
  /** What a reader of the posts alone is sent, or every event of the network. */
  readonly mix: 'all' | 'posts';
  readonly brands: number;
  readonly eventsPerSecond: number;
  readonly jsonParseOnlyPerSecond: number;
  /** Above 1: faster than parsing all of it. */
  readonly ratio: number;
  readonly matched: number;
  readonly events: number;
}

const COUNT = 60_000;
const ROUNDS = 5;
const PLANT_EVERY = 1_000;

/** Measures every mix and number of brands, in turns with JSON.parse alone; the best of some rounds counts. */
export async function benchFirehose(): Promise<readonly FirehoseFigures[]> {
  const { texts, recorded } = framesOfNetwork();
  const figures: FirehoseFigures[] = [];
  // Both sides run warm.
  const warm = looped(texts, COUNT);
  await throughSource(warm, queriesOf(1));
  parseAll(warm);
  for (const mix of ['all', 'posts'] as const) {
    const chosen = mix === 'all' ? texts : texts.filter((text) => text.includes('"collection":"app.bsky.feed.post"'));
    const frames = looped(chosen, COUNT);
    for (const brands of [1, 100]) {
      let best = Infinity;
      let parseBest = Infinity;
      let matched = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        parseBest = Math.min(parseBest, parseAll(frames));
        const run = await throughSource(frames, queriesOf(brands));
        best = Math.min(best, run.ms);
        matched = run.matched;
        if (matched !== Math.ceil(frames.length / PLANT_EVERY)) throw new Error(`${matched} matched`);
      }
      const perSecond = (ms: number): number => Math.round((frames.length / ms) * 1_000);
      figures.push({
        frames: recorded ? 'recorded' : 'own',
        mix,
        brands,
        eventsPerSecond: perSecond(best),
        jsonParseOnlyPerSecond: perSecond(parseBest),
        ratio: Math.round((parseBest / best) * 100) / 100,
        matched,
        events: frames.length,
      });
    }
  }
  return figures;
}

function framesOfNetwork(): { readonly texts: readonly string[]; readonly recorded: boolean } {
  const file = testData('fixtures/bluesky/expected_v1.jsonl', 'recorded frames (own ones stand in)');
  if (file !== undefined) return { texts: readFileSync(file, 'utf8').trim().split('\n'), recorded: true };
  const words = ['le train est en retard', 'what a day', 'quelle panne encore', 'みんな元気', 'bonne nouvelle 🎉'];
  const texts = Array.from({ length: 200 }, (_, n) => {
    const { did, timeUs, kind, body } = postEvent({ rkey: `r${n}`, text: `${words[n % words.length]} ${n}` });
    return JSON.stringify({ did, time_us: timeUs, kind, commit: body });
  });
  return { texts, recorded: false };
}

/** The frames again and again, each with an id and a time of its own. */
function looped(texts: readonly string[], count: number): readonly Buffer[] {
  const from = Date.now() * 1_000 - count * 40;
  return Array.from({ length: count }, (_, n) =>
    n % PLANT_EVERY === 0 ? planted(n, from + n * 40) : frameOf(texts[n % texts.length] ?? '', n, from + n * 40),
  );
}

/** A post that names the first brand; on the network one in some thousands names any one brand. */
function planted(number: number, timeUs: number): Buffer {
  const { did, kind, body } = postEvent({
    rkey: `p${number}`,
    text: `planted: Véloxia ne répond plus ${number}`,
    timeUs,
  });
  return Buffer.from(JSON.stringify({ did, time_us: timeUs, kind, commit: body }));
}

function frameOf(text: string, number: number, timeUs: number): Buffer {
  const key = number.toString(36).padStart(13, '2');
  return Buffer.from(
    text
      .replace(/"time_us":\d+/, `"time_us":${timeUs}`)
      .replace(/"rkey":"[^"]*"/, `"rkey":"${key}"`)
      .replace(/"rev":"[^"]*"/, `"rev":"${key}"`),
  );
}

function parseAll(frames: readonly Buffer[]): number {
  const startedAt = performance.now();
  let parsed = 0;
  for (const frame of frames) if (JSON.parse(frame.toString()) !== null) parsed += 1;
  if (parsed !== frames.length) throw new Error('frames are missing');
  return performance.now() - startedAt;
}

function queriesOf(brands: number): readonly Query[] {
  const names = [
    'veloxia',
    ...Array.from(
      { length: 99 },
      (_, n) => `${'bcdfglmnprstv'[n % 13]}${'aeiou'[n % 5]}${'lmnrst'[n % 6]}${'aio'[n % 3]}${'cdgkprtvz'[n % 9]}${n}`,
    ),
  ];
  return names.slice(0, brands).map((name) => {
    const { query } = parseQuery(`${name} OR #${name} OR "groupe ${name}"`);
    if (!query) throw new Error(name);
    return query;
  });
}

/** The source itself, fed by a connection of ours, and the matcher behind it. */
async function throughSource(
  frames: readonly Buffer[],
  queries: readonly Query[],
): Promise<{ readonly ms: number; readonly matched: number }> {
  const set = new QuerySet();
  for (const [index, query] of queries.entries()) set.add(String(index), query as Parameters<QuerySet['add']>[1]);
  let paused = false;
  let at = 0;
  let events: SocketEvents | undefined;
  // A chunk of the network holds about this many messages; then others have their turn.
  const feed = (): void => {
    // A pause also lets come what was read already.
    for (let n = 0; n < 100 && at < frames.length; n += 1, at += 1) events?.onFrame(frames[at] as Buffer, false);
    if (at < frames.length && !paused) setImmediate(feed);
  };
  const stop = new AbortController();
  const source: Source = make(
    bluesky,
    { servers: ['ws://bench.example'], profiles: false },
    {
      ...testDeps().deps,
      queries: () => queries,
      connect: (_url, _options, given) => {
        events = given;
        setImmediate(() => {
          given.onOpen();
          feed();
        });
        return {
          pause: () => {
            paused = true;
          },
          resume: () => {
            paused = false;
            setImmediate(feed);
          },
          end: () => undefined,
        };
      },
      taken: {
        has: async (ids) => await Promise.resolve(ids.map(() => false)),
        by: async () => await Promise.resolve([]),
      },
    },
  );
  const startedAt = performance.now();
  let matched = 0;
  const done = async (): Promise<void> => {
    while (at < frames.length) await delay(1);
    await delay(0);
    stop.abort();
  };
  void done();
  for await (const batch of source.read(undefined, stop.signal)) {
    for (const item of batch.items) {
      const outcome = source.normalise(item);
      if (outcome.kind === 'keep' && set.match(documentOf(outcome.value)).length > 0) matched += 1;
    }
  }
  return { ms: performance.now() - startedAt, matched };
}

export interface SoakFigures {
  readonly seconds: number;
  readonly sent: number;
  readonly sentPerSecond: number;
  /** Of the posts that name the brand: sent, and handed on by the source. */
  readonly wanted: number;
  readonly handedOn: number;
  readonly heapBeforeBytes: number;
  readonly heapAfterBytes: number;
  readonly growth: number;
}

/** Sends `perSecond` events through a real socket for some seconds; run it with --expose-gc. */
export async function soakFirehose(seconds: number, perSecond: number): Promise<SoakFigures> {
  const { texts } = framesOfNetwork();
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { readonly port: number };
  const queries = queriesOf(100);
  const stop = new AbortController();
  let handedOn = 0;
  let sent = 0;
  let wanted = 0;
  const over = (async () => {
    const source = make(
      bluesky,
      { servers: [`ws://127.0.0.1:${port}`], profiles: false },
      {
        ...testDeps().deps,
        queries: () => queries,
        taken: {
          has: async (ids) => await Promise.resolve(ids.map(() => false)),
          by: async () => await Promise.resolve([]),
        },
      },
    );
    for await (const batch of source.read(undefined, stop.signal)) {
      for (const { body } of batch.items) if (JSON.stringify(body).includes('planted: ')) handedOn += 1;
    }
  })();
  const [client] = await Promise.race([
    new Promise<readonly [WebSocket]>((resolve) => server.once('connection', (socket) => resolve([socket]))),
    delay(10_000).then(() => {
      throw new Error('the source did not connect');
    }),
  ]);
  const send = async (until: number): Promise<void> => {
    const startedAt = performance.now();
    let here = 0;
    while (performance.now() < until) {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond);
      for (; here < due; here += 1) {
        sent += 1;
        const text = texts[sent % texts.length] ?? '';
        if (sent % PLANT_EVERY === 0) {
          wanted += 1;
          client.send(planted(sent, Date.now() * 1_000), { binary: false });
        } else client.send(frameOf(text, sent, Date.now() * 1_000), { binary: false });
      }
      while (client.bufferedAmount > 4_000_000) await delay(1);
      await delay(2);
    }
  };
  const warmMs = Math.min(10_000, seconds * 200);
  await send(performance.now() + warmMs);
  const heapBeforeBytes = heap();
  const startedAt = performance.now();
  const before = sent;
  await send(performance.now() + seconds * 1_000);
  const took = (performance.now() - startedAt) / 1_000;
  const sentPerSecond = Math.round((sent - before) / took);
  const complete = (): boolean => handedOn >= wanted;
  for (let waited = 0; !complete() && waited < 200; waited += 1) await delay(25);
  const heapAfterBytes = heap();
  stop.abort();
  await over;
  client.terminate();
  server.close();
  return {
    seconds: Math.round(took),
    sent,
    sentPerSecond,
    wanted,
    handedOn,
    heapBeforeBytes,
    heapAfterBytes,
    growth: Math.round((heapAfterBytes / heapBeforeBytes - 1) * 1_000) / 1_000,
  };
}

function heap(): number {
  const { gc } = globalThis as { gc?: () => void };
  for (let i = 0; i < 3; i += 1) gc?.();
  return process.memoryUsage().heapUsed;
}

/** All events of the network with one brand, and every case beside it. */
export async function bench(): Promise<object | undefined> {
  const cases = await benchFirehose();
  const first = cases.find(({ mix, brands }) => mix === 'all' && brands === 1) ?? cases[0];
  return first && { ...first, cases };
}

if (import.meta.main) {
  const soak = process.argv.indexOf('--soak');
  const figures =
    soak < 0
      ? await benchFirehose()
      : await soakFirehose(Number(process.argv[soak + 1] ?? 300), Number(process.argv[soak + 2] ?? 25_000));
  process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
}
