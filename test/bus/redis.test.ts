import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../src/bus/redis-link.ts';
import { openRedisBus } from '../../src/bus/redis.ts';
import { type BusPlace, busContract } from '../contract/bus.ts';
import { hasRedis, RedisServer, startCluster } from '../services/redis.ts';

let places = 0;

/** A place of its own within a server: the names of its keys begin differently. */
function placeIn(server: { readonly url: string; readonly ca?: string | undefined }): BusPlace {
  const prefix = `t${++places}`;
  return {
    durable: true,
    open: (partitions) =>
      openRedisBus({
        url: server.url,
        ...(server.ca === undefined ? {} : { ca: server.ca }),
        prefix,
        partitions,
        waitMs: 200,
      }),
    [Symbol.asyncDispose]: async () => {},
  };
}

describe.runIf(hasRedis('the bus on Redis'))('a single server', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  busContract('redis', async () => placeIn(server));
});

describe.runIf(hasRedis('the bus on Redis with least rights, password and TLS'))(
  'least rights, password and TLS',
  () => {
    let server: RedisServer;
    beforeAll(async () => {
      const user = { name: 'vigie', password: 'pass word/@:é"', rights: leastRights() };
      server = await RedisServer.start({ tls: true, password: 'of the operators', user });
    });
    afterAll(() => server[Symbol.asyncDispose]());
    busContract('redis with least rights, password and TLS', async () => placeIn(server));
  },
);

/** What the README says the program's user needs, for the prefixes of these tests. */
function leastRights(): string {
  const readme = readFileSync(new URL('../../src/bus/README.md', import.meta.url), 'utf8');
  const rights = /^user vigie on >\S+ (.+)$/m.exec(readme)?.[1];
  if (rights === undefined) throw new Error('the README names no rights');
  return rights.replace('~{v:*', '~{t*').replace('&v:wake', '&t*');
}

describe('addresses of Redis', () => {
  it.each([
    ['redis://localhost', 'single', 'localhost:6379', '', 0],
    ['rediss://vigie:a%20b@h:1/3', 'single', 'h:1', '', 3],
    ['redis://:x@y:z@[::1]:7', 'single', '::1:7', '', 0],
    ['redis+sentinel://h:1,i/main/2', 'sentinel', 'h:1 i:26379', 'main', 2],
    ['rediss+cluster://h:1,i:2', 'cluster', 'h:1 i:2', '', 0],
  ])('%s', (url, kind, hosts, master, db) => {
    const address = parseRedisUrl(url)!;
    expect(address).toMatchObject({ kind, master, db, tls: url.startsWith('rediss') });
    expect(address.hosts.map(({ host, port }) => `${host}:${port}`).join(' ')).toBe(hosts);
  });

  it('reads user and password', () => {
    expect(parseRedisUrl('rediss://vigie:a%20b@h')).toMatchObject({ username: 'vigie', password: 'a b' });
    expect(parseRedisUrl('redis://:x@y:z@h')).toMatchObject({ username: undefined, password: 'x@y:z' });
    expect(parseRedisUrl('redis://h')).toMatchObject({ username: undefined, password: undefined });
  });

  it.each([
    '',
    'localhost',
    'http://h',
    'redis://',
    'redis://h,i',
    'redis://h:x',
    'redis://h/a',
    'redis://h/1/2',
    'redis+sentinel://h',
    'redis+cluster://h/1',
  ])('none: %s', (url) => expect(parseRedisUrl(url)).toBeUndefined());
});

describe.runIf(hasRedis('the bus on a Redis Cluster'))('a cluster', () => {
  let cluster: Awaited<ReturnType<typeof startCluster>>;
  beforeAll(async () => {
    const rights = `${leastRights()} +cluster|slots +cluster|info`;
    cluster = await startCluster({ user: { name: 'vigie', password: 'word', rights } });
  });
  afterAll(() => cluster[Symbol.asyncDispose]());
  busContract('redis cluster', async () => placeIn(cluster));
});
