/** The two pipes of the program: what comes in becomes entries of the log; entries of the log become facts. */
import { concatMap, map, type OperatorFunction, pipe } from 'rxjs';
import { type Batch, batchOf, each, type Quarantined } from '../lib/rx/step.ts';
import { outboxId } from '../model/ids.ts';
import type { Append, Bus, Lease, MentionStore, Source, SourceBatch, Stored } from '../model/ports.ts';
import type { Brand, Entry, Json, Mention, Millis, RawItem } from '../model/types.ts';
import type { SentimentScorer } from '../text/sentiment/index.ts';
import type { AnalysisEvent, PartitionAnalyser, Removal } from './analyser.ts';
import { entriesOf } from './stamp.ts';
import { detectLanguage, type Judged, scoreSentiment } from './steps/judge.ts';
import { matchBrands } from './steps/match-brands.ts';
import { normalise } from './steps/normalise.ts';

// ------------------------------------------------------------------ ingest

export interface IngestDeps {
  readonly brands: readonly Brand[];
  readonly language: (text: string, hint?: string) => string;
  readonly sentiment: SentimentScorer;
  /** Takes a judged batch to the log; resolves when it is durable. */
  readonly append: (batch: Batch<Judged, SourceBatch>) => Promise<Ingested>;
}

/** What became of one batch of a source. */
export interface Ingested {
  readonly entries: number;
  readonly dropped: Readonly<Record<string, number>>;
  /** Counts by step. */
  readonly quarantined: Readonly<Record<string, number>>;
  /** When the source was last known to be up to date: lateness is counted from here. */
  readonly lastRead: Millis | undefined;
}

/** Raw items → posts → the brands that they name, judged → the log, with the source's cursor. */
export function ingest(source: Pick<Source, 'normalise'>, deps: IngestDeps): OperatorFunction<SourceBatch, Ingested> {
  const { brands, language, sentiment, append } = deps;
  return pipe(
    map((batch: SourceBatch): Batch<RawItem, SourceBatch> => batchOf(batch, batch.items)),
    each(normalise(source)),
    each(matchBrands(brands)),
    each(detectLanguage(language)),
    each(scoreSentiment(sentiment)),
    concatMap(append),
  );
}

export interface AppendDeps {
  readonly bus: Bus;
  readonly via: string;
  readonly latenessMs: Millis;
  /** Answers the arrival's stamp and whether the clock had jumped; called once per batch, just before it is appended. */
  readonly stamp: () => { readonly at: Millis; readonly reset: boolean };
  /** The source's last successful read, from which lateness is counted; kept with the cursor. */
  readonly lastRead: () => Millis | undefined;
  readonly quarantine: (items: readonly Quarantined[]) => Promise<void>;
  readonly history?: boolean;
  readonly trustObservedAt?: boolean;
}

/** What is kept of a source between two reads. */
export type SourceCursor = { readonly cursor?: Json; readonly readAt?: Millis };

/** Writes a judged batch to the log: quarantine first, then entries and cursor in one step. */
export function appendTo(deps: AppendDeps): (batch: Batch<Judged, SourceBatch>) => Promise<Ingested> {
  return async ({ context, items, dropped, quarantined }) => {
    await deps.quarantine(quarantined);
    const { at: now, reset } = deps.stamp();
    const lastRead = deps.lastRead();
    const arrival = {
      via: deps.via,
      observedAt: now,
      lastRead,
      latenessMs: deps.latenessMs,
      trustObservedAt: deps.trustObservedAt ?? false,
      history: deps.history ?? false,
    };
    const entries: Append[] = [];
    if (reset) entries.push(toAll({ kind: 'reset', observedAt: now }));
    if (context.gap)
      entries.push(toAll({ kind: 'gap', via: deps.via, from: context.gap.from, to: context.gap.to, observedAt: now }));
    for (const item of items) entries.push(...entriesOf(item, arrival));
    const readAt = caughtUp(items, context.readTo, now, deps.latenessMs) ? now : lastRead;
    const kept: SourceCursor = {
      ...(context.cursor === undefined ? {} : { cursor: context.cursor }),
      ...(readAt === undefined ? {} : { readAt }),
    };
    if (entries.length > 0 || context.cursor !== undefined) {
      await deps.bus.append(entries, { source: deps.via, value: kept });
    }
    return {
      entries: entries.length,
      dropped,
      quarantined: countBy(quarantined, ({ step }) => step),
      lastRead: readAt,
    };
  };
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[key(item)] = (counts[key(item)] ?? 0) + 1;
  return counts;
}

/** Whether the newest of a batch is news: until then, lateness goes on being counted from the last time that it was. */
function caughtUp(items: readonly Judged[], readTo: Millis | undefined, now: Millis, latenessMs: Millis): boolean {
  if (readTo !== undefined) return readTo >= now - latenessMs;
  if (items.length === 0) return true;
  return items.some(({ post }) => post.publishedAt === undefined || post.publishedAt >= now - latenessMs);
}

function toAll(value: Entry): Append {
  return { to: 'all', value };
}

// ----------------------------------------------------------------- analyse

export interface AnalyseDeps {
  readonly analyser: PartitionAnalyser;
  readonly store: Pick<MentionStore, 'put' | 'remove'>;
  readonly bus: Pick<Bus, 'commit'>;
  readonly partition: number;
  readonly lease: Lease;
}

/** What one batch came to; given out when it is committed. */
export interface Committed {
  readonly entries: number;
  readonly mentions: readonly Mention[];
  readonly removals: readonly Removal[];
  readonly events: readonly AnalysisEvent[];
  readonly dropped: Readonly<Record<string, number>>;
}

interface Folded extends Committed {
  readonly offset: string | undefined;
}

/** Entries of the log → the store → offset, state and outbox in one step. */
export function analyse(deps: AnalyseDeps): OperatorFunction<readonly Stored[], Committed> {
  return pipe(map(fold(deps)), concatMap(index(deps)), concatMap(commit(deps)));
}

/** Repeats dropped, detectors and rules run: all in memory. */
function fold({ analyser }: AnalyseDeps): (entries: readonly Stored[]) => Folded {
  return (entries) => {
    for (const { value } of entries) analyser.apply(value);
    return { ...analyser.take(), entries: entries.length, offset: entries.at(-1)?.offset };
  };
}

/** Mentions into the store; writing them again changes nothing. */
function index({ store }: AnalyseDeps): (folded: Folded) => Promise<Folded> {
  return async (folded) => {
    if (folded.mentions.length > 0) await store.put(folded.mentions);
    if (folded.removals.length > 0) await store.remove(folded.removals);
    return folded;
  };
}

/** The acknowledgement. */
function commit({ analyser, bus, partition, lease }: AnalyseDeps): (folded: Folded) => Promise<Committed> {
  return async ({ offset, entries, mentions, removals, events, dropped }) => {
    if (offset !== undefined) {
      const outbox = new Map(events.map((event) => [outboxId(event), event as unknown as Json]));
      await bus.commit(partition, lease, { offset, state: analyser.changes(), outbox });
    }
    return { entries, mentions, removals, events, dropped };
  };
}
