// Connections that stop being HTTP: Upgrade and CONNECT, both roles, with what came too early handed over exactly once.

import { connect, type IncomingResponse, type Transport } from '../src/index.ts';
import { Recorder } from './memory.ts';
import { ascii, assert, latin1, test } from './support.ts';

/** Sends back what comes, in capitals, until the end. */
function shout(transport: Transport): void {
  transport.start({
    bytes: (bytes) => void transport.write(ascii(latin1(bytes).toUpperCase())),
    end: () => transport.end(),
    writable() {},
    closed() {},
  });
}

const headers = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'shouting'],
] as const;
const request = 'GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: shouting\r\n\r\n';

function upgraded(response: IncomingResponse): Transport {
  if (response.upgrade === null) throw new TypeError('There is no transport');
  return response.upgrade;
}

test('our client and our server', async (scope) => {
  const { url } = await scope.serve((request) => shout(request.upgrade()));
  const connection = await connect(url);
  const response = await connection.call('GET', url, { headers });
  assert.equal(response.status, 101);
  assert.equal(response.headers.get('upgrade'), 'shouting');
  assert.deepEqual(connection.persistence, { verdict: 'close', reason: 'upgrade' });
  const transport = upgraded(response);
  const sink = new Recorder(transport);
  transport.write(ascii('hello '));
  transport.write(ascii('there'));
  transport.end();
  await sink.untilClosed();
  const told = sink.told.filter((item) => item !== 'writable');
  assert.deepEqual(told, [{ bytes: 'HELLO THERE' }, { end: 'clean' }, 'closed']);
});

test('bytes that came behind the request are the first of the new protocol, once', async (scope) => {
  const { port } = await scope.serve((request) => shout(request.upgrade()));
  const peer = await scope.dial(port);
  await peer.write(`${request}early `);
  await peer.write('and late');
  await peer.end();
  assert.match(await peer.all(), /^HTTP\/1\.1 101 Switching Protocols\r\n[\s\S]*\r\n\r\nEARLY AND LATE$/);
});

test('bytes that came behind the response are the first of the new protocol, once', async (scope) => {
  const url = scope.accept(async (peer) => {
    await peer.until('\r\n\r\n');
    await peer.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shouting\r\n\r\nearly ');
    await peer.write('and late');
    await peer.end();
    await peer.all();
  });
  const connection = await connect(url);
  const transport = upgraded(await connection.call('GET', url, { headers }));
  const sink = new Recorder(transport);
  await sink.untilEnded();
  assert.equal(sink.text, 'early and late');
  transport.destroy();
  await sink.untilClosed();
});

test("Deno's WebSocket and our server", async (scope) => {
  const { port } = await scope.serve(async (request) => {
    const key = ascii(`${request.headers.get('sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', key));
    const transport = request.upgrade([
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Accept', btoa(latin1(digest))],
    ]);
    transport.start({ bytes() {}, end: () => transport.end(), writable() {}, closed() {} });
    // One frame of text, and one that closes.
    transport.write(Uint8Array.of(0x81, 5, ...ascii('hello'), 0x88, 2, 0x03, 0xe8));
    transport.end();
  });
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
  const message = await new Promise<MessageEvent>((resolve) => socket.addEventListener('message', resolve));
  assert.equal(message.data, 'hello');
  await closed;
});

test('a handler that does not upgrade answers as ever', async (scope) => {
  const { url } = await scope.serve(() => ({ body: 'no' }));
  const connection = await connect(url);
  const response = await connection.call('GET', url, { headers });
  assert.deepEqual([response.status, response.upgrade, await response.body.text()], [200, null, 'no']);
  connection.close();
});

test('CONNECT: our client, and our server as a proxy to a third', async (scope) => {
  const far = await scope.serve(() => ({ body: 'from afar' }));
  const proxy = await scope.serve(async (request) => {
    const [hostname = '', port] = request.target.split(':');
    const onward = scope.peer(await Deno.connect({ hostname, port: Number(port) }));
    const tunnel = request.upgrade();
    tunnel.start({
      bytes: (bytes) => void onward.write(bytes),
      end: () => void onward.end(),
      writable() {},
      closed: () => onward.close(),
    });
    tunnel.write(ascii(await onward.all()));
    tunnel.end();
  });
  const connection = await connect({ host: '127.0.0.1', port: proxy.port });
  const response = await connection.call('CONNECT', `127.0.0.1:${far.port}`);
  assert.equal(response.status, 200);
  const tunnel = upgraded(response);
  const sink = new Recorder(tunnel);
  tunnel.write(ascii('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
  await sink.untilEnded();
  assert.match(sink.text, /^HTTP\/1\.1 200 OK[\s\S]*from afar$/);
  tunnel.destroy();
  await sink.untilClosed();
});

test('CONNECT that is refused leaves no tunnel', async (scope) => {
  const { port } = await scope.serve(() => ({ status: 403, body: 'no' }));
  const connection = await connect({ host: '127.0.0.1', port });
  const response = await connection.call('CONNECT', 'example.com:443');
  assert.deepEqual([response.status, response.upgrade, await response.body.text()], [403, null, 'no']);
  connection.close();
});
