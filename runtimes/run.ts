// The command: runs the suite on every runtime that there is, and what is to be seen beside it, and says what came of it.
// node runtimes/dist/run.js [--only 'Deno,Node 22'] [--size MiB] [--jobs N] [--require all | 'Deno,Bun'] [--no-checks] [--write]

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Check, checks } from './checks.ts';
import { Missing, pathOf } from './installed.ts';
import { type CheckResult, isSound, type Results, type RowResult, Tally } from './results.ts';
import { type Row, rows } from './rows.ts';
import { report, withTables } from './table.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    size: { type: 'string', default: '64' },
    jobs: { type: 'string', default: '2' },
    require: { type: 'string', default: '' },
    'no-checks': { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});

/** What a row may take, in milliseconds. */
const timeLimit = 200_000;
const size = Number(values.size) * 1024 * 1024;
const wanted = values.only === undefined ? rows : rows.filter(({ name }) => values.only?.split(',').includes(name));
const required = values.require === 'all' ? wanted.map(({ name }) => name) : values.require.split(',').filter(Boolean);

const results: Results = {
  size,
  rows: await inLanes(wanted, runRow),
  checks: values['no-checks'] ? [] : await inLanes(checks, runCheck),
};
console.log(`\n${report(results)}`);
if (values.write) write();

const unsound = results.rows.filter((row) => row.missing === null && !isSound(row)).map(({ name }) => name);
const missing = results.rows.filter(({ name, missing }) => missing !== null && required.includes(name));
const failed = results.checks.filter(
  ({ outcome }) => outcome === 'failed' || (outcome === 'not run' && values.require === 'all'),
);
const faults = [...unsound, ...missing.map(({ name }) => name), ...failed.map(({ name }) => name)];
if (faults.length > 0) {
  console.log(`\nNot as it must be: ${faults.join('; ')}`);
  process.exitCode = 1;
}

async function runRow({ name, run }: Row): Promise<RowResult> {
  const tally = new Tally();
  const began = performance.now();
  let missing: string | null = null;
  let error: string | null = null;
  try {
    await run(size, timeLimit, (line) => tally.take(line));
  } catch (thrown) {
    if (thrown instanceof Missing) missing = thrown.message;
    else error = String(thrown);
  }
  console.log(`${name}: ${missing ?? `${Math.round((performance.now() - began) / 1_000)} s`}`);
  return { name, version: tally.version, subjects: tally.subjects, missing, error };
}

async function runCheck({ name, run }: Check): Promise<CheckResult> {
  try {
    return { name, outcome: 'passed', detail: await run() };
  } catch (error) {
    if (error instanceof Missing) return { name, outcome: 'not run', detail: error.message };
    return { name, outcome: 'failed', detail: String(error) };
  }
}

/** A few at a time, the results in the order of the items. */
async function inLanes<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const done: Result[] = [];
  const queue = [...items.entries()];
  const lane = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) done[next[0]] = await work(next[1]);
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, lane));
  return done;
}

/** What is kept is about everything, or it is not kept. */
function write(): void {
  if (wanted !== rows || !results.rows.every(isSound)) {
    console.log('\nNothing was written: not every runtime was run and passed');
    return;
  }
  writeFileSync(pathOf('runtimes/results.json'), `${JSON.stringify(results, null, 2)}\n`);
  const readme = pathOf('README.md');
  writeFileSync(readme, withTables(readFileSync(readme, 'utf8'), results));
}
