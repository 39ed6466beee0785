/** The embedded desk: one SQLite file. A write that returned survives a power cut. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { type Migration, openDatabase, transaction } from '../lib/sqlite.ts';
import type { Desk, DeskItem } from '../model/ports.ts';
import type { Json } from '../model/types.ts';
import { checkLimit, checkNames, checkSeen, journalPage, parsePosition } from './shared.ts';

const migrations: readonly Migration[] = [
  {
    name: '0001-first',
    // `version` counts the writes to the whole desk, so that a document which was deleted and made again has another one.
    sql: `
      create table document (
        client text not null, kind text not null, id text not null, value text not null, version integer not null,
        primary key (client, kind, id)
      ) strict, without rowid;
      create table version (id integer primary key check (id = 1), last integer not null) strict;
      insert into version values (1, 0);
      create table journal (
        at integer primary key autoincrement, client text not null, journal text not null, entry text not null
      ) strict;
      create index journal_by_name on journal (client, journal);
    `,
  },
];

/** Opens, or makes, a desk in a file; its folder is made when it is missing. Any number of processes may have it open. */
export function openSqliteDesk(path: string): SqliteDesk {
  mkdirSync(dirname(path), { recursive: true });
  return new SqliteDesk(openDatabase(path, { migrations, synchronous: 'full' }), path);
}

/** A desk in a SQLite file; made by `openSqliteDesk`. */
export class SqliteDesk implements Desk {
  #db: DatabaseSync;
  #path: string;
  #statements: ReturnType<typeof prepareAll>;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
    this.#statements = prepareAll(db);
  }

  async get(
    client: string,
    kind: string,
    id: string,
  ): Promise<{ readonly value: Json; readonly version: string } | undefined> {
    checkNames(client, kind, id);
    const row = this.#statements.get.get(client, kind, id);
    return row && { value: this.#parse(row['value'], `${kind} ${id}`), version: String(row['version']) };
  }

  async put(
    client: string,
    kind: string,
    id: string,
    value: Json | undefined,
    seen: string | undefined,
  ): Promise<string> {
    checkNames(client, kind, id);
    const text = value === undefined ? undefined : JSON.stringify(value);
    const { get, put, remove, nextVersion } = this.#statements;
    return transaction(this.#db, () => {
      const there = get.get(client, kind, id)?.['version'];
      checkSeen(`${kind} ${id}`, seen, there === undefined ? undefined : String(there));
      if (text === undefined) {
        remove.run(client, kind, id);
        return '';
      }
      const version = Number(nextVersion.get()?.['last']);
      put.run(client, kind, id, text, version);
      return String(version);
    });
  }

  async list(
    client: string,
    kind: string,
    page: { readonly limit: number; readonly after?: string },
  ): Promise<{
    readonly items: readonly { readonly id: string; readonly value: Json; readonly version: string }[];
    readonly next?: string;
  }> {
    checkNames(client, kind, page.after ?? '');
    const limit = checkLimit(page.limit);
    const { list, listAfter } = this.#statements;
    const rows =
      page.after === undefined ? list.all(client, kind, limit + 1) : listAfter.all(client, kind, page.after, limit + 1);
    const items = rows.slice(0, limit).map((row) => {
      const id = String(row['id']);
      return { id, value: this.#parse(row['value'], `${kind} ${id}`), version: String(row['version']) };
    });
    const last = items.at(-1);
    return rows.length > limit && last ? { items, next: last.id } : { items };
  }

  async append(client: string, journal: string, entry: Json): Promise<void> {
    checkNames(client, journal);
    this.#statements.append.run(client, journal, JSON.stringify(entry));
  }

  async *read(
    client: string,
    journal: string,
    after?: string,
  ): AsyncGenerator<{ readonly at: string; readonly entry: Json }> {
    checkNames(client, journal);
    let position = parsePosition(after);
    for (;;) {
      // A page is read whole: whoever takes long over an entry holds nothing open.
      const rows = this.#statements.read.all(client, journal, position, journalPage);
      for (const row of rows) {
        position = Number(row['at']);
        yield { at: String(position), entry: this.#parse(row['entry'], `entry ${position} of journal ${journal}`) };
      }
      if (rows.length < journalPage) return;
    }
  }

  async *everything(): AsyncGenerator<DeskItem> {
    const { listAll, readAll } = this.#statements;
    for (let last: readonly [string, string, string] = ['', '', '']; ; ) {
      const rows = listAll.all(...last, journalPage);
      for (const row of rows) {
        const [client, kind, id] = [String(row['client']), String(row['kind']), String(row['id'])];
        last = [client, kind, id];
        yield { type: 'document', client, kind, id, value: this.#parse(row['value'], `${kind} ${id}`) };
      }
      if (rows.length < journalPage) break;
    }
    for (let at = 0; ; ) {
      const rows = readAll.all(at, journalPage);
      for (const row of rows) {
        at = Number(row['at']);
        const [client, journal] = [String(row['client']), String(row['journal'])];
        yield { type: 'entry', client, journal, entry: this.#parse(row['entry'], `entry ${at} of journal ${journal}`) };
      }
      if (rows.length < journalPage) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
  }

  #parse(text: unknown, what: string): Json {
    try {
      return JSON.parse(String(text)) as Json;
    } catch (error) {
      throw new Error(`${this.#path} is damaged: ${what} cannot be read`, { cause: error });
    }
  }
}

function prepareAll(db: DatabaseSync) {
  return {
    get: db.prepare('select value, version from document where client = ? and kind = ? and id = ?'),
    put: db.prepare('insert or replace into document values (?, ?, ?, ?, ?)'),
    remove: db.prepare('delete from document where client = ? and kind = ? and id = ?'),
    nextVersion: db.prepare('update version set last = last + 1 returning last'),
    list: db.prepare('select id, value, version from document where client = ? and kind = ? order by id limit ?'),
    listAfter: db.prepare(
      'select id, value, version from document where client = ? and kind = ? and id > ? order by id limit ?',
    ),
    append: db.prepare('insert into journal (client, journal, entry) values (?, ?, ?)'),
    listAll: db.prepare(
      'select client, kind, id, value from document where (client, kind, id) > (?, ?, ?) order by client, kind, id limit ?',
    ),
    readAll: db.prepare('select at, client, journal, entry from journal where at > ? order by at limit ?'),
    read: db.prepare('select at, entry from journal where client = ? and journal = ? and at > ? order by at limit ?'),
  };
}
