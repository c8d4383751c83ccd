// Header lists, and the small grammars of tokens, lists, hosts and targets (RFC 9110 §5, §7.2; RFC 9112 §3.2).

import { STATUS_CODES } from 'node:http';
import { isIPv6 } from 'node:net';
import { HeaderList } from '../src/index.ts';
import { answersUpgrade, isHost, isTarget, listElements, quote, reasonOf, trimWhitespace } from '../src/message.ts';

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

test('an address in brackets is one where Node takes it for one, and its neighbours too (RFC 3986 §3.2.2)', () => {
  const addresses = [
    ':: 1:: ::1 1:2:3:4:5:6:7:8 1::2:3:4:5:6:7:8 1:2:3:4:5:6:7:: ::2:3:4:5:6:7:8 1:2::7:8 ffff:ABCD::0',
    '::192.0.2.1 1:2:3:4:5:6:192.0.2.1 1::6:0.9.10.99 ::255.249.199.250 1:2:3:4:5:6:7:192.0.2.1',
  ].flatMap((some) => some.split(' '));
  // Those addresses with a piece put in at any place, and without any two characters or fewer.
  const pieces = [':', '::', '.', '0', '5', '9', 'f', 'g', ':1', '.1', '00000'];
  const neighbours = addresses.flatMap((address) =>
    Array.from({ length: address.length + 1 }, (_, at) => [address.slice(0, at), address.slice(at)] as const).flatMap(
      ([before, after]) => [
        ...pieces.map((piece) => before + piece + after),
        ...[0, 1, 2].map((size) => before + after.slice(size)),
      ],
    ),
  );
  expect(neighbours.filter((each) => isHost(`[${each}]`) !== isIPv6(each))).toEqual([]);
  expect(neighbours.filter((each) => isIPv6(each)).length).toBeGreaterThan(100);
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

test.each<[string, string, boolean]>([
  ['websocket', 'websocket', true],
  ['WebSocket', 'websocket', true],
  ['b', 'a, b', true],
  ['a, b', 'b, a', true],
  ['a/1', 'a', true],
  ['a', 'a/1', true],
  ['a/1', 'a/2', false],
  ['a', 'b', false],
  ['a, b', 'a', false],
  ['a', '', false],
  ['', 'a', false],
  [' , ', 'a', false],
])('switching to %j answers Upgrade: %s: %s (RFC 9110 §7.8)', (named, asked, answers) => {
  expect(answersUpgrade(named, asked)).toBe(answers);
});

test.each<[string, string]>([
  ['', ''],
  [' \t ', ''],
  [' a b\t', 'a b'],
  ['\u00a0a\u000b', '\u00a0a\u000b'],
])('white space is space and tab and nothing else: %j (RFC 9110 §5.6.3)', (text, trimmed) => {
  expect(trimWhitespace(text)).toBe(trimmed);
});

test('the phrase of a status is that of RFC 9110, and else the one that Node has (RFC 9110 §15)', () => {
  const phrases: Readonly<Record<number, string | undefined>> = {
    ...STATUS_CODES,
    413: 'Content Too Large',
    422: 'Unprocessable Content',
    // Unused, of no RFC, and obsolete.
    418: '',
    509: '',
    510: '',
  };
  const statuses = Array.from({ length: 1_000 }, (_, status) => status);
  expect(statuses.map(reasonOf)).toEqual(statuses.map((status) => phrases[status] ?? ''));
});

test('what is quoted is short, and moves no cursor', () => {
  expect(quote('a"\r\n\u001b[2J')).toBe('"a\\"\\r\\n\\u001b[2J"');
  expect(quote('a'.repeat(60))).toBe(`"${'a'.repeat(60)}"`);
  expect(quote('a'.repeat(61))).toBe(`"${'a'.repeat(60)}…"`);
});
