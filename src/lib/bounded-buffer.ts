/** What stands between a peer that pushes and us who pull: first in, first out, measured in bytes, never dropping by itself. */

export interface BoundedBufferOptions {
  /** At this many bytes it is full: whoever feeds it should stop. */
  readonly highBytes: number;
  /** Told once when it becomes full. */
  readonly onFull: () => void;
  /** Told once when, having been full, it is down to half. */
  readonly onDrained: () => void;
}

/** Identity: what waits in it. */
export class BoundedBuffer<T> {
  readonly #options: BoundedBufferOptions;
  #items: { readonly value: T; readonly bytes: number }[] = [];
  #head = 0;
  #bytes = 0;
  #full = false;
  #wake: (() => void) | undefined;

  constructor(options: BoundedBufferOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** Takes in a value even when full: what is under way when the peer is told to stop is not lost. */
  push(value: T, bytes: number): void {
    this.#items.push({ value, bytes });
    this.#bytes += bytes;
    this.wake();
    if (this.#full || this.#bytes < this.#options.highBytes) return;
    this.#full = true;
    this.#options.onFull();
  }

  /** The oldest values, up to both limits; one value larger than `maxBytes` comes alone. Stops after the value for which `last` is true. */
  take(maxItems: number, maxBytes: number, last: (value: T) => boolean = () => false): T[] {
    const taken: T[] = [];
    let bytes = 0;
    while (this.#head < this.#items.length && taken.length < maxItems) {
      const next = this.#items[this.#head];
      if (!next || (taken.length > 0 && bytes + next.bytes > maxBytes)) break;
      this.#head += 1;
      bytes += next.bytes;
      taken.push(next.value);
      if (last(next.value)) break;
    }
    if (this.#head > 1_024 || this.#head === this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    this.#bytes -= bytes;
    if (this.#full && this.#bytes <= this.#options.highBytes / 2) {
      this.#full = false;
      this.#options.onDrained();
    }
    return taken;
  }

  /** Resolves when there is something to take, or when somebody calls `wake`. One waits at a time. */
  async ready(): Promise<void> {
    if (this.size > 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
  }

  /** Ends a wait although nothing came. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
