// What is published: the fields that consumers rely on, and the tarballs themselves, installed and imported by a plain Node.
// Needs a build, which `npm test` does first.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports: { readonly '.': Readonly<Record<string, string>> };
}

const root = join(__dirname, '..');
/** What a package needs beside its siblings, at the version that is installed here. */
const thirdParties: Readonly<Record<string, readonly string[]>> = { llhttp: ['llhttp-wasm'] };
const folders = readdirSync(join(root, 'packages'));
const manifests = folders.map((folder): [string, Manifest] => [folder, read(join(root, 'packages', folder))]);

function read(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

describe.each(manifests)('the manifest of %s', (folder, manifest) => {
  test('names types first, then one default, and is free of side effects', () => {
    expect(manifest).toMatchObject({
      name: `@halfpipe/${folder}`,
      type: 'module',
      sideEffects: false,
      license: 'MIT',
      files: ['dist', '!dist/.tsbuildinfo', 'src'],
      engines: { node: '>=20.19' },
      exports: { './package.json': './package.json' },
    });
    expect(Object.entries(manifest.exports['.'])).toEqual([
      ['types', './dist/index.d.ts'],
      ['default', './dist/index.js'],
    ]);
  });

  test('depends on its siblings at this very version, and on nothing else but what is listed', () => {
    const known = new Map(manifests.map(([, sibling]) => [sibling.name, sibling.version]));
    for (const name of thirdParties[folder] ?? []) known.set(name, read(join(root, 'node_modules', name)).version);
    for (const [name, version] of Object.entries(manifest.dependencies ?? {})) expect(known.get(name)).toBe(version);
  });
});

describe('the tarballs', () => {
  let folder: string;

  const npm = (...args: string[]) =>
    execFileSync('npm', [...args, '--loglevel=error'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'halfpipe-pack-'));
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    npm(
      'pack',
      '--ignore-scripts',
      '--pack-destination',
      folder,
      ...folders.map((name) => join(root, 'packages', name)),
      ...Object.values(thirdParties).flatMap((names) => names.map((name) => join(root, 'node_modules', name))),
    );
    const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    // Nothing is fetched: peers, such as the compiler whose types llhttp-wasm is for, stay away.
    const flags = ['--offline', '--no-audit', '--no-fund', '--legacy-peer-deps'];
    npm('install', ...flags, ...tarballs.map((name) => join(folder, name)));
  }, 60_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(manifests)('%s ships dist and src, a licence, and no tests', (name) => {
    const entries = readdirSync(join(folder, 'node_modules', '@halfpipe', name)).sort();
    expect(entries).toEqual(['LICENSE', 'README.md', 'dist', 'package.json', 'src']);
  });

  test.each(manifests)('%s is imported by Node, and shows what its sources export', (name) => {
    const code = `console.log(JSON.stringify(Object.keys(await import('@halfpipe/${name}')).sort()))`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: folder,
      encoding: 'utf8',
    });
    const exported = Object.keys(jest.requireActual(`@halfpipe/${name}`)).sort();
    expect(JSON.parse(output)).toEqual(exported);
  });
});
