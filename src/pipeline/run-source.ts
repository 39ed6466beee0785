/** Keeps one source running: holds its lease, drives read → ingest → append, says when it is blind, restarts it with back-off. */
import { defer, finalize, type Observable, of, switchMap, tap } from 'rxjs';
import type { Clock, Stamper } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { restart } from '../lib/rx/back-off.ts';
import { pull } from '../lib/rx/pull.ts';
import { whileHeld } from '../lib/rx/while-held.ts';
import { SourceError } from '../model/errors.ts';
import type { Bus, Source, SourceBatch } from '../model/ports.ts';
import type { Millis, SourceHealth } from '../model/types.ts';
import { appendTo, ingest, type IngestDeps, type Ingested, type SourceCursor } from './pipeline.ts';
import type { Quarantine } from './quarantine.ts';

export interface RunSourceDeps extends Omit<IngestDeps, 'append'> {
  readonly name: string;
  readonly type: string;
  readonly source: Source;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly stamper: Stamper;
  readonly quarantine: Quarantine;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
  readonly history?: boolean;
  readonly trustObservedAt?: boolean;
  /** Done before the first read each time that the source becomes ours; absent: nothing. */
  readonly onHeld?: () => Promise<void>;
  /** Told of each change, for health and the page. */
  readonly onHealth: (health: SourceHealth) => void;
}

/** A failing source is called blind after this long, and again after each `BLIND_EVERY_MS`. */
const BLIND_AFTER_MS = 120_000;
const BLIND_EVERY_MS = 300_000;

/** Runs until the source ends or cannot go on; unsubscribing stops it. A soft stop: abort `stop`, and the batch under way is finished. */
export function runSource(deps: RunSourceDeps, stop: AbortSignal): Observable<Ingested> {
  const { bus, name, clock, log } = deps;
  const health = new Health(deps);
  const lease = deps.source.pushed ? of({ name: `source/${name}`, epoch: 0 }) : bus.lease(`source/${name}`);
  return whileHeld(
    lease,
    () =>
      defer(async () => await deps.onHeld?.()).pipe(
        switchMap(() => readOn(deps, health, stop)),
        restart({
          firstMs: 1_000,
          mostMs: 60_000,
          sleep: (ms, signal) => clock.sleep(ms, AbortSignal.any([signal, stop])),
          random: deps.random,
          askedMs: (error) => (error instanceof SourceError ? error.retryAfterMs : undefined),
          onError: (error, attempt, waitMs) => {
            const retryable = !stop.aborted && (!(error instanceof SourceError) || error.retryable);
            health.failed(error);
            log.warn('source.failed', { source: name, attempt, waitMs, retryable, error });
            return retryable;
          },
        }),
      ),
    stop,
  ).pipe(finalize(() => health.stop()));
}

/** One life of the source: from its cursor to its end or its first error. */
function readOn(deps: RunSourceDeps, health: Health, stop: AbortSignal): Observable<Ingested> {
  const { source, bus, name, quarantine, stamper } = deps;
  return defer(async () => (await bus.cursor(name)) as SourceCursor | undefined).pipe(
    switchMap((kept) => {
      const over = new AbortController();
      const batches = source.read(kept?.cursor, AbortSignal.any([stop, over.signal]))[Symbol.asyncIterator]();
      let current: SourceBatch | undefined;
      health.lastRead ??= kept?.readAt;
      const append = appendTo({
        bus,
        via: name,
        latenessMs: source.latenessMs,
        stamp: () => stamper.stamp(),
        lastRead: () => health.lastRead,
        quarantine: (items) => quarantine.put(name, items),
        ...(deps.history === undefined ? {} : { history: deps.history }),
        ...(deps.trustObservedAt === undefined ? {} : { trustObservedAt: deps.trustObservedAt }),
      });
      return pull(
        async () => {
          const { done, value } = await batches.next();
          current = done ? undefined : value;
          return current;
        },
        ingest(source, { ...deps, append }),
      ).pipe(
        tap({
          next: (ingested) => {
            const { done, items } = current ?? { items: [] };
            current = undefined;
            health.read(items.length, ingested);
            done?.();
          },
          error: (error) => current?.done?.(error),
          complete: () => health.ended(),
        }),
        finalize(() => {
          over.abort();
          void batches.return?.();
        }),
      );
    }),
  );
}

/** What is known of a source's health, and the gap entries that say so in the log. */
class Health {
  lastRead: Millis | undefined;
  readonly #deps: RunSourceDeps;
  #health: SourceHealth;
  #saidAt: Millis | undefined;
  #timer: AbortController | undefined;

  constructor(deps: RunSourceDeps) {
    this.#deps = deps;
    this.#health = {
      name: deps.name,
      type: deps.type,
      startedAt: deps.clock.now(),
      ended: false,
      items: 0,
      quarantined: 0,
    };
    deps.onHealth(this.#health);
  }

  read(items: number, { dropped, quarantined, lastRead }: Ingested): void {
    const now = this.#deps.clock.now();
    if (this.#health.blindSince !== undefined) this.#say(now);
    this.#timer?.abort();
    this.#timer = undefined;
    this.#saidAt = undefined;
    this.lastRead = lastRead;
    const { blindSince: _blind, error: _error, ...rest } = this.#health;
    this.#set({
      ...rest,
      lastReadAt: now,
      ...(items > 0 ? { lastItemAt: now } : {}),
      items: rest.items + items,
      quarantined: rest.quarantined + sum(Object.values(quarantined)),
    });
    const { metrics, name } = this.#deps;
    metrics.items(name, items);
    for (const [reason, count] of Object.entries(dropped)) metrics.dropped(reason, count);
    for (const [step, count] of Object.entries(quarantined)) metrics.quarantined(step, count);
  }

  failed(error: unknown): void {
    const blindSince = this.#health.blindSince ?? this.#health.lastReadAt ?? this.#health.startedAt;
    this.#set({ ...this.#health, blindSince, error: messageOf(error) });
    if (this.#timer) return;
    const timer = new AbortController();
    this.#timer = timer;
    void this.#watch(timer.signal);
  }

  ended(): void {
    this.#set({ ...this.#health, ended: true });
  }

  stop(): void {
    this.#timer?.abort();
  }

  /** While the source fails, tells the log so again and again: what lies under a gap teaches nothing. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    await clock.sleep(BLIND_AFTER_MS, signal);
    while (!signal.aborted) {
      this.#say(clock.now());
      await clock.sleep(BLIND_EVERY_MS, signal);
    }
  }

  #say(now: Millis): void {
    const { bus, name, stamper, log } = this.#deps;
    const from = this.#health.blindSince;
    if (from === undefined || (now - from < BLIND_AFTER_MS && this.#saidAt === undefined)) return;
    this.#saidAt = now;
    const { at: observedAt } = stamper.stamp();
    bus
      .append([{ to: 'all', value: { kind: 'gap', via: name, from, to: now, observedAt } }])
      .catch((error: unknown) => log.warn('gap.not-written', { source: name, error }));
  }

  #set(health: SourceHealth): void {
    this.#health = health;
    this.#deps.onHealth(health);
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
