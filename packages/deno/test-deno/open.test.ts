// Dialling: what an endpoint means, and what stops the dialling.

import { resolveEndpoint } from '../src/endpoint.ts';
import { type Endpoint, open } from '../src/index.ts';
import { Manual, Recorder } from './memory.ts';
import { ascii, assert, certificate, each, test } from './support.ts';

const never = new AbortController().signal;
const plain = { caCerts: [], alpnProtocols: ['http/1.1'], unsafelyDisableHostnameVerification: false };

// Endpoints.

each<readonly [string, Endpoint, unknown]>(
  [
    ['a host and a port', { host: 'example.com', port: 81 }, { hostname: 'example.com', port: 81, tls: null }],
    ['a UNIX socket', { path: '/run/x.sock' }, { path: '/run/x.sock' }],
    ['an http URL', 'http://example.com/ignored?too', { hostname: 'example.com', port: 80, tls: null }],
    ['a URL object', new URL('http://example.com:8080'), { hostname: 'example.com', port: 8080, tls: null }],
    ['an IPv6 address', 'http://[::1]:8080', { hostname: '::1', port: 8080, tls: null }],
    [
      'an https URL',
      'https://example.com',
      { hostname: 'example.com', port: 443, tls: { hostname: 'example.com', settings: plain, keyPair: null } },
    ],
    [
      'TLS options',
      {
        host: '127.0.0.1',
        port: 1,
        tls: {
          caCerts: ['ca'],
          alpnProtocols: ['http/1.0'],
          hostname: 'other',
          unsafelyDisableHostnameVerification: true,
        },
      },
      {
        hostname: '127.0.0.1',
        port: 1,
        tls: {
          hostname: 'other',
          settings: { caCerts: ['ca'], alpnProtocols: ['http/1.0'], unsafelyDisableHostnameVerification: true },
          keyPair: null,
        },
      },
    ],
    [
      'a client certificate',
      { host: 'example.com', port: 1, tls: { cert: 'cert', key: 'key' } },
      {
        hostname: 'example.com',
        port: 1,
        tls: { hostname: 'example.com', settings: plain, keyPair: { cert: 'cert', key: 'key' } },
      },
    ],
  ],
  'an endpoint: %s',
  (_, __, endpoint, destination) => Promise.resolve(assert.deepEqual(resolveEndpoint(endpoint), destination)),
);

each<readonly [string, unknown]>(
  [
    ['another scheme', 'ftp://example.com'],
    ['what is no URL', 'not a URL'],
    ['TLS over a UNIX socket', { path: '/run/x.sock', tls: true }],
    ['an option of Node', { host: 'x', port: 1, tls: { rejectUnauthorized: false } }],
    ['a certificate without its key', { host: 'x', port: 1, tls: { cert: 'cert' } }],
    ['a client certificate and another name', { host: 'x', port: 1, tls: { cert: 'c', key: 'k', hostname: 'y' } }],
  ],
  '%s is refused before anything is dialled',
  (_, __, endpoint) => Promise.resolve(assert.throws(() => open(endpoint as Endpoint), TypeError)),
);

// Dialling.

const changed = new Error('changed my mind');

test('the transport carries bytes both ways', async (scope) => {
  const url = scope.accept(async (peer) => {
    await peer.write(await peer.all());
    await peer.end();
  });
  const carried = await open(url)(never);
  const sink = new Recorder(carried);
  carried.write(ascii('echo'));
  carried.end();
  await sink.untilClosed();
  assert.deepEqual(sink.told, [{ bytes: 'echo' }, { end: 'clean' }, 'closed']);
});

test("a port where nobody listens rejects with Deno's error, and the code that Node has", async () => {
  const acceptor = Deno.listen({ hostname: '127.0.0.1', port: 0 });
  const { port } = acceptor.addr;
  acceptor.close();
  await assert.rejects(open({ host: '127.0.0.1', port })(never), { name: 'ConnectionRefused', code: 'ECONNREFUSED' });
});

test('a name that is none rejects', async () => {
  await assert.rejects(open('http://no-such-name.invalid')(never), /failed to lookup address/);
});

each<readonly [string, Endpoint]>(
  [
    ['TCP', 'http://127.0.0.1:1'],
    ['TLS', 'https://127.0.0.1:1'],
    ['TLS with a client certificate', { host: '127.0.0.1', port: 1, tls: certificate() }],
  ],
  'a signal that has aborted already dials nothing: %s',
  async (_, __, endpoint) => {
    const reason = new Error('not wanted');
    await assert.rejects(open(endpoint)(AbortSignal.abort(reason)), reason);
  },
);

