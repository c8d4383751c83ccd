// toFetch() in memory: what goes over the wire, what its errors tell, and what becomes of what nobody reads. What it does as the
// platform's fetch does is in the behaviour table.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type CallOptions, Connection, type Handler, type IncomingResponse, RetryError } from '@halfpipe/driver';
import { Clock, openTo, pair, ScriptedPeer } from '@halfpipe/testing';
import { type Caller, type FetchInit, type ToFetchOptions, toFetch } from '../src/index.ts';

const url = 'http://a.example/';

/** A connection to that handler, for which no time passes. */
function connectionTo(handler: Handler): Connection {
  const clock = new Clock();
  return Connection.create(openTo(handler, { clock }), { timers: clock });
}

function fetchFrom(handler: Handler, options?: ToFetchOptions) {
  return toFetch(connectionTo(handler), options);
}

/** What arrives of a request. */
async function sent(input: string | Request, init?: FetchInit, options?: ToFetchOptions): Promise<string> {
  const fetch = fetchFrom(async ({ method, target, headers, body }) => {
    const lines = [
      `${method} ${target}`,
      ...[...headers].map(([name, value]) => `${name}: ${value}`),
      await body.text(),
    ];
    return { body: lines.join('\n') };
  }, options);
  return await (await fetch(input, init)).text();
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => null,
    (error: unknown) => error,
  );
}

describe('what is sent', () => {
  test('is what was said and Host, nothing else', async () => {
    expect(await sent('http://a.example:8080/b?c#d')).toBe('GET /b?c\nHost: a.example:8080\n');
  });

  test('has the fields that every request gets, but where it has its own', async () => {
    const options = { headers: { 'User-Agent': 'Ours', Accept: '*/*' } };
    expect(await sent(url, { headers: { 'user-agent': 'Mine' } }, options)).toBe(
      'GET /\nHost: a.example\nuser-agent: Mine\naccept: */*\n',
    );
  });

  test('fields that every request gets are checked at once', () => {
    const connection = Connection.create(() => new Promise(() => {}));
    expect(() => toFetch(connection, { headers: { 'a b': 'c' } })).toThrow(
      expect.objectContaining({ name: 'TypeError' }),
    );
  });

  test('names another Host where that is asked for', async () => {
    expect(await sent(url, { headers: { Host: 'b.example' } })).toBe('GET /\nhost: b.example\n');
  });

  test('may close the connection', async () => {
    expect(await sent(url, { headers: { Connection: 'close' } })).toBe('GET /\nHost: a.example\nconnection: close\n');
  });

  test('is what it was when fetch was called', async () => {
    const body = new Uint8Array([0x61, 0x62]);
    const text = sent(url, { method: 'POST', body });
    body.fill(0x63);
    expect(await text).toBe('POST /\nHost: a.example\nContent-Length: 2\nab');
  });

  test('has the length of a blob once, also where it was said', async () => {
    const init = { method: 'POST', body: new Blob(['abc']), headers: { 'Content-Length': '3' } };
    expect(await sent(url, init)).toBe('POST /\nHost: a.example\ncontent-length: 3\nabc');
  });

  test.each<[name: string, init: FetchInit, rest: string]>([
    ['GET', {}, ''],
    ['text', { method: 'POST', body: 'abc' }, 'content-type: text/plain;charset=UTF-8\nContent-Length: 3\nabc'],
    ['a blob', { method: 'POST', body: new Blob(['abc']) }, 'content-length: 3\nabc'],
  ])('is all there where no Request shows its body: %s', async (_, init, rest) => {
    class BlindRequest extends Request {
      override readonly body: ReadableStream<Uint8Array<ArrayBuffer>> = undefined as never; // as in Firefox, which has no such property
    }
    const original = globalThis.Request;
    globalThis.Request = BlindRequest;
    try {
      const expected = `${init.method ?? 'GET'} /\nHost: a.example\n${rest}`;
      expect(await sent(url, init)).toBe(expected);
      expect(await sent(new Request(url, init))).toBe(expected.replace('content-length', 'Content-Length'));
    } finally {
      globalThis.Request = original;
    }
  });
});

