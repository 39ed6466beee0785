import { expect, it, vi } from 'vitest';
import { openElasticsearchDesk } from '../../src/desk/elasticsearch.ts';
import { createClient } from '../../src/lib/elasticsearch.ts';
import { Conflict } from '../../src/model/errors.ts';
import { deskContract } from '../contract/desk.ts';
import { elasticsearch, freePrefix, dropIndices } from '../services/elasticsearch.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 });

const server = await elasticsearch();

// A file without any test would count as broken.
it.skipIf(server !== undefined)('needs an Elasticsearch', (context) => context.skip('there is none'));

if (server !== undefined) {
  deskContract('elasticsearch', async () => {
    const prefix = freePrefix();
    return {
      durable: true,
      open: () => openElasticsearchDesk({ connection: server, prefix }),
      [Symbol.asyncDispose]: () => dropIndices(server, prefix),
    };
  });

  it('compares versions across processes that have the same desk open', async () => {
    const prefix = freePrefix();
    await using one = await openElasticsearchDesk({ connection: server, prefix });
    await using two = await openElasticsearchDesk({ connection: server, prefix });
    const version = await one.put('a', 'user', 'u', 1, undefined);
    await two.put('a', 'user', 'u', 2, version);
    await expect(one.put('a', 'user', 'u', 3, version)).rejects.toThrow(Conflict);
    expect((await one.get('a', 'user', 'u'))?.value).toBe(2);
    await dropIndices(server, prefix);
  });

  it('keeps the order of a journal that many write to, and never shows a later entry before an earlier one', async () => {
    const prefix = freePrefix();
    await using one = await openElasticsearchDesk({ connection: server, prefix });
    await using two = await openElasticsearchDesk({ connection: server, prefix });
    let done = false;
    const writes = Promise.all(
      [one, two].map(async (desk, writer) => {
        for (let i = 0; i < 100; i++)
          await Promise.all([0, 1, 2].map((k) => desk.append('a', 'audit', [writer, 3 * i + k])));
      }),
    ).finally(() => (done = true));
    // Whoever follows a journal goes on from the last position and must miss nothing.
    const followed: string[] = [];
    let after: string | undefined;
    for (let last = false; !last; ) {
      last = done;
      for await (const { at, entry } of one.read('a', 'audit', after)) {
        followed.push(JSON.stringify(entry));
        after = at;
      }
    }
    await writes;
    expect(followed).toHaveLength(600);
    expect(new Set(followed).size).toBe(600);
    await dropIndices(server, prefix);
  });

  it('says which document is damaged, and shows no password in an error', async () => {
    const prefix = freePrefix();
    await using desk = await openElasticsearchDesk({ connection: server, prefix });
    await desk.put('a', 'user', 'u', { name: 'x' }, undefined);
    const client = createClient(server);
    await client.update({ index: `${prefix}-desk`, id: '["a","user","u"]', doc: { value: '{"na' } });
    await client.close();
    await expect(desk.get('a', 'user', 'u')).rejects.toThrow(/damaged: user u/);
    await dropIndices(server, prefix);
    const error = await openElasticsearchDesk({
      connection: { url: 'http://127.0.0.1:1', username: 'ada', password: 'hunter-two' },
      prefix,
    }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Error);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + String((error as Error).stack)).not.toMatch(
      /hunter-two|YWRhOmh1bnRlci10d28/,
    );
  });

  it('refuses a name that no index takes', async () => {
    const prefix = freePrefix();
    await using desk = await openElasticsearchDesk({ connection: server, prefix });
    const long = 'x'.repeat(2000);
    const version = await desk.put('a', 'view', long, 1, undefined);
    expect(await desk.get('a', 'view', long)).toEqual({ value: 1, version });
    expect((await desk.list('a', 'view', { limit: 5 })).items.map(({ id }) => id)).toEqual([long]);
    await expect(desk.put('a', 'view', 'x'.repeat(10_000), 1, undefined)).rejects.toThrow(RangeError);
    await dropIndices(server, prefix);
  });
}
