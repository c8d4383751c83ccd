// The pool over real sockets, against Node's servers, a proxy that forwards and one that tunnels, in the clear and over TLS.

import { createServer as createHttpServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect as connectPlain, createServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type CreatePoolOptions, createPool, listen, open, type Pool, ProxyError } from '../src/index.ts';
import { certificate, closing, listening, once } from './sockets.ts';

let pems: Awaited<ReturnType<typeof certificate>>;
beforeAll(async () => {
  pems = await certificate();
});

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** A server that is closed behind the test, with all its sockets, and how many connections it has had. */
async function started(server: Server): Promise<{ port: number; sockets: Set<Socket>; accepted: () => number }> {
  const port = await listening(server);
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  endings.push(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    await Promise.all([...sockets].map(closing));
  });
  return { port, sockets, accepted: () => accepted };
}

function pooled(options?: CreatePoolOptions): Pool {
  const pool = createPool(options);
  endings.push(() => pool.close());
  return pool;
}

async function textOf(pool: Pool, method: string, url: string, body?: string): Promise<string> {
  const response = await pool.call(method, url, body === undefined ? {} : { body });
  return await response.body.text();
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const bytes of request) text += bytes;
  return text;
}

describe("Node's http server", () => {
  test('answers many calls at once, over four connections', async () => {
    const server = createHttpServer(async (request, response) => {
      response.end(`${request.method} ${request.url} ${await read(request)}`);
    });
    const { port, accepted, sockets } = await started(server);
    const pool = createPool();
    const calls = Array.from({ length: 100 }, (_, i) =>
      i % 3 === 0
        ? textOf(pool, 'POST', `http://127.0.0.1:${port}/${i}`, `body ${i}`)
        : textOf(pool, 'GET', `http://127.0.0.1:${port}/${i}`),
    );
    expect(await Promise.all(calls)).toEqual(
      Array.from({ length: 100 }, (_, i) => (i % 3 === 0 ? `POST /${i} body ${i}` : `GET /${i} `)),
    );
    expect(accepted()).toBe(4);
    const closed = Promise.all([...sockets].map(closing));
    await pool.close();
    await closed;
  });

  test('that closes behind every third response answers all', async () => {
    const server = createHttpServer((request, response) => response.end(request.url));
    server.maxRequestsPerSocket = 3;
    const { port } = await started(server);
    const pool = pooled();
    const calls = Array.from({ length: 60 }, (_, i) => textOf(pool, 'GET', `http://127.0.0.1:${port}/${i}`));
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 60 }, (_, i) => `/${i}`));
  });

  test('that closes connections as they become idle is dialled again', async () => {
    const server = createHttpServer((request, response) => response.end(request.url));
    server.on('request', (_, response) =>
      response.once('finish', () => setImmediate(() => server.closeIdleConnections())),
    );
    const { port } = await started(server);
    const pool = pooled();
    for (let i = 0; i < 20; i++) expect(await textOf(pool, 'GET', `http://127.0.0.1:${port}/${i}`)).toBe(`/${i}`);
  });

  test('that is not there is told at once', async () => {
    const server = createServer();
    const port = await listening(server);
    server.close();
    await once(server, 'close');
    const pool = pooled();
    const calls = Array.from({ length: 10 }, () => pool.call('GET', `http://127.0.0.1:${port}/`));
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('whose host is no http or https URL is a TypeError', async () => {
    await expect(pooled().call('GET', 'ftp://127.0.0.1/')).rejects.toMatchObject({
      name: 'TypeError',
      message: 'Cannot connect to a URL that is not http or https: ftp:',
    });
  });
});

/** Our sockets to this port that the process waits for. */
function heldTo(port: number): number {
  // Undocumented, but it alone tells a handle that is waited for from one that is not.
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(): unknown[] };
  return handles.call(process).filter((handle) => handle instanceof Socket && handle.remotePort === port).length;
}

test('the process does not wait for idle connections, nor for their timers', async () => {
  const answers: (() => void)[] = [];
  const server = createHttpServer((_, response) => {
    answers.push(() => response.end('ok')); // with Keep-Alive: timeout=5, which we keep to
  });
  const { port } = await started(server);
  const set = new Set<NodeJS.Timeout>();
  const pool = pooled({
    timeouts: { head: 60_000 },
    timers: {
      now: () => performance.now(),
      setTimeout(callback, delay) {
        const timer = setTimeout(callback, delay);
        set.add(timer);
        return timer;
      },
      clearTimeout(timer: NodeJS.Timeout) {
        clearTimeout(timer);
        set.delete(timer);
      },
    },
  });
  const held = () => [heldTo(port), [...set].filter((timer) => timer.hasRef()).length, set.size];
  for (const timers of [1, 3]) {
    const asked = once(server, 'request');
    const text = textOf(pool, 'GET', `http://127.0.0.1:${port}/`);
    await asked;
    expect(held()).toEqual([1, 1, timers]); // that of the head, that of the time it was kept for, and the watch over bodies
    answers.shift()?.();
    expect(await text).toBe('ok');
    expect(held()).toEqual([0, 0, 3]);
  }
});

