// Requests whose length is said once, twice, or not (RFC 9112 §6).

import { lines } from '../pair.ts';
import { get, hello, host, post, type RequestRow, type RequestTable, smuggled } from './case.ts';

const badFraming = ['ERR_FRAMING 400'];
const badField = ['ERR_HEADER 400'];

const noBody: RequestTable = {
  section: 'RFC 9112 §6.3, rule 7: neither field',
  rows: [
    ['POST', post() + get(), ['POST /a', 'GET /a']],
    ['bytes behind it are the next request', `${post()}hello`, ['POST /a']],
    ['bytes behind it that are no request', `${post()}(`, ['POST /a', 'ERR_START_LINE 400']],
  ],
};

const lengths: RequestTable = {
  section: 'RFC 9112 §6.3, rule 6: Content-Length',
  rows: [
    ['of a body', `${post('Content-Length: 5')}hello${get()}`, ['POST /a "hello"', 'GET /a']],
    ['0', post('Content-Length: 0') + get(), ['POST /a', 'GET /a']],
    ['of GET', `${get('Content-Length: 5')}hello${get()}`, ['GET /a "hello"', 'GET /a']],
    ['of HEAD', `${lines('HEAD /a HTTP/1.1', host, 'Content-Length: 2')}hi`, ['HEAD /a "hi"']],
    [
      'of OPTIONS, over what looks like a request',
      lines('OPTIONS /a HTTP/1.1', host, `Content-Length: ${smuggled.length}`) + smuggled + get(),
      [`OPTIONS /a ${JSON.stringify(smuggled)}`, 'GET /a'],
    ],
    ['in HTTP/1.0', `${lines('POST /a HTTP/1.0', 'Content-Length: 2')}hi`, ['POST /a "hi"']],
    ['with white space around it', `${post('Content-Length: \t 5 \t ')}hello`, ['POST /a "hello"']],
    ['with leading zeros, which are decimal', `${post('Content-Length: 010')}0123456789`, ['POST /a "0123456789"']],
    ['with sixteen digits', `${post('Content-Length: 0000000000000002')}hi`, ['POST /a "hi"']],
    ['2^53 - 1', `${post('Content-Length: 9007199254740991')}hi`, ['waits']],
    ['beyond 32 bits', `${post('Content-Length: 4294967301')}hello${smuggled}`, ['waits']],
    ['shorter than what follows', `${post('Content-Length: 3')}abc${get()}`, ['POST /a "abc"', 'GET /a']],
    ['longer than what follows', `${post('Content-Length: 9')}hello`, ['waits']],
  ],
};

/** A POST with that length, a body of five bytes, and a request behind it. */
function length(name: string, value: string, reads: readonly string[] = badFraming): RequestRow {
  return [name, `${post(`Content-Length: ${value}`)}hello${smuggled}`, reads];
}

const badLengths: RequestTable = {
  section: 'RFC 9112 §6.3, rule 5: invalid Content-Length',
  rows: [
    length('empty', ''),
    length('a plus sign', '+5'),
    length('a minus sign', '-5'),
    length('minus zero', '-0'),
    length('hexadecimal', '0x5'),
    length('octal as JavaScript writes it', '0o5'),
    length('binary', '0b101'),
    length('an underscore', '1_0'),
    length('a fraction', '5.0'),
    length('an exponent', '5e0'),
    length('infinite', 'Infinity'),
    length('a space within', '5 0'),
    length('a tab within', '5\t0'),
    length('a letter behind it', '5b'),
    length('quotation marks', '"5"'),
    length('a semicolon', '5;'),
    length('a comma behind it', '5,'),
    length('a comma before it', ',5'),
    length('a list of two lengths', '5, 6'),
    length('a list of one length twice', '5, 5'),
    length('a list of one length written in two ways', '5, 05'),
    length('a no-break space', '\xa05'),
    length('digits of another script', '\xd9\xa5'),
    length('full-width digits', '\xef\xbc\x95'),
    length('2^53', '9007199254740992'),
    length('2^63', '9223372036854775808'),
    length('2^64', '18446744073709551616'),
    length('2^64 + 5', '18446744073709551621'),
    length('2^32 + 5 with more than sixteen digits', '00000004294967301'),
    length('forty digits', `5${'0'.repeat(39)}`),
    length('4,000 zeros and a 5', `${'0'.repeat(4_000)}5`),
    length('a vertical tab', '\v5', badField),
    length('a NUL', '5\0', badField),
    length('a CR', '5\r0', badField),
    ['twice, the same', `${post('Content-Length: 5', 'Content-Length: 5')}hello`, badFraming],
    ['twice, two lengths', `${post('Content-Length: 5', 'Content-Length: 6')}hello`, badFraming],
    ['twice, in two cases', `${post('Content-Length: 5', 'content-length: 0')}hello`, badFraming],
    ['twice, the first empty', `${post('Content-Length:', 'Content-Length: 5')}hello`, badFraming],
    ['twice, the first 0', post('Content-Length: 0', `Content-Length: ${smuggled.length}`) + smuggled, badFraming],
    ['a space before its colon', `${post('Content-Length : 5')}hello`, badField],
    ['no colon', `${post('X: y', 'Content-Length 5')}hello`, badField],
    ['bad behind a good request', `${get()}${post('Content-Length: x')}`, ['GET /a', 'ERR_FRAMING 400']],
  ],
};

