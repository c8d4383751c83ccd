// Large bodies, up and down: ours, node:http and undici, each against a socket that writes what is ready made and counts what comes; as the
// limit that socket against itself. First each transfer is made once, smaller, against node:http, which compares every byte.

import { Child } from '../harness/child.ts';
import { entrantsOf } from '../harness/entrants.ts';
import type { Family } from '../harness/family.ts';
import type { Pace } from '../harness/pace.ts';
import { runOn } from '../harness/runtimes.ts';
import { measureThroughput } from '../harness/throughput.ts';
import type { Question } from './peer.ts';
import { nameOf, type Work, worksOf } from './works.ts';

const MiB = 2 ** 20;
const sizes: Readonly<Record<Pace, number>> = { full: 1024 * MiB, quick: 128 * MiB, smoke: 4 * MiB };
/** Not whole pieces. */
const checkedSize = 3 * MiB + 7;

export const bodies: Family = async (settings) => {
  const { pace } = settings;
  const file = new URL('peer.ts', import.meta.url);
  const others = { limit: Child.script(file, ['limit'], 1), check: Child.script(file, ['check'], 1) };
  const ask = (child: Child, question: Question) => child.ask<number>(question);
  const reports = [];
  try {
    const ports = { limit: await ask(others.limit, 'listen'), check: await ask(others.check, 'listen') };
    /** The seconds that a transfer takes. */
    const transfer = async (child: Child, listening: number | null, work: Work, other: keyof typeof others) =>
      listening === null
        ? await ask(child, { call: work, port: ports[other] })
        : await ask(others[other], { call: work, port: listening });
    for (const role of ['server', 'client'] as const) {
      const works = worksOf(sizes[pace]).filter((work) => work.role === role);
      const peers =
        role === 'server' ? ['halfpipe', 'node:http', 'limit'] : ['halfpipe', 'node:http', 'undici', 'limit'];
      const throughput = {
        works,
        nameOf,
        warming: works.map((work) => ({ ...work, size: sizes.quick })),
        takers: entrantsOf(peers, settings).map((entrant) => ({
          peer: entrant.peer,
          child: runOn('node', file, entrant, 0),
        })),
        pace,
        rounds: 3,
        start: (child: Child) => (role === 'server' ? ask(child, 'listen') : Promise.resolve(null)),
        check: async (child: Child, listening: number | null, work: Work) => {
          await transfer(child, listening, { ...work, size: checkedSize }, 'check');
        },
        turn: async (child: Child, listening: number | null, work: Work) => {
          const before = await ask(child, 'used');
          const seconds = await transfer(child, listening, work, 'limit');
          const after = await ask(child, 'used');
          return { rate: work.size / MiB / seconds, cost: ((after - before) * MiB) / work.size };
        },
      };
      reports.push(
        ...(await measureThroughput(throughput, { family: 'bodies', title: role, beside: ['limit'] }, 'MiB', 'MiB')),
      );
    }
  } finally {
    await Promise.all(Object.values(others).map((child) => child.stop()));
  }
  return reports;
};
