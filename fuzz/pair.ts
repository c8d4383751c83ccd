// A client and a server joined by memory, each byte of the input a step of careless users or of a careless transport. Neither may find
// fault with what the other has written, no answer may reach another request, and what is said of a lost request must be true.

import {
  ClientConnection,
  type ClientEvent,
  type ClientExchange,
  type HeaderPairs,
  LocalProtocolError,
  ServerConnection,
  type ServerEvent,
  type ServerExchange,
} from '@halfpipe/core';
import { type Chosen, choose, one } from './choices.ts';
import { bytesOf, textOf, timeouts } from './run.ts';
import { must, Watch } from './watch.ts';

export const menu = {
  persistent: one([true, undefined, false]),
  maxInFlight: one([16, 1, 2]),
  maxRequests: one([Number.POSITIVE_INFINITY, 2]),
  continue: one(['auto', 'manual'] as const),
};

/** A message of one of the two: what its user wrote, what the other has read, and where it stands. */
interface Message {
  written: string;
  /** How much must be written, where that was said before. */
  owed: number | null;
  complete: boolean;
  read: string;
}

interface Asked {
  readonly target: string;
  readonly method: string;
  readonly exchange: ClientExchange;
  /** Nothing may be on the wire beside it: it cannot be repeated, or it may end HTTP. */
  readonly alone: boolean;
  readonly request: Message;
  /** Absent as long as the server has not seen it. */
  serving: ServerExchange | null;
  /** The server has seen all of it. */
  heard: boolean;
  readonly response: Message;
  interims: number;
  /** Its answer is one to an error. */
  refused: boolean;
  withdrawn: boolean;
  endings: string[];
}

const nothing: Message = { written: '', owed: null, complete: false, read: '' };
const large = 'y'.repeat(1_100);
const switching: HeaderPairs = Object.entries({ Connection: 'upgrade', Upgrade: 'x' });
const closing: HeaderPairs = Object.entries({ Connection: 'close' });
const expecting: HeaderPairs = Object.entries({ Expect: '100-continue' });
const measured: HeaderPairs = Object.entries({ 'Content-Length': '6' });
const unmeasured: HeaderPairs = [];

// What either may say of the other's bytes: that they ended early, came late, or were not expected; never that they are wrong.
const faultless = /^ERR_(?:TRUNCATED|NO_RESPONSE|UNSOLICITED|TIMEOUT|TRANSPORT)$/;

class Life {
  readonly #client: ClientConnection;
  readonly #server: ServerConnection;
  readonly #watches: readonly Watch[];
  readonly #maxInFlight: number;
  readonly #informs: boolean;
  readonly #asked: Asked[] = [];
  /** Those that the server has seen, in that order. */
  readonly #served: Asked[] = [];
  readonly #up = { chunks: [] as Uint8Array[], ended: false };
  readonly #down = { chunks: [] as Uint8Array[], ended: false };
  #clock = 0;
  #closed = false;
  #serverOver = false;

  constructor({ persistent, maxInFlight, maxRequests, continue: how }: Chosen<typeof menu>) {
    this.#client = new ClientConnection({ timeouts, maxInFlight, ...(persistent !== undefined && { persistent }) });
    this.#server = new ServerConnection({ timeouts, maxRequests, continue: how });
    this.#maxInFlight = maxInFlight;
    this.#informs = how === 'auto';
    this.#watches = [new Watch(this.#client), new Watch(this.#server)];
  }

