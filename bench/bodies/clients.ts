// The clients to compare. They count the bodies that they are sent, and send bodies; each makes one call over a connection of its own.

import { Agent, type ClientRequest, request as send } from 'node:http';
import { Readable } from 'node:stream';
import { ours } from '../harness/ours.ts';
import { callRaw } from './raw.ts';
import { pieces, receipt, targetOf, type Work } from './works.ts';

/** One transfer. Throws if it is not whole. */
export const clients: Readonly<Record<string, (port: number, work: Work) => Promise<void>>> = {
  async halfpipe(port, work) {
    const { connect } = await ours('node');
    const url = `http://127.0.0.1:${port}${targetOf(work)}`;
    const connection = await connect(url, { persistent: true });
    try {
      if (work.direction === 'down') {
        const { body } = await connection.call('GET', url);
        let size = 0;
        for await (const bytes of body) size += bytes.length;
        verify(size, work.size);
      } else {
        const headers = work.framing === 'length' ? [['Content-Length', String(work.size)] as const] : [];
        const { body } = await connection.call('POST', url, { headers, body: pieces(work.size) });
        verify(await body.text(), receipt(work.size));
      }
    } finally {
      connection.close();
    }
  },

  async undici(port, work) {
    const { Client } = await import('undici');
    const client = new Client(`http://127.0.0.1:${port}`);
    try {
      if (work.direction === 'down') {
        const { body } = await client.request({ path: targetOf(work), method: 'GET' });
        verify(await sizeOf(body), work.size);
      } else {
        const { body } = await client.request({
          path: targetOf(work),
          method: 'POST',
          headers: work.framing === 'length' ? { 'Content-Length': String(work.size) } : {},
          body: Readable.from(pieces(work.size), { objectMode: false }),
        });
        verify(await body.text(), receipt(work.size));
      }
    } finally {
      await client.destroy();
    }
  },

  async 'node:http'(port, work) {
    const agent = new Agent();
    const up = work.direction === 'up';
    const headers = up && work.framing === 'length' ? { 'Content-Length': work.size } : {};
    try {
      await new Promise<void>((resolve, reject) => {
        const options = { agent, host: '127.0.0.1', port, path: targetOf(work), method: up ? 'POST' : 'GET', headers };
        const request = send(options, async (response) => {
          if (up) {
            let text = '';
            for await (const bytes of response) text += String(bytes);
            verify(text, receipt(work.size));
          } else verify(await sizeOf(response), work.size);
          resolve();
        });
        request.on('error', reject);
        if (up) void write(request, work.size);
        else request.end();
      });
    } finally {
      agent.destroy();
    }
  },

  limit: callRaw,
};

function verify<Value>(seen: Value, expected: Value): void {
  if (seen !== expected) throw new Error(`it reads ${seen} where ${expected} was sent`);
}

/** By events, the fastest way to read a stream. */
function sizeOf(stream: Readable): Promise<number> {
  return new Promise((resolve, reject) => {
    let size = 0;
    stream.on('data', (bytes: Uint8Array) => {
      size += bytes.length;
    });
    stream.on('end', () => resolve(size));
    stream.on('error', reject);
  });
}

async function write(request: ClientRequest, size: number): Promise<void> {
  for (const piece of pieces(size)) {
    if (!request.write(piece)) await new Promise((resolve) => request.once('drain', resolve));
  }
  request.end();
}
