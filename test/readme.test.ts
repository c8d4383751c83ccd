// What the READMEs show is run as it stands, by plain Node against the built packages.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '..');

function examples(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
}

async function run(code: string): Promise<string> {
  // The fixed port of the examples may be taken.
  const source = code.replaceAll('8080', String(await freePort()));
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--input-type=module', '--eval', source],
    { cwd: root, timeout: 20_000 },
  );
  expect(stderr).toBe('');
  return stdout;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

test.each([
  ['README.md', 0, 'response\ndata\nend\n'],
  ['README.md', 1, '200 You asked for /here\n\n'],
  ['packages/node/README.md', 0, 'You sent something\n\n'],
])('example %#: %s, number %i, prints what it says', async (path, number, output) => {
  expect(await run(examples(path)[number] ?? '')).toBe(output);
});

test('the first screen of the README has the two commands', () => {
  const screen = readFileSync(join(root, 'README.md'), 'utf8').split('\n').slice(0, 40).join('\n');
  expect(screen).toContain('npm ci && npm start');
  expect(screen).toContain('npm ci && npm test');
});
