/** The alert role: takes transitions out of the outbox, shows them on the desk, and tells people, once. */
import { catchError, EMPTY, Observable, type Subscription, switchMap, throwError } from 'rxjs';
import { type Clock, wallClock } from '../lib/clock.ts';
import type { Logger } from '../lib/log.ts';
import type { Metrics } from '../lib/metrics.ts';
import { restart } from '../lib/rx/back-off.ts';
import { LeaseLost } from '../model/errors.ts';
import type { Bus, Desk, Lease, MentionStore } from '../model/ports.ts';
import type { Brand, Millis, SourceHealth } from '../model/types.ts';
import type { Projected } from './project.ts';
import type { Receiver } from './receivers.ts';
import type { Route } from './route.ts';
import { Session } from './session.ts';

export interface AlertsDeps {
  readonly bus: Bus;
  readonly desk: Desk;
  readonly store: MentionStore;
  readonly receivers: readonly Receiver[];
  readonly route: Route;
  readonly brands: () => readonly Brand[];
  readonly health: () => readonly SourceHealth[];
  /** The installation's time: a replay's is the file's. */
  readonly clock: Clock;
  /** The time in which servers answer and waits between attempts pass; the wall clock unless told. */
  readonly io?: Clock;
  readonly random: () => number;
  /** Of the messages. */
  readonly language: string;
  readonly timezone: string;
  readonly demo: boolean;
  readonly publicUrl?: string;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Told of every document that was written: the live feed. */
  readonly onProjected?: (projected: Projected) => void;
}

/** How a channel of a receiver is doing since the lease was won. */
export interface ChannelStatus {
  readonly receiver: string;
  readonly channel: string;
  readonly waiting: number;
  readonly lastSentAt?: Millis;
  /** Set from its first failure to its next success. */
  readonly failingSince?: Millis;
  readonly lastError?: string;
  /** Messages that were given up or left out. */
  readonly lost: number;
}

export interface AlertsStatus {
  /** False while another process tells people. */
  readonly holdsLease: boolean;
  readonly channels: readonly ChannelStatus[];
  /** Transitions that are not on the desk yet. */
  readonly unshown: number;
}

export interface AlertRole extends AsyncDisposable {
  status(): AlertsStatus;
}

/** How long a message that is being sent may take to its end when the program stops. */
const STOP_MS = 5_000;

/**
 * Runs until it is disposed. Only the holder of the lease `alerts` tells people; whatever goes wrong with the bus, the
 * memory is thrown away and read again from there.
 */
export function runAlerts(options: AlertsDeps): AlertRole {
  const deps = { ...options, io: options.io ?? wallClock };
  let current: Session | undefined;
  const stop = new AbortController();

  const session = (lease: Lease): Observable<never> =>
    new Observable<never>((subscriber) => {
      const mine = new Session(deps, lease, stop.signal);
      current = mine;
      mine.run().then(
        () => subscriber.complete(),
        (error: unknown) => subscriber.error(error),
      );
      return () => {
        mine.kill();
        if (current === mine) current = undefined;
      };
    });

  const again = <T>(what: string) =>
    restart<T>({
      firstMs: 200,
      mostMs: 30_000,
      sleep: (ms, signal) => deps.io.sleep(ms, AbortSignal.any([signal, stop.signal])),
      random: deps.random,
      onError: (error, attempt, waitMs) => {
        deps.log.error(what, { attempt, waitMs, error });
        return !stop.signal.aborted;
      },
    });

  const subscription: Subscription = deps.bus
    .lease('alerts')
    .pipe(
      switchMap((lease) =>
        lease === undefined
          ? EMPTY
          : session(lease).pipe(
              // The next lease starts the next session; this one must not send another word.
              catchError((error: unknown) => {
                if (!(error instanceof LeaseLost)) return throwError(() => error);
                deps.log.warn('alerts.lease-lost', { epoch: lease.epoch });
                return EMPTY;
              }),
              again('alerts.failed'),
            ),
      ),
      again('alerts.lease-failed'),
      // Only a stop ends the repeats, and then nobody waits for an answer.
      catchError(() => EMPTY),
    )
    .subscribe();

  return {
    status: () => current?.status() ?? { holdsLease: false, channels: [], unshown: 0 },
    async [Symbol.asyncDispose]() {
      stop.abort();
      const waited = new AbortController();
      await Promise.race([current?.ended ?? Promise.resolve(), deps.io.sleep(STOP_MS, waited.signal)]);
      waited.abort();
      const last = current?.ended;
      subscription.unsubscribe();
      await last;
    },
  };
}
