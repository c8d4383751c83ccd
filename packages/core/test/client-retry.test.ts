// What is said of requests without an answer, over every short queue of requests, every point up to which the transport took bytes,
// every point up to which responses came, and every way to end (RFC 9112 §9.3.1, §9.3.2, §9.6; RFC 9110 §9.2.2). The expectations
// are computed from the bytes that went each way, and from nothing that the connection says of itself.

import { ClientConnection, type ClientExchange, type LostReason, type Retry } from '../src/index.ts';
import { ascii, lines, textOf } from './pair.ts';

const host = ['Host', 'x'] as const;
const big = new Uint8Array(2_000);

/** Kinds of request, each to be told from the others by its target. */
const kinds = {
  GET: (client, target) => client.request({ method: 'GET', target, headers: [host] }),
  'GET and close': (client, target) =>
    client.request({ method: 'GET', target, headers: [host, ['Connection', 'close']] }),
  PUT: (client, target) => client.request({ method: 'PUT', target, headers: [host] }, ascii('hello')),
  'PUT of two chunks': (client, target) => client.request({ method: 'PUT', target, headers: [host] }, big),
  POST: (client, target) => client.request({ method: 'POST', target, headers: [host] }, ascii('hello')),
  'POST that streams': (client, target) => {
    const exchange = client.startRequest({ method: 'POST', target, headers: [host, ['Content-Length', '4']] });
    if (exchange.writable) exchange.write(ascii('ha'));
    return exchange;
  },
} satisfies Record<string, (client: ClientConnection, target: string) => ClientExchange>;
type Kind = keyof typeof kinds;

const ok = lines('HTTP/1.1 200 OK', 'Content-Length: 2');
const last = lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 2');

/** Up to where responses come: how many are whole, and how much there is of the next. */
const arrivals = [
  { name: 'nothing', whole: 0, part: '' },
  { name: 'a byte', whole: 0, part: 'H' },
  { name: 'an interim response', whole: 0, part: lines('HTTP/1.1 103 Early Hints') },
  { name: 'a head', whole: 0, part: ok },
  { name: 'the head of the last', whole: 0, part: last },
  { name: 'a response', whole: 1, part: '' },
  { name: 'a response and a byte', whole: 1, part: 'H' },
  { name: 'a response and half a body', whole: 1, part: `${ok}h` },
  { name: 'a response and the head of the last', whole: 1, part: last },
  { name: 'two responses', whole: 2, part: '' },
] as const;
type Arrival = (typeof arrivals)[number];

const endings = {
  FIN: (client) => client.receiveEnd(),
  'FIN that is cut short': (client) => client.receiveEnd('truncated'),
  reset: (client) => client.abort(new Error('reset')),
  'timeout, or reset where nothing is waited for': (client) => {
    client.advance(1_000);
    client.abort();
  },
} satisfies Record<string, (client: ClientConnection) => void>;
type Ending = keyof typeof endings;

interface Run {
  readonly client: ClientConnection;
  readonly exchanges: readonly ClientExchange[];
  /** All bytes that the transport took. */
  wire: string;
  /** What was lost, in order, with its verdict as `retry why`. */
  readonly lost: { exchange: ClientExchange; verdict: string }[];
  closed: number;
}

/** Takes so many chunks. */
function take(run: Run, chunks: number): void {
  for (let i = 0; i < chunks; i++) {
    const chunk = run.client.nextChunk();
    if (chunk === null) return;
    run.wire += textOf(chunk);
  }
}

function pull(run: Run): void {
  for (const event of run.client) {
    if (event.type === 'lost') run.lost.push({ exchange: event.exchange, verdict: `${event.retry} ${event.why}` });
    if (event.type === 'closed') run.closed++;
  }
}

function start(reused: boolean, queue: readonly Kind[]): Run {
  const client = new ClientConnection({ persistent: true, timeouts: { head: 1_000, body: 1_000 } });
  client.advance(0);
  if (reused) {
    client.request({ method: 'GET', target: '/before', headers: [host] });
    while (client.nextChunk() !== null);
    for (const _ of client.receive(ascii(`${ok}hi`)));
  }
  const exchanges: ClientExchange[] = [];
  for (const [i, kind] of queue.entries()) {
    if (!client.closed) exchanges.push(kinds[kind](client, `/${i}`));
  }
  return { client, exchanges, wire: '', lost: [], closed: 0 };
}

const sent = (run: Run, i: number): boolean => run.wire.includes(` /${i} HTTP/1.1\r\n`);

