// Ours: connections of the core, driven as an adapter drives them.

import type { ClientConnection, ServerConnection } from '@halfpipe/core';
import type { Loop } from '../harness/loop.ts';
import { ours } from '../harness/ours.ts';
import { type Received, said } from './outcome.ts';
import { requestHead, responseHead, type Work } from './works.ts';

const core = await ours('core');

export function halfpipe(work: Work): Loop {
  return { server: serving, client: calling, both: joined }[work.role](work);
}

function serving({ request, download }: Work): Loop {
  const server = new Server(download);
  const run = () => {
    server.receive(request);
    let size = 0;
    for (let chunk = server.connection.nextChunk(); chunk !== null; chunk = server.connection.nextChunk())
      size += chunk.length;
    return size;
  };
  const check = () => {
    server.receive(request);
    const chunks: Uint8Array[] = [];
    for (let chunk = server.connection.nextChunk(); chunk !== null; chunk = server.connection.nextChunk())
      chunks.push(chunk);
    return said(server.received, Buffer.concat(chunks));
  };
  return { units: 1, run, check };
}

function calling({ upload, response }: Work): Loop {
  const client = new Client();
  const run = () => {
    client.call(upload);
    let size = 0;
    for (let chunk = client.connection.nextChunk(); chunk !== null; chunk = client.connection.nextChunk())
      size += chunk.length;
    client.receive(response);
    return size;
  };
  const check = () => {
    run();
    return said(null, client.received);
  };
  return { units: 1, run, check };
}

function joined({ upload, download }: Work): Loop {
  const client = new Client();
  const server = new Server(download);
  const run = () => {
    client.call(upload);
    for (let chunk = client.connection.nextChunk(); chunk !== null; chunk = client.connection.nextChunk())
      server.receive(chunk);
    for (let chunk = server.connection.nextChunk(); chunk !== null; chunk = server.connection.nextChunk())
      client.receive(chunk);
    return client.received.body;
  };
  const check = () => {
    run();
    return said({ ...server.received, strings: 0 }, { ...client.received, strings: 0 }); // node:http adds fields of its own
  };
  return { units: 1, run, check };
}

class Server {
  readonly connection: ServerConnection = new core.ServerConnection();
  readonly received: Received = { start: '', strings: 0, body: 0 };
  readonly #download: Uint8Array;
  #now = 0;

  constructor(download: Uint8Array) {
    this.#download = download;
  }

  receive(bytes: Uint8Array): void {
    const { connection, received } = this;
    connection.advance(++this.#now);
    connection.receive(bytes);
    for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent()) {
      if (event.type === 'request') {
        received.start = event.head.target;
        received.strings = event.head.headers.raw.length;
        received.body = 0;
      } else if (event.type === 'data') received.body += event.bytes.length;
      else if (event.type === 'end') event.exchange.respond(responseHead, this.#download);
      else throw new Error(`Cannot measure: ${JSON.stringify(event)}`);
    }
  }
}

class Client {
  readonly connection: ClientConnection = new core.ClientConnection({ persistent: true });
  readonly received: Received = { start: 0, strings: 0, body: 0 };
  #now = 0;

  call(upload: Uint8Array | null): void {
    this.connection.advance(++this.#now);
    if (upload === null) this.connection.request(requestHead);
    else this.connection.request({ ...requestHead, method: 'POST' }, upload);
  }

  receive(bytes: Uint8Array): void {
    const { connection, received } = this;
    connection.advance(++this.#now);
    connection.receive(bytes);
    for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent()) {
      if (event.type === 'response') {
        received.start = event.head.status;
        received.strings = event.head.headers.raw.length;
        received.body = 0;
      } else if (event.type === 'data') received.body += event.bytes.length;
      else if (event.type !== 'end') throw new Error(`Cannot measure: ${JSON.stringify(event)}`);
    }
  }
}
