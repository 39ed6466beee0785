/**
 * A series of counts on an absolute grid of buckets: how unusual its last 15 minutes, hour and six hours are, for this very
 * series. A bucket is taught six hours late, so that an event does not judge itself and late mentions are in.
 * The state is plain data in two parts: `recent` changes with every mention, `past` about once an hour.
 */
import type { Baseline } from '../../lib/baseline.ts';
import { ageMs, BUCKET_MS, createBaseline, expected, learn } from '../../lib/baseline.ts';
import { poissonExcess } from '../../lib/stats.ts';
import type { Millis } from '../../model/types.ts';
import type { ExcessHistogram } from './excess-histogram.ts';
import { createHistogram, enter, quantile, rarity } from './excess-histogram.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const HALF_LIFE_MS = 10 * DAY_MS;
const LEARNING_MS = 2 * DAY_MS;
const YOUNG_MS = 7 * DAY_MS;
/** The long window's six hours, and how late a bucket is taught at least. */
const LONG_MS = 6 * HOUR_MS;
/** Longer silence than this teaches nothing: the level has decayed 64-fold by then, and catching up must end. */
const LONGEST_SILENCE_MS = 60 * DAY_MS;
const SUSPICIOUS_MS = 4 * HOUR_MS;
const BELIEVED_MS = 2 * HOUR_MS;
const MOST_BLIND_SPANS = 32;
const GATE_QUANTILE = 0.98;

/** A sliding window; the bucket that it ends with may still be running. */
export interface Window {
  /** As people write it: `15m`. */
  readonly name: string;
  readonly ms: Millis;
  readonly buckets: number;
  /** Short windows follow the hour of the day, and decide when an episode is over. */
  readonly short: boolean;
}

/** Everything that follows from the width of a bucket. Lengths are in buckets. */
export interface Grid {
  readonly bucketMs: Millis;
  readonly windows: readonly Window[];
  readonly longest: number;
  readonly longestShort: number;
  readonly lag: number;
  /** Teaching is done in portions of an hour, so that the larger part of the state is written seldom. */
  readonly portion: number;
  /** How far back a late mention is still judged. */
  readonly judged: number;
  readonly recent: number;
  readonly kept: number;
  readonly longestSilence: number;
  /** A silence of more than this may be a clock that jumped ahead, or a night without the program whose gaps are still to come. */
  readonly suspicious: number;
  /** How far the clock must have gone on from such a silence before it is taught: shorter than what is suspicious. */
  readonly believed: number;
  /** Growth of a histogram's weight per bucket. */
  readonly growth: number;
}

/** The grid of the given bucket width; windows that would be the same number of buckets are one. */
export function gridOf(bucketMs: Millis = BUCKET_MS): Grid {
  const inBuckets = (ms: Millis) => Math.max(1, Math.round(ms / bucketMs));
  const windows: Window[] = [];
  for (const [name, ms] of [
    ['15m', 15 * MINUTE_MS],
    ['1h', HOUR_MS],
    ['6h', LONG_MS],
  ] as const) {
    const buckets = inBuckets(ms);
    const window = { name, ms, buckets, short: ms < LONG_MS };
    if (windows.at(-1)?.buckets !== buckets) windows.push(window);
  }
  const longest = inBuckets(LONG_MS);
  const portion = inBuckets(HOUR_MS);
  const judged = inBuckets(DAY_MS);
  return {
    bucketMs,
    windows,
    longest,
    longestShort: inBuckets(HOUR_MS),
    lag: longest,
    portion,
    judged,
    recent: longest + portion,
    kept: longest + judged + portion,
    longestSilence: inBuckets(LONGEST_SILENCE_MS),
    suspicious: inBuckets(SUSPICIOUS_MS),
    believed: inBuckets(BELIEVED_MS),
    growth: 2 ** (bucketMs / HALF_LIFE_MS),
  };
}

/** A run of counts; what lies outside is 0. */
export type Counts = { from: number; counts: number[] };

