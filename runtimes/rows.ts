// Where the suite is run, and how. One row for each runtime that an adapter claims.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './child.ts';
import { runChromium } from './chromium.ts';
import { binary, Missing } from './installed.ts';
import type { Line } from './results.ts';
import { runWorkerd } from './workerd.ts';

export interface Row {
  readonly name: string;
  /** Runs the suite, with `size` bytes in its large cases. Rejects with `Missing` where the runtime cannot be had. */
  run(size: number, timeLimit: number, tell: (line: Line) => void): Promise<void>;
}

export const rows: readonly Row[] = [
  { name: 'Node 20', run: testRunner(systemNode, []) },
  ...[22, 24, 26].map((version) => ({
    name: `Node ${version}`,
    run: testRunner(() => binary(`runtimes/node_modules/node-${version}/bin/node`), []),
  })),
  {
    name: 'Deno',
    run: testRunner(() => binary('node_modules/.bin/deno'), ['test', '--allow-all', '--no-check', '--quiet']),
  },
  {
    name: 'Bun',
    run: testRunner(() => binary('runtimes/node_modules/.bin/bun'), ['test', '--timeout', '60000']),
  },
  { name: 'workerd', run: runWorkerd },
  { name: 'Chromium', run: runChromium },
];

/** The Node that runs this. */
function systemNode(): string {
  const { node } = process.versions;
  if (node.startsWith('20.')) return process.execPath;
  throw new Missing(`the Node of this system is ${node}`);
}

/** By contract.test.ts. It has to end by itself, too: what is left open keeps it from that. */
function testRunner(command: () => string, args: readonly string[]): Row['run'] {
  return async (size, timeLimit, tell) => {
    const path = command();
    const folder = await mkdtemp(join(tmpdir(), 'halfpipe-runtimes-'));
    const results = join(folder, 'results.jsonl');
    try {
      const env = { HALFPIPE_RESULTS: results, HALFPIPE_SIZE: String(size), NO_COLOR: '1' };
      const { code, stdout, stderr } = await run(path, [...args, './runtimes/dist/contract.test.js'], {
        env,
        timeLimit,
      });
      const lines = (await readFile(results, 'utf8')).trim().split('\n');
      for (const line of lines) tell(JSON.parse(line) as Line); // contract.test.ts has told it.
      // Cases that failed tell it themselves; anything else that goes wrong has only this.
      if (code !== 0 && !lines.some((line) => line.includes('"outcome":"failed"'))) {
        throw new Error(`It ended with ${code}:\n${`${stdout}\n${stderr}`.trim().slice(-2_000)}`);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}
