// What nobody who makes strings of a head can do without: its bytes copied once, and decoded once. Of a body, the copy alone. It is told
// where messages begin, and says what ours says.

import type { Loop } from '../harness/loop.ts';
import type { Work } from './works.ts';

export function limit({ pieces, messages, head }: Work, said: Loop['check']): Loop {
  const stream = Buffer.concat(pieces);
  const buffer = Buffer.alloc(stream.length);
  const size = stream.length / messages;
  return {
    units: messages,
    run: () => {
      for (let i = 0, at = 0; i < pieces.length; i++) {
        buffer.set(pieces[i]!, at); // i < pieces.length
        at += pieces[i]!.length;
      }
      let length = 0;
      for (let i = 0; i < messages; i++) length += buffer.toString('latin1', i * size, i * size + head).length;
      return length;
    },
    check: said,
  };
}
