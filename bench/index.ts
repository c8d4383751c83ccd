// Runs the families that are asked for, one after the other, and shows what they measured.
//   npm run bench -- [family…] [--quick | --smoke] [--json FILE]
//   npm run bench -- [family…] --against FOLDER    another checkout of this project, built
//   npm run bench -- --write                       all of them, into bench/results.json, bench/README.md and docs/bench
//   npm run bench -- --write --from FILE           the same, of a run that was kept as JSON

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { families } from './families.ts';
import type { Settings } from './harness/family.ts';
import { write } from './harness/readme.ts';
import { mistakesOf, type Report } from './harness/report.ts';
import { load, type Results, save, thisMachine } from './harness/results.ts';
import { summary, table } from './harness/table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    json: { type: 'string' },
    against: { type: 'string' },
    write: { type: 'boolean', default: false },
    from: { type: 'string' },
  },
});
/** npm has moved to the root. */
const path = (given: string) => resolve(process.env.INIT_CWD ?? '', given);
const unknown = positionals.filter((name) => families[name] === undefined);
if (unknown.length > 0) stop(`There is no family ${unknown[0]}; there are ${Object.keys(families).join(', ')}`);
if (values.write && (positionals.length > 0 || values.against !== undefined || values.smoke)) {
  stop('Cannot write some of the tables: they are to be of one run of all families');
}

const results = values.from === undefined ? await run() : await load(path(values.from));
if (values.json !== undefined) await save(path(values.json), results);
if (values.write) {
  if (values.from === undefined) await save(fileURLToPath(new URL('results.json', import.meta.url)), results);
  await write(results);
}

function stop(why: string): never {
  console.error(why);
  process.exit(1);
}

async function run(): Promise<Results> {
  const settings: Settings = {
    pace: values.smoke ? 'smoke' : values.quick ? 'quick' : 'full',
    against: values.against === undefined ? null : path(values.against),
  };
  const machine = thisMachine();
  console.log(`Node.js ${machine.node} on ${machine.cores} × ${machine.cpu}, ${settings.pace}`);
  console.log('Ours first; × is how many times better it is than the peer in that column\n');
  const start = performance.now();
  const reports: Report[] = [];
  const mistakes = new Set<string>();
  const wanted = positionals.length > 0 ? [...positionals] : Object.keys(families);
  const runOn = async () => {
    for (let name = wanted.shift(); name !== undefined; name = wanted.shift()) {
      const child = fork(fileURLToPath(new URL('family.ts', import.meta.url)), [name, JSON.stringify(settings)]);
      const exit = once(child, 'exit');
      child.on('message', (measured) => {
        // What family.ts sends.
        for (const report of measured as Report[]) {
          reports.push(report);
          console.log(settings.pace === 'smoke' ? summary(report) : table(report));
          for (const mistake of mistakesOf(report)) mistakes.add(mistake);
        }
      });
      const [code] = (await exit) as [number | null]; // what an exit brings
      if (code !== 0) mistakes.add(`The family ${name} ended with ${code}`);
    }
  };
  // One at a time, but where nothing is measured two.
  await Promise.all(settings.pace === 'smoke' ? [runOn(), runOn()] : [runOn()]);
  for (const mistake of mistakes) console.error(mistake);
  if (mistakes.size > 0) process.exitCode = 1;
  const minutes = (performance.now() - start) / 60_000;
  console.log(`${minutes.toFixed(1)} minutes`);
  return { machine, settings, minutes, reports };
}
