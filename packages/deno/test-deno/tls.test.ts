// TLS both ways, with a certificate made for it: ours to ours, ours to Deno's, Deno's to ours; and what a cut connection does to a body.

import type { Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { connect, create, listen } from '../src/index.ts';
import { ascii, assert, certificate, destroyed, each, gate, listening, type Scope, test, turns } from './support.ts';

const pair = certificate();
const client = { caCerts: [pair.cert] };

test('our client and our server', async (scope) => {
  const { port, url } = await scope.serve(async (request) => ({ body: `you sent ${await request.body.text()}` }), {
    tls: pair,
  });
  const connection = await connect({ host: '127.0.0.1', port, tls: client });
  const calls = ['a', 'b', 'c'].map(async (body) => (await connection.call('PUT', url, { body })).body.text());
  // The server reads close_notify before it has answered.
  connection.shutdown();
  assert.deepEqual(await Promise.all(calls), ['you sent a', 'you sent b', 'you sent c']);
});

test("our client and Deno's server", async (scope) => {
  const server = Deno.serve(
    { hostname: '127.0.0.1', port: 0, onListen() {}, ...pair },
    ({ url }) => new Response(`hello ${new URL(url).pathname}`),
  );
  scope.after(() => server.shutdown());
  const connection = create({ host: '127.0.0.1', port: server.addr.port, tls: client }, { persistent: true });
  const paths = ['/a', '/b', '/c'];
  const bodies = await Promise.all(
    paths.map(async (path) => (await connection.call('GET', `https://localhost${path}`)).body.text()),
  );
  assert.deepEqual(bodies, ['hello /a', 'hello /b', 'hello /c']);
  connection.close();
});

test("Deno's client and our server", async (scope) => {
  const { url } = await scope.serve((request) => ({ body: `hello ${request.target}` }), { tls: pair });
  const http = Deno.createHttpClient(client);
  scope.after(() => http.close());
  const response = await fetch(`${url}/there`, { client: http });
  assert.equal(await response.text(), 'hello /there');
});

test('our server speaks http/1.1 by ALPN, and nothing else', async (scope) => {
  const { port } = await scope.serve(() => ({}), { tls: pair });
  const dial = async (alpnProtocols: string[]) => {
    const conn = await Deno.connectTls({ hostname: '127.0.0.1', port, ...client, alpnProtocols });
    scope.after(() => conn.close());
    return (await conn.handshake()).alpnProtocol;
  };
  assert.equal(await dial(['h2', 'http/1.1']), 'http/1.1');
  await assert.rejects(dial(['h2']), /NoApplicationProtocol/);
});

test('a client certificate is given to a server that asks for one', async (scope) => {
  const asked: boolean[] = [];
  const { port, done } = await serveTls(scope, { requestCert: true, ca: pair.cert }, (socket) => {
    asked.push(socket.authorized);
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome'));
  });
  const connection = await connect({ host: '127.0.0.1', port, tls: { ...client, ...pair } });
  assert.equal(await (await connection.call('GET', 'https://localhost/')).body.text(), 'welcome');
  assert.deepEqual(asked, [true]);
  connection.close();
  await done();
});

test('shutdown sends close_notify, and the responses still come', async (scope) => {
  const { port } = await serveTls(scope, {}, (socket) => {
    let asked = '';
    socket.on('data', (bytes: Uint8Array) => {
      asked += String.fromCharCode(...bytes);
    });
    socket.on('end', () => {
      const { length } = asked.match(/GET /g) ?? [];
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'.repeat(length ?? 0));
    });
  });
  const connection = await connect({ host: '127.0.0.1', port, tls: client }, { persistent: true });
  const calls = ['/a', '/b'].map((path) => connection.call('GET', `https://localhost${path}`));
  connection.shutdown();
  assert.deepEqual(await Promise.all(calls.map(async (call) => (await call).body.text())), ['ok', 'ok']);
});

each(
  [
    ['is whole when close_notify came', false],
    ['fails when the connection was cut', true],
  ] as const,
  'a body that lasts until the connection closes %s (RFC 9112 §9.8)',
  async (scope, _, cut) => {
    const { port } = await serveTls(scope, {}, (socket, wire) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\nall there is', () => (cut ? wire.end() : socket.end()));
      });
    });
    const connection = create({ host: '127.0.0.1', port, tls: client });
    const response = await connection.call('GET', 'https://localhost/');
    const body = response.body.text();
    if (cut) await assert.rejects(body, { code: 'ERR_RETRY', retry: 'never', why: 'partial-response' });
    else assert.equal(await body, 'all there is');
    connection.close();
  },
);

