// A look at the protocol connections inside of the driver, at each event and each chunk: what they promise of themselves, whoever the
// peer is. It shadows methods on the instances, as a recording does, so that what runs is what is published.

import type {
  ClientConnection,
  ClientEvent,
  Limits,
  Persistence,
  Relaxation,
  RequestHead,
  ResponseHead,
  ServerConnection,
  ServerEvent,
  ServerExchange,
} from '@halfpipe/core';
import { Answering, type ServerWatcher } from './answering.ts';
import { Asking, type ClientWatcher } from './asking.ts';
import { type Coverage, isAllowed } from './coverage.ts';
import { departures, field, listOf } from './departures.ts';
import type { Report } from './invariants.ts';

/** What a watch tells, and where to. */
export interface Watcher {
  readonly report: Report;
  readonly coverage: Coverage;
  /** Looks at each step of each exchange, which costs; also sees pairs of states that last only within a step. */
  readonly closely: boolean;
  /** What the connection was told of how much it may take. */
  readonly limits: Partial<Limits>;
  /** And of what it may let pass. */
  readonly relax: readonly Relaxation[];
}

/** The states of both parties, which every exchange has, though its type keeps them to itself. */
export interface Stateful {
  pair: { readonly client: string; readonly server: string };
  readonly client: string;
  readonly server: string;
}

const ofSyntax: ReadonlySet<Relaxation> = new Set(departures);

/** What both roles have in common. */
class Face {
  protected readonly watcher: Watcher;
  readonly #role: 'client' | 'server';
  readonly #core: ClientConnection | ServerConnection;
  #fate: Persistence;
  #ended = false;
  #finished = false;
  /** Whose message needed a relaxation of syntax: the last. */
  #relaxed: object | null = null;
  /** Bytes that may still go out; Infinity while more may be queued. */
  #allowance = Infinity;

  constructor(core: ClientConnection | ServerConnection, role: 'client' | 'server', watcher: Watcher) {
    this.watcher = watcher;
    this.#role = role;
    this.#core = core;
    this.#fate = core.persistence;
    const nextChunk = core.nextChunk.bind(core);
    core.nextChunk = () => {
      const chunk = nextChunk();
      this.#sent(chunk);
      this.look();
      return chunk;
    };
  }

  protected get closing(): boolean {
    return this.#fate.verdict === 'close';
  }

  /** Nothing more is queued from here on. */
  protected silence(): void {
    this.#allowance = Math.min(this.#allowance, this.#core.outputSize);
  }

  #sent(chunk: Uint8Array | null): void {
    if (chunk === null) return;
    this.#allowance -= chunk.length;
    if (this.#allowance < 0) this.watcher.report('last-is-last', `the ${this.#role} sends behind its end`);
  }

