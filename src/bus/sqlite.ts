/** The embedded bus: one SQLite file, one transaction for everything that must move together. What is durable when: README.md. */
import { hash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
// Imported by name: a test that fakes the timers of `globalThis` does not hold up an append.
import { setImmediate } from 'node:timers';
import { setImmediate as turn } from 'node:timers/promises';
import type { Observable } from 'rxjs';
import { crashPoint } from '../lib/crash-point.ts';
import { lockFile, type Migration, openDatabase, sqliteCode, transaction } from '../lib/sqlite.ts';
import type { Append, Bus, Checkpoint, Commit, Lease, Settlement, Stored } from '../model/ports.ts';
import type { Entry, Json, Millis } from '../model/types.ts';
import { Bell } from './bell.ts';
import { checkEpoch, Leases } from './leases.ts';
import {
  checkPartition,
  checkPartitions,
  decodeKey,
  encodeKey,
  type HeadMove,
  moveHead,
  notificationsKept,
  observedAtOf,
  parseOffset,
  partitionOf,
  settledKept,
  targetsOf,
  waitMs,
} from './shared.ts';

const migrations: readonly Migration[] = [
  {
    name: '0001-first',
    sql: `
      create table log (
        offset integer primary key autoincrement,
        partition integer not null,
        observed_at integer not null,
        value text not null
      ) strict;
      create index log_by_partition on log (partition);
      create index log_by_age on log (observed_at);
      create table cursor (source text primary key, value text not null) strict, without rowid;
      create table checkpoint (partition integer primary key, offset integer not null) strict;
      create table state (
        partition integer not null, key text not null, value text not null, primary key (partition, key)
      ) strict, without rowid;
      create table outbox (sequence integer primary key autoincrement, id text not null unique, value text not null) strict;
      create table settled (sequence integer primary key autoincrement, id text not null unique) strict;
      create table notification (sequence integer primary key autoincrement, digest blob not null unique, value text not null) strict;
      create table alert_state (key text primary key, value text not null) strict, without rowid;
      create table lease (name text primary key, epoch integer not null) strict, without rowid;
      create table number (name text primary key, value integer not null) strict, without rowid;
      create table owner (id integer primary key check (id = 1), pid integer not null, host text not null, since integer not null) strict;
    `,
  },
];

/** Entries that one transaction takes at most, unless a single append brings more. */
const groupMax = 5000;
/** Entries that one step of a trim takes: other work comes between two steps. */
const trimStep = 2000;

export interface SqliteBusOptions {
  /** The database file; its folder is made when it is missing. The lock lies beside it as `<path>.lock`. */
  readonly path: string;
  /** As many as the file has, 1 in a new file, unless told. Throws when the file has another number. */
  readonly partitions?: number;
  /** `own`: reads and commits, one process at a time. `append`: beside an owner, appends and looks only. `own` unless told. */
  readonly mode?: 'own' | 'append';
  /** How long `read` and `outbox` wait for the first; entries of other processes are seen after as long. 500 ms unless told. */
  readonly waitMs?: Millis;
  /** `full` unless told: what returned survives a power cut. `normal` survives a killed process only. */
  readonly synchronous?: 'normal' | 'full';
  /** When it is opened, for the message to whoever comes second. */
  readonly now: Millis;
}

/** Another process owns this bus; nothing was touched. */
export class BusInUse extends Error {
  override readonly name = 'BusInUse';
  readonly path: string;
  /** Who, as far as the file tells. */
  readonly owner: { readonly pid: number; readonly host: string; readonly since: Millis } | undefined;

  constructor(path: string, owner: BusInUse['owner']) {
    const who = owner
      ? `process ${owner.pid} on ${owner.host} since ${new Date(owner.since).toISOString()}`
      : 'a process';
    super(`${path} is in use by ${who}: stop it first, or choose another data folder`);
    this.path = path;
    this.owner = owner;
  }
}

/** Opens, or makes, a bus in a file. Throws BusInUse when another process, or this one, already owns it. */
export function openSqliteBus(options: SqliteBusOptions): SqliteBus {
  const { path, mode = 'own', synchronous = 'full' } = options;
  mkdirSync(dirname(path), { recursive: true });
  const lock = mode === 'own' ? lockFile(`${path}.lock`) : undefined;
  if (mode === 'own' && lock === undefined) throw new BusInUse(path, ownerOf(path));
  try {
    const db = openDatabase(path, { migrations, synchronous });
    try {
      const partitions = agreePartitions(db, path, options.partitions);
      if (mode === 'own') {
        db.prepare('insert or replace into owner values (1, ?, ?, ?)').run(process.pid, hostname(), options.now);
      }
      return new SqliteBus(db, { path, mode, partitions, lock, waitMs: options.waitMs ?? waitMs });
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    lock?.[Symbol.dispose]();
    throw error;
  }
}

interface Row {
  readonly partition: number;
  readonly observedAt: Millis;
  readonly value: string;
}

interface Pending {
  readonly entries: readonly Append[];
  readonly rows: readonly Row[];
  readonly cursor: { readonly source: string; readonly value: string } | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Opened {
  readonly path: string;
  readonly mode: 'own' | 'append';
  readonly partitions: number;
  readonly lock: Disposable | undefined;
  readonly waitMs: Millis;
}

/** A bus in a SQLite file; made by `openSqliteBus`. */
export class SqliteBus implements Bus {
  readonly partitions: number;
  #db: DatabaseSync;
  #opened: Opened;
  #statements: ReturnType<typeof prepareAll>;
  #pending: Pending[] = [];
  #flushing = false;
  #bells: readonly Bell[];
  #outboxBell = new Bell();
  #closed = false;
  #leases = new Leases((name) => {
    this.#write('lease');
    return Number(this.#statements.win.get(encodeKey(name))?.['epoch']);
  });

  constructor(db: DatabaseSync, opened: Opened) {
    this.#db = db;
    this.#opened = opened;
    this.partitions = opened.partitions;
    this.#bells = Array.from({ length: opened.partitions }, () => new Bell());
    this.#statements = prepareAll(db);
  }

  partitionOf(key: string): number {
    return partitionOf(key, this.partitions);
  }

  /** Appends of many callers within one turn of the event loop share a transaction, and with it one wait for the disk. */
  append(entries: readonly Append[], cursor?: { readonly source: string; readonly value: Json }): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#open();
      const rows: Row[] = [];
      for (const { to, value: entry } of entries) {
        const observedAt = observedAtOf(entry);
        const value = JSON.stringify(entry);
        for (const partition of targetsOf(to, this.partitions)) rows.push({ partition, observedAt, value });
      }
      const moved = cursor && { source: encodeKey(cursor.source), value: JSON.stringify(cursor.value) };
      this.#pending.push({ entries, rows, cursor: moved, resolve, reject });
      if (this.#flushing) return;
      this.#flushing = true;
      setImmediate(() => this.#flush());
    });
  }

  async cursor(source: string): Promise<Json | undefined> {
    this.#open();
    const row = this.#statements.cursor.get(encodeKey(source));
    return row && this.#parse(row['value'], `the cursor of ${source}`);
  }

  async head(): Promise<Millis | undefined> {
    this.#open();
    const row = this.#statements.number.get('head');
    return row && Number(row['value']);
  }

  async read(
    partition: number,
    offset: string | undefined,
    max: number,
    signal: AbortSignal,
  ): Promise<readonly Stored[]> {
    this.#open();
    const bell = this.#bells[checkPartition(partition, this.partitions)] as Bell;
    const after = parseOffset(offset);
    const find = (): readonly Stored[] =>
      this.#statements.read.all(partition, after, max).map(({ offset, value }) => ({
        offset: String(offset),
        value: this.#parseEntry(value, String(offset)),
      }));
    return this.#first(find, bell, signal);
  }

  async load(partition: number): Promise<Checkpoint> {
    this.#open();
    checkPartition(partition, this.partitions);
    const offset = this.#statements.checkpoint.get(partition)?.['offset'];
    return {
      offset: offset === undefined ? undefined : String(offset),
      state: this.#parseState(this.#statements.state.all(partition), `state of partition ${partition}`),
    };
  }

  async commit(partition: number, lease: Lease, commit: Commit): Promise<void> {
    this.#write('commit');
    checkPartition(partition, this.partitions);
    const offset = parseOffset(commit.offset);
    const state = encodeState(commit.state);
    const outbox = encodeState(commit.outbox);
    const { checkpoint, setCheckpoint, setState, deleteState, addOutbox } = this.#statements;
    this.#transaction('a commit', () => {
      this.#checkEpoch(lease);
      const before = Number(checkpoint.get(partition)?.['offset'] ?? 0);
      if (offset < before) {
        throw new Error(`partition ${partition}: a commit at ${offset} would go back behind ${before}`);
      }
      setCheckpoint.run(partition, offset);
      for (const [key, value] of state) {
        if (value === undefined) deleteState.run(partition, key);
        else setState.run(partition, key, value);
      }
      for (const [id, value] of outbox) if (value !== undefined) addOutbox.run({ id, value });
    });
    crashPoint('commit');
    if (outbox.length > 0) this.#outboxBell.ring();
  }

  async outbox(max: number, signal: AbortSignal): Promise<readonly { readonly id: string; readonly value: Json }[]> {
    this.#open();
    const find = (): readonly { readonly id: string; readonly value: Json }[] =>
      this.#statements.outbox.all(max).map((row) => {
        const id = decodeKey(String(row['id']));
        return { id, value: this.#parse(row['value'], `outbox item ${id}`) };
      });
    return this.#first(find, this.#outboxBell, signal);
  }

  async loadAlerts(): Promise<ReadonlyMap<string, Json>> {
    this.#open();
    return this.#parseState(this.#statements.alertState.all(), 'state of the alert role');
  }

  async settle(lease: Lease, settlement: Settlement): Promise<void> {
    this.#write('settle');
    const state = encodeState(settlement.state);
    const log = settlement.log.map((line) => JSON.stringify(line));
    const { takeOutbox, addSettled, forgetSettled, addNotification, forgetNotifications } = this.#statements;
    const { setAlertState, deleteAlertState } = this.#statements;
    this.#transaction('a settlement', () => {
      this.#checkEpoch(lease);
      for (const id of settlement.ids.map(encodeKey)) if (takeOutbox.run(id).changes > 0) addSettled.run(id);
      if (settlement.ids.length > 0) forgetSettled.run(settledKept);
      for (const line of log) addNotification.run(hash('sha256', line, 'buffer'), line);
      if (log.length > 0) forgetNotifications.run(notificationsKept);
      for (const [key, value] of state) {
        if (value === undefined) deleteAlertState.run(key);
        else setAlertState.run(key, value);
      }
    });
  }

  async notificationLog(max: number): Promise<readonly Json[]> {
    this.#open();
    return this.#statements.notifications
      .all(max)
      .map((row) => this.#parse(row['value'], `line ${String(row['sequence'])} of the notification log`));
  }

  async trim(before: Millis): Promise<number> {
    this.#write('trim');
    let dropped = 0;
    for (;;) {
      const changes = Number(this.#statements.trim.run(before, trimStep).changes);
      dropped += changes;
      if (changes < trimStep) break;
      await turn();
      if (this.#closed) return dropped;
    }
    // Freed pages are written again by later appends; only what a long outage piled up goes back to the disk, in small steps.
    const free = Number(this.#db.prepare('pragma freelist_count').get()?.['freelist_count'] ?? 0);
    if (free > 20_000) this.#db.exec('pragma incremental_vacuum(2000)');
    return dropped;
  }

  lease(name: string): Observable<Lease | undefined> {
    this.#write('lease');
    return this.#leases.lease(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    while (this.#pending.length > 0) this.#flush();
    this.#leases.close();
    this.#closed = true;
    for (const bell of this.#bells) bell.ring();
    this.#outboxBell.ring();
    this.#db.close();
    this.#opened.lock?.[Symbol.dispose]();
  }

  #flush(): void {
    const group: Pending[] = [];
    let size = 0;
    for (const next of this.#pending) {
      if (group.length > 0 && size + next.rows.length > groupMax) break;
      group.push(next);
      size += next.rows.length;
    }
    this.#pending = this.#pending.slice(group.length);
    this.#flushing = this.#pending.length > 0;
    if (this.#flushing) setImmediate(() => this.#flush());
    if (group.length === 0) return;
    try {
      this.#transaction(`an append of ${size} entries`, () => this.#insert(group));
    } catch (error) {
      for (const { reject } of group) reject(error);
      return;
    }
    crashPoint('append');
    for (const { resolve } of group) resolve();
    for (const partition of new Set(group.flatMap(({ rows }) => rows.map((row) => row.partition)))) {
      this.#bells[partition]?.ring();
    }
  }

  #insert(group: readonly Pending[]): void {
    const { insert, setCursor, raiseHead, setHead } = this.#statements;
    let head: HeadMove | undefined;
    for (const { entries, rows, cursor } of group) {
      for (const { partition, observedAt, value } of rows) insert.run(partition, observedAt, value);
      for (const entry of entries) head = moveHead(head, entry);
      if (cursor) setCursor.run(cursor.source, cursor.value);
    }
    if (head) (head.anew ? setHead : raiseHead).run(head.value);
  }

  async #first<T>(find: () => readonly T[], bell: Bell, signal: AbortSignal): Promise<readonly T[]> {
    // SQLite answers at once: without a turn of the event loop, catching up would keep everybody else waiting.
    await turn();
    if (signal.aborted || this.#closed) return [];
    const found = find();
    if (found.length > 0) return found;
    await bell.wait(this.#opened.waitMs, signal);
    return signal.aborted || this.#closed ? [] : find();
  }

  #transaction(what: string, work: () => void): void {
    try {
      transaction(this.#db, work);
    } catch (error) {
      if (sqliteCode(error) !== 13) throw error;
      throw new Error(`the disk is full: ${what} was not written to ${this.#opened.path}, nothing of it`, {
        cause: error,
      });
    }
  }

  #checkEpoch(lease: Lease): void {
    const latest = this.#statements.epoch.get(encodeKey(lease.name))?.['epoch'];
    checkEpoch(lease, latest === undefined ? undefined : Number(latest));
  }

  #parseState(rows: readonly Readonly<Record<string, SQLOutputValue>>[], what: string): ReadonlyMap<string, Json> {
    return new Map(
      rows.map((row) => {
        const key = decodeKey(String(row['key']));
        return [key, this.#parse(row['value'], `${what}, key ${key}`)];
      }),
    );
  }

  #parseEntry(text: unknown, offset: string): Entry {
    const entry = this.#parse(text, `the log entry at offset ${offset}`);
    if (entry !== null && typeof entry === 'object' && 'kind' in entry) return entry as Entry;
    throw new Error(`${this.#opened.path} is damaged: the log entry at offset ${offset} is no entry`);
  }

  #parse(text: unknown, what: string): Json {
    try {
      return JSON.parse(String(text)) as Json;
    } catch (error) {
      throw new Error(`${this.#opened.path} is damaged: ${what} cannot be read`, { cause: error });
    }
  }

  #open(): void {
    if (this.#closed) throw new Error('the bus is closed');
  }

  #write(what: string): void {
    this.#open();
    if (this.#opened.mode !== 'own') throw new Error(`${what}: this bus was opened to append only`);
  }
}

function prepareAll(db: DatabaseSync) {
  const p = (sql: string): StatementSync => db.prepare(sql);
  return {
    insert: p('insert into log (partition, observed_at, value) values (?, ?, ?)'),
    read: p('select offset, value from log where partition = ? and offset > ? order by offset limit ?'),
    trim: p(`delete from log where offset in (
      select l.offset from log l join checkpoint c on c.partition = l.partition and l.offset <= c.offset
      where l.observed_at < ? limit ?)`),
    cursor: p('select value from cursor where source = ?'),
    setCursor: p('insert or replace into cursor values (?, ?)'),
    number: p('select value from number where name = ?'),
    setHead: p(`insert or replace into number values ('head', ?)`),
    raiseHead: p(`insert into number values ('head', ?) on conflict do update set value = max(value, excluded.value)`),
    checkpoint: p('select offset from checkpoint where partition = ?'),
    setCheckpoint: p('insert or replace into checkpoint values (?, ?)'),
    state: p('select key, value from state where partition = ?'),
    setState: p('insert or replace into state values (?, ?, ?)'),
    deleteState: p('delete from state where partition = ? and key = ?'),
    outbox: p('select id, value from outbox order by sequence limit ?'),
    addOutbox: p(`insert or ignore into outbox (id, value)
      select :id, :value where not exists (select 1 from settled where id = :id)`),
    takeOutbox: p('delete from outbox where id = ?'),
    addSettled: p('insert or ignore into settled (id) values (?)'),
    forgetSettled: p('delete from settled where sequence <= (select max(sequence) from settled) - ?'),
    notifications: p('select sequence, value from notification order by sequence desc limit ?'),
    addNotification: p('insert or ignore into notification (digest, value) values (?, ?)'),
    forgetNotifications: p('delete from notification where sequence <= (select max(sequence) from notification) - ?'),
    alertState: p('select key, value from alert_state'),
    setAlertState: p('insert or replace into alert_state values (?, ?)'),
    deleteAlertState: p('delete from alert_state where key = ?'),
    epoch: p('select epoch from lease where name = ?'),
    win: p('insert into lease values (?, 1) on conflict do update set epoch = epoch + 1 returning epoch'),
  };
}

function agreePartitions(db: DatabaseSync, path: string, asked: number | undefined): number {
  return transaction(db, () => {
    const row = db.prepare(`select value from number where name = 'partitions'`).get();
    if (row === undefined) {
      const partitions = checkPartitions(asked ?? 1);
      db.prepare(`insert into number values ('partitions', ?)`).run(partitions);
      return partitions;
    }
    const partitions = Number(row['value']);
    if (asked === undefined || asked === partitions) return partitions;
    throw new Error(
      `${path} is cut into ${partitions} partitions, not ${asked}: their number is fixed once there is a log`,
    );
  });
}

function ownerOf(path: string): BusInUse['owner'] {
  try {
    const db = openDatabase(path, { readOnly: true });
    try {
      const row = db.prepare('select pid, host, since from owner').get();
      return row && { pid: Number(row['pid']), host: String(row['host']), since: Number(row['since']) };
    } finally {
      db.close();
    }
  } catch {
    // The owner is just making the file: that it is in use is known without it.
    return undefined;
  }
}

function encodeState(state: ReadonlyMap<string, Json | undefined>): readonly (readonly [string, string | undefined])[] {
  return [...state].map(([key, value]) => [encodeKey(key), value === undefined ? undefined : JSON.stringify(value)]);
}
