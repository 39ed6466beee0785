/**
 * The usual level of a series of counts at this hour: an exponentially weighted mean per bucket (half-life 10 days), multiplied
 * after 7 days by a factor for the hour of the day. Plain data, so that it can live in keyed state.
 */
import type { Millis } from '../model/types.ts';
import { rateOfHalfLife } from './stats.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HALF_LIFE_MS = 10 * DAY_MS;
const HOURLY_AFTER_MS = 7 * DAY_MS;
/** As many mentions as usual are assumed in every hour beforehand, so that a quiet brand's hours do not jump. */
const PRIOR_MENTIONS = 10;
const LEARNING_MS = 2 * DAY_MS;

/** The width of a bucket unless another is asked for. */
export const BUCKET_MS: Millis = 300_000;

/** State of a baseline. Made by `createBaseline`, changed in place by `learn`. */
export type Baseline = {
  readonly bucketMs: Millis;
  /** Buckets taught so far; a bucket that was left out (a blind source) does not count. */
  age: number;
  /** Mentions per bucket. */
  mean: number;
  /** Day (since the epoch) to which `sums` and `buckets` are decayed. */
  day: number;
  /** Mentions per hour of the day (UTC), decayed by day. */
  readonly sums: number[];
  /** Buckets per hour of the day (UTC), decayed by day. */
  readonly buckets: number[];
};

/** A baseline that has seen nothing yet. */
export function createBaseline(bucketMs: Millis = BUCKET_MS): Baseline {
  return { bucketMs, age: 0, mean: 0, day: 0, sums: Array<number>(24).fill(0), buckets: Array<number>(24).fill(0) };
}

/** Teaches one closed bucket. Buckets come in the order of time, each once; one that is left out teaches nothing. */
export function learn(baseline: Baseline, start: Millis, count: number): void {
  const day = Math.floor(start / DAY_MS);
  if (day !== baseline.day) {
    const keep = 2 ** ((-Math.max(0, day - baseline.day) * DAY_MS) / HALF_LIFE_MS);
    if (baseline.age > 0 && keep < 1) {
      for (let hour = 0; hour < 24; hour++) {
        baseline.sums[hour] = tidy((baseline.sums[hour] ?? 0) * keep);
        baseline.buckets[hour] = tidy((baseline.buckets[hour] ?? 0) * keep);
      }
    }
    baseline.day = day;
  }
  const hour = hourOf(start);
  baseline.sums[hour] = tidy((baseline.sums[hour] ?? 0) + count);
  baseline.buckets[hour] = tidy((baseline.buckets[hour] ?? 0) + 1);
  const slowest = rateOfHalfLife(HALF_LIFE_MS / baseline.bucketMs);
  baseline.mean += (count - baseline.mean) * Math.max(slowest, 1 / (baseline.age + 1));
  baseline.age += 1;
}

/**
 * How many mentions are usual between two moments (`to` excluded). With `hourly` false the hour of the day is left out of it,
 * which is steadier for windows of several hours. 0 before anything was learned.
 */
export function expected(baseline: Baseline, from: Millis, to: Millis, hourly = true): number {
  if (to <= from) return 0;
  const perMs = baseline.mean / baseline.bucketMs;
  if (!hourly || ageMs(baseline) < HOURLY_AFTER_MS || baseline.bucketMs > HOUR_MS) return perMs * (to - from);
  // Over whole days the factors cancel.
  const days = Math.floor((to - from) / DAY_MS);
  let total = perMs * days * DAY_MS;
  for (let at = from + days * DAY_MS; at < to; ) {
    const end = Math.min(to, (Math.floor(at / HOUR_MS) + 1) * HOUR_MS);
    total += perMs * hourFactor(baseline, hourOf(at)) * (end - at);
    at = end;
  }
  return total;
}

/** How much history it has learned from. */
export function ageMs(baseline: Baseline): Millis {
  return baseline.age * baseline.bucketMs;
}

/** True while it knows less than two days: too little to say what is usual. */
export function isLearning(baseline: Baseline): boolean {
  return ageMs(baseline) < LEARNING_MS;
}

/** This hour's level as a multiple of the day's, drawn towards 1 while few mentions tell of it. */
function hourFactor(baseline: Baseline, hour: number): number {
  let sum = 0;
  let buckets = 0;
  for (let h = 0; h < 24; h++) {
    sum += baseline.sums[h] ?? 0;
    buckets += baseline.buckets[h] ?? 0;
  }
  if (buckets === 0) return 1;
  const usual = ((baseline.buckets[hour] ?? 0) * sum) / buckets;
  return ((baseline.sums[hour] ?? 0) + PRIOR_MENTIONS) / (usual + PRIOR_MENTIONS);
}

function hourOf(at: Millis): number {
  return Math.floor(at / HOUR_MS) % 24;
}

/** Four decimals are enough for sums of counts, and keep the state small. */
function tidy(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
