// Dialling: which socket an endpoint means, what stops the dialling, and how the ends of a TLS connection are told apart.

import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls';
import type { Transport } from '@halfpipe/driver';
import { resolveEndpoint } from '../src/endpoint.ts';
import { open } from '../src/open.ts';
import { transport } from '../src/transport.ts';
import { ascii, certificate, closing, listening, once, Recorder, textOf } from './sockets.ts';

const never = new AbortController().signal;

/** Some turns of the event loop, for what is under way to arrive. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('endpoints', () => {
  test.each([
    ['a host and a port', { host: 'example.com', port: 81 }, { host: 'example.com', port: 81 }],
    ['a UNIX socket', { path: '/run/x.sock' }, { path: '/run/x.sock' }],
    ['an http URL', 'http://example.com/ignored?too', { host: 'example.com', port: 80 }],
    ['a URL object with a port', new URL('http://example.com:8080'), { host: 'example.com', port: 8080 }],
    ['an IPv6 address', 'http://[::1]:8080', { host: '::1', port: 8080 }],
  ])('%s', (_, endpoint, socket) => {
    expect(resolveEndpoint(endpoint)).toEqual({ socket: { ...socket, allowHalfOpen: true }, tls: null });
  });

  test('an https URL is TLS on port 443, for that name and for HTTP/1.1', () => {
    expect(resolveEndpoint('https://example.com')).toEqual({
      socket: { host: 'example.com', port: 443, allowHalfOpen: true },
      tls: { host: 'example.com', servername: 'example.com', ALPNProtocols: ['http/1.1'] },
    });
  });

  test('an address is not sent as a server name (RFC 6066 §3)', () => {
    expect(resolveEndpoint('https://127.0.0.1').tls).toEqual({ host: '127.0.0.1', ALPNProtocols: ['http/1.1'] });
  });

  test('TLS options are passed through, and win', () => {
    const tls = { ca: 'a certificate', servername: 'other', ALPNProtocols: ['http/1.0'] };
    expect(resolveEndpoint({ host: 'example.com', port: 1, tls }).tls).toEqual({ host: 'example.com', ...tls });
  });

  test.each(['ftp://example.com', 'not a URL'])('%s is refused', (endpoint) => {
    expect(() => open(endpoint)).toThrow(expect.objectContaining({ name: 'TypeError' }));
  });
});

describe('dialling', () => {
  test('the transport carries bytes both ways', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    const port = await listening(server);
    const carried = await open(`http://127.0.0.1:${port}`)(never);
    const sink = new Recorder(carried);
    carried.write(ascii('echo'));
    carried.end();
    await sink.untilClosed();
    expect(sink.told).toEqual([{ bytes: 'echo' }, { end: 'clean' }, 'closed']);
    server.close();
  });

  test("a port where nobody listens rejects with Node's error", async () => {
    const server = createServer();
    const port = await listening(server);
    server.close();
    await once(server, 'close');
    await expect(open({ host: '127.0.0.1', port })(never)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('a signal that has aborted already dials nothing', async () => {
    const reason = new Error('not wanted');
    await expect(open('http://127.0.0.1:1')(AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  test('aborting while connecting rejects with the reason', async () => {
    const server = createServer();
    const port = await listening(server);
    const controller = new AbortController();
    const dialled = open({ host: '127.0.0.1', port })(controller.signal);
    const reason = new Error('changed my mind');
    controller.abort(reason);
    await expect(dialled).rejects.toBe(reason);
    server.close();
    await once(server, 'close');
  });

  test('aborting during the TLS handshake rejects with the reason and closes the socket', async () => {
    const server = createServer();
    const port = await listening(server);
    const controller = new AbortController();
    const dialled = open({ host: '127.0.0.1', port, tls: true })(controller.signal);
    const [far] = (await once(server, 'connection')) as [Socket];
    await once(far, 'data'); // The ClientHello, which is not answered.
    const reason = new Error('changed my mind');
    controller.abort(reason);
    await expect(dialled).rejects.toBe(reason);
    await closing(far);
    server.close();
  });
});

describe('TLS', () => {
  let pems: Awaited<ReturnType<typeof certificate>>;
  beforeAll(async () => {
    pems = await certificate();
  });

  interface Ends {
    readonly carried: Transport;
    /** The server's side, and the socket beneath it. */
    readonly far: TLSSocket;
    readonly wire: Socket;
  }

  async function ends(options: TlsOptions = {}): Promise<Ends> {
    const server = createTlsServer({ ...pems.server, allowHalfOpen: true, noDelay: true, ...options });
    const port = await listening(server);
    const accepted = Promise.all([once(server, 'connection'), once(server, 'secureConnection')]);
    const carried = await open({ host: '127.0.0.1', port, tls: pems.client })(never);
    const [[wire], [far]] = (await accepted) as [[Socket], [TLSSocket]];
    server.close();
    far.on('error', () => {});
    return { carried, far, wire };
  }

  test('the certificate is checked, against the authorities given and the host', async () => {
    const server = createTlsServer(pems.server);
    server.on('tlsClientError', () => {});
    const port = await listening(server);
    const endpoint = { host: '127.0.0.1', port };
    await expect(open({ ...endpoint, tls: true })(never)).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    await expect(
      open({ ...endpoint, tls: { ...pems.client, servername: 'example.com' } })(never),
    ).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    const carried = await open({ ...endpoint, tls: pems.client })(never);
    carried.destroy();
    server.close();
    await once(server, 'close');
  });

  test('http/1.1 is offered, and a server that chooses something else is refused', async () => {
    const server = createTlsServer({ ...pems.server, ALPNProtocols: ['h2', 'http/1.1'] });
    const port = await listening(server);
    const endpoint = { host: '127.0.0.1', port };
    const accepted = once(server, 'secureConnection');
    const carried = await open({ ...endpoint, tls: pems.client })(never);
    const [far] = (await accepted) as [TLSSocket];
    expect(far.alpnProtocol).toBe('http/1.1');
    carried.destroy();
    const forced = { ...pems.client, ALPNProtocols: ['h2', 'http/1.1'] };
    await expect(open({ ...endpoint, tls: forced })(never)).rejects.toMatchObject({ code: 'ERR_ALPN' });
    server.close();
    await once(server, 'close');
  });

  test('half-closing sends close_notify, and reading goes on', async () => {
    const { carried, far } = await ends();
    expect(carried.halfClose).toBe(true);
    const sink = new Recorder(carried);
    carried.write(ascii('request'));
    carried.end();
    expect(await textOf(far)).toBe('request');
    far.end('answer');
    await sink.untilClosed();
    expect(sink.told).toEqual([{ bytes: 'answer' }, { end: 'clean' }, 'closed']);
  });

  const large = 'x'.repeat(300_000);

  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', (version) => {
    const options = { minVersion: version, maxVersion: version };

    test.each([
      ['with close_notify is clean', 'little', (far: TLSSocket) => far.end(), 'clean'],
      ['with close_notify is clean, whatever is still to be read', large, (far: TLSSocket) => far.end(), 'clean'],
      ['by a FIN alone is truncated', 'little', (_: TLSSocket, wire: Socket) => wire.end(), 'truncated'],
      [
        'by a FIN alone is truncated, after all that came',
        large,
        (_: TLSSocket, wire: Socket) => wire.end(),
        'truncated',
      ],
    ])('an end %s', async (_, text, end, kind) => {
      const { carried, far, wire } = await ends(options);
      const sink = new Recorder(carried);
      carried.pause();
      await new Promise<void>((resolve) => far.write(text, () => resolve()));
      end(far, wire);
      await new Promise((resolve) => setImmediate(resolve));
      carried.resume();
      await sink.untilEnded();
      expect(sink.told).toEqual([{ bytes: text }, { end: kind }]);
      carried.destroy();
      far.destroy();
    });
  });

  test('a FIN in the middle of a record is a truncated end', async () => {
    const { carried, far, wire } = await ends();
    const sink = new Recorder(carried);
    far.write('whole');
    await sink.until(() => sink.text === 'whole');
    // The head of a record of 100 bytes, and three of them.
    wire.end(Buffer.from([0x17, 3, 3, 0, 100, 1, 2, 3]));
    await sink.untilEnded();
    expect(sink.told).toEqual([{ bytes: 'whole' }, { end: 'truncated' }]);
    carried.destroy();
    far.destroy();
  });

  test('a reset is an error', async () => {
    const { carried, far, wire } = await ends();
    const sink = new Recorder(carried);
    far.write('partly');
    await sink.until(() => sink.text === 'partly');
    wire.resetAndDestroy();
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ bytes: 'partly' }, { closed: { code: 'ECONNRESET' } }]);
  });

  test('a failed write does not hide the answer that came before it', async () => {
    const { carried, far, wire } = await ends();
    const sink = new Recorder(carried);
    carried.pause();
    // In two parts, so that the second waits outside of TLS while the first waits for its reader.
    const part = 'x'.repeat(20_000);
    for (let index = 0; index < 2; index++) {
      await new Promise<void>((resolve) => far.write(part, () => resolve()));
      await turns();
    }
    wire.resetAndDestroy();
    carried.write(ascii('more of the upload'));
    await turns();
    carried.resume();
    await sink.untilClosed();
    expect(sink.text.length).toBe(2 * part.length);
    expect(sink.told).not.toContainEqual({ end: 'clean' });
  });

  test('of a TLS socket of somebody else, the kind of its end is unknown', async () => {
    const { carried, far } = await ends();
    const sink = new Recorder(transport(far));
    new Recorder(carried);
    carried.end();
    await sink.untilEnded();
    expect(sink.told).toEqual([{ end: 'unknown' }]);
    carried.destroy();
    far.destroy();
  });
});
