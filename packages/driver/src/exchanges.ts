// The calls of one client connection as exchanges of the core: what is given to it when, and what its events mean to the calls.
// Knows nothing of who counts the calls, nor of bytes and time, which are the pump's.

import type { ClientEvent, ClientExchange, Persistence, RemoteProtocolError, ResponseHead } from '@halfpipe/core';
import { ClientConnection, LocalProtocolError } from '@halfpipe/core';
import type { BodyFeed } from './body.ts';
import { Inflow } from './body.ts';
import { BodyWatch } from './body-watch.ts';
import type { Call } from './call.ts';
import type { Connection, ConnectionOptions } from './connection.ts';
import { RetryError } from './errors.ts';
import { Outgoing } from './outgoing.ts';
import type { Role } from './pump.ts';
import { Pump } from './pump.ts';
import { joined, readAhead } from './source.ts';
import type { Timers } from './timers.ts';
import { systemTimers } from './timers.ts';
import type { Transport } from './transport.ts';
import { Upgraded } from './upgraded.ts';

/** What a connection is told of its calls. One for all of them: closures of its own would be a tenth of an idle one. */
export interface CallKeeper {
  /** It has no answer, or no complete one. */
  lost(connection: Connection, call: Call, error: unknown): void;
  /** Its response is complete. */
  answered(connection: Connection): void;
  /** The connection is over; the losses follow. */
  closing(connection: Connection): void;
  settled(connection: Connection): void;
  over(connection: Connection): void;
}

/** How much of a body of unknown length is read ahead while it is not known whether the server reads chunks, in bytes. */
const readAheadSize = 64 * 1024;

export class Exchanges implements Role<ClientEvent>, BodyFeed {
  readonly #connection: Connection;
  readonly #keeper: CallKeeper;
  readonly #options: ConnectionOptions;
  readonly #core: ClientConnection;
  readonly #timers: Timers;
  readonly #drainSize: number;
  #transport: Transport | null = null;
  #pump: Pump<ClientEvent> | null = null;
  /** Bytes that had come before the read that the last response ended in. */
  #bytesAnswered = 0;
  /** What ended the connection, if it was not in order. */
  #cause: unknown = null;
  #stopped = false;
  #keeping = false;

  // Collections are there while something is in them: an idle connection has none (npm run bench -- memory).

  /** Calls the core has not seen: nothing is established, their body is read ahead, or they are undecided. */
  #early: Set<Call> | null = null;
  /** How many of them are to be the last of the connection. */
  #closers = 0;
  /** Calls that go out in chunks as soon as the server is known to read them, and what was read ahead of their bodies. */
  #undecided: Map<Call, readonly Uint8Array[]> | null = null;
  /** Calls that the core has. */
  #given: Map<ClientExchange, Call> | null = null;
  /** Our own question whether the server reads chunks. */
  #probe: ClientExchange | null = null;
  #peerVersion: '1.0' | '1.1' | null = null;
  /** The call whose body waits for 100 (Continue). */
  #expecting: Call | null = null;
  /** The call whose response has a body that is coming in. */
  #reading: Call | null = null;
  readonly #watch: BodyWatch;

  constructor(connection: Connection, keeper: CallKeeper, options: ConnectionOptions) {
    this.#connection = connection;
    this.#keeper = keeper;
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#watch = new BodyWatch(this.#timers);
    this.#drainSize = options.limits?.drainSize ?? 64 * 1024;
    this.#core = new ClientConnection({ ...options, wake: () => this.#pump?.wake() });
    options.inspect?.(this.#core);
  }

  /** Takes no more calls, for what it knows. */
  get closed(): boolean {
    return this.#core.closed || this.#closers > 0;
  }

  get persistence(): Persistence {
    return this.#core.persistence;
  }

  /** The connection is established: what has waited goes out together. */
  attach(transport: Transport): void {
    this.#transport = transport;
    this.#pump = new Pump(this.#core, transport, this, {
      role: 'client',
      timers: this.#timers,
      linger: this.#options.timeouts?.linger ?? 2_000,
    });
    this.#pump.start();
    for (const call of this.#heldBack) if (!call.over) this.#begin(call);
    this.#pump.run();
  }

