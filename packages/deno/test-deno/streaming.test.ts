// Bodies that are too large to be held: streamed, both ways, compared by their hash, and held up by whoever is slower.

import { createHash } from 'node:crypto';
import { connect, create } from '../src/index.ts';
import { assert, certificate, each, gate, test, turns } from './support.ts';

const total = 64 * 1024 * 1024;
const pieceSize = 64 * 1024;

interface Content {
  pieces(): Iterable<Uint8Array>;
  /** Of what has been asked for. */
  hash(): string;
  produced(): number;
}

/** 64 MiB in pieces, no two alike, made as they are asked for. */
function content(): Content {
  const hash = createHash('sha256');
  let produced = 0;
  function* pieces(): Generator<Uint8Array> {
    while (produced < total) {
      const piece = new Uint8Array(pieceSize);
      new Uint32Array(piece.buffer).fill(produced * 2654435761);
      hash.update(piece);
      produced += pieceSize;
      yield piece;
    }
  }
  return { pieces, hash: () => hash.digest('hex'), produced: () => produced };
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
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('Cannot measure memory: it needs --v8-flags=--expose-gc');
  const held = () => {
    gc();
    gc(); // Finishes sweeping what the first one found.
    const { heapUsed, external } = Deno.memoryUsage();
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

each(
  [
    ['plain', false],
    ['TLS', true],
  ] as const,
  '64 MiB from our client to our server and back, in flat memory: %s',
  async (scope, _, secure) => {
    const { watch, rise } = memory();
    const tls = certificate();
    const { url, port } = await scope.serve((request) => ({ body: request.body }), secure ? { tls } : {});
    const endpoint = { host: '127.0.0.1', port, tls: secure && { caCerts: [tls.cert] } };
    const connection = await connect(endpoint, { persistent: true });
    const sent = content();
    const response = await connection.call('POST', url, { body: sent.pieces() });
    const received = await hashOf(response.body, watch);
    assert.equal(received, sent.hash());
    assert.ok(rise() < 8 * 1024 * 1024, `it held ${rise()} bytes`);
    connection.close();
  },
);

test("64 MiB from our client to Deno's server and back", async (scope) => {
  const server = Deno.serve({ hostname: '127.0.0.1', port: 0, onListen() {} }, ({ body }) => new Response(body));
  scope.after(() => server.shutdown());
  const url = `http://127.0.0.1:${server.addr.port}`;
  const connection = await connect(url, { persistent: true });
  const sent = content();
  const headers = [['Content-Length', `${total}`]] as const;
  const response = await connection.call('POST', url, { body: sent.pieces(), headers });
  assert.equal(await hashOf(response.body), sent.hash());
  connection.close();
});

test("64 MiB from Deno's client to our server and back", async (scope) => {
  const { url } = await scope.serve((request) => ({ body: request.body }));
  const client = Deno.createHttpClient({});
  scope.after(() => client.close());
  const sent = content();
  const body = ReadableStream.from(sent.pieces());
  const response = await fetch(url, { method: 'POST', body, client });
  assert.ok(response.body !== null);
  assert.equal(await hashOf(response.body), sent.hash());
});

/** Resolves when a number has stayed the same for many turns of the event loop. */
async function settled(value: () => number): Promise<number> {
  let last = value();
  for (let still = 0; still < 50; still++) {
    await turns(1);
    if (value() !== last) still = 0;
    last = value();
  }
  return last;
}

each(
  [
    ['plain', false],
    ['TLS', true],
  ] as const,
  'a client that does not read a response stops our server: %s',
  async (scope, _, secure) => {
    const sent = content();
    const tls = certificate();
    const { url, port } = await scope.serve(() => ({ body: sent.pieces() }), secure ? { tls } : {});
    const connection = await connect({ host: '127.0.0.1', port, tls: secure && { caCerts: [tls.cert] } });
    const response = await connection.call('GET', url);
    assert.ok((await settled(sent.produced)) < total / 2);
    assert.equal(await hashOf(response.body), sent.hash());
    assert.equal(sent.produced(), total);
    connection.close();
  },
);

test('a handler that does not read a request stops our client', async (scope) => {
  const sent = content();
  const later = gate();
  const { url } = await scope.serve(async (request) => {
    await later.promise;
    return { body: await hashOf(request.body) };
  });
  const connection = await connect(url, { persistent: true });
  const call = connection.call('POST', url, { body: sent.pieces() });
  assert.ok((await settled(sent.produced)) < total / 2);
  later.open();
  assert.equal(await (await call).body.text(), sent.hash());
  connection.close();
});

test('a body that stays unread stops the connection, not only the body', async (scope) => {
  let written = 0;
  const url = scope.accept(async (peer) => {
    await peer.until('\r\n\r\n');
    await peer.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    const piece = new Uint8Array(pieceSize);
    for (; written < total; written += pieceSize) await peer.write(piece);
    await peer.all();
  });
  const connection = create(url);
  const response = await connection.call('GET', url);
  assert.ok((await settled(() => written)) < total / 2);
  let read = 0;
  for await (const bytes of response.body) read += bytes.length;
  assert.equal(read, total);
  connection.close();
});