const codings: RequestTable = {
  section: 'RFC 9112 §6.3, rule 4: Transfer-Encoding',
  rows: [
    ['chunked', post('Transfer-Encoding: chunked') + hello + get(), ['POST /a "hello"', 'GET /a']],
    ['chunked in another case', post('TRANSFER-ENCODING: CHUNKED') + hello, ['POST /a "hello"']],
    ['chunked with white space around it', post('Transfer-Encoding: \t chunked \t ') + hello, ['POST /a "hello"']],
    ['of GET', get('Transfer-Encoding: chunked') + hello, ['GET /a "hello"']],
    ['of DELETE', lines('DELETE /a HTTP/1.1', host, 'Transfer-Encoding: chunked') + hello, ['DELETE /a "hello"']],
    [
      'gzip within chunked, which we do not decode',
      post('Transfer-Encoding: gzip, chunked') + hello,
      ['ERR_CODING 501'],
    ],
    [
      'a coding that nobody knows within chunked',
      post('Transfer-Encoding: a;b=c, chunked') + hello,
      ['ERR_CODING 501'],
    ],
    ['identity within chunked', post('Transfer-Encoding: identity, chunked') + hello, ['ERR_CODING 501']],
    [
      'two lines, chunked in the second',
      post('Transfer-Encoding: gzip', 'Transfer-Encoding: chunked') + hello,
      ['ERR_CODING 501'],
    ],
    ['empty', post('Transfer-Encoding:') + hello, badFraming],
    ['a comma alone', post('Transfer-Encoding: ,') + hello, badFraming],
    ['gzip alone', `${post('Transfer-Encoding: gzip')}hello`, badFraming],
    ['identity alone', `${post('Transfer-Encoding: identity')}hello`, badFraming],
    ['chunked that is not the last', post('Transfer-Encoding: chunked, gzip') + hello, badFraming],
    ['chunked and identity', post('Transfer-Encoding: chunked, identity') + hello, badFraming],
    ['chunked twice', post('Transfer-Encoding: chunked, chunked') + hello, badFraming],
    ['chunked on two lines', post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + hello, badFraming],
    [
      'chunked, then identity on another line',
      post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity'),
      badFraming,
    ],
    ['chunked, then something on another line', post('Transfer-Encoding: chunked', 'Transfer-encoding: x'), badFraming],
    ['a comma before chunked', post('Transfer-Encoding: ,chunked') + hello, badFraming],
    ['a comma behind chunked', post('Transfer-Encoding: chunked,') + hello, badFraming],
    ['2,000 commas before chunked', post(`Transfer-Encoding: ${','.repeat(2_000)}chunked`) + hello, badFraming],
    ['a parameter of chunked', post('Transfer-Encoding: chunked;a=b') + hello, badFraming],
    ['a semicolon behind chunked', post('Transfer-Encoding: chunked;') + hello, badFraming],
    ['a letter before chunked', post('Transfer-Encoding: xchunked') + hello, badFraming],
    ['a letter behind chunked', post('Transfer-Encoding: chunkedx') + hello, badFraming],
    ['a space in chunked', post('Transfer-Encoding: chun ked') + hello, badFraming],
    ['chunked in quotation marks', post('Transfer-Encoding: "chunked"') + hello, badFraming],
    ['chunked in apostrophes', post("Transfer-Encoding: 'chunked'") + hello, badFraming],
    ['chunked in brackets', post('Transfer-Encoding: [chunked]') + hello, badFraming],
    ['chunked behind a no-break space', post('Transfer-Encoding: \xa0chunked') + hello, badFraming],
    ['chunked before a next-line control', post('Transfer-Encoding: chunked\x85') + hello, badFraming],
    ['chunked between bytes 0xFF', post('Transfer-Encoding: \xffchunked\xff') + hello, badFraming],
    ['chunked with a k that case folding makes (U+212A)', post('Transfer-Encoding: chun\xe2\x84\xaaed'), badFraming],
    ['chunked behind a vertical tab', post('Transfer-Encoding: \vchunked') + hello, badField],
    ['chunked behind a form feed', post('Transfer-Encoding: \fchunked') + hello, badField],
    ['chunked behind a backspace', post('Transfer-Encoding: x\bchunked') + hello, badField],
    ['a NUL in chunked', post('Transfer-Encoding: chu\0nked') + hello, badField],
    ['a NUL behind chunked', post('Transfer-Encoding: chunked\0') + hello, badField],
    ['a space before its colon', post('Transfer-Encoding : chunked') + hello, badField],
    ['a tab before its colon', post('Transfer-Encoding\t: chunked') + hello, badField],
    ['an equals sign for its colon', post('Transfer-Encoding=chunked') + hello, badField],
    ['no colon', post('Transfer-Encoding chunked') + hello, badField],
    ['two colons', post('Transfer-Encoding:: chunked') + hello, badFraming],
    ['a CR in its name', post('Transfer\r-Encoding: chunked') + hello, badField],
    ['in HTTP/1.0', lines('POST /a HTTP/1.0', 'Transfer-Encoding: chunked') + hello + smuggled, badFraming],
    [
      'in HTTP/1.0 that stays open',
      lines('POST /a HTTP/1.0', 'Connection: keep-alive', 'Transfer-Encoding: chunked') + hello + smuggled,
      badFraming,
    ],
    [
      'named as an option of the connection',
      post('Connection: Transfer-Encoding', 'Transfer-Encoding: chunked') + hello,
      ['POST /a "hello"'],
    ],
  ],
};

