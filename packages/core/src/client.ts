// The client's side of a connection: requests in a queue, responses in its order, and what becomes of both when the connection
// ends (RFC 9112 §9). What may go out when is pipeline.ts; here is how it goes.

import { BodyReader, checkBodySize } from './body.ts';
import { Connection, type Timeouts, type Timer } from './connection.ts';
import { LocalProtocolError, RemoteProtocolError } from './errors.ts';
import type { ClientEvent, ClientExchange, ClientOptions } from './exchange.ts';
import { type Framed, responseFraming } from './framing.ts';
import {
  answersUpgrade,
  type HeaderPairs,
  headerListOf,
  listElements,
  type OutgoingRequest,
  quote,
  type ResponseHead,
} from './message.ts';
import { MessageWriter } from './message-writer.ts';
import { type BodyKind, claimsOf, type PreparedRequest, prepareRequest } from './outgoing.ts';
import { Output } from './output.ts';
import { giveBack, HeadReader } from './parser.ts';
import {
  type CloseReason,
  connectionOptions,
  isAmbiguous,
  keep,
  keepAliveTimeout,
  persistenceOf,
} from './persistence.ts';
import { type Peer, Pipeline, type Queued, verdictOf } from './pipeline.ts';
import { composeTrailers } from './serializer.ts';
import { idle, move, type Pair, type State } from './state.ts';

const never = Number.POSITIVE_INFINITY;
const defaultTimeouts: Timeouts = { head: never, body: 60_000, idle: never, continue: 1_000, linger: 2_000 };
const noOptions: ClientOptions = {};

// How the exchange reaches into its connection; set by it, known to this file alone.
let writeOf: (connection: ClientConnection, exchange: Exchange, bytes: Uint8Array) => void;
let endOf: (connection: ClientConnection, exchange: Exchange, trailers: HeaderPairs | undefined) => void;
let abandonOf: (connection: ClientConnection, exchange: Exchange) => void;
let takenOf: (connection: ClientConnection) => number;

class Exchange implements ClientExchange, Queued {
  /** How far both messages are. */
  pair: Pair = idle;
  ending: 'done' | 'lost' | null = null;
  awaitingContinue = false;
  /** All of the body has been given, though some of it may be held back. */
  complete = false;
  /** The peer does not want the rest of the body. */
  refused = false;
  /** Where its first byte stands among all that was queued, and what is behind its last; -1 before that is so. */
  begins = -1;
  ends = -1;
  /** The connection had been idle before it. */
  reused = false;
  interims = 0;
  /** Of a body that follows its head. */
  writer: MessageWriter | null = null;
  /** A byte that can only be of its answer has come in. */
  answering = false;
  readonly request: PreparedRequest;
  readonly #connection: ClientConnection;

  constructor(connection: ClientConnection, request: PreparedRequest) {
    this.#connection = connection;
    this.request = request;
  }

  get client(): State {
    return this.pair.client;
  }

  get server(): State {
    return this.pair.server;
  }

  get idempotent(): boolean {
    return this.request.idempotent;
  }

  get exclusive(): boolean {
    return this.request.exclusive;
  }

  get chunked(): boolean {
    return this.request.chunked;
  }

  /** May its answer end HTTP on this connection? */
  get maySwitch(): boolean {
    return this.request.upgrade !== null || this.request.method === 'CONNECT';
  }

  get state(): 'waiting' | 'open' | 'done' | 'lost' {
    return this.ending ?? (this.client === 'idle' ? 'waiting' : 'open');
  }

  get writable(): boolean {
    return this.client === 'body' && !this.complete && !this.refused && this.ending === null;
  }

