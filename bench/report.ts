// What a family of measurements reports, and how it is shown: one table a family, a row for each piece of work, a column for each
// peer with its median, its spread and the ratio to ours.

import { styleText } from 'node:util';

/** What the rounds of one peer gave. */
export interface Result {
  readonly peer: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** One piece of work and what each peer took for it; ours first. */
export interface Row {
  readonly work: string;
  readonly results: readonly Result[];
}

/** What one family measured. */
export interface Report {
  readonly family: string;
  readonly title: string;
  readonly unit: string;
  /** Which number is the better one; null where the columns are not to be compared. */
  readonly better: 'less' | 'more' | null;
  readonly rounds: number;
  /** Peers that are shown for orientation, not as competitors: a limit, or a part of ours. */
  readonly beside: readonly string[];
  readonly rows: readonly Row[];
}

/** The median of what the rounds gave, and the range they covered. */
export function summarize(peer: string, rounds: readonly number[]): Result {
  const sorted = [...rounds].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted[sorted.length - 1 - middle] ?? Number.NaN;
  return { peer, median: (lower + upper) / 2, low: sorted[0] ?? Number.NaN, high: sorted.at(-1) ?? Number.NaN };
}

/** How many times better ours is than a peer; below 1 it is worse. */
export function advantage(report: Report, ours: Result, peer: Result): number {
  return report.better === 'less' ? peer.median / ours.median : ours.median / peer.median;
}

/** The table of a report as text. */
export function table(report: Report): string {
  const peers = [...new Set(report.rows.flatMap((row) => row.results.map((result) => result.peer)))];
  const lines: Cell[][] = [['', ...peers].map((name) => [{ text: name, style: 'dim' }])];
  for (const row of report.rows) {
    const ours = row.results[0];
    const cells = peers.map((peer): Cell => {
      const result = row.results.find((candidate) => candidate.peer === peer);
      if (result === undefined || ours === undefined) return [];
      return [...numbers(result), ...ratio(report, ours, result)];
    });
    lines.push([[{ text: row.work }], ...cells]);
  }
  const widths = lines.reduce<number[]>(
    (most, cells) => cells.map((cell, column) => Math.max(most[column] ?? 0, width(cell))),
    [],
  );
  const body = lines.map((cells) =>
    cells
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - width(cell));
        return column === 0 ? paint(cell) + padding : padding + paint(cell);
      })
      .join('  ')
      .trimEnd(),
  );
  const heading = `${report.family}: ${report.title}, ${report.unit}, median of ${report.rounds} rounds`;
  return [paint([{ text: heading, style: 'bold' }]), ...body, ''].join('\n');
}

type Style = 'bold' | 'dim' | 'green' | 'red';
interface Span {
  readonly text: string;
  readonly style?: Style;
}
type Cell = readonly Span[];

function numbers({ median, low, high }: Result): Cell {
  const spread = Math.round(((high - low) / 2 / median) * 100);
  return [{ text: shown(median) }, { text: ` ±${spread}%`.padStart(6), style: 'dim' }];
}

function ratio(report: Report, ours: Result, result: Result): Cell {
  if (result === ours || report.better === null) return [];
  const times = advantage(report, ours, result);
  const text = ` ${times.toFixed(2)}×`.padStart(8);
  if (report.beside.includes(result.peer)) return [{ text, style: 'dim' }];
  return [{ text, style: times >= 1 ? 'green' : 'red' }];
}

function shown(value: number): string {
  if (value < 10) return value.toFixed(2);
  return Math.round(value).toLocaleString('en');
}

function width(cell: Cell): number {
  return cell.reduce((sum, span) => sum + span.text.length, 0);
}

const inColour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

function paint(cell: Cell): string {
  return cell.map(({ text, style }) => (inColour && style !== undefined ? styleText(style, text) : text)).join('');
}
