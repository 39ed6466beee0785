import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MentionStore } from '../../src/model/ports.ts';
import { createSqliteStore } from '../../src/store/sqlite.ts';
import { storeContract } from '../contract/store.ts';

storeContract('sqlite', async (): Promise<MentionStore> => {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-store-'));
  const store = await createSqliteStore({ path: join(folder, 'store.db'), readers: 1 });
  const close = store[Symbol.asyncDispose].bind(store);
  store[Symbol.asyncDispose] = async () => {
    await close();
    await rm(folder, { recursive: true });
  };
  return store;
});
