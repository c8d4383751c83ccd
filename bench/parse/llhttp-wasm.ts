// llhttp-wasm: hands over whole heads. Where a field comes in pieces it takes each for a field of its own, which is its mistake and not
// the glue's.

import { createParser } from 'llhttp-wasm';
import type { Loop } from '../harness/loop.ts';
import { body, fields, reading, start } from './seen.ts';
import type { Work } from './works.ts';

// The types want the number and the code the word: the number makes a parser that takes requests and responses alike.
const createNamedParser = createParser as unknown as (type: 'REQUEST' | 'RESPONSE') => ReturnType<typeof createParser>;

export function llhttpWasm(work: Work): Loop {
  const parser = createNamedParser(work.kind === 'request' ? 'REQUEST' : 'RESPONSE');
  parser.onHeadersComplete = (message) => {
    start((work.kind === 'request' ? message.url : message.statusCode) ?? '');
    fields(message.rawHeaders);
    return 0;
  };
  parser.onBody = (bytes) => {
    body(bytes);
    return 0;
  };
  return reading(work, (piece) => {
    if (parser.execute(piece) !== 0) throw new Error('llhttp-wasm refuses the message');
  });
}
