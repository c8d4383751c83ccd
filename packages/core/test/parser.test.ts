// Bytes to heads: what is picked out of them, how far the reader goes, and how it names what it cannot read (RFC 9112 §2 to §5).

import { Input } from '../src/input.ts';
import { isHost, type Relaxation } from '../src/message.ts';
import { borrowReader, giveBack } from '../src/parser.ts';
import type { HeadLimits, Kind } from '../src/scanner.ts';
import { ascii, cut, cuts, lines, textOf } from './pair.ts';

const limits: HeadLimits = { headSize: 16_384, startLineSize: 8_192, headers: 100, trailerSize: 4_096 };

function inputOf(text: string): Input {
  const input = new Input();
  input.push(ascii(text));
  return input;
}

/** The message of the mistake in those bytes, the same for every cut. */
function mistakeIn(kind: Kind, text: string): string {
  const messages = cuts.map((how) => {
    const reader = borrowReader(kind, limits, []);
    const input = new Input();
    for (const chunk of cut(ascii(text), how)) {
      input.push(chunk);
      const result = reader.read(input);
      if (typeof result !== 'boolean') return result.message;
    }
    return '';
  });
  expect(new Set(messages).size).toBe(1);
  return messages[0] ?? '';
}

test('a request head is read to its end and no further', () => {
  const reader = borrowReader('request', limits, []);
  const input = inputOf(`${lines('GET /a?b HTTP/1.1', 'Host: x', 'A:  b \t')}rest`);
  expect(reader.read(input)).toBe(true);
  expect(reader).toMatchObject({
    method: 'GET',
    target: '/a?b',
    version: '1.1',
    raw: ['Host', 'x', 'A', 'b'],
    relaxed: [],
  });
  expect(textOf(input.takeAll())).toBe('rest');
});

test.each(['A: b', 'A:b', 'A: b ', 'A: b\t ', 'A:  b', 'A: \tb \t'])(
  'white space around a value is no part of it: %j (RFC 9112 §5)',
  (field) => {
    const reader = borrowReader('response', limits, []);
    reader.read(inputOf(lines('HTTP/1.1 200 OK', field, 'C: d')));
    expect(reader.raw).toEqual(['A', 'b', 'C', 'd']);
  },
);

test('a response head is read to its end and no further', () => {
  const reader = borrowReader('response', limits, []);
  const input = inputOf(`${lines('HTTP/1.0 404 Not \xe9', 'A: b')}rest`);
  expect(reader.read(input)).toBe(true);
  expect(reader).toMatchObject({ status: 404, reason: 'Not \xe9', version: '1.0', raw: ['A', 'b'] });
  expect(textOf(input.takeAll())).toBe('rest');
});

test('a trailer section is read to its end and no further', () => {
  const reader = borrowReader('trailers', limits, []);
  const input = inputOf('A: b\r\nC:\r\n\r\nrest');
  expect(reader.read(input)).toBe(true);
  expect([reader.raw, textOf(input.takeAll())]).toEqual([['A', 'b', 'C', ''], 'rest']);
});

test('the known fields are picked out, several of a name joined (RFC 9110 §5.3)', () => {
  const reader = borrowReader('request', limits, []);
  const known = [
    'Expect: a',
    'UPGRADE: b',
    'connection: c',
    'Keep-Alive: d',
    'content-length: 1',
    'transfer-ENCODING: e',
  ];
  reader.read(inputOf(lines('GET / HTTP/1.1', 'hOST: x', ...known, 'Connection: f', 'Upgrade: g', 'X-Host: y')));
  expect(reader).toMatchObject({
    host: 'x',
    hosts: 1,
    expect: 'a',
    upgrade: 'b, g',
    connection: 'c, f',
    keepAlive: 'd',
    contentLength: '1',
    transferEncoding: 'e',
  });
});

