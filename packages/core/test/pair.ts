// What the tests of the core are written with: bytes as text, bytes cut at will, events as lines that can be compared, and a client
// and a server joined by memory. Drives the connections as an adapter would; knows nothing of what they should do.

// From the kit, but file by file: what its index brings along runs on the driver, of which the core and its mutants know nothing.
import { drain, EventLog, collect as pull } from '../../testing/src/events.ts';
import { bytes as ascii, text as textOf } from '../../testing/src/octets.ts';
import { Random } from '../../testing/src/random.ts';
import {
  ClientConnection,
  type ClientEvent,
  type ClientOptions,
  type Eof,
  ServerConnection,
  type ServerEvent,
  type ServerExchange,
  type ServerOptions,
} from '../src/index.ts';

export { ascii, drain, pull, textOf };

/** Lines to a head: joined and ended by CRLF, with the empty line behind them. */
export function lines(...all: readonly string[]): string {
  return `${all.join('\r\n')}\r\n\r\n`;
}

/** How bytes are cut: not at all, everywhere, or at places that a seed decides. */
export type Cut = 'whole' | 'every byte' | number;

export const cuts: readonly Cut[] = ['whole', 'every byte', 1, 2, 3, 4];

export function cut(bytes: Uint8Array, how: Cut): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const random = typeof how === 'number' ? randomFrom(how) : null;
  for (let at = 0; at < bytes.length; ) {
    let size = how === 'whole' ? bytes.length : 1;
    if (random !== null) size = 1 + Math.floor(random() ** 2 * Math.min(64, bytes.length));
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

/** Numbers from 0 to 1 that a seed decides. */
export function randomFrom(seed: number): () => number {
  const random = new Random(seed);
  return () => random.next() / 2 ** 32;
}

export interface Reading {
  readonly events: string[];
  readonly output: string;
}

export interface ServerRun {
  readonly options?: ServerOptions;
  /** How the peer ends behind the last chunk; not at all when absent. */
  readonly eof?: Eof;
  /** What the application does; by default it answers each request when it has ended, and each error. */
  readonly handle?: (event: ServerEvent, server: ServerConnection) => void;
}

/** 200 to each request that has ended, and the error's own status to each error. */
export function answer(event: ServerEvent, server: ServerConnection): void {
  if (event.type === 'end') event.exchange.respond({ status: 200 });
  if (event.type === 'error') server.refuse({ status: event.error.status });
}

/** What a server makes of those chunks. */
export function readRequests(chunks: readonly Uint8Array[], run: ServerRun = {}): Reading {
  const server = new ServerConnection(run.options);
  const handle = run.handle ?? answer;
  return read(server, chunks, run.eof, (event) => handle(event, server));
}

export interface ClientRun {
  readonly options?: ClientOptions;
  readonly eof?: Eof;
  /** The methods of the requests that are on the wire when the first chunk comes; one GET when absent. */
  readonly methods?: readonly string[];
}

/** What a client makes of those chunks. Asks for `/0`, `/1` and so on, or for a tunnel to `h.test:443`. */
export function readResponses(chunks: readonly Uint8Array[], run: ClientRun = {}): Reading {
  const client = new ClientConnection({ persistent: true, ...run.options });
  for (const [i, method] of (run.methods ?? ['GET']).entries()) {
    client.request({ method, target: method === 'CONNECT' ? 'h.test:443' : `/${i}`, headers: [['Host', 'h.test']] });
  }
  drain(client);
  return read(client, chunks, run.eof, () => {});
}

function read<Event extends ServerEvent | ClientEvent>(
  connection: {
    receive(bytes: Uint8Array): unknown;
    receiveEnd(eof: Eof): unknown;
    nextEvent(): Event | null;
    nextChunk(): Uint8Array | null;
  },
  chunks: readonly Uint8Array[],
  eof: Eof | undefined,
  handle: (event: Event) => void,
): Reading {
  const log = new EventLog();
  let output = '';
  let upgraded = false;
  const pump = () => {
    for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent()) {
      log.add(event);
      // The log joins pieces, so that one of nothing would not be seen in it.
      if (event.type === 'data' && event.bytes.length === 0) throw new Error('A piece of a body is empty');
      if (event.type === 'upgrade') upgraded = true;
      handle(event);
    }
    output += drain(connection);
  };
  pump();
  for (const chunk of chunks) {
    if (upgraded) log.addLeftover(chunk);
    else connection.receive(chunk);
    pump();
  }
  if (eof !== undefined && !upgraded) connection.receiveEnd(eof);
  pump();
  return { events: log.lines, output };
}

