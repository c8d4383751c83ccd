// The results as tables: for the terminal, and for the README, between two markers. Pure.

import { type CheckResult, countsOf, isSound, type Results, type RowResult } from './results.ts';

const begin = '<!-- runtimes: by `npm run test:runtimes -- --write` -->';
const end = '<!-- /runtimes -->';

/** A page with the tables of these results between its markers. Throws where it has none. */
export function withTables(page: string, results: Results): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error('Cannot write the tables: the page has no markers for them');
  return `${page.slice(0, from + begin.length)}\n${tables(results)}\n${page.slice(to)}`;
}

/** In Markdown. */
export function tables({ size, rows }: Results): string {
  const cases = rows.map((row) => {
    const { passed, failed, skipped } = countsOf(row);
    const outcome = row.missing === null ? `${passed} | ${failed} | ${skipped}` : '**not run** | | ';
    return `| ${row.name} | ${row.version ?? ''} | ${carriersOf(row)} | ${outcome} |`;
  });
  const reasons = reasonsOf(rows).map(([subject, reason, where]) => `| ${subject} | ${where.join(', ')} | ${reason} |`);
  return [
    `Each case is run for each carrier; the large ones carry ${Math.round(size / 1024 / 1024)} MiB each way.`,
    '',
    '| on | version | over | passed | failed | skipped |',
    '| --- | --- | --- | --- | --- | --- |',
    ...cases,
    '',
    '| skipped | on | because |',
    '| --- | --- | --- |',
    ...reasons,
  ].join('\n');
}

/** Of what failed for one subject, so much is shown. */
const mostShown = 10;

/** For the terminal: what was run, and everything that is not as it should be. */
export function report({ rows, checks }: Results): string {
  const lines: string[] = [];
  for (const row of rows) {
    const { passed, failed, skipped } = countsOf(row);
    if (row.missing !== null) {
      lines.push(`NOT RUN  ${row.name}: ${row.missing}`);
      continue;
    }
    lines.push(
      `${isSound(row) ? 'ok      ' : 'FAILED  '} ${row.name} (${row.version}): ${passed} passed, ${failed} failed, ${skipped} skipped`,
    );
    for (const { subject, passed, failed, skipped, not } of row.subjects) {
      lines.push(`           ${subject}: ${not === null ? `${passed} passed` : `not claimed: ${not}`}`);
      for (const { reason, cases } of skipped) lines.push(`             ${cases} skipped: ${reason}`);
      for (const { name, detail } of failed.slice(0, mostShown))
        lines.push(`             FAILED ${name}\n               ${detail}`);
      if (failed.length > mostShown) lines.push(`             and ${failed.length - mostShown} more that failed`);
    }
    if (row.error !== null) lines.push(`           ${row.error.replaceAll('\n', '\n           ')}`);
  }
  for (const { name, outcome, detail } of checks) lines.push(`${marks[outcome]} ${name}: ${detail}`);
  return lines.join('\n');
}

const marks = { passed: 'ok      ', failed: 'FAILED  ', 'not run': 'NOT RUN ' } as const satisfies Record<
  CheckResult['outcome'],
  string
>;

/** `node: TCP, TLS; web-streams: MessagePort` */
function carriersOf({ subjects }: RowResult): string {
  const adapters = new Map<string, string[]>();
  for (const { subject, not } of subjects) {
    if (not !== null) continue;
    const [adapter = '', carrier = ''] = subject.split(': ');
    adapters.set(adapter, [...(adapters.get(adapter) ?? []), carrier]);
  }
  return [...adapters].map(([adapter, carriers]) => `${adapter}: ${carriers.join(', ')}`).join('; ');
}

/** Each reason once, with the subject and where it holds. */
function reasonsOf(
  rows: readonly RowResult[],
): readonly (readonly [subject: string, reason: string, where: string[]])[] {
  const found = new Map<string, readonly [string, string, string[]]>();
  for (const row of rows) {
    for (const { subject, skipped, not } of row.subjects) {
      const reasons: readonly (readonly [string, string])[] =
        not === null ? skipped.map(({ reason, cases }) => [reason, `${cases} cases`]) : [[not, 'all']];
      for (const [reason, much] of reasons) {
        const what = `${subject}: ${much.replace(/^1 cases$/, '1 case')}`;
        const key = `${what}\n${reason}`;
        const known = found.get(key) ?? [what, reason, []];
        known[2].push(row.name);
        found.set(key, known);
      }
    }
  }
  return [...found.values()];
}
