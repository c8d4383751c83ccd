// Our server against clients that are not ours: the HTTP client of Node, its global fetch, and undici.

import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  request as nodeRequest,
  type RequestOptions,
} from 'node:http';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { Client, request as undiciRequest } from 'undici';
import { type Handler, type Listener, type ListenOptions, listen } from '../src/index.ts';
import { ascii, once } from './sockets.ts';

const listeners: Listener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function serving(
  handler: Handler,
  options?: ListenOptions,
): Promise<{ url: string; port: number; listener: Listener }> {
  const listener = await listen(handler, options);
  listeners.push(listener);
  if (!('port' in listener.address)) throw new TypeError('Cannot tell the port');
  const { port } = listener.address;
  return { url: `http://127.0.0.1:${port}`, port, listener };
}

async function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  // What goes wrong from here on is told by the response; by some versions of Node, by the request as well.
  request.on('error', () => {});
  return response;
}

/** A request of Node's client without a body, and the answer. */
async function nodeGet(url: string, options: RequestOptions = {}): Promise<IncomingMessage> {
  return await answerTo(nodeRequest(url, options).end());
}

async function* pieces(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield ascii(part);
}

/** Answers with what it was asked. */
const echo: Handler = async (request) => ({
  headers: [['X-Framing', request.headers.has('transfer-encoding') ? 'chunked' : 'length']],
  body: `${request.method} ${request.target} ${await request.body.text()}`,
});

