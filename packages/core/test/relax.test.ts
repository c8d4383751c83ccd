// The relaxations: each lets one thing pass, and nothing else; a head that needed it says so; none touches what frames or routes a
// message, and none opens a way to smuggle one (RFC 9112 §2.2, §3.2, §5.1, §5.2, §11.2).

import fc from 'fast-check';
import { ClientConnection, type Relaxation, ServerConnection } from '../src/index.ts';
import type { RequestRow, ResponseRow } from './corpus/case.ts';
import { chunks } from './corpus/chunks.ts';
import { connections } from './corpus/connections.ts';
import { fields as fieldTables } from './corpus/fields.ts';
import { framing } from './corpus/framing.ts';
import { responses as responseTables } from './corpus/responses.ts';
import { routing } from './corpus/routing.ts';
import { startLines } from './corpus/start-line.ts';
import {
  ascii,
  type ClientRun,
  type Cut,
  cut,
  cuts,
  drain,
  lines,
  pull,
  readRequests,
  readResponses,
  type ServerRun,
} from './pair.ts';

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
  const [first, , second] = requestsOf(`GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n${get}\r\n`, all);
  expect([first?.endsWith('relaxed:non-ascii-target'), second?.includes('relaxed')]).toEqual([true, false]);
});

test('a head that needed several says each once', () => {
  expect(requestsOf('GET /\xe9 HTTP/1.1\n X\nY : a\n b\nZ : c\n\n', all)[0]).toBe(
    'request GET /\xe9 HTTP/1.1 none [["Y","a b"],["Z","c"]] relaxed:bare-lf,leading-whitespace,space-before-colon,obs-fold,non-ascii-target,missing-host',
  );
});

describe('no relaxation touches what frames or routes a message (RFC 9112 §11.2)', () => {
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
    ['a space before the colon of Host', 'GET /a HTTP/1.1\r\nHost : x\r\n\r\n', /^error ERR_HEADER/],
    ['a folded Host', 'GET /a HTTP/1.1\r\nHost:\r\n x\r\n\r\n', /^error ERR_HEADER/],
    ['a folded Connection', `${get}Connection: keep-alive,\r\n close\r\n\r\n`, /^error ERR_HEADER/],
    ['a space before the colon of Upgrade', `${get}Connection: upgrade\r\nUpgrade : x\r\n\r\n`, /^error ERR_HEADER/],
    ['a space before the colon of Expect', `${head}Expect : 100-continue\r\n\r\n`, /^error ERR_HEADER/],
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
    ['a space before the colon of a trailer', '0\r\nX : y\r\n\r\n'],
    ['a folded trailer', '0\r\nX: y\r\n z\r\n\r\n'],
    ['an LF behind a trailer', '0\r\nX: y\n\r\n'],
    ['an LF for the end of the trailers, which is that of the body', '0\r\n\n'],
    ['white space before the first trailer', '0\r\n X: y\r\n\r\n'],
  ])('not %s', (_, body) => {
    const events = requestsOf(`${head}Transfer-Encoding: chunked\r\n\r\n${body}`, all);
    expect(events.at(-1)).toMatch(/^error ERR_(CHUNK|HEADER)/);
  });
});

test('a field line that was skipped does not frame (RFC 9112 §2.2)', () => {
  const bytes = lines('POST /a HTTP/1.1', ' Content-Length: 5', 'Host: x');
  expect(requestsOf(bytes, ['leading-whitespace'])[0]).toMatch(/^request POST \/a HTTP\/1\.1 none/);
});

test('folds of any size are read, each as a space', () => {
  const size = 100_000;
  const bytes = ascii(`${get}X: a${' '.repeat(size)}b\r\n c${'\r\n '.repeat(size)}\r\n\r\n`);
  const { events } = readRequests([bytes], { options: { relax: ['obs-fold'], limits: { headSize: 1e7 } } });
  expect(events[0]).toContain(`["X","a${' '.repeat(size)}b c"]`);
});

const ofSyntax: ReadonlySet<Relaxation> = new Set(['bare-lf', 'obs-fold', 'space-before-colon', 'leading-whitespace']);

describe('a message that another reader could have found otherwise, and no other, is the last on its connection', () => {
  test.each(requests)('of a server: %s, %s', (relaxation, _, bytes) => {
    const server = new ServerConnection({ relax: [relaxation] });
    const seen: string[] = [];
    for (const event of server.receive(ascii(`${bytes}${get}\r\n`))) {
      seen.push(event.type);
      if (event.type === 'end') event.exchange.respond({ status: 200 });
    }
    const last = ofSyntax.has(relaxation);
    expect(seen).toEqual(last ? ['request', 'end'] : ['request', 'end', 'request', 'end']);
    expect(server.persistence).toEqual(last ? { verdict: 'close', reason: 'relaxed' } : { verdict: 'keep' });
    expect(/^connection: close/im.test(drain(server))).toBe(last);
  });

  test.each(responses)('of a client: %s, %s', (relaxation, _, bytes) => {
    const client = new ClientConnection({ persistent: true, relax: [relaxation] });
    const request = { method: 'GET', target: '/', headers: [['Host', 'x']] as const };
    client.request(request);
    client.request(request);
    drain(client);
    const events = pull(client.receive(ascii(`${bytes}${lines('HTTP/1.1 299 Poisoned', 'Content-Length: 0')}`)));
    expect(events.map((event) => event.split(' ', 2).join(' '))).not.toContain('response 299');
    expect(client.persistence).toEqual({ verdict: 'close', reason: 'relaxed' });
  });
});

