// Streams of messages near the grammar, by seed: most of each is valid, in each place now and then something is not, and edits make many
// inputs of one. Knows nothing of how they are read. In the lists a bar stands between two texts.

import fc from 'fast-check';
import { randomFrom } from '../../core/test/pair.ts';

type Text = fc.Arbitrary<string>;

const list = (texts: string): string[] => texts.split('¦');
const oneOf = (texts: string): Text => fc.constantFrom(...list(texts));

/** One of the first, and once in so many times one of the others. */
const mostly = (usual: string, odd: string, times: number): Text =>
  fc.oneof({ weight: times - 1, arbitrary: oneOf(usual) }, { weight: 1, arbitrary: oneOf(odd) });

const joined = (...parts: readonly Text[]): Text => fc.tuple(...parts).map((all) => all.join(''));
const several = (one: Text, most: number): Text => fc.array(one, { maxLength: most }).map((all) => all.join(''));
const but = (often: number, usual: Text, ...rare: readonly Text[]): Text =>
  fc.oneof({ weight: often, arbitrary: usual }, ...rare.map((arbitrary) => ({ weight: 1, arbitrary })));

// Lines

const lineEnd = mostly('\r\n', '\n¦\r¦\r\r\n¦\n\r¦ \r\n¦\r\n ¦\r\n\t¦\r\n\r\n', 400);
const emptyLine = mostly('\r\n', '\n¦\r¦¦\r\r\n¦ \r\n', 150);
const linesBefore = mostly('', '\r\n¦\n¦\r\n\r\n¦ ¦\r¦\r\n\r\n\r\n', 40);
const space = mostly(' ¦ ¦ ¦', '\t¦  ¦ \t¦\x0b¦\xa0', 200);
const spaceBehind = mostly('¦¦¦ ', '\t¦ \t ¦  ', 20);
const colon = mostly(':', ' :¦¦=¦::¦\t:¦\xa0:', 400);

/** A field line with its end. */
const field = (names: Text, values: Text): Text => joined(names, colon, space, values, spaceBehind, lineEnd);

// Start-lines

const method = mostly(
  'GET¦GET¦POST¦POST¦PUT¦HEAD¦OPTIONS¦DELETE¦PATCH¦TRACE¦CONNECT¦M-SEARCH¦QUERY',
  'get¦GETX¦GE¦FOO¦PRI¦DESCRIBE¦SOURCE¦ANNOUNCE¦¦G\xc9T¦GET:¦FLUSH¦!#¦GET_PARAMETER',
  25,
);
const target = but(
  8,
  oneOf('/¦/a¦/a?b=c¦//a¦/%41¦/"<>[]{}|\\^`¦http://a.example/b¦http://a.example¦https://[::1]:8/¦a.example:443¦*'),
  oneOf(
    '¦a¦?¦/a#b¦/\xe9¦/a b¦/\t¦http://¦http://u@a/¦http://a:b/¦*a¦**¦coap+tcp://a/¦h2://a/¦http:/a¦http:a¦a.example',
  ),
  oneOf('a.example:¦a.example:99999¦[::1]:443¦://a¦/\0¦http://a.example?b¦http://a.example#b¦http://a\\b/¦http://a_b/'),
  oneOf(`http://a@b@c/¦http://[::1/¦http://%41/¦http:///b¦http://:80/¦/${'a'.repeat(1_100)}`),
);
const version = mostly(
  'HTTP/1.1¦HTTP/1.1¦HTTP/1.1¦HTTP/1.1¦HTTP/1.1¦HTTP/1.1¦HTTP/1.0',
  'HTTP/2.0¦HTTP/0.9¦HTTP/1.2¦HTTP/1.9¦http/1.1¦HTTP/1.¦HTTP/11¦HTTP/1.10¦HTTP/3.0¦HTTPS/1.1¦',
  40,
);
const requestLine = but(
  2,
  joined(oneOf('GET¦POST¦PUT¦HEAD'), fc.constant(' /a '), version),
  joined(method, fc.constant(' '), target, fc.constant(' '), version),
);
const status = mostly(
  '200¦200¦200¦204¦206¦304¦404¦100¦103¦101¦500¦999',
  '102¦199¦205¦099¦000¦20¦2000¦2x0¦-20¦¦150',
  13,
);
const reason = mostly(' OK¦ ¦¦ Not Found¦ \xe9t\xe9¦ a\tb¦  a ', ' \0¦ a\x7f¦\t¦a¦ a\x0b', 40);
const statusLine = joined(version, fc.constant(' '), status, reason);

