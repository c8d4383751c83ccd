// What our server says over a real socket to those who do not speak HTTP well, and that others do not notice.

import { connect as connectPlain, type Socket } from 'node:net';
import { type Connection, connect, type Handler, type Listener, type ListenOptions, listen } from '../src/index.ts';
import { once, textOf } from './sockets.ts';

const listeners: Listener[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

const hello: Handler = () => ({ body: 'hello' });

async function serving(handler: Handler = hello, options: ListenOptions = {}): Promise<number> {
  const listener = await listen(handler, options);
  listeners.push(listener);
  if (!('port' in listener.address)) throw new TypeError('Cannot tell the port');
  return listener.address.port;
}

async function dial(port: number): Promise<Socket> {
  const socket = connectPlain({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** Everything that the server says until it ends its side, to these bytes. */
async function answerTo(port: number, ...bytes: string[]): Promise<string> {
  const socket = await dial(port);
  for (const piece of bytes) socket.write(piece, 'latin1');
  const answer = await textOf(socket);
  socket.destroy();
  return answer;
}

/** A connection on which a request is being answered while others misbehave, and the means to end it. */
async function bystander(port: number): Promise<{ connection: Connection; call: Promise<string> }> {
  const connection = await connect({ host: '127.0.0.1', port });
  const call = connection.call('GET', `http://127.0.0.1:${port}/slow`).then((response) => response.body.text());
  return { connection, call };
}

describe('is answered, and the connection closes', () => {
  test.each([
    ['no HTTP at all', 'HELO example.com\r\n\r\n', 400],
    ['a binary greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['a space in a field name', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    [
      'two ways to frame the body',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['two different lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n', 400],
    ['an unknown coding', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501],
    ['a version of the future', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
  ])('%s', async (_, head, status) => {
    const told: unknown[] = [];
    const port = await serving(hello, { onError: (error, request) => told.push([(error as Error).name, request]) });
    const answer = await answerTo(port, head);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(/^Connection: close\r$/m);
    expect(told).toEqual([['RemoteProtocolError', null]]);
  });

  test('a head that is too large: 431', async () => {
    const port = await serving(hello, { limits: { headSize: 1_000 } });
    const answer = await answerTo(port, 'GET / HTTP/1.1\r\nHost: x\r\n', `X-Long: ${'x'.repeat(1_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(answer).toMatch(/^Connection: close\r$/m);
  });

  test('a head that has too many fields: 431', async () => {
    const port = await serving();
    const answer = await answerTo(port, `GET / HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(101)}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('a body that is too large: 413, unless the handler has answered', async () => {
    const port = await serving(async (request) => ({ body: await request.body.text() }), { limits: { bodySize: 10 } });
    const answer = await answerTo(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world');
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('a head that does not come to its end: 408', async () => {
    const port = await serving(hello, { timeouts: { head: 50 } });
    const answer = await answerTo(port, 'GET / HTTP/1.1\r\nHos');
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toMatch(/^Connection: close\r$/m);
  });

  test('a connection that says nothing is closed without a word', async () => {
    const port = await serving(hello, { timeouts: { idle: 50 } });
    expect(await answerTo(port)).toBe('');
  });

  test('a chunk that is none, after the handler has begun to read', async () => {
    const port = await serving(async (request) => ({ body: await request.body.text() }));
    const head = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
    const answer = await answerTo(port, head, '5\r\nhello\r\n', 'zz\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

test('the requests before the bad one are answered', async () => {
  const port = await serving((request) => ({ body: request.target }));
  const answer = await answerTo(port, 'GET /good HTTP/1.1\r\nHost: x\r\n\r\nbad\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n\/goodHTTP\/1\.1 400 /);
});

test('the answer is not reset away: what the client still sends is read and dropped for a while', async () => {
  const port = await serving(hello, { timeouts: { linger: 10_000 } });
  const socket = await dial(port);
  socket.write('BAD\r\n\r\n');
  const answer = textOf(socket);
  // Enough to fill the buffers of both sides several times, were it not read.
  for (let index = 0; index < 200; index++) {
    if (!socket.write(Buffer.alloc(65_536))) await once(socket, 'drain');
  }
  expect(await answer).toMatch(/^HTTP\/1\.1 400 /);
  socket.end();
  await once(socket, 'close');
});

test('a client that does not end its side is left after the linger', async () => {
  const port = await serving(hello, { timeouts: { linger: 50 } });
  const socket = await dial(port);
  socket.write('BAD\r\n\r\n');
  expect(await textOf(socket)).toMatch(/^HTTP\/1\.1 400 /);
  // Still open on our side. The server lets go of it, which shows as a reset at the latest when something is written.
  const gone = new Promise((resolve) => socket.once('error', resolve));
  const knock = setInterval(() => socket.write('x'), 10);
  await gone;
  clearInterval(knock);
});

test('a request and then a FIN still gets its answer', async () => {
  const port = await serving(async (request) => {
    await new Promise((resolve) => setImmediate(resolve));
    return { body: `late answer to ${request.target}` };
  });
  const socket = await dial(port);
  socket.end('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n');
  const answer = await textOf(socket);
  expect(answer).toMatch(/late answer to \/aHTTP\/1\.1 200 OK[\s\S]*late answer to \/b$/);
});

test('a FIN in the middle of a body ends it with an error', async () => {
  let told = (_: unknown) => {};
  const failure = new Promise((resolve) => {
    told = resolve;
  });
  const port = await serving(async (request) => {
    await request.body.text().catch(told);
  });
  const socket = await dial(port);
  socket.end('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
  expect(await failure).toMatchObject({ code: 'ERR_TRUNCATED' });
});

test('the requests of others are not disturbed', async () => {
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const port = await serving(
    async () => {
      await finished;
      return { body: 'in peace' };
    },
    { limits: { headSize: 1_000 } },
  );
  const others = await Promise.all([bystander(port), bystander(port), bystander(port)]);
  await answerTo(port, 'BAD\r\n\r\n');
  await answerTo(port, `GET / HTTP/1.1\r\nX: ${'x'.repeat(2_000)}`);
  const rude = await dial(port);
  rude.write('GET / HTTP/1.1\r\nHo');
  rude.resetAndDestroy();
  finish();
  for (const { connection, call } of others) {
    expect(await call).toBe('in peace');
    connection.close();
  }
});
