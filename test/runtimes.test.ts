// What `npm run test:runtimes` has to say for itself: the table in the README is that of the results that are kept, and the results are of
// everything. The suite on Deno is run here too, since Deno comes with `npm ci`. Needs a build, which `npm test` does first.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quirks } from '../runtimes/quirks.ts';
import { countsOf, isSound, type Line, type Results, type RowResult, Tally } from '../runtimes/results.ts';
import { report, tables, withTables } from '../runtimes/table.ts';

const root = join(__dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const kept = JSON.parse(readFileSync(join(root, 'runtimes/results.json'), 'utf8')) as Results;

test('the tables in the README are those of the results that are kept', () => {
  expect(withTables(readme, kept)).toBe(readme);
});

test('what is kept is of every runtime, of the whole size, and sound', () => {
  expect(kept.size).toBe(64 * 1024 * 1024);
  expect(kept.rows.map(({ name }) => name)).toEqual([
    'Node 20',
    'Node 22',
    'Node 24',
    'Node 26',
    'Deno',
    'Bun',
    'workerd',
    'Chromium',
  ]);
  expect(kept.rows.filter((row) => !isSound(row))).toEqual([]);
  expect(kept.checks.filter(({ outcome }) => outcome !== 'passed')).toEqual([]);
});

test('no quirk is written down that the results know nothing of', () => {
  const reasons = new Set(
    kept.rows.flatMap(({ subjects }) =>
      subjects.flatMap(({ skipped, not }) => [not, ...skipped.map(({ reason }) => reason)]),
    ),
  );
  const unknown = quirks.filter(({ reason }) => ![...reasons].some((known) => known?.startsWith(reason)));
  expect(unknown).toEqual([]);
});

test('the suite passes on Deno, over each of its adapters', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'halfpipe-deno-'));
  const results = join(folder, 'results.jsonl');
  try {
    const env = { ...process.env, HALFPIPE_RESULTS: results, HALFPIPE_SIZE: String(4 * 1024 * 1024), NO_COLOR: '1' };
    const args = ['test', '--allow-all', '--no-check', '--quiet', './runtimes/dist/contract.test.js'];
    const output = await new Promise<string>((resolve) => {
      const options = { cwd: root, env: { ...env, DENO_NO_UPDATE_CHECK: '1' }, timeout: 200_000, maxBuffer: 2 ** 26 };
      execFile(join(root, 'node_modules/.bin/deno'), args, options, (error, stdout, stderr) =>
        resolve(error === null ? '' : `${stdout}\n${stderr}`.slice(-4_000)),
      );
    });
    const tally = new Tally();
    for (const line of readFileSync(results, 'utf8').trim().split('\n')) tally.take(JSON.parse(line) as Line);
    expect(tally.subjects.flatMap(({ subject, failed }) => failed.map((one) => ({ subject, ...one })))).toEqual([]);
    expect(output).toBe('');
    const passed = tally.subjects.filter((subject) => subject.passed > 80).map(({ subject }) => subject.split(':')[0]);
    expect(new Set(passed)).toEqual(new Set(['deno', 'node', 'web-streams']));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 240_000);

describe('what a run comes to', () => {
  const row = (lines: readonly Line[]): RowResult => {
    const tally = new Tally();
    for (const line of lines) tally.take(line);
    return { name: 'Node 20', version: tally.version, subjects: tally.subjects, missing: null, error: null };
  };
  const where: Line = { where: { runtime: 'node', version: '20.1.0' } };
  const planned = (name: string): Line => ({ subject: 'node: TCP', planned: name });
  const ended = (name: string, outcome: 'passed' | 'failed' | 'skipped', detail = ''): Line => {
    return { subject: 'node: TCP', name, outcome, detail, duration: 1 };
  };
  const sound = [where, planned('a'), ended('a', 'passed')];

  test.each<[string, readonly Line[], boolean]>([
    ['everything passes', sound, true],
    ['something is skipped', [...sound, planned('b'), ended('b', 'skipped', 'why not')], true],
    ['something fails', [...sound, planned('b'), ended('b', 'failed', 'oh')], false],
    ['a case was never run', [...sound, planned('b')], false],
    ['nothing was run', [where], false],
    ['everything is skipped', [where, planned('b'), ended('b', 'skipped', 'why not')], false],
  ])('where %s', (_, lines, expected) => expect(isSound(row(lines))).toBe(expected));

  test('a row that was not run, or that broke, is not sound', () => {
    expect(isSound({ ...row(sound), missing: 'it is not there' })).toBe(false);
    expect(isSound({ ...row(sound), error: 'it crashed' })).toBe(false);
  });

  test('is said case by case, and in a table', () => {
    const not: Line = { subject: 'node: Duplex', not: 'nobody knows how' };
    const skipped = [planned('b'), ended('b', 'skipped', 'why not'), planned('c'), ended('c', 'skipped', 'why not')];
    const rows = [row([...sound, ...skipped, not])];
    const missing = { name: 'Bun', version: null, subjects: [], missing: 'it is not there', error: null };
    const results: Results = {
      size: 1024 * 1024,
      rows: [...rows, missing],
      checks: [{ name: 'a check', outcome: 'failed', detail: 'oh' }],
    };
    expect(countsOf(rows[0]!)).toEqual({ passed: 1, failed: 0, skipped: 2 });
    expect(tables(results)).toContain(
      [
        '| Node 20 | 20.1.0 | node: TCP | 1 | 0 | 2 |',
        '| Bun |  |  | **not run** | |  |',
        '',
        '| skipped | on | because |',
        '| --- | --- | --- |',
        '| node: TCP: 2 cases | Node 20 | why not |',
        '| node: Duplex: all | Node 20 | nobody knows how |',
      ].join('\n'),
    );
    const text = report(results);
    expect(text).toContain('ok       Node 20 (20.1.0): 1 passed, 0 failed, 2 skipped');
    expect(text).toContain('NOT RUN  Bun: it is not there');
    expect(text).toContain('FAILED   a check: oh');
  });

  test('a page without a place for the tables is refused', () => {
    expect(() => withTables('# Nothing', kept)).toThrow('Cannot write the tables: the page has no markers for them');
  });
});
