/** Keeps one partition read: holds its lease, drives read → analyse → commit, ticks it when something falls due. */
import { defer, EMPTY, finalize, Observable, of, repeat, switchMap, tap } from 'rxjs';
import type { Clock, Stamper } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { restart } from '../lib/rx/back-off.ts';
import { pull } from '../lib/rx/pull.ts';
import { whileHeld } from '../lib/rx/while-held.ts';
import type { Bus, Detector, Lease, MentionStore, Stored } from '../model/ports.ts';
import type { Brand } from '../model/types.ts';
import type { RuleEngine } from '../rules/engine-port.ts';
import { PartitionAnalyser } from './analyser.ts';
import { analyse, type Committed } from './pipeline.ts';

export interface RunPartitionDeps {
  readonly partition: number;
  /** The brands of this partition. */
  readonly brands: readonly Brand[];
  readonly bus: Bus;
  readonly store: MentionStore;
  readonly detectors: readonly Detector[];
  /** Asked at each start and reload: rules may have been edited meanwhile. */
  readonly rules: () => RuleEngine;
  readonly clock: Clock;
  readonly stamper: Stamper;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly batchSize: number;
  /** Off where the clock is the input's alone. */
  readonly ticks: boolean;
  /** Emits when rules were reloaded: the partition goes on from its checkpoint with the new ones. */
  readonly reload: Observable<unknown>;
  /** Done before the first read each time that the partition becomes ours; absent: nothing. */
  readonly onHeld?: () => Promise<void>;
}

/** A silent partition hears the time at least this often. */
const TICK_EVERY_MS = 60_000;
/** How soon we notice that something fell due. */
const NOTICE_MS = 250;

/** Runs until `stop` is aborted and the batch under way is finished; unsubscribing stops at once, and the lease's epoch refuses what was under way. */
export function runPartition(deps: RunPartitionDeps, stop: AbortSignal): Observable<Committed> {
  const { partition, bus, clock, log } = deps;
  return whileHeld(
    bus.lease(`partition/${partition}`),
    (lease) =>
      defer(async () => await deps.onHeld?.()).pipe(
        switchMap(() => reading(deps, lease, stop)),
        restart({
          firstMs: 200,
          mostMs: 30_000,
          sleep: (ms, signal) => clock.sleep(ms, AbortSignal.any([signal, stop])),
          random: deps.random,
          onError: (error, attempt, waitMs) => {
            log.error('partition.failed', { partition, attempt, waitMs, error });
            return !stop.aborted;
          },
        }),
      ),
    stop,
  );
}

/** Reads on and on; a reload lets the batch under way end, then goes on from the checkpoint with the new rules. */
function reading(deps: RunPartitionDeps, lease: Lease, stop: AbortSignal): Observable<Committed> {
  return new Observable<Committed>((subscriber) => {
    let soft = new AbortController();
    subscriber.add(deps.reload.subscribe(() => soft.abort()));
    subscriber.add(
      defer(() => {
        soft = new AbortController();
        return readOn(deps, lease, AbortSignal.any([stop, soft.signal]));
      })
        .pipe(repeat({ delay: () => (stop.aborted ? EMPTY : of(true)) }))
        .subscribe(subscriber),
    );
  });
}

/** One memory of the partition: from its checkpoint until `end` or the first error. */
function readOn(deps: RunPartitionDeps, lease: Lease, end: AbortSignal): Observable<Committed> {
  const { partition, brands, bus, store, detectors, batchSize, clock, metrics } = deps;
  return defer(() => bus.load(partition)).pipe(
    switchMap((checkpoint) => {
      const analyser = new PartitionAnalyser({ brands, detectors, rules: deps.rules() }, checkpoint.state);
      const over = new AbortController();
      let offset = checkpoint.offset;
      if (deps.ticks) void tick(deps, analyser, AbortSignal.any([end, over.signal]));
      return pull<readonly Stored[], Committed>(async (signal) => {
        if (end.aborted) return undefined;
        const entries = await bus.read(partition, offset, batchSize, AbortSignal.any([end, signal]));
        offset = entries.at(-1)?.offset ?? offset;
        return entries;
      }, analyse({ analyser, store, bus, partition, lease })).pipe(
        tap(({ mentions, events, dropped }) => {
          metrics.mentions(mentions.length);
          metrics.lag(partition, Math.max(0, clock.now() - analyser.clock));
          for (const [reason, count] of Object.entries(dropped)) metrics.dropped(`analyse:${reason}`, count);
          for (const event of events) {
            if (event.kind === 'signal') metrics.signals(event.signal.detector, event.signal.state);
            else metrics.alerts(event.alert.severity, event.alert.status);
          }
        }),
        finalize(() => over.abort()),
      );
    }),
  );
}

/** Writes the time into the log when something falls due, or after a minute's silence. Any number of ticks gives the same events. */
async function tick(
  { bus, partition, clock, stamper, log }: RunPartitionDeps,
  analyser: PartitionAnalyser,
  end: AbortSignal,
): Promise<void> {
  let told = 0;
  while (!end.aborted) {
    await clock.sleep(NOTICE_MS, end);
    const now = clock.now();
    const heard = analyser.clock >= told || stamper.last < told;
    if (end.aborted || !heard || (analyser.nextDue > now && now - analyser.clock < TICK_EVERY_MS)) continue;
    const { at, reset } = stamper.stamp();
    told = at;
    try {
      await bus.append([{ to: { partition }, value: { kind: reset ? 'reset' : 'tick', observedAt: at } }]);
    } catch (error) {
      log.warn('tick.not-written', { partition, error });
    }
  }
}
