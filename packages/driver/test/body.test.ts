// The ways to read a body, and what becomes of one that nobody reads.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Body, Connection, type ConnectionOptions, type IncomingResponse } from '@halfpipe/driver';
import { bytes, type Chunking, Clock, ScriptedPeer, text } from '@halfpipe/testing';
import { cuts, quiet, Wire } from './wire.ts';

interface Answered {
  connection: Connection;
  wire: Wire;
  clock: Clock;
  warnings: string[];
  response: IncomingResponse;
}

async function answered(received: string, options: ConnectionOptions & { wire?: Wire } = {}): Promise<Answered> {
  const wire = options.wire ?? new Wire();
  const clock = new Clock();
  const warnings: string[] = [];
  const connection = Connection.create(wire.open, {
    timers: clock,
    onWarning: (message) => warnings.push(message),
    ...options,
  });
  const call = connection.call('GET', 'http://x/');
  await quiet();
  await wire.receive(received);
  return { connection, wire, clock, warnings, response: await call };
}

const abc = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc';
const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  let all = '';
  for await (const piece of pieces) all += text(piece);
  return all;
}

/** What a BYOB reader with a small buffer gets. */
async function readInto(stream: ReadableStream<Uint8Array>, size: number): Promise<string> {
  const reader = stream.getReader({ mode: 'byob' });
  let all = '';
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(size));
    if (done) return all;
    expect(value.length).toBeLessThanOrEqual(size);
    all += text(value);
  }
}

// Whose slice() is no copy.
const inBuffers: Chunking = ({ buffer, byteOffset, length }) => [Buffer.from(buffer, byteOffset, length)];

describe.each<[string, Chunking]>([...cuts, ['into Buffers, as the sockets of Node do', inBuffers]])(
  'a body cut %s',
  (_, cut) => {
    test.each<[string, (body: Body) => Promise<unknown>, unknown]>([
      ['bytes()', async (body) => text(await body.bytes()), '{"a": "\xc3\xa9"}'],
      ['text()', (body) => body.text(), '{"a": "é"}'],
      ['json()', (body) => body.json(), { a: 'é' }],
      ['iteration', collect, '{"a": "\xc3\xa9"}'],
      ['stream()', (body) => collect(body.stream()), '{"a": "\xc3\xa9"}'],
      ['stream() into small buffers', (body) => readInto(body.stream(), 3), '{"a": "\xc3\xa9"}'],
      ['discard()', (body) => body.discard(), undefined],
    ])('is read by %s', async (_name, read, expected) => {
      const { wire, response, connection } = await answered(`${chunked}4\r\n{"a"\r\n`, { wire: new Wire({ cut }) });
      const result = read(response.body);
      await quiet();
      await wire.receive('4\r\n: "\xc3\r\n3\r\n\xa9"}\r\n0\r\n\r\n');
      expect(await result).toEqual(expected);
      expect(connection).toMatchObject({ length: 0, closed: false });
    });
  },
);

