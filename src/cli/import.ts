import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { readRules } from '../app.ts';
import { BusInUse, openSqliteBus, type SqliteBus } from '../bus/sqlite.ts';
import { detectors } from '../detectors/index.ts';
import { Stamper, wallClock } from '../lib/clock.ts';
import { createLogger } from '../lib/log.ts';
import { createMetrics } from '../lib/metrics.ts';
import { partitionKey } from '../model/ids.ts';
import { fileQuarantine } from '../pipeline/quarantine.ts';
import { drainPartition, runSourceOnce } from '../pipeline/run-once.ts';
import { createRuleEngine } from '../rules/engine.ts';
import { file as fileSource } from '../sources/file.ts';
import { createSqliteStore } from '../store/sqlite.ts';
import { createLanguageDetector } from '../text/language.ts';
import { createScorer } from '../text/sentiment/index.ts';
import { configOf, tell } from './io.ts';

interface Options {
  readonly config: string;
  readonly data?: string;
}

/** `vigie import`: files into the store as history: it teaches what is usual and never alerts. */
export function importCommand(): Command {
  return new Command('import')
    .description('Takes NDJSON or CSV files into the store as history: they teach what is usual and never alert.')
    .argument('<files...>', 'posts as NDJSON or CSV')
    .option('--config <file>', 'configuration', 'vigie.yaml')
    .option('--data <folder>', 'folder of the embedded databases')
    .action(runImport);
}

async function runImport(files: readonly string[], options: Options): Promise<void> {
  const config = await configOf(options.config);
  const data = options.data === undefined ? config.data : resolve(options.data);
  const path = join(data, 'bus.db');
  // Beside a running Vigie we only append, and it analyses; alone, we do both.
  const { bus, alone } = openFor(path);
  await using _bus = bus;
  const { brands } = config;
  const source = fileSource.create(
    fileSource.config.parse({ paths: files.map((name) => resolve(name)), timezone: config.timezone }),
    {
      name: 'import',
      fetch,
      hook: () => () => {},
      queries: () => [],
      now: wallClock.now,
      sleep: wallClock.sleep,
      stdin: () => process.stdin,
    },
  );
  let quarantined = 0;
  let items = 0;
  await runSourceOnce({
    name: `import-${wallClock.now()}`,
    type: 'file',
    source,
    bus,
    brands,
    clock: wallClock,
    stamper: new Stamper(wallClock.now, await bus.head()),
    quarantine: fileQuarantine({ now: wallClock.now, folder: join(data, 'quarantine') }),
    log: createLogger({ level: 'warn', mask: config.mask }),
    metrics: createMetrics(),
    random: Math.random,
    language: createLanguageDetector(),
    sentiment: createScorer(config.sentiment.engine),
    history: true,
    onHealth: (health) => {
      quarantined = health.quarantined;
      items = health.items;
    },
  });
  if (alone) {
    await using store = await createSqliteStore({ path: join(data, 'mentions.db') });
    const rules = createRuleEngine(await readRules(config), brands);
    for (let partition = 0; partition < bus.partitions; partition++) {
      await drainPartition({
        partition,
        bus,
        store,
        rules,
        brands: brands.filter((brand) => bus.partitionOf(partitionKey(brand)) === partition),
        detectors: detectors({ latenessMs: () => 0, brands }),
      });
    }
  }
  tell(
    `${items - quarantined} posts read, ${quarantined} refused${quarantined > 0 ? `: see ${join(data, 'quarantine')}` : ''}`,
  );
  if (items > 0 && quarantined === items) process.exitCode = 1;
}

function openFor(path: string): { bus: SqliteBus; alone: boolean } {
  const now = wallClock.now();
  try {
    return { bus: openSqliteBus({ path, now }), alone: true };
  } catch (error) {
    if (!(error instanceof BusInUse)) throw error;
    return { bus: openSqliteBus({ path, now, mode: 'append' }), alone: false };
  }
}
