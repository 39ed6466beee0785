/** Posts alerts as signed JSON to a program. */
import { createHmac } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { languageOf, say } from '../i18n/index.ts';
import { defineNotifier } from '../model/define.ts';
import { NotifyError } from '../model/errors.ts';
import type { Alert, Millis, Notification } from '../model/types.ts';

/** Answers that say "not now": everything else that is no success is a refusal. */
const TRY_AGAIN = new Set([408, 409, 421, 423, 425, 429, 500, 502, 503, 504]);
const TIMEOUT_MS = 20_000;
const MAX_REDIRECTS = 2;

export const webhook = defineNotifier({
  type: 'webhook',
  summary: 'Posts each message as signed JSON to an address of yours.',
  config: z.strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .describe('Where to post; http or https. Redirects are followed on the same origin only.'),
    secret: z
      .string()
      .min(8)
      .optional()
      .describe('Signs each request: X-Vigie-Signature: t=<unix>,v1=<hex HMAC-SHA256>.'),
    allow_private: z.boolean().default(false).describe('Allow addresses of this machine or of the local network.'),
  }),
  examples: [
    { title: 'A program on the internet', config: { url: 'https://example.org/hook', secret: 'env:HOOK_SECRET' } },
    { title: 'A program beside', config: { url: 'http://127.0.0.1:9000/alerts', allow_private: true } },
  ],
  create: ({ url, secret, allow_private }, { fetch, now }) => {
    const origin = new URL(url).origin;

    async function send(to: URL, init: RequestInit, redirects = 0): Promise<Response> {
      const response = await fetch(to.href, init);
      const next = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || response.status === 304) return response;
      await response.body?.cancel();
      const target = next === null ? undefined : URL.parse(next, to.href);
      const keepsBody = response.status === 307 || response.status === 308;
      if (!target || target.origin !== origin || !keepsBody || redirects >= MAX_REDIRECTS)
        throw new NotifyError(`${origin} redirects (${response.status}): give the final address`, { retryable: false });
      return send(target, init, redirects + 1);
    }

    return {
      channel: 'webhook',
      async notify(notification, signal) {
        const body = JSON.stringify(payloadOf(notification));
        const t = Math.floor(now() / 1000);
        await guarded(origin, async () => {
          if (!allow_private) await refusePrivate(new URL(url).hostname);
          const response = await send(new URL(url), {
            method: 'POST',
            redirect: 'manual',
            signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
            headers: {
              'content-type': 'application/json',
              'user-agent': 'vigie',
              'idempotency-key': notification.key,
              ...(secret === undefined ? {} : { 'x-vigie-signature': `t=${t},v1=${signatureOf(secret, t, body)}` }),
            },
            body,
          });
          await response.body?.cancel();
          if (response.ok) return;
          const retryAfterMs = retryAfterOf(response.headers.get('retry-after'), now());
          throw new NotifyError(`${origin} answered ${response.status}`, {
            retryable: TRY_AGAIN.has(response.status),
            ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
          });
        });
      },
      /** Any answer to HEAD short of a server's failure says that somebody is there; it carries no message. */
      async verify(signal) {
        await guarded(origin, async () => {
          if (!allow_private) await refusePrivate(new URL(url).hostname);
          const response = await fetch(url, {
            method: 'HEAD',
            redirect: 'manual',
            signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
          });
          await response.body?.cancel();
          if ([401, 403, 404, 410].includes(response.status) || response.status >= 500)
            throw new NotifyError(`${origin} answered ${response.status}`, { retryable: response.status >= 500 });
        });
      },
    };
  },
});

/** The hex HMAC-SHA256 of `<t>.<raw body>`: what a receiver compares. */
export function signatureOf(secret: string, t: number, body: string): string {
  return createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
}

/** Whatever goes wrong below becomes a NotifyError that names the origin alone: a path or query may hold a token. */
async function guarded(origin: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof NotifyError) throw error;
    const { name, cause } = error as { name?: string; cause?: { code?: string } };
    const why =
      name === 'TimeoutError'
        ? 'no answer in time'
        : name === 'AbortError'
          ? 'stopped'
          : (cause?.code ?? 'cannot be reached');
    throw new NotifyError(`${origin}: ${why}`, { retryable: true });
  }
}

/** Seconds or a date; undefined when there is none that can be read. */
function retryAfterOf(header: string | null, now: Millis): Millis | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

const inward = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  inward.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  inward.addSubnet(network, prefix, 'ipv6');

/** True for an address of this machine, the local network, or one that leads nowhere public. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  return family === 0 || inward.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

async function refusePrivate(hostname: string): Promise<void> {
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(host) ? [host] : (await lookup(host, { all: true })).map(({ address }) => address);
  if (addresses.some(isPrivateAddress))
    throw new NotifyError('the address is private: say allow_private: true if that is meant', { retryable: false });
}

/** What a program gets: the words are in the notification's language, times in ISO 8601, UTC. */
export function payloadOf(notification: Notification) {
  const { key, reason, incident, receiver, demo, at, alerts, brief } = notification;
  return {
    version: 1,
    key,
    reason,
    incident,
    receiver,
    demo,
    at: iso(at),
    alerts: alerts.map((alert) => alertOf(alert, notification)),
    ...(brief
      ? {
          brief: {
            ...brief,
            from: iso(brief.from),
            to: iso(brief.to),
            ...(brief.first ? { first: { ...brief.first, at: iso(brief.first.at) } } : {}),
            posts: brief.posts.map((post) => ({ ...post, at: iso(post.at) })),
            ...(brief.pace ? { pace: brief.pace.map((point) => ({ ...point, at: iso(point.at) })) } : {}),
            freshness: brief.freshness.map(({ source, lastReadAt, blindSince }) => ({
              source,
              ...(lastReadAt === undefined ? {} : { lastReadAt: iso(lastReadAt) }),
              ...(blindSince === undefined ? {} : { blindSince: iso(blindSince) }),
            })),
          },
        }
      : {}),
  };
}

function alertOf(alert: Alert, { language, timezone }: Notification) {
  const reader = languageOf(language);
  return {
    id: alert.id,
    client: alert.client,
    rule: alert.rule,
    brand: alert.brand,
    scope: alert.scope,
    severity: alert.severity,
    status: alert.status,
    title: alert.title[reader] ?? Object.values(alert.title)[0] ?? alert.rule,
    summary: alert.summary[reader] ?? Object.values(alert.summary)[0] ?? '',
    labels: alert.labels,
    startsAt: iso(alert.startsAt),
    ...(alert.endsAt === undefined ? {} : { endsAt: iso(alert.endsAt) }),
    at: iso(alert.at),
    observed: alert.observed,
    expected: alert.expected,
    ...(alert.measure === undefined ? {} : { measure: alert.measure }),
    window: alert.window,
    ...(alert.story === undefined ? {} : { story: alert.story }),
    because: alert.because.map((text) => say(reader, text, timezone)),
    evidence: alert.evidence,
  };
}

function iso(at: Millis): string {
  return new Date(at).toISOString();
}
