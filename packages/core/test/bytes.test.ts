// Each of the 256 bytes at each place where it could change how a request is framed: white space belongs to no value, and nothing else is
// taken for it, for a digit, or for nothing (RFC 9110 §5.5 to §5.6.3, RFC 9112 §6.3 and §7.1).

import { ascii, cut, lines, readRequests } from './pair.ts';

const everyByte = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code));
const body = '5\r\nhello\r\n0\r\n\r\n';

const post = (...fields: readonly string[]) => lines('POST /a HTTP/1.1', 'Host: a.example', ...fields);
const chunked = (bytes: string) => post('Transfer-Encoding: chunked') + bytes;

type Place = readonly [place: string, write: (byte: string) => string];

const values: readonly Place[] = [
  ['before a length', (byte) => `${post(`Content-Length: ${byte}5`)}hello`],
  ['behind a length', (byte) => `${post(`Content-Length: 5${byte}`)}hello`],
  ['before a coding', (byte) => post(`Transfer-Encoding: ${byte}chunked`) + body],
  ['behind a coding', (byte) => post(`Transfer-Encoding: chunked${byte}`) + body],
];
const names: readonly Place[] = [
  ['before the name of a length', (byte) => `${post(`${byte}Content-Length: 5`)}hello`],
  ['behind the name of a length', (byte) => `${post(`Content-Length${byte}: 5`)}hello`],
  ['before the name of a coding', (byte) => post(`${byte}Transfer-Encoding: chunked`) + body],
  ['behind the name of a coding', (byte) => post(`Transfer-Encoding${byte}: chunked`) + body],
];
const sizes: readonly Place[] = [
  ['before a chunk size', (byte) => chunked(`${byte}5\r\nhello\r\n0\r\n\r\n`)],
  ['behind a chunk size', (byte) => chunked(`5${byte}\r\nhello\r\n0\r\n\r\n`)],
  ['behind a chunk', (byte) => chunked(`5\r\nhello${byte}\r\n0\r\n\r\n`)],
  ['in the line end of a chunk size', (byte) => chunked(`5\r${byte}\nhello\r\n0\r\n\r\n`)],
  ['behind a quoted extension', (byte) => chunked(`5;a="b"${byte}\r\nhello\r\n0\r\n\r\n`)],
  ['before the last chunk', (byte) => chunked(`5\r\nhello\r\n${byte}0\r\n\r\n`)],
  ['behind the last chunk', (byte) => chunked(`5\r\nhello\r\n0${byte}\r\n\r\n`)],
];

const head = 'POST /a HTTP/1.1\r\nHost: a.example\r\n';
const carriageReturns: readonly Place[] = [
  ['the request-line', (byte) => `POST /a HTTP/1.1${byte}\nHost: x\r\nContent-Length: 5\r\n\r\nhello`],
  ['a field', (byte) => `${head}X: y${byte}\nContent-Length: 5\r\n\r\nhello`],
  ['a length', (byte) => `${head}Content-Length: 5${byte}\n\r\nhello`],
  ['a head', (byte) => `${head}Content-Length: 5\r\n${byte}\nhello`],
  ['a chunk size', (byte) => chunked(`5${byte}\nhello\r\n0\r\n\r\n`)],
  ['an extension', (byte) => chunked(`5;a="b"${byte}\nhello\r\n0\r\n\r\n`)],
  ['a chunk', (byte) => chunked(`5\r\nhello${byte}\n0\r\n\r\n`)],
  ['the last size', (byte) => chunked(`5\r\nhello\r\n0${byte}\n\r\n`)],
  ['the last chunk', (byte) => chunked(`5\r\nhello\r\n0\r\n${byte}\n`)],
];

/** The bytes that let "hello" be read as the whole body, however they are cut. */
function passing(write: (byte: string) => string): string[] {
  return everyByte.filter((byte) => {
    const readings = (['whole', 'every byte'] as const).map((how) => readRequests(cut(ascii(write(byte)), how)).events);
    expect(readings[1]).toEqual(readings[0]);
    return readings[0]?.includes('data "hello"') && readings[0]?.includes('end');
  });
}

test.each(values)('%s: white space alone, which is no part of a value, and a zero before digits', (place, write) => {
  expect(passing(write)).toEqual(place === 'before a length' ? ['\t', ' ', '0'] : ['\t', ' ']);
});

test.each(names)('%s: nothing', (_, write) => {
  expect(passing(write)).toEqual([]);
});

test.each(sizes)('%s: nothing but a zero before digits', (place, write) => {
  const zero = place === 'before a chunk size' || place.endsWith('the last chunk');
  expect(passing(write)).toEqual(zero ? ['0'] : []);
});

test('in a quoted extension: what a quoted string may hold, and no line end', () => {
  const held = everyByte.filter((byte) => /[\t\x20-\x7e\x80-\xff]/.test(byte) && byte !== '"' && byte !== '\\');
  expect(passing((byte) => chunked(`5;a="${byte}"\r\nhello\r\n0\r\n\r\n`))).toEqual(held);
});

test.each(carriageReturns)('before the LF of %s: CR', (_, write) => {
  expect(passing(write)).toEqual(['\r']);
});

test.each(carriageReturns)('behind the CR of %s: LF', (_, write) => {
  // The same place, one byte on.
  const place = write('\0').indexOf('\0');
  const behind = (byte: string) => `${write('\r').slice(0, place + 1)}${byte}${write('\r').slice(place + 2)}`;
  expect(passing(behind)).toEqual(['\n']);
});