test('a field whose name is as long as that of a known one is another field', () => {
  const reader = borrowReader('request', limits, []);
  const others = ['Link', 'Accept', 'Referer', 'User-Agent', 'Accept-Charset', 'X-Forwarded-Proto'];
  reader.read(inputOf(lines('GET / HTTP/1.1', 'Host: x', ...others.map((name) => `${name}: y`))));
  const { host, hosts, expect: expected, upgrade, connection, keepAlive, contentLength, transferEncoding } = reader;
  expect([host, hosts]).toEqual(['x', 1]);
  expect([expected, upgrade, connection, keepAlive, contentLength, transferEncoding]).toEqual(Array(6).fill(null));
});

test('the known fields of one head are not those of the next', () => {
  const first = borrowReader('response', limits, []);
  const names = ['Expect', 'Upgrade', 'Connection', 'Keep-Alive', 'Content-Length', 'Transfer-Encoding', 'Host'];
  first.read(inputOf(lines('HTTP/1.1 200 OK', ...names.map((name) => `${name}: x`))));
  giveBack(first);
  const reader = borrowReader('response', limits, []);
  expect(reader).toBe(first);
  reader.read(inputOf(lines('HTTP/1.1 200 OK')));
  const { host, hosts, expect: expected, upgrade, connection, keepAlive, contentLength, transferEncoding } = reader;
  expect([host, hosts, expected, upgrade, connection, keepAlive, contentLength, transferEncoding]).toEqual([
    null,
    0,
    ...Array<null>(6).fill(null),
  ]);
});

test.each(cuts)('a head that comes in pieces is the same, and takes all that is its own (bytes cut: %s)', (how) => {
  const reader = borrowReader('request', limits, []);
  const fields = Array.from({ length: 60 }, (_, i) => `X-${i}: ${'y'.repeat(i)}`);
  const head = `\r\n${lines('GET /a HTTP/1.1', 'Host: x', ...fields)}`;
  const input = new Input();
  const results: unknown[] = [];
  for (const chunk of cut(ascii(`${head}rest`), how)) {
    input.push(chunk);
    if (results.at(-1) !== true) results.push(reader.read(input));
  }
  expect(results.slice(0, -1).every((result) => result === false)).toBe(true);
  expect(results.at(-1)).toBe(true);
  expect(reader.raw).toEqual(['Host', 'x', ...fields.flatMap((field) => field.split(': '))]);
  expect(textOf(input.takeAll())).toBe('rest');
});

test('a head is the same wherever it is cut in two', () => {
  const fields = Array.from({ length: 20 }, (_, i) => `X-${i}: ${'y'.repeat(i)}`);
  const head = ascii(`\r\n${lines('GET /a HTTP/1.1', 'Host: x', ...fields)}`);
  const raw = ['Host', 'x', ...fields.flatMap((field) => field.split(': '))].join();
  const wrong = Array.from({ length: head.length - 1 }, (_, i) => i + 1).filter((at) => {
    const reader = borrowReader('request', limits, []);
    const input = new Input();
    input.push(head.subarray(0, at));
    if (reader.read(input) !== false) return true;
    input.push(head.subarray(at));
    return reader.read(input) !== true || input.size > 0 || reader.raw.join() !== raw;
  });
  expect(wrong).toEqual([]);
});

