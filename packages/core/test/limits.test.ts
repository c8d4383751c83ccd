// The limits: each counts bytes consumed, so that the cut of the bytes changes nothing, and each has its code and status
// (RFC 9112 §3, §7.1.1; RFC 9110 §5.4, §15.5).

import type { Limits } from '../src/index.ts';
import { ascii, cut, cuts, lines, readRequests, readResponses } from './pair.ts';

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
      'startLineSize in the method',
      { startLineSize: 15 },
      get,
      lines('A'.repeat(16), 'Host: x'),
      'error ERR_HEAD_SIZE 414',
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

  test('extensionSize, over all the chunks of a message', () => {
    const withExtensions = (count: number) => `${chunked}${'1;abc=de\r\nx\r\n'.repeat(count)}0\r\n\r\n`;
    const limits = { extensionSize: 100 };
    const most = Array.from({ length: 40 }, (_, i) => i).filter(
      (count) => lastOf(withExtensions(count), limits) === 'end',
    );
    // 7 or 8 bytes each, by whether the CR is counted.
    expect(most.length - 1).toBeGreaterThanOrEqual(12);
    expect(most.length - 1).toBeLessThanOrEqual(14);
    expect(most).toEqual(most.map((_, i) => i));
    expect(lastOf(withExtensions(40), limits)).toBe('error ERR_CHUNK 413');
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
