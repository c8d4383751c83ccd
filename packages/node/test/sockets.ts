// What the tests of this package share: sockets in pairs, a certificate, and a sink that writes down what it is told.
// Servers listen on 127.0.0.1 and on a port that the system picks.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { EndOfInput, Transport, TransportSink } from '@halfpipe/driver';
import { generate } from 'selfsigned';

export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Resolves at the next `event` of a stream or server, and rejects at its 'error'. */
export { once };

/** Resolves when a stream has closed, in whichever way. */
export function closing(stream: Duplex): Promise<void> {
  return new Promise((resolve) => stream.once('close', () => resolve()));
}

/** Everything until the peer's FIN; the stream itself stays open. */
export async function textOf(stream: Duplex): Promise<string> {
  let text = '';
  stream.on('data', (bytes: Buffer) => {
    text += bytes.toString('latin1');
  });
  if (!stream.readableEnded) await once(stream, 'end');
  return text;
}

/** Where a server listens, and the way there. */
export async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

export interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Two ends of one TCP connection, both half-open where asked. The listening socket is closed already. */
export async function socketPair(options: { allowHalfOpen: boolean } = { allowHalfOpen: true }): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  const port = await listening(server);
  const near = connect({ port, host: '127.0.0.1', ...options });
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown];
  server.close();
  return { near, far };
}

/** A certificate for localhost and 127.0.0.1, signed by itself: `{ cert, key }` for the server, `{ ca }` for the client. */
export async function certificate(): Promise<{ server: { cert: string; key: string }; client: { ca: string } }> {
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { server: { cert: pems.cert, key: pems.private }, client: { ca: pems.cert } };
}

type Told = { bytes: string } | { end: EndOfInput } | 'writable' | 'closed' | { closed: unknown };

/** A sink that starts a transport and remembers what it is told, adjacent bytes joined. */
export class Recorder implements TransportSink {
  readonly told: Told[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(transport: Transport) {
    transport.start(this);
  }

  /** All bytes so far. */
  get text(): string {
    return this.told.map((item) => (typeof item === 'object' && 'bytes' in item ? item.bytes : '')).join('');
  }

  bytes(bytes: Uint8Array): void {
    const last = this.told.at(-1);
    const text = Buffer.from(bytes).toString('latin1');
    if (typeof last === 'object' && 'bytes' in last) last.bytes += text;
    else this.told.push({ bytes: text });
    this.#changed();
  }

  end(eof: EndOfInput): void {
    this.told.push({ end: eof });
    this.#changed();
  }

  writable(): void {
    this.told.push('writable');
    this.#changed();
  }

  closed(cause?: unknown): void {
    this.told.push(cause === undefined ? 'closed' : { closed: cause });
    this.#changed();
  }

  /** Resolves as soon as the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  untilClosed(): Promise<void> {
    return this.until(() =>
      this.told.some((item) => item === 'closed' || (typeof item === 'object' && 'closed' in item)),
    );
  }

  untilEnded(): Promise<void> {
    return this.until(() => this.told.some((item) => typeof item === 'object' && 'end' in item));
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** How many listeners a stream has, for each event. */
export function listenerCounts(stream: NodeJS.EventEmitter): Record<string, number> {
  return Object.fromEntries(stream.eventNames().map((name) => [String(name), stream.listenerCount(name)]));
}