test.each<[string, Kind, Relaxation[], string]>([
  ['a request', 'request', [], lines('GET /a HTTP/1.1', 'Host: x', 'A: b')],
  ['a request of a later version', 'request', [], lines('GET /a HTTP/1.7', 'Host: x')],
  ['a request behind an empty line', 'request', [], `\r\n${lines('GET /a HTTP/1.7', 'Host: x')}`],
  ['a request with bare LF', 'request', ['bare-lf'], '\nGET /a HTTP/1.1\nHost: x\nA: b\n\n'],
  [
    'a request with a space before a colon',
    'request',
    ['space-before-colon'],
    lines('GET /a HTTP/1.1', 'Host: x', 'A \t: b'),
  ],
  ['a request with a fold', 'request', ['obs-fold'], lines('GET /a HTTP/1.1', 'Host: x', 'A: b', ' c')],
  [
    'a request with white space before its fields',
    'request',
    ['leading-whitespace'],
    lines('GET /a HTTP/1.1', ' b', 'Host: x'),
  ],
  ['a request without a target', 'request', [], lines('GET  HTTP/1.1', 'Host: x')],
  ['a request with a mistake', 'request', [], lines('GET /a HTTP/1.1', 'Host: x', 'A b')],
  ['a response', 'response', [], lines('HTTP/1.1 200 OK', 'A: b')],
  ['a response without a reason', 'response', [], lines('HTTP/1.1 200', 'A: b')],
  ['a response of a status below 100', 'response', [], lines('HTTP/1.1 099 X')],
  ['a trailer section', 'trailers', [], lines('A: b', 'C:')],
])('%s is the same behind other bytes in the same piece', (_, kind, relax, text) => {
  const [alone, behind] = ['', 'x'.repeat(9_000)].map((before) => {
    const reader = borrowReader(kind, limits, relax);
    const input = inputOf(`${before}${text}rest`);
    input.fill();
    input.skip(before.length);
    const result = reader.read(input);
    if (typeof result !== 'boolean') return result.message;
    const { method, target, version, status, reason, raw, relaxed } = reader;
    return { result, method, target, version, status, reason, raw, relaxed, rest: textOf(input.takeAll()) };
  });
  expect(behind).toEqual(alone);
  expect(typeof alone === 'string' || alone?.rest === 'rest').toBe(true);
});

test.each<[string, Kind, Relaxation[], string, string]>([
  ['a field name', 'trailers', [], '', 'a'],
  ['white space before a value', 'trailers', [], 'A:', ' '],
  ['a value', 'trailers', [], 'A: ', 'b'],
  ['a value of a request', 'request', [], 'GET / HTTP/1.1\r\nA: ', 'b'],
  ['white space before a colon', 'response', ['space-before-colon'], 'HTTP/1.1 200 OK\r\nA', ' '],
  ['a line before the fields', 'request', ['leading-whitespace'], 'GET / HTTP/1.1\r\n ', 'b'],
  ['a reason', 'response', [], 'HTTP/1.1 200 ', 'b'],
])('%s is read up to the limit, and what is behind it is not looked at', (_, kind, relax, before, filling) => {
  const small = { headSize: 40, startLineSize: 100, headers: 100, trailerSize: 40 };
  const text = `${before}${filling.repeat(50)}\0`;
  const codes = cuts.map((how) => {
    const reader = borrowReader(kind, small, relax);
    const input = new Input();
    for (const chunk of cut(ascii(text), how)) {
      input.push(chunk);
      const result = reader.read(input);
      if (typeof result !== 'boolean') return result.code;
    }
    return 'none';
  });
  expect(new Set(codes)).toEqual(new Set(['ERR_HEAD_SIZE']));
});

test('there may be as many fields as the limit says, however many those are', () => {
  const many = { ...limits, headers: 300 };
  const fields = Array.from({ length: 299 }, (_, i) => `X-${i}: ${i}`);
  const raw = ['Host', 'x', ...fields.flatMap((field) => field.split(': '))];
  for (const field of ['Host: x', 'Host:x']) {
    for (const how of ['whole', 1] as const) {
      const reader = borrowReader('request', many, []);
      const input = new Input();
      let result: unknown;
      for (const chunk of cut(ascii(lines('GET / HTTP/1.1', field, ...fields)), how)) {
        input.push(chunk);
        result = reader.read(input);
      }
      expect([result, reader.raw]).toEqual([true, raw]);
    }
  }
});

