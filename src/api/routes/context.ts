/** What every route is given, and what they ask in common: who reads, whose mentions, which ones. */
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { type Language, languageOf, say } from '../../i18n/index.ts';
import type { Logger } from '../../lib/log.ts';
import type { Metrics } from '../../lib/metrics.ts';
import type { Desk, MentionQuery, MentionStore, Scope } from '../../model/ports.ts';
import type { Brand, Millis, SourceHealth } from '../../model/types.ts';
import { parseQuery } from '../../text/query/parse.ts';
import type { Reader } from '../convert.ts';
import { ApiError } from '../errors.ts';
import type { LiveHub } from '../live.ts';
import type { ReadyCheck } from '../readiness.ts';
import { within } from '../within.ts';

/** The server as routes see it. */
export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What the server is made of. */
export interface ApiDeps {
  readonly store: MentionStore;
  readonly desk: Desk;
  readonly brands: readonly Brand[];
  readonly sources: () => readonly SourceHealth[];
  readonly readiness: () => Promise<readonly ReadyCheck[]>;
  /** How many items were kept aside since the start. */
  readonly quarantined: () => number;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  readonly log: Logger;
  /** Takes secrets out of what others say went wrong; the configuration's `mask`. */
  readonly mask?: (text: string) => string;
  readonly now: () => Millis;
  readonly language: Language;
  readonly timezone: string;
  /** True in the demonstration and in replays. */
  readonly demo: boolean;
  readonly version: string;
}

export interface RouteContext extends ApiDeps {
  readonly hub: LiveHub;
  /** The longest that a read for people may take. */
  readonly readLimitMs: Millis;
}

/** The clients of an installation, in the order of their first brand. */
export function clientsOf(brands: readonly Brand[]): readonly string[] {
  return [...new Set(brands.map(({ client }) => client))];
}

/**
 * What this reader may see. Until accounts exist the reader is this computer's owner, who may see every client, one at a
 * time; which brands belong to it comes from the configuration alone.
 */
export function scopeOf({ brands }: ApiDeps, wanted: string | undefined): Scope {
  const client = wanted ?? clientsOf(brands)[0] ?? 'default';
  const ids = brands.filter((brand) => brand.client === client).map(({ id }) => id);
  if (wanted !== undefined && ids.length === 0) throw new ApiError(404, 'noClient', { values: { client: wanted } });
  return { client, brands: ids };
}

/** The language of an answer: as asked for, else as the browser prefers, else the installation's. */
export function readerOf({ language, timezone }: Reader, request: FastifyRequest): Reader {
  const { lang } = (request.query ?? {}) as { lang?: unknown };
  if (typeof lang === 'string') return { language: languageOf(lang), timezone };
  const preferred = (request.headers['accept-language'] ?? '')
    .slice(0, 500)
    .split(',')
    .map((part) => part.trim().slice(0, 2).toLowerCase())
    .find((tag) => tag === 'fr' || tag === 'en');
  return { language: preferred === undefined ? language : languageOf(preferred), timezone };
}

/** The filters that mentions, series and facets share. */
export interface Filters {
  readonly brands?: readonly string[] | undefined;
  readonly sources?: readonly string[] | undefined;
  readonly sentiment?: MentionQuery['sentiment'] | undefined;
  readonly triage?: MentionQuery['triage'] | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly q?: string | undefined;
}

/** Filters as the store takes them. Throws an ApiError that names the places in the query which cannot be read. */
export function toMentionQuery(filters: Filters, { language, timezone }: Reader): MentionQuery {
  const { brands, sources, sentiment, triage, q } = filters;
  const from = filters.from === undefined ? undefined : Date.parse(filters.from);
  const to = filters.to === undefined ? undefined : Date.parse(filters.to);
  if (from !== undefined && to !== undefined && to < from) throw new ApiError(422, 'badPeriod');
  const parsed = q === undefined || q.trim() === '' ? undefined : parseQuery(q);
  if (parsed && parsed.query === undefined) {
    const problems = parsed.problems.map(({ start, end, text }) => ({
      path: 'q',
      message: say(language, text, timezone),
      from: start,
      to: end,
    }));
    throw new ApiError(422, 'badQuery', { problems });
  }
  return {
    ...(parsed?.query === undefined ? {} : { query: parsed.query }),
    ...(brands === undefined ? {} : { brands }),
    ...(sources === undefined ? {} : { sources }),
    ...(sentiment === undefined ? {} : { sentiment }),
    ...(triage === undefined ? {} : { triage }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** A read for people, stopped at its limit. */
export function read<T>(context: RouteContext, promise: Promise<T>): Promise<T> {
  return within(context.readLimitMs, promise);
}

/** A page of something: a cursor that was never given out is the caller's mistake. */
export async function readPage<T>(context: RouteContext, after: string | undefined, promise: Promise<T>): Promise<T> {
  try {
    return await read(context, promise);
  } catch (error) {
    if (after !== undefined && error instanceof RangeError) throw new ApiError(400, 'badCursor', { cause: error });
    throw error;
  }
}
