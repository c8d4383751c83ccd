// A client and a server driven at random by careless users over a careless transport: whatever is called, and when, what must always
// hold holds (RFC 9112 §9).

import {
  ClientConnection,
  type ClientEvent,
  type ClientExchange,
  LocalProtocolError,
  type Persistence,
  ServerConnection,
  type ServerEvent,
  type ServerExchange,
} from '../src/index.ts';
import { ascii, randomFrom } from './pair.ts';

const host = ['Host', 'x'] as const;

/** What is always so of a connection, looked at behind each step. */
class Watch {
  readonly #connection: ServerConnection | ClientConnection;
  #before: { finished: boolean; ended: boolean; size: number; fate: Persistence };

  constructor(connection: ServerConnection | ClientConnection) {
    this.#connection = connection;
    this.#before = this.#now();
  }

  #now() {
    const { finished, outputEnded: ended, outputSize: size, persistence: fate } = this.#connection;
    return { finished, ended, size, fate };
  }

  /** What is wrong, if anything. */
  look(): string[] {
    const before = this.#before;
    const now = this.#now();
    const { deadline, wantsInput } = this.#connection;
    this.#before = now;
    return [
      before.finished && !now.finished && 'it was finished and goes on',
      before.ended && !now.ended && 'its output had ended and has not',
      before.ended && now.size > before.size && 'its output had ended and grows',
      now.finished && (deadline !== Number.POSITIVE_INFINITY || wantsInput) && 'it is finished and waits for something',
      now.finished && now.size > 0 && 'it is finished and has output',
      before.fate.verdict === 'keep' && now.fate.verdict === 'undecided' && 'its fate was decided and is not',
      before.fate.verdict === 'close' && now.fate !== before.fate && 'its reason to close has changed',
    ].filter((wrong): wrong is string => wrong !== false);
  }
}

