// The parsers to compare, each in its fastest correct use, behind one face: a whole message in, and out a number made of everything
// that was read, so that nobody gains by reading less. Every field is made a string by all of them.

import { createRequire } from 'node:module';
import { ClientConnection, type Head, type Options, ServerConnection } from '@halfpipe/core';
import { createParser } from 'llhttp-wasm';
import { Input } from '../packages/core/dist/input.js';
import { HeadReader } from '../packages/core/dist/parser.js';

/** Reads one whole message of a kept connection. */
export type Read = (message: Uint8Array) => number;
export type Kind = 'request' | 'response';

export const peers: Readonly<Record<string, (kind: Kind) => Read>> = {
  'llhttp-wasm': llhttpWasm,
  'http-parser-js': httpParserJs,
  node: nodeNative,
};

/** A whole cycle of the server: bytes in, events, every field read, 204 out. */
export function server(options?: Options): Read {
  const connection = new ServerConnection(options);
  let time = 0;
  return (message) => {
    let seen = 0;
    connection.advance(++time);
    connection.receive(message);
    for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent()) {
      if (event.type === 'request') seen += event.head.target.length + sizeOf(event.head.headers.raw);
      else if (event.type === 'data') seen += event.bytes.length;
      else if (event.type === 'end') event.exchange.respond({ status: 204 });
      else throw new Error(`Cannot measure: ${JSON.stringify(event)}`);
    }
    while (connection.nextChunk() !== null);
    return seen;
  };
}

/** A whole cycle of the client: a request out, its response in. */
export function client(options?: Options): Read {
  const connection = new ClientConnection({ ...options, persistent: true });
  const request = { method: 'GET', target: '/', headers: [['Host', 'example.com']] } as const;
  let time = 0;
  return (message) => {
    let seen = 0;
    connection.advance(++time);
    connection.request(request);
    while (connection.nextChunk() !== null);
    connection.receive(message);
    for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent()) {
      if (event.type === 'response') seen += event.head.status + sizeOf(event.head.headers.raw);
      else if (event.type === 'data') seen += event.bytes.length;
      else if (event.type !== 'end') throw new Error(`Cannot measure: ${JSON.stringify(event)}`);
    }
    return seen;
  };
}

/** The part of ours that reads heads, without a connection around it: what a parser alone does. */
export function headOnly(kind: Kind): Read {
  const input = new Input();
  const reader = new HeadReader({ headSize: 16384, startLineSize: 8192, headers: 100, trailerSize: 4096 }, []);
  return (message) => {
    input.push(message);
    if (reader.read(kind, input) !== true) throw new Error('Cannot measure: not one whole head');
    const body = input.drop();
    return (kind === 'request' ? reader.target.length : reader.status) + sizeOf(reader.raw) + body;
  };
}

/** What nobody who makes strings of a head can do without: its bytes copied once, and decoded once. Of a body, the copy alone. */
export function limit(message: Uint8Array, head: number): () => number {
  const buffer: Buffer = Buffer.alloc(message.length);
  return () => {
    buffer.set(message);
    return buffer.toString('latin1', 0, head).length;
  };
}

function sizeOf(strings: Head['headers']['raw']): number {
  let size = 0;
  for (let i = 0; i < strings.length; i++) size += strings[i]!.length; // i < strings.length
  return size;
}

// The types want the number and the code the word: the number makes a parser that takes requests and responses alike.
const createNamedParser = createParser as unknown as (type: 'REQUEST' | 'RESPONSE') => ReturnType<typeof createParser>;

function llhttpWasm(kind: Kind): Read {
  const parser = createNamedParser(kind === 'request' ? 'REQUEST' : 'RESPONSE');
  let seen = 0;
  parser.onHeadersComplete = (message) => {
    seen += (kind === 'request' ? message.url!.length : message.statusCode!) + sizeOf(message.rawHeaders);
    return 0;
  };
  parser.onBody = (bytes) => {
    seen += bytes.length;
    return 0;
  };
  return (message) => {
    seen = 0;
    if (parser.execute(message) !== 0) throw new Error('Cannot measure: llhttp-wasm refuses the message');
    return seen;
  };
}

interface NodeParser {
  initialize(type: unknown, resource: object): void;
  execute(bytes: Uint8Array): unknown;
  [handler: number]: unknown;
}
interface NodeParserClass {
  new (type?: unknown): NodeParser;
  REQUEST: unknown;
  RESPONSE: unknown;
  kOnHeaders: number;
  kOnHeadersComplete: number;
  kOnBody: number;
  kOnExecute: number;
  maxHeaderSize?: number;
}

const require = createRequire(import.meta.url);

function httpParserJs(kind: Kind): Read {
  const { HTTPParser } = require('http-parser-js') as { HTTPParser: NodeParserClass };
  HTTPParser.maxHeaderSize = 2 ** 30; // against which it counts a whole message that arrives at once, body included
  const parser = new HTTPParser(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE);
  return nodeRead(HTTPParser, parser, kind);
}

function nodeNative(kind: Kind): Read {
  const { HTTPParser } = require('node:_http_common') as { HTTPParser: NodeParserClass };
  const parser = new HTTPParser();
  parser.initialize(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {});
  return nodeRead(HTTPParser, parser, kind);
}

function nodeRead(HTTPParser: NodeParserClass, parser: NodeParser, kind: Kind): Read {
  let seen = 0;
  void HTTPParser.kOnExecute; // having been asked for it, http-parser-js calls its handlers as Node's own parser does
  // Heads of more than 32 fields come in several pieces, the target with the first of them.
  parser[HTTPParser.kOnHeaders] = (raw: string[], target: string) => {
    seen += target.length + sizeOf(raw);
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    raw: string[] | undefined,
    _method: number,
    target: string | undefined,
    status: number,
  ) => {
    seen += kind === 'request' ? (target?.length ?? 0) : status;
    if (raw !== undefined) seen += sizeOf(raw);
    return 0;
  };
  parser[HTTPParser.kOnBody] = (bytes: Uint8Array) => {
    seen += bytes.length;
  };
  return (message) => {
    seen = 0;
    const read = parser.execute(message);
    if (read !== message.length) throw new Error(`Cannot measure: the message is not read whole: ${read}`);
    return seen;
  };
}
