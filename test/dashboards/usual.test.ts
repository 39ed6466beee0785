import { expect, test } from 'vitest';
import { type Bucket, netSentiment, quantile, totalOf, withUsual } from '../../dashboards/src/lib/usual.ts';
import { rangeOf } from '../../dashboards/src/lib/period.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const now = Date.UTC(2026, 4, 20, 15, 30);

function point(at: number, count: number, negative = 0): Bucket {
  return { at, count, negative, positive: 0, unsure: 0 };
}
/** One point every hour for some days before now, `count` at 15 h and one else. */
function history(days: number, count: (day: number) => number): Bucket[] {
  const hour = Math.floor(now / HOUR) * HOUR;
  const points: Bucket[] = [];
  for (let at = hour - days * DAY; at <= hour; at += HOUR) {
    const day = Math.round((hour - at) / DAY);
    points.push(point(at, (hour - at) % DAY === 0 ? count(day) : 1));
  }
  return points;
}

test('the band is made of the same hour on the fourteen days before', () => {
  const { from, to } = rangeOf('24h', now);
  const buckets = withUsual(
    history(20, (day) => (day === 0 ? 500 : day)),
    { from, to, bucketMs: HOUR },
  );
  expect(buckets).toHaveLength(24);
  expect(buckets.at(-1)).toMatchObject({ count: 500, usual: { middle: 7.5 } });
  expect(buckets.at(-1)?.usual?.low).toBeCloseTo(2.3);
  expect(buckets.at(-1)?.usual?.high).toBeCloseTo(12.7);
  expect(buckets.at(-2)?.usual).toEqual({ low: 1, middle: 1, high: 1 });
});

test('hours without a mention count as zero, days before the first mention do not count', () => {
  const { from, to } = rangeOf('24h', now);
  const hour = Math.floor(now / HOUR) * HOUR;
  const sparse = [point(hour - 10 * DAY, 40), point(hour - 3 * DAY, 9), point(hour, 2)];
  const buckets = withUsual(sparse, { from, to, bucketMs: HOUR });
  // Nine whole days after the first point: eight of them empty at this hour.
  expect(buckets.at(-1)?.usual).toEqual({ low: 0, middle: 0, high: expect.closeTo(1.8) });
});

test('no band before five days of history', () => {
  const { from, to } = rangeOf('24h', now);
  const short = withUsual(
    history(5, () => 3),
    { from, to, bucketMs: HOUR },
  );
  expect(short.at(-1)?.usual).toBeUndefined();
  expect(totalOf(short, now, HOUR).usual).toBeUndefined();
  expect(withUsual([], { from, to, bucketMs: HOUR }).every(({ usual }) => usual === undefined)).toBe(true);
});

test('totals, with the running hour in proportion', () => {
  const { from, to } = rangeOf('24h', now);
  const buckets = withUsual(
    history(20, () => 10),
    { from, to, bucketMs: HOUR },
  );
  expect(totalOf(buckets, now, HOUR)).toMatchObject({ count: 33, neutral: 33, usual: 23 + 10 / 2 });
});

test('net sentiment leaves unsure ones aside', () => {
  expect(netSentiment({ negative: 6, positive: 2, neutral: 2 })).toBe(-40);
  expect(netSentiment({ negative: 0, positive: 0, neutral: 0 })).toBeUndefined();
});

test('quantiles lie between their neighbours', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([7], 0.9)).toBe(7);
  expect(quantile([], 0.9)).toBe(0);
});
