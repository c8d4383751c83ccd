// Responses, each to a GET unless the row says otherwise (RFC 9112 §4 to §9).

import { lines } from '../pair.ts';
import { hello, ok, poisoned, type ResponseRow, type ResponseTable } from './case.ts';

const badLine = ['ERR_START_LINE 400'];
const badField = ['ERR_HEADER 400'];
const badFraming = ['ERR_FRAMING 400'];
const badChunk = ['ERR_CHUNK 400'];

/** An empty response with that status line. */
function line(statusLine: string): string {
  return lines(statusLine, 'Content-Length: 0');
}

const statusLine: ResponseTable = {
  section: 'RFC 9112 §4, the status line',
  rows: [
    ['a reason', line('HTTP/1.1 200 Fine thanks'), ['200']],
    ['an empty reason', line('HTTP/1.1 200 '), ['200']],
    ['neither a reason nor its space, which servers do', line('HTTP/1.1 200'), ['200']],
    ['a reason with bytes above 0x7F and tabs', line('HTTP/1.1 200 \xe9t\xe9\t!'), ['200']],
    ['the highest status', line('HTTP/1.1 999 Odd'), ['999']],
    ['version 1.2, which reads as 1.1', line('HTTP/1.2 200 OK'), ['200']],
    ['version 2.0', line('HTTP/2.0 200 OK'), ['ERR_VERSION 505']],
    ['version 0.9', line('HTTP/0.9 200 OK'), ['ERR_VERSION 505']],
    ['a minor version of two digits', line('HTTP/1.10 200 OK'), badLine],
    ['a version in lower case', line('http/1.1 200 OK'), badLine],
    ['another protocol', line('ICY 200 OK'), badLine],
    ['a byte before it', line('xHTTP/1.1 200 OK'), badLine],
    ['a space before it', line(' HTTP/1.1 200 OK'), badLine],
    ['an empty line before it', `\r\n${line('HTTP/1.1 200 OK')}`, badLine],
    ['two spaces', line('HTTP/1.1  200 OK'), badLine],
    ['tabs for spaces', line('HTTP/1.1\t200\tOK'), badLine],
    ['no status', line('HTTP/1.1'), badLine],
    ['no status behind a space', line('HTTP/1.1 '), badLine],
    ['a status of two digits', line('HTTP/1.1 20 OK'), badLine],
    ['a status of four digits', line('HTTP/1.1 2000 OK'), badLine],
    ['a status below 100', line('HTTP/1.1 099 OK'), badLine],
    ['the status 000', line('HTTP/1.1 000 OK'), badLine],
    ['a status with letters', line('HTTP/1.1 2xx OK'), badLine],
    ['a status with a minus sign', line('HTTP/1.1 -20 OK'), badLine],
    ['a status with a plus sign', line('HTTP/1.1 +200 OK'), badLine],
    ['a NUL in the reason', line('HTTP/1.1 200 O\0K'), badLine],
    ['a CR in the reason', line('HTTP/1.1 200 O\rK'), badLine],
    ['an LF behind the reason', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n', badLine],
    ['LF everywhere', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', badLine],
    ['a reason of more than 8 KiB', line(`HTTP/1.1 200 ${'O'.repeat(9_000)}`), ['ERR_HEAD_SIZE 431']],
    ['what is not HTTP', 'SSH-2.0-x\r\n', badLine],
    ['a request', lines('GET / HTTP/1.1', 'Host: a.example'), badLine],
  ],
};

const fields: ResponseTable = {
  section: 'RFC 9112 §5, fields of a response',
  rows: [
    ['of any case, twice, empty', ok('content-LENGTH: 0', 'X: 1', 'x:'), ['200']],
    ['a space before the colon', ok('X : y', 'Content-Length: 0'), badField],
    ['no colon', ok('X', 'Content-Length: 0'), badField],
    ['an empty name', ok(': y', 'Content-Length: 0'), badField],
    ['a space in the name', ok('en Content-Type: y', 'Content-Length: 0'), badField],
    ['a folded line', ok('X: y', ' z', 'Content-Length: 0'), badField],
    ['white space before the first', ok(' X: y', 'Content-Length: 0'), badField],
    ['a NUL', ok('X: y\0z', 'Content-Length: 0'), badField],
    ['a CR', ok('X: y\rZ: a', 'Content-Length: 0'), badField],
    ['an LF', ok('X: y\nZ: a', 'Content-Length: 0'), badField],
    ['101 of them', ok(...Array<string>(101).fill('X: y')), ['ERR_HEAD_SIZE 431']],
    ['more than 16 KiB', ok(`X: ${'y'.repeat(20_000)}`), ['ERR_HEAD_SIZE 431']],
    ['a value that never ends', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(20_000)}`, ['ERR_HEAD_SIZE 431']],
  ],
};

const bodies: ResponseTable = {
  section: 'RFC 9112 §6.3, the body of a response',
  rows: [
    ['of a length', `${ok('Content-Length: 5')}hello`, ['200 "hello"']],
    ['of chunks', ok('Transfer-Encoding: chunked') + hello, ['200 "hello"']],
    ['of chunks with trailers', `${ok('Transfer-Encoding: chunked')}0\r\n${lines('X: y')}`, ['200 +X']],
    ['until the end', `${ok()}hello`, ['200 "hello"', 'closed'], { eof: 'clean' }],
    ['until the end in HTTP/1.0', `${lines('HTTP/1.0 200 OK')}hello`, ['200 "hello"', 'closed'], { eof: 'clean' }],
    ['until an end that cannot be told', `${ok()}hello`, ['200 "hello"', 'closed'], { eof: 'unknown' }],
    ['until an end that came too early', `${ok()}hello`, ['ERR_TRUNCATED 400'], { eof: 'truncated' }],
    ['none at all until the end', ok(), ['200', 'closed'], { eof: 'clean' }],
    ['a length and chunks', ok('Transfer-Encoding: chunked', 'Content-Length: 3') + hello, badFraming],
    ['chunks and a length', `${ok('Content-Length: 9', 'Transfer-Encoding: chunked')}0\r\n\r\n${poisoned}`, badFraming],
    ['two lengths', `${ok('Content-Length: 5', 'Content-Length: 0')}hello`, badFraming],
    ['one length twice', `${ok('Content-Length: 5', 'Content-Length: 5')}hello`, badFraming],
    ['a list of lengths', `${ok('Content-Length: 5, 0')}hello`, badFraming],
    ['a length with a sign', `${ok('Content-Length: +5')}hello`, badFraming],
    ['a negative length', `${ok('Content-Length: -1')}hello`, badFraming],
    ['a hexadecimal length', `${ok('Content-Length: 0x5')}hello`, badFraming],
    ['an empty length', `${ok('Content-Length:')}hello`, badFraming],
    ['a length of 2^64 + 5', `${ok('Content-Length: 18446744073709551621')}hello`, badFraming],
    [
      'chunked that is not the last coding',
      `${ok('Transfer-Encoding: chunked, gzip')}hello`,
      badFraming,
      { eof: 'clean' },
    ],
    ['gzip within chunked', ok('Transfer-Encoding: gzip, chunked') + hello, ['ERR_CODING 501']],
    ['identity', `${ok('Transfer-Encoding: identity', 'Content-Length: 2')}hello`, badFraming],
    ['chunked behind a vertical tab', ok('Transfer-Encoding: \vchunked') + hello, badField],
    ['chunked with a space before the colon', ok('Transfer-Encoding : chunked') + hello, badField],
    [
      'chunks in HTTP/1.0',
      lines('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked') + hello,
      badFraming,
      { eof: 'clean' },
    ],
    ['a chunk size with a prefix', `${ok('Transfer-Encoding: chunked')}0x5\r\nhello\r\n0\r\n\r\n`, badChunk],
    ['a chunk without its line end', `${ok('Transfer-Encoding: chunked')}5\r\nhello__0\r\n\r\n`, badChunk],
    ['chunks with LF', `${ok('Transfer-Encoding: chunked')}5\nhello\n0\n\n`, badChunk],
    [
      'a chunk beyond 32 bits',
      `${ok('Transfer-Encoding: chunked')}100000005\r\nhello\r\n0\r\n\r\n${poisoned}`,
      ['waits'],
    ],
    ['a trailer that frames', `${ok('Transfer-Encoding: chunked')}0\r\n${lines('Content-Length: 50')}`, badField],
  ],
};

const nobodies: ResponseTable = {
  section: 'RFC 9112 §6.3, rules 1 and 2: no body whatever the fields say',
  rows: [
    ['204', lines('HTTP/1.1 204 No Content'), ['204']],
    [
      '304 with a length',
      lines('HTTP/1.1 304 Not Modified', 'Content-Length: 5') + ok('Content-Length: 0'),
      ['304', '200'],
      { methods: ['GET', 'GET'] },
    ],
    [
      '204 with a length, and bytes',
      `${lines('HTTP/1.1 204 No Content', 'Content-Length: 5')}hello`,
      ['204', 'ERR_UNSOLICITED 400'],
    ],
    [
      '204 with chunks',
      lines('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked') + hello,
      ['204', 'ERR_UNSOLICITED 400'],
    ],
    ['HEAD with a length', ok('Content-Length: 5'), ['200'], { methods: ['HEAD'] }],
    [
      'HEAD with chunked',
      ok('Transfer-Encoding: chunked') + ok('Content-Length: 0'),
      ['200', '200'],
      {
        methods: ['HEAD', 'GET'],
      },
    ],
    [
      'HEAD without a field, on a connection that goes on',
      ok() + ok('Content-Length: 0'),
      ['200', '200'],
      {
        methods: ['HEAD', 'GET'],
      },
    ],
    [
      'HEAD with a body all the same',
      ok(`Content-Length: ${poisoned.length}`) + poisoned,
      ['200', 'ERR_UNSOLICITED 400'],
      { methods: ['HEAD'] },
    ],
    ['HEAD with two lengths', ok('Content-Length: 5', 'Content-Length: 6'), badFraming, { methods: ['HEAD'] }],
    [
      'CONNECT granted',
      `${ok()}\x16\x03\x01`,
      ['200', 'closed', 'upgrade "\\u0016\\u0003\\u0001"'],
      {
        methods: ['CONNECT'],
      },
    ],
    [
      'CONNECT granted with a length',
      `${ok('Content-Length: 5')}hello`,
      ['200', 'closed', 'upgrade "hello"'],
      {
        methods: ['CONNECT'],
      },
    ],
    [
      'CONNECT granted with both fields',
      ok('Content-Length: 5', 'Transfer-Encoding: chunked'),
      ['200', 'closed', 'upgrade ""'],
      { methods: ['CONNECT'] },
    ],
    [
      'CONNECT refused',
      `${lines('HTTP/1.1 403 Forbidden', 'Content-Length: 2')}no`,
      ['403 "no"'],
      {
        methods: ['CONNECT'],
      },
    ],
  ],
};

/** An interim response. */
const early = lines('HTTP/1.1 103 Early Hints', 'Link: </a>');

const interim: ResponseTable = {
  section: 'RFC 9110 §15.2, interim responses',
  rows: [
    ['two', lines('HTTP/1.1 100 Continue') + early + ok('Content-Length: 0'), ['100', '103', '200']],
    [
      'one with a length',
      lines('HTTP/1.1 102 Processing', 'Content-Length: 5') + ok('Content-Length: 0'),
      ['102', '200'],
    ],
    ['one of a status that nobody knows', lines('HTTP/1.1 199 Hm') + ok('Content-Length: 0'), ['199', '200']],
    ['16', early.repeat(16) + ok('Content-Length: 0'), [...Array<string>(16).fill('103'), '200']],
    ['17', early.repeat(17) + ok('Content-Length: 0'), [...Array<string>(16).fill('103'), 'ERR_HEAD_SIZE 431']],
    ['without end', early.repeat(1_000), [...Array<string>(16).fill('103'), 'ERR_HEAD_SIZE 431']],
    [
      '16 to each of two requests',
      `${early.repeat(16)}${ok('Content-Length: 0')}`.repeat(2),
      [...Array<string>(16).fill('103'), '200', ...Array<string>(16).fill('103'), '200'],
      { methods: ['GET', 'GET'] },
    ],
    ['one and then the end', lines('HTTP/1.1 100 Continue'), ['100', 'ERR_NO_RESPONSE 400'], { eof: 'clean' }],
    [
      '101 that nobody asked for',
      lines('HTTP/1.1 101 Switching', 'Connection: upgrade', 'Upgrade: x'),
      ['ERR_UNSOLICITED 400'],
    ],
    ['101 that names no protocol and was not asked for', lines('HTTP/1.1 101 Switching'), ['ERR_UNSOLICITED 400']],
    ['one with a bad length', lines('HTTP/1.1 103 Early', 'Content-Length: x') + ok(), badFraming],
  ],
};

/** A response behind which the connection is not read on, with two requests on the wire. */
function last(name: string, bytes: string, reads: readonly string[] = ['200', 'ERR_NO_RESPONSE 400']): ResponseRow {
  return [name, bytes + poisoned, reads, { methods: ['GET', 'GET'] }];
}

const persistence: ResponseTable = {
  section: 'RFC 9112 §9, what comes behind a response',
  rows: [
    [
      'the next one',
      `${ok('Content-Length: 1')}a${ok('Transfer-Encoding: chunked')}1\r\nb\r\n0\r\n\r\n`,
      ['200 "a"', '200 "b"'],
      { methods: ['GET', 'GET'] },
    ],
    ['one more than was asked for', ok('Content-Length: 0') + poisoned, ['200', 'ERR_UNSOLICITED 400']],
    ['a byte', `${ok('Content-Length: 0')}\r`, ['200', 'ERR_UNSOLICITED 400']],
    ['one that nobody asked for', poisoned, ['ERR_UNSOLICITED 400'], { methods: [] }],
    ['the end', ok('Content-Length: 0'), ['200', 'closed'], { eof: 'clean' }],
    ['the end before anything', '', ['closed'], { eof: 'clean', methods: [] }],
    last('nothing where Connection says close', ok('Content-Length: 0', 'Connection: close')),
    last('nothing where close is in a list', ok('Content-Length: 0', 'Connection: a ,\tCLOSE')),
    last('nothing in HTTP/1.0', lines('HTTP/1.0 200 OK', 'Content-Length: 0')),
    [
      'the next one in HTTP/1.0 that stays open',
      lines('HTTP/1.0 200 OK', 'Content-Length: 0', 'Connection: keep-alive').repeat(2),
      ['200', '200'],
      { methods: ['GET', 'GET'] },
    ],
    last('nothing behind a body without a length', `${ok()}`, ['waits']),
  ],
};

const truncated: ResponseTable = {
  section: 'RFC 9112 §8, responses that end early',
  rows: [
    ['before the first byte', '', ['ERR_NO_RESPONSE 400'], { eof: 'clean' }],
    ['in the status line', 'HTTP/1.1 2', ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in the head', 'HTTP/1.1 200 OK\r\nContent-Le', ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in a body', `${ok('Content-Length: 9')}hello`, ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['behind a chunk', `${ok('Transfer-Encoding: chunked')}5\r\nhello\r\n`, ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in the trailers', `${ok('Transfer-Encoding: chunked')}0\r\nX: y\r\n`, ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    [
      'in the second of two',
      `${ok('Content-Length: 0')}HTTP`,
      ['200', 'ERR_TRUNCATED 400'],
      {
        eof: 'clean',
        methods: ['GET', 'GET'],
      },
    ],
    [
      'before the second of two',
      ok('Content-Length: 0'),
      ['200', 'ERR_NO_RESPONSE 400'],
      {
        eof: 'clean',
        methods: ['GET', 'GET'],
      },
    ],
  ],
};

export const responses: readonly ResponseTable[] = [
  statusLine,
  fields,
  bodies,
  nobodies,
  interim,
  persistence,
  truncated,
];