test('a line that has come whole is read as one that comes in pieces, whatever stands at any place in it', () => {
  const head = ascii(lines('GET /a HTTP/1.1', 'Host: x', 'Ab: cdefghi \t', 'J: k'));
  const places = [1, ...['Host', 'Ab', 'J: k'].map((name) => textOf(head).indexOf(name) + 1)];
  const outcome = (bytes: Uint8Array, at: readonly number[]) => {
    const reader = borrowReader('request', limits, []);
    const input = new Input();
    let result: unknown = false;
    for (const [i, start] of [0, ...at].entries()) {
      input.push(bytes.subarray(start, at[i]));
      if (result === false) result = reader.read(input);
    }
    if (result !== true) return String(result);
    return [reader.method, reader.target, reader.version, ...reader.raw, input.size].join('|');
  };
  const wrong: string[] = [];
  for (let at = 0; at < head.length; at++) {
    for (const byte of ascii('\0\t\n\r !"#(/012:;@AHPaz~\x7f\x80\xff')) {
      const changed = head.slice();
      changed[at] = byte;
      if (outcome(changed, []) !== outcome(changed, places)) wrong.push(textOf(changed));
    }
  }
  expect(wrong).toEqual([]);
});

test('a reader that is given back holds nothing, and one that is lent is nobody else’s', () => {
  const reader = borrowReader('request', limits, [], () => {});
  reader.read(inputOf('GET /secret HTTP/1.1\r\nHost: x\r\nA: b'));
  const other = borrowReader('request', limits);
  expect(other).not.toBe(reader);
  giveBack(reader);
  const again = borrowReader('request', limits);
  expect([again === reader, again.started, again.read(inputOf(lines('GET / HTTP/1.1', 'Host: y')))]).toEqual([
    true,
    false,
    true,
  ]);
  expect([again.target, again.raw]).toEqual(['/', ['Host', 'y']]);
});

test('two readers that take turns do not mix their heads', () => {
  const readers = ['a', 'b'].map((name) => {
    // No line is as long as that of the other, so that no place in one is a place in the other.
    const fields = Array.from({ length: 50 }, (_, i) => `${name}${i}: ${name.repeat(name === 'a' ? i : 90 - i)}`);
    const bytes = cut(ascii(lines(`GET /${name} HTTP/1.1`, `Host: ${name}`, ...fields)), name === 'a' ? 5 : 6);
    return { name, fields, bytes, reader: borrowReader('request', limits, []), input: new Input(), done: false };
  });
  for (let i = 0; readers.some(({ done }) => !done); i++) {
    for (const each of readers) {
      const chunk = each.bytes[i];
      if (chunk === undefined || each.done) continue;
      each.input.push(chunk);
      each.done = each.reader.read(each.input) === true;
    }
  }
  for (const { name, fields, reader } of readers) {
    expect(reader.target).toBe(`/${name}`);
    expect(reader.raw).toEqual(['Host', name, ...fields.flatMap((field) => field.split(': '))]);
  }
});

test.each<[string, Kind, string, boolean]>([
  ['nothing', 'request', '', false],
  ['an empty line', 'request', '\r\n', false],
  ['half an empty line', 'request', '\r', false],
  ['a byte', 'request', 'G', true],
  ['a byte behind an empty line', 'request', '\r\nG', true],
  ['a byte of a response', 'response', 'H', true],
])('a reader that has seen %s has begun: %#', (_, kind, text, started) => {
  const reader = borrowReader(kind, limits, []);
  expect(reader.read(inputOf(text))).toBe(false);
  expect(reader.started).toBe(started);
});

test('a complete head is shown as it was, without the empty line before it', () => {
  const kept: string[] = [];
  const reader = borrowReader('request', limits, [], (head) => kept.push(textOf(head)));
  const head = lines('GET / HTTP/1.1', 'Host:  x ');
  reader.read(inputOf(`\r\n${head}`));
  giveBack(reader);
  const next = borrowReader('request', limits, []);
  next.read(inputOf(head));
  expect([next, kept]).toEqual([reader, [head]]);
  const trailers = borrowReader('trailers', limits, [], (section) => kept.push(textOf(section)));
  trailers.read(inputOf('A: b\r\n\r\n'));
  expect(kept).toEqual([head]);
});

test('a head that comes in one piece is not copied', () => {
  const shown: ArrayBufferLike[] = [];
  const reader = borrowReader('request', limits, [], (head) => shown.push(head.buffer));
  const input = new Input();
  const bytes = ascii(lines('GET / HTTP/1.1', 'Host: x'));
  input.push(bytes);
  reader.read(input);
  expect(shown[0]).toBe(bytes.buffer);
});

