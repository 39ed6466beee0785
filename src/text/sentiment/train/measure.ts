/** How good verdicts are. */
import { random } from './logistic.ts';

/** What is known of a set of verdicts. Shares are 0..1. */
export interface Quality {
  readonly texts: number;
  readonly accuracy: number;
  readonly macroF1: number;
  readonly macroRecall: number;
  /** Half the width of the 95 % interval of macro-F1 and of accuracy, by resampling. */
  readonly macroF1Within: number;
  readonly accuracyWithin: number;
}

function scores(table: ArrayLike<number>): { accuracy: number; macroF1: number; macroRecall: number } {
  let right = 0;
  let all = 0;
  let f1 = 0;
  let recall = 0;
  let classes = 0;
  for (let k = 0; k < 3; k += 1) {
    const hit = table[k * 3 + k] as number;
    let truth = 0;
    let said = 0;
    for (let j = 0; j < 3; j += 1) {
      truth += table[k * 3 + j] as number;
      said += table[j * 3 + k] as number;
    }
    right += hit;
    all += truth;
    if (truth + said > 0) f1 += (2 * hit) / (truth + said);
    if (truth > 0) recall += hit / truth;
    if (truth > 0) classes += 1;
  }
  return {
    accuracy: right / Math.max(1, all),
    macroF1: f1 / Math.max(1, classes),
    macroRecall: recall / Math.max(1, classes),
  };
}

/** Compares labels with verdicts. `resamples` texts sets drawn with repetition give the intervals. */
export function qualityOf(truth: ArrayLike<number>, said: ArrayLike<number>, resamples = 400): Quality {
  const n = truth.length;
  const table = new Float64Array(9);
  for (let i = 0; i < n; i += 1) {
    const cell = (truth[i] as number) * 3 + (said[i] as number);
    table[cell] = (table[cell] as number) + 1;
  }
  const next = random(7);
  const f1s: number[] = [];
  const accuracies: number[] = [];
  for (let b = 0; b < resamples; b += 1) {
    const drawn = new Float64Array(9);
    for (let i = 0; i < n; i += 1) {
      const at = Math.floor(next() * n);
      const cell = (truth[at] as number) * 3 + (said[at] as number);
      drawn[cell] = (drawn[cell] as number) + 1;
    }
    const { macroF1, accuracy } = scores(drawn);
    f1s.push(macroF1);
    accuracies.push(accuracy);
  }
  return { texts: n, ...scores(table), macroF1Within: halfWidth(f1s), accuracyWithin: halfWidth(accuracies) };
}

function halfWidth(samples: number[]): number {
  if (samples.length < 2) return 0;
  samples.sort((a, b) => a - b);
  const at = (share: number): number => samples[Math.round(share * (samples.length - 1))] as number;
  return (at(0.975) - at(0.025)) / 2;
}
