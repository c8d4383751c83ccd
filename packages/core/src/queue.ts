// First in, first out, each at the cost of one step. Lets go of an item when it is taken, even where the queue is never empty: a reader or
// a transport may always be one piece behind.

export class Queue<T> {
  #items: (T | undefined)[] = [];
  #next = 0;

  get length(): number {
    return this.#items.length - this.#next;
  }

  /** The one at that place from the front, where 0 is the oldest. */
  at(index: number): T | undefined {
    return this.#items[this.#next + index];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** Takes the oldest, or undefined. */
  shift(): T | undefined {
    const item = this.#items[this.#next];
    if (item === undefined) return undefined;
    // A cursor and not Array's shift(), which moves every element of a long queue.
    this.#items[this.#next++] = undefined;
    if (this.#next === this.#items.length) this.clear();
    else if (this.#next >= 256 && this.#next * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }

  clear(): void {
    if (this.#items.length > 0) this.#items = [];
    this.#next = 0;
  }
}
