// What Deno thinks of the package without running it: its types, whether it could be published as it is, and who is who in this
// workspace. Nothing is fetched, and nothing published.

import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { deno, folder, root } from './deno.ts';

// Ten times what Deno takes for it on an idle machine.
jest.setTimeout(60_000);

const packages = ['core', 'driver', 'deno', 'web-streams', 'llhttp', 'testing'];

function manifest(name: string, file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(root, 'packages', name, file), 'utf8'));
}

test("the sources and the tests have the types that Deno has, and what is written down of Deno's face is so", () => {
  const tests = readdirSync(join(folder, 'test-deno')).map((name) => join('test-deno', name));
  const { status, stderr } = deno(['check', '--no-remote', 'src/index.ts', ...tests], { cwd: folder });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
});

describe.each(packages)('%s', (name) => {
  test('has the same name and version for both registries', () => {
    const { name: npmName, version } = manifest(name, 'package.json');
    expect(manifest(name, 'deno.json')).toMatchObject({ name: npmName, version, exports: './src/index.ts' });
  });

  test('could be published from its sources: no slow types, nothing unknown', () => {
    const { status, stdout, stderr } = deno(['publish', '--dry-run', '--allow-dirty'], {
      cwd: join(root, 'packages', name),
    });
    expect(stdout + stderr).toContain('Dry run complete');
    expect(status).toBe(0);
    const files = [...stderr.matchAll(/^ +file:\/\/\S+\/packages\/[\w-]+\/(\S+)/gm)].map(([, path]) => path);
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'deno.json', 'src/index.ts']));
    expect(files.filter((path) => !/^(LICENSE|README\.md|deno\.json|src\/.*\.ts)$/.test(path ?? ''))).toEqual([]);
  });
});

test('in this workspace Deno reads the sources, for whoever imports them, and each of them once', () => {
  const code = `
    import { Connection, HeaderList } from '@halfpipe/deno';
    import * as core from '@halfpipe/core';
    import * as driver from '@halfpipe/driver';
    console.log(JSON.stringify({
      once: Connection === driver.Connection && HeaderList === core.HeaderList,
      paths: ${JSON.stringify(packages)}.map((name) => import.meta.resolve('@halfpipe/' + name).replace(/^.*\\/packages\\//, '')),
    }));`;
  const { stdout, stderr } = deno(['run', '--no-remote', '-'], { input: code });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    once: true,
    paths: packages.map((name) => `${name}/src/index.ts`),
  });
});

test('the example of the README runs with --allow-net alone, and prints what it says', async () => {
  const [, example = ''] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(folder, 'README.md'), 'utf8')) ?? [];
  // The fixed port of the example may be taken.
  const code = example.replaceAll('8080', String(await freePort()));
  const { stdout, stderr } = deno(['run', '--no-remote', '--allow-net', '-'], { input: code });
  expect({ stdout, stderr }).toEqual({ stdout: 'You sent something\n\n', stderr: '' });
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

test('without Deno it can be imported, and says what is missing when it is used', async () => {
  const { connect, listen } = jest.requireActual<typeof import('../src/index.ts')>('../src/index.ts');
  await expect(listen(() => ({}))).rejects.toThrow('this is not Deno');
  await expect(connect('http://127.0.0.1')).rejects.toThrow('this is not Deno');
});
