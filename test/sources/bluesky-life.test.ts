/** A day in the life of the Bluesky source, in virtual time: hosts that refuse, fall silent, cut, lose their past, and a slow log. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/lib/random.ts';
import type { Connect, SocketEvents } from '../../src/model/define.ts';
import { SourceError } from '../../src/model/errors.ts';
import type { Json } from '../../src/model/types.ts';
import { bluesky } from '../../src/sources/bluesky.ts';
import { parseQuery } from '../../src/text/query/parse.ts';
import { make, testDeps } from './support.ts';

const START = Date.UTC(2026, 5, 1);
const DAY = 86_400_000;
const HOUR = 3_600_000;
/** What a server still has. */
const KEPT_MS = 4 * HOUR;
/** All hosts are away for longer than that. */
const OUTAGE = [9 * HOUR, 14.5 * HOUR] as const;
/** The log is slow, and posts are heavy. */
const SLOW = [18 * HOUR, 19 * HOUR] as const;

/** Time that passes when everybody sleeps. */
class VirtualTime {
  now = START;
  /** Who sleeps now. */
  sleeping = 0;
  readonly tasks = new Set<{ readonly at: number; readonly run: () => void }>();

  after(ms: number, run: () => void): () => void {
    const task = { at: this.now + Math.max(0, ms), run };
    this.tasks.add(task);
    return () => this.tasks.delete(task);
  }

  readonly sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      this.sleeping += 1;
      const done = (): void => {
        this.sleeping -= 1;
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.after(ms, done);
      signal.addEventListener('abort', done, { once: true });
    });

  async runTo(end: number): Promise<void> {
    for (;;) {
      await setImmediate();
      let next: { readonly at: number; readonly run: () => void } | undefined;
      for (const task of this.tasks) if (task.at <= end && (!next || task.at < next.at)) next = task;
      if (!next) break;
      this.tasks.delete(next);
      this.now = Math.max(this.now, next.at);
      next.run();
    }
    this.now = end;
  }
}

interface Logged {
  readonly rkey: string;
  readonly timeUs: number;
  readonly text: string;
  readonly frame: Buffer;
}

class Network {
  readonly log: Logged[] = [];
  readonly open = new Set<Connection>();
  readonly seen = { connects: 0, refused: 0, silent: 0, cut: 0, stalled: 0, paused: 0, endedByUs: 0 };
  /** What was said before anybody listened is not owed. */
  firstOpenUs: number | undefined;
  readonly time: VirtualTime;
  readonly random: ReturnType<typeof seededRandom>;
  #at = 0;

  constructor(time: VirtualTime, random: ReturnType<typeof seededRandom>) {
    this.time = time;
    this.random = random;
  }

  /** Somebody posts every now and then. */
  speak(): void {
    const { time, random } = this;
    const number = (this.#at += 1);
    const ours = random.next() < 0.4;
    const since = time.now - START;
    const heavy = since >= SLOW[0] && since < SLOW[1] ? 'x'.repeat(600_000) : '';
    const timeUs = Math.round((time.now + (random.next() - 0.5) * 1_500) * 1_000);
    const rkey = `post${number}`;
    const text = ours ? `Acmé is on my mind, number ${number}` : `nothing of note, number ${number}`;
    const frame = {
      did: `did:plc:${String(number % 97).padStart(24, 'a')}`,
      time_us: timeUs,
      kind: 'commit',
      commit: {
        rev: `rev${number}`,
        operation: 'create',
        collection: 'app.bsky.feed.post',
        rkey,
        record: { heavy, text },
      },
    };
    const logged = { rkey, timeUs, text, frame: Buffer.from(JSON.stringify(frame)) };
    this.log.push(logged);
    for (const connection of this.open) connection.offer(logged);
    time.after(1_000 + random.next() * 20_000, () => this.speak());
  }

  readonly connect: Connect = (url, _options, events) => {
    this.seen.connects += 1;
    const connection = new Connection(this, events);
    const since = this.time.now - START;
    const away = since >= OUTAGE[0] && since < OUTAGE[1];
    const luck = this.random.next();
    if (away || luck < 0.15) {
      this.seen.refused += 1;
      this.time.after(200, () => connection.close({ reason: 'refused with HTTP 503', status: 503 }));
    } else if (luck < 0.2) this.seen.silent += 1;
    else this.time.after(300, () => connection.begin(new URL(url)));
    return connection;
  };
}

class Connection {
  readonly #network: Network;
  readonly #events: SocketEvents;
  #over = false;
  #paused = false;
  #stalled = false;
  #held: Logged[] = [];

  constructor(network: Network, events: SocketEvents) {
    this.#network = network;
    this.#events = events;
    network.open.add(this);
  }

