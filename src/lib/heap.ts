/** The earliest first: a binary heap of (due, index), ties by index, so that equal moments always come in one order. */
export class DueHeap {
  readonly #due: number[] = [];
  readonly #index: number[] = [];

  get size(): number {
    return this.#due.length;
  }

  /** The earliest due; Infinity when empty. */
  peek(): number {
    return this.#due[0] ?? Infinity;
  }

  push(due: number, index: number): void {
    let i = this.#due.length;
    this.#due.push(due);
    this.#index.push(index);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#less(i, parent)) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  pop(): { readonly due: number; readonly index: number } | undefined {
    const due = this.#due[0];
    const index = this.#index[0];
    if (due === undefined || index === undefined) return undefined;
    const lastDue = this.#due.pop() as number;
    const lastIndex = this.#index.pop() as number;
    if (this.#due.length > 0) {
      this.#due[0] = lastDue;
      this.#index[0] = lastIndex;
      this.#sink();
    }
    return { due, index };
  }

  #sink(): void {
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      const right = left + 1;
      let least = i;
      if (left < this.#due.length && this.#less(left, least)) least = left;
      if (right < this.#due.length && this.#less(right, least)) least = right;
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #less(a: number, b: number): boolean {
    const dueA = this.#due[a] as number;
    const dueB = this.#due[b] as number;
    return dueA < dueB || (dueA === dueB && (this.#index[a] as number) < (this.#index[b] as number));
  }

  #swap(a: number, b: number): void {
    [this.#due[a], this.#due[b]] = [this.#due[b] as number, this.#due[a] as number];
    [this.#index[a], this.#index[b]] = [this.#index[b] as number, this.#index[a] as number];
  }
}
