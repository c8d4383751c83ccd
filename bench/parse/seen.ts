// What a parser hands over. While it is timed only sizes are added up, so that nobody gains by reading less; when it is checked all is kept,
// in a form that is the same however it came in pieces.

import type { Loop } from '../harness/loop.ts';
import type { Work } from './works.ts';

let size = 0;
let kept: { starts: (string | number)[]; fields: string[]; body: number; sum: number } | null = null;

/** A request-target or a status. */
export function start(of: string | number): void {
  size += typeof of === 'string' ? of.length : of;
  kept?.starts.push(of);
}

/** Field names and values in turn; those of a head may come in several calls. */
export function fields(raw: readonly string[]): void {
  for (let i = 0; i < raw.length; i++) size += raw[i]!.length; // i < raw.length
  kept?.fields.push(...raw);
}

/** A piece of a body. */
export function body(bytes: Uint8Array): void {
  size += bytes.length;
  if (kept === null) return;
  kept.body += bytes.length;
  for (const byte of bytes) kept.sum = (kept.sum * 31 + byte) >>> 0;
}

/** Reads the work's pieces over and over. */
export function reading({ pieces, messages }: Work, read: (piece: Uint8Array) => void): Loop {
  return {
    units: messages,
    run: () => {
      size = 0;
      for (let i = 0; i < pieces.length; i++) read(pieces[i]!); // i < pieces.length
      return size;
    },
    check: () => {
      kept = { starts: [], fields: [], body: 0, sum: 7 };
      try {
        for (const piece of pieces) read(piece);
        return JSON.stringify(kept);
      } finally {
        kept = null;
      }
    },
  };
}
