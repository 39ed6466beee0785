/** The alert role's work under one lease: four kinds of loops over one state, which one writer settles. */
import { crashPoint } from '../lib/crash-point.ts';
import { MapState } from '../lib/map-state.ts';
import { NotifyError } from '../model/errors.ts';
import type { Lease, Notifier } from '../model/ports.ts';
import type { Brief, Json, Millis, Notification, OutboxItem } from '../model/types.ts';
import { gatherBrief } from './brief.ts';
import { createDispatcher, type Delivery, type Dispatcher } from './dispatcher.ts';
import {
  admit,
  afterFailure,
  lineOf,
  nextTry,
  type NotificationLine,
  type Outgoing,
  outgoingKey,
  pick,
  report,
} from './outgoing.ts';
import { byDocument, happenedAt, project } from './project.ts';
import type { AlertsDeps, AlertsStatus, ChannelStatus } from './run-alerts.ts';
import { Settler } from './settler.ts';
import { Waker } from './waker.ts';

const MOST_TAKEN = 500;
const MOST_UNSHOWN = 10_000;
const SEND_MS = 30_000;
/** Messages under way at the same time over one channel. */
const MOST_AT_ONCE = 8;
/** A lease that was confirmed this recently is not asked for again before sending. */
const CONFIRMED_MS = 1_000;
const SHOW = 'show:';
const OUT = 'out:';

/** What `AlertsDeps` says, and the time of the outside world. */
type SessionDeps = AlertsDeps & Required<Pick<AlertsDeps, 'io'>>;

/** One channel of one receiver: its own queue and its own loop, so that no outage holds up another. */
interface Line {
  readonly receiver: string;
  readonly notifier: Notifier;
  readonly waker: Waker;
  queue: readonly Outgoing[];
  /** Keys of messages in the queue that are not written yet: not to be sent. */
  readonly unwritten: Set<string>;
  status: Omit<ChannelStatus, 'receiver' | 'channel' | 'waiting'>;
}

export class Session {
  /** Resolves when nothing of it runs any more; never rejects. */
  readonly ended: Promise<void>;
  readonly #deps: SessionDeps;
  readonly #lease: Lease;
  /** Asks to stop: what is being sent is sent to its end. */
  readonly #stop: AbortSignal;
  /** Stops: what is being sent is broken off. */
  readonly #kill = new AbortController();
  readonly #end = Promise.withResolvers<void>();
  readonly #dispatcher: Dispatcher;
  readonly #clockWaker: Waker;
  readonly #showWaker: Waker;
  readonly #briefs = new Map<string, Promise<Brief | undefined>>();
  #lines: readonly Line[] = [];
  #unshown = new Map<string, OutboxItem>();
  #state = new MapState();
  #settler: Settler;
  #confirmedAt: Millis;

