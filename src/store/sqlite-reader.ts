/** The reading half of the SQLite store: searches, series and facets, each within its time limit. Runs in worker threads. */
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '../lib/sqlite.ts';
import { TooSlow } from '../model/errors.ts';
import type { FacetField, MentionQuery, Scope, SeriesPoint } from '../model/ports.ts';
import type { Mention, Millis } from '../model/types.ts';
import { type Plan, planQuery, type Where } from './query.ts';
import { isOtherForm } from '../text/tokenize.ts';
import {
  bucketOf,
  checkBucket,
  comparePositions,
  decodeCursor,
  encodeCursor,
  facetSample,
  type ListField,
  listOf,
  feelings,
  pageLimit,
  topOf,
  triageStates,
  visibleBrands,
} from './selection.ts';
import { dayMs, hourMs, readTriage, splitTerms, triageColumns } from './sqlite-rows.ts';

export interface Reader {
  /** Answers the page as JSON: `{items: [{mention, terms, triage}], next}`; the terms as they are kept. */
  search(
    scope: Scope,
    query: MentionQuery,
    page: { readonly limit: number; readonly after?: string },
    limitMs: Millis,
  ): string;
  series(scope: Scope, query: MentionQuery, bucketMs: Millis, limitMs: Millis): readonly SeriesPoint[];
  facets(
    scope: Scope,
    query: MentionQuery,
    fields: readonly FacetField[],
    top: number,
    limitMs: Millis,
  ): Record<string, readonly { readonly value: string; readonly count: number }[]>;
  count(): number;
  close(): void;
}

type Row = Readonly<Record<string, unknown>>;

/** Columns of `mention` that rows can be grouped by without reading a body. */
type Group = 'brand' | 'source' | 'language' | 'feeling' | 'author' | 'triage';

/** A read that was translated: whose rows, filtered by what. */
interface Selection {
  readonly query: MentionQuery;
  /** Names of the brands by their numbers. */
  readonly brands: ReadonlyMap<number, string>;
  /** Conditions on a row of `mention`, without those on brands in scope and on time. */
  readonly where: string;
  /** The same for a row of `rollup`. */
  readonly whereRollup: string;
  readonly plan: Plan | undefined;
}

/** A row in the order of reading. */
interface Key {
  readonly n: number;
  readonly at: Millis;
  readonly id: string;
  readonly brand: string;
}

/** A row that was tried. */
interface Tried extends Key {
  readonly matches: boolean;
}

/** How many rows are tried in the order of time before the text index is asked instead. */
const walkFirst = 500;

/** Checked in every row's condition, called for some: it throws when the time is over. */
const tick = '(m.n & 63 <> 0 or tick())';

