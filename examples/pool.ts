// Twelve calls at once to a server that closes each connection behind its third response. The pool keeps two connections, replaces those
// that close, and makes again what was lost with them, as far as that is allowed: each call is answered, and each order is placed once.

import { createPool, listen } from '@halfpipe/node';

const placed: string[] = [];
const listener = await listen(
  async (request) => {
    if (request.method === 'POST') placed.push(await request.body.text());
    return { body: `It was ${request.target}` };
  },
  { maxRequests: 3 },
);
if (!('port' in listener.address)) throw new Error('No port');
const url = `http://127.0.0.1:${listener.address.port}`;

let closed = 0;
const pool = createPool({
  parallel: 2,
  onClosed: () => {
    closed++;
  },
});
const calls = Array.from({ length: 12 }, async (_, index) => {
  const order = index % 4 === 3 ? { body: `order ${index}` } : {};
  const response = await pool.call('body' in order ? 'POST' : 'GET', `${url}/${index}`, order);
  return await response.body.text();
});
console.log(await Promise.all(calls));
console.log('placed:', placed.sort());

// Waits for what is under way, which is nothing here, and lets go of what is idle.
await pool.close();
console.log(`${closed} connections have closed`);
await listener.shutdown();
