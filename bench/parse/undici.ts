// The llhttp inside undici, without undici: its WebAssembly with a glue of our own, since undici's own belongs to its client, makes strings
// of no field name, and takes responses only. A token that comes in pieces is put together.

import { createRequire } from 'node:module';
import type { Loop } from '../harness/loop.ts';
import { latin1 } from './latin1.ts';
import { body, fields, reading, start } from './seen.ts';
import type { Work } from './works.ts';

interface Llhttp {
  memory: WebAssembly.Memory;
  _initialize?(): void;
  malloc(size: number): number;
  llhttp_alloc(type: 1 | 2): number;
  llhttp_execute(parser: number, at: number, size: number): number;
}

const require = createRequire(import.meta.url);

export function undici(work: Work): Loop {
  let target = '';
  let raw: string[] = [];
  /** Whether the last piece of a field belonged to its name or its value. */
  let last: 'name' | 'value' | null = null;
  const text = (at: number, size: number) => latin1(memory, at, at + size);
  const env = {
    wasm_on_message_begin: () => {
      target = '';
      raw = [];
      last = null;
      return 0;
    },
    wasm_on_url: (_: number, at: number, size: number) => {
      target += text(at, size);
      return 0;
    },
    wasm_on_status: () => 0,
    wasm_on_header_field: (_: number, at: number, size: number) => {
      if (last === 'name') raw[raw.length - 1] += text(at, size);
      else {
        if (raw.length % 2 === 1) raw.push(''); // a value without a character is not told
        raw.push(text(at, size));
      }
      last = 'name';
      return 0;
    },
    wasm_on_header_value: (_: number, at: number, size: number) => {
      if (last === 'value') raw[raw.length - 1] += text(at, size);
      else raw.push(text(at, size));
      last = 'value';
      return 0;
    },
    wasm_on_headers_complete: (_: number, status: number) => {
      start(work.kind === 'request' ? target : status);
      fields(raw);
      return 0;
    },
    // The views are of our own bytes, as undici makes them.
    wasm_on_body: (_: number, at: number, size: number) => {
      const from = at - buffer;
      body(piece.subarray(from, from + size));
      return 0;
    },
    wasm_on_message_complete: () => 0,
  };
  const module = new WebAssembly.Module(require('undici/lib/llhttp/llhttp_simd-wasm.js') as BufferSource);
  const llhttp = new WebAssembly.Instance(module, { env }).exports as unknown as Llhttp; // what undici itself takes them for
  llhttp._initialize?.();
  const parser = llhttp.llhttp_alloc(work.kind === 'request' ? 1 : 2);
  const buffer = llhttp.malloc(Math.max(...work.pieces.map(({ length }) => length)));
  const memory = Buffer.from(llhttp.memory.buffer);
  let piece: Uint8Array = memory;
  return reading(work, (next) => {
    piece = next;
    memory.set(next, buffer);
    const code = llhttp.llhttp_execute(parser, buffer, next.length);
    if (code !== 0) throw new Error(`it refuses the message with ${code}`);
  });
}
