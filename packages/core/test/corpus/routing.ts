// Requests whose target or Host decides (RFC 9112 §3.2, RFC 9110 §7.2 and §9.3.6).

import { lines } from '../pair.ts';
import { get, host, type RequestRow, type RequestTable, smuggled } from './case.ts';

const badTarget = ['ERR_START_LINE 400'];
const badHost = ['ERR_HEADER 400'];

function line(requestLine: string): string {
  return lines(requestLine, host);
}

/** A GET whose Host has that value. */
function to(value: string): string {
  return lines('GET /a HTTP/1.1', `Host: ${value}`);
}

const originForm: RequestTable = {
  section: 'RFC 9112 §3.2.1, origin-form',
  rows: [
    ['a path', line('GET /a/b HTTP/1.1'), ['GET /a/b']],
    ['the root', line('GET / HTTP/1.1'), ['GET /']],
    ['a query', line('GET /?a=b&c HTTP/1.1'), ['GET /?a=b&c']],
    ['two slashes at the start', line('GET //a HTTP/1.1'), ['GET //a']],
    ['dot segments, which are not ours to remove', line('GET /../../a HTTP/1.1'), ['GET /../../a']],
    ['a URI behind its slash', line('GET /http://b.example/ HTTP/1.1'), ['GET /http://b.example/']],
    ['an asterisk behind its slash', line('GET /* HTTP/1.1'), ['GET /*']],
    ['a colon, an at sign and a semicolon', line('GET /a:80@b;c HTTP/1.1'), ['GET /a:80@b;c']],
    ['no slash at the start', line('GET a HTTP/1.1'), badTarget],
    ['a backslash at the start', line('GET \\a HTTP/1.1'), badTarget],
    ['a query alone', line('GET ?a HTTP/1.1'), badTarget],
    ['a semicolon at the start', line('GET ;/a HTTP/1.1'), badTarget],
  ],
};

const absoluteForm: RequestTable = {
  section: 'RFC 9112 §3.2.2, absolute-form',
  rows: [
    ['of the host of Host', line('GET http://a.example/b HTTP/1.1'), ['GET http://a.example/b']],
    ['of another host, which counts', line('GET http://b.example/ HTTP/1.1'), ['GET http://b.example/']],
    ['with a port', line('GET http://a.example:81/ HTTP/1.1'), ['GET http://a.example:81/']],
    ['with a colon and no port', line('GET http://a.example:/ HTTP/1.1'), ['GET http://a.example:/']],
    ['with a scheme in capitals', line('GET HTTPS://a.example/ HTTP/1.1'), ['GET HTTPS://a.example/']],
    ['with an at sign in its query', line('GET http://a.example?b@c HTTP/1.1'), ['GET http://a.example?b@c']],
    ['with a percent-encoded at sign in its host', line('GET http://a%40b/ HTTP/1.1'), ['GET http://a%40b/']],
    ['in HTTP/1.0 without a Host', 'GET http://a.example/ HTTP/1.0\r\n\r\n', ['GET http://a.example/']],
    ['without a path', line('GET http://a.example HTTP/1.1'), ['GET http://a.example']],
    ['with a query and no path', line('GET http://a.example?b HTTP/1.1'), ['GET http://a.example?b']],
    ['of an IPv6 address', line('GET http://[::1]:8080/ HTTP/1.1'), ['GET http://[::1]:8080/']],
    ['of another scheme', line('GET coap+tcp://a.example/ HTTP/1.1'), ['GET coap+tcp://a.example/']],
    ['for OPTIONS', line('OPTIONS http://a.example HTTP/1.1'), ['OPTIONS http://a.example']],
    ['with an invalid Host beside it', lines('GET http://a.example/ HTTP/1.1', 'Host: a b'), badHost],
    ['without a Host beside it', 'GET http://a.example/ HTTP/1.1\r\n\r\n', badHost],
    ['with user information (RFC 9110 §4.2.4)', line('GET http://user:pass@a.example/ HTTP/1.1'), badTarget],
    ['with an empty host (RFC 9110 §4.2.1)', line('GET http:///b HTTP/1.1'), badTarget],
    ['with a port and no host', line('GET http://:80/b HTTP/1.1'), badTarget],
    ['with nothing behind its slashes', line('GET http:// HTTP/1.1'), badTarget],
    ['with a port that is no number', line('GET http://a.example:b/ HTTP/1.1'), badTarget],
    ['with an open bracket', line('GET http://[::1/ HTTP/1.1'), badTarget],
    ['with brackets around what is no address', line('GET http://[ab..cd]/ HTTP/1.1'), badTarget],
    ['with two ports', line('GET http://a.example:80:81/ HTTP/1.1'), badTarget],
    ['with two hosts', line('GET http://a.example,b.example/ HTTP/1.1'), badTarget],
    ['with half a percent-encoded byte in its host', line('GET http://a%2/ HTTP/1.1'), badTarget],
    ['with one slash', line('GET http:/a.example HTTP/1.1'), badTarget],
    ['of a file', line('GET file:///a HTTP/1.1'), badTarget],
    ['of a name', line('GET urn:a:b HTTP/1.1'), badTarget],
    ['with a backslash in its host', line('GET http://a.example\\@b.example/ HTTP/1.1'), badTarget],
    ['without slashes', line('GET http:a.example HTTP/1.1'), badTarget],
    ['without a scheme', line('GET ://a.example/ HTTP/1.1'), badTarget],
    ['with a scheme that begins with a digit', line('GET 1http://a.example/ HTTP/1.1'), badTarget],
  ],
};

