// What a call sends: target, Host, body; and what ends it early: its signal, its source, the server.

import { Connection, type ConnectionOptions, type IncomingResponse, RetryError } from '@halfpipe/driver';
import { bytes, Clock, ScriptedPeer } from '@halfpipe/testing';
import { CountedSource, cuts, quiet, Wire } from './wire.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const noContent = 'HTTP/1.1 204 No Content\r\n\r\n';

function connected(options: ConnectionOptions & { wire?: Wire } = {}) {
  const wire = options.wire ?? new Wire();
  const clock = new Clock();
  return { connection: Connection.create(wire.open, { timers: clock, ...options }), wire, clock };
}

/** A connection whose server is known to persist and to read chunks. */
async function decided(options: ConnectionOptions & { wire?: Wire } = {}) {
  const all = connected(options);
  const call = all.connection.call('HEAD', 'http://x/');
  await quiet();
  await all.wire.receive('HTTP/1.1 200 OK\r\n\r\n');
  await call;
  all.wire.take();
  return all;
}

/** A server that keeps the connection, as it shows by its answer to a HEAD. */
function keeping(): ScriptedPeer {
  return new ScriptedPeer().expect('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n').send('HTTP/1.1 200 OK\r\n\r\n');
}

function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield bytes(text);
}