describe('a reader', () => {
  test('that stops reading stops the socket, and starts it again', async () => {
    const { wire, response } = await answered(`${chunked}3\r\nabc\r\n`);
    expect(wire.near.paused).toBe(true);
    const iterator = response.body[Symbol.asyncIterator]();
    expect(await iterator.next()).toMatchObject({ value: bytes('abc') });
    const next = iterator.next();
    expect(wire.near.paused).toBe(false);
    await wire.receive('3\r\ndef\r\n');
    expect(await next).toMatchObject({ value: bytes('def') });
    expect(wire.near.paused).toBe(true);
    const last = iterator.next();
    expect(wire.near.paused).toBe(false);
    await wire.receive('0\r\n\r\n');
    expect(await last).toEqual({ done: true, value: undefined });
  });

  test('gets one turn after the other even if it asks twice at once', async () => {
    const { wire, response } = await answered(chunked);
    const iterator = response.body[Symbol.asyncIterator]();
    const steps = [iterator.next(), iterator.next(), iterator.next()];
    await wire.receive('1\r\na\r\n1\r\nb\r\n0\r\n\r\n');
    expect(await Promise.all(steps)).toMatchObject([{ value: bytes('a') }, { value: bytes('b') }, { done: true }]);
  });

  test('is the only one: a second gets a TypeError', async () => {
    const { response } = await answered(abc);
    expect(await response.body.text()).toBe('abc');
    await expect(response.body.text()).rejects.toBeInstanceOf(TypeError);
    await expect(response.body.bytes()).rejects.toBeInstanceOf(TypeError);
    await expect(response.body.discard()).rejects.toBeInstanceOf(TypeError);
    expect(() => response.body.stream()).toThrow(TypeError);
    expect(() => response.body[Symbol.asyncIterator]()).toThrow(TypeError);
  });

  test('may change what it was given by bytes() without touching what others read', async () => {
    const { response, wire, connection } = await answered(`${abc}`);
    const given = await response.body.bytes();
    expect(given.buffer.byteLength).toBe(3);
    const next = connection.call('GET', 'http://x/');
    await quiet();
    await wire.receive(abc + abc.slice(0, 0));
    const stream = (await next).body.stream();
    expect(await collect(stream)).toBe('abc');
  });

  test('gets what came before the connection was lost, then the error', async () => {
    const { response, wire } = await answered(`${chunked}3\r\nabc\r\n`);
    const cause = new Error('reset');
    await wire.reset(cause);
    const iterator = response.body[Symbol.asyncIterator]();
    expect(await iterator.next()).toMatchObject({ value: bytes('abc') });
    await expect(iterator.next()).rejects.toMatchObject({
      code: 'ERR_RETRY',
      retry: 'never',
      cause: { code: 'ERR_TRANSPORT', cause },
    });
    await expect(response.trailers).rejects.toMatchObject({ code: 'ERR_RETRY' });
  });

  test('gets a body that is whole though the connection was lost behind it', async () => {
    const { response, wire } = await answered(abc);
    await wire.reset(new Error('reset'));
    expect(await response.body.text()).toBe('abc');
  });

  test('learns that the body was cut short (RFC 9112 §8)', async () => {
    const { response, wire } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
    const cut = { why: 'partial-response', cause: { code: 'ERR_TRUNCATED' } };
    const failing = expect(response.body.text()).rejects.toMatchObject(cut);
    await wire.receiveEnd();
    await failing;
  });

  test('learns that the end was not clean, where only the end says how long the body is (RFC 9112 §9.8)', async () => {
    const peer = new ScriptedPeer({ far: { eof: 'truncated' } })
      .expectHead({ start: 'GET /' })
      .send('HTTP/1.1 200 OK\r\n\r\nabc')
      .end();
    const response = await Connection.create(peer.open).call('GET', 'http://x/');
    await expect(response.body.text()).rejects.toMatchObject({
      why: 'partial-response',
      cause: { code: 'ERR_TRUNCATED' },
    });
  });

  test('that leaves its loop early cancels the body', async () => {
    const { response, wire, connection } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc');
    for await (const _ of response.body) break;
    expect(connection.closed).toBe(true);
    expect(wire.near.destroyed).not.toBeNull();
  });

  test('of text that is not JSON gets a SyntaxError', async () => {
    const { response } = await answered(abc);
    await expect(response.body.json()).rejects.toMatchObject({ name: 'SyntaxError' });
  });
});

describe('limit', () => {
  test('ends the collection of a body that is larger, and cancels it', async () => {
    const { response, wire, connection } = await answered(`${chunked}3\r\nabc\r\n`);
    const read = response.body.bytes({ limit: 4 });
    const refused = expect(read).rejects.toMatchObject({ code: 'ERR_BODY_SIZE', status: 413 });
    await wire.receive('3\r\ndef\r\n');
    await refused;
    await wire.receive('0\r\n\r\n');
    expect(connection).toMatchObject({ length: 0, closed: false });
  });

  test('is told at once by the length of the body', async () => {
    const { response, connection } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc');
    await expect(response.body.text({ limit: 999_999 })).rejects.toMatchObject({ code: 'ERR_BODY_SIZE' });
    expect(connection.closed).toBe(true);
  });

  test('is 16 MiB by default', async () => {
    const { response } = await answered(`HTTP/1.1 200 OK\r\nContent-Length: ${16 * 1024 * 1024 + 1}\r\n\r\n`);
    await expect(response.body.bytes()).rejects.toMatchObject({ code: 'ERR_BODY_SIZE' });
  });

  test('allows a body of just that size', async () => {
    const { response } = await answered(abc);
    expect(await response.body.text({ limit: 3 })).toBe('abc');
  });
});

