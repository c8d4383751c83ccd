// Heads and trailers to text: what is written, what is added to Connection, and what is refused (RFC 9112 §3 to §5, RFC 9110 §6.5.1).

import type { HeaderPairs } from '../src/index.ts';
import {
  composeFields,
  composeRequestLine,
  composeStatusLine,
  composeTrailers,
  finishFields,
} from '../src/serializer.ts';
import { textOf } from './pair.ts';

const refused = expect.objectContaining({ name: 'LocalProtocolError', code: 'ERR_HEAD' });

test.each<[string, string, string, string]>([
  ['origin-form', 'GET', '/a?b', 'GET /a?b HTTP/1.1\r\n'],
  ['absolute-form', 'GET', 'http://a/', 'GET http://a/ HTTP/1.1\r\n'],
  ['authority-form', 'CONNECT', 'a:1', 'CONNECT a:1 HTTP/1.1\r\n'],
  ['asterisk-form', 'OPTIONS', '*', 'OPTIONS * HTTP/1.1\r\n'],
  ['a method of its own', "!#$%&'*+-.^_`|~", '/', "!#$%&'*+-.^_`|~ / HTTP/1.1\r\n"],
  ['what browsers send raw', 'GET', '/"<>\\^`{|}[]', 'GET /"<>\\^`{|}[] HTTP/1.1\r\n'],
])('a request-line in %s (RFC 9112 §3)', (_, method, target, line) => {
  expect(composeRequestLine(method, target)).toBe(line);
});

test.each<[string, unknown, unknown]>([
  ['no method', '', '/'],
  ['a method that is no token', 'G T', '/'],
  ['a method that is no text', undefined, '/'],
  ['no target', 'GET', ''],
  ['a target that is no text', 'GET', 5],
  ['a target of another form', 'GET', 'a:1'],
  ['a target with a space', 'GET', '/a b'],
  ['a target with a fragment', 'GET', '/a#b'],
  ['a target above U+007F', 'GET', '/\u00e9'],
])('a request-line with %s is refused', (_, method, target) => {
  expect(() => composeRequestLine(method as string, target as string)).toThrow(refused);
});

test.each<[string, number, string | undefined, number, string]>([
  ['of a known status', 404, undefined, 200, 'HTTP/1.1 404 Not Found\r\n'],
  ['of an unknown status', 299, undefined, 200, 'HTTP/1.1 299 \r\n'],
  ['with a reason', 200, 'Fine', 200, 'HTTP/1.1 200 Fine\r\n'],
  ['with an empty reason', 200, '', 200, 'HTTP/1.1 200 \r\n'],
  ['of the least status', 100, undefined, 100, 'HTTP/1.1 100 Continue\r\n'],
  ['of the greatest status', 999, undefined, 200, 'HTTP/1.1 999 \r\n'],
])('a status line %s (RFC 9112 §4)', (_, status, reason, least, line) => {
  expect(textOf(composeStatusLine(status, reason, least))).toBe(line);
  expect(textOf(composeStatusLine(status, reason, least))).toBe(line);
});

test.each<[string, unknown, unknown, number]>([
  ['a status that is too small', 199, undefined, 200],
  ['a status that is too small for any', 99, undefined, 100],
  ['a status of four digits', 1000, undefined, 200],
  ['a fraction', 200.5, undefined, 200],
  ['text for a status', '200', undefined, 200],
  ['no status', undefined, undefined, 200],
  ['a reason with a line end', 200, 'a\nb', 200],
  ['a reason that is no text', 200, 5, 200],
  ['null for a reason', 200, null, 200],
])('a status line with %s is refused', (_, status, reason, least) => {
  expect(() => composeStatusLine(status as number, reason as string, least)).toThrow(refused);
});

test('what the core must know is found in the fields, whatever their case', () => {
  const fields = composeFields([
    ['host', 'a'],
    ['HOST', 'b'],
    ['connection', 'Upgrade'],
    ['Connection', 'close'],
    ['UPGRADE', 'x'],
    ['upgrade', 'y'],
    ['content-length', ' 5 '],
    ['Transfer-encoding', 'gzip'],
    ['transfer-Encoding', 'chunked'],
    ['EXPECT', '100-Continue'],
  ]);
  expect(fields).toMatchObject({
    hosts: 2,
    connection: 'Upgrade, close',
    options: { close: true, keepAlive: false, upgrade: true },
    upgrade: 'x, y',
    contentLength: 5,
    transferEncoding: 'gzip, chunked',
    expectContinue: true,
  });
});

test('no fields say nothing', () => {
  for (const fields of [composeFields(undefined), composeFields([])]) {
    expect(fields).toMatchObject({
      before: '',
      after: '',
      connection: null,
      contentLength: null,
      transferEncoding: null,
      hosts: 0,
      expectContinue: false,
      upgrade: null,
    });
  }
});

test.each<[string, HeaderPairs]>([
  [
    'two lengths',
    [
      ['Content-Length', '5'],
      ['content-length', '5'],
    ],
  ],
  ['a length that is none', [['Content-Length', '0x5']]],
  ['a Host that is none', [['Host', 'a b']]],
  ['an empty Host', [['Host', '']]],
  ['a name that is no token', [['a b', 'c']]],
  ['an empty name', [['', 'c']]],
  ['a value with a line end', [['a', 'b\r\nc']]],
  ['a value above U+00FF', [['a', '\u0100']]],
])('fields with %s are refused', (_, headers) => {
  expect(() => composeFields(headers)).toThrow(refused);
});

