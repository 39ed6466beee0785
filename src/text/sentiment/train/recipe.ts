/** What each language is trained with: chosen by cross-validation on the training folds alone. */

export interface Recipe {
  /** The table holds 2^bits features. */
  readonly bits: number;
  /** Inverse strength of the penalty. */
  readonly c: number;
  readonly epochs: number;
  /** What a text of a domain counts; a domain that is not named counts 1. */
  readonly domains: Readonly<Record<string, number>>;
  /** How far the labels of a domain are evened out: 0 not at all, 1 wholly; below 0 rare labels count less still. */
  readonly evened: Readonly<Record<string, number>>;
}

const small: Recipe = { bits: 17, c: 1, epochs: 16, domains: {}, evened: {} };

export const recipes: Readonly<Record<string, Recipe>> = {
  fr: {
    bits: 19,
    c: 0.5,
    epochs: 12,
    domains: { lessons: 4, umsab: 2.5, deft: 2, insurers: 0.5 },
    // Three stars say little of what the text feels: rare as they are, they count even less.
    evened: { deft: 0.5, insurers: -0.6 },
  },
  en: { bits: 19, c: 0.5, epochs: 8, domains: { lessons: 4, umsab: 2 }, evened: { semeval: 0.5, airlines: 0.5 } },
  es: small,
  de: small,
  it: small,
  pt: small,
};

export const SEED = 20240229;
export const FOLDS = 5;
/** Verdicts below it are guesses. */
export const UNSURE_BELOW = 0.5;
