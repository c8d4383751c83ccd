// The calls of one client connection as exchanges of the core: what is given to it when, and what its events mean to the calls.
// Knows nothing of who counts the calls, nor of bytes and time, which are the pump's.

import type { ClientEvent, ClientExchange, Persistence, RemoteProtocolError, ResponseHead } from '@halfpipe/core';
import { ClientConnection, LocalProtocolError } from '@halfpipe/core';
import type { BodyFeed } from './body.ts';
import { Inflow } from './body.ts';
import { BodyWatch } from './body-watch.ts';
import type { Call } from './call.ts';
import type { ConnectionOptions } from './connection.ts';
import { RetryError } from './errors.ts';
import { Outgoing } from './outgoing.ts';
import type { Role } from './pump.ts';
import { Pump } from './pump.ts';
import { joined, readAhead } from './source.ts';
import type { Timers } from './timers.ts';
import { systemTimers } from './timers.ts';
import { Traffic } from './traffic.ts';
import type { Transport } from './transport.ts';
import { Upgraded } from './upgraded.ts';

/** Who is told what becomes of the calls. */
export interface CallKeeper {
  /** It has no answer, or no complete one. */
  lost(call: Call, error: unknown): void;
  /** Its response is complete. */
  answered(): void;
  /** The connection is over; the losses follow. */
  closing(): void;
  settled(): void;
  over(): void;
  warn(message: string): void;
}

/** How much of a body of unknown length is read ahead while it is not known whether the server reads chunks, in bytes. */
const readAheadSize = 64 * 1024;

export class Exchanges implements Role<ClientEvent> {
  readonly #options: ConnectionOptions;
  readonly #keeper: CallKeeper;
  readonly #core: ClientConnection;
  readonly #feed: BodyFeed;
  readonly #timers: Timers;
  readonly #drainSize: number;
  readonly #traffic = new Traffic();
  #transport: Transport | null = null;
  #pump: Pump<ClientEvent> | null = null;
  /** What ended the connection, if it was not in order. */
  #cause: unknown = null;
  #stopped = false;
  #keeping = false;

  /** Calls the core has not seen: nothing is established, their body is read ahead, or they are undecided. */
  readonly #early = new Set<Call>();
  /** How many of them are to be the last of the connection. */
  #closers = 0;
  /** Calls that go out in chunks as soon as the server is known to read them, and what was read ahead of their bodies. */
  readonly #undecided = new Map<Call, readonly Uint8Array[]>();
  /** Calls that the core has. */
  readonly #given = new Map<ClientExchange, Call>();
  /** Our own question whether the server reads chunks. */
  #probe: ClientExchange | null = null;
  #peerVersion: '1.0' | '1.1' | null = null;
  /** The call whose body waits for 100 (Continue). */
  #expecting: Call | null = null;
  /** The call whose response has a body that is coming in. */
  #reading: Call | null = null;
  readonly #watch: BodyWatch;

