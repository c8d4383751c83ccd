// Our client against the HTTP server of Node, over one real connection; and against servers that do what that one cannot be made to do.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createRawServer, type Socket } from 'node:net';
import {
  type BodySource,
  connect,
  create,
  type IncomingResponse,
  LocalProtocolError,
  RetryError,
} from '../src/index.ts';
import { ascii, closing, listening, once } from './sockets.ts';

/** Servers of the test that runs, closed behind it together with what is connected to them. */
const opened: { close(): unknown; closeAllConnections?(): void }[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) {
    server.close();
    server.closeAllConnections?.();
  }
});

async function serving(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<[string, Server]> {
  const server = createServer(handler);
  opened.push(server);
  return [`http://127.0.0.1:${await listening(server)}`, server];
}

/** A server that is told of each connection, as a plain socket. */
async function accepting(handler: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createRawServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    handler(socket);
  });
  opened.push(server, { close: () => sockets.forEach((socket) => void socket.destroy()) });
  return `http://127.0.0.1:${await listening(server)}`;
}

/** Calls back at each complete request head, with its first line. */
function onHead(socket: Socket, handler: (line: string) => void): void {
  let text = '';
  socket.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const line = text.slice(0, text.indexOf('\r\n'));
      text = text.slice(end + 4);
      handler(line);
    }
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  return Buffer.concat(await request.toArray()).toString();
}

/** What became of a call. */
async function outcome(call: Promise<IncomingResponse>): Promise<unknown> {
  try {
    return await (await call).body.text();
  } catch (error) {
    if (error instanceof RetryError) return { retry: error.retry, why: error.why };
    throw error;
  }
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield ascii(text);
}

describe('one call', () => {
  test('GET: the head as it was sent, and the body', async () => {
    const [url] = await serving((request, response) => {
      response.writeHead(200, 'Very Well', [
        'X-Mixed-Case',
        'a',
        'X-Twice',
        '1',
        'X-Twice',
        '2',
        'Content-Length',
        '5',
      ]);
      response.end(request.url);
    });
    const connection = create(url);
    const response = await connection.call('GET', `${url}/here`);
    expect(response).toMatchObject({ status: 200, reason: 'Very Well', version: '1.1', contentLength: 5 });
    expect(response.headers.raw).toEqual(expect.arrayContaining(['X-Mixed-Case', 'X-Twice']));
    expect(response.headers.getAll('x-twice')).toEqual(['1', '2']);
    expect(await response.body.text()).toBe('/here');
    expect(await response.trailers).toBeNull();
    connection.close();
  });

  test('HEAD: a length and no body, and the connection goes on', async () => {
    const [url] = await serving((request, response) => response.end(request.method === 'HEAD' ? undefined : 'body'));
    const connection = create(url);
    const head = await connection.call('HEAD', `${url}/`);
    expect(await head.body.text()).toBe('');
    const get = await connection.call('GET', `${url}/`);
    expect(await get.body.text()).toBe('body');
    connection.close();
  });

  test.each<[string, BodySource, object]>([
    ['a text', 'zwölf Boxkämpfer', { 'content-length': '18' }],
    ['bytes', ascii('bytes'), { 'content-length': '5' }],
    ['pieces, in chunks', pieces('one ', 'two ', 'three'), { 'transfer-encoding': 'chunked' }],
  ])('POST with %s', async (_, body, framing) => {
    const [url] = await serving(async (request, response) => {
      response.end(JSON.stringify({ headers: request.headers, body: await bodyOf(request) }));
    });
    const connection = create(url, { persistent: true });
    const response = await connection.call('POST', `${url}/`, { body });
    const seen = (await response.body.json()) as { headers: object; body: string };
    expect(seen.headers).toMatchObject(framing);
    expect(['zwölf Boxkämpfer', 'bytes', 'one two three']).toContain(seen.body);
    connection.close();
  });

  test('trailers, both ways', async () => {
    const [url] = await serving(async (request, response) => {
      await bodyOf(request);
      response.writeHead(200, { Trailer: 'X-Echo' });
      response.write('body');
      response.addTrailers({ 'X-Echo': request.trailers['x-sum'] ?? 'none' });
      response.end();
    });
    const connection = create(url, { persistent: true });
    const response = await connection.call('PUT', `${url}/`, {
      body: pieces('a', 'b'),
      trailers: () => [['X-Sum', '42']],
    });
    expect(await response.body.text()).toBe('body');
    expect((await response.trailers)?.get('x-echo')).toBe('42');
    connection.close();
  });

  test('interim responses come before the response', async () => {
    const [url] = await serving((_, response) => {
      response.writeProcessing();
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.end('done');
    });
    const connection = create(url);
    const seen: unknown[] = [];
    const response = await connection.call('GET', `${url}/`, {
      onInformational: ({ status, headers }) => seen.push([status, headers.get('link')]),
    });
    expect(seen).toEqual([
      [102, null],
      [103, '</style.css>; rel=preload'],
    ]);
    expect(await response.body.text()).toBe('done');
    connection.close();
  });

  test('Expect: 100-continue sends the body when the server wants it', async () => {
    const [url, server] = await serving(() => {});
    server.on('checkContinue', async (request: IncomingMessage, response: ServerResponse) => {
      response.writeContinue();
      response.end(await bodyOf(request));
    });
    const connection = create(url, { timeouts: { continue: Infinity } });
    const response = await connection.call('POST', `${url}/`, { body: 'wanted', expectContinue: true });
    expect(await response.body.text()).toBe('wanted');
    connection.close();
  });

  test('Expect: 100-continue keeps the body from a server that refuses', async () => {
    const [url, server] = await serving(() => {});
    server.on('checkContinue', (_: IncomingMessage, response: ServerResponse) => {
      response.writeHead(417, { Connection: 'close' }).end();
    });
    const connection = create(url, { timeouts: { continue: Infinity } });
    const response = await connection.call('POST', `${url}/`, { body: 'unwanted', expectContinue: true });
    expect(response.status).toBe(417);
    connection.close();
  });
});

