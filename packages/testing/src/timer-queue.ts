// What is to happen, by time, and in the order of asking where the time is the same. Takes out the first, or any one, in as many steps
// as the logarithm of how many there are: connections set timers and take most of them back. Knows no clock.

/** Something that is due at a time. */
export interface Timer {
  readonly at: number;
  /** Tells those of one time apart; grows. */
  readonly number: number;
  readonly callback: () => void;
  /** Where it is in the queue; -1 when it is not. */
  place: number;
}

/** A binary heap whose members know their place. */
export class TimerQueue {
  readonly #heap: Timer[] = [];

  get length(): number {
    return this.#heap.length;
  }

  get first(): Timer | undefined {
    return this.#heap[0];
  }

  add(timer: Timer): void {
    this.#heap.push(timer);
    this.#rise(timer, this.#heap.length - 1);
  }

  has(timer: Timer): boolean {
    return this.#heap[timer.place] === timer;
  }

  /** Takes out one that is there. */
  remove(timer: Timer): void {
    const { place } = timer;
    timer.place = -1;
    const last = this.#heap.pop()!; // At least `timer` was there.
    if (last === timer) return;
    this.#sink(last, place);
    this.#rise(last, last.place);
  }

  #rise(timer: Timer, from: number): void {
    const heap = this.#heap;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above]!; // Below `place`, which is within.
      if (!before(timer, parent)) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(timer, place);
  }

  #sink(timer: Timer, from: number): void {
    const heap = this.#heap;
    let place = from;
    for (;;) {
      const left = heap[2 * place + 1];
      const right = heap[2 * place + 2];
      if (left === undefined) break;
      const child = right !== undefined && before(right, left) ? right : left;
      if (!before(child, timer)) break;
      const below = child.place;
      this.#put(child, place);
      place = below;
    }
    this.#put(timer, place);
  }

  #put(timer: Timer, place: number): void {
    this.#heap[place] = timer;
    timer.place = place;
  }
}

function before(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.number < other.number);
}
