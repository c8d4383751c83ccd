// The behaviour table under Jest, over real sockets: our fetch, by a connection for each call and by a pool, and Node's, on the same server.

import { create, createPool, type Pool } from '@halfpipe/node';
import { type Caller, toFetch } from '../src/index.ts';
import { startServer, type TableServer } from './fetch-server.ts';
import { checkOurs, checkPlatform, rows } from './fetch-table.ts';

const perCall: Caller = {
  call(method, url, options) {
    const connection = create(new URL(url));
    const response = connection.call(method, url, options);
    connection.shutdown();
    return response;
  },
};

let server: TableServer;
let pool: Pool;
beforeAll(async () => {
  server = await startServer();
  pool = createPool();
});
afterAll(async () => {
  await pool.close();
  await server.close();
});

const named = rows.map((row) => [row.name, row] as const);

test('every row has a name of its own', () => {
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
});

describe('our fetch, by a connection for each call', () => {
  test.each(named)('%s', async (_, row) => await checkOurs(row, toFetch(perCall), server));
});

describe('our fetch, by a pool', () => {
  test.each(named)('%s', async (_, row) => await checkOurs(row, toFetch(pool), server));
});

describe("the platform's fetch", () => {
  test.each(named)(
    '%s',
    async (_, row) =>
      await checkPlatform(row, { ...server, fetch: toFetch(pool), platformFetch: fetch, runtime: 'node' }),
  );
});
