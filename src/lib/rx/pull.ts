import { Observable, type OperatorFunction, Subject } from 'rxjs';

/**
 * Reads one batch, lets it go all the way through, and only then reads the next: this is our back-pressure.
 * `through` answers each batch with exactly one value, and does so when the batch is committed.
 * Completes when `read` answers `undefined`; unsubscribing aborts a read that is waiting.
 */
export function pull<T, R>(
  read: (signal: AbortSignal) => Promise<T | undefined>,
  through: OperatorFunction<T, R>,
): Observable<R> {
  return new Observable<R>((subscriber) => {
    const stop = new AbortController();
    const batches = new Subject<T>();
    const ask = (): void => {
      read(stop.signal).then(
        (batch) => (batch === undefined ? batches.complete() : batches.next(batch)),
        (error: unknown) => batches.error(error),
      );
    };
    subscriber.add(() => stop.abort());
    subscriber.add(
      batches.pipe(through).subscribe({
        next: (result) => {
          subscriber.next(result);
          if (!subscriber.closed) ask();
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
    ask();
  });
}
