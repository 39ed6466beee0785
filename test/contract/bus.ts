/** What every bus owes, run for each implementation. */
import { filter, firstValueFrom, type Subscription } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LeaseLost } from '../../src/model/errors.ts';
import type { Append, Bus, Commit, Lease, Stored } from '../../src/model/ports.ts';
import type { Entry, Json } from '../../src/model/types.ts';

/** A place where buses can be opened; disposing of it removes it. */
export interface BusPlace extends AsyncDisposable {
  /** Opens the bus that lies here; a durable one finds what was left. Waits for the first take 200 ms. */
  open(partitions: number): Promise<Bus>;
  readonly durable: boolean;
}

const never = new AbortController().signal;

export function tick(observedAt: number): Entry {
  return { kind: 'tick', observedAt };
}

export function kpi(name: string, value: number, observedAt = value): Entry {
  return { kind: 'kpi', brand: 'acme', name, value, at: observedAt, observedAt };
}

export function to(key: string, value: Entry): Append {
  return { to: { key }, value };
}

export function commitOf(
  offset: string,
  state: Record<string, Json | undefined> = {},
  outbox: Record<string, Json> = {},
): Commit {
  return { offset, state: new Map(Object.entries(state)), outbox: new Map(Object.entries(outbox)) };
}

/** Everything in a partition behind an offset, read in pages. */
export async function readAll(bus: Bus, partition: number, after?: string, page = 7): Promise<readonly Stored[]> {
  const all: Stored[] = [];
  const stop = new AbortController();
  let offset = after;
  for (;;) {
    const reading = bus.read(partition, offset, page, stop.signal);
    // Nothing more comes: do not wait for it.
    const timer = setTimeout(() => stop.abort(), 50);
    const batch = await reading;
    clearTimeout(timer);
    all.push(...batch);
    if (batch.length < page) return all;
    offset = batch.at(-1)!.offset;
  }
}

/** A key of each partition. */
export function keysOf(bus: Bus): readonly string[] {
  const keys = new Map<number, string>();
  for (let i = 0; keys.size < bus.partitions; i++)
    if (!keys.has(bus.partitionOf(`k${i}`))) keys.set(bus.partitionOf(`k${i}`), `k${i}`);
  return Array.from({ length: bus.partitions }, (_, partition) => keys.get(partition)!);
}

