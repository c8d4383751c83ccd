// milo: hands over places in the bytes that it was given. What it leaves unread of a piece must be put before the next one; here that
// happens in its memory, without another copy of the rest.

import type { Loop } from '../harness/loop.ts';
import { optional } from '../harness/optional.ts';
import { latin1 } from './latin1.ts';
import { body, fields, reading, start } from './seen.ts';
import type { Work } from './works.ts';

type Callback = (parser: number, at: number, size: number) => void;
interface Milo {
  memory: WebAssembly.Memory;
  alloc(size: number): number;
  create(): number;
  parse(parser: number, at: number, size: number): number;
  setMode(parser: number, mode: 1 | 2): void;
  getStatus(parser: number): number;
  getErrorCode(parser: number): number;
  setOnUrl(parser: number, callback: Callback): void;
  setOnHeaderName(parser: number, callback: Callback): void;
  setOnHeaderValue(parser: number, callback: Callback): void;
  setOnHeaders(parser: number, callback: Callback): void;
  setOnData(parser: number, callback: Callback): void;
}

export function milo(work: Work): Loop {
  const { milo } = optional('@perseveranza-pets/milo') as { milo: Milo };
  const parser = milo.create();
  const longest = Math.max(...work.pieces.map(({ length }) => length));
  const room = longest + work.head + 1024; // what it leaves is never more than a head
  const at = milo.alloc(room);
  let memory = Buffer.from(milo.memory.buffer, at, room);
  let target = '';
  let raw: string[] = [];
  milo.setMode(parser, work.kind === 'request' ? 1 : 2);
  milo.setOnUrl(parser, (_, from, size) => {
    target = latin1(memory, from, from + size);
  });
  const field: Callback = (_, from, size) => {
    raw.push(latin1(memory, from, from + size));
  };
  milo.setOnHeaderName(parser, field);
  milo.setOnHeaderValue(parser, field);
  milo.setOnHeaders(parser, () => {
    start(work.kind === 'request' ? target : milo.getStatus(parser));
    fields(raw);
    raw = [];
  });
  milo.setOnData(parser, (_, from, size) => body(memory.subarray(from, from + size)));
  let left = 0;
  return reading(work, (piece) => {
    if (memory.length === 0) memory = Buffer.from(milo.memory.buffer, at, room); // it has grown meanwhile
    memory.set(piece, left);
    const size = left + piece.length;
    const read = milo.parse(parser, at, size);
    const error = milo.getErrorCode(parser);
    if (error !== 0) throw new Error(`it refuses the message with ${error}`);
    left = size - read;
    if (left > 0) memory.copyWithin(0, read, size);
  });
}
