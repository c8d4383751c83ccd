// One client connection as its user sees it: it takes calls at once, is established or not, and ends.
// Knows how many calls there are and whom to tell what; how a call becomes an exchange is exchanges.ts.

import type { ClientConnection, ClientOptions, Persistence } from '@halfpipe/core';
import { LocalProtocolError } from '@halfpipe/core';
import type { CallOptions, IncomingResponse } from './call.ts';
import { Call } from './call.ts';
import { type CallKeeper, Exchanges } from './exchanges.ts';
import { Settled } from './settled.ts';
import type { Timers } from './timers.ts';
import type { Open } from './transport.ts';

/** The options of the core's ClientConnection, and what a connection with a transport needs beside them. */
export interface ConnectionOptions extends ClientOptions {
  /** Called once when the connection is over, before the calls still waiting fail; they wait for the promise it may return. */
  onClosed?: (connection: Connection) => void | Promise<void>;
  /** Gives up connecting: every call rejects with its reason. Once the connection is established it has no more effect. */
  signal?: AbortSignal;
  /** Told of what is no error but should not happen: a response body left unread, an `onClosed` that throws. Default: nobody is. */
  onWarning?: (message: string) => void;
  /** The clock and the timers. Default: the platform's. */
  timers?: Timers;
  /** Given the protocol connection before anything has happened on it, to watch or record it; driving it is the driver's. */
  inspect?: (protocol: ClientConnection) => void;
}

/**
 * One client connection, possibly pipelined, usable before it is established. It never connects twice and never repeats a call.
 * Responses come in the order of the requests, so a body that is not read holds up the responses behind it.
 *
 * @example
 * const connection = Connection.create(open);
 * const response = await connection.call('GET', 'http://example.com/');
 * console.log(response.status, await response.body.text());
 * connection.shutdown();
 */
