// Our client and nginx: a thousand requests down one connection, and a connection that closes in the middle of them.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type IncomingResponse, RetryError } from '@halfpipe/node';
import { folder, freePort, type Started, startNginx } from './programs.ts';

const count = 1_000;
/** Each file is another, in what it says and how much. */
const contentOf = (index: number): string => `This is file ${index}.\n`.repeat(1 + ((index * 7) % 400));

let nginx: Started;
let patient: number;
let impatient: number;

beforeAll(async () => {
  const home = await folder();
  [patient, impatient] = [await freePort(), await freePort()];
  await mkdir(join(home, 'files'));
  for (let index = 0; index < count; index++) await writeFile(join(home, 'files', `${index}`), contentOf(index));
  const server = (port: number, requests: number) => `
      server {
        listen 127.0.0.1:${port};
        root ${home}/files;
        keepalive_requests ${requests};
        add_header X-Connection "$connection $connection_requests";
      }`;
  nginx = await startNginx(home, server(patient, count) + server(impatient, 10), patient);
});
afterAll(() => nginx?.stop());

test.each([16, 100])('1,000 GETs down one connection, %d in flight: each gets its own file', async (maxInFlight) => {
  const url = `http://127.0.0.1:${patient}`;
  const connection = await connect(url, { persistent: true, maxInFlight });
  const calls = Array.from({ length: count }, (_, index) => connection.call('GET', `${url}/${index}`));
  expect(connection.length).toBe(count);
  const seen: string[] = [];
  for (const [index, call] of calls.entries()) {
    const response = await call;
    expect(response.status).toBe(200);
    expect(await response.body.text()).toBe(contentOf(index));
    seen.push(response.headers.get('x-connection') ?? '');
  }
  const [first] = seen[0]?.split(' ') ?? [];
  expect(seen).toEqual(Array.from({ length: count }, (_, index) => `${first} ${index + 1}`));
  expect(connection.length).toBe(0);
  connection.close();
});

/** What one connection made of its calls: the files that came, and the reasons for those that did not. */
async function attempt(url: string, indexes: readonly number[]): Promise<{ came: number[]; lost: RetryError[] }> {
  const connection = await connect(url, { persistent: true });
  const read = async (index: number, call: Promise<IncomingResponse>) => {
    const response = await call;
    expect(await response.body.text()).toBe(contentOf(index));
    return index;
  };
  const results = await Promise.allSettled(
    indexes.map((index) => read(index, connection.call('GET', `${url}/${index}`))),
  );
  const came: number[] = [];
  const lost: RetryError[] = [];
  for (const result of results) {
    if (result.status === 'fulfilled') came.push(result.value);
    else if (result.reason instanceof RetryError) lost.push(result.reason);
    else throw result.reason;
  }
  expect(connection.persistence).toEqual({ verdict: 'close', reason: 'response-close' });
  return { came, lost };
}

test('`keepalive_requests 10` closes in the middle: what is lost says why, and is asked for again elsewhere', async () => {
  const url = `http://127.0.0.1:${impatient}`;
  const answered: number[] = [];
  const tally: Record<string, number> = {};
  let waiting = Array.from({ length: 100 }, (_, index) => index);
  let connections = 0;
  while (waiting.length > 0) {
    expect(connections).toBeLessThan(10);
    connections += 1;
    const { came, lost } = await attempt(url, waiting);
    expect(came).toEqual(waiting.slice(0, 10));
    for (const { retry, why, bytesReceived } of lost) {
      const verdict = `${retry} (${why})`;
      tally[verdict] = (tally[verdict] ?? 0) + 1;
      // GET is idempotent, so both may be repeated.
      expect(['if-idempotent (behind-close)', 'safe (unsent)']).toContain(verdict);
      expect(bytesReceived).toBe(0);
    }
    answered.push(...came);
    waiting = waiting.slice(came.length);
  }
  expect(answered).toEqual(Array.from({ length: 100 }, (_, index) => index));
  expect(connections).toBe(10);
  // 16 in flight: of those, up to 15 had gone out before the response that said close was read.
  expect(tally['if-idempotent (behind-close)']).toBeGreaterThan(0);
  expect(tally['safe (unsent)']).toBeGreaterThan(0);
  console.info(`100 GETs over ${connections} connections of 10 requests; lost on the way:`, tally);
});
