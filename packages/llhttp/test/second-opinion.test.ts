// llhttp's reading of single heads: that it is the right one, of the bytes that were given, whatever was read before.

import type { Framing, Reading } from '@halfpipe/core';
import fc from 'fast-check';
import * as wrapper from 'llhttp-wasm';
import { ascii, cut, lines, readRequests, readResponses } from '../../core/test/pair.ts';
import { secondOpinion } from '../src/index.ts';

const seed = 20_261_122;
const ask = secondOpinion();
const ofRequest = (...head: string[]) => ask(ascii(lines(...head)), 'request');
const ofResponse = (...head: string[]) => ask(ascii(lines(...head)), 'response');

/** What it says of the body of a head. */
function framingOf(reading: Reading | 'refused'): [Framing, number | null] | 'refused' {
  return reading === 'refused' ? reading : [reading.framing, reading.contentLength];
}

/** A request with that field value. */
const valued = (value: string) => lines('GET / HTTP/1.1', 'Host: x', `X: ${value}`, 'Y: z');

test('a request has method, target, fields in order and case, and framing', () => {
  expect(ofRequest('POST /a?b HTTP/1.1', 'Host: x', 'x-A:1', 'X-a: 2', 'content-LENGTH: 3')).toEqual({
    method: 'POST',
    target: '/a?b',
    raw: ['Host', 'x', 'x-A', '1', 'X-a', '2', 'content-LENGTH', '3'],
    framing: 'length',
    contentLength: 3,
  });
});

test('a response has status, fields and framing', () => {
  expect(ofResponse('HTTP/1.1 404 Gone fishing', 'Transfer-Encoding: chunked')).toEqual({
    status: 404,
    raw: ['Transfer-Encoding', 'chunked'],
    framing: 'chunked',
    contentLength: null,
  });
});

test.each([
  ['nothing', [], ['none', null]],
  ['a length of 0', ['Content-Length: 0'], ['length', 0]],
  ['a length that is shorter than what it is tried with', ['Content-Length: 1'], ['length', 1]],
  ['a length that is as long', ['Content-Length: 5'], ['length', 5]],
  ['a length that is longer', ['Content-Length: 6'], ['length', 6]],
  ['a length with zeros before it', ['Content-Length: 0010'], ['length', 10]],
  ['the longest length', ['Content-Length: 9007199254740991'], ['length', 2 ** 53 - 1]],
  ['chunked', ['Transfer-Encoding: Chunked'], ['chunked', null]],
  ['a body and an upgrade', ['Content-Length: 2', 'Upgrade: x', 'Connection: upgrade'], ['length', 2]],
  ['chunks and an upgrade', ['Transfer-Encoding: chunked', 'Upgrade: x', 'Connection: upgrade'], ['chunked', null]],
  ['an upgrade alone', ['Upgrade: x', 'Connection: upgrade'], ['none', null]],
  ['Connection: close', ['Connection: close', 'Content-Length: 2'], ['length', 2]],
  ['two lengths', ['Content-Length: 2', 'Content-Length: 2'], 'refused'],
  ['a length and chunked', ['Content-Length: 2', 'Transfer-Encoding: chunked'], 'refused'],
  ['a length that is none', ['Content-Length: +2'], 'refused'],
  ['a coding that is not chunked', ['Transfer-Encoding: gzip'], 'refused'],
])('the framing of a request that states %s (RFC 9112 §6.3)', (_, fields, framing) => {
  expect(framingOf(ofRequest('POST / HTTP/1.1', 'Host: x', ...fields))).toEqual(framing);
});

test('a request to CONNECT has no body (RFC 9110 §9.3.6)', () => {
  expect(ofRequest('CONNECT x:443 HTTP/1.1', 'Host: x:443')).toEqual({
    method: 'CONNECT',
    target: 'x:443',
    raw: ['Host', 'x:443'],
    framing: 'none',
    contentLength: null,
  });
});

