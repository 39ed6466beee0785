/** Roles in processes of their own, on a real Redis and a real Elasticsearch: hooks, the live feed, health and hand-over. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { RolesRefused, start } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { SECRET, signature } from '../crash/scenario.ts';
import { MailServer } from '../notifiers/mail-server.ts';
import { AIRLINES } from '../support/airlines.ts';
import { tempFolder } from '../support/temp.ts';
import { dropIndices, elasticsearch, freePrefix } from './elasticsearch.ts';
import { configure, look, Member, until } from './installation.ts';
import { hasRedis, RedisServer } from './redis.ts';

test('roles are not split where processes would share nothing', async () => {
  await using folder = await tempFolder('vigie-roles-');
  const text = 'language: en\nserver: { port: 0 }\nbrands: [{ id: acme, name: Acme, query: acme }]\n';
  const config = await loadConfig({ text, folder: folder.path }, { env: {} });
  await expect(start(config, { roles: ['web'] })).rejects.toThrow(RolesRefused);
  await expect(start(config, { roles: ['web'] })).rejects.toThrow(/web alone needs bus: \{ type: redis \}/);
});

const what = 'roles in processes of their own';
const server = hasRedis(what) ? await elasticsearch() : undefined;
const LEASE_MS = 6_000;

describe.skipIf(!server)(what, () => {
  const prefix = freePrefix();
  const stack = new AsyncDisposableStack();
  const members = new Map<string, Member>();
  let file: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    if (!server) return;
    const folder = stack.use(await tempFolder('vigie-roles-'));
    const redis = stack.use(await RedisServer.start());
    const mail = stack.use(new MailServer());
    await mail.up();
    env = { REDIS_URL: redis.url, SMTP_URL: mail.url, INBOX_SECRET: SECRET };
    const place = {
      folder: folder.path,
      smtp: mail.url,
      scaled: { redis: redis.url, elasticsearch: server, prefix, lease: `${LEASE_MS}ms` },
    };
    file = await configure('split', place, '  - { type: webhook, name: inbox, secret: env:INBOX_SECRET }');
    for (const [name, roles] of [
      ['ingest', 'ingest'],
      ['analyse-1', 'analyse'],
      ['analyse-2', 'analyse'],
      ['alert', 'alert'],
      ['web-1', 'web'],
      ['web-2', 'web'],
    ] as const) {
      members.set(name, stack.use(new Member(file, roles, env)));
    }
    await Promise.all([...members.values()].map(({ address }) => address));
  }, 60_000);
  afterAll(async () => {
    await stack.disposeAsync();
    if (server) await dropIndices(server, prefix);
  }, 60_000);

  const of = (name: string): Member => members.get(name) as Member;

  async function post(address: string, id: string, text: string): Promise<number> {
    const body = JSON.stringify({ id, source: 'x', text, lang: 'en', publishedAt: new Date().toISOString() });
    const answer = await fetch(`${address}/hooks/inbox`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-vigie-signature': signature(body, Date.now()) },
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  test('each process says that it lives and can work; only web has an API', async () => {
    for (const [name, member] of members) {
      const address = await member.address;
      expect([name, (await fetch(`${address}/healthz`)).status]).toEqual([name, 200]);
      const ready = (await (await fetch(`${address}/readyz`)).json()) as { checks: { name: string; ok: boolean }[] };
      const checks = name === 'ingest' ? ['bus', 'sources'] : ['store', 'bus', 'sources'];
      expect([name, ready.checks.map(({ name: check, ok }) => (ok ? check : `not ${check}`))]).toEqual([name, checks]);
      const api = await fetch(`${address}/api/v1/mentions`);
      expect([name, api.status]).toEqual([name, name.startsWith('web') ? 200 : 404]);
    }
  });

  test('takes hooks in every process that ingests or shows pages, and each post is stored once', async () => {
    await using kept = await look(file, env);
    const before = await kept.store.count();
    for (const name of ['ingest', 'web-1', 'web-2']) {
      expect(await post(await of(name).address, `hook-${name}`, `@united is late, says ${name}`)).toBe(202);
      // The sender did not hear the answer, and asks somebody else.
      expect(await post(await of('web-1').address, `hook-${name}`, `@united is late, says ${name}`)).toBe(202);
    }
    for (const name of ['analyse-1', 'alert']) expect(await post(await of(name).address, 'nobody', 'x')).toBe(404);
    await until('the posts are stored', async () => (await kept.store.count()) >= before + 3, 15_000);
    await sleep(500);
    expect(await kept.store.count()).toBe(before + 3);
  });

  test('one live feed: a reader hears of what came elsewhere, once', async () => {
    const heard: { readonly kind: string; readonly mention?: { readonly id: string } }[] = [];
    const address = await of('web-2').address;
    const socket = new WebSocket(`${address.replace('http', 'ws')}/api/v1/live`, { origin: address });
    socket.on('message', (data: Buffer) => {
      heard.push(...(JSON.parse(data.toString()) as { events: typeof heard }).events);
    });
    try {
      await until('the reader is greeted', () => heard.some(({ kind }) => kind === 'hello'));
      expect(await post(await of('web-1').address, 'live-1', '@jetblue is late')).toBe(202);
      const mine = (): number => heard.filter(({ mention }) => mention?.id.endsWith('live-1')).length;
      await until('the mention is heard of', () => mine() > 0, 10_000);
      await sleep(500);
      expect(mine()).toBe(1);
    } finally {
      socket.terminate();
    }
  });

  test('pages know how sources do that other processes read', async () => {
    const address = await of('web-2').address;
    expect(await post(await of('ingest').address, 'health-1', '@jetblue again')).toBe(202);
    await until('its source is seen', async () => {
      const answer = (await (await fetch(`${address}/api/v1/sources`)).json()) as {
        sources: { name: string; items: number }[];
      };
      return (answer.sources.find(({ name }) => name === 'inbox')?.items ?? 0) >= 2;
    });
  });

  test('a process that ends hands its partitions over before a lease is over', async () => {
    await using kept = await look(file, env);
    const started = performance.now();
    await of('analyse-1').end();
    const brands = ['virginamerica', 'united', 'southwestair', 'jetblue', 'usairways', 'americanair'];
    for (const [i, brand] of brands.entries())
      expect(await post(await of('web-1').address, `after-${i}`, `@${brand} and then`)).toBe(202);
    const scope = { client: 'default', brands: AIRLINES.map(([id]) => id) };
    const ids = brands.map((_, i) => `x:after-${i}`);
    const stored = async (): Promise<number> => (await kept.store.search(scope, { ids }, { limit: 50 })).items.length;
    await until('every partition is read again', async () => (await stored()) === brands.length, LEASE_MS * 3);
    expect(performance.now() - started).toBeLessThan(LEASE_MS);
  });
});
