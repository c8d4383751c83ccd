// Two transports joined in memory: what is written to one arrives at the other. Each is as strict as the contract of Transport allows:
// a call that no transport may get throws, and nothing is told within a call.
// Knows sides, ends and closing; how bytes travel is pipe.ts.

import type { EndOfInput, Transport, TransportSink } from '@halfpipe/driver';
import type { Clock } from './clock.ts';
import { type Fault, NetworkError } from './fault.ts';
import { type Ends, Pipe, type PipeOptions } from './pipe.ts';

/** What one side of a pair is like, as a sender: all of it is about what that side writes, and its end. */
export interface SideOptions extends PipeOptions {
  /** Whether `end()` leaves the other direction open. Default true. */
  readonly halfClose?: boolean;
}

/** Both sides at once; `near` and `far` say what is different about one of them. */
export interface PairOptions extends SideOptions {
  /** Where time comes from, for all that takes time. */
  readonly clock?: Clock;
  readonly near?: SideOptions;
  readonly far?: SideOptions;
}

/** Who wants to know of a pair, beside its sinks. */
export interface Watcher {
  fault(fault: Fault): void;
  /** Both sides have closed. */
  closed(): void;
}

/**
 * Two transports, the first called near, the second far. What is written to one arrives at the other, never within the call: in a
 * microtask, or, where it takes time, by a timer of the clock.
 *
 * They behave as sockets do. Bytes and the end are held back while the reader has paused or not started; a reset is not. When one side
 * is destroyed, what it has sent still arrives, but for what waits for the bandwidth. Then the other side sees a clean end; or a reset, if
 * there was a cause, or something was lost, and when it goes on writing.
 *
 * @example
 * const [near, far] = pair({ clock, latency: 20, far: { chunking: 'bytes' } });
 * serve(far, handler, { timers: clock });
 * const connection = Connection.create(() => Promise.resolve(near), { timers: clock });
 */
export function pair(options: PairOptions = {}): [near: MemoryTransport, far: MemoryTransport] {
  return MemoryTransport.pair(options, null);
}

/** One side of a pair: a transport, with a view of what happens on it, and ways to make things happen to it. */
export class MemoryTransport implements Transport {
  readonly halfClose: boolean;
  readonly #watcher: Watcher | null;
  // Set by pair(), before anybody has the transport.
  #peer!: MemoryTransport;
  #out!: Pipe;
  #in!: Pipe;

  #sink: TransportSink | null = null;
  #paused = false;
  #ended = false;
  #destroyed: { readonly cause: unknown } | null = null;
  #closed: { readonly cause: unknown } | null = null;
  /** It closes in a microtask; nothing else is told any more. */
  #closing = false;
  /** Our end has gone out; theirs has come. */
  #endSent = false;
  #endCame = false;
  /** There was room again before anybody could be told. */
  #owesWritable = false;
  #bytesWritten = 0;
  #bytesRead = 0;

  /** @internal */
  static pair(options: PairOptions, watcher: Watcher | null): [MemoryTransport, MemoryTransport] {
    const { clock = null, near: nearOptions, far: farOptions, ...both } = options;
    const near = new MemoryTransport({ ...both, ...nearOptions }, watcher);
    const far = new MemoryTransport({ ...both, ...farOptions }, watcher);
    near.#peer = far;
    far.#peer = near;
    near.#out = far.#in = new Pipe(near.#ends(), clock, { ...both, ...nearOptions });
    far.#out = near.#in = new Pipe(far.#ends(), clock, { ...both, ...farOptions });
    // There may be a fault before the first byte.
    near.#out.wake();
    far.#out.wake();
    return [near, far];
  }

  private constructor({ halfClose = true }: SideOptions, watcher: Watcher | null) {
    this.halfClose = halfClose;
    this.#watcher = watcher;
  }

  // The transport.

