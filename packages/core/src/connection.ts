// What both roles share: the face towards the transport (bytes in, bytes out, time), the events in their order, the clock, and the
// fate of the connection. Knows nothing of what a message means; the roles fill in how bytes become events.

import { LocalProtocolError, type RemoteProtocolError } from './errors.ts';
import { type Eof, Input } from './input.ts';
import type { Framing, Relaxation } from './message.ts';
import { isBytes } from './octets.ts';
import { OtherReader } from './opinion.ts';
import { Output } from './output.ts';
import { borrowReader, type HeadReader } from './parser.ts';
import { type CloseReason, type Persistence, settle, undecided } from './persistence.ts';
import { Queue } from './queue.ts';

/** Bounds on what a peer may send, all finite by default but for the body. Sizes are bytes consumed, however they arrived. */
export interface Limits {
  /** Start-line and fields together. Default 16 KiB; beyond it ERR_HEAD_SIZE, 431. */
  headSize: number;
  /** The start-line alone, without its line end. Default 8 KiB; beyond it ERR_HEAD_SIZE, 414 for a request (RFC 9112 §3). */
  startLineSize: number;
  /** Fields in a head, and in a trailer section. Default 100; beyond it ERR_HEAD_SIZE, 431. */
  headers: number;
  /** A trailer section. Default 4 KiB; beyond it ERR_HEAD_SIZE, 431. */
  trailerSize: number;
  /** A chunk's line, extensions included. Default 1 KiB; beyond it ERR_CHUNK, 413. */
  chunkLineSize: number;
  /** The chunk extensions of a whole message. Default 16 KiB; beyond it ERR_CHUNK, 413 (RFC 9112 §7.1.1). */
  extensionSize: number;
  /** A body. Default Infinity; beyond it ERR_BODY_SIZE, 413. */
  bodySize: number;
  /** The rest of a request's body that is taken in after its response, to save the connection. Default 64 KiB. */
  drainSize: number;
  /** Interim (1xx) responses to one request. Default 16; beyond it ERR_HEAD_SIZE. */
  interim: number;
}

/** Milliseconds; Infinity for never. They run on the time that advance() brings, and on nothing else. */
export interface Timeouts {
  /** From a message's first byte to the end of its head; for a client also the wait for a response. Server 60,000, client Infinity. */
  head: number;
  /** Between two bytes of a body. Default 60,000. */
  body: number;
  /** Between exchanges. Server 5,000; client Infinity, or what the peer's Keep-Alive says. */
  idle: number;
  /** A client sends its body unasked after this (RFC 9110 §10.1.1). Default 1,000. */
  continue: number;
  /** How long what comes after our last byte is read and dropped (RFC 9112 §9.6). Default 2,000. */
  linger: number;
}

/** Another parser's reading of a head. Field values without the white space around them, a character for each byte. */
export interface Reading {
  method?: string;
  target?: string;
  status?: number;
  raw: readonly string[];
  framing: Framing;
  contentLength: number | null;
}

/**
 * Another parser's reading of the same head, bytes from the start-line to the empty line. Where the two readings differ in method,
 * target, status, fields or framing, or this throws, the head is refused (ERR_SECOND_OPINION). The bytes are only lent for the
 * call. A response's framing is compared as its fields alone state it, as to GET.
 */
export type SecondOpinion = (head: Uint8Array, kind: 'request' | 'response') => Reading | 'refused';

/** What both roles can be told. */
export interface Options {
  limits?: Partial<Limits>;
  timeouts?: Partial<Timeouts>;
  /** Called when there is something to drain that no call from the transport's side led to; at most once before the next drain ends. */
  wake?: () => void;
  secondOpinion?: SecondOpinion;
  /** Departures from the RFCs to tolerate. Default none. */
  relax?: readonly Relaxation[];
}

const defaultLimits: Limits = {
  headSize: 16 * 1024,
  startLineSize: 8 * 1024,
  headers: 100,
  trailerSize: 4 * 1024,
  chunkLineSize: 1024,
  extensionSize: 16 * 1024,
  bodySize: Number.POSITIVE_INFINITY,
  drainSize: 64 * 1024,
  interim: 16,
};

/** What the input side waits for, and how long it may. */
export type Timer = 'none' | 'idle' | 'head' | 'body' | 'linger' | 'continue';

