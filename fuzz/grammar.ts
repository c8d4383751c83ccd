// The wire, read once more by the grammar of RFC 9112 and nothing else: whatever was taken for a message must be one. Says nothing of
// what was refused, nor of what took a relaxation to read.

import { must } from './watch.ts';

/** A message as it was taken in, up to its end. */
export interface Message {
  readonly kind: 'request' | 'response';
  readonly framing: string;
  readonly relaxed: readonly string[];
  readonly body: string;
}

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const text = '[\\t\\x20-\\x7e\\x80-\\xff]';
const fieldLines = `(?:${token}:${text}*\\r\\n)*\\r\\n`;
const quoted = `"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\${text})*"`;
const extension = `[\\t ]*;[\\t ]*${token}(?:[\\t ]*=[\\t ]*(?:${token}|${quoted}))?`;
const heads = {
  // Of a target no more than that it has none of the bytes that would end it, and that it is ASCII.
  request: new RegExp(`(?:\\r\\n)?${token} [\\x21\\x22\\x24-\\x7e]+ HTTP/1\\.[0-9]\\r\\n${fieldLines}`, 'y'),
  response: new RegExp(`HTTP/1\\.[0-9] [1-9][0-9]{2}(?: ${text}*)?\\r\\n${fieldLines}`, 'y'),
};
const chunkLine = new RegExp(`([0-9A-Fa-f]{1,16})(?:${extension})*\\r\\n`, 'y');
const lineEnd = /\r\n/y;
const trailers = new RegExp(fieldLines, 'y');
const lengthField = /\r\ncontent-length:[\t ]*([0-9]+)/i;

/** Finds those messages, one behind the other, at the beginning of the wire. `relaxes`: a trailer section may have been relaxed. */
export function checkGrammar(wire: string, messages: readonly Message[], relaxes: boolean): void {
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray => {
    pattern.lastIndex = at;
    const match = pattern.exec(wire);
    must(match !== null, 'what was taken for a message is none', wire.slice(at, at + 100));
    at = pattern.lastIndex;
    return match;
  };
  const take = (size: number): string => {
    at += size;
    return wire.slice(at - size, at);
  };
  for (const { kind, framing, relaxed, body } of messages) {
    if (relaxed.length > 0) return;
    const [head] = next(heads[kind]);
    let read = '';
    if (framing === 'length') read = take(Number(lengthField.exec(head)?.[1]));
    else if (framing === 'until-close') read = take(wire.length);
    else if (framing === 'chunked') {
      for (let size = chunkSize(next); size > 0; size = chunkSize(next)) {
        read += take(size);
        next(lineEnd);
      }
      if (relaxes && !wire.startsWith('\r\n', at)) return;
      next(trailers);
    }
    must(read === body, 'a body is not what stands on the wire', body, read);
  }
}

function chunkSize(next: (pattern: RegExp) => RegExpExecArray): number {
  return Number.parseInt(next(chunkLine)[1] ?? '', 16);
}