/** One life of a connection, by seed. */
class Life {
  readonly #random: () => number;
  readonly #client: ClientConnection;
  readonly #server: ServerConnection;
  readonly #asked: ClientExchange[] = [];
  readonly #serving: ServerExchange[] = [];
  readonly #dropped = new Set<ClientExchange>();
  readonly #clientEvents: ClientEvent[] = [];
  readonly #serverEvents: ServerEvent[] = [];
  readonly #wire = { up: [] as Uint8Array[], down: [] as Uint8Array[], upEnded: false, downEnded: false };
  #clock = 0;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
    const persistent = this.#pick([true, true, undefined, false]);
    const timeouts = { head: 50, body: 40, idle: 60, continue: 10, linger: 30 };
    this.#client = new ClientConnection({ ...(persistent !== undefined && { persistent }), timeouts, maxInFlight: 3 });
    const maxRequests = this.#pick([Number.POSITIVE_INFINITY, 2]);
    this.#server = new ServerConnection({ continue: this.#pick(['auto', 'manual']), timeouts, maxRequests });
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T; // from is never empty where it is called
  }

  /** All that was found wrong. */
  run(steps: number): string[] {
    const watches = [new Watch(this.#client), new Watch(this.#server)];
    const wrong: string[] = [];
    for (let i = 0; i < steps && wrong.length === 0; i++) {
      const states = this.#asked.map(({ state }) => state);
      try {
        this.#step();
      } catch (error) {
        if (!(error instanceof LocalProtocolError)) throw error; // careless users are told; that is all
      }
      wrong.push(...watches.flatMap((watch) => watch.look()), ...this.#compare(states));
    }
    return [...wrong, ...this.#conclude()];
  }

  #step(): void {
    const moves = [this.#pullClient, this.#pullServer, this.#carryUp, this.#carryDown, this.#serve, this.#serve];
    const calls = [this.#ask, this.#ask, this.#send, this.#pass];
    const ends = [this.#endClient, this.#endServer, this.#endWire];
    const chance = this.#random();
    this.#pick(chance < 0.7 ? moves : chance < 0.97 ? calls : ends).call(this);
  }

  #ask(): void {
    const client = this.#client;
    const expects = this.#random() < 0.2 ? [['Expect', '100-continue'] as const] : [];
    const closes = this.#random() < 0.05 ? [['Connection', 'close'] as const] : [];
    const upgrades = this.#random() < 0.05 ? [['Connection', 'upgrade'] as const, ['Upgrade', 'x'] as const] : [];
    const method = this.#pick(['GET', 'HEAD', 'PUT', 'POST']);
    const head = { method, target: '/', headers: [host, ...closes, ...upgrades] };
    const full = { ...head, headers: [...head.headers, ...expects] };
    const sized = { ...full, headers: [...full.headers, ['Content-Length', '6'] as const] };
    const exchange = this.#pick([
      () => client.request(head),
      () => client.request(head),
      () => client.request(full, ascii('hello!')),
      () => client.startRequest(sized),
      () => client.startRequest(full),
      () => client.request({ method: 'CONNECT', target: 'x:1', headers: [host] }),
    ])();
    this.#asked.push(exchange);
  }

  #send(): void {
    const exchange = this.#pick(this.#asked);
    if (exchange === undefined) return;
    if (this.#random() < 0.05) {
      if (exchange.state === 'waiting') this.#dropped.add(exchange);
      exchange.abandon();
    } else if (this.#random() < 0.6) exchange.write(ascii('abc'));
    else exchange.end();
  }

  #pass(): void {
    this.#clock += this.#pick([1, 5, 20]);
    this.#client.advance(this.#clock);
    this.#server.advance(this.#clock);
  }

  #serve(): void {
    const exchange = this.#pick(this.#serving.slice(-2));
    if (exchange === undefined) return;
    const headers = this.#random() < 0.05 ? [['Connection', 'close'] as const] : [];
    const switching = [['Connection', 'upgrade'] as const, ['Upgrade', 'x'] as const];
    this.#pick([
      () => exchange.respond({ status: this.#pick([200, 204, 304, 404]), headers }),
      () => exchange.respond({ status: 200, headers }, ascii('hello')),
      () => exchange.startResponse({ status: 200, headers }),
      () => exchange.write(ascii('abc')),
      () => exchange.write(ascii('abc')),
      () => exchange.end(),
      () => exchange.end(),
      () => exchange.inform({ status: this.#pick([100, 103]) }),
      () => exchange.respond({ status: 101, headers: switching }),
    ])();
  }

  #pullClient(): void {
    const event = this.#client.nextEvent();
    if (event !== null) this.#clientEvents.push(event);
  }

  #pullServer(): void {
    const event = this.#server.nextEvent();
    if (event === null) return;
    this.#serverEvents.push(event);
    if (event.type === 'request') this.#serving.push(event.exchange);
    if (event.type === 'error' && this.#random() < 0.7) this.#server.refuse({ status: event.error.status });
  }

  // A chunk is taken, perhaps cut, and what is on the wire is delivered some time.
  #carryUp(): void {
    this.#carry(this.#client, this.#wire.up, this.#server, this.#wire.upEnded);
  }

  #carryDown(): void {
    this.#carry(this.#server, this.#wire.down, this.#client, this.#wire.downEnded);
  }

  #carry(
    from: ServerConnection | ClientConnection,
    wire: Uint8Array[],
    to: ServerConnection | ClientConnection,
    ended: boolean,
  ): void {
    const chunk = from.nextChunk();
    if (chunk !== null) wire.push(chunk);
    const first = wire.shift();
    if (first === undefined || ended) return;
    const size = this.#random() < 0.5 ? first.length : 1 + Math.floor(this.#random() * first.length);
    if (size < first.length) wire.unshift(first.subarray(size));
    to.receive(first.subarray(0, size));
  }

  #endClient(): void {
    this.#pick([() => this.#client.shutdown(), () => this.#client.abort()])();
  }

  #endServer(): void {
    this.#pick([() => this.#server.shutdown(), () => this.#server.abort()])();
  }

  #endWire(): void {
    const wire = this.#wire;
    if (this.#random() < 0.5) {
      wire.upEnded = true;
      this.#server.receiveEnd(this.#pick(['clean', 'truncated', 'unknown']));
    } else {
      wire.downEnded = true;
      this.#client.receiveEnd(this.#pick(['clean', 'truncated', 'unknown']));
    }
  }

  #compare(before: readonly string[]): string[] {
    const order = ['waiting', 'open', 'done', 'lost'];
    const asked = this.#asked;
    const back = before.some((state, i) => {
      const now = asked[i]?.state ?? '';
      return state !== now && (order.indexOf(now) < order.indexOf(state) || state === 'done');
    });
    const open = asked.filter(({ state }) => state === 'waiting' || state === 'open').length;
    // One that hands over is open until then, and no longer in the queue.
    const length = this.#client.length;
    return [
      back && 'an exchange went back',
      (length > open || length < open - 1) && `${length} in the queue, ${open} open`,
      asked.some(({ state, writable }) => writable && state !== 'open') && 'an exchange is writable and not open',
    ].filter((wrong): wrong is string => wrong !== false);
  }

  /** When all is over, everything has been accounted for. */
  #conclude(): string[] {
    this.#client.abort();
    this.#server.abort();
    for (const event of this.#client) this.#clientEvents.push(event);
    for (const event of this.#server) this.#serverEvents.push(event);
    const types = this.#clientEvents.map(({ type }) => type);
    const closed = types.indexOf('closed');
    const handedOver = types.includes('upgrade');
    const ends = this.#asked.map((exchange) => {
      const own = this.#clientEvents.filter((event) => 'exchange' in event && event.exchange === exchange);
      const endings = own.filter(({ type }) => type === 'end' || type === 'lost' || type === 'upgrade').length;
      const state = exchange.state;
      return endings === (this.#dropped.has(exchange) ? 0 : 1) && (state === 'done' || state === 'lost');
    });
    const errors = this.#serverEvents.flatMap(({ type }, i) => (type === 'error' || type === 'upgrade' ? [i] : []));
    return [
      types.filter((type) => type === 'closed').length !== 1 && 'closed did not come once',
      types.slice(closed + 1).some((type) => type !== 'lost' && type !== 'upgrade') && 'something came behind closed',
      types.slice(0, closed).includes('lost') && 'a loss came before closed',
      ends.includes(false) && 'an exchange has no ending, or two',
      errors.some((at) => at < this.#serverEvents.length - 1) && 'something came behind the last event of the server',
      !handedOver && !this.#client.finished && 'the client is not finished',
    ].filter((wrong): wrong is string => wrong !== false);
  }
}

test.each([1, 2, 3, 4])('five hundred lives from seed %d on', (start) => {
  const wrong = Array.from({ length: 500 }, (_, i) => start * 10_000 + i).flatMap((seed) => {
    const found = new Life(seed).run(150);
    return found.length === 0 ? [] : [`seed ${seed}: ${found.join(', ')}`];
  });
  expect(wrong).toEqual([]);
});