  /** Nothing was or will be established. */
  fail(failure: { readonly cause: unknown } | null): void {
    this.#cause = failure?.cause ?? null;
    for (const call of this.#heldBack) this.#lose(call, failure === null ? this.unsent(call) : failure.cause);
  }

  submit(call: Call): void {
    call.held = true;
    // Most go to the core at once.
    if (this.#pump === null || call.streamed) {
      this.#early ??= new Set();
      this.#early.add(call);
      if (this.#closes(call)) this.#closers++;
    }
    if (this.#pump !== null) this.#begin(call);
  }

  /** Calls the core has not seen, as of now. */
  get #heldBack(): readonly Call[] {
    return this.#early === null ? [] : [...this.#early];
  }

  /** Not wanted any more, for a reason that is told to whoever made the call. */
  abandon(call: Call, reason: unknown): void {
    if (call.over) return;
    const { exchange } = call;
    if (!call.held) return call.fail(reason); // it is lost already, and fails when `onClosed` has finished, or now
    const inFlight = exchange?.state === 'open';
    if (inFlight && call.spare(reason)) return;
    call.fail(reason);
    this.#lose(call, reason);
    if (inFlight) this.#pump?.cut(reason);
    exchange?.abandon();
    if (this.#pump !== null) this.#pump.run();
    else this.#keeper.settled(this.#connection);
  }

  /** To be called again when it has settled, until there is nothing left that the core has not seen. */
  shutdown(): void {
    if (this.#stopped || this.#early !== null) return;
    this.#stopped = true;
    this.#core.shutdown();
    this.#pump?.wake();
  }

  close(): void {
    this.#pump?.abort(undefined);
  }

  /** From now on a response that nobody reads does not hold up the end. */
  keepUnread(): void {
    this.#keeping = true;
    const inflow = this.#reading?.inflow;
    if (inflow?.unread !== true) return;
    this.warn('A response body was left unread when its connection was disposed of');
    inflow.keep();
  }

  unsent(call: Call): RetryError {
    const { method, target } = call;
    return new RetryError({
      method,
      target,
      retry: 'safe',
      why: 'unsent',
      bytesSent: 0,
      bytesReceived: 0,
      cause: this.#cause,
    });
  }

  // From a call to an exchange.

  #begin(call: Call): void {
    try {
      if (!call.streamed) return this.#give(call, () => this.#core.request(call, call.whole ?? undefined));
      call.open();
    } catch (error) {
      return this.#lose(call, error);
    }
    if (call.sized || this.#willKnow) this.#stream(call, []);
    else if (call.expects) this.#wait(call, []);
    else void this.#readAhead(call);
  }

  /** May a body go out in chunks (RFC 9112 §6.1)? */
  get #readsChunks(): boolean {
    return this.#core.persistence.verdict === 'keep' && this.#peerVersion !== '1.0';
  }

  /** It is known whether a body may go out in chunks, or another call's response will tell; until then the core lets it wait. */
  get #willKnow(): boolean {
    return this.#readsChunks || (this.#peerVersion === null && this.#core.length > 0 && this.#probe === null);
  }

  async #readAhead(call: Call): Promise<void> {
    try {
      const { read, readSize, ended } = await readAhead(call.open(), readAheadSize, () => this.#willKnow);
      if (call.over) return;
      if (this.#willKnow) this.#stream(call, read);
      else if (!ended || call.options.trailers !== undefined) this.#wait(call, read);
      else this.#give(call, () => this.#core.request(call, joined(read, readSize)));
    } catch (error) {
      if (!call.over) this.#lose(call, error);
    }
    this.#pump?.run();
  }

  #wait(call: Call, prefix: readonly Uint8Array[]): void {
    this.#undecided ??= new Map();
    this.#undecided.set(call, prefix);
    this.#decide();
  }

  /** Streams the undecided calls, or refuses them, or asks the server what it is where nothing else does. */
  #decide(): void {
    if (this.#undecided === null || this.#core.closed) return;
    for (const [call, prefix] of this.#undecided) {
      if (this.#readsChunks) this.#stream(call, prefix);
      else if (this.#peerVersion === '1.0') this.#lose(call, this.unsent(call));
      else if (this.#options.persistent === false) {
        const why = 'Cannot send a body of unknown length on a connection for one call: its Content-Length is missing';
        this.#lose(call, new LocalProtocolError('ERR_HEAD', why));
      } else if (this.#core.length === 0) {
        // The method made for such a question (RFC 9110 §9.3.7); of the answer only the head counts.
        this.#probe = this.#core.request({ method: 'OPTIONS', target: '*', headers: [['Host', call.host]] });
      }
    }
  }

  #stream(call: Call, prefix: readonly Uint8Array[]): void {
    this.#undecided?.delete(call);
    this.#give(call, () => {
      const exchange = this.#core.startRequest(call);
      call.outgoing = new Outgoing(call.open(), exchange, {
        prefix,
        trailers: call.options.trailers,
        room: () => this.#pump?.room() ?? null,
        ended: () => {},
        failed: (error) => this.abandon(call, error),
      });
      return exchange;
    });
  }

  #give(call: Call, request: () => ClientExchange): void {
    let exchange: ClientExchange;
    try {
      exchange = request();
    } catch (error) {
      const closed = error instanceof LocalProtocolError && error.code === 'ERR_CLOSED';
      return this.#lose(call, closed ? this.unsent(call) : error);
    }
    this.#leave(call);
    this.#given ??= new Map();
    this.#given.set(exchange, call);
    call.exchange = exchange;
  }

