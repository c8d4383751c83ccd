// A client and a server driven at random by careless users over a careless transport, and a trace of all that they gave: the same for
// the same seed, as long as the connections behave the same.

import {
  ClientConnection,
  type ClientExchange,
  type ClientOptions,
  ServerConnection,
  type ServerExchange,
  type ServerOptions,
} from '@halfpipe/core';
import { lineOf } from '../src/events.ts';
import { bytes, text } from '../src/octets.ts';
import { codeOf } from '../src/recording.ts';

const host = ['Host', 'x'] as const;

/** What a connection has given. */
export interface Given {
  readonly events: string[];
  output: string;
}

type Prepare = <Made extends ClientConnection | ServerConnection>(
  connection: Made,
  options: ClientOptions & ServerOptions,
) => Made;

export class Life {
  readonly client: ClientConnection;
  readonly server: ServerConnection;
  readonly clientGave: Given = { events: [], output: '' };
  readonly serverGave: Given = { events: [], output: '' };
  /** What could be seen from outside, step by step. */
  readonly trace: string[] = [];
  /** The codes of what either threw, in order. */
  readonly thrown: string[] = [];
  readonly #asked: ClientExchange[] = [];
  readonly #serving: ServerExchange[] = [];
  readonly #up: Uint8Array[] = [];
  readonly #down: Uint8Array[] = [];
  #state: number;
  #clock = 0;

  /** `prepare` gets each connection before anything is done with it. */
  constructor(seed: number, prepare: Prepare = (connection) => connection) {
    this.#state = seed >>> 0;
    const timeouts = { head: 80, body: 70, idle: 120, continue: 10, linger: 30 };
    const persistent = this.#pick([true, true, undefined, false]);
    const client: ClientOptions = {
      ...(persistent !== undefined && { persistent }),
      timeouts,
      maxInFlight: this.#pick([1, 3, Number.POSITIVE_INFINITY]),
    };
    const server: ServerOptions = {
      timeouts,
      limits: { bodySize: this.#pick([Number.POSITIVE_INFINITY, 8]), drainSize: this.#pick([4, 64]) },
      continue: this.#pick(['auto', 'manual']),
      maxRequests: this.#pick([Number.POSITIVE_INFINITY, 2]),
      relax: ['bare-lf'],
    };
    this.client = prepare(new ClientConnection(client), client);
    this.server = prepare(new ServerConnection(server), server);
  }

  run(steps: number): this {
    for (let i = 0; i < steps; i++) {
      this.#step();
      this.trace.push(stateOf(this.client), stateOf(this.server));
    }
    return this;
  }

  // mulberry32, as everywhere.
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T; // from is never empty where it is called
  }

