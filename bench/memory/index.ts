// What things weigh: many of them are made in a process of its own, which is weighed before and after. A few are made first, so that code
// and tables that they share are not weighed with them.

import { Child } from '../harness/child.ts';
import { type Entrant, entrantsOf } from '../harness/entrants.ts';
import type { Family } from '../harness/family.ts';
import type { Pace } from '../harness/pace.ts';
import type { Report, Result } from '../harness/report.ts';
import { makers } from './core.ts';
import type { Question } from './crowd.ts';
import type { Step } from './peer.ts';
import type { Weight } from './works.ts';

/** How many of a thing, and how often. */
const extents: Readonly<Record<Pace, { readonly count: number; readonly rounds: number }>> = {
  full: { count: 10_000, rounds: 2 },
  quick: { count: 2_000, rounds: 1 },
  smoke: { count: 100, rounds: 1 },
};
const few = 100;

type Note = (work: string, before: Weight, after: Weight) => void;
/** Takes the steps of some works in a fresh process, with another for what is at the other end. */
type Weighing = (child: Child, crowd: Child, count: number, note: Note) => Promise<void>;

const weighings: readonly { readonly peers: readonly string[]; readonly weigh: Weighing }[] = [
  { peers: ['halfpipe', 'node:http', 'net'], weigh: weighServer },
  { peers: ['halfpipe', 'node:http', 'undici', 'net'], weigh: weighClient },
  { peers: ['halfpipe', 'node:http', 'undici'], weigh: weighQueue },
  { peers: ['halfpipe'], weigh: weighCore },
];

export const memory: Family = async (settings) => {
  const { count, rounds } = extents[settings.pace];
  const crowd = Child.script(new URL('crowd.ts', import.meta.url), [], 1);
  const weights = new Map<string, Map<string, Weight[]>>(); // by work, then by peer
  try {
    for (let round = 0; round < rounds; round++) {
      for (const { peers, weigh } of weighings) {
        for (const entrant of entrantsOf(peers, settings)) {
          await weighed(entrant, crowd, weigh, count, (work, before, after) => {
            const byPeer = weights.get(work) ?? new Map<string, Weight[]>();
            const heap = (after.heap - before.heap) / count;
            const resident = (after.resident - before.resident) / count;
            const all = [...(byPeer.get(entrant.peer) ?? []), { heap, resident }];
            weights.set(work, byPeer.set(entrant.peer, all));
          });
        }
      }
    }
  } finally {
    await crowd.stop();
  }
  const rows = (of: keyof Weight) =>
    [...weights].map(([work, byPeer]) => {
      const results = [...byPeer].map(([peer, all]): Result => ({ peer, rounds: all.map((weight) => weight[of]) }));
      return { work, results };
    });
  const common = { family: 'memory', better: 'less', beside: ['net'] } as const;
  const withSockets = rows('resident').filter(({ work }) => !work.startsWith('core'));
  return [
    { ...common, title: `on the heap, of ${count}`, unit: 'bytes each', rows: rows('heap') },
    { ...common, title: `in the process, of ${count}`, unit: 'bytes each', rows: withSockets },
  ] satisfies Report[];
};

async function weighed(
  { name, env }: Entrant,
  crowd: Child,
  weigh: Weighing,
  count: number,
  note: Note,
): Promise<void> {
  const child = Child.script(new URL('peer.ts', import.meta.url), [name], 0, env);
  try {
    await weigh(child, crowd, count, note);
  } finally {
    await child.stop();
    await ask(crowd, 'leave');
  }
}

async function weighServer(child: Child, crowd: Child, count: number, note: Note): Promise<void> {
  const port = await step<number>(child, 'listen');
  await ask(crowd, { port, count: few });
  const first = await step<Weight>(child, 'weigh');
  await ask(crowd, { port, count: few + count });
  const idle = await step<Weight>(child, 'weigh');
  note('server: an idle connection', first, idle);
  await ask(crowd, { hold: few + count });
  await heldBy(child, few + count);
  note('server: a connection with a live exchange', first, await step<Weight>(child, 'weigh'));
}

/** Until so many requests have come. */
async function heldBy(child: Child, count: number): Promise<void> {
  for (let polls = 0; (await step<number>(child, 'held')) < count; polls++) {
    if (polls === 1_000) throw new Error('Cannot weigh: not all requests have come');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function weighClient(child: Child, crowd: Child, count: number, note: Note): Promise<void> {
  const port = await ask(crowd, 'listen');
  await step(child, { connect: few, port });
  const first = await step<Weight>(child, 'weigh');
  await step(child, { connect: count, port });
  const idle = await step<Weight>(child, 'weigh');
  note('client: an idle connection', first, idle);
  await step(child, { hold: count, on: 'each' });
  note('client: a connection with a live call', first, await step<Weight>(child, 'weigh'));
}

async function weighQueue(child: Child, crowd: Child, count: number, note: Note): Promise<void> {
  const port = await ask(crowd, 'listen');
  await step(child, { connect: 1, port });
  await step(child, { hold: few, on: 'one' });
  const first = await step<Weight>(child, 'weigh');
  await step(child, { hold: count, on: 'one' });
  note('client: a queued call', first, await step<Weight>(child, 'weigh'));
}

async function weighCore(child: Child, _: Child, count: number, note: Note): Promise<void> {
  for (const make of Object.keys(makers)) {
    await step(child, { make, count: few });
    const first = await step<Weight>(child, 'weigh');
    await step(child, { make, count });
    note(`core: a ${make}`, first, await step<Weight>(child, 'weigh'));
  }
}

function step<Answer = unknown>(child: Child, step: Step): Promise<Answer> {
  return child.ask<Answer>(step);
}

function ask(crowd: Child, question: Question): Promise<number> {
  return crowd.ask<number>(question);
}
