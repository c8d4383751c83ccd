// The client's side of an exchange: what goes out as bytes, what comes back as events, and what the first response decides.

import {
  ClientConnection,
  type ClientEvent,
  type ClientExchange,
  type ClientOptions,
  type CloseReason,
  type HeaderPairs,
} from '../src/index.ts';
import { ascii, drain, lines, pull } from './pair.ts';

const host = ['Host', 'x'] as const;
const GET = { method: 'GET', target: '/', headers: [host] };
const POST = { method: 'POST', target: '/', headers: [host] };

function ok(...fields: readonly string[]): Uint8Array {
  return ascii(lines('HTTP/1.1 200 OK', ...fields));
}

const empty = ok('Content-Length: 0');

/** A client that is known to persist, with one exchange behind it. */
function keptClient(options?: ClientOptions): ClientConnection {
  const client = new ClientConnection(options);
  client.request(GET);
  drain(client);
  pull(client.receive(empty));
  return client;
}

describe('requests (RFC 9112 §6, RFC 9110 §8.6)', () => {
  const whole =
    (method: string, headers: HeaderPairs, body?: string, target = '/') =>
    (client: ClientConnection) =>
      client.request({ method, target, headers }, body === undefined ? undefined : ascii(body));
  const streamed =
    (headers: HeaderPairs, pieces: readonly string[], trailers?: HeaderPairs) => (client: ClientConnection) => {
      const exchange = client.startRequest({ method: 'POST', target: '/', headers });
      for (const piece of pieces) exchange.write(ascii(piece));
      exchange.end(trailers);
    };

  test.each<[string, (client: ClientConnection) => void, string]>([
    ['GET', whole('GET', [host]), 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['GET with a body', whole('GET', [host], 'hi'), 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi'],
    ['POST', whole('POST', [host], 'hello'), 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello'],
    [
      'POST without a body, which says so',
      whole('POST', [host]),
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
    ],
    [
      'PUT without a body, which says so',
      whole('PUT', [host]),
      'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
    ],
    [
      'PATCH without a body, which says so',
      whole('PATCH', [host]),
      'PATCH / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
    ],
    ['DELETE without a body', whole('DELETE', [host]), 'DELETE / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a method of its own', whole('BREW', [host]), 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['OPTIONS of the server', whole('OPTIONS', [host], undefined, '*'), 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an absolute target', whole('GET', [host], undefined, 'http://x/'), 'GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['CONNECT', whole('CONNECT', [host], undefined, 'x:443'), 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
    [
      'fields in their case and order, white space around values removed',
      whole('GET', [
        ['b', ' 1\t'],
        ['hOST', 'x'],
        ['B', '\xe9'],
      ]),
      'GET / HTTP/1.1\r\nb: 1\r\nhOST: x\r\nB: \xe9\r\n\r\n',
    ],
    [
      'a length that agrees with the body',
      whole('POST', [['content-length', '2'], host], 'hi'),
      'POST / HTTP/1.1\r\ncontent-length: 2\r\nHost: x\r\n\r\nhi',
    ],
    [
      'a body in pieces of a known length',
      streamed([host, ['Content-Length', '3']], ['a', '', 'bc']),
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc',
    ],
    [
      'a body in pieces',
      streamed([host], ['a', '', 'bcdefghijkl']),
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nb\r\nbcdefghijkl\r\n0\r\n\r\n',
    ],
    [
      'a body in pieces with trailers',
      streamed([host, ['Transfer-Encoding', 'Chunked']], ['a'], [['X-Sum', '1']]),
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n',
    ],
  ])('%s', (_, send, bytes) => {
    const client = new ClientConnection({ persistent: true });
    send(client);
    expect(drain(client)).toBe(bytes);
  });

  test.each<[string, HeaderPairs, string]>([
    ['adds it', [host], 'Host: x\r\nConnection: close'],
    ['joins it to other options', [['connection', 'TE'], host], 'connection: TE, close\r\nHost: x'],
    ['replaces keep-alive', [['Connection', 'Keep-Alive, TE'], host], 'Connection: TE, close\r\nHost: x'],
    ['leaves close', [['Connection', 'close'], host], 'Connection: close\r\nHost: x'],
  ])('a client that is not persistent says close: it %s (RFC 9112 §9.6)', (_, headers, fields) => {
    const client = new ClientConnection({ persistent: false });
    client.request({ method: 'GET', target: '/', headers });
    expect(drain(client)).toBe(`GET / HTTP/1.1\r\n${fields}\r\n\r\n`);
  });

  test('a large body goes out as the very bytes that were given', () => {
    const client = new ClientConnection({ persistent: true });
    const body = new Uint8Array(64 * 1024);
    client.request(POST, body);
    client.nextChunk();
    expect(client.nextChunk()?.buffer).toBe(body.buffer);
  });

  test('a small request and its body leave as one chunk', () => {
    const client = new ClientConnection({ persistent: true });
    client.request(POST, ascii('hello'));
    client.nextChunk();
    expect(client.nextChunk()).toBeNull();
  });
});

describe('responses', () => {
  test('the whole of one, as events', () => {
    const client = new ClientConnection();
    const exchange = client.request(GET);
    drain(client);
    client.receive(ascii(lines('HTTP/1.1 103 Early Hints', 'Link: </a>')));
    client.receive(ascii(lines('HTTP/1.0 404 Not here', 'X: y', 'Content-Length: 2')));
    client.receive(ascii('no'));
    expect([...client]).toMatchObject([
      { type: 'informational', exchange, head: { status: 103, reason: 'Early Hints', framing: 'none' } },
      {
        type: 'response',
        exchange,
        head: { status: 404, reason: 'Not here', version: '1.0', framing: 'length', contentLength: 2, relaxed: [] },
      },
      { type: 'data', exchange },
      { type: 'end', exchange, trailers: null },
      { type: 'closed', error: null },
    ]);
  });

  test('each belongs to its request, in order', () => {
    const client = keptClient();
    const exchanges = [client.request(GET), client.request(GET), client.request(GET)];
    drain(client);
    client.receive(ok('Content-Length: 0')).receive(empty).receive(empty);
    const ends = [...client].filter((event) => event.type === 'end');
    expect(ends.map((event) => exchanges.indexOf(event.exchange))).toEqual([0, 1, 2]);
  });

  test('trailers come with the end (RFC 9112 §7.1.2)', () => {
    const client = new ClientConnection();
    client.request(GET);
    drain(client);
    client.receive(ok('Transfer-Encoding: chunked')).receive(ascii('0\r\nX-Sum: 1\r\n\r\n'));
    expect([...client].at(-1)).toMatchObject({ type: 'end', trailers: { raw: ['X-Sum', '1'] } });
  });
});

describe('what the first response decides (RFC 9112 §9.3)', () => {
  test.each<[string, boolean | undefined, string, CloseReason | null]>([
    ['HTTP/1.1 persists', undefined, 'HTTP/1.1 200 OK', null],
    ['HTTP/1.0 does not', undefined, 'HTTP/1.0 200 OK', 'http-1.0'],
    ['HTTP/1.0 does when it says so', undefined, 'HTTP/1.0 200 OK\r\nConnection: keep-alive', null],
    ['close closes', undefined, 'HTTP/1.1 200 OK\r\nConnection: close', 'response-close'],
    ['close in HTTP/1.0 closes', undefined, 'HTTP/1.0 200 OK\r\nConnection: keep-alive, close', 'response-close'],
    ['close closes a connection that was trusted', true, 'HTTP/1.1 200 OK\r\nConnection: close', 'response-close'],
    ['HTTP/1.0 closes a connection that was trusted', true, 'HTTP/1.0 200 OK', 'http-1.0'],
    ['a request that said close has decided already', false, 'HTTP/1.1 200 OK', 'request-close'],
  ])('%s', (_, persistent, head, reason) => {
    const client = new ClientConnection(persistent === undefined ? {} : { persistent });
    client.request(GET);
    drain(client);
    pull(client.receive(ascii(lines(head, 'Content-Length: 0'))));
    expect(client.persistence).toEqual(reason === null ? { verdict: 'keep' } : { verdict: 'close', reason });
    expect(client.closed).toBe(reason !== null);
    expect(client.finished).toBe(reason !== null);
  });

  test.each<[string, boolean | undefined, string]>([
    ['undecided', undefined, 'undecided'],
    ['keep where the peer is trusted', true, 'keep'],
    ['undecided where one request is all', false, 'undecided'],
  ])('before it the verdict is %s', (_, persistent, verdict) => {
    const client = new ClientConnection(persistent === undefined ? {} : { persistent });
    expect(client.persistence).toEqual({ verdict });
  });

  test.each<[string, string]>([
    ['HTTP/1.1', 'HTTP/1.1 103 Early Hints'],
    ['HTTP/1.0', 'HTTP/1.0 100 Continue'],
    ['HTTP/1.0 that says keep-alive', 'HTTP/1.0 100 Continue\r\nConnection: keep-alive'],
  ])('an interim response decides nothing: %s', (_, head) => {
    const client = new ClientConnection();
    client.request(GET);
    drain(client);
    pull(client.receive(ascii(lines(head))));
    expect(client.persistence).toEqual({ verdict: 'undecided' });
  });

  test('a body that lasts until the end closes', () => {
    const client = new ClientConnection();
    client.request(GET);
    drain(client);
    pull(client.receive(ok()));
    expect(client.persistence).toEqual({ verdict: 'close', reason: 'until-close-body' });
    expect([client.closed, client.finished]).toEqual([true, false]);
    expect(pull(client.receive(ascii('hi')).receiveEnd())).toEqual(['data "hi"', 'end', 'closed']);
  });

  test('behind the last response the connection closes, with nothing lost', () => {
    const client = new ClientConnection({ persistent: false });
    const exchange = client.request(GET);
    expect([client.closed, client.length]).toEqual([true, 1]);
    drain(client);
    expect(pull(client.receive(empty)).at(-1)).toBe('closed');
    expect([exchange.state, client.length, client.outputEnded, client.finished]).toEqual(['done', 0, true, true]);
  });

  test('a request that says close is the last that is taken', () => {
    const client = new ClientConnection();
    client.request({ ...GET, headers: [host, ['Connection', 'close']] });
    expect(client.closed).toBe(true);
    expect(() => client.request(GET)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    drain(client);
    expect(client.persistence).toEqual({ verdict: 'close', reason: 'request-close' });
  });

  test('a request that says close waits its turn, and those before it are answered', () => {
    const client = new ClientConnection();
    client.request(GET);
    client.request({ ...GET, headers: [host, ['Connection', 'close']] });
    expect([client.closed, client.persistence.verdict]).toEqual([true, 'undecided']);
    drain(client);
    pull(client.receive(empty));
    expect(drain(client)).toMatch(/Connection: close/);
    expect(pull(client.receive(empty)).slice(-2)).toEqual(['end', 'closed']);
  });
});

describe('an exchange', () => {
  test('waits, is open, is done', () => {
    const client = new ClientConnection();
    const [first, second] = [client.request(GET), client.request(GET)];
    expect([first.state, second.state, client.length]).toEqual(['open', 'waiting', 2]);
    drain(client);
    pull(client.receive(empty));
    expect([first.state, second.state, client.length]).toEqual(['done', 'open', 1]);
  });

  test('with a body of its own is never writable', () => {
    const client = new ClientConnection();
    const exchange = client.request(POST, ascii('hi'));
    expect(exchange.writable).toBe(false);
  });

  test('that streams says start when it leaves the queue, and is writable until its end', () => {
    const client = new ClientConnection();
    client.request(GET);
    const streaming = client.startRequest({ ...POST, headers: [host, ['Content-Length', '2']] });
    expect([streaming.state, streaming.writable, pull(client)]).toEqual(['waiting', false, []]);
    drain(client);
    client.receive(empty);
    const events: ClientEvent[] = [...client];
    expect(events.at(-1)).toEqual({ type: 'start', exchange: streaming });
    expect([streaming.state, streaming.writable]).toEqual(['open', true]);
    streaming.write(ascii('hi'));
    streaming.end();
    expect([streaming.state, streaming.writable]).toEqual(['open', false]);
    drain(client);
    pull(client.receive(empty));
    expect(streaming.state).toBe('done');
  });

  test('that could start at once is writable at once, and says start at the next pull', () => {
    const client = keptClient();
    const exchange = client.startRequest(POST);
    expect(exchange.writable).toBe(true);
    expect(pull(client)).toEqual(['start']);
  });
});

describe('a response before the end of its request', () => {
  function sending(): { client: ClientConnection; exchange: ClientExchange } {
    const client = keptClient();
    const exchange = client.startRequest({ ...POST, headers: [host, ['Content-Length', '10']] });
    pull(client);
    exchange.write(ascii('hello'));
    drain(client);
    return { client, exchange };
  }

  test('that keeps the connection leaves the request to go on', () => {
    const { client, exchange } = sending();
    pull(client.receive(ok('Content-Length: 2')));
    exchange.write(ascii('12345'));
    exchange.end();
    expect(drain(client)).toBe('12345');
    expect(pull(client.receive(ascii('hi')))).toEqual(['data "hi"', 'end']);
    expect([exchange.state, client.persistence.verdict]).toEqual(['done', 'keep']);
  });

  test('that is complete closes the connection', () => {
    const { client, exchange } = sending();
    expect(pull(client.receive(empty)).slice(-2)).toEqual(['end', 'closed']);
    expect(client.persistence).toEqual({ verdict: 'close', reason: 'early-response' });
    expect([exchange.state, exchange.writable, client.finished]).toEqual(['done', false, true]);
  });

  test('that refuses and says close stops the request (RFC 9112 §9.5)', () => {
    const { client, exchange } = sending();
    exchange.write(ascii('123'));
    pull(client.receive(ascii(lines('HTTP/1.1 413 Too Large', 'Connection: close', 'Content-Length: 2'))));
    expect([exchange.writable, drain(client)]).toEqual([false, '']);
    expect(() => exchange.write(ascii('4'))).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    expect(pull(client.receive(ascii('no')))).toEqual(['data "no"', 'end', 'closed']);
    expect([exchange.state, client.finished]).toEqual(['done', true]);
  });

  test.each(['200 OK', '302 Found'])('that says close and does not refuse lets the request go on: %s', (status) => {
    const { client, exchange } = sending();
    pull(client.receive(ascii(lines(`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Length: 2'))));
    exchange.write(ascii('12345'));
    exchange.end();
    expect(drain(client)).toBe('12345');
    expect(pull(client.receive(ascii('hi')))).toEqual(['data "hi"', 'end', 'closed']);
  });

  test.each(['400 Bad Request', '503 Service Unavailable'])(
    'that refuses and says close is listened to: %s',
    (status) => {
      const { client, exchange } = sending();
      pull(client.receive(ascii(lines(`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Length: 2'))));
      expect([exchange.writable, client.outputSize]).toEqual([false, 0]);
    },
  );

  test('keeps those behind it from going out', () => {
    const { client } = sending();
    const next = client.request(GET);
    expect(pull(client.receive(empty)).slice(-3)).toEqual(['end', 'closed', 'lost safe unsent']);
    expect([next.state, drain(client)]).toEqual(['lost', '']);
  });
});
