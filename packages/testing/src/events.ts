// Events of the core as lines of text, which any runner compares and prints well. What stands in quotes or brackets is JSON, with a
// character for each byte. Knows nothing of how the events came about.

import type { ClientEvent, Head, HeaderPairs, ServerEvent } from '@halfpipe/core';
import { text } from './octets.ts';

/**
 * One event as one line: `request GET / HTTP/1.1 none [["Host","x"]]`, `response 200 "OK" HTTP/1.1 length=2 [["Content-Length","2"]]`,
 * `data "hi"`, `end`, `lost safe unsent`, `error ERR_CHUNK 400: Cannot …`. A head's line holds version, framing (with the
 * Content-Length), fields, and the relaxations it used; an `end` its trailers, if there are any.
 */
export function lineOf(event: ServerEvent | ClientEvent): string {
  switch (event.type) {
    case 'request':
      return `request ${event.head.method} ${event.head.target} ${headOf(event.head)}`;
    case 'response':
    case 'informational':
      return `${event.type} ${event.head.status} ${JSON.stringify(event.head.reason)} ${headOf(event.head)}`;
    case 'data':
      return quotedLine('data', text(event.bytes));
    case 'end':
      return event.trailers === null ? 'end' : `end ${fieldsOf(event.trailers)}`;
    case 'upgrade':
      return quotedLine('upgrade', text(event.leftover));
    case 'error':
      return `error ${event.error.code} ${event.error.status}: ${event.error.message}`;
    case 'closed':
      return event.error === null ? 'closed' : `closed ${event.error.code}: ${event.error.message}`;
    case 'lost':
      return `lost ${event.retry} ${event.why}`;
    case 'start':
    case 'eof':
      return event.type;
  }
}

function quotedLine(type: 'data' | 'upgrade', bytes: string): string {
  return `${type} ${JSON.stringify(bytes)}`;
}

function headOf({ version, framing, contentLength, headers, relaxed }: Head): string {
  const body = contentLength === null ? framing : `${framing}=${contentLength}`;
  const used = relaxed.length === 0 ? '' : ` relaxed:${relaxed.join(',')}`;
  return `HTTP/${version} ${body} ${fieldsOf(headers)}${used}`;
}

function fieldsOf(headers: HeaderPairs): string {
  return JSON.stringify([...headers]);
}

/** A line that more bytes may join. */
interface OpenLine {
  readonly type: 'data' | 'upgrade';
  readonly exchange: object;
  bytes: string;
}

/**
 * Events as lines that do not depend on how the bytes were cut: the pieces of a body that follow each other are one `data` line.
 *
 * @example
 * const log = new EventLog();
 * for (const event of server.receive(bytes)) log.add(event);
 * expect(log.lines).toEqual(['request PUT / HTTP/1.1 length=5 [["Host","x"],["Content-Length","5"]]', 'data "hello"', 'end']);
 */
export class EventLog {
  readonly #lines: string[] = [];
  #open: OpenLine | null = null;

  /** Adds an event behind the others. */
  add(event: ServerEvent | ClientEvent): void {
    if (event.type === 'data') {
      if (this.#open?.type === 'data' && this.#open.exchange === event.exchange) this.#open.bytes += text(event.bytes);
      else this.#begin({ type: 'data', exchange: event.exchange, bytes: text(event.bytes) });
    } else if (event.type === 'upgrade') {
      this.#begin({ type: 'upgrade', exchange: event.exchange, bytes: text(event.leftover) });
    } else {
      this.#begin(null);
      this.#lines.push(lineOf(event));
    }
  }

  /** Adds bytes of the other protocol that came behind an `upgrade`, which is the last event, to its line. */
  addLeftover(bytes: Uint8Array): void {
    if (this.#open?.type !== 'upgrade') throw new TypeError('Cannot add a leftover: the last event is no upgrade');
    this.#open.bytes += text(bytes);
  }

  /** All lines so far; a new array each time. */
  get lines(): string[] {
    const open = this.#open;
    return open === null ? [...this.#lines] : [...this.#lines, quotedLine(open.type, open.bytes)];
  }

  #begin(open: OpenLine | null): void {
    if (this.#open !== null) this.#lines.push(quotedLine(this.#open.type, this.#open.bytes));
    this.#open = open;
  }
}

/** Pulls all events that there are and gives their lines, the pieces of a body merged: `expect(collect(server.receive(bytes))).toEqual([…])`. */
export function collect(connection: Iterable<ServerEvent> | Iterable<ClientEvent>): string[] {
  const log = new EventLog();
  for (const event of connection) log.add(event);
  return log.lines;
}

/** Takes all output that is queued and gives it as text, a character for each byte. */
export function drain(connection: { nextChunk(): Uint8Array | null }): string {
  let output = '';
  for (let chunk = connection.nextChunk(); chunk !== null; chunk = connection.nextChunk()) output += text(chunk);
  return output;
}