// Fields

const value = mostly(
  '¦a¦a b¦a, b¦"a"¦caf\xe9¦\xef\xbb\xbfa¦:¦a:b¦\xff¦a\tb¦close¦chunked¦\x80',
  'a\0b¦\x7f¦a\rb¦a\nb¦\x01¦\x0b¦\x1f',
  100,
);
const name = mostly(
  "X¦x-a¦Accept¦User-Agent¦Cookie¦!#$%&'*+-.^_`|~9¦Contents¦Content-Lengt¦Hosts¦Connect¦Upgrade-X",
  '¦X Y¦X\t¦X ¦X\xe9¦(¦X/¦"X"¦X\0¦@¦Host ¦Content-Length ¦Transfer-Encoding\t¦ X',
  60,
);
const option = but(
  2,
  oneOf(
    'close¦keep-alive¦upgrade¦Close¦close, upgrade¦upgrade, keep-alive¦te¦keep-alive, close¦x, close¦close,¦,close',
  ),
  oneOf(
    'closed¦clos¦close\t¦close\t, x¦"close"¦close;x¦keep-alive,x¦x upgrade¦¦upgrade\t¦close\xff¦keep-alive\t¦a,close,b',
  ),
);
const otherField = fc.oneof(
  { weight: 12, arbitrary: field(name, value) },
  { weight: 4, arbitrary: field(oneOf('Connection¦connection¦CONNECTION'), option) },
  { weight: 2, arbitrary: field(oneOf('Upgrade¦upgrade'), oneOf('x¦websocket¦h2c¦¦x, y')) },
  { weight: 2, arbitrary: field(fc.constant('Expect'), oneOf('100-continue¦100-Continue¦x')) },
  { weight: 1, arbitrary: field(oneOf('Proxy-Connection¦Keep-Alive¦TE¦Trailer'), oneOf('close¦timeout=5¦keep-alive')) },
);
const otherFields = several(otherField, 3);
const tooMuch = oneOf(`${'A: b\r\n'.repeat(101)}¦A: ${'b'.repeat(4_200)}\r\n`);
const hostField = field(
  mostly('Host¦Host¦Host¦host¦HOST', 'Hosts¦Host ', 40),
  mostly('a.example¦a.example:80¦[::1]¦a¦%41', '¦a b¦a,b¦a/b¦u@a¦a:b¦[::1¦\xe9¦a\\b¦a?b¦%4¦:80', 25),
);
const host = but(60, hostField, fc.constant(''), joined(hostField, hostField));

// Bodies

