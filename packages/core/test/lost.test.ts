// What is said of requests that get no answer: may they be sent again, and why (RFC 9112 §9.3.1, §9.6; RFC 9110 §9.2.2).

import { ClientConnection, type ClientExchange, type LostReason, type Retry } from '../src/index.ts';
import { verdictOf } from '../src/pipeline.ts';
import { ascii, drain, lines, pull } from './pair.ts';

const host = ['Host', 'x'] as const;
const GET = { method: 'GET', target: '/', headers: [host] };
const POST = { method: 'POST', target: '/', headers: [host] };
const empty = ascii(lines('HTTP/1.1 200 OK', 'Content-Length: 0'));

/** A client whose time runs, and the exchange that is going to be lost. */
interface Scene {
  readonly client: ClientConnection;
  readonly exchange: ClientExchange;
}

function fresh(): ClientConnection {
  const client = new ClientConnection({ persistent: true, timeouts: { head: 100, body: 100 } });
  client.advance(0);
  return client;
}

/** A client with one exchange behind it. */
function reused(): ClientConnection {
  const client = fresh();
  client.request(GET);
  drain(client);
  pull(client.receive(empty));
  return client;
}

/** Each way in which a connection can end while it owes a response. */
const endings: readonly (readonly [name: string, end: (scene: Scene) => void])[] = [
  ["the peer's end", ({ client }) => client.receiveEnd()],
  ['an end that the transport calls cut', ({ client }) => client.receiveEnd('truncated')],
  ['a transport that is gone', ({ client }) => client.abort(new Error('reset'))],
  ['an exchange that is abandoned', ({ exchange }) => exchange.abandon()],
  ['a response that does not come', ({ client }) => client.advance(100)],
];

function verdictAfter(scene: Scene, end: (scene: Scene) => void): [Retry, LostReason] {
  end(scene);
  const events = [...scene.client];
  const lost = events.filter((event) => event.type === 'lost');
  expect(events.filter((event) => event.type === 'closed').length).toBe(1);
  expect(events.findIndex((event) => event.type === 'closed')).toBe(events.length - lost.length - 1);
  const mine = lost.find((event) => event.exchange === scene.exchange);
  if (mine === undefined) throw new Error('The exchange was not reported');
  expect(scene.exchange.state).toBe('lost');
  return [mine.retry, mine.why];
}

function sent(client: ClientConnection, request: typeof GET): Scene {
  const exchange = client.request(request);
  drain(client);
  return { client, exchange };
}

describe.each(endings)('by %s', (_, end) => {
  test('one of which nothing was taken is safe, whatever its method', () => {
    const client = reused();
    const exchange = client.request(POST);
    expect(verdictAfter({ client, exchange }, end)).toEqual(['safe', 'unsent']);
  });

  test('one that waited in the queue is unsent', () => {
    const client = reused();
    const first = sent(client, GET).exchange;
    const exchange = client.request(POST);
    expect(verdictAfter({ client, exchange }, () => end({ client, exchange: first }))).toEqual(['safe', 'unsent']);
  });

  test('one of which nothing was taken, behind one that is out, is unsent', () => {
    const client = reused();
    const first = sent(client, GET).exchange;
    const exchange = client.request(GET);
    expect(verdictAfter({ client, exchange }, () => end({ client, exchange: first }))).toEqual(['safe', 'unsent']);
  });

  test('the first on a fresh connection is unanswered', () => {
    expect(verdictAfter(sent(fresh(), GET), end)).toEqual(['if-idempotent', 'unanswered']);
  });

  test('the first on a connection that was idle is stale-idle', () => {
    expect(verdictAfter(sent(reused(), POST), end)).toEqual(['if-idempotent', 'stale-idle']);
  });

  test('the second of a pipeline is unanswered', () => {
    const client = reused();
    sent(client, GET);
    expect(verdictAfter(sent(client, GET), end)).toEqual(['if-idempotent', 'unanswered']);
  });

  test('one whose first byte was taken is not unsent', () => {
    const client = reused();
    const exchange = client.request(POST, new Uint8Array(100_000));
    client.nextChunk();
    expect(verdictAfter({ client, exchange }, end)).toEqual(['if-idempotent', 'stale-idle']);
  });

  test.each<[string, string]>([
    ['a byte', 'H'],
    ['an interim response', lines('HTTP/1.1 103 Early Hints')],
    ['a head', lines('HTTP/1.1 200 OK', 'Content-Length: 5')],
    ['half a body', `${lines('HTTP/1.1 200 OK', 'Content-Length: 5')}he`],
  ])('one of whose answer %s has come is never', (__, bytes) => {
    const scene = sent(reused(), GET);
    pull(scene.client.receive(ascii(bytes)));
    expect(verdictAfter(scene, end)).toEqual(['never', 'partial-response']);
  });

  test('one of whose answer a byte is here but not pulled is never', () => {
    const scene = sent(reused(), GET);
    scene.client.receive(ascii('H'));
    expect(verdictAfter(scene, end)).toEqual(['never', 'partial-response']);
  });
});

