/** Numbers and times as the reader's language writes them, in the installation's timezone. */
export type Lang = 'fr' | 'en';

export interface Format {
  readonly number: (value: number) => string;
  readonly decimal: (value: number) => string;
  /** With its sign. */
  readonly signed: (value: number) => string;
  readonly share: (value: number) => string;
  /** 12,4 k */
  readonly short: (value: number) => string;
  readonly time: (at: number) => string;
  readonly day: (at: number) => string;
  readonly dayTime: (at: number) => string;
  readonly full: (at: number) => string;
  /** “il y a 3 min” */
  readonly ago: (at: number, now: number) => string;
  readonly duration: (ms: number) => string;
  readonly sameDay: (a: number, b: number) => boolean;
  readonly hourOfDay: (at: number) => number;
  readonly plural: (count: number, one: string, other: string) => string;
}

const formats = new Map<string, Format>();
const MINUTE = 60_000;

export function formatFor(lang: Lang, timeZone: string): Format {
  const key = `${lang} ${timeZone}`;
  const known = formats.get(key);
  if (known) return known;
  const locale = lang === 'fr' ? 'fr-FR' : 'en-GB';
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const decimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const signed = new Intl.NumberFormat(locale, { maximumFractionDigits: 0, signDisplay: 'exceptZero' });
  const share = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const time = new Intl.DateTimeFormat(locale, { timeZone, hour: '2-digit', minute: '2-digit' });
  const day = new Intl.DateTimeFormat(locale, { timeZone, weekday: 'short', day: 'numeric', month: 'short' });
  const dayTime = new Intl.DateTimeFormat(locale, {
    timeZone,
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  });
  const full = new Intl.DateTimeFormat(locale, { timeZone, dateStyle: 'full', timeStyle: 'medium' });
  const date = new Intl.DateTimeFormat('en-CA', { timeZone });
  const minuteOfDay = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const rules = new Intl.PluralRules(locale);
  const duration = (ms: number): string => {
    const minutes = Math.round(ms / MINUTE);
    if (minutes < 1) return `${Math.round(ms / 1000)} s`;
    if (minutes < 60) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${String(minutes % 60).padStart(2, '0')}`;
    return `${Math.round(hours / 24)} ${lang === 'fr' ? 'j' : 'd'}`;
  };
  const ago = (at: number, now: number): string => {
    const ms = Math.max(0, now - at);
    if (ms < 45_000) return lang === 'fr' ? 'à l’instant' : 'just now';
    if (ms < 24 * 60 * MINUTE) return lang === 'fr' ? `il y a ${duration(ms)}` : `${duration(ms)} ago`;
    return dayTime.format(at);
  };
  const format: Format = {
    number: (value) => number.format(value),
    decimal: (value) => decimal.format(value),
    signed: (value) => signed.format(value).replace('-', '−'),
    share: (value) => share.format(value),
    short: (value) => (value < 10_000 ? number.format(value) : short.format(value)),
    time: (at) => time.format(at),
    day: (at) => day.format(at),
    dayTime: (at) => dayTime.format(at),
    full: (at) => full.format(at),
    ago,
    duration,
    sameDay: (a, b) => date.format(a) === date.format(b),
    hourOfDay: (at) => {
      const [hour = 0, minute = 0] = minuteOfDay.format(at).split(':').map(Number);
      return hour + minute / 60;
    },
    plural: (count, one, other) => (rules.select(count) === 'one' ? one : other),
  };
  formats.set(key, format);
  return format;
}
