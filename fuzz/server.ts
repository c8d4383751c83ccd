// Any bytes, read by a server whose application does one of several things. However the bytes are cut, the same must come out; and our
// own client must read what was answered.

import {
  ClientConnection,
  type HeaderPairs,
  LocalProtocolError,
  type RequestHead,
  ServerConnection,
  type ServerEvent,
  type ServerExchange,
} from '@halfpipe/core';
import { type Chosen, choose, cutsOf, number, one, some } from './choices.ts';
import { checkGrammar } from './grammar.ts';
import { checkRequest, ownOpinion } from './heads.ts';
import { bytesOf, Run, runAll, setting, textOf, timeouts } from './run.ts';
import { compare, must } from './watch.ts';

type MessageEvent = Extract<ServerEvent, { type: 'request' | 'data' | 'end' }>;

/** What an application does with an event of an exchange. */
const applications: Readonly<Record<string, (run: ServerRun, event: MessageEvent) => void>> = {
  'answers at the end': (run, { type }) => {
    if (type === 'end') run.respond();
  },
  'answers at once': (run, { type }) => {
    if (type === 'request') run.respond();
  },
  'begins at once': (run, { type }) => {
    if (type === 'request') run.begin();
    if (type === 'end') run.end();
  },
  'sends it back': (run, event) => {
    if (event.type === 'request') run.begin();
    if (event.type === 'data') run.write(event.bytes);
    if (event.type === 'end') run.end();
  },
  'informs first': (run, { type }) => {
    if (type === 'request') run.inform();
    if (type === 'end') run.respond();
  },
  'switches protocols': (run, { type }) => {
    if (type === 'request') run.switch();
  },
  'closes behind it': (run, { type }) => {
    if (type === 'end') run.respond([['Connection', 'close']]);
  },
  'shuts down': (run, { type }) => {
    if (type === 'request') run.shutdown();
    if (type === 'end') run.respond();
  },
  'is silent': () => {},
};

export const menu = {
  ...setting,
  application: one(Object.keys(applications)),
  status: one([200, 204, 304, 404, 205, 500]),
  body: one(['', 'hello', 'x'.repeat(1_500)]),
  habits: some(['continue by hand', 'clogged', 'two requests', 'second opinion', 'errors unanswered']),
  seed: number,
};
type Plan = Chosen<typeof menu>;

/** An exchange as its application knows it; without `exchange`, the answer to an error that no request came before. */
interface Served {
  readonly head: RequestHead | null;
  readonly exchange: ServerExchange | null;
  /** Where what is written for it begins in all that is written. */
  readonly begins: number;
  /** The request is complete. */
  asked: boolean;
  status: number | null;
  body: string;
  /** The response is complete. */
  answered: boolean;
  /** How much of its body has come behind the answer. */
  unread: number;
  /** The head of the response had to say so. */
  closes: boolean;
}

class ServerRun extends Run<ServerEvent> {
  readonly #server: ServerConnection;
  readonly #plan: Plan;
  readonly #rereads: boolean;
  readonly #served: Served[] = [];

  constructor(plan: Plan, pieces: readonly Uint8Array[], rereads: boolean) {
    const { limits, relax, eof, habits: has } = plan;
    const server = new ServerConnection({
      limits,
      relax,
      timeouts,
      continue: has.includes('continue by hand') ? 'manual' : 'auto',
      ...(has.includes('two requests') && { maxRequests: 2 }),
      ...(has.includes('second opinion') && { secondOpinion: ownOpinion(relax) }),
    });
    super(server, { pieces, eof, limits, clogged: has.includes('clogged') });
    this.#server = server;
    this.#plan = plan;
    this.#rereads = rereads;
  }

  protected override mayFollowTheLast(): boolean {
    return false;
  }

  protected override holds(): boolean {
    const last = this.#served.at(-1);
    return last?.asked === true && !last.answered;
  }

