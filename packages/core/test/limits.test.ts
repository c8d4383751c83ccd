// The limits: each counts bytes consumed, so that the cut of the bytes changes nothing, and each has its code and status
// (RFC 9112 §3, §7.1.1; RFC 9110 §5.4, §15.5).

import { type Limits, ServerConnection } from '../src/index.ts';
import { ascii, cut, cuts, drain, lines, pull, readRequests, readResponses } from './pair.ts';

/** The last event of a server, the same for every cut. */
function lastOf(bytes: string, limits: Partial<Limits>): string {
  const last = cuts.map((how) => readRequests(cut(ascii(bytes), how), { options: { limits } }).events.at(-1) ?? '');
  expect(new Set(last).size).toBe(1);
  return last[0]?.replace(/:.*/s, '') ?? '';
}

function lastOfClient(bytes: string, limits: Partial<Limits>): string {
  const closed = cuts.map(
    (how) =>
      readResponses(cut(ascii(bytes), how), { options: { limits } }).events.find((line) => line.startsWith('closed')) ??
      '',
  );
  expect(new Set(closed).size).toBe(1);
  return closed[0]?.replace(/:.*/s, '') ?? '';
}

const get = lines('GET /a HTTP/1.1', 'Host: x');
const chunked = lines('POST /a HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked');
const of = (length: number) => lines('POST /a HTTP/1.1', 'Host: x', `Content-Length: ${length}`);

describe('a request at the limit passes, one beyond it does not', () => {
  test.each<[string, Partial<Limits>, string, string, string]>([
    ['headSize', { headSize: get.length }, get, get.replace('x', 'xy'), 'error ERR_HEAD_SIZE 431'],
    [
      'headSize, an empty line before it included',
      { headSize: get.length + 2 },
      `\r\n${get}`,
      `\r\n${get.replace('x', 'xy')}`,
      'error ERR_HEAD_SIZE 431',
    ],
    [
      'headSize in the request-line',
      { headSize: get.length },
      get,
      lines(`GET /${'a'.repeat(40)} HTTP/1.1`, 'Host: x'),
      'error ERR_HEAD_SIZE 414',
    ],
    ['startLineSize', { startLineSize: 15 }, get, get.replace('/a', '/ab'), 'error ERR_HEAD_SIZE 414'],
    [
      'startLineSize, an empty line before it not included',
      { startLineSize: 15 },
      `\r\n${get}`,
      `\r\n${get.replace('/a', '/ab')}`,
      'error ERR_HEAD_SIZE 414',
    ],
    [
      'startLineSize in the method, which then nobody implements',
      { startLineSize: 15 },
      get,
      lines('A'.repeat(16), 'Host: x'),
      'error ERR_HEAD_SIZE 501',
    ],
    [
      'startLineSize behind the method',
      { startLineSize: 15 },
      get,
      lines('GETGETGET /a HTTP/1.1', 'Host: x'),
      'error ERR_HEAD_SIZE 414',
    ],
    [
      'headSize in the method',
      { headSize: get.length },
      get,
      lines('A'.repeat(get.length), 'Host: x'),
      'error ERR_HEAD_SIZE 501',
    ],
    [
      'headers',
      { headers: 2 },
      lines('GET /a HTTP/1.1', 'Host: x', 'X: y'),
      lines('GET /a HTTP/1.1', 'Host: x', 'X: y', 'Z: a'),
      'error ERR_HEAD_SIZE 431',
    ],
    [
      'headers beyond what one table holds',
      { headers: 300 },
      lines('GET /a HTTP/1.1', 'Host: x', ...Array<string>(299).fill('X: y')),
      lines('GET /a HTTP/1.1', 'Host: x', ...Array<string>(300).fill('X: y')),
      'error ERR_HEAD_SIZE 431',
    ],
    [
      'trailerSize',
      { trailerSize: 8 },
      `${chunked}0\r\nX: y\r\n\r\n`,
      `${chunked}0\r\nX: yz\r\n\r\n`,
      'error ERR_HEAD_SIZE 431',
    ],
    [
      'headers, which counts trailers on their own',
      { headers: 2 },
      `${chunked}0\r\nX: y\r\nX: y\r\n\r\n`,
      `${chunked}0\r\nX: y\r\nX: y\r\nX: y\r\n\r\n`,
      'error ERR_HEAD_SIZE 431',
    ],
    [
      'chunkLineSize, its line end included',
      { chunkLineSize: 7 },
      `${chunked}0;abc\r\n\r\n`,
      `${chunked}0;abcd\r\n\r\n`,
      'error ERR_CHUNK 413',
    ],
    [
      'chunkLineSize in the digits',
      { chunkLineSize: 5 },
      `${chunked}000\r\n\r\n`,
      `${chunked}0000\r\n\r\n`,
      'error ERR_CHUNK 413',
    ],
    ['bodySize of a length', { bodySize: 5 }, `${of(5)}hello`, `${of(6)}hello!`, 'error ERR_BODY_SIZE 413'],
    [
      'bodySize of chunks',
      { bodySize: 5 },
      `${chunked}2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`,
      `${chunked}2\r\nhe\r\n4\r\nllo!\r\n0\r\n\r\n`,
      'error ERR_BODY_SIZE 413',
    ],
    [
      'bodySize of 0',
      { bodySize: 0 },
      `${chunked}0\r\n\r\n`,
      `${chunked}1\r\nx\r\n0\r\n\r\n`,
      'error ERR_BODY_SIZE 413',
    ],
  ])('%s', (_, limits, within, beyond, error) => {
    expect(lastOf(within, limits)).toMatch(/^end/);
    expect(lastOf(beyond, limits)).toBe(error);
  });

  test('extensionSize, over all the chunks of a message, from the first white space or semicolon to the last byte before the line end', () => {
    const withExtensions = (...extensions: string[]) =>
      `${chunked}${extensions.map((extension) => `1${extension}\r\nx\r\n`).join('')}0\r\n\r\n`;
    const all = [';abc=de', ' ; a\t=\t"b"', ';a;b', ';c'];
    const size = all.join('').length;
    expect(lastOf(withExtensions(...all), { extensionSize: size })).toBe('end');
    expect(lastOf(withExtensions(...all), { extensionSize: size - 1 })).toBe('error ERR_CHUNK 413');
    expect(lastOf(withExtensions(';a'), { extensionSize: 0 })).toBe('error ERR_CHUNK 413');
    expect(lastOf(withExtensions(''), { extensionSize: 0 })).toBe('end');
  });

  test('extensionSize of one message does not count against the next', () => {
    const one = `${chunked}1;${'a'.repeat(60)}\r\nx\r\n0\r\n\r\n`;
    expect(lastOf(one.repeat(3), { extensionSize: 100 })).toBe('end');
  });

  test('bodySize of one message does not count against the next', () => {
    expect(lastOf(`${of(5)}hello`.repeat(3), { bodySize: 5 })).toBe('end');
    expect(lastOf(`${chunked}5\r\nhello\r\n0\r\n\r\n`.repeat(3), { bodySize: 5 })).toBe('end');
  });

  test('a body that is announced too large is refused before a byte of it has come', () => {
    expect(lastOf(of(6), { bodySize: 5 })).toBe('error ERR_BODY_SIZE 413');
    expect(lastOf(`${chunked}6\r\n`, { bodySize: 5 })).toBe('error ERR_BODY_SIZE 413');
  });
});

