// The server of the behaviour table: it answers what its rows ask for in the query, and tells afterwards what became of a request.
// No test runner, and no platform but node:net, so that the table can be run on Deno and Bun too.

import { createServer, type Server, type Socket } from 'node:net';
import { type Handler, type IncomingRequest, type Listener, listen, type Reply } from '@halfpipe/node';

/** Where the rows send their requests. */
export interface Places {
  /** A server that answers as it is asked to. */
  readonly url: string;
  /** One that sends the bytes that are in the query, whatever it is sent, and closes. */
  readonly cannedUrl: string;
}

export interface TableServer extends Places {
  close(): Promise<void>;
}

interface Outcome {
  readonly promise: Promise<string>;
  readonly resolve: (outcome: string) => void;
}

/** What became of requests, by the name that they gave themselves; who asks before it is known waits. */
class Outcomes {
  readonly #known = new Map<string, Outcome>();

  of(name: string): Outcome {
    let outcome = this.#known.get(name);
    if (outcome === undefined) {
      let resolve: Outcome['resolve'] = () => {};
      const promise = new Promise<string>((settle) => {
        resolve = settle;
      });
      outcome = { promise, resolve };
      this.#known.set(name, outcome);
    }
    return outcome;
  }
}

const pieceSize = 64 * 1024;
const pattern = Uint8Array.from({ length: pieceSize + 251 }, (_, index) => index % 251);

/** So many bytes, each that of its place modulo 251, which no size of a buffer divides. */
export function* patterned(size: number): Generator<Uint8Array> {
  for (let offset = 0; offset < size; offset += pieceSize) {
    const start = offset % 251;
    yield pattern.slice(start, start + Math.min(pieceSize, size - offset));
  }
}

/** Whether pieces are `patterned`, and their size. */
export class Pattern {
  size = 0;
  #isWhole = true;

  add(bytes: Uint8Array): void {
    let place = this.size % 251;
    let isWhole = true;
    for (const byte of bytes) {
      isWhole &&= byte === place;
      place = place === 250 ? 0 : place + 1;
    }
    this.#isWhole &&= isWhole;
    this.size += bytes.length;
  }

  toString(): string {
    return `${this.size} bytes, ${this.#isWhole ? 'whole' : 'garbled'}`;
  }
}

export async function startServer(): Promise<TableServer> {
  const listener = await listen(handlerWith(new Outcomes()));
  const sockets = new Set<Socket>();
  const canned = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    socket.once('data', (bytes: Uint8Array) => {
      const target = new TextDecoder().decode(bytes).split(' ', 2)[1] ?? '/';
      socket.end(new URL(target, 'http://canned').searchParams.get('bytes') ?? '', 'latin1');
    });
  });
  await new Promise<void>((resolve) => canned.listen(0, '127.0.0.1', () => resolve()));
  return {
    url: at(listener.address),
    cannedUrl: at(canned.address()),
    close: () => closeAll(listener, canned, sockets),
  };
}

async function closeAll(listener: Listener, canned: Server, sockets: Set<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => canned.close(() => resolve()));
  for (const socket of sockets) socket.destroy();
  await Promise.all([closed, listener.close()]);
}

function at(address: unknown): string {
  if (typeof address !== 'object' || address === null || !('port' in address)) throw new Error('Cannot find the port');
  return `http://127.0.0.1:${address.port}`;
}

function handlerWith(outcomes: Outcomes): Handler {
  return async (request) => {
    const { pathname, searchParams } = new URL(request.target, 'http://table');
    const name = searchParams.get('name') ?? '';
    switch (pathname) {
      case '/echo':
        return echo(request);
      case '/take':
        return { body: `${framingOf(request)}: ${await taken(request)}` };
      case '/early':
        return { body: 'early' }; // whatever is still to come of the request
      case '/patterned':
        return { body: patterned(Number(searchParams.get('size'))) };
      case '/hang':
        return new Promise(() => {});
      case '/upload':
        return upload(request, (outcome) => outcomes.of(name).resolve(outcome));
      case '/endless':
        return { body: endless(() => outcomes.of(name).resolve('left')) };
      case '/outcome':
        return { body: await outcomes.of(name).promise };
      default:
        return asked(searchParams);
    }
  };
}

/** What was sent, as JSON. The body of a form is told by its lines, as its boundary is made up. */
async function echo(request: IncomingRequest): Promise<Reply> {
  const { method, target, headers } = request;
  const body = await request.body.text();
  return { body: JSON.stringify({ method, target, framing: framingOf(request), headers: headers.raw, body }) };
}

function framingOf({ headers }: IncomingRequest): string {
  return headers.has('transfer-encoding') ? 'chunked' : `length ${headers.get('content-length') ?? 'none'}`;
}

async function taken(request: IncomingRequest): Promise<string> {
  const pattern = new Pattern();
  for await (const bytes of request.body) pattern.add(bytes);
  return String(pattern);
}

async function upload(request: IncomingRequest, tell: (outcome: string) => void): Promise<Reply> {
  try {
    const told = await taken(request);
    tell(told);
    return { body: told };
  } catch {
    tell('cut');
    throw new Error('Cannot read the upload to its end');
  }
}

async function* endless(left: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield new TextEncoder().encode('first');
    for (;;) yield new Uint8Array(pieceSize);
  } finally {
    left();
  }
}

/** `status`, `reason`, each `field` as `Name: value`, and `body`. */
function asked(query: URLSearchParams): Reply {
  const reply: Reply = { status: Number(query.get('status') ?? 200) };
  const reason = query.get('reason');
  const body = query.get('body');
  if (reason !== null) reply.reason = reason;
  reply.headers = query.getAll('field').map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1)];
  });
  if (body !== null) reply.body = query.has('base64') ? fromBase64(body) : body;
  return reply;
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
