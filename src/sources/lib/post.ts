/** The public post format (webhook, files, stdin, import, backtest): what is accepted, and what is said of what is not. */
import { z } from 'zod';
import type { Json, Millis, UnstampedPost } from '../../model/types.ts';

/** The longest text that is taken; a longer one is a mistake of the sender, not a post. */
export const MAX_TEXT = 100_000;
const MAX_EXTRA = 50_000;
const MAX_DEPTH = 32;
/** Nothing that people say on networks is older; an earlier date is a broken clock or an empty field. */
const EARLIEST = Date.UTC(2000, 0, 1);
const LATEST = Date.UTC(9999, 11, 31);
/** Epoch numbers below this are seconds (it is the year 5138), above it milliseconds (it is March 1973). */
const SECONDS_BELOW = 100_000_000_000;

export type ParsedPost = { readonly post: UnstampedPost } | { readonly problems: readonly string[] };

/**
 * Reads one post of the public format. Every problem is named at once, as `field: what is wrong`.
 * The ids of the post and of those it refers to come out as `<source>:<id>`; one that already begins so is kept.
 */
export function parsePost(value: unknown, defaults: { readonly source: string }): ParsedPost {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problems: [`expected one JSON object, found ${nameOf(value)}`] };
  }
  const repaired = repair(value as Json, 0);
  if (repaired === TOO_DEEP) return { problems: [`nested deeper than ${MAX_DEPTH} levels`] };
  const given = repaired as { readonly [key: string]: Json | undefined };
  const parsed = postSchema.safeParse(given);
  if (!parsed.success) return { problems: parsed.error.issues.map(describe) };
  const post = parsed.data;
  const problems: string[] = [];
  const source = post.source ?? defaults.source;
  const native = post.id ?? post.url;
  if (native === undefined) problems.push('id: missing, and there is no url to stand for it');
  const op = post.op ?? 'create';
  const text = post.text?.trim() === '' ? undefined : post.text;
  if (op !== 'delete' && text === undefined && post.rating === undefined) {
    problems.push('text: missing or empty, and there is no rating');
  }
  const extra = op === 'delete' ? undefined : extraOf(given, problems);
  if (problems.length > 0 || native === undefined) return { problems };
  const prefixed = (id: string): string => (id.startsWith(`${source}:`) ? id : `${source}:${id}`);
  const times = {
    ...(post.publishedAt === undefined ? {} : { publishedAt: post.publishedAt }),
    ...(post.observedAt === undefined ? {} : { observedAt: post.observedAt }),
  };
  if (op === 'delete') return { post: { id: prefixed(native), source, op, text: '', ...times } };
  const { author, engagement, refs } = post;
  const authorId = author && (author.id ?? author.handle ?? author.name);
  const known = engagement && present(engagement);
  const referred = refs && present(mapValues(refs, (id) => (id === undefined ? undefined : prefixed(id))));
  return {
    post: {
      id: prefixed(native),
      source,
      op,
      text: text ?? '',
      ...times,
      ...(author && authorId !== undefined ? { author: { ...present(author), id: authorId } } : {}),
      ...(post.title === undefined || post.title.trim() === '' ? {} : { title: post.title }),
      ...(post.lang === undefined ? {} : { lang: post.lang }),
      ...(post.url === undefined ? {} : { url: post.url }),
      ...(known && Object.keys(known).length > 0 ? { engagement: known } : {}),
      ...(referred && Object.keys(referred).length > 0 ? { refs: referred } : {}),
      ...(post.rating === undefined ? {} : { rating: post.rating }),
      ...(extra === undefined ? {} : { extra }),
    },
  };
}

/**
 * A point in time as the public format writes it: ISO 8601 (UTC when it names no zone), or seconds or milliseconds since
 * the epoch, as a number or in digits. Answers why not, where it is none.
 */
export function parseInstant(value: unknown): { readonly at: Millis } | { readonly problem: string } {
  const at =
    typeof value === 'number' ? fromEpoch(value) : typeof value === 'string' ? fromText(value.trim()) : undefined;
  if (at === undefined || Number.isNaN(at)) {
    return { problem: `${quote(value)} is not a date: write 2024-07-19T18:03:00Z or seconds since 1970` };
  }
  if (at < EARLIEST) return { problem: `${quote(value)} is before the year 2000` };
  if (at > LATEST) return { problem: `${quote(value)} is after the year 9999` };
  return { at };
}

