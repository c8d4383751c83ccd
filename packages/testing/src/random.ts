// Numbers that a seed decides, the same on every engine: 32-bit integers (mulberry32), and divisions by powers of two, which are exact.

/** A sequence of random numbers. The same seed gives the same sequence everywhere. Not for secrets. */
export class Random {
  readonly #seed: number;
  #state: number;

  /** Of `seed`, the lowest 32 bits count. */
  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }

  /** The next number: an integer from 0 to 2³² - 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /**
   * An integer from 0 to `limit` - 1.
   *
   * @throws {RangeError} `limit` is not an integer from 1 to 2³².
   */
  below(limit: number): number {
    if (!Number.isInteger(limit) || limit < 1 || limit > 2 ** 32) {
      throw new RangeError(`Cannot pick a number below ${limit}`);
    }
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  /** True in `probability` of all cases: 0 is never, 1 is always. */
  chance(probability: number): boolean {
    return this.next() < probability * 2 ** 32;
  }

  /**
   * One of the items.
   *
   * @throws {RangeError} There is none.
   */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!; // An index below the length.
  }

  /**
   * Another sequence, which the seed and `label` decide, however many numbers have been taken from this one: what happens to one thing
   * then does not depend on how much has happened to another.
   */
  fork(label: number | string): Random {
    let mixed = this.#seed ^ 0x9e3779b9;
    for (const character of String(label)) {
      mixed = Math.imul(mixed ^ (character.codePointAt(0) ?? 0), 0x85ebca6b);
      mixed ^= mixed >>> 13;
    }
    mixed = Math.imul(mixed, 0xc2b2ae35);
    return new Random(mixed ^ (mixed >>> 16));
  }
}
