// What one of many costs: deeper pipelines, more connections, smaller pieces, more fields. Ours alone; the limit is a flat line. Beside it what
// a peer could drip in, or pile up, each in three sizes.

import { compete } from '../harness/contest.ts';
import type { Family } from '../harness/family.ts';
import { median, type Report, type Result, type Row } from '../harness/report.ts';
import { drip } from './drip.ts';
import { type Range, ranges, workOf } from './ranges.ts';

export const growth: Family = async (settings) => {
  const file = new URL('peers.ts', import.meta.url);
  const works = ranges.flatMap((range) => range.sizes.map((size) => workOf(range, size)));
  const rows = await compete(works, { file, peers: () => ['halfpipe'], settings });
  if (settings.against !== null) {
    const unit = 'ns of the processor for all of them';
    return [{ family: 'growth', title: 'one of many', unit, better: 'less', beside: [], rows }];
  }
  return [...ranges.map((range) => flat(range, rows)), ...(await drip(settings))];
};

/** The sizes of a range side by side, and how far the cost of one rises from any of them to a later one. */
function flat(range: Range, rows: readonly Row[]): Report {
  const { name, unit, sizes, units, beyondFirst } = range;
  const times = sizes.map((size) => roundsOf(rows, workOf(range, size)));
  const [first = 0] = sizes;
  const results = sizes.map((size, i): Result => {
    const base = beyondFirst ? units(first) : 0;
    const rounds = times[i]?.map((time, round) => {
      const without = beyondFirst ? (times[0]?.[round] ?? Number.NaN) : 0;
      return (time - without) / (units(size) - base);
    });
    return { peer: size.toLocaleString('en'), rounds: rounds ?? [] };
  });
  const shown = beyondFirst ? results.slice(1) : results;
  const rise: Result = { peer: 'rise', rounds: [riseOf(shown.map(({ rounds }) => median(rounds)))] };
  return {
    family: 'growth',
    title: name,
    unit: `ns of the processor ${unit}`,
    better: null,
    beside: ['rise'],
    rows: [{ work: unit, results: [...shown, rise] }],
  };
}

function roundsOf(rows: readonly Row[], work: string): readonly number[] {
  const [result] = rows.find((row) => row.work === work)?.results ?? [];
  return result === undefined || 'missing' in result ? [] : result.rounds;
}

/** How many times dearer one of them becomes at most; 1 where it only becomes cheaper. */
function riseOf(costs: readonly number[]): number {
  let least = Number.POSITIVE_INFINITY;
  let rise = 1;
  for (const cost of costs) {
    least = Math.min(least, cost);
    rise = Math.max(rise, cost / least);
  }
  return rise;
}
