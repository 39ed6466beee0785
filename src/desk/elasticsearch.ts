/** The desk of installations that outgrow one machine: documents and journals in Elasticsearch, for any number of processes. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@elastic/elasticsearch';
import {
  bulk,
  createClient,
  documentId,
  type ElasticsearchConnection,
  parseVersion,
  patiently,
  plainError,
  statusOf,
  typeOf,
  versionIn,
} from '../lib/elasticsearch.ts';
import { Conflict } from '../model/errors.ts';
import type { Desk, DeskItem } from '../model/ports.ts';
import type { Json, Millis } from '../model/types.ts';
import { checkLimit, checkNames, checkSeen, journalPage, parsePosition } from './shared.ts';

export interface ElasticsearchDeskOptions {
  readonly connection: ElasticsearchConnection;
  /** What the names of all indices begin with: a-z, 0-9 and -. */
  readonly prefix: string;
  /** Longest that one request may take, its retries included. 10 s unless told. */
  readonly timeoutMs?: Millis;
}

/** Names are terms of an index, and Lucene takes none of more than 32,766 bytes. */
const longestName = 8000;
/** Entries of one answer. */
const mostListed = 10_000;

const keyword = { type: 'keyword' } as const;
/** One shard each: versions and positions are numbers that a shard counts. */
const settings = { number_of_shards: 1, auto_expand_replicas: '0-1' } as const;
/** Held as JSON, which gives a value back to the letter. */
const opaque = { type: 'keyword', index: false, doc_values: false } as const;
const documentMappings = {
  dynamic: false,
  properties: { client: keyword, kind: keyword, id: keyword, value: opaque },
} as const;
const journalMappings = { dynamic: false, properties: { client: keyword, journal: keyword, entry: opaque } } as const;

/** Opens the desk and makes its indices when they are missing. Throws when the server cannot be asked. */
export async function openElasticsearchDesk(options: ElasticsearchDeskOptions): Promise<Desk> {
  const client = createClient(options.connection);
  const documents = `${options.prefix}-desk`;
  const journals = `${options.prefix}-journals`;
  try {
    for (const [alias, mappings] of [
      [documents, documentMappings],
      [journals, journalMappings],
    ] as const) {
      await client.indices
        .create({ index: `${alias}-v1`, settings, mappings, aliases: { [alias]: {} } })
        .catch((error: unknown) => {
          if (typeOf(error) !== 'resource_already_exists_exception') throw error;
        });
    }
  } catch (error) {
    await client.close();
    throw plainError(error);
  }
  return new ElasticsearchDesk(client, documents, journals, options.timeoutMs ?? 10_000);
}

class ElasticsearchDesk implements Desk {
  readonly #client: Client;
  readonly #documents: string;
  readonly #journals: string;
  readonly #timeoutMs: Millis;
  #closed: Promise<void> | undefined;

  constructor(client: Client, documents: string, journals: string, timeoutMs: Millis) {
    this.#client = client;
    this.#documents = documents;
    this.#journals = journals;
    this.#timeoutMs = timeoutMs;
  }