const requestRows: readonly RequestRow[] = [startLines, routing, fieldTables, framing, chunks, connections].flatMap(
  (tables) => tables.flatMap(({ rows }) => rows),
);
const responseRows: readonly ResponseRow[] = responseTables.flatMap(({ rows }) => rows);

/** Each of them alone, each pair, and all together. */
const sets: readonly (readonly Relaxation[])[] = [
  ...all.map((one) => [one]),
  ...all.flatMap((one, i) => all.slice(i + 1).map((other) => [one, other])),
  all,
];

/** The events of a row's bytes under those relaxations. */
type Read = (relax: readonly Relaxation[]) => readonly string[];

const asRequests =
  (bytes: string, run: ServerRun = {}, how: Cut = 'whole'): Read =>
  (relax) =>
    readRequests(cut(ascii(bytes), how), { ...run, options: { ...run.options, relax } }).events;

const asResponses =
  (bytes: string, run: ClientRun = {}): Read =>
  (relax) =>
    readResponses([ascii(bytes)], { ...run, options: { ...run.options, relax } }).events;

const isMistake = (event: string) => /^(?:error|closed ERR)/.test(event);

/**
 * What is wrong with a reading under relaxations. What is read without them must be read with them; the rest is refused still, or waits
 * for more, or is a head that names relaxations, all of them allowed; and nothing of an attacker's comes out.
 */
function faultOf(strict: readonly string[], relaxed: readonly string[], relax: readonly Relaxation[]): string | null {
  if (relaxed.some((event) => /^(?:request \S+ \/smuggled|response 299)/.test(event))) return 'smuggles';
  const mistake = strict.findIndex(isMistake);
  const accepted = mistake < 0 ? strict : strict.slice(0, mistake);
  if (accepted.some((event, i) => relaxed[i] !== event)) return 'reads otherwise what was read';
  const fresh = relaxed[accepted.length];
  if (fresh === undefined) return null;
  if (mistake < 0) return 'reads more';
  if (isMistake(fresh) || fresh === 'eof') return null; // an end behind an empty line
  const named = / relaxed:([a-z,-]+)$/.exec(fresh)?.[1]?.split(',') ?? [];
  if (named.length === 0) return 'says nothing';
  return named.every((name) => relax.some((one) => one === name)) ? null : 'says what is not allowed';
}

/** The faults of a row under each set of relaxations. */
function faultsOf(name: string, read: Read): string[] {
  const strict = read([]);
  return sets.flatMap((relax) => {
    const fault = faultOf(strict, read(relax), relax);
    return fault === null ? [] : [`${name}, with ${relax.join(' and ')}: ${fault}`];
  });
}

describe('whatever is allowed, what is accepted without it reads alike, what needs it says so, and nothing is smuggled', () => {
  // Sizes are no matter of syntax.
  const isShort = ([, bytes]: RequestRow | ResponseRow) => bytes.length < 5_000;
  const shortRows = requestRows.filter(isShort);
  const shortResponses = responseRows.filter(isShort);

  test('in any request of the corpus', () => {
    expect(shortRows.flatMap(([name, bytes, , run]) => faultsOf(name, asRequests(bytes, run)))).toEqual([]);
  });

  test('in any response of the corpus', () => {
    expect(shortResponses.flatMap(([name, bytes, , run]) => faultsOf(name, asResponses(bytes, run)))).toEqual([]);
  });

  test('in requests that are nearly those, however they are cut', () => {
    const near = fc.record({
      row: fc.constantFrom(...shortRows),
      at: fc.nat(5_000),
      put: fc.constantFrom('\n', '\n\n', '\r', ' ', '\t', ' :', '\n ', '\r\n ', '\xe9', '\r\n X: y', 'X: y\n'),
      taken: fc.nat(2),
      relax: fc.constantFrom(...sets),
      how: fc.constantFrom(...cuts),
    });
    fc.assert(
      fc.property(near, ({ row: [, text, , run], at, put, taken, relax, how }) => {
        const place = at % (text.length + 1);
        const bytes = text.slice(0, place) + put + text.slice(place + taken);
        const relaxed = asRequests(bytes, run)(relax);
        // Such bytes may hold what was an attacker's by right: whether they do is for the rows themselves to say.
        expect([null, 'smuggles']).toContain(faultOf(asRequests(bytes, run)([]), relaxed, relax));
        expect(asRequests(bytes, run, how)(relax)).toEqual(relaxed);
      }),
      { numRuns: 3_000 },
    );
  });
});
