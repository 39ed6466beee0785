/** A brand, a clock that the test moves, a source and a log: what live running does, without waiting. */
import { lastValueFrom, of } from 'rxjs';
import { MemoryBus } from '../../src/bus/memory.ts';
import { detectors } from '../../src/detectors/index.ts';
import { Stamper } from '../../src/lib/clock.ts';
import { type Random, seededRandom } from '../../src/lib/random.ts';
import type { Stored } from '../../src/model/ports.ts';
import type { Brand, Entry, Json, Mention, Millis, Sentiment, UnstampedPost } from '../../src/model/types.ts';
import { type AnalysisEvent, PartitionAnalyser } from '../../src/pipeline/analyser.ts';
import { appendTo, ingest } from '../../src/pipeline/pipeline.ts';
import { createRuleEngine } from '../../src/rules/engine.ts';
import { loadRules } from '../../src/rules/load.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const START = Date.parse('2026-03-02T00:00:00Z');

export const ACME: Brand = {
  id: 'acme',
  name: 'Acme',
  query: 'acme',
  languages: ['en'],
  own: {},
  competitors: [],
  role: 'own',
  client: 'default',
  group: 'default',
};

const RULES = `rules:
  - id: surge
    title: { en: Surge, fr: Emballement }
    when: { signal: spike, scope: "*" }
    severity: warning
  - id: bad-surge
    title: { en: Bad surge, fr: Mauvais emballement }
    when: { signal: negative-surge, scope: "*" }
    severity: critical
  - id: five
    title: { en: Five, fr: Cinq }
    when: { metric: mentions, window: 10m, filter: "doorbell", op: ">=", than: 5 }
    for: 90s
    severity: info
`;

/** Words decide: a test says what it means. */
const scorer = {
  score: (text: string): Sentiment => ({
    label: text.includes('awful') ? 'negative' : 'neutral',
    score: text.includes('awful') ? -1 : 0,
    confidence: 1,
    unsure: false,
    words: [],
  }),
};

export interface Feed {
  readonly via: string;
  readonly latenessMs: Millis;
  lastRead: Millis | undefined;
}

export class World {
  readonly random: Random;
  readonly log: Entry[] = [];
  now: Millis;
  readonly #bus = new MemoryBus({ waitMs: 0 });
  readonly #stamper: Stamper;
  #count = 0;

  constructor({ start = START, seed = 5 }: { start?: Millis; seed?: number } = {}) {
    this.now = start;
    this.random = seededRandom(seed);
    this.#stamper = new Stamper(() => this.now);
  }

  feed(via = 'stream', latenessMs = 15 * MINUTE): Feed {
    return { via, latenessMs, lastRead: undefined };
  }

  post(text: string, more: Partial<UnstampedPost> = {}): UnstampedPost {
    const n = this.#count++;
    return { id: `x:${n}`, source: 'x', op: 'create', text, lang: 'en', author: { id: `a${n}` }, ...more };
  }

  /** One successful read of a source, as the runner does it. */
  async read(feed: Feed, posts: readonly UnstampedPost[], options: { readonly history?: boolean } = {}): Promise<void> {
    const append = appendTo({
      bus: this.#bus,
      via: feed.via,
      latenessMs: feed.latenessMs,
      stamp: () => this.#stamper.stamp(),
      lastRead: () => feed.lastRead,
      quarantine: async () => {},
      ...options,
    });
    const pipe = ingest(
      { normalise: ({ body }) => ({ kind: 'keep', value: body as unknown as UnstampedPost }) },
      { brands: [ACME], language: () => 'en', sentiment: scorer, append },
    );
    const items = posts.map((post) => ({ nativeId: post.id, body: post as unknown as Json }));
    const { lastRead } = await lastValueFrom(of({ items }).pipe(pipe));
    feed.lastRead = lastRead;
    await this.#take();
  }

  /** Posts as they are written: arrival is publication. */
  async live(feed: Feed, posts: readonly UnstampedPost[]): Promise<void> {
    for (const post of posts) {
      this.now = Math.max(this.now, post.publishedAt ?? this.now);
      await this.read(feed, [post]);
    }
  }