describe('behind a response that said close (RFC 9112 §9.6)', () => {
  function pipeline(response: string): { client: ClientConnection; exchanges: ClientExchange[] } {
    const client = reused();
    const exchanges = [client.request(GET), client.request(GET)];
    drain(client);
    exchanges.push(client.request(GET), client.request(POST));
    pull(client.receive(ascii(response)));
    return { client, exchanges };
  }

  test.each<[string, string]>([
    ['close', lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 5')],
    ['HTTP/1.0', lines('HTTP/1.0 200 OK', 'Content-Length: 5')],
  ])('what was sent is behind-close, what was not is unsent: %s', (_, response) => {
    const { client } = pipeline(response);
    expect(pull(client.receive(ascii('hello')))).toEqual([
      'data "hello"',
      'end',
      'closed ERR_NO_RESPONSE: Cannot read the response: the connection ended behind a response that was the last',
      'lost if-idempotent behind-close',
      'lost safe unsent',
      'lost safe unsent',
    ]);
  });

  test('so it is where the body lasts until the end', () => {
    const { client } = pipeline(lines('HTTP/1.1 200 OK'));
    expect(pull(client.receive(ascii('hello')).receiveEnd()).slice(3)).toEqual([
      'lost if-idempotent behind-close',
      'lost safe unsent',
      'lost safe unsent',
    ]);
  });

  test('so it is where the transport goes in the middle of that response, which is never', () => {
    const { client } = pipeline(lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 5'));
    client.abort();
    expect(pull(client).slice(1)).toEqual([
      'lost never partial-response',
      'lost if-idempotent behind-close',
      'lost safe unsent',
      'lost safe unsent',
    ]);
  });

  test('a second response is not read', () => {
    const { client } = pipeline(lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 0'));
    expect(pull(client.receive(empty))).toEqual([]);
  });
});

test('a bad response is never, and what was behind it is unanswered', () => {
  const client = reused();
  client.request(GET);
  client.request(GET);
  drain(client);
  expect(pull(client.receive(ascii('bad'))).slice(1)).toEqual([
    'lost never partial-response',
    'lost if-idempotent unanswered',
  ]);
});

test('what is unsent never goes out', () => {
  const client = reused();
  const first = client.request(GET);
  drain(client);
  client.request(POST, ascii('hello'));
  first.abandon();
  expect([drain(client), client.outputSize]).toEqual(['', 0]);
});

test.each<[string, Parameters<typeof verdictOf>, Retry, LostReason]>([
  ['unsent before all else', [{ sent: false, answering: true, reused: true }, true], 'safe', 'unsent'],
  [
    'partial-response before behind-close',
    [{ sent: true, answering: true, reused: true }, true],
    'never',
    'partial-response',
  ],
  [
    'behind-close before stale-idle',
    [{ sent: true, answering: false, reused: true }, true],
    'if-idempotent',
    'behind-close',
  ],
  [
    'stale-idle before unanswered',
    [{ sent: true, answering: false, reused: true }, false],
    'if-idempotent',
    'stale-idle',
  ],
  ['unanswered', [{ sent: true, answering: false, reused: false }, false], 'if-idempotent', 'unanswered'],
])('one verdict for each: %s', (_, fate, retry, why) => {
  expect(verdictOf(...fate)).toEqual({ retry, why });
});
