// Bodies that are too large to be held: streamed, both ways, compared by their hash, and held up by whoever is slower.

import { createHash } from 'node:crypto';
import { Agent, createServer, type IncomingMessage, request as nodeRequest } from 'node:http';
import { createServer as createRawServer, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { connect, create, type Listener, listen } from '../src/index.ts';
import { certificate, listening, once } from './sockets.ts';

// Twenty times what it takes on an idle machine.
jest.setTimeout(60_000);

const total = 64 * 1024 * 1024;
const pieceSize = 64 * 1024;

interface Content {
  /** The next piece, or null after the last. */
  next(): Uint8Array | null;
  pieces(): Iterable<Uint8Array>;
  /** Of what has been asked for. */
  hash(): string;
  produced(): number;
}

/** 64 MiB in pieces, no two alike, made as they are asked for. */
function content(): Content {
  const hash = createHash('sha256');
  let produced = 0;
  const next = () => {
    if (produced === total) return null;
    const piece = Buffer.alloc(pieceSize, `piece ${produced}, `);
    hash.update(piece);
    produced += pieceSize;
    return piece;
  };
  function* pieces(): Generator<Uint8Array> {
    for (let piece = next(); piece !== null; piece = next()) yield piece;
  }
  return { next, pieces, hash: () => hash.digest('hex'), produced: () => produced };
}

/** Reads to the end and keeps nothing but the hash; `between` is called now and then. */
async function hashOf(body: AsyncIterable<Uint8Array>, between: () => void = () => {}): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of body) {
    hash.update(bytes);
    between();
  }
  return hash.digest('hex');
}

/** Watches how far the memory that is held, buffers included and garbage left out, rises above where it was. */
function memory(): { watch: () => void; rise: () => number } {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = () => {
    collect();
    collect(); // Finishes sweeping what the first one found.
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = held();
  let most = before;
  let calls = 0;
  return {
    watch: () => {
      calls += 1;
      if (calls % 400 === 0) most = Math.max(most, held());
    },
    rise: () => most - before,
  };
}

const listeners: Listener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

async function serving(...args: Parameters<typeof listen>): Promise<string> {
  const listener = await listen(...args);
  listeners.push(listener);
  if (!('port' in listener.address)) throw new TypeError('Cannot tell the port');
  return `http://127.0.0.1:${listener.address.port}`;
}

describe('64 MiB', () => {
  test('from our client to our server and back, in flat memory', async () => {
    const { watch, rise } = memory();
    const url = await serving((request) => ({ body: request.body }));
    const connection = await connect(url, { persistent: true });
    const sent = content();
    const response = await connection.call('POST', url, { body: sent.pieces() });
    const received = await hashOf(response.body, watch);
    expect(received).toBe(sent.hash());
    expect(rise()).toBeLessThan(8 * 1024 * 1024);
    connection.close();
  });

  test("from our client to Node's server and back", async () => {
    const server = createServer((request, response) => void request.pipe(response));
    const url = `http://127.0.0.1:${await listening(server)}`;
    const connection = await connect(url, { persistent: true });
    const sent = content();
    const response = await connection.call('POST', url, {
      body: sent.pieces(),
      headers: [['Content-Length', `${total}`]],
    });
    expect(await hashOf(response.body)).toBe(sent.hash());
    connection.close();
    server.close();
  });

  test("from Node's client to our server and back", async () => {
    const url = await serving((request) => ({ body: request.body }));
    const agent = new Agent();
    const request = nodeRequest(url, { method: 'POST', agent });
    const sent = content();
    const send = () => {
      for (let piece = sent.next(); piece !== null; piece = sent.next()) if (!request.write(piece)) return;
      request.end();
    };
    request.on('drain', send);
    send();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    expect(await hashOf(response)).toBe(sent.hash());
    agent.destroy();
  });
});

describe('a slow reader stops the sender', () => {
  /** Resolves when a number has stayed the same for many turns of the event loop. */
  async function settled(value: () => number): Promise<number> {
    let last = value();
    for (let still = 0; still < 50; still++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (value() !== last) still = 0;
      last = value();
    }
    return last;
  }

  test.each([
    ['plain', false],
    ['TLS', true],
  ])('a client that does not read a response, our server, %s', async (_, secure) => {
    const sent = content();
    const pems = await certificate();
    const url = await serving(() => ({ body: sent.pieces() }), secure ? { tls: pems.server } : {});
    const endpoint = { host: '127.0.0.1', port: Number(new URL(url).port) };
    const connection = await connect(secure ? { ...endpoint, tls: pems.client } : endpoint);
    const response = await connection.call('GET', url);
    const stopped = await settled(sent.produced);
    expect(stopped).toBeLessThan(total / 2);
    expect(await hashOf(response.body)).toBe(sent.hash());
    expect(sent.produced()).toBe(total);
    connection.close();
  });

  test('a handler that does not read a request, our client', async () => {
    const sent = content();
    let go = () => {};
    const later = new Promise<void>((resolve) => {
      go = resolve;
    });
    const url = await serving(async (request) => {
      await later;
      return { body: await hashOf(request.body) };
    });
    const connection = await connect(url, { persistent: true });
    const call = connection.call('POST', url, { body: sent.pieces() });
    const stopped = await settled(sent.produced);
    expect(stopped).toBeLessThan(total / 2);
    go();
    const response = await call;
    expect(await response.body.text()).toBe(sent.hash());
    connection.close();
  });

  test('a body that stays unread stops the socket, not only the body', async () => {
    let far: Socket | null = null;
    const server = createRawServer((socket) => {
      far = socket;
      socket.on('error', () => {});
      socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`));
    });
    const url = `http://127.0.0.1:${await listening(server)}`;
    const connection = create(url);
    const response = await connection.call('GET', url);
    const socket = far as Socket | null;
    if (socket === null) throw new TypeError('Nobody connected');
    let written = 0;
    const fill = () => {
      while (written < total) {
        written += pieceSize;
        if (!socket.write(Buffer.alloc(pieceSize))) return;
      }
    };
    socket.on('drain', fill);
    fill();
    expect(await settled(() => written)).toBeLessThan(total / 2);
    let read = 0;
    for await (const bytes of response.body) read += bytes.length;
    expect(read).toBe(total);
    connection.close();
    server.close();
  });
});
