// Transports without sockets and time without waiting: a wire whose far end is the test itself, two transports joined by memory, a
// clock that is moved by hand, and the ways to cut bytes.

import type { EndOfInput, Open, Timers, Transport, TransportSink } from '@halfpipe/driver';

export function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** Everything that is ready to run has run. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** How the bytes of one write reach the other side. */
export type Cut = (bytes: Uint8Array) => Uint8Array[];

const whole: Cut = (bytes) => [bytes];

const everyByte: Cut = (bytes) => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));

function randomCut(seed: number): Cut {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return (bytes) => {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + Math.floor(random() * 40);
      pieces.push(bytes.subarray(at, at + size));
      at += size;
    }
    return pieces;
  };
}

/** For `test.each`: name and cut. */
export const cuts: [string, Cut][] = [
  ['whole', whole],
  ['at every byte', everyByte],
  ['at random, seed 1', randomCut(1)],
  ['at random, seed 2', randomCut(2)],
];

/** A transport whose far end is the test. */
export class Wire implements Transport {
  readonly halfClose: boolean;
  readonly writes: string[] = [];
  /** How many bytes it takes before `write` answers false. */
  room = Number.POSITIVE_INFINITY;
  paused = false;
  ended = false;
  destroyed: { readonly cause: unknown } | null = null;
  #sink: TransportSink | null = null;
  readonly #cut: Cut;

  constructor(options: { halfClose?: boolean; cut?: Cut } = {}) {
    this.halfClose = options.halfClose ?? true;
    this.#cut = options.cut ?? whole;
  }

  /** Dials this wire. */
  get open(): Open {
    return () => Promise.resolve(this);
  }

  /** All that was written. */
  get sent(): string {
    return this.writes.join('');
  }

