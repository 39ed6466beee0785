import { EMPTY, endWith, type Observable, switchMap, takeWhile } from 'rxjs';
import type { Lease } from '../../model/ports.ts';

const ENDED = Symbol('ended');

/** Works while the lease is held: cancelled when it is lost, begun anew when it is won again, over when the work comes to its end. */
export function whileHeld<T>(
  lease: Observable<Lease | undefined>,
  work: (lease: Lease) => Observable<T>,
): Observable<T> {
  return lease.pipe(
    switchMap((held) => (held ? work(held).pipe(endWith(ENDED)) : EMPTY)),
    takeWhile((value): value is T => value !== ENDED),
  );
}