describe('by default', () => {
  const headOf = (size: number) => {
    const around = lines('GET /a HTTP/1.1', 'Host: x', 'X: ').length;
    return lines('GET /a HTTP/1.1', 'Host: x', `X: ${'y'.repeat(size - around)}`);
  };
  const lineOf = (size: number) => lines(`GET /${'a'.repeat(size - 'GET / HTTP/1.1'.length)} HTTP/1.1`, 'Host: x');
  const methodOf = (size: number) => lines(`${'M'.repeat(size)} /a HTTP/1.1`, 'Host: x');
  const fieldsOf = (count: number) => lines('GET /a HTTP/1.1', 'Host: x', ...Array<string>(count - 1).fill('X: y'));
  const trailersOf = (count: number) => `${chunked}0\r\n${'X: y\r\n'.repeat(count)}\r\n`;
  const trailerOf = (size: number) => `${chunked}0\r\nX: ${'y'.repeat(size - 'X: \r\n\r\n'.length)}\r\n\r\n`;
  const chunkLineOf = (size: number) => `${chunked}0;${'a'.repeat(size - '0;\r\n'.length)}\r\n\r\n`;
  const extensionsOf = (size: number) => {
    const full = `1;${'a'.repeat(1_000 - 1)}\r\nx\r\n`.repeat(Math.floor(size / 1_000));
    const rest = size % 1_000;
    return `${chunked}${full}0;${'a'.repeat(rest - 1)}\r\n\r\n`;
  };
  const digitsOf = (count: number) => `${chunked}${'0'.repeat(count - 1)}1\r\nx\r\n${'0'.repeat(count)}\r\n\r\n`;
  const lengthOf = (digits: number) =>
    `${lines('POST /a HTTP/1.1', 'Host: x', `Content-Length: ${'1'.padStart(digits, '0')}`)}x`;

  test.each<[string, (size: number) => string, number, string]>([
    ['16 KiB of head', headOf, 16 * 1024, 'error ERR_HEAD_SIZE 431'],
    ['8 KiB of request-line, more than the 8,000 bytes of RFC 9112 §3', lineOf, 8 * 1024, 'error ERR_HEAD_SIZE 414'],
    ['a method as long as its line lets it be', methodOf, 8 * 1024 - ' /a HTTP/1.1'.length, 'error ERR_HEAD_SIZE 414'],
    ['100 fields', fieldsOf, 100, 'error ERR_HEAD_SIZE 431'],
    ['4 KiB of trailers', trailerOf, 4 * 1024, 'error ERR_HEAD_SIZE 431'],
    ['100 trailer fields', trailersOf, 100, 'error ERR_HEAD_SIZE 431'],
    ['1 KiB of chunk line', chunkLineOf, 1024, 'error ERR_CHUNK 413'],
    ['16 KiB of extensions', extensionsOf, 16 * 1024, 'error ERR_CHUNK 413'],
    ['16 digits of chunk size', digitsOf, 16, 'error ERR_CHUNK 400'],
    ['16 digits of length', lengthOf, 16, 'error ERR_FRAMING 400'],
    ['one empty line before a request', (count) => '\r\n'.repeat(count) + get, 1, 'error ERR_START_LINE 400'],
  ])('%s and no more', (_, write, most, error) => {
    expect(lastOf(write(most), {})).toMatch(/^end/);
    expect(lastOf(write(most + 1), {})).toBe(error);
  });

  test.each<[string, (size: string) => string, string, string, string]>([
    [
      'a length',
      (size) => lines('POST /a HTTP/1.1', 'Host: x', `Content-Length: ${size}`),
      '9007199254740991',
      '9007199254740992',
      'error ERR_FRAMING 400',
    ],
    ['a chunk', (size) => `${chunked}${size}\r\n`, '1fffffffffffff', '20000000000000', 'error ERR_CHUNK 400'],
  ])('%s of 2^53 - 1 bytes and no more', (_, write, most, more, error) => {
    expect(lastOf(write(most), {})).toMatch(/^request/);
    expect(lastOf(write(more), {})).toBe(error);
  });

  test('a method that never ends is one that nobody implements (RFC 9112 §3)', () => {
    expect(lastOf('M'.repeat(8 * 1024), {})).toBe('');
    expect(lastOf('M'.repeat(8 * 1024 + 1), {})).toBe('error ERR_HEAD_SIZE 501');
  });

  test.each<[string, (size: number) => string]>([
    ['a length', (size) => of(size) + 'x'.repeat(size)],
    [
      'chunks, with their lines',
      (size) => {
        const before = `1000\r\n${'x'.repeat(0x1000)}\r\n`.repeat(15);
        const last = size - before.length - 'fff\r\n'.length;
        return `${chunked}${before}${last.toString(16)}\r\n${'x'.repeat(last)}\r\n0\r\n\r\n`;
      },
    ],
  ])('64 KiB of body behind its response, and no more, by %s', (_, write) => {
    const readAt = (size: number) => {
      const server = new ServerConnection();
      const seen: string[] = [];
      for (const event of server.receive(ascii(write(size) + get))) {
        seen.push(event.type);
        if (event.type === 'request') event.exchange.respond({ status: 200 });
      }
      return [seen.filter((type) => type !== 'data').join(' '), server.persistence.verdict];
    };
    expect(readAt(64 * 1024)).toEqual(['request end request end', 'keep']);
    expect(readAt(64 * 1024 + 1)).toEqual(['request', 'close']);
  });
});

