// undici's client over a Duplex in memory.

import type { Socket } from 'node:net';
import { Client } from 'undici';
import { Absent } from '../harness/absent.ts';
import type { Loop } from '../harness/loop.ts';
import { RequestCounter } from '../harness/requests.ts';
import { type Received, said } from './outcome.ts';
import { Wire } from './wire.ts';
import { requestHead, type Work } from './works.ts';

export function undici({ role, upload, response }: Work): Loop {
  if (role !== 'client') throw new Absent('it is a client only');
  const received: Received = { start: 0, strings: 0, body: 0 };
  let fields: object = {};
  const requests = new RequestCounter();
  const wire: Wire = new Wire((bytes) => {
    if (requests.count(bytes) > 0) wire.push(response);
  });
  const client = new Client('http://www.example.com', {
    // Called at once, the callback would find a client that does not wait for it yet.
    keepAliveTimeout: 3_600_000, // others have their turns meanwhile
    keepAliveMaxTimeout: 3_600_000,
    // It asks for a Socket, but a Duplex with a socket's setters is enough.
    connect: (_, connected) => setImmediate(() => connected(null, wire as unknown as Socket)),
  });
  const options = {
    path: requestHead.target,
    method: upload === null ? 'GET' : 'POST',
    headers: requestHead.headers.flat(),
    body: upload,
  } as const;
  // Its leanest face: without streams and promises of its own.
  const run = () =>
    new Promise<number>((resolve, reject) => {
      client.dispatch(options, {
        onRequestStart: () => {},
        onResponseStart: (_, status, headers) => {
          received.start = status;
          fields = headers;
          received.body = 0;
        },
        onResponseData: (_, bytes) => {
          received.body += bytes.length;
        },
        onResponseEnd: () => resolve(received.body),
        onResponseError: (_, error) => reject(error),
      });
    });
  const check = async () => {
    await run();
    received.strings = Object.keys(fields).length * 2; // none comes twice
    return said(null, received);
  };
  return { units: 1, run, check };
}
