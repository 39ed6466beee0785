/** The server of a process without pages: health for operators, and hooks for sources that are pushed to. */
import { randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { say } from '../i18n/index.ts';
import { answerError, ApiError } from './errors.ts';
import { isLoopback, refuseStrangers } from './guard.ts';
import { type Api, type ApiDeps, readerOf } from './routes/context.ts';
import { healthRoutes } from './routes/health.ts';
import { createHooks, type Hooks } from './routes/hooks.ts';
import { HOOK_LIMITS, ListenRefused } from './server.ts';

export type SideServerOptions = Pick<ApiDeps, 'readiness' | 'metrics' | 'log' | 'mask' | 'language' | 'timezone'> & {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
};

export interface SideServer extends AsyncDisposable {
  /** See `Server.listen`. */
  listen(): Promise<string>;
  readonly hook: Hooks['bind'];
}

const READ_LIMIT_MS = 10_000;
const CLOSE_LIMIT_MS = 5_000;

/** Builds it; it answers when `listen` is called. */
export async function createSideServer(options: SideServerOptions): Promise<SideServer> {
  const { log, metrics, language, timezone } = options;
  const mask = options.mask ?? ((text: string) => text);
  const hooks = createHooks(HOOK_LIMITS);
  const api: Api = Fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: 256 * 1024,
    requestTimeout: 60_000,
    keepAliveTimeout: 10_000,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 2_000 },
  }).withTypeProvider<ZodTypeProvider>();
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(serializerCompiler);
  api.setErrorHandler((error, request, reply) =>
    answerError(error, request, reply, { ...readerOf({ language, timezone }, request), log }),
  );
  api.setNotFoundHandler(async () => {
    throw new ApiError(404, 'notFound');
  });
  refuseStrangers(api, log);
  healthRoutes(api, {
    metrics,
    readLimitMs: READ_LIMIT_MS,
    readiness: async () => {
      const checks = await options.readiness();
      return checks.map((check) => (check.reason === undefined ? check : { ...check, reason: mask(check.reason) }));
    },
  });
  await hooks.register(api);
  await api.ready();
  return {
    async listen() {
      const { host, port } = options;
      if (!isLoopback(host)) throw new ListenRefused(say(language, { key: 'api.listen', values: { host } }));
      const address = await api.listen({ host, port });
      log.info('api.listening', { address });
      return address;
    },
    hook: hooks.bind,
    async [Symbol.asyncDispose]() {
      const force = setTimeout(() => api.server.closeAllConnections(), CLOSE_LIMIT_MS);
      try {
        await api.close();
      } finally {
        clearTimeout(force);
      }
    },
  };
}
