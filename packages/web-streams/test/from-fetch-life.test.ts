// fromFetch() while it lasts: who holds up whom, and what a client that leaves means to the function and to its stream.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type ServeOptions, serve } from '@halfpipe/driver';
import { bytes, Clock, type MemoryTransport, pair, text } from '@halfpipe/testing';
import { fromFetch } from '../src/index.ts';
import { asking } from './served.ts';

type Fetch = (request: Request) => Response | Promise<Response>;

/** A client in hand: it reads as much as it is let, and leaves when it is told. */
class Client {
  received = '';
  readonly near: MemoryTransport;
  readonly errors: unknown[] = [];
  readonly #clock = new Clock();
  #toRead = Number.POSITIVE_INFINITY;

  constructor(fetch: Fetch, options: ServeOptions = {}) {
    const [near, far] = pair({ clock: this.#clock, bufferSize: 1_000 });
    this.near = near;
    const onError = (error: unknown) => this.errors.push(error);
    serve(far, fromFetch(fetch), { timers: this.#clock, onError, ...options });
    near.start({
      bytes: (piece) => {
        this.received += text(piece);
        if (this.received.length >= this.#toRead) near.pause();
      },
      end: () => {},
      writable: () => {},
      closed: () => {},
    });
  }

  /** Sends this, and lets everything happen that follows. */
  async send(request: string): Promise<void> {
    this.near.write(bytes(request));
    await this.#clock.settle();
  }

  async leave(cause: Error): Promise<void> {
    this.near.reset(cause);
    await this.#clock.settle();
  }

  async settle(): Promise<void> {
    await this.#clock.settle();
  }

  /** Reads no more than about so many bytes from now on. */
  async read(size: number): Promise<void> {
    this.#toRead = this.received.length + size;
    if (size === 0) this.near.pause();
    else this.near.resume();
    await this.#clock.settle();
  }
}

const never = new Promise<never>(() => {});
const gone = new Error('gone');

describe('the signal of a Request', () => {
  test('aborts when the client leaves before the response', async () => {
    const signals: AbortSignal[] = [];
    const client = new Client(({ signal }) => {
      signals.push(signal);
      return never;
    });
    await client.send(asking('GET'));
    expect(signals[0]?.aborted).toBe(false);
    await client.leave(gone);
    expect(signals[0]).toMatchObject({ aborted: true, reason: { code: 'ERR_TRANSPORT', cause: gone } });
  });

  test('does not abort when the response is complete', async () => {
    const signals: AbortSignal[] = [];
    const client = new Client(({ signal }) => {
      signals.push(signal);
      return new Response('done');
    });
    await client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.leave(gone);
    expect(client.received).toMatch(/done$/);
    expect(signals[0]?.aborted).toBe(false);
  });

  test('is heard also by whoever has only the signal', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    const reasons: unknown[] = [];
    const client = new Client(({ signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason.cause));
      return new Response(new ReadableStream());
    });
    await client.send(asking('GET'));
    for (let turn = 0; turn < 3; turn++) {
      await new Promise(setImmediate);
      collectGarbage();
    }
    await client.leave(gone);
    expect(reasons).toEqual([gone]);
  });
});

describe('the stream of a Response', () => {
  /** A stream that counts its pieces of 100 bytes, and writes down why it was cancelled. */
  function endless() {
    const seen = { pulls: 0, reasons: [] as unknown[] };
    const stream = new ReadableStream(
      {
        pull: async (controller) => {
          seen.pulls++;
          await null;
          controller.enqueue(new Uint8Array(100).fill(0x61));
        },
        cancel: (reason) => {
          seen.reasons.push(reason);
        },
      },
      { highWaterMark: 0 },
    );
    return { seen, stream };
  }

  test('is held up by a client that does not read, and goes on with it', async () => {
    const { seen, stream } = endless();
    const client = new Client(() => new Response(stream));
    await client.read(0);
    await client.send(asking('GET'));
    const before = seen.pulls;
    // What the driver holds at most (64 KiB), and the network.
    expect(before).toBeGreaterThan(10);
    expect(before).toBeLessThan(700);
    await client.settle();
    expect(seen.pulls).toBe(before);
    await client.read(10_000);
    expect(seen.pulls).toBeGreaterThan(before);
    await client.leave(gone);
  });

  test('is cancelled when the client leaves, and told why', async () => {
    const { seen, stream } = endless();
    const client = new Client(() => new Response(stream));
    await client.read(0);
    await client.send(asking('GET'));
    await client.leave(gone);
    expect(seen.reasons).toEqual([expect.objectContaining({ code: 'ERR_TRANSPORT', cause: gone })]);
    expect(client.errors).toEqual(seen.reasons);
  });

  test('is cancelled while it has nothing', async () => {
    const reasons: unknown[] = [];
    const stream = new ReadableStream({
      cancel: (reason) => {
        reasons.push(reason);
      },
    });
    const client = new Client(() => new Response(stream));
    await client.send(asking('GET'));
    // The head does not wait for the body.
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
    await client.leave(gone);
    expect(reasons).toEqual([expect.objectContaining({ code: 'ERR_TRANSPORT' })]);
  });

  test('is cancelled if it comes when nobody is there any more', async () => {
    const { seen, stream } = endless();
    let answer: (response: Response) => void = () => {};
    const client = new Client(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    await client.send(asking('GET'));
    await client.leave(gone);
    answer(new Response(stream));
    await client.settle();
    expect(seen.reasons).toHaveLength(1);
  });

  test('is cancelled by HEAD', async () => {
    const { seen, stream } = endless();
    const client = new Client(() => new Response(stream));
    await client.send(asking('HEAD'));
    expect(client.received).toMatch(/\r\n\r\n$/);
    expect(seen.reasons).toHaveLength(1);
  });
});

describe('the body of a Request', () => {
  test('is held up by a function that does not read it', async () => {
    const client = new Client(() => never);
    await client.send(asking('POST', 'Transfer-Encoding: chunked\r\n'));
    for (let piece = 0; piece < 10; piece++) await client.send(`3e8\r\n${'x'.repeat(1_000)}\r\n`);
    expect(client.near.underWay).toBeGreaterThan(5_000);
  });

  test('comes as it is read', async () => {
    const pieces: string[] = [];
    const client = new Client(async ({ body }) => {
      const reader = body?.getReader();
      for (let step = await reader?.read(); step?.done === false; step = await reader?.read())
        pieces.push(text(step.value));
      return new Response('read');
    });
    await client.send(asking('POST', 'Transfer-Encoding: chunked\r\n'));
    await client.send('3\r\nabc\r\n');
    expect(pieces).toEqual(['abc']);
    await client.send('3\r\ndef\r\n');
    expect(pieces).toEqual(['abc', 'def']);
    await client.send('0\r\n\r\n');
    expect(client.received).toMatch(/read$/);
  });

  test('is asked for by reading it, where the client waits for that (RFC 9110 §10.1.1)', async () => {
    const waiting = asking('POST', 'Content-Length: 3\r\nExpect: 100-continue\r\n');
    const reading = new Client(async (request) => new Response(await request.text()));
    await reading.send(waiting);
    expect(reading.received).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    await reading.send('abc');
    expect(reading.received).toMatch(/abc$/);
    const refusing = new Client(() => new Response(null, { status: 413 }));
    await refusing.send(waiting);
    expect(refusing.received).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('may be sent back as it comes', async () => {
    const client = new Client(({ body }) => new Response(body));
    await client.send(asking('POST', 'Transfer-Encoding: chunked\r\n'));
    await client.send('3\r\nabc\r\n');
    expect(client.received).toMatch(/\r\n\r\n3\r\nabc\r\n$/);
    await client.send('0\r\n\r\n');
    expect(client.received).toMatch(/3\r\nabc\r\n0\r\n\r\n$/);
  });

  test('fails with what became of the connection', async () => {
    const errors: unknown[] = [];
    const client = new Client(async (request) => {
      await request.text().catch((error: unknown) => errors.push(error));
      return new Response('too late');
    });
    await client.send(`${asking('POST', 'Content-Length: 10\r\n')}abc`);
    await client.leave(gone);
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_TRANSPORT', cause: gone })]);
  });

  test('that nobody reads is left to the driver, and the connection serves the next', async () => {
    const client = new Client(({ method }) => new Response(method));
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(client.received).toMatch(/POSTHTTP\/1\.1 200 OK\r\n[\s\S]*GET$/);
  });
});
