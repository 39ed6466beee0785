/** What every source owes the program. Each source's test runs this suite over a small world of its own. */
import { inspect } from 'node:util';
import { assert, jsonValue, property } from 'fast-check';

import { describe, expect, test } from 'vitest';
import type { Source } from '../../src/model/ports.ts';
import type { Json, RawItem } from '../../src/model/types.ts';

/** The outside of one source, as a test holds it. */
export interface SourceWorld extends AsyncDisposable {
  /** A source over this world: a second one stands for a restarted process. */
  readonly create: () => Source;
  /** How often a source has touched the world. */
  readonly touched: () => number;
  /** Makes posts with these native ids available, after what is there already. */
  readonly offer: (ids: readonly string[]) => Promise<void>;
  /** The id of the post that is made of a native id. */
  readonly postId: (id: string) => string;
  /** Puts something into the world that is no post; absent where the protocol has no such thing. */
  readonly offerBroken?: () => Promise<void>;
  /** Two items of the same native id. */
  readonly twins: () => readonly [RawItem, RawItem];
  /** Makes reading fail; absent where it cannot. */
  readonly fail?: () => Promise<void>;
  /** What no message may show. */
  readonly secrets: readonly string[];
}

export function sourceContract(name: string, open: () => Promise<SourceWorld>): void {
  describe(`${name} keeps the contract of a source`, () => {
    test('touches nothing before it is asked', async () => {
      await using world = await open();
      await world.offer(['a']);
      const stop = new AbortController();
      const before = world.touched();
      const batches = world.create().read(undefined, stop.signal);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(world.touched()).toBe(before);
      stop.abort();
      await batches[Symbol.asyncIterator]().return?.();
    });

    test('goes on from its cursor without a hole', async () => {
      await using world = await open();
      const seen = new Set<string>();
      await world.offer(['a', 'b', 'c']);
      const cursor = await collect(world.create(), undefined, ['a', 'b', 'c'].map(world.postId), seen);
      await world.offer(['d', 'e']);
      await collect(world.create(), cursor, ['d', 'e'].map(world.postId), seen);
      expect([...seen].sort()).toEqual(['a', 'b', 'c', 'd', 'e'].map(world.postId).sort());
    });

    test('ends within a second of abort and leaves no timer or socket open', async () => {
      await using world = await open();
      await world.offer(['a']);
      const before = resources();
      const stop = new AbortController();
      const batches = world.create().read(undefined, stop.signal)[Symbol.asyncIterator]();
      const first = await batches.next();
      if (first.done !== true) first.value.done?.();
      const next = batches.next();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const abortedAt = performance.now();
      stop.abort();
      for (let result = await next; result.done !== true; result = await batches.next()) result.value.done?.();
      expect(performance.now() - abortedAt).toBeLessThan(1_000);
      // What an earlier test left may go meanwhile; nothing may come.
      await expect.poll(() => added(before, resources()), { timeout: 2_000 }).toEqual({});
    });

    test('puts what is malformed into the quarantine and goes on', async () => {
      await using world = await open();
      const source = world.create();
      if (world.offerBroken) {
        const seen = new Set<string>();
        const refused: string[] = [];
        await world.offerBroken();
        await world.offer(['a']);
        await collect(source, undefined, [world.postId('a')], seen, refused);
        expect(refused.length).toBeGreaterThan(0);
        for (const reason of refused) expect(reason).toMatch(/\w+/);
      }
      assert(
        property(jsonValue({ maxDepth: 3 }), (body) => {
          const outcome = source.normalise({ nativeId: 'x', body });
          expect(['keep', 'drop', 'quarantine']).toContain(outcome.kind);
        }),
        { numRuns: 200 },
      );
    });

    test('makes one post id of two items with one native id', async () => {
      await using world = await open();
      const source = world.create();
      const [one, two] = world.twins().map((item) => source.normalise(item));
      if (one?.kind !== 'keep' || two?.kind !== 'keep') throw new Error('the twins are no posts');
      expect(one.value.id).toBe(two.value.id);
      expect(one.value.id.startsWith(`${one.value.source}:`)).toBe(true);
    });

    test('shows no secret in an error', async () => {
      await using world = await open();
      for (const secret of world.secrets) expect(JSON.stringify(world.create())).not.toContain(secret);
      if (!world.fail) return;
      await world.fail();
      const failure = await firstFailure(world.create());
      expect(failure).toBeInstanceOf(Error);
      const said = `${String(failure)} ${inspect(failure)}`;
      expect(world.secrets.length).toBeGreaterThan(0);
      for (const secret of world.secrets) expect(said).not.toContain(secret);
    });
  });
}

async function collect(
  source: Source,
  from: Json | undefined,
  wanted: readonly string[],
  seen: Set<string>,
  refused: string[] = [],
): Promise<Json | undefined> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 5_000);
  const missing = new Set(wanted);
  let cursor = from;
  try {
    for await (const batch of source.read(from, stop.signal)) {
      for (const item of batch.items) {
        const outcome = source.normalise(item);
        if (outcome.kind === 'keep') {
          seen.add(outcome.value.id);
          missing.delete(outcome.value.id);
        } else refused.push(outcome.reason);
      }
      cursor = batch.cursor ?? cursor;
      batch.done?.();
      if (missing.size === 0) break;
    }
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
  expect([...missing]).toEqual([]);
  return cursor;
}

async function firstFailure(source: Source): Promise<unknown> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 5_000);
  try {
    for await (const batch of source.read(undefined, stop.signal)) batch.done?.();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

function added(before: Counts, after: Counts): Counts {
  return Object.fromEntries(Object.entries(after).filter(([type, count]) => count > (before[type] ?? 0)));
}

type Counts = Readonly<Record<string, number>>;

/** Timers and sockets that keep a process alive; idle ones that do not are none of ours. */
function resources(): Counts {
  const counts: Record<string, number> = {};
  for (const type of process.getActiveResourcesInfo()) {
    if (/Timeout|TCPSocket|FSReq|GetAddrInfo/.test(type)) counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}
