// Many worlds side by side, so that a turn of the event loop is shared by all of them: it costs more than what happens in one.
// Adds up what they report, in the order of their seeds, whichever is over first.

import { Coverage } from './coverage.ts';
import { Digest } from './digest.ts';
import type { Violation } from './invariants.ts';
import { Leaks } from './leaks.ts';
import { isIntact } from './payload.ts';
import { turn } from './turn.ts';
import { type Keeping, type Omissions, World } from './world.ts';

export interface SimulateOptions {
  /** The seed of the first world; the others follow. Default 1. */
  readonly seed?: number;
  /** At least so many calls are made. Default 20,000. */
  readonly exchanges?: number;
  /** So many worlds at once. Default 64. */
  readonly width?: number;
  /** Stop when so many violations are found. Default 10. */
  readonly mostViolations?: number;
  readonly onProgress?: (progress: Progress) => void;
  /** Told of the first violation as soon as it is seen, and of how many calls have been made until then. Its world may not come to an end. */
  readonly onViolation?: (violation: Violation, exchanges: number) => void;
  /** Collects garbage, where the platform lets one ask for it; then a world in a hundred is looked at for what it has left behind. */
  readonly collect?: () => void;
}

export interface Progress {
  /** Calls made in worlds that are over. */
  readonly exchanges: number;
  readonly worlds: number;
  readonly violations: number;
}

export interface Simulation {
  readonly violations: readonly Violation[];
  readonly coverage: Coverage;
  /** Of everything that was observed; a function of the seeds. */
  readonly digest: string;
  /** Calls that were made. */
  readonly exchanges: number;
  readonly worlds: number;
  /** The first and the last seed. */
  readonly seeds: readonly [number, number];
}

/** Runs worlds until enough calls were made. How many that takes is known beforehand, so that two runs run the same worlds. */
export async function simulate(options: SimulateOptions = {}): Promise<Simulation> {
  const { seed = 1, exchanges = 20_000, width = 64, mostViolations = 10, onProgress, onViolation, collect } = options;
  const leaks = new Leaks();
  const running = new Map<number, World>();
  const over = new Map<number, World>();
  const coverage = new Coverage();
  const digest = new Digest();
  const violations: Violation[] = [];
  let next = seed;
  let first = seed;
  let planned = 0;
  let made = 0;
  let found = 0;
  let isTold = false;
  const tell = (violation: Violation) => {
    isTold = true;
    const unfinished = [...running.values(), ...over.values()].reduce((sum, { calls }) => sum + calls, 0);
    onViolation?.(violation, made + unfinished);
  };
  while (running.size > 0 || (planned < exchanges && found < mostViolations)) {
    while (running.size < width && planned < exchanges && found < mostViolations) {
      const world = new World(next);
      planned += world.planned.length;
      running.set(next++, world);
      world.start();
    }
    await turn();
    for (const [number, world] of running) {
      world.step();
      if (!isTold) world.violations.slice(0, 1).forEach(tell);
      if (!world.isOver) continue;
      running.delete(number);
      over.set(number, world);
      found += world.violations.length;
    }
    for (let world = over.get(first); world !== undefined; world = over.get(first)) {
      over.delete(first++);
      made += world.calls;
      violations.push(...world.violations);
      coverage.add(world.coverage);
      digest.add(world.digest);
      if (collect !== undefined && world.seed % 100 === 0) leaks.watch(world);
      onProgress?.({ exchanges: made, worlds: first - seed, violations: violations.length });
    }
  }
  if (collect !== undefined) violations.push(...(await leaks.find(collect)));
  if (!isIntact())
    violations.push({ invariant: 'bytes-untouched', world: seed, time: 0, detail: 'in one of the worlds' });
  return {
    violations,
    coverage,
    digest: digest.toString(),
    exchanges: made,
    worlds: first - seed,
    seeds: [seed, next - 1],
  };
}

/** Runs one world, perhaps without some of what is in it. */
export async function runWorld(seed: number, omissions: Omissions = {}, keeping: Keeping = {}): Promise<World> {
  const world = new World(seed, omissions, keeping);
  world.start();
  while (!world.isOver) {
    await turn();
    world.step();
  }
  return world;
}
