/** Multinomial logistic regression over sparse rows: stochastic gradient descent in a fixed order, so that a run can be repeated byte for byte. */

/** Rows of features as one long list; `rowStart[i]` to `rowStart[i + 1]` is row i. */
export interface Rows {
  readonly rowStart: Uint32Array;
  readonly indices: Int32Array;
  readonly values: Float32Array;
}

export interface FitOptions {
  /** Number of features. */
  readonly size: number;
  readonly labels: Uint8Array;
  /** What each row counts. */
  readonly weights: Float32Array;
  /** Which rows to learn from. */
  readonly use: Uint32Array;
  /** Inverse strength of the penalty on large weights, per row as in the usual formulation. */
  readonly c: number;
  readonly epochs: number;
  readonly seed: number;
}

export const CLASSES = 3;

/** A small generator of pseudo-random numbers in 0..1, the same everywhere. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function shuffle(items: Uint32Array, next: () => number): void {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = Math.floor(next() * (i + 1));
    const kept = items[i] as number;
    items[i] = items[j] as number;
    items[j] = kept;
  }
}

/** Weights, three for each feature, then three biases. */
export function fit(rows: Rows, options: FitOptions): Float32Array {
  const { size, labels, weights, c, epochs, seed } = options;
  const { rowStart, indices, values } = rows;
  const order = Uint32Array.from(options.use);
  const next = random(seed);
  const w = new Float32Array((size + 1) * CLASSES);
  const mean = new Float64Array((size + 1) * CLASSES);
  const bias = size * CLASSES;
  let total = 0;
  for (const row of order) total += weights[row] as number;
  const lambda = 1 / (c * total);
  const perRow = total / order.length;
  // The weights are kept as `scale × w`, so that the penalty costs one multiplication a row.
  let scale = 1;
  let step = 0;
  let averaged = 0;
  const firstAveraged = Math.floor(epochs / 2);
  const eta0 = 0.5;
  const horizon = order.length * epochs;
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    shuffle(order, next);
    for (let n = 0; n < order.length; n += 1) {
      const row = order[n] as number;
      const from = rowStart[row] as number;
      const to = rowStart[row + 1] as number;
      let a = 0;
      let b = 0;
      let d = 0;
      for (let i = from; i < to; i += 1) {
        const at = (indices[i] as number) * CLASSES;
        const value = values[i] as number;
        a += (w[at] as number) * value;
        b += (w[at + 1] as number) * value;
        d += (w[at + 2] as number) * value;
      }
      a = a * scale + (w[bias] as number);
      b = b * scale + (w[bias + 1] as number);
      d = d * scale + (w[bias + 2] as number);
      const top = Math.max(a, b, d);
      a = Math.exp(a - top);
      b = Math.exp(b - top);
      d = Math.exp(d - top);
      const sum = a + b + d;
      const label = labels[row] as number;
      // Falls to a hundredth over the run.
      const eta = eta0 * 0.01 ** (step / horizon);
      step += 1;
      const rate = (eta * (weights[row] as number)) / perRow;
      scale *= 1 - Math.min(0.5, eta * lambda * perRow);
      const ga = (rate * ((label === 0 ? 1 : 0) - a / sum)) / scale;
      const gb = (rate * ((label === 1 ? 1 : 0) - b / sum)) / scale;
      const gd = (rate * ((label === 2 ? 1 : 0) - d / sum)) / scale;
      for (let i = from; i < to; i += 1) {
        const at = (indices[i] as number) * CLASSES;
        const value = values[i] as number;
        w[at] = (w[at] as number) + ga * value;
        w[at + 1] = (w[at + 1] as number) + gb * value;
        w[at + 2] = (w[at + 2] as number) + gd * value;
      }
      w[bias] = (w[bias] as number) + 0.1 * ga * scale;
      w[bias + 1] = (w[bias + 1] as number) + 0.1 * gb * scale;
      w[bias + 2] = (w[bias + 2] as number) + 0.1 * gd * scale;
    }
    for (let i = 0; i < bias; i += 1) w[i] = (w[i] as number) * scale;
    scale = 1;
    if (epoch >= firstAveraged) {
      averaged += 1;
      for (let i = 0; i < w.length; i += 1) mean[i] = (mean[i] as number) + (w[i] as number);
    }
  }
  return Float32Array.from(mean, (value) => value / averaged);
}

/** The three logits of a row, into `out`. */
export function logits(rows: Rows, model: Float32Array, row: number, out: Float64Array): void {
  const bias = model.length - CLASSES;
  let a = model[bias] as number;
  let b = model[bias + 1] as number;
  let d = model[bias + 2] as number;
  const to = rows.rowStart[row + 1] as number;
  for (let i = rows.rowStart[row] as number; i < to; i += 1) {
    const at = (rows.indices[i] as number) * CLASSES;
    const value = rows.values[i] as number;
    a += (model[at] as number) * value;
    b += (model[at + 1] as number) * value;
    d += (model[at + 2] as number) * value;
  }
  out[0] = a;
  out[1] = b;
  out[2] = d;
}
