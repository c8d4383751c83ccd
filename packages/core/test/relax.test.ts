// The relaxations: each lets one thing pass, and nothing else; a head that needed it says so; none touches what frames a message
// (RFC 9112 §2.2, §3.2, §5.1, §5.2).

import type { Relaxation } from '../src/index.ts';
import { ascii, cut, cuts, lines, readRequests, readResponses } from './pair.ts';

const all: readonly Relaxation[] = [
  'missing-host',
  'bare-lf',
  'obs-fold',
  'space-before-colon',
  'leading-whitespace',
  'non-ascii-target',
];

/** The events of those bytes, the same for every cut. */
function requestsOf(bytes: string, relax: readonly Relaxation[]): string[] {
  const readings = cuts.map((how) => readRequests(cut(ascii(bytes), how), { options: { relax } }).events);
  for (const reading of readings) expect(reading).toEqual(readings[0]);
  return readings[0] ?? [];
}

function responsesOf(bytes: string, relax: readonly Relaxation[]): string[] {
  const readings = cuts.map((how) => readResponses(cut(ascii(bytes), how), { options: { relax } }).events);
  for (const reading of readings) expect(reading).toEqual(readings[0]);
  return readings[0] ?? [];
}

const get = 'GET /a HTTP/1.1\r\nHost: x\r\n';
const fields = (...more: string[]) => JSON.stringify([['Host', 'x'], ...more.map((field) => field.split(': '))]);

// What each one lets pass, and how it is read.
const requests: readonly (readonly [Relaxation, string, bytes: string, event: string])[] = [
  ['missing-host', 'no Host', 'GET /a HTTP/1.1\r\n\r\n', 'request GET /a HTTP/1.1 none []'],
  ['bare-lf', 'LF everywhere', 'GET /a HTTP/1.1\nHost: x\n\n', `request GET /a HTTP/1.1 none ${fields()}`],
  ['bare-lf', 'LF behind a field', `${get.slice(0, -2)}\n\r\n`, `request GET /a HTTP/1.1 none ${fields()}`],
  ['bare-lf', 'LF for the empty line', `${get}\n`, `request GET /a HTTP/1.1 none ${fields()}`],
  ['bare-lf', 'LF before the request', `\n${get}\r\n`, `request GET /a HTTP/1.1 none ${fields()}`],
  ['obs-fold', 'a folded line', `${get}X: a\r\n b\r\n\r\n`, `request GET /a HTTP/1.1 none ${fields('X: a b')}`],
  [
    'obs-fold',
    'a line folded twice',
    `${get}X: a \r\n \t b\r\n\tc\r\n\r\n`,
    `request GET /a HTTP/1.1 none ${fields('X: a b c')}`,
  ],
  ['obs-fold', 'a fold at the start', `${get}X:\r\n b\r\n\r\n`, `request GET /a HTTP/1.1 none ${fields('X: b')}`],
  [
    'obs-fold',
    'a fold of nothing',
    `${get}X: a\r\n \r\nY: b\r\n\r\n`,
    `request GET /a HTTP/1.1 none ${fields('X: a', 'Y: b')}`,
  ],
  [
    'obs-fold',
    'folds of nothing between folds',
    `${get}X: a\r\n \r\n b\r\n\t\r\n\r\n`,
    `request GET /a HTTP/1.1 none ${fields('X: a  b')}`,
  ],
  ['space-before-colon', 'a space', `${get}X : y\r\n\r\n`, `request GET /a HTTP/1.1 none ${fields('X: y')}`],
  ['space-before-colon', 'tabs and spaces', `${get}X \t : y\r\n\r\n`, `request GET /a HTTP/1.1 none ${fields('X: y')}`],
  [
    'leading-whitespace',
    'a line that is skipped',
    'GET /a HTTP/1.1\r\n X: y\r\nHost: x\r\n\r\n',
    `request GET /a HTTP/1.1 none ${fields()}`,
  ],
  [
    'leading-whitespace',
    'lines that are skipped',
    'GET /a HTTP/1.1\r\n X: y\r\n\tZ\r\n \r\nHost: x\r\n\r\n',
    `request GET /a HTTP/1.1 none ${fields()}`,
  ],
  [
    'non-ascii-target',
    'UTF-8',
    'GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n',
    `request GET /\xc3\xa9 HTTP/1.1 none ${fields()}`,
  ],
];

