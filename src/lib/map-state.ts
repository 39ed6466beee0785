/** Values by key that remember which of them changed: the memory between two commits. */
import type { KeyedState } from '../model/ports.ts';
import type { Json } from '../model/types.ts';

export class MapState implements KeyedState {
  readonly #values: Map<string, Json>;
  readonly #changed = new Set<string>();

  constructor(values: Iterable<readonly [string, Json]> = []) {
    this.#values = new Map(values);
  }

  get<T extends Json>(key: string): T | undefined {
    return this.#values.get(key) as T | undefined;
  }

  set(key: string, value: Json | undefined): void {
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
    this.#changed.add(key);
  }

  keys(): IterableIterator<string> {
    return this.#values.keys();
  }

  /** What changed since the last call; `undefined` stands for a removed key. */
  takeChanges(): Map<string, Json | undefined> {
    const changes = new Map<string, Json | undefined>();
    for (const key of this.#changed) changes.set(key, this.#values.get(key));
    this.#changed.clear();
    return changes;
  }
}

/** The part of a state whose keys begin with `prefix`. */
export function under(state: KeyedState, prefix: string): KeyedState {
  return {
    get: (key) => state.get(prefix + key),
    set: (key, value) => state.set(prefix + key, value),
  };
}
