// The parsers to compare, each in its fastest correct use: one for all messages of a connection. They only parse.

import { Absent } from '../harness/absent.ts';
import type { Loop, Peer } from '../harness/loop.ts';
import { fromNode, httpParserJs } from './http-parser.ts';
import { limit } from './limit.ts';
import { llhttpWasm } from './llhttp-wasm.ts';
import { milo } from './milo.ts';
import { halfpipe, headOnly, readTwice } from './ours.ts';
import { undici } from './undici.ts';
import { type Work, works } from './works.ts';

export const peers: Readonly<Record<string, Peer>> = {
  halfpipe: on(halfpipe),
  'llhttp-wasm': on(llhttpWasm),
  'http-parser-js': on(httpParserJs),
  node: on(fromNode),
  undici: on(undici),
  milo: on(milo),
  'second opinion': on(readTwice),
  'head only': on(headOnly),
  limit: on((work) => limit(work, halfpipe(work).check)),
};

function on(read: (work: Work) => Loop | Promise<Loop>): Peer {
  return (name) => {
    const work = works[name];
    if (work === undefined) throw new Absent(`it knows no ${name}`);
    return read(work);
  };
}
