import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { HookRequest } from '../../src/model/define.ts';
import { webhook } from '../../src/sources/webhook.ts';
import { openWorld } from './support.ts';

describe('a hook', () => {
  test('hands the raw bytes of any content type to its source, and answers what that says', async () => {
    await using world = await openWorld();
    const taken: HookRequest[] = [];
    const unbind = world.server.hook('inbox', async (request) => {
      taken.push(request);
      return { status: 503, body: { error: 'later' }, retryAfterS: 7 };
    });
    for (const type of [
      'application/json',
      'application/x-ndjson',
      'text/plain; charset=latin1',
      'image/png',
      undefined,
    ]) {
      const answer = await world.server.inject({
        method: 'POST',
        url: '/hooks/inbox',
        payload: Buffer.from([0xff, 0x00, 0x7b]),
        headers: { 'x-vigie-signature': 't=1,v1=00', ...(type === undefined ? {} : { 'content-type': type }) },
      });
      expect([answer.statusCode, answer.json(), answer.headers['retry-after']]).toEqual([503, { error: 'later' }, '7']);
    }
    expect(taken).toHaveLength(5);
    expect([...taken[0]!.body]).toEqual([0xff, 0x00, 0x7b]);
    expect(taken[0]!.headers['x-vigie-signature']).toBe('t=1,v1=00');
    expect(() => world.server.hook('inbox', async () => ({ status: 200, body: {} }))).toThrow('bound already');
    unbind();
    const gone = await world.server.inject({ method: 'POST', url: '/hooks/inbox', payload: '{}' });
    expect([gone.statusCode, gone.json().error.code]).toEqual([404, 'unknown-hook']);
  });

  test('that throws is told by its reference', async () => {
    await using world = await openWorld();
    world.server.hook('inbox', async () => {
      throw new Error('secret insides');
    });
    const answer = await world.server.inject({ method: 'POST', url: '/hooks/inbox', payload: '{}' });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('insides');
  });

  test('takes signed posts for a webhook source, from any computer, and refuses unsigned ones', async () => {
    await using world = await openWorld();
    const now = Date.now();
    const stop = new AbortController();
    const source = webhook.create(webhook.config.parse({ secret: 'shared-secret' }), {
      name: 'inbox',
      fetch,
      hook: world.server.hook,
      queries: () => [],
      now: () => now,
      sleep: (ms, signal) => sleep(ms, undefined, { signal }),
      stdin: async function* () {},
    });
    const ids: string[] = [];
    const reading = (async () => {
      for await (const batch of source.read(undefined, stop.signal)) {
        ids.push(...batch.items.map(({ nativeId }) => nativeId));
        batch.done?.();
      }
    })();
    await sleep(0);
    const payload = JSON.stringify([
      { id: '1', text: 'one' },
      { id: '2', text: 'two' },
    ]);
    const t = Math.floor(now / 1000);
    const v1 = createHmac('sha256', 'shared-secret').update(`${t}.${payload}`).digest('hex');
    const send = (signature: string) =>
      world.server.inject({
        method: 'POST',
        url: '/hooks/inbox',
        payload,
        remoteAddress: '203.0.113.9',
        headers: { 'x-vigie-signature': signature, 'x-forwarded-for': '198.51.100.1', host: 'vigie.example.org' },
      });
    const accepted = await send(`t=${t},v1=${v1}`);
    expect([accepted.statusCode, accepted.json()]).toEqual([202, { accepted: 2 }]);
    expect((await send(`t=${t},v1=${v1.replace(/./g, '0')}`)).statusCode).toBe(401);
    expect((await send('')).statusCode).toBe(401);
    expect(ids).toHaveLength(2);
    stop.abort();
    await reading;
  });

  test('that is full says so before the body is read, and takes more when there is room again', async () => {
    await using world = await openWorld({ mostHookBytes: 1_000 });
    const { promise: room, resolve: makeRoom } = Promise.withResolvers<void>();
    world.server.hook('inbox', async () => {
      await room;
      return { status: 202, body: { accepted: 1 } };
    });
    const { port } = new URL(await world.server.listen());
    const url = `http://127.0.0.1:${port}/hooks/inbox`;
    const first = fetch(url, { method: 'POST', body: 'x'.repeat(900) });
    await sleep(50);
    // Only the head is sent: the answer cannot have waited for a body.
    const early = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(`POST /hooks/inbox HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-length: 200\r\n\r\n`);
      });
      let text = '';
      socket.on('data', (bytes: Buffer) => {
        text += bytes.toString();
      });
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    expect(early).toMatch(/^HTTP\/1\.1 503 /);
    expect(early).toMatch(/retry-after: 5/i);
    expect(early).toContain('"code":"full"');
    makeRoom();
    expect((await first).status).toBe(202);
    await sleep(20);
    expect((await fetch(url, { method: 'POST', body: 'x'.repeat(900) })).status).toBe(202);
  });

  test('takes no body beyond its limit', async () => {
    await using world = await openWorld();
    world.server.hook('inbox', async () => ({ status: 202, body: {} }));
    const answer = await world.server.inject({
      method: 'POST',
      url: '/hooks/inbox',
      payload: 'x',
      headers: { 'content-length': String(60 * 1024 * 1024) },
    });
    expect([answer.statusCode, answer.json().error.code]).toEqual([413, 'too-large']);
  });

  test('that never answers is given up, and the sender is asked to come back', async () => {
    await using world = await openWorld({ hookLimitMs: 30 });
    world.server.hook('inbox', () => new Promise(() => undefined));
    const answer = await world.server.inject({ method: 'POST', url: '/hooks/inbox', payload: '{}' });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5']);
  });
});