const content = fc.string({
  unit: but(8, oneOf('a¦b¦0¦\r\n¦ ¦:'), oneOf('\0¦\xff¦GET / HTTP/1.1\r\n\r\n¦HTTP/1.1 200 OK\r\n\r\n¦0\r\n\r\n')),
  maxLength: 12,
});
// What is before and behind the digits of a chunk's size.
const sizeBefore = mostly(
  '¦¦¦000',
  '+¦-¦0x¦ ¦\t¦_¦1000000000000000¦10000000000000000¦0000000000000000¦fffffffffffffff¦g',
  40,
);
const sizeBehind = mostly('', ' ¦\t¦g¦,¦.0¦ a¦\0¦\xff¦"', 40);
const extension = fc.oneof(
  { weight: 60, arbitrary: oneOf('¦¦¦¦¦;a¦;a=b¦;a="b"¦;a=b;c¦;a="b\\"c"¦;a="b;c"¦;a="\xff"¦;a="\t"¦;a=""') },
  { weight: 4, arbitrary: oneOf('; a¦ ;a¦;a =b¦;a= b¦;a=b ¦\t;a¦;\ta¦;a\t=\tb¦;a="b" ¦;a="b" ;c') },
  { weight: 1, arbitrary: fc.constant(`;${'a'.repeat(1_100)}`) },
  {
    weight: 2,
    arbitrary: oneOf(';¦;;¦;;a¦;=b¦;a=¦;a=;b¦;a="b¦;a="b"c¦;a=b"c"¦;a==b¦;a=b;¦;a="b";¦;a="b"="c"¦;a\tb¦;a b¦;a=(b)'),
  },
  {
    weight: 2,
    arbitrary: oneOf(
      ';\xff¦;a=\xff¦;a="b\0"¦;a="\\\0"¦;a="\x7f"¦;a="\\\x7f"¦;a="\\\xff"¦;a="\n"¦;a="\r\n"¦;a\r¦;a="b\\¦;a="\\\r\n',
    ),
  },
);
const chunkEnd = mostly('\r\n', '\n¦\r¦¦ \r\n¦\r\r\n¦\n\r\n', 120);
const chunk = fc
  .tuple(sizeBefore, sizeBehind, extension, chunkEnd, content, chunkEnd, fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 0, 1))
  .map(([before, behind, extended, end, data, dataEnd, off]) => {
    return data === '' ? '' : before + (data.length + off).toString(16) + behind + extended + end + data + dataEnd;
  });
const trailer = field(
  mostly('X¦x-a¦ETag', 'Content-Length¦Transfer-Encoding¦Host¦Connection¦Content-Type¦Upgrade¦Trailer¦X\xe9¦ X', 6),
  mostly('a¦¦5¦chunked¦close¦caf\xe9¦upgrade¦a.example', '\0¦\x7f', 40),
);
const trailers = but(40, but(4, fc.constant(''), several(trailer, 2)), tooMuch);
const lastChunk = joined(mostly('0¦0¦000', '00000000000000000¦-0¦0x0¦0 ', 40), extension, chunkEnd, trailers, chunkEnd);
const chunks = joined(several(chunk, 3), lastChunk);

/** The fields that announce a body, and the body. */
type Framed = fc.Arbitrary<readonly [fields: string, body: string]>;

const lengthName = mostly('Content-Length¦content-length¦CONTENT-LENGTH', 'Content_Length¦Content-Length\0', 60);
const codingName = mostly('Transfer-Encoding¦transfer-encoding', 'Transfer_Encoding¦Transfer-Encodin', 60);
const ofLength: Framed = fc
  .tuple(lengthName, colon, space, fc.constantFrom(0, 0, 0, 0, 0, 0, 1, -1), spaceBehind, lineEnd, content)
  .map(([named, separator, before, off, behind, end, body]) => {
    return [`${named}${separator}${before}${Math.max(0, body.length + off)}${behind}${end}`, body] as const;
  });
