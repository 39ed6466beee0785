import type { Dictionary } from './language.ts';

export const alerts: Dictionary = { fr: {}, en: {} };
