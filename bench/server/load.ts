// The load: raw sockets that write requests, so many at a time, and count the bytes of the responses. Reads into one buffer and parses
// nothing but the first response, whose size all have.

import { connect, type Socket } from 'node:net';
import { loadRequest } from '../harness/messages.ts';

/** What to do, as sent to this process; the answer is a Loaded. */
export interface Load {
  readonly port: number;
  readonly connections: number;
  /** Requests that are written at once, the next as many when all are answered. */
  readonly depth: number;
  readonly milliseconds: number;
}
export interface Loaded {
  readonly responses: number;
  readonly seconds: number;
}

async function run({ port, connections, depth, milliseconds }: Load): Promise<Loaded> {
  const size = await responseSize(port);
  const batch = Buffer.from(loadRequest.repeat(depth));
  const expected = size * depth;
  const buffer = Buffer.alloc(2 ** 16);
  let bytes = 0;
  let over = false;
  const sockets: Socket[] = [];
  for (let i = 0; i < connections; i++) {
    let owed = expected;
    const onread = {
      buffer,
      callback: (count: number) => {
        bytes += count;
        owed -= count;
        if (owed < 0) throw new Error('Cannot count: a server sends more than it was asked for');
        if (owed === 0 && !over) {
          owed = expected;
          socket.write(batch);
        }
        return true;
      },
    };
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    sockets.push(socket);
  }
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  const start = performance.now();
  for (const socket of sockets) socket.write(batch);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  const result = { responses: bytes / size, seconds: (performance.now() - start) / 1000 };
  over = true;
  const closed = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
  return result;
}

/** Asks once, and checks that it is the answer that all are to give. */
async function responseSize(port: number): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(loadRequest);
  let text = '';
  for await (const piece of socket) {
    text += String(piece);
    if (text.endsWith('Hello, world!')) break;
  }
  if (!text.startsWith('HTTP/1.1 200 OK\r\n')) throw new Error(`Cannot load a server that says ${text}`);
  return text.length;
}

process.on('message', (load: Load) => {
  run(load).then((result) => process.send?.(result));
});