  constructor(options: ConnectionOptions, keeper: CallKeeper) {
    this.#options = options;
    this.#keeper = keeper;
    this.#timers = options.timers ?? systemTimers;
    this.#watch = new BodyWatch(this.#timers);
    this.#drainSize = options.limits?.drainSize ?? 64 * 1024;
    this.#core = new ClientConnection({ ...options, wake: () => this.#pump?.wake() });
    options.inspect?.(this.#core);
    this.#feed = {
      pull: () => this.#pump?.run(),
      giveUp: (cause) => this.#cutReading(cause),
      warn: (message) => keeper.warn(message),
    };
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
    for (const call of [...this.#early]) if (!call.over) this.#begin(call);
    this.#pump.run();
  }

  /** Nothing was or will be established. */
  fail(failure: { readonly cause: unknown } | null): void {
    this.#cause = failure?.cause ?? null;
    for (const call of [...this.#early]) this.#lose(call, failure === null ? this.unsent(call) : failure.cause);
  }

  submit(call: Call): void {
    this.#early.add(call);
    if (this.#closes(call)) this.#closers++;
    if (this.#pump !== null) this.#begin(call);
  }

  /** Not wanted any more, for a reason that is told to whoever made the call. */
  abandon(call: Call, reason: unknown): void {
    if (call.over) return;
    const { exchange } = call;
    if (!this.#holds(call)) return call.fail(reason); // it is lost already, and fails when `onClosed` has finished, or now
    const inFlight = exchange?.state === 'open';
    if (inFlight && call.spare(reason)) return;
    call.fail(reason);
    this.#lose(call, reason);
    if (inFlight) this.#pump?.cut(reason);
    exchange?.abandon();
    if (this.#pump !== null) this.#pump.run();
    else this.#keeper.settled();
  }

  /** To be called again when it has settled, until there is nothing left that the core has not seen. */
  shutdown(): void {
    if (this.#stopped || this.#early.size > 0) return;
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
    this.#keeper.warn('A response body was left unread when its connection was disposed of');
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
    this.#undecided.set(call, prefix);
    this.#decide();
  }

  /** Streams the undecided calls, or refuses them, or asks the server what it is where nothing else does. */
  #decide(): void {
    if (this.#undecided.size === 0 || this.#core.closed) return;
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
    this.#undecided.delete(call);
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
    const queued = this.#queued;
    let exchange: ClientExchange;
    try {
      exchange = request();
    } catch (error) {
      const closed = error instanceof LocalProtocolError && error.code === 'ERR_CLOSED';
      return this.#lose(call, closed ? this.unsent(call) : error);
    }
    this.#leave(call);
    this.#given.set(exchange, call);
    call.exchange = exchange;
    this.#traffic.given(call, queued);
  }

  /** All bytes ever queued, taken or not. */
  get #queued(): number {
    return (this.#pump?.bytesWritten ?? 0) + this.#core.outputSize;
  }

  #closes(call: Call): boolean {
    return call.closes || this.#options.persistent === false;
  }

  #leave(call: Call): void {
    if (this.#early.delete(call) && this.#closes(call)) this.#closers--;
  }

  #forget(call: Call): void {
    this.#leave(call);
    this.#undecided.delete(call);
    this.#traffic.forget(call);
    if (call.exchange !== null) this.#given.delete(call.exchange);
    if (this.#reading === call) {
      this.#reading = null;
      this.#watch.end();
    }
    if (this.#expecting === call) this.#expecting = null;
  }

  /** Is the call neither answered nor lost? One that is lost may not be over yet. */
  #holds(call: Call): boolean {
    return this.#early.has(call) || (call.exchange !== null && this.#given.has(call.exchange));
  }

  #lose(call: Call, error: unknown): void {
    if (!this.#holds(call)) return;
    this.#forget(call);
    this.#keeper.lost(call, error);
  }

  // What the pump tells.

  held(): boolean {
    return this.#reading?.inflow?.wanted === false;
  }

  settled(): void {
    this.#traffic.observe(this.#queued);
    const expecting = this.#expecting;
    if (expecting?.exchange?.awaitingContinue === false) {
      this.#expecting = null;
      expecting.outgoing?.begin();
    }
    this.#decide();
    this.#keeper.settled();
  }

  over(): void {
    this.#watch.stop();
    // Those that the core was given, it has answered or lost.
    for (const call of [...this.#early]) this.#lose(call, this.unsent(call));
    this.#keeper.over();
  }

  event(event: ClientEvent): void {
    if (event.type === 'closed') return this.#close(event.error);
    this.#traffic.observe(this.#queued);
    if (event.type === 'response' || event.type === 'informational') this.#peerVersion = event.head.version;
    const call = this.#given.get(event.exchange);
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
        const bytesSent = why === 'unsent' ? 0 : this.#traffic.sent(call, this.#pump?.bytesWritten ?? 0);
        const bytesReceived = why === 'partial-response' ? this.#traffic.received(this.#pump?.bytesRead ?? 0) : 0;
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
    const inflow = new Inflow(head, this.#drainSize, this.#feed);
    const body = call.answer(head, inflow, null);
    if (head.framing === 'none' || (head.framing === 'length' && head.contentLength === 0)) return;
    this.#reading = call;
    if (call.spared) return inflow.cancel(undefined);
    this.#watch.begin(body, inflow);
    // Whoever waits for the response has until then to begin reading.
    if (this.#keeping) this.#timers.setTimeout(() => inflow.keep(), 0);
  }

  #finish(call: Call): void {
    this.#traffic.finished(this.#pump?.bytesReadBefore ?? 0);
    this.#forget(call);
    call.finish();
    this.#keeper.answered();
  }

  #upgrade(call: Call, leftover: Uint8Array): void {
    const { switching } = call;
    if (switching === null || this.#transport === null || this.#pump === null) return;
    const pump = this.#pump;
    const upgraded = new Upgraded(this.#transport, (cause) => pump.abort(cause));
    pump.handOver(upgraded, leftover);
    const inflow = new Inflow(switching, this.#drainSize, this.#feed);
    inflow.end(null);
    call.answer(switching, inflow, upgraded);
    this.#finish(call);
  }

  #close(error: RemoteProtocolError | null): void {
    this.#cause = error;
    if (error !== null) this.#pump?.cut(error);
    this.#keeper.closing();
    for (const call of [...this.#early]) this.#lose(call, this.unsent(call));
  }

  #cutReading(cause: unknown): void {
    this.#pump?.cut(cause);
    this.#reading?.exchange?.abandon();
    this.#pump?.run();
  }
}
