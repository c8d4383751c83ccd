// A client on Deno that knows what becomes of its connection: calls that share it, an upload that is refused before it is sent, a call
// that is given up, and which of the others may be made again. Its server is a listener in the same program.
//
//   deno run --allow-net examples/deno-client.ts

import { connect, type IncomingRequest, listen, type Reply, RetryError } from '@halfpipe/deno';

const listener = await listen(answer);
if (!('port' in listener.address)) throw new TypeError('Cannot tell the port');
const url = `http://${listener.address.host}:${listener.address.port}`;

function answer(request: IncomingRequest): Reply | Promise<Reply> {
  // Never: until the client is gone.
  if (request.target === '/slow')
    return new Promise((resolve) => request.signal.addEventListener('abort', () => resolve({})));
  if (Number(request.headers.get('Content-Length')) > 1_000) return { status: 413 };
  return { body: `You asked for ${request.target}` };
}

// The first answer tells that the server keeps the connection; then the calls go out without waiting for one another.
const connection = await connect(url);
console.log('persistence:', connection.persistence);
const targets = ['/1', '/2', '/3', '/4'];
console.log(await Promise.all(targets.map((target) => call(target))));
console.log('persistence:', connection.persistence);

// With `expectContinue` the server sees the head first, and says whether it wants the body (RFC 9110 §10.1.1).
const upload = await connection.call('PUT', `${url}/file`, { body: new Uint8Array(1_000_000), expectContinue: true });
console.log(`upload: ${upload.status} ${upload.reason}`);
await upload.body.discard();
console.log('persistence:', connection.persistence);

// An answer that is not waited for costs its connection, and the calls behind it learn whether they had an effect.
const another = await connect(url, { persistent: true });
const signal = AbortSignal.timeout(50);
const slow = another.call('GET', `${url}/slow`, { signal }).catch((error) => error.name);
const behind = another.call('GET', `${url}/behind`).catch((error) => error);
console.log('slow:', await slow);
const error = await behind;
if (error instanceof RetryError) console.log(`behind: ${error.why}, retry ${error.retry}`);

connection.shutdown();
await listener.close();
console.log('Closed');

async function call(target: string): Promise<string> {
  const response = await connection.call('GET', url + target);
  return await response.body.text();
}