/** A tunnel is granted, so what follows belongs to it. */
const authorityForm: RequestTable = {
  section: 'RFC 9112 §3.2.3, authority-form',
  rows: [
    ['for CONNECT', line('CONNECT a.example:443 HTTP/1.1'), ['CONNECT a.example:443', 'upgrade ""']],
    ['of an IPv6 address', line('CONNECT [2001:db8::1]:443 HTTP/1.1'), ['CONNECT [2001:db8::1]:443', 'upgrade ""']],
    ['with the highest port', line('CONNECT a.example:65535 HTTP/1.1'), ['CONNECT a.example:65535', 'upgrade ""']],
    [
      'with a port of leading zeros',
      line('CONNECT a.example:00443 HTTP/1.1'),
      ['CONNECT a.example:00443', 'upgrade ""'],
    ],
    ['in HTTP/1.0 without a Host', 'CONNECT a.example:443 HTTP/1.0\r\n\r\n', ['CONNECT a.example:443', 'upgrade ""']],
    [
      'with what looks like a request behind it',
      line('CONNECT a.example:443 HTTP/1.1') + smuggled,
      ['CONNECT a.example:443', `upgrade ${JSON.stringify(smuggled)}`],
    ],
    ['for GET', line('GET a.example:80 HTTP/1.1'), badTarget],
    ['for OPTIONS', line('OPTIONS a.example:80 HTTP/1.1'), badTarget],
    ['without a port (RFC 9110 §9.3.6)', line('CONNECT a.example HTTP/1.1'), badTarget],
    ['with an empty port', line('CONNECT a.example: HTTP/1.1'), badTarget],
    ['with port 0', line('CONNECT a.example:0 HTTP/1.1'), badTarget],
    ['with a port beyond 65535', line('CONNECT a.example:65536 HTTP/1.1'), badTarget],
    ['with a port of six digits', line('CONNECT a.example:000443 HTTP/1.1'), badTarget],
    ['with a port that is no number', line('CONNECT a.example:https HTTP/1.1'), badTarget],
    ['with a sign before its port', line('CONNECT a.example:+443 HTTP/1.1'), badTarget],
    ['with a negative port', line('CONNECT a.example:-1 HTTP/1.1'), badTarget],
    ['with two ports', line('CONNECT a.example:80:443 HTTP/1.1'), badTarget],
    ['with two hosts', line('CONNECT a.example,b.example:443 HTTP/1.1'), badTarget],
    ['with a query', line('CONNECT a.example:443?b HTTP/1.1'), badTarget],
    ['of an IPv6 address without brackets', line('CONNECT 2001:db8::1:443 HTTP/1.1'), badTarget],
    ['of an IPv6 address and no port', line('CONNECT [2001:db8::1] HTTP/1.1'), badTarget],
    ['with brackets around what is no address', line('CONNECT [1]:443 HTTP/1.1'), badTarget],
    ['with slashes before it', line('CONNECT //a.example:443 HTTP/1.1'), badTarget],
    ['with user information', line('CONNECT user@a.example:443 HTTP/1.1'), badTarget],
    ['with no host', line('CONNECT :443 HTTP/1.1'), badTarget],
    ['with a path', line('CONNECT a.example:443/b HTTP/1.1'), badTarget],
    ['a path in its place', line('CONNECT /a HTTP/1.1'), badTarget],
    ['an absolute URI in its place', line('CONNECT http://a.example:443 HTTP/1.1'), badTarget],
    ['an asterisk in its place', line('CONNECT * HTTP/1.1'), badTarget],
  ],
};

