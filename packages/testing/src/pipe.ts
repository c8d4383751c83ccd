// One direction of a pair: bytes go in at one end, and come out at the other, later and in pieces. Knows time, sizes and faults.
// Refuses to know what the bytes mean, and the other direction.

import type { EndOfInput } from '@halfpipe/driver';
import type { Clock } from './clock.ts';
import { checkedFaults, type Fault, isLast, NetworkError } from './fault.ts';
import { PieceQueue } from './piece-queue.ts';

/**
 * How what is written in one call arrives: `whole`, in single `bytes`, in pieces of at most a number of bytes, or in the pieces that
 * a function makes of it, which together must be all of it.
 */
export type Chunking = 'whole' | 'bytes' | number | ((bytes: Uint8Array) => Iterable<Uint8Array>);

/** How what one side sends reaches the other. */
export interface PipeOptions {
  /** From when it is written until it arrives, in milliseconds. Above 0 it needs a clock. Default 0: it arrives in a microtask. */
  readonly latency?: number;
  /** Bytes per second. A limit needs a clock. Default Infinity. */
  readonly bandwidth?: number;
  /** So many bytes under way make `write()` answer false, until none is: sent, and not yet taken by the other side. Default 64 KiB. */
  readonly bufferSize?: number;
  /** Default `whole`. */
  readonly chunking?: Chunking;
  /** How the end of this side looks to the other. Default `clean`. */
  readonly eof?: EndOfInput;
  /** What goes wrong, in the order of the places. What takes time needs a clock. Default: nothing. */
  readonly faults?: Iterable<Fault>;
}

/** Who is at the ends of a pipe. None of it throws. */
export interface Ends {
  /** Does the reader take what comes, for the time being? */
  ready(): boolean;
  /** Is the reader no more? Then it is ready too. */
  gone(): boolean;
  /** To the reader: bytes, as they were written, and not copied unless they were coalesced. */
  bytes(bytes: Uint8Array): void;
  /** To the reader: that was all. */
  end(eof: EndOfInput): void;
  /** To the reader: there is nobody any more. */
  broken(error: NetworkError): void;
  /** To the writer: nothing is under way any more. */
  writable(): void;
  /** To the writer: its end has gone out, and all before it. */
  ended(): void;
  /** To the writer: its bytes came to where nobody was. */
  lost(): void;
  /** A fault has happened. A `reset` is for the ends to carry out. */
  fault(fault: Fault): void;
}

/** What a timer can wait. */
const longestDelay = 2 ** 31 - 1;

export class Pipe {
  readonly #ends: Ends;
  readonly #clock: Clock | null;
  readonly #latency: number;
  readonly #bufferSize: number;
  readonly #greatest: number;
  readonly #cut: ((bytes: Uint8Array) => Iterable<Uint8Array>) | null;
  readonly #faults: Iterator<Fault, void>;
  readonly #queue: PieceQueue;
  readonly #onTurn: () => void;
  readonly #onTimer: () => void;

  #delivered = 0;
  #mostUnderWay = 0;
  #full = false;

  /** When there is an end to tell, of the writer or of the fault; Infinity while there is none. */
  #endAt = Infinity;
  #eof: EndOfInput;
  #eofTold = false;
  #writerEnded = false;
  /** When a reset arrives; Infinity while there is none. */
  #resetAt = Infinity;
  #error: NetworkError | null = null;

  /** The next one. */
  #fault: Fault | null;
  #holdUntil = 0;
  #merging = false;
  #stalled = false;
  /** What is written is lost, and so is the end. */
  #cutOff = false;

  #scheduled = false;
  #timer: unknown = null;
  #timerAt = Infinity;
  #over = false;

