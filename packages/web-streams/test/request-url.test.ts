// From a request target and a Host to a URL, and what there is none for.

import { HeaderList } from '@halfpipe/core';
import { originOf, type Place, requestUrl } from '../src/request-url.ts';

const believing: Place = { scheme: 'http', origin: null };
const fixed: Place = { scheme: 'http', origin: 'https://shop.example:8443' };

function urlOf(target: string, host: string | null, place: Place): string | null {
  const headers = new HeaderList(host === null ? [] : [['Host', host]]);
  return requestUrl({ target, headers }, place)?.href ?? null;
}

test.each<[name: string, target: string, host: string | null, place: Place, url: string | null]>([
  ['path and query', '/a%20b?c=d', 'a.example', believing, 'http://a.example/a%20b?c=d'],
  ['a port', '/', 'a.example:8080', believing, 'http://a.example:8080/'],
  ['the port of the scheme', '/', 'a.example:80', believing, 'http://a.example/'],
  ['an address', '/', '[::1]:8080', believing, 'http://[::1]:8080/'],
  ['TLS', '/', 'a.example', { scheme: 'https', origin: null }, 'https://a.example/'],
  [
    'a path that looks like an authority',
    '//evil.example/a',
    'a.example',
    believing,
    'http://a.example//evil.example/a',
  ],
  [
    'a backslash, which is a slash in URLs',
    '/\\evil.example',
    'a.example',
    believing,
    'http://a.example//evil.example',
  ],
  ['dot segments, which URLs do not have', '/a/../%2e%2e/b/./c', 'a.example', believing, 'http://a.example/b/c'],
  ['an at sign', '/@b.example', 'a.example', believing, 'http://a.example/@b.example'],
  ['the absolute form, whose authority counts', 'http://b.example/c?d', 'a.example', believing, 'http://b.example/c?d'],
  ['the absolute form in capitals', 'HTTP://B.example:81/C', 'a.example', believing, 'http://b.example:81/C'],
  ['the absolute form without a path', 'http://b.example?d', 'a.example', believing, 'http://b.example/?d'],
  ['a scheme that the client claims', 'https://b.example/', 'a.example', believing, 'http://b.example/'],
  ['another scheme', 'ftp://b.example/', 'a.example', believing, null],
  ['a scheme that would become a part of the host', 'x://b.example/', 'a', believing, null],
  ['the asterisk, which has no path', '*', 'a.example', believing, 'http://a.example/'],
  ['no Host', '/a', null, believing, null],
  ['no Host, but the absolute form', 'http://b.example/a', null, believing, 'http://b.example/a'],
  ['a port that is none', '/', 'a.example:65536', believing, null],
  ['a number that is no address', '/', '1.2.3.256', believing, null],
  ['a fixed origin and Host', '/a?b', 'a.example', fixed, 'https://shop.example:8443/a?b'],
  ['a fixed origin and no Host', '/a', null, fixed, 'https://shop.example:8443/a'],
  ['a fixed origin and the absolute form', 'http://b.example/a', 'b.example', fixed, 'https://shop.example:8443/a'],
  ['a fixed origin and the asterisk', '*', 'a.example', fixed, 'https://shop.example:8443/'],
  ['a fixed origin and another scheme', 'ftp://b.example/', 'a.example', fixed, null],
])('%s (RFC 9112 §3.3)', (_, target, host, place, url) => {
  expect(urlOf(target, host, place)).toBe(url);
});

test.each([
  ['http://a.example', 'http://a.example'],
  ['https://a.example:443/', 'https://a.example'],
  [new URL('https://a.example:8443'), 'https://a.example:8443'],
])('%s is an origin', (url, origin) => {
  expect(originOf(url)).toBe(origin);
});

test.each([
  'a.example',
  'ftp://a.example',
  'http://a.example/path',
  'http://a.example/?query',
  'http://a.example/#fragment',
  'http://user@a.example',
])('%s is no origin', (url) => {
  expect(() => originOf(url)).toThrow(expect.objectContaining({ name: 'TypeError' }));
});
