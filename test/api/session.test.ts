/** Signing in by the link that is printed once, and what is closed to whoever has not. */
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ListenRefused } from '../../src/api/server.ts';
import { LINK_MS, SESSION_MS } from '../../src/api/session.ts';
import { MemoryDesk } from '../../src/desk/memory.ts';
import { fill, noon, openWorld, type World } from './support.ts';

interface Browser {
  readonly base: string;
  ask(path: string, init?: RequestInit): Promise<Response>;
  cookie: string | undefined;
}

async function open(world: World): Promise<Browser> {
  const base = await world.server.listen();
  const browser: Browser = {
    base,
    cookie: undefined,
    async ask(path, init = {}) {
      const headers = new Headers(init.headers);
      if (browser.cookie !== undefined) headers.set('cookie', browser.cookie);
      const response = await fetch(new URL(path, base), { redirect: 'manual', ...init, headers });
      const set = response.headers.get('set-cookie');
      if (set !== null) browser.cookie = set.split(';')[0];
      return response;
    },
  };
  return browser;
}

async function codeOf(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

test('without a session the API is closed, in words; the page, health and the description are not', async () => {
  await using world = await openWorld({ signIn: true });
  const browser = await open(world);
  for (const path of [
    'mentions',
    'series',
    'facets',
    'alerts',
    'alerts/x',
    'sources',
    'brands',
    'about',
    'signals',
    'live',
    'boards',
  ]) {
    const response = await browser.ask(`/api/v1/${path}`);
    expect(response.status, path).toBe(401);
    expect(await codeOf(response)).toBe('sign-in');
  }
  const write = await browser.ask('/api/v1/mentions/x:1/triage', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  expect(write.status).toBe(401);
  const refused = await browser.ask('/api/v1/mentions', { headers: { 'accept-language': 'fr' } });
  expect(await refused.text()).toContain('terminal');
  expect((await browser.ask('/healthz')).status).toBe(200);
  expect((await browser.ask('/api/v1/openapi.json')).status).toBe(200);
  const session = await browser.ask('/api/v1/session');
  expect(await session.json()).toEqual({ signedIn: false, demo: false, language: 'fr' });
});

test('the link signs one browser in, once', async () => {
  await using world = await openWorld({ signIn: true });
  await fill(world);
  const browser = await open(world);
  const link = world.server.signInLink();
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?link=[\w-]{43}$/);
  const opened = await browser.ask(link);
  expect([opened.status, opened.headers.get('location')]).toEqual([303, '/']);
  const cookie = opened.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/^vigie-\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/);
  expect((await browser.ask('/api/v1/mentions')).status).toBe(200);
  expect(await (await browser.ask('/api/v1/session')).json()).toMatchObject({ signedIn: true });

  // Of the secret the desk knows the hash alone.
  const { items } = await world.desk.list('*', 'session', { limit: 10 });
  expect(items).toHaveLength(1);
  expect(JSON.stringify(items)).not.toContain(browser.cookie?.split('=')[1]);

  const other = { ...browser, cookie: undefined };
  const again = await fetch(link, { redirect: 'manual' });
  expect([again.status, again.headers.get('location'), again.headers.get('set-cookie')]).toEqual([
    303,
    '/?sign-in=spent',
    null,
  ]);
  expect(other.cookie).toBeUndefined();
  // Who is in already is not sent back to the door by an old link.
  expect((await browser.ask(link)).headers.get('location')).toBe('/');
});

test('a browser that looks ahead, a head and a wrong token use nothing up', async () => {
  await using world = await openWorld({ signIn: true });
  const browser = await open(world);
  const link = world.server.signInLink();
  expect((await browser.ask(link, { headers: { 'sec-purpose': 'prefetch;prerender' } })).status).toBe(204);
  expect((await browser.ask(link, { method: 'HEAD' })).headers.get('set-cookie')).toBeNull();
  expect((await browser.ask('/?link=wrong')).headers.get('location')).toBe('/?sign-in=spent');
  expect((await browser.ask(link)).headers.get('location')).toBe('/');
});

