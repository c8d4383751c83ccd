// What @halfpipe/deno has to prove itself on: TCP, TLS and UNIX sockets of Deno. Near dials as its users do; far is made as `listen` makes
// it. Everything is on 127.0.0.1, or in a folder of its own.

import { type Conn, type Endpoint, open, type Transport, transport } from '@halfpipe/deno';
import type { ContractSubject } from '@halfpipe/testing';
import { certificate } from './certificate.ts';

type Pair = readonly [near: Transport, far: Transport];

interface Listener<Accepted> {
  readonly addr: { readonly hostname: string; readonly port: number };
  accept(): Promise<Accepted>;
  close(): void;
}

type TlsConn = Conn & { handshake(): Promise<unknown> };

/** As much of Deno as is used here; the compiler knows nothing of it. */
interface Platform {
  listen(options: { hostname: string; port: number }): Listener<Conn>;
  listen(options: { transport: 'unix'; path: string }): Listener<Conn>;
  listenTls(options: {
    hostname: string;
    port: number;
    cert: string;
    key: string;
    alpnProtocols: string[];
  }): Listener<TlsConn>;
  makeTempDir(): Promise<string>;
  remove(path: string, options: { recursive: boolean }): Promise<void>;
}

declare const Deno: Platform;

const anyPort = { hostname: '127.0.0.1', port: 0 };

/** Dials a listener that accepts one connection, and listens no more. */
async function joined(listener: Listener<Conn>, endpoint: Endpoint, accept: () => Promise<Conn>): Promise<Pair> {
  try {
    const [near, far] = await Promise.all([open(endpoint)(new AbortController().signal), accept()]);
    return [near, transport(far)];
  } finally {
    listener.close();
  }
}

function tcpPair(): Promise<Pair> {
  const listener = Deno.listen(anyPort);
  return joined(listener, { host: '127.0.0.1', port: listener.addr.port }, () => listener.accept());
}

async function tlsPair(): Promise<Pair> {
  const pems = await certificate();
  const listener = Deno.listenTls({ ...anyPort, ...pems, alpnProtocols: ['http/1.1'] });
  const endpoint = { host: '127.0.0.1', port: listener.addr.port, tls: { caCerts: [pems.cert] } };
  return joined(listener, endpoint, async () => {
    const conn = await listener.accept();
    await conn.handshake();
    return conn;
  });
}

async function unixPair(): Promise<Pair> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/socket`;
  const listener = Deno.listen({ transport: 'unix', path });
  try {
    return await joined(listener, { path }, () => listener.accept());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export const denoSubjects: readonly ContractSubject[] = [
  { name: 'deno: TCP', pair: tcpPair, cannot: { reset: 'Deno closes a connection by a FIN, and has no other way' } },
  {
    name: 'deno: TLS',
    pair: tlsPair,
    cannot: { reset: 'Deno closes a TLS connection by close_notify, behind what was written' },
  },
  {
    name: 'deno: UNIX socket',
    pair: unixPair,
    cannot: { reset: 'a UNIX socket that is closed looks like one that has ended' },
  },
];