function fromEpoch(value: number): number {
  return Math.round(Math.abs(value) < SECONDS_BELOW ? value * 1_000 : value);
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

function fromText(text: string): number | undefined {
  if (/^-?\d{9,16}$/.test(text)) return fromEpoch(Number(text));
  const parts = ISO.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', zone = 'Z'] = parts;
  const at = utcOf(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second));
  if (at === undefined) return undefined;
  return at + Math.floor(Number(`0.${fraction}`) * 1_000) - offsetOf(zone);
}

/** Milliseconds of a written zone (`Z`, `+02`, `+0200`, `-05:30`). */
function offsetOf(zone: string): number {
  if (zone.toUpperCase() === 'Z') return 0;
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const size = (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2, 4))) * 60_000;
  return zone.startsWith('-') ? -size : size;
}

/** The instant of these numbers read as UTC; undefined where no calendar has them (30 February, 25 o'clock). */
export function utcOf(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): Millis | undefined {
  if (hour > 23 || minute > 59 || second > 60 || month < 1 || month > 12 || day < 1) return undefined;
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() + (hour * 3_600 + minute * 60 + Math.min(second, 59)) * 1_000;
}

// ------------------------------------------------------------------ schema

const words = (max: number) =>
  z
    .string({ error: (issue) => `expected text, found ${nameOf(issue.input)}` })
    .max(max, { error: (issue) => `${(issue.input as string).length} characters, at most ${max} are taken` });

const count = z
  .number({ error: (issue) => `expected a number, found ${nameOf(issue.input)}` })
  .nonnegative({ error: 'a count is not negative' })
  .max(Number.MAX_SAFE_INTEGER, { error: 'too large for a count' })
  .nullish()
  .transform(orAbsent);

const identifier = z
  .union([z.string(), z.number()], { error: (issue) => `expected text, found ${nameOf(issue.input)}` })
  .transform((id, context) => {
    if (typeof id === 'number' && !Number.isSafeInteger(id)) {
      context.addIssue({ code: 'custom', message: 'this number loses digits: write it as text, in quotes' });
      return z.NEVER;
    }
    const text = String(id).trim();
    if (text.length > 1_000) {
      context.addIssue({ code: 'custom', message: `${text.length} characters, at most 1000 are taken` });
      return z.NEVER;
    }
    return text === '' ? undefined : text;
  })
  .nullish()
  .transform(orAbsent);

const address = words(4_000)
  .transform((text, context) => {
    if (text.trim() === '') return undefined;
    const url = webAddress(text);
    if (url !== undefined) return url;
    context.addIssue({ code: 'custom', message: `${quote(text)} is not a web address (https://…)` });
    return z.NEVER;
  })
  .nullish()
  .transform(orAbsent);

