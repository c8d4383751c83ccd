// Bytes to text and back on any runtime: with Node's buffers, with TextDecoder, and with neither.

import { textOf } from './pair.ts';

type Text = typeof import('../src/text.ts');

/** The module as it is where those globals are missing. */
function textWithout(...names: readonly ('Buffer' | 'TextDecoder')[]): Text {
  const kept = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
  for (const name of names)
    Object.defineProperty(globalThis, name, { value: undefined, configurable: true, writable: true });
  let text: Text | undefined;
  jest.isolateModules(() => {
    text = require('../src/text.ts');
  });
  for (const [name, descriptor] of kept)
    if (descriptor !== undefined) Object.defineProperty(globalThis, name, descriptor);
  if (text === undefined) throw new Error('The module was not loaded');
  return text;
}

const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
const ascii = Uint8Array.from({ length: 1_000 }, (_, i) => 32 + (i % 90));
const utf8 = new TextEncoder().encode('\ufeffcaf\u00e9 \u20ac'.repeat(20));

describe.each<[string, Text]>([
  ["Node's buffers", textWithout()],
  ['TextDecoder alone', textWithout('Buffer')],
  ['neither', textWithout('Buffer', 'TextDecoder')],
])('with %s', (_, text) => {
  test.each([
    ['every byte', everyByte],
    ['ASCII', ascii],
    ['bytes that are UTF-8', utf8],
    ['few bytes', ascii.subarray(0, 5)],
    ['no bytes', new Uint8Array(0)],
    ['a part of a larger buffer', everyByte.subarray(100, 200)],
  ])('%s become a character each, and bytes again', (__, bytes) => {
    const decoded = text.decode(bytes, 0, bytes.length);
    expect(decoded).toBe(textOf(bytes));
    const again = new Uint8Array(bytes.length + 4).fill(0x2a);
    text.encodeInto(decoded, again, 2);
    expect(textOf(again)).toBe(`**${decoded}**`);
  });

  test('a part is decoded alone', () => {
    expect(text.decode(everyByte, 65, 70)).toBe('ABCDE');
    expect(text.decode(ascii, 0, 500)).toBe(textOf(ascii.subarray(0, 500)));
  });
});
