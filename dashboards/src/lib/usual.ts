/**
 * The usual band of a series: for each bucket, the 10th, 50th and 90th percentile of the same time of day on the fourteen
 * days before. Unknown with fewer than five such days of history.
 */
export interface Bucket {
  readonly at: number;
  readonly count: number;
  readonly negative: number;
  readonly positive: number;
  readonly unsure: number;
}
export interface Usual {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}
export interface UsualBucket extends Bucket {
  readonly usual: Usual | undefined;
}

export const USUAL_DAYS = 14;
const FEWEST_DAYS = 5;
const DAY_MS = 86_400_000;

/** Every bucket from `from` to `to`, empty ones included, with its band out of the points before it. */
export function withUsual(
  points: readonly Bucket[],
  { from, to, bucketMs }: { readonly from: number; readonly to: number; readonly bucketMs: number },
): readonly UsualBucket[] {
  const byTime = new Map(points.map((point) => [point.at, point]));
  const start = points.reduce((first, { at }) => Math.min(first, at), Number.POSITIVE_INFINITY);
  const buckets: UsualBucket[] = [];
  for (let at = Math.floor(from / bucketMs) * bucketMs; at < to; at += bucketMs) {
    const point = byTime.get(at) ?? { at, count: 0, negative: 0, positive: 0, unsure: 0 };
    const before: number[] = [];
    for (let day = 1; day <= USUAL_DAYS; day++) {
      const then = at - day * DAY_MS;
      // The first bucket of all is likely to be half a one.
      if (then <= start) break;
      before.push(byTime.get(then)?.count ?? 0);
    }
    buckets.push({ ...point, usual: before.length < FEWEST_DAYS ? undefined : bandOf(before) });
  }
  return buckets;
}

function bandOf(counts: readonly number[]): Usual {
  const sorted = [...counts].sort((a, b) => a - b);
  return { low: quantile(sorted, 0.1), middle: quantile(sorted, 0.5), high: quantile(sorted, 0.9) };
}

/** Linear between the neighbours. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? below;
  return below + (above - below) * (place - Math.floor(place));
}

export interface Total {
  readonly count: number;
  readonly negative: number;
  readonly positive: number;
  readonly neutral: number;
  readonly unsure: number;
  /** Σ of the medians, the running bucket in proportion; undefined where a bucket has none. */
  readonly usual: number | undefined;
}

export function totalOf(buckets: readonly UsualBucket[], now: number, bucketMs: number): Total {
  let [count, negative, positive, unsure] = [0, 0, 0, 0];
  let usual: number | undefined = 0;
  for (const bucket of buckets) {
    count += bucket.count;
    negative += bucket.negative;
    positive += bucket.positive;
    unsure += bucket.unsure;
    const passed = Math.min(1, Math.max(0, (now - bucket.at) / bucketMs));
    usual = usual === undefined || bucket.usual === undefined ? undefined : usual + bucket.usual.middle * passed;
  }
  return { count, negative, positive, unsure, neutral: Math.max(0, count - negative - positive - unsure), usual };
}

/** 100·(P − N)/(P + Neu + N), unsure ones left aside; undefined without any. */
export function netSentiment({
  negative,
  positive,
  neutral,
}: Pick<Total, 'negative' | 'positive' | 'neutral'>): number | undefined {
  const judged = negative + positive + neutral;
  return judged === 0 ? undefined : (100 * (positive - negative)) / judged;
}
