import { bytes, text, visible } from '@halfpipe/testing';

const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);

test('every byte has a character, and the other way round', () => {
  expect(text(all)).toHaveLength(256);
  expect(bytes(text(all))).toEqual(all);
  expect(bytes('\0aÿ')).toEqual(Uint8Array.of(0, 0x61, 0xff));
});

test.each([0, 1, 8191, 8192, 8193, 1_000_000])('%d bytes survive it', (size) => {
  const long = Uint8Array.from({ length: size }, (_, i) => (i * 31) % 256);
  expect(Buffer.from(bytes(text(long))).equals(long)).toBe(true);
});

test.each([
  ['€', '"€" at 0'],
  ['aĀ', '"Ā" at 1'],
  ['ab😀', '"\\ud83d" at 2'],
])('%p has a character that is no byte', (wide, where) => {
  expect(() => bytes(wide)).toThrow(new RangeError(`Cannot make a byte of the character ${where}`));
});

test.each([
  ['nothing', '', ''],
  ['visible ASCII and space', ' !"[]^~', ' !"[]^~'],
  ['a head', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'GET / HTTP/1.1\\r\\n\nHost: x\\r\\n\n\\r\\n'],
  ['a bare CR and a bare LF', 'a\rb\nc', 'a\\rb\\n\nc'],
  ['an end without a line end', 'a\r\nb', 'a\\r\\n\nb'],
  ['a tab and a backslash', 'a\tb\\r', 'a\\tb\\\\r'],
  ['controls and what is above ASCII', '\0\x1b\x7f\x80ÿ', '\\x00\\x1b\\x7f\\x80\\xff'],
  ['what is no byte', '€', '\\u20ac'],
])('%s is shown', (_, hidden, shown) => {
  expect(visible(hidden)).toBe(shown);
});

test('bytes are shown as their text is, and all differently', () => {
  expect(visible(all)).toBe(visible(text(all)));
  expect(visible(all)).toMatch(/^[ -~\n]*$/);
  expect(new Set(Array.from(all, (byte) => visible(Uint8Array.of(byte)))).size).toBe(256);
});
