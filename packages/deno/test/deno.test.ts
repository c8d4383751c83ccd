// The tests of ../test-deno, run by Deno itself: each of them is one of Jest's, and fails with what Deno has to say of it.
// They run before Jest knows their names, and once.

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { deno, folder, root } from './deno.ts';

interface Outcome {
  readonly file: string;
  readonly name: string;
  /** What is wrong, or null. */
  readonly failure: string | null;
}

/** A certificate for localhost and 127.0.0.1, signed by itself. Made elsewhere, since Jest does not wait for promises here. */
const certificate = execFileSync(
  process.execPath,
  [
    '--input-type=module',
    '--eval',
    `import { generate } from 'selfsigned';
     const names = [{ type: 2, value: 'localhost' }, { type: 7, ip: '127.0.0.1' }];
     const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
       keyType: 'ec',
       algorithm: 'sha256',
       // Deno takes no certificate of an authority for one of a server.
       extensions: [{ name: 'basicConstraints', cA: false }, { name: 'subjectAltName', altNames: names }],
     });
     console.log(JSON.stringify({ cert, key }));`,
  ],
  { cwd: root, encoding: 'utf8' },
);

/** What became of each test in these files, with these permissions and no other. */
function run(files: readonly string[], permissions: readonly string[]): Outcome[] {
  const flags = ['--no-check', '--no-remote', '--reporter=tap', '--v8-flags=--expose-gc', ...permissions];
  const paths = files.map((name) => join('packages', 'deno', 'test-deno', name));
  const { stdout, stderr, status, signal } = deno(['test', ...flags, ...paths, '--', certificate], {
    timeout: 300_000,
  });
  const outcomes = read(stdout);
  const missing = files.filter((name) => outcomes.every(({ file }) => file !== name));
  const failed = outcomes.some(({ failure }) => failure !== null);
  // Whatever Deno counts as a failure, be it that a file cannot be loaded, is one.
  if (missing.length > 0 || failed !== (status !== 0)) {
    const failure = `Deno did not get through its tests (${signal ?? status}):\n${stdout}\n${stderr}`;
    outcomes.push({ file: missing.join(', '), name: 'all of it', failure });
  }
  return outcomes;
}

/** The Test Anything Protocol: a line for each test, and behind those that failed a block of JSON. */
function read(tap: string): Outcome[] {
  const outcomes: Outcome[] = [];
  let file = '';
  for (const [, heading, not, name = '', block] of tap.matchAll(
    /^(?:# \S*?([^/\s]+)$|(not )?ok \d+ - (.*)$(?:\n {2}---\n {2}(.*)\n {2}\.\.\.$)?)/gm,
  )) {
    if (heading !== undefined) file = heading;
    else outcomes.push({ file, name, failure: not === undefined && !name.endsWith('# SKIP') ? null : reason(block) });
  }
  return outcomes;
}

function reason(block: string | undefined): string {
  if (block === undefined) return 'It did not run, or Deno does not say what is wrong';
  const { message } = JSON.parse(block) as { message: string };
  return message;
}

const unix = 'unix.test.ts';
const others = readdirSync(join(folder, 'test-deno')).filter((name) => name.endsWith('.test.ts') && name !== unix);

describe.each([
  ['with --allow-net alone', run(others, ['--allow-net'])],
  ['with --allow-net, --allow-read and --allow-write', run([unix], ['--allow-net', '--allow-read', '--allow-write'])],
])('%s', (_, outcomes) => {
  test.each(outcomes.map(({ file, name, failure }) => [file, name, failure] as const))('%s: %s', (_, __, failure) => {
    if (failure !== null) throw new Error(failure);
  });
});
