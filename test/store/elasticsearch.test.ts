import { vi } from 'vitest';
import type { ElasticsearchStore, ElasticsearchStoreOptions } from '../../src/store/elasticsearch.ts';
import { createElasticsearchStore } from '../../src/store/elasticsearch.ts';
import { storeContract } from '../contract/store.ts';
import { dropIndices, elasticsearch, type ElasticsearchServer, freePrefix } from '../services/elasticsearch.ts';

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

const server = await elasticsearch();

async function makeStore(
  connection: ElasticsearchServer,
  options: Partial<ElasticsearchStoreOptions> = {},
): Promise<ElasticsearchStore> {
  const prefix = freePrefix();
  const store = await createElasticsearchStore({ connection, prefix, readOwnWrites: true, ...options });
  const close = store[Symbol.asyncDispose].bind(store);
  store[Symbol.asyncDispose] = async () => {
    await close();
    await dropIndices(connection, prefix);
  };
  return store;
}

if (server !== undefined) {
  storeContract('elasticsearch', () => makeStore(server));
}
