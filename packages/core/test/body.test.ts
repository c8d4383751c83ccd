// Bytes to the pieces of a chunked body: what may stand in a chunk's line, how far it is counted, and how a mistake is named
// (RFC 9112 §7.1).

import { BodyReader } from '../src/body.ts';
import { RemoteProtocolError } from '../src/index.ts';
import { Input } from '../src/input.ts';
import { ascii, cut, cuts, textOf } from './pair.ts';

const headLimits = { headSize: 16_384, startLineSize: 8_192, headers: 100, trailerSize: 4_096 };
const generous = { ...headLimits, bodySize: Number.POSITIVE_INFINITY, chunkLineSize: 100, extensionSize: 100 };

/** The body and what is left behind it, or the message of the mistake; the same for every cut. */
function read(text: string, limits = generous): string {
  const results = cuts.map((how) => {
    const reader = new BodyReader({ framing: 'chunked', size: 0, contentLength: null }, limits);
    const input = new Input();
    let body = '';
    for (const chunk of cut(ascii(text), how)) {
      input.push(chunk);
      for (let piece = reader.read(input); piece !== 'more'; piece = reader.read(input)) {
        if (piece instanceof RemoteProtocolError) return piece.message;
        if (piece === 'end') return `${body} and ${input.size}`;
        body += textOf(piece);
      }
    }
    return `${body} and more`;
  });
  expect(new Set(results).size).toBe(1);
  return results[0] ?? '';
}

const last = '\r\n0\r\n\r\n';

test.each<[string, string]>([
  ['white space before an extension', '5 \t ;a'],
  ['white space before its name', '5; \t a'],
  ['white space before its value', '5;a= \t b'],
  ['white space on both sides of the equals sign', '5;a \t = \t b'],
  ['white space behind its value', '5;a=b \t ;c'],
  ['white space behind its name', '5;a \t ;b'],
  ['a quoted value with a pair in it', '5;a="b\\"c;d"'],
  ['white space behind a quoted value', '5;a="" \t ;b'],
])('a chunk line may have %s (RFC 9112 §7.1.1)', (_, line) => {
  expect(read(`${line}\r\nhello${last}`)).toBe('hello and 0');
});

test('a chunk line is counted to its end, and what is behind its data is not', () => {
  const line = '5;a="b"\r\n';
  const limits = { ...generous, chunkLineSize: line.length };
  expect(read(`${line}hello\r\n${line}hello${last}`, limits)).toBe('hellohello and 0');
  expect(read(`${line}hello${last}`, { ...limits, chunkLineSize: line.length - 1 })).toBe(
    'Cannot accept the chunk: its line is longer than 8 bytes',
  );
});

test.each<[string, string]>([
  ['x', 'the chunk size: unexpected "x"'],
  ['5x', 'the chunk size: unexpected "x"'],
  ['5 x', 'the chunk line: unexpected "x"'],
  ['5;;', 'the chunk line: unexpected ";"'],
  ['5;a/', 'the chunk line: unexpected "/"'],
  ['5;a x', 'the chunk line: unexpected "x"'],
  ['5;a =;', 'the chunk line: unexpected ";"'],
  ['5;a=b"', 'the chunk line: unexpected """'],
  ['5;a="\x01\r\nhello', 'the chunk line: unexpected 0x01'],
  ['5;a="\\\x01\r\nhello', 'the chunk line: unexpected 0x01'],
  ['5;a="b"c', 'the chunk line: unexpected "c"'],
  ['5\rx', 'the chunk line: unexpected "x"'],
  ['5\r\nhellox', 'the end of the chunk: unexpected "x"'],
  ['5\r\nhello\rx', 'the end of the chunk: unexpected "x"'],
])('%j is a mistake in %s', (text, mistake) => {
  expect(read(text)).toBe(`Cannot parse ${mistake}`);
});
