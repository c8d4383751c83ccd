// HTTP in both roles over every kind of carrier: the driver and the protocol are real, and so is what carries the bytes.

import {
  type Handler,
  type IncomingRequest,
  type ServeOptions,
  type Serving,
  serve,
  type Transport,
} from '@halfpipe/driver';
import { type Connection, connect } from '../src/index.ts';
import { kinds } from './carriers.ts';
import { ascii, Recorder, settled, turns } from './recorder.ts';

const over: (() => void)[] = [];
afterEach(async () => {
  for (const end of over.splice(0)) end();
  await turns();
});

const url = 'http://example.com/';
const pieceSize = 32 * 1024;

function* pieces(count: number): Generator<Uint8Array> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(pieceSize, `piece ${i}, `);
}

async function sizeOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0;
  for await (const bytes of body) size += bytes.length;
  return size;
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

describe.each(kinds)('over $name', ({ make, holdsUp, ends, resets }) => {
  async function pair(
    handler: Handler,
    options: ServeOptions = {},
  ): Promise<{ connection: Connection; serving: Serving }> {
    const { near, far, letGo } = await make();
    const serving = serve(far, handler, options);
    const connection = await connect(near, { persistent: true });
    over.push(
      () => connection.close(),
      () => serving.close(),
      () => letGo?.(),
    );
    return { connection, serving };
  }

  test('a request and its response, and then an end in order', async () => {
    const { connection, serving } = await pair(async (request) => ({
      status: 201,
      headers: [['X-Method', request.method]],
      body: `You sent ${await request.body.text()}`,
    }));
    const response = await connection.call('POST', url, { body: 'something' });
    expect([response.status, response.headers.get('x-method')]).toEqual([201, 'POST']);
    expect(await response.body.text()).toBe('You sent something');
    connection.shutdown();
    if (!ends) return;
    await serving.done;
    await connection[Symbol.asyncDispose]();
  });

  test('200 pipelined calls, each with its own answer', async () => {
    const { connection } = await pair(async (request) => ({ body: request.target.slice(1) }));
    const calls = Array.from({ length: 200 }, async (_, i) => {
      const response = await connection.call('GET', `${url}${i}`);
      return response.body.text();
    });
    expect(await Promise.all(calls)).toEqual(calls.map((_, i) => `${i}`));
  });

  test('a body that is streamed up and down again, whole', async () => {
    const { connection } = await pair((request) => ({ body: request.body }));
    const response = await connection.call('PUT', url, { body: pieces(200) });
    const received = Buffer.from(await response.body.bytes({ limit: Number.POSITIVE_INFINITY }));
    expect(received.equals(Buffer.concat([...pieces(200)]))).toBe(true);
  });

  if (holdsUp) {
    test('a handler that does not read holds up the upload', async () => {
      let asked = 0;
      function* counted(): Generator<Uint8Array> {
        for (const piece of pieces(750)) {
          asked += 1;
          yield piece;
        }
      }
      let arrived = () => {};
      const arrival = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      let begin = () => {};
      const beginning = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const { connection } = await pair(async (request) => {
        arrived();
        await beginning;
        return { body: `${await sizeOf(request.body)}` };
      });
      const call = connection.call('PUT', url, { body: counted() });
      await arrival;
      expect((await settled(() => asked)) * pieceSize).toBeLessThan(16 * 1024 * 1024);
      begin();
      expect(await (await call).body.text()).toBe(`${750 * pieceSize}`);
    });
  }

  test('an answer to an upload that nobody wants is seen', async () => {
    const { connection } = await pair(() => ({ status: 413, body: 'too large' }), { timeouts: { linger: 50 } });
    const response = await connection.call('PUT', url, {
      body: pieces(2_000),
      headers: [['Content-Length', `${2_000 * pieceSize}`]],
    });
    expect([response.status, await response.body.text()]).toEqual([413, 'too large']);
  });

  test('an upgrade: the bytes that came too early are the first of the new protocol, once', async () => {
    const { near, far, letGo } = await make();
    const serving = serve(far, (request) => shout(request.upgrade()));
    over.push(
      () => near.destroy(),
      () => serving.close(),
      () => letGo?.(),
    );
    const sink = new Recorder(near);
    near.write(ascii('GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: shouting\r\n\r\nearly '));
    await sink.until(() => sink.text.includes('EARLY'));
    near.write(ascii('and late'));
    await sink.until(() => sink.text.endsWith('AND LATE'));
    expect(sink.text).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n[\s\S]*\r\n\r\nEARLY AND LATE$/);
  });

  test('an upgrade by our client', async () => {
    const { connection } = await pair((request) => shout(request.upgrade()));
    const { status, upgrade } = await connection.call('GET', url, {
      headers: [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'shouting'],
      ],
    });
    if (upgrade === null) throw new TypeError('There is no transport');
    const sink = new Recorder(upgrade);
    upgrade.write(ascii('hello'));
    await sink.until(() => sink.size === 5);
    expect([status, sink.text]).toEqual([101, 'HELLO']);
    upgrade.destroy();
  });

  if (ends) {
    test('a call that is given up is seen by the handler', async () => {
      let arrived = (_: IncomingRequest) => {};
      const request = new Promise<IncomingRequest>((resolve) => {
        arrived = resolve;
      });
      const { connection } = await pair(async (incoming) => {
        arrived(incoming);
        await sizeOf(incoming.body);
      });
      const controller = new AbortController();
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (;;) {
          yield new Uint8Array(1_000);
          await turns(1);
        }
      }
      const call = connection.call('PUT', url, { body: endless(), signal: controller.signal });
      const { signal } = await request;
      controller.abort(new Error('given up'));
      await expect(call).rejects.toThrow('given up');
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
  }

  if (resets) {
    test('a body until the end of the connection is not taken for whole when it breaks off', async () => {
      const { near, far } = await make();
      const connection = await connect(near);
      over.push(() => connection.close());
      const sink = new Recorder(far);
      const call = connection.call('GET', url);
      await sink.until(() => sink.text.endsWith('\r\n\r\n'));
      far.write(ascii('HTTP/1.1 200 OK\r\n\r\nhalf of it'));
      const response = await call;
      const text = response.body.text();
      text.catch(() => {});
      await turns();
      far.destroy(new Error('the disk is gone'));
      await expect(text).rejects.toThrow();
    });
  }
});
