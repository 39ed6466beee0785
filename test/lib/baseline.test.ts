import { describe, expect, it } from 'vitest';
import { BUCKET_MS, ageMs, createBaseline, expected, isLearning, learn } from '../../src/lib/baseline.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const T0 = Date.UTC(2024, 0, 1);

function taught(days: number, count: (at: number) => number) {
  const baseline = createBaseline();
  for (let at = T0; at < T0 + days * DAY; at += BUCKET_MS) learn(baseline, at, count(at));
  return { baseline, end: T0 + days * DAY };
}

describe('baseline', () => {
  it('expects nothing before it has learned anything', () => {
    expect(expected(createBaseline(), T0, T0 + HOUR)).toBe(0);
    expect(isLearning(createBaseline())).toBe(true);
  });

  it('averages what it was taught while it is young', () => {
    const { baseline, end } = taught(1, (at) => ((at / BUCKET_MS) % 2 === 0 ? 2 : 4));
    expect(expected(baseline, end, end + HOUR)).toBeCloseTo(36, 6);
    expect(ageMs(baseline)).toBe(DAY);
    expect(isLearning(baseline)).toBe(true);
    expect(isLearning(taught(2, () => 1).baseline)).toBe(false);
  });

  it('knows the hour of the day after a week, and not before', () => {
    const day = (at: number) => (at % DAY >= 8 * HOUR && at % DAY < 20 * HOUR ? 10 : 2);
    const young = taught(6, day);
    expect(expected(young.baseline, young.end + 9 * HOUR, young.end + 10 * HOUR)).toBeCloseTo(72, 0);
    const { baseline, end } = taught(28, day);
    expect(expected(baseline, end + 9 * HOUR, end + 10 * HOUR)).toBeGreaterThan(110);
    expect(expected(baseline, end + 2 * HOUR, end + 3 * HOUR)).toBeLessThan(30);
    expect(expected(baseline, end + 2 * HOUR, end + 3 * HOUR, false)).toBeCloseTo(72, 0);
    expect(expected(baseline, end, end + 3 * DAY) / (72 * 72)).toBeCloseTo(1, 2);
  });

  it('halves the weight of what is ten days old', () => {
    const { baseline, end } = taught(60, () => 10);
    for (let at = end; at < end + 10 * DAY; at += BUCKET_MS) learn(baseline, at, 0);
    expect(baseline.mean).toBeCloseTo(5, 6);
  });

  it('does not let single mentions of a quiet brand colour an hour', () => {
    const { baseline, end } = taught(20, (at) => (at % DAY === 3 * HOUR ? 1 : 0));
    const atThree = expected(baseline, end + 3 * HOUR, end + 4 * HOUR);
    expect(atThree).toBeLessThan(3 * expected(baseline, end + 12 * HOUR, end + 13 * HOUR));
  });

  it('survives JSON at any point', () => {
    let copy = createBaseline();
    const { baseline } = taught(9, (at) => (at / BUCKET_MS) % 7);
    for (let at = T0; at < T0 + 9 * DAY; at += BUCKET_MS) {
      learn(copy, at, (at / BUCKET_MS) % 7);
      if (at % (5 * HOUR) === 0) copy = JSON.parse(JSON.stringify(copy));
    }
    expect(copy).toEqual(baseline);
  });
});
