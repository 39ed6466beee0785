/** Trains a language: the model that ships, and the same recipe cross-validated to know how good it is. */
import { encodeModel } from '../weights.ts';
import { LESSONS } from './corpora.ts';
import type { Dataset } from './dataset.ts';
import { CLASSES, fit, logits } from './logistic.ts';
import type { Recipe } from './recipe.ts';
import { FOLDS, SEED, UNSURE_BELOW } from './recipe.ts';

/** What each example counts, by its domain and, where labels are evened, by how rare its label is there. */
export function exampleWeights({ examples }: Dataset, recipe: Recipe): Float32Array {
  const counts = new Map<string, number[]>();
  for (const { domain, label } of examples) {
    const known = counts.get(domain) ?? [0, 0, 0];
    known[label] = (known[label] ?? 0) + 1;
    counts.set(domain, known);
  }
  return Float32Array.from(examples, ({ domain, label }) => {
    const known = counts.get(domain) ?? [];
    const all = known.reduce((a, b) => a + b, 0);
    const rarity = all / (3 * (known[label] ?? 1));
    return (recipe.domains[domain] ?? 1) * rarity ** (recipe.evened[domain] ?? 0);
  });
}

function train(dataset: Dataset, recipe: Recipe, weights: Float32Array, use: Uint32Array): Float32Array {
  const { rows, labels } = dataset;
  return fit(rows, { size: 2 ** recipe.bits, labels, weights, use, c: recipe.c, epochs: recipe.epochs, seed: SEED });
}

function indicesWhere(length: number, wanted: (i: number) => boolean): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => i).filter(wanted);
}

/** Logits of every example (three each) by a model that did not see its fold (lessons are in every training set); `leaveOut` keeps examples out of training altogether. */
export function crossValidate(
  dataset: Dataset,
  recipe: Recipe,
  leaveOut: (i: number) => boolean = () => false,
): Float64Array {
  const { examples, folds, rows } = dataset;
  const weights = exampleWeights(dataset, recipe);
  const found = new Float64Array(examples.length * CLASSES);
  const out = new Float64Array(CLASSES);
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const use = indicesWhere(
      examples.length,
      (i) => (folds[i] !== fold || examples[i]?.domain === LESSONS) && (weights[i] as number) > 0 && !leaveOut(i),
    );
    if (use.length === 0) continue;
    const model = train(dataset, recipe, weights, use);
    for (let i = 0; i < examples.length; i += 1) {
      if (folds[i] !== fold) continue;
      logits(rows, model, i, out);
      found.set(out, i * CLASSES);
    }
  }
  return found;
}

/** The label of each three logits. */
export function labelsOf(found: Float64Array): Uint8Array {
  return Uint8Array.from({ length: found.length / CLASSES }, (_, i) => {
    const [negative = 0, neutral = 0, positive = 0] = found.subarray(i * CLASSES, i * CLASSES + CLASSES);
    return negative > positive ? (negative > neutral ? 0 : 1) : positive > neutral ? 2 : 1;
  });
}

/** The three probabilities of each three logits. */
export function probabilitiesOf(found: Float64Array, temperature: number): (readonly [number, number, number])[] {
  return Array.from({ length: found.length / CLASSES }, (_, i) => {
    const [a, b, c] = [0, 1, 2].map((k) => Math.exp((found[i * CLASSES + k] as number) / temperature)) as [
      number,
      number,
      number,
    ];
    const all = a + b + c;
    return [a / all, b / all, c / all];
  });
}

/** What logits are divided by so that confidences are as often right as they say: the least surprise on texts not seen. */
export function temperatureOf(found: Float64Array, { examples, labels }: Dataset, weights: Float32Array): number {
  const surprise = (temperature: number): number => {
    let sum = 0;
    for (let i = 0; i < labels.length; i += 1) {
      if (examples[i]?.domain === LESSONS) continue;
      const a = (found[i * CLASSES] as number) / temperature;
      const b = (found[i * CLASSES + 1] as number) / temperature;
      const c = (found[i * CLASSES + 2] as number) / temperature;
      const top = Math.max(a, b, c);
      const all = Math.exp(a - top) + Math.exp(b - top) + Math.exp(c - top);
      const own = labels[i] === 0 ? a : labels[i] === 1 ? b : c;
      sum -= (weights[i] as number) * (own - top - Math.log(all));
    }
    return sum;
  };
  let low = 0.1;
  let high = 10;
  for (let step = 0; step < 60; step += 1) {
    const a = low + (high - low) / 3;
    const b = high - (high - low) / 3;
    if (surprise(a) < surprise(b)) high = b;
    else low = a;
  }
  return Math.round(((low + high) / 2) * 10000) / 10000;
}

/** The bytes of the model that ships: trained on everything. */
export function trainModel(dataset: Dataset, language: string, recipe: Recipe, temperature: number): Uint8Array {
  const weights = exampleWeights(dataset, recipe);
  const model = train(
    dataset,
    recipe,
    weights,
    indicesWhere(dataset.examples.length, (i) => (weights[i] as number) > 0),
  );
  const size = 2 ** recipe.bits;
  const pairs = new Float32Array(size * 2);
  for (let i = 0; i < size; i += 1) {
    const neutral = model[i * CLASSES + 1] as number;
    pairs[i * 2] = (model[i * CLASSES] as number) - neutral;
    pairs[i * 2 + 1] = (model[i * CLASSES + 2] as number) - neutral;
  }
  const [negative = 0, neutral = 0, positive = 0] = model.subarray(size * CLASSES);
  return encodeModel(
    {
      language,
      bits: recipe.bits,
      bias: [negative - neutral, positive - neutral],
      temperature,
      unsureBelow: UNSURE_BELOW,
    },
    pairs,
  );
}