  // What a byte does. What ends things is rare, or nothing else would ever come to its end.
  readonly #steps = {
    moves: [
      () => this.#pullClient(),
      () => this.#pullServer(),
      () => this.#carryUp(Number.POSITIVE_INFINITY),
      () => this.#carryDown(Number.POSITIVE_INFINITY),
      () => this.#carryUp(1),
      () => this.#carryDown(1),
    ],
    calls: [
      () => this.#ask('GET'),
      () => this.#ask('HEAD'),
      () => this.#ask('PUT', [], 'hello!'),
      () => this.#ask('POST', [], large),
      () => this.#ask('POST', expecting, 'hello!'),
      () => this.#ask('PUT', expecting, null),
      () => this.#ask('PUT', measured, null),
      () => this.#ask('PUT', unmeasured, null),
      () => this.#ask('GET', closing),
      () => this.#ask('GET', switching),
      () => this.#ask('CONNECT'),
      () => this.#write(this.#asked.find(({ exchange }) => exchange.writable)),
      () => this.#write(this.#asked.at(-1)),
      () => this.#end(this.#asked.find(({ exchange }) => exchange.writable)),
      () => this.#end(this.#asked.at(-1)),
      () => this.#respond(200, 'hello'),
      () => this.#respond(404, large, closing),
      () => this.#respond(204),
      () => this.#respond(304),
      () => this.#respond(101, '', switching),
      () => this.#begin(unmeasured),
      () => this.#begin(measured),
      () => this.#reply('abc'),
      () => this.#reply(large),
      () => this.#finish(),
      () => this.#inform(100),
      () => this.#inform(103),
      () => this.#pass(1),
    ],
    ends: [
      () => this.#pass(15),
      () => this.#abandon(this.#asked[0]),
      () => this.#abandon(this.#asked.at(-1)),
      () => this.#endUp(),
      () => this.#endDown(),
      () => this.#client.shutdown(),
      () => this.#server.shutdown(),
      () => this.#client.abort(),
      () => this.#server.abort(),
    ],
  };

  run(bytes: Uint8Array): void {
    for (const byte of bytes) {
      const { moves, calls, ends } = this.#steps;
      const steps = byte < 128 ? moves : byte < 240 ? calls : ends;
      attempt(() => steps[byte % steps.length]?.());
      this.#look();
    }
    this.#settle();
    this.#client.abort();
    this.#server.abort();
    this.#pullAll();
    this.#account();
  }

  #look(): void {
    for (const watch of this.#watches) watch.look();
  }

  #ask(method: string, fields: HeaderPairs = [], body: string | null = ''): void {
    const i = this.#asked.length;
    if (i >= 12) return;
    const target = method === 'CONNECT' ? `h.test:${i + 1}` : `/${i}`;
    const head = { method, target, headers: [['Host', 'h.test'] as const, ...fields] };
    const whole = body === '' ? undefined : bytesOf(body ?? '');
    const exchange = body === null ? this.#client.startRequest(head) : this.#client.request(head, whole);
    const request = { ...nothing, written: body ?? '', owed: fields === measured ? 6 : null, complete: body !== null };
    const rest = {
      serving: null,
      heard: false,
      response: { ...nothing },
      interims: 0,
      refused: false,
      withdrawn: false,
      endings: [],
    };
    const alone = method === 'POST' || method === 'CONNECT' || fields === expecting || fields === switching;
    this.#asked.push({ target, method, exchange, alone, request, ...rest });
  }

  #write(asked: Asked | undefined, text = 'abc'): void {
    if (asked === undefined) return;
    asked.exchange.write(bytesOf(text));
    asked.request.written += text;
  }

  #end(asked: Asked | undefined): void {
    if (asked === undefined) return;
    asked.exchange.end();
    asked.request.complete = true;
  }

  #abandon(asked: Asked | undefined): void {
    if (asked?.exchange.state === 'waiting') asked.withdrawn = true;
    asked?.exchange.abandon();
  }

  #respond(status: number, body = '', fields: HeaderPairs = []): void {
    const asked = this.#served.at(-1);
    if (asked === undefined) return;
    const head = { status, headers: [['X-For', asked.target] as const, ...fields] };
    asked.serving?.respond(head, body === '' ? undefined : bytesOf(body));
    asked.response.written = body;
    asked.response.complete = true;
  }

  #begin(fields: HeaderPairs): void {
    const asked = this.#served.at(-1);
    if (asked === undefined) return;
    asked.serving?.startResponse({ status: 200, headers: [['X-For', asked.target], ...fields] });
    asked.response.owed = fields === measured ? 6 : null;
  }

  #reply(text: string): void {
    const asked = this.#served.at(-1);
    if (asked === undefined) return;
    asked.serving?.write(bytesOf(text));
    asked.response.written += text;
  }

  #finish(): void {
    const asked = this.#served.at(-1);
    if (asked === undefined) return;
    asked.serving?.end();
    asked.response.complete = true;
  }

  #inform(status: number): void {
    const asked = this.#served.at(-1);
    if (asked === undefined || asked.interims >= 8) return;
    asked.serving?.inform({ status });
    asked.interims++;
  }

  #pass(time: number): void {
    this.#clock += time;
    this.#client.advance(this.#clock);
    this.#server.advance(this.#clock);
  }

  #pullClient(): boolean {
    const event = this.#client.nextEvent();
    if (event !== null) this.#toClient(event);
    return event !== null;
  }

  #toClient(event: ClientEvent): void {
    if (event.type === 'closed') {
      must(!this.#closed, 'closed comes twice');
      this.#closed = true;
      const code = event.error?.code ?? 'ERR_TRANSPORT';
      must(faultless.test(code), 'the client finds fault with what the server wrote', event.error?.message);
      return;
    }
    const asked = this.#asked.find(({ exchange }) => exchange === event.exchange);
    must(asked !== undefined, 'an event belongs to no request');
    const { response, target } = asked;
    if (event.type === 'response') {
      const name = event.head.headers.get('x-for');
      must(name === null || name === target, 'an answer reaches another request', name, target);
    } else if (event.type === 'data') {
      response.read += textOf(event.bytes);
    } else if (event.type === 'end') {
      asked.endings.push('end');
    } else if (event.type === 'upgrade') {
      asked.endings.push('upgrade');
    } else if (event.type === 'lost') {
      must(this.#closed, 'a loss comes before closed');
      must(event.retry !== 'safe' || asked.serving === null, 'a request that the server has seen is said to be unsent');
      asked.endings.push(event.retry);
    }
  }

  #pullServer(): boolean {
    const event = this.#server.nextEvent();
    if (event !== null) this.#toServer(event);
    return event !== null;
  }

  #toServer(event: ServerEvent): void {
    must(!this.#serverOver, 'an event comes behind the last', event.type);
    if (event.type === 'error' || event.type === 'upgrade') this.#serverOver = true;
    if (event.type === 'error') {
      must(faultless.test(event.error.code), 'the server finds fault with what the client wrote', event.error.message);
      attempt(() => {
        this.#server.refuse({ status: event.error.status });
        const last = this.#served.at(-1);
        if (last?.serving?.state === 'lost') last.refused = true;
      });
    }
    if (event.type === 'request') {
      const asked = this.#asked.find(({ target }) => target === event.head.target);
      must(asked !== undefined && asked.method === event.head.method, 'the server reads what nobody asked');
      must(asked.serving === null, 'the server reads a request twice');
      must(!asked.endings.includes('safe'), 'a request that was said to be unsent reaches the server');
      const others = this.#served.filter(({ endings }) => endings.length === 0);
      must(
        others.length === 0 || ![asked, ...others].some(({ alone }) => alone),
        'a request is pipelined that may not be',
      );
      must(others.length < this.#maxInFlight, 'more is pipelined than was allowed');
      asked.serving = event.exchange;
      this.#served.push(asked);
    } else if (event.type === 'data') {
      const asked = this.#served.at(-1);
      if (asked !== undefined) asked.request.read += textOf(event.bytes);
    } else if (event.type === 'end') {
      const asked = this.#served.at(-1);
      must(asked !== undefined && isWhole(asked.request), 'a request ends that nobody ended');
      must(asked.request.read === asked.request.written, 'the body of a request is read otherwise', asked.request.read);
      asked.heard = true;
    }
  }

  #pullAll(): boolean {
    let moved = false;
    while (this.#pullClient() || this.#pullServer()) moved = true;
    return moved;
  }

  #carryUp(size: number): boolean {
    return carry(this.#client, this.#up, this.#server, size);
  }

  #carryDown(size: number): boolean {
    return carry(this.#server, this.#down, this.#client, size);
  }

  #endUp(): void {
    this.#up.ended = true;
    this.#server.receiveEnd();
  }

  #endDown(): void {
    this.#down.ended = true;
    this.#client.receiveEnd();
  }

  /** Everybody does what is owed until nothing moves: then nothing is open. */
  #settle(): void {
    for (let moved = true, moves = 0; moved; moves++) {
      must(moves < 100, 'there is no end to it');
      moved = this.#pullAll();
      for (const asked of this.#asked) {
        if (complete(asked.exchange, asked.request)) moved = true;
        if (asked.serving === null) continue;
        if (complete(asked.serving, asked.response)) moved = true;
        // Who informs by itself lets the body come; else nobody may wait for it.
        const ready = asked.heard || !this.#informs;
        if (ready && asked === this.#served.at(-1)) attempt(() => this.#respond(200));
      }
      while (this.#carryUp(Number.POSITIVE_INFINITY)) moved = true;
      while (this.#carryDown(Number.POSITIVE_INFINITY)) moved = true;
      if (!this.#up.ended && this.#client.outputEnded) this.#endUp();
      else if (!this.#down.ended && this.#server.outputEnded) this.#endDown();
      else continue;
      moved = true;
    }
    this.#look();
    // A chunked request may wait for a verdict that nothing is there to bring.
    const open = this.#asked.filter(
      ({ exchange, request }) => exchange.state === 'open' || (exchange.state === 'waiting' && request.complete),
    );
    must(open.length === 0, 'two that do all they owe come to a stop', ...open.map(({ target }) => target));
  }

  /** When all is over, everything has been accounted for. */
  #account(): void {
    must(this.#closed, 'closed does not come');
    for (const { method, exchange, serving, refused, endings, withdrawn, response } of this.#asked) {
      must(endings.length === (withdrawn ? 0 : 1), 'a request has no ending, or two', ...endings);
      const done = endings[0] === 'end' || endings[0] === 'upgrade';
      must(exchange.state === (done ? 'done' : 'lost'), 'a request ends otherwise', exchange.state, ...endings);
      if (method === 'HEAD') must(response.read === '', 'an answer to HEAD has a body');
      else must(response.written.startsWith(response.read), 'the body of an answer is read otherwise', response.read);
      if (endings[0] !== 'end' || serving === null || refused || method === 'HEAD') continue;
      must(isWhole(response), 'an answer ends that nobody ended');
      must(response.read === response.written, 'the body of an answer is read otherwise', response.read);
    }
  }
}

/** Has all been written that was announced, or the end said? */
function isWhole({ written, owed, complete }: Message): boolean {
  return complete || written.length === owed;
}

/** Careless users are told; that is all. */
function attempt(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof LocalProtocolError)) throw error;
  }
}

/** Writes what is missing of a message that has begun, and ends it. False where there is none. */
function complete(exchange: ClientExchange | ServerExchange, message: Message): boolean {
  if (!exchange.writable) return false;
  const missing = 'abcabc'.slice(message.written.length, message.owed ?? 0);
  exchange.write(bytesOf(missing));
  message.written += missing;
  exchange.end();
  message.complete = true;
  return true;
}

/** Takes a chunk, if there is one, and delivers at most `size` bytes of the oldest that is on its way. */
function carry(
  from: ServerConnection | ClientConnection,
  wire: { readonly chunks: Uint8Array[]; readonly ended: boolean },
  to: ServerConnection | ClientConnection,
  size: number,
): boolean {
  const chunk = from.nextChunk();
  if (chunk !== null) wire.chunks.push(chunk);
  const first = wire.chunks.shift();
  if (first === undefined || wire.ended) return false;
  if (size < first.length) wire.chunks.unshift(first.subarray(size));
  to.receive(first.subarray(0, size));
  return true;
}

export function fuzz(input: Uint8Array): void {
  const { plan, wire } = choose(menu, input);
  new Life(plan).run(wire.subarray(0, 400));
}
