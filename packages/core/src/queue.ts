// First in, first out, each at the cost of one step. Lets go of an item when it is taken, even where the queue is never empty: a reader or
// a transport may always be one piece behind.

// Never written to: a queue that has held nothing, or lets go of all, takes no memory of its own.
const none: never[] = [];

export class Queue<T> {
  #items: (T | undefined)[] = none;
  #next = 0;

  get length(): number {
    return this.#items.length - this.#next;
  }

  /** The one at that place from the front, where 0 is the oldest. */
  at(index: number): T | undefined {
    return this.#items[this.#next + index];
  }

  push(item: T): void {
    if (this.#items === none) this.#items = [item];
    else this.#items.push(item);
  }

  /** Takes the oldest, or undefined. */
  shift(): T | undefined {
    if (this.#next === this.#items.length) return undefined;
    const item = this.#items[this.#next];
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
    this.#items = none;
    this.#next = 0;
  }
}
