// Serving a GET of 13 bytes over 127.0.0.1: ours, node:http, and as the limit a socket that answers without reading. Each server is a
// process of its own, all get their load from one more, in turns. Two numbers: how much is served, which the load bounds too, and how
// much time of the processor the server takes for each answer, which it does not.

import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Settings } from '../harness/family.ts';
import { roundsOf } from '../harness/pace.ts';
import type { Report, Row } from '../harness/report.ts';
import type { Load, Loaded } from './load.ts';
import type { Started, Used } from './peers.ts';

const peers = ['halfpipe', 'node:http', 'canned'] as const;
const works: readonly Omit<Load, 'port' | 'milliseconds'>[] = [
  { connections: 1, depth: 1 },
  { connections: 64, depth: 1 },
  { connections: 1, depth: 16 },
  { connections: 64, depth: 16 },
];

export async function server(settings: Settings): Promise<Report[]> {
  const load = start('load.ts', [], 1);
  const servers = await Promise.all(
    peers.map(async (peer) => {
      const child = start('peers.ts', [peer], 0);
      const [{ port }] = (await once(child, 'message')) as [Started];
      return { peer, child, port };
    }),
  );
  const milliseconds = settings.pace === 'full' ? 1000 : 200;
  const rates: Row[] = [];
  const costs: Row[] = [];
  try {
    for (const work of works) {
      const rate = new Map(peers.map((peer): [string, number[]] => [peer, []]));
      const cost = new Map(peers.map((peer): [string, number[]] => [peer, []]));
      for (const { port } of servers) await ask<Loaded>(load, { ...work, port, milliseconds: milliseconds / 2 });
      for (let round = 0; round < roundsOf(settings.pace); round++) {
        for (let turn = 0; turn < servers.length; turn++) {
          const { peer, child, port } = servers[(round + turn) % servers.length]!; // of a non-empty list
          const before = await ask<Used>(child, 'used');
          const { responses, seconds } = await ask<Loaded>(load, { ...work, port, milliseconds });
          const after = await ask<Used>(child, 'used');
          rate.get(peer)?.push(responses / seconds);
          cost.get(peer)?.push((after.microseconds - before.microseconds) / responses);
        }
      }
      const name = `${work.connections} connection${work.connections > 1 ? 's' : ''}, ${work.depth} deep`;
      rates.push({ work: name, results: [...rate].map(([peer, values]) => ({ peer, rounds: values })) });
      costs.push({ work: name, results: [...cost].map(([peer, values]) => ({ peer, rounds: values })) });
    }
  } finally {
    load.disconnect();
    for (const { child } of servers) child.disconnect();
  }
  const common = { family: 'server', beside: ['canned'] };
  return [
    { ...common, title: 'GET of 13 bytes', unit: 'responses a second', better: 'more', rows: rates },
    {
      ...common,
      title: 'GET of 13 bytes',
      unit: "µs of the server's processor a response",
      better: 'less',
      rows: costs,
    },
  ];
}

function start(file: string, args: readonly string[], core: number): ChildProcess {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args);
  child.on('exit', (code) => {
    if (code !== 0) throw new Error(`${file} ended with ${code}`);
  });
  // Servers on one core and the load on another, where the system lets us; they run on, unpinned, where it does not.
  if (availableParallelism() > 1) spawnSync('taskset', ['-a', '-c', '-p', String(core), String(child.pid)]);
  return child;
}

async function ask<Answer>(child: ChildProcess, question: Load | 'used'): Promise<Answer> {
  const answer = once(child, 'message') as Promise<[Answer]>;
  child.send(question);
  return (await answer)[0];
}
