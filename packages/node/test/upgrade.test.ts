// Connections that stop being HTTP: Upgrade and CONNECT, both roles, with what came too early handed over exactly once.

import { createServer, request as nodeRequest } from 'node:http';
import { connect as connectPlain, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type Listener, listen, type Transport } from '../src/index.ts';
import { ascii, listening, once, Recorder, textOf } from './sockets.ts';

const listeners: Listener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function serving(...args: Parameters<typeof listen>): Promise<number> {
  const listener = await listen(...args);
  listeners.push(listener);
  if (!('port' in listener.address)) throw new TypeError('Cannot tell the port');
  return listener.address.port;
}

/** Sends back what comes, in capitals, until the end. */
function shout(transport: Transport): void {
  transport.start({
    bytes: (bytes) => void transport.write(ascii(Buffer.from(bytes).toString('latin1').toUpperCase())),
    end: () => transport.end(),
    writable() {},
    closed() {},
  });
}

const upgrade = 'GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: shouting\r\n\r\n';

test('our client and our server', async () => {
  const port = await serving((request) => shout(request.upgrade()));
  const connection = await connect({ host: '127.0.0.1', port });
  const response = await connection.call('GET', `http://127.0.0.1:${port}/`, {
    headers: [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'shouting'],
    ],
  });
  expect(response.status).toBe(101);
  expect(response.headers.get('upgrade')).toBe('shouting');
  expect(connection).toMatchObject({ closed: true, persistence: { verdict: 'close', reason: 'upgrade' } });
  if (response.upgrade === null) throw new TypeError('There is no transport');
  const sink = new Recorder(response.upgrade);
  response.upgrade.write(ascii('hello '));
  response.upgrade.write(ascii('there'));
  response.upgrade.end();
  await sink.untilClosed();
  expect(sink.told.filter((item) => item !== 'writable')).toEqual([
    { bytes: 'HELLO THERE' },
    { end: 'clean' },
    'closed',
  ]);
});

test('bytes that came behind the request are the first of the new protocol, once', async () => {
  const port = await serving((request) => shout(request.upgrade()));
  const socket = connectPlain({ host: '127.0.0.1', port });
  socket.write(`${upgrade}early `);
  await once(socket, 'connect');
  socket.end('and late');
  const answer = await textOf(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n[\s\S]*\r\n\r\nEARLY AND LATE$/);
});

test('bytes that came behind the response are the first of the new protocol, once', async () => {
  const server = createServer();
  server.on('upgrade', (_request: unknown, socket: Duplex) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: talking\r\n\r\nearly ');
    socket.end('and late');
  });
  const port = await listening(server);
  const connection = await connect({ host: '127.0.0.1', port });
  const response = await connection.call('GET', `http://127.0.0.1:${port}/`, {
    headers: [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'talking'],
    ],
  });
  if (response.upgrade === null) throw new TypeError('There is no transport');
  const sink = new Recorder(response.upgrade);
  await sink.untilEnded();
  expect(sink.text).toBe('early and late');
  response.upgrade.destroy();
  server.close();
});

test("Node's client and our server", async () => {
  const port = await serving((request) => shout(request.upgrade()));
  const request = nodeRequest({
    host: '127.0.0.1',
    port,
    headers: { Connection: 'Upgrade', Upgrade: 'shouting' },
  }).end();
  const [response, socket] = (await once(request, 'upgrade')) as [{ statusCode: number }, Socket];
  expect(response.statusCode).toBe(101);
  socket.end('hello');
  expect(await textOf(socket)).toBe('HELLO');
});

test('a handler that does not upgrade answers as ever', async () => {
  const port = await serving(() => ({ body: 'no' }));
  const connection = await connect({ host: '127.0.0.1', port });
  const headers = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'shouting'],
  ] as const;
  const response = await connection.call('GET', `http://127.0.0.1:${port}/`, { headers });
  expect(response).toMatchObject({ status: 200, upgrade: null });
  expect(await response.body.text()).toBe('no');
  connection.close();
});

test('CONNECT: our client, and our server as a proxy to a third', async () => {
  const far = await serving(() => ({ body: 'from afar' }));
  const proxy = await serving((request) => {
    const [host, port] = request.target.split(':');
    const onward = connectPlain({ host: host ?? '', port: Number(port) });
    const tunnel = request.upgrade();
    tunnel.start({
      bytes: (bytes) => void onward.write(bytes),
      end: () => void onward.end(),
      writable() {},
      closed: () => void onward.destroy(),
    });
    onward.on('data', (bytes) => tunnel.write(bytes));
    onward.on('end', () => tunnel.end());
  });
  const connection = await connect({ host: '127.0.0.1', port: proxy });
  const { status, upgrade: tunnel } = await connection.call('CONNECT', `127.0.0.1:${far}`);
  expect(status).toBe(200);
  if (tunnel === null) throw new TypeError('There is no transport');
  const sink = new Recorder(tunnel);
  tunnel.write(ascii('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
  await sink.untilEnded();
  expect(sink.text).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*from afar$/);
  tunnel.destroy();
});

test('CONNECT that is refused leaves no tunnel', async () => {
  const port = await serving(() => ({ status: 403, body: 'no' }));
  const connection = await connect({ host: '127.0.0.1', port });
  const response = await connection.call('CONNECT', 'example.com:443');
  expect(response).toMatchObject({ status: 403, upgrade: null });
  expect(await response.body.text()).toBe('no');
});