const asteriskForm: RequestTable = {
  section: 'RFC 9112 §3.2.4, asterisk-form',
  rows: [
    ['for OPTIONS', line('OPTIONS * HTTP/1.1'), ['OPTIONS *']],
    ['for OPTIONS in HTTP/1.0 without a Host', 'OPTIONS * HTTP/1.0\r\n\r\n', ['OPTIONS *']],
    ['for PRI, of which HTTP/2 makes its preface', line('PRI * HTTP/1.1'), badTarget],
    ['for GET', line('GET * HTTP/1.1'), badTarget],
    ['for a method that looks like OPTIONS', line('options * HTTP/1.1'), badTarget],
    ['with more behind it', line('OPTIONS */a HTTP/1.1'), badTarget],
    ['with a query', line('OPTIONS *?a HTTP/1.1'), badTarget],
    ['twice', line('OPTIONS ** HTTP/1.1'), badTarget],
  ],
};

const hostField: RequestTable = {
  section: 'RFC 9112 §3.2, Host',
  rows: [
    ['with a port', to('a.example:8080'), ['GET /a']],
    ['with a colon and no port', to('a.example:'), ['GET /a']],
    ['of one label', to('localhost'), ['GET /a']],
    ['with an underscore and a final dot', to('_a.example.'), ['GET /a']],
    ['of an IPv4 address', to('192.0.2.1:80'), ['GET /a']],
    ['of an IPv6 address', to('[2001:db8::1]:80'), ['GET /a']],
    ['of an IPv6 address that ends in IPv4', to('[::ffff:192.0.2.1]'), ['GET /a']],
    ['of an address to come', to('[v7.a:b]'), ['GET /a']],
    ['with a percent-encoded byte', to('a%2Dexample'), ['GET /a']],
    ['of every character that a name may have but the comma', to("a-Z0.9_~!$&'()*+;="), ['GET /a']],
    ['of another in Connection, which takes nothing away', get('Connection: Host'), ['GET /a']],
    ['with white space around it', to(' \t a.example \t '), ['GET /a']],
    ['named in another case', lines('GET /a HTTP/1.1', 'hOsT: a.example'), ['GET /a']],
    ['behind other fields', lines('GET /a HTTP/1.1', 'X: y', host), ['GET /a']],
    ['missing', 'GET /a HTTP/1.1\r\n\r\n', badHost],
    ['missing where a field looks like it', lines('GET /a HTTP/1.1', 'X-Host: a.example'), badHost],
    ['missing in HTTP/1.0, which may', 'GET /a HTTP/1.0\r\n\r\n', ['GET /a']],
    ['twice', get(host), badHost],
    ['twice with two values', get('Host: b.example'), badHost],
    ['twice in two cases', get('HOST: b.example'), badHost],
    ['twice in HTTP/1.0', lines('GET /a HTTP/1.0', host, host), badHost],
    ['invalid in HTTP/1.0', lines('GET /a HTTP/1.0', 'Host: a/b'), badHost],
    ['empty in HTTP/1.0', lines('GET /a HTTP/1.0', 'Host:'), badHost],
    ['twice, once empty', get('Host:'), badHost],
    ['empty', to(''), badHost],
    ['a port alone', to(':80'), badHost],
    ['two in one value', to('a.example, b.example'), badHost],
    ['two in one value without a space', to('a.example,b.example'), badHost],
    ['with a space in it', to('a.example b.example'), badHost],
    ['with a tab in it', to('a.example\tb.example'), badHost],
    ['with a path', to('a.example/b'), badHost],
    ['with a query', to('a.example?b'), badHost],
    ['with a fragment', to('a.example#b'), badHost],
    ['with user information', to('user@a.example'), badHost],
    ['with a backslash', to('a.example\\b'), badHost],
    ['with a scheme', to('http://a.example'), badHost],
    ['with a port that is no number', to('a.example:8o'), badHost],
    ['with a negative port', to('a.example:-1'), badHost],
    ['with a space before its port', to('a.example: 80'), badHost],
    ['with a hexadecimal port', to('a.example:0x50'), badHost],
    ['with a comma behind it', to('a.example,'), badHost],
    ['with angle brackets', to('<a.example>'), badHost],
    ['with a brace', to('{a}.example'), badHost],
    ['with a pipe', to('a|b.example'), badHost],
    ['with a caret', to('a^b.example'), badHost],
    ['with a percent sign that encodes nothing', to('a%zz'), badHost],
    ['with brackets behind a name', to('a.example[::1]'), badHost],
    ['with two ports', to('a.example:80:81'), badHost],
    ['with an open bracket', to('[::1'), badHost],
    ['with a bracket that was not opened', to('::1]'), badHost],
    ['with letters behind a bracket', to('[::1]b'), badHost],
    ['with empty brackets', to('[]'), badHost],
    ['of an IPv6 address without brackets', to('2001:db8::1'), badHost],
    ['with half a percent-encoded byte', to('a%2'), badHost],
    ['with quotation marks', to('"a.example"'), badHost],
    ['with a NUL', to('a.example\0.b.example'), badHost],
    ['with bytes above 0x7F', to('\xe4.example'), badHost],
    ['with a line break in it', to('a.example\r\n b.example'), badHost],
    ['with a space before its colon', lines('GET /a HTTP/1.1', 'Host : a.example'), badHost],
  ],
};

