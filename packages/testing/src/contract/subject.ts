// What the contract suite is told of a kind of transport, and of where it runs. Types only.

import type { Timers, Transport } from '@halfpipe/driver';

/**
 * What not every transport can do. `half-close`: `end()` leaves the other direction open. `reset`: `destroy()` with a cause, or with
 * something unsent, does not look like an end in order to the other side. `pause`: a side that pauses stops the other from writing.
 */
export type Ability = 'half-close' | 'reset' | 'pause';

/** A kind of transport, and how to make a connected pair of it. */
export interface ContractSubject {
  /** In a few words, such as `TCP`. */
  readonly name: string;
  /** Two transports that were just connected: near dialled, and is the client; far accepted, and is the server. Each call makes new ones. */
  pair(): Promise<readonly [near: Transport, far: Transport]>;
  /** What it cannot do, and why: what needs it is skipped. */
  readonly cannot?: Readonly<Partial<Record<Ability, string>>>;
  /** Cases that it cannot pass although it has the abilities, by their whole names, and why: they are skipped. */
  readonly except?: Readonly<Record<string, string>>;
  /** How many bytes of one direction may be on their way, in buffers of whoever carries them, in bytes. Default 32 MiB. */
  readonly underWay?: number;
  /**
   * How many handles are open: sockets and the like that the platform knows. Behind each case there must be no more than before it. Default:
   * that is not looked at.
   */
  handles?(): number | Promise<number>;
}

/** Where the suite runs, and how much of it. */
export interface ContractOptions {
  /** What goes each way in the cases of great size, in bytes; their names say it. Default 64 MiB. */
  readonly size?: number;
  /** Calls that are pipelined. Default 1,000. */
  readonly exchanges?: number;
  /** What a case may take, in milliseconds. Default 30,000. */
  readonly timeLimit?: number;
  /** The clock and the timers of connections and servers; they must go by themselves. Default: the platform's. */
  readonly timers?: Timers;
  /**
   * Has `tell` called for each rejection that nobody handled and each error that nobody caught, until the function that it returns is
   * called. Default: by the events of `globalThis`, where it has them.
   */
  readonly watch?: (tell: (error: unknown) => void) => () => void;
}

/** One case, for any runner: `test(name, run)`. */
export interface ContractCase {
  /** A sentence, which says so if the case is skipped, and why. */
  readonly name: string;
  /** Why it cannot be run; null if it can. */
  readonly skipped: string | null;
  /** Resolves if it passes, rejects if it fails. Does nothing if it is skipped. Cases run one at a time. */
  run(): Promise<void>;
}

/** What came of a case. */
export interface ContractResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What failed, or why it was skipped; empty if it passed. */
  readonly detail: string;
  /** How long it took, in milliseconds. */
  readonly duration: number;
}