test.each<[string, string, string | null, boolean]>([
  ['trailers', 'trailers', 'TE', true],
  ['nothing', '', 'X, te', true],
  ['a coding', 'gzip;q=0.5', 'TE', true],
  ['a coding whose name contains the word', 'chunked2, xchunked', 'TE', true],
  ['what Connection does not name', 'trailers', 'X', false],
  ['what no Connection names', 'trailers', null, false],
  ['chunked', 'chunked', 'TE', false],
  ['chunked in another case among others', 'trailers, Chunked', 'TE', false],
  ['chunked with a weight', 'chunked ;q=1', 'TE', false],
  ['chunked with a weight and no space', 'chunked;q=1', 'TE', false],
])('TE may say %s: %s, Connection: %s: %s (RFC 9110 §10.1.4, RFC 9112 §7.4)', (_, te, connection, allowed) => {
  const compose = () =>
    composeFields([['TE', te], ...(connection === null ? [] : [['Connection', connection] as const])]);
  if (allowed) expect(compose().before).toBe(`TE: ${te}\r\n`);
  else expect(compose).toThrow(refused);
});

describe('the Connection field (RFC 9110 §7.6.1)', () => {
  type Owed = 'close' | 'keep-alive' | null;
  test.each<[string, HeaderPairs, Owed, string]>([
    ['none owed, none given', [['A', 'b']], null, 'A: b\r\nF: g\r\n\r\n'],
    ['close owed', [['A', 'b']], 'close', 'A: b\r\nF: g\r\nConnection: close\r\n\r\n'],
    ['keep-alive owed', [['A', 'b']], 'keep-alive', 'A: b\r\nF: g\r\nConnection: keep-alive\r\n\r\n'],
    [
      'none owed, one given',
      [
        ['A', 'b'],
        ['connection', 'X'],
        ['C', 'd'],
      ],
      null,
      'A: b\r\nconnection: X\r\nC: d\r\nF: g\r\n\r\n',
    ],
    [
      'two given, joined at the first',
      [
        ['Connection', 'X'],
        ['A', 'b'],
        ['CONNECTION', 'Y'],
      ],
      null,
      'Connection: X, Y\r\nA: b\r\nF: g\r\n\r\n',
    ],
    ['close owed and given', [['Connection', 'close']], 'close', 'Connection: close\r\nF: g\r\n\r\n'],
    [
      'close owed and given among others',
      [['Connection', 'X, Close']],
      'close',
      'Connection: X, Close\r\nF: g\r\n\r\n',
    ],
    ['close owed, another given', [['Connection', 'X']], 'close', 'Connection: X, close\r\nF: g\r\n\r\n'],
    ['close owed, keep-alive given', [['Connection', 'keep-alive']], 'close', 'Connection: close\r\nF: g\r\n\r\n'],
    [
      'close owed, both given',
      [['Connection', 'keep-alive, X, close']],
      'close',
      'Connection: X, close\r\nF: g\r\n\r\n',
    ],
    [
      'close owed, keep-alive given among others',
      [['Connection', 'X, keep-alive, Y']],
      'close',
      'Connection: X, Y, close\r\nF: g\r\n\r\n',
    ],
    ['none owed, close given', [['Connection', 'close']], null, 'Connection: close\r\nF: g\r\n\r\n'],
    ['keep-alive owed, close given', [['Connection', 'close']], 'keep-alive', 'Connection: keep-alive\r\nF: g\r\n\r\n'],
    ['close owed, nothing given in the field', [['Connection', '']], 'close', 'Connection: close\r\nF: g\r\n\r\n'],
    [
      'keep-alive owed and given',
      [['Connection', 'Keep-Alive']],
      'keep-alive',
      'Connection: Keep-Alive\r\nF: g\r\n\r\n',
    ],
    [
      'keep-alive owed, another given',
      [['Connection', 'X']],
      'keep-alive',
      'Connection: X, keep-alive\r\nF: g\r\n\r\n',
    ],
  ])('%s', (_, headers, owed, text) => {
    expect(finishFields(composeFields(headers), owed, 'F: g\r\n')).toBe(text);
  });
});

describe('trailers (RFC 9110 §6.5.1)', () => {
  test('are written as they are', () => {
    expect(
      composeTrailers([
        ['A', ' b '],
        ['a', ''],
      ]),
    ).toBe('A: b\r\na: \r\n');
    expect([composeTrailers(undefined), composeTrailers([])]).toEqual(['', '']);
  });

  test.each([
    'Authorization',
    'Cache-Control',
    'Connection',
    'Content-Encoding',
    'Content-Length',
    'Content-Range',
    'Content-Type',
    'Expect',
    'Host',
    'Keep-Alive',
    'Max-Forwards',
    'Proxy-Connection',
    'Proxy-Authenticate',
    'Proxy-Authorization',
    'Range',
    'Set-Cookie',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'WWW-Authenticate',
  ])('cannot hold %s, which must be known before the content', (name) => {
    expect(() =>
      composeTrailers([
        ['A', 'b'],
        [name, 'c'],
      ]),
    ).toThrow(refused);
    expect(() => composeTrailers([[name.toLowerCase(), 'c']])).toThrow(refused);
  });

  test.each<[string, HeaderPairs]>([
    ['a line end', [['A', 'b\n']]],
    ['no name', [['', 'b']]],
  ])('cannot hold %s', (_, trailers) => {
    expect(() => composeTrailers(trailers)).toThrow(refused);
  });
});
