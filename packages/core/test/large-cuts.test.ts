// Real sockets hand over up to 64 KiB at a read, so that is where messages are cut: every place where something begins, put at up to four
// bytes before and behind such a cut, whatever takes up the room before it. What comes out is what comes out of the same bytes whole.

import { EventLog } from '../../testing/src/events.ts';
import { ClientConnection, type Limits } from '../src/index.ts';
import { answer, ascii, drain, type Reading, readRequests, readResponses } from './pair.ts';

const readSize = 65_536;

/** Anything may be as long as it has to be. */
const limits: Partial<Limits> = {
  headSize: 200_000,
  startLineSize: 200_000,
  trailerSize: 200_000,
  chunkLineSize: 200_000,
  extensionSize: 200_000,
};

/**
 * Bytes with `{padding}` in them, and its size in six digits where they must tell it. Places are before, within and behind each line end,
 * and at each `|`, which is no byte.
 */
type Template = string;

type Row = readonly [padding: string, bytes: Template, events: readonly string[]];

interface Case {
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly where: string;
}

/** The places behind the padding, each at every distance from a cut. */
function* casesOf(template: Template): Generator<Case> {
  const [before = '', behind = ''] = template.split('{padding}');
  const marks = [...behind.matchAll(/\||\r|\n|(?<=\n)/g)].map(({ index }) => index);
  for (const mark of new Set([...marks, behind.length])) {
    const at = behind.slice(0, mark).replaceAll('|', '').length;
    for (const [cut, furthest] of [
      [readSize, 4],
      [2 * readSize, 1],
    ] as const) {
      for (let distance = -furthest; distance <= furthest; distance++) {
        const size = cut + distance - at - written(before, 0).length;
        const where = `${cut} ${distance < 0 ? '-' : '+'} ${Math.abs(distance)} at ${JSON.stringify(behind.slice(mark, mark + 20))}`;
        yield { bytes: written(template, size), size, where };
      }
    }
  }
}

function written(template: Template, size: number): Uint8Array {
  const [before = '', behind = ''] = template
    .replaceAll('|', '')
    .replace('{decimal}', String(size).padStart(6, '0'))
    .replace('{hexadecimal}', size.toString(16).padStart(6, '0'))
    .split('{padding}');
  const bytes = new Uint8Array(before.length + size + behind.length).fill(0x78); // x
  bytes.set(ascii(before));
  bytes.set(ascii(behind), before.length + size);
  return bytes;
}

function cut(bytes: Uint8Array): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += readSize) chunks.push(bytes.subarray(at, at + readSize));
  return chunks;
}

/** Without fields, and with the size of the padding in its place. */
function short(events: readonly string[]): string[] {
  return events.map((event) =>
    event
      .replace(/^((?:request|response|informational) .*?) HTTP\/1\.1 .*$/s, '$1')
      .replace(/x{99,}/g, (all) => `{${all.length}}`),
  );
}

function check(read: (chunks: readonly Uint8Array[]) => Reading, [, template, events]: Row): void {
  const first = written(template, readSize);
  expect(read(cut(first))).toEqual(read([first]));
  const wrong: string[] = [];
  for (const { bytes, size, where } of casesOf(template)) {
    const seen = short(read(cut(bytes)).events);
    const expected = events.map((event) => event.replace('…', `{${size}}`));
    if (JSON.stringify(seen) !== JSON.stringify(expected)) wrong.push(`${where}: ${seen.join(', ')}`);
  }
  expect(wrong).toEqual([]);
}

const chunk = '5;a="b"\r\nhe|llo\r\n';
const last = '0\r\nSum: 1\r\n\r\n|';
const chunked = 'Transfer-Encoding: chunked';
const sized = 'Content-Length: {decimal}\r\n\r\n{padding}|';
const upgrade = 'Connection: upgrade\r\nUpgrade: other';
const summed = 'end [["Sum","1"]]';

