// Requests whose place on the connection decides: what may follow, what another protocol gets, and what the end cuts short
// (RFC 9112 §8 and §9, RFC 9110 §7.8, §9.3.6 and §10.1.1).

import { lines } from '../pair.ts';
import { chunked, get, hello, host, post, type RequestRow, type RequestTable, smuggled } from './case.ts';

/** A connection that the server must not read on. */
function last(name: string, bytes: string, reads: readonly string[] = ['GET /a']): RequestRow {
  return [name, bytes + smuggled, reads];
}

const persistence: RequestTable = {
  section: 'RFC 9112 §9.3, what comes behind a request',
  rows: [
    ['another request', get() + get(), ['GET /a', 'GET /a']],
    ['another, of mixed kinds', get() + chunked(hello) + get(), ['GET /a', 'POST /a "hello"', 'GET /a']],
    ['another, where Connection says keep-alive', get('Connection: keep-alive') + get(), ['GET /a', 'GET /a']],
    ['another, where Connection names other things', get('Connection: TE, close2') + get(), ['GET /a', 'GET /a']],
    ['another, where Connection is empty', get('Connection:', 'Connection: ,') + get(), ['GET /a', 'GET /a']],
    ['another, where Proxy-Connection says close', get('Proxy-Connection: close') + get(), ['GET /a', 'GET /a']],
    ['another, where Keep-Alive says no', get('Keep-Alive: max=0') + get(), ['GET /a', 'GET /a']],
    [
      'another in HTTP/1.0 that stays open',
      lines('GET /a HTTP/1.0', 'Connection: keep-alive') + get(),
      ['GET /a', 'GET /a'],
    ],
    last('nothing where Connection says close', get('Connection: close')),
    last('nothing where close is in a list', get('Connection: a, CLOSE ,b')),
    last('nothing where close is before a comma', get('Connection: close,')),
    last('nothing where close is behind a tab', get('Connection:\tclose\t')),
    last('nothing where close is among many options', get(`Connection: ${'a, '.repeat(1_000)}close`)),
    ['nothing, if only a mistake, where Connection says close', `${get('Connection: close')}((((`, ['GET /a']],
    last('nothing where close is on another line', get('Connection: keep-alive', 'Connection: close')),
    last('nothing where keep-alive says otherwise', get('Connection: close, keep-alive')),
    last('nothing behind the body of the last', `${post('Connection: close', 'Content-Length: 2')}hi`, [
      'POST /a "hi"',
    ]),
    last('nothing in HTTP/1.0', 'GET /a HTTP/1.0\r\n\r\n'),
    last('nothing in HTTP/1.0 where only Keep-Alive says so', lines('GET /a HTTP/1.0', 'Keep-Alive: timeout=5')),
    last(
      'nothing in HTTP/1.0 where only Proxy-Connection says so',
      lines('GET /a HTTP/1.0', 'Proxy-Connection: keep-alive'),
    ),
    [
      'another in HTTP/1.0, where keep-alive is in a list',
      lines('GET /a HTTP/1.0', 'Connection: x, Keep-Alive') + get(),
      ['GET /a', 'GET /a'],
    ],
    last('nothing behind HTTP/1.0 that came behind HTTP/1.1', get() + lines('GET /b HTTP/1.0', host), [
      'GET /a',
      'GET /b',
    ]),
    last('nothing in HTTP/1.0 that says close', lines('GET /a HTTP/1.0', 'Connection: close')),
    last(
      'nothing in HTTP/1.0 that says close and keep-alive',
      lines('GET /a HTTP/1.0', 'Connection: keep-alive, close'),
    ),
    last('nothing behind a mistake', get('X : y'), ['ERR_HEADER 400']),
    last('nothing behind a mistake in a body', chunked('x\r\n'), ['ERR_CHUNK 400']),
    last('nothing behind a mistake in trailers', chunked('0\r\nx\r\n\r\n'), ['ERR_HEADER 400']),
    last(
      'nothing behind the third of three, which is a mistake',
      `${post('Content-Length: 5')}hello${chunked('0\r\n\r\n')}${post('Content-Length: 1', 'Content-Length: 2')}ab`,
      ['POST /a "hello"', 'POST /a', 'ERR_FRAMING 400'],
    ),
  ],
};