/** A web address made whole, undefined when it is none: only http and https may ever become a link on a page. */
export function webAddress(text: string): string | undefined {
  const trimmed = text.trim();
  const whole = trimmed.startsWith('//')
    ? `https:${trimmed}`
    : /^www\./i.test(trimmed)
      ? `https://${trimmed}`
      : trimmed;
  if (!/^https?:\/\//i.test(whole) || !URL.canParse(whole)) return undefined;
  return new URL(whole).href;
}

const instant = z
  .unknown()
  .transform((value, context) => {
    if (value === null || value === undefined || value === '') return undefined;
    const parsed = parseInstant(value);
    if ('at' in parsed) return parsed.at;
    context.addIssue({ code: 'custom', message: parsed.problem });
    return z.NEVER;
  })
  .optional();

const lang = words(35)
  .transform((text, context) => {
    const tag = text.trim().replaceAll('_', '-');
    if (tag === '') return undefined;
    if (/^[a-z]{2,8}(-[a-z0-9]{1,8})*$/i.test(tag)) return tag;
    context.addIssue({ code: 'custom', message: `${quote(text)} is not a language tag such as fr, en or pt-BR` });
    return z.NEVER;
  })
  .nullish()
  .transform(orAbsent);

const network = words(64)
  .transform((text, context) => {
    const name = text.trim().toLowerCase();
    if (name === '') return undefined;
    if (/^[\p{L}\p{N}][\p{L}\p{N}._-]*$/u.test(name)) return name;
    context.addIssue({
      code: 'custom',
      message: `${quote(text)} is not the name of a source: letters, digits, dot, hyphen and underscore`,
    });
    return z.NEVER;
  })
  .nullish()
  .transform(orAbsent);

const object = { error: (issue: { readonly input?: unknown }) => `expected an object, found ${nameOf(issue.input)}` };
const line = (max: number) => words(max).nullish().transform(orAbsent);

const postSchema = z.object({
  id: identifier,
  source: network,
  text: line(MAX_TEXT),
  title: line(2_000),
  lang,
  url: address,
  publishedAt: instant,
  observedAt: instant,
  op: z
    .enum(['create', 'update', 'delete'], { error: 'expected create, update or delete' })
    .nullish()
    .transform(orAbsent),
  rating: z
    .number({ error: (issue) => `expected a number, found ${nameOf(issue.input)}` })
    .min(1, { error: 'stars go from 1 to 5' })
    .max(5, { error: 'stars go from 1 to 5' })
    .nullish()
    .transform(orAbsent),
  author: z
    .object(
      {
        id: identifier,
        handle: line(500),
        name: line(500),
        followers: count,
        verified: z
          .boolean({ error: (issue) => `expected true or false, found ${nameOf(issue.input)}` })
          .nullish()
          .transform(orAbsent),
        url: address,
      },
      object,
    )
    .nullish()
    .transform(orAbsent),
  engagement: z
    .object({ likes: count, reposts: count, replies: count, quotes: count, views: count }, object)
    .nullish()
    .transform(orAbsent),
  refs: z
    .object({ replyTo: identifier, repostOf: identifier, quoteOf: identifier, root: identifier }, object)
    .nullish()
    .transform(orAbsent),
});

function orAbsent<T>(value: T | null | undefined): T | undefined {
  return value ?? undefined;
}

function describe(issue: z.core.$ZodIssue): string {
  return issue.path.length === 0 ? issue.message : `${issue.path.map(String).join('.')}: ${issue.message}`;
}

// ----------------------------------------------------------------- details

/** Keys that we do not know; those under `extra` are taken back to where an earlier export of ours had them. */
function extraOf(
  given: { readonly [key: string]: Json | undefined },
  problems: string[],
): { readonly [key: string]: Json | undefined } | undefined {
  const unknown: [string, Json | undefined][] = [];
  for (const key of Object.keys(given)) {
    const value = given[key];
    if (key in postSchema.shape || key === '__proto__' || value === undefined) continue;
    if (key === 'extra' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
      unknown.push(...Object.entries(value as { readonly [key: string]: Json | undefined }));
    } else if (key !== 'extra' || value !== null) unknown.push([key, value]);
  }
  const kept = unknown.filter(([key]) => key !== '__proto__');
  if (kept.length === 0) return undefined;
  const extra = Object.fromEntries(kept);
  const size = JSON.stringify(extra).length;
  if (size > MAX_EXTRA) problems.push(`unknown keys: ${size} characters, at most ${MAX_EXTRA} are kept`);
  return extra;
}

const TOO_DEEP = Symbol('too deep');

/** Text that no store can hold is mended: lone surrogates become U+FFFD, NUL goes. Answers the same object when all is well. */
function repair(value: Json | undefined, depth: number): Json | undefined | typeof TOO_DEEP {
  if (typeof value === 'string') return mendText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return TOO_DEEP;
  if (Array.isArray(value)) {
    const items: (Json | undefined)[] = [];
    for (const item of value as readonly Json[]) {
      const mended = repair(item, depth + 1);
      if (mended === TOO_DEEP) return TOO_DEEP;
      items.push(mended);
    }
    return items as Json[];
  }
  const entries: [string, Json | undefined][] = [];
  let changed = false;
  for (const [key, item] of Object.entries(value)) {
    const mended = repair(item, depth + 1);
    if (mended === TOO_DEEP) return TOO_DEEP;
    const name = mendText(key);
    changed ||= mended !== item || name !== key;
    entries.push([name, mended]);
  }
  return changed ? Object.fromEntries(entries) : value;
}

/** Makes a string storable: lone surrogates become U+FFFD, NUL characters are taken out. */
export function mendText(text: string): string {
  const formed = text.isWellFormed() ? text : text.toWellFormed();
  return formed.includes('\0') ? formed.replaceAll('\0', '') : formed;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The object without the keys that hold nothing. */
function present<T extends object>(object: T): Present<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Present<T>;
}

function mapValues<K extends string, A, B>(object: Readonly<Record<K, A>>, map: (value: A) => B): Record<K, B> {
  return Object.fromEntries(Object.entries<A>(object).map(([key, value]) => [key, map(value)])) as Record<K, B>;
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'boolean') return 'true or false';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** What was found, short enough for a message. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return `"${text.length > 60 ? `${text.slice(0, 57)}…` : text}"`;
}
