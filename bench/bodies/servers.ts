// The servers to compare. They send bodies as they are asked to, and count those that they are sent.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ours } from '../harness/ours.ts';
import { serveRaw } from './raw.ts';
import { asked, pieces, receipt } from './works.ts';

/** Each listens, and says where. */
export const servers: Readonly<Record<string, () => Promise<number>>> = {
  async halfpipe() {
    const { listen } = await ours('node');
    const listener = await listen(async ({ target, body }) => {
      const { direction, framing, size } = asked(target);
      if (direction === 'down') {
        return { headers: framing === 'length' ? [['Content-Length', String(size)]] : [], body: pieces(size) };
      }
      let read = 0;
      for await (const bytes of body) read += bytes.length;
      return { body: receipt(read) };
    });
    return 'port' in listener.address ? listener.address.port : 0;
  },

  async 'node:http'() {
    const server = createServer(async (request, response) => {
      const { direction, framing, size } = asked(request.url ?? '');
      if (direction === 'down') {
        response.writeHead(200, framing === 'length' ? { 'Content-Length': size } : {});
        await write(response, size);
        return;
      }
      let read = 0;
      request.on('data', (bytes: Buffer) => {
        read += bytes.length;
      });
      request.on('end', () => response.end(receipt(read)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port; // not a path
  },

  limit: serveRaw,
};

async function write(response: ServerResponse, size: number): Promise<void> {
  for (const piece of pieces(size)) {
    if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
  }
  response.end();
}