const responses: readonly (readonly [Relaxation, string, bytes: string, event: string])[] = [
  [
    'bare-lf',
    'LF everywhere',
    'HTTP/1.1 200 OK\nContent-Length: 0\n\n',
    'response 200 "OK" HTTP/1.1 length=0 [["Content-Length","0"]]',
  ],
  ['bare-lf', 'LF behind a status alone', 'HTTP/1.1 204\n\n', 'response 204 "" HTTP/1.1 none []'],
  ['obs-fold', 'a folded line', 'HTTP/1.1 204 \r\nX: a\r\n b\r\n\r\n', 'response 204 "" HTTP/1.1 none [["X","a b"]]'],
  ['space-before-colon', 'a space', 'HTTP/1.1 204 \r\nX : y\r\n\r\n', 'response 204 "" HTTP/1.1 none [["X","y"]]'],
  [
    'leading-whitespace',
    'a line that is skipped',
    'HTTP/1.1 204 \r\n X: y\r\n\r\n',
    'response 204 "" HTTP/1.1 none []',
  ],
];

const others = (relaxation: Relaxation) => all.filter((other) => other !== relaxation);

describe('in a request', () => {
  test.each(requests)('%s lets pass %s, and says so', (relaxation, _, bytes, event) => {
    expect(requestsOf(bytes, [relaxation])[0]).toBe(`${event} relaxed:${relaxation}`);
    expect(requestsOf(bytes, all)[0]).toBe(`${event} relaxed:${relaxation}`);
  });

  test.each(requests)('without %s no other lets pass %s', (relaxation, _, bytes) => {
    expect(requestsOf(bytes, others(relaxation))[0]).toMatch(/^error ERR_(START_LINE|HEADER) 400/);
    expect(requestsOf(bytes, [])[0]).toMatch(/^error ERR_(START_LINE|HEADER) 400/);
  });
});

describe('in a response', () => {
  test.each(responses)('%s lets pass %s, and says so', (relaxation, _, bytes, event) => {
    expect(responsesOf(bytes, [relaxation])[0]).toBe(`${event} relaxed:${relaxation}`);
  });

  test.each(responses)('without %s no other lets pass %s', (relaxation, _, bytes) => {
    expect(responsesOf(bytes, others(relaxation))[0]).toMatch(/^closed ERR_(START_LINE|HEADER)/);
  });
});

test('a head that needed none says none, whatever is allowed', () => {
  expect(requestsOf(`${get}\r\n`, all)).toEqual([`request GET /a HTTP/1.1 none ${fields()}`, 'end']);
});

test('a head says only its own', () => {
  const [first, , second] = requestsOf(`${get}X : y\r\n\r\n${get}\r\n`, all);
  expect([first?.endsWith('relaxed:space-before-colon'), second?.includes('relaxed')]).toEqual([true, false]);
});

test('a head that needed several says each once', () => {
  expect(requestsOf('GET /\xe9 HTTP/1.1\n X\nY : a\n b\nZ : c\n\n', all)[0]).toBe(
    'request GET /\xe9 HTTP/1.1 none [["Y","a b"],["Z","c"]] relaxed:bare-lf,leading-whitespace,space-before-colon,obs-fold,non-ascii-target,missing-host',
  );
});

