// The same worlds of the simulation on every runtime that is here: from the same seeds each must make the same run, to the last event.
//   npm run sim:runtimes -- [--exchanges N] [--seed N] [--on node,deno,bun]

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Simulation, tell } from './simulation.ts';

/** One that the simulation can run on, if it is installed. */
export interface Runtime {
  readonly name: string;
  readonly command: string;
  /** What stands before the program: it may ask for the collection of garbage. */
  readonly flags: readonly string[];
  /** What installs it. */
  readonly from: string;
}

const others = 'npm ci --prefix runtimes';

/** All there are; `root` is that of the workspace. */
export function runtimesIn(root: string): Runtime[] {
  const flags = ['--expose-gc'];
  const nodes = ['node-22', 'node-24', 'node-26'].map((name) => {
    return { name, command: join(root, 'runtimes/node_modules', name, 'bin/node'), flags, from: others };
  });
  return [
    { name: 'node', command: process.execPath, flags, from: '' },
    ...nodes,
    {
      name: 'deno',
      command: join(root, 'node_modules/.bin/deno'),
      flags: ['run', '--no-prompt', '--v8-flags=--expose-gc'],
      from: 'npm ci',
    },
    { name: 'bun', command: join(root, 'runtimes/node_modules/.bin/bun'), flags: [], from: others },
  ];
}

/** What has become of a run. */
export type Run =
  | {
      readonly runtime: string;
      readonly kind: 'run';
      readonly digest: string;
      readonly exchanges: number;
      /** Of the first world and the last. */
      readonly seeds: readonly [number, number];
    }
  /** It has violated an invariant, crashed, or not come to an end. */
  | { readonly runtime: string; readonly kind: 'failed'; readonly why: string }
  /** It is not installed, which says nothing about it. */
  | { readonly runtime: string; readonly kind: 'not run'; readonly why: string };

/** What a run is to be. */
export interface RunOptions {
  /** At least so many. */
  readonly exchanges: number;
  /** That of the first world. Default 1. */
  readonly seed?: number;
  /** After so long it is killed. Default: an hour. */
  readonly seconds?: number;
}

/** Runs the same worlds on each, one after the other. Calls back when one is over. */
export async function runOn(
  root: string,
  runtimes: readonly Runtime[],
  options: RunOptions,
  onRun: (run: Run) => void = () => {},
): Promise<Run[]> {
  const folder = mkdtempSync(join(tmpdir(), 'halfpipe-runtimes-'));
  const runs: Run[] = [];
  try {
    new Simulation(root).write(folder);
    for (const runtime of runtimes) {
      const run = await runIn(folder, runtime, options);
      runs.push(run);
      onRun(run);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return runs;
}

async function runIn(
  folder: string,
  runtime: Runtime,
  { exchanges, seed = 1, seconds = 3_600 }: RunOptions,
): Promise<Run> {
  const { name, command, flags, from } = runtime;
  if (!existsSync(command)) return { runtime: name, kind: 'not run', why: `${command} is not there: ${from}` };
  const args = [join(folder, 'sim/run.js'), '--exchanges', String(exchanges), '--seed', String(seed), '--json'];
  // Nothing is kept, and nobody is asked whether there is a newer one.
  const env = { ...process.env, DENO_DIR: join(folder, 'deno'), DENO_NO_UPDATE_CHECK: '1' };
  const outcome = await tell(command, [...flags, ...args], seconds, env);
  if (outcome.kind === 'endless') return { runtime: name, kind: 'failed', why: `no end after ${seconds} s` };
  if (outcome.kind === 'crashed') return { runtime: name, kind: 'failed', why: outcome.why };
  const told = outcome.value as Told; // what run.js prints
  const [first] = told.violations;
  const { digest, exchanges: made, seeds } = told;
  if (first === undefined) return { runtime: name, kind: 'run', digest, exchanges: made, seeds };
  return { runtime: name, kind: 'failed', why: `${first.invariant} in world ${first.world}: ${first.detail}` };
}

/** Of what run.js prints with --json, what is looked at here. */
interface Told {
  readonly digest: string;
  readonly exchanges: number;
  readonly seeds: readonly [number, number];
  readonly violations: readonly { readonly invariant: string; readonly world: number; readonly detail: string }[];
}

/** Why these runs do not show that the runtimes agree; null if they do. Those that were not run show nothing. */
export function disagreement(runs: readonly Run[]): string | null {
  const failed = runs.filter(({ kind }) => kind === 'failed').map(({ runtime }) => runtime);
  if (failed.length > 0) return `failed on ${failed.join(', ')}`;
  const digests = new Set(runs.flatMap((run) => (run.kind === 'run' ? `${run.digest} ${run.exchanges}` : [])));
  if (digests.size > 1) return `${digests.size} different runs of the same worlds`;
  return runs.filter(({ kind }) => kind === 'run').length < 2 ? 'fewer than two runtimes to compare' : null;
}

function describe(run: Run): string {
  if (run.kind === 'run') {
    const [first, last] = run.seeds;
    return `${run.runtime.padEnd(8)} digest ${run.digest}, ${run.exchanges} exchanges, seeds ${first} to ${last}`;
  }
  return `${run.runtime.padEnd(8)} ${run.kind === 'failed' ? 'FAILED' : 'NOT RUN'}: ${run.why}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      exchanges: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      on: { type: 'string' },
    },
  });
  const root = fileURLToPath(new URL('..', import.meta.url));
  const all = runtimesIn(root);
  const names = values.on?.split(',') ?? all.map(({ name }) => name);
  const runtimes = names.map((name) => {
    const runtime = all.find((one) => one.name === name);
    if (runtime === undefined) throw new Error(`Cannot run on ${name}: there are ${all.map((one) => one.name)}`);
    return runtime;
  });
  const options = { exchanges: Number(values.exchanges), seed: Number(values.seed) };
  let began = performance.now();
  const runs = await runOn(root, runtimes, options, (run) => {
    const seconds = (performance.now() - began) / 1_000;
    began = performance.now();
    console.log(run.kind === 'not run' ? describe(run) : `${describe(run)}, ${seconds.toFixed(1)} s`);
  });
  const missing = runs.filter(({ kind }) => kind === 'not run').map(({ runtime }) => runtime);
  if (missing.length > 0) console.log(`Nothing is known of ${missing.join(', ')}`);
  const why = disagreement(runs);
  console.log(why === null ? `${runs.length - missing.length} runtimes agree` : `They do not agree: ${why}`);
  if (why !== null) process.exitCode = 1;
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) void main();
