// Measures functions against each other in one process, in turns: a round runs each of them for a while, the next round begins with
// another, so that what disturbs the machine disturbs all alike. The timing loop is mitata's.

import { measure } from 'mitata';
import { type Row, summarize } from './report.ts';

/** How long to measure. */
export interface Settings {
  readonly quick: boolean;
}

/** One way to do a piece of work. `run` returns a number that is the same for all who have done it. */
export interface Contestant {
  readonly peer: string;
  readonly run: () => number;
}

export function roundsOf(settings: Settings): number {
  return settings.quick ? 3 : 9;
}

/** Nanoseconds that each contestant takes for the work; all must agree on what it comes to. */
export async function compete(work: string, contestants: readonly Contestant[], settings: Settings): Promise<Row> {
  const [first] = contestants;
  for (const { peer, run } of contestants) {
    if (run() !== first?.run())
      throw new Error(`${peer} reads ${work} otherwise: ${run()} where ${first?.peer} has ${first?.run()}`);
  }
  const rounds = new Map(contestants.map(({ peer }): [string, number[]] => [peer, []]));
  const budget = settings.quick ? 15 : 120;
  for (const { run } of contestants) await averageOf(run, budget); // to warm up
  for (let round = 0; round < roundsOf(settings); round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const contestant = contestants[(round + turn) % contestants.length]!; // of a non-empty list
      rounds.get(contestant.peer)?.push(await averageOf(contestant.run, budget));
    }
  }
  return { work, results: [...rounds].map(([peer, values]) => summarize(peer, values)) };
}

/** The mean of batches, without the two fastest and slowest, so that a collection of garbage counts and a stray one does not. */
async function averageOf(run: () => number, milliseconds: number): Promise<number> {
  const stats = await measure(run, {
    gc: false,
    min_cpu_time: milliseconds * 1e6,
    min_samples: 8,
    batch_samples: batchSize(run),
    batch_threshold: Number.POSITIVE_INFINITY,
    warmup_threshold: Number.POSITIVE_INFINITY,
  });
  return stats.avg;
}

/** So many runs as take about a millisecond; a multiple of how far the loop is unrolled. */
function batchSize(run: () => number): number {
  const start = performance.now();
  let runs = 0;
  while (performance.now() - start < 1) {
    run();
    runs++;
  }
  return Math.min(4096, Math.max(4, runs & ~3));
}
