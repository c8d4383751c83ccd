// Weighs this process.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Weight } from './works.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void; // which the flag has made

/** After garbage has been collected until there is no more to gain, with pauses in which what is finalised and closed can go. */
export async function weigh(): Promise<Weight> {
  let weight = { heap: Number.POSITIVE_INFINITY, resident: 0 };
  for (let i = 0; i < 8; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect();
    const { heapUsed, external, rss } = process.memoryUsage();
    const next = { heap: heapUsed + external, resident: rss };
    if (i > 2 && next.heap > weight.heap * 0.999) return next;
    weight = next;
  }
  return weight;
}
