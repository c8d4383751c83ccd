// The drive loop of both roles: binds a connection of the core to a transport. Bytes in, events out to the role; chunks of
// output to the transport; the deadline to a timer. Synchronous where it can be, so that an answer leaves in the call that brought its
// question. Knows the transport face of the core and nothing of messages.

import type { Connection as ProtocolConnection } from '@halfpipe/core';
import { longestDelay, type Timers } from './timers.ts';
import type { EndOfInput, Transport, TransportSink } from './transport.ts';
import type { Upgraded } from './upgraded.ts';

/** Above this much unsent output, in bytes, streamed bodies wait and a server takes no further request. */
const highWater = 64 * 1024;

/** What a role does with its events. */
export interface Role<Event> {
  event(event: Event): void;
  /** May no event be pulled now, because nobody wants the body it would bring? */
  held(): boolean;
  /** Everything that could be pulled and sent has been. */
  settled(): void;
  /** The transport has been let go of or handed over; the last call. */
  over(): void;
}

export interface PumpOptions {
  readonly timers: Timers;
  /** How long an orderly end waits for the transport to close by itself, in milliseconds. */
  readonly linger: number;
  readonly role: 'client' | 'server';
}

export class Pump<Event> implements TransportSink {
  readonly #core: ProtocolConnection<Event>;
  readonly #transport: Transport;
  readonly #role: Role<Event>;
  readonly #timers: Timers;
  readonly #linger: number;
  readonly #isServer: boolean;
  readonly #onTimer: () => void;
  /** Made when it is first needed, as are the waiters: an idle connection of a handler that answers at once has neither. */
  #onWake: (() => void) | null = null;

  #pumping = false;
  #again = false;
  #advanced = false;
  #scheduled = false;
  #over = false;
  // Of the transport: it is full, asked to pause, told to end, has ended, is gone.
  #full = false;
  #paused = false;
  #ended = false;
  #peerEnd: EndOfInput | null = null;
  #gone: { readonly cause: unknown } | null = null;
  #cut: { readonly cause: unknown } | null = null;
  #aborted = false;
  /** The core has finished, and what it had to say of that has been pulled. */
  #told = false;
  /** Something may have taken too long: what the core says of that is not held up by a body. */
  #timeUp = false;
  #successor: Upgraded | null = null;

  #timer: unknown = null;
  #timerAt = Infinity;
  #lingerUntil = Infinity;
  #waiters: (() => void)[] | null = null;
  #bytesRead = 0;
  #lastRead = 0;

