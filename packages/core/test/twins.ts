// What shows that a call had no effect: all that can be seen of a connection, to be compared with that of a twin to which the call did
// not happen.

import {
  ClientConnection,
  type ClientExchange,
  LocalProtocolError,
  type ServerConnection,
  type ServerExchange,
} from '../src/index.ts';

/** What can be seen of a connection without changing it. */
export function seen(
  connection: ServerConnection | ClientConnection,
  exchange?: ServerExchange | ClientExchange,
): unknown {
  const { outputSize, outputEnded, finished, wantsInput, persistence, deadline } = connection;
  const queue = connection instanceof ClientConnection ? [connection.length, connection.closed] : [];
  const { state, writable } = exchange ?? {};
  return { outputSize, outputEnded, finished, wantsInput, persistence, deadline, queue, state, writable };
}

/** Calls what must throw, and gives the error. */
export function mistake(call: () => unknown): LocalProtocolError {
  try {
    call();
  } catch (error) {
    if (error instanceof LocalProtocolError) return error;
    throw error;
  }
  throw new Error('It did not throw');
}

/** Twins may both be past a call; what counts is that they are so alike. */
export function attempt(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof LocalProtocolError)) throw error;
  }
}
