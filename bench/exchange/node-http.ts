// node:http over a Duplex in memory: its server, its client, and both joined.

import { Agent, createServer, type IncomingMessage, request as send } from 'node:http';
import type { Loop } from '../harness/loop.ts';
import { RequestCounter } from '../harness/requests.ts';
import { type Received, said } from './outcome.ts';
import { Wire } from './wire.ts';
import { requestHead, responseHead, type Work } from './works.ts';

export function nodeHttp(work: Work): Loop {
  return { server: serving, client: calling, both: joined }[work.role](work);
}

function serving({ request, download }: Work): Loop {
  const received = nothing();
  let written: Uint8Array[] = [];
  let done = () => {};
  const wire = new Wire((bytes) => {
    written.push(bytes);
    if (endsWith(bytes, download)) done(); // a response ends with its body, and leaves corked
  });
  serve(wire, download, received);
  const run = () =>
    new Promise<number>((resolve) => {
      written = [];
      done = () => resolve(written.reduce((size, { length }) => size + length, 0));
      wire.push(request);
    });
  const check = async () => {
    await run();
    return said(received, Buffer.concat(written));
  };
  return { units: 1, run, check };
}

function calling({ upload, response }: Work): Loop {
  const received = nothing();
  const requests = new RequestCounter();
  const wire: Wire = new Wire((bytes) => {
    if (requests.count(bytes) > 0) wire.push(response);
  });
  const run = caller(wire, upload, received);
  const check = async () => {
    await run();
    return said(null, received);
  };
  return { units: 1, run, check };
}

function joined({ upload, download }: Work): Loop {
  const [request, response] = [nothing(), nothing()];
  const client: Wire = new Wire((bytes) => server.push(bytes));
  const server: Wire = new Wire((bytes) => client.push(bytes));
  serve(server, download, request);
  const run = caller(client, upload, response);
  const check = async () => {
    await run();
    return said({ ...request, strings: 0 }, { ...response, strings: 0 });
  };
  return { units: 1, run, check };
}

function nothing(): Received {
  return { start: '', strings: 0, body: 0 };
}

function serve(wire: Wire, download: Uint8Array, received: Received): void {
  const headers = { ...Object.fromEntries(responseHead.headers), 'Content-Length': download.length };
  const server = createServer((request, response) => {
    take(received, request.url ?? '', request, () => response.writeHead(responseHead.status, headers).end(download));
  });
  server.emit('connection', wire);
}

function caller(wire: Wire, upload: Uint8Array | null, received: Received): () => Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  Object.assign(agent, { createConnection: () => wire });
  const [[name, value]] = requestHead.headers;
  const options = { agent, path: requestHead.target, method: upload === null ? 'GET' : 'POST' };
  const headers = { [name]: value, ...(upload === null ? {} : { 'Content-Length': upload.length }) };
  return () =>
    new Promise((resolve, reject) => {
      const request = send({ ...options, headers }, (response) => {
        take(received, response.statusCode ?? 0, response, () => resolve(received.body));
      });
      request.on('error', reject);
      request.end(upload ?? undefined);
    });
}

/** Reads all of a message, then goes on. */
function take(received: Received, start: string | number, message: IncomingMessage, ended: () => void): void {
  received.start = start;
  received.strings = message.rawHeaders.length;
  received.body = 0;
  message.on('data', (bytes: Uint8Array) => {
    received.body += bytes.length;
  });
  message.on('end', ended);
}

function endsWith(bytes: Uint8Array, end: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(-end.length), end) === 0;
}
