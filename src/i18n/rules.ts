import type { Dictionary } from './language.ts';

export const rules: Dictionary = { fr: {}, en: {} };
