// What the kit has not, since only these tests want it: a far end that the test holds by hand, because it looks at the connection between
// one step and the next (a ScriptedPeer goes on by itself); a transport that does what one may do, and what no transport of the kit ever
// does; and a source of bodies, which are no matter of transports.

import type { Open, Transport, TransportSink } from '@halfpipe/driver';
import { bytes, type Chunking, Clock, type MemoryTransport, pair, Random, text } from '@halfpipe/testing';

/** Everything that is ready has run, where no clock is at hand. */
export function quiet(): Promise<void> {
  return new Clock().settle();
}

/** For `test.each`: how the bytes of one write arrive, and the name of that. */
export const cuts: [string, Chunking][] = [
  ['whole', 'whole'],
  ['at every byte', 'bytes'],
  ['at random, seed 1', randomCut(1)],
  ['at random, seed 2', randomCut(2)],
];

function randomCut(seed: number): Chunking {
  const random = new Random(seed);
  return function* (bytes) {
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random.below(40);
      yield bytes.subarray(at, at + size);
      at += size;
    }
  };
}

/** A pair of which the connection under test has one end, `near`, and the test the other. */
export class Wire {
  readonly near: MemoryTransport;
  /** What was written and not taken, noted within each `write()`. */
  readonly writes: string[] = [];
  readonly #far: MemoryTransport;
  #toRead = Number.POSITIVE_INFINITY;

  /** `cut`: how what the test sends arrives. `bufferSize` and `halfClose` are those of the side under test. */
  constructor(options: { cut?: Chunking; bufferSize?: number; halfClose?: boolean } = {}) {
    const { cut = 'whole', ...near } = options;
    const noted = (bytes: Uint8Array) => {
      this.writes.push(text(bytes));
      return [bytes];
    };
    [this.near, this.#far] = pair({ near: { ...near, chunking: noted }, far: { chunking: cut } });
    this.#far.start({
      bytes: ({ length }) => {
        this.#toRead -= length;
        if (this.#toRead <= 0) this.#far.pause();
      },
      end: () => {},
      writable: () => {},
      closed: () => {},
    });
  }

  /** Dials this wire. */
  get open(): Open {
    return () => Promise.resolve(this.near);
  }

  /** All that was written and not taken. */
  get sent(): string {
    return this.writes.join('');
  }

  /** Takes what was written, and answers with that. */
  take(): string {
    return this.writes.splice(0).join('');
  }

  /**
   * Sends this. Resolves when it has arrived, or as much of it as the other side takes; what that side does later, be it in the next
   * microtask but one, it has not done.
   */
  async receive(text: string): Promise<void> {
    this.#far.write(bytes(text));
    do await null;
    while (this.#far.underWay > 0 && !this.near.paused);
  }

  /** Ends the test's direction. The transport closes if the other has ended too. */
  async receiveEnd(): Promise<void> {
    this.#far.end();
    await quiet();
  }

  /** Breaks the connection. */
  async reset(cause?: unknown): Promise<void> {
    this.near.reset(cause);
    await null;
  }

  /** Reads no more, so that the other side's buffer fills up. */
  stop(): void {
    this.#far.pause();
  }

  /** Reads again, until so many bytes have come. */
  async flow(size = Number.POSITIVE_INFINITY): Promise<void> {
    this.#toRead = size;
    this.#far.resume();
    await quiet();
  }
}

/** Wires for a pool: each dial is a new one. */
export class Wires {
  /** In the order of dialling. */
  readonly all: Wire[] = [];
  /** What was asked for a way to dial, in its order. */
  readonly asked: string[] = [];
  readonly #options: ConstructorParameters<typeof Wire>[0];

  constructor(options: ConstructorParameters<typeof Wire>[0] = {}) {
    this.#options = options;
  }

  readonly open = (origin: URL): Open => {
    this.asked.push(origin.href);
    return async () => {
      const wire = new Wire(this.#options);
      this.all.push(wire);
      return wire.near;
    };
  };

  /** The one that was dialled so manieth, from 0; a negative number counts from the last. */
  at(index: number): Wire {
    const wire = this.all.at(index);
    if (wire === undefined) throw new Error(`no wire ${index}`);
    return wire;
  }

  /** How many are open. */
  get length(): number {
    return this.all.filter(({ near }) => near.closed === null && near.destroyed === null && !near.ended).length;
  }

  /** The requests on each of them that were not taken, as methods and targets. */
  get requests(): string[] {
    return this.all.map(({ sent }) => requestsIn(sent));
  }

  /** The same, and takes them. */
  take(): string[] {
    return this.all.map((wire) => requestsIn(wire.take()));
  }
}

function requestsIn(sent: string): string {
  return [...sent.matchAll(/^([A-Z]+ \S+) HTTP\/1\.1\r$/gm)].map(([, request]) => request).join(', ');
}

/**
 * A transport that the test tells what to tell, and when: within a call, behind `pause()`, an end that closes nothing. All of it is
 * allowed, and so connections must bear it, but no transport of the kit does it.
 */
export class Bare implements Transport {
  readonly halfClose: boolean = true;
  readonly writes: string[] = [];
  readonly told: string[] = [];
  #sink: TransportSink | null = null;

  get open(): Open {
    return () => Promise.resolve(this);
  }

  get sink(): TransportSink {
    if (this.#sink === null) throw new Error('not started');
    return this.#sink;
  }

  get sent(): string {
    return this.writes.join('');
  }

  receive(text: string): void {
    this.sink.bytes(bytes(text));
  }

  start(sink: TransportSink): void {
    this.#sink = sink;
  }

  write(bytes: Uint8Array): boolean {
    this.writes.push(text(bytes));
    return true;
  }

  pause(): void {
    this.told.push('pause');
  }

  resume(): void {
    this.told.push('resume');
  }

  end(): void {
    this.told.push('end');
  }

  destroy(): void {
    this.told.push('destroy');
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