  begin(url: URL): void {
    if (this.#over) return;
    const { time, random, log, seen } = this.#network;
    this.#events.onOpen();
    this.#network.firstOpenUs ??= time.now * 1_000;
    const asked = url.searchParams.get('cursor');
    const floorUs = (time.now - KEPT_MS) * 1_000;
    this.#live = true;
    if (asked !== null) {
      for (const logged of log) if (logged.timeUs >= Math.max(Number(asked), floorUs)) this.offer(logged);
    }
    this.#ping();
    const life = random.next() < 0.3 ? random.next() * 90_000 : random.next() * 2 * HOUR;
    const away = OUTAGE[0] - (time.now - START);
    time.after(away > 0 ? Math.min(life, away) : life, () => {
      if (this.#over) return;
      if (random.next() < 0.4) {
        seen.stalled += 1;
        this.#stalled = true;
      } else {
        seen.cut += 1;
        this.close({ reason: 'cut' });
      }
    });
  }

  #live = false;

  #ping(): void {
    if (this.#over || this.#stalled) return;
    if (!this.#paused) this.#events.onPing();
    this.#network.time.after(30_000, () => this.#ping());
  }

  offer(logged: Logged): void {
    if (this.#over || this.#stalled || !this.#live) return;
    if (this.#paused) this.#held.push(logged);
    else this.#events.onFrame(Buffer.from(logged.frame), false);
  }

  pause(): void {
    this.#network.seen.paused += 1;
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (this.#held.length > 0 && !this.#paused) this.offer(this.#held.shift()!);
  }

  end(): void {
    if (!this.#over) this.#network.seen.endedByUs += 1;
    this.#over = true;
    this.#network.open.delete(this);
  }

  close(end: { readonly reason: string; readonly status?: number }): void {
    if (this.#over) return;
    this.#over = true;
    this.#network.open.delete(this);
    this.#events.onEnd(end);
  }
}

for (const seed of [1, 2]) {
  test(`24 flaky hours lose nothing, double nothing, show their gaps and leave nothing behind (${seed})`, {
    timeout: 60_000,
  }, async () => {
    const random = seededRandom(seed);
    const time = new VirtualTime();
    const network = new Network(time, random);
    const { query } = parseQuery('acme');
    const deps = {
      ...testDeps().deps,
      queries: () => (query ? [query] : []),
      now: () => time.now,
      sleep: time.sleep,
      random: () => random.next(),
      connect: network.connect,
    };
    const servers = ['ws://one.example', 'ws://two.example', 'ws://three.example'];
    const create = () => make(bluesky, { servers, profiles: false }, deps);
    const stop = new AbortController();
    const delivered = new Map<string, number>();
    const gaps: { readonly from: number; readonly to: number }[] = [];
    let restarts = 0;
    let failures = 0;
    const runner = (async () => {
      let cursor: Json | undefined;
      while (!stop.signal.aborted) {
        // A process that lives for some hours, and its restarts of a failed source.
        const source = create();
        const life = new AbortController();
        const cancel = time.after(HOUR + random.next() * 5 * HOUR, () => life.abort());
        const over = AbortSignal.any([stop.signal, life.signal]);
        while (!over.aborted) {
          try {
            for await (const batch of source.read(cursor, over)) {
              for (const item of batch.items) {
                const outcome = source.normalise(item);
                if (outcome.kind !== 'keep') throw new Error(outcome.reason);
                const rkey = outcome.value.id.slice(outcome.value.id.lastIndexOf('/') + 1);
                delivered.set(rkey, (delivered.get(rkey) ?? 0) + 1);
              }
              if (batch.gap) gaps.push(batch.gap);
              cursor = batch.cursor === undefined ? cursor : (JSON.parse(JSON.stringify(batch.cursor)) as Json);
              const since = time.now - START;
              if (since >= SLOW[0] && since < SLOW[1]) await time.sleep(600_000 + random.next() * 600_000, over);
              else if (batch.items.length > 0) await time.sleep(random.next() * 200, over);
            }
          } catch (error) {
            if (!(error instanceof SourceError) || !error.retryable) throw error;
            failures += 1;
            await time.sleep(Math.max(1_000, error.retryAfterMs ?? 0), over);
          }
        }
        cancel();
        restarts += 1;
      }
    })();
    network.speak();
    await time.runTo(START + DAY);
    // The last words are given time to arrive: nobody speaks any more.
    const spoken = network.log.length;
    stop.abort();
    await setImmediate();
    await runner;

    const wanted = network.log
      .slice(0, spoken)
      .filter(({ text, timeUs }) => text.startsWith('Acm') && timeUs > (network.firstOpenUs ?? 0) + 1_000_000);
    const lastUs = (START + DAY - 5 * 60_000) * 1_000;
    const missing = wanted.filter(({ rkey, timeUs }) => timeUs < lastUs && !delivered.has(rkey));
    const inGap = missing.filter(({ timeUs }) =>
      gaps.some(({ from, to }) => timeUs / 1_000 >= from && timeUs / 1_000 <= to),
    );
    expect(missing.filter((post) => !inGap.includes(post)).map(({ rkey }) => rkey)).toEqual([]);
    expect([...delivered].filter(([, times]) => times > 1)).toEqual([]);
    expect(delivered.size).toBeGreaterThan(1_000);
    // The outage was longer than what servers keep: that hole is told, and only it loses anything.
    expect(inGap.length).toBeGreaterThan(10);
    expect(gaps.length).toBeGreaterThan(0);
    for (const { from, to } of gaps) {
      expect(from).toBeGreaterThan(START + OUTAGE[0] - 10 * 60_000);
      expect(to).toBeLessThan(START + OUTAGE[1] + 10 * 60_000);
    }
    // All of it really happened.
    const { seen } = network;
    expect(restarts).toBeGreaterThan(3);
    expect(failures).toBeGreaterThan(3);
    expect(Math.min(seen.refused, seen.silent, seen.cut, seen.stalled, seen.paused, seen.endedByUs)).toBeGreaterThan(0);
    // Nothing is left.
    expect(time.sleeping).toBe(0);
    expect(network.open.size).toBe(0);
  });
}