const early = `0\r\n\r\n${smuggled}`;

const both: RequestTable = {
  section: 'RFC 9112 §6.3, rule 3: both fields',
  rows: [
    ['the length first', post('Content-Length: 6', 'Transfer-Encoding: chunked') + early, badFraming],
    ['the coding first', post('Transfer-Encoding: chunked', 'Content-Length: 5') + early, badFraming],
    [
      'a chunk that holds a request',
      post('Content-Length: 4', 'Transfer-Encoding: chunked') +
        `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
      badFraming,
    ],
    ['a length of 0', post('Content-Length: 0', 'Transfer-Encoding: chunked') + hello, badFraming],
    ['two lengths', post('Content-Length: 5', 'Content-Length: 6', 'Transfer-Encoding: chunked') + hello, badFraming],
    ['an invalid length', post('Content-Length: x', 'Transfer-Encoding: chunked') + hello, badFraming],
    ['an empty coding', `${post('Transfer-Encoding:', 'Content-Length: 5')}hello`, badFraming],
    ['identity', `${post('Transfer-Encoding: identity', 'Content-Length: 5')}hello`, badFraming],
    ['a coding that looks like chunked', post('Transfer-Encoding: xchunked', 'Content-Length: 5') + early, badFraming],
    ['an understood coding list', post('Transfer-Encoding: gzip, chunked', 'Content-Length: 5') + early, badFraming],
    [
      'the coding named as an option of the connection',
      post('Connection: Transfer-Encoding', 'Transfer-Encoding: chunked', 'Content-Length: 5') + early,
      badFraming,
    ],
    [
      'in HTTP/1.0 that stays open',
      lines('POST /a HTTP/1.0', 'Connection: keep-alive', 'Transfer-Encoding: chunked', 'Content-Length: 5') + early,
      badFraming,
    ],
    [
      'behind a good request',
      get() + post('Content-Length: 5', 'Transfer-Encoding: chunked') + early,
      ['GET /a', 'ERR_FRAMING 400'],
    ],
  ],
};

export const framing: readonly RequestTable[] = [noBody, lengths, badLengths, codings, both];
