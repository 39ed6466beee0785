import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { SourceError } from '../../src/model/errors.ts';
import type { SourceBatch } from '../../src/model/ports.ts';
import type { Json } from '../../src/model/types.ts';
import { feed } from '../../src/sources/feed.ts';
import { isPrivateAddress } from '../../src/sources/lib/fetch-document.ts';
import { sourceContract } from '../contract/source.ts';
import { make, postsOf, readAll, reasonsOf, testDeps } from './support.ts';

type Route = (request: IncomingMessage, response: ServerResponse) => void;

interface Site extends AsyncDisposable {
  readonly url: string;
  readonly routes: Map<string, Route>;
  readonly requests: IncomingMessage[];
}

async function openSite(): Promise<Site> {
  const routes = new Map<string, Route>();
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const route = routes.get(new URL(request.url ?? '/', 'http://x').pathname);
    if (route) route(request, response);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    routes,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const entry = (id: string, more = '') =>
  `<item><guid isPermaLink="false">${id}</guid><title>Titre ${id}</title><description>Texte ${id}</description>${more}<pubDate>Fri, 20 Nov 2026 10:00:00 GMT</pubDate></item>`;
const rss = (items: string, head = '') =>
  `<?xml version="1.0"?><rss version="2.0"><channel><title>Gazette</title>${head}${items}</channel></rss>`;
const serve =
  (body: string | Uint8Array, headers: Record<string, string> = {}, status = 200): Route =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/rss+xml', ...headers }).end(body);
  };

