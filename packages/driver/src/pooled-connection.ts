// One connection of a pool: what it carries, whether it may carry more, and how long it is kept when it carries nothing.
// Knows nothing of the other connections, of what waits, nor of why a call is made.

import type { Attempt, CallOptions, IncomingResponse } from './call.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import { hold, longestDelay, type Timers } from './timers.ts';
import type { Transport } from './transport.ts';

/** Dials, and tells which transport of the adapter's carries it all. */
export type Dial = (signal: AbortSignal, carried: (transport: Transport) => void) => Promise<Transport>;

/** A call as a connection sees it. It leaves by `leave()`, or when its response has ended. */
export interface Passenger {
  readonly method: string;
  readonly url: URL;
  /** With its own signal and body; the attempt is the connection's. */
  readonly options: CallOptions;
  readonly pieces: Attempt['pieces'];
  /** May others be on the connection with it? */
  readonly shares: boolean;
  /** Its response has ended, and nothing more of it is sent. */
  ended(): void;
}

export interface PooledConnectionOptions {
  readonly dial: Dial;
  /** How long it is kept while idle, in milliseconds. */
  readonly keep: number;
  /** How many calls may be on it. */
  readonly depth: number;
  readonly timers: Timers;
  readonly connection: ConnectionOptions;
  /** Told of the carrying transport. */
  readonly onIdle: ((transport: Transport, idle: boolean) => void) | undefined;
  /** It may take another call, or is over. */
  changed(connection: PooledConnection): void;
}

export class PooledConnection {
  readonly #options: PooledConnectionOptions;
  readonly #timers: IdleTimers;
  readonly #connection: Connection;
  /** Those whose response has not ended, and whether its head has come. A call that was lost stays until it leaves. */
  readonly #calls = new Map<Passenger, 'waiting' | 'answered' | 'spared'>();
  #stage: 'opening' | 'open' | 'gone' = 'opening';
  #failure: { readonly cause: unknown } | null = null;
  #transport: Transport | null = null;
  /** One that cannot share is on it. */
  #alone = false;
  #oldPeer = false;
  #idleSince = Number.NEGATIVE_INFINITY;
  #resting = false;
  #keepTimer: unknown = null;

