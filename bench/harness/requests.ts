// Counts requests without parsing them: all on a connection are of one size, which the first one tells by its head.

export class RequestCounter {
  /** Of one request; 0 until the first has come whole. */
  #size = 0;
  #beginning = '';
  #bytes = 0;

  /** How many requests end with these bytes. */
  count(bytes: Uint8Array): number {
    if (this.#size === 0) {
      this.#beginning += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
      const head = this.#beginning.indexOf('\r\n\r\n') + 4;
      if (head === 3) return 0;
      this.#size = head + Number(/content-length: *(\d+)/i.exec(this.#beginning.slice(0, head))?.[1] ?? 0);
      this.#bytes = this.#beginning.length;
    } else this.#bytes += bytes.length;
    const count = Math.floor(this.#bytes / this.#size);
    this.#bytes -= count * this.#size;
    return count;
  }
}