/** Opens the file for reading alone. */
export function openReader(path: string): Reader {
  const db = openDatabase(path, { readOnly: true });
  db.exec('pragma cache_size = -32768; pragma mmap_size = 1073741824;');
  let deadline = Infinity;
  function check(): void {
    if (performance.now() > deadline) throw new TooSlow('the read took longer than its limit and was stopped');
  }
  db.function('tick', () => {
    check();
    return 1;
  });
  const words = wordNames(db);
  const bodyOf = db.prepare('select json from body where n = ?');
  const termsOf = db.prepare('select terms from body where n = ?');
  const triageOf = db.prepare(
    `select ${triageColumns} from triage where id = ? and brand = (select n from word where text = ?)`,
  );

  /** One read sees one state of the store, and ends in time. */
  function within<T>(limitMs: Millis, work: () => T): T {
    deadline = performance.now() + limitMs;
    db.exec('begin');
    try {
      return work();
    } finally {
      deadline = Infinity;
      db.exec('rollback');
    }
  }

  /** Answers undefined when nothing can be found: an empty scope, or names that no mention ever had. */
  function select(scope: Scope, query: MentionQuery): Selection | undefined {
    const brands = new Map<number, string>();
    for (const name of visibleBrands(scope, query)) {
      const number = words.number(name);
      if (number !== undefined) brands.set(number, name);
    }
    const client = words.number(scope.client);
    if (brands.size === 0 || client === undefined) return undefined;
    const plan = query.query === undefined ? undefined : planQuery(query.query);
    const both = [`client = ${client}`];
    if (query.sources !== undefined) {
      const sources = query.sources.map((name) => words.number(name)).filter((n) => n !== undefined);
      both.push(`source in (${sources.join(',')})`);
    }
    if (query.sentiment !== undefined) both.push(`feeling = ${feelings.indexOf(query.sentiment)}`);
    if (plan?.where !== undefined) both.push(conditionOf(plan.where));
    const where = [...both];
    if (query.triage !== undefined) {
      const status = triageStates.indexOf(query.triage);
      // Only so does SQLite know that the index of what was triaged will do.
      where.push(status > 0 ? `triage = ${status} and triage > 0` : `triage = ${status}`);
    }
    return { query, brands, where: where.join(' and '), whereRollup: both.join(' and '), plan };
  }

  /** A condition of the query language as one of SQL, on rows of `mention` and of `rollup` alike. */
  function conditionOf(where: Where): string {
    switch (where.op) {
      case 'and':
      case 'or':
        return `(${where.of.map(conditionOf).join(` ${where.op} `)})`;
      case 'not':
        return `not ${conditionOf(where.of)}`;
      case 'column': {
        const { column, holds } = where;
        if (column === 'sentiment') {
          return `feeling in (${feelings.flatMap((feeling, i) => (holds(feeling) ? [i] : [])).join(',')})`;
        }
        return `${column} in (${words.where(holds).join(',')})`;
      }
      default:
        return where satisfies never;
    }
  }

  /** The rows of a selection through the index of time, newest first, brands merged. */
  function* walk(selection: Selection, counted: boolean, after: Key | undefined, first: number): Generator<Key> {
    const { query, brands, where } = selection;
    let size = brands.size === 1 ? first : Math.max(8, Math.ceil((2 * first) / brands.size));
    const sql = (comparison: string) => `select n, at, id from mention m indexed by mention_time
      where ${tick} and brand = ? and at >= ? and at < ? and (at, id) ${comparison} (?, ?) and ${where}
      ${counted ? 'and m.own = 0' : ''} order by at desc, id desc limit ?`;
    const below = db.prepare(sql('<'));
    const upTo = db.prepare(sql('<='));
    const from = query.from ?? -Number.MAX_SAFE_INTEGER;
    const to = query.to ?? Number.MAX_SAFE_INTEGER;

    function fetch(number: number, brand: string, last: Key | undefined): { rows: Key[]; next: number } {
      const start = last ?? { at: Number.MAX_SAFE_INTEGER, id: '', brand: '' };
      // Of one post (at, id) the brands come in descending order, so that the cursor may stand between two of them.
      const statement = last !== undefined && comparePositions({ ...start, brand }, start) > 0 ? upTo : below;
      const rows = statement
        .all(number, from, to, start.at, start.id, size)
        .map((row) => ({ n: Number(row['n']), at: Number(row['at']), id: String(row['id']), brand }));
      return { rows, next: 0 };
    }

    const streams: { number: number; brand: string; rows: Key[]; next: number; ended: boolean }[] = [];
    for (const [number, brand] of brands) {
      const chunk = fetch(number, brand, after);
      if (chunk.rows.length > 0) streams.push({ number, brand, ...chunk, ended: chunk.rows.length < size });
    }
    while (streams.length > 0) {
      let best: { stream: (typeof streams)[number]; key: Key } | undefined;
      for (const stream of streams) {
        const key = stream.rows[stream.next];
        if (key !== undefined && (best === undefined || comparePositions(key, best.key) < 0)) best = { stream, key };
      }
      if (best === undefined) return;
      const { stream, key } = best;
      yield key;
      stream.next += 1;
      if (stream.next < stream.rows.length) continue;
      if (!stream.ended) {
        size = Math.min(1000, size * 2);
        const chunk = fetch(stream.number, stream.brand, key);
        stream.rows = chunk.rows;
        stream.next = 0;
        stream.ended = chunk.rows.length < size;
      }
      if (stream.next >= stream.rows.length) streams.splice(streams.indexOf(stream), 1);
    }
  }

  /** From and where of a selection that is not read through the index of time: by ids, by the text index, by triage. */
  function table(selection: Selection): { readonly sql: string; readonly values: (string | number)[] } {
    const { query, brands, plan, where } = selection;
    const conditions = [tick, `m.brand in (${[...brands.keys()].join(',')})`, where];
    const values: (string | number)[] = [];
    let source = 'mention m';
    if (query.ids !== undefined) {
      source = 'mention m indexed by mention_key';
      conditions.unshift('m.id in (select value from json_each(?))');
      values.push(JSON.stringify(query.ids));
    } else if (plan?.match !== undefined) {
      source = 'term cross join mention m on m.n = term.rowid';
      conditions.unshift('term.terms match ?');
      values.push(plan.match);
    }
    if (query.from !== undefined) {
      conditions.push('m.at >= ?');
      values.push(query.from);
    }
    if (query.to !== undefined) {
      conditions.push('m.at < ?');
      values.push(query.to);
    }
    return { sql: `from ${source} where ${conditions.join(' and ')}`, values };
  }

  /** The rows of a selection through another index, sorted newest first. */
  function* sorted(selection: Selection, counted: boolean, after: Key | undefined): Generator<Key> {
    const { sql, values } = table(selection);
    const statement = db.prepare(
      `select m.n, m.at, m.id, m.brand ${sql} ${counted ? 'and m.own = 0' : ''}
       ${after === undefined ? '' : 'and (m.at, m.id) <= (?, ?)'}
       order by m.at desc, m.id desc, (select text from word where word.n = m.brand) desc`,
    );
    for (const row of statement.iterate(...values, ...(after === undefined ? [] : [after.at, after.id]))) {
      const brand = selection.brands.get(Number(row['brand'])) ?? '';
      const key = { n: Number(row['n']), at: Number(row['at']), id: String(row['id']), brand };
      if (after === undefined || comparePositions(key, after) > 0) yield key;
    }
  }

  /**
   * What a selection finds, newest first. A text that is found often is found soon in the order of time; one that is rare
   * is found by the text index. Rows that were tried in vain are handed out too, so that a long search can be left.
   */
  function* find(selection: Selection, counted: boolean, after: Key | undefined, first: number): Generator<Tried> {
    const { query, plan } = selection;
    const byIndex = query.ids !== undefined || (query.triage !== undefined && query.triage !== 'open');
    let tried = 0;
    let start = after;
    if (!byIndex) {
      const sure = plan === undefined || (plan.exact && plan.match === undefined);
      for (const key of walk(selection, counted, after, first)) {
        yield test(key, sure ? undefined : plan);
        start = key;
        tried += 1;
        if (plan?.match !== undefined && tried >= walkFirst) break;
      }
      if (plan?.match === undefined || tried < walkFirst) return;
    }
    const sure = plan?.exact === true && (plan.match === undefined || query.ids === undefined);
    for (const key of sorted(selection, counted, start)) yield test(key, sure ? undefined : plan);
  }

  function test(key: Key, plan: Plan | undefined): Tried {
    check();
    return { ...key, matches: plan === undefined || plan.test(postOf(key.n)) };
  }

  function postOf(n: number): Omit<Mention, 'terms'> {
    return JSON.parse(String(bodyOf.get(n)?.['json'])) as Omit<Mention, 'terms'>;
  }

  /**
   * Counts the opinions of a selection (own posts are left out) by columns and, if asked, by bucket. What only depends on
   * brand, client, source, feeling and time is read from the counts per hour, where they are current.
   */
  function tally(
    selection: Selection,
    groups: readonly Group[],
    bucketMs: Millis | undefined,
    add: (row: Row, count: number) => void,
  ): void {
    const { query, plan, brands, where } = selection;
    const bucket = (column: string) =>
      bucketMs === undefined ? [] : [`${column} - ((${column} % ${bucketMs}) + ${bucketMs}) % ${bucketMs} as bucket`];
    const names = [...groups, ...(bucketMs === undefined ? [] : ['bucket'])];
    const by = names.length === 0 ? '' : `group by ${names.join(', ')}`;
    const columns = [...groups.map((group) => `m.${group} as ${group}`), ...bucket('m.at')];

    // Posts named by their ids are not looked up in the index of terms.
    if (plan !== undefined && (!plan.exact || (plan.match !== undefined && query.ids !== undefined))) {
      for (const row of candidates(selection, [...columns, 'm.n as n'])) {
        check();
        if (plan.test(postOf(Number(row['n'])))) add(row, 1);
      }
      return;
    }
    if (
      query.ids !== undefined ||
      plan?.match !== undefined ||
      (query.triage !== undefined && query.triage !== 'open')
    ) {
      const { sql, values } = table(selection);
      const statement = db.prepare(`select ${[...columns, 'count(*) as count'].join(', ')} ${sql} and m.own = 0 ${by}`);
      for (const row of statement.iterate(...values)) add(row, Number(row['count']));
      return;
    }

    const raw = db.prepare(
      `select ${[...columns, 'count(*) as count'].join(', ')} from mention m indexed by mention_time
       where ${tick} and m.brand = ? and m.at >= ? and m.at < ? and ${where} and m.own = 0 ${by}`,
    );
    const from = query.from ?? -Number.MAX_SAFE_INTEGER;
    const to = query.to ?? Number.MAX_SAFE_INTEGER;
    const countRaw = (brand: number, start: Millis, end: Millis) => {
      if (start >= end) return;
      for (const row of raw.iterate(brand, start, end)) if (Number(row['count']) > 0) add(row, Number(row['count']));
    };
    const counted = groups.every((group) => group !== 'author' && group !== 'triage') && query.triage === undefined;
    if (!counted || (bucketMs !== undefined && bucketMs % hourMs !== 0)) {
      for (const brand of brands.keys()) countRaw(brand, from, to);
      return;
    }

    const firstHour = Math.ceil(from / hourMs) * hourMs;
    const endHour = Math.floor(to / hourMs) * hourMs;
    if (firstHour >= endHour) {
      for (const brand of brands.keys()) countRaw(brand, from, to);
      return;
    }
    const rolled = db.prepare(
      `select ${[...groups, ...bucket('hour'), 'sum(count) as count'].join(', ')} from rollup
       where brand = ? and hour >= ? and hour < ? and ${selection.whereRollup} and own = 0
       and hour not in (select s.hour from stale s where s.brand = ? and s.hour >= ? and s.hour < ?) ${by}`,
    );
    const staleHours = db.prepare('select hour from stale where brand = ? and hour >= ? and hour < ? order by hour');
    const countHours = (brand: number, start: Millis, end: Millis) => {
      if (start >= end) return;
      for (const row of rolled.iterate(brand, start, end, brand, start, end)) {
        if (row['count'] !== null) add(row, Number(row['count']));
      }
      // Hours side by side are counted in one go.
      let first: Millis | undefined;
      let last = 0;
      for (const { hour } of staleHours.all(brand, start, end) as unknown as { readonly hour: Millis }[]) {
        if (first !== undefined && hour !== last) countRaw(brand, first, last);
        if (first === undefined || hour !== last) first = hour;
        last = hour + hourMs;
      }
      if (first !== undefined) countRaw(brand, first, last);
    };

    const wholeDays = bucketMs === undefined || bucketMs % dayMs === 0;
    const firstDay = Math.ceil(firstHour / dayMs) * dayMs;
    const endDay = Math.floor(endHour / dayMs) * dayMs;
    const currentDays = db.prepare(
      'select day from day where brand = ? and day >= ? and day < ? and current = 1 order by day',
    );
    const rolledDays = db.prepare(
      `select ${[...groups, ...bucket('day'), 'sum(count) as count'].join(', ')} from rollup_day
       where brand = ? and day >= ? and day < ? and ${selection.whereRollup} and own = 0
       and day in (select d.day from day d where d.brand = ? and d.day >= ? and d.day < ? and d.current = 1) ${by}`,
    );
    for (const brand of brands.keys()) {
      check();
      countRaw(brand, from, firstHour);
      let start = firstHour;
      if (wholeDays && firstDay < endDay) {
        for (const row of rolledDays.iterate(brand, firstDay, endDay, brand, firstDay, endDay)) {
          if (row['count'] !== null) add(row, Number(row['count']));
        }
        for (const { day } of currentDays.all(brand, firstDay, endDay) as unknown as { readonly day: Millis }[]) {
          countHours(brand, start, day);
          start = day + dayMs;
        }
      }
      countHours(brand, start, endHour);
      countRaw(brand, endHour, to);
    }
  }

  /** Rows that a plan still has to be tried on, in no order. */
  function* candidates(selection: Selection, columns: readonly string[]): Generator<Row> {
    const { query, plan, brands, where } = selection;
    if (
      query.ids !== undefined ||
      plan?.match !== undefined ||
      (query.triage !== undefined && query.triage !== 'open')
    ) {
      const { sql, values } = table(selection);
      yield* db.prepare(`select ${columns.join(', ')} ${sql} and m.own = 0`).iterate(...values);
      return;
    }
    const statement = db.prepare(
      `select ${columns.join(', ')} from mention m indexed by mention_time
       where ${tick} and m.brand = ? and m.at >= ? and m.at < ? and ${where} and m.own = 0`,
    );
    const from = query.from ?? -Number.MAX_SAFE_INTEGER;
    const to = query.to ?? Number.MAX_SAFE_INTEGER;
    for (const brand of brands.keys()) yield* statement.iterate(brand, from, to);
  }

  return {
    search(scope, query, page, limitMs) {
      return within(limitMs, () => {
        const limit = pageLimit(page.limit);
        const after = page.after === undefined ? undefined : { n: 0, ...decodeCursor(page.after) };
        const selection = select(scope, query);
        if (selection === undefined) return '{"items":[]}';
        // A page that takes long is handed over half full, with a cursor to go on from, rather than not at all.
        const soft = performance.now() + limitMs / 2;
        const items: string[] = [];
        let last: Key | undefined;
        let more = false;
        for (const tried of find(selection, false, after, limit + 1)) {
          if (tried.matches) {
            if (items.length === limit) {
              more = true;
              break;
            }
            const triage = readTriage(triageOf.get(tried.id, tried.brand));
            const json = String(bodyOf.get(tried.n)?.['json']);
            const terms = JSON.stringify(termsOf.get(tried.n)?.['terms']);
            items.push(`{"mention":${json},"terms":${terms},"triage":${JSON.stringify(triage)}}`);
          }
          last = tried;
          if (performance.now() > soft) {
            more = true;
            break;
          }
        }
        const next = more && last !== undefined ? `,"next":${JSON.stringify(encodeCursor(last))}` : '';
        return `{"items":[${items.join(',')}]${next}}`;
      });
    },

    series(scope, query, bucketMs, limitMs) {
      return within(limitMs, () => {
        checkBucket(bucketMs);
        const selection = select(scope, query);
        if (selection === undefined) return [];
        const buckets = new Map<Millis, { count: number; feelings: [number, number, number, number] }>();
        tally(selection, ['feeling'], bucketMs, (row, count) => {
          const at = bucketOf(Number(row['bucket']), bucketMs);
          let bucket = buckets.get(at);
          if (bucket === undefined) buckets.set(at, (bucket = { count: 0, feelings: [0, 0, 0, 0] }));
          bucket.count += count;
          const feeling = Number(row['feeling']) as 0 | 1 | 2 | 3;
          bucket.feelings[feeling] += count;
        });
        return [...buckets]
          .sort((a, b) => a[0] - b[0])
          .map(
            ([
              at,
              {
                count,
                feelings: [negative, , positive, unsure],
              },
            ]) => ({ at, count, negative, positive, unsure }),
          );
      });
    },

    facets(scope, query, fields, top, limitMs) {
      return within(limitMs, () => {
        const selection = select(scope, query);
        const counts = new Map<FacetField, Map<string, number>>(fields.map((field) => [field, new Map()]));
        if (selection !== undefined) countFacets(selection, counts);
        return Object.fromEntries([...counts].map(([field, values]) => [field, topOf(values, top)]));
      });
    },

    count() {
      return Number(db.prepare('select count(*) as count from mention').get()?.['count']);
    },

    close() {
      db.close();
    },
  };

  function countFacets(selection: Selection, counts: ReadonlyMap<FacetField, Map<string, number>>): void {
    const groups: Group[] = [];
    const lists: ListField[] = [];
    for (const field of counts.keys()) {
      if (field === 'sentiment') groups.push('feeling');
      else if (field === 'term' || field === 'link' || field === 'topic') lists.push(field);
      else if (field !== 'author' && field !== 'triage') groups.push(field);
    }
    const add = (field: FacetField, value: string, count: number) => {
      const values = counts.get(field);
      if (values !== undefined && value !== '') values.set(value, (values.get(value) ?? 0) + count);
    };
    if (groups.length > 0) {
      tally(selection, groups, undefined, (row, count) => {
        for (const group of groups) {
          if (group === 'feeling') add('sentiment', feelings[Number(row['feeling'])] ?? 'unsure', count);
          else if (group === 'source' || group === 'language' || group === 'brand') {
            add(group, words.name(Number(row[group])), count);
          }
        }
      });
    }
    // Authors and states of triage are no part of the counts per hour: counted from the rows, each on its own.
    if (counts.has('author')) {
      tally(selection, ['author'], undefined, (row, count) => add('author', String(row['author']), count));
    }
    if (counts.has('triage')) {
      tally(selection, ['triage'], undefined, (row, count) => {
        add('triage', triageStates[Number(row['triage'])] ?? 'open', count);
      });
    }
    if (lists.length > 0) countLists(selection, lists, counts);
  }

  function countLists(
    selection: Selection,
    lists: readonly ListField[],
    counts: ReadonlyMap<FacetField, Map<string, number>>,
  ): void {
    const terms = counts.get('term');
    const others = lists.filter((field) => field !== 'term');
    let left = facetSample;
    for (const { n, matches } of find(selection, true, undefined, 1000)) {
      if (!matches) continue;
      if (terms !== undefined) {
        const once = new Set(splitTerms(String(termsOf.get(n)?.['terms'])));
        for (const term of once) terms.set(term, (terms.get(term) ?? 0) + 1);
      }
      if (others.length > 0) {
        const post = postOf(n);
        for (const field of others) {
          const values = counts.get(field);
          for (const value of listOf(post, field)) values?.set(value, (values.get(value) ?? 0) + 1);
        }
      }
      left -= 1;
      if (left === 0) break;
    }
    // Asked of each word once, rather than of each word of each mention.
    for (const term of terms?.keys() ?? []) if (isOtherForm(term)) terms?.delete(term);
  }
}

/** Words and their numbers as they are read; a number never changes its word. */
function wordNames(db: DatabaseSync): {
  number(text: string): number | undefined;
  name(number: number): string;
  /** The numbers of the words that are such. */
  where(holds: (text: string) => boolean): readonly number[];
} {
  const byText = db.prepare('select n from word where text = ?');
  const byNumber = db.prepare('select text from word where n = ?');
  const all = db.prepare('select n, text from word');
  const names = new Map<number, string>();
  return {
    number(text) {
      const row = byText.get(text);
      return row === undefined ? undefined : Number(row['n']);
    },
    name(number) {
      const known = names.get(number);
      if (known !== undefined) return known;
      const name = String(byNumber.get(number)?.['text'] ?? '');
      if (names.size > 10_000) names.clear();
      names.set(number, name);
      return name;
    },
    where(holds) {
      return all.all().flatMap((row) => (holds(String(row['text'])) ? [Number(row['n'])] : []));
    },
  };
}
