/** The built page, and the boards that it draws. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import rateLimit from '@fastify/rate-limit';
import staticFiles from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { say } from '../../i18n/index.ts';
import { readBoards } from '../boards.ts';
import { boardAnswer, boardsAnswer } from '../contract.ts';
import { ApiError } from '../errors.ts';
import type { Sessions } from '../session.ts';
import { type Api, type RouteContext, readerOf } from './context.ts';
import { openLink } from './session.ts';

/** What comes with the program: `boards/*.yaml`, and `dist/` once the page is built. */
export const DASHBOARDS = fileURLToPath(new URL('../../../dashboards', import.meta.url));

/** Addresses that the page answers for; what is behind them is in its own address bar. */
const PLACES = ['/', '/mentions', '/alerts', '/alerts/:id', '/triage', '/sources'];
/** Links that one address may try in a minute. */
const MOST_LINKS_A_MINUTE = 10;

const linkQuery = z.object({ link: z.string().max(200).optional() });

/** Serves the page. Hashed files may be kept for ever, the rest is asked for again each time. */
export async function pageRoutes(
  server: FastifyInstance,
  context: RouteContext,
  options: { readonly folder: string; readonly sessions: Sessions | undefined },
): Promise<void> {
  const { folder, sessions } = options;
  const dist = join(folder, 'dist');
  await server.register(async (scope) => {
    await scope.register(rateLimit, {
      max: MOST_LINKS_A_MINUTE,
      timeWindow: 60_000,
      allowList: (request) => (request.query as { link?: unknown }).link === undefined,
    });
    // Files are looked up when they are asked for: a page that is built anew is served without a restart.
    await scope.register(staticFiles, {
      root: join(dist, 'assets'),
      prefix: '/assets/',
      index: false,
      schemaHide: true,
      cacheControl: false,
      setHeaders: (reply) => {
        reply.header('cache-control', 'public, max-age=31536000, immutable');
      },
    });
    const api = scope as unknown as Api;
    for (const url of PLACES) {
      api.route({
        method: 'GET',
        url,
        schema: { hide: true, querystring: linkQuery },
        handler: async (request, reply) => {
          const { link } = request.query;
          reply.header('cache-control', 'no-store');
          if (link !== undefined && sessions !== undefined) return await openLink(request, reply, link, sessions);
          if (existsSync(join(dist, 'index.html'))) return await reply.sendFile('index.html', dist);
          const { language, timezone } = readerOf(context, request);
          const text = say(language, { key: 'api.noPage', values: {} }, timezone);
          return await reply.code(503).type('text/plain; charset=utf-8').send(text);
        },
      });
    }
    api.route({
      method: 'GET',
      url: '/favicon.svg',
      schema: { hide: true },
      handler: async (_request, reply) => await reply.header('cache-control', 'no-cache').sendFile('favicon.svg', dist),
    });
  });
}

/** GET /boards and /boards/:id. */
export function boardRoutes(api: Api, folder: string): void {
  const boards = readBoards(join(folder, 'boards'));
  api.route({
    method: 'GET',
    url: '/boards',
    schema: { summary: 'The boards, as data.', tags: ['boards'], response: { 200: boardsAnswer } },
    handler: async () => ({ boards: [...boards] }),
  });
  api.route({
    method: 'GET',
    url: '/boards/:id',
    schema: {
      summary: 'One board.',
      tags: ['boards'],
      params: z.object({ id: z.string().max(40) }),
      response: { 200: boardAnswer },
    },
    handler: async (request) => {
      const board = boards.find(({ id }) => id === request.params.id);
      if (board === undefined) throw new ApiError(404, 'notFound');
      return board;
    },
  });
}