  #step(): void {
    const moves = [this.#pullClient, this.#carryUp, this.#pullServer, this.#carryDown, this.#serve, this.#serve];
    const calls = [this.#ask, this.#ask, this.#send, this.#send, this.#pass];
    const ends = [this.#endClient, this.#endServer];
    const chance = this.#random();
    const kind = chance < 0.8 ? moves : chance < 0.995 ? calls : ends;
    try {
      this.#pick(kind).call(this);
    } catch (error) {
      this.thrown.push(codeOf(error));
      this.trace.push(codeOf(error));
    }
  }

  #ask(): void {
    const { client } = this;
    const expects = this.#random() < 0.2 ? [['Expect', '100-continue'] as const] : [];
    const closes = this.#random() < 0.05 ? [['Connection', 'close'] as const] : [];
    const upgrades = this.#random() < 0.05 ? [['Connection', 'upgrade'] as const, ['Upgrade', 'x'] as const] : [];
    const head = { method: this.#pick(['GET', 'HEAD', 'PUT']), target: '/', headers: [host, ...closes, ...upgrades] };
    const full = { ...head, headers: [...head.headers, ...expects] };
    const sized = { ...full, headers: new Map([...full.headers, ['Content-Length', '6'] as const]) };
    const exchange = this.#pick([
      () => client.request(head),
      () => client.request(head),
      () => client.request(full, bytes(this.#pick(['hello!', '\0\x01\xfe\xff', 'x'.repeat(2_000)]))),
      () => client.startRequest(sized),
      () => client.startRequest(full),
      this.#random() < 0.2
        ? () => client.request({ method: 'CONNECT', target: 'x:1', headers: [host].values() })
        : () => client.request({ ...head, headers: [] }),
    ])();
    this.#asked.push(exchange);
  }

  #send(): void {
    const exchange = this.#pick(this.#asked);
    if (exchange === undefined) return;
    const chance = this.#random();
    if (chance < 0.03) exchange.abandon();
    else if (chance < 0.6) exchange.write(bytes('abc'));
    else if (chance < 0.9) exchange.end();
    else exchange.end([['Trailer-Field', 'x']]);
  }

  #serve(): void {
    const exchange = this.#pick(this.#serving.slice(-2));
    if (exchange === undefined) return;
    const headers = this.#random() < 0.05 ? [['Connection', 'close'] as const] : [];
    const switching = [['Connection', 'upgrade'] as const, ['Upgrade', 'x'] as const];
    this.#pick([
      () => exchange.respond({ status: this.#pick([200, 204, 304, 404]), headers }),
      () => exchange.respond({ status: 200, headers, reason: 'Fine' }, bytes('hello')),
      () => exchange.startResponse({ status: 200, headers }),
      () => exchange.write(bytes('abc')),
      () => exchange.write(bytes('d'.repeat(1_500))),
      () => exchange.end(),
      () => exchange.end(new Map([['Trailer-Field', 'x']])),
      () => exchange.inform({ status: this.#pick([100, 103]) }),
      () => exchange.respond({ status: 101, headers: switching }),
    ])();
  }

  #pass(): void {
    this.#clock += this.#pick([1, 1, 5, 20]);
    this.client.advance(this.#clock);
    this.server.advance(this.#clock);
  }

  // One event, or all there are: in a loop, or by iteration.
  #pullClient(): void {
    for (const event of this.client) {
      this.clientGave.events.push(lineOf(event));
      this.trace.push(lineOf(event));
      if (this.#random() < 0.5) break;
    }
  }

  #pullServer(): void {
    for (let event = this.server.nextEvent(); event !== null; event = this.server.nextEvent()) {
      this.serverGave.events.push(lineOf(event));
      this.trace.push(lineOf(event));
      if (event.type === 'request') this.#serving.push(event.exchange);
      if (event.type === 'error' && this.#random() < 0.7) this.server.refuse({ status: event.error.status });
      if (this.#random() < 0.3) break;
    }
  }

  #carryUp(): void {
    this.#carry(this.client, this.clientGave, this.#up, this.server);
  }

  #carryDown(): void {
    this.#carry(this.server, this.serverGave, this.#down, this.client);
  }

  // A chunk is taken, and what is on the wire delivered, cut or spoiled now and then.
  #carry(
    from: ClientConnection | ServerConnection,
    gave: Given,
    wire: Uint8Array[],
    to: ClientConnection | ServerConnection,
  ): void {
    const chunk = from.nextChunk();
    if (chunk !== null) {
      gave.output += text(chunk);
      this.trace.push(text(chunk));
      wire.push(chunk);
    }
    const first = wire.shift();
    if (first === undefined) return;
    const size = this.#random() < 0.5 ? first.length : 1 + Math.floor(this.#random() * first.length);
    if (size < first.length) wire.unshift(first.subarray(size));
    const bad = this.#random() < 0.01;
    const received = to.receive(bad ? bytes('\0\0?') : first.subarray(0, size));
    if (received !== to) this.trace.push('receive() gave something else');
  }

  #endClient(): void {
    this.#pick([
      () => this.client.shutdown(),
      () => this.client.abort(),
      () => this.client.abort(new Error('the cable is cut')),
      () => this.client.receiveEnd(),
      () => this.client.receiveEnd(this.#pick(['clean', 'truncated', 'unknown'])),
    ])();
  }

  #endServer(): void {
    this.#pick([
      () => this.server.shutdown(),
      () => this.server.abort('the cable is cut'),
      () => this.server.receiveEnd(this.#pick(['clean', 'truncated', 'unknown'])),
    ])();
  }
}

function stateOf(connection: ClientConnection | ServerConnection): string {
  const { wantsInput, outputSize, outputEnded, finished, deadline, persistence } = connection;
  return JSON.stringify({ wantsInput, outputSize, outputEnded, finished, deadline: String(deadline), persistence });
}