describe('a cut at 64 KiB of requests comes anywhere behind', () => {
  const put = 'PUT /0 HTTP/1.1\r\nHost: h.test\r\n';
  const post = 'POST /a HTTP/1.1\r\nHost: h.test\r\n';
  const next = 'GET /b HTTP/1.1\r\nHost: h.test\r\n\r\n';
  const plain = `${post}${chunked}\r\n\r\n${chunk}${last}`;
  const switching = `GET /switch HTTP/1.1\r\nHost: h.test\r\n${upgrade}\r\n\r\n`;
  const before = ['request PUT /0', 'data "…"', 'end'];
  const posted = ['request POST /a', 'data "hello"', summed];
  const behind = ['request GET /b', 'end'];

  const read = (chunks: readonly Uint8Array[]): Reading => {
    let target = '';
    return readRequests(chunks, {
      options: { limits },
      handle(event, server) {
        if (event.type === 'request') target = event.head.target;
        if (event.type !== 'end' || target !== '/switch') return answer(event, server);
        const headers = [
          ['Connection', 'upgrade'],
          ['Upgrade', 'other'],
        ] as const;
        event.exchange.respond({ status: 101, headers });
      },
    });
  };

  test.each<Row>([
    ['a message', `${put}${sized}${plain}${next}`, [...before, ...posted, ...behind]],
    [
      'a message in chunks',
      `${put}${chunked}\r\n\r\n{hexadecimal}\r\n{padding}\r\n0\r\n\r\n|${plain}${next}`,
      [...before, ...posted, ...behind],
    ],
    ['a message, and an empty line', `${put}${sized}\r\n${next}`, [...before, ...behind]],
    [
      'a target',
      `POST /{padding} HTTP/1.1\r\nHost: h.test\r\n${chunked}\r\n\r\n${chunk}${last}${next}`,
      ['request POST /…', 'data "hello"', summed, ...behind],
    ],
    ['a field', `${post}X: {padding}\r\n${chunked}\r\n\r\n${chunk}${last}${next}`, [...posted, ...behind]],
    [
      'a chunk',
      `${post}${chunked}\r\n\r\n{hexadecimal}\r\n{padding}\r\n${chunk}${last}${next}`,
      ['request POST /a', 'data "…hello"', summed, ...behind],
    ],
    ['an extension', `${post}${chunked}\r\n\r\n5;a={padding}|\r\nhello\r\n${last}${next}`, [...posted, ...behind]],
    [
      'a trailer',
      `${post}${chunked}\r\n\r\n${chunk}0\r\nX: {padding}\r\nSum: 1\r\n\r\n${next}`,
      ['request POST /a', 'data "hello"', 'end [["X","…"],["Sum","1"]]', ...behind],
    ],
    [
      'a message before a switch of protocols',
      `${put}${sized}${switching}bytes| of the other`,
      [...before, 'request GET /switch', 'end', 'upgrade "bytes of the other"'],
    ],
    [
      'the content of a request for a switch of protocols',
      `POST /switch HTTP/1.1\r\nHost: h.test\r\n${upgrade}\r\n${sized}bytes| of the other`,
      ['request POST /switch', 'data "…"', 'end', 'upgrade "bytes of the other"'],
    ],
  ])('%s', (...row) => check(read, row));
});