export class Connection {
  static readonly #keeper: CallKeeper = {
    lost: (connection, call, error) => connection.#lose(call, error),
    answered: (connection) => connection.#count(-1),
    closing: (connection) => connection.#finalise(),
    settled: (connection) => connection.#settled(),
    over: (connection) => connection.#end(),
  };

  readonly #options: ConnectionOptions;
  readonly #exchanges: Exchanges;
  /** While the transport is being opened. */
  #opening: AbortController | null = null;
  /** Resolves to null once the connection is established, else to why it never will be. */
  readonly #established = new Settled<{ readonly cause: unknown } | null>();
  readonly #over = new Settled<void>();
  #change: Settled<void> | null = null;
  #state: 'opening' | 'open' | 'over' = 'opening';
  #length = 0;
  #shuttingDown = false;
  #wasClosed = false;
  #finalised = false;
  #finalising: Promise<void> | null = null;
  /** The Host of the last call, for those that name none. */
  #authority: string | null = null;

  /** A connection that is being established by `open`, which is called once, before this returns. It takes calls at once. */
  static create(open: Open, options: ConnectionOptions = {}): Connection {
    return new Connection(open, options);
  }

  /** As `create`, but resolves when the connection is established, and rejects with what `open` rejects with. */
  static async connect(open: Open, options: ConnectionOptions = {}): Promise<Connection> {
    const connection = new Connection(open, options);
    const failure = await connection.#established.promise;
    if (failure !== null) throw failure.cause;
    return connection;
  }

  private constructor(open: Open, options: ConnectionOptions) {
    this.#options = options;
    this.#exchanges = new Exchanges(this, Connection.#keeper, options);
    const opening = new AbortController();
    this.#opening = opening;
    void this.#establish(open, opening, options.signal);
  }

  /**
   * Makes a call. `url` is absolute; or a path, whose Host is in `headers` or that of the call before; or `host:port` for CONNECT;
   * or `*` for OPTIONS. The promise resolves when the head of the response has come. It rejects with a RetryError if the connection
   * ends before that, with a TypeError or LocalProtocolError if the call cannot be made, with the reason of its signal, and with
   * what its body source throws.
   */
  call(method: string, url: string | URL, options: CallOptions = {}): Promise<IncomingResponse> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      const call = new Call(method, url, options, this.#authority, { resolve, reject });
      if (this.closed) return call.fail(this.#exchanges.unsent(call));
      this.#authority = call.host;
      this.#count(1);
      call.listen(() => this.#exchanges.abandon(call, options.signal?.reason));
      this.#exchanges.submit(call);
      this.#wasClosed = this.closed; // whoever was told of the call finds that it closes
    });
  }

  /**
   * Takes no more calls. When those taken have been sent, the peer is told so by a FIN or close_notify (where the transport can
   * close one direction alone); their responses still come.
   */
  shutdown(): void {
    if (this.#shuttingDown || this.#state === 'over') return;
    this.#shuttingDown = true;
    this.#settled();
  }

  /** Lets go of the transport at once; every outstanding call rejects, and a body half read fails. */
  close(): void {
    if (this.#state === 'opening') this.#giveUp();
    else this.#exchanges.close();
  }

  /** False exactly as long as it takes calls. */
  get closed(): boolean {
    return this.#shuttingDown || this.#state === 'over' || this.#exchanges.closed;
  }

  /** Calls without a complete response, sent and waiting. A call counts until its response has been read to the end. */
  get length(): number {
    return this.#length;
  }

  /** Resolves at the next change of `length`, and on closing; at once when neither can come any more. */
  notify(): Promise<void> {
    if (this.#state === 'over' || (this.closed && this.#length === 0)) return Promise.resolve();
    this.#change ??= new Settled();
    return this.#change.promise;
  }

  /** Will the connection serve another call (RFC 9112 §9.3)? Undecided until the first response, unless `persistent` says. */
  get persistence(): Persistence {
    return this.#exchanges.persistence;
  }

  /**
   * `shutdown()`, and resolves when the transport has been let go of. A response that nobody reads is read ahead up to
   * `limits.drainSize`, and beyond that the connection closes.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.shutdown();
    this.#exchanges.keepUnread();
    await this.#over.promise;
  }

  /** From now on a response that nobody reads holds up nobody, as when disposing. @internal */
  keepUnread(): void {
    this.#exchanges.keepUnread();
  }

  async #establish(open: Open, opening: AbortController, signal: AbortSignal | undefined): Promise<void> {
    const onAbort = () => this.#fail(signal?.reason, false);
    if (signal?.aborted === true) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const transport = await open(opening.signal);
      if (this.#state !== 'opening') return transport.destroy();
      this.#state = 'open';
      this.#opening = null;
      this.#exchanges.attach(transport);
      this.#established.resolve(null);
    } catch (cause) {
      // An open that throws at once still leaves time for the first calls, so that they learn the cause.
      await null;
      this.#fail(cause, false);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #giveUp(): void {
    this.#fail(new LocalProtocolError('ERR_CLOSED', 'Cannot connect: the connection was closed'), true);
  }

  /** There will be no transport. Whoever closed the connection knows; otherwise the calls fail with what went wrong. */
  #fail(cause: unknown, wanted: boolean): void {
    if (this.#state !== 'opening') return;
    this.#state = 'over';
    this.#opening?.abort(cause);
    this.#opening = null;
    this.#finalise();
    this.#exchanges.fail(wanted ? null : { cause });
    this.#established.resolve({ cause });
    this.#end();
  }

  /** The transport has been let go of, or there never was one. */
  #end(): void {
    this.#state = 'over';
    this.#finalise();
    this.#changed();
    this.#over.resolve();
  }

  #settled(): void {
    // A connection closes, opens again if the last call before the close is taken back, and then closes once more.
    const { closed } = this;
    const was = this.#wasClosed;
    this.#wasClosed = closed;
    if (closed && !was) this.#changed();
    if (!this.#shuttingDown) return;
    if (this.#state === 'open') this.#exchanges.shutdown();
    else if (this.#state === 'opening' && this.#length === 0) this.#giveUp();
  }

  #lose(call: Call, error: unknown): void {
    this.#count(-1);
    if (this.#finalising === null) call.fail(error);
    else void this.#finalising.then(() => call.fail(error));
  }

  #count(change: number): void {
    this.#length += change;
    this.#changed();
  }

  #changed(): void {
    const change = this.#change;
    this.#change = null;
    change?.resolve();
  }

  /** Before the calls still waiting fail. */
  #finalise(): void {
    if (this.#finalised) return;
    this.#finalised = true;
    const failed = (error: unknown) => this.#options.onWarning?.(`Cannot finish onClosed: ${String(error)}`);
    try {
      const result = this.#options.onClosed?.(this);
      if (result === undefined) return;
      this.#finalising = Promise.resolve(result)
        .catch(failed)
        .then(() => {
          this.#finalising = null;
        });
    } catch (error) {
      failed(error);
    }
  }
}
