// Bytes that were written and have not gone out: few small pieces joined into one, large ones cut. Knows nothing of where they go.

export class Unsent {
  #pieces: Uint8Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#size += bytes.length;
  }

  /**
   * Takes the first bytes, `limit` at most, as one piece whose memory nobody else has. A copy, always: streams and ports may transfer what
   * they are given, and with it would go all that shares its memory, as pieces of the protocol's output do, and a body that is sent twice.
   */
  take(limit: number): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(Math.min(this.#size, limit));
    let filled = 0;
    let count = 0;
    for (const piece of this.#pieces) {
      const room = whole.length - filled;
      if (room === 0) break;
      if (piece.length > room) {
        whole.set(piece.subarray(0, room), filled);
        this.#pieces[count] = piece.subarray(room);
        break;
      }
      whole.set(piece, filled);
      filled += piece.length;
      count += 1;
    }
    this.#pieces.splice(0, count);
    this.#size -= whole.length;
    return whole;
  }

  clear(): void {
    this.#pieces = [];
    this.#size = 0;
  }
}
