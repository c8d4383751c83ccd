// Every entry of docs/decisions.md, as bytes and what comes of them, under its heading.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClientConnection, type ClientOptions, type Relaxation, ServerConnection } from '../src/index.ts';
import { ascii, cut, cuts, drain, lines, pull, readRequests, readResponses, serverOf } from './pair.ts';
import { mistake } from './twins.ts';

/** Events in short: what began, bodies in quotes, mistakes with their status. */
function short(events: readonly string[]): string {
  return events
    .filter((event) => event !== 'end' && event !== 'eof')
    .map((event) => {
      const [type = '', first = '', second = ''] = event.split(' ');
      if (type === 'request') return `${first} ${second}`;
      if (type === 'response' || type === 'informational') return first;
      if (type === 'error') return `${first} ${second.slice(0, -1)}`;
      if (type === 'closed') return first === '' ? 'closed' : first.slice(0, -1);
      return type === 'data' ? event.slice('data '.length) : event;
    })
    .join(', ');
}

/** What every cut of the bytes gives alike. */
function alike(bytes: string, read: (chunks: Uint8Array[]) => { events: string[] }): string {
  const readings = new Set(cuts.map((how) => short(read(cut(ascii(bytes), how)).events)));
  return [...readings].join(' or ');
}

const served = (bytes: string, ...relax: Relaxation[]) =>
  alike(bytes, (chunks) => readRequests(chunks, { options: { relax } }));
const answered = (bytes: string, method = 'GET', more: ClientOptions = {}) =>
  alike(bytes, (chunks) => readResponses(chunks, { methods: [method], eof: 'clean', options: more }));

const get = (...fields: string[]) => lines('GET / HTTP/1.1', 'Host: x', ...fields);
const post = (...fields: string[]) => lines('POST / HTTP/1.1', 'Host: x', ...fields);
const hosted = (host: string, startLine = 'GET / HTTP/1.1') => lines(startLine, `Host: ${host}`);
const ok = (...fields: string[]) => lines('HTTP/1.1 200 OK', ...fields);
const chunked = (body: string) => post('Transfer-Encoding: chunked') + body;
const sized = (line: string) => chunked(`${line}\r\nhello\r\n0\r\n\r\n`);
const end = '0\r\n\r\n';

const hello = 'POST /, "hello"';
const read = 'GET /';
const badLine = 'POST /, ERR_CHUNK 400';
const badField = 'ERR_HEADER 400';
const badFraming = 'ERR_FRAMING 400';

type Row = readonly [name: string, happens: () => unknown, expected: unknown];

