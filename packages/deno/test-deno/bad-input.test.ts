// What our server says over a real connection to those who do not speak HTTP well, and that others do not notice. The codes and
// statuses are those of the core, on every platform.

import { connect, type Handler } from '../src/index.ts';
import { assert, dialNode, each, gate, type Scope, test, turns } from './support.ts';

const hello: Handler = () => ({ body: 'hello' });

/** Everything that the server says until it ends its side, to these bytes. */
async function answerTo(scope: Scope, port: number, ...parts: string[]): Promise<string> {
  const peer = await scope.dial(port);
  for (const part of parts) await peer.write(part);
  return await peer.all();
}

each(
  [
    ['no HTTP at all', 'HELO example.com\r\n\r\n', 400, 'ERR_START_LINE'],
    ['a binary greeting', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'ERR_START_LINE'],
    ['a space in a field name', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400, 'ERR_HEADER'],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400, 'ERR_HEADER'],
    [
      'two ways to frame the body',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'ERR_FRAMING',
    ],
    [
      'two different lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n',
      400,
      'ERR_FRAMING',
    ],
    ['an unknown coding', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501, 'ERR_CODING'],
    ['a version of the future', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505, 'ERR_VERSION'],
  ] as const,
  '%s is answered, and the connection closes',
  async (scope, _, head, status, code) => {
    const told: unknown[] = [];
    const onError = (error: unknown, request: unknown) => told.push([(error as { code: string }).code, request]);
    const { port } = await scope.serve(hello, { onError });
    const answer = await answerTo(scope, port, head);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(answer, /^Connection: close\r$/m);
    assert.deepEqual(told, [[code, null]]);
  },
);

test('a head that is too large: 431', async (scope) => {
  const { port } = await scope.serve(hello, { limits: { headSize: 1_000 } });
  const answer = await answerTo(scope, port, 'GET / HTTP/1.1\r\nHost: x\r\n', `X-Long: ${'x'.repeat(1_000)}\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 431 /);
  assert.match(answer, /^Connection: close\r$/m);
});

test('a head that has too many fields: 431', async (scope) => {
  const { port } = await scope.serve(hello);
  const answer = await answerTo(scope, port, `GET / HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(101)}\r\n`);
  assert.match(answer, /^HTTP\/1\.1 431 /);
});

test('a body that is too large: 413, unless the handler has answered', async (scope) => {
  const echo: Handler = async (request) => ({ body: await request.body.text() });
  const { port } = await scope.serve(echo, { limits: { bodySize: 10 } });
  const answer = await answerTo(scope, port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world');
  assert.match(answer, /^HTTP\/1\.1 413 /);
});

test('a head that does not come to its end: 408', async (scope) => {
  const { port } = await scope.serve(hello, { timeouts: { head: 50 } });
  const answer = await answerTo(scope, port, 'GET / HTTP/1.1\r\nHos');
  assert.match(answer, /^HTTP\/1\.1 408 /);
  assert.match(answer, /^Connection: close\r$/m);
});

test('a connection that says nothing is closed without a word', async (scope) => {
  const { port } = await scope.serve(hello, { timeouts: { idle: 50 } });
  assert.equal(await answerTo(scope, port), '');
});

test('a chunk that is none, after the handler has begun to read: 400', async (scope) => {
  const { port } = await scope.serve(async (request) => ({ body: await request.body.text() }));
  const head = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.match(await answerTo(scope, port, head, '5\r\nhello\r\n', 'zz\r\n'), /^HTTP\/1\.1 400 /);
});

test('the requests before the bad one are answered', async (scope) => {
  const { port } = await scope.serve((request) => ({ body: request.target }));
  const answer = await answerTo(scope, port, 'GET /good HTTP/1.1\r\nHost: x\r\n\r\nbad\r\n\r\n');
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n\/goodHTTP\/1\.1 400 /);
});

test('the answer is not reset away: what the client still sends is read and dropped for a while', async (scope) => {
  const { port } = await scope.serve(hello, { timeouts: { linger: 10_000 } });
  const peer = await scope.dial(port);
  await peer.write('BAD\r\n\r\n');
  const answer = peer.all();
  // Enough to fill the buffers of both sides several times, were it not read.
  for (let index = 0; index < 200; index++) await peer.write(new Uint8Array(65_536));
  assert.match(await answer, /^HTTP\/1\.1 400 /);
  await peer.end();
});

test('a client that does not end its side is left after the linger', async (scope) => {
  const { port } = await scope.serve(hello, { timeouts: { linger: 50 } });
  const peer = await scope.dial(port);
  await peer.write('BAD\r\n\r\n');
  assert.match(await peer.all(), /^HTTP\/1\.1 400 /);
  // Still open on our side. The server lets go of it, which shows as a reset at the latest when something is written.
  await assert.rejects(async () => {
    for (;;) {
      await peer.write('x');
      await turns(1);
    }
  }, /Broken pipe|Connection reset/);
});

test('a request and then a FIN still gets its answer', async (scope) => {
  const { port } = await scope.serve(async (request) => {
    await turns(1);
    return { body: `late answer to ${request.target}` };
  });
  const peer = await scope.dial(port);
  await peer.write('GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n');
  await peer.end();
  assert.match(await peer.all(), /late answer to \/aHTTP\/1\.1 200 OK[\s\S]*late answer to \/b$/);
});

test('a FIN in the middle of a body ends it with an error', async (scope) => {
  const failure = gate<unknown>();
  const { port } = await scope.serve(async (request) => {
    await request.body.text().catch(failure.open);
  });
  const peer = await scope.dial(port);
  await peer.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
  await peer.end();
  assert.equal(((await failure.promise) as { code: string }).code, 'ERR_TRUNCATED');
});

test('the requests of others are not disturbed', async (scope) => {
  const finished = gate();
  const handler: Handler = async () => {
    await finished.promise;
    return { body: 'in peace' };
  };
  const { port, url } = await scope.serve(handler, { limits: { headSize: 1_000 } });
  const others = await Promise.all([1, 2, 3].map(() => connect(url)));
  const calls = others.map(async (connection) => (await connection.call('GET', `${url}/slow`)).body.text());
  await answerTo(scope, port, 'BAD\r\n\r\n');
  await answerTo(scope, port, `GET / HTTP/1.1\r\nX: ${'x'.repeat(2_000)}`);
  const rude = await dialNode(scope, port);
  rude.write('GET / HTTP/1.1\r\nHo');
  rude.resetAndDestroy();
  finished.open();
  assert.deepEqual(await Promise.all(calls), ['in peace', 'in peace', 'in peace']);
  for (const connection of others) connection.close();
});