test.each([
  ['200 without fields', '200 OK', [], ['until-close', null]],
  ['200 without a reason', '200', [], ['until-close', null]],
  ['200 of no bytes', '200 OK', ['Content-Length: 0'], ['length', 0]],
  ['200 of five bytes', '200 OK', ['Content-Length: 5'], ['length', 5]],
  ['200 of more', '200 OK', ['Content-Length: 6'], ['length', 6]],
  ['200 of chunks', '200 OK', ['Transfer-Encoding: chunked'], ['chunked', null]],
  ['200 that closes', '200 OK', ['Connection: close'], ['until-close', null]],
  ['205', '205 Reset Content', ['Content-Length: 0'], ['length', 0]],
  ['100', '100 Continue', [], ['none', null]],
  ['101', '101 Switching Protocols', ['Upgrade: x', 'Connection: upgrade'], ['none', null]],
  ['101 with a length', '101 Switching Protocols', ['Content-Length: 5'], ['none', 5]],
  ['103', '103 Early Hints', ['Content-Length: 5'], ['none', 5]],
  ['103 with a length of 0', '103 Early Hints', ['Content-Length: 0'], ['none', 0]],
  ['204', '204 No Content', [], ['none', null]],
  ['204 with a length of 0', '204 No Content', ['Content-Length: 0'], ['none', 0]],
  ['204 with chunked', '204 No Content', ['Transfer-Encoding: chunked'], ['none', null]],
  ['304 with a length of 0', '304 Not Modified', ['Content-Length: 0'], ['none', 0]],
  ['304 with a length', '304 Not Modified', ['Content-Length: 7'], ['none', 7]],
])('the framing of a response, as to GET: %s (RFC 9112 §6.3)', (_, line, fields, framing) => {
  expect(framingOf(ofResponse(`HTTP/1.1 ${line}`, ...fields))).toEqual(framing);
});

const methods =
  'GET HEAD POST PUT DELETE OPTIONS TRACE PATCH QUERY LINK UNLINK PURGE COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK BIND ' +
  'REBIND UNBIND ACL MKCALENDAR REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE UNSUBSCRIBE SOURCE';

test('of methods it knows those of HTTP, WebDAV, CalDAV, UPnP, subversion and Icecast, in upper case', () => {
  for (const method of methods.split(' ')) {
    expect(ofRequest(`${method} / HTTP/1.1`, 'Host: x')).toMatchObject({ method });
    expect(ofRequest(`${method.toLowerCase()} / HTTP/1.1`, 'Host: x')).toBe('refused');
    expect(ofRequest(`${method}X / HTTP/1.1`, 'Host: x')).toBe('refused');
  }
  for (const method of ['FOO', 'PRI', 'DESCRIBE', 'GET_PARAMETER', 'FLUSH', '!'])
    expect(ofRequest(`${method} / HTTP/1.1`, 'Host: x')).toBe('refused');
});

test('in a target it takes every character that the core takes', () => {
  const visible = Array.from({ length: 0x7e - 0x20 }, (_, i) => String.fromCharCode(0x21 + i));
  const target = `/${visible.join('')}`.replace('#', '');
  const bytes = ascii(lines(`GET ${target} HTTP/1.1`, 'Host: x'));
  expect(ask(bytes, 'request')).toMatchObject({ target });
  expect(readRequests([bytes]).events[0]).toMatch(/^request GET \/!/);
});

test('white space around a value is not part of it (RFC 9112 §5.1)', () => {
  expect(ofRequest('GET / HTTP/1.1', 'Host: x', 'X: \t a \t b \t ', 'Y:', 'Z: \t')).toMatchObject({
    raw: ['Host', 'x', 'X', 'a \t b', 'Y', '', 'Z', ''],
  });
});

test('much white space takes no more than its time', () => {
  const value = `${' x'.repeat(20)}${' '.repeat(200_000)}x`;
  expect(ofRequest('GET / HTTP/1.1', `X: ${value}`)).toMatchObject({ raw: ['X', value.trim()] });
});

test.each([
  ['is cut short', 'GET / HTTP/1.1\r\nHost: x\r\n'],
  ['lacks its last byte', 'GET / HTTP/1.1\r\nHost: x\r\n\r'],
  ['has another last byte', 'GET / HTTP/1.1\r\nHost: x\r\n\rX'],
  ['goes on', 'GET / HTTP/1.1\r\nHost: x\r\n\r\nX: y\r\n\r\n'],
  ['has an empty line too many', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n\r\n'],
  ['is two', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2)],
  ['has a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nh\n'],
  ['is empty', ''],
  ['is an empty line', '\r\n'],
])('bytes that are not one head are refused: one that %s', (_, bytes) => {
  expect(ask(ascii(bytes), 'request')).toBe('refused');
});

