// Five calls on one connection, sent before the first answer has come, to a server that closes after the third. What was left without
// an answer is called again on a second connection, as far as each RetryError allows.

import { isIdempotent } from '@halfpipe/core';
import { type Connection, connect, listen, RetryError } from '@halfpipe/node';

const listener = await listen((request) => ({ body: `It was ${request.target}` }), { maxRequests: 3 });

// `true`: the server is known to keep connections open, so nothing waits for its first answer.
const first = await connect(listener.address, { persistent: true });
console.log('persistence:', first.persistence);
const calls = [
  { method: 'GET', target: '/1' },
  { method: 'GET', target: '/2' },
  { method: 'GET', target: '/3' },
  { method: 'GET', target: '/4' },
  // Not idempotent, so it waits until nothing is in flight (RFC 9112 §9.3.2).
  { method: 'POST', target: '/5' },
];
const outcomes = calls.map(({ method, target }) => call(first, method, target));
console.log(`calls sent or waiting: ${first.length}`);
const bodies = await Promise.all(outcomes);
console.log('persistence:', first.persistence);
console.log('bodies:', bodies);

const second = await connect(listener.address, { persistent: true });
const again = calls.filter((_, index) => bodies[index] === null);
console.log('again:', await Promise.all(again.map(({ method, target }) => call(second, method, target))));
second.shutdown();
await listener.shutdown();

/** The body of the answer, or null if there was none and the call may be made again. */
async function call(connection: Connection, method: string, target: string): Promise<string | null> {
  try {
    const response = await connection.call(method, `http://pipeline.example${target}`);
    console.log(`${method} ${target}: ${response.status}`);
    // Bodies come in the order of the calls: one that is not read holds up the answers behind it.
    return await response.body.text();
  } catch (error) {
    if (!(error instanceof RetryError)) throw error;
    console.log(`${method} ${target}: ${error.why}, retry ${error.retry}`);
    // `if-idempotent`: it may have been carried out. `never`: its answer had begun.
    if (error.retry === 'safe' || (error.retry === 'if-idempotent' && isIdempotent(method))) return null;
    throw error;
  }
}