// What Deno cannot do: the README has it in a table.
test('a body of unknown length to HTTP/1.0 that fails half way ends with close_notify all the same', async (scope) => {
  const half = gate();
  const body = async function* () {
    yield ascii('half');
    await half.promise;
    throw new Error('secret');
  };
  const { port } = await scope.serve(() => ({ body: body() }), { tls: pair });
  const peer = scope.peer(await Deno.connectTls({ hostname: '127.0.0.1', port, ...client }));
  await peer.write('GET / HTTP/1.0\r\nHost: x\r\n\r\n');
  await peer.until('half');
  half.open();
  assert.match(await peer.all(), /\r\n\r\nhalf$/);
});

test('a close_notify in the middle of a request body ends it with an error', async (scope) => {
  const failure = gate<unknown>();
  const { port } = await scope.serve((request) => request.body.text().then(() => {}, failure.open), { tls: pair });
  const conn = await Deno.connectTls({ hostname: '127.0.0.1', port, ...client });
  const peer = scope.peer(conn);
  await peer.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
  await peer.end();
  assert.equal(((await failure.promise) as { code: string }).code, 'ERR_TRUNCATED');
});

test('a handshake that fails is told to onError, and disturbs nobody', async (scope) => {
  const failure = gate<unknown[]>();
  const onError = (error: unknown, request: unknown) => failure.open([(error as Error).name, request]);
  const { port, url } = await scope.serve(() => ({ body: 'fine' }), { tls: pair, onError });
  const connection = await connect({ host: '127.0.0.1', port, tls: client });
  const stranger = await scope.dial(port);
  await stranger.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await stranger.end();
  assert.deepEqual(await failure.promise, ['InvalidData', null]);
  assert.equal(await (await connection.call('GET', url)).body.text(), 'fine');
  connection.close();
});

test('a handshake that takes too long is told to onError, and no more waited for', async (scope) => {
  const failure = gate<unknown>();
  const onError = (error: unknown) => failure.open(error);
  const { port } = await scope.serve(() => ({}), { tls: { ...pair, handshakeTimeout: 20 }, onError });
  const silent = await scope.dial(port);
  assert.equal(((await failure.promise) as { code: string }).code, 'ERR_TLS_HANDSHAKE_TIMEOUT');
  // Deno itself waits on, until its peer leaves.
  await silent.end();
  assert.equal(await silent.all(), '');
});

test('a listener that shuts down does not wait for a handshake', async (scope) => {
  const told: unknown[] = [];
  const listener = await listen(() => ({}), { tls: pair, onError: (error) => told.push(error) });
  if (!('port' in listener.address)) throw new TypeError('Cannot tell the port');
  const silent = await scope.dial(listener.address.port);
  const slow = await scope.dial(listener.address.port);
  // The first byte of a ClientHello, and no more.
  await slow.write(Uint8Array.of(0x16));
  const idle = await connect({ host: '127.0.0.1', port: listener.address.port, tls: client });
  await listener.shutdown({ grace: Infinity });
  for (const peer of [silent, slow]) await peer.end();
  await turns();
  assert.deepEqual(told, []);
  idle.close();
});

test('what Deno cannot do is refused, not passed over', async () => {
  const asking = { ...pair, requestCert: true };
  await assert.rejects(
    listen(() => ({}), { tls: asking }),
    { name: 'TypeError', message: /requestCert/ },
  );
  await assert.rejects(
    listen(() => ({}), { tls: pair, path: '/run/x.sock' }),
    { name: 'TypeError', message: /UNIX/ },
  );
  await assert.rejects(
    listen(() => ({}), { tls: { cert: 'none', key: 'none' } }),
    { name: 'InvalidData' },
  );
});

/** A server of node:tls, which can be asked for what Deno's cannot, and the sockets beneath its connections. */
async function serveTls(
  scope: Scope,
  options: { requestCert?: boolean; ca?: string },
  handler: (socket: TLSSocket, wire: Socket) => void,
): Promise<{ port: number; done: () => Promise<void> }> {
  const server = createTlsServer({ ...pair, ...options, allowHalfOpen: true, noDelay: true });
  const sockets: Socket[] = [];
  const wires: Socket[] = [];
  server.on('connection', (wire: Socket) => {
    wires.push(wire);
    wire.on('error', () => {});
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    handler(socket, wires[0] as Socket); // It has come before.
  });
  const port = await listening(server);
  const done = async () => {
    server.close();
    await Promise.all([...sockets, ...wires].map(destroyed));
  };
  scope.after(done);
  return { port, done };
}
