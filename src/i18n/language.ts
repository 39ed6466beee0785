/** How a sentence is written down, and how numbers, times and durations look in each language. */
import type { Millis } from '../model/types.ts';

export type Language = 'fr' | 'en';

/** Numbers and times by locale. Shares are 0..1, durations in ms. */
export interface Format {
  readonly number: (value: number) => string;
  readonly share: (value: number) => string;
  readonly duration: (ms: Millis) => string;
  /** Date and time to the minute, in the installation's timezone. */
  readonly time: (at: Millis) => string;
  /** `{one}` or `{other}` by the language's plural rule. */
  readonly plural: (count: number, one: string, other: string) => string;
}

export type Sentence = (values: Readonly<Record<string, string | number>>, format: Format) => string;

/** Both languages hold the same keys; `test/i18n.test.ts` asserts it. Keys are `<area>.<name>`. */
export interface Dictionary {
  readonly fr: Readonly<Record<string, Sentence>>;
  readonly en: Readonly<Record<string, Sentence>>;
}

const formats = new Map<string, Format>();

export function formatFor(language: Language, timezone: string): Format {
  const key = `${language} ${timezone}`;
  const known = formats.get(key);
  if (known) return known;
  const locale = language === 'fr' ? 'fr-FR' : 'en-GB';
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const time = new Intl.DateTimeFormat(locale, { timeZone: timezone, dateStyle: 'medium', timeStyle: 'short' });
  const rule = new Intl.PluralRules(locale);
  const format: Format = {
    number: (value) => number.format(value),
    share: (value) => percent.format(value),
    duration: (ms) => durationWords(ms, language),
    time: (at) => time.format(at),
    plural: (count, one, other) => (rule.select(count) === 'one' ? one : other),
  };
  formats.set(key, format);
  return format;
}

function durationWords(ms: Millis, language: Language): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 1) return `${Math.round(ms / 1000)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${String(minutes % 60).padStart(2, '0')}`;
  return `${Math.round(hours / 24)} ${language === 'fr' ? 'j' : 'd'}`;
}
