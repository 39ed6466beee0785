import type { Dictionary } from './language.ts';

export const detectors: Dictionary = { fr: {}, en: {} };
