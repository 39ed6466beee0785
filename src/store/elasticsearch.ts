/**
 * The store of installations that outgrow one machine: Elasticsearch 9, any number of processes. Mentions lie in an index per
 * month behind one alias, so that old months are dropped whole; each month can be rebuilt with another mapping while it is used.
 */
import type { Client } from '@elastic/elasticsearch';
import { crashPoint } from '../lib/crash-point.ts';
import { createClient, type ElasticsearchConnection, plainError } from '../lib/elasticsearch.ts';
import type { MentionQuery, MentionStore, Scope } from '../model/ports.ts';
import type { Millis } from '../model/types.ts';
import { migrateMonths } from './elasticsearch-migrate.ts';
import { currentMapping, type MentionMapping, Months } from './elasticsearch-months.ts';
import { Reader } from './elasticsearch-reader.ts';
import { Writer, type WriterOptions } from './elasticsearch-writer.ts';

export interface ElasticsearchStoreOptions extends WriterOptions {
  readonly connection: ElasticsearchConnection;
  /** What the names of all indices begin with: a-z, 0-9 and -. */
  readonly prefix: string;
  /** Longest that one read may take before it is stopped with TooSlow. 5 s unless told. */
  readonly readTimeoutMs?: Millis;
  /** People's reads that run at the same time; more are refused with TooSlow. 32 unless told. */
  readonly reads?: number;
  /** Whether each read sees what this store has written before; otherwise up to a second passes. False unless told. */
  readonly readOwnWrites?: boolean;
  /** The mapping of mentions, where it is not the current one. */
  readonly mapping?: MentionMapping;
}

/** A mention store with what only a shared one needs. */
export interface ElasticsearchStore extends MentionStore {
  /** Drops whole months that ended before a moment. Answers which, as `2026-03`. */
  dropBefore(before: Millis): Promise<readonly string[]>;
  /**
   * Erases every mention that a query finds, for good: neither a replay nor a later edit brings one back. Answers how many.
   * Throws TooSlow after `limitMs`; asked again, it goes on.
   */
  erase(scope: Scope, query: MentionQuery, limitMs?: Millis): Promise<number>;
  /**
   * Rebuilds months whose mapping is older than this program's, while they are read and written: writes to a month wait for
   * the last moments of it. Answers which; repeating it after a crash goes on. Several processes may do it at once.
   */
  migrate(): Promise<readonly string[]>;
}

/** What no removal is later than. */
const forGood = 8_640_000_000_000_000;

/** Opens the store and makes what is missing of its template and indices. Throws when the server cannot be asked. */
export async function createElasticsearchStore(options: ElasticsearchStoreOptions): Promise<ElasticsearchStore> {
  const client = createClient(options.connection);
  const mapping = options.mapping ?? currentMapping;
  const months = new Months(client, options.prefix, mapping);
  try {
    await months.prepare();
  } catch (error) {
    await client.close();
    throw plainError(error);
  }
  return storeOf(client, months, mapping, options);
}

function storeOf(
  client: Client,
  months: Months,
  mapping: MentionMapping,
  options: ElasticsearchStoreOptions,
): ElasticsearchStore {
  const { prefix, readTimeoutMs: limitMs = 5000, reads = 32, readOwnWrites = false } = options;
  const writer = new Writer(client, months, options);
  const parts = { client, months, writer };
  const reader = new Reader(parts, { limitMs, most: reads, fresh: readOwnWrites ? 'own' : 'never' });
  // What an alert tells holds the mentions that raised it.
  const alerts = new Reader(parts, { limitMs, most: 8, fresh: 'always' });
  let closed: Promise<void> | undefined;

  /** Errors of the client carry the request, credentials and all: they end here. */
  async function plainly<T>(work: () => Promise<T>): Promise<T> {
    if (closed !== undefined) throw new Error('the store is closed');
    try {
      return await work();
    } catch (error) {
      throw plainError(error);
    }
  }

  return {
    put: (mentions) =>
      plainly(async () => {
        if (mentions.length === 0) return;
        await writer.put(mentions);
        crashPoint('put');
      }),
    remove: (posts) =>
      plainly(async () => {
        if (posts.length > 0) await writer.remove(posts);
      }),
    search: (scope, query, page) => plainly(() => reader.search(scope, query, page)),
    series: (scope, query, bucketMs) => plainly(() => reader.series(scope, query, bucketMs)),
    facets: (scope, query, fields, top) => plainly(() => reader.facets(scope, query, fields, top)),
    setTriage: (scope, id, brand, triage, seen) => plainly(() => writer.setTriage(scope, id, brand, triage, seen)),
    count: () => plainly(() => reader.count()),
    urgent: {
      search: (scope, query, page) => plainly(() => alerts.search(scope, query, page)),
      series: (scope, query, bucketMs) => plainly(() => alerts.series(scope, query, bucketMs)),
      facets: (scope, query, fields, top) => plainly(() => alerts.facets(scope, query, fields, top)),
    },
    dropBefore: (before) => plainly(() => months.dropBefore(before)),
    erase: (scope, query, eraseLimitMs = 600_000) =>
      plainly(async () => {
        let erased = 0;
        for await (const page of reader.pages(scope, query, eraseLimitMs)) {
          await writer.remove(page.map(({ id, brand }) => ({ id, brands: [brand], observedAt: forGood })));
          erased += page.length;
        }
        return erased;
      }),
    migrate: () => plainly(() => migrateMonths(client, months, mapping, prefix)),
    [Symbol.asyncDispose]: () => (closed ??= client.close()),
  };
}

/** The least that the store and the desk need to be allowed, as the body of a role of Elasticsearch's security. */
export function leastRole(prefix: string): {
  readonly cluster: readonly string[];
  readonly indices: readonly { readonly names: readonly string[]; readonly privileges: readonly string[] }[];
} {
  return {
    cluster: ['manage_index_templates', 'monitor'],
    indices: [
      { names: [`${prefix}-*`], privileges: ['read', 'write', 'maintenance', 'view_index_metadata', 'manage'] },
    ],
  };
}
