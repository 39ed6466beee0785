/** POST /hooks/:name: bytes go to the source that is bound to the name, which checks the signature and answers when they are durable. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { HookHandler, HookRequest } from '../../model/define.ts';
import type { Millis } from '../../model/types.ts';
import { ApiError } from '../errors.ts';
import { within } from '../within.ts';
import type { Api } from './context.ts';

/** No source takes more in one body; most take less and say so themselves. */
const MOST_BODY_BYTES = 50 * 1024 * 1024;

export interface HookOptions {
  /** Bodies that are being read or answered, all together; beyond, senders are asked to come back before theirs is read. */
  readonly mostBytes: number;
  readonly mostRequests: number;
  readonly answerLimitMs: Millis;
}

export interface Hooks {
  readonly bind: (name: string, handler: HookHandler) => () => void;
  readonly register: (api: FastifyInstance) => Promise<void>;
}

/** The place where sources bind their hooks, and the route that serves them. */
export function createHooks({ mostBytes, mostRequests, answerLimitMs }: HookOptions): Hooks {
  const handlers = new Map<string, HookHandler>();
  let bytes = 0;
  let requests = 0;

  return {
    bind(name, handler) {
      if (handlers.has(name)) throw new Error(`hook ${name} is bound already`);
      handlers.set(name, handler);
      return () => {
        if (handlers.get(name) === handler) handlers.delete(name);
      };
    },
    async register(server) {
      await server.register(async (scope: FastifyInstance) => {
        const api = scope as unknown as Api;
        api.removeAllContentTypeParsers();
        api.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MOST_BODY_BYTES }, (_request, body, done) => {
          done(null, body);
        });
        api.addHook('onRequest', async (request, reply) => {
          const { name } = request.params as { name: string };
          if (!handlers.has(name)) throw new ApiError(404, 'unknownHook', { values: { name: name.slice(0, 64) } });
          // A body of unknown length counts as the largest.
          const size = Math.min(Number(request.headers['content-length'] ?? MOST_BODY_BYTES), MOST_BODY_BYTES);
          if (requests >= mostRequests || (bytes + size > mostBytes && requests > 0)) {
            reply.header('connection', 'close');
            throw new ApiError(503, 'full', { retryAfterS: 5 });
          }
          requests += 1;
          bytes += size;
          // The connection ends in every case: answered, broken off or timed out.
          reply.raw.once('close', () => {
            requests -= 1;
            bytes -= size;
          });
        });
        api.route({
          method: 'POST',
          url: '/hooks/:name',
          bodyLimit: MOST_BODY_BYTES,
          schema: {
            summary: 'Posts for a webhook source, signed; 202 only when they are durable.',
            description:
              'One post, an array or NDJSON. X-Vigie-Signature: t=<unix>,v1=<hex HMAC-SHA256 of "<t>.<raw body>">.',
            tags: ['hooks'],
            params: z.object({ name: z.string().min(1).max(64) }),
          },
          handler: async (request, reply) => {
            const handler = handlers.get(request.params.name);
            if (!handler) throw new ApiError(404, 'unknownHook', { values: { name: request.params.name } });
            const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
            const answer = await within(answerLimitMs, handler({ headers: headersOf(request.headers), body }));
            if (answer.retryAfterS !== undefined) reply.header('retry-after', String(answer.retryAfterS));
            return await reply.code(answer.status).send(answer.body);
          },
        });
      });
    },
  };
}

function headersOf(headers: Readonly<Record<string, string | readonly string[] | undefined>>): HookRequest['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : value?.join(', ')]),
  );
}
