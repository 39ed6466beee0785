/** The writing half of the SQLite store: the one connection that changes anything. Runs in a worker thread. */
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase, readMigrations, sqliteCode, transaction } from '../lib/sqlite.ts';
import { Conflict, NotFound } from '../model/errors.ts';
import type { Scope, Triage } from '../model/ports.ts';
import type { Mention, Millis } from '../model/types.ts';
import { authorOf, feelingOf, triageStates } from './selection.ts';
import { dayMs, hourMs, readTriage, triageColumns } from './sqlite-rows.ts';

export interface WriterOptions {
  readonly path: string;
  /** The file never grows beyond this; a write that would is refused as on a full disk. */
  readonly maxBytes?: number;
}

/** A post that goes away, as `MentionStore.remove` takes it. */
export interface Removal {
  readonly id: string;
  readonly brands?: readonly string[];
  readonly observedAt: Millis;
}

export interface Writer {
  /** Two lines per mention, as `toLines` writes them. All of them or none. */
  put(lines: string): void;
  remove(posts: readonly Removal[]): void;
  setTriage(scope: Scope, id: string, brand: string, triage: Omit<Triage, 'version'>, seen: string): Triage;
  /**
   * Recounts hours that have been quiet for `quietMs`, and their days, for about `budgetMs`. Answers whether some are left:
   * `now` when it ran out of time, `later` when they are not quiet yet.
   */
  recount(quietMs: Millis, budgetMs: Millis): 'now' | 'later' | 'done';
  close(): void;
}

