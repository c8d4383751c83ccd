// A handler and its replies: what goes out, when, and what happens when either side does not behave.

import {
  type Handler,
  type IncomingRequest,
  type Reply,
  type ServeOptions,
  type Serving,
  serve,
} from '@halfpipe/driver';
import { bytes, Clock } from '@halfpipe/testing';
import { Bare, CountedSource, cuts, quiet, Wire } from './wire.ts';

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

interface Served {
  wire: Wire;
  clock: Clock;
  serving: Serving;
  errors: [unknown, IncomingRequest | null][];
}

function served(handler: Handler, options: ServeOptions & { wire?: Wire } = {}): Served {
  const wire = options.wire ?? new Wire();
  const clock = new Clock();
  const errors: [unknown, IncomingRequest | null][] = [];
  const onError = (error: unknown, request: IncomingRequest | null) => void errors.push([error, request]);
  return { wire, clock, errors, serving: serve(wire.near, handler, { timers: clock, onError, ...options }) };
}

/** What was sent, its Date taken out. */
function sent(wire: Wire): string {
  return dateless(wire.sent);
}

function dateless(text: string): string {
  return text.replaceAll(/Date: [A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\r\n/g, '');
}

/** A handler whose reply the test gives later. */
function deferred() {
  let reply: (reply: Reply | undefined) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const requests: IncomingRequest[] = [];
  const handler: Handler = (request) => {
    requests.push(request);
    return new Promise((resolve, reject) => {
      reply = resolve;
      fail = reject;
    });
  };
  return { handler, requests, reply: (given?: Reply) => reply(given), fail: (error: unknown) => fail(error) };
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield bytes(text);
}

describe('a reply', () => {
  test('of a sync handler leaves in one write, in the call that brought the request', () => {
    const transport = new Bare();
    serve(transport, () => ({ body: 'hello' }), { timers: new Clock() });
    transport.receive(get);
    expect(transport.writes.length).toBe(1);
    expect(dateless(transport.sent)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    expect(transport.sent).toContain('\r\nDate: ');
  });

  test('to each of several pipelined requests leaves in one write', async () => {
    const { wire } = served(({ target }) => ({ body: target }));
    await wire.receive(get.replace('/', '/a') + get.replace('/', '/b') + get.replace('/', '/c'));
    expect(wire.writes.length).toBe(1);
    expect(sent(wire).match(/\r\n\r\n\/[abc]/g)).toEqual(['\r\n\r\n/a', '\r\n\r\n/b', '\r\n\r\n/c']);
  });

  test.each<[string, Reply | undefined, string]>([
    ['nothing is 204', undefined, 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['an empty reply is 200 without content', {}, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['text is UTF-8', { body: 'é' }, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xc3\xa9'],
    ['bytes go as they are', { body: bytes('\xff') }, 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\xff'],
    ['status and reason', { status: 299, reason: 'Odd' }, 'HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n'],
    [
      'fields in their order and case',
      {
        status: 404,
        headers: [
          ['x-B', '1'],
          ['A', '2'],
        ],
      },
      'HTTP/1.1 404 Not Found\r\nx-B: 1\r\nA: 2\r\nContent-Length: 0\r\n\r\n',
    ],
    [
      'a Date of its own',
      { headers: [['date', 'today']] },
      'HTTP/1.1 200 OK\r\ndate: today\r\nContent-Length: 0\r\n\r\n',
    ],
    [
      'a sync iterable is in chunks',
      { body: [bytes('ab'), bytes('c')] },
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n',
    ],
    [
      'trailers make text go in chunks',
      { body: 'ab', trailers: () => [['X-Sum', '1']] },
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n',
    ],
    [
      'a length given frames the pieces',
      { body: [bytes('ab'), bytes('c')], headers: [['Content-Length', '3']] },
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
    ],
  ])('%s', async (_, reply, expected) => {
    const { wire, errors } = served(() => reply);
    await wire.receive(get);
    expect(sent(wire)).toBe(expected);
    expect(wire.writes.length).toBe(1);
    expect(errors).toEqual([]);
  });

  test.each<[string, Reply['body']]>([
    ['an async iterable', pieces('ab', 'c')],
    [
      'a stream',
      new ReadableStream({
        pull(controller) {
          controller.enqueue(bytes('ab'));
          controller.enqueue(bytes('c'));
          controller.close();
        },
      }),
    ],
  ])('as %s is in chunks', async (_, body = '') => {
    const { wire } = served(() => Promise.resolve({ body, trailers: () => [['X-Sum', '1']] }));
    await wire.receive(get);
    await quiet();
    expect(sent(wire)).toBe(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-Sum: 1\r\n\r\n',
    );
  });

  test('in pieces to HTTP/1.0 goes until the connection closes, without trailers', async () => {
    const { wire } = served(() => ({ body: pieces('ab', 'c'), trailers: () => [['X-Sum', '1']] }));
    await wire.receive('GET / HTTP/1.0\r\n\r\n');
    await quiet();
    expect(sent(wire)).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc');
    expect(wire.near.ended).toBe(true);
  });

  test('with trailers to HTTP/1.0 has its length and leaves them out', async () => {
    const { wire } = served(() => ({ body: 'ab', trailers: () => [['X-Sum', '1']] }));
    await wire.receive('GET / HTTP/1.0\r\n\r\n');
    expect(sent(wire)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab');
  });

  test.each<[string, Reply, string]>([
    ['text', { body: 'hello' }, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['pieces', { body: pieces('ab') }, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('to HEAD has the fields of %s and no body (RFC 9110 §9.3.2)', async (_, reply, expected) => {
    const { wire, errors } = served(() => reply);
    await wire.receive('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.receive('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');
    await quiet();
    expect(sent(wire).startsWith(expected)).toBe(true);
    expect(sent(wire).slice(expected.length)).toMatch(/^HTTP\/1.1 200 OK/);
    expect(errors).toEqual([]);
  });

  test('in pieces is asked for no faster than the transport takes it', async () => {
    const source = new CountedSource(new Uint8Array(16 * 1024));
    const { wire } = served(() => ({ body: source }), { wire: new Wire({ bufferSize: 1 }) });
    wire.stop();
    await wire.receive(get);
    await quiet();
    const { asked } = source;
    expect(asked).toBeLessThan(8);
    await wire.flow(100_000);
    await quiet();
    expect(source.asked).toBeGreaterThan(asked + 4);
    expect(source.asked).toBeLessThan(asked + 12);
    await wire.reset(new Error('reset'));
    await quiet();
    expect(source.closed).toBe(true);
  });

  // With the larger buffer, what has waited goes out in one write, and no other tells that there is room again.
  test.each([
    [1, 3],
    [100_000, 7],
  ])(
    'that is not read, behind a buffer of %i bytes, keeps all requests but %i from being handled',
    async (bufferSize, first) => {
      let handled = 0;
      const handler = () => {
        handled++;
        return { body: new Uint8Array(30_000) };
      };
      const { wire } = served(handler, { wire: new Wire({ bufferSize }) });
      wire.stop();
      await wire.receive(get.repeat(20));
      expect(handled).toBe(first);
      expect(wire.near.paused).toBe(true);
      await wire.flow();
      expect(handled).toBe(20);
      expect(wire.near.paused).toBe(false);
    },
  );
});

describe('what goes wrong in a handler', () => {
  const plain = 'Content-Type: text/plain; charset=utf-8\r\n';
  const error500 = `HTTP/1.1 500 Internal Server Error\r\n${plain}Content-Length: 22\r\n\r\nInternal Server Error\n`;
  const secret = new Error('secret');

  test.each<[string, Handler]>([
    [
      'a throw',
      () => {
        throw secret;
      },
    ],
    ['a rejection', () => Promise.reject(secret)],
    [
      'a throw on the way to its body',
      async ({ body }) => {
        await body.text();
        throw secret;
      },
    ],
  ])('%s is a 500 that says nothing of it; onError is told, and the connection goes on', async (_, handler) => {
    const { wire, errors } = served(handler);
    await wire.receive('POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab');
    await quiet();
    expect(sent(wire)).toBe(error500);
    expect(errors).toMatchObject([[secret, { target: '/p' }]]);
    wire.take();
    await wire.receive(get);
    await quiet();
    expect(sent(wire)).toBe(error500);
  });

  test.each<[string, Reply]>([
    ['a field that cannot be sent', { headers: [['A', 'b\nc']] }],
    ['a status that is none', { status: 42 }],
    ['a body with 204', { status: 204, body: 'x' }],
    ['a body in pieces with 304', { status: 304, body: [bytes('x')] }],
    ['a length that is wrong', { body: 'abc', headers: [['Content-Length', '2']] }],
    ['a switch of protocols without upgrade()', { status: 101 }],
  ])('%s is a 500 too', async (_, reply) => {
    const { wire, errors } = served(() => reply);
    await wire.receive(get);
    await quiet();
    expect(sent(wire)).toBe(error500);
    expect(errors).toMatchObject([[{ name: 'LocalProtocolError' }, {}]]);
  });

  test.each<[string, () => AsyncGenerator<Uint8Array>, Reply]>([
    [
      'throws',
      async function* () {
        yield bytes('ab');
        throw secret;
      },
      {},
    ],
    ['is shorter than its length', () => pieces('ab'), { headers: [['Content-Length', '3']] }],
    ['is longer than its length', () => pieces('ab', 'cd'), { headers: [['Content-Length', '3']] }],
  ])('a body that %s is cut, so that it does not look whole (RFC 9112 §8)', async (_, body, reply) => {
    const { wire, errors, serving } = served(() => ({ ...reply, body: body() }));
    await wire.receive(get);
    await quiet();
    expect(sent(wire)).not.toMatch(/0\r\n\r\n$/);
    expect(wire.near.destroyed).toEqual({ cause: undefined });
    expect(errors.length).toBe(1);
    await serving.done;
  });

  test.each<[string, (serving: Serving) => void]>([
    ['throws', () => {}],
    ['is closed under way', (serving) => serving.close()],
  ])(
    'a body that ends with the connection and %s is cut by a reset, since a FIN would make it whole',
    async (name, act) => {
      const { wire, serving } = served(() => ({
        body: (async function* () {
          yield bytes('ab');
          if (name === 'throws') throw secret;
          await new Promise(() => {});
        })(),
      }));
      await wire.receive('GET / HTTP/1.0\r\n\r\n');
      await quiet();
      act(serving);
      expect(sent(wire)).toMatch(/\r\n\r\nab$/);
      expect(wire.near.destroyed).toMatchObject({ cause: expect.any(Error) });
      await serving.done;
    },
  );

  test('trailers behind a body with a Content-Length are a 500', async () => {
    const { wire } = served(() => ({ headers: [['Content-Length', '2']], body: pieces('ab'), trailers: () => [] }));
    await wire.receive(get);
    await quiet();
    expect(sent(wire)).toBe(error500);
  });

  test('an onError that throws is reported as uncaught, and the client gets its 500', async () => {
    const uncaught: unknown[] = [];
    const { queueMicrotask } = globalThis;
    globalThis.queueMicrotask = (callback) =>
      queueMicrotask(() => {
        try {
          callback();
        } catch (error) {
          uncaught.push(error);
        }
      });
    const { wire } = served(
      () => {
        throw secret;
      },
      {
        onError: () => {
          throw new Error('hook');
        },
      },
    );
    await wire.receive(get);
    await quiet();
    globalThis.queueMicrotask = queueMicrotask;
    expect(sent(wire)).toBe(error500);
    expect(uncaught).toMatchObject([{ message: 'hook' }]);
  });
});

describe("the client's mistakes", () => {
  test.each<[string, string, number]>([
    ['a malformed head', 'GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['a head that is too large', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(20_000)}\r\n\r\n`, 431],
    ['an unknown version', 'GET / HTTP/3.0\r\nHost: x\r\n\r\n', 505],
  ])('%s is answered and the connection ends after a linger', async (_, request, status) => {
    let handled = 0;
    const { wire, clock, errors, serving } = served(() => void handled++, { timeouts: { linger: 1_000 } });
    await wire.receive(request);
    expect(sent(wire)).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} [A-Z][^\\r]*\\r\\n(?:[^\\r]+\\r\\n)*Connection: close\\r\\n`),
    );
    expect(handled).toBe(0);
    expect(errors).toMatchObject([[{ name: 'RemoteProtocolError', status }, null]]);
    expect(wire.near).toMatchObject({ ended: true, destroyed: null });
    await wire.receive('more that nobody reads');
    await clock.advance(1_000);
    expect(wire.near.destroyed).not.toBeNull();
    expect(clock.pending).toBe(0);
    await serving.done;
  });

  test('a slow head is 408', async () => {
    const { wire, clock } = served(() => ({}), { timeouts: { head: 500 } });
    await wire.receive('GET / HT');
    await clock.advance(499);
    expect(wire.sent).toBe('');
    await clock.advance(1);
    expect(wire.sent).toMatch(/^HTTP\/1\.1 408 /);
  });

  test('a body that is too large is 413, and its reader learns of it', async () => {
    const { wire, errors } = served(({ body }) => body.text().then((text) => ({ body: text })), {
      limits: { bodySize: 4 },
    });
    await wire.receive('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    await quiet();
    await wire.receive('3\r\ndef\r\n');
    await quiet();
    expect(wire.sent).toMatch(/^HTTP\/1\.1 413 /);
    expect(errors).toMatchObject([[{ code: 'ERR_BODY_SIZE' }, { method: 'POST' }]]);
  });

  test('a chunk that is malformed is 400 while the handler is still at work, whose reply is dropped', async () => {
    const { handler, requests, reply } = deferred();
    const { wire, errors } = served(handler);
    await wire.receive('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const text = requests[0]?.body.text();
    await wire.receive('zz\r\n');
    await expect(text).rejects.toMatchObject({ code: 'ERR_CHUNK' });
    expect(wire.sent).toMatch(/^HTTP\/1\.1 400 /);
    const before = wire.sent;
    reply({ body: 'too late' });
    await quiet();
    expect(wire.sent).toBe(before);
    expect(errors.length).toBe(1);
  });

  test('a client that is gone aborts the signal, fails the body, and is no mistake of the handler', async () => {
    const reasons: unknown[] = [];
    const { wire, errors, serving } = served(async ({ body, signal }) => {
      signal.addEventListener('abort', () => reasons.push(signal.reason));
      const bytes = body.bytes();
      bytes.catch((error: unknown) => reasons.push(error));
      return { body: await bytes };
    });
    await wire.receive('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
    const cause = new Error('reset');
    await wire.reset(cause);
    await serving.done;
    await quiet();
    const failure = { code: 'ERR_TRANSPORT', cause };
    expect(reasons).toMatchObject([failure, failure]);
    expect(errors).toMatchObject([[{ code: 'ERR_TRANSPORT', cause }, { method: 'POST' }]]);
  });
});

describe('signal', () => {
  test('does not abort when the client only ends its direction, and the response still goes out', async () => {
    const { handler, requests, reply } = deferred();
    const { wire, serving } = served(handler);
    await wire.receive(get);
    const signal = requests[0]?.signal;
    await wire.receiveEnd();
    expect(signal?.aborted).toBe(false);
    reply({ body: 'x' });
    await quiet();
    expect(sent(wire)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx');
    expect(wire.near.ended).toBe(true);
    await serving.done;
    expect(signal?.aborted).toBe(false);
  });

  test('asked for when the client is gone has aborted', async () => {
    const { handler, requests, reply } = deferred();
    const { wire } = served(handler);
    await wire.receive(get);
    await wire.reset();
    expect(requests[0]?.signal.aborted).toBe(true);
    const source = new CountedSource(bytes('x'));
    reply({ body: source });
    await quiet();
    expect(source.closed).toBe(true);
  });
});

describe("a request's body", () => {
  const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n';

  test('is read by a sync handler without a wait', async () => {
    const { wire } = served(({ body }) => body.text().then((text) => ({ body: text.toUpperCase() })));
    await wire.receive(`${post}abcdef`);
    await quiet();
    expect(sent(wire)).toMatch(/\r\n\r\nABCDEF$/);
  });

  test('is not read from the transport before somebody asks', async () => {
    const { handler, requests, reply } = deferred();
    const { wire } = served(handler);
    await wire.receive(`${post}abc`);
    expect(wire.near.paused).toBe(true);
    const iterator = requests[0]!.body[Symbol.asyncIterator](); // handled at once
    expect(await iterator.next()).toEqual({ done: false, value: bytes('abc') });
    expect(wire.near.paused).toBe(false);
    await wire.receive('def');
    expect(wire.near.paused).toBe(true);
    expect(await iterator.next()).toEqual({ done: false, value: bytes('def') });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    reply();
  });

  test('that nobody touched is drained behind the response', async () => {
    const { wire } = served(({ method }) => ({ body: method }));
    await wire.receive(`${post}abc`);
    expect(sent(wire)).toMatch(/\r\n\r\nPOST$/);
    expect(wire.near.paused).toBe(false);
    await wire.receive(`def${get}`);
    expect(sent(wire)).toMatch(/\r\n\r\nGET$/);
  });

  test('that nobody touched and is long closes the connection', async () => {
    const { wire } = served(() => ({ status: 413, body: 'no' }));
    await wire.receive('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc');
    expect(sent(wire)).toBe('HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
    expect(wire.near.ended).toBe(true);
    for (let i = 0; i < 20; i++) await wire.receive('x'.repeat(10_000));
    expect(wire.near.destroyed).toBeNull();
    await wire.receiveEnd();
    expect(wire.near.paused).toBe(false);
  });

  test('goes on to its reader behind the response, up to the limit', async () => {
    let text: Promise<string> | null = null;
    const { wire } = served(({ body }) => {
      text = body.text();
      return { body: 'early' };
    });
    await wire.receive(`${post}abc`);
    expect(sent(wire)).toMatch(/early$/);
    await wire.receive('def');
    expect(await text).toBe('abcdef');

    await wire.receive('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const failing = expect(text).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    for (let i = 0; i < 8; i++) await wire.receive(`2710\r\n${'x'.repeat(10_000)}\r\n`);
    await failing;
    expect(wire.near.ended).toBe(true);
  });

  test('that is cancelled is read away if it is short, and the handler still answers', async () => {
    const { wire } = served(({ body, headers }) => {
      body.cancel();
      return Promise.resolve({ body: headers.get('content-length') ?? '' });
    });
    await wire.receive(`${post}abcdef${get}`);
    await quiet();
    expect(sent(wire)).toMatch(/\r\n\r\n6HTTP/);
    expect(wire.near.ended).toBe(false);
  });

  test('brings its trailers', async () => {
    const { wire } = served(async ({ body, trailers }) => {
      await body.discard();
      return { body: (await trailers)?.get('x-sum') ?? 'none' };
    });
    await wire.receive(
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n',
    );
    await quiet();
    expect(sent(wire)).toMatch(/\r\n\r\n7$/);
  });

  test('asked for behind its end is empty, and its trailers are there', async () => {
    const { handler, requests, reply } = deferred();
    const { wire } = served(handler);
    await wire.receive(get);
    expect(await requests[0]?.body.text()).toBe('');
    expect(await requests[0]?.trailers).toBeNull();
    reply();
  });
});

describe('Expect: 100-continue (RFC 9110 §10.1.1)', () => {
  const expecting = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n';

  test('is met when the handler asks for the body', async () => {
    const { handler, requests, reply } = deferred();
    const { wire } = served(handler);
    await wire.receive(expecting);
    await quiet();
    expect(wire.sent).toBe('');
    const text = requests[0]?.body.text();
    expect(wire.take()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    await wire.receive('ab');
    reply({ body: (await text) ?? '' });
    await quiet();
    expect(sent(wire)).toMatch(/\r\n\r\nab$/);
    expect(wire.near.ended).toBe(false);
  });

  test('is refused by a reply that comes first', async () => {
    const { wire } = served(() => ({ status: 417 }));
    await wire.receive(expecting);
    expect(sent(wire)).toBe('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    expect(wire.near.ended).toBe(true);
  });

  test('is left to the handler where continue is manual', async () => {
    const { handler, requests, reply } = deferred();
    const { wire } = served(handler, { continue: 'manual' });
    await wire.receive(expecting);
    const text = requests[0]?.body.text();
    await quiet();
    expect(wire.sent).toBe('');
    requests[0]?.inform(100);
    await quiet();
    expect(wire.take()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    await wire.receive('ab');
    expect(await text).toBe('ab');
    reply();
  });
});

describe('inform (RFC 9110 §15.2)', () => {
  test('sends interim responses before the response', async () => {
    const { wire } = served((request) => {
      request.inform(103, [['Link', '</s>; rel=preload']]);
      return { body: 'x' };
    });
    await wire.receive(get);
    expect(sent(wire)).toBe(
      'HTTP/1.1 103 Early Hints\r\nLink: </s>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
    );
  });

  test('throws behind the response, and does nothing when the client is gone', async () => {
    const { handler, requests, reply } = deferred();
    const { wire } = served(handler);
    await wire.receive(get);
    reply();
    await quiet();
    expect(() => requests[0]?.inform(103)).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    await wire.receive(get);
    await wire.reset();
    requests[1]?.inform(103);
  });
});

describe('the end', () => {
  test('shutdown closes an idle connection at once', async () => {
    const { wire, serving, clock } = served(() => ({}));
    await wire.receive(get);
    serving.shutdown();
    expect(wire.near.ended).toBe(true);
    await wire.receiveEnd();
    await serving.done;
    expect(clock.pending).toBe(0);
  });

  test('shutdown finishes the request that is open, says close, and takes no other', async () => {
    const { handler, requests, reply } = deferred();
    const { wire, serving } = served(handler);
    await wire.receive(get + get);
    serving.shutdown();
    expect(wire.near.ended).toBe(false);
    reply({ body: 'x' });
    await quiet();
    expect(sent(wire)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx');
    expect(requests.length).toBe(1);
    expect(wire.near.ended).toBe(true);
    await wire.receiveEnd();
    await serving.done;
  });

  test('close is at once, aborts the signal, and is no error', async () => {
    const { handler, requests } = deferred();
    const { wire, serving, errors, clock } = served(handler);
    await wire.receive(get);
    const signal = requests[0]?.signal;
    serving.close();
    expect(wire.near.destroyed).not.toBeNull();
    expect(signal?.aborted).toBe(true);
    expect(errors).toEqual([]);
    expect(clock.pending).toBe(0);
    serving.close();
    serving.shutdown();
    await serving.done;
  });

  test('an idle connection closes after timeouts.idle', async () => {
    const { wire, clock, serving } = served(() => ({}));
    await wire.receive(get);
    await clock.advance(4_999);
    expect(wire.near.ended).toBe(false);
    await clock.advance(1);
    expect(wire.near.ended).toBe(true);
    await clock.advance(2_000);
    expect(wire.near.destroyed).not.toBeNull();
    await serving.done;
  });

  test('a response is not cut by the end of the connection: the transport closes when it is out', async () => {
    const { wire, serving } = served(() => ({ body: 'x' }));
    await wire.receive('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(wire.near.ended).toBe(true);
    await wire.receiveEnd();
    await serving.done;
    expect(wire.near).toMatchObject({ destroyed: null, closed: { cause: undefined } });
  });

  test('a transport that never closes, since nobody takes its end, is destroyed after timeouts.linger', async () => {
    const { wire, clock, serving } = served(() => ({ body: 'x' }), { timeouts: { linger: 300 } });
    wire.stop();
    await wire.receive('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await wire.receiveEnd();
    await clock.advance(299);
    expect(wire.near).toMatchObject({ ended: true, closed: null });
    await clock.advance(1);
    expect(wire.near.destroyed).not.toBeNull();
    await serving.done;
    expect(clock.pending).toBe(0);
  });
});

describe.each(cuts)('requests cut %s', (_, cut) => {
  test('are handled in order, each with its body and trailers', async () => {
    const seen: string[] = [];
    const wire = new Wire({ cut });
    served(
      async ({ method, target, headers, body, trailers }) => {
        const text = await body.text();
        seen.push(`${method} ${target} ${headers.get('x') ?? '-'} ${text} ${(await trailers)?.get('y') ?? '-'}`);
        return { body: text };
      },
      { wire },
    );
    await wire.receive(
      'POST /a HTTP/1.1\r\nHost: x\r\nX: 1\r\nContent-Length: 3\r\n\r\nabc' +
        'POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n3;q="\\""\r\nfgh\r\n0\r\nY: 2\r\n\r\n' +
        '\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\n',
    );
    await quiet();
    expect(seen).toEqual(['POST /a 1 abc -', 'POST /b - defgh 2', 'GET /c -  -']);
    expect(sent(wire).match(/HTTP\/1\.1 200 OK/g)?.length).toBe(3);
  });

  test('get the same answer to the same mistake', async () => {
    const wire = new Wire({ cut });
    const { errors } = served(() => ({ body: 'x' }), { wire });
    await wire.receive(`${get}GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n${get}`);
    expect(sent(wire).match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
    expect(errors.length).toBe(1);
  });
});
