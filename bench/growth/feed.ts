// Connections that are fed bytes in pieces, or given many things at once, each until there is nothing more to do.

import {
  ClientConnection,
  type ClientEvent,
  type ClientOptions,
  type Limits,
  type Relaxation,
  ServerConnection,
  type ServerEvent,
} from '@halfpipe/core';
import { ascii } from '../harness/messages.ts';

// Without limits, which would end what is to be measured long before it could grow.
const limits: Partial<Limits> = {
  headSize: 2 ** 26,
  startLineSize: 2 ** 26,
  headers: 2 ** 22,
  trailerSize: 2 ** 26,
  chunkLineSize: 2 ** 26,
  extensionSize: 2 ** 26,
  interim: 2 ** 22,
};

export const get = { method: 'GET', target: '/', headers: [['Host', 'x']] as const };
export const smallest = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
export const answer = 'HTTP/1.1 204 \r\n\r\n';

// One piece for each value of a byte, so that the pieces of a large message are no further apart in memory than those of a small one.
const singles = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));

export function cutToBytes(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => singles[byte]!); // a byte is below 256
}

/** A server that is fed those pieces, and answers whatever has ended. */
export function served(pieces: readonly Uint8Array[], relax: readonly Relaxation[] = []): () => void {
  return () => {
    const server = new ServerConnection({ limits, relax });
    let ended = 0;
    for (const piece of pieces) {
      server.receive(piece);
      ended += pullAll(server);
    }
    if (ended === 0) throw new Error('Cannot measure: the request does not end');
  };
}

/** A client that is fed those pieces, with as many requests on the wire as there are final responses. */
export function asked(pieces: readonly Uint8Array[], text: string): () => void {
  const count = text.split(/HTTP\/1\.1 2/).length - 1;
  return () => {
    const client = new ClientConnection({ persistent: true, maxInFlight: Number.POSITIVE_INFINITY, limits });
    for (let i = 0; i < count; i++) client.request(get);
    while (client.nextChunk() !== null);
    let ended = 0;
    for (const piece of pieces) {
      client.receive(piece);
      ended += pullAll(client);
    }
    if (ended !== count) throw new Error(`Cannot measure: ${ended} of ${count} responses end`);
  };
}

/** `count` requests, queued all at once, each answered when it is out. */
export function exchanged(count: number, options: ClientOptions): void {
  const client = new ClientConnection({ persistent: true, ...options });
  for (let i = 0; i < count; i++) client.request(get);
  const each = ascii(answer);
  let ended = 0;
  while (ended < count) {
    while (client.nextChunk() !== null);
    client.receive(each);
    ended += pullAll(client);
  }
}

/** Pulls what there is, and answers requests; how many messages have ended. */
export function pullAll(connection: {
  nextEvent(): ServerEvent | ClientEvent | null;
  nextChunk(): Uint8Array | null;
}): number {
  let ended = 0;
  for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent()) {
    if ((event.type === 'error' || event.type === 'closed') && event.error !== null) throw event.error;
    if (event.type !== 'end') continue;
    ended++;
    if ('respond' in event.exchange) event.exchange.respond({ status: 204 });
  }
  while (connection.nextChunk() !== null);
  return ended;
}

/** `count` writes, by servers in turns, all taken in the end. */
export function writes(count: number, size: number, servers: number): void {
  const piece = new Uint8Array(size);
  const all = Array.from({ length: servers }, () => {
    const server = new ServerConnection();
    const event = server.receive(ascii(smallest)).nextEvent();
    if (event?.type !== 'request') throw new Error('Cannot measure: there is no request');
    event.exchange.startResponse({ status: 200 });
    return { server, exchange: event.exchange };
  });
  for (let i = 0; i < count; i++) all[i % servers]?.exchange.write(piece);
  for (const { server } of all) while (server.nextChunk() !== null);
}
