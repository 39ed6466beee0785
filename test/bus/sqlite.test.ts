import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteBus } from '../../src/bus/sqlite.ts';
import { busContract } from '../contract/bus.ts';

busContract('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-bus-'));
  return {
    durable: true,
    open: async (partitions) => openSqliteBus({ path: join(folder, 'bus.db'), partitions, waitMs: 200, now: 0 }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
});
