// The behaviour table: what our fetch does, row by row, beside what the platform's does with the same request to the same server, and
// where they differ on purpose, with the reason. No test runner: each row is a name and a function, for any of them to call.

import type { Fetch } from '../src/index.ts';
import type { Places } from './fetch-server.ts';
import { endings } from './fetch-table-endings.ts';
import { requests } from './fetch-table-requests.ts';
import { responses } from './fetch-table-responses.ts';
import { type Faces, outcomeOf, type Row } from './row.ts';

export type { Faces, Row };

export const rows: readonly Row[] = [...responses, ...requests, ...endings];

/** Why a row cannot be run on that runtime, or null. */
export function reasonToSkip(row: Row, runtime: Faces['runtime']): string | null {
  return (runtime === 'node' ? undefined : row.without?.[runtime]) ?? null;
}

/** Runs a row by our fetch, and throws where it is not as the table says. */
export async function checkOurs(row: Row, fetch: Fetch, places: Places): Promise<void> {
  compare(`Our fetch, ${row.name}`, await outcomeOf(row, fetch, places), row.expected);
}

/** The same by the platform's. */
export async function checkPlatform(row: Row, { platformFetch, runtime, ...places }: Faces): Promise<void> {
  if (runtime !== 'node' && row.departs?.[runtime] !== undefined) return;
  const outcome = await outcomeOf(row, (input, init) => platformFetch(input, init), places);
  compare(
    `The platform's fetch, ${row.name}`,
    outcome,
    row.differs === undefined ? row.expected : row.differs.platform,
  );
}

/** The same by both. */
export async function check(row: Row, faces: Faces): Promise<void> {
  await checkOurs(row, faces.fetch, faces);
  await checkPlatform(row, faces);
}

function compare(what: string, outcome: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(outcome, null, 1), JSON.stringify(expected, null, 1)];
  if (got !== wanted) throw new Error(`${what}: got ${got}\ninstead of ${wanted}`);
}
