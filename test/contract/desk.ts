/** What every desk owes, run for each implementation. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Conflict } from '../../src/model/errors.ts';
import type { Desk } from '../../src/model/ports.ts';
import type { Json } from '../../src/model/types.ts';

/** A place where a desk can be opened; disposing of it removes it. */
export interface DeskPlace extends AsyncDisposable {
  /** Opens the desk that lies here; a durable one finds what was left. */
  open(): Promise<Desk>;
  readonly durable: boolean;
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function deskContract(name: string, make: () => Promise<DeskPlace>): void {
  describe(`desk contract: ${name}`, () => {
    let place: DeskPlace;
    let desk: Desk;

    beforeEach(async () => {
      place = await make();
      desk = await place.open();
    });
    afterEach(async () => {
      await desk[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    });

    async function journal(client: string, name: string, after?: string): Promise<readonly Json[]> {
      return (await collect(desk.read(client, name, after))).map(({ entry }) => entry);
    }

    it('gives back what was put, with a version that changes', async () => {
      expect(await desk.get('a', 'silence', 's1')).toBeUndefined();
      const first = await desk.put('a', 'silence', 's1', { until: 5, note: 'é\ud83d' }, undefined);
      expect(await desk.get('a', 'silence', 's1')).toEqual({ value: { until: 5, note: 'é\ud83d' }, version: first });
      const second = await desk.put('a', 'silence', 's1', null, first);
      expect(second).not.toBe(first);
      expect(await desk.get('a', 'silence', 's1')).toEqual({ value: null, version: second });
    });

    it('refuses a write that has not seen the last one', async () => {
      await expect(desk.put('a', 'user', 'u', 1, 'never')).rejects.toThrow(Conflict);
      const first = await desk.put('a', 'user', 'u', 1, undefined);
      await expect(desk.put('a', 'user', 'u', 2, undefined)).rejects.toThrow(Conflict);
      const second = await desk.put('a', 'user', 'u', 2, first);
      await expect(desk.put('a', 'user', 'u', 3, first)).rejects.toThrow(Conflict);
      await expect(desk.put('a', 'user', 'u', undefined, first)).rejects.toThrow(Conflict);
      expect(await desk.get('a', 'user', 'u')).toEqual({ value: 2, version: second });
    });

    it('lets one of many writers win', async () => {
      const seen = await desk.put('a', 'user', 'u', 0, undefined);
      const outcomes = await Promise.allSettled([1, 2, 3, 4].map((n) => desk.put('a', 'user', 'u', n, seen)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });

    it('deletes, and never gives an old version to what is made again', async () => {
      const first = await desk.put('a', 'view', 'v', 1, undefined);
      await desk.put('a', 'view', 'v', undefined, first);
      expect(await desk.get('a', 'view', 'v')).toBeUndefined();
      expect((await desk.list('a', 'view', { limit: 10 })).items).toEqual([]);
      await desk.put('a', 'view', 'v', undefined, undefined);
      const again = await desk.put('a', 'view', 'v', 1, undefined);
      expect(again).not.toBe(first);
      await expect(desk.put('a', 'view', 'v', 2, first)).rejects.toThrow(Conflict);
    });

    it('lists by id, in pages that neither skip nor repeat while the list changes', async () => {
      // In the order of UTF-8: U+FF5E before the surrogate pair of U+1F44D.
      const ids = ['', '0', 'A', 'a', 'a\0', 'aa', 'é', '\uff5e', '👍'];
      const versions = new Map<string, string>();
      for (const id of ids.toReversed()) versions.set(id, await desk.put('a', 'incident', id, id, undefined));
      const seen: string[] = [];
      let after: string | undefined;
      let pages = 0;
      do {
        const page = await desk.list('a', 'incident', { limit: 2, ...(after === undefined ? {} : { after }) });
        seen.push(...page.items.map(({ id }) => id));
        for (const { id, value, version } of page.items) expect([value, version]).toEqual([id, versions.get(id)]);
        after = page.next;
        // What goes away behind us and comes ahead of us.
        if (++pages === 2) {
          await desk.put('a', 'incident', 'A', undefined, versions.get('A'));
          versions.set('b', await desk.put('a', 'incident', 'b', 'b', undefined));
        }
      } while (after !== undefined);
      expect(seen).toEqual(['', '0', 'A', 'a', 'a\0', 'aa', 'b', 'é', '\uff5e', '👍']);
      expect(await desk.list('a', 'incident', { limit: 9, after: '👍' })).toEqual({ items: [] });
      expect((await desk.list('a', 'incident', { limit: 9 })).next).toBeUndefined();
      await expect(desk.list('a', 'incident', { limit: 0 })).rejects.toThrow(RangeError);
    });

    it('keeps clients, kinds and journals apart', async () => {
      await desk.put('a', 'user', 'u', 'of a', undefined);
      await desk.put('b', 'user', 'u', 'of b', undefined);
      await desk.put('a', 'view', 'u', 'a view', undefined);
      await desk.append('a', 'audit', 1);
      await desk.append('b', 'audit', 2);
      await desk.append('a', 'incident:1', 3);
      expect((await desk.get('b', 'user', 'u'))?.value).toBe('of b');
      expect((await desk.list('a', 'user', { limit: 9 })).items.map(({ value }) => value)).toEqual(['of a']);
      expect(await desk.get('c', 'user', 'u')).toBeUndefined();
      expect(await journal('a', 'audit')).toEqual([1]);
      expect(await journal('b', 'audit')).toEqual([2]);
      expect(await journal('c', 'audit')).toEqual([]);
    });

    it('reads a journal oldest first, and on from a position', async () => {
      const entries = Array.from({ length: 1203 }, (_, n) => ({ n }));
      for (const entry of entries) await desk.append('a', 'audit', entry);
      const all = await collect(desk.read('a', 'audit'));
      expect(all.map(({ entry }) => entry)).toEqual(entries);
      expect(await journal('a', 'audit', all[999]!.at)).toEqual(entries.slice(1000));
      expect(await journal('a', 'audit', all.at(-1)!.at)).toEqual([]);
      await desk.append('a', 'audit', 'more');
      expect(await journal('a', 'audit', all.at(-1)!.at)).toEqual(['more']);
    });

    it('shares nothing with those who write and read', async () => {
      const value = { tags: ['x'] };
      await desk.put('a', 'view', 'v', value, undefined);
      await desk.append('a', 'audit', value);
      value.tags.push('y');
      ((await desk.get('a', 'view', 'v'))!.value as unknown as typeof value).tags.push('z');
      expect((await desk.get('a', 'view', 'v'))!.value).toEqual({ tags: ['x'] });
      expect(await journal('a', 'audit')).toEqual([{ tags: ['x'] }]);
    });

    it('hands over everything, documents first, journals oldest first', async () => {
      await desk.put('b', 'view', 'v', { n: 1 }, undefined);
      await desk.put('a', 'user', 'u', 'x', undefined);
      const gone = await desk.put('a', 'user', 'gone', 1, undefined);
      await desk.put('a', 'user', 'gone', undefined, gone);
      for (const step of [1, 2, 3]) await desk.append('a', 'audit', step);
      await desk.append('b', 'audit', 'y');
      const items = await collect(desk.everything());
      expect(items.slice(0, 2).toSorted((one, other) => (one.client < other.client ? -1 : 1))).toEqual([
        { type: 'document', client: 'a', kind: 'user', id: 'u', value: 'x' },
        { type: 'document', client: 'b', kind: 'view', id: 'v', value: { n: 1 } },
      ]);
      const entries = items.slice(2);
      expect(entries.filter(({ client }) => client === 'a')).toEqual(
        [1, 2, 3].map((entry) => ({ type: 'entry', client: 'a', journal: 'audit', entry })),
      );
      expect(entries.filter(({ client }) => client === 'b')).toEqual([
        { type: 'entry', client: 'b', journal: 'audit', entry: 'y' },
      ]);
    });

    it('refuses names that are none, and work after it was closed', async () => {
      await expect(desk.put('a', 'view', '\ud83d', 1, undefined)).rejects.toThrow(RangeError);
      await expect(collect(desk.read('a', 'audit', 'x'))).rejects.toThrow(RangeError);
      await desk[Symbol.asyncDispose]();
      await expect(desk.get('a', 'view', 'v')).rejects.toThrow();
      await expect(desk.append('a', 'audit', 1)).rejects.toThrow();
    });

    it('finds everything after a restart', async (context) => {
      context.skip(!place.durable, 'nothing of it outlives its process');
      const version = await desk.put('a', 'user', 'u', 1, undefined);
      await desk.append('a', 'audit', 'x');
      await desk[Symbol.asyncDispose]();
      desk = await place.open();
      expect(await desk.get('a', 'user', 'u')).toEqual({ value: 1, version });
      expect(await journal('a', 'audit')).toEqual(['x']);
      await desk.put('a', 'user', 'u', 2, version);
    });
  });
}