const hosts = (all: readonly string[], reads: readonly string[]): RequestRow[] =>
  all.map((address) => [address, to(`[${address}]`), reads]);

const ipv6: RequestTable = {
  section: 'RFC 3986 §3.2.2, addresses in brackets',
  rows: [
    ...hosts(
      [
        '::',
        '1::',
        '::8',
        '1:2:3:4:5:6:7:8',
        'ABCD:ef01::',
        '1:2:3:4:5:6:7::',
        '::2:3:4:5:6:7:8',
        '1::8',
        '1:2:3:4:5:6:192.0.2.1',
        '::192.0.2.1',
        '1::7:192.0.2.1',
        'v1.a',
        "VF.a:b-c._~!$&'()*+;=",
      ],
      ['GET /a'],
    ),
    ...hosts(
      [
        '1',
        ':',
        ':::',
        ':1',
        '1:',
        ':1::',
        '1::2::3',
        '1:2:3:4:5:6:7',
        '1:2:3:4:5:6:7:8:9',
        '1:2:3:4::5:6:7:8',
        '12345::',
        'g::',
        '192.0.2.1',
        '::192.0.2',
        '::192.0.2.1.1',
        '::192.0.2.256',
        '::192.0.2.01',
        '::192.0.2.1:1',
        '192.0.2.1::',
        '1:2:3:4:5:6:7:192.0.2.1',
        'fe80::1%25eth0',
        'fe80::1%eth0',
        '::1]:80:[',
        'v.a',
        'v1.',
        'v1',
        'vg.a',
        'v1.a,b',
        'a.example',
      ],
      badHost,
    ),
  ],
};

export const routing: readonly RequestTable[] = [
  originForm,
  absoluteForm,
  authorityForm,
  asteriskForm,
  hostField,
  ipv6,
];
