// Client and server of this package, joined by memory.

import { createHash } from 'node:crypto';
import { ClientConnection, ServerConnection } from '@halfpipe/core';
import { Connection, type ConnectionOptions, type Handler, serve } from '@halfpipe/driver';
import { bytes, Clock, type MemoryTransport, openTo, type PairOptions, pair, text } from '@halfpipe/testing';
import { cuts, quiet } from './wire.ts';

function joined(handler: Handler, options: ConnectionOptions & PairOptions = {}) {
  const [near, far] = pair(options);
  const clock = new Clock();
  const serving = serve(far, handler, { timers: clock });
  const connection = Connection.create(() => Promise.resolve(near), { timers: clock, ...options });
  return { connection, serving, near, far, clock };
}

/** Bytes that a shift or a loss would change. */
async function* generated(size: number): AsyncGenerator<Uint8Array> {
  const piece = 10_007;
  for (let at = 0; at < size; at += piece) {
    yield Uint8Array.from({ length: Math.min(piece, size - at) }, (_, i) => ((at + i) * 31) % 251);
  }
}

async function hashOf(pieces: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

const echo: Handler = (request) => ({
  body: request.body,
  headers: [['X-Method', request.method]],
});

describe.each([true, false])('over transports whose halfClose is %s', (halfClose) => {
  describe.each(cuts)('and whose bytes are cut %s', (_, chunking) => {
    test('calls of every kind are answered in order, and both ends let go', async () => {
      const { connection, serving, clock } = joined(
        async (request) => {
          if (request.target === '/early') return { status: 404, body: 'none' };
          if (request.target === '/hints') request.inform(103, [['Link', '</s>']]);
          if (request.target === '/trailers') {
            return { body: [bytes('ab'), bytes('c')], trailers: () => [['X-Sum', '3']] };
          }
          if (request.method === 'POST') return { body: `${request.target} ${await request.body.text()}` };
          return { body: request.target };
        },
        { chunking, halfClose, persistent: true },
      );
      let hints = 0;
      const calls = [
        connection.call('GET', 'http://x/a'),
        connection.call('HEAD', 'http://x/b'),
        connection.call('POST', 'http://x/c', { body: 'text' }),
        connection.call('POST', 'http://x/d', { body: generated(3), trailers: () => [['Y', '1']] }),
        connection.call('POST', 'http://x/e', { body: 'text', expectContinue: true }),
        connection.call('GET', 'http://x/early'),
        connection.call('GET', 'http://x/hints', { onInformational: () => hints++ }),
        connection.call('GET', 'http://x/trailers'),
      ];
      connection.shutdown();
      const seen: [number, string][] = [];
      for (const call of calls) {
        const { status, body } = await call;
        seen.push([status, await body.text()]);
      }
      expect(seen).toEqual([
        [200, '/a'],
        [200, ''],
        [200, '/c text'],
        [200, '/d \0\x1f>'],
        [200, '/e text'],
        [404, 'none'],
        [200, '/hints'],
        [200, 'abc'],
      ]);
      expect(hints).toBe(1);
      expect((await (await calls[7])?.trailers)?.get('x-sum')).toBe('3');
      expect(connection.length).toBe(0);
      await connection[Symbol.asyncDispose]();
      await serving.done;
      expect(clock.pending).toBe(0);
    });
  });
});

test('a large body is streamed both ways at once, and little of it waits anywhere', async () => {
  const size = 8 * 1024 * 1024;
  const { connection, near, far } = joined(echo, { bufferSize: 50_000 });
  const { body } = await connection.call('POST', 'http://x/', {
    body: generated(size),
    headers: [['Content-Length', `${size}`]],
  });
  expect(await hashOf(body)).toBe(await hashOf(generated(size)));
  expect(near.bytesWritten).toBeGreaterThan(size);
  expect(near.mostUnderWay).toBeLessThan(200_000);
  expect(far.mostUnderWay).toBeLessThan(200_000);
});

describe('a slow reader', () => {
  const stalls = async (side: MemoryTransport) => {
    await quiet();
    const { bytesWritten } = side;
    await quiet();
    expect(side.bytesWritten).toBe(bytesWritten);
    return bytesWritten;
  };

  test('of a response stops the server', async () => {
    let made = 0;
    const { connection, far } = joined(
      () => ({
        body: (async function* () {
          for (; made < 1_000; made++) yield new Uint8Array(10_000);
        })(),
      }),
      { bufferSize: 30_000 },
    );
    const { body } = await connection.call('GET', 'http://x/');
    const iterator = body[Symbol.asyncIterator]();
    await iterator.next();
    expect(await stalls(far)).toBeLessThan(300_000);
    expect(made).toBeLessThan(30);
    let size = 10_000;
    for (let step = await iterator.next(); step.done !== true; step = await iterator.next()) size += step.value.length;
    expect(made).toBe(1_000);
    expect(size).toBeGreaterThan(9_900_000);
  });

  test('of a request stops the client', async () => {
    let read: (() => void) | null = null;
    const { connection, near } = joined(
      async ({ body }) => {
        await new Promise<void>((resolve) => {
          read = resolve;
        });
        let size = 0;
        for await (const piece of body) size += piece.length;
        return { body: `${size}` };
      },
      { bufferSize: 30_000, persistent: true },
    );
    const call = connection.call('PUT', 'http://x/', { body: generated(1_000_000) });
    expect(await stalls(near)).toBeLessThan(300_000);
    expect(read).not.toBeNull();
    (read as (() => void) | null)?.(); // set by the handler
    expect(await (await call).body.text()).toBe('1000000');
  });
});

test('a shutdown of the server in the middle of a pipeline leaves the rest retriable', async () => {
  const open = openTo(({ target }) => {
    if (target === '/2') for (const serving of open.servings) serving.shutdown();
    return { body: target };
  });
  const connection = Connection.create(open, { persistent: true });
  const calls = ['/1', '/2', '/3', '/4'].map(async (target) => {
    const { body } = await connection.call('GET', `http://x${target}`);
    return body.text();
  });
  expect(await Promise.allSettled(calls)).toMatchObject([
    { value: '/1' },
    { value: '/2' },
    { reason: { retry: 'if-idempotent', why: 'behind-close' } },
    { reason: { retry: 'if-idempotent', why: 'behind-close' } },
  ]);
  await quiet();
  expect(open.servings.size).toBe(0);
});

test('an upload that the server refuses is answered, and the client hears it', async () => {
  const { connection, serving } = joined(() => ({ status: 413, body: 'too much' }), {
    bufferSize: 30_000,
    persistent: true,
  });
  const response = await connection.call('POST', 'http://x/', { body: generated(5_000_000) });
  expect([response.status, await response.body.text()]).toEqual([413, 'too much']);
  await connection[Symbol.asyncDispose]();
  await serving.done;
});

test('twelve thousand calls pass in pipelines', async () => {
  const connection = Connection.create(
    openTo(({ target }) => ({ body: target })),
    { persistent: true },
  );
  let answered = 0;
  for (let round = 0; round < 120; round++) {
    const calls = Array.from({ length: 100 }, (_, i) => connection.call('GET', `http://x/${round}/${i}`));
    for (const [i, call] of calls.entries()) {
      expect(await (await call).body.text()).toBe(`/${round}/${i}`);
      answered++;
    }
  }
  expect(answered).toBe(12_000);
});

test('each protocol connection is shown once, before anything has happened on it, and can be watched', async () => {
  const shown: (ClientConnection | ServerConnection)[] = [];
  const received: string[] = [];
  const inspect = (protocol: ClientConnection | ServerConnection) => {
    expect([protocol.persistence.verdict, protocol.outputSize]).toEqual(['undecided', 0]);
    shown.push(protocol);
    const { receive } = protocol;
    Object.assign(protocol, {
      receive(piece: Uint8Array) {
        received.push(text(piece).replace(/\r\n.*/s, ''));
        return Reflect.apply(receive, protocol, [piece]);
      },
    });
  };
  const [near, far] = pair();
  serve(far, () => ({ body: 'seen' }), { inspect });
  const connection = Connection.create(() => Promise.resolve(near), { inspect });
  expect(await (await connection.call('GET', 'http://x/')).body.text()).toBe('seen');
  expect(shown).toEqual([expect.any(ServerConnection), expect.any(ClientConnection)]);
  expect(received).toEqual(['GET / HTTP/1.1', 'HTTP/1.1 200 OK']);
});
