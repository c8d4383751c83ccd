// fromFetch(): what a Request says of what came in, and what goes out of a Response.

import type { IncomingRequest } from '@halfpipe/driver';
import { fromFetch } from '../src/index.ts';
import { answerTo, asking } from './served.ts';

const stream = (...pieces: readonly unknown[]) =>
  new ReadableStream({
    async start(controller) {
      for (const piece of pieces) {
        await new Promise(setImmediate);
        controller.enqueue(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
      }
      controller.close();
    },
  });

/** What the function is given by a request of that method with those lines. */
async function given<T>(request: string, look: (request: Request) => T | Promise<T>): Promise<T | null> {
  const seen: T[] = [];
  await answerTo(
    fromFetch(async (request) => {
      seen.push(await look(request));
      return new Response(null, { status: 204 });
    }),
    request,
  );
  return seen[0] ?? null;
}

describe('a Request', () => {
  test('has the method, the URL and every field as it came, joined where it came twice', async () => {
    const lines = 'Cookie: a=1\r\nX-A: 1\r\nx-a: 2\r\nX-L: caf\xe9\r\nUpgrade: h2c\r\n';
    expect(
      await given(asking('DELETE', lines), ({ method, url, headers }) => ({ method, url, headers: [...headers] })),
    ).toEqual({
      method: 'DELETE',
      url: 'http://a.example/',
      headers: [
        ['connection', 'close'],
        ['cookie', 'a=1'],
        ['host', 'a.example'],
        ['upgrade', 'h2c'],
        ['x-a', '1, 2'],
        ['x-l', 'café'],
      ],
    });
  });

  test.each<[name: string, request: string, body: string]>([
    ['of a length', `${asking('POST', 'Content-Length: 3\r\n')}abc`, 'abc'],
    ['in chunks', `${asking('POST', 'Transfer-Encoding: chunked\r\n')}1\r\na\r\n2\r\nbc\r\n0\r\n\r\n`, 'abc'],
    ['of no length, of which there is none', asking('POST'), 'none'],
    ['of length 0, of which there is none', asking('POST', 'Content-Length: 0\r\n'), 'none'],
    ['of GET, which a Request cannot have', `${asking('GET', 'Content-Length: 3\r\n')}abc`, 'none'],
    ['of HEAD, which a Request cannot have', `${asking('HEAD', 'Content-Length: 3\r\n')}abc`, 'none'],
    ['of DELETE', `${asking('DELETE', 'Content-Length: 3\r\n')}abc`, 'abc'],
  ])('has a body %s', async (_, request, body) => {
    expect(await given(request, async (made) => (made.body === null ? 'none' : await made.text()))).toBe(body);
  });

  test('takes redirects as they are where it is passed on', async () => {
    expect(await given(asking('GET'), ({ redirect }) => redirect)).toBe('manual');
  });

  test('gets its whole body at once where no stream can be one', async () => {
    class TextualRequest extends Request {
      constructor(input: string | URL | Request, init: RequestInit = {}) {
        const body = init.body instanceof ReadableStream ? String(init.body) : (init.body ?? null);
        super(input, { ...init, body });
      }
    }
    const original = globalThis.Request;
    globalThis.Request = TextualRequest;
    try {
      expect(await given(`${asking('POST', 'Content-Length: 3\r\n')}abc`, (request) => request.text())).toBe('abc');
    } finally {
      globalThis.Request = original;
    }
  });
});

describe('what no Request can say is answered here', () => {
  const never = fromFetch(() => {
    throw new Error('It was asked');
  });

  test.each<[name: string, request: string, status: number]>([
    ['CONNECT', 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n', 501],
    ['TRACE', asking('TRACE'), 501],
    ['TRACK', asking('TRACK'), 501],
    ['a method in small letters', asking('get'), 501],
    ['another, which would be a HEAD', asking('Head'), 501],
    ['a port that is none', 'GET / HTTP/1.1\r\nHost: a.example:99999\r\n\r\n', 400],
    ['a target of another scheme', 'GET ftp://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n', 400],
    ['HTTP/1.0 without Host', 'GET / HTTP/1.0\r\n\r\n', 400],
  ])('%s', async (_, request, status) => {
    expect(await answerTo(never, request)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  test('a method of somebody is one that a Request may have', async () => {
    expect(await given(asking('PROPFIND'), ({ method }) => method)).toBe('PROPFIND');
  });

  test('HTTP/1.0 without Host has a URL where the origin is given', async () => {
    const handler = fromFetch(({ url }) => new Response(url), { origin: 'https://shop.example' });
    expect(await answerTo(handler, 'GET /a HTTP/1.0\r\n\r\n')).toMatch(/\r\n\r\nhttps:\/\/shop\.example\/a$/);
  });

  test('and the scheme is the one that is given', async () => {
    const handler = fromFetch(({ url }) => new Response(url), { scheme: 'https' });
    expect(await answerTo(handler, asking('GET'))).toMatch(/\r\n\r\nhttps:\/\/a\.example\/$/);
  });

  test('an origin that is none is refused at once', () => {
    const make = () => fromFetch(() => new Response(), { origin: 'a.example' });
    expect(make).toThrow(expect.objectContaining({ name: 'TypeError' }));
  });
});

test('what stands behind the Request is made of the request as it came', async () => {
  const handler = fromFetch(
    (request: Request, env: { raw: readonly string[] }, word: string) =>
      new Response(`${env.raw[4]} ${word} ${request.method}`),
    { arguments: ({ headers }: IncomingRequest) => [{ raw: headers.raw }, 'is raw'] },
  );
  expect(await answerTo(handler, asking('GET', 'X-mIxEd: a\r\n'))).toMatch(/\r\n\r\nX-mIxEd is raw GET$/);
});

test('an interim response goes past the Response', async () => {
  const handler = fromFetch(
    (_: Request, incoming: IncomingRequest) => {
      incoming.inform(103, [['Link', '</a>']]);
      return new Response('done');
    },
    { arguments: (incoming) => [incoming] },
  );
  expect(await answerTo(handler, asking('GET'))).toMatch(
    /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
  );
});

const plain = 'content-type: text/plain;charset=UTF-8\r\n';
const close = 'Connection: close\r\n';

describe('a Response', () => {
  test.each<[name: string, make: () => Response, wire: string]>([
    ['of text', () => new Response('hello'), `200 OK\r\n${plain}Content-Length: 5\r\n${close}\r\nhello`],
    ['of bytes', () => new Response(new Uint8Array([97, 98])), `200 OK\r\nContent-Length: 2\r\n${close}\r\nab`],
    ['of no text', () => new Response(''), `200 OK\r\n${plain}Content-Length: 0\r\n${close}\r\n`],
    ['without a body', () => new Response(null), `200 OK\r\nContent-Length: 0\r\n${close}\r\n`],
    [
      'of JSON',
      () => Response.json({ a: 1 }),
      `200 OK\r\ncontent-type: application/json\r\nContent-Length: 7\r\n${close}\r\n{"a":1}`,
    ],
    [
      'with a reason',
      () => new Response(null, { status: 404, statusText: 'Gone Fishing' }),
      `404 Gone Fishing\r\nContent-Length: 0\r\n${close}\r\n`,
    ],
    [
      'without a reason',
      () => new Response(null, { status: 404 }),
      `404 Not Found\r\nContent-Length: 0\r\n${close}\r\n`,
    ],
    [
      'that redirects',
      () => Response.redirect('http://b.example/', 303),
      `303 See Other\r\nlocation: http://b.example/\r\nContent-Length: 0\r\n${close}\r\n`,
    ],
    ['of status 204', () => new Response(null, { status: 204 }), `204 No Content\r\n${close}\r\n`],
    [
      'of status 204 with a length',
      () => new Response(null, { status: 204, headers: { 'Content-Length': '0' } }),
      `204 No Content\r\n${close}\r\n`,
    ],
    [
      'of status 205',
      () => new Response(null, { status: 205 }),
      `205 Reset Content\r\nContent-Length: 0\r\n${close}\r\n`,
    ],
    [
      'of status 304 with a length',
      () => new Response(null, { status: 304, headers: { 'Content-Length': '5' } }),
      `304 Not Modified\r\ncontent-length: 5\r\n${close}\r\n`,
    ],
    ['of status 599', () => new Response(null, { status: 599 }), `599 \r\nContent-Length: 0\r\n${close}\r\n`],
    [
      'that comes in time',
      () => new Response(stream('a', 'bc')),
      `200 OK\r\nTransfer-Encoding: chunked\r\n${close}\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n`,
    ],
    [
      'that comes in time and says how long it is',
      () => new Response(stream('a', 'bc'), { headers: { 'Content-Length': '3' } }),
      `200 OK\r\ncontent-length: 3\r\n${close}\r\nabc`,
    ],
  ])('%s', async (_, make, wire) => {
    const answer = await answerTo(fromFetch(make), asking('GET'));
    expect(sorted(answer)).toBe(sorted(`HTTP/1.1 ${wire}`));
  });

  test.each<[name: string, make: () => Response, lines: string]>([
    ['with a body says its length', () => new Response('hello'), `${plain}Content-Length: 5\r\n`],
    ['with a body that comes in time says so', () => new Response(stream('a')), 'Transfer-Encoding: chunked\r\n'],
    [
      'without a body says what it says',
      () => new Response(null, { headers: { 'Content-Length': '5' } }),
      'content-length: 5\r\n',
    ],
    ['without a body and a word says nothing', () => new Response(null), ''],
  ])('to HEAD %s', async (_, make, lines) => {
    expect(sorted(await answerTo(fromFetch(make), asking('HEAD')))).toBe(
      sorted(`HTTP/1.1 200 OK\r\n${lines}${close}\r\n`),
    );
  });

  test('that comes in time ends with the connection for HTTP/1.0', async () => {
    const answer = await answerTo(
      fromFetch(() => new Response(stream('a', 'b'))),
      'GET / HTTP/1.0\r\nHost: a\r\n\r\n',
    );
    expect(answer).toBe(`HTTP/1.1 200 OK\r\n${close}\r\nab`);
  });

  test('has each cookie in a field, and the others joined', async () => {
    const headers = new Headers([
      ['X-A', '1'],
      ['Set-Cookie', 'a=1, 2'],
      ['x-a', '2'],
      ['Set-Cookie', 'b=3'],
    ]);
    const answer = await answerTo(
      fromFetch(() => new Response(null, { status: 204, headers })),
      asking('GET'),
    );
    expect(sorted(answer)).toBe(
      sorted(`HTTP/1.1 204 No Content\r\nx-a: 1, 2\r\nset-cookie: a=1, 2\r\nset-cookie: b=3\r\n${close}\r\n`),
    );
  });

  test('loses the fields of another connection (RFC 9110 §7.6.1)', async () => {
    const headers = {
      Connection: 'keep-alive, X-Hop',
      'Keep-Alive': 'timeout=5',
      'Proxy-Connection': 'keep-alive',
      'Transfer-Encoding': 'chunked',
      TE: 'trailers',
      Trailer: 'X-Sum',
      Upgrade: 'h2c',
      'X-Hop': 'gone',
      'X-End': 'here',
    };
    const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await answerTo(
      fromFetch(() => new Response('hello', { headers })),
      request,
    );
    expect(sorted(answer)).toBe(
      sorted(`HTTP/1.1 200 OK\r\n${plain}x-end: here\r\nContent-Length: 5\r\n${close}\r\nhello`),
    );
  });

  test('may close the connection', async () => {
    const headers = { Connection: 'Close' };
    const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2);
    const answer = await answerTo(
      fromFetch(() => new Response(null, { headers })),
      request,
    );
    expect(answer).toBe('HTTP/1.1 200 OK\r\nconnection: close\r\nContent-Length: 0\r\n\r\n');
  });

  test('of status 426 names the protocol that it wants (RFC 9110 §15.5.22)', async () => {
    const make = () => new Response(null, { status: 426, headers: { Upgrade: 'websocket' } });
    const answer = await answerTo(fromFetch(make), 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(sorted(answer)).toBe(
      sorted(
        'HTTP/1.1 426 Upgrade Required\r\nupgrade: websocket\r\nconnection: upgrade, close\r\nContent-Length: 0\r\n\r\n',
      ),
    );
  });
});

describe('a 500 that says nothing of its cause, and an onError that learns it', () => {
  const shared = new Response('hello');
  const locked = new Response('hello');
  locked.body?.getReader();

  test.each<[name: string, make: () => Response | Promise<Response>, message: RegExp]>([
    [
      'for a throw',
      () => {
        throw new Error('the secret');
      },
      /the secret/,
    ],
    ['for a rejection', () => Promise.reject(new Error('the secret')), /the secret/],
    ['for nothing', () => undefined as never, /no Response: undefined/], // what a function gives that forgets to return
    ['for something else', () => 'text' as never, /no Response: text/], // and one that is not typed
    ['for Response.error()', () => Response.error(), /Response\.error/],
    [
      'for one that has been read',
      async () => {
        if (!shared.bodyUsed) await shared.text();
        return shared;
      },
      /has been read/,
    ],
    ['for one that is being read', () => locked, /locked/i],
    ['for a wrong length', () => new Response('hello', { headers: { 'Content-Length': '4' } }), /Content-Length 4/],
    [
      'for a length of what it has not',
      () => new Response(null, { headers: { 'Content-Length': '4' } }),
      /Content-Length 4/,
    ],
    [
      'for a stream that has failed',
      () => new Response(new ReadableStream({ start: (c) => c.error(new Error('the secret')) })),
      /the secret/,
    ],
    [
      'for a stream of text',
      () => new Response(new ReadableStream({ start: (c) => c.enqueue('text') })),
      /not a Uint8Array/,
    ],
  ])('%s', async (_, make, message) => {
    const errors: unknown[] = [];
    const answer = await answerTo(fromFetch(make), asking('GET'), { onError: (error) => errors.push(error) });
    expect(answer).toMatch(/^HTTP\/1\.1 500 [\s\S]*\r\n\r\nInternal Server Error\n$/);
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringMatching(message) })]);
  });

  test('but a response that has begun is cut, as it must not look whole', async () => {
    const errors: unknown[] = [];
    const make = () => new Response(stream('a', 'text', 5));
    const answer = await answerTo(fromFetch(make), asking('GET'), { onError: (error) => errors.push(error) });
    expect(answer).toMatch(/\r\n\r\n1\r\na\r\n4\r\ntext\r\n$/);
    expect(errors).toHaveLength(1);
  });
});

/** The lines of a head in order, since no fetch keeps it. */
function sorted(message: string): string {
  const end = message.indexOf('\r\n\r\n');
  const [first, ...lines] = message.slice(0, end).split('\r\n');
  return [
    first,
    ...lines.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase())).sort(),
    message.slice(end),
  ].join('\r\n');
}