describe('each mistake has its status, which answers it', () => {
  test.each<[string, string, string]>([
    ['no request-line', '(((', 'ERR_START_LINE 400 Bad Request'],
    ['no field', `GET /a HTTP/1.1\r\n(`, 'ERR_HEADER 400 Bad Request'],
    ['no length', lines('POST /a HTTP/1.1', 'Host: x', 'Content-Length: x'), 'ERR_FRAMING 400 Bad Request'],
    ['no chunk', `${chunked}x`, 'ERR_CHUNK 400 Bad Request'],
    ['a chunk line that is too long', `${chunked}1;${'a'.repeat(2_000)}`, 'ERR_CHUNK 413 Content Too Large'],
    ['a body that is too large', of(10_000), 'ERR_BODY_SIZE 413 Content Too Large'],
    ['a target that is too long', `GET /${'a'.repeat(9_000)}`, 'ERR_HEAD_SIZE 414 URI Too Long'],
    [
      'a field that is too long',
      `GET /a HTTP/1.1\r\nX: ${'y'.repeat(17_000)}`,
      'ERR_HEAD_SIZE 431 Request Header Fields Too Large',
    ],
    ['a method that is too long', 'M'.repeat(9_000), 'ERR_HEAD_SIZE 501 Not Implemented'],
    [
      'another coding',
      lines('POST /a HTTP/1.1', 'Host: x', 'Transfer-Encoding: gzip, chunked'),
      'ERR_CODING 501 Not Implemented',
    ],
    ['another version', lines('GET /a HTTP/2.0', 'Host: x'), 'ERR_VERSION 505 HTTP Version Not Supported'],
    ['a head that stops', 'GET', 'ERR_TIMEOUT 408 Request Timeout'],
    ['a body that stops', `${of(5)}he`, 'ERR_TIMEOUT 408 Request Timeout'],
  ])('%s', (_, bytes, answered) => {
    const server = new ServerConnection({ limits: { bodySize: 9_999 } });
    server.advance(0);
    const events = [...server.receive(ascii(bytes))];
    if (events.at(-1)?.type !== 'error') server.advance(60_000);
    events.push(...server);
    const last = events.at(-1);
    if (last?.type !== 'error') throw new Error(`Not an error: ${last?.type}`);
    const { code, status } = last.error;
    server.refuse({ status });
    const [line, ...fields] = drain(server).split('\r\n');
    expect(`${code} ${line?.slice('HTTP/1.1 '.length)}`).toBe(answered);
    expect(fields).toContain('Connection: close');
    expect([server.outputEnded, pull(server.receive(ascii(get)))]).toEqual([true, []]);
  });
});

