/** Dates as people and feeds write them: `19/07/2024 18:03`, `ven. 19 juil. 2024`, `Fri, 19 Jul 24 18:03:00 EST`. */
import type { Millis } from '../../model/types.ts';
import { parseInstant, utcOf } from './post.ts';

/** Which number comes first in `4/5/2024`. */
export type DateOrder = 'day-first' | 'month-first';

const NUMERIC =
  /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?:(?:\s*[,àT]\s*|\s+(?:à\s+|at\s+)?)(\d{1,2})(?:[:h](\d{2}))?(?:[:m](\d{2}))?(?:[.,]\d+)?\s*s?\s*([ap]m)?)?$/i;
const LOCAL_ISO = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?)?$/i;

/** What a numeric date shows of its order: undefined when both numbers could be either. */
export function orderOf(text: string): DateOrder | undefined {
  const parts = NUMERIC.exec(text.trim());
  if (!parts) return undefined;
  const [first, second] = [Number(parts[1]), Number(parts[2])];
  if (first > 12 && second <= 12) return 'day-first';
  return second > 12 && first <= 12 ? 'month-first' : undefined;
}

/**
 * A date of a spreadsheet: ISO 8601, epoch numbers, `DD/MM/YYYY[ HH:MM[:SS]]`, `19 juil. 2024 18:03`. What names no zone is
 * local time in `timezone` (IANA). Answers why not, where it is none.
 */
export function parseLocalDate(
  text: string,
  timezone: string,
  order: DateOrder,
): { readonly at: Millis } | { readonly problem: string } {
  const trimmed = text.trim();
  const local = localParts(trimmed, order);
  if (local === undefined) {
    const instant = parseInstant(trimmed);
    if ('at' in instant || instant.problem.includes('year')) return instant;
    const loose = parseFeedDate(trimmed, timezone);
    if (loose !== undefined) return parseInstant(loose);
    return { problem: `"${trimmed.slice(0, 60)}" is not a date: write 19/07/2024 18:03 or 2024-07-19T18:03:00Z` };
  }
  const wall = utcOf(...local);
  if (wall === undefined) {
    const other = order === 'day-first' ? 'month-first' : 'day-first';
    const hint = NUMERIC.test(trimmed) ? ` (read ${order}; the setting "dates" makes it ${other})` : '';
    return { problem: `"${trimmed.slice(0, 60)}" is on no calendar${hint}` };
  }
  return parseInstant(zonedToUtc(wall, timezone));
}

type Parts = [number, number, number, number, number, number];

function localParts(text: string, order: DateOrder): Parts | undefined {
  const iso = LOCAL_ISO.exec(text);
  if (iso) {
    const [, year, month, day, hour = '0', minute = '0', second = '0'] = iso;
    return [Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second)];
  }
  const parts = NUMERIC.exec(text);
  if (!parts) return undefined;
  const [, first, second, year = '', hour = '0', minute = '0', seconds = '0', half] = parts;
  const [day, month] = order === 'day-first' ? [first, second] : [second, first];
  return [fullYear(year), Number(month), Number(day), clockHour(Number(hour), half), Number(minute), Number(seconds)];
}

function clockHour(hour: number, half: string | undefined): number {
  if (half === undefined) return hour;
  return (hour % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);
}

function fullYear(text: string): number {
  const year = Number(text);
  if (text.length > 2) return year;
  return year < 70 ? 2_000 + year : 1_900 + year;
}

// ------------------------------------------------------------------- zones

const formatters = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

/** The instant at which clocks in `timezone` show these numbers (given as if they were UTC). */
export function zonedToUtc(wall: Millis, timezone: string): Millis {
  const first = wall - zoneOffset(wall, timezone);
  // Near a change of the clocks the offset at the guess is not the offset at the answer.
  const offset = zoneOffset(first, timezone);
  return wall - offset;
}

