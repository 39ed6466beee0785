import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { WebSocket } from 'ws';
import { describe, expect, test } from 'vitest';
import { checkReadiness } from '../../src/api/readiness.ts';
import { ListenRefused } from '../../src/api/server.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/lib/log.ts';
import { openSqliteDesk } from '../../src/desk/sqlite.ts';
import { createSqliteStore } from '../../src/store/sqlite.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { alertOf, fill, mentionOf, noon, openWorld } from './support.ts';

const ids = (body: { items: { id: string }[] }) => body.items.map(({ id }) => id);

describe('mentions', () => {
  test('come newest first, by cursor, of one client', async () => {
    await using world = await openWorld();
    await fill(world);
    const first = await world.get('/api/v1/mentions?limit=3');
    expect(first.statusCode).toBe(200);
    expect(first.headers['content-type']).toMatch(/^application\/json/);
    expect(ids(first.json())).toEqual(['x:4', 'press:example.org/a/3', 'x:2']);
    const { next } = first.json<{ next: string }>();
    const second = await world.get(`/api/v1/mentions?limit=3&after=${encodeURIComponent(next)}`);
    expect(ids(second.json())).toEqual(['x:1']);
    expect(second.json()).not.toHaveProperty('next');
    expect(ids((await world.get('/api/v1/mentions?client=martin')).json())).toEqual(['x:5']);
  });

  test('show what the contract says and nothing of our insides', async () => {
    await using world = await openWorld();
    await fill(world);
    const { items } = (await world.get('/api/v1/mentions?q=broken')).json<{ items: Record<string, unknown>[] }>();
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({
      id: 'x:1',
      brand: 'acme',
      at: '2026-03-03T12:00:00.000Z',
      author: { id: '9', handle: 'jdoe' },
      sentiment: { label: 'negative', words: ['broken'] },
      triage: { status: 'open', version: '' },
    });
    for (const hidden of ['terms', 'fingerprint', 'client']) expect(items[0]).not.toHaveProperty(hidden);
  });

  test('are filtered', async () => {
    await using world = await openWorld();
    await fill(world);
    const of = async (filter: string) => ids((await world.get(`/api/v1/mentions?${filter}`)).json());
    expect(await of('brands=globex')).toEqual(['x:4']);
    expect(await of('brands=other')).toEqual([]);
    expect(await of('sources=press')).toEqual(['x:2']);
    expect(await of('sentiment=negative')).toEqual(['x:1']);
    expect(await of('triage=dismissed')).toEqual([]);
    expect(await of('from=2026-03-03T12:01:00Z&to=2026-03-03T12:02:00Z')).toEqual(['x:2']);
    expect(await of('from=2026-03-03T13:01:00%2B01:00&to=2026-03-03T13:02:00%2B01:00')).toEqual(['x:2']);
    expect(await of(`q=${encodeURIComponent('acme NOT (lovely OR press)')}`)).toEqual(['x:1']);
  });

  test('with a query that cannot be read: 422 with the places, in the reader’s language', async () => {
    await using world = await openWorld();
    const url = `/api/v1/mentions?q=${encodeURIComponent('acme OR "open')}`;
    const fr = await world.get(url);
    expect(fr.statusCode).toBe(422);
    expect(fr.json()).toMatchObject({ error: { code: 'bad-query', problems: [{ path: 'q', from: 8 }] } });
    expect(fr.json().error.message).toBe('La requête est illisible.');
    const en = await world.get(url, { 'accept-language': 'en-GB,en;q=0.9' });
    expect(en.json().error.message).toBe('The query cannot be read.');
    expect(en.json().error.problems[0].message).not.toBe(fr.json().error.problems[0].message);
  });

  test.each([
    ['/api/v1/mentions?limit=0', 400, 'bad-request'],
    ['/api/v1/mentions?limit=100000', 400, 'bad-request'],
    ['/api/v1/mentions?from=yesterday', 400, 'bad-request'],
    ['/api/v1/mentions?sentiment=angry', 400, 'bad-request'],
    ['/api/v1/mentions?after=nonsense', 400, 'bad-cursor'],
    ['/api/v1/mentions?from=2026-03-04T00:00:00Z&to=2026-03-03T00:00:00Z', 422, 'bad-period'],
    ['/api/v1/mentions?client=nobody', 404, 'no-client'],
    ['/api/v1/series?bucket=1m&from=2020-01-01T00:00:00Z', 422, 'too-many-buckets'],
    ['/api/v1/facets?fields=password', 400, 'bad-request'],
    ['/api/v1/alerts/bad-buzz:acme:*:1', 404, 'not-found'],
    ['/api/v1/nothing', 404, 'not-found'],
    ['/nothing', 404, 'not-found'],
  ])('%s answers %i %s', async (url, status, code) => {
    await using world = await openWorld();
    const answer = await world.get(url);
    expect([answer.statusCode, answer.json().error.code]).toEqual([status, code]);
    expect(answer.body).not.toMatch(/at .*\.ts|node_modules|stack/);
  });

  test('are counted over time and by field', async () => {
    await using world = await openWorld();
    await fill(world);
    const series = await world.get('/api/v1/series?bucket=5m&brands=acme');
    expect(series.json()).toMatchObject({
      from: '2026-03-02T12:10:00.000Z',
      to: '2026-03-03T12:10:00.000Z',
      bucketMs: 300_000,
      points: [{ at: '2026-03-03T12:00:00.000Z', count: 3, negative: 1, positive: 0, unsure: 0 }],
    });
    const facets = await world.get('/api/v1/facets?fields=brand,source&top=5');
    expect(facets.json().facets.brand).toEqual([
      { value: 'acme', count: 3 },
      { value: 'globex', count: 1 },
    ]);
    expect(Object.keys((await world.get('/api/v1/facets')).json().facets)).toEqual(['source', 'sentiment', 'language']);
  });

  test('are triaged once: whoever saw an older version is told so', async () => {
    await using world = await openWorld();
    await fill(world);
    const triage = (id: string, payload: object, url = '') =>
      world.server.inject({ method: 'POST', url: `/api/v1/mentions/${encodeURIComponent(id)}/triage${url}`, payload });
    const body = { brand: 'acme', status: 'dismissed', verdict: 'off-topic', version: '' };
    const first = await triage('press:example.org/a/3', body);
    expect(first.statusCode).toBe(200);
    const { version } = first.json<{ triage: { version: string } }>().triage;
    expect(version).not.toBe('');
    const late = await triage('press:example.org/a/3', body);
    expect([late.statusCode, late.json().error.code]).toEqual([409, 'conflict']);
    const again = await triage('press:example.org/a/3', {
      ...body,
      status: 'snoozed',
      until: '2026-03-04T00:00:00+01:00',
      version,
    });
    expect(again.json().triage).toMatchObject({ status: 'snoozed', until: '2026-03-03T23:00:00.000Z' });
    expect((await triage('x:5', { ...body, brand: 'other' })).statusCode).toBe(404);
    expect((await triage('x:5', { ...body, brand: 'other' }, '?client=martin')).statusCode).toBe(200);
    expect((await triage('x:1', { ...body, colour: 'red' })).statusCode).toBe(400);
    expect((await triage('x:1', { ...body, version: undefined })).json().error.problems[0].path).toBe('version');
    expect(ids((await world.get('/api/v1/mentions?triage=snoozed')).json())).toEqual(['press:example.org/a/3']);
  });

  test('judged off topic teach what to exclude', async () => {
    await using world = await openWorld();
    const texts = (what: string, of: string) =>
      Array.from({ length: 6 }, (_, i) => mentionOf(`${what}:${i}`, { text: `acme ${of} ${i}` }));
    await world.store.put([...texts('off', 'the comic strip'), ...texts('real', 'sends no parcels')]);
    const proposals = async () => (await world.get('/api/v1/brands/acme/proposals')).json();
    expect(await proposals()).toEqual({ verdicts: 0, needed: 5, looked: 12, proposals: [] });
    for (let i = 0; i < 6; i += 1) {
      const payload = { brand: 'acme', status: 'dismissed', verdict: 'off-topic', version: '' };
      await world.server.inject({ method: 'POST', url: `/api/v1/mentions/off:${i}/triage`, payload });
    }
    const { verdicts, proposals: made } = await proposals();
    expect(verdicts).toBe(6);
    expect(made[0]).toMatchObject({ kind: 'exclude', query: 'acme AND NOT comic', lost: [] });
    expect(made[0].removed.toSorted()).toEqual(Array.from({ length: 6 }, (_, i) => `off:${i}`));
    expect((await world.get('/api/v1/brands/other/proposals')).statusCode).toBe(404);
    expect((await world.get('/api/v1/brands/nobody/proposals')).statusCode).toBe(404);
  });

  test('are not triaged by a form or a text of another website', async () => {
    await using world = await openWorld();
    await fill(world);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const payload = JSON.stringify({ brand: 'acme', status: 'dismissed', version: '' });
      const headers = { 'content-type': type };
      const answer = await world.server.inject({
        method: 'POST',
        url: '/api/v1/mentions/x:1/triage',
        payload,
        headers,
      });
      expect(answer.statusCode).toBe(415);
    }
  });
});