const ofChunks: Framed = fc.tuple(
  field(codingName, mostly('chunked¦chunked¦Chunked¦CHUNKED', 'chunked, chunked', 30)),
  chunks,
);
const oddLength = but(
  1,
  oneOf('¦+5¦-5¦5,5¦5, 5¦5 5¦0x5¦5.0¦5;¦5\t¦5\t ¦\x0b5¦9007199254740991¦9007199254740992¦18446744073709551615¦a¦5a'),
  oneOf(
    '18446744073709551616¦18446744073709551621¦00000000000000005¦0000000000000005¦99999999999999999999¦4294967301¦1e1¦5\xa0',
  ),
);
const oddCoding = but(
  1,
  oneOf(
    'gzip¦gzip, chunked¦chunked, gzip¦chunked, chunked¦chunked,¦,chunked¦xchunked¦chunkedx¦chunked;a=b¦identity¦chunked\t¦',
  ),
  oneOf('chunked \t¦"chunked"¦chunked, identity¦gzip,chunked¦a b, chunked¦chunked ,¦¦x;a="b, chunked"¦chunk¦chunked x'),
  oneOf('\x0bchunked¦chunked\xff¦gzip\tchunked¦ ,chunked¦gzip;q=1, chunked¦gzip, , chunked¦(, chunked'),
);
const odd: Framed = fc.tuple(
  fc.oneof(
    field(lengthName, oddLength),
    field(codingName, oddCoding),
    joined(field(lengthName, oneOf('5¦0¦05')), field(codingName, oneOf('chunked¦gzip¦'))),
    joined(field(codingName, fc.constant('chunked')), field(lengthName, oneOf('5¦0¦a'))),
    joined(field(lengthName, oneOf('5¦0¦17')), field(lengthName, oneOf('5¦0¦17'))),
    joined(field(codingName, oneOf('chunked¦gzip¦')), field(codingName, oneOf('chunked¦identity¦'))),
  ),
  fc.oneof(content, chunks),
);
const framed: Framed = fc.oneof(
  { weight: 4, arbitrary: fc.constant(['', ''] as const) },
  { weight: 4, arbitrary: ofLength },
  { weight: 5, arbitrary: ofChunks },
  { weight: 2, arbitrary: odd },
);

// Messages

const message = (line: Text, first: Text): Text =>
  fc
    .tuple(linesBefore, line, lineEnd, first, otherFields, framed, but(400, otherFields, tooMuch), emptyLine)
    .map(([before, start, end, some, more, [announced, body], rest, empty]) => {
      return before + start + end + some + more + announced + rest + empty + body;
    });
const stream = (one: Text): Text => fc.array(one, { minLength: 1, maxLength: 3 }).map((all) => all.join(''));

export const requests: Text = stream(message(requestLine, host));

export interface Responses {
  /** Of the requests that they answer; `UPGRADE` is a GET that asks for another protocol. */
  readonly methods: readonly string[];
  readonly text: string;
}

export const responses: fc.Arbitrary<Responses> = fc.record({
  methods: fc.oneof(
    { weight: 5, arbitrary: fc.array(fc.constantFrom('GET', 'GET', 'HEAD'), { minLength: 1, maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom(['CONNECT'], ['UPGRADE']) },
  ),
  text: stream(message(statusLine, fc.constant(''))),
});

// What an edit puts in: characters that end, hide or begin something, and lines that change what a message is.
const slips = [
  ...list(
    '\r¦\n¦\r\n¦\0¦ ¦\t¦:¦,¦;¦"¦=¦0¦5¦f¦g¦-¦\xff¦\x7f¦\\¦#¦x¦\x01¦\xc3¦chunked¦\r\n\r\n¦0\r\n\r\n¦\r\n ¦\r\nX: y¦\r\nHost: b',
  ),
  ...list(
    '\r\nContent-Length: 5¦\r\nTransfer-Encoding: chunked¦\r\nConnection: close¦\r\nConnection: keep-alive¦GET / HTTP/1.1',
  ),
  ...list('\r\nUpgrade: x\r\nConnection: upgrade¦HTTP/1.1 200 OK'),
];

/** So many inputs of one: as it is, cut short, with a part twice, and changed in a place or a few. */
export function edits(text: string, seed: number, length: number): string[] {
  const random = randomFrom(seed);
  const below = (end: number) => Math.floor(random() * end);
  const edit = (input: string): string => {
    const at = below(input.length + 1);
    const kind = below(10);
    if (kind === 0) return input.slice(0, at);
    if (kind === 1) return input.slice(0, at) + input.slice(at + 1 + below(3));
    if (kind === 2) return input.slice(0, at + below(40)) + input.slice(at);
    if (kind === 3) return `${input.slice(0, at)}${String.fromCharCode(below(256))}${input.slice(at + 1)}`;
    return `${input.slice(0, at)}${slips[below(slips.length)]}${input.slice(at + below(2))}`;
  };
  const inputs = [text];
  while (inputs.length < length) {
    let input = text;
    for (let times = 1 + below(2) * below(3); times > 0; times--) input = edit(input);
    inputs.push(input);
  }
  return inputs;
}
