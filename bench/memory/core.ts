// Connections of the core alone, without sockets, driver or promises.

import type { ClientConnection, ServerConnection } from '@halfpipe/core';
import { smallRequest, smallResponse } from '../harness/messages.ts';
import { ours } from '../harness/ours.ts';

const core = await ours('core');
const head = { method: 'GET', target: '/', headers: [['Host', 'example.com']] } as const;

/** Makes one thing that is weighed. */
export const makers: Readonly<Record<string, () => object>> = {
  'ServerConnection, new': () => new core.ServerConnection(),
  'ServerConnection, after an exchange': () => served(new core.ServerConnection()),
  'ClientConnection, new': () => new core.ClientConnection(),
  'ClientConnection, after an exchange': () => asked(new core.ClientConnection()),
};

function served(server: ServerConnection): ServerConnection {
  server.advance(1);
  server.receive(smallRequest);
  for (const event of server) if (event.type === 'end') event.exchange.respond({ status: 204 });
  while (server.nextChunk() !== null);
  while (server.nextEvent() !== null);
  return server;
}

function asked(client: ClientConnection): ClientConnection {
  client.advance(1);
  client.request(head);
  while (client.nextChunk() !== null);
  client.receive(smallResponse);
  while (client.nextEvent() !== null);
  while (client.nextChunk() !== null);
  return client;
}
