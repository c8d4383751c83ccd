// Our client against the HTTP server of Deno, over one real connection; and against servers that do what that one cannot be made to do.

import { type BodySource, connect, create, LocalProtocolError } from '../src/index.ts';
import { ascii, assert, each, gate, outcome, type Scope, test } from './support.ts';

/** A server of Deno's. */
function serving(scope: Scope, handler: (request: Request) => Response | Promise<Response>): string {
  const server = Deno.serve({ hostname: '127.0.0.1', port: 0, onListen() {} }, handler);
  scope.after(() => server.shutdown());
  return `http://127.0.0.1:${server.addr.port}`;
}

async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield ascii(text);
}

/** The line that was asked, as the body. */
function answerTo(line: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${line.length}\r\n\r\n${line}`;
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

// One call.

test('GET: the head, and the body', async (scope) => {
  const url = serving(scope, ({ url }) => new Response(new URL(url).pathname, { headers: { 'X-Here': 'there' } }));
  const connection = create(url);
  const response = await connection.call('GET', `${url}/here`);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('x-here'), 'there');
  assert.equal(await response.body.text(), '/here');
  assert.equal(await response.trailers, null);
  connection.close();
});

test('the head as it was sent', async (scope) => {
  const url = scope.accept(async (peer) => {
    await peer.until('\r\n\r\n');
    await peer.write(
      'HTTP/1.1 200 Very Well\r\nX-Mixed-Case: a\r\nX-Twice: 1\r\nX-Twice: 2\r\nContent-Length: 0\r\n\r\n',
    );
    await peer.all();
  });
  const connection = create(url);
  const { reason, headers } = await connection.call('GET', url);
  assert.equal(reason, 'Very Well');
  assert.deepEqual(headers.raw, ['X-Mixed-Case', 'a', 'X-Twice', '1', 'X-Twice', '2', 'Content-Length', '0']);
  connection.close();
});

test('HEAD: a length and no body, and the connection goes on', async (scope) => {
  const url = serving(scope, () => new Response('body'));
  const connection = create(url);
  const head = await connection.call('HEAD', `${url}/`);
  assert.equal(await head.body.text(), '');
  const get = await connection.call('GET', `${url}/`);
  assert.equal(await get.body.text(), 'body');
  connection.close();
});

each<readonly [string, () => BodySource, string, string, string]>(
  [
    ['a text', () => 'zwölf Boxkämpfer', 'content-length', '18', 'zwölf Boxkämpfer'],
    ['bytes', () => ascii('bytes'), 'content-length', '5', 'bytes'],
    ['pieces, in chunks', () => pieces('one ', 'two ', 'three'), 'transfer-encoding', 'chunked', 'one two three'],
  ],
  'POST with %s',
  async (scope, _, body, field, value, text) => {
    const url = serving(scope, async (request) => {
      return Response.json({ field: request.headers.get(field), text: await request.text() });
    });
    const connection = create(url, { persistent: true });
    const response = await connection.call('POST', `${url}/`, { body: body() });
    assert.deepEqual(await response.body.json(), { field: value, text });
    connection.close();
  },
);

test('trailers and interim responses', async (scope) => {
  const url = scope.accept(async (peer) => {
    await peer.until('X-Sum: 42\r\n\r\n');
    await peer.write('HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n');
    await peer.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Echo: 42\r\n\r\n');
    await peer.all();
  });
  const connection = create(url, { persistent: true });
  const seen: unknown[] = [];
  const response = await connection.call('PUT', url, {
    body: pieces('a', 'b'),
    trailers: () => [['X-Sum', '42']],
    onInformational: ({ status, headers }) => seen.push([status, headers.get('link')]),
  });
  assert.deepEqual(seen, [[103, '</style.css>']]);
  assert.equal(await response.body.text(), 'body');
  assert.equal((await response.trailers)?.get('x-echo'), '42');
  connection.close();
});

test('Expect: 100-continue sends the body when the server wants it', async (scope) => {
  const url = serving(scope, async (request) => new Response(await request.text()));
  const connection = create(url, { timeouts: { continue: Infinity } });
  const response = await connection.call('POST', `${url}/`, { body: 'wanted', expectContinue: true });
  assert.equal(await response.body.text(), 'wanted');
  connection.close();
});

test('Expect: 100-continue keeps the body from a server that refuses', async (scope) => {
  const asked = gate<string>();
  const url = scope.accept(async (peer) => {
    await peer.until('\r\n\r\n');
    await peer.write('HTTP/1.1 417 Expectation Failed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    asked.open(await peer.all());
  });
  const connection = create(url, { timeouts: { continue: Infinity } });
  const { status } = await connection.call('POST', url, { body: 'unwanted', expectContinue: true });
  assert.equal(status, 417);
  assert.ok(!(await asked.promise).includes('unwanted'));
  connection.close();
});

// Many calls over one connection.

test('calls one after the other use the same connection', async (scope) => {
  let connections = 0;
  const url = scope.accept(async (peer) => {
    connections += 1;
    for await (const _ of peer.heads()) await peer.write(ok);
  });
  const connection = await connect(url);
  for (let index = 0; index < 10; index++) {
    assert.equal(await outcome(connection.call('GET', `${url}/${index}`)), 'ok');
  }
  assert.equal(connections, 1);
  assert.deepEqual(connection.persistence, { verdict: 'keep' });
  connection.close();
});

test('50 pipelined calls: several go out before any response, and each gets its own', async (scope) => {
  let atOnce = 0;
  const url = scope.accept(async (peer) => {
    const waiting: string[] = [];
    for await (const line of peer.heads()) {
      waiting.push(line);
      atOnce = Math.max(atOnce, waiting.length);
      // The first is answered when eight are in hand; from then on, each at once.
      if (atOnce >= 8) for (const head of waiting.splice(0)) await peer.write(answerTo(head));
    }
  });
  const connection = create(url, { persistent: true });
  const calls = Array.from({ length: 50 }, (_, index) => connection.call('GET', `${url}/${index}`));
  assert.equal(connection.length, 50);
  const bodies = await Promise.all(calls.map(async (call) => (await call).body.text()));
  assert.deepEqual(
    bodies,
    Array.from({ length: 50 }, (_, index) => `GET /${index} HTTP/1.1`),
  );
  assert.ok(atOnce >= 8);
  assert.equal(connection.length, 0);
  connection.close();
});

test('a connection that is not to be kept says so in the request', async (scope) => {
  const url = scope.accept(async (peer) => {
    await peer.until('\r\n\r\n');
    assert.match(peer.text, /^Connection: close\r$/m);
    await peer.write(ok);
    await peer.end();
    await peer.all();
  });
  const connection = create(url, { persistent: false });
  assert.equal(await outcome(connection.call('GET', `${url}/`)), 'ok');
  assert.equal(connection.closed, true);
});

test('a mistake of the caller rejects the call and leaves the connection as it was', async (scope) => {
  const url = serving(scope, () => new Response('fine'));
  const connection = create(url);
  await assert.rejects(connection.call('GET', `${url}/`, { headers: [['X-Bad', 'a\r\nb']] }), LocalProtocolError);
  assert.equal(await outcome(connection.call('GET', `${url}/`)), 'fine');
  connection.close();
});