/** What is known of a series; it changes when something is taught. */
export type Past = {
  /** The first bucket that it saw live. */
  readonly since: number;
  /** Portions end at buckets of this remainder. */
  readonly phase: number;
  /** The first bucket that is not taught yet. */
  next: number;
  /** Set after a long silence, to the bucket that ended it: it is taught once the clock has gone on from there. */
  held: number | null;
  /** Where `recent` begins; older buckets are in `older`. */
  split: number;
  older: Counts;
  baseline: Baseline;
  excess: ExcessHistogram[];
};
/** What changes with every mention. */
export type Recent = {
  newer: Counts;
  /** Spans of buckets under which a source was blind: from, to (excluded), from, to, … in order. */
  blind: number[];
};
export type Series = { readonly recent: Recent; readonly past: Past };

/** A series that begins with `bucket`. */
export function createPast(grid: Grid, bucket: number, phase = 0): Past {
  return {
    since: bucket,
    phase: phase % grid.portion,
    next: bucket,
    held: null,
    split: bucket - grid.recent,
    older: { from: bucket, counts: [] },
    baseline: createBaseline(grid.bucketMs),
    excess: grid.windows.map(() => createHistogram()),
  };
}

/** What changes with every mention of a series that begins with `bucket`. */
export function createRecent(bucket: number): Recent {
  return { newer: { from: bucket, counts: [] }, blind: [] };
}

/** Adds one mention, or `amount`. True when it went into the part that changes seldom; undefined when it is too old to be kept. */
export function count(
  { recent, past }: Series,
  grid: Grid,
  bucket: number,
  now: number,
  amount = 1,
): boolean | undefined {
  if (bucket <= now - grid.kept) return undefined;
  // While a silence is held the two runs may lie far apart, and what lies between goes to the newer one.
  const old = bucket < past.split && past.held === null;
  addTo(old ? past.older : recent.newer, bucket, amount);
  return old;
}

/** Mentions in buckets `from` to `to`, both included. */
export function sum({ recent, past }: Series, from: number, to: number): number {
  return sumOf(past.older, from, to) + sumOf(recent.newer, from, to);
}

/** The same for one run of counts. */
export function sumOf({ from: start, counts }: Counts, from: number, to: number): number {
  let total = 0;
  const end = Math.min(to - start, counts.length - 1);
  for (let i = Math.max(0, from - start); i <= end; i++) total += counts[i] ?? 0;
  return total;
}

/** Adds to a bucket, making room on either side. */
export function addTo(run: Counts, bucket: number, amount = 1): void {
  if (run.counts.length === 0) run.from = bucket;
  while (bucket < run.from) {
    run.counts.unshift(0);
    run.from -= 1;
  }
  while (run.counts.length <= bucket - run.from) run.counts.push(0);
  run.counts[bucket - run.from] = (run.counts[bucket - run.from] ?? 0) + amount;
}

/** Forgets the buckets before `bucket`. */
export function forgetBefore(run: Counts, bucket: number): void {
  let drop = Math.max(0, bucket - run.from);
  while (drop < run.counts.length && run.counts[drop] === 0) drop += 1;
  run.counts.splice(0, drop);
  run.from += drop;
}

/** Forgets the buckets after `bucket`. */
export function forgetAfter(run: Counts, bucket: number): void {
  run.counts.length = Math.max(0, Math.min(run.counts.length, bucket + 1 - run.from));
}

/** The bucket up to which (excluded) may be taught at bucket `now`, `delay` buckets after the end of each. */
export function ripeEnd({ phase }: Past, grid: Grid, now: number, delay: number): number {
  const ripe = now - Math.min(Math.max(delay, grid.lag), grid.judged);
  return ripe - ((((ripe - phase) % grid.portion) + grid.portion) % grid.portion);
}

/**
 * Teaches what is ripe at bucket `now`. True when `past` changed. A long silence is taught only when the clock has gone on for
 * two hours from its end: it may be a clock that jumped ahead, and what was taught cannot be taken back.
 */
export function advance(series: Series, grid: Grid, now: number, delay: number): boolean {
  const { past } = series;
  if (ripeEnd(past, grid, now, delay) <= past.next) return false;
  const wait = Math.min(Math.max(delay, grid.lag), grid.judged);
  if (now - wait - past.next > grid.suspicious) {
    if (past.held !== null) {
      if (now - past.held < grid.believed) return false;
      catchUp(series, grid, now - past.held > grid.suspicious ? past.held : now, delay);
    }
    if (now - wait - past.next > grid.suspicious) {
      hold(series, grid, now);
      return true;
    }
  }
  past.held = null;
  catchUp(series, grid, now, delay);
  return true;
}

