// One server in a process of its own; which one is the argument. It sends its port, then, whenever it is asked, what it has used of the
// processor.

import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server } from 'node:net';
import { listen } from '@halfpipe/node';
import { loadRequest } from '../harness/messages.ts';

/** The first message: where it listens. */
export interface Started {
  readonly port: number;
}
/** The answer to anything sent. */
export interface Used {
  readonly microseconds: number;
}

const body = 'Hello, world!';

const servers: Readonly<Record<string, () => Promise<number>>> = {
  async halfpipe() {
    const listener = await listen(() => ({ headers: [['Content-Type', 'text/plain']], body }));
    return 'port' in listener.address ? listener.address.port : 0;
  },

  'node:http': () =>
    portOf(
      createHttpServer((_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
        response.end(body);
      }),
    ),

  // It knows how long a request is, and counts bytes.
  canned: () => {
    const answer = `HTTP/1.1 200 OK\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n${body}`;
    const answers = Array.from({ length: 17 }, (_, count) => Buffer.from(answer.repeat(count)));
    return portOf(
      createNetServer({ noDelay: true }, (socket) => {
        let owed = 0;
        socket.on('data', (bytes) => {
          owed += bytes.length;
          const count = Math.floor(owed / loadRequest.length);
          owed -= count * loadRequest.length;
          if (count > 0) socket.write(answers[count]!); // never more than 16 at a time are sent
        });
        socket.on('error', () => socket.destroy());
      }),
    );
  },
};

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // not a path
}

const start = servers[process.argv[2] ?? ''];
if (start === undefined) throw new Error(`There is no server ${process.argv[2]}`);
process.send?.({ port: await start() } satisfies Started);
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ microseconds: user + system } satisfies Used);
});
process.on('disconnect', () => process.exit());
