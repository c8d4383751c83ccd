// Bytes on their way, in the pieces in which they were written, and when each has been sent at a given speed. Pieces are taken from the
// front, whole or in parts, at the cost of one step each; nothing is copied. Knows nothing of when they arrive, or of who takes them.

const nothing = new Uint8Array(0);

export class PieceQueue {
  readonly #msPerByte: number;
  // The pieces from #head up to #tail, the first less its first #offset bytes; and when each began to be sent. The arrays never shrink,
  // so that a queue that is empty every other moment allocates nothing.
  readonly #pieces: Uint8Array[] = [];
  readonly #starts: number[] = [];
  #head = 0;
  #tail = 0;
  #offset = 0;
  #size = 0;
  #busyUntil = 0;

  /** `bandwidth` in bytes per second. */
  constructor(bandwidth: number) {
    this.#msPerByte = 1_000 / bandwidth;
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** What is left of the first piece, in bytes; 0 if there is none. */
  get firstSize(): number {
    return this.#size === 0 ? 0 : this.#pieces[this.#head]!.length - this.#offset;
  }

  /** When the next `size` bytes have been sent, which are in the first piece. */
  sentAt(size: number): number {
    return this.#starts[this.#head]! + (this.#offset + size) * this.#msPerByte;
  }

  /** When all have been sent: `now`, if they have. */
  allSentAt(now: number): number {
    return Math.max(now, this.#busyUntil);
  }

  push(piece: Uint8Array, now: number): void {
    if (piece.length === 0) return;
    const start = this.allSentAt(now);
    this.#busyUntil = start + piece.length * this.#msPerByte;
    this.#pieces[this.#tail] = piece;
    this.#starts[this.#tail++] = start;
    this.#size += piece.length;
  }

  /** Takes the next `size` bytes, which are in the first piece. */
  take(size: number): Uint8Array {
    const piece = this.#pieces[this.#head]!;
    const from = this.#offset;
    this.#size -= size;
    if (from + size < piece.length) {
      this.#offset += size;
      return piece.subarray(from, from + size);
    }
    this.#offset = 0;
    this.#pieces[this.#head++] = nothing;
    if (this.#size === 0) this.#head = this.#tail = 0;
    else if (this.#head >= 1_024 && this.#head * 2 >= this.#tail) this.#moveUp();
    return from === 0 ? piece : piece.subarray(from);
  }

  /** Drops the pieces that have not been sent by `time`. */
  keepSentBy(time: number): void {
    while (this.#tail > this.#head) {
      const piece = this.#pieces[this.#tail - 1]!;
      if (this.#starts[this.#tail - 1]! + piece.length * this.#msPerByte <= time) break;
      this.#pieces[--this.#tail] = nothing;
      this.#size -= piece.length - (this.#tail === this.#head ? this.#offset : 0);
    }
    this.#busyUntil = 0;
    if (this.#size === 0) this.clear();
  }

  clear(): void {
    this.#pieces.fill(nothing, this.#head, this.#tail);
    this.#head = 0;
    this.#tail = 0;
    this.#offset = 0;
    this.#size = 0;
    this.#busyUntil = 0;
  }

  /** Room at the front becomes room at the back, for a queue that is never empty. */
  #moveUp(): void {
    const length = this.#tail - this.#head;
    this.#pieces.copyWithin(0, this.#head, this.#tail).fill(nothing, length, this.#tail);
    this.#starts.copyWithin(0, this.#head, this.#tail);
    this.#head = 0;
    this.#tail = length;
  }
}
