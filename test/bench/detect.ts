/** The detecting stage alone, all detectors on, one core: mentions a second, and what one brand keeps in memory and writes. */
import { detectors } from '../../src/detectors/index.ts';
import { MapState } from '../../src/lib/map-state.ts';
import type { Brand, Mention, UnstampedPost } from '../../src/model/types.ts';
import { analyseText } from '../../src/text/analyse-text.ts';
import { createLexiconScorer } from '../../src/text/sentiment/index.ts';
import { airlineBrands, airlinePosts } from '../support/airlines.ts';
import { testData } from '../support/data.ts';

const DAY_MS = 86_400_000;
const BATCH = 500;
const LATENESS_MS = 900_000;

export async function bench(): Promise<object | undefined> {
  const file = testData('streams/us-airlines-2015/Tweets.csv', 'detecting real tweets');
  if (!file) return undefined;
  const texts = read(await airlinePosts(file));
  const [brand] = airlineBrands;
  if (!brand) throw new Error('no airline');
  run(brand, texts, 10_000, 1);
  return {
    'at 1,000 a day': run(brand, texts, 1_000, 30),
    'at 10,000 a day': run(brand, texts, 10_000, 4),
    'at 1,000,000 a day': run(brand, texts, 1_000_000, 0.1),
  };
}

type Read = Pick<Mention, 'author' | 'text' | 'sentiment' | 'terms' | 'links' | 'fingerprint'>;

function read(posts: readonly UnstampedPost[]): Read[] {
  const scorer = createLexiconScorer();
  return posts.map(({ author, text }) => {
    const { terms, links, fingerprint } = analyseText({ text });
    return { ...(author ? { author } : {}), text, sentiment: scorer.score(text, 'en'), terms, links, fingerprint };
  });
}

/** `days` at `perDay`; the figures are of the whole, the state's of its end. */
function run(brand: Brand, texts: readonly Read[], perDay: number, days: number): object {
  const heap = heapUsed();
  const made = detectors({ latenessMs: () => LATENESS_MS, brands: [brand] });
  const states = made.map(() => new MapState());
  const total = Math.round(perDay * days);
  const start = Date.UTC(2026, 0, 5);
  const sizes = new Map<string, number>();
  const commits: number[] = [];
  let signals = 0;
  let ms = 0;
  let cpuMs = 0;
  const count = (): void => {
    signals += 1;
  };
  for (let i = 0; i < total; i += BATCH) {
    const mentions: Mention[] = [];
    for (let j = i; j < Math.min(total, i + BATCH); j++) mentions.push(mentionOf(brand, texts, j, start, perDay));
    const started = performance.now();
    const before = process.cpuUsage();
    for (const mention of mentions) {
      for (const [d, detector] of made.entries()) {
        const state = states[d] as MapState;
        for (;;) {
          const due = detector.nextDue(state, brand.id);
          if (due === undefined || due > mention.at) break;
          detector.onClock(state, brand.id, due, count);
        }
        detector.onMention(state, mention, mention.at, count);
      }
    }
    ms += performance.now() - started;
    const { user, system } = process.cpuUsage(before);
    cpuMs += (user + system) / 1000;
    let written = 0;
    for (const [d, { name }] of made.entries()) {
      for (const [key, value] of (states[d] as MapState).takeChanges()) {
        const size = value === undefined ? 0 : key.length + JSON.stringify(value).length;
        sizes.set(`${name}/${key}`, size);
        written += size;
      }
    }
    commits.push(written);
  }
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const kept = heapUsed() - heap;
  commits.sort((a, b) => a - b);
  return {
    mentionsPerSecond: Math.round((total / ms) * 1000),
    /** Of processor time, the collector's included: what other programs on the machine leave out of it. */
    mentionsPerCpuSecond: Math.round((total / cpuMs) * 1000),
    mentions: total,
    signals,
    heapKiB: Math.round(kept / 1024),
    stateKiB: Math.round(bytes / 1024),
    stateKiBBy: Object.fromEntries(
      made.map(({ name }) => [
        name,
        Math.round([...sizes].reduce((sum, [key, size]) => sum + (key.startsWith(`${name}/`) ? size : 0), 0) / 1024),
      ]),
    ),
    writtenKiBPerCommit: {
      mentions: BATCH,
      median: Math.round((commits[commits.length >> 1] ?? 0) / 1024),
      p95: Math.round((commits[Math.floor(commits.length * 0.95)] ?? 0) / 1024),
      max: Math.round((commits.at(-1) ?? 0) / 1024),
    },
    // So that the states are in use until their memory was measured.
    keys: states.reduce((sum, state) => sum + [...state.keys()].length, 0),
  };
}

function mentionOf(brand: Brand, texts: readonly Read[], index: number, start: number, perDay: number): Mention {
  const one = texts[(index * 7919) % texts.length] as Read;
  const at = Math.floor(start + (index / perDay) * DAY_MS);
  const author = { id: `${one.author?.id ?? ''}${Math.floor(index / texts.length)}` };
  return {
    ...one,
    author,
    id: `x:${570_000_000_000_000_000n + BigInt(index)}`,
    source: 'x',
    via: 'bench',
    op: 'create',
    publishedAt: at,
    observedAt: at,
    at,
    backfill: false,
    client: brand.client,
    brand: brand.id,
    own: false,
    language: 'en',
    topics: [],
  };
}

function heapUsed(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed + process.memoryUsage().external;
}