describe('many calls over one connection', () => {
  test('calls one after the other use the same connection', async () => {
    const [url] = await serving((request, response) => response.end(String(request.socket.remotePort)));
    const connection = await connect(url);
    const ports = new Set<string>();
    for (let index = 0; index < 10; index++) {
      const response = await connection.call('GET', `${url}/${index}`);
      ports.add(await response.body.text());
    }
    expect(ports.size).toBe(1);
    expect(connection.persistence).toEqual({ verdict: 'keep' });
    connection.close();
  });

  test('50 pipelined calls: several go out before any response, and each gets its own', async () => {
    let atOnce = 0;
    const waiting: (() => void)[] = [];
    const [url] = await serving((request, response) => {
      waiting.push(() => response.end(`answer to ${request.url}`));
      atOnce = Math.max(atOnce, waiting.length);
      // The first is answered when the server has eight in hand; from then on, each at once.
      if (atOnce >= 8) for (const answer of waiting.splice(0)) answer();
    });
    const connection = create(url, { persistent: true });
    const calls = Array.from({ length: 50 }, (_, index) => connection.call('GET', `${url}/${index}`));
    expect(connection.length).toBe(50);
    const bodies = await Promise.all(calls.map(async (call) => (await call).body.text()));
    expect(bodies).toEqual(Array.from({ length: 50 }, (_, index) => `answer to /${index}`));
    expect(atOnce).toBeGreaterThanOrEqual(8);
    expect(connection.length).toBe(0);
    connection.close();
  });

  test("the connection is not the user's to share when it is `persistent: false`: the request says close", async () => {
    const [url] = await serving((request, response) => response.end(request.headers.connection));
    const connection = create(url, { persistent: false });
    expect(await outcome(connection.call('GET', `${url}/`))).toBe('close');
    expect(connection.closed).toBe(true);
  });
});

