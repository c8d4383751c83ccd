// The connections to one origin, or to one proxy, and the calls that wait for one of them: which call goes on which connection, and when
// there is another. Knows nothing of URLs, of what is in a call, nor of whether it is made again.

import { type Passenger, PooledConnection, type PooledConnectionOptions } from './pooled-connection.ts';
import { Settled } from './settled.ts';
import { WaitingLine } from './waiting-line.ts';

/** A call that wants a connection. */
export interface Caller extends Passenger {
  /** Its place among all calls: lower ones go first. */
  readonly number: number;
  /** Only on a connection that nothing was on before. */
  readonly wantsFresh: boolean;
  /** There is a connection; it goes now, or never. */
  start(connection: PooledConnection): void;
  fail(error: unknown): void;
}

export interface OriginOptions extends Omit<PooledConnectionOptions, 'changed'> {
  /** How many connections there may be. */
  readonly parallel: number;
  /** Nothing is left: no connection, and nobody who wants one. */
  emptied(): void;
}

export class Origin {
  readonly #options: OriginOptions;
  readonly #connections = new Set<PooledConnection>();
  readonly #waiting = new WaitingLine<Caller>();
  readonly #empty = new Settled<void>();
  #placing = false;
  /** Connections that are over, and whose transport has not been let go of. */
  #leaving = 0;
  /** Dialling has failed. Those that wait are not for trying again, as long as there is a connection to wait for. */
  #unreachable = false;
  #closing = false;

  constructor(options: OriginOptions) {
    this.#options = options;
  }

  /** It starts, or waits; fails if no connection can be had. */
  submit(caller: Caller): void {
    if (this.#waiting.first === null) this.#unreachable = false;
    this.#waiting.add(caller);
    this.#place();
    this.#checkEmpty();
  }

  /** It does not wait any more. */
  leave(caller: Caller): void {
    this.#waiting.remove(caller);
    this.#place(); // those behind it may not have wanted what it waited for
    this.#checkEmpty();
  }

  /** A connection that was taken has failed the call, which may want another one. */
  lost(connection: PooledConnection, caller: Caller, again: boolean): void {
    // First of all, so that it stands before those that have waited when the connection makes room.
    if (again) this.#waiting.add(caller);
    connection.leave(caller);
  }

  /** To be called where something is left. Keeps nothing that is idle from now on; resolves when the last call has ended and the last transport has been let go of. */
  close(): Promise<void> {
    this.#closing = true;
    for (const connection of [...this.#connections]) {
      connection.keepUnread();
      connection.settle(true);
    }
    return this.#empty.promise;
  }

  /** Something has changed about a connection. */
  #changed(connection: PooledConnection): void {
    if (connection.over) this.#drop(connection);
    if (connection.failure !== null) {
      this.#unreachable = true;
      if (this.#connections.size === 0) this.#failAll(connection.failure.cause);
    }
    this.#place();
    connection.settle(this.#closing);
    this.#checkEmpty();
  }

  #drop(connection: PooledConnection): void {
    this.#connections.delete(connection);
    this.#leaving++;
    void connection.released().then(() => {
      this.#leaving--;
      this.#checkEmpty();
    });
  }

  #failAll(cause: unknown): void {
    for (let caller = this.#waiting.first; caller !== null; caller = this.#waiting.first) {
      this.#waiting.remove(caller);
      caller.fail(cause);
    }
  }

  /** In their order; nobody passes one that cannot go yet, or it might wait for ever. */
  #place(): void {
    // Called from within, by somebody's callback: the loop goes on.
    if (this.#placing) return;
    this.#placing = true;
    for (let caller = this.#waiting.first; caller !== null; caller = this.#waiting.first) {
      const connection = this.#choose(caller);
      if (connection === null) break;
      this.#waiting.remove(caller);
      try {
        caller.start(connection === 'new' ? this.#open() : connection);
      } catch (error) {
        caller.fail(error);
      }
    }
    this.#placing = false;
  }

  #choose(caller: Caller): PooledConnection | 'new' | null {
    const idle = this.#latestIdle();
    const mayOpen = this.#mayOpen(caller);
    if (idle !== null && !(caller.wantsFresh && mayOpen)) return idle;
    if (mayOpen) return 'new';
    return caller.shares ? this.#fewestCalls() : null;
  }

  #mayOpen({ wantsFresh }: Caller): boolean {
    const { size } = this.#connections;
    if (this.#unreachable && size > 0) return false;
    if (!wantsFresh) return size < this.#options.parallel;
    // It comes from a connection that is gone, whose room is its own, though other calls may still have to leave that.
    let room = this.#options.parallel;
    for (const connection of this.#connections) if (!connection.gone) room--;
    return room > 0;
  }

  /** The one that was in use last is the least likely to have been closed by the peer meanwhile. */
  #latestIdle(): PooledConnection | null {
    let latest: PooledConnection | null = null;
    for (const connection of this.#connections) {
      if (connection.idle && (latest === null || connection.idleSince >= latest.idleSince)) latest = connection;
    }
    return latest;
  }

  /** None gets more than its part of all calls there are: the others may be free in a moment. */
  #fewestCalls(): PooledConnection | null {
    let fewest: PooledConnection | null = null;
    let { length } = this.#waiting;
    for (const connection of this.#connections) {
      length += connection.length;
      if (connection.shares && (fewest === null || connection.length < fewest.length)) fewest = connection;
    }
    return fewest !== null && fewest.length * this.#connections.size < length ? fewest : null;
  }

  #open(): PooledConnection {
    this.#options.connection.signal?.throwIfAborted();
    const connection = new PooledConnection({ ...this.#options, changed: (changed) => this.#changed(changed) });
    this.#connections.add(connection);
    if (this.#closing) connection.keepUnread();
    return connection;
  }

  #checkEmpty(): void {
    if (this.#connections.size > 0 || this.#waiting.first !== null || this.#leaving > 0) return;
    this.#options.emptied();
    this.#empty.resolve();
  }
}
