// How a server's connection ends: early responses, errors that are answered or not, the peer's end, and the lingering close
// (RFC 9112 §9.3, §9.5, §9.6).

import { ServerConnection, type ServerExchange, type ServerOptions } from '../src/index.ts';
import { ascii, drain, lines, pull, readRequests, serverOf, stage } from './pair.ts';

const get = lines('GET /a HTTP/1.1', 'Host: x');

function post(length: number | 'chunked'): string {
  const field = length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  return lines('POST /a HTTP/1.1', 'Host: x', field);
}

describe('a response before the end of its request (RFC 9112 §9.3)', () => {
  test.each<[string, number | 'chunked', string, number, string | null]>([
    ['a length within drainSize is read to its end', 10, 'x'.repeat(10), 10, null],
    ['a length beyond drainSize closes at once', 11, '', 10, 'unread-body'],
    [
      'chunks, lines and all, within drainSize are read to their end',
      'chunked',
      '5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n',
      18,
      null,
    ],
    [
      'chunks beyond drainSize close when they are',
      'chunked',
      '5\r\nhello\r\n6\r\nhello!\r\n0\r\n\r\n',
      18,
      'unread-body',
    ],
    ['a chunk beyond drainSize closes before it has come', 'chunked', '100\r\nhello', 10, 'unread-body'],
    ['with a drainSize of 0 any body closes', 1, '', 0, 'unread-body'],
    ['with a drainSize of 0 an empty body does not', 'chunked', '0\r\n\r\n', 0, null],
  ])('%s', (_, length, body, drainSize, reason) => {
    const { server, exchange } = serverOf(post(length), { limits: { drainSize } });
    exchange.respond({ status: 413 });
    server.receive(ascii(body + get));
    const events = pull(server);
    drain(server);
    expect(server.persistence).toEqual(reason === null ? { verdict: 'keep' } : { verdict: 'close', reason });
    expect(events.some((line) => line.startsWith('request'))).toBe(reason === null);
    expect(exchange.state).toBe('done');
    expect(server.outputEnded).toBe(reason !== null);
  });

  test('tiny chunks with long lines count by their lines', () => {
    const chunk = `${'1'.padStart(16, '0')}\r\nx\r\n`;
    for (const [chunks, verdict] of [
      [47, 'keep'],
      [48, 'close'],
    ] as const) {
      const { server, exchange } = serverOf(post('chunked'), { limits: { drainSize: 1_000 } });
      exchange.respond({ status: 413 });
      pull(server.receive(ascii(chunk.repeat(chunks))));
      expect(server.persistence.verdict).toBe(verdict);
    }
  });

  test('the rest has one wait for all of it, however it drips in', () => {
    const { server, exchange } = serverOf(post(1_000), { timeouts: { body: 100 } });
    server.advance(0);
    exchange.respond({ status: 413 });
    drain(server);
    for (let now = 0; now < 100; now += 10) {
      server.advance(now);
      expect(pull(server.receive(ascii('x')))).toEqual(['data "x"']);
    }
    expect(server.persistence.verdict).toBe('keep');
    server.advance(100);
    expect(server.persistence).toEqual({ verdict: 'close', reason: 'unread-body' });
  });

  test('says close where the rest is known to be too much', () => {
    const { server, exchange } = serverOf(post(100_000));
    exchange.respond({ status: 413 });
    expect(drain(server)).toBe('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });

  test('counts only what was still owed', () => {
    const { server, exchange } = serverOf(post(30) + 'x'.repeat(25), { limits: { drainSize: 10 } });
    pull(server);
    exchange.respond({ status: 200 });
    expect(server.persistence).toEqual({ verdict: 'keep' });
  });

  test('the rest of a body within drainSize is still given to the application', () => {
    const { server, exchange } = serverOf(`${post(5)}he`);
    pull(server);
    exchange.respond({ status: 200 });
    server.receive(ascii('llo'));
    expect(pull(server)).toEqual(['data "llo"', 'end']);
  });

  test('what was read behind one response does not count behind the next', () => {
    const server = new ServerConnection({ limits: { drainSize: 10 } });
    for (let i = 0; i < 3; i++) {
      const event = server.receive(ascii(post(8))).nextEvent();
      if (event?.type === 'request') event.exchange.respond({ status: 200 });
      expect(pull(server.receive(ascii('x'.repeat(8))))).toEqual([`data "${'x'.repeat(8)}"`, 'end']);
    }
    expect(server.persistence).toEqual({ verdict: 'keep' });
  });

  test('a body that stalls behind its response closes without an error', () => {
    const { server, exchange } = serverOf(`${post(5)}he`, { timeouts: { body: 100 } });
    server.advance(0);
    pull(server);
    exchange.respond({ status: 200 });
    drain(server);
    server.advance(100);
    expect(pull(server)).toEqual([]);
    expect(server.persistence).toEqual({ verdict: 'close', reason: 'unread-body' });
    expect(server.outputEnded).toBe(true);
  });

  test('a request that goes on behind a response that closes is still given to the application', () => {
    const { server, exchange } = serverOf(post(5));
    exchange.respond({ status: 200, headers: [['Connection', 'close']] });
    drain(server);
    expect(server.outputEnded).toBe(true);
    server.receive(ascii(`hello${get}`));
    expect(pull(server)).toEqual(['data "hello"', 'end']);
  });
});

describe('an error of the peer (RFC 9112 §9.6)', () => {
  const bad = lines('GET /a HTTP/1.1', 'X : y');

  test('is the last event, and refuse() answers it and closes', () => {
    const server = new ServerConnection();
    server.receive(ascii(bad + get));
    expect(pull(server).map((line) => line.slice(0, 16))).toEqual(['error ERR_HEADER']);
    server.refuse({ status: 400, headers: [['X', 'y']] }, ascii('no'));
    expect(drain(server)).toBe('HTTP/1.1 400 Bad Request\r\nX: y\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
    expect(server.persistence).toEqual({ verdict: 'close', reason: 'error' });
    expect(stage(server)).toBe('ended reads');
    server.receive(ascii(get));
    expect(pull(server)).toEqual([]);
  });

  test.each<[string, (server: ServerConnection) => void, string]>([
    ['a length', (server) => server.refuse({ status: 400 }), 'Content-Length: 0\r\nConnection: close'],
    [
      'close in place of keep-alive',
      (server) => server.refuse({ status: 400, headers: [['Connection', 'keep-alive']] }),
      'Connection: close\r\nContent-Length: 0',
    ],
  ])('refuse() adds %s', (_, refuse, fields) => {
    const server = new ServerConnection();
    pull(server.receive(ascii(bad)));
    refuse(server);
    expect(drain(server)).toBe(`HTTP/1.1 400 Bad Request\r\n${fields}\r\n\r\n`);
  });

  test('behind a request of a good head is answered in place of its response', () => {
    const { server } = serverOf(`${post('chunked')}x`);
    pull(server);
    server.refuse({ status: 400 });
    expect(drain(server)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('to HEAD is answered without a body (RFC 9110 §9.3.2)', () => {
    const { server } = serverOf(`${lines('HEAD / HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked')}x`);
    pull(server);
    server.refuse({ status: 400 }, ascii('no'));
    expect(drain(server)).toBe('HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\n');
  });

  test('behind a response that has begun only ends the output', () => {
    const { server, exchange } = serverOf(`${post('chunked')}x`);
    exchange.startResponse({ status: 200 });
    exchange.write(ascii('a'));
    expect(pull(server).length).toBe(1);
    expect(exchange.state).toBe('lost');
    expect(() => server.refuse({ status: 400 })).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    expect(drain(server)).toBe('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
    expect(stage(server)).toBe('ended reads');
  });

  test('behind a response that is complete leaves that response done', () => {
    const { server, exchange } = serverOf(`${post('chunked')}x`);
    exchange.respond({ status: 200 });
    expect(pull(server).length).toBe(1);
    expect(exchange.state).toBe('done');
    expect(drain(server)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    expect(stage(server)).toBe('ended reads');
  });

  test('that nobody answers ends with the linger', () => {
    const server = new ServerConnection({ timeouts: { linger: 50 } });
    server.advance(0);
    pull(server.receive(ascii(bad)));
    drain(server);
    expect(stage(server)).toBe('reads');
    server.advance(50);
    expect(stage(server)).toBe('ended finished');
    expect(() => server.refuse({ status: 400 })).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
  });
});

describe("the peer's end (RFC 9112 §9.5)", () => {
  test('before any request is an event, and the end', () => {
    const server = new ServerConnection();
    expect(pull(server.receiveEnd())).toEqual(['eof']);
    expect(server.persistence).toEqual({ verdict: 'close', reason: 'eof' });
    expect(stage(server)).toBe('ended finished');
  });

  test('behind a request does not take back its response', () => {
    const { server, exchange } = serverOf(get);
    expect(pull(server.receiveEnd())).toEqual(['end', 'eof']);
    expect(stage(server)).toBe('');
    exchange.respond({ status: 200 }, ascii('A'));
    expect(stage(server)).toBe('ended');
    expect(drain(server)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nA');
    expect(stage(server)).toBe('ended finished');
  });

  test('behind two pipelined requests waits for both responses', () => {
    const { events, output } = readRequests([ascii(get + get)], { eof: 'clean' });
    expect(events.map((line) => line.split(' ')[0])).toEqual(['request', 'end', 'request', 'end', 'eof']);
    expect(output.match(/HTTP\/1\.1 200 OK/g)?.length).toBe(2);
  });

  test('in the middle of a response that is streamed is told, and the response goes on', () => {
    const { server, exchange } = serverOf(get);
    pull(server);
    exchange.startResponse({ status: 200 });
    expect(pull(server.receiveEnd())).toEqual(['eof']);
    exchange.write(ascii('A'));
    exchange.end();
    expect(drain(server)).toMatch(/1\r\nA\r\n0\r\n\r\n$/);
    expect(stage(server)).toBe('ended finished');
  });

  test('in the middle of a request is an error (RFC 9112 §8)', () => {
    const { server, exchange } = serverOf(`${post(5)}he`);
    expect(pull(server.receiveEnd())).toEqual([
      'data "he"',
      'error ERR_TRUNCATED 400: Cannot read the request: its body ends early',
    ]);
    expect(exchange.state).toBe('lost');
    server.refuse({ status: 400 });
    drain(server);
    expect(stage(server)).toBe('ended finished');
  });

  test('is told once', () => {
    const server = new ServerConnection();
    server.receiveEnd();
    server.receiveEnd('truncated');
    expect(pull(server)).toEqual(['eof']);
  });

  test('takes no more bytes behind it', () => {
    const { server } = serverOf(get);
    server.receiveEnd();
    expect(() => server.receive(ascii('x'))).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    expect(pull(server)).toEqual(['end', 'eof']);
  });
});

describe('the lingering close (RFC 9112 §9.6)', () => {
  function closing(options?: ServerOptions): ServerConnection {
    const { server, exchange } = serverOf(get, options);
    server.advance(1_000);
    pull(server);
    exchange.respond({ status: 200, headers: [['Connection', 'close']] });
    return server;
  }

  test('is finished only when the last byte is out and the peer has ended', () => {
    const server = closing();
    expect(stage(server)).toBe('ended reads');
    server.receiveEnd();
    expect(stage(server)).toBe('ended');
    drain(server);
    expect(stage(server)).toBe('ended finished');
  });

  test('reads and drops what still comes, and holds none of it', () => {
    const server = closing();
    drain(server);
    for (let i = 0; i < 100; i++) {
      server.receive(new Uint8Array(1_000));
      expect([pull(server), server.wantsInput]).toEqual([[], true]);
    }
    server.receiveEnd();
    expect(server.finished).toBe(true);
  });

  test('lasts no longer than its deadline, which counts from the last byte out', () => {
    const server = closing({ timeouts: { linger: 70 } });
    server.advance(2_000);
    expect(server.deadline).toBe(Number.POSITIVE_INFINITY);
    drain(server);
    expect(server.deadline).toBe(2_070);
    server.advance(2_030);
    server.receive(ascii('x'));
    drain(server);
    expect(server.deadline).toBe(2_070);
    server.advance(2_069);
    expect([server.deadline, server.finished]).toEqual([2_070, false]);
    server.advance(2_070);
    expect([server.deadline, server.finished]).toEqual([Number.POSITIVE_INFINITY, true]);
  });
});

describe('behind the end of the output nothing of the request is waited for', () => {
  test.each<[string, string, (server: ServerConnection, exchange: ServerExchange) => void, string[]]>([
    [
      'when the request ended behind its response',
      `${lines('POST / HTTP/1.1', 'Host: x', 'Connection: close', 'Content-Length: 2')}hi`,
      (_, exchange) => exchange.respond({ status: 200 }, new Uint8Array(5_000)),
      ['data "hi"', 'end'],
    ],
    [
      'when too much of it came behind its response',
      `${post('chunked')}5\r\nhello\r\n`,
      (_, exchange) => exchange.respond({ status: 200 }, new Uint8Array(5_000)),
      [],
    ],
    [
      'when it turned out to be bad behind the start of its response',
      `${post('chunked')}x`,
      (_, exchange) => exchange.startResponse({ status: 200 }),
      ['error ERR_CHUNK 400: Cannot parse the chunk size: unexpected "x"'],
    ],
    [
      'when it ended early behind the start of its response',
      post(5),
      (server, exchange) => {
        exchange.startResponse({ status: 200 });
        server.receiveEnd();
      },
      ['error ERR_TRUNCATED 400: Cannot read the request: its body ends early'],
    ],
  ])('%s', (_, request, respond, events) => {
    const { server, exchange } = serverOf(request, { limits: { drainSize: 3 }, timeouts: { body: 10, linger: 20 } });
    server.advance(0);
    respond(server, exchange);
    expect(pull(server)).toEqual(events);
    server.nextChunk(); // and no more: the transport is full
    server.advance(1_000);
    expect(pull(server)).toEqual([]);
    expect(() => server.refuse({ status: 408 })).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    expect(server.outputEnded).toBe(true);
  });
});