const expectation: RequestTable = {
  section: 'RFC 9110 §10.1.1, Expect',
  rows: [
    [
      'a body that looks like a request',
      post('Expect: 100-continue', `Content-Length: ${smuggled.length}`) + smuggled + get(),
      [`POST /a ${JSON.stringify(smuggled)}`, 'GET /a'],
    ],
    ['in another case', `${post('Expect: 100-CONTINUE', 'Content-Length: 2')}hi`, ['POST /a "hi"']],
    ['of chunks', post('Expect: 100-continue', 'Transfer-Encoding: chunked') + hello, ['POST /a "hello"']],
    ['of no body', post('Expect: 100-continue') + get(), ['POST /a', 'GET /a']],
    ['of a length of 0', post('Expect: 100-continue', 'Content-Length: 0') + get(), ['POST /a', 'GET /a']],
    [
      'of no chunk',
      `${post('Expect: 100-continue', 'Transfer-Encoding: chunked')}0\r\n\r\n${get()}`,
      ['POST /a', 'GET /a'],
    ],
    [
      'in HTTP/1.0, where it means nothing',
      `${lines('POST /a HTTP/1.0', 'Expect: 100-continue', 'Content-Length: 2')}hi`,
      ['POST /a "hi"'],
    ],
    ['in a list', `${post('Expect: x, 100-continue', 'Content-Length: 2')}hi${get()}`, ['POST /a "hi"', 'GET /a']],
    [
      'twice',
      `${post('Expect: 100-continue', 'Expect: 100-continue', 'Content-Length: 2')}hi${get()}`,
      ['POST /a "hi"', 'GET /a'],
    ],
    ['of nothing', `${post('Expect:', 'Content-Length: 2')}hi${get()}`, ['POST /a "hi"', 'GET /a']],
    [
      'that is answered before the body: what would be the body is not a request',
      post('Expect: 100-continue', `Content-Length: ${smuggled.length}`) + smuggled,
      [`POST /a ${JSON.stringify(smuggled)}`],
      { handle: (event) => event.type === 'request' && event.exchange.respond({ status: 417 }) },
    ],
    ['of something else', `${post('Expect: y', 'Content-Length: 2')}hi`, ['POST /a "hi"']],
    ['of something else first', `${post('Expect: y 100-continue', 'Content-Length: 2')}hi`, ['POST /a "hi"']],
    [
      'behind a form feed',
      post('Expect: \f100-continue', `Content-Length: ${smuggled.length}`) + smuggled,
      ['ERR_HEADER 400'],
    ],
  ],
};