describe('an error', () => {
  test('of a call tells whether it may be repeated', async () => {
    const peer = new ScriptedPeer().expectHead({ start: 'GET /' }).reset();
    const error = await errorOf(toFetch(Connection.create(peer.open))(url));
    expect(error).toMatchObject({ name: 'TypeError', message: `Cannot fetch: GET ${url}` });
    expect(error).toHaveProperty('cause', expect.any(RetryError));
    expect(error).toMatchObject({ cause: { retry: 'if-idempotent', why: 'unanswered' } });
    await peer.done;
  });

  test('of dialling has its cause', async () => {
    const cause = new Error('refused');
    const error = await errorOf(toFetch(Connection.create(() => Promise.reject(cause)))(url));
    expect(error).toMatchObject({ name: 'TypeError', cause });
  });

  test('within a body has its cause', async () => {
    const peer = new ScriptedPeer()
      .expectHead({ start: 'GET /' })
      .send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc')
      .end();
    const response = await toFetch(Connection.create(peer.open))(url);
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value).toHaveLength(3);
    const error = await errorOf(reader?.read() ?? Promise.resolve());
    expect(error).toMatchObject({ name: 'TypeError', cause: { retry: 'never', why: 'partial-response' } });
  });

  test.each<[name: string, init: FetchInit, cause: object]>([
    ['a wrong length', { method: 'POST', body: 'abc', headers: { 'Content-Length': '2' } }, { code: 'ERR_HEAD' }],
    ['a length of nothing', { headers: { 'Content-Length': '2' } }, { code: 'ERR_HEAD' }],
    ['Expect without a body', { headers: { Expect: '100-continue' } }, { code: 'ERR_HEAD' }],
    ['a Host that is none', { headers: { Host: 'a,b' } }, { code: 'ERR_HEAD' }],
    [
      'a stream of text',
      { method: 'POST', body: new ReadableStream({ start: (c) => c.enqueue('a') }), duplex: 'half' },
      { name: 'TypeError' },
    ],
    [
      'a stream that fails',
      { method: 'POST', body: new ReadableStream({ start: (c) => c.error(new RangeError('no')) }), duplex: 'half' },
      { message: 'no' },
    ],
  ])('of what cannot be sent has its cause: %s', async (_, init, cause) => {
    expect(await errorOf(sent(url, init))).toMatchObject({
      name: 'TypeError',
      message: expect.stringMatching(/^Cannot fetch: /),
      cause,
    });
  });

  test('is not made of the reason of a signal', async () => {
    const reason = { any: 'thing' };
    expect(await errorOf(sent(url, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });

  test('is a TypeError for 101, whose connection is let go of', async () => {
    const [upgrade] = pair();
    const fetch = toFetch(callerOf({ status: 101, reason: '', framing: 'none', upgrade }));
    expect(await errorOf(fetch(url))).toMatchObject({
      name: 'TypeError',
      cause: { message: 'Cannot make a Response of status 101' },
    });
    expect(upgrade.destroyed).not.toBeNull();
  });

  /** Whoever makes calls may be anybody; a connection gives no 101 that nobody has asked for. */
  function callerOf(response: Partial<IncomingResponse>): Caller {
    return { call: async () => ({ body: { cancel: () => {} }, headers: [], ...response }) as never };
  }
});

describe('a signal', () => {
  test('of a Request is heard though nobody holds the Request', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage: () => void = runInNewContext('gc');
    const controller = new AbortController();
    const fetch = fetchFrom(() => ({ body: new ReadableStream() }));
    const response = await fetch(new Request(url, { signal: controller.signal }));
    for (let turn = 0; turn < 3; turn++) {
      await new Promise(setImmediate);
      collectGarbage();
    }
    const error = errorOf(response.text());
    controller.abort('enough');
    expect(await error).toBe('enough');
  });

  test('that has aborted keeps a body from being read', async () => {
    const asked: string[] = [];
    const source = {
      pull: () => void asked.push('pull'),
      cancel: (reason: unknown) => void asked.push(String(reason)),
    };
    const body = new ReadableStream(source, { highWaterMark: 0 });
    const init: FetchInit = { method: 'POST', body, duplex: 'half', signal: AbortSignal.abort('enough') };
    expect(await errorOf(sent(url, init))).toBe('enough');
    expect(asked).toEqual(['enough']);
  });

  test('is let go of when all is over', async () => {
    const calls: CallOptions[] = [];
    const connection = connectionTo(() => ({ body: 'abc' }));
    const caller: Caller = {
      call(method, target, options) {
        if (options !== undefined) calls.push(options);
        return connection.call(method, target, options);
      },
    };
    const { signal } = new AbortController();
    await (await toFetch(caller)(url, { signal })).text();
    await (await toFetch(caller)(url)).text();
    expect(calls.map((options) => options.signal)).toEqual([signal, undefined]);
  });
});

describe('what nobody reads', () => {
  test('does not hold up the end of a connection', async () => {
    const connection = connectionTo(() => ({ body: 'abc' }));
    const response = await toFetch(connection)(url);
    expect(response.status).toBe(200);
    await connection[Symbol.asyncDispose]();
    expect(await response.text()).toBe('abc');
  });

  test.each([204, 205, 304])('does not hold up the next response: %d', async (status) => {
    const fetch = fetchFrom(({ target }) => (target === '/' ? { status } : { body: 'next' }));
    expect((await fetch(url)).body).toBeNull();
    expect(await (await fetch(`${url}next`)).text()).toBe('next');
  });

  test('of a 205, which must have nothing, does not hold up the next response', async () => {
    const peer = new ScriptedPeer()
      .expectHead({ start: 'GET /' })
      .send('HTTP/1.1 205 Reset Content\r\nContent-Length: 3\r\n\r\nabc')
      .expectHead({ start: 'GET /next' })
      .send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
    const fetch = toFetch(Connection.create(peer.open, { timers: new Clock() }));
    expect((await fetch(url)).body).toBeNull();
    expect(await (await fetch(`${url}next`)).text()).toBe('next');
    await peer.done;
  });

  test('of a redirect that is refused does not hold up the next response', async () => {
    const fetch = fetchFrom(({ target }) => (target === '/' ? { status: 302, body: 'moved' } : { body: 'next' }));
    expect(await errorOf(fetch(url, { redirect: 'error' }))).toMatchObject({
      cause: { message: 'Cannot take a redirect: 302' },
    });
    expect(await (await fetch(`${url}next`)).text()).toBe('next');
  });

  test('of a request is cancelled when the call cannot be made', async () => {
    const connection = connectionTo(() => ({}));
    connection.close();
    const reasons: unknown[] = [];
    const body = new ReadableStream({
      cancel: (reason) => {
        reasons.push(reason);
      },
    });
    await errorOf(toFetch(connection)(url, { method: 'POST', body, duplex: 'half' }));
    expect(reasons).toEqual([expect.any(RetryError)]);
  });
});

test('one fetch is the back end of another server, fields of its connection left behind', async () => {
  const { fromFetch } = await import('../src/index.ts');
  const back = fetchFrom(({ headers, version }) => ({
    headers: [
      ['Connection', 'X-Hop'],
      ['X-Hop', 'a'],
      ['X-End', 'b'],
      ['Set-Cookie', 'c=1'],
      ['Set-Cookie', 'd=2'],
    ],
    body: `${version} ${headers.has('te')} ${headers.get('x-front')}`,
  }));
  const front = fetchFrom(fromFetch((request) => back(request)));
  const response = await front(url, { headers: { 'X-Front': 'e' } });
  expect(await response.text()).toBe('1.1 false e');
  expect([response.headers.get('x-hop'), response.headers.get('x-end')]).toEqual([null, 'b']);
  expect(response.headers.getSetCookie()).toEqual(['c=1', 'd=2']);
});
