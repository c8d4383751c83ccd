// Responses in their order: which have no body, which are not the last word, and what comes behind one (RFC 9112 §6.3, §9;
// RFC 9110 §9.3.6, §15.2).

import type { ClientRun } from '../pair.ts';
import { lines } from '../pair.ts';
import { hello, ok, poisoned, type ResponseRow, type ResponseTable } from './case.ts';

const two: ClientRun = { methods: ['GET', 'GET'] };
const head: ClientRun = { methods: ['HEAD'] };
const connect: ClientRun = { methods: ['CONNECT'] };
const empty = ok('Content-Length: 0');
const badFraming = ['ERR_FRAMING 400'];

const nobodies: ResponseTable = {
  section: 'RFC 9112 §6.3, rule 1: no body whatever the fields say',
  rows: [
    ['204', lines('HTTP/1.1 204 No Content'), ['204']],
    ['204 and the next', lines('HTTP/1.1 204 No Content') + empty, ['204', '200'], two],
    ['204 and the end', lines('HTTP/1.1 204 No Content'), ['204', 'closed'], { eof: 'clean' }],
    ['204 with a length', lines('HTTP/1.1 204 No Content', 'Content-Length: 5') + empty, ['204', '200'], two],
    ['304', lines('HTTP/1.1 304 Not Modified') + empty, ['304', '200'], two],
    ['304 with a length', lines('HTTP/1.1 304 Not Modified', 'Content-Length: 5') + empty, ['304', '200'], two],
    ['304 with chunked', lines('HTTP/1.1 304 Not Modified', 'Transfer-Encoding: chunked') + empty, ['304', '200'], two],
    [
      '204 with a length, and bytes',
      `${lines('HTTP/1.1 204 No Content', 'Content-Length: 5')}hello`,
      ['204', 'ERR_UNSOLICITED 400'],
    ],
    [
      '204 with a length, and bytes where the next is awaited',
      `${lines('HTTP/1.1 204 No Content', 'Content-Length: 5')}hello${poisoned}`,
      ['204', 'ERR_START_LINE 400'],
      two,
    ],
    [
      '204 with chunks',
      lines('HTTP/1.1 204 No Content', 'Transfer-Encoding: chunked') + hello,
      ['204', 'ERR_UNSOLICITED 400'],
    ],
    [
      '304 with chunks where the next is awaited',
      lines('HTTP/1.1 304 Not Modified', 'Transfer-Encoding: chunked') + hello,
      ['304', 'ERR_START_LINE 400'],
      two,
    ],
    ['HEAD with a length', ok('Content-Length: 5'), ['200'], head],
    ['HEAD with chunked', ok('Transfer-Encoding: chunked') + empty, ['200', '200'], { methods: ['HEAD', 'GET'] }],
    ['HEAD without a field', ok() + empty, ['200', '200'], { methods: ['HEAD', 'GET'] }],
    ['HEAD without a field in HTTP/1.0', lines('HTTP/1.0 200 OK') + poisoned, ['200', 'closed'], head],
    [
      'HEAD with a coding that we cannot undo',
      ok('Transfer-Encoding: gzip, chunked') + empty,
      ['200', '200'],
      { methods: ['HEAD', 'GET'] },
    ],
    [
      'HEAD of a page that is not there',
      lines('HTTP/1.1 404 Gone', 'Content-Length: 9') + empty,
      ['404', '200'],
      { methods: ['HEAD', 'GET'] },
    ],
    [
      'HEAD with a body all the same',
      ok(`Content-Length: ${poisoned.length}`) + poisoned,
      ['200', 'ERR_UNSOLICITED 400'],
      head,
    ],
    ['HEAD with a body until the end', `${ok()}hello`, ['200', 'ERR_UNSOLICITED 400'], { ...head, eof: 'clean' }],
    ['HEAD with two lengths', ok('Content-Length: 5', 'Content-Length: 6'), badFraming, head],
    ['HEAD with a length and a coding', ok('Content-Length: 5', 'Transfer-Encoding: chunked'), badFraming, head],
    ['304 with two lengths', lines('HTTP/1.1 304 Not Modified', 'Content-Length: 5', 'Content-Length: 6'), badFraming],
    [
      '204 with a length and a coding',
      lines('HTTP/1.1 204 No Content', 'Content-Length: 5', 'Transfer-Encoding: chunked'),
      badFraming,
    ],
    ['304 with a coding in HTTP/1.0', lines('HTTP/1.0 304 Not Modified', 'Transfer-Encoding: chunked'), badFraming],
  ],
};

