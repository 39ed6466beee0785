/** Mentions: listed, counted over time, counted by field, and what people decide about one. */
import { parseDuration } from '../../lib/duration.ts';
import type { Triage } from '../../model/ports.ts';
import type { Millis } from '../../model/types.ts';
import {
  facetsAnswer,
  facetsQuery,
  idParams,
  MOST_POINTS,
  mentionsAnswer,
  mentionsQuery,
  oneQuery,
  seriesAnswer,
  seriesQuery,
  type TriageBody,
  triageAnswer,
  triageBody,
} from '../contract.ts';
import { iso, toApiMention, toApiTriage } from '../convert.ts';
import { ApiError } from '../errors.ts';
import { type Api, type RouteContext, read, readerOf, readPage, scopeOf, toMentionQuery } from './context.ts';

const DAY_MS = 86_400_000;

export function mentionRoutes(api: Api, context: RouteContext): void {
  const { store, hub } = context;

  api.route({
    method: 'GET',
    url: '/mentions',
    schema: {
      summary: 'Mentions, newest first, by cursor.',
      tags: ['mentions'],
      querystring: mentionsQuery,
      response: { 200: mentionsAnswer },
    },
    handler: async (request) => {
      const { limit, after, client, ...filters } = request.query;
      const query = toMentionQuery(filters, readerOf(context, request));
      const page = { limit, ...(after === undefined ? {} : { after }) };
      const { items, next } = await readPage(context, after, store.search(scopeOf(context, client), query, page));
      return { items: items.map(toApiMention), ...(next === undefined ? {} : { next }) };
    },
  });

  api.route({
    method: 'GET',
    url: '/series',
    schema: {
      summary: 'Counts over time.',
      tags: ['mentions'],
      querystring: seriesQuery,
      response: { 200: seriesAnswer },
    },
    handler: async (request) => {
      const { bucket, client, ...filters } = request.query;
      const asked = toMentionQuery(filters, readerOf(context, request));
      const { from, to } = period(asked, context.now());
      const bucketMs = parseDuration(bucket) ?? 3_600_000;
      if ((to - from) / bucketMs > MOST_POINTS) {
        throw new ApiError(422, 'tooManyBuckets', { values: { most: MOST_POINTS } });
      }
      const points = await read(context, store.series(scopeOf(context, client), { ...asked, from, to }, bucketMs));
      return {
        from: iso(from),
        to: iso(to),
        bucketMs,
        points: points.map((point) => ({ ...point, at: iso(point.at) })),
      };
    },
  });

  api.route({
    method: 'GET',
    url: '/facets',
    schema: {
      summary: 'Counts by source, sentiment, author and other fields.',
      tags: ['mentions'],
      querystring: facetsQuery,
      response: { 200: facetsAnswer },
    },
    handler: async (request) => {
      const { fields, top, client, ...filters } = request.query;
      const query = toMentionQuery(filters, readerOf(context, request));
      const facets = await read(context, store.facets(scopeOf(context, client), query, [...new Set(fields)], top));
      return {
        ...(query.from === undefined ? {} : { from: iso(query.from) }),
        ...(query.to === undefined ? {} : { to: iso(query.to) }),
        facets: Object.fromEntries(Object.entries(facets).map(([field, counts]) => [field, [...counts]])),
      };
    },
  });

  api.route({
    method: 'POST',
    url: '/mentions/:id/triage',
    schema: {
      summary: 'What somebody decides about a mention; 409 when somebody else was faster.',
      tags: ['mentions'],
      params: idParams,
      querystring: oneQuery,
      body: triageBody,
      response: { 200: triageAnswer },
    },
    handler: async (request) => {
      const scope = scopeOf(context, request.query.client);
      const { id } = request.params;
      const { brand, version } = request.body;
      const triage = await read(context, store.setTriage(scope, id, brand, toTriage(request.body), version));
      hub.publish({ kind: 'triage', client: scope.client, id, brand, triage });
      return { triage: toApiTriage(triage) };
    },
  });
}

/** The last 24 hours where nothing else is said. */
function period(asked: { readonly from?: Millis; readonly to?: Millis }, now: Millis): { from: Millis; to: Millis } {
  const to = asked.to ?? Math.max(now, asked.from ?? now);
  return { from: asked.from ?? to - DAY_MS, to };
}

function toTriage({ status, assignee, until, verdict, note }: TriageBody): Omit<Triage, 'version'> {
  return {
    status,
    ...(assignee === undefined ? {} : { assignee }),
    ...(until === undefined ? {} : { until: Date.parse(until) }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(note === undefined ? {} : { note }),
  };
}
