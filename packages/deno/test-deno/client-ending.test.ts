// Our client on connections that end: in the middle, at a word of its own, or while it is still sending. What it says of its calls.

import { createServer, type Socket } from 'node:net';
import { connect, create } from '../src/index.ts';
import { assert, destroyed, gate, listening, outcome, type Scope, test, turns } from './support.ts';

/** A server whose connections are sockets of node:net, which can be reset. */
async function acceptingSockets(scope: Scope, handler: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    handler(socket);
  });
  const port = await listening(server);
  scope.after(async () => {
    server.close();
    await Promise.all(sockets.map(destroyed));
  });
  return `http://127.0.0.1:${port}`;
}

/** The line that was asked, as the body. */
function answerTo(line: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${line.length}\r\n\r\n${line}`;
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

// A connection that ends in the middle.

test('what was answered is answered; the rest learns whether it may be repeated, and why', async (scope) => {
  const url = scope.accept(async (peer) => {
    let count = 0;
    for await (const _ of peer.heads()) {
      count += 1;
      if (count === 1) await peer.write(ok);
      if (count < 4) continue;
      await peer.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart');
      await peer.end();
    }
  });
  const connection = create(url, { persistent: true, maxInFlight: 4 });
  const calls = Array.from({ length: 7 }, (_, index) => outcome(connection.call('GET', `${url}/${index}`)));
  assert.deepEqual(await Promise.all(calls), [
    'ok',
    { retry: 'never', why: 'partial-response' },
    { retry: 'if-idempotent', why: 'unanswered' },
    { retry: 'if-idempotent', why: 'unanswered' },
    { retry: 'if-idempotent', why: 'unanswered' },
    { retry: 'safe', why: 'unsent' },
    { retry: 'safe', why: 'unsent' },
  ]);
});

test('calls behind a response that says close were sent, so only idempotent ones may be repeated', async (scope) => {
  const url = scope.accept(async (peer) => {
    let count = 0;
    for await (const _ of peer.heads()) {
      count += 1;
      if (count < 3) continue;
      await peer.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
      await peer.end();
    }
  });
  const connection = create(url, { persistent: true, maxInFlight: 3 });
  const calls = Array.from({ length: 4 }, (_, index) => outcome(connection.call('GET', `${url}/${index}`)));
  assert.deepEqual(await Promise.all(calls), [
    'ok',
    { retry: 'if-idempotent', why: 'behind-close' },
    { retry: 'if-idempotent', why: 'behind-close' },
    { retry: 'safe', why: 'unsent' },
  ]);
});

test('a call on an idle connection that the server had just reset says so', async (scope) => {
  const sockets: Socket[] = [];
  const url = await acceptingSockets(scope, (socket) => {
    sockets.push(socket);
    socket.on('data', () => socket.write(ok));
  });
  const connection = create(url);
  assert.equal(await outcome(connection.call('GET', `${url}/`)), 'ok');
  sockets[0]?.resetAndDestroy();
  // Sent in the same turn: the reset is in the kernel, and nobody has read it.
  assert.deepEqual(await outcome(connection.call('POST', `${url}/`, { body: 'x' })), {
    retry: 'if-idempotent',
    why: 'stale-idle',
  });
});

test('a body until the connection closes is whole when it closes with a FIN', async (scope) => {
  const url = scope.accept(async (peer) => {
    await peer.until('\r\n\r\n');
    await peer.write('HTTP/1.1 200 OK\r\n\r\nall of it');
    await peer.end();
    await peer.all();
  });
  const connection = create(url);
  assert.equal(await outcome(connection.call('GET', url)), 'all of it');
});

test('a body until the connection closes fails when it is reset', async (scope) => {
  const url = await acceptingSockets(scope, (socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nall of', () => socket.resetAndDestroy()));
  });
  const connection = create(url);
  assert.deepEqual(await outcome(connection.call('GET', url)), { retry: 'never', why: 'partial-response' });
});

// Ending it.

test('shutdown sends a FIN behind the last request, and the responses still come', async (scope) => {
  const url = scope.accept(async (peer) => {
    const lines: string[] = [];
    for await (const line of peer.heads()) lines.push(line);
    for (const line of lines) await peer.write(answerTo(line));
    await peer.end();
  });
  const connection = await connect(url, { persistent: true });
  const calls = ['/a', '/b', '/c'].map((path) => outcome(connection.call('GET', url + path)));
  connection.shutdown();
  assert.equal(connection.closed, true);
  assert.deepEqual(await outcome(connection.call('GET', url)), { retry: 'safe', why: 'unsent' });
  assert.deepEqual(await Promise.all(calls), ['GET /a HTTP/1.1', 'GET /b HTTP/1.1', 'GET /c HTTP/1.1']);
});

test('close fails every outstanding call at once', async (scope) => {
  const url = scope.accept((peer) => peer.all());
  const connection = await connect(url, { persistent: true });
  const calls = ['/a', '/b'].map((path) => outcome(connection.call('GET', url + path)));
  connection.close();
  await Promise.allSettled(calls);
  assert.equal(connection.closed, true);
  assert.equal(connection.length, 0);
});

test('if connecting fails, every waiting call rejects with the cause', async () => {
  const acceptor = Deno.listen({ hostname: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${acceptor.addr.port}`;
  acceptor.close();
  const connection = create(url);
  const calls = [connection.call('GET', url), connection.call('POST', url, { body: 'x' })];
  for (const call of calls) await assert.rejects(call, { code: 'ECONNREFUSED' });
  await assert.rejects(connect(url), { code: 'ECONNREFUSED' });
});