describe('a connection that ends in the middle', () => {
  test('what was answered is answered; the rest learns whether it may be repeated, and why', async () => {
    const url = await accepting((socket) => {
      let count = 0;
      onHead(socket, () => {
        count += 1;
        if (count === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        if (count === 4) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart');
      });
    });
    const connection = create(url, { persistent: true, maxInFlight: 4 });
    const calls = Array.from({ length: 7 }, (_, index) => outcome(connection.call('GET', `${url}/${index}`)));
    expect(await Promise.all(calls)).toEqual([
      'ok',
      { retry: 'never', why: 'partial-response' },
      { retry: 'if-idempotent', why: 'unanswered' },
      { retry: 'if-idempotent', why: 'unanswered' },
      { retry: 'if-idempotent', why: 'unanswered' },
      { retry: 'safe', why: 'unsent' },
      { retry: 'safe', why: 'unsent' },
    ]);
  });

  test('calls behind a response that says close were sent, so only idempotent ones may be repeated', async () => {
    const url = await accepting((socket) => {
      let count = 0;
      onHead(socket, () => {
        count += 1;
        if (count === 3) socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    const connection = create(url, { persistent: true, maxInFlight: 3 });
    const calls = Array.from({ length: 4 }, (_, index) => outcome(connection.call('GET', `${url}/${index}`)));
    expect(await Promise.all(calls)).toEqual([
      'ok',
      { retry: 'if-idempotent', why: 'behind-close' },
      { retry: 'if-idempotent', why: 'behind-close' },
      { retry: 'safe', why: 'unsent' },
    ]);
  });

  test('a call on an idle connection that the server had just closed says so', async () => {
    const sockets: Socket[] = [];
    const url = await accepting((socket) => {
      sockets.push(socket);
      onHead(socket, () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    });
    const connection = create(url);
    expect(await outcome(connection.call('GET', `${url}/`))).toBe('ok');
    sockets[0]?.resetAndDestroy();
    // Sent in the same turn: the reset is in the kernel, and nobody has read it.
    expect(await outcome(connection.call('POST', `${url}/`, { body: 'x' }))).toEqual({
      retry: 'if-idempotent',
      why: 'stale-idle',
    });
  });

  test('a body until the connection closes is whole when it closes with a FIN, and fails when it is reset', async () => {
    for (const reset of [false, true]) {
      const url = await accepting((socket) => {
        onHead(socket, () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\nall of ');
          if (reset) socket.resetAndDestroy();
          else socket.end('it');
        });
      });
      const connection = create(url);
      const body = connection.call('GET', `${url}/`).then((response) => response.body.text());
      if (reset) await expect(body).rejects.toMatchObject({ retry: 'never', why: 'partial-response' });
      else expect(await body).toBe('all of it');
    }
  });
});

describe('ending it', () => {
  test('shutdown sends a FIN behind the last request, and the responses still come', async () => {
    const url = await accepting((socket) => {
      const lines: string[] = [];
      onHead(socket, (line) => lines.push(line));
      socket.on('end', () => {
        for (const line of lines) {
          const body = line.split(' ')[1] ?? '';
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        }
        socket.end();
      });
    });
    const connection = await connect(url, { persistent: true });
    const calls = ['/a', '/b', '/c'].map((path) => outcome(connection.call('GET', url + path)));
    connection.shutdown();
    expect(connection.closed).toBe(true);
    expect(await outcome(connection.call('GET', url))).toEqual({ retry: 'safe', why: 'unsent' });
    expect(await Promise.all(calls)).toEqual(['/a', '/b', '/c']);
  });

  test('close fails every outstanding call at once', async () => {
    const url = await accepting((socket) => socket.resume());
    const connection = await connect(url, { persistent: true });
    const calls = ['/a', '/b'].map((path) => outcome(connection.call('GET', url + path)));
    connection.close();
    await Promise.allSettled(calls);
    expect(connection).toMatchObject({ closed: true, length: 0 });
  });

  test('if connecting fails, every waiting call rejects with the cause', async () => {
    const [url, server] = await serving(() => {});
    server.close();
    await once(server, 'close');
    const connection = create(url);
    const calls = [connection.call('GET', url), connection.call('POST', url, { body: 'x' })];
    const results = await Promise.allSettled(calls);
    for (const result of results) expect(result).toMatchObject({ reason: { code: 'ECONNREFUSED' } });
    await expect(connect(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('aborting gives up connecting, with the reason', async () => {
    const url = await accepting(() => {});
    const reason = new Error('not any more');
    const controller = new AbortController();
    const connected = connect(url.replace('http:', 'https:'), { signal: controller.signal });
    controller.abort(reason);
    await expect(connected).rejects.toBe(reason);
  });

  test('an aborted call that waits leaves the queue; one in flight closes the connection', async () => {
    let heard = (_: Socket) => {};
    const arrived = new Promise<Socket>((resolve) => {
      heard = resolve;
    });
    const url = await accepting((socket) => onHead(socket, () => heard(socket)));
    const connection = create(url);
    const reason = new Error('not any more');
    const [inFlight, waiting] = [new AbortController(), new AbortController()];
    const first = connection.call('GET', url, { signal: inFlight.signal });
    const second = connection.call('GET', url, { signal: waiting.signal });
    waiting.abort(reason);
    await expect(second).rejects.toBe(reason);
    expect(connection).toMatchObject({ closed: false, length: 1 });
    const closed = closing(await arrived);
    inFlight.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect(connection.closed).toBe(true);
    await closed;
  });
});

describe('an answer while the request is still being sent', () => {
  test('a 413 is read, and ends the upload', async () => {
    const url = await accepting((socket) => {
      onHead(socket, () => socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 6\r\n\r\nenough'));
      socket.on('end', () => socket.end());
    });
    let produced = 0;
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          produced += 65_536;
          yield Buffer.alloc(65_536);
        }
      } finally {
        closed = true;
      }
    }
    const connection = create(url, { persistent: true });
    const response = await connection.call('POST', url, { body: endless() });
    expect(response.status).toBe(413);
    expect(await response.body.text()).toBe('enough');
    expect(connection.persistence).toEqual({ verdict: 'close', reason: 'early-response' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toBe(true);
    const stopped = produced;
    await new Promise((resolve) => setImmediate(resolve));
    expect(produced).toBe(stopped);
  });

  test('a 413 of a server that closes without reading is preferred to the failing write', async () => {
    const url = await accepting((socket) => {
      socket.once('readable', () => {
        socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n', () => socket.resetAndDestroy());
      });
    });
    // Ten times, since each time the client has a thousand writes to be caught at.
    for (let round = 0; round < 10; round++) {
      const connection = create(url, { persistent: true });
      const body = (function* () {
        for (let index = 0; index < 1_000; index++) yield Buffer.alloc(65_536);
      })();
      const response = await connection.call('POST', url, { body });
      expect(response.status).toBe(413);
      connection.close();
    }
  });
});

test('a mistake of the caller rejects the call and leaves the connection as it was', async () => {
  const [url] = await serving((_, response) => response.end('fine'));
  const connection = create(url);
  await expect(connection.call('GET', `${url}/`, { headers: [['X-Bad', 'a\r\nb']] })).rejects.toBeInstanceOf(
    LocalProtocolError,
  );
  expect(await outcome(connection.call('GET', `${url}/`))).toBe('fine');
  connection.close();
});
