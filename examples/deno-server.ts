// A server on Deno that says more than one answer holds: hints ahead of it (103), and a digest of the body behind it (RFC 9530). It is
// called by Deno's own fetch, which shows neither, and then by a bare connection, which hangs up its side before it is answered.
//
//   deno run --allow-net examples/deno-server.ts

import { type IncomingRequest, listen, open, type Reply } from '@halfpipe/deno';

const listener = await listen(answer, { onError: (error) => console.error(error) });
if (!('port' in listener.address)) throw new TypeError('Cannot tell the port');
const { host, port } = listener.address;

async function answer(request: IncomingRequest): Promise<Reply> {
  // The body is read to its end before the answer begins.
  const page = new TextEncoder().encode(`<h1>Hello, ${(await request.body.text()) || 'nobody'}</h1>`);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', page));
  // What the page will want can be fetched while the page is still being made.
  request.inform(103, [['Link', '</style.css>; rel=preload; as=style']]);
  return {
    headers: [
      ['Content-Type', 'text/html; charset=utf-8'],
      ['Trailer', 'Content-Digest'],
    ],
    body: halves(page),
    trailers: () => [['Content-Digest', `sha-256=:${btoa(String.fromCharCode(...digest))}:`]],
  };
}

/** Each is asked for when there is room for it. */
async function* halves(page: Uint8Array): AsyncGenerator<Uint8Array> {
  const middle = page.length >> 1;
  yield page.subarray(0, middle);
  yield page.subarray(middle);
}

const response = await fetch(`http://${host}:${port}/`, { method: 'POST', body: 'fetch' });
console.log(`fetch: ${response.status}, ${await response.text()}`);

const transport = await open({ host, port })(AbortSignal.timeout(5_000));
const decoder = new TextDecoder();
let text = '';
const closed = new Promise((resolve) => {
  transport.start({
    bytes(bytes) {
      text += decoder.decode(bytes, { stream: true });
    },
    end: (eof) => console.log(`The server has ended its side: ${eof}`),
    writable() {},
    closed: resolve,
  });
});
transport.write(new TextEncoder().encode('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nwire'));
transport.end();
await closed;
for (const line of text.trimEnd().split('\r\n')) console.log(`| ${line}`);

await listener.shutdown();
console.log('Closed');