const upgrade: RequestTable = {
  section: 'RFC 9110 §7.8, Upgrade that is not granted',
  rows: [
    last('to a protocol whose first bytes may be anything', get('Connection: Upgrade', 'Upgrade: websocket')),
    last('in HTTP/1.0, which cannot ask', lines('GET /a HTTP/1.0', 'Connection: Upgrade', 'Upgrade: x')),
    last('to one of several protocols', get('Connection: Upgrade', 'Upgrade: h2c, websocket')),
    last('to protocols on two lines', get('Connection: Upgrade', 'Upgrade: h2c', 'Upgrade: websocket')),
    last('in a list of options', get('Connection: keep-alive, upgrade', 'Upgrade: websocket')),
    last('with a body', `${post('Connection: Upgrade', 'Upgrade: x', 'Content-Length: 2')}hi`, ['POST /a "hi"']),
    last('to TLS, whose first bytes are no request', `${get('Connection: Upgrade', 'Upgrade: TLS/1.0')}\x16\x03\x01`),
    [
      'to HTTP/2, of which the preface comes',
      `${get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__')}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
      ['GET /a', 'ERR_VERSION 505'],
    ],
    [
      'in HTTP/1.0 that stays open, where it means nothing',
      lines('GET /a HTTP/1.0', 'Connection: keep-alive, Upgrade', 'Upgrade: websocket') + get(),
      ['GET /a', 'GET /a'],
    ],
    ['without Connection', get('Upgrade: websocket') + get(), ['GET /a', 'GET /a']],
    ['in Connection alone', get('Connection: Upgrade') + get(), ['GET /a', 'GET /a']],
    ['to nothing', get('Connection: Upgrade', 'Upgrade: ,') + get(), ['GET /a', 'GET /a']],
    [
      'to HTTP/2, whose preface is no request',
      get('Connection: Upgrade', 'Upgrade: h2c') + get(),
      ['GET /a', 'GET /a'],
    ],
  ],
};

const tunnel: RequestTable = {
  section: 'RFC 9110 §9.3.6, CONNECT',
  rows: [
    [
      'granted in HTTP/1.0',
      `CONNECT a.example:443 HTTP/1.0\r\n\r\n${smuggled}`,
      ['CONNECT a.example:443', `upgrade ${JSON.stringify(smuggled)}`],
    ],
    [
      'that expects 100 for no body',
      lines('CONNECT a.example:443 HTTP/1.1', host, 'Expect: 100-continue') + smuggled,
      ['CONNECT a.example:443', `upgrade ${JSON.stringify(smuggled)}`],
    ],
    [
      'granted: what follows is not HTTP',
      lines('CONNECT a.example:443 HTTP/1.1', host) + smuggled,
      ['CONNECT a.example:443', `upgrade ${JSON.stringify(smuggled)}`],
    ],
    [
      'refused: what follows is not read',
      lines('CONNECT a.example:443 HTTP/1.1', host) + smuggled,
      ['CONNECT a.example:443'],
      { handle: (event) => event.type === 'end' && event.exchange.respond({ status: 403 }) },
    ],
    [
      'refused, which asked for HTTP/2 too: what follows is not read',
      lines('CONNECT a.example:443 HTTP/1.1', host, 'Connection: Upgrade', 'Upgrade: h2c') + smuggled,
      ['CONNECT a.example:443'],
      { handle: (event) => event.type === 'end' && event.exchange.respond({ status: 403 }) },
    ],
    [
      'with a length',
      lines('CONNECT a.example:443 HTTP/1.1', host, 'Content-Length: 0') + smuggled,
      ['ERR_FRAMING 400'],
    ],
    [
      'with a coding',
      lines('CONNECT a.example:443 HTTP/1.1', host, 'Transfer-Encoding: chunked') + hello,
      ['ERR_FRAMING 400'],
    ],
  ],
};

const truncated: RequestTable = {
  section: 'RFC 9112 §8, requests that end early',
  rows: [
    ['behind a request, which is no mistake', get(), ['GET /a', 'eof'], { eof: 'clean' }],
    ['before anything', '', ['eof'], { eof: 'clean' }],
    ['before anything, in a way that cannot be told', '', ['eof'], { eof: 'unknown' }],
    ['behind an empty line', '\r\n', ['eof'], { eof: 'clean' }],
    ['in the empty line before a request', '\r', ['eof'], { eof: 'clean' }],
    ['in the empty line behind a request', `${get()}\r`, ['GET /a', 'eof'], { eof: 'clean' }],
    ['behind a request that is the last', get('Connection: close'), ['GET /a'], { eof: 'clean' }],
    ['in the method', 'G', ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['behind the request-line', 'GET /a HTTP/1.1\r\n', ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in the request-line', 'GET /a HT', ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in a field', `GET /a HTTP/1.1\r\n${host.slice(0, 8)}`, ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['before the empty line', `GET /a HTTP/1.1\r\n${host}\r\n`, ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in the empty line', `GET /a HTTP/1.1\r\n${host}\r\n\r`, ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in the next head', `${get()}GET`, ['GET /a', 'ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['before a body', post('Content-Length: 2'), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in a body', `${post('Content-Length: 9')}hello`, ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in a chunk size', chunked('5'), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    [
      'before a body that waits for 100',
      post('Expect: 100-continue', 'Content-Length: 2'),
      ['ERR_TRUNCATED 400'],
      { eof: 'clean' },
    ],
    ['before the first chunk', chunked(''), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in an extension', chunked('5;a="b'), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in the line end of a chunk size', chunked('5\r'), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in the line end behind a chunk', chunked('5\r\nhello\r'), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in the empty line behind the last size', chunked('0\r\n\r'), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in the empty line behind the trailers', chunked('0\r\nX: y\r\n\r'), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in a chunk', chunked('5\r\nhel'), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['behind a chunk', chunked('5\r\nhello\r\n'), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['behind the last size', chunked('0\r\n'), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    ['in the trailers', chunked('0\r\nX: y\r\n'), ['ERR_TRUNCATED 400'], { eof: 'clean' }],
    [
      'in a body, cut by the transport',
      `${post('Content-Length: 9')}hello`,
      ['ERR_TRUNCATED 400'],
      { eof: 'truncated' },
    ],
  ],
};

export const connections: readonly RequestTable[] = [persistence, expectation, upgrade, tunnel, truncated];
