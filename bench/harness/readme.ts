// The tables of a run in bench/README.md, between two comments, and the charts beside the documents.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { chartOf, figures } from './chart.ts';
import { advantage, median, missesOf, oursOf, peersOf, type Report, type Result } from './report.ts';
import type { Results } from './results.ts';
import { shown, spread } from './table.ts';

const readme = new URL('../README.md', import.meta.url);
const charts = new URL('../../docs/bench/', import.meta.url);
const begin = '<!-- The tables of the last run begin: npm run bench -- --write -->';
const end = '<!-- The tables end -->';

export async function write(results: Results): Promise<void> {
  await mkdir(charts, { recursive: true });
  const families = [...new Set(results.reports.map(({ family }) => family))];
  for (const family of Object.keys(figures)) {
    const reports = results.reports.filter((report) => report.family === family);
    if (reports.length > 0) await writeFile(new URL(`${family}.svg`, charts), chartOf(family, reports));
  }
  const text = await readFile(readme, 'utf8');
  const [before, after] = [text.indexOf(begin), text.indexOf(end)];
  if (before === -1 || after < before)
    throw new Error('Cannot write the tables: bench/README.md has no place for them');
  const sections = families.map((family) => section(family, results.reports));
  const whole = [begin, about(results), ...sections].join('\n\n');
  await writeFile(readme, `${text.slice(0, before)}${whole}\n\n${text.slice(after)}`);
}

function about({ machine, settings, minutes }: Results): string {
  const { node, platform, cpu, cores, memory, date } = machine;
  const pace = settings.pace === 'full' ? '' : ` ${settings.pace} run, only roughly.`;
  return `${date.slice(0, 10)}, Node.js ${node} on ${platform}, ${cores} × ${cpu}, ${memory}; ${Math.round(minutes)} minutes.${pace}`;
}

function section(family: string, reports: readonly Report[]): string {
  const own = reports.filter((report) => report.family === family);
  const chart = family in figures ? [`![${family}](../docs/bench/${family}.svg)`] : [];
  return [`### ${family}`, ...chart, ...own.map(table)].join('\n\n');
}

function table(report: Report): string {
  const peers = peersOf(report);
  const rows = report.rows.map((row) => {
    const ours = oursOf(row);
    const cells = peers.map((peer) => {
      const result = row.results.find((candidate) => candidate.peer === peer);
      if (result === undefined) return '';
      return 'missing' in result ? result.missing : cell(report, ours, result);
    });
    return `| ${[row.work, ...cells].join(' | ')} |`;
  });
  const misses = missesOf(report).map((miss) => `${miss.replaceAll('`', "'")}.`);
  return [
    `**${report.title}**, ${report.unit}`,
    '',
    `| ${['', ...peers].join(' | ')} |`,
    `| ${['---', ...peers.map(() => '---:')].join(' | ')} |`,
    ...rows,
    ...misses.flatMap((miss) => ['', miss]),
  ].join('\n');
}

function cell(report: Report, ours: Result | null, result: Result): string {
  const range = result.rounds.length > 1 ? ` ${spread(result)}` : '';
  const number = `${shown(median(result.rounds))}${range}`;
  if (ours === null || result === ours || report.better === null) return number;
  const times = `${advantage(report, ours, result).toFixed(2)}×`;
  return `${number}, ${report.beside.includes(result.peer) ? times : `**${times}**`}`;
}
