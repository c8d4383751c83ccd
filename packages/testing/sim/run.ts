// The command: runs worlds until enough calls were made, and says what was found; or one world, and what happened in it. Runs on Node,
// Deno and Bun, and uses nothing of them but arguments, output and the exit code.
// node dist/run.js [--seed N] [--exchanges N] [--violations N, to stop at] [--json], or one world:
// node dist/run.js --world N [--without 3,5] [--calm reset,stall] [--log | --record | --record N]

import type { FaultKind } from '@halfpipe/testing';
import { invariants, type Violation } from './invariants.ts';
import { shrink, waysToReplay } from './shrink.ts';
import { runWorld, type Simulation, simulate } from './simulate.ts';
import type { Omissions } from './world.ts';

declare const process: {
  argv: string[];
  exitCode?: number;
  stdout: { isTTY?: boolean; write(text: string): unknown };
};

const options = new Map<string, string>();
for (const [i, word] of process.argv.entries()) {
  if (i < 2 || !word.startsWith('--')) continue;
  const value = process.argv[i + 1];
  options.set(word.slice(2), value === undefined || value.startsWith('--') ? '' : value);
}

const world = options.get('world');
if (world === undefined) await runMany();
else await runOne(Number(world), omissionsOf(options.get('without'), options.get('calm')));

async function runMany(): Promise<void> {
  const isJson = options.has('json');
  // Losses are errors that nobody looks at here; their stacks are a fifth of the time. A replay has them.
  (Error as { stackTraceLimit?: number }).stackTraceLimit = 0;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1_000;
  let told = 0;
  const result = await simulate({
    seed: Number(options.get('seed') ?? 1),
    exchanges: Number(options.get('exchanges') ?? 20_000),
    mostViolations: Number(options.get('violations') ?? 10),
    ...collector(),
    onProgress({ exchanges, worlds, violations }) {
      if (isJson || seconds() - told < 1) return;
      told = seconds();
      const speed = Math.round(exchanges / told);
      const line = `${exchanges} exchanges in ${worlds} worlds, ${speed} a second, ${violations} violations`;
      process.stdout.write(process.stdout.isTTY === true ? `\r${line} ` : `${line}\n`);
    },
  });
  if (process.stdout.isTTY === true && !isJson) process.stdout.write('\n');
  if (isJson)
    console.log(JSON.stringify({ ...result, coverage: result.coverage.counts, missing: result.coverage.missing }));
  else tell(result, seconds());
  if (result.violations.length === 0) return;
  process.exitCode = 1;
  if (!isJson) await tellSmallest(result.violations);
}

function tell({ exchanges, worlds, seeds, digest, coverage, violations }: Simulation, seconds: number): void {
  const missing = coverage.missing.length === 0 ? 'nothing' : coverage.missing.join('; ');
  console.log(`${coverage}\nnot reached: ${missing}`);
  console.log(`seeds ${seeds[0]} to ${seeds[1]}: ${exchanges} exchanges in ${worlds} worlds, ${seconds.toFixed(1)} s`);
  console.log(`digest ${digest}; ${violations.length} violations`);
}

/** Of each invariant that was violated, the first case, and the least that still shows it. */
async function tellSmallest(violations: readonly Violation[]): Promise<void> {
  const firsts = new Map<string, Violation>();
  for (const violation of violations) {
    if (!firsts.has(violation.invariant)) firsts.set(violation.invariant, violation);
  }
  for (const violation of firsts.values()) {
    console.log(`\n${describe(violation)}\n  ${waysToReplay(violation.world, await shrink(violation)).join('\n  ')}`);
  }
}

async function runOne(seed: number, omissions: Omissions): Promise<void> {
  const recordings = options.has('record');
  const world = await runWorld(seed, omissions, { lines: options.has('log'), recordings });
  if (recordings) tellRecordings(world.recordings, options.get('record') ?? '');
  else {
    for (const line of world.lines) console.log(line);
    console.log(`world ${seed}, ${world.profile.company}: ${world.calls} calls, digest ${world.digest}`);
    for (const violation of world.violations) console.log(describe(violation));
  }
  if (world.violations.length > 0) process.exitCode = 1;
}

/** One recording, and nothing else, so that the output can be given to `replay()`; or which there are. */
function tellRecordings(recordings: readonly (readonly string[])[], number: string): void {
  if (number !== '') for (const line of recordings[Number(number)] ?? []) console.log(line);
  else
    for (const [i, lines] of recordings.entries()) console.log(`--record ${i}: ${lines.length} lines of ${lines[0]}`);
}

function describe({ invariant, world, time, detail }: Violation): string {
  return `Violated in world ${world} at ${time} ms: ${invariants[invariant]} (${invariant})\n  ${detail}`;
}

function omissionsOf(calls: string | undefined, faults: string | undefined): Omissions {
  return {
    calls: new Set((calls ?? '').split(',').filter(Boolean).map(Number)),
    faults: new Set((faults ?? '').split(',').filter(Boolean) as FaultKind[]), // a word that is none omits nothing
  };
}

/** Node and Deno have one behind a flag, Bun has its own. */
function collector(): { collect?: () => void } {
  const { gc, Bun } = globalThis as { gc?: () => void; Bun?: { gc(isSynchronous: boolean): void } };
  if (Bun !== undefined) return { collect: () => Bun.gc(true) };
  return gc === undefined ? {} : { collect: gc };
}
