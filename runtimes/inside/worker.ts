// A Worker: asked for anything by HTTP, it runs the suite over the sockets of `connect()`, both ends of which are here, joined by a relay; on
// connections that come in as they are, it serves HTTP itself.

import { connect } from 'cloudflare:sockets';
import type { ContractSubject } from '@halfpipe/testing';
import { type StreamPair, serve, type Transport, transport } from '@halfpipe/web-streams';
import { streamSubjects } from '../subjects/web-streams.ts';
import { runSuite } from './suite.ts';

interface Environment {
  readonly RELAY: string;
  readonly COUNT: string;
  readonly VERSION: string;
  readonly SIZE: string;
}

interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

export default {
  async fetch(_request: Request, environment: Environment, context: Context): Promise<Response> {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const encoder = new TextEncoder();
    const where = { runtime: 'workerd', version: environment.VERSION } as const;
    const suite = runSuite(
      where,
      [sockets(environment), ...streamSubjects],
      { size: Number(environment.SIZE) },
      (line) => {
        void writer.write(encoder.encode(`${JSON.stringify(line)}\n`));
      },
    );
    context.waitUntil(suite.finally(() => writer.close()));
    return new Response(readable);
  },

  connect(socket: StreamPair): Promise<void> {
    return serve(socket, async ({ method, target, body }) => ({
      headers: [['Content-Type', 'text/plain']],
      body: `${method} ${target} with ${(await body.bytes()).length} bytes\n`,
    })).done;
  },
};

async function dial({ RELAY }: Environment): Promise<Transport> {
  const [hostname = '', port] = RELAY.split(':');
  const socket = connect({ hostname, port: Number(port) }, { allowHalfOpen: true });
  await socket.opened;
  return transport(socket);
}

function sockets(environment: Environment): ContractSubject {
  return {
    name: 'web-streams: connect()',
    async pair() {
      // One after the other: the relay joins them in this order.
      const near = await dial(environment);
      return [near, await dial(environment)];
    },
    cannot: {
      reset: 'a socket of a Worker can only be closed in order, behind what was written (cloudflare/workerd#2060)',
    },
    async handles() {
      const response = await fetch(`http://${environment.COUNT}/`);
      return Number(await response.text());
    },
  };
}