  constructor(ends: Ends, clock: Clock | null, options: PipeOptions) {
    const { latency = 0, bandwidth = Infinity, bufferSize = 64 * 1024, chunking = 'whole', eof = 'clean' } = options;
    demand('latency', latency, latency >= 0 && latency < Infinity);
    demand('bandwidth', bandwidth, bandwidth > 0);
    demand('bufferSize', bufferSize, bufferSize >= 1);
    if (typeof chunking === 'number') demand('chunking', chunking, Number.isInteger(chunking) && chunking >= 1);
    if (clock === null && (latency > 0 || bandwidth < Infinity)) {
      throw new TypeError('Cannot have latency or a bandwidth without a clock');
    }
    this.#ends = ends;
    this.#clock = clock;
    this.#latency = latency;
    this.#bufferSize = bufferSize;
    this.#greatest = chunking === 'bytes' ? 1 : typeof chunking === 'number' ? chunking : Infinity;
    this.#cut = typeof chunking === 'function' ? chunking : null;
    this.#eof = eof;
    this.#faults = checkedFaults(options.faults ?? [], clock !== null);
    this.#fault = this.#faults.next().value ?? null;
    this.#queue = new PieceQueue(bandwidth);
    this.#onTurn = () => {
      this.#scheduled = false;
      this.#step();
    };
    this.#onTimer = () => {
      this.#timer = null;
      this.#timerAt = Infinity;
      this.#step();
    };
  }

  /** Bytes written and not yet taken by the reader. */
  get underWay(): number {
    return this.#queue.size;
  }

  /** The most that has ever been under way. */
  get mostUnderWay(): number {
    return this.#mostUnderWay;
  }

  // The writer's side.

  /** False: nothing more, please, until `writable`. */
  write(bytes: Uint8Array): boolean {
    if (this.#cutOff || this.#over) return true;
    const queue = this.#queue;
    if (this.#cut === null) {
      queue.push(bytes, this.#now());
    } else {
      const pieces = [...this.#cut(bytes)];
      const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
      if (size !== bytes.length) throw new TypeError(`Cannot cut ${bytes.length} bytes into pieces of ${size} in all`);
      for (const piece of pieces) queue.push(piece, this.#now());
    }
    if (queue.size > this.#mostUnderWay) this.#mostUnderWay = queue.size;
    this.#full = queue.size >= this.#bufferSize;
    this.wake();
    return !this.#full;
  }

  /** That was all. */
  end(): void {
    this.#writerEnded = true;
    this.#endAt = this.#arrival();
    this.wake();
  }

  /**
   * The writer has let go. The reader gets what has been sent, and sees an end if that is all and there is no cause; else a reset, since
   * what was lost must not look whole.
   */
  letGo(cause: unknown): void {
    if (this.#cutOff) return;
    const { size } = this.#queue;
    this.#queue.keepSentBy(this.#now());
    if (cause !== undefined || this.#queue.size < size) {
      this.#endAt = Infinity;
      this.reset(new NetworkError('ERR_RESET', 'The connection was reset by the other side', { cause }));
    } else if (!this.#eofTold) {
      this.#endAt = this.#arrival();
      this.wake();
    }
  }

  /** The reader sees a reset. False: it does not, since nothing more gets through. */
  reset(error: NetworkError): boolean {
    if (this.#cutOff || this.#over) return false;
    this.#error = error;
    this.#resetAt = this.#arrival();
    this.wake();
    return true;
  }

  // The network's side.

  /** Nothing more arrives until `flow()`. */
  stall(): void {
    this.#stalled = true;
  }

  /** Undoes `stall()`. */
  flow(): void {
    this.#stalled = false;
    this.wake();
  }

  /** What the reader has not got is lost, and so is all that will be sent; the reader sees such an end. */
  cutOff(eof: EndOfInput): void {
    if (this.#cutOff || this.#over) return;
    this.#queue.clear();
    this.#cutOff = true;
    this.#stalled = false;
    this.#endAt = this.#now();
    if (!this.#eofTold) this.#eof = eof;
    this.#takeTurn();
  }

  /** Nothing happens any more. */
  stop(): void {
    this.#over = true;
    this.#queue.clear();
    this.#disarm();
  }

  /** Sees to it that the next thing happens when it is due. To be called after whatever may have changed what that is, or when. */
  wake(): void {
    if (this.#scheduled || this.#over) return;
    const due = this.#due();
    if (due === Infinity) return;
    const clock = this.#clock;
    if (clock === null || due <= clock.now()) {
      this.#takeTurn();
    } else if (due < this.#timerAt) {
      // A timer that fires too early finds nothing due, and is set again.
      this.#disarm();
      this.#timerAt = due;
      this.#timer = clock.setTimeout(this.#onTimer, Math.min(due - clock.now(), longestDelay));
    }
  }

  #takeTurn(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#onTurn);
  }

  #disarm(): void {
    if (this.#timer === null) return;
    this.#clock?.clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAt = Infinity;
  }

  /** Without a clock it is always 0, and everything has been sent. */
  #now(): number {
    return this.#clock === null ? 0 : this.#clock.now();
  }

  /** When an end arrives that is sent now. */
  #arrival(): number {
    return this.#queue.allSentAt(this.#now()) + this.#latency;
  }

  /** When something can happen. Infinity: not before something else has. */
  #due(): number {
    return this.#stalled ? Infinity : Math.min(this.#nextDue(), this.#resetAt);
  }

  /** When what comes next can, a reset aside: it waits for nobody. */
  #nextDue(): number {
    const fault = this.#fault;
    if (fault !== null && fault.at === this.#delivered && isLast(fault) && !this.#ends.gone()) return this.#holdUntil;
    const size = this.#nextSize();
    if (size === 0 && this.#endAt === Infinity) return Infinity;
    if ((size > 0 || !this.#eofTold) && !this.#ends.ready()) return Infinity;
    const at = size > 0 ? this.#queue.sentAt(size) + this.#latency : this.#endAt;
    return Math.max(at, this.#holdUntil);
  }

  /** How much arrives next, in one piece; 0 if nothing is under way. */
  #nextSize(): number {
    return Math.min(this.#queue.firstSize, this.#greatest, this.#untilFault());
  }

  /** Of a fault right here, the next byte is what it happens to. */
  #untilFault(): number {
    return this.#fault === null ? Infinity : Math.max(this.#fault.at - this.#delivered, 1);
  }

  #step(): void {
    if (this.#over) return;
    const now = this.#now();
    // What was to happen may have been overtaken.
    if (this.#due() <= now) this.#happen(now);
    if (this.#full && this.#queue.size === 0) {
      this.#full = false;
      this.#ends.writable();
    }
    this.wake();
  }

  #happen(now: number): void {
    if (this.#nextDue() > now) return this.#tellReset();
    if (this.#ends.gone()) return this.#arriveNowhere();
    while (this.#fault?.at === this.#delivered) {
      if (this.#strike(this.#fault, now)) return;
    }
    if (this.#queue.size > 0) this.#deliver(now);
    else this.#tellEnd();
  }

  /** Does the fault, and says whether it puts off what was about to happen. */
  #strike(fault: Fault, now: number): boolean {
    this.#fault = isLast(fault) ? null : (this.#faults.next().value ?? null);
    if (isLast(fault)) {
      if (fault.kind !== 'reset') this.cutOff(fault.kind === 'truncate' ? (fault.eof ?? 'truncated') : 'clean');
    } else if (fault.kind !== 'fragment') {
      this.#holdUntil = now + fault.ms;
      this.#merging ||= fault.kind === 'coalesce';
    }
    this.#ends.fault(fault);
    return isLast(fault) || this.#holdUntil > now;
  }

  #deliver(now: number): void {
    const bytes = this.#merging ? this.#takeAll(now) : this.#queue.take(this.#nextSize());
    this.#delivered += bytes.length;
    this.#ends.bytes(bytes);
  }

  /** Takes all that has arrived, up to the next fault, as one piece. */
  #takeAll(now: number): Uint8Array {
    this.#merging = false;
    const queue = this.#queue;
    const taken: Uint8Array[] = [];
    let left = this.#untilFault();
    let size = this.#nextSize();
    do {
      taken.push(queue.take(size));
      left -= size;
      size = Math.min(queue.firstSize, left);
    } while (size > 0 && queue.sentAt(size) + this.#latency <= now);
    return joined(taken);
  }

  #tellEnd(): void {
    this.#endAt = Infinity;
    if (!this.#eofTold) {
      this.#eofTold = true;
      this.#ends.end(this.#eof);
    }
    if (this.#writerEnded) this.#ends.ended();
  }

  #tellReset(): void {
    this.#resetAt = Infinity;
    if (this.#error !== null) this.#ends.broken(this.#error);
  }

  #arriveNowhere(): void {
    if (this.#queue.size > 0) {
      // The end behind it is not sent either: the writer must not think that all is well.
      this.stop();
      return this.#ends.lost();
    }
    this.#endAt = Infinity;
    this.#eofTold = true;
    if (this.#writerEnded) this.#ends.ended();
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!; // The length was looked at.
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function demand(name: string, value: number, isRight: boolean): void {
  if (!isRight) throw new RangeError(`Cannot have a ${name} of ${value}`);
}
