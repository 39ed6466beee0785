/** GET /api/v1/live: what happens right now, over a WebSocket. */
import type { WebSocket } from 'ws';
import { liveQuery } from '../contract.ts';
import { ApiError } from '../errors.ts';
import { type Api, type RouteContext, readerOf, scopeOf } from './context.ts';

export function liveRoutes(api: Api, context: RouteContext): void {
  api.route({
    method: 'GET',
    url: '/live',
    schema: {
      summary: 'Live events over a WebSocket: messages { events: [...] }, several at once.',
      tags: ['live'],
      querystring: liveQuery,
    },
    handler: async () => {
      throw new ApiError(426, 'upgrade');
    },
    // Asked for before the connection is taken over, so that a wrong request gets an answer in words.
    preHandler: async (request) => {
      if (request.ws) scopeOf(context, request.query.client);
    },
    wsHandler: (socket: WebSocket, request) => {
      const { client, brands } = request.query as { client?: string; brands?: string[] };
      const { language } = readerOf(context, request);
      const reader = { scope: scopeOf(context, client), language, ...(brands === undefined ? {} : { brands }) };
      if (!context.hub.attach(socket, reader)) socket.close(1013, 'too many readers');
    },
  });
}
