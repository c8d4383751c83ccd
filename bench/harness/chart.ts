// A chart of a family: horizontal bars, a group for each work, on a ground of its own, light or dark, so that it can be read on any page.

import { advantage, median, oursOf, type Report, type Row } from './report.ts';
import { shown } from './table.ts';

/** What of a family is drawn: of the reports of that title and unit, these works, or all. */
interface Figure {
  readonly title: string;
  readonly unit?: string;
  readonly works?: readonly string[];
}

export const figures: Readonly<Record<string, readonly Figure[]>> = {
  parse: [
    { title: 'a head, whole', works: ['GET, 49 B', 'GET, 703 B', 'GET, 8 KiB'] },
    { title: 'a chunked request, whole', works: ['64 chunks of 1 KiB'] },
  ],
  exchange: [
    {
      title: 'in memory',
      works: [
        'server: GET of 49 B',
        'server: GET of 703 B',
        'client: GET answered with 613 B',
        'client: POST of 1 KiB',
        'both: GET answered with 13 B',
      ],
    },
  ],
  server: ['on Node.js', 'on Deno', 'on Bun'].map((title) => ({
    title,
    unit: 'responses a second',
    works: ['GET of 13 B, 64 connections', 'GET of 13 B, 64 connections, 16 deep', 'POST of 1 KiB, 64 connections'],
  })),
  client: ['on Node.js', 'on Deno', 'on Bun'].map((title) => ({
    title,
    unit: 'calls a second',
    works: ['GET of 13 B, 1 connection', 'GET of 13 B, 1 connection, 64 deep', 'POST of 1 KiB, 8 connections'],
  })),
  bodies: ['server', 'client'].map((title) => ({ title, unit: 'MiB a second' })),
  memory: [{ title: 'on the heap' }],
  growth: [
    { title: 'server: pipelined requests that come at once' },
    { title: 'driver: connections that are used in turns' },
    { title: 'a body in pieces of so many bytes' },
    { title: 'a request of so many fields' },
  ],
  size: [{ title: 'of a bundle', works: ['minified and gzipped'] }],
};

/** Parts of ours that would make all other bars short, and what is no cost. */
const undrawn: readonly string[] = ['second opinion', 'head only', 'rise'];

const width = 760;
const labels = 210;
const bars = 370;
const line = 18;

export function chartOf(family: string, reports: readonly Report[]): string {
  const parts: string[] = [];
  let y = 26;
  const text = (x: number, kind: string, content: string) =>
    parts.push(`<text x="${Number(x.toFixed(1))}" y="${y}" class="${kind}">${escaped(content)}</text>`);
  for (const { title, unit, works } of figures[family] ?? []) {
    const report = reports.find(
      (candidate) => candidate.title.startsWith(title) && (unit ?? candidate.unit) === candidate.unit,
    );
    if (report === undefined) continue;
    const direction = report.better === null ? '' : `, ${report.better} is better`;
    text(10, 'title', `${family}: ${report.title}, ${report.unit}${direction}`);
    y += line + 4;
    for (const row of report.rows.filter(({ work }) => works?.includes(work) ?? true)) {
      text(10, 'work', row.work);
      y += line;
      const results = row.results.filter(({ peer }) => !undrawn.includes(peer));
      const most = Math.max(...results.map((result) => ('missing' in result ? 0 : median(result.rounds))));
      for (const result of results) {
        text(22, 'peer', result.peer);
        if ('missing' in result) text(labels, 'peer', result.missing);
        else {
          const value = median(result.rounds);
          const length = Math.max(1, (Math.max(0, value) / most) * bars);
          const kind = kindOf(report, row, result.peer);
          parts.push(`<rect x="${labels}" y="${y - 11}" width="${length.toFixed(1)}" height="13" class="${kind}"/>`);
          text(labels + length + 6, 'number', shown(value) + ratio(report, row, result));
        }
        y += line;
      }
      y += 6;
    }
    y += 12;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" role="img" aria-label="${escaped(family)}">
<style>
.ground { fill: #ffffff }
text { font: 12px system-ui, sans-serif; fill: #1f2933 }
.title { font-weight: 600; font-size: 13px }
.peer, .number { fill: #52606d }
.ours { fill: #d9730d } .theirs { fill: #5b7fa6 } .beside { fill: #9aa5b1 }
@media (prefers-color-scheme: dark) {
.ground { fill: #16191d }
text { fill: #e4e7eb }
.peer, .number { fill: #b0bac5 }
.ours { fill: #f29b4b } .theirs { fill: #7fa3c9 } .beside { fill: #616e7c }
}
</style>
<rect width="${width}" height="${y}" rx="6" class="ground"/>
${parts.join('\n')}
</svg>
`;
}

/** Where there are no peers, all is ours. */
function kindOf(report: Report, row: Row, peer: string): 'ours' | 'theirs' | 'beside' {
  if (report.better === null || peer === row.results[0]?.peer) return 'ours';
  return report.beside.includes(peer) ? 'beside' : 'theirs';
}

function ratio(report: Report, row: Row, result: Row['results'][number]): string {
  const ours = oursOf(row);
  if (ours === null || result === ours || report.better === null || 'missing' in result) return '';
  return `, ${advantage(report, ours, result).toFixed(1)}×`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