describe('cancel', () => {
  test('reads a short rest away, and the connection goes on', async () => {
    const { response, wire, connection } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc');
    response.body.cancel();
    expect(connection.length).toBe(1);
    await wire.receive('def');
    expect(connection).toMatchObject({ length: 0, closed: false });
  });

  test('closes the connection when the rest turns out to be long', async () => {
    const { response, wire, connection } = await answered(chunked, { limits: { drainSize: 5 } });
    response.body.cancel();
    await wire.receive('5\r\nabcde\r\n');
    expect(connection.closed).toBe(false);
    await wire.receive('1\r\nf\r\n');
    expect(connection).toMatchObject({ length: 0, closed: true });
    expect(wire.near.destroyed).not.toBeNull();
  });

  test('closes the connection when the rest is until its end', async () => {
    const { response, wire, connection } = await answered('HTTP/1.1 200 OK\r\n\r\nabc');
    response.body.cancel();
    expect(wire.near.destroyed).not.toBeNull();
    expect(connection.length).toBe(0);
  });

  test('fails a pending read with its cause, and can be repeated', async () => {
    const { response } = await answered(chunked);
    const read = response.body.text();
    const cause = new Error('enough');
    response.body.cancel(cause);
    response.body.cancel();
    await expect(read).rejects.toBe(cause);
  });

  test('of a stream cancels the body', async () => {
    const { response, connection } = await answered('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nabc');
    await response.body.stream().cancel();
    expect(connection.closed).toBe(true);
  });

  test('behind the end of the body does nothing', async () => {
    const { response, connection } = await answered(abc);
    await response.body.text();
    response.body.cancel();
    expect(connection.closed).toBe(false);
  });
});

describe('a body left unread', () => {
  test('does not hold up the disposal of its connection, and onWarning is told', async () => {
    const { connection, wire, warnings } = await answered(abc);
    const disposed = connection[Symbol.asyncDispose]();
    await quiet();
    expect(wire.near.ended).toBe(true);
    await wire.receiveEnd();
    await disposed;
    expect(warnings).toEqual(['A response body was left unread when its connection was disposed of']);
    await connection[Symbol.asyncDispose]();
  });

  test('closes the connection on disposal if it is longer than drainSize', async () => {
    const { connection, wire } = await answered(chunked, { limits: { drainSize: 4 } });
    const disposed = connection[Symbol.asyncDispose]();
    await wire.receive('5\r\nabcde\r\n');
    await disposed;
    expect(wire.near.destroyed).not.toBeNull();
  });

  test('of a response that comes during the disposal does not hold it up either', async () => {
    const wire = new Wire();
    const clock = new Clock();
    const connection = Connection.create(wire.open, { timers: clock });
    const call = connection.call('GET', 'http://x/');
    const disposed = connection[Symbol.asyncDispose]();
    await quiet();
    await wire.receive(abc);
    await call;
    await clock.advance(0);
    await wire.receiveEnd();
    await disposed;
  });

  test('can still be read when the connection is disposed of, if it is short', async () => {
    const { connection, wire, response } = await answered(abc);
    const disposed = connection[Symbol.asyncDispose]();
    await wire.receiveEnd();
    await disposed;
    expect(await response.body.text()).toBe('abc');
  });

  test('and collected is discarded, and onWarning is told', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    const wire = new Wire();
    const warnings: string[] = [];
    const clock = new Clock();
    const connection = Connection.create(wire.open, {
      timers: clock,
      onWarning: (message) => warnings.push(message),
    });
    const status = connection.call('GET', 'http://x/').then((response) => response.status);
    await quiet();
    await wire.receive(abc);
    expect(await status).toBe(200);
    await clock.advance(1_000); // until then it is held, in case that it is read like most
    for (let i = 0; i < 50 && warnings.length === 0; i++) {
      collectGarbage();
      await quiet();
    }
    expect(warnings).toEqual([
      'A response body was left unread: what is left of it is discarded, or the connection closed',
    ]);
    expect(connection).toMatchObject({ length: 0, closed: false });
  });
});

test('an empty body is there to be read, and its trailers are null', async () => {
  const { response, connection } = await answered('HTTP/1.1 204 No Content\r\n\r\n');
  expect(connection.length).toBe(0);
  expect(await response.trailers).toBeNull();
  expect(await response.body.text()).toBe('');
});
