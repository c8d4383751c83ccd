// Dialling over TLS: whom it trusts, what is spoken, and how the ends of a connection are told apart.

import type { Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import type { Transport } from '@halfpipe/driver';
import { open, transport } from '../src/index.ts';
import { Recorder } from './memory.ts';
import {
  ascii,
  assert,
  certificate,
  destroyed,
  each,
  listening,
  Peer,
  type Scope,
  test,
  turns,
  until,
} from './support.ts';

const never = new AbortController().signal;

const client = { caCerts: [certificate().cert] };

interface Ends {
  readonly carried: Transport;
  /** The server's side, and the socket beneath it, which can be cut. */
  readonly far: TLSSocket;
  readonly wire: Socket;
}

async function ends(scope: Scope): Promise<Ends> {
  const server = createTlsServer({ ...certificate(), allowHalfOpen: true, noDelay: true });
  const port = await listening(server);
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const secured = new Promise<TLSSocket>((resolve) => server.once('secureConnection', resolve));
  const carried = await open({ host: '127.0.0.1', port, tls: client })(never);
  const [wire, far] = await Promise.all([accepted, secured]);
  server.close();
  for (const socket of [wire, far]) socket.on('error', () => {});
  scope.after(() => destroyed(wire));
  scope.after(() => destroyed(far));
  return { carried, far, wire };
}

/** A listener of Deno's, its handshakes done and their ends kept open. */
function accepting(scope: Scope, alpnProtocols?: string[]): { port: number; chosen: (string | null)[] } {
  const options = alpnProtocols === undefined ? {} : { alpnProtocols };
  const acceptor = Deno.listenTls({ hostname: '127.0.0.1', port: 0, ...certificate(), ...options });
  const chosen: (string | null)[] = [];
  const loop = (async () => {
    for await (const conn of acceptor) {
      const peer = scope.peer(conn);
      await conn.handshake().then(
        ({ alpnProtocol }) => chosen.push(alpnProtocol),
        () => peer.close(),
      );
    }
  })();
  scope.after(async () => {
    acceptor.close();
    await loop.catch(() => {});
  });
  return { port: acceptor.addr.port, chosen };
}

async function letGo(carried: Transport): Promise<void> {
  const sink = new Recorder(carried);
  carried.destroy();
  await sink.untilClosed();
}

test('the certificate is checked, against the authorities given and the host', async (scope) => {
  const { port } = accepting(scope);
  const endpoint = { host: '127.0.0.1', port };
  await assert.rejects(open({ ...endpoint, tls: true })(never), { name: 'InvalidData', message: /UnknownIssuer/ });
  const other = { ...client, hostname: 'example.com' };
  await assert.rejects(open({ ...endpoint, tls: other })(never), {
    name: 'InvalidData',
    message: /not valid for name/,
  });
  await letGo(await open({ ...endpoint, tls: client })(never));
  await letGo(await open({ ...endpoint, tls: { ...client, hostname: 'localhost' } })(never));
  await letGo(await open({ ...endpoint, tls: { ...other, unsafelyDisableHostnameVerification: true } })(never));
});

test('http/1.1 is offered, and a server that chooses something else is refused', async (scope) => {
  const { port, chosen } = accepting(scope, ['h2', 'http/1.1']);
  const endpoint = { host: '127.0.0.1', port };
  await letGo(await open({ ...endpoint, tls: client })(never));
  await until(() => chosen.length === 1);
  assert.deepEqual(chosen, ['http/1.1']);
  const forced = { ...client, alpnProtocols: ['h2', 'http/1.1'] };
  await assert.rejects(open({ ...endpoint, tls: forced })(never), { code: 'ERR_ALPN' });
});

test('a server that knows nothing of ALPN is taken at its word', async (scope) => {
  const { port, chosen } = accepting(scope);
  await letGo(await open({ host: '127.0.0.1', port, tls: client })(never));
  await until(() => chosen.length === 1);
  assert.deepEqual(chosen, [null]);
});

test('a server that does not speak TLS is an error', async (scope) => {
  const url = scope.accept(async (peer) => {
    await peer.read();
    await peer.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    await peer.end();
    await peer.all();
  });
  await assert.rejects(open({ host: '127.0.0.1', port: Number(new URL(url).port), tls: true })(never), {
    name: 'InvalidData',
  });
});

test('half-closing sends close_notify, and reading goes on', async (scope) => {
  const { carried, far } = await ends(scope);
  assert.equal(carried.halfClose, true);
  const sink = new Recorder(carried);
  carried.write(ascii('request'));
  carried.end();
  let asked = '';
  far.on('data', (bytes: Uint8Array) => {
    asked += String.fromCharCode(...bytes);
  });
  await new Promise((resolve) => far.once('end', resolve));
  assert.equal(asked, 'request');
  far.end('answer');
  await sink.untilClosed();
  assert.deepEqual(sink.told, [{ bytes: 'answer' }, { end: 'clean' }, 'closed']);
});

each(
  [
    ['with close_notify is clean', 'little', (far: TLSSocket) => far.end(), 'clean'],
    ['with close_notify is clean, whatever came before', 'x'.repeat(300_000), (far: TLSSocket) => far.end(), 'clean'],
    ['by a FIN alone is truncated', 'little', (_: TLSSocket, wire: Socket) => wire.end(), 'truncated'],
    [
      'by a FIN alone is truncated, after all that came',
      'x'.repeat(300_000),
      (_: TLSSocket, wire: Socket) => wire.end(),
      'truncated',
    ],
  ] as const,
  'an end of TLS %s',
  async (scope, _, text, end, kind) => {
    const { carried, far, wire } = await ends(scope);
    const sink = new Recorder(carried);
    carried.pause();
    far.write(text);
    await turns();
    carried.resume();
    await sink.until(() => sink.text.length === text.length);
    end(far, wire);
    await sink.untilEnded();
    assert.deepEqual(sink.told, [{ bytes: text }, { end: kind }]);
    carried.destroy();
    await sink.untilClosed();
  },
);

test('a FIN in the middle of a record is a truncated end', async (scope) => {
  const { carried, far, wire } = await ends(scope);
  const sink = new Recorder(carried);
  far.write('whole');
  await sink.until(() => sink.text === 'whole');
  // The head of a record of 100 bytes, and three of them.
  wire.end(Uint8Array.of(0x17, 3, 3, 0, 100, 1, 2, 3));
  await sink.untilEnded();
  assert.deepEqual(sink.told, [{ bytes: 'whole' }, { end: 'truncated' }]);
  carried.destroy();
  await sink.untilClosed();
});

test('a reset of TLS is an error', async (scope) => {
  const { carried, far, wire } = await ends(scope);
  const sink = new Recorder(carried);
  far.write('partly');
  await sink.until(() => sink.text === 'partly');
  wire.resetAndDestroy();
  await sink.untilClosed();
  assert.deepEqual(sink.summary, [{ bytes: 'partly' }, { closed: 'ConnectionReset' }]);
});

test('a failed write of TLS does not hide the answer that came before it', async (scope) => {
  const { carried, far, wire } = await ends(scope);
  const answer = 'x'.repeat(40_000);
  await new Promise<void>((resolve) => far.write(answer, () => resolve()));
  await turns();
  wire.resetAndDestroy();
  await turns();
  carried.pause();
  const sink = new Recorder(carried);
  carried.write(ascii('more of the upload'));
  await sink.untilClosed();
  assert.equal(sink.text.length, answer.length);
  assert.ok(!sink.told.some((item) => typeof item === 'object' && 'end' in item && item.end === 'clean'));
});

test('a connection of somebody else knows the kind of its end too', async (scope) => {
  const acceptor = Deno.listenTls({ hostname: '127.0.0.1', port: 0, ...certificate() });
  const { port } = acceptor.addr;
  const [conn, accepted] = await Promise.all([
    Deno.connectTls({ hostname: '127.0.0.1', port, ...client }),
    acceptor.accept(),
  ]);
  acceptor.close();
  const far = new Peer(conn);
  scope.after(() => far.close());
  const carried = transport(accepted);
  const sink = new Recorder(carried);
  await far.write('a request');
  await far.end();
  await sink.untilEnded();
  assert.deepEqual(sink.told, [{ bytes: 'a request' }, { end: 'clean' }]);
  carried.destroy();
  await sink.untilClosed();
});
