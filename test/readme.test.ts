// What the READMEs show is run as it stands, by plain Node against the built packages.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { codeBlocks, runCode } from './code-blocks.ts';

const root = join(__dirname, '..');

async function run(code: string): Promise<string> {
  // The fixed port of the examples may be taken.
  return runCode(code.replaceAll('8080', String(await freePort())));
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
  ['README.md', 2, '200 You asked for /here\n'],
  ['packages/node/README.md', 0, 'You sent something\n\n'],
  ['packages/web-streams/README.md', 0, 'You sent something\n\n'],
  ['packages/web-streams/README.md', 1, `200 { path: '/here', body: 'something' }\n`],
  ['packages/llhttp/README.md', 0, 'GET / 1.1\nERR_SECOND_OPINION 400\n'],
])('example %#: %s, number %i, prints what it says', async (path, number, output) => {
  expect(await run(codeBlocks(path)[number] ?? '')).toBe(output);
});

test('the first screen of the README has the two commands', () => {
  const screen = readFileSync(join(root, 'README.md'), 'utf8').split('\n').slice(0, 40).join('\n');
  expect(screen).toContain('npm ci && npm start');
  expect(screen).toContain('npm ci && npm test');
});