describe('no relaxation touches what frames a message (RFC 9112 §11.2)', () => {
  const head = 'POST /a HTTP/1.1\r\nHost: x\r\n';
  test.each<[string, string, RegExp]>([
    ['a space before the colon of a length', `${head}Content-Length : 2\r\n\r\nhi`, /^error ERR_HEADER/],
    [
      'a space before the colon of a coding',
      `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
      /^error ERR_HEADER/,
    ],
    ['a tab before the colon of a coding', `${head}transfer-ENCODING\t: chunked\r\n\r\n0\r\n\r\n`, /^error ERR_HEADER/],
    ['a folded length', `${head}Content-Length:\r\n 2\r\n\r\nhi`, /^error ERR_HEADER/],
    ['a length folded behind its digits', `${head}Content-Length: 2\r\n \r\n\r\nhi`, /^error ERR_HEADER/],
    ['a folded coding', `${head}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`, /^error ERR_HEADER/],
    ['a coding folded into a list', `${head}Transfer-Encoding: chunked\r\n , identity\r\n\r\n`, /^error ERR_HEADER/],
    ['two Hosts', `${head}Host: x\r\n\r\n`, /^error ERR_HEADER/],
    ['a Host that is none', 'GET /a HTTP/1.1\r\nHost: a b\r\n\r\n', /^error ERR_HEADER/],
    ['an empty Host', 'GET /a HTTP/1.1\r\nHost:\r\n\r\n', /^error ERR_HEADER/],
    ['both framing fields', `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n`, /^error ERR_FRAMING/],
    ['a coding in HTTP/1.0', 'POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n', /^error ERR_FRAMING/],
    ['a list of lengths', `${head}Content-Length: 2, 2\r\n\r\nhi`, /^error ERR_FRAMING/],
    ['a NUL in a value', `${get}X: a\0b\r\n\r\n`, /^error ERR_HEADER/],
    ['a CR in a value', `${get}X: a\rb\r\n\r\n`, /^error ERR_HEADER/],
    ['a CR for a line end', `${get}X: a\r\r\n\r\n`, /^error ERR_HEADER/],
    ['a name with a space in it', `${get}X Y: a\r\n\r\n`, /^error ERR_HEADER/],
    ['no name', `${get}: a\r\n\r\n`, /^error ERR_HEADER/],
    ['no name behind white space', `${get} : a\r\n\r\n`, /^error ERR_HEADER/],
    ['no colon', `${get}X\r\n\r\n`, /^error ERR_HEADER/],
    ['a control in a skipped line', 'GET /a HTTP/1.1\r\n X\0\r\nHost: x\r\n\r\n', /^error ERR_HEADER/],
    ['a space in a target', 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n', /^error ERR_START_LINE/],
    ['a control in a target', 'GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n', /^error ERR_START_LINE/],
    ['a fragment', 'GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n', /^error ERR_START_LINE/],
    ['bytes above 0x7F in a method', 'G\xc9T /a HTTP/1.1\r\nHost: x\r\n\r\n', /^error ERR_START_LINE/],
    ['bytes above 0x7F in a host', 'GET http://\xe9/ HTTP/1.1\r\nHost: x\r\n\r\n', /^error ERR_START_LINE/],
    ['two empty lines before the request', `\n\n${get}\r\n`, /^error ERR_START_LINE/],
    ['a space before the request', ` ${get}\r\n`, /^error ERR_START_LINE/],
  ])('not %s', (_, bytes, event) => {
    const [first] = requestsOf(bytes, all);
    expect(first).toMatch(event);
  });

  test.each<[string, string]>([
    ['an LF behind a chunk size', '5\nhello\r\n0\r\n\r\n'],
    ['an LF behind a chunk', '5\r\nhello\n0\r\n\r\n'],
    ['an LF in an extension', '5;a\nhello\r\n0\r\n\r\n'],
    ['a space before a chunk size', ' 5\r\nhello\r\n0\r\n\r\n'],
    ['a trailer that frames behind a space', '0\r\nContent-Length : 5\r\n\r\n'],
    ['a trailer that frames in folds', '0\r\nTransfer-Encoding:\r\n chunked\r\n\r\n'],
    ['white space before the first trailer', '0\r\n X: y\r\n\r\n'],
  ])('not %s', (_, body) => {
    const events = requestsOf(`${head}Transfer-Encoding: chunked\r\n\r\n${body}`, all);
    expect(events.at(-1)).toMatch(/^error ERR_(CHUNK|HEADER)/);
  });
});

test('a field line that was skipped does not frame (RFC 9112 §2.2)', () => {
  const bytes = lines('POST /a HTTP/1.1', ' Content-Length: 5', 'Host: x') + lines('GET /b HTTP/1.1', 'Host: x');
  expect(requestsOf(bytes, ['leading-whitespace']).map((event) => event.split(' ').slice(0, 3).join(' '))).toEqual([
    'request POST /a',
    'end',
    'request GET /b',
    'end',
  ]);
});

test('trailers are relaxed like fields', () => {
  const bytes = lines('POST /a HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked');
  expect(requestsOf(`${bytes}0\r\nX : y\r\nZ: a\n b\n\n`, all).at(-1)).toBe('end [["X","y"],["Z","a b"]]');
});
