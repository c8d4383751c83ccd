// Expect: 100-continue, both roles: who waits for what, and for how long (RFC 9110 §10.1.1).

import {
  ClientConnection,
  type ClientExchange,
  type ClientOptions,
  ServerConnection,
  type ServerExchange,
  type ServerOptions,
} from '../src/index.ts';
import { ascii, drain, lines, Pair, pull } from './pair.ts';

const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
const expecting = lines('POST / HTTP/1.1', 'Host: x', 'Expect: 100-continue', 'Content-Length: 5');
const get = lines('GET / HTTP/1.1', 'Host: x');

describe('a server', () => {
  function serverOf(request: string, options?: ServerOptions): { server: ServerConnection; exchange: ServerExchange } {
    const server = new ServerConnection(options);
    const event = server.receive(ascii(request)).nextEvent();
    if (event?.type !== 'request') throw new Error(`Not a request: ${JSON.stringify(event)}`);
    return { server, exchange: event.exchange };
  }

  test('says 100 when an awaited body is pulled, and not before', () => {
    const { server } = serverOf(expecting);
    expect(server.outputSize).toBe(0);
    expect(pull(server)).toEqual([]);
    expect(drain(server)).toBe(interim);
    expect([pull(server), drain(server)]).toEqual([[], '']);
    expect(pull(server.receive(ascii('hello')))).toEqual(['data "hello"', 'end']);
  });

  test.each<[string, readonly string[]]>([
    ['another', ['Expect: x, 100-continue']],
    ['the same again', ['Expect: 100-continue, 100-Continue']],
    ['nothing', ['Expect: , 100-continue']],
    ['another on another line', ['Expect: x', 'Expect: 100-continue']],
  ])('says it where 100 is expected beside %s', (_, fields) => {
    const { server } = serverOf(lines('POST / HTTP/1.1', 'Host: x', ...fields, 'Content-Length: 5'));
    pull(server);
    expect(drain(server)).toBe(interim);
  });

  test.each<[string, string, string]>([
    ['a byte of the body is here', `${expecting}h`, 'data "h"'],
    ['there is no body', lines('POST / HTTP/1.1', 'Host: x', 'Expect: 100-continue'), 'end'],
    ['the body is empty', lines('POST / HTTP/1.1', 'Host: x', 'Expect: 100-continue', 'Content-Length: 0'), 'end'],
    ['words hold it', lines('POST / HTTP/1.1', 'Host: x', 'Expect: y 100-continue', 'Content-Length: 5'), ''],
    ['it has a parameter', lines('POST / HTTP/1.1', 'Host: x', 'Expect: 100-continue;a=b', 'Content-Length: 5'), ''],
    ['the client speaks HTTP/1.0', lines('POST / HTTP/1.0', 'Expect: 100-continue', 'Content-Length: 5'), ''],
    ['something else is expected', lines('POST / HTTP/1.1', 'Host: x', 'Expect: x', 'Content-Length: 5'), ''],
    ['nothing is expected', lines('POST / HTTP/1.1', 'Host: x', 'Content-Length: 5'), ''],
  ])('says nothing where %s', (_, request, event) => {
    const { server } = serverOf(request);
    expect(pull(server).join()).toBe(event);
    expect(drain(server)).toBe('');
  });

  test.each<[string, (exchange: ServerExchange) => void, string]>([
    [
      'a whole response',
      (exchange) => exchange.respond({ status: 417 }),
      'HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    ],
    [
      'a streamed one',
      (exchange) => {
        exchange.startResponse({ status: 200 });
        exchange.end();
      },
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
    ],
  ])('that answers instead closes, since the body may come or not: %s', (_, respond, output) => {
    const { server, exchange } = serverOf(expecting);
    respond(exchange);
    expect(server.persistence).toEqual({ verdict: 'close', reason: 'refused-expectation' });
    pull(server.receive(ascii(get)));
    expect(drain(server)).toBe(output);
    expect(server.outputEnded).toBe(true);
    expect(pull(server.receive(ascii(get))).some((line) => line.startsWith('request'))).toBe(false);
  });

  test('that has said 100 keeps the connection', () => {
    const { server, exchange } = serverOf(expecting);
    pull(server);
    exchange.respond({ status: 200 });
    pull(server.receive(ascii('hello')));
    expect(server.persistence).toEqual({ verdict: 'keep' });
  });

  test.each<[string, string]>([
    ['a length of 0', lines('POST / HTTP/1.1', 'Host: x', 'Expect: 100-continue', 'Content-Length: 0')],
    [
      'no chunk',
      `${lines('POST / HTTP/1.1', 'Host: x', 'Expect: 100-continue', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    ],
  ])('that has read the body to its end keeps the connection: %s', (_, request) => {
    const { server, exchange } = serverOf(request + get);
    expect(pull(server)).toEqual(['end']);
    exchange.respond({ status: 200 });
    expect(server.persistence).toEqual({ verdict: 'keep' });
    expect(pull(server)[0]).toMatch(/^request GET/);
  });

  test('leaves the decision to the application where it is told to', () => {
    const { server, exchange } = serverOf(expecting, { continue: 'manual' });
    expect([pull(server), drain(server)]).toEqual([[], '']);
    exchange.inform({ status: 103 });
    exchange.inform({ status: 100 });
    expect(drain(server)).toBe(`HTTP/1.1 103 Early Hints\r\n\r\n${interim}`);
    exchange.respond({ status: 200 });
    expect(server.persistence).toEqual({ verdict: 'keep' });
  });

  test('reads a body that comes unasked', () => {
    const { server } = serverOf(expecting, { continue: 'manual' });
    pull(server);
    expect(pull(server.receive(ascii('hello')))).toEqual(['data "hello"', 'end']);
    expect(drain(server)).toBe('');
  });

  test('does not say 100 twice', () => {
    const { server, exchange } = serverOf(expecting);
    exchange.inform({ status: 100 });
    pull(server);
    expect(drain(server)).toBe(interim);
  });

  test('does not say 100 behind a response that has begun', () => {
    const { server, exchange } = serverOf(expecting);
    exchange.startResponse({ status: 200 });
    pull(server);
    expect(drain(server)).not.toContain('100');
  });

  test('does not say 100 to a client that has ended', () => {
    const { server } = serverOf(expecting);
    expect(pull(server.receiveEnd())[0]).toMatch('error ERR_TRUNCATED');
    expect(drain(server)).toBe('');
  });

  test('does not hold a client that waits to the time of a body', () => {
    const { server } = serverOf(expecting, { continue: 'manual' });
    server.advance(0);
    pull(server);
    expect(server.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  test('holds it to that time once it has said 100', () => {
    const { server } = serverOf(expecting, { timeouts: { body: 10 } });
    server.advance(0);
    pull(server);
    expect(server.deadline).toBe(10);
  });
});

describe('a client', () => {
  const headers = [
    ['Host', 'x'],
    ['Expect', '100-continue'],
  ] as const;
  const PUT = { method: 'PUT', target: '/', headers };
  const STREAM = { ...PUT, headers: [...headers, ['Content-Length', '5']] as const };
  const head = lines('PUT / HTTP/1.1', 'Host: x', 'Expect: 100-continue', 'Content-Length: 5');

  function waiting(options?: ClientOptions): { client: ClientConnection; exchange: ClientExchange } {
    const client = new ClientConnection(options);
    client.advance(0);
    const exchange = client.startRequest(STREAM);
    pull(client);
    exchange.write(ascii('he'));
    expect(drain(client)).toBe(head);
    return { client, exchange };
  }

  test('holds back what is written until 100 comes', () => {
    const { client, exchange } = waiting();
    expect([exchange.awaitingContinue, exchange.writable]).toEqual([true, true]);
    exchange.write(ascii('l'));
    expect(client.outputSize).toBe(0);
    expect(pull(client.receive(ascii(interim)))).toEqual(['informational 100 "Continue" HTTP/1.1 none []']);
    expect([exchange.awaitingContinue, drain(client)]).toEqual([false, 'hel']);
    exchange.write(ascii('lo'));
    exchange.end();
    expect(drain(client)).toBe('lo');
  });

  test('holds back a body that is all here, too', () => {
    const client = new ClientConnection();
    const exchange = client.request(PUT, ascii('hello'));
    expect([drain(client), exchange.awaitingContinue]).toEqual([head, true]);
    pull(client.receive(ascii(interim)));
    expect([drain(client), exchange.awaitingContinue]).toEqual(['hello', false]);
  });

  test('holds back chunks, and their end', () => {
    const client = new ClientConnection({ persistent: true });
    const exchange = client.startRequest(PUT);
    exchange.write(ascii('hello'));
    exchange.end([['X-Sum', '1']]);
    expect(exchange.writable).toBe(false);
    drain(client);
    pull(client.receive(ascii(interim)));
    expect(drain(client)).toBe('5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n');
  });

  test('does not end a body that was too short to be ended', () => {
    const { client, exchange } = waiting();
    expect(() => exchange.end()).toThrow(expect.objectContaining({ code: 'ERR_BODY_LENGTH' }));
    pull(client.receive(ascii(interim)));
    expect([drain(client), exchange.writable]).toEqual(['he', true]);
    exchange.write(ascii('llo'));
    exchange.end();
    expect(drain(client)).toBe('llo');
  });

  test('goes on waiting behind another interim response', () => {
    const { client, exchange } = waiting();
    pull(client.receive(ascii(lines('HTTP/1.1 103 Early Hints'))));
    expect([exchange.awaitingContinue, drain(client)]).toEqual([true, '']);
  });

  test('sends unasked after a time (RFC 9110 §10.1.1)', () => {
    const { client, exchange } = waiting({ timeouts: { continue: 300 } });
    expect(client.deadline).toBe(300);
    client.advance(299);
    expect(client.outputSize).toBe(0);
    client.advance(300);
    expect([exchange.awaitingContinue, drain(client), client.deadline]).toEqual([
      false,
      'he',
      Number.POSITIVE_INFINITY,
    ]);
    pull(client.receive(ascii(interim)));
    exchange.write(ascii('llo'));
    exchange.end();
    expect(drain(client)).toBe('llo');
  });

  test('waits a second by default', () => {
    expect(waiting().client.deadline).toBe(1_000);
  });

  test.each<[string, string]>([
    ['a refusal', lines('HTTP/1.1 417 Expectation Failed', 'Content-Length: 0')],
    ['a success', lines('HTTP/1.1 200 OK', 'Content-Length: 0')],
  ])('that gets an answer instead does not send the body, and closes: %s', (_, response) => {
    const { client, exchange } = waiting();
    const events = pull(client.receive(ascii(response)));
    expect(events.slice(1)).toEqual(['end', 'closed']);
    expect([exchange.state, exchange.awaitingContinue, exchange.writable]).toEqual(['done', false, false]);
    expect([drain(client), client.finished]).toEqual(['', true]);
    expect(client.persistence).toEqual({ verdict: 'close', reason: 'refused-expectation' });
    expect(client.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  test('that gets an answer with a body instead is told to stop at its head', () => {
    const { client, exchange } = waiting();
    pull(client.receive(ascii(lines('HTTP/1.1 417 Expectation Failed', 'Content-Length: 2'))));
    expect([exchange.writable, client.closed]).toEqual([false, true]);
    expect(() => exchange.write(ascii('llo'))).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    expect(pull(client.receive(ascii('no')))).toEqual(['data "no"', 'end', 'closed']);
  });

  test('lets nothing past a body that waits', () => {
    const { client } = waiting({ persistent: true });
    expect(client.request({ method: 'GET', target: '/', headers: [['Host', 'x']] }).state).toBe('waiting');
  });

  test('that is lost while it waits says so', () => {
    const { client, exchange } = waiting();
    expect(pull(client.receiveEnd()).at(-1)).toBe('lost if-idempotent unanswered');
    expect([exchange.state, exchange.awaitingContinue, exchange.writable]).toEqual(['lost', false, false]);
  });
});

test.each([
  ['auto', 'auto' as const],
  ['manual', 'manual' as const],
])('a client and a server get a body across: %s', (_, how) => {
  const pair = new Pair({
    server: { continue: how },
    serve: (event) => {
      if (event.type === 'request' && how === 'manual') event.exchange.inform({ status: 100 });
      if (event.type === 'end') event.exchange.respond({ status: 201 });
    },
  });
  const exchange = pair.client.request(
    {
      method: 'PUT',
      target: '/',
      headers: [
        ['Host', 'x'],
        ['Expect', '100-continue'],
      ],
    },
    ascii('hello'),
  );
  pair.run();
  expect(pair.responses).toBe(`${interim}HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n`);
  expect(pair.serverLog.lines.slice(1)).toEqual(['data "hello"', 'end']);
  expect(exchange.state).toBe('done');
});