  start(sink: TransportSink): void {
    if (this.#sink !== null) throw new Error('started twice');
    this.#sink = sink;
  }

  write(bytes: Uint8Array): boolean {
    if (this.ended || this.destroyed !== null) throw new Error('written after the end');
    this.writes.push(text(bytes));
    this.room -= bytes.length;
    return this.room > 0;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  end(): void {
    if (this.ended) throw new Error('ended twice');
    this.ended = true;
  }

  destroy(cause?: unknown): void {
    this.destroyed ??= { cause };
  }

  // The far end.

  get sink(): TransportSink {
    if (this.#sink === null) throw new Error('not started');
    return this.#sink;
  }

  receive(text: string): void {
    for (const piece of this.#cut(bytes(text))) this.sink.bytes(piece);
  }

  /** Takes what was written, and answers with that. */
  take(): string {
    const taken = this.sent;
    this.writes.length = 0;
    return taken;
  }

  /** There is room again, for so many bytes. */
  drain(room = Number.POSITIVE_INFINITY): void {
    this.room = room;
    this.sink.writable();
  }

  /** The far end ends its direction; the transport closes if both have. */
  receiveEnd(eof: EndOfInput = 'clean'): void {
    this.sink.end(eof);
    if (this.ended) this.sink.closed();
  }
}

type Item = { bytes: Uint8Array } | 'end' | { closed: unknown };

/** One side of a pair. Delivers in microtasks, holds what a paused reader does not take, and says so to the writer. */
class Side implements Transport {
  readonly halfClose: boolean;
  readonly #capacity: number;
  readonly #cut: Cut;
  other: Side | null = null;
  destroyed = false;
  /** The most that ever waited for the other side, in bytes. */
  mostHeld = 0;
  totalSent = 0;
  #sink: TransportSink | null = null;
  #inbox: Item[] = [];
  #held = 0;
  #paused = false;
  #refused = false;
  #ended = false;
  #peerEnded = false;
  #closed = false;
  #delivering = false;

  constructor(options: PairOptions) {
    this.halfClose = options.halfClose ?? true;
    this.#capacity = options.capacity ?? 64 * 1024;
    this.#cut = options.cut ?? whole;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  start(sink: TransportSink): void {
    this.#sink = sink;
    this.#schedule();
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended || this.destroyed) throw new Error('written after the end');
    this.totalSent += bytes.length;
    for (const piece of this.#cut(bytes)) this.other?.put({ bytes: piece });
    const held = this.other?.held ?? 0;
    this.mostHeld = Math.max(this.mostHeld, held);
    this.#refused = held >= this.#capacity;
    return !this.#refused;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  end(): void {
    if (this.#ended) throw new Error('ended twice');
    this.#ended = true;
    this.other?.put('end');
    if (!this.halfClose) this.#close(undefined);
    else if (this.#peerEnded) this.#close(undefined);
  }

  destroy(cause?: unknown): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#inbox = [];
    this.other?.put({ closed: cause });
  }

  get held(): number {
    return this.#held;
  }

  put(item: Item): void {
    if (this.destroyed) return;
    if (typeof item === 'object' && 'bytes' in item) this.#held += item.bytes.length;
    this.#inbox.push(item);
    this.#schedule();
  }

  drained(): void {
    if (!this.#refused) return;
    this.#refused = false;
    this.#sink?.writable();
  }

  #schedule(): void {
    if (this.#delivering || this.#sink === null || this.#paused) return;
    this.#delivering = true;
    queueMicrotask(() => {
      this.#delivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const sink = this.#sink;
    if (sink === null || this.#paused || this.destroyed || this.#closed) return;
    const item = this.#inbox.shift();
    if (item === undefined) return;
    if (item === 'end') {
      this.#peerEnded = true;
      sink.end('clean');
      if (this.#ended) this.#close(undefined);
    } else if ('closed' in item) {
      this.#close(item.closed);
    } else {
      sink.bytes(item.bytes);
      this.#held -= item.bytes.length;
      if (this.#held === 0) this.other?.drained();
    }
    this.#schedule();
  }

  #close(cause: unknown): void {
    if (this.#closed || this.destroyed) return;
    this.#closed = true;
    queueMicrotask(() => {
      if (!this.destroyed) this.#sink?.closed(cause);
    });
  }
}

interface PairOptions {
  halfClose?: boolean;
  /** How much may wait for a side that does not read, in bytes. */
  capacity?: number;
  cut?: Cut;
}

export type { Side };

/** Two transports: what is written to one arrives at the other. */
export function pair(options: PairOptions = {}): [Side, Side] {
  const near = new Side(options);
  const far = new Side(options);
  near.other = far;
  far.other = near;
  return [near, far];
}

/** A clock that stands still until it is moved. */
export class ManualTimers implements Timers {
  #now = 1_000;
  #timers = new Map<object, { readonly at: number; readonly callback: () => void }>();

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delay: number): unknown {
    const handle = {};
    this.#timers.set(handle, { at: this.#now + delay, callback });
    return handle;
  }

  clearTimeout(handle: object): void {
    this.#timers.delete(handle);
  }

  /** How many timers are set. */
  get length(): number {
    return this.#timers.size;
  }

  /** Moves the clock, and fires what is due on the way, in order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      let next: [object, { readonly at: number; readonly callback: () => void }] | null = null;
      for (const timer of this.#timers)
        if (timer[1].at <= until && (next === null || timer[1].at < next[1].at)) next = timer;
      if (next === null) break;
      this.#timers.delete(next[0]);
      this.#now = Math.max(this.#now, next[1].at);
      next[1].callback();
    }
    this.#now = until;
  }
}

/** A source that counts what is asked of it, and learns of its end. */
export class CountedSource implements AsyncIterable<Uint8Array> {
  asked = 0;
  closed = false;
  readonly #piece: Uint8Array;
  readonly #length: number;

  constructor(piece: Uint8Array, length = Number.POSITIVE_INFINITY) {
    this.#piece = piece;
    this.#length = length;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: () => {
        if (this.asked === this.#length) return Promise.resolve({ done: true, value: undefined });
        this.asked++;
        return Promise.resolve({ done: false, value: this.#piece });
      },
      return: () => {
        this.closed = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}
