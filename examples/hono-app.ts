// A Hono app, as it is, on our server, by fromFetch(). Given a port, it serves until Ctrl-C; without one, it serves a few requests of its
// own, made by toFetch(), and ends. Node runs it, and so do Deno and Bun: the app knows fetch, the server knows node:net.

import { connect, type IncomingRequest, type Listener, listen } from '@halfpipe/node';
import { fromFetch, toFetch } from '@halfpipe/web-streams';
import { Hono } from 'hono';
import { streamText } from 'hono/streaming';

const app = new Hono<{ Bindings: { incoming: IncomingRequest } }>();

app.get('/', (c) => c.text(`Hello, ${c.req.query('name') ?? 'stranger'}!`));

// Sent as it is made, and held up by a client that does not read.
app.get('/count/:to', (c) =>
  streamText(c, async (stream) => {
    for (let number = 1; number <= Number(c.req.param('to')); number++) {
      await stream.write(`${number} `);
      await stream.sleep(20);
    }
  }),
);

// Read as it comes: of an upload of any size no more is in memory than was asked for.
app.post('/size', async (c) => {
  let size = 0;
  const reader = c.req.raw.body?.getReader();
  for (let step = await reader?.read(); step?.done === false; step = await reader?.read()) size += step.value.length;
  return c.json({ size });
});

// What fetch has no words for is in the request as the driver has it.
app.get('/hints', (c) => {
  c.env.incoming.inform(103, [['Link', '</style.css>; rel=preload']]);
  return c.html('<link rel="stylesheet" href="/style.css">');
});

const port = process.argv[2];
const listener = await listen(fromFetch(app.fetch, { arguments: (incoming) => [{ incoming }] }), {
  port: Number(port ?? 0),
  onError: (error, request) => console.error(request?.target ?? 'connection', error),
});

if (port === undefined) {
  await callItself(listener);
} else {
  console.log('Listening:', listener.address);
  process.once('SIGINT', () => listener.shutdown({ grace: 5_000 }));
}

async function callItself(listener: Listener): Promise<void> {
  const connection = await connect(listener.address);
  const fetch = toFetch(connection, { headers: { 'User-Agent': 'hono-app' } });
  const url = 'http://app.example';

  const hello = await fetch(`${url}/?name=Ada`);
  console.log(`GET /: ${await hello.text()} (${hello.headers.get('content-length')} bytes)`);

  const count = await fetch(`${url}/count/3`);
  console.log(`GET /count/3: ${await count.text()}(${count.headers.get('transfer-encoding')})`);

  const body = new ReadableStream({
    start(controller) {
      for (const word of ['two ', 'pipes']) controller.enqueue(new TextEncoder().encode(word));
      controller.close();
    },
  });
  const size = await fetch(`${url}/size`, { method: 'POST', body, duplex: 'half' });
  console.log(`POST /size: ${await size.text()}`);

  const hints = await connection.call('GET', `${url}/hints`, {
    onInformational: ({ status, headers }) => console.log(`GET /hints: ${status}, ${headers.get('link')}`),
  });
  console.log(`GET /hints: ${hints.status}, ${await hints.body.text()}`);

  const missing = await fetch(`${url}/missing`);
  console.log(`GET /missing: ${missing.status} ${missing.statusText}`);
  await missing.body?.cancel();

  connection.shutdown();
  await listener.shutdown();
  console.log('Closed');
}
