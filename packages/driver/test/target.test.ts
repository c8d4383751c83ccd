// A URL becomes the same target and Host as the URL parser makes of it, whatever URL came before (RFC 9112 §3.2).

import fc from 'fast-check';
import { destinationOf } from '../src/target.ts';

const origins = ['http://a.example', 'http://a.example:8080', 'http://A.example:80', 'https://[::1]:81', 'https://b'];

function expected(url: string) {
  const { host, pathname, search } = new URL(url);
  return { target: `${pathname}${search}`, host };
}

test.each([
  'http://a.example',
  'http://a.example/',
  'http://a.example//',
  'http://a.example/a/../b',
  'http://a.example/a/./b',
  'http://a.example/.',
  'http://a.example/..',
  'http://a.example/a..b/c.',
  'http://a.example/%2e%2e/b',
  'http://a.example/a%20b',
  'http://a.example/a b?c d',
  "http://a.example/'?'",
  'http://a.example/a\\b',
  'http://a.example/a?b?c/../d',
  'http://a.example/a#b',
  'http://a.example?a',
  'http://a.example.b/c',
  'http://a.example:8080/c',
  'http://a.example/a\nb',
  ' http://a.example/a',
  'HTTP://A.EXAMPLE/a',
  'http://a.example/ä',
])('%j, also behind another of its origin', (url) => {
  destinationOf('GET', 'http://a.example/before', false);
  expect(destinationOf('GET', url, false)).toEqual(expected(url));
  expect(destinationOf('GET', url, false)).toEqual(expected(url));
});

test('any path, on any origin, in any order', () => {
  const path = fc.string({ unit: fc.constantFrom(...'/.%2eab~?#\\ \'"<>[]^`{}|@:;=&+\t'.split('')), maxLength: 12 });
  const urls = fc.array(fc.tuple(fc.constantFrom(...origins), path), { maxLength: 6 });
  fc.assert(
    fc.property(urls, (pairs) => {
      for (const [origin, rest] of pairs) {
        const url = `${origin}/${rest}`;
        expect(destinationOf('GET', url, false)).toEqual(expected(url));
      }
    }),
    { numRuns: 2_000 },
  );
});

test('userinfo is refused behind a URL of the same host', () => {
  destinationOf('GET', 'http://a.example/', false);
  expect(() => destinationOf('GET', 'http://a.example@b/', false)).toThrow(TypeError);
  expect(() => destinationOf('GET', 'http://c@a.example/', false)).toThrow(TypeError);
});