describe("Node's client", () => {
  test('GET: the head as the handler wrote it, a Date and a length', async () => {
    const { url } = await serving(() => ({
      status: 201,
      reason: 'Made',
      headers: [['X-Case', 'Kept']],
      body: 'hello',
    }));
    const response = await nodeGet(url);
    expect(response).toMatchObject({ statusCode: 201, statusMessage: 'Made', httpVersion: '1.1' });
    expect(response.rawHeaders).toEqual(expect.arrayContaining(['X-Case', 'Kept', 'Content-Length', '5', 'Date']));
    expect(await text(response)).toBe('hello');
  });

  test('HEAD: the length of the body, and no body', async () => {
    const { url } = await serving(() => ({ body: 'hello' }));
    const response = await nodeGet(url, { method: 'HEAD' });
    expect(response.headers['content-length']).toBe('5');
    expect(await text(response)).toBe('');
  });

  test('POST in chunks, with trailers both ways', async () => {
    const { url } = await serving(async (request) => {
      const body = await request.body.text();
      const sum = (await request.trailers)?.get('x-sum') ?? 'none';
      return { headers: [['Trailer', 'X-Echo']], body: pieces('got ', body), trailers: () => [['X-Echo', sum]] };
    });
    const request = nodeRequest(url, { method: 'POST', headers: { Trailer: 'X-Sum' } });
    request.write('one');
    request.addTrailers({ 'X-Sum': '42' });
    request.end('two');
    const response = await answerTo(request);
    expect(response.headers['transfer-encoding']).toBe('chunked');
    expect(await text(response)).toBe('got onetwo');
    expect(response.trailers).toEqual({ 'x-echo': '42' });
  });

  test('interim responses', async () => {
    const { url } = await serving((request) => {
      request.inform(103, [['Link', '</style.css>; rel=preload']]);
      return { body: 'done' };
    });
    const request = nodeRequest(url).end();
    const seen: unknown[] = [];
    request.on('information', ({ statusCode, headers }) => seen.push([statusCode, headers.link]));
    expect(await text(await answerTo(request))).toBe('done');
    expect(seen).toEqual([[103, '</style.css>; rel=preload']]);
  });

  test('Expect: 100-continue: reading the body asks for it', async () => {
    const { url } = await serving(echo);
    const request = nodeRequest(url, { method: 'POST', headers: { Expect: '100-continue', 'Content-Length': 6 } });
    request.flushHeaders();
    await once(request, 'continue');
    request.end('wanted');
    expect(await text(await answerTo(request))).toBe('POST / wanted');
  });

  test('a connection is kept, and says so by being used again', async () => {
    const { url } = await serving(() => ({ body: 'x' }));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (let index = 0; index < 5; index++) {
      const response = await nodeGet(url, { agent });
      ports.add(response.socket.localPort);
      await text(response);
    }
    expect(ports.size).toBe(1);
    agent.destroy();
  });

  test('a client that asks for the connection to close gets it closed', async () => {
    const { url } = await serving(() => ({ body: 'bye' }));
    const response = await nodeGet(url, { agent: false, headers: { Connection: 'close' } });
    expect(response.headers.connection).toBe('close');
    expect(await text(response)).toBe('bye');
    await once(response.socket, 'close');
  });

  test('a client that is gone aborts the signal of its request', async () => {
    let gone = () => {};
    const aborted = new Promise<void>((resolve) => {
      gone = resolve;
    });
    let request: ClientRequest | null = null;
    const { url } = await serving(async ({ signal }) => {
      signal.addEventListener('abort', gone);
      request?.socket?.resetAndDestroy();
      await aborted;
    });
    request = nodeRequest(url).end();
    request.on('error', () => {});
    await aborted;
  });

  test('a handler that throws is a 500 which says nothing of the cause', async () => {
    const told: unknown[] = [];
    const { url } = await serving(
      (request) => {
        if (request.target === '/sync') throw new Error('secret');
        return Promise.reject(new Error('secret'));
      },
      { onError: (error, request) => told.push([String(error), request?.target]) },
    );
    for (const path of ['/sync', '/async']) {
      const response = await nodeGet(url + path);
      expect(response.statusCode).toBe(500);
      expect(await text(response)).not.toContain('secret');
    }
    expect(told).toEqual([
      ['Error: secret', '/sync'],
      ['Error: secret', '/async'],
    ]);
  });

  test('a body that fails half way does not look whole', async () => {
    const { url } = await serving(() => ({
      body: (async function* () {
        yield ascii('half');
        throw new Error('secret');
      })(),
    }));
    const response = await nodeGet(url);
    await expect(text(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('an early 413 is read by a client that is still sending', async () => {
    const { url } = await serving(() => ({ status: 413, headers: [['Connection', 'close']], body: 'enough' }));
    const request = nodeRequest(url, { method: 'POST', agent: false });
    request.on('error', () => {});
    const piece = Buffer.alloc(65_536);
    const send = () => {
      while (!request.destroyed && request.write(piece));
    };
    request.on('drain', send);
    send();
    const response = await answerTo(request);
    expect(response.statusCode).toBe(413);
    expect(await text(response)).toBe('enough');
    request.destroy();
  });
});

describe('fetch', () => {
  test('GET, POST of a text, and POST of a stream', async () => {
    const { url } = await serving(echo);
    const get = await fetch(`${url}/path?query`);
    expect([get.status, await get.text()]).toEqual([200, 'GET /path?query ']);
    const post = await fetch(url, { method: 'POST', body: 'zwölf' });
    expect([post.headers.get('x-framing'), await post.text()]).toEqual(['length', 'POST / zwölf']);
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(ascii('in '));
        controller.enqueue(ascii('pieces'));
        controller.close();
      },
    });
    const streamed = await fetch(url, { method: 'POST', body: stream, duplex: 'half' } as RequestInit);
    expect([streamed.headers.get('x-framing'), await streamed.text()]).toEqual(['chunked', 'POST / in pieces']);
  });

  test('HEAD, 204 and 304 have no body, and the connection goes on', async () => {
    const { url } = await serving((request) => {
      const status = Number(request.target.slice(1));
      return status === 200 ? { status, body: 'body' } : { status };
    });
    const head = await fetch(`${url}/200`, { method: 'HEAD' });
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['4', '']);
    for (const status of [204, 304]) {
      const response = await fetch(`${url}/${status}`);
      expect([response.status, await response.text()]).toEqual([status, '']);
    }
    expect(await (await fetch(`${url}/200`)).text()).toBe('body');
  });

  test('many at once', async () => {
    const { url } = await serving(async (request) => {
      await new Promise((resolve) => setImmediate(resolve));
      return { body: request.target };
    });
    const bodies = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => (await fetch(`${url}/${index}`)).text()),
    );
    expect(bodies).toEqual(Array.from({ length: 100 }, (_, index) => `/${index}`));
  });

  test('a reader that gives up aborts the signal of the request', async () => {
    let gone = () => {};
    const aborted = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const { url } = await serving(({ signal }) => {
      signal.addEventListener('abort', gone);
      return {
        body: (async function* () {
          for (;;) yield Buffer.alloc(65_536);
        })(),
      };
    });
    const controller = new AbortController();
    const response = await fetch(url, { signal: controller.signal });
    await response.body?.getReader().read();
    controller.abort();
    await aborted;
  });
});

describe('undici', () => {
  test('a request with a body', async () => {
    const { url } = await serving(echo);
    const { statusCode, body } = await undiciRequest(url, { method: 'PUT', body: 'content' });
    expect([statusCode, await body.text()]).toEqual([200, 'PUT / content']);
  });

  test('20 pipelined requests over one connection are answered in order', async () => {
    const seen: string[] = [];
    const { url } = await serving(async (request) => {
      seen.push(request.target);
      await new Promise((resolve) => setImmediate(resolve));
      return { body: request.target };
    });
    const client = new Client(url, { pipelining: 10 });
    const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
    const bodies = await Promise.all(
      paths.map(async (path) => (await client.request({ path, method: 'GET' })).body.text()),
    );
    expect(bodies).toEqual(paths);
    expect(seen).toEqual(paths);
    await client.close();
  });

  test('a large streamed body, both ways', async () => {
    const { url } = await serving((request) => ({ body: request.body }));
    const sent = Buffer.alloc(1_000_000, 'x');
    const { body } = await undiciRequest(url, { method: 'POST', body: Readable.from([sent]) });
    expect((await buffer(body)).equals(sent)).toBe(true);
  });
});
