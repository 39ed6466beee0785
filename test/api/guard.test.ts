import { request } from 'node:http';
import { describe, expect, test } from 'vitest';
import { isLoopback, refusalOf } from '../../src/api/guard.ts';
import { fill, openWorld } from './support.ts';

const host = '127.0.0.1:4600';

describe('until accounts exist', () => {
  test.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['[::1]', true],
    ['0:0:0:0:0:0:0:1', true],
    ['::ffff:127.0.0.1', true],
    ['localhost', true],
    ['LOCALHOST', true],
    ['128.0.0.1', false],
    ['0.0.0.0', false],
    ['::', false],
    ['::2', false],
    ['1::1', false],
    ['fe80::1', false],
    ['10.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['localhost.example.org', false],
    ['127.0.0.1.example.org', false],
    ['2130706433', false],
    ['', false],
  ])('%s is this computer: %s', (name, expected) => {
    expect(isLoopback(name)).toBe(expected);
  });

  test.each<[string, string | undefined, Record<string, string>, string | undefined]>([
    ['a program here', '127.0.0.1', { host }, undefined],
    [
      'a browser here',
      '::1',
      { host: '[::1]:4600', origin: 'http://[::1]:4600', 'sec-fetch-site': 'same-origin' },
      undefined,
    ],
    ['an address typed into the browser', '127.0.0.1', { host: 'localhost:4600', 'sec-fetch-site': 'none' }, undefined],
    [
      'a link followed from elsewhere',
      '127.0.0.1',
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
      undefined,
    ],
    ['another computer', '192.168.1.7', { host }, 'remote'],
    ['an unknown peer', undefined, { host }, 'remote'],
    ['a proxy', '127.0.0.1', { host, 'x-forwarded-for': '203.0.113.9' }, 'proxy'],
    ['a proxy, by the standard', '127.0.0.1', { host, forwarded: 'for=203.0.113.9' }, 'proxy'],
    ['a name that somebody points here', '127.0.0.1', { host: 'evil.example.org:4600' }, 'host'],
    ['a name that looks like here', '127.0.0.1', { host: 'localhost@evil.example.org' }, 'host'],
    ['no name', '127.0.0.1', {}, 'host'],
    ['a script of another website', '127.0.0.1', { host, origin: 'https://evil.example.org' }, 'origin'],
    ['a sandboxed frame', '127.0.0.1', { host, origin: 'null' }, 'origin'],
    ['another server of this computer', '127.0.0.1', { host, origin: 'http://127.0.0.1:3000' }, 'origin'],
    [
      'an image in another website',
      '127.0.0.1',
      { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      'origin',
    ],
  ])('%s', (_who, address, headers, expected) => {
    expect(refusalOf({ address, method: 'GET', headers })).toBe(expected);
  });

  test('a form that another website sends is no link', () => {
    const headers = { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect(refusalOf({ address: '127.0.0.1', method: 'POST', headers })).toBe('origin');
  });

  test('every route but health and hooks refuses, in plain words', async () => {
    await using world = await openWorld();
    await fill(world);
    const paths = ['/readyz', '/metrics', '/', '/nothing', '/api/v1/openapi.json', '/api/v1/nothing'].concat(
      ['mentions', 'series', 'facets', 'alerts', 'alerts/x', 'signals', 'sources', 'brands', 'about', 'live'].map(
        (name) => `/api/v1/${name}`,
      ),
    );
    const worlds: [object, string][] = [
      [{ remoteAddress: '192.168.1.7' }, 'remote'],
      [{ headers: { 'x-real-ip': '203.0.113.9' } }, 'proxy'],
      [{ headers: { host: 'evil.example.org' } }, 'host'],
      [{ headers: { origin: 'https://evil.example.org' } }, 'origin'],
    ];
    for (const url of paths) {
      for (const [from, code] of worlds) {
        const answer = await world.server.inject({ method: 'GET', url, ...from });
        expect([url, answer.statusCode, answer.json().error.code]).toEqual([url, 403, code]);
        expect(answer.body).not.toContain('acme');
        expect(answer.headers['x-content-type-options']).toBe('nosniff');
      }
    }
    const triage = await world.server.inject({
      method: 'POST',
      url: '/api/v1/mentions/x:1/triage',
      payload: { brand: 'acme', status: 'dismissed', version: '' },
      headers: { origin: 'https://evil.example.org' },
    });
    expect(triage.statusCode).toBe(403);
    expect((await world.get('/api/v1/mentions?triage=dismissed')).json().items).toEqual([]);
    const words = await world.server.inject({
      method: 'GET',
      url: '/api/v1/about?lang=en',
      remoteAddress: '192.168.1.7',
    });
    expect(words.json().error.message).toMatch(/^Until accounts exist, Vigie answers only to the computer it runs on/);
    for (const url of ['/healthz', '/hooks/nobody']) {
      const method = url === '/healthz' ? 'GET' : 'POST';
      const answer = await world.server.inject({
        method,
        url,
        remoteAddress: '192.168.1.7',
        headers: { host: 'vigie.example.org' },
      });
      expect(answer.statusCode).toBe(method === 'GET' ? 200 : 404);
    }
  });

  test('a real request with a foreign Host is refused too', async () => {
    await using world = await openWorld();
    const { port } = new URL(await world.server.listen());
    const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
    request({ host: '127.0.0.1', port, path: '/api/v1/about', headers: { host: 'evil.example.org' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
    expect(await promise).toBe(403);
    expect((await fetch(`http://127.0.0.1:${port}/api/v1/about`)).status).toBe(200);
  });
});
