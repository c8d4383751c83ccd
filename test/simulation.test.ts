// The command of `npm run sim`, as far as it talks: what it says while it runs and when it is done, and how one world is looked at. What it
// looks for has tests of its own in packages/testing. Needs a build, which `npm test` does first.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { replay } from '@halfpipe/testing';

const root = join(__dirname, '..');
// As examples are run: with types taken away, and without the build of its own that `npm run sim` makes first.
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { example: string } };
const [, ...flags] = scripts.example.split(' ');
const { FORCE_COLOR: _, ...env } = process.env; // set by Jest, where it runs on a terminal

async function simulation(...words: string[]): Promise<string[]> {
  const file = join('packages', 'testing', 'sim', 'run.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, file, ...words], {
    cwd: root,
    env,
    maxBuffer: 2 ** 24,
  });
  return stdout.trimEnd().split('\n');
}

jest.setTimeout(60_000);

test('a run tells how fast it goes, what it has reached and what not, its seeds and its digest', async () => {
  const lines = await simulation('--seed', '7', '--exchanges', '900');
  // Each second, and so perhaps not at all.
  const told = lines.filter((line) => /^\d+ exchanges in \d+ worlds, \d+ a second, 0 violations$/.test(line));
  expect(lines.slice(told.length)).toEqual([
    expect.stringMatching(/^faults: fragment \d+, /),
    ...Array.from({ length: lines.length - told.length - 4 }, () => expect.stringMatching(/^[\w ,-]+: \S+.* \d+/)),
    expect.stringMatching(/^not reached: /),
    expect.stringMatching(/^seeds 7 to \d+: \d+ exchanges in \d+ worlds, [\d.]+ s$/),
    expect.stringMatching(/^digest [0-9a-f]{16}; 0 violations$/),
  ]);
  expect(lines.join('\n')).toMatch(/^client pairs: .*\n(.*\n)*reasons to close, server: /m);
});

test('a world is run again alone, with a log or without', async () => {
  const [summary] = await simulation('--world', '500');
  expect(summary).toMatch(/^world 500, \S+: \d+ calls, digest [0-9a-f]{16}$/);
  const log = await simulation('--world', '500', '--log');
  expect(log.at(-1)).toBe(summary);
  expect(log.slice(0, -1)).toEqual(log.slice(0, -1).map(() => expect.stringMatching(/^[\d.]+ \S/)));
  expect(log.length).toBeGreaterThan(10);
});

test('what each of its connections went through is printed for replay()', async () => {
  const names = await simulation('--world', '500', '--record');
  expect(names).toEqual(names.map((_, i) => expect.stringMatching(new RegExp(`^--record ${i}: \\d+ lines of \\{`))));
  const recording = await simulation('--world', '500', '--record', String(names.length - 1));
  const { events, difference } = replay(recording.join('\n'));
  expect(difference).toBeNull();
  expect(events.length).toBeGreaterThan(0);
});
