// The server, in a worker: it is given a port and serves HTTP on it.

import { type IncomingRequest, messagePort, type Reply, serve } from '@halfpipe/web-streams';

addEventListener('message', ({ data: port }: MessageEvent<MessagePort>) => {
  serve(messagePort(port), handle);
});

async function handle(request: IncomingRequest): Promise<Reply> {
  if (request.target === '/shout') return { body: (await request.body.text()).toUpperCase() };
  if (request.target === '/count') return { body: numbers() };
  return { body: `Hello from a worker, which was asked for ${request.target}` };
}

async function* numbers(): AsyncGenerator<Uint8Array> {
  for (const number of ['one', 'two', 'three']) yield new TextEncoder().encode(number);
}