  async get(
    client: string,
    kind: string,
    id: string,
  ): Promise<{ readonly value: Json; readonly version: string } | undefined> {
    checkNames(client, kind, id);
    const found = await this.#ask((options) =>
      this.#client.get<{ value: string }>({ index: this.#documents, id: keyOf(client, kind, id) }, options),
    ).catch(missing);
    if (found?._source === undefined) return undefined;
    return { value: parse(found._source.value, `${kind} ${id}`), version: versionIn(found) };
  }

  async put(
    client: string,
    kind: string,
    id: string,
    value: Json | undefined,
    seen: string | undefined,
  ): Promise<string> {
    checkNames(client, kind, id);
    checkLengths(client, kind, id);
    const text = value === undefined ? undefined : JSON.stringify(value);
    const what = `${kind} ${id}`;
    if (seen === undefined && text === undefined) {
      checkSeen(what, seen, (await this.get(client, kind, id))?.version);
      return '';
    }
    const version = seen === undefined ? undefined : parseVersion(seen);
    if (seen !== undefined && version === undefined) throw new Conflict(`${what} has changed since it was read`);
    const place = { index: this.#documents, id: keyOf(client, kind, id), require_alias: true } as const;
    const expected = version && { if_seq_no: version.seqNo, if_primary_term: version.term };
    return await this.#open(async () => {
      // Not sent twice: an answer that was lost leaves open whether it was ours that was written.
      const options = { requestTimeout: this.#timeoutMs };
      try {
        if (text === undefined) {
          await this.#client.delete({ index: place.index, id: place.id, ...expected }, options);
          return '';
        }
        const written = await this.#client.index(
          { ...place, document: { client, kind, id, value: text }, ...(expected ?? { op_type: 'create' }) },
          options,
        );
        return versionIn(written);
      } catch (error) {
        if (statusOf(error) !== 409 && statusOf(error) !== 404) throw error;
        throw new Conflict(seen === undefined ? `${what} exists already` : `${what} has changed since it was read`);
      }
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
    const limit = Math.min(mostListed - 1, checkLimit(page.limit));
    await this.#refresh(this.#documents);
    const { hits } = await this.#ask((options) =>
      this.#client.search<{ id: string; value: string }>(
        {
          index: this.#documents,
          query: { bool: { filter: [{ term: { client } }, { term: { kind } }] } },
          sort: [{ id: 'asc' }],
          size: limit + 1,
          ...(page.after !== undefined && { search_after: [page.after] }),
          seq_no_primary_term: true,
          track_total_hits: false,
        },
        options,
      ),
    );
    const items = hits.hits.slice(0, limit).map((hit) => {
      const { id, value } = hit._source ?? { id: '', value: '' };
      return { id, value: parse(value, `${kind} ${id}`), version: versionIn(hit) };
    });
    const last = items.at(-1);
    return hits.hits.length > limit && last ? { items, next: last.id } : { items };
  }

  async append(client: string, journal: string, entry: Json): Promise<void> {
    checkNames(client, journal);
    checkLengths(client, journal);
    const source = JSON.stringify({ client, journal, entry: JSON.stringify(entry) });
    await this.#open(async () => {
      // With an id of its own an entry may be sent again when the answer was lost, and is still there once.
      const create = { _index: this.#journals, _id: randomUUID(), require_alias: true };
      const [answer] = await bulk(this.#client, [{ action: JSON.stringify({ create }), source }], {
        writeTimeoutMs: this.#timeoutMs,
      });
      if (answer !== undefined && answer.status >= 300 && answer.status !== 409) {
        throw new Error(`journal ${journal} could not be written: ${answer.reason}`);
      }
    });
  }

  async *read(
    client: string,
    journal: string,
    after?: string,
  ): AsyncGenerator<{ readonly at: string; readonly entry: Json }> {
    checkNames(client, journal);
    // Positions count from 1; the server's numbers from 0.
    let position = parsePosition(after) - 1;
    const end = await this.#settled();
    for (;;) {
      const { hits } = await this.#ask((options) =>
        this.#client.search<{ entry: string }>(
          {
            index: this.#journals,
            query: {
              bool: {
                filter: [
                  { term: { client } },
                  { term: { journal } },
                  { range: { _seq_no: { gt: position, lte: end } } },
                ],
              },
            },
            sort: [{ _seq_no: 'asc' }],
            size: journalPage,
            seq_no_primary_term: true,
            track_total_hits: false,
          },
          options,
        ),
      );
      for (const { _seq_no, _source } of hits.hits) {
        position = _seq_no ?? position;
        const at = String(position + 1);
        yield { at, entry: parse(_source?.entry ?? '', `entry ${at} of journal ${journal}`) };
      }
      if (hits.hits.length < journalPage) return;
    }
  }

  async *everything(): AsyncGenerator<DeskItem> {
    await this.#refresh(this.#documents);
    for (let after: readonly string[] | undefined; ; ) {
      const { hits } = await this.#ask((options) =>
        this.#client.search<{ client: string; kind: string; id: string; value: string }>(
          {
            index: this.#documents,
            sort: [{ client: 'asc' }, { kind: 'asc' }, { id: 'asc' }],
            size: journalPage,
            ...(after !== undefined && { search_after: [...after] }),
            track_total_hits: false,
          },
          options,
        ),
      );
      for (const { _source } of hits.hits) {
        if (_source === undefined) continue;
        const { client, kind, id, value } = _source;
        after = [client, kind, id];
        yield { type: 'document', client, kind, id, value: parse(value, `${kind} ${id}`) };
      }
      if (hits.hits.length < journalPage) break;
    }
    const end = await this.#settled();
    for (let position = -1; ; ) {
      const { hits } = await this.#ask((options) =>
        this.#client.search<{ client: string; journal: string; entry: string }>(
          {
            index: this.#journals,
            query: { range: { _seq_no: { gt: position, lte: end } } },
            sort: [{ _seq_no: 'asc' }],
            size: journalPage,
            seq_no_primary_term: true,
            track_total_hits: false,
          },
          options,
        ),
      );
      for (const { _seq_no, _source } of hits.hits) {
        position = _seq_no ?? position;
        if (_source === undefined) continue;
        const { client, journal, entry } = _source;
        yield { type: 'entry', client, journal, entry: parse(entry, `an entry of journal ${journal}`) };
      }
      if (hits.hits.length < journalPage) return;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closed ??= this.#client.close());
  }

  /**
   * The number up to which every entry is written: of two that are being written at once the later may be there first, and who
   * reads on from it would never see the other. What is up to there is made visible.
   */
  async #settled(): Promise<number> {
    const { indices } = await this.#ask((options) =>
      this.#client.indices.stats(
        { index: this.#journals, level: 'shards', metric: [], forbid_closed_indices: false },
        options,
      ),
    );
    const copies = Object.values(indices ?? {}).flatMap(({ shards }) => Object.values(shards ?? {}).flat());
    const primary = copies.find(({ routing }) => routing?.primary === true);
    await this.#refresh(this.#journals);
    return primary?.seq_no?.local_checkpoint ?? -1;
  }

  async #refresh(index: string): Promise<void> {
    await this.#ask((options) => this.#client.indices.refresh({ index }, options));
  }

  /** Something that may be asked twice. */
  async #ask<T>(request: (options: { readonly requestTimeout: number }) => Promise<T>): Promise<T> {
    return await this.#open(() => patiently(request, { writeTimeoutMs: this.#timeoutMs }));
  }

  /** Errors of the client carry the request, credentials and all: they end here, but for their status. */
  async #open<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) throw new Error('the desk is closed');
    try {
      return await work();
    } catch (error) {
      if (statusOf(error) === 404) throw new Absent(plainError(error).message);
      throw plainError(error);
    }
  }
}

/** There is no such document. */
class Absent extends Error {
  override readonly name = 'Absent';
}

function missing(error: unknown): undefined {
  if (error instanceof Absent) return undefined;
  throw error;
}

function keyOf(client: string, kind: string, id: string): string {
  return documentId(JSON.stringify([client, kind, id]));
}

function checkLengths(...names: readonly string[]): void {
  for (const name of names) {
    if (name.length > longestName) throw new RangeError(`a name of ${name.length} characters is too long`);
  }
}

function parse(text: string, what: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new Error(`the desk is damaged: ${what} cannot be read`, { cause: error });
  }
}