sourceContract('feed', async () => {
  const site = await openSite();
  const items: string[] = [];
  // The test counts sockets: none may stay for a next request.
  const close = { connection: 'close' };
  site.routes.set('/rss', (_request, response) => response.writeHead(200, close).end(rss(items.join(''))));
  return {
    create: () =>
      make(
        feed,
        { urls: [site.url.replace('//', '//jane:hidden-word@') + '/rss?key=hidden-key'], allow_private: true },
        testDeps().deps,
      ),
    touched: () => site.requests.length,
    offer: (ids) => {
      items.unshift(...ids.map((id) => entry(id)));
      return Promise.resolve();
    },
    postId: (id) => `press:127.0.0.1/${id}`,
    offerBroken: () => {
      items.unshift('<item><guid>broken</guid></item>');
      return Promise.resolve();
    },
    twins: () => [
      { nativeId: 'h/7', body: { id: 'h/7', source: 'press', op: 'create', text: 'one' } },
      { nativeId: 'h/7', body: { id: 'h/7', source: 'press', op: 'update', text: 'two' } },
    ],
    fail: () => {
      site.routes.set('/rss', (_request, response) => response.writeHead(500).end('hidden-key'));
      return Promise.resolve();
    },
    secrets: ['hidden-word', 'hidden-key', 'jane'],
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
});

/** Polls `rounds` times with a clock that jumps over every wait. */
async function pollRounds(
  config: z.input<typeof feed.config>,
  rounds: number,
  options: { from?: Json; between?: (round: number) => void; startAt?: number } = {},
): Promise<{ batches: SourceBatch[]; cursor: Json | undefined; waits: number[]; source: ReturnType<typeof make> }> {
  let now = options.startAt ?? Date.UTC(2026, 10, 20, 12);
  const waits: number[] = [];
  const stop = new AbortController();
  const source = make(
    feed,
    { allow_private: true, ...config },
    testDeps({
      now: () => now,
      sleep: (ms) => {
        waits.push(ms);
        now += ms;
        if (waits.length >= rounds) stop.abort();
        else options.between?.(waits.length);
        return Promise.resolve();
      },
    }).deps,
  );
  const batches: SourceBatch[] = [];
  let cursor = options.from;
  for await (const batch of source.read(options.from, stop.signal)) {
    batches.push(batch);
    cursor = batch.cursor ?? cursor;
  }
  return { batches, cursor, waits, source };
}

describe('feed', () => {
  test('asks conditionally, verbatim, and takes 304 for nothing new', async () => {
    await using site = await openSite();
    const etag = 'W/"a b,c"';
    const modified = 'Fri, 20 Nov 2026 09:59:00 GMT';
    site.routes.set('/rss', (request, response) => {
      if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
      else response.writeHead(200, { etag, 'last-modified': modified }).end(rss(entry('1')));
    });
    const { batches, cursor } = await pollRounds({ urls: [`${site.url}/rss`] }, 2);
    expect(batches.map((batch) => batch.items.length)).toEqual([1, 0]);
    expect(site.requests[1]?.headers).toMatchObject({ 'if-none-match': etag, 'if-modified-since': modified });
    const again = await pollRounds({ urls: [`${site.url}/rss`] }, 1, {
      from: JSON.parse(JSON.stringify(cursor)) as Json,
    });
    expect(again.batches.flatMap((batch) => batch.items)).toEqual([]);
    expect(site.requests[2]?.headers['if-none-match']).toBe(etag);
  });

  test('an edited entry is an update, a vanished one is nothing, a tombstone is a deletion, each told once', async () => {
    await using site = await openSite();
    const atom = (entries: string) =>
      `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0"><title>V</title>${entries}</feed>`;
    const one = (id: string, text: string) =>
      `<entry><id>yt:video:${id}</id><title>T${id}</title><summary>${text}</summary><updated>2026-11-20T10:00:00Z</updated></entry>`;
    const versions = [
      atom(one('1', 'avant') + one('2', 'deux')),
      atom(one('1', 'après') + one('3', 'trois')),
      atom('<at:deleted-entry ref="yt:video:2" when="2026-11-20T11:00:00Z"/>' + one('1', 'après')),
      atom('<at:deleted-entry ref="yt:video:2" when="2026-11-20T11:00:00Z"/>' + one('3', 'trois')),
    ];
    site.routes.set('/atom', (_request, response) =>
      response.end(versions[Math.min(site.requests.length, versions.length) - 1]),
    );
    const { batches, source } = await pollRounds({ urls: [`${site.url}/atom`], source: 'youtube' }, 5);
    const told = batches.map((batch) => postsOf(source, batch.items).map(({ op, id, text }) => `${op} ${id} ${text}`));
    const id = (n: number) => `youtube:127.0.0.1/yt:video:${n}`;
    expect(told).toEqual([
      [`create ${id(1)} avant`, `create ${id(2)} deux`],
      [`update ${id(1)} après`, `create ${id(3)} trois`],
      [`delete ${id(2)} `],
      [],
      [],
    ]);
  });

  test('follows a site to its new address for good after 301 and 308, for once after 302', async () => {
    await using site = await openSite();
    site.routes.set('/old', serve('', { location: '/older' }, 301));
    site.routes.set('/older', serve('', { location: `${site.url}/new` }, 308));
    site.routes.set('/new', serve(rss(entry('1'))));
    site.routes.set('/hop', serve('', { location: '/new' }, 302));
    await pollRounds({ urls: [`${site.url}/old`] }, 2);
    expect(site.requests.map(({ url }) => url)).toEqual(['/old', '/older', '/new', '/new']);
    site.requests.length = 0;
    await pollRounds({ urls: [`${site.url}/hop`] }, 2);
    expect(site.requests.map(({ url }) => url)).toEqual(['/hop', '/new', '/hop', '/new']);
  });

  test('one bad feed does not stop the others, is named once, and is asked less often', async () => {
    await using site = await openSite();
    site.routes.set('/good', serve(rss(entry('1'))));
    site.routes.set(
      '/page',
      serve('<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>'),
    );
    const { batches, source } = await pollRounds({ urls: [`${site.url}/page?token=abc`, `${site.url}/good`] }, 8);
    const items = batches.flatMap((batch) => batch.items);
    expect(reasonsOf(source, items)).toEqual([
      expect.stringMatching(
        /^feed 127\.0\.0\.1:\d+\/page: this is a web page, not a feed; the page names this feed: \/feed$/,
      ),
    ]);
    expect(items).toHaveLength(2);
    const asked = (path: string) => site.requests.filter(({ url }) => url?.startsWith(path)).length;
    expect(asked('/page')).toBeLessThan(asked('/good'));
  });

  test('when all fail it throws, with the wait that the server asked for', async () => {
    await using site = await openSite();
    site.routes.set('/a', serve('', { 'retry-after': '900' }, 429));
    site.routes.set('/b', serve('', {}, 503));
    const failure = await pollRounds({ urls: [`${site.url}/a`] }, 1).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(SourceError);
    expect(failure).toMatchObject({
      retryable: true,
      retryAfterMs: 900_000,
      message: expect.stringMatching(/HTTP 429/),
    });
    await expect(pollRounds({ urls: [`${site.url}/a`, `${site.url}/b`] }, 1)).rejects.toThrow(/HTTP 429.*HTTP 503/);
    site.routes.set('/date', serve('', { 'retry-after': new Date(Date.UTC(2026, 10, 20, 12, 30)).toUTCString() }, 503));
    await expect(pollRounds({ urls: [`${site.url}/date`] }, 1)).rejects.toMatchObject({ retryAfterMs: 1_800_000 });
  });

  test('410 stops for good', async () => {
    await using site = await openSite();
    site.routes.set('/gone', serve('', {}, 410));
    site.routes.set('/good', serve(rss(entry('1'))));
    const { cursor } = await pollRounds({ urls: [`${site.url}/gone`, `${site.url}/good`] }, 3);
    expect(site.requests.filter(({ url }) => url === '/gone')).toHaveLength(1);
    await pollRounds({ urls: [`${site.url}/gone`, `${site.url}/good`] }, 1, { from: cursor! });
    expect(site.requests.filter(({ url }) => url === '/gone')).toHaveLength(1);
    await expect(pollRounds({ urls: [`${site.url}/gone`] }, 1, { from: cursor! })).rejects.toMatchObject({
      retryable: false,
    });
  });

  test('asks as often as configured, less often where the feed wishes so, never more than each minute', async () => {
    await using site = await openSite();
    const waitsOf = async (config: object, head = '', headers: Record<string, string> = {}) => {
      site.routes.set('/rss', serve(rss(entry('1'), head), headers));
      return (await pollRounds({ urls: [`${site.url}/rss`], ...config }, 1)).waits[0]! / 60_000;
    };
    expect(await waitsOf({})).toBe(5);
    expect(await waitsOf({ every: '1s' })).toBe(1);
    expect(await waitsOf({}, '<ttl>30</ttl>')).toBe(30);
    expect(await waitsOf({ respect_hints: false }, '<ttl>30</ttl>')).toBe(5);
    expect(await waitsOf({}, '', { 'cache-control': 'public, max-age=1200' })).toBe(20);
    expect(await waitsOf({}, '<ttl>100000</ttl>')).toBe(360);
    // It is 12:00 UTC: the hours 12 and 13 are skipped.
    expect(await waitsOf({}, '<skipHours><hour>12</hour><hour>13</hour></skipHours>')).toBe(125);
    expect(await waitsOf({ every: '10m' }, '<ttl>1</ttl>')).toBe(10);
  });

  test('an undated entry is history on the first read and news later', async () => {
    await using site = await openSite();
    const undated = (id: string) => `<item><guid>${id}</guid><title>T ${id}</title></item>`;
    site.routes.set('/rss', (_request, response) =>
      response.end(rss(site.requests.length === 1 ? undated('a') : undated('b') + undated('a'))),
    );
    const startAt = Date.UTC(2026, 10, 20, 12);
    const { batches, source } = await pollRounds({ urls: [`${site.url}/rss`] }, 2, { startAt });
    const [first, second] = batches.flatMap((batch) => postsOf(source, batch.items));
    expect(first!.publishedAt!).toBeLessThan(startAt - source.latenessMs);
    expect(second).not.toHaveProperty('publishedAt');
    expect(second?.id).toBe('press:127.0.0.1/b');
  });

  test('remembers what it knows in a bounded cursor, and cuts a long feed into batches', async () => {
    await using site = await openSite();
    const list = (from: number, count: number) =>
      rss(Array.from({ length: count }, (_, index) => entry(String(from + index))).join(''));
    site.routes.set('/rss', (_request, response) =>
      response.writeHead(200, { etag: '"a"' }).end(list(site.requests.length * 1_000, 1_200)),
    );
    const { batches, cursor } = await pollRounds({ urls: [`${site.url}/rss`] }, 4);
    expect(batches.slice(0, 3).map((batch) => batch.items.length)).toEqual([500, 500, 200]);
    expect(batches.flatMap((batch) => batch.items)).toHaveLength(1_200 + 3 * 1_000);
    const known = Object.values(cursor as Record<string, { known: object }>)[0]!.known;
    expect(Object.keys(known)).toHaveLength(1_500);
    // After the first of three batches nothing of the rest counts as read.
    const resumed = await pollRounds({ urls: [`${site.url}/rss`] }, 1, { from: batches[0]!.cursor! });
    expect(site.requests.at(-1)?.headers['if-none-match']).toBeUndefined();
    expect(resumed.batches.flatMap((batch) => batch.items).length).toBeGreaterThan(0);
  });

  test('refuses what is too large, too slow, private, or no web address', async () => {
    await using site = await openSite();
    const failureOf = async (config: object, path: string): Promise<string> =>
      String(
        await pollRounds({ urls: [path.startsWith('http') ? path : `${site.url}${path}`], ...config }, 1).catch(
          (error: unknown) => error,
        ),
      );
    site.routes.set('/large', (_request, response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(1024 * 1024, 'x');
      const pump = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', pump);
      };
      pump();
    });
    expect(await failureOf({}, '/large')).toMatch(/larger than 10 MB/);
    site.routes.set('/bomb', serve(gzipSync(Buffer.alloc(40 * 1024 * 1024, ' '))));
    expect(await failureOf({}, '/bomb')).toMatch(/unpacks to more than 10 MB/);
    site.routes.set('/slow', (_request, response) => void response.writeHead(200).write('<rss>'));
    expect(await failureOf({ timeout: '200ms' }, '/slow')).toMatch(/no answer within 0\.2 s/);
    site.routes.set('/loop', serve('', { location: '/loop' }, 302));
    expect(await failureOf({}, '/loop')).toMatch(/redirected more than 5 times/);
    site.routes.set('/file', serve('', { location: 'file:///etc/passwd' }, 302));
    expect(await failureOf({}, '/file')).toMatch(/only http and https/);
    const before = site.requests.length;
    expect(await failureOf({ allow_private: false }, '/rss')).toMatch(/private network/);
    expect(await failureOf({ allow_private: false }, site.url.replace('127.0.0.1', 'localhost'))).toMatch(
      /private network/,
    );
    expect(await failureOf({ allow_private: false }, site.url.replace('127.0.0.1', '2130706433'))).toMatch(
      /private network/,
    );
    expect(site.requests).toHaveLength(before);
    expect(await failureOf({}, 'http://127.0.0.1:1/')).toMatch(/connection (was refused|failed)/);
    expect(() => make(feed, { urls: ['ftp://example.org/rss'] }, testDeps().deps)).toThrow(/not a web address/);
  });

  test('checks the address that a redirect leads to', async () => {
    const asked: string[] = [];
    const fetchFake = ((url: string) => {
      asked.push(url);
      return Promise.resolve(
        new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data' } }),
      );
    }) as typeof globalThis.fetch;
    const source = make(feed, { urls: ['http://93.184.215.14/rss'] }, testDeps({ fetch: fetchFake }).deps);
    await expect(readAll(source)).rejects.toThrow(/private network/);
    expect(asked).toEqual(['http://93.184.215.14/rss']);
  });

  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
  ])('%s is private', (ip) => expect(isPrivateAddress(ip)).toBe(true));
  test.each(['93.184.215.14', '172.32.0.1', '2606:2800:21f::1', '::ffff:93.184.215.14'])('%s is public', (ip) =>
    expect(isPrivateAddress(ip)).toBe(false),
  );

  test('shows credentials to their own site alone', async () => {
    await using site = await openSite();
    await using other = await openSite();
    site.routes.set('/rss', serve('', { location: `${other.url}/rss` }, 302));
    other.routes.set('/rss', serve(rss(entry('1'))));
    await pollRounds({ urls: [`${site.url.replace('//', '//jane:pass@')}/rss`] }, 1);
    expect(site.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('jane:pass').toString('base64')}`);
    expect(other.requests[0]?.headers.authorization).toBeUndefined();
  });
});
