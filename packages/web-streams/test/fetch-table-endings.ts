// Rows about what ends a fetch otherwise than well: redirects that are not wanted, aborts at every stage, and servers that fail.

import { failureOf, kindOf, query, type Row, streamOf } from './row.ts';

const redirect = (status: number) => `?${query({ status, field: ['Location: /elsewhere'], body: 'moved' })}`;

/** A server's words, as they are. */
const canned = (bytes: string) => `?${query({ bytes })}`;

function redirectRow(status: number): Row {
  return {
    name: `redirect: 'error' and a ${status}`,
    run: async (fetch, { url }) => await failureOf(fetch(`${url}/${redirect(status)}`, { redirect: 'error' })),
    expected: 'TypeError',
  };
}

/** A row whose server says something that is no response, or no whole one. */
function brokenRow(
  name: string,
  bytes: string,
  expected: readonly [onFetch: string, onRead: string],
  rest: Partial<Row> = {},
): Row {
  return {
    name: `broken: ${name}`,
    async run(fetch, { cannedUrl }) {
      try {
        const response = await fetch(`${cannedUrl}/${canned(bytes)}`);
        return ['nothing', await failureOf(response.text())];
      } catch (error) {
        return [kindOf(error), ''];
      }
    },
    expected,
    ...rest,
  };
}

const reasons: readonly (readonly [name: string, reason: unknown, kind: string])[] = [
  ['no reason', undefined, 'AbortError'],
  ['an error', new RangeError('enough'), 'RangeError'],
  ['a word', 'enough', 'enough'],
];

/** The reason that a controller is aborted with; `undefined` stands for none. */
function abort(controller: AbortController, reason: unknown): void {
  if (reason === undefined) controller.abort();
  else controller.abort(reason);
}

