// The parser inside Node.js, and http-parser-js, which has the same face.

import { createRequire } from 'node:module';
import type { Loop } from '../harness/loop.ts';
import { body, fields, reading, start } from './seen.ts';
import type { Work } from './works.ts';

interface Parser {
  initialize(type: unknown, resource: object): void;
  execute(bytes: Uint8Array): unknown;
  [handler: number]: unknown;
}
interface ParserClass {
  new (type?: unknown): Parser;
  REQUEST: unknown;
  RESPONSE: unknown;
  kOnHeaders: number;
  kOnHeadersComplete: number;
  kOnBody: number;
  kOnExecute: number;
  maxHeaderSize?: number;
}

const require = createRequire(import.meta.url);

export function httpParserJs(work: Work): Loop {
  const { HTTPParser } = require('http-parser-js') as { HTTPParser: ParserClass };
  HTTPParser.maxHeaderSize = 2 ** 30; // against which it counts a whole message that arrives at once, body included
  return read(work, HTTPParser, new HTTPParser(work.kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE));
}

export function fromNode(work: Work): Loop {
  const { HTTPParser } = require('node:_http_common') as { HTTPParser: ParserClass };
  const parser = new HTTPParser();
  parser.initialize(work.kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {});
  return read(work, HTTPParser, parser);
}

function read(work: Work, HTTPParser: ParserClass, parser: Parser): Loop {
  void HTTPParser.kOnExecute; // having been asked for it, http-parser-js calls its handlers as Node's own parser does
  // Heads of more than 32 fields come in several pieces, the target with the first of them.
  parser[HTTPParser.kOnHeaders] = (raw: string[], target: string) => {
    if (target !== '') start(target);
    fields(raw);
  };
  parser[HTTPParser.kOnHeadersComplete] = (
    _major: number,
    _minor: number,
    raw: string[] | undefined,
    _method: number,
    target: string | undefined,
    status: number,
  ) => {
    if (work.kind === 'response') start(status);
    else if (target !== undefined && target !== '') start(target);
    if (raw !== undefined) fields(raw);
    return 0;
  };
  parser[HTTPParser.kOnBody] = body;
  return reading(work, (piece) => {
    const size = parser.execute(piece);
    if (size !== piece.length) throw new Error(`it reads ${size} of ${piece.length} bytes`);
  });
}
