// One client in a process of its own, on Node.js, Deno or Bun; which one is the argument. It is asked to call for so long, and answers how
// often it did and what of the processor that took.

import process from 'node:process';
import { answer } from '../harness/answer.ts';
import { type Loaded, Loading, sizeOfResponse } from '../harness/loading.ts';
import { type Client, clients } from './clients.ts';
import { body, form, type Work } from './works.ts';

export interface Question {
  readonly port: number;
  readonly work: Work;
  readonly milliseconds: number;
}
export interface Used extends Loaded {
  readonly microseconds: number;
}

const name = process.argv[2] ?? '';

answer(async ({ port, work, milliseconds }: Question): Promise<Used> => {
  const { run, close } = name === 'limit' ? await limit(port, work) : await client(port, work);
  try {
    const start = process.cpuUsage();
    const loaded = await run(milliseconds);
    const { user, system } = process.cpuUsage(start);
    return { ...loaded, microseconds: user + system };
  } finally {
    await close();
  }
});

interface Running {
  run(milliseconds: number): Promise<Loaded>;
  close(): void | Promise<void>;
}

async function client(port: number, work: Work): Promise<Running> {
  const open = clients[name];
  if (open === undefined) throw new Error(`There is no client ${name}`);
  const client = await open(port, work);
  // Every connection is there, and knows its server, before the time begins.
  await patiently(Promise.all(Array.from({ length: work.connections }, (_, connection) => call(client, connection))));
  return { run: (milliseconds) => keepCalling(client, work, milliseconds), close: () => client.close() };
}

async function keepCalling(client: Client, { connections, depth }: Work, milliseconds: number): Promise<Loaded> {
  let responses = 0;
  const start = performance.now();
  const one = async (connection: number) => {
    do {
      await call(client, connection);
      responses++;
    } while (performance.now() - start < milliseconds);
  };
  await patiently(Promise.all(Array.from({ length: connections * depth }, (_, i) => one(i % connections))));
  return { responses, seconds: (performance.now() - start) / 1000 };
}

async function call(client: Client, connection: number): Promise<void> {
  const size = await client.call(connection);
  if (size !== body.length) throw new Error(`it reads ${size} of ${body.length} bytes`);
}

async function patiently(calls: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('its calls are not answered')), 15_000);
  });
  await Promise.race([calls, late]).finally(() => clearTimeout(timer));
}

/** Bytes that are ready made go out, and what comes back is counted: what no client can do without. */
async function limit(port: number, { connections, depth, upload }: Work): Promise<Running> {
  const length = upload ? `Content-Length: ${form.length}\r\n` : '';
  const request = `${upload ? 'POST' : 'GET'} /hello HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${length}\r\n${upload ? form : ''}`;
  const size = await sizeOfResponse(port, request, body);
  const loading = new Loading({ port, request, size, connections, depth });
  return { run: (milliseconds) => loading.run(milliseconds), close: () => loading.close() };
}