/** Sets aside what came before a long silence. */
function hold({ recent, past }: Series, grid: Grid, now: number): void {
  for (const [i, value] of recent.newer.counts.entries())
    if (value !== 0) addTo(past.older, recent.newer.from + i, value);
  recent.newer = { from: now, counts: [] };
  past.held = now;
  past.split = now - grid.recent;
}

/**
 * Teaches every bucket that can no longer change, `delay` buckets (at least six hours) after its end, in portions of an hour.
 * True when something was taught.
 */
export function catchUp(series: Series, grid: Grid, now: number, delay: number): boolean {
  const { past, recent } = series;
  const end = ripeEnd(past, grid, now, delay);
  if (end <= past.next) return false;
  if (end - past.next > grid.longestSilence) past.next = end - grid.longestSilence;
  const sums = grid.windows.map(({ buckets }) => sum(series, past.next - buckets, past.next - 1));
  for (let bucket = past.next; bucket < end; bucket++) {
    const value = sum(series, bucket, bucket);
    for (const [i, { buckets }] of grid.windows.entries()) {
      const left = bucket - buckets;
      sums[i] = (sums[i] ?? 0) + value - sum(series, left, left);
    }
    teach(past, grid, recent.blind, bucket, value, sums);
  }
  past.next = end;
  roll(series, grid, now);
  return true;
}

/** Teaches one bucket with the sums of the windows that end with it. Nothing is learned under a blind spot. */
export function teach(
  past: Past,
  grid: Grid,
  blind: readonly number[],
  bucket: number,
  value: number,
  sums: readonly number[],
): void {
  if (blind.length > 0 && isBlind(blind, bucket, bucket)) return;
  const start = bucket * grid.bucketMs;
  const end = start + grid.bucketMs;
  for (const [i, { buckets, short }] of grid.windows.entries()) {
    const histogram = past.excess[i];
    if (!histogram || (blind.length > 0 && isBlind(blind, bucket - buckets + 1, bucket))) continue;
    const usual = expected(past.baseline, end - buckets * grid.bucketMs, end, short);
    enter(histogram, poissonExcess(sums[i] ?? 0, usual), grid.growth);
  }
  learn(past.baseline, start, value);
}

/** Moves what is no longer recent to the older part, and lets go of what nobody needs. */
function roll({ recent, past }: Series, grid: Grid, now: number): void {
  const split = Math.max(past.split, now - grid.recent);
  const { newer } = recent;
  forgetBefore(past.older, Math.min(now - grid.kept + 1, past.next - grid.longest));
  for (let bucket = newer.from; bucket < Math.min(split, newer.from + newer.counts.length); bucket++) {
    const value = newer.counts[bucket - newer.from] ?? 0;
    if (value !== 0) addTo(past.older, bucket, value);
  }
  forgetBefore(newer, split);
  past.split = split;
  while (recent.blind.length > 0 && (recent.blind[1] ?? 0) <= past.next - grid.longest) recent.blind.splice(0, 2);
}

/** Marks buckets `from` to `to` (both included) as blind, joining spans that touch. */
export function markBlind(recent: Recent, from: number, to: number): void {
  const spans: [number, number][] = [];
  let start = from;
  let end = to + 1;
  for (let i = 0; i < recent.blind.length; i += 2) {
    const a = recent.blind[i] ?? 0;
    const b = recent.blind[i + 1] ?? 0;
    if (b < start || a > end) spans.push([a, b]);
    else [start, end] = [Math.min(a, start), Math.max(b, end)];
  }
  spans.push([start, end]);
  spans.sort(([a], [b]) => a - b);
  // Beyond the bound the narrowest sight between two spans counts as blind too.
  while (spans.length > MOST_BLIND_SPANS) {
    let narrow = 1;
    const between = (i: number) => (spans[i]?.[0] ?? 0) - (spans[i - 1]?.[1] ?? 0);
    for (let i = 2; i < spans.length; i++) if (between(i) < between(narrow)) narrow = i;
    spans.splice(narrow - 1, 2, [spans[narrow - 1]?.[0] ?? 0, spans[narrow]?.[1] ?? 0]);
  }
  recent.blind = spans.flat();
}