each(
  [
    ['TCP', false],
    ['TLS', true],
  ] as const,
  'the signal stops Deno too, and nobody waits for acknowledgements: %s',
  async (scope, _, tls) => {
    const seen: unknown[] = [];
    const { signal } = new AbortController();
    scope.stub('connect', () => (options: { signal: AbortSignal }) => {
      seen.push(options.signal === signal);
      return Promise.resolve(Object.assign(new Manual(), { setNoDelay: (noDelay: boolean) => seen.push(noDelay) }));
    });
    scope.stub('startTls', () => () => Promise.reject(new Error('far enough')));
    const dialled = open({ host: '127.0.0.1', port: 1, tls })(signal);
    await (tls ? assert.rejects(dialled, /far enough/) : dialled);
    assert.deepEqual(seen, [true, true]);
  },
);

test('a connection over which TLS cannot even begin is closed', async (scope) => {
  const url = scope.accept((peer) => peer.all());
  const endpoint = { host: '127.0.0.1', port: Number(new URL(url).port), tls: { hostname: 'not a name' } };
  await assert.rejects(open(endpoint)(never), TypeError);
});

each<readonly [string, (conn: Manual, controller: AbortController) => unknown]>(
  [
    [
      'before it',
      (conn, controller) => {
        controller.abort(changed);
        return Object.assign(conn, { handshake: () => new Promise(() => {}) });
      },
    ],
    [
      'at its very end',
      (conn, controller) => {
        const handshake = () => {
          controller.abort(changed);
          return Promise.resolve({ alpnProtocol: null });
        };
        return Object.assign(conn, { handshake });
      },
    ],
  ],
  'aborting a TLS handshake %s closes the connection and rejects with the reason',
  async (scope, _, secure) => {
    const controller = new AbortController();
    const conn = new Manual();
    scope.stub('connect', () => () => Promise.resolve(Object.assign(new Manual(), { setNoDelay() {} })));
    scope.stub('startTls', () => () => Promise.resolve(secure(conn, controller)));
    await assert.rejects(open('https://127.0.0.1:1')(controller.signal), changed);
    assert.ok(conn.calls.includes('close'));
  },
);

test('aborting while connecting rejects with the reason', async (scope) => {
  const url = scope.accept((peer) => peer.all());
  const controller = new AbortController();
  const dialled = open(url)(controller.signal);
  const reason = new Error('changed my mind');
  controller.abort(reason);
  await assert.rejects(dialled, reason);
});

each(
  [
    ['', {}],
    [' with a client certificate', certificate()],
  ] as const,
  'aborting during the TLS handshake%s rejects with the reason, and the dial is let go of',
  async (scope, _, keyPair) => {
    const acceptor = Deno.listen({ hostname: '127.0.0.1', port: 0 });
    scope.after(() => acceptor.close());
    const controller = new AbortController();
    const dialled = open({ host: '127.0.0.1', port: acceptor.addr.port, tls: keyPair })(controller.signal);
    const far = scope.peer(await acceptor.accept());
    await far.read(); // The ClientHello, which is not answered.
    const reason = new Error('changed my mind');
    controller.abort(reason);
    await assert.rejects(dialled, reason);
    // Deno goes on with the handshake by itself, until its peer ends it.
    await far.end();
    assert.equal(await far.read(), null);
  },
);

test('aborting a dial that Deno cannot be told to stop closes what it brings', async (scope) => {
  const acceptor = Deno.listenTls({ hostname: '127.0.0.1', port: 0, ...certificate() });
  scope.after(() => acceptor.close());
  const controller = new AbortController();
  const dialled = open({ host: '127.0.0.1', port: acceptor.addr.port, tls: certificate() })(controller.signal);
  const reason = new Error('changed my mind');
  controller.abort(reason);
  await assert.rejects(dialled, reason);
  const far = await acceptor.accept();
  await assert.rejects(far.handshake());
  far.close();
});

each(
  [
    ['plain', false],
    ['TLS', { caCerts: [certificate().cert] }],
    ['TLS with a client certificate', { caCerts: [certificate().cert], ...certificate() }],
  ] as const,
  'aborting afterwards changes nothing: %s',
  async (scope, _, tls) => {
    const options = tls === false ? {} : { tls: certificate() };
    const { port } = await scope.serve(() => ({ body: 'here' }), options);
    const controller = new AbortController();
    const carried = await open({ host: '127.0.0.1', port, tls })(controller.signal);
    controller.abort();
    const sink = new Recorder(carried);
    carried.write(ascii('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
    carried.end();
    await sink.untilClosed();
    assert.match(sink.text, /here$/);
  },
);