  constructor(core: ProtocolConnection<Event>, transport: Transport, role: Role<Event>, options: PumpOptions) {
    this.#core = core;
    this.#transport = transport;
    this.#role = role;
    this.#timers = options.timers;
    this.#linger = options.linger;
    this.#isServer = options.role === 'server';
    this.#onTimer = () => {
      this.#timer = null;
      this.#timeUp = true;
      this.run();
      this.#timeUp = false;
    };
  }

  /** Bytes that have come before the last read, the last read left out. */
  get bytesReadBefore(): number {
    return this.#bytesRead - this.#lastRead;
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  start(): void {
    this.#core.advance(this.#timers.now());
    this.#transport.start(this);
    this.run();
  }

  /** The core's `wake`: what is queued in this turn goes out together at its end. */
  wake(): void {
    if (this.#pumping) {
      this.#again = true;
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      this.#onWake ??= () => {
        this.#scheduled = false;
        this.run();
      };
      queueMicrotask(this.#onWake);
    }
  }

  /** Null if there is room for more output; else a promise of it, which also resolves when the connection is over. */
  room(): Promise<void> | null {
    if (this.#core.outputSize < highWater || this.#over) return null;
    this.run();
    if (this.#core.outputSize < highWater || this.#over) return null;
    return new Promise((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push(resolve);
    });
  }

  /** Ends the connection now. */
  abort(cause: unknown): void {
    if (this.#over) return;
    this.cut(cause);
    if (this.#successor !== null) return this.#letGo(cause);
    this.#aborted = true;
    this.#core.abort(cause);
    this.run();
  }

  /** Its end will not be an orderly one: no body holds it up, and when the core has finished, the transport is destroyed. */
  cut(cause: unknown): void {
    this.#cut ??= { cause };
  }

  /** From here on all that comes is the successor's; it gets the transport when the core's output is out. */
  handOver(successor: Upgraded, leftover: Uint8Array): void {
    this.#successor = successor;
    successor.takeOver(leftover);
    // What the core has been told already, it keeps to itself.
    if (this.#peerEnd !== null) successor.receiveEnd(this.#peerEnd);
    if (this.#gone !== null) successor.receiveClosed(this.#gone.cause);
  }

  // The transport's side.

  bytes(bytes: Uint8Array): void {
    if (this.#successor !== null) return this.#successor.receive(bytes);
    this.#bytesRead += bytes.length;
    this.#lastRead = bytes.length;
    if (this.#over || this.#core.finished) return;
    this.#advance();
    this.#core.receive(bytes);
    this.run();
  }

  end(eof: EndOfInput): void {
    if (this.#successor !== null) return this.#successor.receiveEnd(eof);
    if (this.#over) return;
    this.#peerEnd = eof;
    if (!this.#core.finished) {
      this.#advance();
      this.#core.receiveEnd(eof);
    }
    this.run();
  }

  writable(): void {
    this.#full = false;
    if (this.#over) this.#successor?.receiveWritable();
    else this.run();
  }

  closed(cause?: unknown): void {
    this.#gone = { cause };
    this.#successor?.receiveClosed(cause);
    this.run();
  }

  /** After anything: pull, send, look at what has changed. Called from within, it makes the loop go round once more. */
  run(): void {
    this.#again = true;
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#again && !this.#over) {
        this.#again = false;
        if (!this.#advanced) this.#advance();
        this.#advanced = false;
        this.#pull();
        this.#push();
        this.#settle();
      }
    } finally {
      this.#pumping = false;
    }
  }

  /** A clock costs as much as a small message; one look at it does for a read and what follows from it. */
  #advance(): void {
    this.#core.advance(this.#timers.now());
    this.#advanced = true;
  }

  #pull(): void {
    const role = this.#role;
    const core = this.#core;
    while (this.#successor === null) {
      // A peer that does not read its responses gets no further ones made. A client must go on reading, or both could wait.
      if (this.#isServer && core.outputSize >= highWater) break;
      // After the end all there will be is in memory: it moves to the bodies, so that the end is seen in time.
      const isEnd =
        this.#peerEnd !== null || this.#gone !== null || this.#cut !== null || this.#timeUp || core.finished;
      if (!isEnd && role.held()) break;
      const event = core.nextEvent();
      if (event === null) break;
      role.event(event);
    }
    if (this.#gone !== null && this.#successor === null && !core.finished && !this.#aborted) {
      // Only now, so that what came before the transport went is still read.
      this.#aborted = true;
      core.abort(this.#gone.cause);
      this.#again = true;
    }
  }

  #push(): void {
    const core = this.#core;
    const wasHigh = core.outputSize >= highWater;
    while (!this.#full && this.#gone === null) {
      const chunk = core.nextChunk();
      if (chunk === null) break;
      if (!this.#transport.write(chunk)) this.#full = true;
    }
    if (core.outputSize >= highWater) return;
    if (wasHigh) this.#again = true;
    this.#release();
  }

  #release(): void {
    const waiters = this.#waiters;
    if (waiters === null) return;
    this.#waiters = null;
    for (const resolve of waiters) resolve();
  }

  #settle(): void {
    const core = this.#core;
    if (this.#successor !== null) {
      if (this.#gone !== null || core.outputSize === 0) this.#giveAway(this.#successor);
      return;
    }
    this.#role.settled();
    if (this.#again) return;
    const finished = core.finished;
    if (finished && !this.#told) {
      // By a timeout, say, while a body held events back: how it ended is among them.
      this.#told = true;
      this.#again = true;
      return;
    }
    const paused = !finished && !core.wantsInput;
    if (paused !== this.#paused) {
      this.#paused = paused;
      if (paused) this.#transport.pause();
      else this.#transport.resume();
    }
    if (this.#aborted || (finished && (this.#cut !== null || this.#gone !== null)))
      return this.#letGo(this.#cut?.cause);
    // Without a half-close, end() takes the responses away that a client still waits for. A server has nothing to wait for.
    if (
      core.outputEnded &&
      core.outputSize === 0 &&
      !this.#ended &&
      (this.#isServer || this.#transport.halfClose || finished)
    ) {
      this.#ended = true;
      this.#transport.end();
    }
    if (finished) this.#finish();
    else this.#arm(core.deadline);
  }

  /**
   * Both directions are over for the core, but what was written may not be out yet, and destroy() would drop it. A transport that was
   * told to end closes by itself when it is out and the peer has ended too; it gets as long for that as a lingering close.
   */
  #finish(): void {
    const now = this.#timers.now();
    if (this.#lingerUntil === Infinity) {
      // The core of a server has already waited for the peer: if it finished without the peer's end, the time is up.
      if (this.#isServer && this.#peerEnd === null) return this.#letGo(undefined);
      this.#lingerUntil = now + this.#linger;
    }
    if (now >= this.#lingerUntil) this.#letGo(undefined);
    else this.#arm(this.#lingerUntil);
  }

  #arm(deadline: number): void {
    if (this.#timer !== null) {
      // A timer that fires too early finds nothing due and is set again, which is cheaper than moving it with each message.
      if (this.#timerAt <= deadline && deadline !== Infinity) return;
      this.#disarm();
    }
    if (deadline === Infinity) return;
    this.#timerAt = deadline;
    const delay = Math.ceil(deadline - this.#timers.now());
    this.#timer = this.#timers.setTimeout(this.#onTimer, Math.min(Math.max(delay, 0), longestDelay));
  }

  #disarm(): void {
    if (this.#timer === null) return;
    this.#timers.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #letGo(cause: unknown): void {
    this.#leave();
    if (this.#gone === null) this.#transport.destroy(cause);
    this.#role.over();
  }

  #giveAway(successor: Upgraded): void {
    this.#leave();
    if (this.#gone === null) successor.open();
    this.#role.over();
  }

  #leave(): void {
    this.#over = true;
    this.#disarm();
    this.#release();
  }
}
