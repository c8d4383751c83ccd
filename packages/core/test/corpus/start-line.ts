// Requests whose first line, or the white space around it, decides (RFC 9112 §2 and §3).

import { lines } from '../pair.ts';
import { chunked, get, hello, host, post, type RequestTable, smuggled } from './case.ts';

/** A GET with that request-line. */
function line(requestLine: string): string {
  return lines(requestLine, host);
}

const badLine = ['ERR_START_LINE 400'];

const emptyLines: RequestTable = {
  section: 'RFC 9112 §2.2, empty lines before a request-line',
  rows: [
    ['none', get(), ['GET /a']],
    ['one', `\r\n${get()}`, ['GET /a']],
    ['one behind a body', `${post('Content-Length: 2')}hi\r\n${get()}`, ['POST /a "hi"', 'GET /a']],
    ['one behind the last chunk', `${chunked(hello)}\r\n${get()}`, ['POST /a "hello"', 'GET /a']],
    ['two', `\r\n\r\n${get()}`, badLine],
    ['thousands', '\r\n'.repeat(5_000) + get(), badLine],
    ['a bare LF', `\n${get()}`, badLine],
    ['a bare CR', `\r${get()}`, badLine],
    ['a space in it', ` \r\n${get()}`, badLine],
    ['a tab in it', `\t\r\n${get()}`, badLine],
    ['two behind a body', `${post('Content-Length: 2')}hi\r\n\r\n${get()}`, ['POST /a "hi"', 'ERR_START_LINE 400']],
    ['nothing else', '\r\n', []],
  ],
};

const lineEnds: RequestTable = {
  section: 'RFC 9112 §2.2, line ends',
  rows: [
    ['LF everywhere', `GET /a HTTP/1.1\n${host}\n\n`, badLine],
    ['LF behind the request-line', `GET /a HTTP/1.1\n${host}\r\n\r\n`, badLine],
    ['LF behind a field', `GET /a HTTP/1.1\r\n${host}\nX: y\r\n\r\n`, ['ERR_HEADER 400']],
    ['LF for the empty line', `GET /a HTTP/1.1\r\n${host}\r\n\n${smuggled}`, ['ERR_HEADER 400']],
    ['CR everywhere', `GET /a HTTP/1.1\r${host}\r\r`, badLine],
    ['CR CR LF behind the request-line', `GET /a HTTP/1.1\r\r\n${host}\r\n\r\n`, badLine],
    ['CR CR LF behind a field', `GET /a HTTP/1.1\r\n${host}\r\r\n\r\n`, ['ERR_HEADER 400']],
    ['a CR and no LF for the empty line', `GET /a HTTP/1.1\r\n${host}\r\n\r${smuggled}`, ['ERR_HEADER 400']],
    ['a CR and a letter for the empty line', `GET /a HTTP/1.1\r\n${host}\r\n\rX${smuggled}`, ['ERR_HEADER 400']],
    ['LF CR', `GET /a HTTP/1.1\n\r${host}\n\r\n\r`, badLine],
    ['a NUL between CR and LF', `GET /a HTTP/1.1\r\0\n${host}\r\n\r\n`, badLine],
    ['an LF for the space before the version', `GET /a\nHTTP/1.1\r\n${host}\r\n\r\n`, badLine],
    ['a CR for the space before the target', `GET\r/a HTTP/1.1\r\n${host}\r\n\r\n`, badLine],
    ['an empty line within the head', `GET /a HTTP/1.1\r\n\r\n${host}\r\n\r\n`, ['ERR_HEADER 400']],
  ],
};

const leadingSpace: RequestTable = {
  section: 'RFC 9112 §2.2, white space before the first field',
  rows: [
    ['a space', `GET /a HTTP/1.1\r\n X: y\r\n${host}\r\n\r\n`, ['ERR_HEADER 400']],
    ['a tab', `GET /a HTTP/1.1\r\n\tX: y\r\n${host}\r\n\r\n`, ['ERR_HEADER 400']],
    ['before Host', `GET /a HTTP/1.1\r\n ${host}\r\n\r\n`, ['ERR_HEADER 400']],
    [
      'before Content-Length',
      `POST /a HTTP/1.1\r\n Content-Length: ${smuggled.length}\r\n${host}\r\n\r\n${smuggled}`,
      ['ERR_HEADER 400'],
    ],
    ['and nothing else on the line', `GET /a HTTP/1.1\r\n \r\n${host}\r\n\r\n`, ['ERR_HEADER 400']],
  ],
};