export function busContract(name: string, make: () => Promise<BusPlace>): void {
  describe(`bus contract: ${name}`, () => {
    let place: BusPlace;
    let bus: Bus;
    let held: Subscription[];

    beforeEach(async () => {
      place = await make();
      bus = await place.open(3);
      held = [];
    });
    afterEach(async () => {
      for (const subscription of held) subscription.unsubscribe();
      await bus[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    });

    function take(name: string): Promise<Lease> {
      return new Promise((resolve, reject) => {
        held.push(
          bus
            .lease(name)
            .pipe(filter((lease) => lease !== undefined))
            .subscribe({ next: resolve, error: reject }),
        );
      });
    }

    describe('log', () => {
      it('gives a partition its entries in the order of appending, whole', async () => {
        const [key] = keysOf(bus);
        const entries = Array.from({ length: 50 }, (_, i) => kpi('n', i));
        for (let i = 0; i < 50; i += 5) await bus.append(entries.slice(i, i + 5).map((entry) => to(key!, entry)));
        const read = await readAll(bus, 0);
        expect(read.map((stored) => stored.value)).toEqual(entries);
        expect(new Set(read.map((stored) => stored.offset)).size).toBe(50);
      });

      it('keeps the order of appends that were not waited for', async () => {
        const [key] = keysOf(bus);
        await Promise.all(Array.from({ length: 40 }, (_, i) => bus.append([to(key!, kpi('n', i))])));
        const read = await readAll(bus, 0);
        expect(read.map(({ value }) => value.kind === 'kpi' && value.value)).toEqual(
          Array.from({ length: 40 }, (_, i) => i),
        );
      });

      it('puts one key always into one partition, and many keys into all', async () => {
        const keys = Array.from({ length: 300 }, (_, i) => `client-${i}/main`);
        await bus.append(keys.map((key, i) => to(key, kpi(key, i))));
        let seen = 0;
        for (let partition = 0; partition < bus.partitions; partition++) {
          const read = await readAll(bus, partition);
          expect(read.length).toBeGreaterThan(50);
          for (const { value } of read) expect(bus.partitionOf(value.kind === 'kpi' ? value.name : '')).toBe(partition);
          seen += read.length;
        }
        expect(seen).toBe(300);
      });

      it('cuts keys the same way for ever', () => {
        expect(['acme/main', 'maison-dupont/grocery', 'é', ''].map((key) => bus.partitionOf(key))).toEqual([
          0, 1, 1, 2,
        ]);
      });

      it('appends to all partitions, or to a named one', async () => {
        await bus.append([
          { to: 'all', value: tick(1) },
          { to: { partition: 1 }, value: tick(2) },
        ]);
        const read = await Promise.all([0, 1, 2].map((partition) => readAll(bus, partition)));
        expect(read.map((all) => all.map(({ value }) => value.kind === 'tick' && value.observedAt))).toEqual([
          [1],
          [1, 2],
          [1],
        ]);
      });

      it('reads behind an offset, and no more than asked for', async () => {
        const [key] = keysOf(bus);
        await bus.append(Array.from({ length: 10 }, (_, i) => to(key!, tick(i))));
        const first = await bus.read(0, undefined, 4, never);
        const second = await bus.read(0, first.at(-1)!.offset, 4, never);
        expect([...first, ...second].map(({ value }) => value)).toEqual(Array.from({ length: 8 }, (_, i) => tick(i)));
      });

      it('shares nothing with those who append and read', async () => {
        const value = { kind: 'update', id: 'x:1', brands: ['a'], observedAt: 1 } as const;
        const brands = ['a'];
        await bus.append([{ to: { partition: 0 }, value: { ...value, brands } }]);
        brands.push('b');
        const read = async () => (await bus.read(0, undefined, 1, never))[0]!.value as unknown as { brands: string[] };
        (await read()).brands.push('c');
        expect(await read()).toEqual(value);
      });

      it('keeps any text', async () => {
        const names = ['', '\0', 'é\u0301', '👍🏽', '\ud83d', '"quoted"', '\u2028', 'x'.repeat(200_000)];
        await bus.append(
          names.map((name) => ({ to: { partition: 0 }, value: kpi(name, 1) })),
          { source: 'é\ud83d', value: names },
        );
        expect((await readAll(bus, 0)).map(({ value }) => value.kind === 'kpi' && value.name)).toEqual(names);
        expect(await bus.cursor('é\ud83d')).toEqual(names);
      });

      it('refuses partitions and offsets that are none', async () => {
        await expect(bus.read(3, undefined, 1, never)).rejects.toThrow(RangeError);
        await expect(bus.append([{ to: { partition: -1 }, value: tick(1) }])).rejects.toThrow(RangeError);
        await expect(bus.read(0, 'abc', 1, never)).rejects.toThrow(TypeError);
        await expect(bus.append([{ to: 'all', value: tick(Number.NaN) }])).rejects.toThrow(TypeError);
      });
    });

    describe('cursor and head', () => {
      it('moves the cursor with the entries', async () => {
        expect(await bus.cursor('press')).toBeUndefined();
        await bus.append([{ to: 'all', value: tick(1) }], { source: 'press', value: { etag: 'a' } });
        await bus.append([], { source: 'press', value: { etag: 'b' } });
        await bus.append([], { source: 'inbox', value: null });
        expect(await bus.cursor('press')).toEqual({ etag: 'b' });
        expect(await bus.cursor('inbox')).toBeNull();
        expect(await readAll(bus, 0)).toHaveLength(1);
      });

      it('leaves neither entries nor cursor behind when an append fails', async () => {
        await bus.append([{ to: 'all', value: tick(1) }], { source: 'press', value: 1 });
        const poison = { ...tick(3), poison: 1n } as unknown as Entry;
        const failing = bus.append(
          [2, 4].map((at) => ({ to: 'all', value: at === 2 ? tick(2) : poison })),
          { source: 'press', value: 2 },
        );
        await expect(failing).rejects.toThrow(/BigInt/);
        await expect(
          bus.append([{ to: 'all', value: tick(2) }], { source: 'press', value: 2n as never }),
        ).rejects.toThrow(/BigInt/);
        expect(await bus.cursor('press')).toBe(1);
        expect(await bus.head()).toBe(1);
        expect((await readAll(bus, 1)).map(({ value }) => value)).toEqual([tick(1)]);
      });

      it('knows the largest arrival, until a reset to all begins anew', async () => {
        expect(await bus.head()).toBeUndefined();
        await bus.append([
          { to: 'all', value: tick(30) },
          { to: 'all', value: tick(20) },
        ]);
        await bus.append([{ to: 'all', value: tick(10) }]);
        expect(await bus.head()).toBe(30);
        await bus.append([{ to: { partition: 0 }, value: { kind: 'reset', observedAt: 5 } }]);
        expect(await bus.head()).toBe(30);
        await bus.append([
          { to: 'all', value: tick(40) },
          { to: 'all', value: { kind: 'reset', observedAt: 12 } },
          { to: 'all', value: tick(13) },
        ]);
        expect(await bus.head()).toBe(13);
      });
    });

    describe('waiting', () => {
      it('answers nothing after a moment', async () => {
        const start = performance.now();
        expect(await bus.read(0, undefined, 1, never)).toEqual([]);
        expect(await bus.outbox(1, never)).toEqual([]);
        const took = performance.now() - start;
        expect(took).toBeGreaterThan(300);
        expect(took).toBeLessThan(3000);
      });

      it('wakes a reader when something comes for it', async () => {
        const start = performance.now();
        const reading = bus.read(2, undefined, 10, never);
        const alerting = bus.outbox(10, never);
        await bus.append([{ to: { partition: 2 }, value: tick(1) }]);
        expect((await reading).map(({ value }) => value)).toEqual([tick(1)]);
        await bus.commit(2, await take('p2'), commitOf((await readAll(bus, 2))[0]!.offset, {}, { a: 1 }));
        expect(await alerting).toEqual([{ id: 'a', value: 1 }]);
        expect(performance.now() - start).toBeLessThan(190);
      });

      it('lets others have their turn while somebody catches up', async () => {
        await bus.append(Array.from({ length: 50 }, (_, i) => ({ to: { partition: 0 }, value: tick(i) })));
        let turns = 0;
        const others = setInterval(() => turns++, 0);
        const until = performance.now() + 100;
        while (performance.now() < until) await bus.read(0, undefined, 50, never);
        clearInterval(others);
        expect(turns).toBeGreaterThan(5);
      });

      it('needs no timer of the test to append and read what is there', async () => {
        vi.useFakeTimers();
        try {
          await bus.append([{ to: 'all', value: tick(1) }]);
          expect(await bus.read(0, undefined, 1, never)).toHaveLength(1);
        } finally {
          vi.useRealTimers();
        }
      });

      it('ends a wait at once on abort, and when the bus is closed', async () => {
        const stop = new AbortController();
        const start = performance.now();
        const waits = [bus.read(0, undefined, 1, stop.signal), bus.outbox(1, stop.signal)];
        stop.abort();
        expect(await Promise.all([...waits, bus.read(0, undefined, 1, stop.signal)])).toEqual([[], [], []]);
        const closing = bus.read(0, undefined, 1, never);
        await bus[Symbol.asyncDispose]();
        expect(await closing).toEqual([]);
        expect(performance.now() - start).toBeLessThan(150);
      });
    });

    describe('commit', () => {
      it('moves offset, state and outbox together', async () => {
        expect(await bus.load(0)).toEqual({ offset: undefined, state: new Map() });
        await bus.append(Array.from({ length: 3 }, (_, i) => ({ to: { partition: 0 }, value: tick(i) })));
        const [one, two] = await bus.read(0, undefined, 2, never);
        const lease = await take('p0');
        await bus.commit(0, lease, commitOf(one!.offset, { a: [1], b: null, '"c\ud83d': 3 }, { x: { n: 1 }, y: 2 }));
        await bus.commit(0, lease, commitOf(two!.offset, { a: undefined, b: { deep: ['é'] } }, { z: 3 }));
        expect(await bus.load(0)).toEqual({
          offset: two!.offset,
          state: new Map<string, Json>([
            ['b', { deep: ['é'] }],
            ['"c\ud83d', 3],
          ]),
        });
        expect(await bus.load(1)).toEqual({ offset: undefined, state: new Map() });
        expect(await bus.outbox(10, never)).toEqual([
          { id: 'x', value: { n: 1 } },
          { id: 'y', value: 2 },
          { id: 'z', value: 3 },
        ]);
        expect(await bus.outbox(2, never)).toHaveLength(2);
      });

      it('changes nothing when it fails', async () => {
        await bus.append([1, 2].map((at) => ({ to: { partition: 0 }, value: tick(at) })));
        const [one, two] = await bus.read(0, undefined, 2, never);
        const lease = await take('p0');
        await bus.commit(0, lease, commitOf(one!.offset, { a: 1 }));
        const bad = commitOf(two!.offset, { a: 2, b: 2n as never }, { x: 1 });
        await expect(bus.commit(0, lease, bad)).rejects.toThrow(/BigInt/);
        await expect(bus.commit(0, lease, commitOf(two!.offset, { a: 2 }, { x: 1, y: 2n as never }))).rejects.toThrow(
          /BigInt/,
        );
        expect(await bus.load(0)).toEqual({ offset: one!.offset, state: new Map([['a', 1]]) });
        expect(await bus.outbox(1, never)).toEqual([]);
      });

      it('never goes back', async () => {
        await bus.append([1, 2].map((at) => ({ to: { partition: 0 }, value: tick(at) })));
        const [one, two] = await bus.read(0, undefined, 2, never);
        const lease = await take('p0');
        await bus.commit(0, lease, commitOf(two!.offset, { a: 2 }));
        await expect(bus.commit(0, lease, commitOf(one!.offset, { a: 1 }))).rejects.toThrow(/back/);
        expect(await bus.load(0)).toEqual({ offset: two!.offset, state: new Map([['a', 2]]) });
      });

      it('adds an id to the outbox once, also when it has been settled since', async () => {
        await bus.append([{ to: { partition: 0 }, value: tick(1) }]);
        const [one] = await bus.read(0, undefined, 1, never);
        const [lease, alerts] = [await take('p0'), await take('alerts')];
        const commit = commitOf(one!.offset, {}, { x: 1, y: 2 });
        await bus.commit(0, lease, commit);
        await bus.commit(0, lease, commit);
        expect(await bus.outbox(10, never)).toEqual([
          { id: 'x', value: 1 },
          { id: 'y', value: 2 },
        ]);
        await bus.settle(alerts, { ids: ['x'], log: [], state: new Map() });
        await bus.commit(0, lease, commit);
        expect(await bus.outbox(10, never)).toEqual([{ id: 'y', value: 2 }]);
      });

      it('refuses a lease that is over, and leaves everything as it was', async () => {
        await bus.append([{ to: { partition: 0 }, value: tick(1) }]);
        const [one] = await bus.read(0, undefined, 1, never);
        const old = await take('p0');
        held.pop()!.unsubscribe();
        const lease = await take('p0');
        expect(lease.epoch).toBeGreaterThan(old.epoch);
        await expect(bus.commit(0, old, commitOf(one!.offset, { a: 1 }, { x: 1 }))).rejects.toThrow(LeaseLost);
        expect(await bus.load(0)).toEqual({ offset: undefined, state: new Map() });
        expect(await bus.outbox(1, never)).toEqual([]);
        await bus.commit(0, lease, commitOf(one!.offset));
        const alerts = await take('alerts');
        const stale = { ...alerts, epoch: alerts.epoch - 1 };
        await expect(bus.settle(stale, { ids: [], log: ['line'], state: new Map([['a', 1]]) })).rejects.toThrow(
          LeaseLost,
        );
        expect(await bus.notificationLog(1)).toEqual([]);
        expect(await bus.loadAlerts()).toEqual(new Map());
      });
    });

    describe('settle', () => {
      it('writes log and state and takes the ids out; repeating it changes nothing', async () => {
        await bus.append([{ to: { partition: 0 }, value: tick(1) }]);
        const [one] = await bus.read(0, undefined, 1, never);
        await bus.commit(0, await take('p0'), commitOf(one!.offset, {}, { x: 1, y: 2 }));
        const alerts = await take('alerts');
        const settlement = {
          ids: ['x', 'nobody'],
          log: [{ n: 1 }, { n: 2 }],
          state: new Map<string, Json | undefined>([
            ['g1', [1]],
            ['g2', 2],
          ]),
        };
        await bus.settle(alerts, settlement);
        await bus.settle(alerts, settlement);
        expect(await bus.outbox(10, never)).toEqual([{ id: 'y', value: 2 }]);
        expect(await bus.notificationLog(10)).toEqual([{ n: 2 }, { n: 1 }]);
        expect(await bus.loadAlerts()).toEqual(
          new Map<string, Json>([
            ['g1', [1]],
            ['g2', 2],
          ]),
        );
        await bus.settle(alerts, { ids: [], log: [{ n: 3 }], state: new Map([['g1', undefined]]) });
        expect(await bus.notificationLog(2)).toEqual([{ n: 3 }, { n: 2 }]);
        expect(await bus.loadAlerts()).toEqual(new Map([['g2', 2]]));
      });

      it('changes nothing when it fails', async () => {
        await bus.append([{ to: { partition: 0 }, value: tick(1) }]);
        const [one] = await bus.read(0, undefined, 1, never);
        await bus.commit(0, await take('p0'), commitOf(one!.offset, {}, { x: 1 }));
        const bad = { ids: ['x'], log: ['line'], state: new Map([['a', 1n as never]]) };
        await expect(bus.settle(await take('alerts'), bad)).rejects.toThrow(/BigInt/);
        expect(await bus.outbox(10, never)).toHaveLength(1);
        expect(await bus.notificationLog(10)).toEqual([]);
      });
    });

    describe('trim', () => {
      it('drops what is old and has been passed, and nothing else', async () => {
        await bus.append([10, 20, 30, 15, 40].map((at) => ({ to: 'all', value: tick(at) })));
        const entries = await bus.read(0, undefined, 5, never);
        expect(await bus.trim(1000)).toBe(0);
        await bus.commit(0, await take('p0'), commitOf(entries[3]!.offset));
        expect(await bus.trim(20)).toBe(2);
        const left = (await readAll(bus, 0)).map(({ value }) => value);
        expect(left).toEqual([tick(20), tick(30), tick(40)]);
        expect(await readAll(bus, 1)).toHaveLength(5);
        expect(await bus.trim(1000)).toBe(2);
        expect((await readAll(bus, 0)).map(({ value }) => value)).toEqual([tick(40)]);
        expect(await bus.head()).toBe(40);
        expect((await bus.read(0, entries[3]!.offset, 5, never)).map(({ value }) => value)).toEqual([tick(40)]);
      });
    });

    describe('leases', () => {
      it('have one holder at a time, each with a greater epoch', async () => {
        const seen: (readonly [string, number | undefined])[] = [];
        const watch = (who: string) => bus.lease('p0').subscribe((lease) => seen.push([who, lease?.epoch]));
        const first = watch('a');
        const second = watch('b');
        await expect.poll(() => seen.length).toBe(1);
        first.unsubscribe();
        await expect.poll(() => seen.length).toBe(2);
        expect(seen.map(([who]) => who)).toEqual(['a', 'b']);
        expect(seen[1]![1]).toBeGreaterThan(seen[0]![1]!);
        second.unsubscribe();
        expect((await firstValueFrom(bus.lease('p0')))!.epoch).toBeGreaterThan(seen[1]![1]!);
      });

      it('are taken away when the bus closes', async () => {
        const seen: unknown[] = [];
        bus.lease('p0').subscribe({ next: (lease) => seen.push(lease && 'held'), complete: () => seen.push('end') });
        await expect.poll(() => seen).toEqual(['held']);
        await bus[Symbol.asyncDispose]();
        expect(seen).toEqual(['held', undefined, 'end']);
        await expect(bus.load(0)).rejects.toThrow(/closed/);
      });
    });

    it('finds everything after a restart', async (context) => {
      context.skip(!place.durable, 'nothing of it outlives its process');
      await bus.append(
        [10, 20].map((at) => ({ to: 'all', value: tick(at) })),
        { source: 'press', value: [1] },
      );
      const [one] = await bus.read(1, undefined, 1, never);
      const old = await take('p1');
      await bus.commit(1, old, commitOf(one!.offset, { a: 1 }, { x: 1, y: 2 }));
      await bus.settle(await take('alerts'), { ids: ['x'], log: ['line'], state: new Map([['g', 1]]) });
      await bus[Symbol.asyncDispose]();
      held = [];
      bus = await place.open(3);
      expect(await bus.cursor('press')).toEqual([1]);
      expect(await bus.head()).toBe(20);
      expect((await readAll(bus, 1)).map(({ value }) => value)).toEqual([tick(10), tick(20)]);
      expect(await bus.load(1)).toEqual({ offset: one!.offset, state: new Map([['a', 1]]) });
      expect(await bus.outbox(10, never)).toEqual([{ id: 'y', value: 2 }]);
      expect(await bus.loadAlerts()).toEqual(new Map([['g', 1]]));
      expect(await bus.notificationLog(10)).toEqual(['line']);
      const lease = await take('p1');
      expect(lease.epoch).toBeGreaterThan(old.epoch);
      await expect(bus.commit(1, old, commitOf(one!.offset))).rejects.toThrow(LeaseLost);
      await bus.commit(1, lease, commitOf(one!.offset, {}, { x: 1, y: 2 }));
      expect(await bus.outbox(10, never)).toEqual([{ id: 'y', value: 2 }]);
    });
  });
}
