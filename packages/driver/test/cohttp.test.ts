// Each sentence that the documentation of cohttp's Connection makes, and that ours makes after it.

import { type BodySource, Connection, type ConnectionOptions, RetryError, type Transport } from '@halfpipe/driver';
import { bytes, Clock } from '@halfpipe/testing';
import { quiet, Wire } from './wire.ts';

const url = 'http://example.com/';
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function connected(options: ConnectionOptions = {}): { connection: Connection; wire: Wire; clock: Clock } {
  const wire = new Wire();
  const clock = new Clock();
  return { connection: Connection.create(wire.open, { timers: clock, ...options }), wire, clock };
}

/** Something to dial that answers when the test says. */
function dialling(): {
  open: () => Promise<Transport>;
  wire: Wire;
  establish: () => void;
  fail: (cause: unknown) => void;
} {
  const wire = new Wire();
  let establish = () => {};
  let fail: (cause: unknown) => void = () => {};
  const promise = new Promise<Transport>((resolve, reject) => {
    establish = () => resolve(wire.near);
    fail = reject;
  });
  return { open: () => promise, wire, establish, fail };
}

function outcome(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'resolved',
    (error: unknown) => error,
  );
}

describe('create', () => {
  test('gives a handle that may be used at once, before the connection is established', async () => {
    const { open, wire, establish } = dialling();
    const connection = Connection.create(open, { timers: new Clock() });
    const call = connection.call('GET', url);
    await quiet();
    expect(wire.writes).toEqual([]);
    establish();
    await quiet();
    expect(wire.sent).toBe('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n');
    await wire.receive(ok);
    expect(await (await call).body.text()).toBe('ok');
  });

  test('dials once, before it returns', () => {
    let dialled = 0;
    Connection.create(() => {
      dialled++;
      return new Promise(() => {});
    });
    expect(dialled).toBe(1);
  });

  test('rejects every waiting call with the cause when connecting fails', async () => {
    const { open, fail } = dialling();
    const connection = Connection.create(open);
    const calls = [connection.call('GET', url), connection.call('POST', url, { body: 'x' })];
    const cause = new Error('refused');
    fail(cause);
    expect(await Promise.all(calls.map(outcome))).toEqual([cause, cause]);
    expect(await outcome(calls[0]!)).toBe(cause); // there are two
    expect(connection).toMatchObject({ closed: true, length: 0 });
  });

  test('takes an open that throws for one that rejects', async () => {
    const cause = new Error('cannot');
    const connection = Connection.create(() => {
      throw cause;
    });
    await expect(connection.call('GET', url)).rejects.toBe(cause);
    await expect(connection.call('GET', url)).rejects.toMatchObject({ retry: 'safe', why: 'unsent', cause });
    await expect(
      Connection.connect(() => {
        throw cause;
      }),
    ).rejects.toBe(cause);
  });
});