const requestLine: RequestTable = {
  section: 'RFC 9112 §3, the request-line',
  rows: [
    ['two spaces behind the method', line('GET  /a HTTP/1.1'), badLine],
    ['two spaces behind the target', line('GET /a  HTTP/1.1'), badLine],
    ['tabs for spaces', line('GET\t/a\tHTTP/1.1'), badLine],
    ['a tab behind the target', line('GET /a\tHTTP/1.1'), badLine],
    ['a form feed for a space', line('GET\f/a HTTP/1.1'), badLine],
    ['a vertical tab for a space', line('GET /a\vHTTP/1.1'), badLine],
    ['a no-break space for a space', line('GET\xa0/a HTTP/1.1'), badLine],
    ['a tab behind a space', line('GET \t/a HTTP/1.1'), badLine],
    ['a space before the method', line(' GET /a HTTP/1.1'), badLine],
    ['a space behind the version', line('GET /a HTTP/1.1 '), badLine],
    ['a tab behind the version', line('GET /a HTTP/1.1\t'), badLine],
    ['a space in the target', line('GET /a b HTTP/1.1'), badLine],
    ['a version twice', line('GET /smuggled HTTP/1.1 HTTP/1.1'), badLine],
    ['no version', line('GET /a'), badLine],
    ['no version and nothing behind it', 'GET /a\r\n\r\n', badLine],
    ['a space and no version', line('GET /a '), badLine],
    ['no target', line('GET HTTP/1.1'), badLine],
    ['an empty target', line('GET  HTTP/1.1'), badLine],
    ['a method alone', line('GET'), badLine],
    ['a method and a space', line('GET '), badLine],
    ['spaces alone', line('   '), badLine],
    ['a version alone', line('HTTP/1.1'), badLine],
    ['a field in its place', lines(host, 'X: y'), badLine],
  ],
};

const methods: RequestTable = {
  section: 'RFC 9110 §9.1, the method',
  rows: [
    ['in lower case, which is another method', line('get /a HTTP/1.1'), ['get /a']],
    ['that begins like another', line('GETS /a HTTP/1.1'), ['GETS /a']],
    ['of one character', line('! /a HTTP/1.1'), ['! /a']],
    ['that nobody has heard of', line('MAKE-TEA_2 /a HTTP/1.1'), ['MAKE-TEA_2 /a']],
    [
      'of every character that a token may have',
      line("!#$%&'*+-.^_`|~09AZaz /a HTTP/1.1"),
      ["!#$%&'*+-.^_`|~09AZaz /a"],
    ],
    ['with a parenthesis', line('GE(T /a HTTP/1.1'), badLine],
    ['with a colon', line('GET: /a HTTP/1.1'), badLine],
    ['with a quotation mark', line('"GET" /a HTTP/1.1'), badLine],
    ['with a slash', line('GET/ /a HTTP/1.1'), badLine],
    ['with brackets', line('[GET] /a HTTP/1.1'), badLine],
    ['with an at sign', line('G@T /a HTTP/1.1'), badLine],
    ['with an equals sign', line('GET= /a HTTP/1.1'), badLine],
    ['with a backspace', line('GEX\bT /a HTTP/1.1'), badLine],
    ['with a comma', line('GET,POST /a HTTP/1.1'), badLine],
    ['with a NUL', line('GE\0T /a HTTP/1.1'), badLine],
    ['with a DEL', line('GE\x7fT /a HTTP/1.1'), badLine],
    ['with bytes above 0x7F', line('G\xc3\x89T /a HTTP/1.1'), badLine],
  ],
};