  #closes(call: Call): boolean {
    return call.closes || this.#options.persistent === false;
  }

  #leave(call: Call): void {
    if (this.#early?.delete(call) !== true) return;
    if (this.#early.size === 0) this.#early = null;
    if (this.#closes(call)) this.#closers--;
  }

  #forget(call: Call): void {
    call.held = false;
    this.#leave(call);
    this.#undecided?.delete(call);
    if (call.exchange !== null) this.#given?.delete(call.exchange);
    if (this.#given?.size === 0) this.#given = null;
    if (this.#reading === call) {
      this.#reading = null;
      this.#watch.end();
    }
    if (this.#expecting === call) this.#expecting = null;
  }

  #lose(call: Call, error: unknown): void {
    if (!call.held) return;
    this.#forget(call);
    this.#keeper.lost(this.#connection, call, error);
  }

  // What the body that is coming in needs.

  pull(): void {
    this.#pump?.run();
  }

  giveUp(cause: unknown): void {
    this.#pump?.cut(cause);
    this.#reading?.exchange?.abandon();
    this.#pump?.run();
  }

  warn(message: string): void {
    this.#options.onWarning?.(message);
  }

  // What the pump tells.

  held(): boolean {
    return this.#reading?.inflow?.wanted === false;
  }

  settled(): void {
    const expecting = this.#expecting;
    if (expecting?.exchange?.awaitingContinue === false) {
      this.#expecting = null;
      expecting.outgoing?.begin();
    }
    this.#decide();
    this.#keeper.settled(this.#connection);
  }

  over(): void {
    this.#watch.stop();
    // Those that the core was given, it has answered or lost.
    for (const call of this.#heldBack) this.#lose(call, this.unsent(call));
    this.#keeper.over(this.#connection);
  }

  event(event: ClientEvent): void {
    if (event.type === 'closed') return this.#close(event.error);
    if (event.type === 'response' || event.type === 'informational') this.#peerVersion = event.head.version;
    const call = this.#given?.get(event.exchange);
    if (call === undefined) {
      // Abandoned, or our own: of either nobody wants to hear more.
      if (event.exchange === this.#probe && (event.type === 'end' || event.type === 'lost')) this.#probe = null;
      return;
    }
    switch (event.type) {
      case 'start':
        if (event.exchange.awaitingContinue) this.#expecting = call;
        else call.outgoing?.begin();
        return;
      case 'informational':
        return this.#inform(call, event.head);
      case 'response':
        return this.#respond(call, event.head);
      case 'data':
        return call.inflow?.push(event.bytes);
      case 'end':
        call.inflow?.end(event.trailers);
        return this.#finish(call);
      case 'upgrade':
        return this.#upgrade(call, event.leftover);
      case 'lost': {
        const { method, target } = call;
        const { retry, why } = event;
        const { bytesSent } = event.exchange;
        const bytesReceived = why === 'partial-response' ? (this.#pump?.bytesRead ?? 0) - this.#bytesAnswered : 0;
        return this.#lose(
          call,
          new RetryError({ method, target, retry, why, bytesSent, bytesReceived, cause: this.#cause }),
        );
      }
    }
  }

  #inform(call: Call, head: ResponseHead): void {
    try {
      if (!call.spared) call.options.onInformational?.(head);
    } catch (error) {
      this.abandon(call, error);
    }
  }

  #respond(call: Call, head: ResponseHead): void {
    if (head.status === 101 || (call.method === 'CONNECT' && head.status < 300)) {
      call.switching = head;
      return;
    }
    // It may be an answer that wants no more of the request (RFC 9112 §9.5); a server may also answer as it reads.
    if (call.exchange?.writable === false) call.outgoing?.stop(undefined);
    const inflow = new Inflow(head, this.#drainSize, this);
    const body = call.answer(head, inflow, null);
    if (head.framing === 'none' || (head.framing === 'length' && head.contentLength === 0)) return;
    this.#reading = call;
    if (call.spared) return inflow.cancel(undefined);
    this.#watch.begin(body, inflow);
    // Whoever waits for the response has until then to begin reading.
    if (this.#keeping) this.#timers.setTimeout(() => inflow.keep(), 0);
  }

  #finish(call: Call): void {
    this.#bytesAnswered = this.#pump?.bytesReadBefore ?? 0;
    this.#forget(call);
    call.finish();
    this.#keeper.answered(this.#connection);
  }

  #upgrade(call: Call, leftover: Uint8Array): void {
    const { switching } = call;
    if (switching === null || this.#transport === null || this.#pump === null) return;
    const pump = this.#pump;
    const upgraded = new Upgraded(this.#transport, (cause) => pump.abort(cause));
    pump.handOver(upgraded, leftover);
    const inflow = new Inflow(switching, this.#drainSize, this);
    inflow.end(null);
    call.answer(switching, inflow, upgraded);
    this.#finish(call);
  }

  #close(error: RemoteProtocolError | null): void {
    this.#cause = error;
    if (error !== null) this.#pump?.cut(error);
    this.#keeper.closing(this.#connection);
    for (const call of this.#heldBack) this.#lose(call, this.unsent(call));
  }
}