  constructor(deps: SessionDeps, lease: Lease, stop: AbortSignal) {
    this.#deps = deps;
    this.#lease = lease;
    this.#stop = AbortSignal.any([stop, this.#kill.signal]);
    this.ended = this.#end.promise;
    this.#dispatcher = createDispatcher({
      route: deps.route,
      onDrop: (reason, count) => {
        deps.metrics.dropped(`alerts:${reason}`, count);
        deps.log.error('alerts.dropped', { reason, count });
      },
    });
    this.#clockWaker = new Waker(deps.clock.sleep);
    this.#showWaker = new Waker(deps.io.sleep);
    this.#settler = new Settler(deps.bus, lease, this.#state);
    this.#confirmedAt = deps.io.now();
  }

  /** Works until it is asked to stop; throws when the bus fails or the lease is lost. */
  async run(): Promise<void> {
    try {
      await this.#load();
      await this.#together([
        this.#take(),
        this.#watchClock(),
        this.#show(),
        ...this.#lines.map((line) => this.#tell(line)),
      ]);
    } finally {
      this.#kill.abort();
      this.#end.resolve();
    }
  }

  /** Ends everything at once. */
  kill(): void {
    this.#kill.abort();
  }

  status(): AlertsStatus {
    return {
      holdsLease: !this.#kill.signal.aborted,
      channels: this.#lines.map(({ receiver, notifier, queue, status }) => ({
        receiver,
        channel: notifier.channel,
        waiting: queue.length,
        ...status,
      })),
      unshown: this.#unshown.size,
    };
  }

  /** The first loop that fails ends the others, and its error is the answer. */
  async #together(loops: readonly Promise<void>[]): Promise<void> {
    const watched = loops.map((loop) =>
      loop.catch((error: unknown) => {
        this.#kill.abort();
        throw error;
      }),
    );
    const results = await Promise.allSettled(watched);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  async #load(): Promise<void> {
    const { bus, io, receivers } = this.#deps;
    const kept = await bus.loadAlerts();
    this.#state = new MapState(kept);
    this.#settler = new Settler(bus, this.#lease, this.#state);
    this.#lines = receivers.flatMap(({ name, channels }) =>
      channels.map(
        (notifier): Line => ({
          receiver: name,
          notifier,
          waker: new Waker(io.sleep),
          queue: [],
          unwritten: new Set(),
          status: { lost: 0 },
        }),
      ),
    );
    const shown = [...kept].filter(([key]) => key.startsWith(SHOW));
    const items = shown.map(([key, value]) => [key.slice(SHOW.length), value as unknown as OutboxItem] as const);
    this.#unshown = new Map(items.sort(([, a], [, b]) => happenedAt(a) - happenedAt(b)));
    const under = [...kept].filter(([key]) => key.startsWith(OUT)).map(([, value]) => value as unknown as Outgoing);
    const lost: NotificationLine[] = [];
    for (const outgoing of under.sort((a, b) => a.at - b.at || flushOf(a) - flushOf(b))) {
      const line = this.#lineFor(outgoing);
      if (line) line.queue = [...line.queue, outgoing];
      else lost.push(this.#forget(outgoing, 'the receiver is not configured any more'));
    }
    if (lost.length > 0) await this.#write([], lost);
  }

  // ------------------------------------------------------------ outbox → state

  async #take(): Promise<void> {
    const { bus, clock } = this.#deps;
    while (!this.#stop.aborted) {
      const found = await bus.outbox(MOST_TAKEN, this.#stop);
      if (found.length === 0) continue;
      const now = clock.now();
      const deliveries: Delivery[] = [];
      for (const { id, value } of found) {
        const item = itemOf(value);
        if (!item) {
          this.#deps.metrics.quarantined('outbox');
          this.#deps.log.error('alerts.unreadable', { id });
          continue;
        }
        this.#toShow(id, item);
        if (item.kind === 'alert') deliveries.push(...this.#dispatcher.onTransition(this.#state, item.alert, now));
      }
      await this.#accept(
        found.map(({ id }) => id),
        deliveries,
      );
    }
  }

  async #watchClock(): Promise<void> {
    const { clock } = this.#deps;
    while (!this.#stop.aborted) {
      const now = clock.now();
      const due = this.#dispatcher.nextDue(this.#state);
      if (due === undefined || due > now) {
        await this.#clockWaker.wait(Math.min(due === undefined ? 60_000 : due - now, 60_000), this.#stop);
        continue;
      }
      await this.#accept([], this.#dispatcher.onClock(this.#state, now));
    }
  }

  /** Makes deliveries durable, in the same step in which the outbox lets go of what caused them; only then they are sent. */
  async #accept(ids: readonly string[], deliveries: readonly Delivery[]): Promise<void> {
    const dropped: NotificationLine[] = [];
    const touched = new Set<Line>();
    for (const delivery of deliveries) {
      const lines = this.#lines.filter(({ receiver }) => receiver === delivery.receiver);
      if (lines.length === 0)
        this.#deps.log.error('alerts.no-receiver', { receiver: delivery.receiver, key: delivery.key });
      for (const line of lines) {
        const outgoing: Outgoing = { ...delivery, channel: line.notifier.channel, attempts: 0, notBefore: 0 };
        const admitted = admit(line.queue, outgoing);
        line.queue = admitted.queue;
        touched.add(line);
        void this.#briefFor(outgoing);
        if (admitted.dropped !== outgoing) {
          line.unwritten.add(outgoing.key);
          this.#state.set(outgoingKey(outgoing), outgoing);
        }
        if (admitted.dropped) dropped.push(this.#leaveOut(line, admitted.dropped));
      }
    }
    await this.#write(ids, dropped);
    for (const { key } of deliveries) for (const { unwritten } of touched) unwritten.delete(key);
    for (const { waker } of touched) waker.wake();
    this.#clockWaker.wake();
    this.#showWaker.wake();
  }

  // ------------------------------------------------------------- state → people

  /** Several messages at once, one an incident: a server that greets slowly must not make the others late. */
  async #tell(line: Line): Promise<void> {
    const { io } = this.#deps;
    const running = new Map<string, Promise<void>>();
    let failure: { readonly error: unknown } | undefined;
    while (!this.#stop.aborted) {
      const now = io.now();
      const queue = line.queue.filter(({ key, incident }) => !line.unwritten.has(key) && !running.has(incident));
      const next = running.size < MOST_AT_ONCE ? pick(queue, now) : undefined;
      if (next) {
        const attempt = this.#attempt(line, next)
          .catch((error: unknown) => {
            failure ??= { error };
            this.#kill.abort();
          })
          .finally(() => {
            running.delete(next.incident);
            line.waker.wake();
          });
        running.set(next.incident, attempt);
        continue;
      }
      const at = running.size < MOST_AT_ONCE ? nextTry(queue) : undefined;
      await line.waker.wait(at === undefined ? 60_000 : Math.max(1, Math.min(at - now, 60_000)), this.#stop);
    }
    await Promise.all(running.values());
    if (failure) throw failure.error;
  }

  async #attempt(line: Line, outgoing: Outgoing): Promise<void> {
    const { clock, io, metrics, random } = this.#deps;
    const brief = await this.#briefFor(outgoing);
    if (io.now() - this.#confirmedAt >= CONFIRMED_MS) await this.#write([], []);
    if (this.#stop.aborted) return;
    const startedAt = io.now();
    const failure = await this.#send(line.notifier, this.#notification(outgoing, brief));
    if (failure === undefined) crashPoint('sent');
    else if (this.#kill.signal.aborted) return;
    const now = clock.now();
    const tookMs = io.now() - startedAt;
    const { channel } = outgoing;
    if (failure === undefined) {
      const { failingSince: _, lastError: __, ...status } = line.status;
      line.status = { ...status, lastSentAt: now };
      this.#remove(line, outgoing);
      metrics.notifications(channel, 'sent');
      await this.#write([], [lineOf(outgoing, now, 'sent', { tookMs })]);
      crashPoint('logged');
      return;
    }
    const error = failure.message;
    line.status = { ...line.status, failingSince: line.status.failingSince ?? now, lastError: error };
    const { outcome, next } = afterFailure(outgoing, failure, startedAt + tookMs, random());
    // It may have been left out meanwhile, to make room.
    const isWaiting = line.queue.some(({ key }) => key === outgoing.key);
    metrics.notifications(channel, next ? 'retry' : 'failed');
    if (next && isWaiting) {
      line.queue = line.queue.map((other) => (other.key === next.key ? next : other));
      this.#state.set(outgoingKey(next), next);
    } else if (isWaiting) {
      this.#remove(line, outgoing);
      line.status = { ...line.status, lost: line.status.lost + 1 };
    }
    await this.#write(
      [],
      [
        lineOf(outgoing, now, outcome, {
          error,
          tookMs,
          ...(next ? { nextAt: now + next.notBefore - startedAt - tookMs } : {}),
        }),
      ],
    );
  }

  /** Answers what went wrong; a notifier that neither ends nor heeds its signal is left behind after its time. */
  async #send(notifier: Notifier, notification: Notification): Promise<NotifyError | undefined> {
    const limit = new AbortController();
    const done = new AbortController();
    const signal = AbortSignal.any([limit.signal, this.#kill.signal]);
    const broken = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new NotifyError('no answer within 30 s', { retryable: true })), {
        once: true,
      });
    });
    void this.#deps.io.sleep(SEND_MS, done.signal).then(() => {
      if (!done.signal.aborted) limit.abort();
    });
    try {
      await Promise.race([notifier.notify(notification, signal), broken]);
      return undefined;
    } catch (error) {
      if (limit.signal.aborted) return new NotifyError('no answer within 30 s', { retryable: true });
      if (error instanceof NotifyError) return error;
      this.#deps.log.error('notification.threw', { channel: notifier.channel, error });
      return new NotifyError('the notifier failed', { retryable: true });
    } finally {
      done.abort();
    }
  }

  #notification({ key, reason, incident, receiver, at, alerts }: Outgoing, brief: Brief | undefined): Notification {
    const { language, timezone, demo, publicUrl, brands } = this.#deps;
    const brand = alerts[0]?.brand ?? '';
    return {
      key,
      reason,
      incident,
      receiver,
      language,
      timezone,
      demo,
      at,
      brandName: brands().find(({ id }) => id === brand)?.name ?? brand,
      alerts,
      ...(brief ? { brief } : {}),
      ...(publicUrl === undefined ? {} : { publicUrl }),
    };
  }

  /** Channels that tell of the same thing at the same time share its facts. */
  #briefFor({ incident, alerts }: Outgoing): Promise<Brief | undefined> {
    const { store, brands, health, io } = this.#deps;
    const key = `${incident} ${alerts.map(({ id, sequence }) => `${id}#${sequence}`).join()} ${Math.floor(io.now() / 10_000)}`;
    const known = this.#briefs.get(key);
    if (known) return known;
    const brief = gatherBrief(alerts, { store, brands: brands(), health: health(), sleep: io.sleep });
    this.#briefs.set(key, brief);
    for (const oldest of this.#briefs.keys()) {
      if (this.#briefs.size <= 50) break;
      this.#briefs.delete(oldest);
    }
    return brief;
  }

  // --------------------------------------------------------------- state → desk

  #toShow(id: string, item: OutboxItem): void {
    if (this.#unshown.size >= MOST_UNSHOWN) {
      const oldest =
        this.#unshown.entries().find(([, { kind }]) => kind === 'signal') ?? this.#unshown.entries().next().value;
      if (oldest) {
        this.#unshown.delete(oldest[0]);
        this.#state.set(SHOW + oldest[0], undefined);
        this.#deps.metrics.dropped(`alerts:unshown ${oldest[1].kind}`);
      }
    }
    this.#unshown.set(id, item);
    this.#state.set(SHOW + id, item);
  }

  /** A desk that is slow or away holds up what is shown, never what is told. */
  async #show(): Promise<void> {
    const { desk, io, log, onProjected } = this.#deps;
    let failures = 0;
    while (!this.#stop.aborted) {
      const batch = [...this.#unshown].slice(0, MOST_TAKEN);
      if (batch.length === 0) {
        await this.#showWaker.wait(60_000, this.#stop);
        continue;
      }
      try {
        for (const items of byDocument(batch.map(([, item]) => item))) {
          const projected = await project(desk, items);
          if (projected) onProjected?.(projected);
        }
      } catch (error) {
        failures++;
        const waitMs = Math.min(30_000, 500 * 2 ** Math.min(failures, 10));
        log.warn('alerts.not-shown', { waiting: this.#unshown.size, waitMs, error });
        await io.sleep(waitMs, this.#stop);
        continue;
      }
      failures = 0;
      for (const [id, item] of batch) {
        if (this.#unshown.get(id) !== item) continue;
        this.#unshown.delete(id);
        this.#state.set(SHOW + id, undefined);
      }
      await this.#write([], []);
    }
  }

  // -------------------------------------------------------------------- helpers

  async #write(ids: readonly string[], log: readonly NotificationLine[]): Promise<void> {
    const now = this.#deps.io.now();
    await this.#settler.write(ids, log);
    this.#confirmedAt = now;
    for (const line of log) report(this.#deps.log, line);
  }

  #remove(line: Line, outgoing: Outgoing): void {
    line.queue = line.queue.filter((other) => other.key !== outgoing.key);
    this.#state.set(outgoingKey(outgoing), undefined);
  }

  #leaveOut(line: Line, outgoing: Outgoing): NotificationLine {
    this.#state.set(outgoingKey(outgoing), undefined);
    this.#deps.metrics.dropped('alerts:messages waiting');
    line.status = { ...line.status, lost: line.status.lost + 1 };
    const why =
      outgoing.reason === 'repeat' ? 'a reminder of what was not delivered yet' : 'too much waits for this channel';
    return lineOf(outgoing, this.#deps.clock.now(), 'dropped', { attempt: outgoing.attempts, error: why });
  }

  #forget(outgoing: Outgoing, error: string): NotificationLine {
    this.#state.set(outgoingKey(outgoing), undefined);
    this.#deps.metrics.notifications(outgoing.channel, 'failed');
    return lineOf(outgoing, this.#deps.clock.now(), 'failed', { attempt: outgoing.attempts, error });
  }

  #lineFor({ receiver, channel }: Outgoing): Line | undefined {
    return this.#lines.find((line) => line.receiver === receiver && line.notifier.channel === channel);
  }
}

function flushOf({ key }: Outgoing): number {
  return Number(key.slice(key.lastIndexOf('/') + 1));
}

function itemOf(value: Json): OutboxItem | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const item = value as unknown as OutboxItem;
  if (item.kind === 'alert' && typeof item.alert?.id === 'string') return item;
  return item.kind === 'signal' && typeof item.signal?.id === 'string' ? item : undefined;
}
