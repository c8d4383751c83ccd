// Runs the loops of one peer of a family in a process of its own: the works of nobody else have warmed its code or filled its heap.
//   loop.ts FILE PEER

import process from 'node:process';
import { answer } from './answer.ts';

/** A piece of work made ready. */
export interface Loop {
  /** Does the work as often as `units` says. What it returns must be the same each time, or something has gone wrong meanwhile. */
  readonly run: () => number | Promise<number>;
  /** Does it once, and says what came of it, which must be the same for all. */
  readonly check: () => string | Promise<string>;
  readonly units: number;
}

/** Makes ready the work of that name. Throws Absent where the peer cannot take part. */
export type Peer = (work: string) => Loop | Promise<Loop>;

/** What a peer is asked: to check a work, or to measure it for so long. */
export interface Question {
  readonly work: string;
  readonly milliseconds: number;
  /** What the work is, for peers that are programs of their own. */
  readonly data?: unknown;
}

const [file = '', name = ''] = process.argv.slice(2);
const { peers } = (await import(file)) as { peers: Readonly<Record<string, Peer>> }; // so are the files that are given
const peer = peers[name];
if (peer === undefined) throw new Error(`There is no peer ${name}`);

const loops = new Map<string, Loop>();
answer(async ({ work, milliseconds }: Question) => {
  let loop = loops.get(work);
  if (loop === undefined) {
    loop = await peer(work);
    loops.set(work, loop);
  }
  return milliseconds === 0 ? await loop.check() : (await averageOf(loop.run, milliseconds)) / loop.units;
});

/** Nanoseconds of the processor that a run takes, garbage collected: another program may take as much of the clock's time as it likes. */
async function averageOf(run: Loop['run'], milliseconds: number): Promise<number> {
  const expected = await run();
  const batch = await batchSize(run);
  const start = process.cpuUsage();
  for (let runs = batch; ; runs += batch) {
    for (let i = 0; i < batch; i++) {
      const running = run();
      const result = typeof running === 'object' ? await running : running;
      if (result !== expected) throw new Error(`it comes to ${result} after having come to ${expected}`);
    }
    const { user, system } = process.cpuUsage(start);
    if (user + system >= milliseconds * 1000) return ((user + system) * 1000) / runs;
  }
}

/** So many runs as take about a millisecond, that asking for the time costs nothing beside them. */
async function batchSize(run: Loop['run']): Promise<number> {
  const start = performance.now();
  for (let runs = 1; ; runs++) {
    await run();
    if (performance.now() - start >= 1) return runs;
  }
}
