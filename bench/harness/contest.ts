// Measures loops against each other in turns: a round asks each peer for a while, the next round begins with another, so that what
// disturbs the machine disturbs all alike. Each peer has a process of its own, and all of them the same core.

import { Absent } from './absent.ts';
import { Child } from './child.ts';
import type { Settings } from './family.ts';
import type { Question } from './loop.ts';
import { otherCheckout } from './ours.ts';
import { type Pace, roundsOf } from './pace.ts';
import type { Missing, Row } from './report.ts';

export interface Contest {
  /** The module that exports the peers. */
  readonly file: URL;
  /** Who does a work, ours first. */
  readonly peers: (work: string) => readonly string[];
  readonly settings: Settings;
}

interface Contestant {
  readonly peer: string;
  readonly child: Child;
}

/** Nanoseconds of the processor that each peer takes for a unit of each work. */
export async function compete(works: readonly string[], { file, peers, settings }: Contest): Promise<Row[]> {
  const { pace, against } = settings;
  const names = [...new Set(works.flatMap(peers))];
  const rows = new Map(works.map((work): [string, Row] => [work, { work, results: [] }]));
  // Two processes that run the same code differ by some per cent for as long as they live, so a comparison that looks for that much has several.
  for (let generation = 0; generation < (against === null || pace === 'smoke' ? 1 : 3); generation++) {
    const children = against === null ? started(file, names) : compared(file, names[0] ?? '', against);
    try {
      for (const [work, before] of rows) {
        const taking = against === null ? children.filter(({ peer }) => peers(work).includes(peer)) : children;
        rows.set(work, joined(before, await row(work, taking, pace)));
      }
    } finally {
      await Promise.all(children.map(({ child }) => child.stop()));
    }
  }
  return [...rows.values()];
}

const loop = new URL('loop.ts', import.meta.url);

function started(file: URL, peers: readonly string[]): Contestant[] {
  return peers.map((peer) => ({ peer, child: Child.script(loop, [file.href, peer], 0) }));
}

/** Ours from here and from another checkout, in the place of the peers. */
function compared(file: URL, ours: string, checkout: string): Contestant[] {
  return [
    { peer: 'here', child: Child.script(loop, [file.href, ours], 0) },
    { peer: checkout, child: Child.script(loop, [file.href, ours], 0, { [otherCheckout]: checkout }) },
  ];
}

async function row(work: string, contestants: readonly Contestant[], pace: Pace): Promise<Row> {
  const [ours] = contestants;
  const ask = <Answer>({ child }: Contestant, milliseconds: number) =>
    child.ask<Answer>({ work, milliseconds } satisfies Question);
  if (ours === undefined) return { work, results: [] };
  const expected = await ask<string>(ours, 0);
  const running: Contestant[] = [];
  const missing: Missing[] = [];
  for (const contestant of contestants) {
    const { peer } = contestant;
    try {
      const seen = await ask<string>(contestant, 0);
      if (seen === expected) running.push(contestant);
      else missing.push({ peer, missing: 'wrong', why: difference(expected, seen) });
    } catch (error) {
      const why = String(error instanceof Error ? error.message : error);
      missing.push({ peer, missing: error instanceof Absent ? 'not run' : 'wrong', why });
    }
  }
  const turn = { full: 50, quick: 15, smoke: 1 }[pace];
  for (const contestant of running) await ask(contestant, turn * 4); // to warm up
  const rounds = new Map(running.map(({ peer }): [string, number[]] => [peer, []]));
  for (let round = 0; round < roundsOf(pace); round++) {
    for (let turns = 0; turns < running.length; turns++) {
      const contestant = running[(round + turns) % running.length]!; // of a non-empty list: ours agrees with itself
      rounds.get(contestant.peer)?.push(await ask<number>(contestant, turn));
    }
  }
  return { work, results: [...[...rounds].map(([peer, values]) => ({ peer, rounds: values })), ...missing] };
}

/** The rounds of two generations of processes in one row. */
function joined(before: Row, { work, results }: Row): Row {
  return {
    work,
    results: results.map((result) => {
      const earlier = before.results.find(({ peer }) => peer === result.peer);
      if (earlier === undefined || 'missing' in earlier || 'missing' in result) return result;
      return { peer: result.peer, rounds: [...earlier.rounds, ...result.rounds] };
    }),
  };
}

/** Where what a peer says begins to differ from what ours says. */
function difference(expected: string, seen: string): string {
  let at = 0;
  while (at < expected.length && expected[at] === seen[at]) at++;
  const from = Math.max(0, at - 20);
  return `${JSON.stringify(seen.slice(from, at + 20))} in place of ${JSON.stringify(expected.slice(from, at + 20))}`;
}