describe('on the embedded databases', () => {
  test('the same is answered', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vigie-api-'));
    try {
      const store = await createSqliteStore({ path: join(folder, 'mentions.db') });
      const desk = openSqliteDesk(join(folder, 'desk.db'));
      await using world = await openWorld({ store, desk });
      await fill(world);
      const page = (await world.get('/api/v1/mentions?limit=3')).json<{ items: { id: string }[]; next: string }>();
      expect(ids(page)).toEqual(['x:4', 'press:example.org/a/3', 'x:2']);
      expect(ids((await world.get(`/api/v1/mentions?after=${encodeURIComponent(page.next)}`)).json())).toEqual(['x:1']);
      expect((await world.get('/api/v1/mentions?after=nonsense')).json().error.code).toBe('bad-cursor');
      expect((await world.get('/api/v1/series?bucket=5m&brands=acme')).json().points).toMatchObject([{ count: 3 }]);
      expect((await world.get('/api/v1/facets?fields=source')).json().facets.source[0]).toEqual({
        value: 'x',
        count: 3,
      });
      const payload = { brand: 'acme', status: 'dismissed', version: '' };
      const triage = () => world.server.inject({ method: 'POST', url: '/api/v1/mentions/x:1/triage', payload });
      expect([(await triage()).statusCode, (await triage()).statusCode]).toEqual([200, 409]);
      const alert = await world.get(`/api/v1/alerts/${encodeURIComponent(alertOf(noon).id)}`);
      expect(alert.json()).toMatchObject({
        evidence: [{ id: 'x:1', triage: { status: 'dismissed' } }],
        missing: ['x:gone'],
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the contract', () => {
  test('is of use to a page: it imports zod and nothing else', async () => {
    const text = await readFile(new URL('../../src/api/contract.ts', import.meta.url), 'utf8');
    expect([...text.matchAll(/from '([^']+)'/g)].map(([, name]) => name)).toEqual(['zod']);
    expect(text).not.toMatch(/\bimport\(|require\(|process\.|Buffer\b/);
  });
});

describe('alerts and signals', () => {
  test('come newest first, of watched brands only', async () => {
    await using world = await openWorld();
    await fill(world);
    const all = await world.get('/api/v1/alerts?lang=en');
    expect(ids(all.json())).toEqual([`bad-buzz:acme:*:${noon + 60_000}`, `bad-buzz:acme:*:${noon}`]);
    expect(all.json().items[1]).toMatchObject({
      title: 'Bad buzz',
      summary: 'Acme: 71 mentions',
      because: ['test.reason'],
    });
    expect(ids((await world.get('/api/v1/alerts?status=firing')).json())).toEqual([`bad-buzz:acme:*:${noon}`]);
    expect(ids((await world.get('/api/v1/alerts?client=martin')).json())).toEqual([]);
    const one = (await world.get('/api/v1/alerts?limit=1')).json<{ items: { id: string }[]; next: string }>();
    const two = (await world.get(`/api/v1/alerts?limit=1&after=${encodeURIComponent(one.next)}`)).json<typeof one>();
    expect([...ids(one), ...ids(two)]).toEqual(ids(all.json()));
    const signals = await world.get('/api/v1/signals?state=open&lang=en');
    expect(signals.json().items).toMatchObject([
      { detector: 'spike', startedAt: '2026-03-03T12:00:00.000Z', explain: 'test.explain' },
    ]);
  });

  test('one alert opens the posts behind it, and says which are gone', async () => {
    await using world = await openWorld();
    await fill(world);
    const answer = await world.get(`/api/v1/alerts/${encodeURIComponent(alertOf(noon).id)}`);
    expect(answer.json()).toMatchObject({
      alert: { rule: 'bad-buzz' },
      evidence: [{ id: 'x:1' }],
      missing: ['x:gone'],
    });
    expect(answer.json().history.map(({ severity, at }: Record<string, string>) => [severity, at])).toEqual([
      ['warning', '2026-03-03T12:00:00.000Z'],
      ['critical', '2026-03-03T12:00:30.000Z'],
    ]);
    expect((await world.get(`/api/v1/alerts/${encodeURIComponent(alertOf(noon).id)}?client=martin`)).statusCode).toBe(
      404,
    );
  });

  test('a document that is no alert is left out and logged, and stops nothing', async () => {
    await using world = await openWorld();
    await fill(world);
    await world.desk.put('dupont', 'alert', '0000000000000:broken', { nonsense: true }, undefined);
    expect((await world.get('/api/v1/alerts')).json().items).toHaveLength(2);
    expect(world.lines.join('')).toContain('api.unreadable');
  });
});

describe('the installation', () => {
  test('says what it is', async () => {
    await using world = await openWorld({ demo: true });
    expect((await world.get('/api/v1/about')).json()).toEqual({
      version: '0.0.0-test',
      demo: true,
      language: 'fr',
      timezone: 'Europe/Paris',
      now: '2026-03-03T12:10:00.000Z',
    });
    const brands = (await world.get('/api/v1/brands')).json();
    expect(brands).toMatchObject({ client: 'dupont', clients: ['dupont', 'martin'] });
    expect(brands.brands.map(({ id }: { id: string }) => id)).toEqual(['acme', 'globex']);
    expect((await world.get('/api/v1/sources')).json()).toEqual({
      sources: [
        {
          name: 'press',
          type: 'feed',
          startedAt: '2026-03-03T12:00:00.000Z',
          lastReadAt: '2026-03-03T12:01:00.000Z',
          ended: false,
          items: 3,
          quarantined: 1,
        },
      ],
      quarantined: 1,
    });
  });

  test('is healthy, ready or not, and counted', async () => {
    let ok = true;
    await using world = await openWorld({
      readiness: async () => [{ name: 'bus', ok, ...(ok ? {} : { reason: 'disk full' }) }],
    });
    expect((await world.get('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await world.get('/readyz')).statusCode).toBe(200);
    ok = false;
    const not = await world.get('/readyz');
    expect([not.statusCode, not.json()]).toEqual([
      503,
      { ready: false, checks: [{ name: 'bus', ok: false, reason: 'disk full' }] },
    ]);
    world.metrics.dropped('match-brands:no-brand', 7);
    world.metrics.stage('index', 12);
    const metrics = await world.get('/metrics');
    expect(metrics.headers['content-type']).toMatch(/^text\/plain/);
    expect(metrics.body).toContain('vigie_dropped_total{reason="match-brands:no-brand"} 7');
    expect(metrics.body).toContain('vigie_stage_seconds_count{stage="index"} 1');
  });

  test('is not ready when the store is silent or every source fails', async () => {
    const store = createMemoryStore();
    const source = { name: 'a', type: 'feed', startedAt: noon, ended: false, items: 0, quarantined: 0 };
    const head = async () => undefined;
    const failing = { ...source, name: 'b', blindSince: noon, error: 'HTTP 500' };
    expect(
      (await checkReadiness({ store, bus: { head }, sources: () => [source, failing] })).every(({ ok }) => ok),
    ).toBe(true);
    expect(await checkReadiness({ store, bus: { head }, sources: () => [failing] })).toContainEqual({
      name: 'sources',
      ok: false,
      reason: 'b: HTTP 500',
    });
    const silent = { count: () => new Promise<number>(() => undefined) };
    expect(await checkReadiness({ store: silent, bus: { head }, sources: () => [] }, 20)).toContainEqual({
      name: 'store',
      ok: false,
      reason: 'no answer within 20 ms',
    });
  });

  test('describes itself: each route is in the OpenAPI document, every reference in it leads somewhere', async () => {
    await using world = await openWorld();
    const document = (await world.get('/api/v1/openapi.json')).json<{
      openapi: string;
      paths: Record<
        string,
        Record<string, { parameters?: { name: string; schema: object }[]; responses?: object; requestBody?: object }>
      >;
    }>();
    expect(document.openapi).toMatch(/^3\.1/);
    const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((m) => `${m} ${path}`),
    );
    expect(routes.toSorted()).toEqual(
      [
        'get /healthz',
        'get /readyz',
        'get /metrics',
        'get /api/v1/openapi.json',
        'get /api/v1/mentions',
        'get /api/v1/series',
        'get /api/v1/session',
        'delete /api/v1/session',
        'get /api/v1/facets',
        'post /api/v1/mentions/{id}/triage',
        'get /api/v1/alerts',
        'get /api/v1/alerts/{id}',
        'get /api/v1/signals',
        'get /api/v1/sources',
        'get /api/v1/boards',
        'get /api/v1/boards/{id}',
        'get /api/v1/brands',
        'get /api/v1/brands/{id}/proposals',
        'get /api/v1/about',
        'get /api/v1/live',
        'post /hooks/{name}',
      ].toSorted(),
    );
    const parameters = document.paths['/api/v1/mentions']!['get']!.parameters!;
    expect(parameters.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['q', 'brands', 'from', 'after', 'limit']),
    );
    const ajv = new Ajv({ strict: false });
    ajv.addFormat('date-time', true);
    ajv.addFormat('uri', true);
    for (const methods of Object.values(document.paths)) {
      for (const operation of Object.values(methods)) {
        for (const schema of schemasIn(operation)) expect(() => ajv.compile(schema)).not.toThrow();
      }
    }
    expect(JSON.stringify(document)).not.toContain('"$ref"');
  });
});

describe('what goes wrong', () => {
  test('no secret of the configuration is in any answer, live event or line of the log', async () => {
    const secret = 'inbox-s3cret-9f2c';
    const { mask } = await loadConfig(
      {
        text: `brands: [{ id: acme, name: Acme, query: acme }]\nsmtp: { url: env:SMTP, from: a@example.org }`,
        folder: '/nowhere',
      },
      { env: { SMTP: `smtp://me:${secret}@mail.example.org` } },
    );
    const lines: string[] = [];
    const error = `535 authentication failed: ${secret}`;
    const health = { name: 'press', type: 'feed', startedAt: noon, ended: false, items: 0, quarantined: 0, error };
    await using world = await openWorld({
      mask,
      log: createLogger({ level: 'debug', mask, write: (line) => void lines.push(line) }),
      sources: () => [health],
      readiness: async () => {
        return [{ name: 'sources', ok: false, reason: error }];
      },
    });
    world.server.hook('inbox', async () => {
      throw new Error(error);
    });
    const bodies = [
      await world.get('/readyz'),
      await world.get('/api/v1/sources'),
      await world.server.inject({ method: 'POST', url: '/hooks/inbox', payload: '{}' }),
    ].map(({ body }) => body);
    expect(bodies[0]).toContain('535 authentication failed: [secret]');
    expect(bodies[1]).toContain('535 authentication failed: [secret]');
    expect(lines.join('')).toContain('535 authentication failed: [secret]');
    const { port } = new URL(await world.server.listen());
    const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live`);
    const said = new Promise<string>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if (data.toString().includes('"source"')) resolve(data.toString());
        else world.server.publish({ kind: 'source', source: health });
      });
    });
    expect(await said).toContain('535 authentication failed: [secret]');
    socket.terminate();
    for (const text of [...bodies, ...lines, await said]) expect(text).not.toContain(secret);
  });

  test('a read that takes too long is stopped and said', async () => {
    const store = {
      ...createMemoryStore(),
      search: () => new Promise<never>(() => undefined),
      [Symbol.asyncDispose]: async () => undefined,
    };
    await using world = await openWorld({ store, readLimitMs: 30 });
    const answer = await world.get('/api/v1/mentions');
    expect([answer.statusCode, answer.json().error.code, answer.headers['retry-after']]).toEqual([
      503,
      'too-slow',
      '5',
    ]);
  });

  test('an unexpected error is told by its reference, and logged whole', async () => {
    const secret = 'password=hunter2';
    const store = {
      ...createMemoryStore(),
      search: async () => {
        throw new Error(`cannot open /var/lib with ${secret}`);
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
    await using world = await openWorld({ store });
    const answer = await world.get('/api/v1/mentions');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('hunter2');
    expect(answer.body).not.toContain('/var/lib');
    const reference = /référence ([0-9a-f-]{36})/.exec(answer.json().error.message)?.[1];
    expect(world.lines.some((line) => line.includes('api.failed') && line.includes(String(reference)))).toBe(true);
  });

  test('too many requests are turned away for a while', async () => {
    await using world = await openWorld({ requestsPerMinute: 3 });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await world.get('/api/v1/about')).statusCode);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect((await world.get('/api/v1/about')).json().error.code).toBe('too-many');
    expect((await world.get('/healthz')).statusCode).toBe(200);
  });

  test('a host that others can reach is refused with its reason', async () => {
    await using world = await openWorld({ host: '0.0.0.0', language: 'en' });
    const refused = world.server.listen();
    await expect(refused).rejects.toBeInstanceOf(ListenRefused);
    await expect(refused).rejects.toThrow(/does not listen on 0\.0\.0\.0: there are no accounts yet/);
  });

  test('answers carry the headers that keep a browser safe', async () => {
    await using world = await openWorld();
    const { headers } = await world.get('/api/v1/about');
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('a label takes few values: what comes after them is counted as other', async () => {
    await using world = await openWorld();
    for (let i = 0; i < 1_000; i++) world.metrics.dropped(`reason-${i}`);
    const { body } = await world.get('/metrics');
    expect(body.match(/^vigie_dropped_total\{/gm)).toHaveLength(201);
    expect(body).toContain('vigie_dropped_total{reason="other"} 800');
  });
});

function schemasIn(operation: {
  parameters?: { schema: object }[];
  responses?: object;
  requestBody?: object;
}): object[] {
  const bodies = [...Object.values(operation.responses ?? {}), operation.requestBody ?? {}] as {
    content?: Record<string, { schema?: object }>;
  }[];
  return [
    ...(operation.parameters ?? []).map(({ schema }) => schema),
    ...bodies.flatMap(({ content }) => Object.values(content ?? {}).flatMap(({ schema }) => schema ?? [])),
  ];
}
