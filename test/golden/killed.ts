/** The airlines through a SQLite bus: appends what is not yet in the log, analyses from the checkpoint, then prints the outbox. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRules } from '../../src/app.ts';
import { openSqliteBus } from '../../src/bus/sqlite.ts';
import { alertEvent, signalEvent } from '../../src/cli/events.ts';
import { loadConfig } from '../../src/config/load.ts';
import { detectors } from '../../src/detectors/index.ts';
import { Stamper } from '../../src/lib/clock.ts';
import { createLogger } from '../../src/lib/log.ts';
import { createMetrics } from '../../src/lib/metrics.ts';
import type { Source } from '../../src/model/ports.ts';
import type { Json, OutboxItem, UnstampedPost } from '../../src/model/types.ts';
import { drainPartition, runSourceOnce } from '../../src/pipeline/run-once.ts';
import { createRuleEngine } from '../../src/rules/engine.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { createLanguageDetector } from '../../src/text/language.ts';
import { createScorer } from '../../src/text/sentiment/index.ts';
import { airlineConfig, airlinePosts } from '../support/airlines.ts';

const [tweets, folder, out] = process.argv.slice(2);
if (!tweets || !folder || !out) throw new Error('usage: killed.ts Tweets.csv folder out');

const posts = (await airlinePosts(tweets)).sort(
  (a, b) => (a.publishedAt ?? 0) - (b.publishedAt ?? 0) || (a.id < b.id ? -1 : 1),
);
const source: Source<number> = {
  flow: 'poll',
  latenessMs: 900_000,
  async *read(from) {
    for (let i = from ?? 0; i < posts.length; i += 700) {
      const items = posts.slice(i, i + 700).map((post) => ({ nativeId: post.id, body: post as unknown as Json }));
      yield { items, cursor: i + 700 };
    }
  },
  normalise: ({ body }) => ({ kind: 'keep', value: body as unknown as UnstampedPost }),
};
const config = await loadConfig({ text: airlineConfig, folder }, { env: {} });
const { brands, language, timezone } = config;
const now = (): number => Date.parse('2026-01-01');
await using bus = openSqliteBus({ path: join(folder, 'bus.db'), now: now() });
await runSourceOnce({
  name: 'tweets',
  type: 'test',
  source,
  bus,
  brands,
  clock: { now, sleep: () => new Promise(() => {}) },
  stamper: new Stamper(now),
  quarantine: { put: async () => {} },
  log: createLogger({ level: 'silent' }),
  metrics: createMetrics(),
  random: () => 0,
  language: createLanguageDetector(),
  sentiment: createScorer(config.sentiment.engine),
  trustObservedAt: true,
  onHealth: () => {},
});
const rules = createRuleEngine(await readRules({ ...config, rules: undefined }), brands);
await drainPartition({
  partition: 0,
  bus,
  store: createMemoryStore(),
  rules,
  brands,
  detectors: detectors({ latenessMs: () => 900_000, brands }),
});
const fired = new Set<string>();
const lines = (await bus.outbox(1_000_000, AbortSignal.timeout(100))).flatMap(({ value }) => {
  const item = value as unknown as OutboxItem;
  if (item.kind === 'signal') return [JSON.stringify(signalEvent(item.signal, { language, timezone }))];
  if (item.alert.status === 'firing') fired.add(item.alert.id);
  return !fired.has(item.alert.id) ? [] : [JSON.stringify(alertEvent(item.alert, { language, timezone }))];
});
writeFileSync(out, `${lines.join('\n')}\n`);
