import { describe } from 'vitest';
import { openRedisBus } from '../../src/bus/redis.ts';
import { type BusPlace, busContract } from '../contract/bus.ts';
import { hasRedis, RedisServer, startCluster } from '../services/redis.ts';
import { afterAll, beforeAll } from 'vitest';

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

describe.runIf(hasRedis('the bus on Redis with a password and TLS'))('password and TLS', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start({ password: 'pass word/@:é', tls: true });
  });
  afterAll(() => server[Symbol.asyncDispose]());
  busContract('redis with password and TLS', async () => placeIn(server));
});

describe.runIf(hasRedis('the bus on a Redis Cluster'))('a cluster', () => {
  let cluster: Awaited<ReturnType<typeof startCluster>>;
  beforeAll(async () => {
    cluster = await startCluster();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());
  busContract('redis cluster', async () => placeIn(cluster));
});
