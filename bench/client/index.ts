// Calling over 127.0.0.1: ours, undici, node:http's agent and fetch, and as the limit raw sockets that write what is ready made and count what
// comes back. Each client is a process of its own; all talk to a socket that answers without reading.

import { Child } from '../harness/child.ts';
import { entrantsOf } from '../harness/entrants.ts';
import type { Family } from '../harness/family.ts';
import type { Pace } from '../harness/pace.ts';
import type { Report } from '../harness/report.ts';
import { type Runtime, runOn } from '../harness/runtimes.ts';
import { measureThroughput } from '../harness/throughput.ts';
import type { Ports } from './canned.ts';
import type { Question, Used } from './peer.ts';
import { fewerWorks, nameOf, type Work, works } from './works.ts';

interface Contest {
  readonly runtime: Runtime;
  readonly title: string;
  readonly peers: readonly string[];
  readonly works: readonly Work[];
}

const contests: readonly Contest[] = [
  {
    runtime: 'node',
    title: 'on Node.js',
    peers: ['halfpipe', 'undici', 'undici, blocking', 'node:http', 'fetch', 'limit'],
    works,
  },
  { runtime: 'deno', title: 'on Deno', peers: ['halfpipe', 'node:http', 'fetch', 'limit'], works: fewerWorks },
  { runtime: 'bun', title: 'on Bun', peers: ['halfpipe', 'node:http', 'fetch', 'limit'], works: fewerWorks },
];

/** Those who do not take part in all. */
const does: Readonly<Record<string, (work: Work) => boolean>> = {
  // It opens a connection for each call that is out.
  fetch: ({ depth }) => depth === 1,
  // Nothing waits there.
  'undici, blocking': ({ depth }) => depth > 1,
};

const milliseconds: Readonly<Record<Pace, number>> = { full: 100, quick: 100, smoke: 10 };

export const client: Family = async (settings) => {
  const { pace } = settings;
  const canned = Child.script(new URL('canned.ts', import.meta.url), [], 1);
  const reports: Report[] = [];
  try {
    const ports = await canned.ask<Ports>('listen');
    for (const { runtime, title, peers, works } of contests) {
      const throughput = {
        works: pace === 'smoke' ? fewerWorks : works,
        nameOf,
        warming: fewerWorks,
        takers: entrantsOf(peers, settings).map((entrant) => {
          const child = runOn(runtime, new URL('peer.ts', import.meta.url), entrant, 0);
          return { peer: entrant.peer, child, does: does[entrant.name] };
        }),
        pace,
        start: async () => ports,
        turn: async (child: Child, { get, post }: Ports, work: Work) => {
          const question: Question = { port: work.upload ? post : get, work, milliseconds: milliseconds[pace] };
          const { responses, seconds, microseconds } = await child.ask<Used>(question);
          return { rate: responses / seconds, cost: microseconds / responses };
        },
      };
      reports.push(...(await measureThroughput(throughput, { family: 'client', title, beside: ['limit'] }, 'call')));
    }
  } finally {
    await canned.stop();
  }
  return reports;
};
