// Rows about requests: what may be asked, and what of it arrives at the server.

import type { Fetch, FetchInit } from '../src/index.ts';
import { patterned } from './fetch-server.ts';
import { query, type Row, streamOf } from './row.ts';

interface Echo {
  readonly method: string;
  readonly target: string;
  readonly framing: string;
  readonly headers: readonly string[];
  readonly body: string;
}

async function echoOf(fetch: Fetch, input: string | URL | Request, init?: FetchInit): Promise<Echo> {
  return await (await fetch(input, init)).json();
}

/** The values of a field, each as it came. */
function valuesOf({ headers }: Echo, name: string): string[] {
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === name);
}

/** A row that sends a body and tells how it arrived. */
function bodyRow(
  name: string,
  init: () => FetchInit,
  expected: readonly [type: string[], ...rest: string[]],
  rest: Partial<Row> = {},
): Row {
  return {
    ...rest,
    name: `a body: ${name}`,
    async run(fetch, { url }) {
      const echo = await echoOf(fetch, `${url}/echo`, { method: 'POST', ...init() });
      return [valuesOf(echo, 'content-type'), echo.framing, echo.body];
    },
    expected,
  };
}

const text = ['text/plain;charset=UTF-8'];
const typeless = { without: { bun: 'a Request gives text no Content-Type' } };

/** A row that is refused before anything is sent. */
function refusedRow(
  name: string,
  make: (url: string) => [string | URL | Request, FetchInit?],
  rest: Partial<Row> = {},
): Row {
  return {
    name: `refused: ${name}`,
    run: async (fetch, { url }) => (await fetch(...make(url))).status,
    expected: 'throws TypeError',
    ...rest,
  };
}

/** What a form arrives as: the boundary, which is made up, as `--`. */
function formLines({ body }: Echo, type: string | undefined): string[] {
  const boundary = /boundary="?([^";]+)/.exec(type ?? '')?.[1] ?? '?';
  return body.replaceAll(boundary, '').trimEnd().split('\r\n');
}

