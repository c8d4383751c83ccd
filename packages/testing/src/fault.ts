// What can go wrong with the bytes of one direction, and where. Data only: pipe.ts makes it happen, network.ts decides it.

/** A fault that happens at a place in what one side sends. */
export type Fault =
  | {
      /** The bytes before and behind do not arrive together. (Those of any other fault do not either.) */
      readonly kind: 'fragment';
      /** How many bytes of this direction go before. */
      readonly at: number;
    }
  | {
      /**
       * `delay` and `stall`: nothing passes this place until so much later. A stall is a long delay, beyond what somebody waits for.
       * `coalesce`: the same, and what has come by then, up to the next fault, arrives in one piece.
       */
      readonly kind: 'delay' | 'stall' | 'coalesce';
      readonly at: number;
      /** Milliseconds from when the byte at this place, or the end, would have arrived. */
      readonly ms: number;
    }
  | {
      /** `reset`: both sides are told that the transport has closed, with a `NetworkError`. `half-close`: the reader sees a clean end. */
      readonly kind: 'reset' | 'half-close';
      /** Exactly so many bytes arrive before it; what is sent behind them, and the end, is lost. */
      readonly at: number;
    }
  | {
      /** The reader sees an end that is not clean. */
      readonly kind: 'truncate';
      readonly at: number;
      /** Default `truncated`. */
      readonly eof?: 'truncated' | 'unknown';
    };

/** What the network did: it broke a connection (`ERR_RESET`), or refused one (`ERR_REFUSED`). */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly code: 'ERR_RESET' | 'ERR_REFUSED';

  constructor(code: 'ERR_RESET' | 'ERR_REFUSED', message: string, options?: { cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** Does nothing pass behind it any more? */
export function isLast(fault: Fault): fault is Extract<Fault, { kind: 'reset' | 'half-close' | 'truncate' }> {
  return fault.kind === 'reset' || fault.kind === 'half-close' || fault.kind === 'truncate';
}

/**
 * The same faults, each looked at before it is used, since they may be without end; those of an array at once.
 *
 * @throws {RangeError} One is out of order, or takes time that nobody keeps.
 */
export function checkedFaults(faults: Iterable<Fault>, hasClock: boolean): Iterator<Fault, void> {
  const each = check(faults, hasClock);
  return Array.isArray(faults) ? [...each].values() : each;
}

function* check(faults: Iterable<Fault>, hasClock: boolean): Generator<Fault, void> {
  let least = 0;
  for (const fault of faults) {
    const { kind, at } = fault;
    if (!Number.isInteger(at) || at < least) {
      throw new RangeError(`Cannot place the fault '${kind}' at ${at}: not an integer from ${least} on`);
    }
    if ('ms' in fault && !(fault.ms >= 0 && fault.ms < Infinity)) {
      throw new RangeError(`Cannot have the fault '${kind}' take ${fault.ms} ms`);
    }
    if ('ms' in fault && !hasClock) throw new TypeError(`Cannot have the fault '${kind}' without a clock`);
    least = at;
    yield fault;
  }
}
