/** For machines: is the process there, can it work, what does it count. */
import { z } from 'zod';
import { healthAnswer, readyAnswer } from '../contract.ts';
import { within } from '../within.ts';
import type { Api, RouteContext } from './context.ts';

export function healthRoutes(api: Api, context: Pick<RouteContext, 'metrics' | 'readLimitMs' | 'readiness'>): void {
  api.route({
    method: 'GET',
    url: '/healthz',
    schema: { summary: 'The process is there.', tags: ['operation'], response: { 200: healthAnswer } },
    handler: async () => ({ status: 'ok' as const }),
  });

  api.route({
    method: 'GET',
    url: '/readyz',
    schema: {
      summary: 'Store, bus and sources can do their work; 503 with reasons when not.',
      tags: ['operation'],
      response: { 200: readyAnswer, 503: readyAnswer },
    },
    handler: async (_request, reply) => {
      const checks = await within(context.readLimitMs, context.readiness());
      const ready = checks.every(({ ok }) => ok);
      return await reply.code(ready ? 200 : 503).send({ ready, checks: [...checks] });
    },
  });

  api.route({
    method: 'GET',
    url: '/metrics',
    schema: {
      summary: 'Counters for Prometheus.',
      tags: ['operation'],
      produces: ['text/plain'],
      response: { 200: z.string() },
    },
    handler: async (_request, reply) =>
      await reply
        .type(context.metrics.contentType)
        .serializer((text: unknown) => text as string)
        .send(await context.metrics.text()),
  });
}
