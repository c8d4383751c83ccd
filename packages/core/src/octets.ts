// Bytes by their class (RFC 9110 §5.5, §5.6): what the scanner and the reader of chunk lines tell apart. Tables, since they are asked for
// every byte.

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;

/** 1 for each byte that is included, else 0. */
export function byteClass(includes: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (includes(byte) ? 1 : 0));
}

/** tchar: methods, field names, extension names (RFC 9110 §5.6.2). */
export const tokenByte: Uint8Array = byteClass((byte) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte)));

/** What a field value, a reason or a quoted string may contain: no control but HTAB (RFC 9110 §5.5). */
export const valueByte: Uint8Array = byteClass((byte) => byte === HTAB || (byte >= SP && byte !== 0x7f));

// The getter and not the object's own word for it, which anybody can give, nor instanceof, which knows one realm alone.
const kindOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get;

/** Is it a Uint8Array? What merely has a length may be announced in one size and written in another. */
export function isBytes(value: unknown): boolean {
  return kindOf?.call(value) === 'Uint8Array';
}

/** A byte for an error message. */
export function showByte(byte: number): string {
  return byte > SP && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `0x${byte.toString(16).padStart(2, '0')}`;
}
