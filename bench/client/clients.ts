// The clients to compare, each in its own way of calling that is in common use. All read every body.

import { Agent, request as send } from 'node:http';
import { ours } from '../harness/ours.ts';
import { runtime } from '../harness/runtime.ts';
import { form, type Work } from './works.ts';

export interface Client {
  /** Makes a call over one of the connections, and says how large the body of its answer is. */
  call(connection: number): Promise<number>;
  close(): void | Promise<void>;
}

export const clients: Readonly<Record<string, (port: number, work: Work) => Promise<Client>>> = {
  async halfpipe(port, { connections, depth, upload }) {
    const deno = runtime === 'deno' ? await ours('deno') : null;
    const node = await ours('node');
    // Where a runtime has no adapter of its own, ours runs on its node:net.
    const { connect } = deno !== null && 'connect' in deno ? deno : node;
    const url = `http://127.0.0.1:${port}/hello`;
    const open = await Promise.all(Array.from({ length: connections }, () => connect(url, { maxInFlight: depth })));
    const [method, options] = upload ? ['POST', { body: form }] : ['GET', {}];
    return {
      async call(connection) {
        const { body } = await open[connection]!.call(method, url, options); // connection < connections
        return (await body.bytes()).length;
      },
      close: () => {
        for (const connection of open) connection.close();
      },
    };
  },

  // Unless it is told that an answer does not keep others waiting for long, undici pipelines HEAD alone.
  undici: (port, work) => undici(port, work, { blocking: work.upload }),
  'undici, blocking': (port, work) => undici(port, work, {}),

  async 'node:http'(port, { connections, upload }) {
    // It does not pipeline: what is deeper waits in the agent.
    const agents = Array.from({ length: connections }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const options = { host: '127.0.0.1', port, path: '/hello', method: upload ? 'POST' : 'GET' };
    return {
      call: (connection) =>
        new Promise((resolve, reject) => {
          const agent = agents[connection]!; // connection < connections
          const headers = upload ? { 'Content-Length': form.length } : {};
          const request = send({ ...options, agent, headers }, (response) => {
            let size = 0;
            response.on('data', (bytes: Buffer) => {
              size += bytes.length;
            });
            response.on('end', () => resolve(size));
          });
          request.on('error', reject);
          request.end(upload ? form : undefined);
        }),
      close: () => {
        for (const agent of agents) agent.destroy();
      },
    };
  },

  async fetch(port, { upload }) {
    const url = `http://127.0.0.1:${port}/hello`;
    const options = upload ? { method: 'POST', body: form } : {};
    return {
      async call() {
        return (await (await fetch(url, options)).arrayBuffer()).byteLength;
      },
      close: () => {},
    };
  },
};

async function undici(port: number, work: Work, settings: { readonly blocking?: boolean }): Promise<Client> {
  const { connections, depth, upload } = work;
  const { Client } = await import('undici');
  const open = Array.from({ length: connections }, () => new Client(`http://127.0.0.1:${port}`, { pipelining: depth }));
  const options = { ...settings, path: '/hello', method: upload ? 'POST' : 'GET', body: upload ? form : null } as const;
  return {
    async call(connection) {
      const { body } = await open[connection]!.request(options); // connection < connections
      return (await body.arrayBuffer()).byteLength;
    },
    close: async () => {
      await Promise.all(open.map((client) => client.destroy()));
    },
  };
}