test('a Host is valid where its grammar says so, however quickly that is found (RFC 9112 §3.2)', () => {
  // Every text of up to three of these: a letter, the first and last digit, and what stands before, between and behind them.
  const alphabet = ['g', '0', '9', '.', '-', '/', ':', ';', '@', '['];
  let texts = [''];
  for (let length = 1; length <= 3; length++) {
    texts = texts.flatMap((text) => alphabet.map((character) => text + character));
    const wrong = texts.filter((host) => {
      const read = borrowReader('request', limits, []).read(inputOf(lines('GET / HTTP/1.1', `Host: ${host}`)));
      return (read === true) !== isHost(host);
    });
    expect(wrong).toEqual([]);
  }
});

describe('with a relaxation', () => {
  test.each<[string, string[], string[]]>([
    ['a name that ends like one that frames', ['X-Content-Length : 5'], ['X-Content-Length', '5']],
    ['a name with a tab behind it', ['A\t: b'], ['A', 'b']],
    ['a name that begins like one that frames', ['Transfer-Encoding-X : y'], ['Transfer-Encoding-X', 'y']],
    ['an ordinary field that frames', ['A : b', 'Content-Length: 5'], ['A', 'b', 'Content-Length', '5']],
  ])('%s may be read', (_, fields, raw) => {
    const reader = borrowReader('response', limits, ['space-before-colon']);
    expect(reader.read(inputOf(lines('HTTP/1.1 200 OK', ...fields)))).toBe(true);
    expect(reader.raw).toEqual(raw);
  });

  test.each<[string, Relaxation, Kind, string]>([
    [
      'leading white space, no other mistake',
      'leading-whitespace',
      'request',
      'GET / HTTP/1.1\r\n(b\r\nHost: x\r\n\r\n',
    ],
    ['folds, no other mistake', 'obs-fold', 'request', lines('GET / HTTP/1.1', 'Host: x', 'A: b', '(c')],
    ['bare LF, no control in a reason', 'bare-lf', 'response', 'HTTP/1.1 200 OK\x01A: b\n\n'],
    ['bare LF, nothing else behind a version', 'bare-lf', 'request', 'GET / HTTP/1.1XHost: x\n\n'],
    ['bare LF, no control in a value', 'bare-lf', 'response', 'HTTP/1.1 200 OK\nA: b\x01C: d\n\n'],
  ])('that allows %s is', (_, relaxation, kind, text) => {
    const result = borrowReader(kind, limits, [relaxation]).read(inputOf(text));
    expect(typeof result).toBe('object');
  });

  test('of the target, every byte above ASCII may stand in it, and no other', () => {
    const allowed = Array.from({ length: 256 }, (_, i) => i).filter((i) => {
      const text = lines(`GET /${String.fromCharCode(i)}a HTTP/1.1`, 'Host: x');
      return borrowReader('request', limits, ['non-ascii-target']).read(inputOf(text)) === true;
    });
    const visible = Array.from({ length: 256 - 0x21 }, (_, i) => i + 0x21);
    expect(allowed).toEqual(visible.filter((i) => i !== 0x23 && i !== 0x7f));
  });

  test('the fields of the head before are not looked at again', () => {
    const first = borrowReader('response', limits, ['space-before-colon']);
    first.read(inputOf(lines('HTTP/1.1 200 OK', 'A: b', 'Content-Length: 0')));
    giveBack(first);
    const reader = borrowReader('response', limits, ['space-before-colon']);
    expect(reader).toBe(first);
    // At the place of that name, something that would be a misspelt field if it was one.
    expect(reader.read(inputOf(lines('HTTP/1.1 200 OK', 'A: bc;Content-Length 0')))).toBe(true);
  });
});

