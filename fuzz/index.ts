// Fuzzes a target, guided by what of the core it reaches, or replays what was found.
//   npm run fuzz -- server|client|pair [--minutes N] [--seed N]
//   npm run fuzz -- server|client|pair FILE…

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { maxSize, seeds } from './seeds.ts';
import { targets } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
});
const [name = '', ...files] = positionals;
const target = targets[name] ?? stop(`There is no target "${name}"; there are ${Object.keys(targets).join(', ')}`);
if (files.length > 0) replay();
else await fuzz();

function stop(why: string): never {
  console.error(why);
  process.exit(1);
}

function replay(): void {
  for (const file of files) {
    const input = readFileSync(resolve(process.env.INIT_CWD ?? '', file)); // npm has moved to the root
    console.log(target.describe(input));
    try {
      target.fuzz(input);
      console.log('Nothing is found\n');
    } catch (error) {
      console.log(error, '\n');
      process.exitCode = 1;
    }
  }
}

async function fuzz(): Promise<void> {
  const fuzzer = 'fuzz/node_modules/@jazzer.js/core/dist/cli.js';
  if (!existsSync(fuzzer))
    stop('The fuzzer is not installed: npm ci --prefix fuzz (its addon needs glibc 2.38 or newer)');
  const seconds = Math.round(Number(values.minutes) * 60);
  if (!(seconds > 0)) stop(`Cannot fuzz for ${values.minutes} minutes`);

  const [seeded, grown, findings] = [`fuzz/out/${name}/seeds`, `fuzz/out/${name}/corpus`, `fuzz/out/${name}/findings`];
  rmSync(seeded, { recursive: true, force: true });
  for (const folder of [seeded, grown, findings]) mkdirSync(folder, { recursive: true });
  for (const [i, input] of (seeds()[name] ?? []).entries()) writeFileSync(`${seeded}/${i}`, input);
  const before = new Set(readdirSync(findings));

  const ours = ['--sync', '--disableBugDetectors', '.*', '--includes', 'packages/core/dist/'];
  const libFuzzers = [
    `-max_total_time=${seconds}`,
    `-max_len=${maxSize}`,
    '-timeout=10',
    '-rss_limit_mb=1024',
    '-dict=fuzz/http.dict',
    `-artifact_prefix=${findings}/`,
    '-print_final_stats=1',
    ...(values.seed === undefined ? [] : [`-seed=${values.seed}`]),
  ];
  // The fuzzer takes no other name than .js; the loader that runs this file too finds the .ts.
  const all = [fuzzer, `fuzz/${name}.js`, grown, seeded, ...ours, '--', ...libFuzzers];
  const child = spawn(process.execPath, [...process.execArgv, ...all], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  const found = readdirSync(findings).filter((file) => !before.has(file));
  for (const file of found) console.log(`\nFound. To replay it: npm run fuzz -- ${name} ${findings}/${file}`);
  if (code !== 0 || found.length > 0) process.exitCode = 1;
}
