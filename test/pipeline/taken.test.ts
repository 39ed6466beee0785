/** What sources may ask of the store before they hand on a delete. */
import { expect, test } from 'vitest';
import { takenFrom } from '../../src/pipeline/taken.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { mentionOf } from '../contract/store.ts';

test('answers for every client, yes while it cannot be sure, and by author', async () => {
  await using store = createMemoryStore();
  const brands = [
    { id: 'acme', client: 'one' },
    { id: 'zenith', client: 'two' },
  ];
  const author = { id: 'did:plc:AbC' };
  const put = Array.from({ length: 450 }, (_, n) =>
    mentionOf(`bluesky:did:plc:AbC/${n}`, { source: 'bluesky', client: 'one', brand: 'acme', author }),
  );
  await store.put([
    ...put,
    mentionOf('bluesky:did:plc:z/1', {
      source: 'bluesky',
      client: 'two',
      brand: 'zenith',
      author: { id: 'did:plc:z' },
    }),
    mentionOf('x:1', { source: 'x', client: 'one', brand: 'acme', author }),
  ]);
  let now = 1_000_000;
  const taken = takenFrom(store, brands, () => now);
  const ids = [...put.map(({ id }) => id), 'bluesky:did:plc:z/1', 'bluesky:did:plc:z/2'];
  expect((await taken.has(ids)).every(Boolean)).toBe(true);
  now += 120_000;
  const had = await taken.has(ids);
  expect(had.filter(Boolean).length).toBe(451);
  expect(had.at(-1)).toBe(false);
  expect((await taken.by('bluesky', 'did:plc:AbC')).length).toBe(450);
  expect(await taken.by('bluesky', 'did:plc:nobody')).toEqual([]);
});