describe('a mistake is named, with its byte and its place', () => {
  test.each<[Kind, string, string]>([
    ['request', '(', 'Cannot parse the method: unexpected "(" at byte 0 of the head'],
    ['request', 'G(', 'Cannot parse the method: unexpected "(" at byte 1 of the head'],
    ['request', 'GET  ', 'Cannot parse the request-target: unexpected 0x20 at byte 4 of the head'],
    ['request', 'GET /\x01', 'Cannot parse the request-target: unexpected 0x01 at byte 5 of the head'],
    ['request', 'GET / HTTP/x', 'Cannot parse the version: unexpected "x" at byte 11 of the head'],
    ['request', 'GET / HTTP/1.1\rX', 'Cannot parse the end of the start-line: unexpected "X" at byte 15 of the head'],
    ['request', 'GET / HTTP/2.0\r', 'Cannot speak HTTP/2.0: only HTTP/1.0 and HTTP/1.1'],
    ['request', '\r\r', 'Cannot parse the empty line before the start-line: unexpected 0x0d at byte 1 of the head'],
    ['request', 'GET / HTTP/1.1\r\n ', 'Cannot parse the field line: unexpected 0x20 at byte 16 of the head'],
    ['request', 'GET / HTTP/1.1\r\nA ', 'Cannot parse the field name: unexpected 0x20 at byte 17 of the head'],
    ['request', 'GET / HTTP/1.1\r\nA: \0', 'Cannot parse the field value: unexpected 0x00 at byte 19 of the head'],
    [
      'request',
      'GET / HTTP/1.1\r\nA: b\rc',
      'Cannot parse the end of the field line: unexpected "c" at byte 21 of the head',
    ],
    [
      'request',
      'GET / HTTP/1.1\r\n\r\xff',
      'Cannot parse the end of the fields: unexpected 0xff at byte 17 of the head',
    ],
    ['request', lines('GET / HTTP/1.1'), 'Cannot route the request: no Host field'],
    ['request', lines('GET / HTTP/1.1', 'Host: x', 'Host: y'), 'Cannot route the request: more than one Host field'],
    ['request', lines('GET / HTTP/1.1', 'Host: x y'), 'Cannot route the request: invalid Host "x y"'],
    [
      'request',
      lines('GET / HTTP/1.1', 'Host: \x80\x85\x9b31m\x9f\xa0'),
      'Cannot route the request: invalid Host "\\u0080\\u0085\\u009b31m\\u009f\xa0"',
    ],
    ['request', lines('GET a HTTP/1.1', 'Host: x'), 'Cannot route the request: "a" is no request-target for "GET"'],
    ['request', 'GET / HTTP/1./\r', 'Cannot parse the version: unexpected "/" at byte 13 of the head'],
    ['response', 'HTTP//.1', 'Cannot parse the version: unexpected "/" at byte 5 of the head'],
    ['response', 'HTTP/1./', 'Cannot parse the version: unexpected "/" at byte 7 of the head'],
    ['response', 'HTTP/1.1X', 'Cannot parse the version: unexpected "X" at byte 8 of the head'],
    ['response', 'HTTX', 'Cannot parse the version: unexpected "X" at byte 3 of the head'],
    ['response', 'HTTP/1.1 0', 'Cannot parse the status code: unexpected "0" at byte 9 of the head'],
    ['response', 'HTTP/1.1 2000', 'Cannot parse the status line: unexpected "0" at byte 12 of the head'],
    ['response', 'HTTP/1.1 200 \x7f', 'Cannot parse the reason phrase: unexpected 0x7f at byte 13 of the head'],
    ['trailers', 'A\t', 'Cannot parse the field name: unexpected 0x09 at byte 1 of the trailer section'],
    ['trailers', 'Host: x\r\n\r\n', 'Cannot accept Host as a trailer field'],
    ['trailers', 'content-length: 0\r\n\r\n', 'Cannot accept Content-Length as a trailer field'],
    ['trailers', 'TRANSFER-ENCODING: chunked\r\n\r\n', 'Cannot accept Transfer-Encoding as a trailer field'],
    ['request', `G ${'/'.repeat(9_000)}`, 'Cannot accept the start-line: longer than 8192 bytes'],
    ['request', `GET / HTTP/1.1\r\nA: ${'b'.repeat(20_000)}`, 'Cannot accept the head: larger than 16384 bytes'],
    ['trailers', `A: ${'b'.repeat(5_000)}`, 'Cannot accept the trailer section: larger than 4096 bytes'],
    ['trailers', 'A: b\r\n'.repeat(101), 'Cannot accept the fields: more than 100'],
  ])('%s %j: %s', (kind, text, message) => {
    expect(mistakeIn(kind, text)).toBe(message);
  });
});

