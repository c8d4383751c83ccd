// Calls at the end of their connection, and of their own: each ends once, and is counted off once.

import { Connection, type Open, RetryError, serve } from '@halfpipe/driver';
import { bytes, Clock, openTo, pair, text } from '@halfpipe/testing';

const quiet = () => new Promise((resolve) => setImmediate(resolve));

const never: Open = () => new Promise(() => {});

test('a call that is aborted while onClosed is still busy with its loss is counted off once, and fails with its own reason', async () => {
  const connecting = new AbortController();
  const calling = new AbortController();
  let closed: () => void = () => {};
  const connection = Connection.create(never, {
    signal: connecting.signal,
    onClosed: () =>
      new Promise<void>((resolve) => {
        closed = resolve;
      }),
  });
  const aborted = connection.call('GET', 'http://a.example/', { signal: calling.signal });
  const lost = connection.call('GET', 'http://a.example/');
  connecting.abort(new Error('not now'));
  expect(connection.length).toBe(0);
  const reason = new Error('no longer wanted');
  calling.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  expect(connection.length).toBe(0);
  closed();
  await expect(lost).rejects.toThrow('not now');
  expect(connection.length).toBe(0);
  await expect(connection.call('GET', 'http://a.example/')).rejects.toBeInstanceOf(RetryError);
});

test('a call whose body is still read ahead while onClosed is busy with its loss is counted off once', async () => {
  const connecting = new AbortController();
  let closed: () => void = () => {};
  let last: () => void = () => {};
  async function* body() {
    yield new Uint8Array(10);
    await new Promise<void>((resolve) => {
      last = resolve;
    });
  }
  const [near] = pair();
  const connection = Connection.create(async () => near, {
    signal: connecting.signal,
    onClosed: () =>
      new Promise<void>((resolve) => {
        closed = resolve;
      }),
  });
  const lost = connection.call('PUT', 'http://a.example/', { body: body() });
  await quiet();
  near.reset();
  await quiet();
  expect(connection.length).toBe(0);
  last();
  await quiet();
  expect(connection.length).toBe(0);
  closed();
  await expect(lost).rejects.toMatchObject({ code: 'ERR_RETRY', retry: 'safe' });
  expect(connection.length).toBe(0);
});

test('notify() resolves at the closing of a connection that had closed before, and opened again', async () => {
  const [near, far] = pair();
  far.start({ bytes: () => {}, end: () => {}, writable: () => {}, closed: () => {} });
  const connection = Connection.create(async () => near);
  const first = connection.call('GET', 'http://a.example/');
  const unwanted = new AbortController();
  const headers = [['Connection', 'close']] as const;
  const last = connection.call('GET', 'http://a.example/', { headers, signal: unwanted.signal });
  await quiet();
  far.write(bytes('HTTP/1.1 103 \r\n\r\n'));
  await quiet();
  expect(connection.closed).toBe(true);
  unwanted.abort();
  await expect(last).rejects.toMatchObject({ name: 'AbortError' });
  expect(connection.closed).toBe(false);
  let told = false;
  void connection.notify().then(() => {
    told = true;
  });
  await quiet();
  expect(told).toBe(false);
  far.write(bytes('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n'));
  await first;
  await quiet();
  expect([connection.closed, connection.length, told]).toEqual([true, 1, true]);
  connection.close();
});

test('notify() tells once of a call that is to be the last, not again when it goes out', async () => {
  const [near, far] = pair();
  far.start({ bytes: () => {}, end: () => {}, writable: () => {}, closed: () => {} });
  let connect: () => void = () => {};
  const connection = Connection.create(
    () =>
      new Promise((resolve) => {
        connect = () => resolve(near);
      }),
  );
  void connection.notify();
  const call = connection.call('GET', 'http://a.example/', { headers: [['Connection', 'close']] });
  expect([connection.closed, connection.length]).toEqual([true, 1]);
  let told = false;
  void connection.notify().then(() => {
    told = true;
  });
  connect();
  await quiet();
  expect(near.bytesWritten).toBeGreaterThan(0);
  expect([connection.closed, connection.length, told]).toEqual([true, 1, false]);
  far.write(bytes('HTTP/1.1 204 \r\n\r\n'));
  await call;
  await quiet();
  expect([connection.length, told]).toEqual([0, true]);
  connection.close();
});

test('a body that is announced as empty is expected by nobody, whole or in pieces', async () => {
  const heads: string[] = [];
  const open = openTo((request) => {
    heads.push(`${request.headers.get('expect')}`);
  });
  const connection = Connection.create(open);
  const headers = [['Content-Length', '0']] as const;
  await connection.call('PUT', 'http://a.example/', { headers, body: '', expectContinue: true });
  await connection.call('PUT', 'http://a.example/', { headers, body: [], expectContinue: true });
  await connection.call('PUT', 'http://a.example/', { body: 'x', expectContinue: true });
  expect(heads).toEqual(['null', 'null', '100-continue']);
});

test('calls that end by a timeout, behind a body that nobody reads, end at once and with what became of them', async () => {
  const clock = new Clock();
  const [near, far] = pair();
  far.start({ bytes: () => {}, end: () => {}, writable: () => {}, closed: () => {} });
  let closedAt = 0;
  const connection = Connection.create(async () => near, {
    persistent: true,
    timers: clock,
    timeouts: { body: 50 },
    onClosed: () => {
      closedAt = clock.now();
    },
  });
  const begun = connection.call('GET', 'http://a.example/1');
  const behind = connection.call('GET', 'http://a.example/2');
  await quiet();
  far.write(bytes('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'));
  const { body } = await begun;
  const start = clock.now();
  const [[lost]] = await Promise.all([Promise.allSettled([behind]), clock.advance(50)]);
  expect([connection.length, closedAt - start]).toEqual([0, 50]);
  expect(lost).toMatchObject({ reason: { code: 'ERR_RETRY', retry: 'if-idempotent', why: 'unanswered' } });
  await expect(body.text()).rejects.toMatchObject({ retry: 'never', why: 'partial-response' });
});

test('a request that stalls is answered 408 in time, also where its handler does not read it', async () => {
  const clock = new Clock();
  const [near, far] = pair();
  let answer = '';
  near.start({
    bytes: (piece) => {
      answer += text(piece);
    },
    end: () => {},
    writable: () => {},
    closed: () => {},
  });
  serve(far, () => new Promise(() => {}), { timers: clock, timeouts: { body: 50 } });
  near.write(bytes('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\n'));
  await clock.advance(49);
  expect(answer).toBe('');
  await clock.advance(1);
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});
