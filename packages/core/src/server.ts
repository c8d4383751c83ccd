// The server's side of a connection: one request at a time, its response, and what becomes of the connection after it
// (RFC 9112 §9.3 to §9.6). Serial by rule: the next request is not parsed before the exchange with the last is complete.

import { BodyReader, checkBodySize } from './body.ts';
import { Connection, type Timeouts, type Timer } from './connection.ts';
import { LocalProtocolError, RemoteProtocolError } from './errors.ts';
import type { ServerEvent, ServerExchange, ServerOptions } from './exchange.ts';
import { requestFraming } from './framing.ts';
import { type HeaderPairs, headerListOf, listElements, type OutgoingResponse } from './message.ts';
import { MessageWriter } from './message-writer.ts';
import { composeInterim, prepareResponse, sizeOfBody } from './outgoing.ts';
import { giveBack, HeadReader } from './parser.ts';
import { connectionOptions, isAmbiguous, persistenceOf } from './persistence.ts';
import { composeTrailers, finishFields } from './serializer.ts';
import { idle, move, type Pair, type State } from './state.ts';

const defaultTimeouts: Timeouts = { head: 60_000, body: 60_000, idle: 5_000, continue: 1_000, linger: 2_000 };
const noOptions: ServerOptions = {};
const continueHead = 'HTTP/1.1 100 Continue\r\n\r\n';

// How the exchange reaches into its connection; set by it, known to this file alone.
let stepOf: (connection: ServerConnection, exchange: Exchange, to: Pair) => void;
let startOf: (
  connection: ServerConnection,
  exchange: Exchange,
  head: OutgoingResponse,
  size: number | null | undefined,
) => void;
let sendOf: (connection: ServerConnection) => void;
let informOf: (connection: ServerConnection, exchange: Exchange, head: OutgoingResponse) => void;

class Exchange implements ServerExchange {
  /** How far both messages are; it begins with the request. */
  pair: Pair = idle.requested;
  ending: 'done' | 'lost' | null = null;
  /** The client waits for 100 before it sends its body. */
  expecting = false;
  /** The protocols that the request asks for, or null. */
  upgrade: string | null = null;
  /** If refused, bytes of another protocol may follow. Those of h2c begin with a preface that no HTTP/1.1 server takes for a request. */
  risky = false;
  /** Once the response has begun. */
  writer: MessageWriter | null = null;
  readonly connection: ServerConnection;
  readonly method: string;
  readonly version: '1.0' | '1.1';

  constructor(connection: ServerConnection, method: string, version: '1.0' | '1.1') {
    this.connection = connection;
    this.method = method;
    this.version = version;
  }

  get client(): State {
    return this.pair.client;
  }

  get server(): State {
    return this.pair.server;
  }

  get state(): 'open' | 'done' | 'lost' {
    return this.ending ?? 'open';
  }

  get writable(): boolean {
    return this.server === 'body';
  }

  inform(head: OutgoingResponse): void {
    informOf(this.connection, this, head);
  }

  respond(head: OutgoingResponse, body?: Uint8Array): void {
    startOf(this.connection, this, head, sizeOfBody(body));
    if (this.server === 'body') {
      if (body !== undefined) this.writer?.write(body);
      this.writer?.end('');
      stepOf(this.connection, this, this.pair.responseEnded);
    }
    sendOf(this.connection);
  }

  startResponse(head: OutgoingResponse): void {
    startOf(this.connection, this, head, null);
    sendOf(this.connection);
  }

  write(bytes: Uint8Array): void {
    if (!this.writable) throw new LocalProtocolError('ERR_STATE', `Cannot write: ${this.#whyNot()}`);
    this.writer?.write(bytes);
    sendOf(this.connection);
  }

  end(trailers?: HeaderPairs): void {
    const lines = composeTrailers(trailers);
    if (!this.writable) throw new LocalProtocolError('ERR_STATE', `Cannot end: ${this.#whyNot()}`);
    this.writer?.end(lines);
    stepOf(this.connection, this, this.pair.responseEnded);
    sendOf(this.connection);
  }

  #whyNot(): string {
    if (this.server === 'failed') return 'the exchange is lost';
    return this.server === 'owing' ? 'the response has not begun' : 'the response is complete';
  }
}