const decisions: Readonly<Record<string, readonly Row[]>> = {
  'White space behind a chunk size is refused': [
    ['a space', () => served(sized('5 ')), badLine],
    ['a tab', () => served(sized('5\t')), badLine],
    ['behind the last size', () => served(chunked('0 \r\n\r\n')), badLine],
    ['and before it', () => served(sized(' 5')), badLine],
    ['in a response', () => answered(`${ok('Transfer-Encoding: chunked')}5 \r\nhello\r\n${end}`), '200, ERR_CHUNK, lost never partial-response'], // biome-ignore format: a row
  ],
  'A bare semicolon in a chunk line is refused': [
    ['alone', () => served(sized('5;')), badLine],
    ['behind an extension', () => served(sized('5;a;')), badLine],
    ['two of them', () => served(sized('5;;a')), badLine],
    ['with white space', () => served(sized('5; ')), badLine],
    ['a name without one', () => served(sized('5;=b')), badLine],
    ['a value without one', () => served(sized('5;a=')), badLine],
  ],
  'LF alone does not end a chunk line': [
    ['behind the size', () => served(chunked('5\nhello\r\n0\r\n\r\n')), badLine],
    ['behind an extension', () => served(chunked('5;a\nhello\r\n0\r\n\r\n')), badLine],
    ['behind the data', () => served(chunked('5\r\nhello\n0\r\n\r\n')), `${hello}, ERR_CHUNK 400`],
    ['behind the last size', () => served(chunked('0\n\r\n')), badLine],
    ['in trailers', () => served(chunked('0\r\nX: y\n\r\n')), 'POST /, ERR_HEADER 400'],
    ['behind trailers', () => served(chunked('0\r\n\n')), 'POST /, ERR_HEADER 400'],
    ['whatever is relaxed', () => served(chunked('5\nhello\r\n0\r\n\r\n'), 'bare-lf'), badLine],
  ],
  'White space around the semicolon and the equals sign of an extension is read': [
    ['before the semicolon', () => served(sized('5 ;a')), hello],
    ['behind it', () => served(sized('5; a')), hello],
    ['around the equals sign', () => served(sized('5;a = b')), hello],
    ['tabs, and a quoted string', () => served(sized('5\t;\ta\t=\t"b;\\"\r"'.replace('\r', ''))), hello],
    ['and not at the end of the line', () => served(sized('5;a ')), badLine],
    ['a string that does not end', () => served(sized('5;a="b')), badLine],
  ],
  'A folded field line is refused, in requests and in responses': [
    ['in a request', () => served(get('X: a', ' b')), badField],
    ['with a tab', () => served(get('X: a', '\tb')), badField],
    ['before the first field', () => served(lines('GET / HTTP/1.1', ' Host: x')), badField],
    ['in a response', () => answered(ok('X: a', ' b')), 'ERR_HEADER, lost never partial-response'],
    ['unfolded where that is asked for', () => served(get('X: a', ' b'), 'obs-fold'), read],
    ['but not where it frames', () => served(post('Content-Length:', ' 5'), 'obs-fold'), badField],
  ],
  '`chunked, chunked` is refused': [
    ['in one field', () => served(post('Transfer-Encoding: chunked, chunked') + end), badFraming],
    ['in two', () => served(post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') + end), badFraming],
    ['an empty element before it', () => served(post('Transfer-Encoding: , chunked') + end), badFraming],
    ['an empty element behind it', () => served(post('Transfer-Encoding: chunked,') + end), badFraming],
    ['something behind it', () => served(post('Transfer-Encoding: chunked, gzip')), badFraming],
    ['in a response', () => answered(ok('Transfer-Encoding: chunked, chunked') + end), 'ERR_FRAMING, lost never partial-response'], // biome-ignore format: a row
  ],
  'An empty Host is refused': [
    ['nothing', () => served(hosted('')), badField],
    ['white space', () => served(hosted(' \t')), badField],
    ['a port alone', () => served(hosted(':80')), badField],
    ['with an absolute target', () => served(hosted('', 'GET http://a/ HTTP/1.1')), badField],
    ['in HTTP/1.0', () => served(hosted('', 'GET / HTTP/1.0')), badField],
    ['none in HTTP/1.0', () => served('GET / HTTP/1.0\r\n\r\n'), read],
  ],
  'One empty line before a request-line is skipped, a second is refused': [
    ['one', () => served(`\r\n${get()}`), read],
    ['one between requests', () => served(`${get()}\r\n${get()}`), `${read}, ${read}`],
    ['two', () => served(`\r\n\r\n${get()}`), 'ERR_START_LINE 400'],
    ['before a status line', () => answered(`\r\n${ok()}`), 'ERR_START_LINE, lost never partial-response'],
  ],
  'A method that we do not know is read': [
    ['a token', () => served(get().replace('GET', 'BREW')), 'BREW /'],
    ['every kind of tchar', () => served(get().replace('GET', "a!#$%&'*+-.^_`|~9")), "a!#$%&'*+-.^_`|~9 /"],
    ['in another case, with a body', () => served(`${post('Content-Length: 5').replace('POST', 'head')}hello`), 'head /, "hello"'], // biome-ignore format: a row
    ['no token', () => served(get().replace('GET', 'G(T')), 'ERR_START_LINE 400'],
  ],
  'A control other than HTAB is refused in a field value and a reason, not only CR, LF and NUL': [
    [
      'in a value',
      () => bytesThat((byte) => served(get(`X: a${byte}b`)) === read),
      [0x09, ...range(0x20, 0x7e), ...range(0x80, 0xff)],
    ],
    [
      'in a reason',
      () => bytesThat((byte) => answered(lines(`HTTP/1.1 204 a${byte}b`)) === '204, closed'),
      [0x09, ...range(0x20, 0x7e), ...range(0x80, 0xff)],
    ],
  ],

  'Host is exactly one valid host, in every HTTP/1.1 request': [
    ['none', () => served(lines('GET / HTTP/1.1')), badField],
    ['two', () => served(get('Host: x')), badField],
    ['two in one', () => served(hosted('x,y')), badField],
    ['with user information', () => served(hosted('u@x')), badField],
    ['a port that is no number', () => served(hosted('x:a')), badField],
    ['an empty port', () => served(hosted('x:')), read],
    ['a port beyond all', () => served(hosted('x:99999')), read],
    ['a percent sign alone', () => served(hosted('x%')), badField],
    ['a percent sign and digits', () => served(hosted('x%41')), read],
    ['IPv6', () => served(hosted('[::1]:80')), read],
    ['IPv6 with IPv4 in it', () => served(hosted('[::ffff:1.2.3.4]')), read],
    ['IPv6 with a group too many', () => served(hosted('[1:2:3:4:5:6:7:8:9]')), badField],
    ['IPv6 with too large a group', () => served(hosted('[12345::]')), badField],
    ['another in the target', () => served(hosted('b', 'GET http://a/ HTTP/1.1')), 'GET http://a/'],
  ],
  'Targets may hold ``"<>[\\]^`{|}`` and a percent sign that encodes nothing': [
    [
      'and these',
      () => bytesThat((byte) => served(`GET /a${byte}b HTTP/1.1\r\nHost: x\r\n\r\n`) === `GET /a${byte}b`),
      range(0x21, 0x7e).filter((code) => code !== 0x23),
    ],
    ['100%', () => served(get().replace('/', '/?100%')), 'GET /?100%'],
  ],
  'A status line may lack the space before an empty reason': [
    ['without', () => answered(lines('HTTP/1.1 204')), '204, closed'],
    ['with', () => answered(lines('HTTP/1.1 204 ')), '204, closed'],
    ['a reason without it', () => answered(lines('HTTP/1.1 204OK')), 'ERR_START_LINE, lost never partial-response'],
  ],
  'A higher minor version reads as 1.1, another major version is 505': [
    ['1.7', () => readRequests([ascii(get().replace('1.1', '1.7'))]).events[0], expect.stringContaining(' HTTP/1.1 ')],
    ['1.7 with chunks', () => served(sized('5').replace('1.1', '1.7')), hello],
    ['2.0', () => served(get().replace('1.1', '2.0')), 'ERR_VERSION 505'],
    ['0.9', () => served(get().replace('1.1', '0.9')), 'ERR_VERSION 505'],
    ['a response of 2.0', () => answered(ok().replace('1.1', '2.0')), 'ERR_VERSION, lost never partial-response'],
  ],
  'A method that is too long is 501, a target 414': [
    ['a method', () => served('A'.repeat(8_193)), 'ERR_HEAD_SIZE 501'],
    ['a target', () => served(`GET /${'a'.repeat(8_192)}`), 'ERR_HEAD_SIZE 414'],
    ['fields', () => served(get(`X: ${'a'.repeat(16_384)}`)), 'ERR_HEAD_SIZE 431'],
    ['too many of them', () => served(get(...Array<string>(100).fill('X: y'))), 'ERR_HEAD_SIZE 431'],
  ],
  'Expect is a list': [
    ['alone', () => continued('100-Continue'), true],
    ['with others', () => continued('x, 100-continue;, y'), false],
    ['among others', () => continued('x, 100-continue, y'), true],
    ['in a field of its own', () => continued('x\r\nExpect: 100-continue'), true],
    ['something else', () => continued('x'), false],
    ['of an empty body', () => continued('100-continue', '0'), false],
  ],
  'A head that needed a relaxation of syntax is the last on its connection, and trailers are never relaxed': [
    ['bare-lf', () => served(get('X: y\nA: b') + get(), 'bare-lf'), read],
    ['obs-fold', () => served(get('X: y', ' z') + get(), 'obs-fold'), read],
    ['space-before-colon', () => served(get('X : y') + get(), 'space-before-colon'), read],
    ['leading-whitespace', () => served(`GET / HTTP/1.1\r\n X: y\r\nHost: x\r\n\r\n${get()}`, 'leading-whitespace'), read], // biome-ignore format: a row
    ['not used', () => served(get() + get(), 'bare-lf', 'obs-fold'), `${read}, ${read}`],
    ['missing-host', () => served(lines('GET / HTTP/1.1') + get(), 'missing-host'), `${read}, ${read}`],
    ['non-ascii-target', () => served(get().replace('/', '/\xe9') + get(), 'non-ascii-target'), `GET /\xe9, ${read}`],
    ['trailers', () => served(chunked('0\r\nX : y\r\n\r\n'), 'space-before-colon'), 'POST /, ERR_HEADER 400'],
    ['of a response', () => answered(ok('X : y', 'Content-Length: 0') + ok(), 'GET', { relax: ['space-before-colon'] }), '200, closed'], // biome-ignore format: a row
  ],
  'A second opinion that throws refuses': [
    [
      'in a request',
      () => short(readRequests([ascii(get())], { options: { secondOpinion: fails } }).events),
      'ERR_SECOND_OPINION 400',
    ],
    [
      'in a response',
      () => answered(ok(), 'GET', { secondOpinion: fails }),
      'ERR_SECOND_OPINION, lost never partial-response',
    ],
  ],

  'Content-Length beside Transfer-Encoding is refused': [
    ['in a request', () => served(post('Content-Length: 5', 'Transfer-Encoding: chunked') + end), badFraming],
    ['in a response', () => answered(ok('Transfer-Encoding: chunked', 'Content-Length: 0') + end), 'ERR_FRAMING, lost never partial-response'], // biome-ignore format: a row
    ['a coding in HTTP/1.0', () => served(chunked(end).replace('1.1', '1.0')), badFraming],
    ['a length twice', () => served(`${post('Content-Length: 5', 'Content-Length: 5')}hello`), badFraming],
    ['a length twice in one', () => served(`${post('Content-Length: 5, 5')}hello`), badFraming],
  ],
  'A coding that we cannot undo is 501, unless no body follows': [
    ['in a request', () => served(post('Transfer-Encoding: gzip, chunked')), 'ERR_CODING 501'],
    [
      'in a response',
      () => answered(ok('Transfer-Encoding: gzip, chunked')),
      'ERR_CODING, lost never partial-response',
    ],
    ['not chunked at last', () => served(post('Transfer-Encoding: gzip')), badFraming],
    ['not chunked at last, in a response', () => answered(ok('Transfer-Encoding: gzip')), 'ERR_FRAMING, lost never partial-response'], // biome-ignore format: a row
    ['to HEAD', () => answered(ok('Transfer-Encoding: gzip, chunked'), 'HEAD'), '200, closed'],
    ['with 304', () => answered(ok('Transfer-Encoding: gzip, chunked').replace('200', '304')), '304, closed'],
    ['both to HEAD', () => answered(ok('Transfer-Encoding: chunked', 'Content-Length: 5'), 'HEAD'), 'ERR_FRAMING, lost never partial-response'], // biome-ignore format: a row
  ],
  'Content-Length, Transfer-Encoding and Host are refused as trailer fields': [
    ['a length', () => served(chunked('0\r\nContent-Length: 5\r\n\r\n')), 'POST /, ERR_HEADER 400'],
    ['a coding', () => served(chunked('0\r\ntransfer-encoding: chunked\r\n\r\n')), 'POST /, ERR_HEADER 400'],
    ['a host', () => served(chunked('0\r\nHOST: x\r\n\r\n')), 'POST /, ERR_HEADER 400'],
    ['others', () => readRequests([ascii(chunked('0\r\nX: y\r\n\r\n'))]).events.at(-1), 'end [["X","y"]]'],
  ],
  "A trailer section has a limit of its own, never above a head's": [
    ['4 KiB', () => trailersOf(4_096), 'end'],
    ['more', () => trailersOf(4_097), 'error ERR_HEAD_SIZE 431'],
    ['as much as a small head', () => trailersOf(100, 100), 'end'],
    ['more than a small head', () => trailersOf(101, 100), 'error ERR_HEAD_SIZE 431'],
  ],
  'A request body behind its response is taken in up to `drainSize`': [
    ['a short one', () => drained(65_536), { data: 65_536, verdict: 'keep' }],
    ['a long one', () => drained(65_537), { data: 0, verdict: 'close' }],
    ['one of many small chunks', () => drainedChunks(20_000), 'close'],
    ['one of fewer', () => drainedChunks(10_000), 'keep'],
    ['one that drips', () => drippedFor(60_000), 'close'],
    ['one that is in time', () => drippedFor(59_999), 'keep'],
  ],

  'A refused CONNECT closes the connection, and so does a refused Upgrade other than h2c': [
    ['CONNECT', () => served(lines('CONNECT x:1 HTTP/1.1', 'Host: x') + get()), 'CONNECT x:1, upgrade "GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n"'], // biome-ignore format: a row
    ['CONNECT, refused', () => refused(lines('CONNECT x:1 HTTP/1.1', 'Host: x')), 'CONNECT x:1, close'],
    ['Upgrade', () => refused(get('Connection: upgrade', 'Upgrade: websocket')), `${read}, close`],
    ['Upgrade to h2c', () => refused(get('Connection: upgrade', 'Upgrade: h2c')), `${read}, ${read}`],
    ['Upgrade to either', () => refused(get('Connection: upgrade', 'Upgrade: h2c, websocket')), `${read}, close`],
  ],
  '`close` in an interim response counts': [
    ['in 103', () => answered(lines('HTTP/1.1 103 Early Hints', 'Connection: close') + ok('Content-Length: 0')), '103, 200, closed'], // biome-ignore format: a row
    ['keeps without', () => keepsBehind(), 'keep'],
    ['closes with', () => keepsBehind('Connection: close'), 'close'],
  ],
  'A response that comes before a byte of its request was taken is unsolicited': [
    ['behind a first exchange', () => early(true), 'ERR_UNSOLICITED, lost safe unsent'],
    ['where nothing was ever taken', () => early(false), '200'],
  ],
  'A request that was pipelined behind a close is `if-idempotent`, not `safe`': [
    ['taken', () => behindClose(true), 'lost if-idempotent behind-close'],
    ['not taken', () => behindClose(false), 'lost safe unsent'],
  ],
  '`closed` carries ERR_NO_RESPONSE when requests in flight have no answer': [
    ['behind a response that says close', () => answeredOnce('Connection: close'), 'closed ERR_NO_RESPONSE'],
    ['behind one that does not', () => answeredOnce(), 'closed ERR_NO_RESPONSE'],
    ['with nothing in flight', () => answered(ok('Content-Length: 0')), '200, closed'],
  ],
  'Time begins at the first `advance()`': [
    ['late', () => timeless((server) => server.advance(1e9)), 1e9 + 5_000],
    ['at zero, where a deadline is read first', () => timeless((server) => server.deadline), 5_000],
  ],

  "What the caller says of the core's own fields must be true and complete, or it throws": [
    ['Connection: Content-Length', () => sent(['Connection', 'Content-Length']), 'ERR_HEAD'],
    ['Upgrade alone', () => sent(['Upgrade', 'y']), 'ERR_HEAD'],
    ['another Host than the target', () => sentTo('http://y/'), 'ERR_HEAD'],
    ['the Host of the target', () => sentTo('http://X/'), 'sent'],
    ['TE alone', () => sent(['TE', 'trailers']), 'ERR_HEAD'],
    ['TE with its option', () => sent(['TE', 'trailers'], ['Connection', 'TE']), 'sent'],
    ['a switch to something else', () => switchedTo('z'), 'ERR_HEAD'],
    ['a switch to what was asked for', () => switchedTo('Y'), 'sent'],
  ],
  'A body is a Uint8Array and nothing that looks like one': [
    ['a string', () => sentBody('hello'), 'ERR_HEAD'],
    ['wider elements', () => sentBody(new Uint16Array(5)), 'ERR_HEAD'],
    ['bytes', () => sentBody(new Uint8Array(5)), 'sent'],
  ],
  'Large pieces of a body go out by reference, and the connection ends where one is gone': [
    ['the same memory', () => outgoing(() => {}), 'same, open'],
    ['transferred', () => outgoing((bytes) => structuredClone(bytes.buffer, { transfer: [bytes.buffer] })), 'nothing, finished'], // biome-ignore format: a row
  ],
};

function fails(): never {
  throw new Error('out of memory');
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function bytesThat(pass: (byte: string) => boolean): number[] {
  return range(0, 255).filter((code) => pass(String.fromCharCode(code)));
}

/** Does a server say 100 to that expectation? */
function continued(expect: string, length = '5'): boolean {
  const head = post(`Expect: ${expect}`, `Content-Length: ${length}`);
  return readRequests([ascii(head)], { handle: () => {} }).output.startsWith('HTTP/1.1 100 ');
}

/** What comes of a body behind its response, and of the connection. */
function drained(size: number): { data: number; verdict: string } {
  const { server, exchange } = serverOf(post(`Content-Length: ${size}`));
  exchange.respond({ status: 200 });
  let data = 0;
  for (const event of server.receive(new Uint8Array(size))) if (event.type === 'data') data += event.bytes.length;
  return { data, verdict: server.persistence.verdict };
}

/** What becomes of the connection behind a response, when so many chunks of a byte come. */
function drainedChunks(count: number): string {
  const { server, exchange } = serverOf(post('Transfer-Encoding: chunked'));
  exchange.respond({ status: 200 });
  pull(server.receive(ascii('1\r\nx\r\n'.repeat(count) + end)));
  return server.persistence.verdict;
}

/** The same, when the rest of the body takes so long. */
function drippedFor(milliseconds: number): string {
  const { server, exchange } = serverOf(post('Content-Length: 11'));
  server.advance(0);
  exchange.respond({ status: 200 });
  for (let i = 0; i <= 10 && server.persistence.verdict === 'keep'; i++) {
    server.advance((milliseconds * i) / 10);
    pull(server.receive(ascii('x')));
  }
  return server.persistence.verdict;
}

/** The end of a request with a trailer section of that size. */
function trailersOf(size: number, headSize = 16_384): string {
  const bytes = chunked(`0\r\nX: ${'y'.repeat(size - 'X: \r\n\r\n'.length)}\r\n\r\n`);
  const { events } = readRequests([ascii(bytes)], { options: { limits: { headSize } } });
  return (
    events
      .at(-1)
      ?.replace(/^end.*/, 'end')
      .replace(/:.*/s, '') ?? ''
  );
}

/** A request that asks for more, refused, and another behind it. */
function refused(asking: string): string {
  const reading = readRequests([ascii(asking + get())], {
    handle: (event) => {
      if (event.type === 'end') event.exchange.respond({ status: 400 });
    },
  });
  return short(reading.events) + (/^Connection: close/im.test(reading.output) ? ', close' : '');
}

function clientWith(count: number, options: ClientOptions = { persistent: true }): ClientConnection {
  const client = new ClientConnection(options);
  for (let i = 0; i < count; i++) client.request({ method: 'GET', target: `/${i}`, headers: [['Host', 'x']] });
  return client;
}

function keepsBehind(...fields: string[]): string {
  const client = clientWith(1);
  drain(client);
  pull(client.receive(ascii(lines('HTTP/1.1 103 Early Hints', ...fields) + ok('Content-Length: 0'))));
  return client.persistence.verdict;
}

function early(takenBefore: boolean): string {
  const client = clientWith(takenBefore ? 1 : 0);
  if (takenBefore) {
    drain(client);
    pull(client.receive(ascii(ok('Content-Length: 0'))));
  }
  client.request({ method: 'POST', target: '/', headers: [['Host', 'x']] });
  return short(pull(client.receive(ascii(ok('Content-Length: 0')))));
}

function behindClose(taken: boolean): string {
  const client = clientWith(1);
  drain(client);
  client.request({ method: 'GET', target: '/', headers: [['Host', 'x']] });
  if (taken) drain(client);
  return pull(client.receive(ascii(ok('Connection: close', 'Content-Length: 0')))).at(-1) ?? '';
}

function answeredOnce(...fields: string[]): string {
  const client = clientWith(2);
  drain(client);
  const events = pull(client.receive(ascii(ok(...fields, 'Content-Length: 0'))).receiveEnd());
  return events.find((event) => event.startsWith('closed'))?.replace(/:.*/s, '') ?? '';
}

function timeless(act: (server: ServerConnection) => unknown): number {
  const server = new ServerConnection();
  act(server);
  return server.deadline;
}

/** The code of what was thrown, or that it went out. */
function codeOf(call: () => unknown): string {
  try {
    call();
    return 'sent';
  } catch {
    return mistake(call).code;
  }
}

function sent(...fields: (readonly [string, string])[]): string {
  const client = new ClientConnection({ persistent: true });
  return codeOf(() => client.request({ method: 'GET', target: '/', headers: [['Host', 'x'], ...fields] }));
}

function sentTo(target: string): string {
  const client = new ClientConnection({ persistent: true });
  return codeOf(() => client.request({ method: 'GET', target, headers: [['Host', 'x']] }));
}

function sentBody(body: unknown): string {
  const { exchange } = serverOf(get());
  return codeOf(() => exchange.respond({ status: 200 }, body as Uint8Array));
}

function switchedTo(protocol: string): string {
  const { exchange } = serverOf(get('Connection: upgrade', 'Upgrade: y'));
  return codeOf(
    () =>
    exchange.respond({ status: 101, headers: [['Connection', 'upgrade'], ['Upgrade', protocol]] }), // biome-ignore format: one call
  );
}

function outgoing(change: (bytes: Uint8Array<ArrayBuffer>) => unknown): string {
  const { server, exchange } = serverOf(get());
  const body = new Uint8Array(5_000);
  const { buffer } = body;
  exchange.respond({ status: 200 }, body);
  server.nextChunk();
  change(body);
  const chunk = server.nextChunk();
  const what = chunk === null ? 'nothing' : chunk.buffer === buffer ? 'same' : 'another';
  return `${what}, ${server.finished ? 'finished' : 'open'}`;
}

describe.each(Object.entries(decisions))('%s', (_, rows) => {
  test.each(rows)('%s', (__, happens, expected) => {
    expect(happens()).toEqual(expected);
  });
});

describe('docs/decisions.md', () => {
  const paragraphs = readFileSync(join(__dirname, '../../../docs/decisions.md'), 'utf8')
    .trim()
    .split(/\n{2,}/)
    .slice(2) // the title, and what this is
    .filter((paragraph) => !paragraph.startsWith('## '));
  const entry = /^\*\*(\d{4}-\d{2}-\d{2}) · ([^\n]+?)\.\*\* \S/;

  test('is made of dated entries of one paragraph each', () => {
    expect(paragraphs.filter((paragraph) => !entry.test(unwrapped(paragraph)))).toEqual([]);
  });

  test('has the headings that are tested here, and no others, in the same order', () => {
    const headings = paragraphs.map((paragraph) => entry.exec(unwrapped(paragraph))?.[2]);
    expect(Object.keys(decisions)).toEqual(headings);
  });

  test('has a row for each', () => {
    expect(Object.entries(decisions).filter(([, rows]) => rows.length === 0)).toEqual([]);
  });

  /** A heading may go on in the next line. */
  function unwrapped(paragraph: string): string {
    return paragraph.replaceAll('\n', ' ');
  }
});
