/** What breaks and what follows: the table of `src/bus/README.md`, with real processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom, type Subscription } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { script, RedisUnavailable } from '../../src/bus/redis-link.ts';
import { openRedisBus, type RedisBus, type RedisBusOptions } from '../../src/bus/redis.ts';
import { LeaseLost } from '../../src/model/errors.ts';
import type { Bus, Lease } from '../../src/model/ports.ts';
import { commitOf, readAll, tick } from '../contract/bus.ts';
import { startCuttingProxy } from '../services/cutting-proxy.ts';
import { hasRedis, RedisServer, startSentinels } from '../services/redis.ts';

const never = new AbortController().signal;
const leaseMs = 1_000;

describe.runIf(hasRedis('faults of the bus on Redis'))('redis faults', () => {
  let server: RedisServer;
  let places = 0;
  let prefix = '';
  const stack: (() => unknown)[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const undo of stack.splice(0).toReversed()) await undo();
    prefix = '';
  });

  async function open(options: Partial<RedisBusOptions> = {}): Promise<RedisBus> {
    prefix ||= `f${++places}`;
    const bus = await openRedisBus({ url: server.url, prefix, partitions: 4, leaseMs, waitMs: 100, ...options });
    stack.push(() => bus[Symbol.asyncDispose]());
    return bus;
  }

  function take(bus: Bus, name: string): Promise<Lease> {
    return new Promise((resolve) => {
      const held: Subscription = bus
        .lease(name)
        .pipe(filter((lease) => lease !== undefined))
        .subscribe(resolve);
      stack.push(() => held.unsubscribe());
    });
  }

  async function child(...names: string[]): Promise<{ readonly process: ChildProcess; readonly lines: string[] }> {
    const args = [fileURLToPath(new URL('./redis-child.ts', import.meta.url)), server.url, prefix, ...names];
    const started = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    stack.push(async () => {
      if (started.exitCode !== null || started.signalCode !== null) return;
      started.kill('SIGKILL');
      await once(started, 'exit');
    });
    const lines: string[] = [];
    started.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.split('\n').filter(Boolean)));
    await expect.poll(() => names.every((name) => lines.includes(`${name} held`)), { timeout: 5_000 }).toBe(true);
    return { process: started, lines };
  }

  it('refuses the late commit of a holder that was paused past its lease', async () => {
    const bus = await open();
    await bus.append([1, 2].map((at) => ({ to: { partition: 0 }, value: tick(at) })));
    const paused = await child('partition/0');
    paused.process.kill('SIGSTOP');
    const lease = await take(bus, 'partition/0');
    const [one] = await bus.read(0, undefined, 1, never);
    await bus.commit(0, lease, commitOf(one!.offset, { who: 'parent' }));
    paused.process.stdin!.write('commit\n');
    paused.process.kill('SIGCONT');
    await expect.poll(() => paused.lines, { timeout: 5_000 }).toContain('refused LeaseLost');
    expect(paused.lines).toContain('partition/0 lost');
    expect(await bus.load(0)).toEqual({ offset: one!.offset, state: new Map([['who', 'parent']]) });
    expect(await bus.outbox(1, never)).toEqual([]);
  });

  it('gives the leases of a killed process to another within one lease', async () => {
    const bus = await open();
    const names = ['partition/0', 'partition/3', 'source/press', 'alerts'];
    const killed = await child(...names);
    const taking = names.map(async (name) => {
      await take(bus, name);
      return performance.now();
    });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const start = performance.now();
    killed.process.kill('SIGKILL');
    const took = (await Promise.all(taking)).map((at) => at - start);
    // None was won while the other lived.
    expect(Math.min(...took)).toBeGreaterThan(0);
    expect(Math.max(...took)).toBeLessThan(leaseMs + 250);
  });

  it('shares the partitions out, and never gives one to two', async () => {
    const partitions = 8;
    const holders = new Map<number, string>();
    const join = async (
      who: string,
    ): Promise<{ readonly count: () => number; readonly leave: () => Promise<void> }> => {
      const bus = await open({ partitions });
      for (let partition = 0; partition < partitions; partition++) {
        bus.lease(`partition/${partition}`).subscribe((lease) => {
          if (lease) {
            expect(holders.get(partition)).toBeUndefined();
            holders.set(partition, who);
          } else {
            expect(holders.get(partition)).toBe(who);
            holders.delete(partition);
          }
        });
      }
      return {
        count: () => holders.values().reduce((sum, holder) => sum + (holder === who ? 1 : 0), 0),
        leave: () => bus[Symbol.asyncDispose](),
      };
    };
    const one = await join('one');
    await expect.poll(one.count).toBe(8);
    const two = await join('two');
    await expect.poll(() => [one.count(), two.count()], { timeout: 3_000 }).toEqual([4, 4]);
    const three = await join('three');
    await expect
      .poll(() => [one, two, three].map(({ count }) => count()).toSorted((a, b) => a - b), { timeout: 3_000 })
      .toEqual([2, 3, 3]);
    await one.leave();
    await expect.poll(() => [two.count(), three.count()], { timeout: 3_000 }).toEqual([4, 4]);
    await two.leave();
    await expect.poll(three.count, { timeout: 3_000 }).toBe(8);
  });

  it('gives no partition to a process that wants none', async () => {
    const bus = await open();
    await take(bus, 'alerts');
    const other = await open();
    await Promise.all([0, 1, 2, 3].map((partition) => take(other, `partition/${partition}`)));
  });

  it('writes once what was asked for again because the answer was lost', async () => {
    await using proxy = await startCuttingProxy(server.port);
    const bus = await open({ url: `redis://127.0.0.1:${proxy.port}` });
    const lease = await take(bus, 'p0');
    proxy.cutAnswerTo(script('append').sha);
    await bus.append([1, 2].map((at) => ({ to: { partition: 0 }, value: tick(at) })));
    expect(proxy.cuts()).toBe(1);
    const stored = await readAll(bus, 0);
    expect(stored.map(({ value }) => value)).toEqual([tick(1), tick(2)]);
    proxy.cutAnswerTo(script('commit').sha);
    await bus.commit(0, lease, commitOf(stored[1]!.offset, { a: 1 }, { x: 1 }));
    expect(proxy.cuts()).toBe(2);
    expect(await bus.load(0)).toEqual({ offset: stored[1]!.offset, state: new Map([['a', 1]]) });
    expect(await bus.outbox(9, never)).toEqual([{ id: 'x', value: 1 }]);
    const alerts = await take(bus, 'alerts');
    proxy.cutAnswerTo(script('settle').sha);
    await bus.settle(alerts, { ids: ['x'], log: [{ line: 1 }], state: new Map([['g', 1]]) });
    expect(proxy.cuts()).toBe(3);
    expect(await bus.notificationLog(9)).toEqual([{ line: 1 }]);
    expect(await bus.outbox(9, never)).toEqual([]);
  });

  it.each([true, false])(
    'says that a commit is not known to have happened (it has: %s); the checkpoint tells',
    async (reaches) => {
      await using proxy = await startCuttingProxy(server.port);
      const bus = await open({ url: `redis://127.0.0.1:${proxy.port}`, timeoutMs: 700 });
      await bus.append([{ to: { partition: 0 }, value: tick(1) }]);
      const [one] = await bus.read(0, undefined, 1, never);
      const lease = await take(bus, 'p0');
      const commit = commitOf(one!.offset, { a: 1 }, { x: 1 });
      proxy.darkFrom(script('commit').sha, reaches);
      await expect(bus.commit(0, lease, commit)).rejects.toThrow(RedisUnavailable);
      expect(proxy.cuts()).toBe(1);
      proxy.restore();
      expect((await bus.load(0)).offset).toBe(reaches ? one!.offset : undefined);
      const again = await take(bus, 'p1').then(() => bus.commit(0, lease, commit));
      expect(again).toBeUndefined();
      expect(await bus.load(0)).toEqual({ offset: one!.offset, state: new Map([['a', 1]]) });
      expect(await bus.outbox(9, never)).toEqual([{ id: 'x', value: 1 }]);
    },
  );

  it('finishes a settlement that ended between its two steps', async () => {
    await using proxy = await startCuttingProxy(server.port);
    const bus = await open({ url: `redis://127.0.0.1:${proxy.port}`, timeoutMs: 700 });
    await bus.append([{ to: { partition: 2 }, value: tick(1) }]);
    const [one] = await bus.read(2, undefined, 1, never);
    const lease = await take(bus, 'p2');
    const commit = commitOf(one!.offset, {}, { x: 1, y: 2 });
    await bus.commit(2, lease, commit);
    const alerts = await take(bus, 'alerts');
    proxy.darkFrom(script('taken').sha, false);
    await expect(bus.settle(alerts, { ids: ['x'], log: ['told'], state: new Map() })).rejects.toThrow(RedisUnavailable);
    const next = await open();
    expect(await next.notificationLog(9)).toEqual(['told']);
    expect(await next.outbox(9, never)).toEqual([{ id: 'y', value: 2 }]);
    await using look = server.client();
    expect(await look.redis.smembers(`{${prefix}:c}:settling`)).toEqual([]);
    await next.commit(2, lease, commit);
    expect(await next.outbox(9, never)).toEqual([{ id: 'y', value: 2 }]);
  });

  it('ends every wait while Redis hangs, gives up its leases in time, and goes on afterwards', async () => {
    const bus = await open({ timeoutMs: 800 });
    const seen: string[] = [];
    const held = bus.lease('alerts').subscribe((lease) => seen.push(lease ? 'held' : 'lost'));
    stack.push(() => held.unsubscribe());
    await expect.poll(() => seen).toEqual(['held']);
    server.signal('SIGSTOP');
    try {
      const start = performance.now();
      await expect(bus.append([{ to: 'all', value: tick(1) }])).rejects.toThrow(RedisUnavailable);
      await expect(bus.read(0, undefined, 1, never)).rejects.toThrow(RedisUnavailable);
      expect(performance.now() - start).toBeLessThan(2_500);
      await expect.poll(() => seen, { timeout: leaseMs + 300 }).toEqual(['held', 'lost']);
    } finally {
      server.signal('SIGCONT');
    }
    await expect.poll(() => seen, { timeout: 8_000 }).toEqual(['held', 'lost', 'held']);
    await bus.append([{ to: { partition: 1 }, value: tick(2) }]);
    expect((await readAll(bus, 1)).at(-1)!.value).toEqual(tick(2));
  });

  it('finds everything acknowledged after Redis was killed and started again', async () => {
    const bus = await open();
    const lease = await take(bus, 'p0');
    let acknowledged = -1;
    const stop = new AbortController();
    const writing = (async () => {
      for (let i = 0; !stop.signal.aborted; i++) {
        await bus.append([{ to: { partition: 0 }, value: tick(i) }], { source: 's', value: i });
        acknowledged = i;
      }
    })();
    const reading = bus.read(1, undefined, 1, never);
    await expect.poll(() => acknowledged).toBeGreaterThan(50);
    await server.kill('SIGKILL');
    const before = acknowledged;
    await server.up();
    await expect.poll(() => acknowledged, { timeout: 8_000 }).toBeGreaterThan(before + 50);
    stop.abort();
    await writing;
    await reading;
    const stored = await readAll(bus, 0, undefined, 100);
    expect(stored.map(({ value }) => value)).toEqual(Array.from({ length: acknowledged + 1 }, (_, i) => tick(i)));
    expect(await bus.cursor('s')).toBe(acknowledged);
    // Nobody else has won it meanwhile.
    await bus.commit(0, lease, commitOf(stored.at(-1)!.offset));
  });

  it('refuses a lease that Redis has forgotten', async () => {
    const bus = await open();
    await bus.append([{ to: { partition: 0 }, value: tick(1) }]);
    const [one] = await bus.read(0, undefined, 1, never);
    const lease = await take(bus, 'p0');
    await using look = server.client();
    // What a replica that had not heard of the lease leaves behind when it takes over.
    await look.redis.del(`{${prefix}:p0}:epochs`, `{${prefix}:p0}:lease:p0`);
    const other = await open();
    const next = await take(other, 'p0');
    expect(next.epoch).toBeGreaterThan(lease.epoch);
    await expect(bus.commit(0, lease, commitOf(one!.offset))).rejects.toThrow(LeaseLost);
    await other.commit(0, next, commitOf(one!.offset));
  });

  it('says that Redis is full, writes nothing of it, and goes on once there is room', async () => {
    await using small = await RedisServer.start({ config: { maxmemory: '6mb', 'maxmemory-policy': 'noeviction' } });
    const bus = await open({ url: small.url, partitions: 1 });
    const lease = await take(bus, 'p0');
    const big = { kind: 'kpi', brand: 'a', name: 'x'.repeat(50_000), value: 1, at: 1, observedAt: 1 } as const;
    let written = 0;
    const fill = async (): Promise<void> => {
      for (; written < 1_000; written += 2) await bus.append([big, big].map((value) => ({ to: 'all', value })));
    };
    await expect(fill()).rejects.toThrow(/full.*nothing of it/);
    const stored = await readAll(bus, 0, undefined, 100);
    expect(stored).toHaveLength(written);
    await expect(bus.commit(0, lease, commitOf(stored.at(-1)!.offset, { a: 1 }))).rejects.toThrow(/full/);
    expect(await bus.load(0)).toEqual({ offset: undefined, state: new Map() });
    await using look = small.client();
    await look.redis.config('SET', 'maxmemory', '64mb');
    await bus.commit(0, lease, commitOf(stored.at(-1)!.offset, { a: 1 }));
    await look.redis.config('SET', 'maxmemory', '1mb');
    expect(await bus.trim(100)).toBe(written);
  });

  it('says why it cannot be opened, and never the password', async () => {
    await using guarded = await RedisServer.start({ password: 'right-password' });
    const wrong = guarded.url.replace('right', 'wrong');
    const failure = async (options: Partial<RedisBusOptions>): Promise<string> =>
      open({ timeoutMs: 400, ...options }).then(
        () => 'opened',
        (error: unknown) => String(error),
      );
    expect(await failure({ url: wrong })).toMatch(/WRONGPASS/);
    expect(await failure({ url: guarded.url.replace(':right-password@', '') })).toMatch(/NOAUTH/);
    expect(await failure({ url: 'redis://localhost:1' })).toMatch(/ECONNREFUSED/);
    expect(await failure({ url: 'http://:secret-word@localhost' })).toMatch(/^TypeError: not an address/);
    for (const url of [wrong, 'http://:secret-word@localhost']) {
      expect(await failure({ url })).not.toMatch(/wrong-password|secret-word/);
    }
    await open();
    expect(await failure({ partitions: 5 })).toMatch(/4 partitions, not 5/);
    expect(await failure({ partitions: 4 })).toBe('opened');
  });

  it('asks for as many replicas as it was told to', async () => {
    const bus = await open({ replicas: { count: 1, waitMs: 50 }, timeoutMs: 400 });
    await expect(bus.append([{ to: 'all', value: tick(1) }])).rejects.toThrow(/0 of 1 replicas/);
  });
});

describe.runIf(hasRedis('the bus behind Sentinels'))('sentinels', () => {
  it('go on with the replica when the primary dies, with every write that it had', async () => {
    await using set = await startSentinels();
    const options = { partitions: 2, waitMs: 100, leaseMs: 2_000, timeoutMs: 20_000 };
    await using bus = await openRedisBus({ ...options, url: set.url, replicas: { count: 1, waitMs: 1_000 } });
    const lease = await firstHeld(bus, 'p0');
    for (let i = 0; i < 20; i++)
      await bus.append([{ to: { partition: 0 }, value: tick(i) }], { source: 's', value: i });
    const [one] = await bus.read(0, undefined, 1, never);
    await bus.commit(0, lease, commitOf(one!.offset, { a: 1 }));
    await bus[Symbol.asyncDispose]();
    await using after = await openRedisBus({ ...options, url: set.url });
    await set.primary.kill('SIGKILL');
    await after.append([{ to: { partition: 0 }, value: tick(20) }], { source: 's', value: 20 });
    expect((await readAll(after, 0)).map(({ value }) => value)).toEqual(Array.from({ length: 21 }, (_, i) => tick(i)));
    expect(await after.load(0)).toEqual({ offset: one!.offset, state: new Map([['a', 1]]) });
    expect((await firstHeld(after, 'p0')).epoch).toBeGreaterThan(lease.epoch);
    await using replica = set.replica.client();
    expect(await replica.redis.hget('{v:c}:cursors', 's')).toBe('20');
  });
});

async function firstHeld(bus: Bus, name: string): Promise<Lease> {
  return firstValueFrom(bus.lease(name).pipe(filter((lease) => lease !== undefined)));
}
