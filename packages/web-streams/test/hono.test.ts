// A Hono app as it is, by fromFetch(): asked by toFetch() in memory, and by Node's fetch over a socket.

import { Connection } from '@halfpipe/driver';
import { listen } from '@halfpipe/node';
import { openTo } from '@halfpipe/testing';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { setCookie } from 'hono/cookie';
import { HTTPException } from 'hono/http-exception';
import { streamSSE, streamText } from 'hono/streaming';
import { type Fetch, fromFetch, type IncomingRequest, toFetch } from '../src/index.ts';

const app = new Hono<{ Bindings: { incoming: IncomingRequest } }>();
// As the default does, which also writes to the console.
app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.text('Something is wrong', 500)));
app.get('/hello/:name', (c) => c.text(`Hello ${c.req.param('name')}, ${c.req.query('greeting')}`));
app.get('/json', (c) => c.json({ url: c.req.url }));
app.get('/nothing', (c) => c.body(null, 204));
app.get('/elsewhere', (c) => c.redirect('/json'));
app.get('/cookies', (c) => {
  setCookie(c, 'a', '1');
  setCookie(c, 'b', '2', { httpOnly: true });
  return c.text('two');
});
app.get('/throws', () => {
  throw new Error('the secret');
});
app.get('/stream', (c) =>
  streamText(c, async (stream) => {
    for (const word of ['one ', 'two ', 'three']) {
      await stream.write(word);
      await new Promise(setImmediate);
    }
  }),
);
app.get('/events', (c) =>
  streamSSE(c, async (stream) => {
    await stream.writeSSE({ data: 'first' });
    await stream.writeSSE({ data: 'second' });
  }),
);
app.post('/echo', async (c) => c.body(await c.req.arrayBuffer()));
app.post('/form', async (c) => {
  const form = await c.req.parseBody();
  const { file } = form;
  return c.json({ a: form.a, file: file instanceof File ? [file.name, file.type, await file.text()] : null });
});
app.post('/limited', bodyLimit({ maxSize: 10 }), async (c) => c.text(await c.req.text()));
app.get('/raw', (c) => c.text(c.env.incoming.headers.raw.join()));

const handler = fromFetch(app.fetch, { arguments: (incoming) => [{ incoming }] });

const ways: readonly [name: string, withFetch: (use: (fetch: Fetch, url: string) => Promise<void>) => Promise<void>][] =
  [
    [
      'toFetch() in memory',
      async (use) => {
        await using connection = Connection.create(openTo(handler));
        await use(toFetch(connection), 'http://a.example');
      },
    ],
    [
      "Node's fetch over a socket",
      async (use) => {
        await using listener = await listen(handler);
        const port = 'port' in listener.address ? listener.address.port : 0;
        await use(fetch, `http://127.0.0.1:${port}`);
      },
    ],
  ];

describe.each(ways)('a Hono app asked by %s', (_, withFetch) => {
  test.each<
    [name: string, path: string, init: () => RequestInit & { duplex?: 'half' }, status: number, body: string | RegExp]
  >([
    [
      'a path with a parameter and a query',
      '/hello/w%C3%B6rld?greeting=hi%20there',
      () => ({}),
      200,
      'Hello wörld, hi there',
    ],
    ['JSON, and the URL', '/json?a=b', () => ({}), 200, /^\{"url":"http:\/\/[^/]+\/json\?a=b"\}$/],
    ['nothing', '/nothing', () => ({}), 204, ''],
    ['HEAD', '/hello/you', () => ({ method: 'HEAD' }), 200, ''],
    ['a path that is not there', '/missing', () => ({}), 404, '404 Not Found'],
    ['a redirect', '/elsewhere', () => ({ redirect: 'manual' }), 302, ''],
    ['a handler that throws', '/throws', () => ({}), 500, 'Something is wrong'],
    ['a stream', '/stream', () => ({}), 200, 'one two three'],
    ['server-sent events', '/events', () => ({}), 200, 'data: first\n\ndata: second\n\n'],
    ['text', '/echo', () => ({ method: 'POST', body: 'täxt' }), 200, 'täxt'],
    ['a large body', '/echo', () => ({ method: 'POST', body: 'x'.repeat(3_000_000) }), 200, 'x'.repeat(3_000_000)],
    [
      'a body in time',
      '/echo',
      () => ({ method: 'POST', body: new Blob(['a', 'b']).stream(), duplex: 'half' }),
      200,
      'ab',
    ],
    ['a form', '/form', form, 200, '{"a":"b","file":["c.txt","text/css","d"]}'],
    ['a body within the limit', '/limited', () => ({ method: 'POST', body: '1234567890' }), 200, '1234567890'],
    ['a body beyond the limit', '/limited', () => ({ method: 'POST', body: '12345678901' }), 413, 'Payload Too Large'],
    ['the fields as they came', '/raw', () => ({ headers: { 'X-A': 'b' } }), 200, /x-a,b/i],
  ])('%s', async (_name, path, init, status, body) => {
    await withFetch(async (fetch, url) => {
      const response = await fetch(`${url}${path}`, init());
      expect(response.status).toBe(status);
      if (typeof body === 'string') expect(await response.text()).toBe(body);
      else expect(await response.text()).toMatch(body);
    });
  });

  test('two cookies', async () => {
    await withFetch(async (fetch, url) => {
      const { headers } = await fetch(`${url}/cookies`);
      expect(headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/; HttpOnly']);
    });
  });

  test('one request after the other', async () => {
    await withFetch(async (fetch, url) => {
      const texts: string[] = [];
      for (let turn = 0; turn < 5; turn++) texts.push(await (await fetch(`${url}/hello/${turn}?greeting=hi`)).text());
      expect(texts).toEqual([0, 1, 2, 3, 4].map((turn) => `Hello ${turn}, hi`));
    });
  });
});

function form(): RequestInit {
  const body = new FormData();
  body.set('a', 'b');
  body.set('file', new File(['d'], 'c.txt', { type: 'text/css' }));
  return { method: 'POST', body };
}
