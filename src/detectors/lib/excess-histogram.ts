/** How often a series has been how unusual: a decaying histogram of past excess, in plain data. */

const BINS_PER_FOLD = 32;
const LAST_BIN = 255;
/** What is assumed to have been seen beforehand, in entries. */
const PRIOR = 0.3;

/** An entry's weight as a whole number: short in JSON, and fine enough for decay. */
const UNIT = 16;

/** Bins are logarithmic in 1 + excess, 32 per e-fold, and hold whole numbers. */
export type ExcessHistogram = {
  /** What one entry weighs now, in UNITs. Newer entries weigh more instead of older ones less: an entry touches one bin. */
  weight: number;
  total: number;
  bins: number[];
};

/** A histogram without entries. */
export function createHistogram(): ExcessHistogram {
  return { weight: 1, total: 0, bins: [] };
}

/** Enters one excess; `growth` is 2^(1/h) for a half-life of h entries. */
export function enter(histogram: ExcessHistogram, excess: number, growth: number): void {
  histogram.weight *= growth;
  const { bins } = histogram;
  const units = Math.round(UNIT * histogram.weight);
  const bin = binOf(excess);
  while (bins.length <= bin) bins.push(0);
  bins[bin] = (bins[bin] ?? 0) + units;
  histogram.total += units;
  if (histogram.weight >= 2) renormalise(histogram);
}

/** −log10 of the share of past entries that were at least as unusual: 0 ordinary, 3 once in a thousand. */
export function rarity(histogram: ExcessHistogram, excess: number): number {
  const { bins, weight, total } = histogram;
  if (excess <= 0) return 0;
  let tail = 0;
  for (let bin = binOf(excess); bin < bins.length; bin++) tail += bins[bin] ?? 0;
  return Math.max(0, -Math.log10((tail + PRIOR * UNIT * weight) / (total + PRIOR * UNIT * weight)));
}

/** The excess that a share `q` of past entries stayed below; 0 without entries. */
export function quantile(histogram: ExcessHistogram, q: number): number {
  const { bins, total } = histogram;
  let tail = 0;
  for (let bin = bins.length - 1; bin >= 0; bin--) {
    tail += bins[bin] ?? 0;
    if (tail > total * (1 - q)) return Math.expm1(bin / BINS_PER_FOLD);
  }
  return 0;
}

function binOf(excess: number): number {
  return Math.min(LAST_BIN, Math.floor(BINS_PER_FOLD * Math.log1p(Math.max(0, excess))));
}

function renormalise(histogram: ExcessHistogram): void {
  const bins = histogram.bins.map((bin) => Math.round(bin / histogram.weight));
  while (bins.length > 0 && bins[bins.length - 1] === 0) bins.pop();
  histogram.bins = bins;
  histogram.total = bins.reduce((sum, bin) => sum + bin, 0);
  histogram.weight = 1;
}
