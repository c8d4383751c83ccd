// What is written down of Deno's face is what is there. The compiler of Deno compares the types when it checks this file.

import type { Acceptor, Conn, Platform, TcpConn, TlsConn } from '../src/platform.ts';
import { assert, test } from './support.ts';

const face: Platform = Deno;

/** Of each kind of connection and listener that Deno has. */
export type Faces = [
  Is<Deno.TcpConn, TcpConn>,
  Is<Deno.TlsConn, TlsConn>,
  Is<Deno.UnixConn, Conn>,
  Is<Deno.Conn, Conn>,
  Is<Deno.TcpListener, Acceptor>,
  Is<Deno.TlsListener, Acceptor>,
  Is<Deno.UnixListener, Acceptor>,
];
type Is<Real extends Written, Written> = Real;

test('every function that is used is there', () => {
  for (const name of ['connect', 'connectTls', 'startTls', 'listen', 'listenTls'] as const) {
    assert.equal(typeof face[name], 'function');
  }
  return Promise.resolve();
});
