// The server's side of an exchange: what comes in as events, what goes out as bytes, and what the head says of the connection.

import {
  type CloseReason,
  type OutgoingResponse,
  ServerConnection,
  type ServerExchange,
  type ServerOptions,
} from '../src/index.ts';
import { ascii, cut, cuts, drain, lines, pull, readRequests } from './pair.ts';

const get = lines('GET /a HTTP/1.1', 'Host: x');

/** A server that holds that request, and its exchange. */
function serverOf(request: string, options?: ServerOptions): { server: ServerConnection; exchange: ServerExchange } {
  const server = new ServerConnection(options);
  server.receive(ascii(request));
  const event = server.nextEvent();
  if (event?.type !== 'request') throw new Error(`Not a request: ${JSON.stringify(event)}`);
  return { server, exchange: event.exchange };
}

describe('requests', () => {
  test('a pipelined request waits until the response before it is complete', () => {
    const server = new ServerConnection();
    server.receive(ascii(get + get.replace('/a', '/b')));
    const [request, ...rest] = server;
    expect(request).toMatchObject({ type: 'request', head: { target: '/a' } });
    expect(rest).toMatchObject([{ type: 'end', trailers: null }]);
    expect(server.wantsInput).toBe(false);
    if (request?.type === 'request') request.exchange.respond({ status: 200 }, ascii('A'));
    expect(drain(server)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA');
    expect(server.nextEvent()).toMatchObject({ type: 'request', head: { target: '/b' } });
  });

  test('a pipelined request waits for the end of a streamed response, too', () => {
    const { server, exchange } = serverOf(get + get);
    exchange.startResponse({ status: 200 });
    exchange.write(ascii('A'));
    expect(pull(server)).toEqual(['end']);
    exchange.end();
    expect(pull(server)[0]).toMatch(/^request GET/);
  });

  test('field names and values keep their case, order and number (RFC 9110 §5.3)', () => {
    const server = new ServerConnection();
    server.receive(ascii(lines('GET / HTTP/1.1', 'hOST: x', 'Set-Cookie: a', 'X:  b ', 'set-cookie: c')));
    const event = server.nextEvent();
    expect(event).toMatchObject({
      head: { headers: { raw: ['hOST', 'x', 'Set-Cookie', 'a', 'X', 'b', 'set-cookie', 'c'] } },
    });
  });

  test.each<[string, string, object]>([
    ['no body', get, { framing: 'none', contentLength: null }],
    ['a length', lines('POST / HTTP/1.1', 'Host: x', 'Content-Length: 5'), { framing: 'length', contentLength: 5 }],
    [
      'a length of 0',
      lines('POST / HTTP/1.1', 'Host: x', 'Content-Length: 0'),
      { framing: 'length', contentLength: 0 },
    ],
    [
      'chunks',
      lines('POST / HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked'),
      { framing: 'chunked', contentLength: null },
    ],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', { version: '1.0' }],
    ['a later minor version', lines('GET / HTTP/1.7', 'Host: x'), { version: '1.1' }],
  ])('a head says how its body is framed: %s (RFC 9112 §6.3)', (_, request, head) => {
    const server = new ServerConnection();
    expect(server.receive(ascii(request)).nextEvent()).toMatchObject({ head: { relaxed: [], ...head } });
  });

  test('a response may begin, and end, before the request has ended', () => {
    const { server, exchange } = serverOf(`${lines('POST / HTTP/1.1', 'Host: x', 'Content-Length: 4')}ab`);
    exchange.startResponse({ status: 200 });
    expect(pull(server)).toEqual(['data "ab"']);
    exchange.write(ascii('early'));
    exchange.end();
    expect(exchange.state).toBe('open');
    server.receive(ascii(`cd${get}`));
    expect(pull(server).slice(0, 2)).toEqual(['data "cd"', 'end']);
    expect(exchange.state).toBe('done');
  });
});

describe('responses (RFC 9112 §6, RFC 9110 §8.6)', () => {
  const head = lines('HEAD / HTTP/1.1', 'Host: x');
  const old = lines('GET / HTTP/1.0', 'Connection: keep-alive');
  const whole = (response: OutgoingResponse, body?: string) => (exchange: ServerExchange) =>
    exchange.respond(response, body === undefined ? undefined : ascii(body));
  const streamed =
    (response: OutgoingResponse, ...pieces: string[]) =>
    (exchange: ServerExchange) => {
      exchange.startResponse(response);
      for (const piece of pieces) exchange.write(ascii(piece));
      exchange.end();
    };

  test.each<[string, string, (exchange: ServerExchange) => void, string]>([
    ['a body', get, whole({ status: 200 }, 'hello'), 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['an empty body', get, whole({ status: 200 }, ''), 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['no body', get, whole({ status: 404 }), 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'],
    ['204', get, whole({ status: 204 }), 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['304', get, whole({ status: 304 }), 'HTTP/1.1 304 Not Modified\r\n\r\n'],
    [
      '304 with the length that 200 would have',
      get,
      whole({ status: 304, headers: [['Content-Length', '9']] }),
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
    ],
    [
      'HEAD with a body to measure',
      head,
      whole({ status: 200 }, 'hello'),
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n',
    ],
    ['HEAD with nothing to measure', head, whole({ status: 200 }), 'HTTP/1.1 200 OK\r\n\r\n'],
    [
      'HEAD with a length',
      head,
      whole({ status: 200, headers: [['Content-Length', '9']] }),
      'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n',
    ],
    [
      'HEAD whose body is written to nobody',
      head,
      streamed({ status: 200 }, 'ab', 'c'),
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    [
      'pieces of unknown length',
      get,
      streamed({ status: 200 }, 'ab', '', 'c'),
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
    ],
    [
      'pieces of a known length',
      get,
      streamed({ status: 200, headers: [['Content-Length', '3']] }, 'ab', 'c'),
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
    ],
    [
      'pieces that the caller calls chunked',
      get,
      streamed({ status: 200, headers: [['transfer-encoding', 'chunked']] }, 'ab'),
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n',
    ],
    [
      'pieces of unknown length to HTTP/1.0, which last until the end',
      old,
      streamed({ status: 200 }, 'ab', 'c'),
      'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc',
    ],
    [
      'pieces of a known length to HTTP/1.0',
      old,
      streamed({ status: 200, headers: [['Content-Length', '2']] }, 'ab'),
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nab',
    ],
    ['204 as a stream', get, streamed({ status: 204 }), 'HTTP/1.1 204 No Content\r\n\r\n'],
    [
      'a reason of its own',
      get,
      whole({ status: 200, reason: 'Fine \xe9' }),
      'HTTP/1.1 200 Fine \xe9\r\nContent-Length: 0\r\n\r\n',
    ],
    ['an empty reason', get, whole({ status: 200, reason: '' }), 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n'],
    ['a status without a phrase', get, whole({ status: 299 }), 'HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n'],
    [
      'fields in their case and order, white space around values removed',
      get,
      whole({
        status: 200,
        headers: new Map([
          ['x-B', ' 1 '],
          ['X-a', '\xe9'],
          ['Vary', ''],
        ]),
      }),
      'HTTP/1.1 200 OK\r\nx-B: 1\r\nX-a: \xe9\r\nVary: \r\nContent-Length: 0\r\n\r\n',
    ],
  ])('%s', (_, request, respond, bytes) => {
    const { server, exchange } = serverOf(request);
    respond(exchange);
    expect(drain(server)).toBe(bytes);
  });

  test('trailers go behind the last chunk (RFC 9112 §7.1.2)', () => {
    const { server, exchange } = serverOf(get);
    exchange.startResponse({ status: 200 });
    drain(server);
    exchange.end([
      ['X-Sum', ' 1 '],
      ['x-sum', ''],
    ]);
    expect(drain(server)).toBe('0\r\nX-Sum: 1\r\nx-sum: \r\n\r\n');
  });

  test('a large piece goes out as the very bytes that were given', () => {
    const { server, exchange } = serverOf(get);
    const body = new Uint8Array(64 * 1024).fill(0x61);
    exchange.respond({ status: 200 }, body);
    const chunks: Uint8Array[] = [];
    for (let chunk = server.nextChunk(); chunk !== null; chunk = server.nextChunk()) chunks.push(chunk);
    expect(chunks.some(({ buffer }) => buffer === body.buffer)).toBe(true);
    expect(chunks.length).toBe(2);
  });

  test('a small response leaves as one chunk', () => {
    const { server, exchange } = serverOf(get);
    exchange.startResponse({ status: 200 });
    for (let i = 0; i < 10; i++) exchange.write(ascii('abc'));
    exchange.end();
    server.nextChunk();
    expect(server.nextChunk()).toBeNull();
  });
});

describe('interim responses (RFC 9110 §15.2)', () => {
  test('any number go before the response, in order', () => {
    const { server, exchange } = serverOf(get);
    exchange.inform({ status: 102 });
    exchange.inform({ status: 103, headers: [['Link', '</a>']] });
    exchange.inform({ status: 199, reason: 'Soon' });
    exchange.respond({ status: 200 });
    expect(drain(server)).toBe(
      'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n' +
        'HTTP/1.1 199 Soon\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    );
  });

  test('none goes to HTTP/1.0, which would take it for the response', () => {
    const { server, exchange } = serverOf('GET / HTTP/1.0\r\n\r\n');
    exchange.inform({ status: 103 });
    expect(server.outputSize).toBe(0);
    exchange.respond({ status: 200 });
    expect(drain(server)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('persistence (RFC 9112 §9.3)', () => {
  const respond = (response: OutgoingResponse) => (exchange: ServerExchange) => exchange.respond(response);
  const close = { status: 200, headers: [['Connection', 'close']] } as const;

  test.each<[string, string, (exchange: ServerExchange) => void, CloseReason | null, RegExp | null]>([
    ['HTTP/1.1 stays open', get, respond({ status: 200 }), null, null],
    ['HTTP/1.0 closes', 'GET / HTTP/1.0\r\n\r\n', respond({ status: 200 }), 'http-1.0', /\r\nConnection: close\r\n/],
    [
      'HTTP/1.0 that asks stays open, and is told so',
      lines('GET / HTTP/1.0', 'Connection: Keep-Alive'),
      respond({ status: 200 }),
      null,
      /\r\nConnection: keep-alive\r\n/,
    ],
    [
      'the request says close',
      lines('GET / HTTP/1.1', 'Host: x', 'Connection: close'),
      respond({ status: 200 }),
      'request-close',
      /\r\nConnection: close\r\n/,
    ],
    [
      'the request says close among other things',
      lines('GET / HTTP/1.1', 'Host: x', 'Connection: TE,\tClose ,x'),
      respond({ status: 200 }),
      'request-close',
      /\r\nConnection: close\r\n/,
    ],
    ['the response says close', get, respond(close), 'response-close', /\r\nConnection: close\r\n/],
    [
      'the response says close among other things',
      get,
      respond({
        status: 200,
        headers: [
          ['connection', 'X, close'],
          ['X', 'y'],
        ],
      }),
      'response-close',
      /\r\nconnection: X, close\r\nX: y\r\n/,
    ],
    [
      'the response says keep-alive on a connection that closes',
      lines('GET / HTTP/1.1', 'Host: x', 'Connection: close'),
      respond({ status: 200, headers: [['Connection', 'keep-alive, X']] }),
      'request-close',
      /\r\nConnection: X, close\r\n/,
    ],
    [
      'the response names other things on a connection that closes',
      'GET / HTTP/1.0\r\n\r\n',
      respond({ status: 200, headers: [['Connection', 'X']] }),
      'http-1.0',
      /\r\nConnection: X, close\r\n/,
    ],
    [
      'the body lasts until the end',
      lines('GET / HTTP/1.0', 'Connection: keep-alive'),
      (exchange) => {
        exchange.startResponse({ status: 200 });
        exchange.end();
      },
      'until-close-body',
      /\r\nConnection: close\r\n/,
    ],
  ])('%s', (_, request, act, reason, field) => {
    const { server, exchange } = serverOf(request + get);
    pull(server);
    act(exchange);
    const output = drain(server);
    expect(server.persistence).toEqual(reason === null ? { verdict: 'keep' } : { verdict: 'close', reason });
    expect(server.outputEnded).toBe(reason !== null);
    expect(output).toMatch(field ?? /^(?!.*^connection:)/ims);
    expect(pull(server)[0]?.slice(0, 11)).toBe(reason === null ? 'request GET' : undefined);
  });

  test('before the first request the verdict is open', () => {
    expect(new ServerConnection().persistence).toEqual({ verdict: 'undecided' });
  });

  test('the first reason to close stays', () => {
    const { server, exchange } = serverOf(lines('GET / HTTP/1.1', 'Host: x', 'Connection: close'));
    pull(server);
    server.shutdown();
    exchange.respond(close);
    expect(server.persistence).toEqual({ verdict: 'close', reason: 'request-close' });
  });

  test.each(cuts)('after maxRequests the connection closes (bytes cut: %s)', (how) => {
    const { events, output } = readRequests(cut(ascii(get.repeat(4)), how), { options: { maxRequests: 3 } });
    expect(events.filter((line) => line.startsWith('request')).length).toBe(3);
    expect(output.match(/Connection: close/g)?.length).toBe(1);
    expect(output.endsWith('Connection: close\r\n\r\n')).toBe(true);
  });
});

describe('an exchange', () => {
  test('is open until both messages are complete, then done', () => {
    const { server, exchange } = serverOf(get);
    expect([exchange.state, exchange.writable]).toEqual(['open', false]);
    exchange.startResponse({ status: 200 });
    expect([exchange.state, exchange.writable]).toEqual(['open', true]);
    exchange.end();
    expect([exchange.state, exchange.writable]).toEqual(['open', false]);
    expect(pull(server)).toEqual(['end']);
    expect(exchange.state).toBe('done');
  });

  test('is lost when the request turns out to be bad', () => {
    const { server, exchange } = serverOf(lines('POST / HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked'));
    server.receive(ascii('x'));
    expect(pull(server)).toEqual(['error ERR_CHUNK 400: Cannot parse the chunk size: unexpected "x"']);
    expect([exchange.state, exchange.writable]).toEqual(['lost', false]);
    expect(() => exchange.respond({ status: 200 })).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
  });

  test('of an earlier request cannot write into the response to a later one', () => {
    const { server, exchange: first } = serverOf(get + get);
    first.startResponse({ status: 200 });
    first.end();
    const [, second] = server;
    if (second?.type === 'request') second.exchange.startResponse({ status: 200 });
    drain(server);
    expect(() => first.write(ascii('x'))).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    expect(server.outputSize).toBe(0);
  });
});
