// Any bytes, read by a client with a few requests in flight. However the bytes are cut, the same must come out; each request must have
// one ending; and our own server must read what was asked.

import {
  ClientConnection,
  type ClientEvent,
  type ClientExchange,
  type HeaderPairs,
  ServerConnection,
} from '@halfpipe/core';
import { type Chosen, choose, cutsOf, number, one, some } from './choices.ts';
import { checkGrammar } from './grammar.ts';
import { checkResponse, ownOpinion } from './heads.ts';
import { bytesOf, Run, runAll, setting, textOf, timeouts } from './run.ts';
import { compare, must } from './watch.ts';

/** A request to make: its body is all here, follows piece by piece, or is absent. */
interface Kind {
  readonly method: string;
  readonly headers?: HeaderPairs;
  readonly body?: string;
  readonly streams?: boolean;
}

const expect = ['Expect', '100-continue'] as const;
const length = ['Content-Length', '6'] as const;
const kinds: Readonly<Record<string, Kind | null>> = {
  GET: { method: 'GET' },
  nothing: null,
  HEAD: { method: 'HEAD' },
  CONNECT: { method: 'CONNECT' },
  PUT: { method: 'PUT', body: 'abcabc' },
  POST: { method: 'POST', body: '' },
  'PUT by length': { method: 'PUT', headers: [length], streams: true },
  'PUT in chunks': { method: 'PUT', streams: true },
  'POST with Expect': { method: 'POST', headers: [expect], body: 'abcabc' },
  'PUT in chunks with Expect': { method: 'PUT', headers: [expect], streams: true },
  'GET with Upgrade': { method: 'GET', headers: Object.entries({ Connection: 'upgrade', Upgrade: 'x' }) },
  'GET with close': { method: 'GET', headers: [['Connection', 'close']] },
};

/** What an application does with an event of an exchange. */
const applications: Readonly<Record<string, (run: ClientRun, event: ClientEvent) => void>> = {
  'writes at once': (run, { type }) => {
    if (type === 'start') run.write(true);
  },
  'writes at the answer': (run, { type }) => {
    if (type === 'start') run.write(false);
    if (type === 'informational' || type === 'response') run.write(true);
  },
  'never ends': (run, { type }) => {
    if (type === 'start') run.write(false);
  },
  'asks again': (run, { type }) => {
    if (type === 'start') run.write(true);
    if (type === 'end') run.ask('GET');
  },
  'gives up': (run, { type }) => {
    if (type === 'start') run.write(true);
    if (type === 'response') run.abandon();
  },
  'shuts down': (run, { type }) => {
    if (type === 'start') run.write(true);
    if (type === 'response') run.shutdown();
  },
};

export const menu = {
  ...setting,
  first: one(Object.keys(kinds)),
  second: one(Object.keys(kinds).reverse()),
  third: one(Object.keys(kinds).reverse()),
  persistent: one([true, undefined, false]),
  maxInFlight: one([16, 1, 2]),
  application: one(Object.keys(applications)),
  habits: some(['second opinion']),
  seed: number,
};
type Plan = Chosen<typeof menu>;

/** A request as its application knows it. */
interface Asked {
  readonly kind: Kind;
  readonly target: string;
  readonly exchange: ClientExchange;
  written: string;
  complete: boolean;
  interims: number;
  ending: 'end' | 'upgrade' | 'sent' | 'unsent' | null;
}

class ClientRun extends Run<ClientEvent> {
  /** Everything is on the wire before the first byte comes, so that no cut can come between. */
  readonly comparable: boolean;
  readonly #client: ClientConnection;
  readonly #plan: Plan;
  readonly #rereads: boolean;
  readonly #asked: Asked[] = [];
  readonly #answered: Asked[] = [];
  #closed = 0;

  constructor(plan: Plan, pieces: readonly Uint8Array[], rereads: boolean) {
    const { limits, relax, eof, persistent, maxInFlight, habits } = plan;
    const wanted = [plan.first, plan.second, plan.third];
    const opinion = habits.includes('second opinion') && !wanted.includes('CONNECT');
    const client = new ClientConnection({
      limits,
      relax,
      timeouts,
      maxInFlight,
      ...(persistent !== undefined && { persistent }),
      ...(opinion && { secondOpinion: ownOpinion(relax) }),
    });
    super(client, { pieces, eof, limits, clogged: false });
    this.#client = client;
    this.#plan = plan;
    this.#rereads = rereads;
    for (const name of wanted) this.ask(name);
    const waiting = this.#asked.some(({ exchange }) => exchange.state === 'waiting');
    this.comparable = !waiting && plan.application !== 'asks again';
  }

  protected override mayFollowTheLast(event: ClientEvent): boolean {
    return event.type === 'lost' || event.type === 'upgrade';
  }

  protected override holds(): boolean {
    return false;
  }

