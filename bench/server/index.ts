// Serving over 127.0.0.1: ours, node:http and what is built on it, what other runtimes have of their own, and as the limit a socket that
// answers without reading. Each server is a process of its own, all get their load from one more.

import { Child } from '../harness/child.ts';
import { entrantsOf } from '../harness/entrants.ts';
import type { Family } from '../harness/family.ts';
import type { Loaded } from '../harness/loading.ts';
import type { Pace } from '../harness/pace.ts';
import type { Report } from '../harness/report.ts';
import { type Runtime, runOn } from '../harness/runtimes.ts';
import { measureThroughput } from '../harness/throughput.ts';
import type { Task } from './load.ts';
import type { Question, Started, Used } from './peer.ts';
import { fewerLoads, type Load, loads, nameOf } from './works.ts';

interface Contest {
  readonly runtime: Runtime;
  readonly title: string;
  readonly peers: readonly string[];
  readonly works: readonly Load[];
}

const contests: readonly Contest[] = [
  { runtime: 'node', title: 'on Node.js', peers: ['halfpipe', 'node:http', 'fastify', 'canned'], works: loads },
  { runtime: 'deno', title: 'on Deno', peers: ['halfpipe', 'node:http', 'Deno.serve', 'canned'], works: fewerLoads },
  { runtime: 'bun', title: 'on Bun', peers: ['halfpipe', 'node:http', 'Bun.serve', 'canned'], works: fewerLoads },
];

const milliseconds: Readonly<Record<Pace, number>> = { full: 100, quick: 100, smoke: 10 };

export const server: Family = async (settings) => {
  const { pace } = settings;
  const load = Child.script(new URL('load.ts', import.meta.url), [], 1);
  const tell = <Answer>(task: Task) => load.ask<Answer>(task);
  const reports: Report[] = [];
  try {
    for (const { runtime, title, peers, works } of contests) {
      const throughput = {
        works: pace === 'smoke' ? fewerLoads : works,
        nameOf,
        warming: loads.filter(({ connections, depth }) => connections === 64 && depth === 16),
        takers: entrantsOf(peers, settings).map((entrant) => {
          return { peer: entrant.peer, child: runOn(runtime, new URL('peer.ts', import.meta.url), entrant, 0) };
        }),
        pace,
        start: (child: Child) => child.ask<Started>('start' satisfies Question),
        turn: async (child: Child, { port }: Started, work: Load) => {
          try {
            await tell({ open: { ...work, port } });
            const before = await child.ask<Used>('used' satisfies Question);
            const { responses, seconds } = await tell<Loaded>({ milliseconds: milliseconds[pace] });
            const after = await child.ask<Used>('used' satisfies Question);
            return { rate: responses / seconds, cost: (after.microseconds - before.microseconds) / responses };
          } finally {
            await tell('close');
          }
        },
      };
      reports.push(
        ...(await measureThroughput(throughput, { family: 'server', title, beside: ['canned'] }, 'response')),
      );
    }
  } finally {
    await load.stop();
  }
  return reports;
};
