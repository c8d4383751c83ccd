// Where the driver, or the core under it, turns at 64 KiB: exactly there, one byte less and one byte more. How much is read ahead, how much
// waits to be sent, and how much is read away to save a connection.

import { Connection, type ConnectionOptions, serve } from '@halfpipe/driver';
import { Clock } from '@halfpipe/testing';
import { quiet, Wire } from './wire.ts';

const size = 64 * 1024;
const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const dated = [['Date', 'today']] as const;

function connected(options: ConnectionOptions & { wire?: Wire } = {}) {
  const wire = options.wire ?? new Wire();
  return { connection: Connection.create(wire.open, { timers: new Clock(), ...options }), wire };
}

/** Pieces of those sizes, and how many have been asked for. */
class Pieces implements AsyncIterable<Uint8Array> {
  asked = 0;
  readonly #sizes: readonly number[];

  constructor(...sizes: readonly number[]) {
    this.#sizes = sizes;
  }

  get size(): number {
    return this.#sizes.reduce((sum, each) => sum + each, 0);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (const each of this.#sizes) {
      this.asked++;
      yield new Uint8Array(each);
    }
  }
}

describe('a body of unknown length to a server that nothing is known of', () => {
  test.each<[string, Pieces, start: string]>([
    ['65,535 bytes in one piece', new Pieces(size - 1), `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size - 1}`],
    ['65,536 bytes in one piece', new Pieces(size), `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}`],
    ['65,536 bytes in two', new Pieces(size - 1, 1), `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}`],
    ['65,536 bytes and an empty piece', new Pieces(size, 0), `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}`],
    ['65,537 bytes in one piece', new Pieces(size + 1), 'OPTIONS * HTTP/1.1\r\nHost: x'],
    ['65,537 bytes in two', new Pieces(size, 1), 'OPTIONS * HTTP/1.1\r\nHost: x'],
  ])('of %s is read ahead, or not', async (_, body, start) => {
    const { connection, wire } = connected();
    const call = connection.call('POST', 'http://x/', { body });
    await quiet();
    expect(wire.sent.split('\r\n\r\n', 1)[0]).toBe(start);
    connection.close();
    await expect(call).rejects.toMatchObject({ code: 'ERR_RETRY' });
  });
});

// Behind the head, which fills the transport, one byte waits, then so many more, and then there is room for another piece, or not.
const waiting: [string, second: number, asked: number][] = [
  ['65,535', size - 2, 3],
  ['65,536', size - 1, 2],
  ['65,537', size, 2],
];

describe('while the transport is full, a streamed body is asked for more', () => {
  test.each(waiting)('by a client for which %s bytes wait, if fewer than 64 KiB do', async (_, second, asked) => {
    const { connection, wire } = connected({ persistent: true, wire: new Wire({ bufferSize: 1 }) });
    await quiet();
    wire.stop();
    const body = new Pieces(1, second, 1, 1);
    const headers = [['Content-Length', String(body.size)]] as const;
    const call = connection.call('PUT', 'http://x/', { headers, body });
    await quiet();
    expect(wire.writes).toHaveLength(1);
    expect(wire.sent).toMatch(/\r\n\r\n$/);
    expect(body.asked).toBe(asked);
    await wire.flow();
    expect(body.asked).toBe(4);
    await wire.receive(ok);
    expect(await (await call).body.text()).toBe('ok');
  });

  test.each(waiting)('by a server for which %s bytes wait, if fewer than 64 KiB do', async (_, second, asked) => {
    const wire = new Wire({ bufferSize: 1 });
    const body = new Pieces(1, second, 1, 1);
    const headers = [...dated, ['Content-Length', String(body.size)]] as const;
    serve(wire.near, () => ({ headers, body }), { timers: new Clock() });
    wire.stop();
    await wire.receive(get);
    await quiet();
    expect(wire.writes).toHaveLength(1);
    expect(wire.sent).toMatch(/\r\n\r\n$/);
    expect(body.asked).toBe(asked);
    await wire.flow();
    expect(body.asked).toBe(4);
  });
});

test.each([
  [size - 1, 3],
  [size, 2],
  [size + 1, 2],
])('a server for which %d bytes wait has taken %d requests of three', async (queued, taken) => {
  const wire = new Wire({ bufferSize: 1 });
  const head = 'HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 65000\r\n\r\n';
  let requests = 0;
  const handler = () => {
    // The first response fills the transport; the second waits.
    return { headers: dated, body: new Uint8Array(++requests === 2 ? queued - head.length : 1) };
  };
  serve(wire.near, handler, { timers: new Clock() });
  wire.stop();
  await wire.receive(get);
  await quiet();
  await wire.receive(get + get);
  await quiet();
  expect(requests).toBe(taken);
  await wire.flow();
  expect(requests).toBe(3);
});

/** What becomes of a rest, the limit for which is `limits.drainSize`. */
const away = 'is read away';
const closes = 'costs the connection';