describe('the request line and Host (RFC 9112 §3.2)', () => {
  test.each<[string, string, string | URL, object, string]>([
    ['origin-form', 'GET', 'http://a.example/p?q', {}, 'GET /p?q HTTP/1.1\r\nHost: a.example\r\n\r\n'],
    [
      'origin-form of a URL object',
      'GET',
      new URL('http://a.example'),
      {},
      'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n',
    ],
    ['a fragment, which stays here', 'GET', 'http://a.example/p#f', {}, 'GET /p HTTP/1.1\r\nHost: a.example\r\n\r\n'],
    ['the default port, left out', 'GET', 'https://a.example:443/', {}, 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'],
    ['another port', 'GET', 'http://[::1]:8080/', {}, 'GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n'],
    [
      'absolute-form',
      'GET',
      'http://a.example/p?q',
      { absoluteForm: true },
      'GET http://a.example/p?q HTTP/1.1\r\nHost: a.example\r\n\r\n',
    ],
    ['authority-form', 'CONNECT', 'a.example:443', {}, 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n'],
    [
      'authority-form of a URL',
      'CONNECT',
      'https://a.example',
      {},
      'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n',
    ],
    ['asterisk-form', 'OPTIONS', '*', { headers: [['Host', 'h']] }, 'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a path with its Host', 'GET', '/p#f', { headers: [['Host', 'h']] }, 'GET /p HTTP/1.1\r\nHost: h\r\n\r\n'],
    [
      'a Host of the caller, where he put it',
      'GET',
      'http://a.example/',
      {
        headers: [
          ['Accept', '*/*'],
          ['host', 'h'],
        ],
      },
      'GET / HTTP/1.1\r\nAccept: */*\r\nhost: h\r\n\r\n',
    ],
    [
      'Host before the other fields',
      'GET',
      'http://a.example/',
      { headers: new Map([['Accept', '*/*']]) },
      'GET / HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n',
    ],
  ])('%s', async (_, method, url, options, sent) => {
    const peer = new ScriptedPeer().expect(sent).send(noContent);
    expect((await Connection.create(peer.open).call(method, url, options)).status).toBe(204);
    await peer.done;
  });

  test('a path gets the Host of the call before', async () => {
    const peer = keeping().expect('GET /p HTTP/1.1\r\nHost: x\r\n\r\n').send(noContent);
    const connection = Connection.create(peer.open);
    await connection.call('HEAD', 'http://x/');
    await connection.call('GET', '/p');
    await peer.done;
  });

  test.each<[string, string, string]>([
    ['userinfo', 'GET', 'http://user:secret@a.example/'],
    ['userinfo in CONNECT', 'CONNECT', 'http://user@a.example:80'],
    ['no URL', 'GET', 'nonsense'],
    ['a path without a Host', 'GET', '/p'],
    ['a URL without a host', 'GET', 'mailto:someone'],
    ['an asterisk to GET', 'GET', '*'],
  ])('%s is a TypeError, and nothing is queued', async (_, method, url) => {
    const { connection, wire } = connected();
    await expect(connection.call(method, url)).rejects.toMatchObject({ name: 'TypeError' });
    expect(connection.length).toBe(0);
    await quiet();
    expect(wire.sent).toBe('');
  });

  test('a field that cannot be sent is a LocalProtocolError, and the connection goes on', async () => {
    const { connection, wire } = connected();
    await expect(connection.call('GET', 'http://x/', { headers: [['A', 'b\r\nc']] })).rejects.toMatchObject({
      code: 'ERR_HEAD',
    });
    const call = connection.call('GET', 'http://x/');
    await quiet();
    await wire.receive(ok);
    expect((await call).status).toBe(200);
  });
});

describe('a body', () => {
  test.each<[string, string, object, string]>([
    ['of text is UTF-8 with its length', 'POST', { body: 'é' }, 'Content-Length: 2\r\n\r\n\xc3\xa9'],
    ['of bytes has its length', 'PUT', { body: bytes('abc') }, 'Content-Length: 3\r\n\r\nabc'],
    ['that is missing is of length 0 to POST (RFC 9110 §8.6)', 'POST', {}, 'Content-Length: 0\r\n\r\n'],
    ['that is missing is unsaid to DELETE', 'DELETE', {}, '\r\n'],
    [
      'in pieces under a length given',
      'POST',
      { body: pieces('ab', 'c'), headers: [['Content-Length', '3']] },
      'Content-Length: 3\r\n\r\nabc',
    ],
  ])('%s', async (_, method, options, sent) => {
    const peer = new ScriptedPeer().expect(`${method} / HTTP/1.1\r\nHost: x\r\n${sent}`).send(noContent);
    await Connection.create(peer.open).call(method, 'http://x/', options);
    await peer.done;
  });

  test.each<[string, () => AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ReadableStream<Uint8Array>]>([
    ['an async iterable', () => pieces('ab', 'c')],
    ['an iterable', () => [bytes('ab'), bytes('c')]],
    [
      'a stream',
      () =>
        new ReadableStream({
          start(controller) {
            controller.enqueue(bytes('ab'));
            controller.enqueue(bytes('c'));
            controller.close();
          },
        }),
    ],
  ])('of unknown length as %s goes out in chunks (RFC 9112 §7.1)', async (_, source) => {
    const peer = keeping()
      .expect('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
      .expect('2\r\nab\r\n1\r\nc\r\n0\r\n\r\n')
      .send(noContent);
    const connection = Connection.create(peer.open);
    await connection.call('HEAD', 'http://x/');
    await connection.call('POST', 'http://x/', { body: source() });
    await peer.done;
  });

  test('gets its trailers when it has been sent', async () => {
    const { connection, wire } = await decided();
    let asked = false;
    const body = async function* () {
      yield bytes('ab');
      expect(asked).toBe(false);
    };
    const call = connection.call('POST', 'http://x/', {
      body: body(),
      trailers: () => {
        asked = true;
        return [['X-Sum', '1']];
      },
    });
    await quiet();
    expect(wire.sent).toContain('\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n');
    await wire.receive(noContent);
    await call;
  });

  test('of text with trailers goes out in chunks', async () => {
    const { connection, wire } = await decided();
    const call = connection.call('POST', 'http://x/', { body: 'ab', trailers: () => [['X-Sum', '1']] });
    await quiet();
    expect(wire.sent).toContain('Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n');
    await wire.receive(noContent);
    await call;
  });

  test('is asked for no faster than the transport takes it', async () => {
    const { connection, wire } = await decided({ wire: new Wire({ bufferSize: 1 }) });
    wire.stop();
    const source = new CountedSource(new Uint8Array(16 * 1024));
    const call = outcome(connection.call('POST', 'http://x/', { body: source }));
    await quiet();
    const asked = source.asked;
    expect(asked).toBeLessThan(8);
    await quiet();
    expect(source.asked).toBe(asked);
    await wire.flow(100_000);
    await quiet();
    expect(source.asked).toBeGreaterThan(asked + 4);
    expect(source.asked).toBeLessThan(asked + 12);
    connection.close();
    await call;
    await quiet();
    expect(source.closed).toBe(true);
  });

  test.each<[string, AsyncIterable<Uint8Array>, string]>([
    [
      'throws',
      (async function* () {
        yield bytes('ab');
        throw new Error('no more');
      })(),
      'no more',
    ],
    [
      'gives something else than bytes',
      // The type says otherwise; a caller without types may do it.
      JSON.parse('["text"]'),
      'Cannot send a piece of a body that is not a Uint8Array: string',
    ],
  ])('whose source %s rejects the call with that, and closes the connection', async (_, body, message) => {
    const { connection, wire } = await decided();
    await expect(connection.call('POST', 'http://x/', { body })).rejects.toThrow(message);
    expect(wire.near.destroyed).not.toBeNull();
    expect(connection).toMatchObject({ closed: true, length: 0 });
  });

  test('shorter than its Content-Length rejects the call', async () => {
    const { connection } = connected();
    const call = connection.call('POST', 'http://x/', { body: pieces('ab'), headers: [['Content-Length', '3']] });
    await expect(call).rejects.toMatchObject({ code: 'ERR_BODY_LENGTH' });
  });
});

describe('a body of unknown length for a server that is not known yet (RFC 9112 §6.1)', () => {
  test('gets a Content-Length if it is short', async () => {
    const peer = new ScriptedPeer()
      .expect('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc')
      .send(noContent);
    await Connection.create(peer.open).call('POST', 'http://x/', { body: pieces('ab', 'c') });
    await peer.done;
  });

  test('waits for the answer of another call, if there is one', async () => {
    const { connection, wire } = connected();
    const first = connection.call('HEAD', 'http://x/');
    const call = connection.call('POST', 'http://x/', { body: [new Uint8Array(70_000)] });
    await quiet();
    expect(wire.take()).toBe('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.receive('HTTP/1.1 200 OK\r\n\r\n');
    await first;
    await quiet();
    expect(wire.sent).toMatch(/^POST \/ HTTP\/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n11170\r\n/);
    await wire.receive(noContent);
    await call;
  });

  test('asks with OPTIONS * otherwise, and is not counted for it (RFC 9110 §9.3.7)', async () => {
    const source = new CountedSource(new Uint8Array(40_000), 3);
    const chunk = `9c40\r\n${'\0'.repeat(40_000)}\r\n`;
    const peer = new ScriptedPeer()
      .expect('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n')
      .do(() => {
        expect(connection.length).toBe(1);
        expect(source.asked).toBe(2);
      })
      .send('HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 3\r\n\r\nno!')
      .expect('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
      .expect(`${chunk.repeat(3)}0\r\n\r\n`)
      .send(noContent);
    const connection = Connection.create(peer.open);
    expect((await connection.call('POST', 'http://x/', { body: source })).status).toBe(204);
    expect(connection.length).toBe(0);
    await peer.done;
  });

  test.each<[string, string]>([
    ['speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n'],
    ['closes', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
  ])('rejects as unsent if the server %s', async (_, answer) => {
    const peer = new ScriptedPeer().expect('OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n').send(answer);
    const source = new CountedSource(new Uint8Array(70_000));
    const call = Connection.create(peer.open).call('POST', 'http://x/', { body: source });
    await expect(call).rejects.toMatchObject({ code: 'ERR_RETRY', retry: 'safe', why: 'unsent' });
    await peer.done;
    expect(source.closed).toBe(true);
  });

  test('is refused on a connection for one call only', async () => {
    const { connection } = connected({ persistent: false });
    const call = connection.call('POST', 'http://x/', { body: [new Uint8Array(70_000)] });
    await expect(call).rejects.toMatchObject({ code: 'ERR_HEAD' });
  });

  test('is asked for and sent even if the connection is to shut down', async () => {
    const { connection, wire } = connected();
    const call = connection.call('POST', 'http://x/', { body: [new Uint8Array(70_000)] });
    connection.shutdown();
    await quiet();
    await wire.receive(noContent);
    await quiet();
    expect(wire.sent).toMatch(/\r\n0\r\n\r\n$/);
    expect(wire.near.ended).toBe(true);
    await wire.receive(noContent);
    expect((await call).status).toBe(204);
  });
});

describe('an early response', () => {
  test('that is complete stops the body, whose source is closed', async () => {
    const { connection, wire } = await decided();
    wire.stop();
    const source = new CountedSource(new Uint8Array(70_000));
    const call = connection.call('POST', 'http://x/', { body: source });
    await quiet();
    await wire.receive('HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno');
    const response = await call;
    expect(await response.body.text()).toBe('no');
    await quiet();
    expect(source.closed).toBe(true);
    expect(connection.persistence).toMatchObject({ verdict: 'close', reason: 'early-response' });
  });

  test('that refuses and closes stops the body at its head (RFC 9112 §9.5)', async () => {
    const { connection, wire } = await decided();
    wire.stop();
    const source = new CountedSource(new Uint8Array(70_000));
    const call = connection.call('POST', 'http://x/', { body: source });
    await quiet();
    await wire.receive('HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\n');
    const response = await call;
    await quiet();
    expect(source.closed).toBe(true);
    await wire.receive('no');
    expect(await response.body.text()).toBe('no');
  });

  test('that only has begun lets the body go on', async () => {
    const { connection, wire } = await decided();
    let give: (piece: Uint8Array | null) => void = () => {};
    const body = async function* () {
      for (;;) {
        const piece = await new Promise<Uint8Array | null>((resolve) => {
          give = resolve;
        });
        if (piece === null) return;
        yield piece;
      }
    };
    const call = connection.call('POST', 'http://x/', { body: body() });
    await quiet();
    await wire.receive('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    const response = await call;
    const echo = response.body[Symbol.asyncIterator]();
    give(bytes('ab'));
    await quiet();
    expect(wire.sent).toMatch(/\r\n2\r\nab\r\n$/);
    await wire.receive('2\r\nab\r\n');
    expect(await echo.next()).toEqual({ done: false, value: bytes('ab') });
    give(null);
    await quiet();
    await wire.receive('0\r\n\r\n');
    expect(await echo.next()).toEqual({ done: true, value: undefined });
    expect(connection.closed).toBe(false);
  });
});

describe('expectContinue (RFC 9110 §10.1.1)', () => {
  const options = () => {
    const source = new CountedSource(bytes('ab'), 1);
    return { source, options: { body: source, expectContinue: true, headers: [['Content-Length', '2']] as const } };
  };
  const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n';

  test('reads and sends the body when 100 has come', async () => {
    const { connection, wire } = connected();
    const { source, options: given } = options();
    const informed: number[] = [];
    const call = connection.call('POST', 'http://x/', {
      ...given,
      onInformational: ({ status }) => informed.push(status),
    });
    await quiet();
    expect(wire.take()).toBe(head);
    expect(source.asked).toBe(0);
    await wire.receive('HTTP/1.1 100 Continue\r\n\r\n');
    await quiet();
    expect(wire.sent).toBe('ab');
    expect(informed).toEqual([100]);
    await wire.receive(noContent);
    await call;
  });

  test('sends it unasked after timeouts.continue', async () => {
    const { connection, wire, clock } = connected({ timeouts: { continue: 500 } });
    const { options: given } = options();
    const call = connection.call('POST', 'http://x/', given);
    await quiet();
    await clock.advance(499);
    await quiet();
    expect(wire.take()).toBe(head);
    await clock.advance(1);
    await quiet();
    expect(wire.sent).toBe('ab');
    await wire.receive(noContent);
    await call;
  });

  test('never reads it if a final response comes first', async () => {
    const { connection, wire } = connected();
    const { source, options: given } = options();
    const call = connection.call('POST', 'http://x/', given);
    await quiet();
    await wire.receive('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n');
    expect((await call).status).toBe(417);
    await quiet();
    expect(source).toMatchObject({ asked: 0, closed: true });
    expect(wire.sent).toBe(head);
    expect(connection.persistence).toMatchObject({ reason: 'refused-expectation' });
  });

  test('holds text back too, and means nothing without a body', async () => {
    const { connection, wire } = connected();
    const call = connection.call('POST', 'http://x/', { body: 'ab', expectContinue: true });
    await quiet();
    expect(wire.take()).toMatch(/Expect: 100-continue\r\n(?:Content-Length: 2\r\n)?\r\n$/);
    await wire.receive('HTTP/1.1 100 Continue\r\n\r\n');
    expect(wire.take()).toBe('ab');
    await wire.receive(noContent);
    await call;
    const bare = connection.call('GET', 'http://x/', { expectContinue: true });
    await quiet();
    expect(wire.sent).toBe('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.receive(noContent);
    await bare;
  });
});

describe('a signal', () => {
  test('that has aborted rejects the call, and nothing is queued', async () => {
    const { connection } = connected();
    const call = connection.call('GET', 'http://x/', { signal: AbortSignal.abort(new Error('stop')) });
    await expect(call).rejects.toThrow('stop');
    expect(connection.length).toBe(0);
  });

  test('takes a call from the queue before the connection is established', async () => {
    const wire = new Wire();
    let establish = () => {};
    const connection = Connection.create(
      () =>
        new Promise((resolve) => {
          establish = () => resolve(wire.near);
        }),
      { timers: new Clock() },
    );
    const controller = new AbortController();
    const aborted = outcome(connection.call('POST', 'http://x/a', { body: 'x', signal: controller.signal }));
    const call = connection.call('GET', 'http://x/b');
    controller.abort('why');
    expect(await aborted).toBe('why');
    expect(connection.length).toBe(1);
    establish();
    await quiet();
    expect(wire.sent).toBe('GET /b HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.receive(noContent);
    await call;
  });

  test('takes a waiting call from the queue', async () => {
    const { connection, wire } = connected();
    const controller = new AbortController();
    const first = connection.call('HEAD', 'http://x/a');
    const aborted = outcome(connection.call('GET', 'http://x/b', { signal: controller.signal }));
    const last = connection.call('GET', 'http://x/c');
    await quiet();
    controller.abort('why');
    expect(await aborted).toBe('why');
    expect(connection.length).toBe(2);
    await wire.receive('HTTP/1.1 200 OK\r\n\r\n');
    await first;
    expect(wire.sent).toBe('HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.receive(noContent);
    await last;
  });

  test('closes the connection of a call in flight, and what else is on it learns what it may do', async () => {
    const closed: number[] = [];
    const { connection, wire } = connected({ persistent: true, onClosed: () => void closed.push(1) });
    const controller = new AbortController();
    const aborted = outcome(connection.call('GET', 'http://x/a', { signal: controller.signal }));
    const sent = outcome(connection.call('GET', 'http://x/b'));
    const waiting = outcome(connection.call('POST', 'http://x/c', { body: 'x' }));
    await quiet();
    controller.abort('why');
    expect(wire.near.destroyed).toEqual({ cause: 'why' });
    expect(await aborted).toBe('why');
    expect(await sent).toMatchObject({ retry: 'if-idempotent' });
    expect(await waiting).toMatchObject({ retry: 'safe', why: 'unsent' });
    expect(closed).toEqual([1]);
    expect(connection).toMatchObject({ closed: true, length: 0 });
  });

  test('stops a body that is being sent', async () => {
    const { connection, wire } = await decided();
    wire.stop();
    const controller = new AbortController();
    const source = new CountedSource(new Uint8Array(70_000));
    const call = outcome(connection.call('POST', 'http://x/', { body: source, signal: controller.signal }));
    await quiet();
    controller.abort('why');
    expect(await call).toBe('why');
    await quiet();
    expect(source.closed).toBe(true);
  });

  test('stops a body that is being read ahead', async () => {
    const { connection, wire } = connected();
    const controller = new AbortController();
    let closed = false;
    const body = new ReadableStream<Uint8Array>({
      cancel() {
        closed = true;
      },
    });
    const call = outcome(connection.call('POST', 'http://x/', { body, signal: controller.signal }));
    await quiet();
    controller.abort('why');
    expect(await call).toBe('why');
    expect(closed).toBe(true);
    expect(connection).toMatchObject({ closed: false, length: 0 });
    expect(wire.sent).toBe('');
  });

  test('fails the body of a response that is being read', async () => {
    const { connection, wire } = connected();
    const controller = new AbortController();
    const call = connection.call('GET', 'http://x/', { signal: controller.signal });
    await quiet();
    await wire.receive('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    const { body } = await call;
    const text = outcome(body.text());
    controller.abort('why');
    expect(await text).toBe('why');
    expect(wire.near.destroyed).not.toBeNull();
  });

  test('has no effect behind the end of the response', async () => {
    const { connection, wire } = connected();
    const controller = new AbortController();
    const call = connection.call('GET', 'http://x/', { signal: controller.signal });
    await quiet();
    await wire.receive(ok);
    await (await call).body.discard();
    controller.abort();
    expect(connection.closed).toBe(false);
  });
});

describe.each(cuts)('responses cut %s', (_, cut) => {
  test('arrive whole: interim, chunked with trailers, and pipelined ones behind', async () => {
    const wire = new Wire({ cut });
    const { connection } = connected({ wire, persistent: true });
    const informed: [number, string | null][] = [];
    const first = connection.call('GET', 'http://x/a', {
      onInformational: ({ status, headers }) => informed.push([status, headers.get('link')]),
    });
    const others: Promise<IncomingResponse>[] = ['/b', '/c'].map((path) => connection.call('GET', `http://x${path}`));
    await quiet();
    await wire.receive(
      'HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n' +
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n' +
        'HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone' +
        'HTTP/1.1 200 OK\r\n\r\nuntil the end',
    );
    const response = await first;
    expect(informed).toEqual([[103, '</s>']]);
    expect(await response.body.text()).toBe('abcde');
    expect((await response.trailers)?.get('x-sum')).toBe('5');
    const second = await others[0]!; // there are two
    expect([second.status, second.reason, second.contentLength]).toEqual([404, 'Not Found', 4]);
    expect(await second.body.text()).toBe('none');
    const third = await others[1]!; // there are two
    const text = third.body.text();
    await wire.receiveEnd();
    expect(await text).toBe('until the end');
    expect(await third.trailers).toBeNull();
    expect(connection).toMatchObject({ closed: true, length: 0 });
  });
});

test('an onInformational that throws ends its call with that', async () => {
  const { connection, wire } = connected();
  const call = connection.call('GET', 'http://x/', {
    onInformational: () => {
      throw new Error('broken');
    },
  });
  await quiet();
  await wire.receive(`HTTP/1.1 103 Early Hints\r\n\r\n${ok}`);
  await expect(call).rejects.toThrow('broken');
  expect(connection.closed).toBe(true);
});

test('a mistake of the server is the cause of the RetryError', async () => {
  const { connection, wire } = connected();
  const call = outcome(connection.call('GET', 'http://x/'));
  await quiet();
  await wire.receive('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n');
  const error = await call;
  expect(error).toBeInstanceOf(RetryError);
  expect(error).toMatchObject({ cause: { name: 'RemoteProtocolError', code: 'ERR_FRAMING' } });
  expect(wire.near.destroyed).not.toBeNull();
});
