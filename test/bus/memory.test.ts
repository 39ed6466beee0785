import { describe, expect, it } from 'vitest';
import { MemoryBus } from '../../src/bus/memory.ts';
import { busContract, commitOf, kpi, tick } from '../contract/bus.ts';

busContract('memory', async () => ({
  durable: false,
  open: async (partitions) => new MemoryBus({ partitions, waitMs: 200 }),
  [Symbol.asyncDispose]: async () => {},
}));

describe('a memory bus that does not copy', () => {
  it('hands out the very entries and state it was given', async () => {
    await using bus = new MemoryBus({ share: true });
    const entry = kpi('n', 1);
    await bus.append([{ to: 'all', value: entry }]);
    const [stored] = await bus.read(0, undefined, 1, new AbortController().signal);
    expect(stored!.value).toBe(entry);
    const state = { n: 1 };
    await bus.commit(0, { name: 'p0', epoch: 1 }, commitOf(stored!.offset, { state }));
    expect((await bus.load(0)).state.get('state')).toBe(state);
  });

  it('forgets what was read when it is trimmed, so that a backtest does not grow', async () => {
    await using bus = new MemoryBus({ share: true });
    for (let i = 0; i < 20; i++) {
      await bus.append(Array.from({ length: 10 }, () => ({ to: 'all', value: tick(i) })));
      const read = await bus.read(0, (await bus.load(0)).offset, 100, new AbortController().signal);
      expect(read).toHaveLength(10);
      await bus.commit(0, { name: 'p0', epoch: 1 }, commitOf(read.at(-1)!.offset));
      expect(await bus.trim(Number.POSITIVE_INFINITY)).toBe(10);
    }
  });
});
