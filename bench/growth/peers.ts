// What is done at each size of each range: ours alone.

import type { ClientConnection, ServerConnection } from '@halfpipe/core';
import type { Transport, TransportSink } from '@halfpipe/driver';
import type { Loop, Peer } from '../harness/loop.ts';
import { ascii, browserRequest, smallRequest, smallResponse } from '../harness/messages.ts';
import { ours } from '../harness/ours.ts';
import { pieces, ranges, streamSize, workOf } from './ranges.ts';

const core = await ours('core');
const driver = await ours('driver');
const get = { method: 'GET', target: '/hello', headers: [['Host', 'www.example.com:80']] } as const;
const body = ascii('Hello, world!');

/** Made ready for a size; each run says how many exchanges it has seen. */
type Make = (size: number) => { readonly exchanges: number; readonly run: () => number };

const makers: readonly Make[] = [
  (depth) => {
    const server = new core.ServerConnection();
    const requests = ascii(Buffer.from(smallRequest).toString('latin1').repeat(depth));
    return { exchanges: depth, run: () => served(server, requests) };
  },

  (depth) => {
    const client = new core.ClientConnection({ persistent: true, maxInFlight: depth });
    const responses = ascii(Buffer.from(smallResponse).toString('latin1').repeat(depth));
    return { exchanges: depth, run: () => asked(client, depth, responses) };
  },

  (count) => {
    const servers = Array.from({ length: count }, () => new core.ServerConnection());
    return { exchanges: count, run: () => sum(servers, (server) => served(server, smallRequest)) };
  },

  (count) => {
    const transports = Array.from({ length: count }, () => new Memory());
    // While others have their turns none may time out.
    const options = { timeouts: { idle: Number.POSITIVE_INFINITY } };
    for (const transport of transports) driver.serve(transport, () => ({ body }), options);
    return { exchanges: count, run: () => sum(transports, (transport) => transport.ask(smallRequest)) };
  },

  (size) => {
    const server = new core.ServerConnection();
    const head = ascii(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size * pieces}\r\n\r\n`);
    const all = [head, ...Array.from({ length: pieces }, () => new Uint8Array(size))];
    return { exchanges: 1, run: () => sum(all, (piece) => served(server, piece)) };
  },

  (size) => {
    const server = new core.ServerConnection();
    const count = Math.ceil(streamSize / browserRequest.length);
    const stream = Buffer.concat(Array.from({ length: count }, () => browserRequest));
    const all = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
      stream.subarray(i * size, (i + 1) * size),
    );
    return { exchanges: count, run: () => sum(all, (piece) => served(server, piece)) };
  },

  (count) => {
    const server = new core.ServerConnection();
    const fields = Array.from({ length: count - 1 }, (_, i) => `X-Field-${i % 10}: a value of some length\r\n`).join(
      '',
    );
    const request = ascii(`GET / HTTP/1.1\r\nHost: example.com\r\n${fields}\r\n`);
    return { exchanges: 1, run: () => served(server, request) };
  },
];

/** A transport that takes what is written, and knows nothing of a network. */
class Memory implements Transport {
  readonly halfClose = true;
  #sink: TransportSink | null = null;
  #written = 0;

  start(sink: TransportSink): void {
    this.#sink = sink;
  }
  write(): boolean {
    this.#written++;
    return true;
  }
  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}

  /** How many chunks the request was answered with, which is one. */
  ask(request: Uint8Array): number {
    this.#written = 0;
    this.#sink?.bytes(request);
    return this.#written;
  }
}

function served(server: ServerConnection, bytes: Uint8Array): number {
  let ended = 0;
  server.receive(bytes);
  for (let event = server.nextEvent(); event !== null; event = server.nextEvent()) {
    if (event.type === 'error') throw event.error;
    if (event.type !== 'end') continue;
    ended++;
    event.exchange.respond({ status: 204 });
  }
  while (server.nextChunk() !== null);
  return ended;
}

function asked(client: ClientConnection, count: number, responses: Uint8Array): number {
  let ended = 0;
  for (let i = 0; i < count; i++) client.request(get);
  while (client.nextChunk() !== null);
  client.receive(responses);
  for (let event = client.nextEvent(); event !== null; event = client.nextEvent()) if (event.type === 'end') ended++;
  return ended;
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  let all = 0;
  for (let i = 0; i < items.length; i++) all += of(items[i]!); // i < items.length
  return all;
}

function loopOf(work: string): Loop {
  for (const [i, range] of ranges.entries()) {
    const size = range.sizes.find((size) => workOf(range, size) === work);
    if (size === undefined) continue;
    const { exchanges, run } = makers[i]!(size); // in the order of the ranges
    const check = () => {
      const seen = run();
      if (seen !== exchanges) throw new Error(`Cannot measure: ${seen} of ${exchanges} exchanges are complete`);
      return work;
    };
    return { units: 1, run, check };
  }
  throw new Error(`There is no work ${work}`);
}

export const peers: Readonly<Record<string, Peer>> = { halfpipe: loopOf };
