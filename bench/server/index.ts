// Serving over 127.0.0.1: ours, node:http and what is built on it, what other runtimes have of their own, and as the limit a socket that
// answers without reading. Each server is a process of its own, all get their load from one more, in turns. Two numbers: how much is served,
// which the load bounds too, and how much time of the processor the server takes for each answer, which it does not.

import { Absent } from '../harness/absent.ts';
import { Child } from '../harness/child.ts';
import { type Entrant, entrantsOf } from '../harness/entrants.ts';
import type { Family, Settings } from '../harness/family.ts';
import type { Pace } from '../harness/pace.ts';
import type { Missing, Report, Result, Row } from '../harness/report.ts';
import { commandOf, howToInstall } from '../harness/runtimes.ts';
import { takeTurns } from '../harness/turns.ts';
import type { Loaded, Task } from './load.ts';
import type { Question, Started, Used } from './peer.ts';
import { fewerLoads, type Load, loads, nameOf } from './works.ts';

interface Contestant {
  readonly peer: string;
  readonly child: Child;
  readonly port: number;
}

interface Contest {
  readonly runtime: 'node' | 'deno' | 'bun';
  readonly title: string;
  readonly peers: readonly string[];
  readonly loads: readonly Load[];
}

const contests: readonly Contest[] = [
  { runtime: 'node', title: 'on Node.js', peers: ['halfpipe', 'node:http', 'fastify', 'canned'], loads },
  { runtime: 'deno', title: 'on Deno', peers: ['halfpipe', 'node:http', 'Deno.serve', 'canned'], loads: fewerLoads },
  { runtime: 'bun', title: 'on Bun', peers: ['halfpipe', 'node:http', 'Bun.serve', 'canned'], loads: fewerLoads },
];

export const server: Family = async (settings) => {
  const load = Child.script(new URL('load.ts', import.meta.url), [], 1);
  const reports: Report[] = [];
  try {
    for (const contest of contests) reports.push(...(await measure(contest, load, settings)));
  } finally {
    await load.stop();
  }
  return reports;
};

const milliseconds: Readonly<Record<Pace, number>> = { full: 120, quick: 100, smoke: 10 };

async function measure({ runtime, title, peers, loads }: Contest, load: Child, settings: Settings): Promise<Report[]> {
  const { pace } = settings;
  const children = entrantsOf(peers, settings).map((entrant) => ({
    peer: entrant.peer,
    child: start(entrant, runtime),
  }));
  const rates: Row[] = [];
  const costs: Row[] = [];
  try {
    const running: Contestant[] = [];
    const missing: Missing[] = [];
    for (const { peer, child } of children) {
      try {
        if (child === null) throw new Absent(`${runtime} is not installed: ${howToInstall[runtime]}`);
        const { port } = await child.ask<Started>('start' satisfies Question);
        running.push({ peer, child, port });
      } catch (error) {
        if (!(error instanceof Absent)) throw error;
        missing.push({ peer, missing: 'not run', why: error.message });
      }
    }
    const failures = new Map<string, string>();
    const turn = (work: Load) => async (contestant: Contestant) => {
      const failure = `${contestant.peer} ${nameOf(work)}`;
      if (failures.has(failure)) return null;
      try {
        return await ask(contestant, work, load, milliseconds[pace]);
      } catch (error) {
        failures.set(failure, error instanceof Error ? error.message : String(error));
        return null;
      }
    };
    for (const work of [...warming(loads), ...loads]) for (const contestant of running) await turn(work)(contestant);
    for (const work of loads) {
      const rounds = [...(await takeTurns(running, pace, turn(work)))];
      const results = (of: keyof Served): Row['results'] => [
        ...rounds.map(([peer, values]): Result | Missing => {
          const why = failures.get(`${peer} ${nameOf(work)}`);
          if (why !== undefined) return { peer, missing: 'wrong', why };
          return { peer, rounds: values.flatMap((value) => (value === null ? [] : [value[of]])) };
        }),
        ...missing,
      ];
      rates.push({ work: nameOf(work), results: results('rate') });
      costs.push({ work: nameOf(work), results: results('cost') });
    }
  } finally {
    await Promise.all(children.map(({ child }) => child?.stop()));
  }
  const common = { family: 'server', title, beside: ['canned'] };
  return [
    { ...common, unit: 'responses a second', better: 'more', rows: rates },
    { ...common, unit: "µs of the server's processor a response", better: 'less', rows: costs },
  ];
}

/** All of the requests, that the code of all servers has met before anything is measured. */
function warming(loads: readonly Load[]): Load[] {
  return loads.filter(({ connections, depth }) => connections === 64 && depth === 16).flatMap((load) => [load, load]);
}

/** Responses a second, and the microseconds of the server's processor that each takes. */
interface Served {
  readonly rate: number;
  readonly cost: number;
}

async function ask({ child, port }: Contestant, work: Load, load: Child, milliseconds: number): Promise<Served> {
  const tell = <Answer>(task: Task) => load.ask<Answer>(task);
  try {
    await tell({ open: { ...work, port } });
    const before = await child.ask<Used>('used' satisfies Question);
    const { responses, seconds } = await tell<Loaded>({ milliseconds });
    const after = await child.ask<Used>('used' satisfies Question);
    return { rate: responses / seconds, cost: (after.microseconds - before.microseconds) / responses };
  } finally {
    await tell('close');
  }
}

function start({ name, env }: Entrant, runtime: Contest['runtime']): Child | null {
  const file = new URL('peer.ts', import.meta.url);
  if (runtime === 'node') return Child.script(file, [name], 0, env);
  const command = commandOf(runtime);
  return command === null ? null : new Child(`${name} on ${runtime}`, [...command, file.pathname, name], 0, env);
}