/** Opens the file for writing and brings its schema up to date. */
export function openWriter(options: WriterOptions): Writer {
  const db = openDatabase(options.path, {
    // As the bus: a checkpoint that survives a power cut must not have passed mentions that do not.
    synchronous: 'full',
    migrations: readMigrations(new URL('./migrations/', import.meta.url)),
  });
  // The unique index takes ids in no order: with too small a cache every put reads its pages again.
  db.exec('pragma cache_size = -65536; pragma wal_autocheckpoint = 4000;');
  // Merges of the text index in small steps: a large one would hold up the put that sets it off.
  db.exec(
    `insert into term (term, rank) values ('automerge', 8); insert into term (term, rank) values ('crisismerge', 64);`,
  );
  if (options.maxBytes !== undefined) {
    const pageSize = Number(db.prepare('pragma page_size').get()?.['page_size']);
    db.exec(`pragma max_page_count = ${Math.max(1, Math.floor(options.maxBytes / pageSize))}`);
  }

  const words = wordTable(db);
  const find = db.prepare('select n, observed, brand, at from mention where id = ? and brand = ?');
  const findAll = db.prepare('select n, observed, brand, at from mention where id = ?');
  const buried = db.prepare('select observed, brand from tombstone where id = ? and brand in (0, ?)');
  const bury = db.prepare(
    'insert into tombstone (id, brand, observed) values (?, ?, ?) on conflict do update set observed = max(observed, excluded.observed)',
  );
  // Never `insert or replace`: it makes SQLite set a savepoint, at which the text index writes out what it has gathered.
  const insert = db.prepare(
    `insert into mention (n, id, brand, client, source, language, feeling, own, at, observed, author, triage)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ifnull((select status from triage where id = ? and brand = ?), 0))`,
  );
  const insertBody = db.prepare('insert into body (n, json, terms) values (?, ?, ?)');
  const bodyOf = db.prepare('select json, terms from body where n = ?');
  const insertTerms = db.prepare('insert into term (rowid, terms) values (?, ?)');
  const deleteRow = db.prepare('delete from mention where n = ?');
  const deleteBody = db.prepare('delete from body where n = ?');
  const deleteTerms = db.prepare('delete from term where rowid = ?');
  const markStale = db.prepare('insert or ignore into stale (brand, hour) values (?, ?)');
  const unmark = db.prepare('delete from stale where brand = ? and hour = ?');
  const forget = db.prepare('delete from rollup where brand = ? and hour = ?');
  const count = db.prepare(
    `insert into rollup (brand, hour, client, source, language, feeling, own, count)
     select brand, ?, client, source, language, feeling, own, count(*) from mention indexed by mention_time
     where brand = ? and at >= ? and at < ? group by client, source, language, feeling, own`,
  );
  const openDay = db.prepare(
    'insert into day (brand, day, current) values (?, ?, 0) on conflict do update set current = 0',
  );
  const closeDay = db.prepare('update day set current = 1 where brand = ? and day = ?');
  const forgetDay = db.prepare('delete from rollup_day where brand = ? and day = ?');
  const addUp = db.prepare(
    `insert into rollup_day (brand, day, client, source, language, feeling, own, count)
     select brand, ?, client, source, language, feeling, own, sum(count) from rollup
     where brand = ? and hour >= ? and hour < ? group by client, source, language, feeling, own`,
  );
  const triageOf = db.prepare(`select ${triageColumns} from triage where id = ? and brand = ?`);
  const owner = db.prepare('select n from mention where id = ? and brand = ? and client = ?');
  const writeTriage = db.prepare(
    `insert or replace into triage (id, brand, status, assignee, until, verdict, note, version) values (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const markTriage = db.prepare('update mention set triage = ? where n = ?');

  /** Hours to recount, by when they were last written to, oldest first. */
  const stale = new Map<string, { readonly brand: number; readonly hour: Millis; readonly touched: Millis }>();
  for (const row of db.prepare('select brand, hour from stale').all()) {
    const brand = Number(row['brand']);
    const hour = Number(row['hour']);
    stale.set(`${brand}:${hour}`, { brand, hour, touched: -Infinity });
  }
  /** Days whose counts are not current. */
  const openDays = new Map<string, { readonly brand: number; readonly day: Millis }>();
  for (const row of db.prepare('select brand, day from day where current = 0').all()) {
    const brand = Number(row['brand']);
    const day = Number(row['day']);
    openDays.set(dayKey(brand, day), { brand, day });
  }
  /** Those of them of which an hour has been recounted. */
  const readyDays = new Set(openDays.keys());
  let nextRow = Number(db.prepare('select ifnull(max(n), 0) + 1 as n from mention').get()?.['n']);

  /** Runs a change as one transaction; what was kept in memory beside it goes back with it. */
  function change<T>(work: (touched: Map<string, { brand: number; hour: Millis }>) => T): T {
    const rowBefore = nextRow;
    const opened = new Map<string, { brand: number; day: Millis }>();
    const touched = new Map<string, { brand: number; hour: Millis }>();
    let result: T;
    try {
      result = transaction(db, () => {
        const answer = work(touched);
        for (const [hourKey, { brand, hour }] of touched) {
          if (!stale.has(hourKey)) markStale.run(brand, hour);
          const key = dayKey(brand, hour);
          if (openDays.has(key) || opened.has(key)) continue;
          const day = Math.floor(hour / dayMs) * dayMs;
          openDay.run(brand, day);
          opened.set(key, { brand, day });
        }
        return answer;
      });
    } catch (error) {
      nextRow = rowBefore;
      words.forget();
      if (sqliteCode(error) === 13) {
        throw new Error(`${options.path} has no room left: the disk is full or the store has reached its size`, {
          cause: error,
        });
      }
      throw error;
    }
    for (const [key, day] of opened) openDays.set(key, day);
    const now = performance.now();
    for (const [key, { brand, hour }] of touched) {
      stale.delete(key);
      stale.set(key, { brand, hour, touched: now });
    }
    return result;
  }

  function touch(touched: Map<string, { brand: number; hour: Millis }>, brand: number, at: Millis): void {
    const hour = Math.floor(at / hourMs) * hourMs;
    touched.set(`${brand}:${hour}`, { brand, hour });
  }

  function erase(touched: Map<string, { brand: number; hour: Millis }>, row: Record<string, unknown>): void {
    const n = Number(row['n']);
    deleteRow.run(n);
    deleteBody.run(n);
    deleteTerms.run(n);
    touch(touched, Number(row['brand']), Number(row['at']));
  }

  function putOne(touched: Map<string, { brand: number; hour: Millis }>, json: string, terms: string): void {
    const mention = JSON.parse(json) as Mention;
    const { id } = mention;
    const observed = Math.trunc(mention.observedAt);
    const brand = words.number(mention.brand);
    for (const stone of buried.all(id, brand)) {
      if (stone['brand'] === 0 || Number(stone['observed']) >= observed) return;
    }
    const old = find.get(id, brand);
    if (old !== undefined) {
      const before = Number(old['observed']);
      if (before > observed) return;
      if (before === observed) {
        // Two texts of one moment: the same one stays, whichever came first.
        const body = bodyOf.get(Number(old['n']));
        if (`${String(body?.['json'])}\n${String(body?.['terms'])}` >= `${json}\n${terms}`) return;
      }
      erase(touched, old);
    }
    const n = nextRow++;
    const at = Math.trunc(mention.at);
    insert.run(
      n,
      id,
      brand,
      words.number(mention.client),
      words.number(mention.source),
      words.number(mention.language),
      feelingOf(mention.sentiment),
      mention.own ? 1 : 0,
      at,
      observed,
      authorOf(mention),
      id,
      brand,
    );
    insertBody.run(n, json, terms);
    insertTerms.run(n, terms);
    touch(touched, brand, at);
  }

  function recountHours(quietSince: Millis, end: Millis): void {
    while (performance.now() < end) {
      const batch: [string, { readonly brand: number; readonly hour: Millis }][] = [];
      for (const entry of stale) {
        if (batch.length >= 64 || entry[1].touched > quietSince) break;
        batch.push(entry);
      }
      if (batch.length === 0) return;
      const done: string[] = [];
      transaction(db, () => {
        for (const [key, { brand, hour }] of batch) {
          forget.run(brand, hour);
          count.run(hour, brand, hour, hour + hourMs);
          unmark.run(brand, hour);
          done.push(key);
          if (performance.now() > end) break;
        }
      });
      for (const key of done) {
        const hour = stale.get(key);
        stale.delete(key);
        if (hour !== undefined) readyDays.add(dayKey(hour.brand, hour.hour));
      }
    }
  }

  /** Adds up the days of which no hour is left to be recounted. */
  function addUpDays(end: Millis): void {
    if (performance.now() > end || readyDays.size === 0) return;
    const seen: string[] = [];
    const done: string[] = [];
    transaction(db, () => {
      for (const key of readyDays) {
        if (performance.now() > end) break;
        seen.push(key);
        const open = openDays.get(key);
        if (open === undefined) continue;
        const { brand, day } = open;
        // It is looked at again when that hour has been recounted.
        if (Array.from({ length: 24 }, (_, i) => `${brand}:${day + i * hourMs}`).some((hour) => stale.has(hour)))
          continue;
        forgetDay.run(brand, day);
        addUp.run(day, brand, day, day + dayMs);
        closeDay.run(brand, day);
        done.push(key);
      }
    });
    for (const key of seen) readyDays.delete(key);
    for (const key of done) openDays.delete(key);
  }

  return {
    put(lines) {
      change((touched) => {
        const parts = lines.split('\n');
        for (let i = 0; i + 1 < parts.length; i += 2) putOne(touched, parts[i] ?? '', parts[i + 1] ?? '');
      });
    },

    remove(posts) {
      change((touched) => {
        for (const { id, brands, observedAt } of posts) {
          const observed = Math.trunc(observedAt);
          if (brands === undefined) {
            bury.run(id, 0, observed);
            for (const row of findAll.all(id)) erase(touched, row);
            continue;
          }
          for (const name of brands) {
            const brand = words.number(name);
            bury.run(id, brand, observed);
            const row = find.get(id, brand);
            if (row !== undefined && Number(row['observed']) <= observed) erase(touched, row);
          }
        }
      });
    },

    setTriage(scope, id, brandName, triage, seen) {
      const status = triageStates.indexOf(triage.status);
      if (status < 0) throw new RangeError(`no such state of triage: ${triage.status}`);
      return change(() => {
        const brand = words.known(brandName);
        const client = words.known(scope.client);
        const row =
          brand === undefined || client === undefined || !scope.brands.includes(brandName)
            ? undefined
            : owner.get(id, brand, client);
        if (row === undefined || brand === undefined) throw new NotFound(`no mention ${id} of ${brandName}`);
        const before = readTriage(triageOf.get(id, brand));
        if (before.version !== seen) throw new Conflict(`the triage of ${id} was changed meanwhile`);
        const version = Number(before.version === '' ? 0 : before.version) + 1;
        writeTriage.run(
          id,
          brand,
          status,
          triage.assignee ?? null,
          triage.until ?? null,
          triage.verdict ?? null,
          triage.note ?? null,
          version,
        );
        markTriage.run(status, Number(row['n']));
        return readTriage(triageOf.get(id, brand));
      });
    },

    recount(quietMs, budgetMs) {
      const end = performance.now() + budgetMs;
      recountHours(performance.now() - quietMs, end);
      addUpDays(end);
      if (performance.now() > end) return 'now';
      return stale.size > 0 ? 'later' : 'done';
    },

    close() {
      db.close();
    },
  };
}

function dayKey(brand: number, at: Millis): string {
  return `${brand}:${Math.floor(at / dayMs) * dayMs}`;
}

interface WordTable {
  /** The number of a word, which gets one if it has none. */
  number(text: string): number;
  /** The number of a word, if it has one. */
  known(text: string): number | undefined;
  /** Forgets what it remembers, because a transaction was rolled back. */
  forget(): void;
}

function wordTable(db: DatabaseSync): WordTable {
  const select = db.prepare('select n from word where text = ?');
  const insert = db.prepare('insert into word (text) values (?) returning n');
  const numbers = new Map<string, number>();
  function known(text: string): number | undefined {
    const number = numbers.get(text);
    if (number !== undefined) return number;
    const row = select.get(text);
    if (row === undefined) return undefined;
    // Brands, clients, sources and languages are few; a flood of made-up ones must not fill the memory.
    if (numbers.size > 10_000) numbers.clear();
    numbers.set(text, Number(row['n']));
    return Number(row['n']);
  }
  return {
    known,
    number(text) {
      const number = known(text);
      if (number !== undefined) return number;
      const made = Number(insert.get(text)?.['n']);
      numbers.set(text, made);
      return made;
    },
    forget() {
      numbers.clear();
    },
  };
}
