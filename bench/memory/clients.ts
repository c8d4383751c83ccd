// The clients to weigh.

import { Agent, request as send } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { ours } from '../harness/ours.ts';
import { body, freeTarget, heldTarget } from './works.ts';

export interface Client {
  /** Makes a call over one of the connections that is not answered; what it gives must be kept. */
  hold(connection: number): unknown;
}

const hour = 3_600_000;

/** Each opens so many connections, and has made one call on each. */
export const clients: Readonly<Record<string, (port: number, count: number) => Promise<Client>>> = {
  async halfpipe(port, count) {
    const { connect } = await ours('node');
    const origin = `http://127.0.0.1:${port}`;
    const connections = await inGroups(count, () => connect(origin));
    for (const connection of connections) verify(await (await connection.call('GET', origin + freeTarget)).body.text());
    return { hold: (connection) => connections[connection]!.call('GET', origin + heldTarget) }; // connection < count
  },

  async undici(port, count) {
    const { Client } = await import('undici');
    const options = { keepAliveTimeout: hour, keepAliveMaxTimeout: hour, headersTimeout: hour, bodyTimeout: hour };
    const connections = Array.from({ length: count }, () => new Client(`http://127.0.0.1:${port}`, options));
    for (const client of connections) {
      verify(await (await client.request({ method: 'GET', path: freeTarget })).body.text());
    }
    return { hold: (connection) => connections[connection]!.request({ method: 'GET', path: heldTarget }) }; // connection < count
  },

  async 'node:http'(port, count) {
    // One agent, as most use it: which socket a call takes is its own business, and all are taken while all are busy.
    const agent = new Agent({ keepAlive: true, maxSockets: count, maxFreeSockets: count });
    const call = () =>
      new Promise<string>((resolve, reject) => {
        const request = send({ host: '127.0.0.1', port, path: freeTarget, agent }, (response) => {
          resolve(text(response));
        });
        request.on('error', reject);
        request.end();
      });
    // At once, or one socket would do for all.
    for (const said of await Promise.all(Array.from({ length: count }, call))) verify(said);
    return {
      hold: () => {
        const request = send({ host: '127.0.0.1', port, path: heldTarget, agent });
        request.on('error', () => {});
        request.end();
        return request;
      },
    };
  },

  async net(port, count) {
    const sockets = await inGroups(count, () => ask(port));
    return { hold: (connection) => sockets[connection]!.write(`GET ${heldTarget} HTTP/1.1\r\n\r\n`) }; // connection < count
  },
};

function ask(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', reject);
    socket.on('data', () => resolve(socket));
    socket.write(`GET ${freeTarget} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  });
}

function verify(said: string): void {
  if (said !== body) throw new Error(`Cannot weigh: it reads ${said}`);
}

/** In groups that fit into the queue of what is not yet accepted. */
async function inGroups<Value>(count: number, make: () => Promise<Value>): Promise<Value[]> {
  const made: Value[] = [];
  while (made.length < count) {
    made.push(...(await Promise.all(Array.from({ length: Math.min(100, count - made.length) }, make))));
  }
  return made;
}
