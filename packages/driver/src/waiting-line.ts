// Those that wait, by their numbers: the lowest is the first. Any of them may leave, and one that comes back goes to its place.
// Knows nothing of what they wait for.

interface Place<Item> {
  readonly item: Item;
  before: Place<Item> | null;
  after: Place<Item> | null;
}

export class WaitingLine<Item extends { readonly number: number }> {
  readonly #places = new Map<Item, Place<Item>>();
  #first: Place<Item> | null = null;
  #last: Place<Item> | null = null;

  get first(): Item | null {
    return this.#first?.item ?? null;
  }

  get length(): number {
    return this.#places.size;
  }

  /** New ones have the highest number, and go to the end at once; those that come back have low ones, and are near the front. */
  add(item: Item): void {
    let after = this.#last === null || this.#last.item.number < item.number ? null : this.#first;
    while (after !== null && after.item.number < item.number) after = after.after;
    const before = after === null ? this.#last : after.before;
    const place = { item, before, after };
    this.#places.set(item, place);
    this.#link(before, place);
    this.#link(place, after);
  }

  /** False if it is not there. */
  remove(item: Item): boolean {
    const place = this.#places.get(item);
    if (place === undefined) return false;
    this.#places.delete(item);
    this.#link(place.before, place.after);
    return true;
  }

  #link(before: Place<Item> | null, after: Place<Item> | null): void {
    if (before === null) this.#first = after;
    else before.after = after;
    if (after === null) this.#last = before;
    else after.before = before;
  }
}
