// A client and a server that pass bytes through two arrays: no socket, no clock, no promise. Three pipelined requests leave in one
// piece and are answered in order. Whatever carries bytes both ways can take the place of the arrays.

import { ClientConnection, type ClientExchange, ServerConnection, type ServerExchange } from '@halfpipe/core';

const client = new ClientConnection({ persistent: true });
const server = new ServerConnection();
const toServer: Uint8Array[] = [];
const toClient: Uint8Array[] = [];

const host = ['Host', 'memory.example'] as const;
const names = new Map<ClientExchange, string>();
names.set(client.request({ method: 'GET', target: '/a', headers: [host] }), '/a');
names.set(client.request({ method: 'PUT', target: '/b', headers: [host] }, bytesOf('to be kept')), '/b');
names.set(client.request({ method: 'GET', target: '/c', headers: [host] }), '/c');
client.shutdown();

// The rule is the same for both: bytes in, then events until there are none, then bytes out.
while (!client.finished || !server.finished) {
  for (const bytes of toClient.splice(0)) client.receive(bytes);
  if (server.outputEnded) client.receiveEnd();
  for (const event of client) {
    const name = 'exchange' in event ? names.get(event.exchange) : 'connection';
    if (event.type === 'response') console.log(`client: ${name} response ${event.head.status}`);
    else if (event.type === 'data') console.log(`client: ${name} data "${textOf(event.bytes)}"`);
    else console.log(`client: ${name} ${event.type}`);
  }
  send('client to server', client, toServer);

  for (const bytes of toServer.splice(0)) server.receive(bytes);
  if (client.outputEnded) server.receiveEnd();
  for (const event of server) {
    if (event.type === 'request') console.log(`server: request ${event.head.method} ${event.head.target}`);
    else if (event.type === 'data') console.log(`server: data "${textOf(event.bytes)}"`);
    else console.log(`server: ${event.type}`);
    // Answered when all of it has come; the next request is not parsed before.
    if (event.type === 'end') answer(event.exchange);
  }
  send('server to client', server, toClient);
}

function answer(exchange: ServerExchange): void {
  exchange.startResponse({ status: 200, headers: [['Content-Length', '6']] });
  exchange.write(bytesOf('Hello'));
  exchange.write(bytesOf('!'));
  exchange.end();
}

function send(direction: string, from: ClientConnection | ServerConnection, to: Uint8Array[]): void {
  for (let chunk = from.nextChunk(); chunk !== null; chunk = from.nextChunk()) {
    to.push(chunk);
    console.log(`${direction}: ${chunk.length} bytes`);
    for (const line of textOf(chunk).trimEnd().split('\r\n')) console.log(`    ${line}`);
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