export const requests: readonly Row[] = [
  {
    name: 'methods: six are written in capitals, others stay',
    async run(fetch, { url }) {
      const methods: string[] = [];
      for (const method of ['get', 'post', 'put', 'delete', 'options', 'PATCH', 'REPORT'])
        methods.push((await echoOf(fetch, `${url}/echo`, { method })).method);
      return methods;
    },
    expected: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'REPORT'],
  },
  {
    name: 'a target without the fragment, its path and query encoded',
    run: async (fetch, { url }) => (await echoOf(fetch, new URL(`${url}/echo/../echo?a=ö&b=[]|#c`))).target,
    expected: '/echo?a=%C3%B6&b=[]|',
  },
  {
    name: 'fields of a list, duplicates joined',
    async run(fetch, { url }) {
      const echo = await echoOf(fetch, `${url}/echo`, {
        headers: [
          ['X-A', '1'],
          ['x-b', ' caf\u00e9 '],
          ['x-a', '2'],
        ],
      });
      return [valuesOf(echo, 'x-a'), valuesOf(echo, 'x-b')];
    },
    expected: [['1, 2'], ['caf\u00e9']],
    departs: { deno: 'each is a field' },
  },
  {
    name: 'fields of an object and of a Headers',
    async run(fetch, { url }) {
      const one = await echoOf(fetch, `${url}/echo`, { headers: { 'X-A': '1', 'x-empty': '' } });
      const other = await echoOf(fetch, `${url}/echo`, { headers: new Headers({ 'X-A': '2' }) });
      return [valuesOf(one, 'x-a'), valuesOf(one, 'x-empty'), valuesOf(other, 'x-a')];
    },
    expected: [['1'], [''], ['2']],
  },
  {
    name: 'Host is that of the URL',
    run: async (fetch, { url }) => valuesOf(await echoOf(fetch, `${url}/echo`), 'host').join() === new URL(url).host,
    expected: true,
  },
  {
    name: 'Cookie and User-Agent are sent as they are given',
    async run(fetch, { url }) {
      const echo = await echoOf(fetch, `${url}/echo`, { headers: { Cookie: 'a=1; b=2', 'User-Agent': 'table' } });
      return [valuesOf(echo, 'cookie'), valuesOf(echo, 'user-agent')];
    },
    expected: [['a=1; b=2'], ['table']],
  },
  {
    name: 'fields that nobody asked for',
    async run(fetch, { url }) {
      const { headers } = await echoOf(fetch, `${url}/echo`);
      const names = headers.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
      return names.filter((name) => name !== 'connection').sort();
    },
    expected: ['host'],
    differs: {
      platform: ['accept', 'accept-encoding', 'accept-language', 'host', 'sec-fetch-mode', 'user-agent'],
      because: 'we add Host and what tells the body; `headers` of toFetch() is for the rest',
    },
    departs: { deno: 'it adds others than Node', bun: 'it adds others than Node' },
  },
  {
    name: 'GET without a body says nothing of one, POST that there is none',
    run: async (fetch, { url }) => [
      (await echoOf(fetch, `${url}/echo`)).framing,
      (await echoOf(fetch, `${url}/echo`, { method: 'POST' })).framing,
      (await echoOf(fetch, `${url}/echo`, { method: 'POST', body: null })).framing,
    ],
    expected: ['length none', 'length 0', 'length 0'],
  },
  bodyRow('text', () => ({ body: 'täxt' }), [text, 'length 5', 'täxt'], typeless),
  bodyRow('no text', () => ({ body: '' }), [text, 'length 0', ''], typeless),
  bodyRow('text of a given type', () => ({ body: '{}', headers: { 'Content-Type': 'application/json' } }), [
    ['application/json'],
    'length 2',
    '{}',
  ]),
  bodyRow('bytes', () => ({ body: new TextEncoder().encode('abc') }), [[], 'length 3', 'abc']),
  bodyRow('a part of a buffer', () => ({ body: new TextEncoder().encode('abcdef').subarray(1, 4) }), [
    [],
    'length 3',
    'bcd',
  ]),
  bodyRow('a buffer', () => ({ body: new TextEncoder().encode('abc').buffer }), [[], 'length 3', 'abc']),
  bodyRow('a query', () => ({ body: new URLSearchParams({ a: 'ö', b: '&' }) }), [
    ['application/x-www-form-urlencoded;charset=UTF-8'],
    'length 14',
    'a=%C3%B6&b=%26',
  ]),
  bodyRow('a blob', () => ({ body: new Blob(['abc', 'def'], { type: 'image/png' }) }), [
    ['image/png'],
    'length 6',
    'abcdef',
  ]),
  bodyRow('a blob without a type', () => ({ body: new Blob(['abc']) }), [[], 'length 3', 'abc']),
  {
    ...bodyRow('a stream that is there at once', () => ({ body: streamOf('a', 'bc'), duplex: 'half' }), [
      [],
      'length 3',
      'abc',
    ]),
    differs: {
      platform: [[], 'chunked', 'abc'],
      because:
        'not every server reads chunks (RFC 9112 \u00a76.1); what need not be waited for goes out under its length',
    },
  },
  {
    name: 'a body: a stream of more than is read ahead',
    async run(fetch, { url }) {
      const body = streamOf('a'.repeat(70_000), 'b');
      const echo = await echoOf(fetch, `${url}/echo`, { method: 'POST', body, duplex: 'half' });
      return [echo.framing, echo.body.length];
    },
    expected: ['chunked', 70_001],
  },
  bodyRow('PUT', () => ({ method: 'PUT', body: 'abc' }), [text, 'length 3', 'abc'], typeless),
  bodyRow('DELETE', () => ({ method: 'DELETE', body: 'abc' }), [text, 'length 3', 'abc'], typeless),
  {
    name: 'a body: a form',
    async run(fetch, { url }) {
      const body = new FormData();
      body.append('plain', 'ä\nb\r\nc\rd');
      body.append('"na\nme"', '');
      body.append('file', new File(['{}'], 'a"b.png', { type: 'image/png' }));
      body.append('file', new Blob(['abc']));
      const echo = await echoOf(fetch, `${url}/echo`, { method: 'POST', body });
      const [type] = valuesOf(echo, 'content-type');
      return [type?.split(';')[0], echo.framing.replace(/\d+/, 'known'), ...formLines(echo, type)];
    },
    expected: [
      'multipart/form-data',
      'length known',
      '--',
      'Content-Disposition: form-data; name="plain"',
      '',
      'ä',
      'b',
      'c',
      'd',
      '--',
      'Content-Disposition: form-data; name="%22na%0D%0Ame%22"',
      '',
      '',
      '--',
      'Content-Disposition: form-data; name="file"; filename="a%22b.png"',
      'Content-Type: image/png',
      '',
      '{}',
      '--',
      'Content-Disposition: form-data; name="file"; filename="blob"',
      'Content-Type: application/octet-stream',
      '',
      'abc',
      '----',
    ],
    departs: { bun: 'a file that had no name gets none' },
  },
  {
    name: 'a body: 4 MiB at once',
    async run(fetch, { url }) {
      const body = new Blob([...patterned(4 * 1024 * 1024)].map((bytes) => bytes.slice()));
      const response = await fetch(`${url}/take`, { method: 'POST', body: await body.arrayBuffer() });
      return await response.text();
    },
    expected: 'length 4194304: 4194304 bytes, whole',
  },
  {
    name: 'a body: a stream of 8 MiB',
    async run(fetch, { url }) {
      const pieces = patterned(8 * 1024 * 1024);
      const body = new ReadableStream({
        pull(controller) {
          const { done, value } = pieces.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
      });
      return await (await fetch(`${url}/take`, { method: 'PUT', body, duplex: 'half' })).text();
    },
    expected: 'chunked: 8388608 bytes, whole',
  },
  {
    name: 'a Request',
    async run(fetch, { url }) {
      const request = new Request(`${url}/echo?a`, { method: 'PUT', headers: { 'X-A': 'b' }, body: 'abc' });
      const echo = await echoOf(fetch, request);
      return [
        echo.method,
        echo.target,
        valuesOf(echo, 'x-a'),
        valuesOf(echo, 'content-type'),
        echo.framing,
        echo.body,
        request.bodyUsed,
      ];
    },
    expected: ['PUT', '/echo?a', ['b'], text, 'length 3', 'abc', true],
    ...typeless,
  },
  {
    name: 'a Request, and what is otherwise',
    async run(fetch, { url }) {
      const request = new Request(`${url}/echo`, { method: 'PUT', headers: { 'X-A': 'b' }, body: 'abc' });
      const echo = await echoOf(fetch, request, { method: 'POST', headers: { 'X-B': 'c' }, body: 'def' });
      return [echo.method, valuesOf(echo, 'x-a'), valuesOf(echo, 'x-b'), echo.framing, echo.body];
    },
    expected: ['POST', [], ['c'], 'length 3', 'def'],
  },
  {
    name: 'a Request, another method, and its own body',
    async run(fetch, { url }) {
      const request = new Request(`${url}/echo`, { method: 'PUT', body: 'abc' });
      const echo = await echoOf(fetch, request, { method: 'POST' });
      return [echo.method, echo.body, request.bodyUsed];
    },
    expected: ['POST', 'abc', true],
    without: { bun: 'a Request that another was made of can be read again' },
  },
  {
    name: 'a Request that has been read, and another body',
    async run(fetch, { url }) {
      const request = new Request(`${url}/echo`, { method: 'PUT', body: 'abc' });
      await request.text();
      const echo = await echoOf(fetch, request, { body: 'def' });
      return [echo.method, echo.body];
    },
    expected: ['PUT', 'def'],
  },
  {
    name: 'a Request for what stands beside another URL',
    async run(fetch, { url }) {
      const request = new Request('http://elsewhere.example/', {
        method: 'POST',
        headers: { 'X-A': 'b' },
        body: 'abc',
      });
      const echo = await echoOf(fetch, new Request(`${url}/echo`, request));
      return [echo.method, valuesOf(echo, 'x-a'), echo.body];
    },
    expected: ['POST', ['b'], 'abc'],
  },
  {
    name: 'a response that comes before the body has been read',
    async run(fetch, { url }) {
      const body = 'x'.repeat(40_000);
      return await (await fetch(`${url}/early`, { method: 'POST', body })).text();
    },
    expected: 'early',
  },
  {
    name: 'Content-Length of a stream',
    async run(fetch, { url }) {
      const headers = { 'Content-Length': '3' };
      const echo = await echoOf(fetch, `${url}/echo`, {
        method: 'POST',
        headers,
        body: streamOf('a', 'bc'),
        duplex: 'half',
      });
      return [echo.framing, echo.body];
    },
    expected: ['length 3', 'abc'],
    departs: { deno: 'it is left out' },
  },
  {
    name: 'fields of the connection',
    async run(fetch, { url }) {
      const headers = {
        TE: 'trailers',
        'Keep-Alive': 'timeout=5',
        'Transfer-Encoding': 'chunked',
        Upgrade: 'h2c',
        Connection: 'x-gone',
        'X-Gone': 'x',
      };
      const echo = await echoOf(fetch, `${url}/echo`, { method: 'POST', headers, body: 'abc' });
      return ['te', 'keep-alive', 'transfer-encoding', 'upgrade', 'x-gone', 'connection'].flatMap((name) =>
        valuesOf(echo, name),
      );
    },
    expected: [],
    differs: {
      platform: 'throws TypeError',
      because:
        'what one connection brought may be passed on to another; there it has no meaning, and is left out (RFC 9110 \u00a77.6.1)',
    },
    departs: { deno: 'it sends some of them', bun: 'it sends some of them' },
  },
  refusedRow('CONNECT', (url) => [url, { method: 'CONNECT' }], { departs: { bun: 'it sends it' } }),
  refusedRow('trace', (url) => [url, { method: 'trace' }], { departs: { bun: 'it sends it' } }),
  refusedRow('TRACK', (url) => [url, { method: 'TRACK' }], { departs: { bun: 'it sends GET' } }),
  refusedRow('a method that is none', (url) => [url, { method: 'GE T' }], { departs: { bun: 'it sends GET' } }),
  refusedRow('a field name that is none', (url) => [url, { headers: { 'a b': 'c' } }]),
  refusedRow('a field value with a line end', (url) => [url, { headers: { a: 'b\r\nc: d' } }]),
  refusedRow('a field value above U+00FF', (url) => [url, { headers: { a: '\u0100' } }]),
  refusedRow('GET with a body', (url) => [url, { body: 'abc' }]),
  refusedRow('HEAD with a body', (url) => [url, { method: 'HEAD', body: 'abc' }]),
  refusedRow('a stream without duplex', (url) => [url, { method: 'POST', body: streamOf('abc') }], {
    without: { deno: 'a Request does not ask for it', bun: 'a Request does not ask for it' },
  }),
  refusedRow('a relative URL', () => ['/here']),
  refusedRow('an empty URL', () => [''], { without: { bun: 'a Request throws another error' } }),
  refusedRow('a URL of another scheme', () => ['ftp://127.0.0.1/']),
  refusedRow('a URL with a password', (url) => [url.replace('//', '//user:secret@')], {
    departs: { deno: 'it sends it as Authorization', bun: 'it sends it as Authorization' },
  }),
  refusedRow('a redirect mode that is none', (url) => [url, { redirect: 'never' as RequestRedirect }]), // not one of them, which is the point
  refusedRow('a data URL', () => ['data:,abc'], {
    differs: { platform: 200, because: 'nothing is called for it, and it would never reach the connection' },
  }),
  refusedRow('a body that has been read', (url) => {
    const request = new Request(`${url}/echo`, { method: 'POST', body: 'abc' });
    void request.text();
    return [request];
  }),
  refusedRow('a stream that somebody reads', (url) => {
    const body = streamOf('abc');
    body.getReader();
    return [`${url}/echo`, { method: 'POST', body, duplex: 'half' }];
  }),
  refusedRow(
    'a check of the integrity',
    (url) => [
      `${url}/?${query({ body: 'abc' })}`,
      { integrity: 'sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=' },
    ],
    {
      differs: { platform: 200, because: 'we do not check it, and who asks for it must not believe that we do' },
    },
  ),
];
