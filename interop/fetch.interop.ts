// A Hono app by fromFetch() on our server, and curl: what the app says in the terms of fetch, seen from outside.

import { createHash } from 'node:crypto';
import { type Listener, listen } from '@halfpipe/node';
import { fromFetch } from '@halfpipe/web-streams';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { setCookie } from 'hono/cookie';
import { stream } from 'hono/streaming';
import { run } from './programs.ts';

const piece = Buffer.alloc(65_536, 'not quite so monotonous ');

function* pieces(length: number): Generator<Uint8Array> {
  for (let index = 0; index < length; index++) yield piece;
}

function hashOf(bytes: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const each of bytes) hash.update(each);
  return hash.digest('hex');
}

/** Resolves when the stream of /endless is told that nobody reads it. */
let left: Promise<string>;
let leave: (how: string) => void;

const app = new Hono();
app.get('/hello', (c) => {
  setCookie(c, 'a', '1');
  setCookie(c, 'b', '2');
  return c.text(`${c.req.method} ${c.req.url}`);
});
app.get('/pieces', (c) =>
  stream(c, async (writer) => {
    for (const each of pieces(160)) await writer.write(each);
  }),
);
app.get('/endless', (c) => {
  c.req.raw.signal.addEventListener('abort', () => leave('aborted'));
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(piece.slice()),
    cancel: () => leave('cancelled'),
  });
  return c.body(body);
});
app.post('/form', async (c) => {
  const { text, file } = await c.req.parseBody();
  return c.json({ text, file: file instanceof File ? [file.name, file.type, file.size] : null });
});
app.on(['PUT', 'POST'], '/upload', async (c) => {
  const hash = createHash('sha256');
  let size = 0;
  const reader = c.req.raw.body?.getReader();
  for (let step = await reader?.read(); step?.done === false; step = await reader?.read()) {
    hash.update(step.value);
    size += step.value.length;
  }
  return c.text(`${c.req.method} ${size} ${hash.digest('hex')}`);
});
app.put('/limited', bodyLimit({ maxSize: 1_000 }), (c) => c.text('within the limit'));

let listener: Listener;
let url: string;
beforeAll(async () => {
  listener = await listen(fromFetch(app.fetch));
  if ('port' in listener.address) url = `http://127.0.0.1:${listener.address.port}`;
});
afterAll(() => listener.close());
beforeEach(() => {
  left = new Promise((resolve) => {
    leave = resolve;
  });
});

test('GET, in one piece with its length, each cookie in a field', async () => {
  const { code, stdout } = await run('curl', ['-sS', '-i', `${url}/hello?a=b%20c`]);
  expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(stdout).toMatch(/\r\nContent-Length: \d+\r\n/i);
  expect(stdout.match(/^set-cookie: .*\r$/gim)).toEqual(['set-cookie: a=1; Path=/\r', 'set-cookie: b=2; Path=/\r']);
  expect(stdout.endsWith(`\r\n\r\nGET ${url}/hello?a=b%20c`)).toBe(true);
  expect(code).toBe(0);
});

test('HEAD', async () => {
  const { code, stdout } = await run('curl', ['-sS', '-I', `${url}/hello`]);
  expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
  expect(stdout).toMatch(/^content-type: text\/plain/im);
  expect(code).toBe(0);
});

test('404', async () => {
  const { code, stdout } = await run('curl', ['-sS', '-i', `${url}/missing`]);
  expect(stdout).toMatch(/^HTTP\/1\.1 404 Not Found\r\n[\s\S]*\r\n\r\n404 Not Found$/);
  expect(code).toBe(0);
});

test('a stream comes in chunks, and whole', async () => {
  const { code, stdout, stderr } = await run('curl', ['-sS', '-v', `${url}/pieces`]);
  expect(stderr).toMatch(/^< Transfer-Encoding: chunked/im);
  expect(createHash('sha256').update(stdout, 'latin1').digest('hex')).toBe(hashOf(pieces(160)));
  expect(code).toBe(0);
});

test('the same for HTTP/1.0, until the connection closes', async () => {
  const { code, stdout, stderr } = await run('curl', ['-sS', '-v', '--http1.0', `${url}/pieces`]);
  expect(stderr).not.toMatch(/^< Transfer-Encoding:/im);
  expect(createHash('sha256').update(stdout, 'latin1').digest('hex')).toBe(hashOf(pieces(160)));
  expect(code).toBe(0);
});

test('a form with a file', async () => {
  const form = ['-F', 'text=some text', '-F', 'file=content;filename=a.txt;type=text/css'];
  const { stdout } = await run('curl', ['-sS', ...form, `${url}/form`]);
  expect(JSON.parse(stdout)).toEqual({ text: 'some text', file: ['a.txt', 'text/css', 7] });
});

test('POST of a known length, behind 100 (Continue)', async () => {
  const { stdout, stderr } = await run(
    'curl',
    ['-sS', '-v', '-H', 'Expect: 100-continue', '--expect100-timeout', '60', '--data-binary', '@-', `${url}/upload`],
    { input: pieces(16) },
  );
  expect(stderr).toContain('< HTTP/1.1 100 Continue');
  expect(stdout).toBe(`POST ${16 * piece.length} ${hashOf(pieces(16))}`);
});

test('an upload of 64 MiB and unknown length', async () => {
  const { code, stdout } = await run('curl', ['-sS', '-T', '-', '-H', 'Expect:', `${url}/upload`], {
    input: pieces(1_024),
  });
  expect(stdout).toBe(`PUT ${1_024 * piece.length} ${hashOf(pieces(1_024))}`);
  expect(code).toBe(0);
});

test('an upload that is refused in the middle is answered', async () => {
  const { stdout } = await run(
    'curl',
    ['-sS', '-T', '-', '-H', 'Expect:', '-w', '%{http_code} %{size_upload}', '-o', '/dev/null', `${url}/limited`],
    { input: pieces(4_096) },
  );
  const [status, uploaded] = stdout.split(' ');
  expect(status).toBe('413');
  expect(Number(uploaded)).toBeLessThan(4_096 * piece.length);
});

test('what no Request can say: TRACE is 501, OPTIONS * is the root', async () => {
  const trace = await run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '-X', 'TRACE', `${url}/hello`]);
  expect(trace.stdout).toBe('501');
  const options = await run('curl', ['-sS', '-i', '-X', 'OPTIONS', '--request-target', '*', url]);
  expect(options.stdout).toMatch(/^HTTP\/1\.1 404 /);
});

test('a client that leaves cancels the stream that it was reading', async () => {
  // 28: it took longer than curl had time for.
  const { code } = await run('curl', ['-sS', '-m', '0.5', '-o', '/dev/null', `${url}/endless`]);
  expect(code).toBe(28);
  expect(await left).toBe('cancelled');
});

test('two requests take one connection', async () => {
  const { stdout, stderr } = await run('curl', ['-sS', '-v', `${url}/missing`, `${url}/missing`]);
  expect(stdout).toBe('404 Not Found404 Not Found');
  expect(stderr).toContain('Re-using existing connection');
});