  async append(value: Entry): Promise<void> {
    await this.#bus.append([{ to: 'all', value }]);
    await this.#take();
  }

  tick(): Promise<void> {
    const { at, reset } = this.#stamper.stamp();
    return this.append({ kind: reset ? 'reset' : 'tick', observedAt: at });
  }

  /** Ticks each minute until `to`. */
  async silence(to: Millis): Promise<void> {
    while (this.now < to) {
      this.now = Math.min(to, this.now + MINUTE);
      await this.tick();
    }
  }

  gap(via: string, from: Millis, to: Millis): Promise<void> {
    return this.append({ kind: 'gap', via, from, to, observedAt: this.#stamper.stamp().at });
  }

  /** Ordinary talk between two moments, `perHour` on average, as even as talk is when nothing happens. */
  ordinary(from: Millis, to: Millis, perHour = 6, text = 'acme again'): UnstampedPost[] {
    const posts: UnstampedPost[] = [];
    const step = HOUR / perHour;
    for (let at = from; at + step <= to; at += step)
      posts.push(this.post(text, { publishedAt: at + this.random.between(0, Math.floor(step * 0.9)) }));
    return posts;
  }

  /** `count` posts evenly between two moments. */
  crowd(from: Millis, to: Millis, count: number, text = 'acme awful'): UnstampedPost[] {
    return Array.from({ length: count }, (_, i) =>
      this.post(text, { publishedAt: from + Math.floor(((to - from) * i) / count) }),
    );
  }

  /** Days of ordinary talk, so that detectors know what is usual. */
  async history(feed: Feed, days: number, perHour = 6): Promise<void> {
    await this.live(feed, this.ordinary(this.now, this.now + days * DAY, perHour));
  }

  async #take(): Promise<void> {
    for (;;) {
      const entries: readonly Stored[] = await this.#bus.read(0, this.#offset, 10_000, AbortSignal.timeout(1));
      if (entries.length === 0) return;
      this.#offset = entries.at(-1)?.offset;
      for (const { value } of entries) this.log.push(value);
    }
  }
  #offset: string | undefined;
}

export interface Outcome {
  readonly events: readonly AnalysisEvent[];
  readonly stored: ReadonlyMap<string, Mention>;
}

/** Runs a log; `restoreEvery`: throws the memory away after so many entries and goes on from what was saved. */
export function analyse(log: readonly Entry[], options: { readonly restoreEvery?: number } = {}): Outcome {
  const { rules, problems } = loadRules([{ file: 'rules.yaml', text: RULES }], { brands: [ACME], language: 'en' });
  if (!rules) throw new Error(JSON.stringify(problems));
  const make = (state: Iterable<readonly [string, Json]> = []): PartitionAnalyser =>
    new PartitionAnalyser(
      {
        brands: [ACME],
        detectors: detectors({ latenessMs: (via) => (via === 'press' ? 6 * HOUR : 15 * MINUTE) }),
        rules: createRuleEngine(rules, [ACME]),
      },
      state,
    );
  const saved = new Map<string, Json>();
  let analyser = make();
  const events: AnalysisEvent[] = [];
  const stored = new Map<string, Mention>();
  const gone = new Set<string>();
  for (const [i, entry] of log.entries()) {
    analyser.apply(JSON.parse(JSON.stringify(entry)) as Entry);
    const done = analyser.take();
    events.push(...done.events);
    for (const mention of done.mentions) if (!gone.has(mention.id)) stored.set(mention.id, mention);
    for (const { id, brands } of done.removals) {
      stored.delete(id);
      if (brands === undefined) gone.add(id);
    }
    if (options.restoreEvery !== undefined && (i + 1) % options.restoreEvery === 0) {
      for (const [key, value] of analyser.changes()) {
        if (value === undefined) saved.delete(key);
        else saved.set(key, JSON.parse(JSON.stringify(value)) as Json);
      }
      analyser = make(structuredClone([...saved]));
    }
  }
  return { events, stored };
}