test('a request is no response, and a response no request', () => {
  expect(ofRequest('HTTP/1.1 200 OK')).toBe('refused');
  expect(ofResponse('GET / HTTP/1.1', 'Host: x')).toBe('refused');
});

describe('bytes above 0x7F', () => {
  const high = Array.from({ length: 128 }, (_, i) => String.fromCharCode(128 + i));

  test.each([
    ['each alone', high.map((byte) => `a${byte}b`)],
    ['each at the ends', high.map((byte) => `${byte} ${byte}`)],
    ['all in a row', [high.join(''), [...high].reverse().join('')]],
    ['a BOM', ['\xef\xbb\xbf', '\xef\xbb\xbfa', 'a\xef\xbb\xbf']],
    ['two that a decoder would make one of', ['\xc3\xa9', '\xe9', '\xc3', '\xa9', '\xc2\xc3\xa9']],
    [
      'what is cut, too long, or no character',
      ['\xe2\x82', '\xc0\xaf', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\xff\xfe'],
    ],
    ['what looks like white space', ['\xa0', '\x85', '\xa0a\xa0', '\xc2\xa0']],
  ])('come out as they are in values: %s', (_, values) => {
    for (const value of values) {
      expect(ask(ascii(valued(value)), 'request')).toMatchObject({ raw: ['Host', 'x', 'X', value, 'Y', 'z'] });
      expect(ofResponse('HTTP/1.1 200 OK', `X: ${value}`)).toMatchObject({ raw: ['X', value] });
      expect(ofResponse(`HTTP/1.1 200 ${value}`, 'X: y')).toMatchObject({ status: 200, raw: ['X', 'y'] });
    }
  });

  test('are as any others to the length of a body', () => {
    expect(framingOf(ofRequest('POST / HTTP/1.1', 'X: \xe9', 'Content-Length: 7'))).toEqual(['length', 7]);
    expect(framingOf(ofResponse('HTTP/1.1 200 \xff', 'Transfer-Encoding: chunked'))).toEqual(['chunked', null]);
  });

  test('are refused in names and targets', () => {
    for (const byte of high) {
      expect(ofRequest('GET / HTTP/1.1', `X${byte}: y`)).toBe('refused');
      expect(ofRequest(`GET /${byte} HTTP/1.1`, 'Host: x')).toBe('refused');
    }
  });
});

describe('beside the core', () => {
  const options = { secondOpinion: ask };
  const anyByte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const text = fc.string({
    unit: fc.oneof(anyByte, fc.constantFrom('\xef\xbb\xbf', '\xc3\xa9', ' ', '\t')),
    maxLength: 12,
  });

  test('any byte anywhere in a head is read alike, or refused', () => {
    const request = lines('PUT /a?b HTTP/1.1', 'Host: x', 'X: y z', 'Content-Length: 1');
    const response = lines('HTTP/1.1 200 OK then', 'X: y z', 'Content-Length: 1');
    const unlike: string[] = [];
    let alike = 0;
    for (const [head, read] of [
      [request, readRequests],
      [response, readResponses],
    ] as const) {
      for (let at = 0; at < head.length; at++) {
        for (let byte = 0; byte < 256; byte++) {
          const changed = `${head.slice(0, at)}${String.fromCharCode(byte)}${head.slice(at + 1)}!`;
          const bytes = ascii(changed);
          const events = read([bytes], { options }).events.join();
          if (events.includes('ERR_SECOND_OPINION')) continue;
          if (events === read([bytes]).events.join()) alike++;
          else unlike.push(changed);
        }
      }
    }
    expect(unlike).toEqual([]);
    expect(alike).toBeGreaterThan(4_000);
  });

  test('any bytes that the core takes in values and reasons are no reason to refuse', () => {
    const property = fc.property(fc.array(text, { maxLength: 4 }), text, (values, reason) => {
      const fields = values.map((value, i) => `X${i}: ${value}`);
      const request = ascii(lines('GET / HTTP/1.1', 'Host: x', ...fields));
      expect(readRequests([request], { options })).toEqual(readRequests([request]));
      const response = ascii(lines(`HTTP/1.1 200 ${reason}`, 'Content-Length: 0', ...fields));
      expect(readResponses([response], { options })).toEqual(readResponses([response]));
    });
    fc.assert(property, { seed, numRuns: 3_000 });
  });

  test('it makes no difference how the bytes of a head come', () => {
    const bytes = ascii(`${valued('caf\xe9')}${valued('\xff ')}`);
    const whole = readRequests([bytes], { options });
    expect(readRequests(cut(bytes, 'every byte'), { options })).toEqual(whole);
    expect(whole.events.map((event) => event.split(' ')[0])).toEqual(['request', 'end', 'request', 'end']);
  });
});

describe('a parser that is used again', () => {
  const good = () => ofRequest('GET /a HTTP/1.1', 'Host: x');
  const expected = { method: 'GET', target: '/a', raw: ['Host', 'x'], framing: 'none', contentLength: null };

  test.each([
    ['a refused start-line', 'FOO / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a refused field', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n'],
    ['a head that ends early', 'GET / HTTP/1.1\r\n\r\nX: y\r\n\r\n'],
    ['a head that does not end', 'GET / HTTP/1.1\r\nX: y\r\n'],
    ['a body that does not end', lines('POST /b HTTP/1.1', 'Content-Length: 100')],
    ['the last message of a connection', lines('GET /b HTTP/1.1', 'Connection: close')],
    ['an upgrade', lines('GET /b HTTP/1.1', 'Upgrade: x', 'Connection: upgrade')],
    ['a tunnel', lines('CONNECT b:1 HTTP/1.1', 'Host: b:1')],
  ])('has forgotten %s', (_, before) => {
    ask(ascii(before), 'request');
    expect(good()).toEqual(expected);
  });

  test('reads requests and responses in turns', () => {
    for (let i = 0; i < 3; i++) {
      expect(good()).toEqual(expected);
      expect(ofResponse(`HTTP/1.1 20${i} OK`, 'Content-Length: 9')).toMatchObject({
        status: 200 + i,
        contentLength: 9,
      });
    }
  });

  test('is shared by all who ask, also while another head is being asked about', () => {
    const nested: typeof ask = (head, kind) => {
      const before = ofRequest('POST /b HTTP/1.1', 'Content-Length: 4');
      const reading = secondOpinion()(head, kind);
      return before === 'refused' ? before : reading;
    };
    expect(nested(ascii(lines('GET /a HTTP/1.1', 'Host: x')), 'request')).toEqual(expected);
    const [one, two] = [lines('GET /1 HTTP/1.1', 'Host: 1'), lines('GET /2 HTTP/1.1', 'Host: 2')];
    const { events } = readRequests([ascii(one + two)], { options: { secondOpinion: nested } });
    expect(events.map((event) => event.slice(0, 14))).toEqual(['request GET /1', 'end', 'request GET /2', 'end']);
  });

  test('outlives the destroy() of the module, which frees all parsers', () => {
    wrapper.destroy();
    // Where it had been freed, the next input would be written over it.
    for (const size of [1, 10, 40, 80, 200])
      expect(ofRequest('GET /a HTTP/1.1', `X: ${'y'.repeat(size)}`)).not.toBe('refused');
    expect(good()).toEqual(expected);
  });

  test('is itself again when the platform threw in the midst of a head', () => {
    const throwing = (text: string) => {
      if (text === 'Host') throw new RangeError('Out of stack');
      return text;
    };
    withDecoder(throwing, () => expect(good).toThrow(RangeError));
    expect(good()).toEqual(expected);
  });
});

/** Runs with a TextDecoder that does that to every text. */
function withDecoder(change: (text: string) => string, run: () => void): void {
  const { TextDecoder } = globalThis;
  globalThis.TextDecoder = class extends TextDecoder {
    override decode(...input: Parameters<TextDecoder['decode']>): string {
      return change(super.decode(...input));
    }
  };
  try {
    run();
  } finally {
    globalThis.TextDecoder = TextDecoder;
  }
}

test('where the text of a head is not that of its bytes, it is refused', () => {
  const head = ascii(valued('caf\xe9'));
  // Only as UTF-8 is that a letter.
  withDecoder(
    (text) => text.replace('f\xe9', '\xe9'),
    () => expect(ask(head, 'request')).toBe('refused'),
  );
  withDecoder(
    (text) => text.replace('f\ufffd', '\ufffd'),
    () => expect(ask(head, 'request')).toBe('refused'),
  );
  expect(ask(head, 'request')).not.toBe('refused');
});

test('where the length that it states is not that of the body that it finds, the head is refused', () => {
  withDecoder(
    (text) => (text === '2' ? '3' : text),
    () => expect(ofRequest('POST / HTTP/1.1', 'Content-Length: 2')).toBe('refused'),
  );
});