  get bytesSent(): number {
    if (this.begins < 0) return 0;
    const taken = takenOf(this.#connection);
    return Math.max(0, (this.ends < 0 ? taken : Math.min(taken, this.ends)) - this.begins);
  }

  write(bytes: Uint8Array): void {
    writeOf(this.#connection, this, bytes);
  }

  end(trailers?: HeaderPairs): void {
    endOf(this.#connection, this, trailers);
  }

  abandon(): void {
    abandonOf(this.#connection, this);
  }
}

/** The client's side of one connection: bytes of requests out, bytes of responses in. */
export class ClientConnection extends Connection<ClientEvent> {
  /** Is it for one request? */
  readonly #isSingle: boolean;
  readonly #pipeline: Pipeline<Exchange>;
  /** The body that is coming in, if there is one. */
  #body: BodyReader | null = null;
  #peerVersion: '1.0' | '1.1' | null = null;
  /** The exchange whose body is still going out; nothing may go out behind it. */
  #sending: Exchange | null = null;
  /** Where a body waits for 100. */
  #held: Output | null = null;
  /** The idle time that the peer has promised. */
  #promised: number | null = null;
  /** shutdown() was called. */
  #stopping = false;
  /** A request that closes the connection is in the queue. */
  #lastQueued = false;
  /** The response that is coming in is the last. */
  #lastResponse = false;
  #switching: Exchange | null = null;

  constructor(options: ClientOptions = noOptions) {
    super(options, defaultTimeouts);
    this.#isSingle = options.persistent === false;
    this.#pipeline = new Pipeline(options.maxInFlight ?? 16);
    if (options.persistent === true) this.decide(keep);
    this.wait('idle', this.timeouts.idle);
  }

  /**
   * Queues a request whose body, if any, is all here; a body argument means Content-Length. It goes out as soon as it may. Throws
   * ERR_CLOSED where nothing was or will be sent of it, ERR_HEAD.
   */
  request(head: OutgoingRequest, body?: Uint8Array): ClientExchange {
    return this.#enqueue(this.#prepare(head, { whole: body }));
  }

  /**
   * Queues a request whose body follows by write() and one end(), from its `start` event on. Without a Content-Length of yours it is
   * chunked, and waits until the peer is known to persist and to speak HTTP/1.1 (RFC 9112 §6.1). Throws ERR_CLOSED, ERR_HEAD.
   */
  startRequest(head: OutgoingRequest): ClientExchange {
    return this.#enqueue(this.#prepare(head, 'streamed'));
  }

  /** Would that request, with a body that is all here, go on the wire at once? Throws ERR_HEAD. */
  accepts(head: OutgoingRequest): boolean {
    if (this.closed) return false;
    const request = claimsOf(head);
    const peer = this.#peer();
    return this.#sending === null && !this.#pipeline.isAhead(peer) && this.#pipeline.admits(request, peer);
  }

  /** Requests that have no complete response: waiting and in flight. */
  get length(): number {
    return this.#pipeline.length;
  }

  /** It takes no more requests: request() would throw ERR_CLOSED. */
  get closed(): boolean {
    const ended = this.input.eof !== null && this.#pipeline.inFlight.length === 0;
    return this.over || this.#stopping || this.#lastQueued || this.closing || ended;
  }

  override get finished(): boolean {
    return this.over && !this.released && this.output.size === 0;
  }

  override shutdown(): void {
    if (this.#stopping || this.over || this.#switching !== null) return;
    this.#stopping = true;
    this.#flow();
    this.signal();
  }

  override abort(cause?: unknown): void {
    if (this.over) return;
    this.close('error');
    const lost = this.#pipeline.inFlight.length > 0 || cause !== undefined;
    this.#finish(
      lost ? new RemoteProtocolError('ERR_TRANSPORT', 'Cannot go on: the transport is gone', { cause }) : null,
    );
    this.signal();
  }

  #prepare(head: OutgoingRequest, body: BodyKind): PreparedRequest {
    const request = prepareRequest(head, body, this.#peerVersion ?? '1.1', this.#isSingle);
    // Behind the caller's iterator, which may have closed it.
    if (this.closed) {
      throw new LocalProtocolError('ERR_CLOSED', 'Cannot send the request: the connection takes no more');
    }
    return request;
  }

  #enqueue(request: PreparedRequest): ClientExchange {
    const exchange = new Exchange(this, request);
    this.#lastQueued = request.closes;
    if (this.#mayFlow && this.#pipeline.pass(exchange, this.#peer())) this.#send(exchange);
    else this.#pipeline.push(exchange);
    this.#flow();
    this.signal();
    return exchange;
  }

  #peer(): Peer {
    return { persistence: this.persistence, version: this.#peerVersion };
  }

  /** Is there nothing that forbids every request? */
  get #mayFlow(): boolean {
    return !this.closing && !this.over && this.#sending === null;
  }

  /** Puts on the wire what may go. */
  #flow(): void {
    while (this.#mayFlow) {
      const exchange = this.#pipeline.start(this.#peer());
      if (exchange === null) break;
      this.#send(exchange);
    }
    if (!this.#stopping || this.over || this.#sending !== null || this.#switching !== null) return;
    // Those that wait for a verdict will not get one when nothing is in flight.
    if (this.#pipeline.inFlight.length === 0) return this.#finish(null);
    if (this.#pipeline.waiting > 0 && !this.closing) return;
    this.close('shutdown');
    // Another protocol, if it comes to that, will want to send.
    this.ended = this.#pipeline.inFlight.at(0)?.maySwitch === false;
  }

  #send(exchange: Exchange): void {
    const { request } = exchange;
    const first = this.#pipeline.inFlight.length === 1;
    if (first && (this.input.size > 0 || this.headBegun)) {
      // What arrived before the request cannot be its response (RFC 9112 §9.2).
      return this.#finish(unsolicited());
    }
    if (first && this.input.eof !== null) {
      this.close('eof');
      return this.#finish(null);
    }
    exchange.begins = this.output.queued;
    exchange.reused = first && this.#peerVersion !== null;
    if (request.closes) this.close('request-close');
    move(exchange, exchange.pair.requested);
    this.output.text(request.head);
    if (request.expecting) this.#holdBody(exchange);
    const writer = new MessageWriter(this.#held ?? this.output, request.framing, false);
    if (request.streamed) {
      exchange.writer = writer;
      this.#sending = exchange;
      this.emit({ type: 'start', exchange });
    } else {
      if (request.body !== null) writer.write(request.body);
      writer.end('');
      exchange.complete = true;
      if (this.#held === null) this.#requestQueued(exchange);
      else this.#sending = exchange;
    }
    if (first) this.#awaitResponse();
  }

  #holdBody(exchange: Exchange): void {
    exchange.awaitingContinue = true;
    this.#held = new Output();
    this.waitForContinue(this.timeouts.continue);
  }

  /** The body may go: 100 has come, or has not come for too long. */
  #releaseBody(): void {
    const exchange = this.#sending;
    const held = this.#held;
    this.waitForContinue(Number.POSITIVE_INFINITY);
    this.#held = null;
    if (exchange === null || held === null) return;
    exchange.awaitingContinue = false;
    for (let chunk = held.take(); chunk !== null; chunk = held.take()) {
      if (chunk.length === 0) return this.bytesGone();
      this.output.bytes(chunk);
    }
    exchange.writer?.continueIn(this.output);
    if (exchange.complete) this.#endRequest(exchange);
  }

  /** All of it has been queued. */
  #requestQueued(exchange: Exchange): void {
    exchange.ends = this.output.queued;
    move(exchange, exchange.pair.requestEnded);
  }

  #endRequest(exchange: Exchange): void {
    this.#sending = null;
    this.#requestQueued(exchange);
    if (this.#pipeline.inFlight.at(0) === exchange && exchange.server === 'owing') this.#awaitResponse();
    this.#flow();
  }

  #write(exchange: Exchange, bytes: Uint8Array): void {
    this.#checkWritable(exchange, 'write');
    exchange.writer?.write(bytes);
    this.signal();
  }

  #end(exchange: Exchange, trailers: HeaderPairs | undefined): void {
    const lines = composeTrailers(trailers);
    this.#checkWritable(exchange, 'end');
    exchange.writer?.end(lines);
    exchange.complete = true;
    if (this.#held === null) this.#endRequest(exchange);
    this.signal();
  }

  #checkWritable(exchange: Exchange, action: string): void {
    if (exchange.writable) return;
    const why =
      exchange.state === 'waiting'
        ? 'the request is still waiting'
        : exchange.state === 'lost'
          ? 'the exchange is lost'
          : exchange.refused
            ? 'the server does not want the rest'
            : 'the request is complete';
    throw new LocalProtocolError('ERR_STATE', `Cannot ${action}: ${why}`);
  }

  #abandon(exchange: Exchange): void {
    if (exchange.state === 'waiting') {
      this.#pipeline.leave(exchange);
      exchange.ending = 'lost';
      this.#lastQueued &&= !exchange.request.closes;
      this.#flow();
    } else if (exchange.state === 'open') {
      this.close('error');
      this.#finish(null);
    } else return;
    this.signal();
  }

