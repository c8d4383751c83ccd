// One server in a process of its own, on Node.js, Deno or Bun; which one is the argument. It answers where it listens, and, whenever it is
// asked, what it has used of the processor.

import process from 'node:process';
import { answer } from '../harness/answer.ts';
import { servers } from './servers.ts';

export type Question = 'start' | 'used';
export interface Started {
  readonly port: number;
}
export interface Used {
  readonly microseconds: number;
}

answer(async (question: Question): Promise<Started | Used> => {
  if (question === 'used') {
    const { user, system } = process.cpuUsage();
    return { microseconds: user + system };
  }
  const start = servers[process.argv[2] ?? ''];
  if (start === undefined) throw new Error(`There is no server ${process.argv[2]}`);
  return { port: await start() };
});