describe('a response at the limit passes, one beyond it does not', () => {
  const ok = (...fields: string[]) => lines('HTTP/1.1 200 OK', ...fields);
  const interim = lines('HTTP/1.1 103 Early Hints');

  test.each<[string, Partial<Limits>, string, string, string]>([
    [
      'headSize',
      { headSize: ok('Content-Length: 0').length },
      ok('Content-Length: 0'),
      ok('Content-Length: 00'),
      'closed ERR_HEAD_SIZE',
    ],
    [
      'startLineSize',
      { startLineSize: 15 },
      ok('Content-Length: 0'),
      lines('HTTP/1.1 200 OK!', 'Content-Length: 0'),
      'closed ERR_HEAD_SIZE',
    ],
    ['headers', { headers: 1 }, ok('Content-Length: 0'), ok('Content-Length: 0', 'X: y'), 'closed ERR_HEAD_SIZE'],
    ['interim', { interim: 1 }, interim + ok('Content-Length: 0'), interim.repeat(2), 'closed ERR_HEAD_SIZE'],
    ['interim of 0', { interim: 0 }, ok('Content-Length: 0'), interim, 'closed ERR_HEAD_SIZE'],
    [
      'bodySize of a length',
      { bodySize: 2 },
      `${ok('Content-Length: 2')}hi`,
      ok('Content-Length: 3'),
      'closed ERR_BODY_SIZE',
    ],
    ['bodySize until the end', { bodySize: 2 }, `${ok()}hi`, `${ok()}hi!`, 'closed ERR_BODY_SIZE'],
  ])('%s', (_, limits, within, beyond, error) => {
    expect(lastOfClient(within, limits)).toBe('');
    expect(lastOfClient(beyond, limits)).toBe(error);
  });

  test('a length that no body follows is not a body', () => {
    const { events } = readResponses([ascii(ok('Content-Length: 100'))], {
      methods: ['HEAD'],
      options: { limits: { bodySize: 5 } },
    });
    expect(events.at(-1)).toBe('end');
  });
});

test('a body within bodySize is delivered as far as it was within', () => {
  const { events } = readResponses([ascii(`${lines('HTTP/1.1 200 OK')}hello`)], {
    options: { limits: { bodySize: 2 } },
  });
  expect(events.slice(1, 3)).toEqual([
    'data "he"',
    'closed ERR_BODY_SIZE: Cannot accept the body: larger than 2 bytes',
  ]);
});

test('a limit that is undefined is the default', () => {
  const limits = { headSize: undefined } as unknown as Partial<Limits>;
  expect(lastOf(lines('GET /a HTTP/1.1', 'Host: x', `X: ${'y'.repeat(10_000)}`), limits)).toBe('end');
  expect(lastOf(lines('GET /a HTTP/1.1', 'Host: x', `X: ${'y'.repeat(20_000)}`), limits)).toBe(
    'error ERR_HEAD_SIZE 431',
  );
});

test('limits of one connection are not those of another', () => {
  expect(lastOf(get, { headers: 0 })).toBe('error ERR_HEAD_SIZE 431');
  expect(lastOf(get, {})).toBe('end');
});