test('every byte is taken where its grammar has it, and nowhere else (RFC 9110 §5.5, §5.6.2)', () => {
  const refused = (text: (byte: string) => string) =>
    Array.from({ length: 256 }, (_, i) => i).filter((i) => {
      const result = borrowReader('request', limits, []).read(inputOf(text(String.fromCharCode(i))));
      return result !== true;
    });
  const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/;
  const bytes = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i));
  const indices = (test: (byte: string) => boolean) => bytes.flatMap((byte, i) => (test(byte) ? [i] : []));
  const notToken = (byte: string) => !token.test(byte);
  expect(refused((byte) => lines(`G${byte}T / HTTP/1.1`, 'Host: x'))).toEqual(indices(notToken));
  expect(refused((byte) => lines('GET / HTTP/1.1', 'Host: x', `A${byte}B: c`))).toEqual(
    indices((byte) => notToken(byte) && byte !== ':'),
  );
  expect(refused((byte) => lines('GET / HTTP/1.1', 'Host: x', `A: b${byte}c`))).toEqual(
    indices((byte) => (byte < ' ' && byte !== '\t') || byte === '\x7f'),
  );
  // At every place in a value, since a few bytes of it are looked at at a time.
  for (let at = 0; at <= 9; at++) {
    const value = (byte: string) => `${'b'.repeat(at)}${byte}${'b'.repeat(9 - at)}`;
    expect(refused((byte) => lines('GET / HTTP/1.1', 'Host: x', `A: ${value(byte)}`))).toEqual(
      indices((byte) => (byte < ' ' && byte !== '\t') || byte === '\x7f'),
    );
  }
  expect(refused((byte) => lines(`GET /a${byte}b HTTP/1.1`, 'Host: x'))).toEqual(
    indices((byte) => byte <= ' ' || byte === '#' || byte >= '\x7f'),
  );
});

describe('what is held until it can be read', () => {
  test('goes out as the views that came in', () => {
    const input = new Input();
    const chunks = [ascii('ab'), ascii('cd')];
    for (const chunk of chunks) input.push(chunk);
    input.push(new Uint8Array(0));
    expect(input.size).toBe(4);
    const taken = [];
    while (input.fill()) taken.push(input.take(10));
    expect(taken.map((view, i) => [textOf(view), view.buffer === chunks[i]?.buffer])).toEqual([
      ['ab', true],
      ['cd', true],
    ]);
    expect([input.size, input.fill()]).toEqual([0, false]);
  });

  test('is one piece where all of it is asked for', () => {
    const input = new Input();
    expect(textOf(input.takeAll())).toBe('');
    for (const text of ['abc', 'd', 'ef']) input.push(ascii(text));
    input.fill();
    input.skip(1);
    expect([textOf(input.takeAll()), input.size]).toEqual(['bcdef', 0]);
  });

  test('is a view where it is in one piece already', () => {
    const input = new Input();
    const bytes = ascii('abc');
    input.push(bytes);
    input.fill();
    input.skip(1);
    const all = input.takeAll();
    expect([textOf(all), all.buffer === bytes.buffer]).toEqual(['bc', true]);
  });

  test('can be dropped, and begun anew', () => {
    const input = inputOf('abc');
    input.push(ascii('def'));
    input.fill();
    input.drop();
    expect([input.size, input.fill()]).toEqual([0, false]);
    input.push(ascii('gh'));
    expect([input.fill(), textOf(input.take(1)), textOf(input.take(9))]).toEqual([true, 'g', 'h']);
  });
});
