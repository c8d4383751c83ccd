// Telling bytes from what is not bytes, also of another realm: the values of a frame or a thread are not of our classes.

/** Is it a Uint8Array, or of a class that extends it, such as Buffer? */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && kindOf(value) === 'Uint8Array';
}

/** Is it an ArrayBuffer? */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return kindOf(value) === 'ArrayBuffer';
}

/** What it is, in a word, for an error message. Does not show what is in it. */
export function kindOf(value: unknown): string {
  // The name of the class, as far as the platform's own are concerned: `[object Blob]`.
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value).slice(8, -1);
  return value === null ? 'null' : typeof value;
}
