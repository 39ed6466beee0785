/** How every embedded database is opened: the same pragmas, the same waiting, the same way to grow a schema. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import type { Millis } from '../model/types.ts';

/** One step of a schema. Once shipped it is never edited: the next change is the next step. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export interface OpenOptions {
  /** Opens for reading alone: the file must exist and no migration is run. */
  readonly readOnly?: boolean;
  /** All steps of the schema, oldest first; `user_version` counts those that have been run. Left out: the schema is not looked at. */
  readonly migrations?: readonly Migration[];
  /**
   * `normal` survives a killed process; after a power cut the last transactions may be gone (the file stays sound).
   * `full` survives both: a transaction that returned is on the disk, and what a durable checkpoint builds on needs it.
   * `normal` unless told.
   */
  readonly synchronous?: 'normal' | 'full';
  /** How long a statement waits for another process that writes, before it fails as busy. 5 s unless told. */
  readonly busyMs?: Millis;
}

/**
 * Opens a database file (or `:memory:`) in WAL mode and brings its schema up to date; makes no folder. Throws when the file
 * cannot be opened, is no database, or was written by a version with more migrations than this one knows.
 */
export function openDatabase(path: string, options: OpenOptions = {}): DatabaseSync {
  const readOnly = options.readOnly ?? false;
  const db = new DatabaseSync(path, {
    readOnly,
    timeout: options.busyMs ?? 5000,
    enableForeignKeyConstraints: true,
    enableDoubleQuotedStringLiterals: false,
  });
  try {
    db.exec(`pragma synchronous = ${options.synchronous ?? 'normal'}; pragma temp_store = memory;`);
    if (!readOnly) {
      // Before the first table, or it has no effect: freed pages can then be given back to the disk in small steps.
      if (userVersion(db) === 0) db.exec('pragma auto_vacuum = incremental;');
      db.exec('pragma journal_mode = wal; pragma journal_size_limit = 67108864;');
      if (options.migrations !== undefined) migrate(db, path, options.migrations);
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The `.sql` files of a folder in the order of their names (`0001-first.sql`, `0002-….sql`): what `openDatabase` runs. */
export function readMigrations(folder: URL): readonly Migration[] {
  const path = fileURLToPath(folder);
  return readdirSync(path)
    .filter((name) => name.endsWith('.sql'))
    .toSorted()
    .map((name) => ({ name, sql: readFileSync(join(path, name), 'utf8') }));
}

/**
 * Runs `work` in one transaction that holds the write lock from its start, and answers its result. When it throws,
 * everything is rolled back and the error passed on. `work` is synchronous and opens no transaction of its own.
 */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('begin immediate');
  try {
    const result = work();
    db.exec('commit');
    return result;
  } catch (error) {
    // SQLite has rolled back by itself after some errors (disk full, input/output).
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}

/**
 * Takes the exclusive lock named by a file, which is made when it is not there; `undefined` when somebody holds it. The
 * system gives it back when it is disposed of or the process ends in whatever way, so that a killed process never leaves
 * one behind: no process id to compare, no heartbeat to wait for.
 */
export function lockFile(path: string): Disposable | undefined {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    db.exec('begin exclusive');
  } catch (error) {
    db.close();
    if (sqliteCode(error) === 5) return undefined;
    throw error;
  }
  return {
    [Symbol.dispose]: () => {
      if (db.isOpen) db.close();
    },
  };
}

/** The SQLite result code of an error that `node:sqlite` threw (13 is SQLITE_FULL, 5 SQLITE_BUSY), without its extended part. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

function migrate(db: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  if (userVersion(db) === migrations.length) return;
  transaction(db, () => {
    // Asked again under the lock: another process may have just done it.
    const done = userVersion(db);
    if (done > migrations.length) {
      throw new Error(
        `${path} was written by a newer version: it has ${done} schema steps, this version knows ${migrations.length}`,
      );
    }
    for (const { name, sql } of migrations.slice(done)) {
      try {
        db.exec(sql);
      } catch (error) {
        throw new Error(`${path}: schema step ${name} failed`, { cause: error });
      }
    }
    db.exec(`pragma user_version = ${migrations.length}`);
  });
}

function userVersion(db: DatabaseSync): number {
  return Number(db.prepare('pragma user_version').get()?.['user_version'] ?? 0);
}
