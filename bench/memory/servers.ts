// The servers to weigh. Each counts the requests that it holds, so that it can be seen when all of them are there.

import { createServer } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { ours } from '../harness/ours.ts';
import { body, heldTarget } from './works.ts';

export interface Server {
  readonly port: number;
  /** Requests that are not answered. */
  held(): number;
}

/** Longer than any of this takes; but the timers are there, as in a server that is used. */
const hour = 3_600_000;

export const servers: Readonly<Record<string, () => Promise<Server>>> = {
  async halfpipe() {
    const { listen } = await ours('node');
    let held = 0;
    const headers = [['Content-Type', 'text/plain']] as const;
    const listener = await listen(
      (request) => {
        if (request.target !== heldTarget) return { headers, body };
        held++;
        return new Promise<never>(() => {});
      },
      { timeouts: { idle: hour, head: hour, body: hour }, backlog: 4096 },
    );
    return { port: 'port' in listener.address ? listener.address.port : 0, held: () => held };
  },

  async 'node:http'() {
    let held = 0;
    const options = { keepAliveTimeout: hour, headersTimeout: hour + 1, requestTimeout: hour + 2 };
    const server = createServer(options, (request, response) => {
      if (request.url === heldTarget) held++;
      else response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length }).end(body);
    });
    await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
    return { port: (server.address() as AddressInfo).port, held: () => held }; // not a path
  },

  // What a socket of Node's weighs by itself.
  async net() {
    let held = 0;
    const response = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const server = createNetServer({ noDelay: true }, (socket) => {
      socket.on('data', (bytes) => {
        if (bytes.includes(heldTarget)) held++;
        else socket.write(response);
      });
    });
    await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
    return { port: (server.address() as AddressInfo).port, held: () => held }; // not a path
  },
};