/**
 * One HTTP/1.1 connection with no I/O. The rule for driving it: after anything, pull nextEvent() until null, then nextChunk() until
 * null, then look at outputEnded, finished, wantsInput and deadline.
 */
export abstract class Connection<Event> implements Iterable<Event> {
  /** @internal */
  protected readonly input: Input = new Input();
  /** @internal */
  protected readonly output: Output = new Output();
  /** @internal */
  protected readonly limits: Limits;
  /** @internal */
  protected readonly timeouts: Timeouts;
  /** @internal */
  protected readonly otherReader: OtherReader | null;
  /** The time of the last advance(). @internal */
  protected now = 0;
  /** Nothing more will be queued. @internal */
  protected ended = false;
  /** No event will come of any more input. @internal */
  protected over = false;
  /** The bytes belong to another protocol now. @internal */
  protected released = false;
  readonly #relax: readonly Relaxation[] | undefined;
  readonly #wake: (() => void) | undefined;
  /** While a head is coming in. */
  #head: HeadReader | null = null;
  /** Null until more than one was true at once. */
  #events: Queue<Event> | null = null;
  #fate: Persistence = undecided;
  #draining = false;
  #timer: Timer = 'none';
  #expires = Number.POSITIVE_INFINITY;
  #continueAt = Number.POSITIVE_INFINITY;
  #started = false;

  /** @internal */
  protected constructor(options: Options, defaults: Timeouts) {
    this.limits = options.limits === undefined ? defaultLimits : { ...defaultLimits, ...defined(options.limits) };
    this.timeouts = options.timeouts === undefined ? defaults : { ...defaults, ...defined(options.timeouts) };
    this.otherReader = options.secondOpinion === undefined ? null : new OtherReader(options.secondOpinion);
    this.#relax = options.relax;
    this.#wake = options.wake;
  }

  /** Parses one event out of the input, or gives null when more is needed. @internal */
  protected abstract pull(): Event | null;
  /** Bytes have arrived. @internal */
  protected abstract arrived(): void;
  /** The wait has lasted too long. @internal */
  protected abstract expired(timer: Timer): void;

  /**
   * Bytes in. They are kept as views until they are used, so do not reuse the buffer. Nothing is parsed before nextEvent(). On a
   * connection that is over, or behind an `upgrade`, they are dropped. Throws ERR_STATE behind receiveEnd(), and for what is no Uint8Array.
   */
  receive(bytes: Uint8Array): this {
    if (!isBytes(bytes)) throw new LocalProtocolError('ERR_STATE', 'Cannot receive what is no Uint8Array');
    if (this.input.eof !== null && !this.over)
      throw new LocalProtocolError('ERR_STATE', 'Cannot receive behind the end of the input');
    this.#draining = true;
    if (this.over || bytes.length === 0) return this;
    this.input.push(bytes);
    this.arrived();
    return this;
  }

  /**
   * The peer's FIN. 'truncated' where the transport knows that more was meant to come, such as TLS without close_notify; 'unknown' where it
   * cannot tell. Default 'clean'. Only a body that lasts until the end is judged by the difference.
   */
  receiveEnd(eof: Eof = 'clean'): this {
    this.#draining = true;
    this.input.eof ??= eof;
    return this;
  }

  /** Parses one event, now; null until something changes: input, time, or a call of yours. */
  nextEvent(): Event | null {
    // A pull may find that several things are true at once; the first of them is the one to give.
    const event = this.#events?.shift() ?? this.pull() ?? this.#events?.shift() ?? null;
    if (event !== null) this.#draining = true;
    return event;
  }

  /** nextEvent() until null. Breaking out is harmless: the rest stays. */
  [Symbol.iterator](): Iterator<Event> {
    return {
      next: () => {
        const value = this.nextEvent();
        return value === null ? { done: true, value: undefined } : { done: false, value };
      },
    };
  }

  /** Bytes out, in order; null when none are queued. Ask again only once the transport takes more: the wait for the peer's end counts from there. */
  nextChunk(): Uint8Array | null {
    const chunk = this.output.take();
    if (chunk !== null && chunk.length > 0) return chunk;
    this.#draining = false;
    if (chunk !== null) this.bytesGone();
    if (this.ended) this.drained();
    return null;
  }

