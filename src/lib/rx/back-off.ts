import { type MonoTypeOperatorFunction, Observable, retry, throwError } from 'rxjs';
import type { Millis } from '../../model/types.ts';

export interface BackOff {
  /** The wait before the second try; doubles from there. */
  readonly firstMs: Millis;
  readonly mostMs: Millis;
}

/** The wait before try number `attempt` (1 is the first retry): full jitter over a doubling range. `random` is 0..1. */
export function backOffMs({ firstMs, mostMs }: BackOff, attempt: number, random: number): Millis {
  return Math.round(Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 30)) * (0.5 + random / 2));
}

export interface RestartOptions extends BackOff {
  readonly sleep: (ms: Millis, signal: AbortSignal) => Promise<void>;
  readonly random: () => number;
  /** Told of each failure before the wait; answers false when trying again cannot help. */
  readonly onError: (error: unknown, attempt: number, waitMs: Millis) => boolean;
  /** A wait that the other side asked for. */
  readonly askedMs?: (error: unknown) => Millis | undefined;
}

/** Starts the source again after an error, each time later; a value resets the count. Unsubscribing ends a wait at once. */
export function restart<T>(options: RestartOptions): MonoTypeOperatorFunction<T> {
  return retry({
    resetOnSuccess: true,
    delay: (error: unknown, attempt) => {
      const waitMs = Math.max(backOffMs(options, attempt, options.random()), options.askedMs?.(error) ?? 0);
      if (!options.onError(error, attempt, waitMs)) return throwError(() => error);
      return new Observable<true>((subscriber) => {
        const stop = new AbortController();
        subscriber.add(() => stop.abort());
        options.sleep(waitMs, stop.signal).then(
          () => subscriber.next(true),
          (reason: unknown) => subscriber.error(reason),
        );
      });
    },
  });
}
