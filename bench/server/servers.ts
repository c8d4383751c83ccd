// The servers to compare. All read what is posted to them and answer the same; each listens on a port that it says.

import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createNetServer, type Server } from 'node:net';
import { optional } from '../harness/optional.ts';
import { ours } from '../harness/ours.ts';
import { RequestCounter } from '../harness/requests.ts';
import { runtime, serveOnBun, serveOnDeno } from '../harness/runtime.ts';
import { requests } from './works.ts';

const hello = requests['GET of 13 B'];
const page = requests['GET of 16 KiB'];
const form = requests['POST of 1 KiB'];
const pageBytes = Buffer.from(page.answer);
const type = 'text/plain';
const read = (size: number) => `Read ${size} bytes`;

/** What fastify is asked for here; its own types are there only where it is installed. */
interface App {
  addContentTypeParser(
    type: string,
    options: object,
    parser: (request: unknown, body: Buffer) => Promise<Buffer>,
  ): void;
  get(path: string, handler: (request: unknown, reply: Answer) => Answer): void;
  post(path: string, handler: (request: { body: Buffer }, reply: Answer) => Answer): void;
  listen(options: object): Promise<unknown>;
  readonly server: Server;
}
interface Answer {
  type(of: string): Answer;
  send(body: string | Buffer): Answer;
}

export const servers: Readonly<Record<string, () => Promise<number>>> = {
  async halfpipe() {
    const deno = runtime === 'deno' ? await ours('deno') : null;
    const node = await ours('node');
    // Where a runtime has no adapter of its own, ours runs on its node:net.
    const { listen } = deno !== null && 'listen' in deno ? deno : node;
    const headers = [['Content-Type', type]] as const;
    const listener = await listen((request) => {
      if (request.method === 'GET') return { headers, body: request.target === page.target ? pageBytes : hello.answer };
      return request.body.bytes().then(({ length }) => ({ headers, body: read(length) }));
    });
    return 'port' in listener.address ? listener.address.port : 0;
  },

  'node:http': () =>
    portOf(
      createHttpServer((request, response) => {
        const say = (body: string | Buffer) => {
          response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length }).end(body);
        };
        if (request.method === 'GET') say(request.url === page.target ? pageBytes : hello.answer);
        else sizeOf(request, (size) => say(read(size)));
      }),
    ),

  async fastify() {
    const app = (optional('fastify') as () => App)();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_, body) => body);
    app.get(hello.target, (_, reply) => reply.type(type).send(hello.answer));
    app.get(page.target, (_, reply) => reply.type(type).send(pageBytes));
    app.post(form.target, ({ body }, reply) => reply.type(type).send(read(body.length)));
    await app.listen({ host: '127.0.0.1', port: 0 });
    return addressOf(app.server);
  },

  // It counts bytes: all requests of a connection are of one size.
  canned: () =>
    portOf(
      createNetServer({ noDelay: true }, (socket) => {
        const counter = new RequestCounter();
        let all: readonly Buffer[] | null = null;
        socket.on('data', (bytes) => {
          all ??= answersTo(bytes);
          const count = counter.count(bytes);
          if (count > 0) socket.write(all[count]!); // never more than 16 at a time are sent
        });
        socket.on('error', () => socket.destroy());
      }),
    ),

  'Deno.serve': () => serveOnDeno(respond),
  'Bun.serve': () => serveOnBun(respond),
};

function respond(request: Request): Response | Promise<Response> {
  const headers = { 'Content-Type': type };
  if (request.method === 'GET') {
    return new Response(request.url.endsWith(page.target) ? pageBytes : hello.answer, { headers });
  }
  return request.arrayBuffer().then(({ byteLength }) => new Response(read(byteLength), { headers }));
}

function sizeOf(request: IncomingMessage, then: (size: number) => void): void {
  let size = 0;
  request.on('data', (bytes: Buffer) => {
    size += bytes.length;
  });
  request.on('end', () => then(size));
}

const answers = new Map([hello, page, form].map(({ target, answer }) => [target as string, canned(answer)]));

/** The answer to a request, so many times. */
function answersTo(beginning: Buffer): readonly Buffer[] {
  return answers.get(beginning.toString('latin1').split(' ', 2)[1] ?? '') ?? [];
}

function canned(answer: string): Buffer[] {
  const head = `HTTP/1.1 200 OK\r\nDate: ${new Date().toUTCString()}\r\nContent-Type: ${type}\r\nContent-Length: ${answer.length}\r\n\r\n`;
  return Array.from({ length: 17 }, (_, count) => Buffer.from((head + answer).repeat(count)));
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return addressOf(server);
}

function addressOf(server: Server): number {
  return (server.address() as AddressInfo).port; // not a path
}