test('links and sessions end', async () => {
  let wall = noon;
  await using world = await openWorld({ signIn: true, wallNow: () => wall });
  const browser = await open(world);
  const late = world.server.signInLink();
  wall += LINK_MS;
  expect((await browser.ask(late)).headers.get('location')).toBe('/?sign-in=spent');
  expect((await browser.ask(world.server.signInLink())).headers.get('location')).toBe('/');
  wall += SESSION_MS - 1;
  expect((await browser.ask('/api/v1/about')).status).toBe(200);
  wall += 1;
  expect((await browser.ask('/api/v1/about')).status).toBe(401);
  // The next one who signs in clears it away.
  await browser.ask(world.server.signInLink());
  expect((await world.desk.list('*', 'session', { limit: 10 })).items).toHaveLength(1);
});

test('a change needs the session’s token beside its cookie', async () => {
  await using world = await openWorld({ signIn: true });
  await fill(world);
  const browser = await open(world);
  await browser.ask(world.server.signInLink());
  const { token } = (await (await browser.ask('/api/v1/session')).json()) as { token: string };
  const change = (headers: Readonly<Record<string, string>>) =>
    browser.ask(`/api/v1/mentions/${encodeURIComponent('x:1')}/triage`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ brand: 'acme', status: 'answered', version: '' }),
    });
  const without = await change({});
  expect([without.status, await codeOf(without)]).toEqual([403, 'token']);
  expect((await change({ 'x-vigie-token': `${token}x` })).status).toBe(403);
  expect((await change({ 'x-vigie-token': token, origin: 'http://evil.example' })).status).toBe(403);
  expect((await change({ 'x-vigie-token': token })).status).toBe(200);
});

test('signing out ends the session here and everywhere', async () => {
  await using world = await openWorld({ signIn: true });
  const browser = await open(world);
  await browser.ask(world.server.signInLink());
  const stolen = browser.cookie ?? '';
  const { token } = (await (await browser.ask('/api/v1/session')).json()) as { token: string };
  const out = await browser.ask('/api/v1/session', { method: 'DELETE', headers: { 'x-vigie-token': token } });
  expect(out.status).toBe(204);
  expect(out.headers.get('set-cookie')).toContain('Max-Age=0');
  browser.cookie = stolen;
  expect((await browser.ask('/api/v1/about')).status).toBe(401);
});

test('a session outlives a restart, where the desk does', async () => {
  const desk = new MemoryDesk();
  const before = await openWorld({ signIn: true, desk });
  const first = await open(before);
  await first.ask(before.server.signInLink());
  const { cookie } = first;
  const port = Number(new URL(first.base).port);
  await before.server[Symbol.asyncDispose]();
  await using world = await openWorld({ signIn: true, desk, port });
  const browser = await open(world);
  browser.cookie = cookie;
  expect((await browser.ask('/api/v1/about')).status).toBe(200);
});

test('live events need a session too', async () => {
  await using world = await openWorld({ signIn: true });
  const browser = await open(world);
  const status = (cookie?: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(browser.base.replace('http', 'ws') + '/api/v1/live', {
        headers: cookie ? { cookie } : {},
      });
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('open', () => {
        resolve(101);
        socket.close();
      });
      socket.on('error', reject);
    });
  expect(await status()).toBe(401);
  await browser.ask(world.server.signInLink());
  expect(await status(browser.cookie)).toBe(101);
});

test('whoever tries links by the dozen has to wait', async () => {
  await using world = await openWorld({ signIn: true });
  const browser = await open(world);
  const answers: number[] = [];
  for (let i = 0; i < 12; i++) answers.push((await browser.ask(`/?link=guess${i}`)).status);
  expect(answers.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 303));
  expect(answers.slice(10)).toEqual([429, 429]);
  expect((await browser.ask('/api/v1/session')).status).toBe(200);
});

test('at most eight links wait; the oldest makes room', async () => {
  await using world = await openWorld({ signIn: true });
  const browser = await open(world);
  const links = Array.from({ length: 9 }, () => world.server.signInLink());
  expect((await browser.ask(links[0] ?? '')).headers.get('location')).toBe('/?sign-in=spent');
  expect((await browser.ask(links[1] ?? '')).headers.get('location')).toBe('/');
});

test('no link before the server listens, nor without sign-in; other hosts stay refused', async () => {
  await using world = await openWorld({ signIn: true });
  expect(() => world.server.signInLink()).toThrow(/no link/);
  await using plain = await openWorld();
  await plain.server.listen();
  expect(() => plain.server.signInLink()).toThrow(/no link/);
  await using wide = await openWorld({ signIn: true, host: '0.0.0.0' });
  await expect(wide.server.listen()).rejects.toThrow(ListenRefused);
});
