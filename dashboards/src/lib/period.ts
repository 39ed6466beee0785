/** The periods that people choose, and how fine each is drawn. */
export const PERIODS = ['6h', '24h', '7d', '30d'] as const;
export type Period = (typeof PERIODS)[number];

const HOUR = 3_600_000;
export const PERIOD_OF: Readonly<
  Record<Period, { readonly ms: number; readonly bucket: string; readonly bucketMs: number }>
> = {
  '6h': { ms: 6 * HOUR, bucket: '15m', bucketMs: HOUR / 4 },
  '24h': { ms: 24 * HOUR, bucket: '1h', bucketMs: HOUR },
  '7d': { ms: 7 * 24 * HOUR, bucket: '6h', bucketMs: 6 * HOUR },
  '30d': { ms: 30 * 24 * HOUR, bucket: '6h', bucketMs: 6 * HOUR },
};

export function periodOf(text: string | null): Period {
  return PERIODS.find((period) => period === text) ?? '24h';
}

/** The period up to now, on whole buckets: the running one is the last. */
export function rangeOf(period: Period, now: number): { readonly from: number; readonly to: number } {
  const { ms, bucketMs } = PERIOD_OF[period];
  const to = (Math.floor(now / bucketMs) + 1) * bucketMs;
  return { from: to - ms, to };
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}
