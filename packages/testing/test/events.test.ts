// Events as lines: one for each kind, and the same however the bytes were cut.

import { ClientConnection, type ClientEvent, ServerConnection, type ServerEvent } from '@halfpipe/core';
import { collect, drain, EventLog, lineOf } from '../src/events.ts';
import { bytes } from '../src/octets.ts';

const host = ['Host', 'x'] as const;
const chunked = 'POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';

/** A client with so many requests on their way, that then gets those bytes. */
function clientGiven(received: string, methods: readonly string[] = ['GET']): ClientConnection {
  const client = new ClientConnection({ persistent: true });
  for (const method of methods) client.request({ method, target: '/', headers: [host] });
  drain(client);
  return client.receive(bytes(received));
}

const serverGiven = (received: string) => new ServerConnection({ relax: ['obs-fold'] }).receive(bytes(received));

test.each<[string, Iterable<ServerEvent> | Iterable<ClientEvent>, string[]]>([
  [
    'request, end',
    serverGiven('GET /a?b HTTP/1.0\r\nX:y\r\n\r\n'),
    ['request GET /a?b HTTP/1.0 none [["X","y"]]', 'end'],
  ],
  [
    'data, and an end with trailers',
    serverGiven(`${chunked}3\r\na\r\n\r\n2\r\n\0ÿ\r\n0\r\nA: b\r\n\r\n`),
    [
      'request POST /a HTTP/1.1 chunked [["Host","x"],["Transfer-Encoding","chunked"]]',
      'data "a\\r\\n\\u0000ÿ"',
      'end [["A","b"]]',
    ],
  ],
  [
    'a relaxation',
    serverGiven('GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n'),
    ['request GET / HTTP/1.1 none [["Host","x"],["A","b c"]] relaxed:obs-fold', 'end'],
  ],
  ['error', serverGiven('GET\r\n\r\n'), [expect.stringMatching(/^error ERR_START_LINE 400: Cannot /)]],
  ['eof', new ServerConnection().receiveEnd(), ['eof']],
  [
    'informational, response',
    clientGiven('HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 O"K\r\nContent-Length: 2\r\n\r\nhi'),
    [
      'informational 103 "Early Hints" HTTP/1.1 none [["A","b"]]',
      'response 200 "O\\"K" HTTP/1.1 length=2 [["Content-Length","2"]]',
      'data "hi"',
      'end',
    ],
  ],
  [
    'closed with an error, lost',
    clientGiven('HTTP/1.1 204 No Content\r\n\r\n', ['GET', 'GET']).receiveEnd(),
    [
      'response 204 "No Content" HTTP/1.1 none []',
      'end',
      'closed ERR_NO_RESPONSE: Cannot read the response: the connection ended before it',
      'lost if-idempotent unanswered',
    ],
  ],
  ['closed in order', new ClientConnection().receiveEnd(), ['closed']],
  [
    'start',
    (() => {
      const client = new ClientConnection({ persistent: true });
      client.startRequest({ method: 'PUT', target: '/', headers: [host, ['Content-Length', '1']] });
      return client;
    })(),
    ['start'],
  ],
])('%s', (_, connection, expected) => {
  expect(collect(connection)).toEqual(expected);
});

test('upgrade, with what came behind it', () => {
  const client = new ClientConnection({ persistent: true });
  client.request({ method: 'GET', target: '/', headers: [host, ['Upgrade', 'x'], ['Connection', 'upgrade']] });
  drain(client);
  const log = new EventLog();
  const switching = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n';
  for (const event of client.receive(bytes(`${switching}ab`))) log.add(event);
  expect(log.lines.slice(1)).toEqual(['closed', 'upgrade "ab"']);
  log.addLeftover(bytes('c\r\n'));
  expect(log.lines.at(-1)).toBe('upgrade "abc\\r\\n"');
});

test('a leftover behind anything else is refused', () => {
  const log = new EventLog();
  for (const event of serverGiven('GET / HTTP/1.1\r\nHost: x\r\n\r\n')) log.add(event);
  expect(() => log.addLeftover(bytes('a'))).toThrow(TypeError);
});

test('pieces of a body are one line in a log, and one each alone', () => {
  const server = new ServerConnection();
  const log = new EventLog();
  const all = `${chunked}5\r\nhello\r\n5\r\nworld\r\n`;
  const alone: string[] = [];
  for (let at = 0; at < all.length; at++) {
    for (const event of server.receive(bytes(all.slice(at, at + 1)))) {
      log.add(event);
      if (event.type === 'data') alone.push(lineOf(event));
    }
  }
  expect(log.lines.slice(1)).toEqual(['data "helloworld"']);
  expect(alone).toEqual([...'helloworld'].map((byte) => `data "${byte}"`));
  for (const event of server.receive(bytes('1\r\n!\r\n0\r\n\r\n'))) log.add(event);
  expect(log.lines.slice(1)).toEqual(['data "helloworld!"', 'end']);
});

test('bodies of two exchanges stay apart', () => {
  const response = 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na';
  const events = [...clientGiven(response + response, ['GET', 'GET'])].filter(({ type }) => type === 'data');
  const log = new EventLog();
  for (const event of events) log.add(event);
  expect(log.lines).toEqual(['data "a"', 'data "a"']);
});

test('output is drained as text, a character for each byte', () => {
  const client = new ClientConnection({ persistent: true });
  client.request({ method: 'PUT', target: '/', headers: [host] }, bytes('\0ÿ'));
  client.request({ method: 'PUT', target: '/', headers: [host] }, new Uint8Array(2_000));
  expect(drain(client)).toBe(
    `PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n\0ÿPUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n${'\0'.repeat(2_000)}`,
  );
  expect(drain(client)).toBe('');
});