/** The server's side of one connection: bytes of requests in, bytes of responses out. */
export class ServerConnection extends Connection<ServerEvent> {
  readonly #maxRequests: number;
  /** Asks for the body itself where the client waits for 100. */
  readonly #continues: boolean;
  #exchange: Exchange | null = null;
  /** The body of its request, if it has one. */
  #body: BodyReader | null = null;
  #requests = 0;
  /** How much of a body has come in behind its response. */
  #unread = 0;
  #toldEof = false;
  #refusable = false;
  #drained = false;

  constructor(options: ServerOptions = noOptions) {
    super(options, defaultTimeouts);
    this.#maxRequests = options.maxRequests ?? Number.POSITIVE_INFINITY;
    this.#continues = options.continue !== 'manual';
    this.wait('idle', this.timeouts.idle);
  }

  /** Answers an `error` event in place of the response that never was, then closes. Throws ERR_STATE where a response had begun, ERR_HEAD. */
  refuse(head: OutgoingResponse, body?: Uint8Array): void {
    const method = this.#exchange?.method ?? 'GET';
    const answer = prepareResponse(head, sizeOfBody(body), { method, version: '1.1', upgrade: null });
    if (!this.#refusable)
      throw new LocalProtocolError('ERR_STATE', 'Cannot refuse: there is no error that could be answered');
    if (answer.switches) throw new LocalProtocolError('ERR_HEAD', `Cannot refuse with status ${head.status}`);
    this.#refusable = false;
    this.wait('none'); // the linger begins anew when the answer is out
    this.output.head(answer.line, finishFields(answer.fields, 'close', answer.framing.field));
    if (body !== undefined && answer.framing.framing !== 'none') this.output.bytes(body);
    this.#endOutput();
    this.signal();
  }

  override get finished(): boolean {
    return this.ended && this.output.size === 0 && (this.#drained || this.input.eof !== null) && !this.released;
  }

  override shutdown(): void {
    if (this.ended) return;
    this.close('shutdown');
    // A request whose first bytes are here is open: it is read and answered.
    if (this.#exchange === null && !this.over && this.input.size === 0 && !this.headBegun) this.#endOutput();
    this.signal();
  }

  override abort(cause?: unknown): void {
    if (this.finished || this.released) return;
    const exchange = this.#exchange;
    this.close('error');
    this.output.drop();
    if (exchange !== null && !this.over) {
      this.#lose(exchange);
      this.emit({
        type: 'error',
        error: new RemoteProtocolError('ERR_TRANSPORT', 'Cannot go on: the transport is gone', { cause }),
      });
    }
    this.#refusable = false;
    this.#drained = true;
    this.wait('none');
    this.#endOutput();
    this.signal();
  }

  protected override pull(): ServerEvent | null {
    if (this.over) {
      this.input.drop();
      return null;
    }
    const exchange = this.#exchange;
    if (exchange === null) return this.#pullHead();
    if (exchange.client === 'body') return this.#pullBody(exchange);
    if (exchange.pair.outcome === 'switch') return this.#pullUpgrade(exchange);
    return this.input.size === 0 ? this.#pullEof() : null; // what is held is the next request
  }

  #pullHead(): ServerEvent | null {
    const read = this.readHead('request');
    if (read instanceof HeadReader) {
      const event = this.#begin(read);
      giveBack(read);
      return event;
    }
    if (read !== false) return this.#fail(read);
    if (!this.headBegun) {
      // An empty line is not yet a message.
      if (this.timer === 'head') this.wait('idle', this.timeouts.idle);
      return this.#pullEof();
    }
    if (this.input.eof === null) return null;
    return this.#fail(new RemoteProtocolError('ERR_TRUNCATED', 'Cannot read the request: its head ends early'));
  }

  #pullEof(): ServerEvent | null {
    if (this.input.eof === null || this.#toldEof) return null;
    this.#toldEof = true;
    this.close('eof');
    if (this.#exchange === null) this.#endOutput();
    return { type: 'eof' };
  }

  #begin(reader: HeadReader): ServerEvent {
    const { method, target, version, raw, relaxed } = reader;
    const framed = requestFraming(method, version, reader);
    if (framed instanceof RemoteProtocolError) return this.#fail(framed);
    const mistake = this.otherReader?.compare('request', reader, framed) ?? checkBodySize(framed, this.limits);
    if (mistake !== null) return this.#fail(mistake);
    const options = connectionOptions(reader.connection);
    const exchange = new Exchange(this, method, version);
    this.decide(persistenceOf('request', version, options));
    if (isAmbiguous(relaxed)) this.close('relaxed');
    if (++this.#requests >= this.#maxRequests) this.close('shutdown');
    this.#exchange = exchange;
    this.#body = framed.framing === 'none' ? null : new BodyReader(framed, this.limits);
    this.#unread = 0;
    const { expect, upgrade } = reader;
    if (method === 'CONNECT') exchange.risky = true;
    else if (upgrade !== null && options.upgrade && version === '1.1' && listElements(upgrade).length > 0) {
      exchange.upgrade = upgrade;
      exchange.risky = upgrade.toLowerCase() !== 'h2c';
    }
    exchange.expecting =
      expect !== null &&
      version === '1.1' &&
      (framed.framing === 'chunked' || framed.size > 0) &&
      listElements(expect).includes('100-continue');
    if (framed.framing === 'none' || exchange.expecting) this.wait('none');
    else this.wait('body', this.timeouts.body);
    const { framing, contentLength } = framed;
    return {
      type: 'request',
      exchange,
      head: { method, target, version, headers: headerListOf(raw), framing, contentLength, relaxed },
    };
  }

  #pullBody(exchange: Exchange): ServerEvent | null {
    if (exchange.expecting && this.input.size === 0 && this.input.eof === null) {
      if (!this.#continues || exchange.server !== 'owing') return null;
      this.#sendContinue(exchange);
    }
    const held = this.input.size;
    const piece = this.#body === null ? 'end' : this.#body.read(this.input);
    if (exchange.server === 'done') this.#unread += held - this.input.size;
    if (piece === 'more') {
      if (this.input.eof === null) return null;
      return this.#fail(new RemoteProtocolError('ERR_TRUNCATED', 'Cannot read the request: its body ends early'));
    }
    if (piece === 'end') return this.#endRequest(exchange);
    if (piece instanceof RemoteProtocolError) return this.#fail(piece);
    exchange.expecting = false;
    if (exchange.server === 'done') {
      if (!this.#mayDrain(exchange)) return null;
    } else if (!this.ended) this.wait('body', this.timeouts.body);
    return { type: 'data', exchange, bytes: piece };
  }

  #endRequest(exchange: Exchange): ServerEvent {
    const trailers = this.#body?.trailers ?? null;
    this.#body = null;
    exchange.expecting = false;
    if (!this.ended) this.wait('none');
    this.#step(exchange, exchange.pair.requestEnded);
    return { type: 'end', exchange, trailers };
  }

  /** Past the limit, chunk lines included, the rest of the request is not worth the connection (RFC 9112 §9.3). */
  #mayDrain(exchange: Exchange): boolean {
    if (this.#unread + this.#owed <= this.limits.drainSize) return true;
    this.#leaveUnread(exchange);
    return false;
  }

  /** Bytes of the request's body that are known to be still to come. */
  get #owed(): number {
    return this.#body?.owed ?? 0;
  }

  #leaveUnread(exchange: Exchange): void {
    this.close('unread-body');
    exchange.ending = 'done';
    this.#exchange = null;
    this.#endOutput();
  }

  #pullUpgrade(exchange: Exchange): ServerEvent {
    this.released = true;
    this.over = true;
    const leftover = this.input.takeAll();
    this.#exchange = null;
    this.wait('none');
    return { type: 'upgrade', exchange, leftover };
  }

