// What a family of measurements reports: a row for each piece of work, and in it what each peer took for it.

/** What each round of one peer gave. */
export interface Result {
  readonly peer: string;
  readonly rounds: readonly number[];
}

/** A peer that has no number, and why: it is not installed, or it does the work wrongly. */
export interface Missing {
  readonly peer: string;
  readonly missing: 'not run' | 'wrong';
  readonly why: string;
  /** It is known to be wrong there, and nobody need look into it. */
  readonly known?: boolean;
}

/** One piece of work and what each peer took for it; ours first. */
export interface Row {
  readonly work: string;
  readonly results: readonly (Result | Missing)[];
}

/** What one family measured. */
export interface Report {
  readonly family: string;
  readonly title: string;
  readonly unit: string;
  /** Which number is the better one; null where the columns are not to be compared. */
  readonly better: 'less' | 'more' | null;
  /** Peers that are shown for orientation, not as competitors: a limit, or a part of ours. */
  readonly beside: readonly string[];
  readonly rows: readonly Row[];
}

/** A number below which so much of all lies: 0.5 is the median. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** How many times better ours is than a peer, below 1 that it is worse: the median of what the rounds say, in each of which both had a turn. */
export function advantage(report: Report, ours: Result, peer: Result): number {
  return median(
    ours.rounds.map((value, round) => {
      const other = peer.rounds[round] ?? Number.NaN;
      return report.better === 'less' ? other / value : value / other;
    }),
  );
}

/** The peers of a report, in the order of their columns: as in the fullest row, and what are no peers at the end. */
export function peersOf({ rows, beside }: Report): string[] {
  const fullest = [...rows].sort((a, b) => b.results.length - a.results.length);
  const all = [...new Set(fullest.flatMap(({ results }) => results.map(({ peer }) => peer)))];
  return [...all.filter((peer) => !beside.includes(peer)), ...all.filter((peer) => beside.includes(peer))];
}

/** Ours, where it has a number. */
export function oursOf(row: Row): Result | null {
  const [ours] = row.results;
  return ours === undefined || 'missing' in ours ? null : ours;
}

/** What is missing and why, each reason once. */
export function missesOf(report: Report): string[] {
  const misses = new Map<string, string[]>();
  for (const row of report.rows) {
    for (const result of row.results) {
      if (!('missing' in result)) continue;
      const miss = `${result.peer} is ${result.missing}: ${result.why}`;
      misses.set(miss, [...(misses.get(miss) ?? []), row.work]);
    }
  }
  return [...misses].map(([miss, works]) =>
    works.length === report.rows.length ? miss : `${works.join('; ')}: ${miss}`,
  );
}

/** What is wrong and should not be, row by row. */
export function mistakesOf(report: Report): string[] {
  return report.rows.flatMap(({ work, results }) =>
    results.flatMap((result) => {
      if (!('missing' in result) || result.missing !== 'wrong' || result.known === true) return [];
      return [`${report.family} ${report.title}: ${result.peer} does ${work} wrongly: ${result.why}`];
    }),
  );
}