const tunnels: ResponseTable = {
  section: 'RFC 9110 §9.3.6, responses to CONNECT',
  rows: [
    ['granted', `${ok()}\x16\x03\x01`, ['200', 'closed', 'upgrade "\\u0016\\u0003\\u0001"'], connect],
    ['granted, and nothing yet', ok(), ['200', 'closed', 'upgrade ""'], connect],
    ['granted by another 2xx', `${lines('HTTP/1.1 204 No Content')}hi`, ['204', 'closed', 'upgrade "hi"'], connect],
    ['granted in HTTP/1.0', `${lines('HTTP/1.0 200 Established')}hi`, ['200', 'closed', 'upgrade "hi"'], connect],
    ['granted with close', `${ok('Connection: close')}hi`, ['200', 'closed', 'upgrade "hi"'], connect],
    ['granted with a length', `${ok('Content-Length: 5')}hello`, ['200', 'closed', 'upgrade "hello"'], connect],
    [
      'granted with chunked',
      ok('Transfer-Encoding: chunked') + hello,
      ['200', 'closed', `upgrade ${JSON.stringify(hello)}`],
      connect,
    ],
    [
      'granted with both',
      ok('Content-Length: 5', 'Transfer-Encoding: chunked'),
      ['200', 'closed', 'upgrade ""'],
      connect,
    ],
    [
      'granted with what cannot be',
      `${ok('Content-Length: x', 'Transfer-Encoding: y')}hi`,
      ['200', 'closed', 'upgrade "hi"'],
      connect,
    ],
    [
      'granted behind an interim response',
      `${lines('HTTP/1.1 103 Early')}${ok()}hi`,
      ['103', '200', 'closed', 'upgrade "hi"'],
      connect,
    ],
    [
      'granted, over what looks like a response',
      ok() + poisoned,
      ['200', 'closed', `upgrade ${JSON.stringify(poisoned)}`],
      connect,
    ],
    ['refused', `${lines('HTTP/1.1 403 Forbidden', 'Content-Length: 2')}no`, ['403 "no"'], connect],
    ['refused in chunks', lines('HTTP/1.1 407 Who', 'Transfer-Encoding: chunked') + hello, ['407 "hello"'], connect],
    ['refused until the end', `${lines('HTTP/1.1 407 Who')}no`, ['407 "no"', 'closed'], { ...connect, eof: 'clean' }],
    ['refused by a redirection', `${lines('HTTP/1.1 302 Found', 'Content-Length: 2')}no`, ['302 "no"'], connect],
    [
      'refused, and bytes',
      `${lines('HTTP/1.1 403 No', 'Content-Length: 0')}\x16`,
      ['403', 'ERR_UNSOLICITED 400'],
      connect,
    ],
    [
      'refused with two lengths',
      lines('HTTP/1.1 403 No', 'Content-Length: 0', 'Content-Length: 1'),
      badFraming,
      connect,
    ],
    [
      'switched, which CONNECT does not ask for',
      lines('HTTP/1.1 101 Switching', 'Connection: upgrade', 'Upgrade: x'),
      ['ERR_UNSOLICITED 400'],
      connect,
    ],
  ],
};

/** An interim response, and sixteen of them. */
const early = lines('HTTP/1.1 103 Early Hints', 'Link: </a>');
const sixteen = Array<string>(16).fill('103');
const wide = lines('HTTP/1.1 102 Processing', `X: ${'y'.repeat(8_000)}`);

