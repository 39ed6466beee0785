/** Signing in by the link, out again, and what stands before the rest of the API: a session, and its token for changes. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Millis } from '../../model/types.ts';
import { sessionAnswer } from '../contract.ts';
import { iso } from '../convert.ts';
import { ApiError } from '../errors.ts';
import { carries, SESSION_MS, type Session, type Sessions } from '../session.ts';
import type { Api, RouteContext } from './context.ts';

/** What may be asked without a session: whether there is one, and the description of the API. */
const OPEN = new Set(['/api/v1/session', '/api/v1/openapi.json']);
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Installations on other ports of this computer share our cookies: each has a name of its own. */
function cookieName(request: FastifyRequest): string {
  return `vigie-${/:(\d{1,5})$/.exec(request.headers.host ?? '')?.[1] ?? '80'}`;
}

function cookieOf(request: FastifyRequest): string | undefined {
  const wanted = `${cookieName(request)}=`;
  return (request.headers.cookie ?? '')
    .slice(0, 8_192)
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(wanted))
    ?.slice(wanted.length);
}

function setCookie(request: FastifyRequest, reply: FastifyReply, value: string, lastsMs: Millis): void {
  const parts = [`${cookieName(request)}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Strict'];
  reply.header('set-cookie', [...parts, `Max-Age=${Math.floor(lastsMs / 1_000)}`].join('; '));
}

/** Lets nobody into the routes of this scope without a session, and no change without its token. */
export function requireSession(api: Api, sessions: Sessions): void {
  api.addHook('onRequest', async (request) => {
    const open = OPEN.has(request.routeOptions.url ?? '');
    const safe = SAFE.has(request.method);
    if (open && safe) return;
    const session = await sessions.find(cookieOf(request));
    if (session === undefined) throw new ApiError(401, 'signIn');
    if (!safe && !carries(session, request.headers['x-vigie-token'])) throw new ApiError(403, 'token');
  });
}

/** GET and DELETE /session; without sign-in everybody who gets here counts as signed in. */
export function sessionRoutes(api: Api, context: RouteContext, sessions: Sessions | undefined): void {
  const { demo, language } = context;
  api.route({
    method: 'GET',
    url: '/session',
    schema: { summary: 'Whether you are signed in.', tags: ['session'], response: { 200: sessionAnswer } },
    handler: async (request) => {
      const session: Session | undefined = await sessions?.find(cookieOf(request));
      return {
        signedIn: sessions === undefined || session !== undefined,
        ...(session === undefined ? {} : { token: session.token, expiresAt: iso(session.expiresAt) }),
        demo,
        language,
      };
    },
  });
  api.route({
    method: 'DELETE',
    url: '/session',
    schema: { summary: 'Signs out.', tags: ['session'], response: { 204: z.undefined() } },
    handler: async (request, reply) => {
      const cookie = cookieOf(request);
      if (cookie !== undefined) await sessions?.end(cookie);
      setCookie(request, reply, '', 0);
      return await reply.code(204).send();
    },
  });
}

/**
 * Opens the one-time link: with a good token the browser gets its cookie, and either way it goes on to the page without the
 * token in its address. A browser that only looks ahead does not use the token up.
 */
export async function openLink(
  request: FastifyRequest,
  reply: FastifyReply,
  link: string,
  sessions: Sessions,
): Promise<FastifyReply> {
  const ahead = `${String(request.headers['sec-purpose'] ?? '')} ${String(request.headers['purpose'] ?? '')}`;
  if (request.method !== 'GET' || ahead.includes('prefetch')) return await reply.code(204).send();
  const cookie = await sessions.redeem(link);
  if (cookie !== undefined) {
    setCookie(request, reply, cookie, SESSION_MS);
    return await reply.redirect('/', 303);
  }
  const known = await sessions.find(cookieOf(request));
  return await reply.redirect(known === undefined ? '/?sign-in=spent' : '/', 303);
}
