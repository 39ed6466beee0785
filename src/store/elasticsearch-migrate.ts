/**
 * Rebuilds months with a new mapping while they are in use. The copy keeps the version of each document, so that copying again
 * brings what changed meanwhile and nothing else; only the last, short pass holds writes up, which wait and go on.
 */
import type { Client } from '@elastic/elasticsearch';
import { statusOf } from '../lib/elasticsearch.ts';
import type { IndexNames } from './elasticsearch-documents.ts';
import { createIndex, type MentionMapping, type Month, type Months } from './elasticsearch-months.ts';

/** A pass that copies no more than this is short enough for the next to be the last. */
const fewDocuments = 5000;
const mostPasses = 10;

/** Brings every month to a mapping. Answers the months that were rebuilt. */
export async function migrateMonths(
  client: Client,
  months: Months,
  mapping: MentionMapping,
  prefix: string,
): Promise<readonly string[]> {
  const done: string[] = [];
  for (const month of await months.refresh()) {
    if (month.version >= mapping.version) continue;
    await migrateMonth(client, months.names, month, mapping);
    done.push(month.month);
  }
  await months.refresh();
  await dropRemains(client, months, prefix, mapping.version);
  return done;
}

async function migrateMonth(client: Client, names: IndexNames, old: Month, mapping: MentionMapping): Promise<void> {
  const next = names.index(old.month, mapping.version);
  await createIndex(client, next, {});
  try {
    for (let pass = 0; pass < mostPasses; pass++) {
      if ((await copy(client, old.index, next)) <= fewDocuments) break;
    }
    await client.indices.putSettings({ index: old.index, settings: { 'index.blocks.write': true } });
    await copy(client, old.index, next);
    await dropRemoved(client, old.index, next);
    await client.indices.refresh({ index: next });
    await client.indices.updateAliases({
      actions: [
        { remove: { index: old.index, alias: names.month(old.month), must_exist: true } },
        { remove: { index: old.index, alias: names.mentions, must_exist: true } },
        { add: { index: next, alias: names.month(old.month) } },
        { add: { index: next, alias: names.mentions } },
      ],
    });
    await client.indices.delete({ index: old.index, ignore_unavailable: true });
  } catch (error) {
    // Another process was faster: the month lies in the new index already.
    if (await isIn(client, next, names.mentions)) return;
    // What is half done is done again later; until then the month is written to as before.
    await client.indices
      .putSettings({ index: old.index, settings: { 'index.blocks.write': null } })
      .catch(() => undefined);
    throw error;
  }
}

/** Copies what is newer. Answers how many documents that were. */
async function copy(client: Client, from: string, to: string): Promise<number> {
  await client.indices.refresh({ index: from });
  const started = await client.reindex({
    source: { index: from, size: 1000 },
    dest: { index: to, version_type: 'external' },
    conflicts: 'proceed',
    wait_for_completion: false,
  });
  const id = String(started.task);
  for (;;) {
    const { completed, error, response } = await client.tasks
      .get({ task_id: id, wait_for_completion: true, timeout: '20s' })
      .catch(
        // It takes longer than one request may.
        (error: unknown) =>
          statusOf(error) === 408 || statusOf(error) === 504
            ? { completed: false, error: undefined, response: undefined }
            : Promise.reject(error as Error),
      );
    if (!completed) continue;
    const {
      created = 0,
      updated = 0,
      failures = [],
    } = (response ?? {}) as {
      created?: number;
      updated?: number;
      failures?: readonly unknown[];
    };
    if (error !== undefined || failures.length > 0) {
      throw new Error(`a month could not be rebuilt: ${JSON.stringify(error ?? failures[0]).slice(0, 500)}`);
    }
    return created + updated;
  }
}

/** Takes out of the copy what was removed from the original while it was copied. */
async function dropRemoved(client: Client, from: string, to: string): Promise<void> {
  await client.indices.refresh({ index: to });
  const [original, copied] = await Promise.all([client.count({ index: from }), client.count({ index: to })]);
  if (original.count === copied.count) return;
  let after: string[] | undefined;
  for (;;) {
    const { hits } = await client.search({
      index: to,
      size: 1000,
      sort: [{ id: 'asc' }, { brand: 'asc' }],
      ...(after !== undefined && { search_after: after }),
      _source: false,
    });
    const keys = hits.hits.map(({ _id }) => String(_id));
    if (keys.length === 0) return;
    const { docs } = await client.mget({ index: from, ids: keys, _source: false });
    const gone = docs.flatMap((doc) => ('found' in doc && !doc.found ? [doc._id] : []));
    if (gone.length > 0) {
      await client.bulk({ operations: gone.map((_id) => ({ delete: { _index: to, _id } })) });
    }
    after = hits.hits.at(-1)?.sort as string[] | undefined;
  }
}

async function isIn(client: Client, index: string, alias: string): Promise<boolean> {
  return await client.indices.existsAlias({ index, name: alias }).catch(() => false);
}

/** Old indices that a crash left behind, out of use. */
async function dropRemains(client: Client, months: Months, prefix: string, version: number): Promise<void> {
  const used = new Set((await months.list()).map(({ index }) => index));
  for (const month of await months.list()) {
    for (let old = 1; old < version; old++) {
      const index = `${prefix}-mentions-${month.month}-v${old}`;
      if (!used.has(index)) await client.indices.delete({ index, ignore_unavailable: true });
    }
  }
}
