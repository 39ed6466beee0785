import { endWith, Observable, startWith, switchMap, takeWhile } from 'rxjs';
import type { Lease } from '../../model/ports.ts';

const ENDED = Symbol('ended');

/**
 * Works while the lease is held: cancelled when it is lost, begun anew when it is won again, over when the work comes to its
 * end. While it is not held, it is over as soon as `stop` aborts; work that is under way then ends by itself.
 */
export function whileHeld<T>(
  lease: Observable<Lease | undefined>,
  work: (lease: Lease) => Observable<T>,
  stop: AbortSignal,
): Observable<T> {
  return lease.pipe(
    startWith(undefined),
    switchMap((held) => (held ? work(held).pipe(endWith(ENDED)) : endOn(stop))),
    takeWhile((value): value is T => value !== ENDED),
  );
}

function endOn(stop: AbortSignal): Observable<typeof ENDED> {
  return new Observable((subscriber) => {
    const end = (): void => subscriber.next(ENDED);
    stop.addEventListener('abort', end, { once: true });
    subscriber.add(() => stop.removeEventListener('abort', end));
    if (stop.aborted) end();
  });
}
