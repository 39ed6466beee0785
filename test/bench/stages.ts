/** Where the time of one mention goes: microseconds a stage, one core, on real tweets, half of them without their language. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRules } from '../../src/app.ts';
import { openSqliteBus } from '../../src/bus/sqlite.ts';
import { detectors } from '../../src/detectors/index.ts';
import type { Append, Stored } from '../../src/model/ports.ts';
import type { Step } from '../../src/model/types.ts';
import { PartitionAnalyser } from '../../src/pipeline/analyser.ts';
import { entriesOf } from '../../src/pipeline/stamp.ts';
import { detectLanguage, scoreSentiment } from '../../src/pipeline/steps/judge.ts';
import { matchBrands } from '../../src/pipeline/steps/match-brands.ts';
import { createRuleEngine } from '../../src/rules/engine.ts';
import { createSqliteStore } from '../../src/store/sqlite.ts';
import { createLanguageDetector } from '../../src/text/language.ts';
import { createScorer } from '../../src/text/sentiment/index.ts';
import { hundredBrands, tweets } from './tweets.ts';

const WARM = 10_000;
const POSTS = 30_000;
const BATCH = 500;

export async function bench(): Promise<object | undefined> {
  const posts = await tweets(WARM, POSTS);
  if (!posts) return undefined;
  const brands = hundredBrands();
  const folder = await mkdtemp(join(tmpdir(), 'vigie-bench-'));
  try {
    await using bus = openSqliteBus({ path: join(folder, 'bus.db'), now: 0 });
    await using store = await createSqliteStore({ path: join(folder, 'mentions.db') });
    const rules = createRuleEngine(await readRules({ brands, language: 'en', rules: undefined }), brands);
    const analyser = new PartitionAnalyser({ brands, detectors: detectors({ latenessMs: () => 900_000 }), rules });
    const match = matchBrands(brands);
    const language = detectLanguage(createLanguageDetector());
    const sentiment = scoreSentiment(createScorer('linear'));
    const micros: Record<string, number> = {};
    let counting = false;
    const timed = <T>(name: string, work: () => T): T => {
      const started = performance.now();
      const done = work();
      if (counting) micros[name] = (micros[name] ?? 0) + (performance.now() - started) * 1000;
      return done;
    };
    const waited = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const started = performance.now();
      const done = await work();
      if (counting) micros[name] = (micros[name] ?? 0) + (performance.now() - started) * 1000;
      return done;
    };
    const lease = { name: 'partition/0', epoch: 1 };
    const never = new AbortController().signal;
    let offset: string | undefined;
    let mentions = 0;
    for (let i = 0; i < posts.length; i += BATCH) {
      counting = i >= WARM;
      const batch = posts.slice(i, i + BATCH);
      const matched = timed('match', () => all(match, batch));
      const spoken = timed('language', () => all(language, matched));
      const judged = timed('sentiment', () => all(sentiment, spoken));
      const entries = timed('stamp', () =>
        judged.flatMap((item): Append[] =>
          entriesOf(item, {
            via: 'bench',
            observedAt: 0,
            lastRead: undefined,
            latenessMs: 900_000,
            trustObservedAt: true,
            history: false,
          }),
        ),
      );
      await waited('append', () => bus.append(entries));
      for (let left = entries.length; left > 0; ) {
        const read: readonly Stored[] = await waited('read', () => bus.read(0, offset, BATCH, never));
        left -= read.length;
        offset = read.at(-1)?.offset;
        timed('fold', () => {
          for (const { value } of read) analyser.apply(value);
        });
        const { mentions: kept } = analyser.take();
        if (counting) mentions += kept.length;
        await waited('put', () => store.put(kept));
        const state = timed('changes', () => analyser.changes());
        await waited('commit', () => bus.commit(0, lease, { offset: offset ?? '', state, outbox: new Map() }));
      }
    }
    return Object.fromEntries(
      Object.entries(micros).map(([name, total]) => [name, Math.round((total / mentions) * 10) / 10]),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function all<A, B>({ run }: Step<A, B>, items: readonly A[]): B[] {
  return items.flatMap((item) => {
    const outcome = run(item);
    return outcome.kind === 'keep' ? [outcome.value] : [];
  });
}
