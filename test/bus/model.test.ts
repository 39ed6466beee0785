/** Any sequence of appends, commits, settlements, trims and restarts leaves what a model of plain arrays says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemoryBus } from '../../src/bus/memory.ts';
import { openRedisBus } from '../../src/bus/redis.ts';
import { openSqliteBus } from '../../src/bus/sqlite.ts';
import type { Append, Bus, Lease } from '../../src/model/ports.ts';
import type { Entry, Json } from '../../src/model/types.ts';
import { commitOf, kpi, tick } from '../contract/bus.ts';
import { hasRedis, RedisServer } from '../services/redis.ts';

const partitions = 2;
const never = new AbortController().signal;

const key = fc.constantFrom('a', 'b', 'c', '"', '\ud83d');
const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
const changes = fc.dictionary(key, fc.option(json, { nil: undefined }), { maxKeys: 3 });
const target = fc.oneof(fc.constant('all' as const), fc.nat(partitions - 1));
const operation = fc.oneof(
  fc.record({
    op: fc.constant('append' as const),
    entries: fc.array(fc.record({ target, at: fc.nat(50) }), { maxLength: 4 }),
    cursor: fc.option(json, { nil: undefined }),
    broken: fc.boolean(),
  }),
  fc.record({
    op: fc.constant('commit' as const),
    partition: fc.nat(partitions - 1),
    max: fc.integer({ min: 1, max: 4 }),
    state: changes,
    outbox: fc.dictionary(fc.constantFrom('x', 'y', 'z', 'u', 'v'), json, { maxKeys: 2 }),
    stale: fc.boolean(),
  }),
  fc.record({
    op: fc.constant('settle' as const),
    max: fc.nat(2),
    log: fc.array(fc.nat(6), { maxLength: 2 }),
    state: changes,
    twice: fc.boolean(),
  }),
  fc.record({ op: fc.constant('trim' as const), before: fc.nat(50) }),
  fc.record({ op: fc.constant('reopen' as const) }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

interface Row {
  /** What the bus calls it: any text, growing within a partition. */
  readonly offset: string;
  readonly entry: Entry;
}

/** What a bus is, said in the plainest way. */
class Model {
  rows: Row[][] = [[], []];
  head: number | undefined;
  cursor: Json | undefined;
  offsets: number[] = [0, 0];
  state: Map<string, Json>[] = [new Map(), new Map()];
  outbox = new Map<string, Json>();
  settled = new Set<string>();
  log: Json[] = [];
  alerts = new Map<string, Json>();
}

function merge(state: Map<string, Json>, changes: Readonly<Record<string, Json | undefined>>): void {
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined) state.delete(key);
    else state.set(key, value);
  }
}

async function apply(bus: Bus, model: Model, leases: Map<string, Lease>, step: Operation, n: number): Promise<void> {
  if (step.op === 'append') {
    const entries = step.entries.map(({ target, at }, i): Append => {
      const value = i % 2 === 0 ? tick(at) : kpi(`${n}.${i}`, at);
      return { to: target === 'all' ? 'all' : { partition: target }, value };
    });
    const cursor = step.cursor === undefined ? undefined : { source: 's', value: step.cursor };
    if (step.broken) {
      const bad: Append = { to: 'all', value: { ...tick(999), bad: 1n } as unknown as Entry };
      await expect(bus.append([...entries, bad], cursor)).rejects.toThrow(TypeError);
      return;
    }
    await bus.append(entries, cursor);
    for (const partition of [0, 1]) {
      const added = entries.filter(({ to }) => to === 'all' || ('partition' in to && to.partition === partition));
      if (added.length === 0) continue;
      const rows = model.rows[partition]!;
      const stored = await bus.read(partition, undefined, 1000, never);
      const offsets = stored.map(({ offset }) => Number(offset));
      expect(offsets).toEqual([...new Set(offsets)].toSorted((a, b) => a - b));
      expect(stored.slice(0, rows.length).map(({ offset }) => offset)).toEqual(rows.map(({ offset }) => offset));
      const fresh = stored.slice(rows.length);
      expect(fresh.map(({ value }) => value)).toEqual(added.map(({ value }) => value));
      rows.push(...fresh.map(({ offset, value }) => ({ offset, entry: value })));
    }
    for (const { value } of entries) {
      const at = value.kind === 'mention' ? 0 : value.observedAt;
      model.head = Math.max(model.head ?? at, at);
    }
    if (cursor) model.cursor = cursor.value;
  }
  if (step.op === 'commit') {
    const { partition } = step;
    const lease = leases.get(`p${partition}`)!;
    const rows = model.rows[partition]!.filter(({ offset }) => Number(offset) > model.offsets[partition]!);
    const end = Number(rows.slice(0, step.max).at(-1)?.offset ?? model.offsets[partition]!);
    const commit = commitOf(String(end), step.state, step.outbox);
    if (step.stale) {
      await expect(bus.commit(partition, { ...lease, epoch: lease.epoch - 1 }, commit)).rejects.toThrow('is over');
      return;
    }
    await bus.commit(partition, lease, commit);
    model.offsets[partition] = end;
    merge(model.state[partition]!, step.state);
    for (const [id, value] of Object.entries(step.outbox)) {
      if (!model.settled.has(id) && !model.outbox.has(id)) model.outbox.set(id, value);
    }
  }
  if (step.op === 'settle') {
    const ids = [...model.outbox.keys()].slice(0, step.max);
    const log = step.log.map((line) => ({ line }));
    const settlement = { ids, log, state: new Map(Object.entries(step.state)) };
    for (let i = step.twice ? 2 : 1; i > 0; i--) await bus.settle(leases.get('alerts')!, settlement);
    for (const id of ids) {
      model.outbox.delete(id);
      model.settled.add(id);
    }
    for (const line of log) {
      if (!model.log.some((old) => JSON.stringify(old) === JSON.stringify(line))) model.log.push(line);
    }
    merge(model.alerts, step.state);
  }
  if (step.op === 'trim') {
    const keep = (partition: number) => (row: Row) =>
      Number(row.offset) > model.offsets[partition]! ||
      (row.entry.kind !== 'mention' && row.entry.observedAt >= step.before);
    const kept = model.rows.map((rows, partition) => rows.filter(keep(partition)));
    expect(await bus.trim(step.before)).toBe(model.rows.flat().length - kept.flat().length);
    model.rows = kept;
  }
}

