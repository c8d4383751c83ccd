// Where HTTP ends and another protocol begins: Upgrade and CONNECT, both roles, and the bytes that belong to what follows
// (RFC 9110 §7.8, §9.3.6).

import {
  ClientConnection,
  type ClientExchange,
  type OutgoingRequest,
  ServerConnection,
  type ServerExchange,
} from '../src/index.ts';
import { ascii, cut, cuts, drain, lines, Pair, pull, readRequests, readResponses, textOf } from './pair.ts';

const asked = lines('GET /chat HTTP/1.1', 'Host: x', 'Connection: keep-alive, Upgrade', 'Upgrade: chat');
const connect = lines('CONNECT x:443 HTTP/1.1', 'Host: x');
const switching = {
  status: 101,
  headers: [
    ['Upgrade', 'chat'],
    ['Connection', 'Upgrade'],
  ] as const,
};
const accepted = lines('HTTP/1.1 101 Switching Protocols', 'Upgrade: chat', 'Connection: Upgrade');
const UPGRADE = {
  method: 'GET',
  target: '/chat',
  headers: [
    ['Host', 'x'],
    ['Connection', 'upgrade'],
    ['Upgrade', 'chat'],
  ] as const,
};
const CONNECT = { method: 'CONNECT', target: 'x:443', headers: [['Host', 'x']] as const };
const GET = { method: 'GET', target: '/', headers: [['Host', 'x']] as const };

function serverOf(request: string): { server: ServerConnection; exchange: ServerExchange } {
  const server = new ServerConnection();
  const event = server.receive(ascii(request)).nextEvent();
  if (event?.type !== 'request') throw new Error(`Not a request: ${JSON.stringify(event)}`);
  return { server, exchange: event.exchange };
}

const stage = ({ outputEnded, finished, wantsInput, deadline }: ServerConnection | ClientConnection) => [
  outputEnded,
  finished,
  wantsInput,
  deadline,
];
const handedOver = [false, false, false, Number.POSITIVE_INFINITY];

