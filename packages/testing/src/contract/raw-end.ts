// One side of a pair as a case holds it by hand: it writes, looks at what comes, and waits for that. Knows bytes, ends and resets; what
// they mean to HTTP is for those who use it.

import type { EndOfInput, Transport, TransportSink } from '@halfpipe/driver';
import { bytes as octets, text } from '../octets.ts';
import { check, errorText } from './check.ts';
import { Arrival, type Content } from './content.ts';
import type { Waits } from './waits.ts';

/** So much of what comes is kept as text. */
const mostText = 256 * 1024;

export interface RawEndOptions {
  /** What it sends with `send()`. */
  readonly sends?: Content;
  /** What must come; without it, it is kept as text. */
  readonly expects?: Content;
}

export class RawEnd implements TransportSink {
  readonly name: string;
  readonly transport: Transport;
  readonly #waits: Waits;
  readonly #sends: Content | null;
  readonly #arrival: Arrival | null;
  readonly #waiting = new Set<{ readonly condition: () => boolean; readonly resolve: () => void }>();
  /** Called with what comes, after it was looked at. */
  onBytes: ((bytes: Uint8Array) => void) | null = null;
  received = 0;
  sent = 0;
  text = '';
  eof: EndOfInput | null = null;
  over: { readonly cause: unknown } | null = null;
  /** A write was refused, and there has been no room since. */
  full = false;
  #left = false;

  /** Does not start the transport. */
  constructor(name: string, transport: Transport, waits: Waits, options: RawEndOptions = {}) {
    this.name = name;
    this.transport = transport;
    this.#waits = waits;
    this.#sends = options.sends ?? null;
    this.#arrival = options.expects === undefined ? null : new Arrival(options.expects);
  }

  start(): this {
    this.transport.start(this);
    return this;
  }

  // The sink.

  bytes(bytes: Uint8Array): void {
    this.received += bytes.length;
    if (this.#arrival !== null) this.#arrival.take(bytes);
    else if (this.text.length < mostText) this.text += text(bytes);
    this.onBytes?.(bytes);
    this.#changed();
  }

  end(eof: EndOfInput): void {
    this.eof = eof;
    this.#changed();
  }

  writable(): void {
    this.full = false;
    this.#changed();
  }

  closed(cause?: unknown): void {
    this.over = { cause };
    this.#changed();
  }

  // What it does.

  write(bytes: Uint8Array | string): boolean {
    const more = this.transport.write(typeof bytes === 'string' ? octets(bytes) : bytes);
    if (!more) this.full = true;
    return more;
  }

  /** Writes so much more of its content, waiting where it is asked to, until it is out or the transport is gone. */
  async send(size: number, pieceSize: number | (() => number) = 64 * 1024): Promise<void> {
    const content = this.#sends;
    check(content !== null, 'Cannot send: no content was given');
    const until = this.sent + size;
    while (this.sent < until && this.over === null) {
      const wanted = typeof pieceSize === 'number' ? pieceSize : pieceSize();
      const piece = content.bytes(this.sent, Math.min(wanted, until - this.sent));
      this.sent += piece.length;
      if (!this.write(piece)) await this.untilRoom();
    }
  }

  /** Tells the other side that this was all. */
  finish(): void {
    this.#left = true;
    this.transport.end();
  }

  /** Waits until the other side has gone or ended, ends too where that is needed, and waits until all is over. */
  async leave(): Promise<void> {
    await this.until('see the other side end', () => this.eof !== null || this.over !== null);
    if (this.over === null && !this.#left) this.finish();
    await this.untilClosed();
  }

  // What it waits for.

  untilRoom(): Promise<void> {
    return this.until('be told that there is room', () => !this.full || this.over !== null);
  }

  async untilReceived(size: number): Promise<void> {
    const done = () => this.received >= size || this.#arrival?.wrong != null || this.eof !== null || this.over !== null;
    await this.until(`get ${size} bytes`, done);
    this.checkReceived(size);
  }

  /** That exactly so much has come, and the right bytes. */
  checkReceived(size: number): void {
    const wrong = this.#arrival?.wrong ?? null;
    check(wrong === null, `Expected ${this.name} to get what was sent: ${wrong}`);
    check(this.received === size, () => `Expected ${this.name} to get ${size} bytes, got ${this.#state}`);
  }

  async untilText(part: string): Promise<void> {
    const known = () => this.text.includes(part);
    await this.until(`get ${JSON.stringify(part)}`, () => known() || this.eof !== null || this.over !== null);
    check(known(), () => `Expected ${this.name} to get ${JSON.stringify(part)}, got ${JSON.stringify(this.text)}`);
  }

  /** Resolves when its end has been told, or closing without one. */
  untilEnded(): Promise<void> {
    return this.until('be told of the end', () => this.eof !== null || this.over !== null);
  }

  untilClosed(): Promise<void> {
    return this.until('be told that the transport is closed', () => this.over !== null);
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return;
    const say = () => `${this.name} to ${what} (${this.#state})`;
    await this.#waits.for(say, new Promise<void>((resolve) => this.#waiting.add({ condition, resolve })));
  }

  get #state(): string {
    const { over, eof } = this;
    const closed = over === null ? '' : `, closed${over.cause === undefined ? '' : ` by ${errorText(over.cause)}`}`;
    return `${this.received} bytes so far${eof === null ? '' : `, a ${eof} end`}${closed}`;
  }

  #changed(): void {
    for (const waiter of this.#waiting) {
      if (!waiter.condition()) continue;
      this.#waiting.delete(waiter);
      waiter.resolve();
    }
  }
}
