// The form of the corpus: bytes that have one reading, by section, and what the reading is. Knows nothing of how they are fed.

import { type ClientRun, lines, type ServerRun } from '../pair.ts';

/**
 * A name, the bytes, and what is read of them in order: messages (`GET /a`, `POST /a "hello"`, `200 "hello"`), then `waits` if one is
 * incomplete, or the code and status of an error. In the text a character stands for a byte.
 */
export type Row<Run> = readonly [name: string, bytes: string, reads: readonly string[], run?: Run];

export type RequestRow = Row<ServerRun>;
export type ResponseRow = Row<ClientRun>;

export interface RequestTable {
  readonly section: string;
  readonly rows: readonly RequestRow[];
}

export interface ResponseTable {
  readonly section: string;
  readonly rows: readonly ResponseRow[];
}

export const host = 'Host: a.example';

/** What an attacker wants to be taken for a request of its own. */
export const smuggled: string = lines('GET /smuggled HTTP/1.1', host);

/** What an attacker wants to be taken for a response of its own. */
export const poisoned: string = lines('HTTP/1.1 299 Poisoned', 'Content-Length: 0');

/** A GET of `/a` with those fields behind Host. */
export function get(...fields: readonly string[]): string {
  return lines('GET /a HTTP/1.1', host, ...fields);
}

/** The head of a POST to `/a` with those fields behind Host. */
export function post(...fields: readonly string[]): string {
  return lines('POST /a HTTP/1.1', host, ...fields);
}

/** A POST to `/a` whose body is announced as chunked. */
export function chunked(body: string): string {
  return post('Transfer-Encoding: chunked') + body;
}

/** The head of a 200 with those fields. */
export function ok(...fields: readonly string[]): string {
  return lines('HTTP/1.1 200 OK', ...fields);
}

/** "hello" in one chunk, and the last chunk. */
export const hello = '5\r\nhello\r\n0\r\n\r\n';