export const endings: readonly Row[] = [
  ...[301, 302, 303, 307, 308].map(redirectRow),
  {
    name: "redirect: 'error' and a 304, which is none",
    run: async (fetch, { url }) =>
      (await fetch(`${url}/${redirect(304).replace(/&body=.*/, '')}`, { redirect: 'error' })).status,
    expected: 304,
  },
  {
    name: "redirect: 'error' of a Request",
    run: async (fetch, { url }) =>
      await failureOf(fetch(new Request(`${url}/${redirect(302)}`, { redirect: 'error' }))),
    expected: 'TypeError',
  },
  {
    name: "redirect: 'manual' gives the response as it is",
    async run(fetch, { url }) {
      const response = await fetch(`${url}/${redirect(302)}`, { redirect: 'manual' });
      return [response.status, response.headers.get('location'), response.redirected, await response.text()];
    },
    expected: [302, '/elsewhere', false, 'moved'],
  },
  {
    name: 'a redirect, and nothing said of them',
    async run(fetch, { url }) {
      const response = await fetch(`${url}/${redirect(302)}`);
      return [response.status, response.redirected, await response.text()];
    },
    expected: [302, false, 'moved'],
    differs: {
      platform: [200, true, ''],
      because: 'we follow none: where to go with which fields and body is for you to say',
    },
  },
  {
    name: "a redirect of a Request, whose mode is 'follow' unless said",
    run: async (fetch, { url }) => (await fetch(new Request(`${url}/${redirect(302)}`))).status,
    expected: 302,
    differs: { platform: 200, because: 'a Request does not tell whether that was said; it is taken as not said' },
  },
  {
    name: "redirect: 'follow' that is asked for",
    run: async (fetch, { url }) => (await fetch(`${url}/${redirect(302)}`, { redirect: 'follow' })).status,
    expected: 'throws TypeError',
    differs: { platform: 200, because: 'we follow none, and who asks for it must not take a redirect for an answer' },
  },
  ...reasons.map(
    ([name, reason, kind]): Row => ({
      name: `aborted before it began, with ${name}`,
      async run(fetch, { url }) {
        const controller = new AbortController();
        abort(controller, reason);
        return await failureOf(fetch(url, { signal: controller.signal }));
      },
      expected: kind,
    }),
  ),
  ...reasons.map(
    ([name, reason, kind]): Row => ({
      name: `aborted while waiting for the response, with ${name}`,
      async run(fetch, { url, id }) {
        const controller = new AbortController();
        const response = fetch(`${url}/hang?name=${id}`, { signal: controller.signal });
        const failure = failureOf(response);
        // An answer to another request comes when the first has long been sent.
        await (await fetch(url)).text();
        abort(controller, reason);
        return await failure;
      },
      expected: kind,
    }),
  ),
  ...reasons.map(
    ([name, reason, kind]): Row => ({
      name: `aborted while reading the response, with ${name}`,
      async run(fetch, { url, id }) {
        const controller = new AbortController();
        const response = await fetch(`${url}/endless?name=${id}`, { signal: controller.signal });
        const reader = response.body?.getReader();
        const first = await reader?.read();
        abort(controller, reason);
        const readToTheEnd = async () => {
          for (let step = await reader?.read(); step?.done === false; step = await reader?.read());
        };
        const outcome = await failureOf(readToTheEnd());
        return [(first?.value?.length ?? 0) > 0, outcome, await (await fetch(`${url}/outcome?name=${id}`)).text()];
      },
      expected: [true, kind, 'left'],
    }),
  ),
  {
    name: 'aborted while sending the body',
    async run(fetch, { url, id }) {
      const controller = new AbortController();
      const cancelled = new Promise<string>((resolve) => {
        const body = new ReadableStream({
          start: (stream) => stream.enqueue(new Uint8Array(100_000)),
          // Nothing more comes: the request is under way, and is given up.
          pull: () => controller.abort(new RangeError('enough')),
          cancel: (reason) => resolve(kindOf(reason)),
        });
        const init = { method: 'POST', body, duplex: 'half', signal: controller.signal } as const;
        failureOf(fetch(`${url}/upload?name=${id}`, init)).then((failure) => resolve(failure));
      });
      return await cancelled;
    },
    expected: 'RangeError',
    departs: { bun: 'the stream is cancelled without the reason' },
  },
  {
    name: 'aborted before it began, its stream is cancelled',
    async run(fetch, { url }) {
      const cancelled = new Promise<string>((resolve) => {
        const body = new ReadableStream({ cancel: (reason) => resolve(kindOf(reason)) });
        const signal = AbortSignal.abort(new RangeError('enough'));
        failureOf(fetch(url, { method: 'POST', body, duplex: 'half', signal }));
      });
      return await cancelled;
    },
    expected: 'RangeError',
  },
  {
    name: 'a signal that aborts when all is over',
    async run(fetch, { url }) {
      const controller = new AbortController();
      const response = await fetch(`${url}/?body=abc`, { signal: controller.signal });
      const text = await response.text();
      controller.abort();
      return text;
    },
    expected: 'abc',
  },
  {
    name: 'the signal of a Request',
    async run(fetch, { url, id }) {
      const controller = new AbortController();
      const request = new Request(`${url}/hang?name=${id}`, { signal: controller.signal });
      const failure = failureOf(fetch(request));
      controller.abort(new RangeError('enough'));
      return await failure;
    },
    expected: 'RangeError',
  },
  {
    name: 'a signal beside a Request is the one that counts',
    async run(fetch, { url }) {
      const request = new Request(`${url}/?body=abc`, { signal: AbortSignal.abort() });
      return await (await fetch(request, { signal: new AbortController().signal })).text();
    },
    expected: 'abc',
  },
  {
    name: 'a signal that is null',
    async run(fetch, { url }) {
      const request = new Request(`${url}/?body=abc`, { signal: AbortSignal.abort() });
      return await (await fetch(request, { signal: null })).text();
    },
    expected: 'abc',
  },
  {
    name: 'a signal that aborts in time',
    run: async (fetch, { url, id }) =>
      await failureOf(fetch(`${url}/hang?name=${id}`, { signal: AbortSignal.timeout(20) })),
    expected: 'TimeoutError',
  },
  {
    name: 'a body that fails',
    async run(fetch, { url, id }) {
      const body = new ReadableStream({
        pull(controller) {
          controller.error(new RangeError('no more'));
        },
      });
      const failure = await failureOf(fetch(`${url}/upload?name=${id}`, { method: 'POST', body, duplex: 'half' }));
      return failure;
    },
    expected: 'TypeError',
    departs: { bun: 'it rejects with the error itself' },
  },
  {
    name: 'nobody listens',
    run: async (fetch) => await failureOf(fetch('http://127.0.0.1:2/')),
    expected: 'TypeError',
  },
  brokenRow('no answer', '', ['TypeError', '']),
  brokenRow('no HTTP', 'hello\r\n\r\n', ['TypeError', '']),
  brokenRow('a head that is cut', 'HTTP/1.1 200 OK\r\nContent-Le', ['TypeError', '']),
  brokenRow('two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd', ['TypeError', '']),
  brokenRow(
    'a length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    ['TypeError', ''],
    { departs: { deno: 'it reads by the chunks', bun: 'it reads by the chunks' } },
  ),
  brokenRow('a body that is cut', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', ['nothing', 'TypeError']),
  brokenRow('chunks that are cut', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', [
    'nothing',
    'TypeError',
  ]),
  brokenRow('a chunk that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', [
    'nothing',
    'TypeError',
  ]),
  brokenRow(
    '101 that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ['TypeError', ''],
    { departs: { deno: 'it gives a Response of status 101' } },
  ),
  {
    name: 'interim responses are passed over',
    async run(fetch, { cannedUrl }) {
      const bytes = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc';
      const response = await fetch(`${cannedUrl}/${canned(bytes)}`);
      return [response.status, response.headers.get('link'), await response.text()];
    },
    expected: [200, null, 'abc'],
  },
  {
    name: 'trailers are passed over',
    async run(fetch, { cannedUrl }) {
      const bytes = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-A: b\r\n\r\n';
      const response = await fetch(`${cannedUrl}/${canned(bytes)}`);
      return [await response.text(), response.headers.get('x-a')];
    },
    expected: ['abc', null],
  },
  {
    name: 'a stream that is sent while the response is awaited',
    async run(fetch, { url }) {
      const response = await fetch(`${url}/take`, {
        method: 'POST',
        body: streamOf('\u0000', '\u0001\u0002'),
        duplex: 'half',
      });
      return (await response.text()).replace(/^.*: /, '');
    },
    expected: '3 bytes, whole',
  },
];
