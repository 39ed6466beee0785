import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isPrivateAddress, payloadOf, webhook } from '../../src/notifiers/webhook.ts';
import { depsOf } from './deps.ts';
import { AT, sample } from './sample.ts';

const never = new AbortController().signal;
type Call = { readonly url: string; readonly init: RequestInit };

/** A notifier whose requests go nowhere and are answered by the test. */
function scripted(url: string, answer: (call: Call, n: number) => Response, config: object = { allow_private: true }) {
  const calls: Call[] = [];
  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const call = { url: input as string, init };
    calls.push(call);
    return answer(call, calls.length);
  };
  const notifier = webhook.create(webhook.config.parse({ url, secret: 'shared-secret', ...config }), depsOf({ fetch }));
  return { notifier, calls };
}

describe('webhook', () => {
  it('signs exactly the bytes that it sends, and gives the key', async () => {
    const { notifier, calls } = scripted('https://example.org/h', () => new Response(null, { status: 200 }));
    await notifier.notify(sample(), never);
    const { headers, body } = calls[0]!.init as { headers: Record<string, string>; body: string };
    const t = AT / 1000;
    const v1 = createHmac('sha256', 'shared-secret').update(`${t}.${body}`).digest('hex');
    expect(headers['x-vigie-signature']).toBe(`t=${t},v1=${v1}`);
    expect(headers['idempotency-key']).toBe(sample().key);
  });

  it('says everything in ISO times and in words of the language', () => {
    const payload = payloadOf(sample({ language: 'en', demo: true }));
    expect(payload).toMatchObject({
      version: 1,
      demo: true,
      reason: 'first',
      at: '2026-03-12T13:14:00.000Z',
      alerts: [{ rule: 'bad-buzz', severity: 'critical', startsAt: '2026-03-12T13:02:00.000Z', title: 'Bad buzz' }, {}],
      brief: { mentions: 101, first: { at: '2026-03-12T12:48:00.000Z' }, freshness: [{}, {}, { source: 'bluesky' }] },
    });
    expect(JSON.stringify({ ...payload, alerts: payload.alerts.map((alert) => ({ ...alert, id: '' })) })).not.toMatch(
      /\b1773\d{9}\b/,
    );
  });

  it('follows a redirect on the same origin with its body, and no other', async () => {
    const to = (location: string, status: number) => (_: Call, n: number) =>
      n === 1 ? new Response(null, { status, headers: { location } }) : new Response(null, { status: 200 });
    const same = scripted('https://example.org/h', to('/there', 308));
    await same.notifier.notify(sample(), never);
    expect(same.calls.map(({ url, init }) => `${init.method} ${url}`)).toEqual([
      'POST https://example.org/h',
      'POST https://example.org/there',
    ]);
    for (const [location, status] of [
      ['https://evil.example/h', 308],
      ['http://example.org/h', 307],
      ['http://169.254.169.254/latest', 302],
      ['/there', 302],
    ] as const) {
      const other = scripted('https://example.org/h', to(location, status));
      await expect(other.notifier.notify(sample(), never)).rejects.toMatchObject({ retryable: false });
      expect(other.calls).toHaveLength(1);
    }
    const endless = scripted(
      'https://example.org/h',
      () => new Response(null, { status: 307, headers: { location: '/h' } }),
    );
    await expect(endless.notifier.notify(sample(), never)).rejects.toMatchObject({ retryable: false });
    expect(endless.calls).toHaveLength(3);
  });

  it.each([
    ['30', 30_000],
    [new Date(AT + 90_000).toUTCString(), 90_000],
    [new Date(AT - 90_000).toUTCString(), 0],
    ['soon', undefined],
  ])('hears Retry-After: %s', async (header, retryAfterMs) => {
    const answer = (): Response => new Response(null, { status: 429, headers: { 'retry-after': header } });
    const { notifier } = scripted('https://example.org/h', answer);
    await expect(notifier.notify(sample(), never)).rejects.toMatchObject({ retryable: true, retryAfterMs });
  });

  it.each([
    'http://127.0.0.1/h',
    'http://localhost/h',
    'http://2130706433/h',
    'http://0x7f.1/h',
    'http://[::1]/h',
    'http://[::ffff:10.0.0.1]/h',
    'http://10.1.2.3/h',
    'http://192.168.0.1/h',
    'http://169.254.169.254/latest',
    'http://0.0.0.0/h',
  ])('does not reach into the machine or its network: %s', async (url) => {
    const { notifier, calls } = scripted(url, () => new Response(), {});
    await expect(notifier.notify(sample(), never)).rejects.toMatchObject({ retryable: false });
    await expect(notifier.verify(never)).rejects.toMatchObject({ retryable: false });
    expect(calls).toHaveLength(0);
  });

  it('knows public addresses from private ones', () => {
    for (const address of ['8.8.8.8', '93.184.216.34', '2606:4700::1111'])
      expect(isPrivateAddress(address)).toBe(false);
    for (const address of ['172.16.0.1', '100.64.1.1', 'fd00::1', 'fe80::1', '::ffff:127.0.0.1', '64:ff9b::a00:1', 'x'])
      expect(isPrivateAddress(address)).toBe(true);
  });

  it('takes http and https only', () => {
    for (const url of ['ftp://example.org', 'file:///etc/passwd', 'javascript:alert(1)', 'example.org'])
      expect(webhook.config.safeParse({ url }).success).toBe(false);
  });
});
