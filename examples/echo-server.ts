// A server that sends each request's body back while it comes in, with its SHA-256 in a trailer field (RFC 9530). Given a port, it
// serves until Ctrl-C, and then finishes what is open; without one, it serves one call of its own and ends.

import { createHash } from 'node:crypto';
import { connect, type IncomingRequest, type Listener, listen, type Reply } from '@halfpipe/node';

const port = process.argv[2];
const listener = await listen(echo, {
  port: Number(port ?? 0),
  onError: (error, request) => console.error(request?.target ?? 'connection', error),
});

if (port === undefined) {
  await callOnce(listener);
} else {
  console.log('Listening:', listener.address);
  process.once('SIGINT', () => listener.shutdown({ grace: 5_000 }));
}

function echo(request: IncomingRequest): Reply {
  const hash = createHash('sha256');
  // A piece is read when the one before it has been taken: a client that stops reading stops its own upload.
  async function* pieces() {
    for await (const bytes of request.body) {
      hash.update(bytes);
      yield bytes;
    }
  }
  return {
    headers: [
      ['Content-Type', request.headers.get('Content-Type') ?? 'application/octet-stream'],
      ['Trailer', 'Content-Digest'],
    ],
    body: pieces(),
    trailers: () => [['Content-Digest', `sha-256=:${hash.digest('base64')}:`]],
  };
}

async function callOnce(listener: Listener): Promise<void> {
  const connection = await connect(listener.address, { persistent: true });
  async function* pieces() {
    for (const word of ['Is ', 'there ', 'anybody ', 'there?']) yield new TextEncoder().encode(word);
  }
  const response = await connection.call('POST', 'http://echo.example/', { body: pieces() });
  console.log(`${response.status} ${response.reason}, ${response.framing}`);
  const hash = createHash('sha256');
  for await (const bytes of response.body) {
    hash.update(bytes);
    console.log(`received: ${new TextDecoder().decode(bytes)}`);
  }
  const digest = (await response.trailers)?.get('Content-Digest');
  const expected = `sha-256=:${hash.digest('base64')}:`;
  console.log(`${digest} is ${digest === expected ? 'right' : 'wrong'}`);
  connection.shutdown();
  await listener.shutdown();
  console.log('Closed');
}