  protected override handle(event: ClientEvent): void {
    if (event.type === 'closed') {
      must(++this.#closed === 1, 'closed comes twice');
      return;
    }
    const asked = this.#of(event.exchange);
    must(asked.ending === null, 'an event comes behind the ending of its exchange', event.type);
    if (event.type === 'end' || event.type === 'upgrade') asked.ending = event.type;
    else if (event.type === 'lost') {
      must(this.#closed === 1, 'a loss comes before closed');
      asked.ending = event.why === 'unsent' ? 'unsent' : 'sent';
    } else if (event.type === 'informational' || event.type === 'response') {
      must(
        event.head.relaxed.every((used) => this.#plan.relax.includes(used)),
        'a relaxation that is off was used',
      );
      if (this.#rereads) checkResponse(event.head, asked.kind.method);
      if (event.type === 'response') this.#answered.push(asked);
      else must(++asked.interims <= (this.#plan.limits.interim ?? 16), 'there are more interim responses than allowed');
    }
    applications[this.#plan.application]?.(this, event);
  }

  #of(exchange: ClientExchange): Asked {
    const asked = this.#asked.find((each) => each.exchange === exchange);
    must(asked !== undefined, 'an event belongs to no request');
    return asked;
  }

  ask(name: string): void {
    const kind = kinds[name] ?? null;
    if (kind === null || this.#client.closed || this.#asked.length > 8) return;
    const { method, body, streams } = kind;
    const i = this.#asked.length;
    const target = method === 'CONNECT' ? `h.test:${i + 1}` : `/${i}`;
    const head = { method, target, headers: [['Host', 'h.test'] as const, ...(kind.headers ?? [])] };
    const exchange = streams
      ? this.#client.startRequest(head)
      : this.#client.request(head, body === undefined ? undefined : bytesOf(body));
    const [written, complete] = [body ?? '', !streams];
    this.#asked.push({ kind, target, exchange, written, complete, interims: 0, ending: null });
  }

  /** Half of each body that may still be written, or all that is missing of it. */
  write(ends: boolean): void {
    for (const asked of this.#asked) {
      const { exchange } = asked;
      must(exchange.writable === false || exchange.state === 'open', 'an exchange is writable and not open');
      while (exchange.writable && asked.written.length < (ends ? 6 : 3)) {
        exchange.write(bytesOf('abc'));
        asked.written += 'abc';
      }
      if (!exchange.writable || !ends) continue;
      exchange.end();
      asked.complete = true;
    }
  }

  abandon(): void {
    this.#answered.at(-1)?.exchange.abandon();
  }

  shutdown(): void {
    this.#client.shutdown();
  }

  /** When all is over, everything has been accounted for. */
  checkEndings(): void {
    must(this.#closed === 1, 'closed does not come');
    for (const { exchange, ending } of this.#asked) {
      must(ending !== null, 'an exchange has no ending', exchange.state);
      must(
        exchange.state === (ending === 'end' || ending === 'upgrade' ? 'done' : 'lost'),
        'an exchange ends otherwise',
      );
    }
    must(this.#client.length === 0, 'there are requests in the queue of a client that is over');
  }

  /** What our own server reads of the requests. */
  checkOutput(): void {
    const read = readRequests(this.output);
    const known = read.map(({ method, target, body, ended }) => {
      const asked = this.#asked.find((each) => each.target === target);
      must(asked !== undefined && asked.kind.method === method, 'our own server reads another request', method, target);
      must(asked.ending !== 'unsent', 'what is said to be unsent was sent');
      must(ended ? asked.complete && body === asked.written : asked.written.startsWith(body), 'another body is read');
      return asked;
    });
    must(new Set(known).size === known.length, 'a request was sent twice');
    const tunnels = known.some(({ kind, exchange }) => opensTunnel(kind) && exchange.state !== 'waiting');
    if (tunnels) return; // what follows is not ours to read
    const unread = this.#asked.filter((asked) => asked.ending === 'sent' && !known.includes(asked));
    must(unread.length === 0, 'what is said to be sent was not');
    if (!this.comparable) return; // an answer may come before its request is taken
    must(
      this.#answered.every((asked, i) => asked === known[i]),
      'the answers are in another order than the requests',
    );
  }
}

function opensTunnel({ method, headers }: Kind): boolean {
  return method === 'CONNECT' || [...(headers ?? [])].some(([name]) => name === 'Upgrade');
}

function readRequests(output: string) {
  const server = new ServerConnection();
  const read: { method: string; target: string; body: string; ended: boolean }[] = [];
  for (const byte of bytesOf(output)) {
    must(!server.outputEnded, 'something is sent behind a request that closes');
    for (const event of server.receive(Uint8Array.of(byte))) {
      const last = read.at(-1);
      if (event.type === 'request') {
        const { method, target, headers } = event.head;
        read.push({ method, target, body: '', ended: false });
        if (method === 'CONNECT' || headers.has('upgrade')) return read;
      } else if (event.type === 'data' && last !== undefined) last.body += textOf(event.bytes);
      else if (event.type === 'end') {
        if (last !== undefined) last.ended = true;
        event.exchange.respond({ status: 204 });
      } else
        must(
          event.type !== 'error',
          'our own server cannot read a request',
          event.type === 'error' && event.error.message,
        );
    }
  }
  return read;
}

export function fuzz(input: Uint8Array): void {
  const { plan, wire } = choose(menu, input);
  const runs = cutsOf(wire, plan.seed).map((pieces, i) => new ClientRun(plan, pieces, i === 0));
  runAll(runs);
  for (const run of runs) {
    run.checkEndings();
    run.checkOutput();
  }
  if (runs.every(({ comparable }) => comparable)) compare(runs.map(({ lines }) => lines));
  checkGrammar(textOf(wire), runs[0]?.messages ?? [], plan.relax.length > 0);
}
