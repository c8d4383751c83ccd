// The other end of a transfer that is checked: node:http, which compares every byte.

import { createHash } from 'node:crypto';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { asked, pieces, receipt, targetOf, type Work } from './works.ts';

/** Answers transfers; a body that is not what it should be is not acknowledged. Says where it listens. */
export async function serveChecking(): Promise<number> {
  const server = createServer(async (request, response) => {
    const { direction, framing, size } = asked(request.url ?? '');
    if (direction === 'down') {
      if (framing === 'length') response.setHeader('Content-Length', size);
      for (const piece of pieces(size)) response.write(piece);
      response.end();
      return;
    }
    const framed = (request.headers['content-length'] === undefined) === (framing === 'chunked');
    response.end(framed && (await isRight(request, size)) ? receipt(size) : 'Something else was sent');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // not a path
}

/** One transfer with a server. Throws if it is not what it should be. */
export async function callChecking(port: number, work: Work): Promise<void> {
  const up = work.direction === 'up';
  const headers = up && work.framing === 'length' ? { 'Content-Length': work.size } : {};
  await new Promise<void>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: targetOf(work), method: up ? 'POST' : 'GET', headers };
    const request = send(options, async (response) => {
      const framed = (response.headers['content-length'] === undefined) === (work.framing === 'chunked');
      const right = up ? (await text(response)) === receipt(work.size) : framed && (await isRight(response, work.size));
      if (right) resolve();
      else reject(new Error('it sends or reads something else'));
    });
    request.on('error', reject);
    if (up) for (const piece of pieces(work.size)) request.write(piece);
    request.end();
  });
}

async function isRight(stream: Readable, size: number): Promise<boolean> {
  const expected = createHash('sha256');
  for (const piece of pieces(size)) expected.update(piece);
  const seen = createHash('sha256').update(await buffer(stream));
  return seen.digest('hex') === expected.digest('hex');
}
