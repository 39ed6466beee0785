/** The HTTP server: hooks for sources, an API for the page and for programs, live events, and health for operators. */
import { randomUUID } from 'node:crypto';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import swagger from '@fastify/swagger';
import websocket from '@fastify/websocket';
import Fastify from 'fastify';
import {
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { say } from '../i18n/index.ts';
import { wallClock } from '../lib/clock.ts';
import type { SourceDeps } from '../model/define.ts';
import type { Millis, SourceHealth } from '../model/types.ts';
import { answerError, ApiError } from './errors.ts';
import { isLoopback, refuseStrangers } from './guard.ts';
import { createLiveHub, type LiveEvent } from './live.ts';
import { aboutRoutes } from './routes/about.ts';
import { alertRoutes } from './routes/alerts.ts';
import { type Api, type ApiDeps, type RouteContext, readerOf } from './routes/context.ts';
import { healthRoutes } from './routes/health.ts';
import { createHooks, type HookOptions } from './routes/hooks.ts';
import { liveRoutes } from './routes/live.ts';
import { mentionRoutes } from './routes/mentions.ts';
import { boardRoutes, DASHBOARDS, pageRoutes } from './routes/page.ts';
import { requireSession, sessionRoutes } from './routes/session.ts';
import { createSessions } from './session.ts';

export type { ApiDeps } from './routes/context.ts';

export interface ServerOptions extends ApiDeps {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The longest that a read for people may take. */
  readonly readLimitMs?: Millis;
  /** Requests to the API that one address may make in a minute. */
  readonly requestsPerMinute?: number;
  /** The longest that closing may take. */
  readonly closeLimitMs?: Millis;
  /** Bodies of hooks under way, all together. */
  readonly mostHookBytes?: number;
  /** The longest that a source may take to answer a hook. */
  readonly hookLimitMs?: Millis;
  /** Readers of live events at most. */
  readonly mostReaders?: number;
  /** The API answers only to whoever opened a link of `signInLink`; off for programs that are the only ones to reach it. */
  readonly signIn?: boolean;
  /** Holds `boards/` and the built page in `dist/`; what comes with the program when left out. */
  readonly dashboards?: string;
  /** Told of what routes publish (triage), after the readers here: for the readers of other processes. */
  readonly onPublished?: (event: LiveEvent) => void;
  /** The clock of sessions, which `now` is not in a replay. */
  readonly wallNow?: () => Millis;
}

export interface Server extends AsyncDisposable {
  /** Starts to listen; answers the address to open. Throws ListenRefused for a host that others can reach. */
  listen(): Promise<string>;
  /** For sources: binds POST /hooks/<name>. */
  readonly hook: SourceDeps['hook'];
  /**
   * A new link that signs one browser in, once, within 15 minutes. Throws an Error before `listen` and without `signIn`.
   */
  signInLink(): string;
  /** Tells whoever watches live. */
  publish(event: LiveEvent): void;
  /** Tells whoever watches live that something was missed: pages read again. */
  missed(): void;
  /** A request without a network, for tests and for the program itself. */
  readonly inject: Api['inject'];
}

/** What hooks may take of a process. */
export const HOOK_LIMITS: HookOptions = {
  mostBytes: 128 * 1024 * 1024,
  mostRequests: 1_000,
  answerLimitMs: 30_000,
};

/** The host can be reached by others, and nothing would ask them who they are. */
export class ListenRefused extends Error {
  override readonly name = 'ListenRefused';
}

/** Builds the server. It answers when `listen` is called; disposing it closes everything within its limit. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const {
    readLimitMs = 10_000,
    requestsPerMinute = 6_000,
    closeLimitMs = 5_000,
    mostHookBytes = HOOK_LIMITS.mostBytes,
  } = options;
  const { log, now, timezone, demo, mostReaders } = options;
  const hub = createLiveHub({ now, timezone, demo, ...(mostReaders === undefined ? {} : { mostReaders }) });
  const hooks = createHooks({
    ...HOOK_LIMITS,
    mostBytes: mostHookBytes,
    ...(options.hookLimitMs === undefined ? {} : { answerLimitMs: options.hookLimitMs }),
  });
  const mask = options.mask ?? ((text: string) => text);
  const masked = (health: SourceHealth): SourceHealth =>
    health.error === undefined ? health : { ...health, error: mask(health.error) };
  const context: RouteContext = {
    ...options,
    hub: {
      ...hub,
      publish(event) {
        hub.publish(event);
        options.onPublished?.(event);
      },
    },
    readLimitMs,
    sources: () => options.sources().map(masked),
    readiness: async () => {
      const checks = await options.readiness();
      return checks.map((check) => (check.reason === undefined ? check : { ...check, reason: mask(check.reason) }));
    },
  };

  const sessions = options.signIn ? createSessions(options.desk, options.wallNow ?? wallClock.now) : undefined;
  const dashboards = options.dashboards ?? DASHBOARDS;
  let listening: string | undefined;

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
    answerError(error, request, reply, { ...readerOf(options, request), log }),
  );
  api.setNotFoundHandler(async () => {
    throw new ApiError(404, 'notFound');
  });
  // The API takes JSON alone: a form or a plain text could be sent by any website without asking.
  api.removeContentTypeParser('text/plain');

  await api.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        styleSrc: ["'self'"],
        scriptSrc: ["'self'"],
        connectSrc: ["'self'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    // Plain HTTP on this computer: there is nothing to upgrade to.
    hsts: false,
  });
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Vigie',
        description:
          'Mentions, alerts and live events of one installation. Errors are { error: { code, message, problems? } }.',
        version: options.version,
      },
      servers: [],
    },
    transform: jsonSchemaTransform,
  });
  await api.register(websocket, {
    options: { maxPayload: 4_096, perMessageDeflate: false },
    errorHandler: (error, socket) => {
      log.warn('api.live-failed', { error });
      socket.terminate();
    },
  });

  // After the plugins' own hooks: a refusal carries their headers, and ends the connection of an upgrade.
  refuseStrangers(api, log);

  await api.register(async (scope) => {
    healthRoutes(scope, context);
  });
  await api.register(
    async (scope) => {
      await scope.register(rateLimit, { max: requestsPerMinute, timeWindow: 60_000 });
      scope.addHook('onSend', async (_request, reply) => {
        if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
      });
      const routes = scope as unknown as Api;
      if (sessions) requireSession(routes, sessions);
      sessionRoutes(routes, context, sessions);
      boardRoutes(routes, dashboards);
      routes.route({
        method: 'GET',
        url: '/openapi.json',
        schema: { summary: 'This description.', tags: ['operation'] },
        handler: async () => api.swagger(),
      });
      mentionRoutes(routes, context);
      alertRoutes(routes, context);
      aboutRoutes(routes, context);
      liveRoutes(routes, context);
    },
    { prefix: '/api/v1' },
  );
  await pageRoutes(api, context, { folder: dashboards, sessions });
  await hooks.register(api);
  await api.ready();

  return {
    async listen() {
      const { host, port, language } = options;
      if (!isLoopback(host)) throw new ListenRefused(say(language, { key: 'api.listen', values: { host } }));
      const address = await api.listen({ host, port });
      log.info('api.listening', { address });
      listening = address;
      return address;
    },
    signInLink() {
      if (sessions === undefined || listening === undefined) throw new Error('there is no link to sign in with yet');
      return `${listening}/?link=${sessions.invite()}`;
    },
    hook: hooks.bind,
    publish: (event) => hub.publish(event.kind === 'source' ? { ...event, source: masked(event.source) } : event),
    missed: () => hub.missed(),
    inject: api.inject.bind(api),
    async [Symbol.asyncDispose]() {
      hub.close();
      const force = setTimeout(() => {
        log.warn('api.closed-by-force');
        for (const socket of api.websocketServer.clients) socket.terminate();
        api.server.closeAllConnections();
      }, closeLimitMs);
      try {
        await api.close();
      } finally {
        clearTimeout(force);
      }
    },
  };
}
