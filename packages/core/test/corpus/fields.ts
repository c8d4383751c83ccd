// Requests whose field lines decide: syntax, folding, and how many there are (RFC 9112 §5, RFC 9110 §5).

import { lines } from '../pair.ts';
import { get, host, post, type RequestTable, smuggled } from './case.ts';

const badField = ['ERR_HEADER 400'];

const names: RequestTable = {
  section: 'RFC 9110 §5.1, field names',
  rows: [
    ['every character that a token may have', get("!#$%&'*+-.^_`|~09AZaz: b"), ['GET /a']],
    ['names that mean something to JavaScript', get('__proto__: a', 'constructor: b', 'toString: c'), ['GET /a']],
    ['of one character', get('X: y', '1: y', '-: y'), ['GET /a']],
    [
      'that hold the name of a known one',
      post(
        'X-Content-Length: 5',
        'Content-Length-X: 5',
        'Content.Length: 5',
        'Transfer-Encodings: chunked',
        'TE: chunked',
      ) + get(),
      ['POST /a', 'GET /a'],
    ],
    ['the same name twice', get('X: 1', 'x: 2'), ['GET /a']],
    ['an underscore is no hyphen', `${post('Transfer_Encoding: chunked', 'Content-Length: 2')}hi`, ['POST /a "hi"']],
    ['an empty name', get(': b'), badField],
    ['a colon alone', get(':'), badField],
    ['no colon', get('foo'), badField],
    ['no colon in the line before a good one', get('foo', 'X: y'), badField],
    ['a space before the colon', get('X : b'), badField],
    ['a tab before the colon', get('X\t: b'), badField],
    ['a vertical tab before the colon', get('X\v: b'), badField],
    ['a space in the name', get('X Y: b'), badField],
    ['a NUL in the name', get('X\0Y: b'), badField],
    ['a CR in the name', get('X\rY: b'), badField],
    ['an LF in the name', get('X\nY: b'), badField],
    ['a DEL in the name', get('X\x7fY: b'), badField],
    ['a byte above 0x7F in the name', get('X\xe9: b'), badField],
    ['UTF-8 in the name', get('X\xc3\xa9: b'), badField],
    ['a sign that case folding would make a k (U+212A)', get('X-\xe2\x84\xaaey: b'), badField],
    ['a soft hyphen in the name', post('Content\xad-Length: 2'), badField],
    ['an at sign', get('X@Y: b'), badField],
    ['a byte order mark before the name', get('\xef\xbb\xbfX: b'), badField],
    ['a next-line control behind the name of a length', `${post('Content-Length\x85: 2')}hi`, badField],
    ['a no-break space behind the name of a coding', post('Transfer-Encoding\xa0: chunked'), badField],
    ['a separator that some take for white space before the name', post('\x1cTransfer-Encoding: chunked'), badField],
    ['a separator that some take for white space behind the name', post('Transfer-Encoding\x1f: chunked'), badField],
    ['angle brackets', get('<X>: b'), badField],
    ['an apostrophe, which is one of the characters', get("X'Y: b"), ['GET /a']],
    ['a name alone and its colon on the next line', get('X', ': y'), badField],
    ['a name alone and its colon on a folded line', get('X', ' : y'), badField],
    ['a parenthesis', get('X(Y): b'), badField],
    ['a comma', get('X,Y: b'), badField],
    ['a slash', get('X/Y: b'), badField],
    ['a semicolon', get('X;Y: b'), badField],
    ['an equals sign for the colon', get('X=b'), badField],
    ['a question mark', get('X?: b'), badField],
    ['brackets', get('[X]: b'), badField],
    ['braces', get('{X}: b'), badField],
    ['a backslash', get('X\\Y: b'), badField],
    ['quotation marks', get('"X": b'), badField],
    ['a request-line for a field', get('GET /smuggled HTTP/1.1'), badField],
  ],
};

const values: RequestTable = {
  section: 'RFC 9110 §5.5, field values',
  rows: [
    ['empty', get('X:', 'Y: ', 'Z: \t'), ['GET /a']],
    ['with colons', get('X: a:b:c', 'Y::'), ['GET /a']],
    ['without a space behind the colon', get('X:b'), ['GET /a']],
    ['with white space around and within', get('X: \t a \t b \t '), ['GET /a']],
    ['with bytes above 0x7F', get('X: caf\xc3\xa9 \xff'), ['GET /a']],
    ['with quotation marks that do not close', get('X: "a'), ['GET /a']],
    ['that look like a field', get('X: Content-Length: 5'), ['GET /a']],
    ['that look like a request', get('X: GET /smuggled HTTP/1.1'), ['GET /a']],
    ['a NUL', get('X: a\0b'), badField],
    ['a NUL at the end', get('X: a\0'), badField],
    ['a CR', get('X: a\rb'), badField],
    ['a CR at the start', get('X:\rb'), badField],
    ['a CR that hides a field', `${post('X: y\rContent-Length: 2')}hi`, badField],
    ['an LF that hides a field', `${post('X: y\nContent-Length: 2')}hi`, badField],
    ['a CR behind an empty value that hides a field', post('X:\rTransfer-Encoding: chunked'), badField],
    ['0x01', get('X: a\x01b'), badField],
    ['a backspace', get('X: a\bb'), badField],
    ['a vertical tab', get('X: a\vb'), badField],
    ['a form feed', get('X: a\fb'), badField],
    ['an escape', get('X: a\x1bb'), badField],
    ['a control that once ended files', get('X: \x1a'), badField],
    ['a DEL', get('X: a\x7fb'), badField],
    ['a CR behind an empty value', get('X:\r'), badField],
    ['an LF behind an empty value that hides a field', `${post('X:\nTransfer-Encoding: chunked')}0\r\n\r\n`, badField],
    ['two LFs that hide a request', get('X: y\n\nGET /smuggled HTTP/1.1'), badField],
    ['a NUL, a CR and an LF', get('X: a\0\r\nY: b'), badField],
  ],
};