/** Whether one of the buckets `from` to `to` (both included) lies under a blind spot. */
export function isBlind(blind: readonly number[], from: number, to: number): boolean {
  for (let i = 0; i < blind.length; i += 2) if ((blind[i] ?? 0) <= to && (blind[i + 1] ?? 0) > from) return true;
  return false;
}

/** How much history the series has at bucket `now`: what was taught and what waits for it, blind spots left out. */
export function historyMs({ past, recent }: Series, grid: Grid, now: number): Millis {
  let waiting = Math.max(0, Math.min(now - past.next, grid.judged));
  for (let i = 0; i < recent.blind.length; i += 2) {
    waiting -= Math.max(0, Math.min(recent.blind[i + 1] ?? 0, now) - Math.max(recent.blind[i] ?? 0, past.next));
  }
  return ageMs(past.baseline) + waiting * grid.bucketMs;
}

/** How many mentions one window holds, and how unusual that is. */
export interface WindowReading {
  /** How many buckets it looked at: fewer than the window's where it was cut short. */
  readonly buckets: number;
  readonly observed: number;
  readonly expected: number;
  /** In Poisson standard deviations. */
  readonly excess: number;
  /** −log10 of how often this series was as unusual. */
  readonly rarity: number;
}

/** All windows that end with one bucket. */
export interface Reading {
  /** The last bucket of the windows. */
  readonly end: number;
  readonly windows: readonly WindowReading[];
  /** Which window has the largest rarity. */
  readonly top: number;
  /** Mean of the two largest rarities. */
  readonly rarity: number;
  readonly mentions6h: number;
}

/** Reads the windows that end with bucket `end`. Long windows do not look back beyond bucket `floor`, where one is given. */
export function read(series: Series, grid: Grid, end: number, floor = Number.NEGATIVE_INFINITY): Reading {
  const { past } = series;
  const stop = (end + 1) * grid.bucketMs;
  const windows: WindowReading[] = [];
  let top = 0;
  let first = 0;
  let second = 0;
  for (const [i, { buckets, short }] of grid.windows.entries()) {
    const from = short ? end - buckets + 1 : Math.min(end, Math.max(end - buckets + 1, floor));
    const observed = sum(series, from, end);
    const usual = expected(past.baseline, from * grid.bucketMs, stop, short);
    const excess = poissonExcess(observed, usual);
    const histogram = past.excess[i];
    const rare = histogram ? rarity(histogram, excess) : 0;
    windows.push({ buckets: end - from + 1, observed, expected: usual, excess, rarity: rare });
    if (rare > first || i === 0) {
      [second, first] = [i === 0 ? 0 : first, rare];
      top = i;
    } else if (rare > second) second = rare;
  }
  return {
    end,
    windows,
    top,
    rarity: grid.windows.length === 1 ? first : (first + second) / 2,
    mentions6h: sum(series, end - grid.longest + 1, end),
  };
}

/** What must hold beside the score before anybody is told. */
export interface Gate {
  /** Poisson standard deviations above what the series does in 98 of 100 buckets. */
  readonly margin: number;
  /** Mentions in six hours. */
  readonly minimum: number;
}

/** Whether a reading may be told of: enough history, enough mentions, and clearly above what the series does now and then. */
export function passes(series: Series, grid: Grid, reading: Reading, { margin, minimum }: Gate, now: number): boolean {
  if (reading.mentions6h < minimum || historyMs(series, grid, now) < LEARNING_MS) return false;
  return reading.windows.some(({ excess }, i) => {
    const histogram = series.past.excess[i];
    return histogram !== undefined && excess >= quantile(histogram, GATE_QUANTILE) + margin;
  });
}

/** Whether a history of this length is still called learning: it alerts after two days, and knows the hours after seven. */
export function isYoung(ageMs: Millis): boolean {
  return ageMs < YOUNG_MS;
}
