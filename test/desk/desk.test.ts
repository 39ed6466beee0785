import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { MemoryDesk } from '../../src/desk/memory.ts';
import { openSqliteDesk } from '../../src/desk/sqlite.ts';
import { Conflict } from '../../src/model/errors.ts';
import { deskContract } from '../contract/desk.ts';

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-desk-'));
  return { path: join(folder, 'made', 'desk.db'), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

deskContract('memory', async () => ({
  durable: false,
  open: async () => new MemoryDesk(),
  [Symbol.asyncDispose]: async () => {},
}));

deskContract('sqlite', async () => {
  const place = await temporary();
  return {
    durable: true,
    open: async () => openSqliteDesk(place.path),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
});

it('compares versions across processes that have the same desk open', async () => {
  await using place = await temporary();
  await using one = openSqliteDesk(place.path);
  await using two = openSqliteDesk(place.path);
  const version = await one.put('a', 'user', 'u', 1, undefined);
  await two.put('a', 'user', 'u', 2, version);
  await expect(one.put('a', 'user', 'u', 3, version)).rejects.toThrow(Conflict);
  expect((await one.get('a', 'user', 'u'))?.value).toBe(2);
});

it('says which document is damaged', async () => {
  await using place = await temporary();
  await using desk = openSqliteDesk(place.path);
  await desk.put('a', 'user', 'u', { name: 'x' }, undefined);
  using db = new DatabaseSync(place.path);
  db.exec(`update document set value = '{"na'`);
  await expect(desk.get('a', 'user', 'u')).rejects.toThrow(/damaged: user u/);
});
