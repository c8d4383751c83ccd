// Runs the families that are asked for, one after the other, and shows what they measured.
//   npm run bench -- [family…] [--quick | --smoke] [--json FILE]
//   npm run bench -- [family…] --against FOLDER    another checkout of this project, built

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { families } from './families.ts';
import type { Settings } from './harness/family.ts';
import { mistakesOf, type Report } from './harness/report.ts';
import { table } from './harness/table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
    json: { type: 'string' },
    against: { type: 'string' },
  },
});
const wanted = positionals.length > 0 ? positionals : Object.keys(families);
for (const name of wanted) {
  if (families[name] !== undefined) continue;
  console.error(`There is no family ${name}; there are ${Object.keys(families).join(', ')}`);
  process.exit(1);
}
const settings: Settings = {
  pace: values.smoke ? 'smoke' : values.quick ? 'quick' : 'full',
  against: values.against === undefined ? null : resolve(process.env.INIT_CWD ?? '', values.against), // npm has moved to the root
};

const machine = {
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  date: new Date().toISOString(),
};
console.log(`Node ${machine.node} on ${machine.cores} × ${machine.cpu}, ${settings.pace}`);
console.log('Ours first; × is how many times better it is than the peer in that column\n');

const reports: Report[] = [];
const mistakes = new Set<string>();
for (const name of wanted) {
  const child = fork(fileURLToPath(new URL('family.ts', import.meta.url)), [name, JSON.stringify(settings)]);
  const exit = once(child, 'exit');
  child.on('message', (measured) => {
    for (const report of measured as Report[]) {
      reports.push(report);
      console.log(table(report));
      for (const mistake of mistakesOf(report)) mistakes.add(mistake);
    }
  });
  const [code] = (await exit) as [number | null];
  if (code !== 0) mistakes.add(`The family ${name} ended with ${code}`);
}
if (values.json !== undefined) {
  await writeFile(values.json, `${JSON.stringify({ machine, settings, reports }, null, 2)}\n`);
}
for (const mistake of mistakes) console.error(mistake);
if (mistakes.size > 0) process.exitCode = 1;
