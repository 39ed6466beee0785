import { describe, expect, it } from 'vitest';
import { createHistogram, enter, quantile, rarity } from '../../src/detectors/lib/excess-histogram.ts';

const HALF_LIFE = 2880;
const GROWTH = 2 ** (1 / HALF_LIFE);

describe('excess histogram', () => {
  it('finds nothing rare before it has seen anything, and never what is not above the usual', () => {
    const histogram = createHistogram();
    expect(rarity(histogram, 9)).toBe(0);
    expect(quantile(histogram, 0.98)).toBe(0);
    for (let i = 0; i < 1000; i++) enter(histogram, 0, GROWTH);
    expect(rarity(histogram, 0)).toBe(0);
  });

  it('says how often something was seen', () => {
    const histogram = createHistogram();
    for (let i = 0; i < 1000; i++) enter(histogram, i % 100 === 0 ? 5 : 1, GROWTH);
    expect(rarity(histogram, 5)).toBeCloseTo(2, 1);
    expect(rarity(histogram, 1)).toBeCloseTo(0, 2);
    expect(rarity(histogram, 50)).toBeGreaterThan(3);
    expect(quantile(histogram, 0.98)).toBeCloseTo(1, 1);
    expect(quantile(histogram, 0.995)).toBeCloseTo(5, 0);
  });

  it('forgets by halves', () => {
    const histogram = createHistogram();
    for (let i = 0; i < HALF_LIFE; i++) enter(histogram, 8, GROWTH);
    for (let i = 0; i < 3 * HALF_LIFE; i++) enter(histogram, 1, GROWTH);
    // 1/8 of the weight of one half-life against the weights of the three that came after it.
    expect(rarity(histogram, 8)).toBeCloseTo(-Math.log10(0.125 / (0.125 + 0.25 + 0.5 + 1)), 1);
    expect(histogram.bins.length).toBeLessThan(100);
    for (let i = 0; i < 40 * HALF_LIFE; i++) enter(histogram, 1, GROWTH);
    expect(histogram.bins.length).toBeLessThan(30);
    expect(JSON.stringify(histogram).length).toBeLessThan(200);
  });

  it('keeps excesses beyond its last bin apart from nothing', () => {
    const histogram = createHistogram();
    for (let i = 0; i < 100; i++) enter(histogram, 1e9, GROWTH);
    expect(histogram.bins).toHaveLength(256);
    expect(rarity(histogram, 1e12)).toBeCloseTo(0, 5);
  });
});