describe('what a handler has left of a request', () => {
  /** A server whose handler reads a first piece, or nothing, and answers. */
  function served(reads: boolean) {
    const wire = new Wire();
    const targets: string[] = [];
    const handler = async ({ target, body }: { target: string; body: AsyncIterable<Uint8Array> }) => {
      targets.push(target);
      if (reads && target === '/a') await body[Symbol.asyncIterator]().next();
      return { headers: dated };
    };
    serve(wire.near, handler, { timers: new Clock() });
    return { wire, targets };
  }

  test.each([
    [size - 1, away],
    [size, away],
    [size + 1, closes],
  ])('of %d bytes %s', async (left, becomes) => {
    const isKept = becomes === away;
    const { wire, targets } = served(false);
    await wire.receive(`PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${left}\r\n\r\n`);
    await quiet();
    expect(/^Connection: close$/m.test(wire.take())).toBe(!isKept);
    await wire.receive('x'.repeat(left) + get);
    await quiet();
    expect(targets).toEqual(isKept ? ['/a', '/'] : ['/a']);
    expect(wire.near.ended).toBe(!isKept);
  });

  test.each([
    [size, away],
    [size + 1, closes],
  ])('of %d bytes behind a piece that was read %s', async (left, becomes) => {
    const isKept = becomes === away;
    const { wire, targets } = served(true);
    await wire.receive(`PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${left + 10}\r\n\r\n${'x'.repeat(10)}`);
    await quiet();
    expect(/^Connection: close$/m.test(wire.take())).toBe(!isKept);
    await wire.receive('x'.repeat(left) + get);
    await quiet();
    expect(targets).toEqual(isKept ? ['/a', '/'] : ['/a']);
  });

  test.each([
    [size - 1, away],
    [size, away],
    [size + 1, closes],
  ])('of %d bytes with the line of their chunk %s', async (left, becomes) => {
    const isKept = becomes === away;
    const { wire, targets } = served(false);
    await wire.receive('PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    await quiet();
    const line = `${(left - 6).toString(16)}\r\n`;
    expect(line).toHaveLength(6);
    await wire.receive(`${line}${'x'.repeat(left - 6)}\r\n0\r\n\r\n${get}`);
    await quiet();
    expect(targets).toEqual(isKept ? ['/a', '/'] : ['/a']);
    expect(wire.near.ended).toBe(!isKept);
  });
});

describe('what a caller has left of a response', () => {
  const forms: [string, (left: number) => { head: string; body: string }][] = [
    ['of a length', (left) => ({ head: `HTTP/1.1 200 OK\r\nContent-Length: ${left}\r\n\r\n`, body: 'x'.repeat(left) })],
    [
      'in one chunk',
      (left) => ({
        head: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
        body: `${left.toString(16)}\r\n${'x'.repeat(left)}\r\n0\r\n\r\n`,
      }),
    ],
    [
      'in two chunks',
      (left) => ({
        head: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
        body: `${(left - 1).toString(16)}\r\n${'x'.repeat(left - 1)}\r\n1\r\nx\r\n0\r\n\r\n`,
      }),
    ],
  ];
  const sizes: [number, string][] = [
    [size - 1, away],
    [size, away],
    [size + 1, closes],
  ];

  describe.each(forms)('%s', (_, form) => {
    test.each(sizes)('of %d bytes, which are not wanted, %s', async (left, becomes) => {
      const isKept = becomes === away;
      const { connection, wire } = connected();
      const call = connection.call('GET', 'http://x/');
      await quiet();
      const { head, body } = form(left);
      await wire.receive(head);
      (await call).body.cancel();
      await quiet();
      if (wire.near.destroyed === null) await wire.receive(body);
      await quiet();
      expect([connection.closed, wire.near.destroyed]).toEqual(isKept ? [false, null] : [true, expect.anything()]);
      if (!isKept) return;
      const next = connection.call('GET', 'http://x/');
      await quiet();
      await wire.receive(ok);
      expect(await (await next).body.text()).toBe('ok');
    });

    test.each(sizes)('of %d bytes, which nobody reads as the connection is disposed of, %s', async (left, becomes) => {
      const isKept = becomes === away;
      const { connection, wire } = connected();
      const call = connection.call('GET', 'http://x/');
      await quiet();
      const { head, body } = form(left);
      await wire.receive(head);
      const response = await call;
      const disposed = connection[Symbol.asyncDispose]();
      await wire.receive(body);
      await quiet();
      if (isKept) {
        await wire.receiveEnd();
        await disposed;
        // Into memory, for a reader who may still come.
        expect(await response.body.text()).toBe('x'.repeat(left));
      } else {
        await disposed;
        await expect(response.body.bytes()).rejects.toMatchObject({ code: 'ERR_RETRY', why: 'partial-response' });
      }
    });
  });

  test('behind a piece that was read counts alone', async () => {
    const { connection, wire } = connected();
    const call = connection.call('GET', 'http://x/');
    await quiet();
    await wire.receive(`HTTP/1.1 200 OK\r\nContent-Length: ${size + 10}\r\n\r\n${'x'.repeat(10)}`);
    const { body } = await call;
    await body[Symbol.asyncIterator]().next();
    body.cancel();
    await quiet();
    expect(connection.closed).toBe(false);
    await wire.receive('x'.repeat(size));
    expect([connection.closed, connection.length]).toEqual([false, 0]);
  });
});