  constructor(options: PooledConnectionOptions) {
    this.#options = options;
    this.#timers = new IdleTimers(options.timers);
    this.#connection = Connection.create((signal) => this.#open(signal), {
      ...options.connection,
      timers: this.#timers,
      onClosed: (connection) => this.#closed(connection),
    });
  }

  /** Why it was never established, if it was not. */
  get failure(): { readonly cause: unknown } | null {
    return this.#failure;
  }

  /** It carries nothing, and takes calls. */
  get idle(): boolean {
    return this.#calls.size === 0 && this.#stage !== 'gone' && !this.#connection.closed;
  }

  /** Since when, in milliseconds; -Infinity where nothing was ever on it. */
  get idleSince(): number {
    return this.#idleSince;
  }

  /** Nothing more will come of it. */
  get gone(): boolean {
    return this.#stage === 'gone';
  }

  /** And all its calls have left. */
  get over(): boolean {
    return this.gone && this.#calls.size === 0;
  }

  get length(): number {
    return this.#calls.size;
  }

  /**
   * Would another call that shares go out at once, behind those that are under way? Not behind a response that has begun: it may be long, and
   * another connection may be free before.
   */
  get shares(): boolean {
    if (this.#alone || this.#oldPeer || this.#stage !== 'open') return false;
    if (this.#calls.size >= this.#options.depth || this.#connection.persistence.verdict !== 'keep') return false;
    for (const state of this.#calls.values()) if (state !== 'waiting') return false;
    return true;
  }

  /** Makes the call. Whoever gets a rejection must have the call leave. */
  call(passenger: Passenger): Promise<IncomingResponse> {
    this.#calls.set(passenger, 'waiting');
    this.#alone = !passenger.shares;
    this.#rest(false);
    const attempt: Attempt = {
      pieces: passenger.pieces,
      spares: () => this.#spares(passenger),
      ended: (answered) => this.#ended(passenger, answered),
    };
    return this.#connection.call(passenger.method, passenger.url, { ...passenger.options, attempt });
  }

  /** The head of its response has come. */
  answered(passenger: Passenger, { version }: IncomingResponse): void {
    this.#oldPeer = version === '1.0';
    if (this.#calls.has(passenger)) this.#calls.set(passenger, 'answered');
  }

  /** It was rejected. One that was spared stays: its response is still to come. */
  leave(passenger: Passenger): void {
    if (this.#calls.get(passenger) === 'spared') return;
    this.#calls.delete(passenger);
    this.#options.changed(this);
  }

  /** To be called when there is nothing for it: closes what was never of use, and keeps what is idle for a while. */
  settle(closing: boolean): void {
    if (!this.idle) return;
    if (this.#stage === 'opening') this.#connection.close();
    else if (closing || this.#options.keep <= 0) this.#connection.shutdown();
    else this.#rest(true);
  }

  /** From now on a response that nobody reads does not hold it up. */
  keepUnread(): void {
    this.#connection.keepUnread();
  }

  /** Resolves when the transport has been let go of; to be called when it is over. */
  released(): Promise<void> {
    return this.#connection[Symbol.asyncDispose]();
  }

  async #open(signal: AbortSignal): Promise<Transport> {
    try {
      const transport = await this.#options.dial(signal, (carrying) => {
        this.#transport = carrying;
      });
      if (this.#stage === 'opening') {
        this.#stage = 'open';
        this.#options.changed(this);
      }
      return transport;
    } catch (cause) {
      this.#failure = { cause };
      throw cause;
    }
  }

  /** Before its calls fail; they wait for the promise. */
  #closed(connection: Connection): void | Promise<void> {
    this.#stage = 'gone';
    this.#options.timers.clearTimeout(this.#keepTimer);
    this.#keepTimer = null;
    try {
      return this.#options.connection.onClosed?.(connection);
    } finally {
      this.#options.changed(this);
    }
  }

  /** Another call would be lost with it whose response has begun, or that would have to be made again. */
  #spares(passenger: Passenger): boolean {
    for (const [other, state] of this.#calls) {
      if (other === passenger || state === 'spared') continue;
      this.#calls.set(passenger, 'spared');
      return true;
    }
    return false;
  }

  #ended(passenger: Passenger, answered: boolean): void {
    if (!answered) return; // it leaves with its rejection
    passenger.ended();
    this.#calls.delete(passenger);
    this.#options.changed(this);
  }

  #rest(resting: boolean): void {
    if (this.#resting === resting) return;
    this.#resting = resting;
    this.#timers.idle = resting;
    if (this.#transport !== null) this.#options.onIdle?.(this.#transport, resting);
    if (!resting) return;
    this.#idleSince = this.#timers.now();
    this.#arm();
  }

  /** A timer that fires while it is in use, or too early, is set again, which is cheaper than moving it with each call. */
  #arm(): void {
    const { keep, timers } = this.#options;
    if (this.#keepTimer !== null || keep === Number.POSITIVE_INFINITY) return;
    const left = this.#idleSince + keep - timers.now();
    const onTimer = () => {
      this.#keepTimer = null;
      if (!this.#resting) return;
      if (timers.now() >= this.#idleSince + keep) this.#connection.shutdown();
      else this.#arm();
    };
    this.#keepTimer = timers.setTimeout(onTimer, Math.min(Math.max(Math.ceil(left), 0), longestDelay));
    hold(this.#keepTimer, false);
  }
}

/** The timers of a connection, which hold the process while something is under way. */
class IdleTimers implements Timers {
  readonly #timers: Timers;
  #idle = false;
  /** The last that was set: a connection has one at a time. */
  #handle: unknown = null;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  set idle(idle: boolean) {
    this.#idle = idle;
    hold(this.#handle, !idle);
  }

  now(): number {
    return this.#timers.now();
  }

  setTimeout(callback: () => void, delay: number): unknown {
    this.#handle = this.#timers.setTimeout(callback, delay);
    if (this.#idle) hold(this.#handle, false);
    return this.#handle;
  }

  clearTimeout(handle: unknown): void {
    this.#timers.clearTimeout(handle);
  }
}
