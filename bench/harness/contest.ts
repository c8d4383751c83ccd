// Measures loops against each other in turns: a round asks each peer for a while, the next round begins with another, so that what
// disturbs the machine disturbs all alike. Each peer has a process of its own, and all of them the same core.

import { Absent } from './absent.ts';
import { Child } from './child.ts';
import { type Entrant, entrantsOf } from './entrants.ts';
import type { Settings } from './family.ts';
import type { Question } from './loop.ts';
import { type Pace, roundsOf } from './pace.ts';
import type { Missing, Result, Row } from './report.ts';
import { takeTurns } from './turns.ts';

export interface Contest {
  /** The module that exports the peers. */
  readonly file: URL;
  /** Who does a work, ours first. */
  readonly peers: (work: string) => readonly string[];
  /** The peers that are not in the file but programs of their own, which answer as `loop.ts` does. */
  readonly programs?: Readonly<Record<string, Program>>;
  /** Is it known that this peer does this work wrongly? Any other mistake is told, and the run fails. */
  readonly knownWrong?: (peer: string, work: string) => boolean;
  readonly settings: Settings;
}

export interface Program {
  readonly command: readonly string[];
  /** What a work is, in JSON. */
  readonly data: (work: string) => unknown;
}

interface Contestant {
  readonly peer: string;
  readonly name: string;
  readonly child: Child;
  readonly data?: Program['data'];
}

/** Nanoseconds of the processor that each peer takes for a unit of each work. */
export async function compete(works: readonly string[], contest: Contest): Promise<Row[]> {
  const { peers, settings } = contest;
  const { pace, against } = settings;
  const entrants = entrantsOf([...new Set(works.flatMap(peers))], settings);
  const rows = new Map(works.map((work): [string, Row] => [work, { work, results: [] }]));
  // Two processes that run the same code differ by some per cent for as long as they live, so a comparison that looks for that much has several.
  for (let generation = 0; generation < (against === null || pace === 'smoke' ? 1 : 3); generation++) {
    const children = entrants.map((entrant) => start(entrant, contest));
    try {
      const agreed = new Map<string, Agreed>();
      for (const work of works) {
        const taking = children.filter(({ name }) => peers(work).includes(name));
        agreed.set(work, await agree(work, taking, contest));
      }
      for (const [work, { running, missing }] of agreed) {
        const results = await measure(work, running, pace);
        rows.set(work, joined(rows.get(work), { work, results: [...results, ...missing] }));
      }
    } finally {
      await Promise.all(children.map(({ child }) => child.stop()));
    }
  }
  return [...rows.values()];
}

const loop = new URL('loop.ts', import.meta.url);

function start({ peer, name, env }: Entrant, { file, programs = {} }: Contest): Contestant {
  const program = programs[name];
  if (program === undefined) return { peer, name, child: Child.script(loop, [file.href, name], 0, env) };
  return { peer, name, child: new Child(peer, program.command, 0), data: program.data };
}

/** Who does a work as ours does it, and who does not, and why. */
interface Agreed {
  readonly running: readonly Contestant[];
  readonly missing: readonly Missing[];
}

/** Has the work done once by all, and then for a while, so that all of their code has met all of the works before anything is measured. */
async function agree(
  work: string,
  contestants: readonly Contestant[],
  { settings, knownWrong }: Contest,
): Promise<Agreed> {
  const [ours] = contestants;
  if (ours === undefined) return { running: [], missing: [] };
  const expected = await ask<string>(ours, work, 0);
  const running: Contestant[] = [];
  const missing: Missing[] = [];
  for (const contestant of contestants) {
    const { peer } = contestant;
    const miss = await refusal(contestant, work, expected);
    if (miss === null) running.push(contestant);
    else missing.push({ ...miss, known: knownWrong?.(peer, work) === true });
  }
  if (settings.pace !== 'smoke') for (const contestant of running) await ask(contestant, work, turns[settings.pace]);
  return { running, missing };
}

async function refusal(contestant: Contestant, work: string, expected: string): Promise<Missing | null> {
  const { peer } = contestant;
  try {
    const seen = await ask<string>(contestant, work, 0);
    return seen === expected ? null : { peer, missing: 'wrong', why: difference(expected, seen) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { peer, missing: error instanceof Absent ? 'not run' : 'wrong', why };
  }
}

function ask<Answer>({ child, data }: Contestant, work: string, milliseconds: number): Promise<Answer> {
  return child.ask<Answer>({ work, milliseconds, data: data?.(work) } satisfies Question);
}

/** How long a turn is, in milliseconds of the processor. */
const turns: Readonly<Record<Pace, number>> = { full: 30, quick: 15, smoke: 1 };

async function measure(work: string, running: readonly Contestant[], pace: Pace): Promise<Result[]> {
  if (pace !== 'smoke') for (const contestant of running) await ask(contestant, work, turns[pace]); // to warm up once more
  const rounds = await takeTurns(running, roundsOf(pace), (contestant) => ask<number>(contestant, work, turns[pace]));
  return [...rounds].map(([peer, values]) => ({ peer, rounds: values }));
}

/** The rounds of two generations of processes in one row. */
function joined(before: Row | undefined, { work, results }: Row): Row {
  return {
    work,
    results: results.map((result) => {
      const earlier = before?.results.find(({ peer }) => peer === result.peer);
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