const folding: RequestTable = {
  section: 'RFC 9112 §5.2, line folding',
  rows: [
    ['behind a space', get('X: a', ' b'), badField],
    ['behind a tab', get('X: a', '\tb'), badField],
    ['of nothing', get('X: a', ' '), badField],
    ['of Host', get(' .b.example'), badField],
    ['of Host, which begins on the next line', lines('GET /a HTTP/1.1', 'Host:', ' a.example'), badField],
    ['of Connection', get('Connection: keep-alive,', ' close'), badField],
    ['of a coding by a tab', `${post('Transfer-Encoding:', '\tchunked')}0\r\n\r\n`, badField],
    ['of the second length of two', `${post('Content-Length: 2', 'Content-Length:', ' 2')}hi`, badField],
    ['that would end the head early', get('X: y', ' ', 'Content-Length: 2'), badField],
    ['of a length', `${post('Content-Length: 1', ' 2')}hi`, badField],
    ['of a length that begins on the next line', `${post('Content-Length:', ' 2')}hi`, badField],
    ['of a coding', `${post('Transfer-Encoding: chunked', ' , identity')}0\r\n\r\n`, badField],
    ['of a coding that begins on the next line', `${post('Transfer-Encoding:', ' chunked')}0\r\n\r\n`, badField],
    ['that hides a field', post('X: y', ' Content-Length: 2'), badField],
  ],
};

const twoLineEnds: RequestTable = {
  section: 'RFC 9112 §5, field lines that a careless reader ends elsewhere',
  rows: [
    ['a name split by a line end', post('Transfer-', 'Encoding: chunked'), badField],
    ['two colons', `${post('Content-Length:: 2')}hi`, ['ERR_FRAMING 400']],
    ['a head without an empty line behind it', `GET /a HTTP/1.1\r\n${host}\r\n${smuggled}`, badField],
    ['an empty line of a space', `GET /a HTTP/1.1\r\n${host}\r\n \r\n${smuggled}`, badField],
    ['a colon for the empty line', `GET /a HTTP/1.1\r\n${host}\r\n:\r\n${smuggled}`, badField],
    [
      'a bad field behind a good request',
      get() + lines('GET /b HTTP/1.1', 'X : y', host),
      ['GET /a', 'ERR_HEADER 400'],
    ],
  ],
};

function many(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `X-${i}: y`);
}

// A head around Host and one field whose value fills it up to that size.
function headOf(size: number): string {
  return get(`X: ${'y'.repeat(size - get('X: ').length)}`);
}

const sizes: RequestTable = {
  section: 'RFC 9112 §3 and RFC 9110 §5.4, sizes',
  rows: [
    ['100 fields', get(...many(99)), ['GET /a']],
    ['101 fields', get(...many(100)), ['ERR_HEAD_SIZE 431']],
    [
      '5,000 fields of which the last frames',
      post(...many(5_000), 'Transfer-Encoding: chunked') + smuggled,
      ['ERR_HEAD_SIZE 431'],
    ],
    ['a head of 16 KiB', headOf(16 * 1024), ['GET /a']],
    ['a head of one byte more', headOf(16 * 1024 + 1), ['ERR_HEAD_SIZE 431']],
    ['a value of 64 KiB', get(`X: ${'y'.repeat(64 * 1024)}`), ['ERR_HEAD_SIZE 431']],
    ['a name of 64 KiB', get(`${'X'.repeat(64 * 1024)}: y`), ['ERR_HEAD_SIZE 431']],
    ['a value that never ends', `GET /a HTTP/1.1\r\n${host}\r\nX: ${'y'.repeat(20_000)}`, ['ERR_HEAD_SIZE 431']],
    ['white space that never ends', `GET /a HTTP/1.1\r\n${host}\r\nX: ${' '.repeat(20_000)}`, ['ERR_HEAD_SIZE 431']],
    [
      'a request-line of 8 KiB',
      lines(`GET /${'a'.repeat(8192 - 14)} HTTP/1.1`, host),
      [`GET /${'a'.repeat(8192 - 14)}`],
    ],
    ['a request-line of one byte more', lines(`GET /${'a'.repeat(8192 - 13)} HTTP/1.1`, host), ['ERR_HEAD_SIZE 414']],
    ['a target of 64 KiB', lines(`GET /${'a'.repeat(64 * 1024)} HTTP/1.1`, host), ['ERR_HEAD_SIZE 414']],
    ['a target that never ends', `GET /${'a'.repeat(9_000)}`, ['ERR_HEAD_SIZE 414']],
    [
      'a method of 10,000 bytes, which nobody implements',
      lines(`${'M'.repeat(10_000)} /a HTTP/1.1`, host),
      ['ERR_HEAD_SIZE 501'],
    ],
    ['a method that never ends', 'M'.repeat(10_000), ['ERR_HEAD_SIZE 501']],
    ['2,000 requests', get().repeat(2_000), Array<string>(2_000).fill('GET /a')],
  ],
};

export const fields: readonly RequestTable[] = [names, values, folding, twoLineEnds, sizes];
