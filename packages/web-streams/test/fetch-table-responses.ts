// Rows about responses: what a head becomes, and how a body is read.

import { Pattern } from './fetch-server.ts';
import { failureOf, kindOf, query, type Row } from './row.ts';

const head = (response: Response) => ({
  status: response.status,
  statusText: response.statusText,
  ok: response.ok,
  url: response.url.replace(/^.*:\d+/, ''),
  redirected: response.redirected,
  body: response.body === null ? null : 'stream',
});

async function patternOf(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const pattern = new Pattern();
  const reader = body?.getReader();
  for (let step = await reader?.read(); step?.done === false; step = await reader?.read()) pattern.add(step.value);
  return String(pattern);
}

/** A row whose response has that status. */
function statusRow(status: number, rest: Partial<Row> = {}): Row {
  const hasBody = ![204, 205, 304].includes(status);
  return {
    name: `a response of status ${status}`,
    async run(fetch, { url }) {
      const fields = { status, reason: 'As It Is', ...(hasBody ? { body: 'content' } : {}) };
      const response = await fetch(`${url}/?${query(fields)}`, { redirect: 'manual' });
      return { ...head(response), url: '', text: await response.text() };
    },
    expected: {
      status,
      statusText: 'As It Is',
      ok: status < 300,
      url: '',
      redirected: false,
      body: hasBody ? 'stream' : null,
      text: hasBody ? 'content' : '',
    },
    departs: { deno: 'statusText is the standard phrase, whatever the server says' },
    ...rest,
  };
}

