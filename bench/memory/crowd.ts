// The other end of many connections, in a process of its own: many clients of a server that is weighed, or the server of a client. It asks on
// sockets of its own, and answers without reading, but for one target, which it leaves open.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { answer } from '../harness/answer.ts';
import { body, freeTarget, heldTarget } from './works.ts';

/** To listen; to connect until there are so many and ask for what is answered; to ask, on so many of them, for what is held; to leave. */
export type Question =
  | 'listen'
  | 'leave'
  | { readonly port: number; readonly count: number }
  | { readonly hold: number };

const response = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const sockets: Socket[] = [];
let held = 0;

async function listen(): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (bytes) => {
      // One call at a time is made on each connection, and is in one piece.
      if (!bytes.includes(` ${heldTarget} `)) socket.write(response);
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
  return (server.address() as AddressInfo).port; // not a path
}

/** In groups that fit into the queue of what is not yet accepted. */
async function fill(port: number, count: number): Promise<void> {
  while (sockets.length < count) {
    const group = Array.from({ length: Math.min(100, count - sockets.length) }, () => join(port));
    sockets.push(...(await Promise.all(group)));
  }
}

function join(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let text = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('it closes a connection')));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (text.startsWith('HTTP/1.1 200 ') && text.endsWith(body)) resolve(socket);
    });
    socket.write(`GET ${freeTarget} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  });
}

async function hold(count: number): Promise<void> {
  const request = `GET ${heldTarget} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
  const more = sockets.slice(held, count);
  held += more.length;
  await Promise.all(more.map((socket) => new Promise<void>((done) => socket.write(request, () => done()))));
}

async function leave(): Promise<void> {
  const closed = sockets.map(
    (socket) => new Promise<void>((done) => (socket.closed ? done() : socket.on('close', () => done()).destroy())),
  );
  await Promise.all(closed);
  sockets.length = 0;
  held = 0;
}

answer(async (question: Question): Promise<number> => {
  if (question === 'listen') return await listen();
  if (question === 'leave') await leave();
  else if ('hold' in question) await hold(question.hold);
  else await fill(question.port, question.count);
  return sockets.length;
});