  start(sink: TransportSink): void {
    if (this.#sink !== null) throw new TypeError('Cannot start a transport a second time');
    this.#sink = sink;
    this.#in.wake();
    const closed = this.#closed;
    if (closed !== null) queueMicrotask(() => sink.closed(closed.cause));
    else if (this.#owesWritable) queueMicrotask(() => this.#owesWritable && this.#onWritable());
  }

  write(bytes: Uint8Array): boolean {
    this.#check('write');
    if (this.#closing) return false;
    this.#owesWritable = false;
    this.#bytesWritten += bytes.length;
    return this.#out.write(bytes);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#in.wake();
  }

  end(): void {
    this.#check('end');
    this.#ended = true;
    if (!this.#closing) this.#out.end();
  }

  destroy(cause?: unknown): void {
    if (this.#destroyed !== null || this.#closed !== null) return;
    this.#destroyed = { cause };
    if (this.#closing) return;
    this.#out.letGo(cause);
    this.#close(cause);
  }

  // What has happened on it.

  /** Bytes that were written, whatever has become of them. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Bytes that the sink has got. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Bytes that were written and that the other side has not got yet. */
  get underWay(): number {
    return this.#out.underWay;
  }

  /** The most that was ever under way. */
  get mostUnderWay(): number {
    return this.#out.mostUnderWay;
  }

  /** Was `pause()` called, and no `resume()` since? */
  get paused(): boolean {
    return this.#paused;
  }

  /** Was `end()` called? */
  get ended(): boolean {
    return this.#ended;
  }

  /** What `destroy()` was called with; null if it was not. */
  get destroyed(): { readonly cause: unknown } | null {
    return this.#destroyed;
  }

  /** What the sink was told, or would have been if there were one, when the transport closed; null while it has not. */
  get closed(): { readonly cause: unknown } | null {
    return this.#closed;
  }

  // What the network does to it.

  /** From now on nothing that this side has sent arrives, until `flow()`. */
  stall(): void {
    this.#out.stall();
  }

  /** Undoes `stall()`. */
  flow(): void {
    this.#out.flow();
  }

  /** Breaks the connection: what a side has not got is lost, in both directions, and both sides close, with this cause. */
  reset(cause: unknown = new NetworkError('ERR_RESET', 'The connection was reset')): void {
    this.#close(cause);
    this.#peer.#close(cause);
  }

  /** What the other side has not got yet is lost, and so is all that this side will send; the other sees an end of that kind. */
  truncate(eof: EndOfInput = 'truncated'): void {
    this.#out.cutOff(eof);
  }

  #check(action: string): void {
    if (this.#ended) throw new TypeError(`Cannot ${action}: the transport has ended`);
    if (this.#destroyed !== null) throw new TypeError(`Cannot ${action}: the transport was destroyed`);
    if (this.#closed !== null) throw new TypeError(`Cannot ${action}: the transport has closed`);
  }

  /** The ends of the pipe that this side writes to. */
  #ends(): Ends {
    const reader = this.#peer;
    return {
      ready: () => reader.#closing || (reader.#sink !== null && !reader.#paused),
      gone: () => reader.#closing,
      bytes: (bytes) => reader.#onBytes(bytes),
      end: (eof) => reader.#onEnd(eof),
      broken: (error) => reader.#close(error),
      writable: () => this.#onWritable(),
      ended: () => this.#onEndSent(),
      lost: () => {
        const error = new NetworkError('ERR_RESET', 'The connection was reset: the other side has gone');
        if (!this.#in.reset(error)) this.#close(error);
      },
      fault: (fault) => {
        this.#watcher?.fault(fault);
        if (fault.kind === 'reset') this.reset();
      },
    };
  }

  #onBytes(bytes: Uint8Array): void {
    this.#bytesRead += bytes.length;
    this.#sink?.bytes(bytes);
  }

  #onEnd(eof: EndOfInput): void {
    this.#endCame = true;
    this.#sink?.end(eof);
    if (this.#endSent) this.#close(undefined);
  }

  #onWritable(): void {
    this.#owesWritable = this.#sink === null;
    if (this.#sink !== null && !this.#closing && !this.#ended) this.#sink.writable();
  }

  #onEndSent(): void {
    this.#endSent = true;
    if (this.#endCame || !this.halfClose) this.#close(undefined);
  }

  #close(cause: unknown): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#peer.#closing) {
      this.#in.stop();
      this.#out.stop();
    } else {
      this.#in.wake();
    }
    queueMicrotask(() => {
      this.#closed = { cause };
      this.#sink?.closed(cause);
      if (this.#peer.#closed !== null) this.#watcher?.closed();
    });
  }
}