export const responses: readonly Row[] = [
  ...[200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 304, 307, 308, 400, 404, 418, 500, 503, 599].map(
    (status) => statusRow(status),
  ),
  statusRow(999),
  {
    name: 'a reason that is empty',
    run: async (fetch, { cannedUrl }) =>
      (await fetch(`${cannedUrl}/?${query({ bytes: 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n' })}`)).statusText,
    expected: '',
    departs: { deno: 'statusText is the standard phrase, whatever the server says' },
  },
  {
    name: 'the URL of a response',
    async run(fetch, { url }) {
      const response = await fetch(`${url}/a/../b%2fc/é?q=ü&r=[]#fragment`);
      return head(response);
    },
    expected: {
      status: 200,
      statusText: 'OK',
      ok: true,
      url: '/b%2fc/%C3%A9?q=%C3%BC&r=[]',
      redirected: false,
      body: 'stream',
    },
    departs: { bun: 'url keeps the fragment' },
  },
  {
    name: 'the type of a response',
    run: async (fetch, { url }) => (await fetch(url)).type,
    expected: 'basic',
    departs: { bun: 'type is default' },
  },
  {
    name: 'fields: lower case, sorted, duplicates joined, white space and empty values',
    async run(fetch, { url }) {
      const field = ['X-Two: 1', 'X-Empty:', 'x-one:  \t padded \t', 'X-TWO: 2', 'X-Latin: caf\u00e9', 'A-B: c'];
      const response = await fetch(`${url}/?${query({ field })}`);
      const names = ['x-', 'a-'];
      return [...response.headers].filter(([name]) => names.some((start) => name.startsWith(start)));
    },
    expected: [
      ['a-b', 'c'],
      ['x-empty', ''],
      ['x-latin', 'caf\u00e9'],
      ['x-one', 'padded'],
      ['x-two', '1, 2'],
    ],
  },
  {
    name: 'Set-Cookie is never joined',
    async run(fetch, { url }) {
      const field = ['Set-Cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'Set-Cookie: b=2'];
      const { headers } = await fetch(`${url}/?${query({ field })}`);
      return { all: headers.getSetCookie(), each: [...headers].filter(([name]) => name === 'set-cookie').length };
    },
    expected: { all: ['a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT', 'b=2'], each: 2 },
  },
  {
    name: 'the fields of a response cannot be changed',
    async run(fetch, { url }) {
      const { headers } = await fetch(url);
      try {
        headers.set('x', 'y');
        return 'changed';
      } catch (error) {
        return kindOf(error);
      }
    },
    expected: 'changed',
    differs: {
      platform: 'TypeError',
      because: 'only the platform can make Headers that are read only; changing them harms nobody',
    },
    departs: { bun: 'they can' },
  },
  {
    name: 'HEAD has the fields and no body',
    async run(fetch, { url }) {
      const response = await fetch(`${url}/?${query({ body: 'content' })}`, { method: 'HEAD' });
      return {
        ...head(response),
        url: '',
        length: response.headers.get('content-length'),
        text: await response.text(),
      };
    },
    expected: {
      status: 200,
      statusText: 'OK',
      ok: true,
      url: '',
      redirected: false,
      body: null,
      length: '7',
      text: '',
    },
  },
  {
    name: '304 with the length of what it does not send',
    async run(fetch, { url }) {
      const response = await fetch(`${url}/?${query({ status: 304, field: ['Content-Length: 7'] })}`);
      return [response.status, response.headers.get('content-length'), await response.text()];
    },
    expected: [304, '7', ''],
  },
  {
    name: 'an empty body is a stream that ends',
    async run(fetch, { url }) {
      const { body } = await fetch(url);
      const step = await body?.getReader().read();
      return step?.done;
    },
    expected: true,
  },
  {
    name: 'a body as text, without its byte order mark',
    run: async (fetch, { url }) => await (await fetch(`${url}/?${query({ body: '\ufefftäxt' })}`)).text(),
    expected: 'täxt',
  },
  {
    name: 'a body as JSON',
    run: async (fetch, { url }) => await (await fetch(`${url}/?${query({ body: '{"a":[1]}' })}`)).json(),
    expected: { a: [1] },
  },
  {
    name: 'a body that is no JSON',
    run: async (fetch, { url }) => await (await fetch(`${url}/?${query({ body: '{"a"' })}`)).json(),
    expected: 'throws SyntaxError',
  },
  {
    name: 'a body as bytes',
    run: async (fetch, { url }) => [...new Uint8Array(await (await fetch(`${url}/?body=abc`)).arrayBuffer())],
    expected: [97, 98, 99],
  },
  {
    name: 'a body as a blob of its type',
    async run(fetch, { url }) {
      const blob = await (await fetch(`${url}/?${query({ body: 'abc', field: ['Content-Type: text/css'] })}`)).blob();
      return [blob.size, blob.type, await blob.text()];
    },
    expected: [3, 'text/css', 'abc'],
    without: { bun: 'a Response does not give its type to its blob' },
  },
  {
    name: 'a body as a form',
    async run(fetch, { url }) {
      const type = 'Content-Type: application/x-www-form-urlencoded';
      return [...(await (await fetch(`${url}/?${query({ body: 'a=b&c=%20', field: [type] })}`)).formData())];
    },
    expected: [
      ['a', 'b'],
      ['c', ' '],
    ],
  },
  {
    name: 'a body can be read once',
    async run(fetch, { url }) {
      const response = await fetch(`${url}/?body=abc`);
      const before = response.bodyUsed;
      await response.text();
      return [before, response.bodyUsed, await failureOf(response.text())];
    },
    expected: [false, true, 'TypeError'],
  },
  {
    name: 'a clone reads the same, and is from the same URL',
    async run(fetch, { url }) {
      const response = await fetch(`${url}/?body=abc`);
      const clone = response.clone();
      return [
        clone.url === response.url,
        clone.status,
        clone.type === response.type,
        await clone.text(),
        await response.text(),
      ];
    },
    expected: [true, 200, true, 'abc', 'abc'],
  },
  {
    name: 'a Response made of a response',
    async run(fetch, { url }) {
      const response = await fetch(`${url}/?${query({ body: 'abc', status: 404, field: ['X-A: b'] })}`);
      const copy = new Response(response.body, response);
      return [copy.status, copy.statusText, copy.headers.get('x-a'), await copy.text()];
    },
    expected: [404, 'Not Found', 'b', 'abc'],
  },
  {
    name: '8 MiB of unknown length, read piece by piece',
    run: async (fetch, { url }) => await patternOf((await fetch(`${url}/patterned?size=${8 * 1024 * 1024}`)).body),
    expected: '8388608 bytes, whole',
  },
  {
    name: 'a body read into the reader\u2019s own buffer',
    async run(fetch, { url }) {
      const reader = (await fetch(`${url}/patterned?size=100000`)).body?.getReader({ mode: 'byob' });
      const pattern = new Pattern();
      let buffer = new Uint8Array(1_000);
      for (;;) {
        const step = await reader?.read(buffer);
        if (step === undefined || step.done) return [String(pattern), step?.value?.length];
        pattern.add(step.value);
        buffer = new Uint8Array(step.value.buffer);
      }
    },
    expected: ['100000 bytes, whole', 0],
    departs: { bun: 'the body is no byte stream' },
  },
  {
    name: 'a body that lasts until the connection closes',
    run: async (fetch, { cannedUrl }) =>
      await (await fetch(`${cannedUrl}/?${query({ bytes: 'HTTP/1.1 200 OK\r\n\r\nto the end' })}`)).text(),
    expected: 'to the end',
  },
  {
    name: 'a body in a coding that was not asked for',
    async run(fetch, { url }) {
      const body = 'H4sIAAAAAAAC/0vOzy0oSi0uzkzKSVVIHggOAA3u9oWCAAAA';
      const field = ['Content-Encoding: gzip'];
      const bytes = new Uint8Array(await (await fetch(`${url}/?${query({ body, base64: '', field })}`)).arrayBuffer());
      return [bytes.length, bytes[0]];
    },
    expected: [36, 0x1f],
    differs: {
      platform: [130, 0x63],
      because:
        'we decode nothing and ask for no coding; pipe the body through a DecompressionStream, or pass it on as it is',
    },
  },
  {
    name: 'cancelling a body that is being read tells the server',
    async run(fetch, { url, id }) {
      const response = await fetch(`${url}/endless?name=${id}`);
      const reader = response.body?.getReader();
      await reader?.read();
      await reader?.cancel();
      return await (await fetch(`${url}/outcome?name=${id}`)).text();
    },
    expected: 'left',
  },
  {
    name: 'cancelling a body that nobody reads tells the server',
    async run(fetch, { url, id }) {
      const response = await fetch(`${url}/endless?name=${id}`);
      await response.body?.cancel();
      return await (await fetch(`${url}/outcome?name=${id}`)).text();
    },
    expected: 'left',
  },
];
