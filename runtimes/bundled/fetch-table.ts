// The behaviour table of toFetch(), and the platform's own fetch beside it, on the same server, on whichever runtime this is. Prints a line
// of JSON for each row. Bundled, so that every runtime runs the same.

import { createPool } from '@halfpipe/node';
import { toFetch } from '@halfpipe/web-streams';
import { startServer } from '../../packages/web-streams/test/fetch-server.ts';
import { check, type Faces, reasonToSkip, rows } from '../../packages/web-streams/test/fetch-table.ts';

const runtime: Faces['runtime'] = 'Deno' in globalThis ? 'deno' : 'Bun' in globalThis ? 'bun' : 'node';
const server = await startServer();
const pool = createPool();
const faces: Faces = { ...server, fetch: toFetch(pool), platformFetch: fetch, runtime };
for (const row of rows) {
  const skipped = reasonToSkip(row, runtime);
  const outcome =
    skipped ??
    (await check(row, faces).then(
      () => 'passed',
      (error) => String(error),
    ));
  console.log(JSON.stringify({ name: row.name, outcome, isSkipped: skipped !== null }));
}
await pool.close();
await server.close();
