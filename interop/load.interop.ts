// Our server under ab and wrk: as many requests as they can make, and not one error.

import { type Listener, listen } from '@halfpipe/node';
import { run } from './programs.ts';

let listener: Listener;
let url: string;
const errors: unknown[] = [];
beforeAll(async () => {
  listener = await listen(() => ({ headers: [['Content-Type', 'text/plain']], body: 'Hello, world!\n' }), {
    onError: (error) => errors.push(error),
  });
  if ('port' in listener.address) url = `http://127.0.0.1:${listener.address.port}/`;
});
afterAll(() => listener.close());

/** The number behind a label of a report. */
function numberOf(report: string, label: string): number {
  const match = new RegExp(`${label}:?\\s+([\\d.]+)`).exec(report);
  return match === null ? Number.NaN : Number(match[1]);
}

test('ab -k: 20,000 requests over 16 connections that are kept', async () => {
  const { code, stdout } = await run('ab', ['-k', '-n', '20000', '-c', '16', '-q', url]);
  expect(code).toBe(0);
  expect(numberOf(stdout, 'Complete requests')).toBe(20_000);
  expect(numberOf(stdout, 'Failed requests')).toBe(0);
  expect(numberOf(stdout, 'Keep-Alive requests')).toBe(20_000);
  expect(stdout).not.toContain('Non-2xx responses');
  expect(errors).toEqual([]);
  console.info(`ab: ${numberOf(stdout, 'Requests per second')} requests a second`);
});

test('wrk: 3 seconds over 16 connections', async () => {
  const { code, stdout } = await run('wrk', ['-t1', '-c16', '-d3s', url]);
  expect(code).toBe(0);
  expect(numberOf(stdout, 'Requests/sec')).toBeGreaterThan(0);
  expect(stdout).not.toContain('Socket errors');
  expect(stdout).not.toContain('Non-2xx');
  expect(errors.filter((error) => !isDeparture(error))).toEqual([]);
  console.info(`wrk: ${numberOf(stdout, 'Requests/sec')} requests a second`);
});

/** When its time is up, wrk leaves in the middle of its requests. */
function isDeparture(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_TRANSPORT';
}