test('aborting gives up connecting, with the reason', async (scope) => {
  const url = scope.accept((peer) => peer.all());
  const reason = new Error('not any more');
  const controller = new AbortController();
  const connected = connect(url.replace('http:', 'https:'), { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(connected, reason);
});

test('an aborted call that waits leaves the queue; one in flight closes the connection', async (scope) => {
  const [arrived, ended] = [gate(), gate()];
  const url = scope.accept(async (peer) => {
    await peer.until('\r\n\r\n');
    arrived.open();
    await peer.all();
    ended.open();
  });
  const connection = create(url);
  const reason = new Error('not any more');
  const [inFlight, waiting] = [new AbortController(), new AbortController()];
  const first = connection.call('GET', url, { signal: inFlight.signal });
  const second = connection.call('GET', url, { signal: waiting.signal });
  waiting.abort(reason);
  await assert.rejects(second, reason);
  assert.equal(connection.closed, false);
  assert.equal(connection.length, 1);
  await arrived.promise;
  inFlight.abort(reason);
  await assert.rejects(first, reason);
  assert.equal(connection.closed, true);
  await ended.promise;
});

// An answer while the request is still being sent.

test('a 413 is read, and ends the upload', async (scope) => {
  const url = scope.accept(async (peer) => {
    await peer.until('\r\n\r\n');
    await peer.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 6\r\n\r\nenough');
    await peer.size();
    await peer.end();
  });
  let produced = 0;
  let closed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        produced += 65_536;
        yield new Uint8Array(65_536);
      }
    } finally {
      closed = true;
    }
  }
  const connection = create(url, { persistent: true });
  const response = await connection.call('POST', url, { body: endless() });
  assert.equal(response.status, 413);
  assert.equal(await response.body.text(), 'enough');
  assert.deepEqual(connection.persistence, { verdict: 'close', reason: 'early-response' });
  await turns(2);
  assert.equal(closed, true);
  const stopped = produced;
  await turns(2);
  assert.equal(produced, stopped);
});

test('a 413 of a server that closes without reading is preferred to the failing write', async (scope) => {
  const url = await acceptingSockets(scope, (socket) => {
    socket.once('readable', () => {
      socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n', () => socket.resetAndDestroy());
    });
  });
  // Ten times, since each time the client has a thousand writes to be caught at.
  for (let round = 0; round < 10; round++) {
    const connection = create(url, { persistent: true });
    const body = (function* () {
      for (let index = 0; index < 1_000; index++) yield new Uint8Array(65_536);
    })();
    const response = await connection.call('POST', url, { body });
    assert.equal(response.status, 413);
    connection.close();
  }
});
