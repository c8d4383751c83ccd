// Bytes as text that can be written in a test and read in its failure, and back. One character is one byte (ISO 8859-1), so nothing is
// lost either way. Knows nothing of HTTP.

/**
 * One byte for each character.
 *
 * @throws {RangeError} A character is above U+00FF; encode such text as UTF-8 first.
 */
export function bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError(`Cannot make a byte of the character ${JSON.stringify(text[i])} at ${i}`);
    bytes[i] = code;
  }
  return bytes;
}

/** One character for each byte. */
export function text(bytes: Uint8Array): string {
  // In portions, because engines limit the arguments of a call; and not spread, which takes seven times as long for 100 bytes and ten
  // times for 64 KiB.
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    text += Reflect.apply(String.fromCharCode, null, bytes.subarray(at, at + 8192));
  }
  return text;
}

/**
 * The same, to be looked at: CR, LF, TAB and the backslash as `\r`, `\n`, `\t` and `\\`, and what is neither visible ASCII nor a space
 * as `\x7f`. Lines are broken behind LF, so that a head reads as one.
 *
 * @example
 * visible('HTTP/1.1 200 OK\r\n\r\n\x00'); // three lines: HTTP/1.1 200 OK\r\n, \r\n and \x00
 */
export function visible(octets: string | Uint8Array): string {
  const shown = typeof octets === 'string' ? octets : text(octets);
  return shown.replace(/[^ -[\]-~]/g, escaped).replace(/\n$/, '');
}

const escapes: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n\n', '\t': '\\t', '\\': '\\\\' };

function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16);
  return escapes[character] ?? (code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`);
}
