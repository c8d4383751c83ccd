// llhttp's reading of one head at a time: the text of its fields from what it reports, the framing from what it does with a body. Knows
// nothing of the core's reading; the core compares.

import type { Framing, Reading, SecondOpinion } from '@halfpipe/core';
import type { HeadersComplete, Parser } from 'llhttp-wasm';
import { methodNames, openParser } from './parser.ts';

const LF = 0x0a;
const OK = 0;
const PAUSED_UPGRADE = 22; // behind CONNECT, 101, and a request to upgrade

const lineFeed = Uint8Array.of(LF);
// A whole body if it is chunked, and five bytes of one that is not.
const lastChunk = Uint8Array.from('0\r\n\r\n', (character) => character.charCodeAt(0));

let readers: Readonly<Record<'request' | 'response', HeadReader>> | null = null;

/**
 * A second opinion by llhttp, for the option `secondOpinion` of a connection. All of them share two parsers, so one for each connection
 * costs no more than one for all. Throws WebAssemblyError where WebAssembly cannot be compiled.
 */
export function secondOpinion(): SecondOpinion {
  readers ??= { request: new HeadReader('REQUEST'), response: new HeadReader('RESPONSE') };
  const { request, response } = readers;
  return (head, kind) => (kind === 'request' ? request : response).read(head);
}

class HeadReader {
  readonly #parser: Parser;
  #head: HeadersComplete | null = null;
  #bodySize = 0;
  #complete = false;

  constructor(kind: 'REQUEST' | 'RESPONSE') {
    this.#parser = openParser(kind);
    this.#parser.onHeadersComplete = (head) => {
      this.#head = head;
      return 0;
    };
    this.#parser.onBody = (bytes) => {
      this.#bodySize += bytes.length;
      return 0;
    };
    this.#parser.onMessageComplete = () => {
      this.#complete = true;
      return 0;
    };
  }

  read(head: Uint8Array): Reading | 'refused' {
    const reading = this.#readOnce(head);
    const wide = widened(head);
    if (reading === 'refused' || wide === null) return reading;
    // What the wrapper reports is decoded as UTF-8, and without a BOM. So llhttp also reads the same head with each byte above 0x7F
    // written as UTF-8, of which the text comes out a character for each byte; all else must be as in the reading of the bytes themselves.
    const text = this.#readOnce(wide);
    return text !== 'refused' && alikeInAscii(reading, text) ? text : 'refused';
  }

  #readOnce(bytes: Uint8Array): Reading | 'refused' {
    const parser = this.#parser;
    parser.reset(); // whatever the last head has left
    this.#head = null;
    this.#bodySize = 0;
    this.#complete = false;
    // The last byte comes alone, so that a head which is over sooner, or later, is not taken for this one. No token is cut by that.
    const last = bytes.length - 1;
    if (bytes[last] !== LF) return 'refused';
    if (parser.execute(bytes.subarray(0, last)) !== OK || this.#head !== null) return 'refused';
    const code = parser.execute(lineFeed);
    const head = this.#head as HeadersComplete | null; // the call above may have set it
    if (head === null || (code !== OK && code !== PAUSED_UPGRADE)) return 'refused';
    return this.#describe(head);
  }

  #describe({ method, url, statusCode, rawHeaders }: HeadersComplete): Reading | 'refused' {
    const raw = rawHeaders.map(withoutTrailingSpace);
    const contentLength = statedLength(raw);
    const body = this.#bodyOf();
    // What it says of the length and what it does must be one.
    if (body === 'length' && this.#bodySize !== Math.min(contentLength ?? 0, lastChunk.length)) return 'refused';
    const framing = body === 'empty' ? emptyFraming(contentLength, statusCode) : body;
    if (statusCode !== undefined) return { status: statusCode, raw, framing, contentLength };
    return { method: methodNames[method ?? -1] ?? '', target: url ?? '', raw, framing, contentLength };
  }

  /** How it finds the end of the body, by what it does with one. */
  #bodyOf(): Framing | 'empty' {
    if (this.#complete) return 'empty';
    this.#parser.execute(lastChunk);
    if (this.#complete) return this.#bodySize === 0 ? 'chunked' : 'length';
    this.#parser.finish();
    return this.#complete ? 'until-close' : 'length';
  }
}

/** It skips a body that may not be, and one of no bytes, alike; of the latter the framing is its length. */
function emptyFraming(contentLength: number | null, status: number | undefined): Framing {
  const mayNotBe = status !== undefined && (status < 200 || status === 204 || status === 304); // RFC 9112 §6.3
  return contentLength === 0 && !mayNotBe ? 'length' : 'none';
}

/** The Content-Length among its fields, of which it takes one; NaN if that is no number. */
function statedLength(raw: readonly string[]): number | null {
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!; // raw holds pairs
    const value = raw[i + 1]!;
    if (name.length === 14 && name.toLowerCase() === 'content-length')
      return /^[0-9]+$/.test(value) ? Number(value) : Number.NaN;
  }
  return null;
}

/** It takes the white space before a value away, and leaves what is behind (RFC 9112 §5.1). */
function withoutTrailingSpace(text: string): string {
  let end = text.length;
  while (end > 0 && (text.charCodeAt(end - 1) === 0x20 || text.charCodeAt(end - 1) === 0x09)) end--;
  return end === text.length ? text : text.slice(0, end);
}

/** The same text, one character for each byte, as UTF-8; null where that makes no difference. */
function widened(bytes: Uint8Array): Uint8Array | null {
  let high = 0;
  for (let i = 0; i < bytes.length; i++) high += bytes[i]! >> 7; // i < bytes.length, here and below
  if (high === 0) return null;
  const wide = new Uint8Array(bytes.length + high);
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte > 0x7f) wide[at++] = 0xc0 | (byte >> 6);
    wide[at++] = byte > 0x7f ? 0x80 | (byte & 0x3f) : byte;
  }
  return wide;
}

/** Do they differ in nothing but characters beyond ASCII? No decoder of UTF-8 adds or takes one of ASCII, whatever the bytes. */
function alikeInAscii(one: Reading, other: Reading): boolean {
  return (
    one.method === other.method &&
    one.status === other.status &&
    asciiOf(one.target ?? '') === asciiOf(other.target ?? '') &&
    one.framing === other.framing &&
    one.contentLength === other.contentLength &&
    one.raw.length === other.raw.length &&
    one.raw.every((text, i) => asciiOf(text) === asciiOf(other.raw[i] ?? ''))
  );
}

function asciiOf(text: string): string {
  return text.replace(/[^\0-\x7f]+/g, '');
}
