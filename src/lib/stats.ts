/** Small statistics for streams of counts: each is a pure function, or works on plain data that survives JSON. */

/** Rate of an exponentially weighted mean whose weight halves after `halfLife` steps. */
export function rateOfHalfLife(halfLife: number): number {
  return 1 - 2 ** (-1 / halfLife);
}

/**
 * How far a count lies above its expectation, in standard deviations of a Poisson count; 0 when it is not above.
 * Both sides go through Anscombe's variance-stabilising square root, so that small counts are not exaggerated.
 */
export function poissonExcess(observed: number, expected: number): number {
  return Math.max(0, 2 * Math.sqrt(observed + 0.375) - 2 * Math.sqrt(expected + 0.375));
}

/** Rounds to `digits` decimals: state and signals need no more, and shorter numbers make smaller state. */
export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}
