// Bytes that have one reading, however they are cut: the tables in corpus/, each with its verdict.

import type { RequestTable, ResponseTable } from './corpus/case.ts';
import { chunks } from './corpus/chunks.ts';
import { connections } from './corpus/connections.ts';
import { exchanges } from './corpus/exchanges.ts';
import { fields } from './corpus/fields.ts';
import { framing } from './corpus/framing.ts';
import { responses } from './corpus/responses.ts';
import { routing } from './corpus/routing.ts';
import { startLines } from './corpus/start-line.ts';
import { ascii, cut, cuts, type Reading, readRequests, readResponses } from './pair.ts';

const requestTables: readonly RequestTable[] = [
  ...startLines,
  ...routing,
  ...fields,
  ...framing,
  ...chunks,
  ...connections,
];
const responseTables: readonly ResponseTable[] = [...responses, ...exchanges];

/** The log of a connection in the short form of the tables. */
function summarize(events: readonly string[]): string[] {
  const read: string[] = [];
  let message: string | null = null;
  for (const event of events) {
    const [type = '', first = '', second = ''] = event.split(' ');
    if (type === 'request') message = `${first} ${second}`;
    else if (type === 'response') message = first;
    else if (type === 'data') message += event.slice('data'.length);
    else if (type === 'end') {
      read.push(message + trailerNames(event));
      message = null;
    } else if (type === 'informational') read.push(first);
    else if (type === 'error') {
      read.push(`${first} ${second.slice(0, -1)}`);
      message = null;
    } else if (type === 'closed') {
      if (first !== '') message = null;
      if (message !== null) read.push(message); // of a tunnel, which has no end
      message = null;
      read.push(first === '' ? 'closed' : `${first.slice(0, -1)} ${statusOf[first.slice(0, -1)] ?? 400}`);
    } else if (type === 'upgrade' || type === 'eof') read.push(event);
  }
  return message === null ? read : [...read, 'waits'];
}

// What a server would answer it with; a client's event shows the code alone.
const statusOf: Record<string, number> = { ERR_HEAD_SIZE: 431, ERR_VERSION: 505, ERR_CODING: 501 };

function trailerNames(end: string): string {
  if (end === 'end') return '';
  const pairs: [string, string][] = JSON.parse(end.slice('end '.length));
  return ` +${pairs.map(([name]) => name).join(',')}`;
}

/** The reading of the uncut bytes, when every other cut has given the same. */
function readAlike(bytes: string, read: (chunks: Uint8Array[]) => Reading): string[] {
  const readings = cuts.map((how) => read(cut(ascii(bytes), how)).events);
  for (const reading of readings) expect(reading).toEqual(readings[0]);
  return readings[0] ?? [];
}

// A row may be short by its last element, in whose place test.each would put a callback.
function named<Row extends readonly [string, ...unknown[]]>(rows: readonly Row[]): [string, Row][] {
  return rows.map((row) => [row[0], row]);
}

describe.each(requestTables)('$section', ({ rows }) => {
  test.each(named(rows))('%s', (_, [, bytes, reads, run]) => {
    const events = readAlike(bytes, (chunks) => readRequests(chunks, run));
    expect(summarize(events)).toEqual(reads);
  });
});

describe.each(responseTables)('$section', ({ rows }) => {
  test.each(named(rows))('%s', (_, [, bytes, reads, run]) => {
    const events = readAlike(bytes, (chunks) => readResponses(chunks, run));
    expect(summarize(events)).toEqual(reads);
  });
});

describe('whatever a table says', () => {
  const requests = requestTables.flatMap(({ section, rows }) => rows.map((row) => [section, ...row] as const));
  const responses = responseTables.flatMap(({ section, rows }) => rows.map((row) => [section, ...row] as const));

  test('no request of an attacker comes out of the bytes of another', () => {
    const smuggled = requests.filter(([, , bytes, , run]) =>
      cuts.some((how) =>
        readRequests(cut(ascii(bytes), how), run).events.some((event) => /^request \S+ \/smuggled/.test(event)),
      ),
    );
    expect(smuggled).toEqual([]);
  });

  test('no response of an attacker comes out of the bytes of another', () => {
    const poisoned = responses.filter(([, , bytes, , run]) =>
      cuts.some((how) =>
        readResponses(cut(ascii(bytes), how), run).events.some((event) => /^response 299/.test(event)),
      ),
    );
    expect(poisoned).toEqual([]);
  });

  test('every name in a table is said once', () => {
    const repeated = [...requestTables, ...responseTables].filter(
      ({ rows }) => new Set(rows.map(([name]) => name)).size < rows.length,
    );
    expect(repeated).toEqual([]);
  });
});
