// Dialling: an endpoint becomes a transport, over TCP, TLS or a UNIX socket. Knows nothing of HTTP but its name in ALPN.

import { connect, type Socket } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { Open, Transport } from '@halfpipe/driver';
import { type Destination, type Endpoint, resolveEndpoint } from './endpoint.ts';
import { type Ciphertext, ciphertextOf, connectTls } from './tls.ts';
import { transport, transportEnding } from './transport.ts';

/**
 * Makes the function that dials `endpoint`, anew at each call. Over TLS it offers `http/1.1` by ALPN and checks the certificate, unless
 * the endpoint's `tls` says otherwise, and tells a connection that was cut from one that ended. Where a name has several addresses, they
 * are tried as `net.connect()` does.
 *
 * The signal that the function takes stops the dialling: the socket is destroyed and the promise rejects with the signal's reason. Other
 * failures are Node's own errors (`ECONNREFUSED`, `CERT_HAS_EXPIRED`…), or an error with the code `ERR_ALPN` where the server chose
 * another protocol than HTTP/1.
 *
 * @throws {TypeError} A string is no URL, or a URL is neither `http:` nor `https:`.
 */
export function open(endpoint: Endpoint): Open {
  return dialler(resolveEndpoint(endpoint));
}

/** The same, of what it dials. */
export function dialler({ socket: where, tls }: Destination): Open {
  return async (signal) => {
    signal.throwIfAborted();
    const socket = connect(where);
    const dialled = await opened(socket, 'connect', signal, () =>
      tls === null ? transport(socket) : secured(ciphertextOf(socket), tls, signal),
    );
    sockets.set(dialled, socket);
    return dialled;
  };
}

/** The sockets under what was dialled. */
const sockets = new WeakMap<Transport, Socket>();

/** Whether the process waits for a transport that was dialled here. */
export function hold(transport: Transport, holds: boolean): void {
  if (holds) sockets.get(transport)?.ref();
  else sockets.get(transport)?.unref();
}

/** A client's TLS over any stream. The signal, and any failure, destroys the stream. */
export function secured(
  ciphertext: Ciphertext | Socket,
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<Transport> {
  const { tlsSocket, endOfInput } = connectTls(ciphertext, options);
  return opened(tlsSocket, 'secureConnect', signal, () => {
    const protocol = tlsSocket.alpnProtocol;
    if (typeof protocol !== 'string' || protocol.startsWith('http/1.')) return transportEnding(tlsSocket, endOfInput);
    tlsSocket.destroy();
    throw Object.assign(new Error(`Cannot speak HTTP/1.1: the server chose "${protocol}"`), { code: 'ERR_ALPN' });
  });
}

/** What `make` makes when the event comes: in that very turn, since a later error would find nobody listening. */
function opened<T>(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
  make: () => T | Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      socket.off(event, succeed);
      socket.off('error', fail);
      signal.removeEventListener('abort', abort);
    };
    const succeed = () => {
      settle();
      try {
        resolve(make());
      } catch (error) {
        reject(error);
      }
    };
    const fail = (error: unknown) => {
      settle();
      // TLS over a stream can fail more than once.
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason);
    socket.on(event, succeed);
    socket.on('error', fail);
    signal.addEventListener('abort', abort);
  });
}