export interface PairOptions {
  readonly client?: ClientOptions;
  readonly server?: ServerOptions;
  /** How bytes are cut on their way, in both directions. */
  readonly cut?: Cut;
  readonly serve?: (event: ServerEvent, server: ServerConnection) => void;
  /** What the client's application does with its events. */
  readonly use?: (event: ClientEvent, client: ClientConnection) => void;
}

/** A client and a server joined by memory. */
export class Pair {
  readonly client: ClientConnection;
  readonly server: ServerConnection;
  readonly clientLog = new EventLog();
  readonly serverLog = new EventLog();
  /** Everything that each has written. */
  requests = '';
  responses = '';
  readonly #options: PairOptions;
  #clientEnded = false;
  #serverEnded = false;

  constructor(options: PairOptions = {}) {
    this.#options = options;
    this.client = new ClientConnection(options.client);
    this.server = new ServerConnection(options.server);
  }

  /** Carries bytes both ways until neither side has anything left to say. */
  run(): this {
    const { client, server, clientLog, serverLog } = this;
    const { serve = answer, use } = this.#options;
    const settle = () => {
      for (const event of client) {
        clientLog.add(event);
        use?.(event, client);
      }
      for (const event of server) {
        serverLog.add(event);
        serve(event, server);
      }
    };
    for (let moved = true; moved; ) {
      settle();
      moved = false;
      for (const chunk of this.#chunks(client)) {
        this.requests += textOf(chunk);
        server.receive(chunk);
        settle();
        moved = true;
      }
      for (const chunk of this.#chunks(server)) {
        this.responses += textOf(chunk);
        client.receive(chunk);
        settle();
        moved = true;
      }
      moved = this.#carryEnds() || moved;
    }
    return this;
  }

  #chunks(from: { nextChunk(): Uint8Array | null }): Uint8Array[] {
    const how = this.#options.cut ?? 'whole';
    const chunks: Uint8Array[] = [];
    for (let chunk = from.nextChunk(); chunk !== null; chunk = from.nextChunk()) chunks.push(...cut(chunk, how));
    return chunks;
  }

  #carryEnds(): boolean {
    const clientEnds = this.client.outputEnded && this.client.outputSize === 0 && !this.#clientEnded;
    const serverEnds = this.server.outputEnded && this.server.outputSize === 0 && !this.#serverEnded;
    if (clientEnds) this.server.receiveEnd();
    if (serverEnds) this.client.receiveEnd();
    this.#clientEnded ||= clientEnds;
    this.#serverEnded ||= serverEnds;
    return clientEnds || serverEnds;
  }
}

/** A server that has read the head of a request, and the exchange with it. */
export function serverOf(
  request: string,
  options?: ServerOptions,
): { server: ServerConnection; exchange: ServerExchange } {
  const server = new ServerConnection(options);
  const event = server.receive(ascii(request)).nextEvent();
  if (event?.type !== 'request') throw new Error(`Not a request: ${JSON.stringify(event)}`);
  return { server, exchange: event.exchange };
}

/** What a server's transport is told. */
export function stage(server: ServerConnection): string {
  const { outputEnded, finished, wantsInput } = server;
  return [outputEnded && 'ended', finished && 'finished', wantsInput && 'reads'].filter(Boolean).join(' ');
}
