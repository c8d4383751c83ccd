// Responses as messages, each to a GET unless the row says otherwise: status lines, fields, and where a body ends
// (RFC 9112 §4 to §8).

import type { ClientRun } from '../pair.ts';
import { lines } from '../pair.ts';
import { hello, ok, poisoned, type ResponseRow, type ResponseTable } from './case.ts';

const badLine = ['ERR_START_LINE 400'];
const badVersion = ['ERR_VERSION 505'];
const badField = ['ERR_HEADER 400'];
const badFraming = ['ERR_FRAMING 400'];
const badCoding = ['ERR_CODING 501'];
const badChunk = ['ERR_CHUNK 400'];
const tooLarge = ['ERR_HEAD_SIZE 431'];
const truncated = ['ERR_TRUNCATED 400'];

const untilEnd: ClientRun = { eof: 'clean' };

/** An empty response with that status line. */
function line(statusLine: string): string {
  return lines(statusLine, 'Content-Length: 0');
}

const statusLine: ResponseTable = {
  section: 'RFC 9112 §4, the status line',
  rows: [
    ['a reason', line('HTTP/1.1 200 Fine thanks'), ['200']],
    ['an empty reason', line('HTTP/1.1 200 '), ['200']],
    ['neither a reason nor its space, which servers do', line('HTTP/1.1 200'), ['200']],
    ['a reason with bytes above 0x7F and tabs', line('HTTP/1.1 200 \xe9t\xe9\t!'), ['200']],
    ['a reason that begins and ends with spaces', line('HTTP/1.1 200   OK  '), ['200']],
    ['a reason that looks like a field', line('HTTP/1.1 200 Content-Length: 5'), ['200']],
    ['a reason that looks like a status line', line('HTTP/1.1 200 HTTP/1.1 404 No'), ['200']],
    ['a status of no known class', line('HTTP/1.1 600 Odd'), ['600']],
    ['the highest status', line('HTTP/1.1 999 Odd'), ['999']],
    ['version 1.2, which reads as 1.1', line('HTTP/1.2 200 OK'), ['200']],
    ['version 1.9, which reads as 1.1', line('HTTP/1.9 200 OK'), ['200']],
    ['version 2.0', line('HTTP/2.0 200 OK'), badVersion],
    ['version 3.0', line('HTTP/3.0 200 OK'), badVersion],
    ['version 0.9', line('HTTP/0.9 200 OK'), badVersion],
    ['a major version alone', line('HTTP/1 200 OK'), badLine],
    ['a minor version of two digits', line('HTTP/1.10 200 OK'), badLine],
    ['a major version of two digits', line('HTTP/11.1 200 OK'), badLine],
    ['a major version with a leading zero', line('HTTP/01.1 200 OK'), badLine],
    ['a minor version that is a letter', line('HTTP/1.x 200 OK'), badLine],
    ['a comma in the version', line('HTTP/1,1 200 OK'), badLine],
    ['a space in the version', line('HTTP/ 1.1 200 OK'), badLine],
    ['no version', line('HTTP 200 OK'), badLine],
    ['a version in lower case', line('http/1.1 200 OK'), badLine],
    ['a version in both cases', line('Http/1.1 200 OK'), badLine],
    ['a letter missing', line('HTP/1.1 200 OK'), badLine],
    ['a letter more', line('HTTPS/1.1 200 OK'), badLine],
    ['ICY', line('ICY 200 OK'), badLine],
    ['RTSP', line('RTSP/1.0 200 OK'), badLine],
    ['a byte before it', line('xHTTP/1.1 200 OK'), badLine],
    ['a space before it', line(' HTTP/1.1 200 OK'), badLine],
    ['a NUL before it', line('\0HTTP/1.1 200 OK'), badLine],
    ['a byte-order mark before it', line('\xef\xbb\xbfHTTP/1.1 200 OK'), badLine],
    ['an empty line before it', `\r\n${line('HTTP/1.1 200 OK')}`, badLine],
    ['an LF before it', `\n${line('HTTP/1.1 200 OK')}`, badLine],
    ['a CR before it', `\r${line('HTTP/1.1 200 OK')}`, badLine],
    ['two spaces', line('HTTP/1.1  200 OK'), badLine],
    ['tabs for spaces', line('HTTP/1.1\t200\tOK'), badLine],
    ['a tab behind the status', line('HTTP/1.1 200\tOK'), badLine],
    ['a letter behind the status', line('HTTP/1.1 200OK'), badLine],
    ['a point behind the status', line('HTTP/1.1 200.1 OK'), badLine],
    ['no status', line('HTTP/1.1'), badLine],
    ['no status behind a space', line('HTTP/1.1 '), badLine],
    ['no status before a reason', line('HTTP/1.1 OK'), badLine],
    ['a status of one digit', line('HTTP/1.1 2 OK'), badLine],
    ['a status of two digits', line('HTTP/1.1 20 OK'), badLine],
    ['a status of four digits', line('HTTP/1.1 2000 OK'), badLine],
    ['a status that wraps to 200 at 32 bits', line('HTTP/1.1 4294967496 OK'), badLine],
    ['a status below 100', line('HTTP/1.1 099 OK'), badLine],
    ['the status 000', line('HTTP/1.1 000 OK'), badLine],
    ['a status with letters', line('HTTP/1.1 2xx OK'), badLine],
    ['a hexadecimal status', line('HTTP/1.1 0xC OK'), badLine],
    ['a status with an exponent', line('HTTP/1.1 2e2 OK'), badLine],
    ['a status with a minus sign', line('HTTP/1.1 -20 OK'), badLine],
    ['a status with a plus sign', line('HTTP/1.1 +200 OK'), badLine],
    ['a status of superscript digits', line('HTTP/1.1 \xb2\xb3\xb9 OK'), badLine],
    ['a NUL in the status', line('HTTP/1.1 2\x000 OK'), badLine],
    ['a NUL in the reason', line('HTTP/1.1 200 O\0K'), badLine],
    ['an escape in the reason', line('HTTP/1.1 200 \x1b[2J'), badLine],
    ['a DEL in the reason', line('HTTP/1.1 200 O\x7fK'), badLine],
    ['a CR in the reason', line('HTTP/1.1 200 O\rK'), badLine],
    ['a CR behind the status', line('HTTP/1.1 200\rOK'), badLine],
    ['CR CR LF behind the reason', line('HTTP/1.1 200 OK\r'), badLine],
    ['an LF behind the status', 'HTTP/1.1 200\nContent-Length: 0\r\n\r\n', badLine],
    ['an LF behind the reason', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n', badLine],
    ['LF everywhere', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', badLine],
    ['a reason of more than 8 KiB', line(`HTTP/1.1 200 ${'O'.repeat(9_000)}`), tooLarge],
    ['a reason that never ends', `HTTP/1.1 200 ${'O'.repeat(9_000)}`, tooLarge],
    ['what is not HTTP', 'SSH-2.0-x\r\n', badLine],
    ['a page without a head, as in HTTP/0.9', '<html>hello</html>\r\n', badLine],
    ['a request', lines('GET / HTTP/1.1', 'Host: a.example'), badLine],
  ],
};

/** An empty response with those field lines. */
function withFields(...fields: readonly string[]): string {
  return ok(...fields, 'Content-Length: 0');
}

const fields: ResponseTable = {
  section: 'RFC 9112 §5, fields of a response',
  rows: [
    ['of any case, twice, empty', ok('content-LENGTH: 0', 'X: 1', 'x:'), ['200']],
    ['of every character that a name may have', withFields("!#$%&'*+-.^_`|~09AZaz: y"), ['200']],
    ['with bytes above 0x7F in the value', withFields('X: \x80\xff'), ['200']],
    ['with colons and quotation marks in the value', withFields('X: "a:b": :c'), ['200']],
    ['without white space', ok('X:y', 'Content-Length:0'), ['200']],
    ['with white space around the value', ok('X: \t y \t', 'Content-Length:\t0\t '), ['200']],
    ['that look like framing', withFields('Transfer_Encoding: chunked', 'X-Content-Length: 5'), ['200']],
    ['100 of them', withFields(...Array<string>(99).fill('X: y')), ['200']],
    ['a space before the colon', withFields('X : y'), badField],
    ['a tab before the colon', withFields('X\t: y'), badField],
    ['no colon', withFields('X'), badField],
    ['an equals sign for the colon', withFields('X=y'), badField],
    ['an empty name', withFields(': y'), badField],
    ['a space in the name', withFields('en Content-Type: y'), badField],
    ['a parenthesis in the name', withFields('X(a): y'), badField],
    ['a byte above 0x7F in the name', withFields('X\xe9: y'), badField],
    ['a NUL in the name', withFields('X\0Y: y'), badField],
    ['a folded line', withFields('X: y', ' z'), badField],
    ['a line folded by a tab', withFields('X: y', '\tz'), badField],
    ['a folded line of white space', withFields('X: y', ' '), badField],
    ['white space before the first', ok(' X: y', 'Content-Length: 0'), badField],
    ['white space before the length', ok(' Content-Length: 5', 'X: y'), badField],
    ['a NUL', withFields('X: y\0z'), badField],
    ['a BEL', withFields('X: y\x07'), badField],
    ['a DEL', withFields('X: y\x7f'), badField],
    ['a vertical tab before the value', withFields('X: \vy'), badField],
    ['a CR', withFields('X: y\rZ: a'), badField],
    ['a CR for an empty value', withFields('X:\rY: z'), badField],
    ['CR CR LF', withFields('X: y\r'), badField],
    ['an LF', withFields('X: y\nZ: a'), badField],
    ['LF CR', withFields('X: y\n\rZ: a'), badField],
    ['a CR and a letter for the empty line', `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\rX`, badField],
    ['an LF for the empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n', badField],
    ['a status line among them', withFields('HTTP/1.1 200 OK'), badField],
    ['101 of them', ok(...Array<string>(101).fill('X: y')), tooLarge],
    ['more than 16 KiB', ok(`X: ${'y'.repeat(20_000)}`), tooLarge],
    ['more than 16 KiB in lines of a byte', ok(...Array<string>(4_000).fill('X:')), tooLarge],
    ['a name that never ends', `HTTP/1.1 200 OK\r\n${'X'.repeat(20_000)}`, tooLarge],
    ['a value that never ends', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(20_000)}`, tooLarge],
    ['white space that never ends', `HTTP/1.1 200 OK\r\nX:${' '.repeat(20_000)}`, tooLarge],
  ],
};

const bodies: ResponseTable = {
  section: 'RFC 9112 §6.3, the body of a response',
  rows: [
    ['of a length', `${ok('Content-Length: 5')}hello`, ['200 "hello"']],
    ['of a length of nothing', ok('Content-Length: 0'), ['200']],
    ['of chunks', ok('Transfer-Encoding: chunked') + hello, ['200 "hello"']],
    ['of chunks with trailers', `${ok('Transfer-Encoding: chunked')}0\r\n${lines('X: y')}`, ['200 +X']],
    ['until the end', `${ok()}hello`, ['200 "hello"', 'closed'], untilEnd],
    ['until the end in HTTP/1.0', `${lines('HTTP/1.0 200 OK')}hello`, ['200 "hello"', 'closed'], untilEnd],
    [
      'until the end, though HTTP/1.0 says keep-alive',
      `${lines('HTTP/1.0 200 OK', 'Connection: keep-alive')}hello`,
      ['200 "hello"', 'closed'],
      untilEnd,
    ],
    [
      'until the end of 206, whatever its parts are',
      `${lines('HTTP/1.1 206 Partial', 'Content-Type: multipart/byteranges; boundary=a')}--a--\r\nb`,
      ['206 "--a--\\r\\nb"', 'closed'],
      untilEnd,
    ],
    ['until the end of 205, which should have none', `${lines('HTTP/1.1 205 Reset')}`, ['205', 'closed'], untilEnd],
    ['of 205, which should have none', `${lines('HTTP/1.1 205 Reset', 'Content-Length: 2')}hi`, ['205 "hi"']],
    ['until an end that cannot be told', `${ok()}hello`, ['200 "hello"', 'closed'], { eof: 'unknown' }],
    ['until an end that came too early', `${ok()}hello`, truncated, { eof: 'truncated' }],
    ['of a length, whatever the end is', `${ok('Content-Length: 2')}hi`, ['200 "hi"', 'closed'], { eof: 'truncated' }],
    [
      'of chunks, whatever the end is',
      ok('Transfer-Encoding: chunked') + hello,
      ['200 "hello"', 'closed'],
      { eof: 'truncated' },
    ],
    ['none at all until the end', ok(), ['200', 'closed'], untilEnd],
    [
      'of a length, over what looks like a response',
      `${ok(`Content-Length: ${poisoned.length}`)}${poisoned}`,
      [`200 ${JSON.stringify(poisoned)}`],
    ],
    [
      'that is announced to upgrade, and does not',
      `${ok('Connection: upgrade', 'Upgrade: h2c', 'Content-Length: 2')}hi`,
      ['200 "hi"'],
    ],
  ],
};

/** A response of that length, a body of five bytes, and a response behind it. */
function length(name: string, value: string, reads: readonly string[] = badFraming): ResponseRow {
  return [name, `${ok(`Content-Length: ${value}`)}hello${poisoned}`, reads];
}

const lengths: ResponseTable = {
  section: 'RFC 9112 §6.3, rule 5: Content-Length of a response',
  rows: [
    ['leading zeros, which are decimal', `${ok('Content-Length: 010')}0123456789`, ['200 "0123456789"']],
    ['sixteen digits', `${ok('Content-Length: 0000000000000002')}hi`, ['200 "hi"']],
    ['2^53 - 1', `${ok('Content-Length: 9007199254740991')}hi`, ['waits']],
    ['beyond 32 bits', `${ok('Content-Length: 4294967301')}hello${poisoned}`, ['waits']],
    length('a plus sign', '+5'),
    length('a minus sign', '-1'),
    length('hexadecimal', '0x5'),
    length('an underscore', '1_0'),
    length('a fraction', '5.0'),
    length('an exponent', '5e0'),
    length('empty', ''),
    length('a unit', '5 bytes'),
    length('a space within', '5 0'),
    length('a semicolon', '5;'),
    length('quotation marks', '"5"'),
    length('a comma behind it', '5,'),
    length('a comma before it', ',5'),
    length('a list of two', '5, 0'),
    length('a list of one, twice', '5, 5'),
    length('a no-break space', '\xa05'),
    length('digits of another script', '\xd9\xa5'),
    length('2^53', '9007199254740992'),
    length('2^64 + 5', '18446744073709551621'),
    length('4,000 zeros and a 5', `${'0'.repeat(4_000)}5`),
    length('a vertical tab', '\v5', badField),
    length('a NUL', '5\0', badField),
    ['two', `${ok('Content-Length: 5', 'Content-Length: 0')}hello`, badFraming],
    [
      'two, the longer one last',
      `${ok('Content-Length: 0', `Content-Length: ${poisoned.length}`)}${poisoned}`,
      badFraming,
    ],
    ['one, twice', `${ok('Content-Length: 5', 'Content-Length: 5')}hello`, badFraming],
    ['one, and an empty one', `${ok('Content-Length: 5', 'content-length:')}hello`, badFraming],
    ['a space before its colon', `${ok('Content-Length : 5')}hello`, badField],
    ['folded', `${ok('Content-Length:', ' 5')}hello`, badField],
    ['no colon', `${ok('Content-Length 5')}hello`, badField],
    ['a list in a refusal', `${lines('HTTP/1.1 500 Oops', 'Content-Length: 5, 6')}hello`, badFraming],
    [
      'a bad one behind a good response',
      `${ok('Content-Length: 2')}hi${ok('Content-Length: x')}`,
      ['200 "hi"', 'ERR_FRAMING 400'],
      { methods: ['GET', 'GET'] },
    ],
  ],
};

/** A response with those codings, "hello" in one chunk, and the end. */
function coded(name: string, value: string, reads: readonly string[] = badFraming): ResponseRow {
  return [name, ok(`Transfer-Encoding: ${value}`) + hello, reads, untilEnd];
}

const read = ['200 "hello"', 'closed'];

const codings: ResponseTable = {
  section: 'RFC 9112 §6.1, Transfer-Encoding of a response',
  rows: [
    coded('chunked in another case', 'CHUNKED', read),
    coded('chunked with white space around it', '\t chunked \t', read),
    coded('gzip within chunked', 'gzip, chunked', badCoding),
    coded('a coding that nobody knows within chunked', 'a;b=c, chunked', badCoding),
    coded('identity within chunked', 'identity, chunked', badCoding),
    coded('gzip alone', 'gzip'),
    coded('identity alone', 'identity'),
    coded('chunked that is not the last', 'chunked, gzip'),
    coded('chunked twice', 'chunked, chunked'),
    coded('chunked written twice without a comma', 'chunkedchunked'),
    coded('empty', ''),
    coded('a comma', ','),
    coded('a comma before chunked', ', chunked'),
    coded('a comma behind chunked', 'chunked,'),
    coded('a parameter of chunked', 'chunked;a=b'),
    coded('chunked in quotation marks', '"chunked"'),
    coded('a letter before chunked', 'xchunked'),
    coded('a space in chunked', 'chun ked'),
    coded('chunked behind a no-break space', '\xa0chunked'),
    coded('chunked behind a vertical tab', '\vchunked', badField),
    coded('a NUL in chunked', 'chu\0nked', badField),
    ['chunked on two lines', ok('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + hello, badFraming],
    [
      'chunked, then identity on another line',
      ok('Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + hello,
      badFraming,
      untilEnd,
    ],
    [
      'gzip, then chunked on another line',
      ok('Transfer-Encoding: gzip', 'Transfer-Encoding: chunked') + hello,
      badCoding,
    ],
    ['a space before its colon', ok('Transfer-Encoding : chunked') + hello, badField],
    ['folded', ok('Transfer-Encoding:', ' chunked') + hello, badField],
    ['folded into a list', ok('Transfer-Encoding: chunked', ' , identity') + hello, badField],
    ['in HTTP/1.0', lines('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked') + hello, badFraming, untilEnd],
    [
      'in HTTP/1.0 that stays open',
      lines('HTTP/1.0 200 OK', 'Connection: keep-alive', 'Transfer-Encoding: chunked') + hello + poisoned,
      badFraming,
    ],
    ['a bogus one in HTTP/1.0', `${lines('HTTP/1.0 200 OK', 'Transfer-Encoding: x')}hello`, badFraming, untilEnd],
    [
      'named as an option of the connection',
      ok('Connection: Transfer-Encoding', 'Transfer-Encoding: chunked') + hello,
      ['200 "hello"'],
    ],
    ['and a length', ok('Transfer-Encoding: chunked', 'Content-Length: 3') + hello, badFraming],
    ['behind a length', `${ok('Content-Length: 9', 'Transfer-Encoding: chunked')}0\r\n\r\n${poisoned}`, badFraming],
    ['and a length of 0', ok('Transfer-Encoding: chunked', 'Content-Length: 0') + hello, badFraming],
    ['and an invalid length', ok('Transfer-Encoding: chunked', 'Content-Length: x') + hello, badFraming],
    ['identity and a length', `${ok('Transfer-Encoding: identity', 'Content-Length: 2')}hello`, badFraming, untilEnd],
    ['empty, and a length', `${ok('Transfer-Encoding:', 'Content-Length: 5')}hello`, badFraming],
    [
      'both to a refused tunnel',
      ok('Transfer-Encoding: chunked', 'Content-Length: 5').replace('200', '407') + hello,
      badFraming,
      { methods: ['CONNECT'] },
    ],
  ],
};

/** A chunked response of those bytes. */
function chunked(body: string): string {
  return ok('Transfer-Encoding: chunked') + body;
}

const chunks: ResponseTable = {
  section: 'RFC 9112 §7.1, the chunks of a response',
  rows: [
    ['several', chunked('1\r\na\r\n2\r\nbc\r\n0\r\n\r\n'), ['200 "abc"']],
    ['none but the last', chunked('000\r\n\r\n'), ['200']],
    ['sizes in both cases', chunked(`aA\r\n${'x'.repeat(170)}\r\n0\r\n\r\n`), [`200 "${'x'.repeat(170)}"`]],
    ['extensions', chunked('5;a=b ; c\t=\t"d\\";\xe9"\r\nhello\r\n0;e\r\n\r\n'), ['200 "hello"']],
    [
      'a response in the data',
      chunked(`${poisoned.length.toString(16)}\r\n${poisoned}\r\n0\r\n\r\n`),
      [`200 ${JSON.stringify(poisoned)}`],
    ],
    ['a size beyond 32 bits', chunked(`100000005\r\nhello\r\n0\r\n\r\n${poisoned}`), ['waits']],
    ['a size of 2^64 + 5', chunked('10000000000000005\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['a size of seventeen digits', chunked('00000000000000005\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['an empty size', chunked('\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['a size with a prefix', chunked('0x5\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['a size with a minus sign', chunked('-5\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['a size with an underscore', chunked('0_5\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['a space before the size', chunked(' 5\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['spaces behind the size, which old servers pad it with', chunked('5  \r\nhello\r\n0  \r\n\r\n'), badChunk],
    ['a semicolon and nothing behind it', chunked('5;\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['a word behind the size', chunked('5 hello\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['an open quotation mark', chunked('5;a="b\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['an LF behind an extension', chunked('5;a\nhello\r\n0\r\n\r\n'), badChunk],
    ['an LF that hides an extension', chunked(`2;\nxx\r\n33\r\n0\r\n\r\n${poisoned}`), badChunk],
    ['LF for every line end', chunked('5\nhello\n0\n\n'), badChunk],
    ['a CR behind the size', chunked('5\rhello\r\n0\r\n\r\n'), badChunk],
    ['no line end behind the data', chunked('5\r\nhello0\r\n\r\n'), badChunk],
    ['two other bytes for the line end behind the data', chunked('5\r\nhello__0\r\n\r\n'), badChunk],
    ['a CR and a letter for the line end behind the data', chunked('5\r\nhello\rX0\r\n\r\n'), badChunk],
    ['data that is longer than its size', chunked('5\r\nhello!\r\n0\r\n\r\n'), badChunk],
    ['data that is shorter than its size', chunked('7\r\nhello\r\n0\r\n\r\n'), badChunk],
    ['an empty line between chunks', chunked('5\r\nhello\r\n\r\n0\r\n\r\n'), badChunk],
    ['no empty line behind the last', chunked(`0\r\n${poisoned}`), badField],
    ['other bytes for the empty line behind the last', chunked(`0\r\nXX${poisoned}`), badField],
    ['an LF for the empty line behind the last', chunked(`0\r\n\n${poisoned}`), badField],
    ['a response behind the last', chunked(`0\r\n\r\n${poisoned}`), ['200', 'ERR_UNSOLICITED 400']],
  ],
};

const trailers: ResponseTable = {
  section: 'RFC 9110 §6.5.1, the trailers of a response',
  rows: [
    ['some', chunked('0\r\nX: y\r\nx:\r\nDigest: z\r\n\r\n'), ['200 +X,x,Digest']],
    [
      'a Connection, which comes too late to count',
      chunked('0\r\nConnection: close\r\n\r\n') + ok('Content-Length: 0'),
      ['200 +Connection', '200'],
      { methods: ['GET', 'GET'] },
    ],
    ['a length', chunked(`0\r\n${lines('Content-Length: 50')}`), badField],
    ['a coding', chunked(`0\r\n${lines('transfer-encoding: chunked')}`), badField],
    ['a host', chunked(`0\r\n${lines('Host: b.example')}`), badField],
    ['a space before the colon', chunked(`0\r\n${lines('X : y')}`), badField],
    ['no colon', chunked(`0\r\n${lines('X')}`), badField],
    ['an empty name', chunked(`0\r\n${lines(': y')}`), badField],
    ['white space before the first', chunked(`0\r\n${lines(' X: y')}`), badField],
    ['a folded line', chunked(`0\r\n${lines('X: y', ' z')}`), badField],
    ['a NUL', chunked(`0\r\n${lines('X: y\0')}`), badField],
    ['a CR', chunked(`0\r\n${lines('X: y\rZ: a')}`), badField],
    ['an LF', chunked(`0\r\n${lines('X: y\nZ: a')}`), badField],
    ['101 of them', chunked(`0\r\n${'X: y\r\n'.repeat(101)}\r\n`), tooLarge],
    ['more than 4 KiB', chunked(`0\r\n${lines(`X: ${'y'.repeat(5_000)}`)}`), tooLarge],
  ],
};

const early: ResponseTable = {
  section: 'RFC 9112 §8, responses that end early',
  rows: [
    ['before the first byte', '', ['ERR_NO_RESPONSE 400'], untilEnd],
    ['in the version', 'HT', truncated, untilEnd],
    ['in the status line', 'HTTP/1.1 2', truncated, untilEnd],
    ['behind the status', 'HTTP/1.1 200', truncated, untilEnd],
    ['behind the status line', 'HTTP/1.1 200 OK\r\n', truncated, untilEnd],
    ['in the head', 'HTTP/1.1 200 OK\r\nContent-Le', truncated, untilEnd],
    ['before the empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n', truncated, untilEnd],
    ['in the empty line', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r', truncated, untilEnd],
    ['before a body', ok('Content-Length: 9'), truncated, untilEnd],
    ['in a body', `${ok('Content-Length: 9')}hello`, truncated, untilEnd],
    ['in a body, though it says close', `${ok('Connection: close', 'Content-Length: 9')}hello`, truncated, untilEnd],
    ['before the first chunk', chunked(''), truncated, untilEnd],
    ['in a chunk size', chunked('5'), truncated, untilEnd],
    ['in a chunk', chunked('5\r\nhel'), truncated, untilEnd],
    ['behind a chunk', chunked('5\r\nhello\r\n'), truncated, untilEnd],
    ['behind the last size', chunked('5\r\nhello\r\n0\r\n'), truncated, untilEnd],
    ['in the trailers', chunked('0\r\nX: y\r\n'), truncated, untilEnd],
    ['in a way that cannot be told', `${ok('Content-Length: 9')}hello`, truncated, { eof: 'unknown' }],
    [
      'in the second of two',
      `${ok('Content-Length: 0')}HTTP`,
      ['200', 'ERR_TRUNCATED 400'],
      { ...untilEnd, methods: ['GET', 'GET'] },
    ],
    [
      'before the second of two',
      ok('Content-Length: 0'),
      ['200', 'ERR_NO_RESPONSE 400'],
      { ...untilEnd, methods: ['GET', 'GET'] },
    ],
  ],
};

export const responses: readonly ResponseTable[] = [
  statusLine,
  fields,
  bodies,
  lengths,
  codings,
  chunks,
  trailers,
  early,
];
