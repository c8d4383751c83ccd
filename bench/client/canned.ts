// What clients talk to: a socket that counts requests by their bytes and writes as many answers, ready made. Takes as little of the machine
// as it can, on a core of its own.

import { type AddressInfo, createServer } from 'node:net';
import { answer } from '../harness/answer.ts';
import { RequestCounter } from '../harness/requests.ts';
import { body } from './works.ts';

const response = `HTTP/1.1 200 OK\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const responses = Array.from({ length: 65 }, (_, count) => Buffer.from(response.repeat(count)));

export interface Ports {
  readonly get: number;
  readonly post: number;
}

async function listen(): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    const counter = new RequestCounter();
    socket.on('data', (bytes) => {
      const count = counter.count(bytes);
      if (count > 0) socket.write(responses[count]!); // no more than 64 are ever out
    });
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // not a path
}

// A port for each size of request, since who keeps connections for itself uses one for either.
answer(async (): Promise<Ports> => ({ get: await listen(), post: await listen() }));
