import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { lockFile, openDatabase, readMigrations, sqliteCode, transaction } from '../../src/lib/sqlite.ts';

async function temporary(): Promise<AsyncDisposable & { readonly folder: string; readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-sqlite-'));
  return { folder, path: join(folder, 'a.db'), [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

const first = { name: '0001-first.sql', sql: `create table a (n integer) strict; insert into a values (1)` };
const second = { name: '0002-second.sql', sql: 'alter table a add column m text' };

describe('openDatabase', () => {
  it('writes ahead, and waits for the disk as it was told', async () => {
    await using place = await temporary();
    using normal = openDatabase(place.path);
    using full = openDatabase(place.path, { synchronous: 'full' });
    expect(normal.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect([normal, full].map((db) => db.prepare('pragma synchronous').get()?.['synchronous'])).toEqual([1, 2]);
  });

  it('runs each step of the schema once, in order', async () => {
    await using place = await temporary();
    openDatabase(place.path, { migrations: [first] }).close();
    openDatabase(place.path, { migrations: [first, second] }).close();
    using db = openDatabase(place.path, { migrations: [first, second] });
    expect(db.prepare('select * from a').all()).toEqual([{ n: 1, m: null }]);
    expect(db.prepare('pragma user_version').get()).toEqual({ user_version: 2 });
  });

  it('leaves nothing of steps of which one fails, and names it', async () => {
    await using place = await temporary();
    const broken = { name: '0002-broken.sql', sql: 'create table b (n integer); create tabel c (n)' };
    expect(() => openDatabase(place.path, { migrations: [first, broken] })).toThrow(/0002-broken\.sql failed/);
    using db = openDatabase(place.path);
    expect(db.prepare('select name from sqlite_schema').all()).toEqual([]);
  });

  it('refuses a file of a newer version, but reads it without a schema', async () => {
    await using place = await temporary();
    openDatabase(place.path, { migrations: [first, second] }).close();
    expect(() => openDatabase(place.path, { migrations: [first] })).toThrow(/newer version: it has 2 .+ knows 1/);
    using db = openDatabase(place.path, { readOnly: true });
    expect(db.prepare('select n from a').get()).toEqual({ n: 1 });
    expect(() => db.exec('delete from a')).toThrow(/readonly/);
    expect(() => openDatabase(join(place.folder, 'none.db'), { readOnly: true })).toThrow(/unable to open/);
  });

  it('reads the steps from a folder in the order of their names', async () => {
    await using place = await temporary();
    for (const { name, sql } of [second, first]) await writeFile(join(place.folder, name), sql);
    await writeFile(join(place.folder, 'README.md'), 'not a step');
    expect(readMigrations(pathToFileURL(`${place.folder}/`))).toEqual([first, second]);
  });
});

describe('transaction', () => {
  it('answers the result, or rolls back and passes the error on', () => {
    using db = openDatabase(':memory:', { migrations: [first] });
    expect(transaction(db, () => Number(db.prepare('insert into a values (2)').run().changes))).toBe(1);
    const failing = (): void =>
      transaction(db, () => {
        db.exec('insert into a values (3)');
        throw new Error('mine');
      });
    expect(failing).toThrow('mine');
    expect(db.isTransaction).toBe(false);
    expect(db.prepare('select n from a').all()).toEqual([{ n: 1 }, { n: 2 }]);
  });

  it('passes on the error of a full disk, after which SQLite has rolled back by itself', () => {
    using db = openDatabase(':memory:', { migrations: [first] });
    db.exec('pragma max_page_count = 5');
    let code: number | undefined;
    try {
      transaction(db, () => db.exec(`create table b as select randomblob(1000000)`));
    } catch (error) {
      code = sqliteCode(error);
    }
    expect(code).toBe(13);
    expect(sqliteCode(new Error('another'))).toBeUndefined();
    expect(db.prepare('select n from a').all()).toEqual([{ n: 1 }]);
  });
});

describe('lockFile', () => {
  it('is held by one, and free again when it is given back or its process is killed', async () => {
    await using place = await temporary();
    const lock = lockFile(place.path);
    expect(lock).toBeDefined();
    expect(lockFile(place.path)).toBeUndefined();
    lock?.[Symbol.dispose]();
    lock?.[Symbol.dispose]();

    const script = `import { lockFile } from ${JSON.stringify(new URL('../../src/lib/sqlite.ts', import.meta.url).href)};
      const lock = lockFile(${JSON.stringify(place.path)});
      console.log(lock ? 'held' : 'refused');
      setInterval(() => lock, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(holder.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe('held\n');
    expect(lockFile(place.path)).toBeUndefined();
    const closed = once(holder, 'close');
    holder.kill('SIGKILL');
    await closed;
    using again = lockFile(place.path);
    expect(again).toBeDefined();
  });
});