describe('a server', () => {
  test.each<[string, string, (exchange: ServerExchange) => void, string]>([
    ['an upgrade', asked, (exchange) => exchange.respond(switching), accepted],
    ['an upgrade whose head is streamed', asked, (exchange) => exchange.startResponse(switching), accepted],
    ['a tunnel', connect, (exchange) => exchange.respond({ status: 200 }), lines('HTTP/1.1 200 OK')],
    [
      'a tunnel by another 2xx',
      connect,
      (exchange) => exchange.respond({ status: 204 }),
      lines('HTTP/1.1 204 No Content'),
    ],
    [
      'a tunnel behind an interim response',
      connect,
      (exchange) => {
        exchange.inform({ status: 103 });
        exchange.startResponse({ status: 200 });
      },
      lines('HTTP/1.1 103 Early Hints') + lines('HTTP/1.1 200 OK'),
    ],
  ])('that grants %s hands over, with what has come', (_, request, grant, output) => {
    const { server, exchange } = serverOf(`${request}\0first bytes`);
    expect(pull(server)).toEqual(['end']);
    expect(server.wantsInput).toBe(false);
    grant(exchange);
    expect(pull(server)).toEqual(['upgrade "\\u0000first bytes"']);
    expect(drain(server)).toBe(output);
    expect([exchange.state, exchange.writable]).toEqual(['done', false]);
    expect(server.persistence).toEqual({ verdict: 'close', reason: 'upgrade' });
    expect(stage(server)).toEqual(handedOver);
  });

  test.each(cuts)('hands over every byte behind the request once (bytes cut: %s)', (how) => {
    const chunks = cut(ascii(`${asked}one\r\n\r\nGET / HTTP/1.1\r\n\r\n`), how);
    const handle = (event: { type: string; exchange?: ServerExchange }) =>
      event.type === 'end' && event.exchange?.respond(switching);
    expect(readRequests(chunks, { handle }).events.at(-1)).toBe('upgrade "one\\r\\n\\r\\nGET / HTTP/1.1\\r\\n\\r\\n"');
  });

  test('keeps the bytes that come while it decides', () => {
    const { server, exchange } = serverOf(connect);
    pull(server);
    server.receive(ascii('a'));
    server.receive(ascii('b'));
    expect(pull(server)).toEqual([]);
    exchange.respond({ status: 200 });
    expect(pull(server)).toEqual(['upgrade "ab"']);
    server.receive(ascii('c'));
    expect(pull(server)).toEqual([]);
  });

  test('hands over a view of what it was given', () => {
    const { server, exchange } = serverOf(connect);
    const bytes = ascii('first');
    pull(server.receive(bytes));
    exchange.respond({ status: 200 });
    const event = server.nextEvent();
    expect(event?.type === 'upgrade' && event.leftover.buffer).toBe(bytes.buffer);
  });

  test('waits for the end of the request before it hands over', () => {
    const { server, exchange } = serverOf(
      lines('POST / HTTP/1.1', 'Host: x', 'Connection: upgrade', 'Upgrade: chat', 'Content-Length: 4'),
    );
    exchange.respond(switching);
    expect(pull(server.receive(ascii('bo')))).toEqual(['data "bo"']);
    expect(pull(server.receive(ascii('dynew')))).toEqual(['data "dy"', 'end', 'upgrade "new"']);
  });

  test.each<[string, string, number]>([
    ['an upgrade', asked, 200],
    ['an upgrade with an error', asked, 400],
    ['a tunnel', connect, 403],
    ['a tunnel by a redirection', connect, 302],
  ])('that refuses %s closes, since what follows may not be HTTP', (_, request, status) => {
    const { server, exchange } = serverOf(request + lines('GET / HTTP/1.1', 'Host: x'));
    pull(server);
    exchange.respond({ status });
    expect(drain(server)).toMatch(/\r\nConnection: close\r\n/);
    expect(server.persistence).toEqual({ verdict: 'close', reason: 'upgrade' });
    expect([pull(server), server.outputEnded]).toEqual([[], true]);
  });

  test.each<[string, (server: ServerConnection) => void, string]>([
    ['at once', () => {}, 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['when it has said so', (server) => pull(server), 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['when a byte of the body is here', (server) => pull(server.receive(ascii('h'))), ''],
  ])('says 100 before 101 to a client that waits for it, and once (RFC 9110 §7.8): %s', (_, before, interim) => {
    const head = asked.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
    const { server, exchange } = serverOf(head);
    server.advance(0);
    before(server);
    exchange.respond(switching);
    expect(drain(server)).toBe(interim + accepted);
    expect(server.deadline).toBeLessThan(Number.POSITIVE_INFINITY);
    const rest = interim === '' ? 'i' : 'hi';
    expect(pull(server.receive(ascii(`${rest}chat`)))).toEqual([`data "${rest}"`, 'end', 'upgrade "chat"']);
  });

  test('that leaves h2c aside goes on in HTTP/1.1 (RFC 9110 §7.8)', () => {
    const { server, exchange } = serverOf(asked.replace('chat\r\n\r\n', 'h2c\r\n\r\n'));
    pull(server);
    exchange.respond({ status: 200 });
    expect([server.persistence.verdict, server.outputEnded]).toEqual(['keep', false]);
  });

  test('keeps the peer waiting without a deadline while it decides', () => {
    const { server } = serverOf(connect);
    server.advance(0);
    pull(server);
    expect(server.deadline).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('a client', () => {
  function clientOf(request: OutgoingRequest): { client: ClientConnection; exchange: ClientExchange } {
    const client = new ClientConnection();
    const exchange = client.request(request);
    drain(client);
    return { client, exchange };
  }

  test.each<[string, OutgoingRequest, string]>([
    ['an upgrade', UPGRADE, accepted],
    ['a tunnel', CONNECT, lines('HTTP/1.1 200 OK')],
    ['a tunnel whatever its framing fields say', CONNECT, lines('HTTP/1.1 200 OK', 'Content-Length: 3')],
    ['a tunnel even from HTTP/1.0', CONNECT, lines('HTTP/1.0 200 Established')],
  ])('that is granted %s takes over, with what has come', (_, request, response) => {
    const { client, exchange } = clientOf(request);
    client.receive(ascii(`${response}\0first bytes`));
    expect([...client]).toMatchObject([
      { type: 'response', exchange, head: { framing: 'none' } },
      { type: 'closed', error: null },
      { type: 'upgrade', exchange },
    ]);
    expect([exchange.state, client.length, client.closed]).toEqual(['done', 0, true]);
    expect(client.persistence).toEqual({ verdict: 'close', reason: 'upgrade' });
    expect(stage(client)).toEqual(handedOver);
    expect(pull(client.receive(ascii('more')))).toEqual([]);
  });

  test.each(cuts)('takes over every byte behind the response once (bytes cut: %s)', (how) => {
    const chunks = cut(ascii(`${lines('HTTP/1.1 200 OK')}HTTP/1.1 200 OK\r\n\r\n`), how);
    expect(readResponses(chunks, { methods: ['CONNECT'] }).events.at(-1)).toBe('upgrade "HTTP/1.1 200 OK\\r\\n\\r\\n"');
  });

  test('that is refused a tunnel goes on', () => {
    const { client } = clientOf(CONNECT);
    client.receive(ascii(`${lines('HTTP/1.1 407 Proxy Authentication Required', 'Content-Length: 2')}no`));
    expect(pull(client).slice(1)).toEqual(['data "no"', 'end']);
    expect([client.closed, client.accepts(CONNECT)]).toEqual([false, true]);
  });

  test('that is refused an upgrade goes on', () => {
    const { client } = clientOf(UPGRADE);
    expect(pull(client.receive(ascii(lines('HTTP/1.1 200 OK', 'Content-Length: 0')))).at(-1)).toBe('end');
    expect(client.closed).toBe(false);
  });

  test('loses what waited behind it, unsent', () => {
    const { client } = clientOf(UPGRADE);
    const behind = client.request(GET);
    expect(pull(client.receive(ascii(accepted))).slice(1)).toEqual(['closed', 'lost safe unsent', 'upgrade ""']);
    expect([behind.state, drain(client)]).toEqual(['lost', '']);
  });

  test.each<[string, OutgoingRequest, string, string]>([
    ['that it did not ask for', GET, accepted, 'ERR_UNSOLICITED'],
    ['that names no protocol', UPGRADE, lines('HTTP/1.1 101 Switching', 'Connection: upgrade'), 'ERR_HEADER'],
    ['that is not in Connection', UPGRADE, lines('HTTP/1.1 101 Switching', 'Upgrade: chat'), 'ERR_HEADER'],
  ])('refuses a switch %s (RFC 9110 §15.2.2)', (_, request, response, code) => {
    const { client } = clientOf(request);
    expect(pull(client.receive(ascii(response)))[0]).toMatch(`closed ${code}`);
  });

  test('does not switch in the middle of its own message (RFC 9110 §7.8)', () => {
    const client = new ClientConnection({ persistent: true });
    const exchange = client.startRequest({
      ...UPGRADE,
      method: 'POST',
      headers: [...UPGRADE.headers, ['Content-Length', '4']],
    });
    exchange.write(ascii('bo'));
    drain(client);
    const early = pull(client.receive(ascii(`${accepted}new`)));
    expect(early.filter((line) => line.startsWith('upgrade'))).toEqual([]);
    exchange.write(ascii('dy'));
    exchange.end();
    expect([drain(client), pull(client).at(-1)]).toEqual(['dy', 'upgrade "new"']);
  });

  test('does not switch before a body that waits for 100 has gone', () => {
    const client = new ClientConnection();
    const headers = [...UPGRADE.headers, ['Expect', '100-continue']] as const;
    client.request({ method: 'PUT', target: '/', headers }, ascii('body'));
    drain(client);
    expect(pull(client.receive(ascii(`${accepted}new`))).slice(1)).toEqual(['closed', 'upgrade "new"']);
    expect(drain(client)).toBe('body');
  });

  test.each<[string, (client: ClientConnection, exchange: ClientExchange) => void]>([
    ['the transport is gone', (client) => client.abort()],
    ['the exchange is abandoned', (_, exchange) => exchange.abandon()],
  ])('loses a switch that its own message keeps waiting: %s', (_, end) => {
    const client = new ClientConnection({ persistent: true });
    const headers = [...UPGRADE.headers, ['Content-Length', '4']] as const;
    const exchange = client.startRequest({ ...UPGRADE, headers });
    drain(client);
    expect(pull(client.receive(ascii(accepted))).slice(-1)).toEqual(['closed']);
    end(client, exchange);
    expect(pull(client)).toEqual(['lost never partial-response']);
    expect([exchange.state, exchange.writable, client.finished]).toEqual(['lost', false, true]);
  });

  test('is rid of the transport by abort() before it has taken over', () => {
    const { client, exchange } = clientOf(CONNECT);
    client.receive(ascii(`${lines('HTTP/1.1 200 OK')}first`));
    client.nextEvent();
    client.abort();
    expect(pull(client)).toEqual(['closed', 'lost never partial-response']);
    expect([exchange.state, client.finished]).toEqual(['lost', true]);
  });
});

test('a client and a server agree on where another protocol begins', () => {
  let tunnel = '';
  const pair = new Pair({
    cut: 'every byte',
    serve: (event) => event.type === 'end' && event.exchange.respond({ status: 200 }),
    use: (event) => {
      if (event.type === 'upgrade') tunnel += textOf(event.leftover);
    },
  });
  pair.client.request(CONNECT);
  pair.run();
  expect(pair.serverLog.lines.at(-1)).toBe('upgrade ""');
  expect(pair.clientLog.lines.slice(1)).toEqual(['closed', 'upgrade ""']);
  expect(tunnel).toBe('');
});
