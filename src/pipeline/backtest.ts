/** History through the very pipeline of live running, in event time; nothing is sent and nothing is kept. */
import { concatMap, from, lastValueFrom, map, of } from 'rxjs';
import { pull } from '../lib/rx/pull.ts';
import type { Bus, Detector, MentionStore, Source } from '../model/ports.ts';
import type { Json, Mention, Millis, UnstampedPost } from '../model/types.ts';
import type { RuleEngine } from '../rules/engine-port.ts';
import { type AnalysisEvent, PartitionAnalyser } from './analyser.ts';
import { analyse, appendTo, ingest, type IngestDeps } from './pipeline.ts';

export interface BacktestDeps extends Omit<IngestDeps, 'append'> {
  readonly detectors: readonly Detector[];
  readonly rules: RuleEngine;
  /** A bus of one partition, thrown away afterwards. */
  readonly bus: Bus;
  readonly store: Pick<MentionStore, 'put' | 'remove'>;
  readonly batchSize: number;
  /** Posts that were observed later than this after they were published are history. */
  readonly latenessMs: Millis;
  /** Each event, in order. */
  readonly onEvent: (event: AnalysisEvent) => void;
  readonly onMentions?: (mentions: readonly Mention[]) => void;
  /** The clock goes on to this moment after the last post, so that what is pending or open can end. */
  readonly until?: Millis;
}

export interface BacktestSummary {
  readonly posts: number;
  readonly mentions: number;
  readonly quarantined: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** The last moment that the log knew. */
  readonly clock: Millis;
}

/** Runs posts in the order in which they were observed, then of their ids: the order in which they are given does not matter. */
export async function backtest(posts: readonly UnstampedPost[], deps: BacktestDeps): Promise<BacktestSummary> {
  const { bus, batchSize, onEvent } = deps;
  const analyser = new PartitionAnalyser({ brands: deps.brands, detectors: deps.detectors, rules: deps.rules });
  const lease = { name: 'partition/0', epoch: Number.MAX_SAFE_INTEGER };
  const never = new AbortController().signal;
  const dropped: Record<string, number> = {};
  let quarantined = 0;
  let mentions = 0;
  let offset: string | undefined;

  const drop = (counts: Readonly<Record<string, number>>): void => {
    for (const [reason, count] of Object.entries(counts)) dropped[reason] = (dropped[reason] ?? 0) + count;
  };
  // What one batch of posts left in the log is analysed before the next is read, so that the log stays short.
  const drain = async (entries: number): Promise<void> => {
    for (let left = entries; left > 0; ) {
      const batch = await bus.read(0, offset, Math.min(left, batchSize), never);
      const done = await lastValueFrom(
        of(batch).pipe(analyse({ analyser, store: deps.store, bus, partition: 0, lease })),
      );
      offset = batch.at(-1)?.offset ?? offset;
      left -= done.entries;
      mentions += done.mentions.length;
      drop(done.dropped);
      deps.onMentions?.(done.mentions);
      for (const event of done.events) onEvent(event);
    }
    await bus.trim(Infinity);
  };
  const append = appendTo({
    bus,
    via: 'backtest',
    latenessMs: deps.latenessMs,
    stamp: () => ({ at: 0, reset: false }),
    lastRead: () => undefined,
    quarantine: async (items) => void (quarantined += items.length),
    trustObservedAt: true,
  });

  const batches = inBatches(inOrder(posts), batchSize);
  await lastValueFrom(
    pull(
      async () => {
        const items = batches.next().value;
        return items && { items: items.map((post) => ({ nativeId: post.id, body: post as unknown as Json })) };
      },
      (source) =>
        source.pipe(
          ingest(asTheyAre, { ...deps, append }),
          concatMap((ingested) => {
            drop(ingested.dropped);
            return from(drain(ingested.entries)).pipe(map(() => undefined));
          }),
        ),
    ),
    { defaultValue: undefined },
  );
  if (deps.until !== undefined && deps.until > analyser.clock) {
    await bus.append([{ to: { partition: 0 }, value: { kind: 'tick', observedAt: deps.until } }]);
    await drain(1);
  }
  return { posts: posts.length, mentions, quarantined, dropped, clock: analyser.clock };
}

/** Posts that are posts already. */
const asTheyAre: Pick<Source, 'normalise'> = {
  normalise: ({ body }) => ({ kind: 'keep', value: body as unknown as UnstampedPost }),
};

function inOrder(posts: readonly UnstampedPost[]): UnstampedPost[] {
  const observed = (post: UnstampedPost): Millis => post.observedAt ?? post.publishedAt ?? 0;
  return [...posts].sort((a, b) => observed(a) - observed(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

function* inBatches<T>(items: readonly T[], size: number): Generator<readonly T[], undefined> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
  return undefined;
}
