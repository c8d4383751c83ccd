// The simulation on another engine, and on another event loop: the same seeds, the same run. `npm run sim:runtimes` asks all there are,
// and for more.

import { join } from 'node:path';
import { disagreement, type Run, runOn, runtimesIn } from '../../../scripts/sim-runtimes.ts';

const root = join(__dirname, '../../..');
const runtimes = runtimesIn(root);

test('five thousand exchanges run the same on Node and Deno, event by event', async () => {
  const both = runtimes.filter(({ name }) => name === 'node' || name === 'deno');
  const runs = await runOn(root, both, { exchanges: 3_500, seconds: 300 });
  const one = {
    kind: 'run',
    digest: expect.stringMatching(/^[0-9a-f]{16}$/),
    exchanges: expect.any(Number),
    seeds: [1, expect.any(Number)],
  };
  expect(runs).toEqual([
    { runtime: 'node', ...one },
    { runtime: 'deno', ...one },
  ]);
  expect(disagreement(runs)).toBeNull();
  expect(runs.every((run) => run.kind === 'run' && run.exchanges >= 5_000)).toBe(true);
}, 600_000);

test('a runtime that is not there is not run, and says nothing', async () => {
  const [node] = runtimes;
  const runs = await runOn(root, [{ ...node!, name: 'none', command: '/nowhere/none', from: 'npm ci' }], {
    exchanges: 1,
  });
  expect(runs).toEqual([{ runtime: 'none', kind: 'not run', why: '/nowhere/none is not there: npm ci' }]);
  expect(disagreement(runs)).toBe('fewer than two runtimes to compare');
});

test('a runtime that cannot run it has failed', async () => {
  const [node] = runtimes;
  const runs = await runOn(root, [{ ...node!, flags: ['--eval', 'throw new Error("no")'] }], { exchanges: 1 });
  expect(runs).toEqual([{ runtime: 'node', kind: 'failed', why: 'Error: no' }]);
});

const run = (runtime: string, digest: string, exchanges = 10): Run => {
  return { runtime, kind: 'run', digest, exchanges, seeds: [1, 2] };
};
const missing: Run = { runtime: 'c', kind: 'not run', why: '' };

test.each<[string, Run[], string | null]>([
  ['two that are the same', [run('a', '1'), run('b', '1')], null],
  ['two that are the same, and one that is not there', [run('a', '1'), missing, run('b', '1')], null],
  ['one, and one that is not there', [run('a', '1'), missing], 'fewer than two runtimes to compare'],
  ['two digests', [run('a', '1'), run('b', '2')], '2 different runs of the same worlds'],
  ['two lengths', [run('a', '1', 10), run('b', '1', 11)], '2 different runs of the same worlds'],
  ['one that has failed', [run('a', '1'), run('b', '1'), { runtime: 'c', kind: 'failed', why: '' }], 'failed on c'],
])('of %s it is said whether they agree', (_, runs, why) => {
  expect(disagreement(runs)).toBe(why);
});