  protected override pull(): ClientEvent | null {
    if (this.over) return this.#discard();
    if (this.#switching !== null) return this.#pullUpgrade(this.#switching);
    const exchange = this.#pipeline.inFlight.at(0);
    if (exchange === undefined) return this.#pullIdle();
    return exchange.server === 'body' ? this.#pullBody(exchange) : this.#pullHead(exchange);
  }

  #discard(): null {
    this.input.drop();
    return null;
  }

  #pullIdle(): null {
    if (this.input.size > 0) this.#finish(unsolicited());
    else if (this.input.eof !== null) {
      this.close('eof');
      this.#finish(null);
    }
    return null;
  }

  #pullHead(exchange: Exchange): ClientEvent | null {
    // Nor can what comes before a byte of it has been taken; who never takes any says that the bytes go some other way.
    if (this.input.size > 0 && this.output.taken > 0 && exchange.bytesSent === 0) return this.#fail(unsolicited());
    const read = this.readHead('response');
    if (read instanceof HeadReader) {
      const event = this.#gotHead(exchange, read);
      giveBack(read);
      return event;
    }
    if (read !== false) {
      exchange.answering = true;
      return this.#fail(read);
    }
    if (this.input.eof === null) return null;
    if (this.headBegun) {
      return this.#fail(new RemoteProtocolError('ERR_TRUNCATED', 'Cannot read the response: its head ends early'));
    }
    this.close('eof');
    return this.#fail(noResponse('before it'));
  }

  #gotHead(exchange: Exchange, reader: HeadReader): ClientEvent | null {
    const { status, reason, version, raw, relaxed } = reader;
    const { method } = exchange.request;
    exchange.answering = true;
    const framed = responseFraming(method, status, version, reader);
    if (framed instanceof RemoteProtocolError) return this.#fail(framed);
    const mistake =
      this.#askSecond(reader) ?? this.#checkInterim(exchange, reader) ?? checkBodySize(framed, this.limits);
    if (mistake !== null) return this.#fail(mistake);
    const head: ResponseHead = {
      status,
      reason,
      version,
      headers: headerListOf(raw),
      framing: framed.framing,
      contentLength: framed.contentLength,
      relaxed,
    };
    this.#peerVersion = version;
    if (status === 101 || (method === 'CONNECT' && status >= 200 && status < 300)) {
      this.#switch(exchange);
      return { type: 'response', exchange, head };
    }
    if (status < 200) {
      if (status === 100 && exchange.awaitingContinue) this.#releaseBody();
      // Of an interim response this alone counts: the one that it announces is the last (RFC 9112 §9.6).
      if (connectionOptions(reader.connection).close) this.#last('response-close');
      else if (isAmbiguous(relaxed)) this.#last('relaxed');
      return { type: 'informational', exchange, head };
    }
    this.#body = framed.framing === 'none' ? null : new BodyReader(framed, this.limits);
    this.#judge(exchange, framed, reader);
    move(exchange, exchange.pair.responded);
    if (framed.framing === 'none') this.wait('none');
    else this.wait('body', this.timeouts.body);
    this.#flow();
    return { type: 'response', exchange, head };
  }

  #askSecond(reader: HeadReader): RemoteProtocolError | null {
    if (this.otherReader === null) return null;
    const alone = responseFraming('GET', reader.status, reader.version, reader);
    return this.otherReader.compare('response', reader, alone instanceof RemoteProtocolError ? null : alone);
  }

  /** Interim responses have no end of their own, and 101 must have been asked for (RFC 9110 §7.8, §15.2). */
  #checkInterim(exchange: Exchange, { status, connection, upgrade: named }: HeadReader): RemoteProtocolError | null {
    if (status >= 200) return null;
    if (status === 101) {
      const { upgrade: asked } = exchange.request;
      if (asked === null) {
        return new RemoteProtocolError('ERR_UNSOLICITED', 'Cannot switch protocols: the request did not ask for it');
      }
      if (named === null || listElements(named).length === 0 || !connectionOptions(connection).upgrade) {
        return new RemoteProtocolError('ERR_HEADER', 'Cannot switch protocols: the response names none');
      }
      if (answersUpgrade(named, asked)) return null;
      const what = `the request did not ask for ${quote(named)}`;
      return new RemoteProtocolError('ERR_UNSOLICITED', `Cannot switch protocols: ${what}`);
    }
    exchange.interims++;
    if (exchange.interims <= this.limits.interim) return null;
    return new RemoteProtocolError('ERR_HEAD_SIZE', `Cannot accept more than ${this.limits.interim} interim responses`);
  }

  /** What a final response says of the connection, and of a body that is still going out. */
  #judge(exchange: Exchange, framed: Framed, { status, version, connection, keepAlive, relaxed }: HeadReader): void {
    const fate = persistenceOf('response', version, connectionOptions(connection));
    this.decide(fate);
    if (fate.verdict === 'close') this.#last(fate.reason);
    if (isAmbiguous(relaxed)) this.#last('relaxed');
    if (framed.framing === 'until-close') this.#last('until-close-body');
    if (exchange.awaitingContinue) {
      // The answer came instead of 100: the body that was announced will not be sent, so nothing can follow it.
      this.close('refused-expectation');
      this.#stopSending(exchange);
    } else if (this.#lastResponse && status >= 400) this.#stopSending(exchange); // RFC 9112 §9.5
    if (keepAlive !== null) this.#promised = keepAliveTimeout(keepAlive) ?? this.#promised;
    const stuck = version === '1.0' && this.#pipeline.waitingChunked > 0;
    if (stuck) this.close('http-1.0');
  }

  /** The response that is coming in, or that this interim one announces, is the last: no request goes out behind its own. */
  #last(reason: CloseReason): void {
    this.close(reason);
    this.#lastResponse = true;
    const behind = this.#pipeline.inFlight.at(1);
    if (behind === undefined) return;
    this.output.cut(behind.begins);
    if (this.#sending !== null && this.#sending !== this.#pipeline.inFlight.at(0)) this.#cease(this.#sending);
  }

  #stopSending(exchange: Exchange): void {
    this.#cease(exchange);
    this.output.drop();
  }

  /** Of that exchange no more is sent. */
  #cease(exchange: Exchange): void {
    exchange.refused = true;
    exchange.awaitingContinue = false;
    this.#held = null;
    this.waitForContinue(Number.POSITIVE_INFINITY);
    this.#sending = null;
  }

  #pullBody(exchange: Exchange): ClientEvent | null {
    const piece = this.#body === null ? 'end' : this.#body.read(this.input);
    if (piece === 'more') {
      if (this.input.eof === null) return null;
      return this.#fail(new RemoteProtocolError('ERR_TRUNCATED', 'Cannot read the response: its body ends early'));
    }
    if (piece === 'end') return this.#endResponse(exchange);
    if (piece instanceof RemoteProtocolError) return this.#fail(piece);
    this.wait('body', this.timeouts.body);
    return { type: 'data', exchange, bytes: piece };
  }

  #endResponse(exchange: Exchange): ClientEvent {
    const trailers = this.#body?.trailers ?? null;
    this.#body = null;
    if (exchange.client === 'body') {
      // A peer that has answered before we finished sending leaves us with bytes that nobody may want.
      this.close('early-response');
      this.#lastResponse = true;
    }
    move(exchange, exchange.pair.responseEnded);
    exchange.ending = 'done';
    this.#pipeline.answered();
    const unanswered = this.#pipeline.inFlight.length > 0;
    if (this.#lastResponse) this.#finish(unanswered ? noResponse('behind a response that was the last') : null);
    else if (this.closing && !unanswered) this.#finish(null);
    else {
      this.#awaitResponse();
      this.#flow();
    }
    return { type: 'end', exchange, trailers };
  }

  #awaitResponse(): void {
    const exchange = this.#pipeline.inFlight.at(0);
    if (exchange === undefined) this.wait('idle', Math.min(this.timeouts.idle, this.#promised ?? never));
    else if (exchange.client === 'body') this.wait('none');
    else this.wait('head', this.timeouts.head);
  }

  #switch(exchange: Exchange): void {
    if (exchange.awaitingContinue) this.#releaseBody();
    move(exchange, exchange.pair.switched);
    this.#pipeline.answered();
    this.close('upgrade');
    this.#switching = exchange;
    this.#conclude(null, false);
  }

  /** The other protocol begins when the request is complete (RFC 9110 §7.8). */
  #pullUpgrade(exchange: Exchange): ClientEvent | null {
    if (exchange.client !== 'switched') return null;
    exchange.ending = 'done';
    this.#switching = null;
    this.over = true;
    this.released = true;
    return { type: 'upgrade', exchange, leftover: this.input.takeAll() };
  }

  #fail(error: RemoteProtocolError): null {
    this.close('error');
    this.#finish(error);
    return null;
  }

  /** The end, orderly or not. What has not been taken will not be sent, so that what is reported unsent never is. */
  #finish(error: RemoteProtocolError | null): void {
    this.close(error === null ? 'shutdown' : 'error');
    // Behind the last response nothing is an answer any more.
    const answering = !this.#lastResponse && (this.headBegun || this.input.size > 0);
    const switching = this.#switching;
    this.over = true;
    this.ended = true;
    this.output.drop();
    this.input.drop();
    if (switching === null) return this.#conclude(error, answering);
    // `closed` has been said; what is lost is the switch.
    this.#switching = null;
    this.#sending = null;
    switching.ending = 'lost';
    this.emit({ type: 'lost', exchange: switching, retry: 'never', why: 'partial-response' });
  }

  /** `closed`, then the loss of each exchange that has no ending. `answering`: there are bytes that can only be the oldest's answer. */
  #conclude(error: RemoteProtocolError | null, answering: boolean): void {
    this.wait('none');
    this.waitForContinue(Number.POSITIVE_INFINITY);
    this.#held = null;
    if (this.#sending !== this.#switching) this.#sending = null;
    const oldest = this.#pipeline.inFlight.at(0);
    this.emit({ type: 'closed', error });
    for (const exchange of this.#pipeline.clear()) {
      const sent = exchange.bytesSent > 0;
      const begun = exchange.answering || (exchange === oldest && answering);
      const fate = { sent, answering: begun, reused: exchange.reused };
      exchange.ending = 'lost';
      exchange.awaitingContinue = false;
      move(exchange, exchange.pair.lost);
      this.emit({ type: 'lost', exchange, ...verdictOf(fate, this.#lastResponse) });
    }
  }

  protected override arrived(): void {
    if (this.timer === 'body') this.wait('body', this.timeouts.body);
  }

  protected override expired(timer: Timer): void {
    if (timer === 'continue') return this.#releaseBody();
    if (timer === 'idle') return this.#finish(null);
    const what = timer === 'head' ? 'it does not begin' : 'its body stalled';
    this.#fail(new RemoteProtocolError('ERR_TIMEOUT', `Cannot wait for the response: ${what}`));
  }

  static {
    writeOf = (connection, exchange, bytes) => connection.#write(exchange, bytes);
    endOf = (connection, exchange, trailers) => connection.#end(exchange, trailers);
    abandonOf = (connection, exchange) => connection.#abandon(exchange);
    takenOf = (connection) => connection.output.taken;
  }
}

function noResponse(where: string): RemoteProtocolError {
  return new RemoteProtocolError('ERR_NO_RESPONSE', `Cannot read the response: the connection ended ${where}`);
}

function unsolicited(): RemoteProtocolError {
  return new RemoteProtocolError('ERR_UNSOLICITED', 'Cannot accept bytes that no request asked for');
}
