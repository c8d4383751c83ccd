// Client and server in one page: the server in a worker, and a MessagePort for a wire. Three calls are pipelined over it, one of them with
// a body that is made while it is sent, one whose answer is read while it comes.

import { connect, messagePort } from '@halfpipe/web-streams';
import { show } from './show.ts';

const { port1, port2 } = new MessageChannel();
const worker = new Worker('message-port-server.js', { type: 'module' });
worker.postMessage(port2, [port2]);

const connection = await connect(messagePort(port1), { persistent: true });
const calls = [
  connection.call('GET', 'http://worker/hello'),
  connection.call('POST', 'http://worker/shout', { body: words('quiet', 'little', 'words') }),
  connection.call('GET', 'http://worker/count'),
];
for (const call of calls) {
  const response = await call;
  show(`${response.status} ${response.reason}, ${response.framing}`);
  const decoder = new TextDecoder();
  for await (const bytes of response.body) show(`  ${decoder.decode(bytes, { stream: true })}`);
}
show(`The connection: ${connection.persistence.verdict}`);
connection.shutdown();
await connection[Symbol.asyncDispose]();
worker.terminate();
show('Closed');

async function* words(...all: string[]): AsyncGenerator<Uint8Array> {
  for (const word of all) yield new TextEncoder().encode(`${word} `);
}
