// Requests whose chunks decide: sizes, extensions, line ends, trailers (RFC 9112 §7.1).

import { lines } from '../pair.ts';
import { chunked, get, hello, type RequestTable, smuggled } from './case.ts';

const badChunk = ['ERR_CHUNK 400'];
const tooMuch = ['ERR_CHUNK 413'];
const badTrailer = ['ERR_HEADER 400'];

/** "hello" behind that chunk line, without the line end. */
function sized(line: string): string {
  return chunked(`${line}\r\nhello\r\n0\r\n\r\n`);
}

const sizes: RequestTable = {
  section: 'RFC 9112 §7.1, chunk-size',
  rows: [
    ['one chunk', chunked(hello) + get(), ['POST /a "hello"', 'GET /a']],
    ['several chunks', chunked('1\r\na\r\n2\r\nbc\r\n0\r\n\r\n'), ['POST /a "abc"']],
    ['no chunk but the last', chunked('0\r\n\r\n'), ['POST /a']],
    ['leading zeros', chunked('0005\r\nhello\r\n000\r\n\r\n'), ['POST /a "hello"']],
    ['sixteen digits', sized('0000000000000005'), ['POST /a "hello"']],
    ['both cases', chunked(`aA\r\n${'x'.repeat(170)}\r\n0\r\n\r\n`), [`POST /a "${'x'.repeat(170)}"`]],
    ['line ends in the data', chunked('4\r\n\r\n\r\n\r\n0\r\n\r\n'), ['POST /a "\\r\\n\\r\\n"']],
    [
      'a request in the data',
      chunked(`${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`) + get(),
      [`POST /a ${JSON.stringify(smuggled)}`, 'GET /a'],
    ],
    ['2^53 - 1', chunked('1fffffffffffff\r\nhello'), ['waits']],
    ['beyond 32 bits', chunked(`100000005\r\nhello\r\n0\r\n\r\n${smuggled}`), ['waits']],
    ['5,000 chunks of a byte', chunked(`${'1\r\nx\r\n'.repeat(5_000)}0\r\n\r\n`), [`POST /a "${'x'.repeat(5_000)}"`]],
    ['empty', chunked('\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['a plus sign', sized('+5'), badChunk],
    ['a minus sign', sized('-5'), badChunk],
    ['minus zero', chunked('-0\r\n\r\n'), badChunk],
    ['a negative number of 32 bits', chunked('-f0000000\r\nhello'), badChunk],
    ['a prefix', sized('0x5'), badChunk],
    ['an underscore', sized('0_5'), badChunk],
    ['a point', sized('5.0'), badChunk],
    ['a comma', sized('5,'), badChunk],
    ['a space before it', sized(' 5'), badChunk],
    ['a tab before it', sized('\t5'), badChunk],
    ['a space behind it', sized('5 '), badChunk],
    ['a tab behind it', sized('5\t'), badChunk],
    ['a word behind it', sized('5 bytes'), badChunk],
    ['a letter behind it', sized('5g'), badChunk],
    ['the suffix h', sized('5h'), badChunk],
    ['a NUL behind it', sized('5\0'), badChunk],
    ['a full-width digit', sized('\xef\xbc\x95'), badChunk],
    ['2^53', chunked('20000000000000\r\nhello'), badChunk],
    ['2^64', chunked(`10000000000000000\r\n\r\n${smuggled}`), badChunk],
    ['2^64 + 5', sized('10000000000000005'), badChunk],
    ['sixteen f', sized('ffffffffffffffff'), badChunk],
    ['seventeen digits', sized('00000000000000005'), badChunk],
    ['1,000 zeros', sized(`${'0'.repeat(1_000)}5`), badChunk],
  ],
};

const lineEnds: RequestTable = {
  section: 'RFC 9112 §7.1, the line ends of a chunk',
  rows: [
    ['LF behind the size', chunked('5\nhello\r\n0\r\n\r\n'), badChunk],
    ['CR behind the size', chunked('5\rhello\r\n0\r\n\r\n'), badChunk],
    ['CR and a letter behind the size', chunked('5\rXhello\r\n0\r\n\r\n'), badChunk],
    ['CR CR LF behind the size', chunked('5\r\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['LF behind the data', chunked('5\r\nhello\n0\r\n\r\n'), badChunk],
    ['CR behind the data', chunked('5\r\nhello\r0\r\n\r\n'), badChunk],
    ['CR and a letter behind the data', chunked('5\r\nhello\rX0\r\n\r\n'), badChunk],
    ['a letter and LF behind the data', chunked('5\r\nhelloX\n0\r\n\r\n'), badChunk],
    ['two letters behind the data', chunked('5\r\nhelloXX0\r\n\r\n'), badChunk],
    ['nothing behind the data', chunked('5\r\nhello0\r\n\r\n'), badChunk],
    ['an empty line behind the data', chunked('5\r\nhello\r\n\r\n0\r\n\r\n'), badChunk],
    ['data longer than its size', chunked('5\r\nhello!!\r\n0\r\n\r\n'), badChunk],
    ['data shorter than its size', chunked(`7\r\nhello\r\n0\r\n\r\n${smuggled}`), badChunk],
    ['LF behind the last size', chunked('0\n\r\n'), badChunk],
    ['LF for the empty line', chunked('0\r\n\n'), badTrailer],
    ['CR CR LF behind the last size', chunked('0\r\r\n\r\n'), badChunk],
    ['two letters for the empty line', chunked(`0\r\nXX${smuggled}`), badTrailer],
    ['no empty line', chunked(`0\r\n${smuggled}`), badTrailer],
    ['CR and a letter for the empty line', chunked(`0\r\n\rX${smuggled}`), badTrailer],
  ],
};

const extensions: RequestTable = {
  section: 'RFC 9112 §7.1.1, chunk extensions',
  rows: [
    ['a name', sized('5;a'), ['POST /a "hello"']],
    ['a value', sized('5;a=b'), ['POST /a "hello"']],
    ['several', sized('5;a=b;c;d="e"'), ['POST /a "hello"']],
    ['a quoted value with what would end it', sized('5;a="b;c\\"d"'), ['POST /a "hello"']],
    ['a quoted value with a tab and bytes above 0x7F', sized('5;a="\t\xff"'), ['POST /a "hello"']],
    ['an empty quoted value', sized('5;a=""'), ['POST /a "hello"']],
    ['of the last chunk', chunked('5\r\nhello\r\n0;a=b\r\n\r\n'), ['POST /a "hello"']],
    ['bad white space, which must be read (RFC 9110 §5.6.3)', sized('5 ; a = b\t;\tc'), ['POST /a "hello"']],
    ['a semicolon alone', sized('5;'), badChunk],
    ['two semicolons', sized('5;;a'), badChunk],
    ['no name', sized('5;=b'), badChunk],
    ['no value', sized('5;a='), badChunk],
    ['a space behind it', sized('5;a '), badChunk],
    ['two words', sized('5;a b'), badChunk],
    ['a value of two words', sized('5;a=b c'), badChunk],
    ['a name in quotation marks', sized('5;"a"'), badChunk],
    ['letters behind a quoted value', sized('5;a="b"c'), badChunk],
    ['an LF at its end', chunked('5;a\nhello\r\n0\r\n\r\n'), badChunk],
    [
      'an LF that hides a chunk',
      chunked(`2;\nhi\r\n${smuggled.length.toString(16)}\r\n0\r\n\r\n${smuggled}`),
      badChunk,
    ],
    ['an LF in a quoted value', sized('5;a="b\nc"'), badChunk],
    ['a CR', sized('5;a\rb'), badChunk],
    ['a CR before the semicolon', chunked('2\r\r;a\r\nhi\r\n0\r\n\r\n'), badChunk],
    ['a NUL', sized('5;a\0b'), badChunk],
    ['a NUL in a quoted value', sized('5;a="\0"'), badChunk],
    ['a control behind a backslash', sized('5;a="\\\x01"'), badChunk],
    ['a DEL in a quoted value', sized('5;a="\x7f"'), badChunk],
    ['a quoted value that does not end', sized('5;a="b'), badChunk],
    ['a quoted value over the line end', chunked(`5;a="\r\nhello\r\n0\r\n\r\n${smuggled}"\r\n`), badChunk],
    ['a byte above 0x7F in a name', sized('5;\xe9'), badChunk],
    ['a line of 1 KiB', sized(`5;${'a'.repeat(1_000)}`), ['POST /a "hello"']],
    ['a line of more', sized(`5;${'a'.repeat(1_024)}`), tooMuch],
    ['a line that never ends', chunked(`5;a="${'b'.repeat(2_000)}`), tooMuch],
    [
      '16 KiB of them in small chunks',
      chunked(`${`1;${'a'.repeat(99)}\r\nx\r\n`.repeat(160)}0\r\n\r\n`),
      [`POST /a "${'x'.repeat(160)}"`],
    ],
    ['more than that in small chunks', chunked(`${`1;${'a'.repeat(99)}\r\nx\r\n`.repeat(170)}0\r\n\r\n`), tooMuch],
  ],
};

/** The last chunk with those trailer fields, and a request behind it. */
function trailing(...fields: readonly string[]): string {
  return chunked(`0\r\n${lines(...fields)}${get()}`);
}

const trailers: RequestTable = {
  section: 'RFC 9112 §7.1.2, trailers',
  rows: [
    ['one field', trailing('X-Sum: 1'), ['POST /a +X-Sum', 'GET /a']],
    ['several, one empty, one twice', trailing('A: 1', 'B:', 'a: 2'), ['POST /a +A,B,a', 'GET /a']],
    ['Content-Length (RFC 9110 §6.5.1)', trailing(`Content-Length: ${get().length}`), badTrailer],
    ['Transfer-Encoding', trailing('Transfer-Encoding: chunked'), badTrailer],
    ['Host', trailing('Host: b.example'), badTrailer],
    ['Host in another case', trailing('hOST: b.example'), badTrailer],
    ['a space before the colon', trailing('X : y'), badTrailer],
    ['no colon', trailing('garbage'), badTrailer],
    ['an empty name', trailing(': y'), badTrailer],
    ['a space before the first', trailing(' X: y'), badTrailer],
    ['a folded line', trailing('X: y', ' z'), badTrailer],
    ['a NUL', trailing('X: y\0z'), badTrailer],
    ['a CR', trailing('X: y\rZ: a'), badTrailer],
    ['an LF', trailing('X: y\nZ: a'), badTrailer],
    ['a request-line', chunked(`0\r\nX: y\r\n${smuggled}`), badTrailer],
    ['4 KiB', chunked(`0\r\n${lines(`X: ${'y'.repeat(4096 - 7)}`)}`), ['POST /a +X']],
    ['one byte more', chunked(`0\r\n${lines(`X: ${'y'.repeat(4096 - 6)}`)}`), ['ERR_HEAD_SIZE 431']],
    ['fields that never end', chunked(`0\r\n${'X: y\r\n'.repeat(3_000)}`), ['ERR_HEAD_SIZE 431']],
    ['101 fields', chunked(`0\r\n${'X: y\r\n'.repeat(101)}\r\n`), ['ERR_HEAD_SIZE 431']],
  ],
};

export const chunks: readonly RequestTable[] = [sizes, lineEnds, extensions, trailers];
