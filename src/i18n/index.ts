/**
 * Every sentence that the server says, in French and English. One file per area (`alerts.ts`, `detectors.ts`, …) exports a
 * dictionary of two languages with the same keys; a sentence is a function of its numbers and of the reader's `Format`.
 */
import type { Text } from '../model/types.ts';
import { alerts } from './alerts.ts';
import { api } from './api.ts';
import { config } from './config.ts';
import { check } from './check.ts';
import { cli } from './cli.ts';
import { detectors } from './detectors.ts';
import { query } from './query.ts';
import { rules } from './rules.ts';
import type { Dictionary, Language, Sentence } from './language.ts';
import { formatFor } from './language.ts';

export type { Language } from './language.ts';

const areas: readonly Dictionary[] = [alerts, api, config, detectors, query, rules, check, cli];

const sentences: Readonly<Record<Language, ReadonlyMap<string, Sentence>>> = {
  fr: new Map(areas.flatMap((area) => Object.entries(area.fr))),
  en: new Map(areas.flatMap((area) => Object.entries(area.en))),
};

/** The language to speak to a reader who asked for `wanted`: French unless English was asked for. */
export function languageOf(wanted: string | undefined): Language {
  return wanted?.toLowerCase().startsWith('en') ? 'en' : 'fr';
}

/** Puts a text into words. An unknown key answers the key itself, so that a missing sentence is seen and nothing breaks. */
export function say(language: Language, text: Text, timezone = 'Europe/Paris'): string {
  const sentence = sentences[language].get(text.key);
  return sentence ? sentence(text.values, formatFor(language, timezone)) : text.key;
}
