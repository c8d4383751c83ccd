// What @halfpipe/node has to prove itself on, wherever there is a `node:net`: TCP, TLS, UNIX sockets, and a Duplex that is none of them.
// Near dials as its users do; far is made as `listen` makes it. Everything is on 127.0.0.1, or in a folder of its own.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { type Endpoint, open, type Transport, transport } from '@halfpipe/node';
import type { ContractSubject } from '@halfpipe/testing';
import { certificate } from './certificate.ts';

type Pair = readonly [near: Transport, far: Transport];

/** Dials a server that accepts one connection, and listens no more. */
async function joined(server: Server, where: object, event: string, endpoint: () => Endpoint): Promise<Pair> {
  server.listen(where);
  await once(server, 'listening');
  const accepted = once(server, event) as Promise<[Socket]>; // What both events come with.
  // In the turn of the event: a later error would find nobody listening.
  const far = accepted.then(([socket]) => transport(socket));
  try {
    return await Promise.all([open(endpoint())(new AbortController().signal), far]);
  } finally {
    server.close();
  }
}

const anyPort = { host: '127.0.0.1', port: 0 };

function portOf(server: Server): { host: string; port: number } {
  const { port } = server.address() as AddressInfo; // It listens on TCP.
  return { host: '127.0.0.1', port };
}

function tcpPair(): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true });
  return joined(server, anyPort, 'connection', () => portOf(server));
}

async function tlsPair(): Promise<Pair> {
  const { cert, key } = await certificate();
  const server = createTlsServer({ cert, key, ALPNProtocols: ['http/1.1'], allowHalfOpen: true });
  return joined(server, anyPort, 'secureConnection', () => ({ ...portOf(server), tls: { ca: cert } }));
}

async function unixPair(): Promise<Pair> {
  const folder = await mkdtemp(join(tmpdir(), 'halfpipe-'));
  const path = join(folder, 'socket');
  try {
    return await joined(createServer({ allowHalfOpen: true }), { path }, 'connection', () => ({ path }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One end of two that are joined in memory. A failure of one is a failure of the other. */
class End extends Duplex {
  #peer: End | null = null;
  /** What tells the other end that its last write was taken, or lost. */
  #taken: ((error?: Error) => void) | null = null;

  static pair(): [End, End] {
    const [near, far] = [new End(), new End()];
    near.#peer = far;
    far.#peer = near;
    return [near, far];
  }

  private constructor() {
    super({ allowHalfOpen: true });
  }

  override _read(): void {
    const taken = this.#taken;
    this.#taken = null;
    taken?.();
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, callback: (error?: Error) => void): void {
    const peer = this.#peer;
    if (peer === null || peer.destroyed) callback(new Error('The other side has gone'));
    else if (peer.push(bytes)) callback();
    else peer.#taken = callback;
  }

  override _final(callback: () => void): void {
    if (this.#peer?.destroyed === false) this.#peer.push(null);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#taken?.(new Error('The other side has gone'));
    this.#taken = null;
    // A failure is one for the other side too.
    const peer = this.#peer;
    if (peer !== null && !peer.destroyed) {
      if (error !== null) process.nextTick(() => peer.destroy(error));
      else if (!this.writableFinished) peer.push(null);
    }
    callback(error);
  }
}

async function duplexPair(): Promise<Pair> {
  const [near, far] = End.pair();
  return [transport(near), transport(far)];
}

/** What the platform says is open and concerns us: sockets, pipes and servers. */
function handles(): number {
  const names = process.getActiveResourcesInfo?.() ?? [];
  return names.filter((name) => /^(TCP|TLS|Pipe)/.test(name)).length;
}

export const nodeSubjects: readonly ContractSubject[] = [
  { name: 'node: TCP', pair: tcpPair, handles },
  { name: 'node: TLS', pair: tlsPair, handles },
  {
    name: 'node: UNIX socket',
    pair: unixPair,
    handles,
    cannot: { reset: 'a UNIX socket that is closed looks like one that has ended' },
  },
  { name: 'node: Duplex', pair: duplexPair, handles },
];
