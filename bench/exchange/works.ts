// The exchanges: what the client sends and what it is answered, and which of both is measured.

import {
  ascii,
  browserRequest,
  chunkedRequest,
  largeRequest,
  siteResponse,
  smallRequest,
} from '../harness/messages.ts';

export interface Work {
  /** Who is driven; the other one's bytes are there from the start. */
  readonly role: 'server' | 'client' | 'both';
  /** The request as bytes, for servers. */
  readonly request: Uint8Array;
  /** What it carries, for clients. */
  readonly upload: Uint8Array | null;
  /** The response as bytes, for clients. */
  readonly response: Uint8Array;
  /** What it carries, for servers. */
  readonly download: Uint8Array;
}

const hello = ascii('Hello, world!');
const page = ascii('page '.repeat(3277).slice(0, 16_384));
const form = ascii('a=b&'.repeat(256));

const answer = (body: Uint8Array) =>
  Buffer.concat([ascii(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`), body]);
const post = Buffer.concat([
  ascii(`POST /form HTTP/1.1\r\nHost: www.example.com\r\nContent-Length: ${form.length}\r\n\r\n`),
  form,
]);

const get = { role: 'server', request: smallRequest, upload: null, response: answer(hello), download: hello } as const;

export const works: Readonly<Record<string, Work>> = {
  'server: GET of 49 B': get,
  'server: GET of 703 B': { ...get, request: browserRequest },
  'server: GET of 8 KiB': { ...get, request: largeRequest },
  'server: GET answered with 16 KiB': { ...get, download: page },
  'server: POST of 1 KiB': { ...get, request: post },
  'server: POST of 4 chunks of 16 B': { ...get, request: chunkedRequest(16, 4) },
  'client: GET answered with 13 B': { ...get, role: 'client' },
  'client: GET answered with 613 B': { ...get, role: 'client', response: siteResponse },
  'client: GET answered with 16 KiB': { ...get, role: 'client', response: answer(page), download: page },
  'client: POST of 1 KiB': { ...get, role: 'client', upload: form },
  'both: GET answered with 13 B': { ...get, role: 'both' },
  'both: POST of 1 KiB': { ...get, role: 'both', upload: form },
};

/** What a client asks for, and what a server answers with. */
export const requestHead = { method: 'GET', target: '/hello', headers: [['Host', 'www.example.com:80']] } as const;
export const responseHead = { status: 200, headers: [['Content-Type', 'text/plain']] } as const;