/** JSON has one zero. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

async function expectSame(bus: Bus, model: Model): Promise<void> {
  for (const partition of [0, 1]) {
    const rows = model.rows[partition]!;
    const expected = rows.map(({ offset, entry }) => ({ offset, value: entry }));
    if (rows.length > 0) expect(await bus.read(partition, undefined, 1000, never)).toEqual(expected);
    const checkpoint = await bus.load(partition);
    const offset = model.offsets[partition]!;
    // A commit that read nothing may say `0` or nothing of the start.
    expect(Number(checkpoint.offset ?? 0)).toBe(offset);
    expect(checkpoint.state).toEqual(new Map(plain([...model.state[partition]!])));
  }
  expect(await bus.head()).toBe(model.head);
  expect(await bus.cursor('s')).toEqual(model.cursor === undefined ? undefined : plain(model.cursor));
  if (model.outbox.size > 0) {
    const outbox = await bus.outbox(100, never);
    expect(outbox).toEqual(plain([...model.outbox].map(([id, value]) => ({ id, value }))));
  }
  expect(await bus.notificationLog(100)).toEqual(model.log.toReversed());
  expect(await bus.loadAlerts()).toEqual(new Map(plain([...model.alerts])));
}

async function run(open: () => Bus | Promise<Bus>, durable: boolean, steps: readonly Operation[]): Promise<void> {
  const model = new Model();
  let bus = await open();
  const leases = new Map<string, Lease>();
  const take = async (): Promise<void> => {
    const names = ['p0', 'p1', 'alerts'];
    const won = names.map(
      (name) =>
        new Promise<void>((resolve) => {
          bus.lease(name).subscribe((lease) => {
            const old = leases.get(name)?.epoch ?? 0;
            if (lease) expect(lease.epoch).toBeGreaterThan(old);
            if (lease) leases.set(name, lease);
            resolve();
          });
        }),
    );
    await Promise.all(won);
  };
  try {
    await take();
    for (const [n, step] of steps.entries()) {
      if (step.op === 'reopen' && durable) {
        await bus[Symbol.asyncDispose]();
        bus = await open();
        await take();
      }
      await apply(bus, model, leases, step, n);
      await expectSame(bus, model);
    }
  } finally {
    await bus[Symbol.asyncDispose]();
  }
}

const sequences = fc.array(operation, { maxLength: 25, size: 'max' });

it('holds for the memory bus', async () => {
  const open = (): Bus => new MemoryBus({ partitions, waitMs: 1 });
  await fc.assert(
    fc.asyncProperty(sequences, (steps) => run(open, false, steps)),
    { numRuns: 150 },
  );
});

it('holds for the SQLite bus', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-bus-'));
  let n = 0;
  await fc.assert(
    fc.asyncProperty(sequences, (steps) => {
      const path = join(folder, `${n++}.db`);
      return run(() => openSqliteBus({ path, partitions, waitMs: 1, now: 0 }), true, steps);
    }),
    { numRuns: 40 },
  );
  await rm(folder, { recursive: true });
});

/** Two partitions never bring the same id to the outbox: it belongs to one brand. The bus on Redis relies on that. */
function idsApart(step: Operation): Operation {
  if (step.op !== 'commit') return step;
  const outbox = Object.fromEntries(
    Object.entries(step.outbox).map(([id, value]) => [`${step.partition}${id}`, value]),
  );
  return { ...step, outbox };
}

it.runIf(hasRedis('any sequence on the bus on Redis'))('holds for the bus on Redis', async () => {
  await using server = await RedisServer.start();
  let n = 0;
  await fc.assert(
    fc.asyncProperty(sequences, (steps) => {
      const prefix = `m${n++}`;
      const open = (): Promise<Bus> => openRedisBus({ url: server.url, prefix, partitions, waitMs: 1 });
      return run(open, true, steps.map(idsApart));
    }),
    { numRuns: 25 },
  );
});