test('what dials can be something else: a UNIX socket for one host', async () => {
  const path = `/tmp/halfpipe-pool-${process.pid}.sock`;
  const listener = await listen((request) => ({ body: `${request.headers.get('host')}` }), { path });
  endings.push(() => listener.close());
  const pool = pooled({ open: (origin) => open(origin.hostname === 'daemon' ? { path } : origin) });
  expect(await textOf(pool, 'GET', 'http://daemon/')).toBe('daemon');
});

test('https: with the options of TLS, and connections that are kept', async () => {
  const server = createHttpsServer(pems.server, (request, response) => response.end(request.url));
  const { port, accepted } = await started(server);
  const pool = pooled({ tls: pems.client });
  for (const path of ['/1', '/2', '/3'])
    expect(await textOf(pool, 'GET', `https://localhost:${port}${path}`)).toBe(path);
  expect([accepted(), heldTo(port)]).toEqual([1, 0]);
  const strict = pooled();
  await expect(strict.call('GET', `https://localhost:${port}/`)).rejects.toMatchObject({
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
});

/** A proxy that forwards what is in absolute-form, and writes down for whom. */
async function forwarding() {
  const seen: string[] = [];
  const server = createHttpServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? 'nobody'}`);
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const { method } = request;
    const onward = httpRequest(request.url ?? '', {
      ...(method === undefined ? {} : { method }),
      headers,
      agent: false,
    });
    onward.on('response', (answer) => {
      const { connection: __, ...fields } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, fields);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  return { ...(await started(server)), seen };
}

test('http: through a proxy that forwards', async () => {
  const origin = await started(
    createHttpServer(async (request, response) =>
      response.end(`${request.method} ${request.url} ${await read(request)}`),
    ),
  );
  const proxy = await forwarding();
  const pool = pooled({ proxy: `http://user:p%20w@127.0.0.1:${proxy.port}`, noProxy: ['localhost'] });
  const url = `http://127.0.0.1:${origin.port}`;
  expect(await textOf(pool, 'GET', `${url}/a?b`)).toBe('GET /a?b ');
  expect(await textOf(pool, 'POST', `${url}/c`, 'sent')).toBe('POST /c sent');
  const credentials = `Basic ${Buffer.from('user:p w').toString('base64')}`;
  expect(proxy.seen).toEqual([`GET ${url}/a?b ${credentials}`, `POST ${url}/c ${credentials}`]);
  expect(proxy.accepted()).toBe(1);
  expect(await textOf(pool, 'GET', `http://localhost:${origin.port}/around`)).toBe('GET /around ');
  expect(proxy.seen).toHaveLength(2);
});