  /** A body's memory was given away before it went out: what is missing cannot be made good. @internal */
  protected bytesGone(): void {
    this.abort(new LocalProtocolError('ERR_BODY_LENGTH', 'Cannot send the body: its memory is gone'));
  }

  /** Everything has gone out, and nothing more will. @internal */
  protected drained(): void {}

  /** Read the transport only while true. False while bytes are held that may not be parsed yet: pull, or finish what comes before them. */
  get wantsInput(): boolean {
    return this.input.size === 0 && this.input.eof === null && !this.released && !this.finished;
  }

  /** Bytes queued and not yet taken by nextChunk(). */
  get outputSize(): number {
    return this.output.size;
  }

  /** Nothing more will be queued: half-close the transport when outputSize is 0. */
  get outputEnded(): boolean {
    return this.ended;
  }

  /** Both directions are over: let go of the transport. */
  abstract get finished(): boolean;

  /** May the connection be used again? Changes with events and calls; never leaves 'close' (RFC 9112 §9.3). */
  get persistence(): Persistence {
    return this.#fate;
  }

  /**
   * The time, in milliseconds on any clock that does not go back; the only way it gets in. It begins to run at the first call, so
   * call this before anything else, and before each drain. What is due happens now; its events come from nextEvent().
   */
  advance(now: number): void {
    this.#draining = true;
    if (!this.#started) {
      this.#started = true;
      this.#expires += now;
      this.#continueAt += now;
      this.now = now;
    }
    if (now > this.now) this.now = now;
    if (this.#continueAt <= this.now) this.expired('continue');
    if (this.#expires > this.now || this.#suspended) return;
    const timer = this.#timer;
    this.wait('none');
    this.expired(timer);
  }

  /** When to call advance(), on its clock; Infinity for never. Changes with events, input, output and calls. Reading a finite one before any advance() starts time at 0. */
  get deadline(): number {
    if (this.finished) return Number.POSITIVE_INFINITY;
    const deadline = Math.min(this.#suspended ? Number.POSITIVE_INFINITY : this.#expires, this.#continueAt);
    if (deadline < Number.POSITIVE_INFINITY) this.#started = true;
    return deadline;
  }

  // A body that is held here and not pulled is no fault of the peer's.
  get #suspended(): boolean {
    return this.#timer === 'body' && this.input.size > 0;
  }

  /** Finishes what is open, takes nothing new, then closes. */
  abstract shutdown(): void;

  /** The transport is gone, or must be: at once, and nothing more goes out. `cause` becomes the cause of what is lost. */
  abstract abort(cause?: unknown): void;

  /** Reads on in a head: what it says when it is whole, to be given back; false when more is needed; or what is wrong. @internal */
  protected readHead(kind: 'request' | 'response'): HeadReader | false | RemoteProtocolError {
    if (this.input.size === 0) return false;
    this.#head ??= borrowReader(kind, this.limits, this.#relax, this.otherReader?.keep);
    const reader = this.#head;
    const read = reader.read(this.input);
    if (read !== true) return read;
    this.#head = null;
    return reader;
  }

  /** Has a byte of a head that is not whole been seen, other than of an empty line before it? @internal */
  protected get headBegun(): boolean {
    return this.#head?.started === true;
  }

  /** @internal */
  protected get timer(): Timer {
    return this.#timer;
  }

  /** Starts a wait; it replaces the one before. @internal */
  protected wait(timer: Timer, ms: number = Number.POSITIVE_INFINITY): void {
    this.#timer = timer;
    this.#expires = this.now + ms;
  }

  /** The wait for 100, which runs beside the other; Infinity ends it. @internal */
  protected waitForContinue(ms: number): void {
    this.#continueAt = this.now + ms;
  }

  /** @internal */
  protected emit(event: Event): void {
    this.#events ??= new Queue();
    this.#events.push(event);
  }

  /** @internal */
  protected decide(fate: Persistence): void {
    if (fate !== this.#fate) this.#fate = settle(this.#fate, fate);
  }

  /** @internal */
  protected close(reason: CloseReason): void {
    if (this.#fate.verdict !== 'close') this.#fate = { verdict: 'close', reason };
  }

  /** @internal */
  protected get closing(): boolean {
    return this.#fate.verdict === 'close';
  }

  /** To be the last thing that a call from the application does. @internal */
  protected signal(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#wake?.();
  }
}

function defined<T extends object>(given: T): Partial<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>; // the same entries, fewer
}
