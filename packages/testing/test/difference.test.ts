// Two texts of bytes and where they part, as it is printed.

import { difference, firstDifference } from '../src/difference.ts';

const lines = (...all: readonly string[]) => all.join('\n');
const numbered = (length: number, change: (i: number) => string | null = (i) => `line ${i}\n`) =>
  Array.from({ length }, (_, i) => change(i) ?? '').join('');

test.each<[string, string, string, string]>([
  [
    'another byte',
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: b\r\n\r\n',
    lines('  GET / HTTP/1.1\\r\\n', '- Host: a\\r\\n', '+ Host: b\\r\\n', '        ^ byte 22', '  \\r\\n'),
  ],
  ['another line end', 'a\r\nb', 'a\nb', lines('- a\\r\\n', '+ a\\n', '   ^ byte 1', '  b')],
  ['an escaped byte before it', '\t\\ax', '\t\\ay', lines('- \\t\\\\ax', '+ \\t\\\\ay', '       ^ byte 3')],
  ['a line too much', 'a\nb\n', 'a\nc\nb\n', lines('  a\\n', '+ c\\n', '  b\\n')],
  ['a line too little', 'a\nc\nb\n', 'a\nb\n', lines('  a\\n', '- c\\n', '  b\\n')],
  ['two lines in another order', 'a\nb\n', 'b\na\n', lines('- a\\n', '  b\\n', '+ a\\n')],
  ['an end that is missing', 'ab\ncd', 'ab\nc', lines('  ab\\n', '- cd', '+ c', '   ^ byte 4')],
  ['all that is missing', 'a\nb\n', '', lines('- a\\n', '- b\\n')],
  ['nothing expected', '', 'a\n', '+ a\\n'],
  ['nothing at all', 'a\nb\n', 'a\nb\n', '  … 2 equal lines'],
])('shows %s', (_, expected, received, shown) => {
  expect(difference(expected, received)).toBe(shown);
});

test('counts equal lines that are far away', () => {
  const received = numbered(30, (i) => (i === 9 ? 'other\n' : i === 20 ? null : `line ${i}\n`));
  expect(difference(numbered(30), received)).toBe(
    lines(
      '  … 6 equal lines',
      '  line 6\\n',
      '  line 7\\n',
      '  line 8\\n',
      '- line 9\\n',
      '+ other\\n',
      '  ^ byte 63',
      '  line 10\\n',
      '  line 11\\n',
      '  line 12\\n',
      '  … 4 equal lines',
      '  line 17\\n',
      '  line 18\\n',
      '  line 19\\n',
      '- line 20\\n',
      '  line 21\\n',
      '  line 22\\n',
      '  line 23\\n',
      '  … 6 equal lines',
    ),
  );
});

test('counts further lines that are in one text alone', () => {
  const shown = difference('', numbered(100)).split('\n');
  expect([shown.length, shown.at(-1)]).toEqual([25, '+ … 76 more lines']);
});

test('shows a long line where it differs', () => {
  const [expected, received] = ['x', 'y'].map((byte) => `${'a'.repeat(500)}${byte}${'b'.repeat(500)}`);
  const part = (byte: string) => `…${'a'.repeat(60)}${byte}${'b'.repeat(99)}…`;
  expect(difference(expected ?? '', received ?? '')).toBe(
    lines(`- ${part('x')}`, `+ ${part('y')}`, `${' '.repeat(63)}^ byte 500`),
  );
});

test('shows texts of many lines without aligning them', () => {
  const shown = difference(
    numbered(1_000),
    numbered(1_000, (i) => `other ${i}\n`),
  ).split('\n');
  expect([shown[0], shown[24], shown[25], shown.at(-1)]).toEqual([
    '- line 0\\n',
    '- … 976 more lines',
    '+ other 0\\n',
    '+ … 976 more lines',
  ]);
});

test.each([
  ['', '', 0],
  ['a', 'b', 0],
  ['ab', 'ac', 1],
  ['ab', 'abc', 2],
  ['abc', 'ab', 2],
])('%j and %j part at %d', (expected, received, at) => {
  expect(firstDifference(expected, received)).toBe(at);
});
