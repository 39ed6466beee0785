/** Alerts and signals as the alert role leaves them on the desk, newest first, with the posts behind them. */
import { z } from 'zod';
import type { AlertDocument } from '../../alerts/project.ts';
import { newestFirst } from '../../model/ids.ts';
import type { Scope } from '../../model/ports.ts';
import type { Json, Signal } from '../../model/types.ts';
import {
  alertAnswer,
  alertsAnswer,
  alertsQuery,
  idParams,
  oneQuery,
  signalsAnswer,
  signalsQuery,
} from '../contract.ts';
import { iso, toApiAlert, toApiMention, toApiSignal } from '../convert.ts';
import { ApiError } from '../errors.ts';
import { type Api, type RouteContext, read, readerOf, readPage, scopeOf } from './context.ts';

/** Pages of the desk that one request looks through for what it asked; it is then told where to go on. */
const MOST_PAGES = 50;
/** Posts of evidence that are loaded at most. */
const MOST_EVIDENCE = 200;

const text = z.object({ key: z.string(), values: z.record(z.string(), z.union([z.string(), z.number()])) });

/** What of an alert has to be there for it to be shown. */
const storedAlert = z.looseObject({
  id: z.string(),
  client: z.string(),
  rule: z.string(),
  brand: z.string(),
  scope: z.string(),
  status: z.enum(['pending', 'firing', 'resolved']),
  severity: z.enum(['info', 'warning', 'critical']),
  labels: z.record(z.string(), z.string()),
  title: z.record(z.string(), z.string()),
  summary: z.record(z.string(), z.string()),
  because: z.array(text),
  observed: z.number(),
  expected: z.number(),
  window: z.string(),
  sequence: z.number(),
  at: z.number(),
  startsAt: z.number(),
  endsAt: z.number().optional(),
  story: z.string().optional(),
  evidence: z.array(z.string()),
});
const storedSignal = z.looseObject({
  id: z.string(),
  detector: z.string(),
  brand: z.string(),
  scope: z.string(),
  window: z.string(),
  state: z.enum(['open', 'update', 'close']),
  startedAt: z.number(),
  at: z.number(),
  observed: z.number(),
  expected: z.number(),
  score: z.number(),
  values: z.record(z.string(), z.number()),
  explain: text,
  evidence: z.array(z.string()),
});

/** The documents of the alert role, as far as they are shown. */
const alertDocument = z.looseObject({
  alert: storedAlert,
  history: z.array(
    z.looseObject({
      sequence: z.number(),
      status: storedAlert.shape.status,
      severity: storedAlert.shape.severity,
      at: z.number(),
      observed: z.number(),
      expected: z.number(),
    }),
  ),
});
const signalDocument = z.looseObject({ signal: storedSignal });

export function alertRoutes(api: Api, context: RouteContext): void {
  const { desk, store, log } = context;

  api.route({
    method: 'GET',
    url: '/alerts',
    schema: {
      summary: 'Alerts, newest first, by cursor. A page may be short while `next` is there.',
      tags: ['alerts'],
      querystring: alertsQuery,
      response: { 200: alertsAnswer },
    },
    handler: async (request) => {
      const { client, brands, status, limit, after } = request.query;
      const scope = scopeOf(context, client);
      const wanted = ({ alert }: AlertDocument) =>
        sees(scope, alert.brand, brands) && (status === undefined || alert.status === status);
      const { items, next } = await list(scope, 'alert', asAlert, wanted, limit, after);
      const reader = readerOf(context, request);
      return { items: items.map(({ alert }) => toApiAlert(alert, reader)), ...(next === undefined ? {} : { next }) };
    },
  });

  api.route({
    method: 'GET',
    url: '/alerts/:id',
    schema: {
      summary: 'One alert with the posts behind it.',
      tags: ['alerts'],
      params: idParams,
      querystring: oneQuery,
      response: { 200: alertAnswer },
    },
    handler: async (request) => {
      const scope = scopeOf(context, request.query.client);
      const { id } = request.params;
      const found = await read(context, desk.get(scope.client, 'alert', deskId(id)));
      const document = found && asAlert(found.value);
      if (!document || !sees(scope, document.alert.brand)) throw new ApiError(404, 'notFound');
      const { alert, history } = document;
      const ids = alert.evidence.slice(0, MOST_EVIDENCE);
      const query = { ids, brands: [alert.brand] };
      const { items } =
        ids.length === 0 ? { items: [] } : await read(context, store.search(scope, query, { limit: ids.length }));
      const there = new Set(items.map((mention) => mention.id));
      return {
        alert: toApiAlert(alert, readerOf(context, request)),
        history: history.map(({ sequence, status, severity, at, observed, expected }) => {
          return { sequence, status, severity, at: iso(at), observed, expected };
        }),
        evidence: items.map(toApiMention),
        missing: ids.filter((post) => !there.has(post)),
      };
    },
  });

  api.route({
    method: 'GET',
    url: '/signals',
    schema: {
      summary: 'Signals, newest first, by cursor. A page may be short while `next` is there.',
      tags: ['alerts'],
      querystring: signalsQuery,
      response: { 200: signalsAnswer },
    },
    handler: async (request) => {
      const { client, brands, state, limit, after } = request.query;
      const scope = scopeOf(context, client);
      const wanted = (signal: Signal) =>
        sees(scope, signal.brand, brands) && (state === undefined || signal.state === state);
      const { items, next } = await list(scope, 'signal', asSignal, wanted, limit, after);
      const reader = readerOf(context, request);
      return { items: items.map((signal) => toApiSignal(signal, reader)), ...(next === undefined ? {} : { next }) };
    },
  });

  /** Looks through the desk until a page is full, within bounds of its own. */
  async function list<T>(
    scope: Scope,
    kind: string,
    as: (value: Json) => T | undefined,
    wanted: (item: T) => boolean,
    limit: number,
    after: string | undefined,
  ): Promise<{ readonly items: readonly T[]; readonly next: string | undefined }> {
    const items: T[] = [];
    let next = after;
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const page = { limit: limit - items.length, ...(next === undefined ? {} : { after: next }) };
      const answer = await readPage(context, next, desk.list(scope.client, kind, page));
      for (const { id, value } of answer.items) {
        const item = as(value);
        if (item === undefined) log.warn('api.unreadable', { kind, id });
        else if (wanted(item)) items.push(item);
      }
      next = answer.next;
      if (next === undefined || items.length >= limit) break;
    }
    return { items, next };
  }
}

/** An alert's id ends with its start, from which the desk's id is made. */
function deskId(id: string): string {
  const startsAt = Number(/:(\d{1,15})$/.exec(id)?.[1] ?? Number.NaN);
  return Number.isNaN(startsAt) ? id : newestFirst(startsAt, id);
}

function sees(scope: Scope, brand: string, brands?: readonly string[]): boolean {
  return scope.brands.includes(brand) && (brands === undefined || brands.includes(brand));
}

function asAlert(value: Json): Pick<AlertDocument, 'alert' | 'history'> | undefined {
  const parsed = alertDocument.safeParse(value);
  return parsed.success ? (parsed.data as AlertDocument) : undefined;
}

function asSignal(value: Json): Signal | undefined {
  const parsed = signalDocument.safeParse(value);
  return parsed.success ? parsed.data.signal : undefined;
}