describe('a cut at 64 KiB of responses comes anywhere behind', () => {
  const ok = 'HTTP/1.1 200 OK\r\n';
  const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n|';
  const next = 'HTTP/1.1 204 No Content\r\nX: y\r\n\r\n|';
  const until = `${ok}X: y\r\n\r\nuntil| the end`;
  const plain = `${interim}${ok}${chunked}\r\n\r\n${chunk}${last}`;
  const behind = ['response 204 "No Content"', 'end', 'response 200 "OK"', 'data "until the end"', 'end', 'closed'];
  const before = ['response 200 "OK"', 'data "…"', 'end'];
  const answered = ['response 200 "OK"', 'data "hello"', summed];
  const hinted = 'informational 103 "Early Hints"';

  const readAs = (methods: readonly string[]) => (chunks: readonly Uint8Array[]) =>
    readResponses(chunks, { options: { limits }, methods, eof: 'clean' });
  const three = readAs(['GET', 'GET', 'GET']);
  const four = readAs(['GET', 'GET', 'GET', 'GET']);

  test.each<Row>([
    ['a message', `${ok}${sized}${plain}${next}${until}`, [...before, hinted, ...answered, ...behind]],
    [
      'a message in chunks',
      `${ok}${chunked}\r\n\r\n{hexadecimal}\r\n{padding}\r\n0\r\n\r\n|${plain}${next}${until}`,
      [...before, hinted, ...answered, ...behind],
    ],
  ])('%s', (...row) => check(four, row));

  test.each<Row>([
    [
      'a reason',
      `HTTP/1.1 200 {padding}\r\n${chunked}\r\n\r\n${chunk}${last}${next}${until}`,
      ['response 200 "…"', 'data "hello"', summed, ...behind],
    ],
    ['a field', `${ok}X: {padding}\r\n${chunked}\r\n\r\n${chunk}${last}${next}${until}`, [...answered, ...behind]],
    [
      'a field of an interim response',
      `HTTP/1.1 103 Early Hints\r\nX: {padding}\r\n\r\n${plain}${next}${until}`,
      [hinted, hinted, ...answered, ...behind],
    ],
    [
      'a chunk',
      `${ok}${chunked}\r\n\r\n{hexadecimal}\r\n{padding}\r\n${chunk}${last}${next}${until}`,
      ['response 200 "OK"', 'data "…hello"', summed, ...behind],
    ],
    [
      'an extension',
      `${ok}${chunked}\r\n\r\n5;a={padding}|\r\nhello\r\n${last}${next}${until}`,
      [...answered, ...behind],
    ],
    [
      'a trailer',
      `${ok}${chunked}\r\n\r\n${chunk}0\r\nX: {padding}\r\nSum: 1\r\n\r\n${next}${until}`,
      ['response 200 "OK"', 'data "hello"', 'end [["X","…"],["Sum","1"]]', ...behind],
    ],
  ])('%s', (...row) => check(three, row));

  test('the beginning of a body until the end', () => {
    const row: Row = [
      '',
      `${ok}X: y\r\n\r\n{padding}|until the| end`,
      ['response 200 "OK"', 'data "…until the end"', 'end', 'closed'],
    ];
    check(readAs(['GET']), row);
  });

  test.each<Row>([
    [
      'a field of a switch of protocols',
      `HTTP/1.1 101 Switching Protocols\r\nX: {padding}\r\n${upgrade}\r\n\r\nbytes| of the other`,
      ['response 101 "Switching Protocols"', 'closed', 'upgrade "bytes of the other"'],
    ],
    [
      'an interim response before a switch of protocols',
      `HTTP/1.1 103 Early Hints\r\nX: {padding}\r\n\r\n|HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\n\r\nbytes| of the other`,
      [hinted, 'response 101 "Switching Protocols"', 'closed', 'upgrade "bytes of the other"'],
    ],
  ])('%s', (...row) => check(readSwitch, row));
});

/** What a client that has asked for another protocol makes of those chunks. */
function readSwitch(chunks: readonly Uint8Array[]): Reading {
  const client = new ClientConnection({ limits });
  client.request({
    method: 'GET',
    target: '/',
    headers: [
      ['Host', 'h.test'],
      ['Connection', 'upgrade'],
      ['Upgrade', 'other'],
    ],
  });
  const output = drain(client);
  const log = new EventLog();
  let isOver = false;
  for (const chunk of chunks) {
    if (isOver) log.addLeftover(chunk);
    else client.receive(chunk);
    for (const event of client) {
      log.add(event);
      if (event.type === 'upgrade') isOver = true;
    }
  }
  return { events: log.lines, output };
}