/** The verdict that the bytes allow, or null for an exchange that is answered. `before`: it was in flight before responses came. */
function expected(run: Run, i: number, reused: boolean, arrival: Arrival, before: readonly boolean[]): string | null {
  const { whole, part } = arrival;
  if (i < whole) return null;
  const verdict = (retry: Retry, why: LostReason): string => `${retry} ${why}`;
  if (!sent(run, i)) return verdict('safe', 'unsent');
  if (i === whole && part !== '') return verdict('never', 'partial-response');
  if (part === last) return verdict('if-idempotent', 'behind-close');
  // It went out alone, on a connection that others had used before it.
  if (i === whole && (i === 0 ? reused : !before[i])) return verdict('if-idempotent', 'stale-idle');
  return verdict('if-idempotent', 'unanswered');
}

/** How many of the bytes that were taken are those of each. */
function sizes(run: Run): number[] {
  const starts = run.exchanges.map((_, i) => run.wire.search(new RegExp(`[A-Z]+ /${i} HTTP/1.1\r\n`)));
  return starts.map((start, i) => {
    if (start < 0) return 0;
    const next = starts[i + 1] ?? -1;
    return (next < 0 ? run.wire.length : next) - start;
  });
}

function* queues(): Generator<readonly Kind[]> {
  const all = Object.keys(kinds) as Kind[]; // the keys of an object literal
  for (const a of all) {
    yield [a];
    for (const b of all) {
      yield [a, b];
      for (const c of all) yield [a, b, c];
    }
  }
}

/** One run; what is wrong with it, or null. */
function wrongWith(reused: boolean, queue: readonly Kind[], chunks: number, arrival: Arrival, ending: Ending) {
  const run = start(reused, queue);
  const { client, exchanges } = run;
  take(run, chunks);
  // Only responses to what is on the wire; more of them are another matter.
  const flying = exchanges.filter((exchange, i) => exchange.state === 'open' && sent(run, i)).length;
  if (flying < arrival.whole + (arrival.part === '' ? 0 : 1)) return null;
  const before = exchanges.map(({ state }) => state === 'open');
  const size = run.wire.length;
  if (arrival.whole > 0 || arrival.part !== '') client.receive(ascii(`${ok}hi`.repeat(arrival.whole) + arrival.part));
  pull(run);
  if (run.closed === 0) take(run, chunks); // what the responses have let go
  endings[ending](client);
  pull(run);
  take(run, Number.POSITIVE_INFINITY);
  const want = exchanges.map((_, i) => expected(run, i, reused, arrival, before));
  const got = exchanges.map((exchange) => {
    if (exchange.state === 'done') return null;
    const reports = run.lost.filter((lost) => lost.exchange === exchange);
    return reports.length === 1 ? reports[0]?.verdict : `${exchange.state}, reported ${reports.length} times`;
  });
  const inOrder = run.lost.map(({ exchange }) => exchanges.indexOf(exchange));
  const orderly = run.closed === 1 && inOrder.every((index, i) => i === 0 || index > (inOrder[i - 1] ?? 0));
  // A response that is the last lets no request out (RFC 9112 §9.6).
  const ceased = arrival.part !== last || !/ \/\d HTTP\/1\.1\r\n/.test(run.wire.slice(size));
  const counted = JSON.stringify(exchanges.map(({ bytesSent }) => bytesSent)) === JSON.stringify(sizes(run));
  if (orderly && ceased && counted && JSON.stringify(got) === JSON.stringify(want)) return null;
  const scene = `${queue.join(', ')}; ${chunks} chunks taken; ${arrival.name} in; ${ending}`;
  return `${scene}: ${got.join(', ')}, not ${want.join(', ')}${orderly ? '' : ', out of order'}${ceased ? '' : ', not ceased'}${counted ? '' : ', not counted'}`;
}

describe.each(Object.keys(endings) as Ending[])('ended by %s', (ending) => {
  test.each([
    ['a fresh', false],
    ['a used', true],
  ])('on %s connection each verdict is what the bytes allow, and those that were sent are counted', (_, reused) => {
    const wrong: string[] = [];
    for (const queue of queues()) {
      for (const chunks of [0, 1, 2, Number.POSITIVE_INFINITY]) {
        for (const arrival of arrivals) {
          const mistake = wrongWith(reused, queue, chunks, arrival, ending);
          if (mistake !== null) wrong.push(mistake);
        }
      }
    }
    expect(wrong.slice(0, 20)).toEqual([]);
  });
});
