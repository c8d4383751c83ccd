// A report as text for a terminal: a column for each peer with its median, its spread and the ratio to ours.

import { styleText } from 'node:util';
import { advantage, median, missesOf, oursOf, peersOf, quantile, type Report, type Result } from './report.ts';

/** The table of a report. */
export function table(report: Report): string {
  const peers = peersOf(report);
  const lines: Cell[][] = [['', ...peers].map((name) => [{ text: name, style: 'dim' }])];
  for (const row of report.rows) {
    const ours = oursOf(row);
    const cells = peers.map((peer): Cell => {
      const result = row.results.find((candidate) => candidate.peer === peer);
      if (result === undefined) return [];
      if ('missing' in result) return [{ text: result.missing, style: 'red' }];
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
  const heading = `${report.family}: ${report.title}, ${report.unit}`;
  const misses = missesOf(report).map((miss) => paint([{ text: miss, style: 'red' }]));
  return [paint([{ text: heading, style: 'bold' }]), ...body, ...misses, ''].join('\n');
}

type Style = 'bold' | 'dim' | 'green' | 'red';
interface Span {
  readonly text: string;
  readonly style?: Style;
}
type Cell = readonly Span[];

function numbers(result: Result): Cell {
  if (result.rounds.length === 1) return [{ text: shown(median(result.rounds)) }];
  return [{ text: shown(median(result.rounds)) }, { text: ` ${spread(result)}`.padStart(6), style: 'dim' }];
}

/** Half the range that the middle half of the rounds covers, in per cent of the median. */
export function spread({ rounds }: Result): string {
  const range = quantile(rounds, 0.75) - quantile(rounds, 0.25);
  return `±${Math.round((range / 2 / median(rounds)) * 100)}%`;
}

function ratio(report: Report, ours: Result | null, result: Result): Cell {
  if (ours === null || result === ours || report.better === null) return [];
  const times = advantage(report, ours, result);
  const text = ` ${times.toFixed(2)}×`.padStart(8);
  if (report.beside.includes(result.peer)) return [{ text, style: 'dim' }];
  return [{ text, style: times >= 1 ? 'green' : 'red' }];
}

/** A number as it is read best. */
export function shown(value: number): string {
  if (Math.abs(value) < 10) return value.toFixed(2);
  return Math.round(value).toLocaleString('en');
}

function width(cell: Cell): number {
  return cell.reduce((sum, span) => sum + span.text.length, 0);
}

const inColour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

function paint(cell: Cell): string {
  return cell.map(({ text, style }) => (inColour && style !== undefined ? styleText(style, text) : text)).join('');
}

/** What was done, without numbers: of a run that was too short to have any. */
export function summary(report: Report): string {
  const misses = missesOf(report).map((miss) => `  ${miss}`);
  const works = `${report.rows.length} work${report.rows.length === 1 ? '' : 's'}`;
  return [`${report.family}: ${report.title}: ${works}, ${peersOf(report).join(', ')}`, ...misses].join('\n');
}
