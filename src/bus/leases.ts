/** Leases within one process: each name has one holder at a time, the others wait in the order in which they came. */
import { Observable, type Subscriber } from 'rxjs';
import { LeaseLost } from '../model/errors.ts';
import type { Lease } from '../model/ports.ts';

interface Place {
  readonly subscriber: Subscriber<Lease | undefined>;
  held: boolean;
}

/** Hands out leases of growing epochs; `nextEpoch` must make the new epoch durable before it answers. */
export class Leases {
  #places = new Map<string, Place[]>();
  #nextEpoch: (name: string) => number;
  #closed = false;

  constructor(nextEpoch: (name: string) => number) {
    this.#nextEpoch = nextEpoch;
  }

  lease(name: string): Observable<Lease | undefined> {
    return new Observable((subscriber) => {
      if (this.#closed) {
        subscriber.complete();
        return;
      }
      const place: Place = { subscriber, held: false };
      const places = this.#places.get(name) ?? [];
      this.#places.set(name, [...places, place]);
      subscriber.add(() => {
        const left = (this.#places.get(name) ?? []).filter((other) => other !== place);
        if (left.length > 0) this.#places.set(name, left);
        else this.#places.delete(name);
        this.#grant(name);
      });
      this.#grant(name);
    });
  }

  /** Takes every lease away and ends every wait. */
  close(): void {
    this.#closed = true;
    for (const { subscriber, held } of [...this.#places.values()].flat()) {
      if (held) subscriber.next(undefined);
      subscriber.complete();
    }
  }

  #grant(name: string): void {
    const first = this.#places.get(name)?.[0];
    if (first === undefined || first.held || this.#closed) return;
    let epoch: number;
    try {
      epoch = this.#nextEpoch(name);
    } catch (error) {
      first.subscriber.error(error);
      return;
    }
    first.held = true;
    first.subscriber.next({ name, epoch });
  }
}

/** Throws LeaseLost when somebody has won the lease since. */
export function checkEpoch(lease: Lease, latest: number | undefined): void {
  if (latest !== undefined && lease.epoch < latest) {
    throw new LeaseLost(`lease ${lease.name}: epoch ${lease.epoch} is over, ${latest} has begun`);
  }
}
