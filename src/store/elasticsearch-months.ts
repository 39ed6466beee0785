/** The indices of one installation: made when they are first written to, a month at a time, each behind an alias of its own. */
import type { Client } from '@elastic/elasticsearch';
import { patiently, statusOf, typeOf } from '../lib/elasticsearch.ts';
import type { Millis } from '../model/types.ts';
import {
  endOf,
  type IndexNames,
  indexNames,
  mappingVersion,
  mentionIndex,
  parseIndexName,
  stoneIndex,
  triageIndex,
} from './elasticsearch-documents.ts';

/** A month that is kept, with the version of its mapping. */
export interface Month {
  readonly month: string;
  readonly index: string;
  readonly version: number;
}

/** A mapping of mentions and its number; tests bring one of the future. */
export interface MentionMapping {
  readonly version: number;
  readonly index: { readonly settings: object; readonly mappings: object };
}

export const currentMapping: MentionMapping = { version: mappingVersion, index: mentionIndex };

/** Months that other processes make are seen this much later. */
const staleMs = 30_000;

/** The months of an installation, as far as they are known here. */
export class Months {
  readonly names: IndexNames;
  readonly #client: Client;
  readonly #prefix: string;
  readonly #mapping: MentionMapping;
  #known: ReadonlyMap<string, Month> = new Map();
  #readAt = -Infinity;

  constructor(client: Client, prefix: string, mapping: MentionMapping) {
    this.#client = client;
    this.#prefix = prefix;
    this.#mapping = mapping;
    this.names = indexNames(prefix);
  }

  /** Puts the template in place and makes what is missing of all that is not a month. */
  async prepare(): Promise<void> {
    const { version, index } = this.#mapping;
    await this.#client.indices.putIndexTemplate({
      name: this.names.template(version),
      index_patterns: [this.names.index('*', version)],
      priority: 500,
      version,
      template: index,
    });
    await createIndex(this.#client, `${this.names.triage}-v1`, {
      ...triageIndex,
      aliases: { [this.names.triage]: {} },
    });
    await createIndex(this.#client, `${this.names.stones}-v1`, { ...stoneIndex, aliases: { [this.names.stones]: {} } });
    await this.refresh();
  }

  /** Every month, as the server has them now. */
  async refresh(): Promise<readonly Month[]> {
    const found = await patiently((transport) =>
      this.#client.indices.getAlias({ name: this.names.mentions }, transport),
    ).catch((error: unknown) => (statusOf(error) === 404 ? {} : Promise.reject(error as Error)));
    const known = new Map<string, Month>();
    // In the order of time.
    for (const index of Object.keys(found).toSorted()) {
      const parsed = parseIndexName(this.#prefix, index);
      if (parsed?.version !== undefined)
        known.set(parsed.month, { month: parsed.month, index, version: parsed.version });
    }
    this.#known = known;
    this.#readAt = performance.now();
    return [...known.values()];
  }

  /** Every month, as they were a moment ago. */
  async list(): Promise<readonly Month[]> {
    if (performance.now() - this.#readAt > staleMs) return await this.refresh();
    return [...this.#known.values()];
  }

  /** Makes the months that are missing. */
  async ensure(months: Iterable<string>): Promise<void> {
    let made = false;
    for (const month of months) {
      if (this.#known.has(month)) continue;
      const index = this.names.index(month, this.#mapping.version);
      const { month: alias, mentions } = this.names;
      // Another process may be rebuilding this month under another version: its alias says so.
      const exists = await patiently((transport) =>
        this.#client.indices.existsAlias({ name: alias(month) }, transport),
      );
      if (!exists) await createIndex(this.#client, index, { aliases: { [alias(month)]: {}, [mentions]: {} } });
      made = true;
    }
    if (made) await this.refresh();
  }

  /** Forgets what is known: a write found a month gone. */
  forget(): void {
    this.#known = new Map();
    this.#readAt = -Infinity;
  }

  /** Drops the months that ended before a moment. Answers which. */
  async dropBefore(before: Millis): Promise<readonly string[]> {
    const dropped: string[] = [];
    for (const { month, index } of await this.refresh()) {
      if (endOf(month) > before) continue;
      await this.#client.indices.delete({ index, ignore_unavailable: true });
      dropped.push(month);
    }
    if (dropped.length > 0) await this.refresh();
    return dropped;
  }
}

/** Makes an index unless it is there. */
export async function createIndex(client: Client, index: string, body: object): Promise<void> {
  try {
    await patiently((transport) => client.indices.create({ index, wait_for_active_shards: 1, ...body }, transport));
  } catch (error) {
    if (typeOf(error) !== 'resource_already_exists_exception') throw error;
  }
}
