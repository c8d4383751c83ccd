// TLS both ways, with a certificate made here: ours to ours, ours to Node's, Node's to ours; and what a cut connection does to a body.

import { createServer as createHttpsServer, get } from 'node:https';
import { connect as connectPlain, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { connect, create, type Listener, listen } from '../src/index.ts';
import { ciphertextOf, connectTls as connectTlsClient } from '../src/tls.ts';
import { certificate, closing, listening, once } from './sockets.ts';

let pems: Awaited<ReturnType<typeof certificate>>;
beforeAll(async () => {
  pems = await certificate();
});

const listeners: Listener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function serving(...[handler, options]: Parameters<typeof listen>): Promise<{ port: number; url: string }> {
  const listener = await listen(handler, { tls: pems.server, ...options });
  listeners.push(listener);
  if (!('port' in listener.address)) throw new TypeError('Cannot tell the port');
  const { port } = listener.address;
  return { port, url: `https://127.0.0.1:${port}` };
}

test('our client and our server', async () => {
  const { port, url } = await serving(async (request) => ({ body: `you sent ${await request.body.text()}` }));
  const connection = await connect({ host: '127.0.0.1', port, tls: pems.client });
  const calls = ['a', 'b', 'c'].map(async (body) => (await connection.call('PUT', url, { body })).body.text());
  // The server reads close_notify before it has answered.
  connection.shutdown();
  expect(await Promise.all(calls)).toEqual(['you sent a', 'you sent b', 'you sent c']);
});

test("our client and Node's server", async () => {
  const server = createHttpsServer(pems.server, (request, response) => response.end(`hello ${request.url}`));
  const port = await listening(server);
  const connection = create({ host: '127.0.0.1', port, tls: pems.client }, { persistent: true });
  const bodies = await Promise.all(
    ['/a', '/b', '/c'].map(async (path) => (await connection.call('GET', `https://localhost${path}`)).body.text()),
  );
  expect(bodies).toEqual(['hello /a', 'hello /b', 'hello /c']);
  connection.close();
  server.close();
});

test("Node's client and our server", async () => {
  const { url } = await serving((request) => ({ body: `hello ${request.target}` }));
  const request = get(`${url}/there`, { ...pems.client, agent: false });
  const [response] = await once(request, 'response');
  expect(await text(response)).toBe('hello /there');
});

test('a client certificate can be asked for', async () => {
  const options = { ...pems.server, requestCert: true, ca: pems.client.ca };
  const { port, url } = await serving(() => ({ body: 'welcome' }), { tls: options });
  const known = await connect({ host: '127.0.0.1', port, tls: { ...pems.client, ...pems.server } });
  expect(await (await known.call('GET', url)).body.text()).toBe('welcome');
  known.close();
});

test('shutdown sends close_notify, and the responses still come', async () => {
  const server = createTlsServer({ ...pems.server, allowHalfOpen: true }, (socket) => {
    let asked = '';
    socket.on('data', (bytes: Buffer) => {
      asked += bytes.toString();
    });
    socket.on('end', () => {
      const { length } = asked.match(/GET /g) ?? [];
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'.repeat(length ?? 0));
    });
  });
  const port = await listening(server);
  const connection = await connect({ host: '127.0.0.1', port, tls: pems.client }, { persistent: true });
  const calls = ['/a', '/b'].map((path) => connection.call('GET', `https://localhost${path}`));
  connection.shutdown();
  expect(await Promise.all(calls.map(async (call) => (await call).body.text()))).toEqual(['ok', 'ok']);
  server.close();
});

describe('a body that lasts until the connection closes (RFC 9112 §9.8)', () => {
  test.each([
    ['is whole when close_notify came', false],
    ['fails when the connection was cut', true],
  ])('%s', async (_, cut) => {
    const server = createTlsServer({ ...pems.server, allowHalfOpen: true });
    const wires: Socket[] = [];
    server.on('connection', (wire: Socket) => wires.push(wire));
    server.on('secureConnection', (socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\nall there is', () => {
          if (cut) wires[0]?.end();
          else socket.end();
        });
      });
    });
    const port = await listening(server);
    const connection = create({ host: '127.0.0.1', port, tls: pems.client });
    const response = await connection.call('GET', 'https://localhost/');
    const body = response.body.text();
    if (cut) await expect(body).rejects.toMatchObject({ code: 'ERR_RETRY', retry: 'never', why: 'partial-response' });
    else expect(await body).toBe('all there is');
    connection.close();
    for (const wire of wires) wire.destroy();
    server.close();
  });
});

test('on Bun nothing is put between TLS and the socket, and how it ended is not known', async () => {
  const socket = new Socket();
  expect(ciphertextOf(socket)).not.toBe(socket);
  Object.defineProperty(process.versions, 'bun', { value: '1.4.5', configurable: true });
  try {
    const server = createTlsServer(pems.server, (socket) => socket.end('bye'));
    const socket = connectPlain(await listening(server), '127.0.0.1');
    await once(socket, 'connect');
    const { tlsSocket, endOfInput } = connectTlsClient(ciphertextOf(socket), pems.client);
    expect(await text(tlsSocket)).toBe('bye');
    expect([endOfInput(), ciphertextOf(socket)]).toEqual(['unknown', socket]);
    server.close();
  } finally {
    Reflect.deleteProperty(process.versions, 'bun');
  }
});

test('a handshake that fails is told to onError, and disturbs nobody', async () => {
  let told: (error: unknown) => void = () => {};
  const failure = new Promise<unknown>((resolve) => {
    told = resolve;
  });
  const { port, url } = await serving(() => ({ body: 'fine' }), {
    onError: (error, request) => told([(error as NodeJS.ErrnoException).code, request]),
  });
  const connection = await connect({ host: '127.0.0.1', port, tls: pems.client });
  const stranger = connectPlain({ host: '127.0.0.1', port });
  stranger.on('error', () => {});
  stranger.end('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  expect(await failure).toEqual(['ERR_SSL_HTTP_REQUEST', null]);
  expect(await (await connection.call('GET', url)).body.text()).toBe('fine');
  connection.close();
});

test('a listener that shuts down does not wait for a handshake that nobody has begun', async () => {
  const { port } = await serving(() => ({}));
  const silent = connectPlain({ host: '127.0.0.1', port });
  await once(silent, 'connect');
  const closed = closing(silent);
  silent.resume();
  const [listener] = listeners;
  const secure = connectTls({ host: '127.0.0.1', port, ...pems.client });
  await once(secure, 'secureConnect');
  secure.resume();
  await listener?.shutdown();
  await closed;
});

test('a listener that closes ends handshakes too', async () => {
  const { port } = await serving(() => ({}));
  const slow = connectPlain({ host: '127.0.0.1', port });
  slow.on('error', () => {});
  await once(slow, 'connect');
  // The first byte of a ClientHello, and no more.
  await new Promise((resolve) => slow.write(Buffer.from([0x16]), resolve));
  const closed = closing(slow);
  slow.resume();
  // By the time that this one has shaken hands, that byte has been read.
  const connection = await connect({ host: '127.0.0.1', port, tls: pems.client });
  await listeners[0]?.shutdown({ grace: 20 });
  await closed;
  connection.close();
});