  look(): void {
    const core = this.#core;
    const { report } = this.watcher;
    const fate = core.persistence;
    const before = this.#fate;
    if (fate !== before) {
      this.#fate = fate;
      if (before.verdict === 'close') report('close-stays', `the ${this.#role} closes (${before.reason}) and then not`);
      if (fate.verdict === 'undecided') report('close-stays', `the ${this.#role} was decided and is not`);
      if (fate.verdict === 'close') this.watcher.coverage.count(`reasons to close, ${this.#role}`, fate.reason);
    }
    const { outputEnded, finished } = core;
    if (this.#ended && !outputEnded) report('end-is-end', `the output of the ${this.#role} had ended and has not`);
    if (this.#finished && !finished) report('end-is-end', `the ${this.#role} was finished and goes on`);
    if (outputEnded && !this.#ended) this.silence();
    if (finished && !this.#finished && (core.deadline !== Infinity || core.wantsInput || core.outputSize > 0)) {
      report('end-is-end', `the ${this.#role} is finished and waits for something`);
    }
    this.#ended = outputEnded;
    this.#finished = finished;
  }

  /** A head has come in. */
  protected read(head: RequestHead | ResponseHead, exchange: object): void {
    const { report, coverage, relax } = this.watcher;
    const before = this.#relaxed;
    if (before !== null && before !== exchange) {
      report('relaxed-is-last', `the ${this.#role} reads a head behind one that was relaxed`);
    }
    const { relaxed } = head;
    const used = head.headers.get(field) ?? '';
    if (relaxed.length === 0 && used === '') return;
    const told = listOf(relaxed);
    if (told !== used) report('relaxed-is-told', `a head to the ${this.#role} uses "${used}" and tells "${told}"`);
    for (const relaxation of relaxed) {
      coverage.count(`relaxations, ${this.#role === 'server' ? 'requests' : 'responses'}`, relaxation);
      if (!relax.includes(relaxation)) report('relaxed-is-told', `${relaxation} is not allowed to the ${this.#role}`);
      if (!ofSyntax.has(relaxation)) continue;
      this.#relaxed = exchange;
      const { verdict } = this.#core.persistence;
      if (verdict !== 'close') report('relaxed-is-last', `the ${this.#role} is to ${verdict} behind ${relaxation}`);
    }
  }

  protected follow(exchange: object): void {
    if (!this.watcher.closely) return;
    const { report, coverage } = this.watcher;
    const states = exchange as Stateful; // true of the exchanges of both roles
    let { pair } = states;
    const seen = () => {
      const name = `${pair.client}/${pair.server}`;
      coverage.count(`${this.#role} pairs`, name);
      if (!isAllowed(name)) report('allowed-pairs', `an exchange of the ${this.#role} is ${name}`);
    };
    seen();
    const set = (to: Stateful['pair']) => {
      pair = to;
      seen();
    };
    Object.defineProperty(states, 'pair', { get: () => pair, set });
  }
}

class ClientWatch extends Face {
  readonly #core: ClientConnection;
  /** Those that have not begun to be sent when it was last looked at. */
  readonly #waiting = new Set<object & { readonly state: string }>();
  readonly #open = new Set<object>();
  readonly #ended = new WeakSet<object>();
  /** Bytes of the response that comes in. */
  #size = 0;
  #closed = false;

  constructor(core: ClientConnection, watcher: Watcher) {
    super(core, 'client', watcher);
    this.#core = core;
    const { request, startRequest, nextEvent } = core;
    core.request = (head, body) => this.#asked(request.call(core, head, body));
    core.startRequest = (head) => this.#asked(startRequest.call(core, head));
    core.nextEvent = () => {
      const event = nextEvent.call(core);
      if (event !== null) this.#event(event);
      this.look();
      return event;
    };
  }

  override look(): void {
    const wasClosing = this.closing;
    for (const exchange of this.#waiting) {
      if (exchange.state === 'waiting') continue;
      this.#waiting.delete(exchange);
      // One that closes the connection itself decides that as it goes out.
      if (exchange.state === 'open' && wasClosing) {
        this.watcher.report('last-is-last', 'the client sends a request on a connection that closes');
      }
    }
    super.look();
  }

  #asked<Exchange extends object & { readonly state: string }>(exchange: Exchange): Exchange {
    this.follow(exchange);
    if (exchange.state === 'waiting') this.#waiting.add(exchange);
    else if (this.closing)
      this.watcher.report('last-is-last', 'the client takes a request on a connection that closes');
    return exchange;
  }

  #event(event: ClientEvent): void {
    const { report, coverage } = this.watcher;
    const { type } = event;
    if (type === 'closed') {
      if (this.#closed) report('one-ending', 'a second closed');
      this.#closed = true;
      if (event.error !== null) coverage.count('errors of the peer, to a client', event.error.code);
      // Before a switch of protocols the request is still completed.
      if (this.#core.outputEnded) this.silence();
      return;
    }
    if (this.#closed !== (type === 'lost') && type !== 'upgrade') {
      report('events-in-order', `${type} ${this.#closed ? 'behind' : 'before'} closed`);
    }
    const { exchange } = event;
    if (this.#ended.has(exchange)) report('one-ending', `${type} for an exchange of the client that has ended`);
    if (type === 'response' || type === 'informational') this.read(event.head, exchange);
    if (type === 'response') {
      if (this.#open.has(exchange)) report('events-in-order', 'a second response to one request');
      this.#open.add(exchange);
      coverage.count('framing, responses', event.head.framing);
    }
    if ((type === 'data' || type === 'end' || type === 'upgrade') && !this.#open.has(exchange)) {
      report('events-in-order', `${type} before its response`);
    }
    if (type === 'informational') coverage.count('interim responses', String(event.head.status));
    if (type === 'informational' && this.#open.has(exchange))
      report('events-in-order', 'an interim response behind it');
    if (type === 'response') this.#size = 0;
    if (type === 'data') this.#size += event.bytes.length;
    if (this.#size > (this.watcher.limits.bodySize ?? Infinity))
      report('limits-hold', `a response of ${this.#size} bytes`);
    if (type === 'end' || type === 'lost' || type === 'upgrade') {
      this.#ended.add(exchange);
      this.#open.delete(exchange);
      // One response at a time, each to its end.
      if (type !== 'lost' && this.#open.size > 0) report('events-in-order', 'a response within another');
    }
  }
}

class ServerWatch extends Face {
  #exchange: (object & { readonly state: string }) | null = null;
  #over = false;
  /** A request whose first bytes are here is still answered after a shutdown. */
  #grace = 0;
  /** Bytes of the request that comes in, and those of them behind its response. */
  #size = 0;
  #unread = 0;

  constructor(core: ServerConnection, watcher: Watcher) {
    super(core, 'server', watcher);
    const { nextEvent, shutdown } = core;
    core.shutdown = () => {
      if (!this.closing) this.#grace = 1;
      shutdown.call(core);
    };
    core.nextEvent = () => {
      this.look();
      const wasClosing = this.closing;
      const event = nextEvent.call(core);
      if (event !== null) this.#event(event, wasClosing);
      this.look();
      return event;
    };
  }

  #event(event: ServerEvent, wasClosing: boolean): void {
    const { report, coverage } = this.watcher;
    const { type } = event;
    if (this.#over) report('events-in-order', `${type} behind the last event of the server`);
    switch (type) {
      case 'request': {
        const before = this.#exchange;
        if (before !== null && before.state === 'open') report('events-in-order', 'a request before the last is done');
        if (wasClosing && this.#grace-- <= 0) report('last-is-last', 'the server takes a request and is closing');
        this.#exchange = event.exchange;
        this.#size = 0;
        this.#unread = 0;
        this.follow(event.exchange);
        this.read(event.head, event.exchange);
        coverage.count('framing, requests', event.head.framing);
        return;
      }
      case 'data':
      case 'end':
        if (event.exchange !== this.#exchange) report('events-in-order', `${type} of another request`);
        if (type === 'data') this.#take(event.bytes.length, event.exchange);
        return;
      case 'error':
        coverage.count('errors of the peer, to a server', event.error.code);
        this.#over = true;
        return;
      case 'upgrade':
        this.#over = true;
    }
  }

  #take(size: number, exchange: ServerExchange): void {
    const { report, limits } = this.watcher;
    this.#size += size;
    if (this.#size > (limits.bodySize ?? Infinity)) report('limits-hold', `a request of ${this.#size} bytes`);
    if ((exchange as ServerExchange & Stateful).server !== 'done') return;
    this.#unread += size;
    const most = limits.drainSize ?? 64 * 1024;
    if (this.#unread > most) report('limits-hold', `${this.#unread} bytes of a request behind its response`);
  }
}

export function watchClient(core: ClientConnection, watcher: ClientWatcher): void {
  new ClientWatch(core, watcher);
  new Asking(core, watcher);
}

export function watchServer(core: ServerConnection, watcher: ServerWatcher): void {
  new ServerWatch(core, watcher);
  new Answering(core, watcher);
}