/** A proxy that makes tunnels, and writes down where to. */
async function tunnelling(server: Server, answer: (request: IncomingMessage) => string | null = () => null) {
  const seen: string[] = [];
  const tunnels: { near: Duplex; far: Socket }[] = [];
  server.on('connect', (request: IncomingMessage, near: Duplex, head: Buffer) => {
    seen.push(`${request.url} ${request.headers['proxy-authorization'] ?? 'nobody'}`);
    near.on('error', () => {});
    const refusal = answer(request);
    if (refusal !== null) {
      near.end(`HTTP/1.1 ${refusal}\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const far = connectPlain({ host: hostname, port: Number(port), allowHalfOpen: true }, () => {
      near.write('HTTP/1.1 200 Connection established\r\n\r\n');
      far.write(head);
      near.pipe(far);
      far.pipe(near);
    });
    far.on('error', () => near.destroy());
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    tunnels.push({ near, far });
    endings.push(() => far.destroy());
  });
  return { ...(await started(server)), seen, tunnels };
}

const plainProxy = () => createHttpServer();
const secureProxy = () => createHttpsServer(pems.server);

describe.each([
  ['http:', plainProxy],
  ['https:', secureProxy],
])('https: through a tunnel of an %s proxy', (protocol, makeProxy) => {
  test('is TLS with the origin, once for all calls', async () => {
    const origin = await started(
      createHttpsServer(pems.server, async (request, response) =>
        response.end(
          `${request.headers['proxy-authorization']} ${request.method} ${request.url} ${await read(request)}`,
        ),
      ),
    );
    const proxy = await tunnelling(makeProxy());
    const pool = pooled({ proxy: `${protocol}//user@localhost:${proxy.port}`, tls: pems.client });
    const url = `https://localhost:${origin.port}`;
    expect(await textOf(pool, 'GET', `${url}/1`)).toBe('undefined GET /1 ');
    expect(await textOf(pool, 'POST', `${url}/2`, 'sent')).toBe('undefined POST /2 sent');
    expect(proxy.seen).toEqual([`localhost:${origin.port} Basic dXNlcjo=`]);
    expect(origin.accepted()).toBe(1);
  });

  test('carries much, both ways', async () => {
    const size = 4 * 1024 * 1024;
    const origin = await started(createHttpsServer(pems.server, (request, response) => request.pipe(response)));
    const proxy = await tunnelling(makeProxy());
    const pool = pooled({ proxy: `${protocol}//localhost:${proxy.port}`, tls: pems.client });
    const sent = Buffer.alloc(size, 'halfpipe ');
    const response = await pool.call('PUT', `https://localhost:${origin.port}/`, { body: sent });
    expect(Buffer.from(await response.body.bytes()).equals(sent)).toBe(true);
    await pool.close();
    expect(proxy.tunnels).toHaveLength(1);
  });

  test('checks the certificate of the origin', async () => {
    const other = await certificate();
    const origin = await started(createHttpsServer(other.server, (_, response) => response.end('secret')));
    const proxy = await tunnelling(makeProxy());
    const pool = pooled({ proxy: `${protocol}//localhost:${proxy.port}`, tls: pems.client });
    await expect(pool.call('GET', `https://localhost:${origin.port}/`)).rejects.toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY|SIGNATURE/),
    });
    await Promise.all(proxy.tunnels.map(({ near }) => near.closed || closing(near)));
  });

  test.each([
    [false, 'all there is'],
    [true, null],
  ])('tells a body that ends with the connection from one that was cut: %s', async (cut, text) => {
    const server = createHttpsServer(pems.server, ({ socket }) => {
      sockets.push(socket);
      socket.write('HTTP/1.1 200 OK\r\n\r\nall there is');
    });
    const sockets: Socket[] = [];
    const origin = await started(server);
    const proxy = await tunnelling(makeProxy());
    const pool = pooled({ proxy: `${protocol}//localhost:${proxy.port}`, tls: pems.client });
    const response = await pool.call('GET', `https://localhost:${origin.port}/`);
    const body = response.body.text();
    if (cut) proxy.tunnels[0]?.near.end();
    else sockets[0]?.end();
    if (text === null) await expect(body).rejects.toMatchObject({ code: 'ERR_RETRY', why: 'partial-response' });
    else expect(await body).toBe(text);
  });

  test('that is refused is a ProxyError', async () => {
    const proxy = await tunnelling(makeProxy(), ({ headers }) =>
      headers['proxy-authorization'] === undefined ? '407 Proxy Authentication Required' : '502 Bad Gateway',
    );
    for (const [user, status] of [
      ['', 407],
      ['user:wrong@', 502],
    ] as const) {
      const pool = pooled({ proxy: `${protocol}//${user}localhost:${proxy.port}`, tls: pems.client });
      const error: unknown = await pool.call('GET', 'https://origin.example/').catch((error: unknown) => error);
      expect(error).toBeInstanceOf(ProxyError);
      expect(error).toMatchObject({ status });
    }
  });

  test('that is aborted while TLS shakes hands lets go of the proxy', async () => {
    const silent = createServer();
    const port = await listening(silent);
    endings.push(() => silent.close());
    const greeted = once(silent, 'connection');
    const proxy = await tunnelling(makeProxy());
    const pool = pooled({ proxy: `${protocol}//localhost:${proxy.port}`, tls: pems.client });
    const controller = new AbortController();
    const call = pool.call('GET', `https://localhost:${port}/`, { signal: controller.signal });
    const [socket] = (await greeted) as [Socket];
    await once(socket, 'data'); // the ClientHello
    const closed = closing(socket);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await closed;
  });

  test('does not keep the process waiting while it is idle', async () => {
    const origin = await started(createHttpsServer(pems.server, (request, response) => response.end(request.url)));
    const proxy = await tunnelling(makeProxy());
    const pool = pooled({ proxy: `${protocol}//localhost:${proxy.port}`, tls: pems.client });
    expect(await textOf(pool, 'GET', `https://localhost:${origin.port}/`)).toBe('/');
    expect([heldTo(proxy.port), proxy.sockets.size]).toEqual([0, 1]);
  });
});
