/** Upper tails: how often chance alone brings so many. Summed term by term, so that small chances keep their digits. */

/**
 * P(X ≥ k) for X ~ NB(r, p): a Poisson count whose rate is drawn from a gamma of shape r, with mean r·p/(1 − p). `k` is a whole
 * number from 1. The tail is summed term by term, so that small chances keep their digits.
 */
export function negativeBinomialTail(k: number, r: number, p: number): number {
  let log = r * Math.log1p(-p);
  const logP = Math.log(p);
  for (let x = 0; x < k; x++) log += logP + Math.log((x + r) / (x + 1));
  let term = Math.exp(log);
  let sum = term;
  for (let x = k; x < k + 10_000; x++) {
    term *= (p * (x + r)) / (x + 1);
    sum += term;
    if (term < sum * 1e-9) break;
  }
  return Math.min(1, sum);
}

/** P(X ≥ j) for X ~ Binomial(k, p): j of k at least. */
export function binomialTail(j: number, k: number, p: number): number {
  const odds = p / (1 - p);
  let term = (1 - p) ** k;
  let sum = 0;
  for (let x = 0; x <= k; x++) {
    if (x >= j) sum += term;
    term *= ((k - x) / (x + 1)) * odds;
  }
  return Math.min(1, sum);
}
