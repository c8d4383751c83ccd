// Ours: a whole cycle of a connection through its public face. It makes events and an exchange, decides framing and persistence, and on
// the server's side writes a 204. Beside it the parts of it that can be told apart.

import type { ClientConnection, Options, RequestHead, ResponseHead, ServerConnection } from '@halfpipe/core';
import type { Loop } from '../harness/loop.ts';
import { built, ours } from '../harness/ours.ts';
import { body, fields, reading, start } from './seen.ts';
import type { Work } from './works.ts';

const core = await ours('core');

export function halfpipe(work: Work, options: Options = {}): Loop {
  return work.kind === 'request'
    ? reading(work, serving(new core.ServerConnection(options)))
    : asking(work, new core.ClientConnection({ ...options, persistent: true, maxInFlight: Number.POSITIVE_INFINITY }));
}

/** With @halfpipe/llhttp reading each head too. */
export async function readTwice(work: Work): Promise<Loop> {
  const { secondOpinion } = await ours('llhttp');
  return halfpipe(work, { secondOpinion: secondOpinion() });
}

/** A whole cycle of the server: bytes in, events, every field read, 204 out. */
function serving(connection: ServerConnection): (piece: Uint8Array) => void {
  let time = 0;
  return (piece) => {
    connection.advance(++time);
    connection.receive(piece);
    for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent()) {
      if (event.type === 'request') noteHead(event.head.target, event.head);
      else if (event.type === 'data') body(event.bytes);
      else if (event.type === 'end') event.exchange.respond({ status: 204 });
      else throw new Error(`Cannot measure: ${JSON.stringify(event)}`);
    }
    while (connection.nextChunk() !== null);
  };
}

/** A whole cycle of the client: requests out, their responses in. */
function asking(work: Work, connection: ClientConnection): Loop {
  const request = { method: 'GET', target: '/', headers: [['Host', 'example.com']] } as const;
  let time = 0;
  let owed = 0;
  return reading(work, (piece) => {
    connection.advance(++time);
    if (owed === 0) {
      for (; owed < work.messages; owed++) connection.request(request);
      while (connection.nextChunk() !== null);
    }
    connection.receive(piece);
    for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent()) {
      if (event.type === 'response') noteHead(event.head.status, event.head);
      else if (event.type === 'data') body(event.bytes);
      else if (event.type === 'end') owed--;
      else throw new Error(`Cannot measure: ${JSON.stringify(event)}`);
    }
  });
}

function noteHead(of: string | number, head: RequestHead | ResponseHead): void {
  start(of);
  fields(head.headers.raw);
}

/** The parser of heads without a connection around it. */
export async function headOnly(work: Work): Promise<Loop> {
  const { Input } = (await import(built('core', 'input'))) as typeof import('../../packages/core/dist/input.js');
  const { borrowReader, giveBack } = (await import(
    built('core', 'parser')
  )) as typeof import('../../packages/core/dist/parser.js');
  const input = new Input();
  const limits = { headSize: 16384, startLineSize: 8192, headers: 100, trailerSize: 4096 };
  const rest = work.message.subarray(work.head);
  return reading(work, (piece) => {
    input.push(piece);
    const reader = borrowReader(work.kind, limits);
    if (reader.read(input) !== true) throw new Error('Cannot measure: not one whole head');
    input.drop();
    start(work.kind === 'request' ? reader.target : reader.status);
    fields(reader.raw);
    giveBack(reader);
    body(rest);
  });
}
