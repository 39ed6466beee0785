import type { Dictionary } from './language.ts';

export const query: Dictionary = { fr: {}, en: {} };