const versions: RequestTable = {
  section: 'RFC 9112 §2.3, the version',
  rows: [
    ['1.0', line('GET /a HTTP/1.0'), ['GET /a']],
    ['1.2, which reads as 1.1', line('GET /a HTTP/1.2'), ['GET /a']],
    ['1.9, which reads as 1.1', line('GET /a HTTP/1.9'), ['GET /a']],
    ['1.9 and chunks', lines('POST /a HTTP/1.9', host, 'Transfer-Encoding: chunked') + hello, ['POST /a "hello"']],
    ['1.2 and no Host', 'GET /a HTTP/1.2\r\n\r\n', ['ERR_HEADER 400']],
    ['0.9', line('GET /a HTTP/0.9'), ['ERR_VERSION 505']],
    ['2.0', line('GET /a HTTP/2.0'), ['ERR_VERSION 505']],
    ['3.1', line('GET /a HTTP/3.1'), ['ERR_VERSION 505']],
    ['9.9', line('GET /a HTTP/9.9'), ['ERR_VERSION 505']],
    ['in lower case', line('GET /a http/1.1'), badLine],
    ['in mixed case', line('GET /a Http/1.1'), badLine],
    ['without a minor number', line('GET /a HTTP/1'), badLine],
    ['without a minor number behind its dot', line('GET /a HTTP/1.'), badLine],
    ['with a minor number of two digits', line('GET /a HTTP/1.10'), badLine],
    ['with a leading zero', line('GET /a HTTP/01.1'), badLine],
    ['with a trailing zero', line('GET /a HTTP/1.01'), badLine],
    ['with a third number', line('GET /a HTTP/1.1.1'), badLine],
    ['with two dots', line('GET /a HTTP/1..1'), badLine],
    ['with two slashes', line('GET /a HTTP//1.1'), badLine],
    ['with a major number of two digits', line('GET /a HTTP/11.1'), badLine],
    ['with a letter behind it', line('GET /a HTTP/1.1x'), badLine],
    ['with line ends in it', line('GET /a HTTP/\r\r1.1'), badLine],
    ['with a full-width digit', line('GET /a HTTP/\xef\xbc\x91.1'), badLine],
    ['with a hyphen', line('GET /a HTTP-1.1'), badLine],
    ['with a comma', line('GET /a HTTP/1,1'), badLine],
    ['that overflows 32 bits into 1', line('GET /a HTTP/4294967297.1'), badLine],
    ['that overflows 8 bits into 1', line('GET /a HTTP/1.257'), badLine],
    ['with a space', line('GET /a HTTP/ 1.1'), badLine],
    ['with a space before the dot', line('GET /a HTTP/1 .1'), badLine],
    ['with a NUL behind it', line('GET /a HTTP/1.1\0'), badLine],
    ['with a hexadecimal digit', line('GET /a HTTP/1.a'), badLine],
    ['with a sign', line('GET /a HTTP/+1.1'), badLine],
    ['of another protocol', line('GET /a HTTPS/1.1'), badLine],
    ['of a protocol that begins like it', line('GET /a HTT/1.1'), badLine],
    ['of a protocol that ends like it', line('GET /a XHTTP/1.1'), badLine],
    ['of another protocol, as long', line('GET /a ICAP/1.0'), badLine],
  ],
};

const characters: RequestTable = {
  section: 'RFC 9112 §3.2, the characters of a target',
  rows: [
    [
      'percent-encoded bytes stay as they are',
      line('GET /%00%0d%0aX:%20y?%2e%2e/ HTTP/1.1'),
      ['GET /%00%0d%0aX:%20y?%2e%2e/'],
    ],
    ['what browsers send raw in a query', line('GET /a?"<>\\^`{|}[] HTTP/1.1'), ['GET /a?"<>\\^`{|}[]']],
    [
      'a percent sign that encodes nothing, which they send too',
      line('GET /a?b=100%&c=%zz HTTP/1.1'),
      ['GET /a?b=100%&c=%zz'],
    ],
    ['a NUL', line('GET /a\0b HTTP/1.1'), badLine],
    ['a control', line('GET /a\x01b HTTP/1.1'), badLine],
    ['an escape', line('GET /a\x1bb HTTP/1.1'), badLine],
    ['a DEL', line('GET /a\x7fb HTTP/1.1'), badLine],
    ['a CR', line('GET /a\rb HTTP/1.1'), badLine],
    ['an LF', line('GET /a\nb HTTP/1.1'), badLine],
    ['a tab', line('GET /a\tb HTTP/1.1'), badLine],
    ['UTF-8', line('GET /caf\xc3\xa9 HTTP/1.1'), badLine],
    ['a no-break space', line('GET /a\xa0HTTP/1.1 HTTP/1.1'), badLine],
    ['a fragment', line('GET /a#b HTTP/1.1'), badLine],
    ['a fragment alone', line('GET # HTTP/1.1'), badLine],
  ],
};

const otherProtocols: RequestTable = {
  section: 'RFC 9112 §2.2, what is not HTTP/1.x at all',
  rows: [
    ['a response', lines('HTTP/1.1 200 OK', 'Content-Length: 0'), badLine],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', ['ERR_VERSION 505']],
    ['a TLS handshake', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', badLine],
    ['the header of the PROXY protocol', `PROXY TCP4 192.0.2.1 192.0.2.2 5 80\r\n${get()}`, badLine],
    ['NULs', '\0'.repeat(64), badLine],
    ['a byte order mark', `\xef\xbb\xbf${get()}`, badLine],
    ['the header of the PROXY protocol in bytes', `\r\n\r\n\0\r\nQUIT\n\x21\x11${get()}`, badLine],
    ['a request of RTSP', lines('DESCRIBE rtsp://a.example/b RTSP/1.0', 'CSeq: 1'), badLine],
    ['a line of SMTP', `EHLO a.example\r\n${get()}`, badLine],
    ['a byte above 0x7F', '\xff', badLine],
    ['a chunk', hello, badLine],
    ['garbage behind a body', `${post('Content-Length: 2')}hi()`, ['POST /a "hi"', 'ERR_START_LINE 400']],
  ],
};

export const startLines: readonly RequestTable[] = [
  emptyLines,
  lineEnds,
  leadingSpace,
  requestLine,
  methods,
  versions,
  characters,
  otherProtocols,
];