describe('persistent', () => {
  test('false: Connection: close is sent, and the connection closed as soon as possible', async () => {
    const { connection, wire } = connected({ persistent: false });
    const call = connection.call('GET', url);
    expect(connection.closed).toBe(true);
    await quiet();
    expect(wire.sent).toBe('GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n');
    await expect(connection.call('GET', url)).rejects.toMatchObject({ code: 'ERR_RETRY', retry: 'safe' });
    await wire.receive(ok);
    expect(await (await call).body.text()).toBe('ok');
    expect(wire.near.ended).toBe(true);
    expect(connection.persistence).toEqual({ verdict: 'close', reason: 'request-close' });
  });

  test('true: several requests go out before any reply', async () => {
    const { connection, wire } = connected({ persistent: true });
    const calls = ['/a', '/b', '/c'].map((path) => connection.call('GET', `http://x${path}`));
    await quiet();
    expect(wire.writes).toEqual([['/a', '/b', '/c'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join('')]);
    await wire.receive(ok + ok + ok);
    const texts: string[] = [];
    for (const call of calls) texts.push(await (await call).body.text());
    expect(texts).toEqual(['ok', 'ok', 'ok']);
  });

  test('absent: the first response decides', async () => {
    const { connection, wire } = connected();
    const calls = [
      connection.call('GET', 'http://x/a'),
      connection.call('GET', 'http://x/b'),
      connection.call('GET', 'http://x/c'),
    ];
    await quiet();
    expect(connection.persistence).toEqual({ verdict: 'undecided' });
    expect(wire.take()).toBe('GET /a HTTP/1.1\r\nHost: x\r\n\r\n');
    await wire.receive(ok);
    await (await calls[0])?.body.discard();
    expect(connection.persistence).toEqual({ verdict: 'keep' });
    expect(wire.sent).toBe('GET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\n\r\n');
    connection.close();
    await Promise.all(calls.slice(1).map(outcome));
  });
});

describe('connect', () => {
  test('resolves when the connection is established', async () => {
    const { open, establish } = dialling();
    let connection: Connection | null = null;
    const promise = Connection.connect(open).then((established) => {
      connection = established;
    });
    await quiet();
    expect(connection).toBeNull();
    establish();
    await promise;
    expect(connection).toMatchObject({ closed: false });
  });

  test('rejects when that fails', async () => {
    const { open, fail } = dialling();
    const promise = Connection.connect(open);
    const cause = new Error('refused');
    fail(cause);
    await expect(promise).rejects.toBe(cause);
  });

  test('rejects with the reason of its signal, even if open does not listen to it', async () => {
    const controller = new AbortController();
    const { open, wire, establish } = dialling();
    const promise = Connection.connect(open, { signal: controller.signal });
    controller.abort(new Error('too slow'));
    await expect(promise).rejects.toThrow('too slow');
    establish();
    await quiet();
    expect(wire.near.destroyed).not.toBeNull();
  });
});

describe('shutdown', () => {
  test('sends EOF, takes no new calls, and responses still arrive', async () => {
    const { connection, wire } = connected({ persistent: true });
    const calls = [connection.call('GET', 'http://x/a'), connection.call('GET', 'http://x/b')];
    connection.shutdown();
    await quiet();
    expect(wire.sent).toContain('GET /b');
    expect(wire.near.ended).toBe(true);
    expect(connection.closed).toBe(true);
    await expect(connection.call('GET', url)).rejects.toMatchObject({ retry: 'safe', why: 'unsent' });
    await wire.receive(ok + ok);
    for (const call of calls) expect(await (await call).body.text()).toBe('ok');
    expect(wire.near.destroyed).toBeNull();
    await wire.receiveEnd();
    await quiet();
    expect(connection.length).toBe(0);
  });

  test('waits until the calls that were taken have been sent, even before the connection is established', async () => {
    const { open, wire, establish } = dialling();
    const connection = Connection.create(open, { timers: new Clock() });
    const calls = [connection.call('GET', 'http://x/a'), connection.call('GET', 'http://x/b')];
    connection.shutdown();
    establish();
    await quiet();
    expect(wire.sent).toContain('GET /a');
    expect(wire.near.ended).toBe(false);
    await wire.receive(ok);
    await (await calls[0])?.body.discard();
    expect(wire.sent).toContain('GET /b');
    expect(wire.near.ended).toBe(true);
    await wire.receive(ok);
    await (await calls[1])?.body.discard();
  });

  test('of a connection that is not established and has nothing to do gives up connecting', async () => {
    let signal: AbortSignal | null = null;
    const connection = Connection.create((given) => {
      signal = given;
      return new Promise(() => {});
    });
    connection.shutdown();
    await connection[Symbol.asyncDispose]();
    expect(signal).toMatchObject({ aborted: true });
  });
});

describe('close', () => {
  test('is at once, and every outstanding call fails', async () => {
    const { connection, wire } = connected({ persistent: true });
    const calls = [connection.call('GET', url), connection.call('POST', url, { body: 'x' })];
    await quiet();
    connection.close();
    expect(wire.near.destroyed).not.toBeNull();
    expect(connection).toMatchObject({ closed: true, length: 0 });
    expect(await Promise.all(calls.map(outcome))).toMatchObject([
      { code: 'ERR_RETRY', retry: 'if-idempotent', why: 'unanswered' },
      { code: 'ERR_RETRY', retry: 'safe', why: 'unsent' },
    ]);
  });

  test('before the connection is established aborts the dialling, and what it gives nevertheless is destroyed', async () => {
    const { open, wire, establish } = dialling();
    let signal: AbortSignal | null = null;
    const connection = Connection.create((given) => {
      signal = given;
      return open();
    });
    const call = connection.call('GET', url);
    connection.close();
    expect(signal).toMatchObject({ aborted: true });
    expect(await outcome(call)).toMatchObject({ retry: 'safe', why: 'unsent', bytesSent: 0 });
    establish();
    await quiet();
    expect(wire.near.destroyed).not.toBeNull();
  });

  test('fails the body of a response that has begun', async () => {
    const { connection, wire } = connected();
    const call = connection.call('GET', url);
    await quiet();
    await wire.receive('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');
    const { body } = await call;
    connection.close();
    await expect(body.text()).rejects.toMatchObject({ code: 'ERR_RETRY', retry: 'never', why: 'partial-response' });
  });
});

describe('closed', () => {
  test('is false exactly while it takes calls', async () => {
    const { connection, wire } = connected();
    expect(connection.closed).toBe(false);
    const call = connection.call('GET', url);
    await quiet();
    expect(connection.closed).toBe(false);
    await wire.receive('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n');
    const { body } = await call;
    expect(connection.closed).toBe(true);
    await expect(connection.call('GET', url)).rejects.toBeInstanceOf(RetryError);
    await wire.receive('ok');
    expect(await body.text()).toBe('ok');
  });

  test('turns true when an idle connection is ended by the peer', async () => {
    const { connection, wire } = connected();
    await quiet();
    await wire.receiveEnd();
    expect(connection.closed).toBe(true);
    expect(wire.near.ended).toBe(true);
  });
});

describe('length', () => {
  test('counts what is sent and what waits, until its response has been read', async () => {
    const { connection, wire } = connected();
    expect(connection.length).toBe(0);
    const calls = [connection.call('GET', url), connection.call('GET', url)];
    expect(connection.length).toBe(2);
    await quiet();
    await wire.receive(ok);
    const { body } = await calls[0]!; // there are two
    expect(connection.length).toBe(2);
    await body.discard();
    expect(connection.length).toBe(1);
    await wire.receive('HTTP/1.1 204 No Content\r\n\r\n');
    await calls[1];
    expect(connection.length).toBe(0);
  });
});

describe('notify', () => {
  test('resolves at each change of length', async () => {
    const { connection, wire } = connected();
    let changes = 0;
    const watch = async () => {
      for (;;) {
        await connection.notify();
        changes++;
        if (connection.closed) return;
      }
    };
    const watched = watch();
    const call = connection.call('HEAD', url);
    await quiet();
    expect(changes).toBe(1);
    await wire.receive('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
    await call;
    await quiet();
    expect(changes).toBe(2);
    connection.close();
    await watched;
  });

  test('resolves on closing, and at once when nothing can change any more', async () => {
    const { connection, wire } = connected();
    await quiet();
    const closing = connection.notify();
    await wire.receiveEnd();
    await closing;
    expect(connection.closed).toBe(true);
    await connection.notify();
  });

  test('waits for the calls that are outstanding on a connection that was shut down', async () => {
    const { connection, wire } = connected();
    const call = connection.call('HEAD', url);
    await quiet();
    connection.shutdown();
    let changed = false;
    const notified = connection.notify().then(() => {
      changed = true;
    });
    await quiet();
    expect(changed).toBe(false);
    await wire.receive('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
    await call;
    await notified;
    expect(connection.length).toBe(0);
  });
});

describe('onClosed', () => {
  test('runs once, before the calls still waiting fail', async () => {
    const order: string[] = [];
    const { connection } = connected({
      onClosed: (closed) => {
        order.push(closed === connection ? 'onClosed' : 'onClosed of another');
      },
    });
    const calls = [1, 2].map((n) => connection.call('GET', url).catch(() => order.push(`call ${n}`)));
    await quiet();
    connection.close();
    connection.close();
    await Promise.all(calls);
    expect(order).toEqual(['onClosed', 'call 1', 'call 2']);
  });

  test('is waited for by the calls still waiting', async () => {
    const order: string[] = [];
    let finish = () => {};
    const { connection } = connected({
      onClosed: () =>
        new Promise((resolve) => {
          finish = () => {
            order.push('finished');
            resolve();
          };
        }),
    });
    const call = connection.call('GET', url).catch(() => order.push('call'));
    await quiet();
    connection.close();
    await quiet();
    expect(order).toEqual([]);
    finish();
    await call;
    expect(order).toEqual(['finished', 'call']);
  });

  test('that throws or rejects keeps nobody waiting, and is told to onWarning', async () => {
    for (const onClosed of [
      () => {
        throw new Error('broken');
      },
      () => Promise.reject(new Error('broken')),
    ]) {
      const warnings: string[] = [];
      const { connection } = connected({ onClosed, onWarning: (message) => warnings.push(message) });
      const call = connection.call('GET', url);
      connection.close();
      expect(await outcome(call)).toBeInstanceOf(RetryError);
      expect(warnings).toEqual(['Cannot finish onClosed: Error: broken']);
    }
  });

  test('runs when connecting fails, and after an orderly end', async () => {
    let closed = 0;
    const onClosed = () => {
      closed++;
    };
    const { open, fail } = dialling();
    const call = outcome(Connection.create(open, { onClosed }).call('GET', url));
    fail(new Error('refused'));
    await call;
    expect(closed).toBe(1);

    const { connection, wire } = connected({ onClosed });
    const last = connection.call('HEAD', url);
    await quiet();
    connection.shutdown();
    await wire.receive('HTTP/1.1 200 OK\r\n\r\n');
    await last;
    await quiet();
    expect(closed).toBe(2);
  });
});

describe('a call that is not answered', () => {
  test('rejects with a RetryError that is safe if it could not be sent', async () => {
    const { connection, wire } = connected();
    await quiet();
    await wire.receiveEnd();
    const error = await outcome(connection.call('POST', url, { body: 'x' }));
    expect(error).toBeInstanceOf(RetryError);
    expect(error).toMatchObject({
      code: 'ERR_RETRY',
      retry: 'safe',
      why: 'unsent',
      bytesSent: 0,
      bytesReceived: 0,
      message: 'Cannot get an answer to POST /: none of it was sent',
    });
  });

  test('says if-idempotent or never once it has gone out, and why', async () => {
    const { connection, wire } = connected({ persistent: true });
    const calls = ['/a', '/b'].map((path) => outcome(connection.call('GET', `http://x${path}`)));
    const last = outcome(connection.call('POST', 'http://x/c', { body: 'x' }));
    await quiet();
    await wire.receive('HTTP/1.1 200 OK\r\nContent-Le');
    await wire.receiveEnd();
    const size = 'GET /a HTTP/1.1\r\nHost: x\r\n\r\n'.length;
    expect(await Promise.all(calls)).toMatchObject([
      { retry: 'never', why: 'partial-response', bytesSent: size, bytesReceived: 27, cause: { code: 'ERR_TRUNCATED' } },
      { retry: 'if-idempotent', why: 'unanswered', bytesSent: size, bytesReceived: 0 },
    ]);
    expect(await last).toMatchObject({ retry: 'safe', why: 'unsent', bytesSent: 0 });
  });

  test('counts what was sent of each of those that left the queue together', async () => {
    const { connection, wire } = connected();
    const first = connection.call('HEAD', 'http://x/');
    const calls = ['/b', '/longer', '/c'].map((path) => outcome(connection.call('GET', `http://x${path}`)));
    await quiet();
    await wire.receive('HTTP/1.1 200 OK\r\n\r\n');
    await first;
    connection.close();
    const head = 'GET  HTTP/1.1\r\nHost: x\r\n\r\n'.length;
    expect(await Promise.all(calls)).toMatchObject(
      ['/b', '/longer', '/c'].map((path) => ({ bytesSent: head + path.length })),
    );
  });

  test('counts what was sent of each, whatever their bodies, and of none what was not', async () => {
    const { connection, wire } = connected();
    async function* pieces(...texts: string[]) {
      for (const piece of texts) yield bytes(piece);
    }
    const put = (path: string, body: BodySource, length?: number) => {
      const headers: [string, string][] = length === undefined ? [] : [['Content-Length', String(length)]];
      return outcome(connection.call('PUT', `http://x${path}`, { body, headers }));
    };
    const first = connection.call('HEAD', 'http://x/');
    const calls = [
      put('/whole', 'abc'),
      put('/ahead', pieces('a', 'bc')), // read ahead, since the server is not known to read chunks
      put('/stated', pieces('abc', 'defg'), 7),
      outcome(connection.call('GET', 'http://x/get')),
      put('/again', pieces('a')),
    ];
    await quiet();
    wire.take();
    await wire.receive('HTTP/1.1 200 OK\r\n\r\n');
    await first;
    await quiet();
    const sent = wire.take();
    connection.close();
    const starts = ['/whole', '/ahead', '/stated', '/get', '/again'].map((path) => sent.search(`[A-Z]+ ${path} `));
    const order = [...starts].sort((a, b) => a - b);
    const sizes = starts.map((start) => (order[order.indexOf(start) + 1] ?? sent.length) - start);
    expect(order[0]).toBe(0);
    expect(await Promise.all(calls)).toMatchObject(sizes.map((bytesSent) => ({ why: 'unanswered', bytesSent })));
  });

  test('says stale-idle if the connection had been idle, behind-close if a response before it closed', async () => {
    const { connection, wire } = connected();
    const first = connection.call('HEAD', url);
    await quiet();
    await wire.receive('HTTP/1.1 200 OK\r\n\r\n');
    await first;
    const stale = outcome(connection.call('GET', url));
    await quiet();
    await wire.receiveEnd();
    expect(await stale).toMatchObject({ retry: 'if-idempotent', why: 'stale-idle' });

    const other = connected({ persistent: true });
    const calls = [other.connection.call('HEAD', url), outcome(other.connection.call('GET', url))];
    await quiet();
    await other.wire.receive('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n');
    expect(await calls[1]).toMatchObject({ retry: 'if-idempotent', why: 'behind-close' });
  });
});