const interim: ResponseTable = {
  section: 'RFC 9110 §15.2, interim responses',
  rows: [
    ['two', lines('HTTP/1.1 100 Continue') + early + empty, ['100', '103', '200']],
    ['100 that was not expected', lines('HTTP/1.1 100 Continue') + empty, ['100', '200']],
    ['one without a reason', lines('HTTP/1.1 100') + empty, ['100', '200']],
    ['one in HTTP/1.0', lines('HTTP/1.0 100 Continue') + empty, ['100', '200']],
    ['one of a status that nobody knows', lines('HTTP/1.1 199 Hm') + empty, ['199', '200']],
    ['one with a length', lines('HTTP/1.1 102 Processing', 'Content-Length: 5') + empty, ['102', '200']],
    ['one with chunked', lines('HTTP/1.1 102 Processing', 'Transfer-Encoding: chunked') + empty, ['102', '200']],
    ['one to HEAD', early + ok('Content-Length: 5'), ['103', '200'], { methods: ['HEAD'] }],
    [
      'one to each of two requests',
      `${early}${empty}`.repeat(2),
      ['103', '200', '103', '200'],
      { methods: ['GET', 'GET'] },
    ],
    [
      'one that says close: the final one is the last',
      lines('HTTP/1.1 100 Continue', 'Connection: close') + empty + poisoned,
      ['100', '200', 'ERR_NO_RESPONSE 400'],
      two,
    ],
    [
      'one with a length, and bytes',
      `${lines('HTTP/1.1 100 Continue', 'Content-Length: 5')}hello${empty}`,
      ['100', 'ERR_START_LINE 400'],
    ],
    [
      'one with chunks',
      lines('HTTP/1.1 103 Early', 'Transfer-Encoding: chunked') + hello + empty,
      ['103', 'ERR_START_LINE 400'],
    ],
    ['one and an empty line', `${early}\r\n${empty}`, ['103', 'ERR_START_LINE 400']],
    ['one with a bad length', lines('HTTP/1.1 103 Early', 'Content-Length: x') + ok(), badFraming],
    [
      'one with a length and a coding',
      lines('HTTP/1.1 103 Early', 'Content-Length: 0', 'Transfer-Encoding: chunked') + empty,
      badFraming,
    ],
    ['one with a bad field', lines('HTTP/1.1 103 Early', 'Link : x') + empty, ['ERR_HEADER 400']],
    ['16', early.repeat(16) + empty, [...sixteen, '200']],
    ['17', early.repeat(17) + empty, [...sixteen, 'ERR_HEAD_SIZE 431']],
    ['without end', early.repeat(1_000), [...sixteen, 'ERR_HEAD_SIZE 431']],
    ['wide ones without end', wide.repeat(40), [...Array<string>(16).fill('102'), 'ERR_HEAD_SIZE 431']],
    [
      '16 to each of two requests',
      `${early.repeat(16)}${empty}`.repeat(2),
      [...sixteen, '200', ...sixteen, '200'],
      two,
    ],
    ['one that is too large', lines('HTTP/1.1 103 Early', `X: ${'y'.repeat(20_000)}`), ['ERR_HEAD_SIZE 431']],
    ['one and then the end', lines('HTTP/1.1 100 Continue'), ['100', 'ERR_NO_RESPONSE 400'], { eof: 'clean' }],
    ['one and then half of the final one', `${early}HTTP/1.1 2`, ['103', 'ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['one behind the final one', empty + early, ['200', 'ERR_UNSOLICITED 400']],
    [
      '101 that nobody asked for',
      lines('HTTP/1.1 101 Switching', 'Connection: upgrade', 'Upgrade: x'),
      ['ERR_UNSOLICITED 400'],
    ],
    ['101 that names no protocol and was not asked for', lines('HTTP/1.1 101 Switching'), ['ERR_UNSOLICITED 400']],
    [
      '101 that nobody asked for, behind 100',
      lines('HTTP/1.1 100 Continue') + lines('HTTP/1.1 101 Switching', 'Connection: upgrade', 'Upgrade: x'),
      ['100', 'ERR_UNSOLICITED 400'],
    ],
  ],
};

/** A response behind which the connection is not read on, with two requests on the wire. */
function last(name: string, bytes: string, reads: readonly string[] = ['200', 'ERR_NO_RESPONSE 400']): ResponseRow {
  return [name, bytes + poisoned, reads, two];
}

const persistence: ResponseTable = {
  section: 'RFC 9112 §9.3 and §9.6, what comes behind a response',
  rows: [
    [
      'the next one',
      `${ok('Content-Length: 1')}a${ok('Transfer-Encoding: chunked')}1\r\nb\r\n0\r\n\r\n`,
      ['200 "a"', '200 "b"'],
      two,
    ],
    [
      'the next one, of another version',
      empty + lines('HTTP/1.0 200 OK', 'Content-Length: 0'),
      ['200', '200', 'closed'],
      two,
    ],
    ['the next one, until the end', `${empty}${ok()}hi`, ['200', '200 "hi"', 'closed'], { ...two, eof: 'clean' }],
    ['the next one behind a refusal', lines('HTTP/1.1 500 Oops', 'Content-Length: 0') + empty, ['500', '200'], two],
    [
      'the next one where something else is said of the connection',
      ok('Content-Length: 0', 'Connection: x, closed, "close", close;a=b', 'Proxy-Connection: close') + empty,
      ['200', '200'],
      two,
    ],
    [
      'the next one whatever Keep-Alive says',
      ok('Content-Length: 0', 'Keep-Alive: timeout=-1, max=0, x') + empty,
      ['200', '200'],
      two,
    ],
    [
      'the next one in HTTP/1.0 that stays open',
      lines('HTTP/1.0 200 OK', 'Content-Length: 0', 'Connection: keep-alive').repeat(2),
      ['200', '200'],
      two,
    ],
    ['the end', empty, ['200', 'closed'], { eof: 'clean' }],
    ['the end before anything', '', ['closed'], { eof: 'clean', methods: [] }],
    ['the end before anything, cut short', '', ['closed'], { eof: 'truncated', methods: [] }],
    last('nothing where Connection says close', ok('Content-Length: 0', 'Connection: close')),
    last('nothing where it says so in another case', ok('Content-Length: 0', 'connection: Close')),
    last('nothing where close is in a list', ok('Content-Length: 0', 'Connection: a ,\tCLOSE')),
    last('nothing where keep-alive is there too', ok('Content-Length: 0', 'Connection: close, keep-alive')),
    last(
      'nothing where close is on a second line',
      ok('Content-Length: 0', 'Connection: keep-alive', 'Connection: close'),
    ),
    last('nothing behind the body of the last', `${ok('Connection: close', 'Content-Length: 2')}hi`, [
      '200 "hi"',
      'ERR_NO_RESPONSE 400',
    ]),
    last('nothing behind the chunks of the last', ok('Connection: close', 'Transfer-Encoding: chunked') + hello, [
      '200 "hello"',
      'ERR_NO_RESPONSE 400',
    ]),
    last('nothing behind 204 that says close', lines('HTTP/1.1 204 No Content', 'Connection: close'), [
      '204',
      'ERR_NO_RESPONSE 400',
    ]),
    last('nothing in HTTP/1.0', lines('HTTP/1.0 200 OK', 'Content-Length: 0')),
    last(
      'nothing in HTTP/1.0 that says something else',
      lines('HTTP/1.0 200 OK', 'Content-Length: 0', 'Connection: x'),
    ),
    last(
      'nothing in HTTP/1.0 that says both',
      lines('HTTP/1.0 200 OK', 'Content-Length: 0', 'Connection: keep-alive, close'),
    ),
    last('nothing behind a body without a length', ok(), ['waits']),
    last('nothing behind a mistake', ok('X : y', 'Content-Length: 0'), ['ERR_HEADER 400']),
    last('nothing behind a mistake in a body', `${ok('Transfer-Encoding: chunked')}x\r\n`, ['ERR_CHUNK 400']),
    [
      'nothing where one request was all, and close is said',
      ok('Content-Length: 0', 'Connection: close') + poisoned,
      ['200', 'closed'],
    ],
  ],
};

/** A response, and what nobody asked for behind it. */
function surplus(name: string, response: string, reads: readonly string[], run: ClientRun = {}): ResponseRow {
  return [name, response + poisoned, [...reads, 'ERR_UNSOLICITED 400'], run];
}

const unsolicited: ResponseTable = {
  section: 'RFC 9112 §9.2, bytes that no request asked for',
  rows: [
    surplus('a response before any request', '', [], { methods: [] }),
    surplus('one more than was asked for', empty, ['200']),
    surplus('a third behind two', empty + empty, ['200', '200'], two),
    surplus('one behind a body', `${ok('Content-Length: 2')}hi`, ['200 "hi"']),
    surplus('one behind a length that is too short', `${ok('Content-Length: 2')}hi!`, ['200 "hi"']),
    surplus('one behind chunks', ok('Transfer-Encoding: chunked') + hello, ['200 "hello"']),
    surplus('one behind 204', lines('HTTP/1.1 204 No Content'), ['204']),
    surplus('one behind 304', lines('HTTP/1.1 304 Not Modified', 'Content-Length: 5'), ['304']),
    surplus('one behind an interim response and the final one', early + empty, ['103', '200']),
    surplus('one that a field value split off', ok('Set-Cookie: a=b', 'Content-Length: 0'), ['200']),
    ['a byte', `${empty}\r`, ['200', 'ERR_UNSOLICITED 400']],
    ['an empty line', `${empty}\r\n`, ['200', 'ERR_UNSOLICITED 400']],
    ['an empty line before the next', `${empty}\r\n${empty}`, ['200', 'ERR_START_LINE 400'], two],
    ['a byte before any request', '\0', ['ERR_UNSOLICITED 400'], { methods: [] }],
    [
      '408 from a server that closes',
      empty + lines('HTTP/1.1 408 Timeout', 'Connection: close'),
      ['200', 'ERR_UNSOLICITED 400'],
      { eof: 'clean' },
    ],
  ],
};

export const exchanges: readonly ResponseTable[] = [nobodies, tunnels, interim, persistence, unsolicited];
