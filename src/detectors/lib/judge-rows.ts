/** Judges a table of counts row by row with the detectors' own engine, for `vigie detect`. */
import { BUCKET_MS } from '../../lib/baseline.ts';
import type { Millis } from '../../model/types.ts';
import type { Gate, Series } from './volume-series.ts';
import { catchUp, count, createPast, createRecent, gridOf, markBlind, passes, read } from './volume-series.ts';

/** After an alert the rows of a day raise no other. */
const QUIET_MS = 86_400_000;

/** How rows are to be judged. */
export interface RowsOptions extends Gate {
  /** Time between two rows; rows closer than five minutes are counted together. */
  readonly intervalMs: Millis;
  readonly threshold: number;
}

/** What is said of one row. */
export interface Verdict {
  /** Mean of the two largest rarities; 0 while there is too little history, or too little to tell of. */
  readonly score: number;
  readonly alert: boolean;
}

/**
 * A function that takes the rows in the order of time and judges each by those before it alone. Rows that are missing teach
 * nothing, as if a source had been blind.
 */
export function judgeRows({ intervalMs, threshold, ...gate }: RowsOptions): (at: Millis, value: number) => Verdict {
  const grid = gridOf(Math.max(BUCKET_MS, intervalMs));
  const rowBuckets = Math.max(1, Math.round(intervalMs / grid.bucketMs));
  let series: Series | undefined;
  let last = 0;
  let quietUntil = Number.NEGATIVE_INFINITY;
  return (at, value) => {
    const bucket = Math.floor(at / grid.bucketMs);
    series ??= { past: createPast(grid, bucket), recent: createRecent(bucket) };
    if (last > 0 && bucket - last > rowBuckets) markBlind(series.recent, last + 1, bucket - 1);
    last = bucket;
    catchUp(series, grid, bucket, 0);
    count(series, grid, bucket, bucket, value);
    const reading = read(series, grid, bucket);
    const score = passes(series, grid, reading, gate, bucket) ? reading.rarity : 0;
    const alert = score >= threshold && at >= quietUntil;
    if (alert) quietUntil = at + QUIET_MS;
    return { score, alert };
  };
}
