// The least of a world that still violates the same invariant: without kinds of faults, then without calls, in ever smaller groups.

import type { FaultKind } from '@halfpipe/testing';
import type { Invariant, Violation } from './invariants.ts';
import { runWorld } from './simulate.ts';
import type { Omissions } from './world.ts';

const none: ReadonlySet<never> = new Set();

/** Runs a world without what is named; gives the invariants that it violates. */
export type Run = (seed: number, omissions: Omissions) => Promise<ReadonlySet<Invariant>>;

const runReally: Run = async (seed, omissions) => {
  const { violations } = await runWorld(seed, omissions);
  return new Set(violations.map(({ invariant }) => invariant));
};

/** What can be left out. Calls keep their numbers, so that the others stay as they were. */
export async function shrink(
  { world, invariant }: Pick<Violation, 'world' | 'invariant'>,
  run: Run = runReally,
): Promise<Required<Omissions>> {
  const whole = await runWorld(world);
  const faults = new Set<FaultKind>();
  const calls = new Set<number>();
  const still = async () => (await run(world, { calls, faults })).has(invariant);
  for (const kind of Object.keys(whole.profile.faults) as FaultKind[]) {
    faults.add(kind);
    if (!(await still())) faults.delete(kind);
  }
  for (let size = Math.ceil(whole.planned.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    const left = whole.planned.filter((number) => !calls.has(number));
    for (let at = 0; at < left.length; at += size) {
      const group = left.slice(at, at + size);
      for (const number of group) calls.add(number);
      if (!(await still())) for (const number of group) calls.delete(number);
    }
  }
  return { calls, faults };
}

/** Commands, and what each is for: to see a violation again, in the whole world and in the least of it, and to look inside. */
export function waysToReplay(world: number, least: Omissions): string[] {
  const shrunk = commandFor(world, least);
  return [
    `replay:  ${commandFor(world)} --log`,
    `shrunk:  ${shrunk} --log`,
    `inside:  ${shrunk} --record (tells which connections there are; --record 0 is the first, for replay() of @halfpipe/testing)`,
  ];
}

/** What runs a world, or what is left of it without that. */
function commandFor(world: number, { calls = none, faults = none }: Omissions = {}): string {
  const without = calls.size === 0 ? '' : ` --without ${[...calls].sort((a, b) => a - b).join(',')}`;
  const calm = faults.size === 0 ? '' : ` --calm ${[...faults].join(',')}`;
  return `npm run sim -- --world ${world}${without}${calm}`;
}
