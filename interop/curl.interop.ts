// Our server and curl: uploads of unknown length, Expect, HEAD, HTTP/1.0, and a refusal in the middle of an upload.

import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Handler, type Listener, listen } from '@halfpipe/node';
import { folder, run } from './programs.ts';

const handler: Handler = async (request) => {
  if (request.target === '/refused') return { status: 413, body: 'Too much\n' };
  if (request.target === '/plain') return { body: `HTTP/${request.version} ${request.method}\n` };
  const hash = createHash('sha256');
  let size = 0;
  for await (const bytes of request.body) {
    hash.update(bytes);
    size += bytes.length;
  }
  const framing = request.headers.has('transfer-encoding')
    ? 'chunked'
    : `length ${request.headers.get('content-length')}`;
  return { body: `${request.method} ${framing} ${size} ${hash.digest('hex')}` };
};

let listener: Listener;
let url: string;
beforeAll(async () => {
  listener = await listen(handler);
  if ('port' in listener.address) url = `http://127.0.0.1:${listener.address.port}`;
});
afterAll(() => listener.close());

const piece = Buffer.alloc(65_536, 'not quite so monotonous ');

function* pieces(length: number): Generator<Uint8Array> {
  for (let index = 0; index < length; index++) yield piece;
}

function hashOf(length: number): string {
  const hash = createHash('sha256');
  for (const bytes of pieces(length)) hash.update(bytes);
  return hash.digest('hex');
}

test('an upload of unknown length comes in chunks', async () => {
  const { code, stdout } = await run('curl', ['-sS', '-T', '-', '-H', 'Expect:', `${url}/upload`], {
    input: pieces(160),
  });
  expect(stdout).toBe(`PUT chunked ${160 * piece.length} ${hashOf(160)}`);
  expect(code).toBe(0);
});

test('Expect: 100-continue is answered before the upload', async () => {
  const home = await folder();
  const file = join(home, 'upload');
  await writeFile(file, Buffer.concat([...pieces(64)]));
  // So long a patience that curl would not begin of its own accord.
  const { code, stdout, stderr } = await run('curl', [
    '-v',
    '--expect100-timeout',
    '60',
    '--data-binary',
    `@${file}`,
    url,
  ]);
  await rm(home, { recursive: true });
  expect(stdout).toBe(`POST length ${64 * piece.length} ${64 * piece.length} ${hashOf(64)}`);
  expect(code).toBe(0);
  const at = (text: string) => stderr.indexOf(text);
  expect(at('> Expect: 100-continue')).toBeGreaterThan(0);
  expect(at('< HTTP/1.1 100 Continue')).toBeGreaterThan(at('> Expect: 100-continue'));
  expect(at('We are completely uploaded and fine')).toBeGreaterThan(at('< HTTP/1.1 100 Continue'));
  expect(at('< HTTP/1.1 200 OK')).toBeGreaterThan(at('We are completely uploaded and fine'));
});

test('a refusal in place of 100 (Continue) keeps curl from uploading', async () => {
  const args = ['-sS', '-v', '--expect100-timeout', '60', '-T', '-', '-H', 'Expect: 100-continue', `${url}/refused`];
  const { stdout, stderr } = await run('curl', args, { input: pieces(16) });
  expect(stdout).toBe('Too much\n');
  expect(stderr).toContain('< HTTP/1.1 413 ');
  expect(stderr).not.toContain('100 Continue');
});

test('HEAD has the head of GET and no body', async () => {
  const { code, stdout } = await run('curl', ['-sS', '-I', `${url}/plain`]);
  expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(stdout).toMatch(/^Content-Length: 14\r$/im);
  expect(stdout.endsWith('\r\n\r\n')).toBe(true);
  expect(code).toBe(0);
});

test('HTTP/1.0', async () => {
  const { code, stdout } = await run('curl', ['-sS', '-i', '--http1.0', `${url}/plain`]);
  expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(stdout).not.toMatch(/^Transfer-Encoding:/im);
  expect(stdout).toMatch(/\r\n\r\nHTTP\/1\.0 GET\n$/);
  expect(code).toBe(0);
});

test('two requests take one connection', async () => {
  const { code, stdout, stderr } = await run('curl', ['-sS', '-v', `${url}/plain`, `${url}/plain`]);
  expect(stdout).toBe('HTTP/1.1 GET\nHTTP/1.1 GET\n');
  expect(stderr).toContain('Re-using existing connection');
  expect(code).toBe(0);
});

test('a 413 in the middle of an upload is read as a 413', async () => {
  // 256 MiB, of which most cannot have been sent when the answer comes.
  const { stdout } = await run(
    'curl',
    ['-sS', '-T', '-', '-H', 'Expect:', '-w', '%{http_code} %{size_upload}', '-o', '/dev/null', `${url}/refused`],
    { input: pieces(4_096) },
  );
  const [status, uploaded] = stdout.split(' ');
  expect(status).toBe('413');
  expect(Number(uploaded)).toBeLessThan(4_096 * piece.length);
});
