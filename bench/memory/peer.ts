// What is weighed, in a process of its own; the argument says which peer. It does one step at a time, and is weighed between them.

import process from 'node:process';
import { answer } from '../harness/answer.ts';
import { type Client, clients } from './clients.ts';
import { makers } from './core.ts';
import { type Server, servers } from './servers.ts';
import { weigh } from './weigh.ts';
import type { Weight } from './works.ts';

export type Step =
  /** To serve, which answers the port; to be weighed; to say how many requests are held. */
  | 'listen'
  | 'weigh'
  | 'held'
  /** To open so many connections, and to make a call on each. */
  | { readonly connect: number; readonly port: number }
  /** To make so many calls that are not answered, each on its connection, or all on one. */
  | { readonly hold: number; readonly on: 'each' | 'one' }
  /** To make so many of what the core makes. */
  | { readonly make: string; readonly count: number };

const name = process.argv[2] ?? '';
let server: Server | null = null;
let client: Client | null = null;
const kept: unknown[] = [];

answer(async (step: Step): Promise<number | Weight> => {
  if (step === 'weigh') return await weigh();
  if (step === 'held') return server?.held() ?? 0;
  if (step === 'listen') {
    server = (await servers[name]?.()) ?? null;
    return server?.port ?? 0;
  }
  if ('connect' in step) {
    kept.push(client);
    client = (await clients[name]?.(step.port, step.connect)) ?? null;
    return step.connect;
  }
  if ('hold' in step) {
    for (let i = 0; i < step.hold; i++) kept.push(client?.hold(step.on === 'one' ? 0 : i));
    return step.hold;
  }
  for (let i = 0; i < step.count; i++) kept.push(makers[step.make]?.());
  return step.count;
});
