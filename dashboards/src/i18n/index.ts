import type { Lang } from '../lib/format.ts';
import { en } from './en.ts';
import { fr, type Words } from './fr.ts';

export type { Words } from './fr.ts';

export const dictionaries: Readonly<Record<Lang, Words>> = { fr, en };
