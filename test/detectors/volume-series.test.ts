import { describe, expect, it } from 'vitest';
import type { Series } from '../../src/detectors/lib/volume-series.ts';
import {
  advance,
  catchUp,
  count,
  createPast,
  createRecent,
  gridOf,
  historyMs,
  isBlind,
  markBlind,
  passes,
  read,
  sum,
} from '../../src/detectors/lib/volume-series.ts';
import { DAY, HOUR, seeded } from './drive.ts';

const grid = gridOf();
const B0 = 5_700_000;
const GATE = { margin: 1.5, minimum: 5 };

function fresh(bucket = B0): Series {
  return { past: createPast(grid, bucket), recent: createRecent(bucket) };
}

describe('volume series', () => {
  it('has windows of 15 minutes, an hour and six hours, and fewer on a coarse grid', () => {
    expect(grid.windows.map(({ name, buckets }) => [name, buckets])).toEqual([
      ['15m', 3],
      ['1h', 12],
      ['6h', 72],
    ]);
    expect(gridOf(HOUR).windows.map(({ buckets }) => buckets)).toEqual([1, 6]);
  });

  it('ends up the same whether it is taught bucket by bucket or in leaps', () => {
    const random = seeded(1);
    const counts = Array.from({ length: 3000 }, () => Math.floor(random() * 6));
    const [steady, leaping] = [fresh(), fresh()];
    for (const [i, amount] of counts.entries()) {
      const now = B0 + i;
      catchUp(steady, grid, now, 0);
      count(steady, grid, now, now, amount);
      if (i % 97 === 0) catchUp(leaping, grid, now, 0);
      count(leaping, grid, now, now, amount);
    }
    const end = B0 + counts.length;
    catchUp(steady, grid, end, 0);
    catchUp(leaping, grid, end, 0);
    expect(leaping.past.baseline).toEqual(steady.past.baseline);
    expect(leaping.past.excess).toEqual(steady.past.excess);
    for (const back of [1, 30, 100, 300]) expect(sum(leaping, end - back, end)).toBe(sum(steady, end - back, end));
    expect(read(leaping, grid, end)).toEqual(read(steady, grid, end));
  });

  it('counts late mentions where they belong, as long as they are kept', () => {
    const series = fresh(B0);
    const now = B0 + 1000;
    for (let i = 0; i <= 1000; i += 50) {
      catchUp(series, grid, B0 + i, 0);
      count(series, grid, B0 + i, B0 + i);
    }
    expect(count(series, grid, now - 100, now)).toBe(true);
    expect(count(series, grid, now - 2, now)).toBe(false);
    expect(count(series, grid, now - grid.kept, now)).toBeUndefined();
    expect(sum(series, now - 100, now - 100)).toBe(2);
    expect(sum(series, now - 4, now)).toBe(2);
  });

  it('learns the same from mentions that come hours late', () => {
    const random = seeded(2);
    const [prompt, tardy] = [fresh(), fresh()];
    const waiting: number[] = [];
    const late = 5 * (HOUR / grid.bucketMs);
    for (let now = B0; now < B0 + 2000; now++) {
      for (const series of [prompt, tardy]) catchUp(series, grid, now, late);
      if (random() < 0.4 && now < B0 + 1900) {
        count(prompt, grid, now, now);
        waiting.push(now);
      }
      while ((waiting[0] ?? Infinity) <= now - late) count(tardy, grid, waiting.shift() ?? 0, now);
    }
    expect(tardy.past.baseline).toEqual(prompt.past.baseline);
    expect(tardy.past.excess).toEqual(prompt.past.excess);
  });

  it('is not taught a long silence before the clock has gone on from its end', () => {
    const series = fresh();
    for (let i = 0; i < 1000; i++) {
      advance(series, grid, B0 + i, 0);
      count(series, grid, B0 + i, B0 + i, 2);
    }
    const { mean, age } = series.past.baseline;
    const now = B0 + 1000 + 5 * (DAY / grid.bucketMs);
    expect(advance(series, grid, now, 0)).toBe(true);
    expect(series.past.baseline).toMatchObject({ mean, age });
    count(series, grid, now, now);
    expect(advance(series, grid, now + grid.believed - 1, 0)).toBe(false);
    expect(sum(series, now - 2, now)).toBe(1);
    expect(advance(series, grid, now + grid.believed, 0)).toBe(true);
    expect(series.past.baseline.age).toBeGreaterThan(1000 + 4.7 * 288);
    expect(series.past.baseline.mean).toBeLessThan(1);
    // From there on it is taught as if nothing had been.
    for (let i = 1; i < 200; i++) advance(series, grid, now + grid.believed + i, 0);
    expect(series.past.held).toBeNull();
    expect(now + grid.believed + 200 - series.past.next).toBeLessThanOrEqual(grid.lag + grid.portion + 1);
  });

  it('stays small when mentions lie weeks apart', () => {
    const series = fresh();
    let now = B0;
    for (let i = 0; i < 40; i++) {
      now += 5000;
      advance(series, grid, now, 0);
      count(series, grid, now, now);
      count(series, grid, now - 200, now);
      expect(JSON.stringify(series).length).toBeLessThan(5000);
    }
  });

  it('joins blind spans and bounds their number', () => {
    const recent = createRecent(B0);
    markBlind(recent, 10, 12);
    markBlind(recent, 20, 20);
    markBlind(recent, 13, 15);
    expect(recent.blind).toEqual([10, 16, 20, 21]);
    expect(isBlind(recent.blind, 16, 19)).toBe(false);
    expect(isBlind(recent.blind, 15, 16)).toBe(true);
    markBlind(recent, 11, 30);
    expect(recent.blind).toEqual([10, 31]);
    for (let i = 0; i < 200; i++) markBlind(recent, 100 + i * (10 + i), 101 + i * (10 + i));
    expect(recent.blind.length).toBeLessThanOrEqual(64);
    expect(isBlind(recent.blind, 101, 101)).toBe(true);
  });

  it('does not age under a blind spot', () => {
    const seeing = fresh();
    const blind = fresh();
    markBlind(blind.recent, B0 + 100, B0 + 387);
    for (let i = 0; i < 900; i++) for (const series of [seeing, blind]) catchUp(series, grid, B0 + i, 0);
    expect(historyMs(seeing, grid, B0 + 900) - historyMs(blind, grid, B0 + 900)).toBe(288 * grid.bucketMs);
  });

  it('tells of nothing while it is young, has few mentions, or does not exceed its habits', () => {
    const series = fresh();
    let now = B0;
    const live = (buckets: number) => {
      for (let i = 0; i < buckets; i++, now++) {
        catchUp(series, grid, now, 0);
        if (now % 36 === 0) count(series, grid, now, now);
      }
    };
    live(400);
    count(series, grid, now, now, 50);
    expect(passes(series, grid, read(series, grid, now), GATE, now)).toBe(false);
    live(1000);
    expect(passes(series, grid, read(series, grid, now), GATE, now)).toBe(false);
    count(series, grid, now, now, 2);
    expect(read(series, grid, now).mentions6h).toBeLessThan(5);
    expect(passes(series, grid, read(series, grid, now), GATE, now)).toBe(false);
    count(series, grid, now, now, 4);
    expect(passes(series, grid, read(series, grid, now), GATE, now)).toBe(true);
  });

  it('never finds nothing unusual', () => {
    const series = fresh();
    for (let i = 0; i < 2000; i++) catchUp(series, grid, B0 + i, 0);
    const reading = read(series, grid, B0 + 2000);
    expect(reading.rarity).toBe(0);
    expect(reading.windows.every(({ excess, observed }) => excess === 0 && observed === 0)).toBe(true);
  });
});
