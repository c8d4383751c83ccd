// Header lists, and the small grammars of tokens, lists, hosts and targets (RFC 9110 §5, §7.2; RFC 9112 §3.2).

import { HeaderList } from '../src/index.ts';
import { isHost, isTarget, listElements, quote, reasonOf, trimWhitespace } from '../src/message.ts';

describe('a list of fields (RFC 9110 §5.3)', () => {
  const list = new HeaderList([
    ['Accept', 'a'],
    ['X', '1'],
    ['ACCEPT', 'b'],
    ['Set-Cookie', 'c=d, e'],
    ['set-cookie', 'f'],
    ['Empty', ''],
  ]);

  test('keeps case, order and number', () => {
    expect(list.raw).toEqual([
      'Accept',
      'a',
      'X',
      '1',
      'ACCEPT',
      'b',
      'Set-Cookie',
      'c=d, e',
      'set-cookie',
      'f',
      'Empty',
      '',
    ]);
  });

  test.each<[string, string, string | null, string[], boolean]>([
    ['once', 'x', '1', ['1'], true],
    ['twice, joined', 'aCCept', 'a, b', ['a', 'b'], true],
    ['twice, where the first is all that can be given (RFC 6265 §3)', 'Set-Cookie', 'c=d, e', ['c=d, e', 'f'], true],
    ['empty', 'empty', '', [''], true],
    ['not there', 'Y', null, [], false],
    ['whose name is part of another', 'Accep', null, [], false],
  ])('finds a field by its name in any case: %s', (_, name, value, values, there) => {
    expect([list.get(name), list.getAll(name), list.has(name)]).toEqual([value, values, there]);
  });

  test('can be gone through, and made of anything that gives pairs', () => {
    const pairs: [string, string][] = [
      ['A', 'b'],
      ['C', 'd'],
    ];
    for (const source of [pairs, new Map(pairs), new HeaderList(pairs), pairs.values()]) {
      expect([...new HeaderList(source)]).toEqual(pairs);
    }
    expect([...new HeaderList()]).toEqual([]);
  });

  test('takes fetch Headers', () => {
    expect(new HeaderList(new Headers({ a: 'b' })).raw).toEqual(['a', 'b']);
  });
});

test.each<[string, boolean]>([
  ['a.example', true],
  ['a.example:80', true],
  ['a.example:', true],
  ['192.0.2.1', true],
  ['[::1]', true],
  ['[2001:db8::192.0.2.1]:443', true],
  ['[v1.a:b]', true],
  ['[V1f.~]', true],
  ["a!$&'()*+;=~_-.", true],
  ['%41', true],
  ['', false],
  [':80', false],
  ['a:b', false],
  ['a:8 0', false],
  ['a,b', false],
  ['a b', false],
  ['a/b', false],
  ['a?b', false],
  ['a#b', false],
  ['a@b', false],
  ['a\\b', false],
  ['%4', false],
  ['%', false],
  ['[::1', false],
  ['::1', false],
  ['[]', false],
  ['[g]', false],
  ['[v.a]', false],
  ['[v1.]', false],
  ['[::1]a', false],
  ['\u00e9', false],
  ['a\n', false],
])('Host %j is valid: %s (RFC 9110 §7.2)', (value, valid) => {
  expect(isHost(value)).toBe(valid);
});

test.each<[string, string, boolean]>([
  ['GET', '/', true],
  ['GET', '/a?b', true],
  ['GET', '//a', true],
  ['GET', 'http://a', true],
  ['GET', 'http://a?b', true],
  ['GET', 'a+b-c.1://a:1/', true],
  ['GET', '*', false],
  ['GET', 'a:80', false],
  ['GET', 'a', false],
  ['GET', '', false],
  ['GET', 'http:/a', false],
  ['GET', 'http://', false],
  ['GET', 'http:///a', false],
  ['GET', 'http://a@b/', false],
  ['GET', '1http://a', false],
  ['OPTIONS', '*', true],
  ['OPTIONS', '/', true],
  ['OPTIONS', '**', false],
  ['CONNECT', 'a:1', true],
  ['CONNECT', 'a:65535', true],
  ['CONNECT', '[::1]:443', true],
  ['CONNECT', 'a:0', false],
  ['CONNECT', 'a:65536', false],
  ['CONNECT', 'a:', false],
  ['CONNECT', 'a', false],
  ['CONNECT', ':1', false],
  ['CONNECT', '/a:1', false],
  ['CONNECT', '*', false],
  ['CONNECT', 'http://a:1', false],
])('%s may have the target %j: %s (RFC 9112 §3.2)', (method, target, valid) => {
  expect(isTarget(method, target)).toBe(valid);
});

test.each<[string, string[]]>([
  ['', []],
  [',, ,\t,', []],
  ['a', ['a']],
  [' A ,\tb c,', ['a', 'b c']],
  ['\u00a0a', ['\u00a0a']],
])('the elements of %j (RFC 9110 §5.6.1)', (value, elements) => {
  expect(listElements(value)).toEqual(elements);
});

test.each<[string, string]>([
  ['', ''],
  [' \t ', ''],
  [' a b\t', 'a b'],
  ['\u00a0a\u000b', '\u00a0a\u000b'],
])('white space is space and tab and nothing else: %j (RFC 9110 §5.6.3)', (text, trimmed) => {
  expect(trimWhitespace(text)).toBe(trimmed);
});

test.each<[number, string]>([
  [100, 'Continue'],
  [200, 'OK'],
  [413, 'Content Too Large'],
  [418, ''],
  [511, 'Network Authentication Required'],
  [999, ''],
])('the phrase of %d is %j (RFC 9110 §15)', (status, reason) => {
  expect(reasonOf(status)).toBe(reason);
});

test('what is quoted is short, and moves no cursor', () => {
  expect(quote('a"\r\n\u001b[2J')).toBe('"a\\"\\r\\n\\u001b[2J"');
  expect(quote('a'.repeat(61))).toBe(`"${'a'.repeat(60)}…"`);
});
