/**
 * Who is signed in, until accounts exist: whoever opened the link that the program printed on its own terminal. A session is
 * a random cookie of which the desk keeps the hash alone, so that it outlives a restart and a copy of the desk opens nothing.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Conflict } from '../model/errors.ts';
import type { Desk } from '../model/ports.ts';
import type { Json, Millis } from '../model/types.ts';

/** A link works once, and for this long. */
export const LINK_MS: Millis = 15 * 60_000;
/** A session lasts this long. */
export const SESSION_MS: Millis = 7 * 86_400_000;
/** Links that wait to be opened; the oldest makes room. */
const MOST_LINKS = 8;
/** Ended sessions that a new one clears away at most. */
const MOST_CLEARED = 200;
/** Sessions are no client's. */
const NOBODY = '*';
const KIND = 'session';

export interface Session {
  /** What a browser sends back as X-Vigie-Token with every change: another website cannot read it. */
  readonly token: string;
  readonly expiresAt: Millis;
}

export interface Sessions {
  /** A new one-time token for a link. */
  invite(): string;
  /** The cookie of a new session; undefined when the token is not one, was used, or is too old. */
  redeem(token: string): Promise<string | undefined>;
  /** The session of a cookie. */
  find(cookie: string | undefined): Promise<Session | undefined>;
  end(cookie: string): Promise<void>;
}

/** Sessions on a desk. `now` is the wall clock's, whatever the clock of the mentions. */
export function createSessions(desk: Desk, now: () => Millis): Sessions {
  const links = new Map<string, Millis>();
  return {
    invite() {
      for (const [hash, until] of links) if (until <= now() || links.size >= MOST_LINKS) links.delete(hash);
      const token = randomBytes(32).toString('base64url');
      links.set(hashOf(token), now() + LINK_MS);
      return token;
    },
    async redeem(token) {
      const until = links.get(hashOf(token));
      // Forgotten before anything is waited for: two requests at once cannot both use it.
      links.delete(hashOf(token));
      if (until === undefined || until <= now()) return undefined;
      await clear(desk, now());
      const cookie = randomBytes(32).toString('base64url');
      await desk.put(NOBODY, KIND, hashOf(cookie), { expiresAt: now() + SESSION_MS }, undefined);
      return cookie;
    },
    async find(cookie) {
      if (cookie === undefined || cookie.length > 100) return undefined;
      const kept = await desk.get(NOBODY, KIND, hashOf(cookie));
      const expiresAt = expiryOf(kept?.value);
      if (expiresAt === undefined || expiresAt <= now()) return undefined;
      return { token: createHmac('sha256', cookie).update('changes').digest('base64url'), expiresAt };
    },
    async end(cookie) {
      await forget(desk, hashOf(cookie));
    },
  };
}

/** Whether a request carries the session's token. */
export function carries(session: Session, sent: unknown): boolean {
  if (typeof sent !== 'string') return false;
  const [a, b] = [Buffer.from(hashOf(sent)), Buffer.from(hashOf(session.token))];
  return timingSafeEqual(a, b);
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function expiryOf(value: Json | undefined): Millis | undefined {
  const { expiresAt } = (value ?? {}) as { expiresAt?: unknown };
  return typeof expiresAt === 'number' ? expiresAt : undefined;
}

async function clear(desk: Desk, now: Millis): Promise<void> {
  const { items } = await desk.list(NOBODY, KIND, { limit: MOST_CLEARED });
  for (const { id, value } of items) if ((expiryOf(value) ?? 0) <= now) await forget(desk, id);
}

async function forget(desk: Desk, id: string): Promise<void> {
  const kept = await desk.get(NOBODY, KIND, id);
  if (kept === undefined) return;
  try {
    await desk.put(NOBODY, KIND, id, undefined, kept.version);
  } catch (error) {
    // Somebody else ended it meanwhile.
    if (!(error instanceof Conflict)) throw error;
  }
}
