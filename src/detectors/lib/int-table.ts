/** Numbers by number in typed arrays: what a Map does, in a quarter of its memory. */

const FREE = -1;

/**
 * Open addressing with linear probing: a key (0 to 2 ** 31 − 1) has a row, and whoever owns the table keeps columns by row.
 * Rows move when it grows, which is told to `move`; keys that `keeps` denies are then left behind.
 */
export class IntTable {
  keys: Int32Array;
  #used = 0;
  #mask: number;
  readonly #keeps: (row: number) => boolean;
  readonly #move: (size: number, from: Int32Array, to: Int32Array) => void;

  /** `move` is given the new size and, pairwise, the old and the new row of each key that stays. */
  constructor(keeps: (row: number) => boolean, move: (size: number, from: Int32Array, to: Int32Array) => void) {
    this.keys = new Int32Array(64).fill(FREE);
    this.#mask = 63;
    this.#keeps = keeps;
    this.#move = move;
  }

  get size(): number {
    return this.keys.length;
  }

  /** The key's row, or -1. */
  find(key: number): number {
    const { keys } = this;
    let row = spread(key) & this.#mask;
    for (;;) {
      const there = keys[row];
      if (there === key) return row;
      if (there === FREE) return -1;
      row = (row + 1) & this.#mask;
    }
  }

  /** The key's row, made when there is none; the table may grow and every row move. */
  add(key: number): number {
    const known = this.find(key);
    if (known >= 0) return known;
    if ((this.#used + 1) * 4 > this.keys.length * 3) this.#rebuild();
    return this.#place(key);
  }

  #place(key: number): number {
    const { keys } = this;
    let row = spread(key) & this.#mask;
    while (keys[row] !== FREE) row = (row + 1) & this.#mask;
    keys[row] = key;
    this.#used += 1;
    return row;
  }

  #rebuild(): void {
    const old = this.keys;
    const from = new Int32Array(this.#used);
    let kept = 0;
    for (let row = 0; row < old.length; row++) if (old[row] !== FREE && this.#keeps(row)) from[kept++] = row;
    let size = 64;
    while (kept * 2 > size) size *= 2;
    this.keys = new Int32Array(size).fill(FREE);
    this.#mask = size - 1;
    this.#used = 0;
    const to = new Int32Array(kept);
    for (let i = 0; i < kept; i++) to[i] = this.#place(old[from[i] ?? 0] ?? 0);
    this.#move(size, from.subarray(0, kept), to);
  }
}

function spread(key: number): number {
  const mixed = Math.imul(key ^ (key >>> 13), 0x5bd1e995);
  return mixed ^ (mixed >>> 15);
}

/** A number by number; what `keeps` denies may be forgotten and then reads as `empty`. */
export class IntMap {
  readonly #table: IntTable;
  readonly #empty: number;
  #values: Int32Array;

  constructor(empty: number, keeps: (value: number) => boolean) {
    this.#empty = empty;
    this.#values = new Int32Array(64).fill(empty);
    this.#table = new IntTable(
      (row) => keeps(this.#values[row] ?? empty),
      (size, from, to) => {
        const values = new Int32Array(size).fill(empty);
        for (let i = 0; i < to.length; i++) values[to[i] ?? 0] = this.#values[from[i] ?? 0] ?? empty;
        this.#values = values;
      },
    );
  }

  get(key: number): number {
    const row = this.#table.find(key);
    return row < 0 ? this.#empty : (this.#values[row] ?? this.#empty);
  }

  set(key: number, value: number): void {
    const row = this.#table.add(key);
    this.#values[row] = value;
  }
}