/** How far clocks in the zone are ahead of UTC at an instant, in ms. */
function zoneOffset(at: Millis, timezone: string): Millis {
  const hour = Math.floor(at / 900_000) * 900_000;
  const key = `${timezone} ${hour}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  let formatter = formatters.get(timezone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(timezone, formatter);
  }
  const parts = Object.fromEntries(formatter.formatToParts(hour).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour: h = 0, minute = 0, second = 0 } = parts;
  const offset = Date.UTC(year, month - 1, day, h, minute, second) - hour;
  if (offsets.size > 50_000) offsets.clear();
  offsets.set(key, offset);
  return offset;
}

/** Whether the platform knows this IANA zone. */
export function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

// ------------------------------------------------------------------- feeds

const MONTHS: readonly (readonly string[])[] = [
  ['jan', 'january', 'janvier', 'janv', 'ene', 'enero', 'gen', 'gennaio', 'januar', 'janeiro'],
  ['feb', 'february', 'fevrier', 'fevr', 'fev', 'febrero', 'febbraio', 'februar', 'fevereiro'],
  ['mar', 'march', 'mars', 'marzo', 'marz', 'marco', 'maerz', 'mrz'],
  ['apr', 'april', 'avril', 'avr', 'abr', 'abril', 'aprile'],
  ['may', 'mai', 'mayo', 'maggio', 'mag', 'maio', 'mei'],
  ['jun', 'june', 'juin', 'junio', 'giugno', 'giu', 'juni', 'junho'],
  ['jul', 'july', 'juillet', 'juil', 'julio', 'luglio', 'lug', 'juli', 'julho'],
  ['aug', 'august', 'aout', 'aou', 'ago', 'agosto'],
  ['sep', 'sept', 'september', 'septembre', 'septiembre', 'settembre', 'set', 'setembro'],
  ['oct', 'october', 'octobre', 'octubre', 'ottobre', 'ott', 'okt', 'oktober', 'out', 'outubro'],
  ['nov', 'november', 'novembre', 'noviembre', 'novembro'],
  ['dec', 'december', 'decembre', 'dic', 'diciembre', 'dicembre', 'dez', 'dezember', 'dezembro'],
];
const monthNumbers = new Map(MONTHS.flatMap((names, index) => names.map((name) => [name, index + 1] as const)));

/** Minutes from UTC of the zone names that feeds use, of RFC 822 and of Europe. */
const ZONES: Readonly<Record<string, number>> = {
  z: 0,
  ut: 0,
  utc: 0,
  gmt: 0,
  wet: 0,
  west: 60,
  bst: 60,
  ist: 330,
  cet: 60,
  met: 60,
  mez: 60,
  cest: 120,
  mest: 120,
  mesz: 120,
  eet: 120,
  eest: 180,
  msk: 180,
  jst: 540,
  kst: 540,
  aest: 600,
  aedt: 660,
  est: -300,
  edt: -240,
  et: -300,
  cst: -360,
  cdt: -300,
  ct: -360,
  mst: -420,
  mdt: -360,
  mt: -420,
  pst: -480,
  pdt: -420,
  pt: -480,
  akst: -540,
  akdt: -480,
  hst: -600,
  nst: -210,
  ndt: -150,
  ast: -240,
  adt: -180,
};

const ISO_LOOSE =
  /^(\d{4})-?(\d{2})?-?(\d{2})?(?:[T\s]+(\d{2}):?(\d{2})?:?(\d{2})?(?:[.,](\d+))?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?$/i;

/**
 * The date of a feed's item: RFC 822 with two- or four-digit years and named zones, ISO 8601 in all its lengths, month names in
 * French and other languages, or numbers. What names no zone is UTC, or local time in `timezone`. Undefined when it is none.
 */
export function parseFeedDate(text: string | undefined, timezone?: string): Millis | undefined {
  const trimmed = text
    ?.replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (trimmed === undefined || trimmed === '' || trimmed.length > 100) return undefined;
  if (/^\d{9,13}$/.test(trimmed)) {
    const epoch = Number(trimmed);
    return epoch < 100_000_000_000 ? epoch * 1_000 : epoch;
  }
  const iso = ISO_LOOSE.exec(trimmed);
  if (iso) {
    const [, year, month = '01', day = '01', hour = '0', minute = '0', second = '0', fraction = '0', zone] = iso;
    const wall = utcOf(Number(year), Number(month), Number(day), Number(hour) % 24, Number(minute), Number(second));
    const carry = Number(hour) === 24 ? 86_400_000 : 0;
    return wall === undefined
      ? undefined
      : inZone(wall + carry + Math.floor(Number(`0.${fraction}`) * 1_000), zone, timezone);
  }
  return parseWords(trimmed, timezone);
}

/** Finds day, month, year, clock and zone by their looks, in whatever order they come. */
function parseWords(text: string, timezone: string | undefined): Millis | undefined {
  const clock = /(\d{1,2})\s?[:h]\s?(\d{2})(?:\s?:\s?(\d{2})(?:[.,]\d+)?)?\s?([ap]\.?m\b\.?)?/i.exec(text);
  const rest = clock ? `${text.slice(0, clock.index)} ; ${text.slice(clock.index + clock[0].length)}` : text;
  const numericZone = /(?:^|[\s;]|GMT|UTC)([+-]\d{1,2}:?\d{2})\b/i.exec(clock ? rest.slice(rest.indexOf(';')) : '');
  const zone = numericZone?.[1] ?? zoneName(rest);
  const dateText = numericZone?.[1] === undefined ? rest : rest.replace(numericZone[1], ' ');
  const date = dateParts(dateText);
  if (!date) return undefined;
  const half = clock?.[4]?.replaceAll('.', '');
  const hour = clockHour(Number(clock?.[1] ?? 0), half);
  const carry = hour === 24 ? 86_400_000 : 0;
  const wall = utcOf(date.year, date.month, date.day, hour % 24, Number(clock?.[2] ?? 0), Number(clock?.[3] ?? 0));
  return wall === undefined ? undefined : inZone(wall + carry, zone, timezone);
}

function dateParts(text: string): { year: number; month: number; day: number } | undefined {
  const words = fold(text).match(/[a-z]+|\d+/g) ?? [];
  const at = words.findIndex((word) => monthNumbers.has(word) && word.length >= 3);
  const month = monthNumbers.get(words[at] ?? '');
  if (month !== undefined) {
    // 19 Jul 2024, July 19, 2024, 1er juillet 2024, 2024 Jul 19
    const numbers = words.map((word, index) => ({ word, index })).filter(({ word }) => /^\d+$/.test(word));
    const yearAt = numbers.find(({ word }) => word.length === 4) ?? numbers.findLast(({ index }) => index > at);
    const day = numbers.find((number) => number !== yearAt && number.word.length <= 2);
    if (!yearAt || !day) return undefined;
    return { year: fullYear(yearAt.word), month, day: Number(day.word) };
  }
  const numeric = /(?:^|\s)(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})(?!\d)/.exec(text);
  if (numeric) {
    const [, first, second, year = ''] = numeric;
    const monthFirst = orderOf(`${first}/${second}/${year}`) === 'month-first';
    const [day, number] = monthFirst ? [second, first] : [first, second];
    return { year: fullYear(year), month: Number(number), day: Number(day) };
  }
  const reversed = /(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?!\d)/.exec(text);
  return reversed ? { year: Number(reversed[1]), month: Number(reversed[2]), day: Number(reversed[3]) } : undefined;
}

function zoneName(text: string): string | undefined {
  return fold(text)
    .match(/[a-z]+/g)
    ?.findLast((word) => word in ZONES && !monthNumbers.has(word));
}

function inZone(wall: Millis, zone: string | undefined, timezone: string | undefined): Millis {
  if (zone === undefined) return timezone === undefined ? wall : zonedToUtc(wall, timezone);
  const named = ZONES[zone.toLowerCase()];
  if (named !== undefined) return wall - named * 60_000;
  const digits = zone.slice(1).replace(':', '');
  const padded = digits.length <= 2 ? digits.padStart(2, '0').padEnd(4, '0') : digits.padStart(4, '0');
  const minutes = Number(padded.slice(0, 2)) * 60 + Number(padded.slice(2));
  return wall - (zone.startsWith('-') ? -minutes : minutes) * 60_000;
}

function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}