  protected override handle(event: ServerEvent): void {
    if (event.type === 'error') {
      if (event.error.code !== 'ERR_TRANSPORT') this.#refuse(event.error.status);
      return;
    }
    if (event.type === 'eof' || event.type === 'upgrade') return;
    if (event.type === 'request') {
      const { head, exchange } = event;
      must(
        this.#served.every((before) => before.asked && before.answered),
        'a request comes before its turn',
      );
      must(
        head.relaxed.every((used) => this.#plan.relax.includes(used)),
        'a relaxation that is off was used',
      );
      if (this.#rereads) checkRequest(head);
      this.#serve(head, exchange);
    }
    must(event.exchange === this.#last.exchange, 'an event belongs to another exchange');
    if (event.type === 'end') this.#last.asked = true;
    if (event.type === 'data' && this.#last.answered) {
      this.#last.unread += event.bytes.length;
      must(this.#last.unread <= (this.#plan.limits.drainSize ?? 65_536), 'too much is read behind an answer');
    }
    applications[this.#plan.application]?.(this, event);
  }

  #serve(head: RequestHead | null, exchange: ServerExchange | null): void {
    const begins = this.output.length + this.#server.outputSize;
    const nothing = { asked: false, status: null, body: '', answered: false, unread: 0, closes: false };
    this.#served.push({ head, exchange, begins, ...nothing });
  }

  get #last(): Served {
    const last = this.#served.at(-1);
    must(last !== undefined, 'an event comes before any request');
    return last;
  }

  /** The status and the body that the plan has for this exchange. */
  #answer(): [status: number, body: string] {
    const { status, body } = this.#plan;
    const none = status === 204 || status === 304 || status === 205;
    return [status, none || (this.#last.head?.method === 'CONNECT' && status < 300) ? '' : body];
  }

  respond(headers: HeaderPairs = []): void {
    const [status, body] = this.#answer();
    this.#last.exchange?.respond({ status, headers }, body === '' ? undefined : bytesOf(body));
    this.#answered(status, body);
  }

  begin(): void {
    const [status] = this.#answer();
    this.#last.exchange?.startResponse({ status });
    this.#begun(status);
    if (this.#last.exchange?.writable === false) this.#last.answered = true; // a tunnel
  }

  write(bytes: Uint8Array): void {
    const [, body] = this.#answer();
    if (body === '' || this.#last.answered) return;
    this.#last.exchange?.write(bytes);
    this.#last.body += textOf(bytes);
  }

  end(): void {
    if (this.#last.answered) return;
    const [, body] = this.#answer();
    this.write(bytesOf(body));
    const trailers = body !== '' && this.#last.head?.version === '1.1' ? [['X', 'y'] as const] : undefined;
    this.#last.exchange?.end(trailers);
    this.#last.answered = true;
  }

  inform(): void {
    for (const status of [100, 103]) this.#last.exchange?.inform({ status });
  }

  /** Grants the first protocol that the request asks for, if it does. */
  switch(): void {
    const { head, exchange } = this.#last;
    const options = elementsOf(head, 'connection').map((option) => option.toLowerCase());
    const [protocol = 'x'] = elementsOf(head, 'upgrade');
    const asks = head?.version === '1.1' && options.includes('upgrade') && elementsOf(head, 'upgrade').length > 0;
    try {
      exchange?.respond({ status: 101, headers: Object.entries({ Connection: 'upgrade', Upgrade: protocol }) });
      must(asks, 'a switch was granted that nobody asked for');
      this.#answered(101, '');
    } catch (error) {
      must(error instanceof LocalProtocolError && error.code === 'ERR_STATE' && !asks, 'cannot switch', String(error));
      this.respond();
    }
  }

  shutdown(): void {
    this.#server.shutdown();
  }

  #begun(status: number): void {
    this.#last.status = status;
    this.#last.closes = this.#server.persistence.verdict === 'close';
  }

  #answered(status: number, body: string): void {
    this.#begun(status);
    this.#last.body = body;
    this.#last.answered = true;
  }

  #refuse(status: number): void {
    const before = this.#served.at(-1);
    if (before === undefined || (before.asked && before.answered)) this.#serve(null, null);
    const begun = this.#last.status !== null;
    if (this.#plan.habits.includes('errors unanswered')) return;
    try {
      this.#server.refuse({ status }, bytesOf('no'));
      must(!begun, 'an error was answered behind the beginning of another response');
      this.#answered(status, 'no');
    } catch (error) {
      must(error instanceof LocalProtocolError && error.code === 'ERR_STATE' && begun, 'cannot refuse', String(error));
    }
  }

  /** What our own client reads of the answers, a line for each. */
  readBack(): string[] {
    must(this.output.slice(0, this.#served[0]?.begins) === '', 'something is written that answers nothing');
    return this.#served.map((served, i) => {
      const next = this.#served[i + 1];
      const read = readResponse(served.head, bytesOf(this.output.slice(served.begins, next?.begins)), {
        ends: next === undefined && this.#server.outputEnded,
      });
      must(read.status === served.status, 'the status of an answer is read otherwise', served.status, read.status);
      const body = served.head?.method === 'HEAD' ? '' : served.body;
      must(read.body === body, 'the body of an answer is read otherwise', body, read.body);
      // The head, or the connection, may end what its application never comes to end.
      const ends = served.answered || (read.ended && read.framing !== 'chunked');
      must(read.ended === ends, 'an answer has another end');
      if (read.ended) must(!served.closes || read.closes, 'an answer that closes does not say so');
      if (next?.head) must(!read.closes, 'an answer says that it closes, and another follows');
      const { interims, ...answer } = read;
      // 100 is sent where it is awaited, which the cut decides.
      must(interims <= (this.#plan.application === 'informs first' ? 2 : 1), 'more is informed than was asked for');
      return JSON.stringify(answer);
    });
  }
}

function elementsOf(head: RequestHead | null, name: string): string[] {
  const value = head?.headers.get(name) ?? '';
  return value
    .split(',')
    .map((element) => element.replace(/^[\t ]+|[\t ]+$/g, ''))
    .filter((element) => element !== '');
}

/** What a client of ours reads that has sent such a request, as far as it matters to the answer. */
function readResponse(head: RequestHead | null, bytes: Uint8Array, { ends }: { ends: boolean }) {
  const client = new ClientConnection({ persistent: true, limits: { headSize: 1e6, interim: 1e6 } });
  const method = head?.method === 'CONNECT' || head?.method === 'HEAD' ? head.method : 'GET';
  const [protocol = 'x'] = elementsOf(head, 'upgrade');
  const headers = Object.entries({ Host: 'x', Connection: 'upgrade', Upgrade: protocol });
  client.request({ method, target: method === 'CONNECT' ? 'x:1' : '/', headers });
  while (client.nextChunk() !== null);
  client.receive(bytes);
  const read = { status: null as number | null, interims: 0, framing: '', body: '', ended: false, closes: false };
  const pull = () => {
    for (const event of client) {
      if (event.type === 'response') {
        read.status = event.head.status;
        read.framing = event.head.framing;
      } else if (event.type === 'informational') read.interims++;
      else if (event.type === 'data') read.body += textOf(event.bytes);
      else if (event.type === 'end' || event.type === 'upgrade') read.ended = true;
      else if (event.type === 'closed' && event.error !== null) {
        must(
          /TRUNCATED|NO_RESPONSE/.test(event.error.code),
          'our own client cannot read an answer',
          event.error.message,
        );
      }
    }
  };
  pull();
  read.closes = client.persistence.verdict === 'close';
  if (ends && !read.ended) {
    client.receiveEnd();
    pull();
  }
  return read;
}

export function fuzz(input: Uint8Array): void {
  const { plan, wire } = choose(menu, input);
  const runs = cutsOf(wire, plan.seed).map((pieces, i) => new ServerRun(plan, pieces, i === 0));
  runAll(runs);
  compare(runs.map(({ lines }) => lines));
  compare(runs.map((run) => run.readBack()));
  checkGrammar(textOf(wire), runs[0]?.messages ?? [], plan.relax.length > 0);
}