  /** A mistake of the peer's: the last event. */
  #fail(error: RemoteProtocolError): ServerEvent {
    const exchange = this.#exchange;
    this.close('error');
    this.over = true;
    this.input.drop();
    this.#refusable = exchange === null || exchange.server === 'owing';
    if (exchange !== null) this.#lose(exchange);
    if (!this.#refusable) this.#endOutput();
    else this.wait('linger', this.timeouts.linger); // if nobody refuses
    return { type: 'error', error };
  }

  #lose(exchange: Exchange): void {
    exchange.ending ??= exchange.server === 'done' ? 'done' : 'lost';
    move(exchange, exchange.pair.lost);
  }

  #endOutput(): void {
    this.ended = true;
    // With a request still coming in, its events go on until it ends or is too long.
    if (this.#exchange === null || this.#exchange.client !== 'body') {
      this.over = true;
      this.input.drop();
      if (this.timer !== 'linger') this.wait('none');
    }
  }

  protected override drained(): void {
    if (this.timer !== 'linger' && this.input.eof === null && !this.#drained && !this.released) {
      this.wait('linger', this.timeouts.linger);
    }
  }

  protected override arrived(): void {
    const exchange = this.#exchange;
    if (exchange === null) {
      if (this.timer !== 'head' && !this.over) this.wait('head', this.timeouts.head);
    } else if (this.timer === 'body' && exchange.server !== 'done') this.wait('body', this.timeouts.body);
  }

  protected override expired(timer: Timer): void {
    if (timer === 'linger') {
      this.#drained = true;
      this.#refusable = false;
      this.over = true;
      this.ended = true;
      this.input.drop();
    } else if (timer === 'idle') {
      this.close('shutdown');
      this.#endOutput();
    } else if (timer === 'body' && this.#exchange?.server === 'done') {
      this.#leaveUnread(this.#exchange);
    } else {
      const what = timer === 'head' ? 'its head took too long' : 'its body stalled';
      this.emit(this.#fail(new RemoteProtocolError('ERR_TIMEOUT', `Cannot wait for the request: ${what}`)));
    }
  }

  #sendContinue(exchange: Exchange): void {
    exchange.expecting = false;
    this.output.text(continueHead);
    this.wait('body', this.timeouts.body);
  }

  #inform(exchange: Exchange, head: OutgoingResponse): void {
    const { status, line, rest } = composeInterim(head);
    if (exchange.server !== 'owing') throw new LocalProtocolError('ERR_STATE', 'Cannot inform: the response has begun');
    if (exchange.version === '1.0') return; // an HTTP/1.0 client would take it for the response (RFC 9110 §15.2)
    if (status === 100 && exchange.expecting) {
      exchange.expecting = false;
      if (exchange.client === 'body') this.wait('body', this.timeouts.body);
    }
    this.output.head(line, rest);
    this.signal();
  }

  /**
   * Writes the head of a response. All that can be wrong with it is found before anything changes, and the state is looked at last:
   * fields may come from an iterator of the caller's, which may call anything.
   */
  #start(exchange: Exchange, head: OutgoingResponse, size: number | null | undefined): void {
    const answer = prepareResponse(head, size, exchange);
    if (exchange.server !== 'owing') {
      const why = exchange.server === 'failed' ? 'the exchange is lost' : 'the response has begun';
      throw new LocalProtocolError('ERR_STATE', `Cannot respond: ${why}`);
    }
    const { framing } = answer.framing;
    if (answer.switches) {
      this.close('upgrade');
      if (exchange.expecting) this.#sendContinue(exchange); // or the request would never be complete (RFC 9110 §7.8)
      this.output.head(answer.line, finishFields(answer.fields, null, ''));
      return this.#step(exchange, exchange.pair.switched);
    }
    // Bytes of the protocol that was asked for may be on their way, and must not be read as requests.
    if (exchange.risky) this.close('upgrade');
    if (answer.fields.options.close) this.close('response-close');
    if (framing === 'until-close') this.close('until-close-body');
    if (exchange.expecting) this.close('refused-expectation');
    // A response that is whole here leaves the request behind it unread.
    if (size !== null && exchange.client === 'body' && this.#owed > this.limits.drainSize) this.close('unread-body');
    exchange.expecting = false;
    const owed = this.closing ? 'close' : exchange.version === '1.0' ? 'keep-alive' : null;
    this.output.head(answer.line, finishFields(answer.fields, owed, answer.framing.field));
    exchange.writer = new MessageWriter(this.output, answer.framing, exchange.method === 'HEAD');
    this.#step(exchange, exchange.pair.responded);
  }

  #step(exchange: Exchange, to: Pair): void {
    const outcome = move(exchange, to);
    if (outcome === 'complete') this.#complete(exchange);
    else if (outcome === 'early') this.#early(exchange);
    else if (outcome === 'switch') exchange.ending = 'done';
  }

  #complete(exchange: Exchange): void {
    exchange.ending = 'done';
    this.#exchange = null;
    if (this.closing) return this.#endOutput();
    if (this.input.size > 0) this.wait('head', this.timeouts.head);
    else this.wait('idle', this.timeouts.idle);
  }

  /** The response is complete and the request is not: what is left of it is taken in up to a limit. */
  #early(exchange: Exchange): void {
    if (this.#owed > this.limits.drainSize) return this.#leaveUnread(exchange);
    if (this.closing) return this.#endOutput();
    this.wait('body', this.timeouts.body); // once, for all of the rest
  }

  static {
    stepOf = (connection, exchange, to) => connection.#step(exchange, to);
    startOf = (connection, exchange, head, size) => connection.#start(exchange, head, size);
    informOf = (connection, exchange, head) => connection.#inform(exchange, head);
    sendOf = (connection) => connection.signal();
  }
}
