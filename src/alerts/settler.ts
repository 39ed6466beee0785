/** Writes what the alert role did, in the order in which it did it, several steps at once when they come fast. */
import type { MapState } from '../lib/map-state.ts';
import type { Bus, Lease } from '../model/ports.ts';
import type { Json } from '../model/types.ts';

interface Pending {
  readonly ids: string[];
  readonly log: Json[];
  readonly state: Map<string, Json | undefined>;
  readonly done: PromiseWithResolvers<void>;
}

/** One writer for one state. What is written together in the state is settled together; after an error it writes no more. */
export class Settler {
  readonly #bus: Bus;
  readonly #lease: Lease;
  readonly #state: MapState;
  #waiting: Pending | undefined;
  #running = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(bus: Bus, lease: Lease, state: MapState) {
    this.#bus = bus;
    this.#lease = lease;
    this.#state = state;
  }

  /**
   * Settles everything that changed in the state up to this call, the outbox ids and the lines. Resolves when that is durable;
   * throws LeaseLost when the lease is over. With nothing to write it asks just that.
   */
  write(ids: readonly string[], log: readonly Json[]): Promise<void> {
    const next: Pending = this.#waiting ?? {
      ids: [],
      log: [],
      state: new Map(),
      done: Promise.withResolvers<void>(),
    };
    this.#waiting = next;
    next.ids.push(...ids);
    next.log.push(...log);
    for (const [key, value] of this.#state.takeChanges()) next.state.set(key, value);
    if (!this.#running) void this.#run();
    return next.done.promise;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let next = this.#waiting; next; next = this.#waiting) {
      this.#waiting = undefined;
      if (this.#failure) {
        next.done.reject(this.#failure.error);
        continue;
      }
      try {
        await this.#bus.settle(this.#lease, { ids: next.ids, log: next.log, state: next.state });
        next.done.resolve();
      } catch (error) {
        this.#failure = { error };
        next.done.reject(error);
      }
    }
    this.#running = false;
  }
}
