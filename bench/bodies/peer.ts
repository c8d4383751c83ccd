// One end of transfers in a process of its own: the one that is measured, or the one it is measured against. The argument says which.

import process from 'node:process';
import { answer } from '../harness/answer.ts';
import { callChecking, serveChecking } from './check.ts';
import { clients } from './clients.ts';
import { servers } from './servers.ts';
import type { Work } from './works.ts';

export type Question = 'listen' | 'used' | { readonly call: Work; readonly port: number };

const name = process.argv[2] ?? '';
const serve = name === 'check' ? serveChecking : servers[name];
const call = name === 'check' ? callChecking : clients[name];

/** A port, or microseconds of the processor, or the seconds that a call took. */
answer(async (question: Question): Promise<number> => {
  if (question === 'used') {
    const { user, system } = process.cpuUsage();
    return user + system;
  }
  if (question === 'listen') {
    if (serve === undefined) throw new Error(`There is no server ${name}`);
    return await serve();
  }
  if (call === undefined) throw new Error(`There is no client ${name}`);
  const start = performance.now();
  await call(question.port, question.call);
  return (performance.now() - start) / 1000;
});
