// Bytes to the pieces of a body, by its framing (RFC 9112 §6 and §7). Chunk lines are read a byte at a time by a small state machine, so
// nothing is copied or kept, and the pieces are views of what arrived. Knows nothing of heads, roles or connections.

import { RemoteProtocolError } from './errors.ts';
import type { Framed } from './framing.ts';
import type { Input } from './input.ts';
import { type Framing, type HeaderList, headerListOf } from './message.ts';
import { CR, HTAB, LF, SP, showByte, tokenByte, valueByte } from './octets.ts';
import { borrowReader, giveBack, type HeadReader } from './parser.ts';
import type { HeadLimits } from './scanner.ts';

const QUOTE = 0x22;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

// Where the reading of a chunked body stands (RFC 9112 §7.1).
const SIZE_START = 0;
const SIZE = 1;
const SPACE_BEFORE_EXTENSION = 2;
const NAME_START = 3;
const NAME = 4;
const SPACE_BEFORE_EQUALS = 5;
const EXTENSION_VALUE_START = 6;
const EXTENSION_VALUE = 7;
const QUOTED = 8;
const QUOTED_PAIR = 9;
const AFTER_QUOTED = 10;
const LINE_LF = 11;
const DATA = 12;
const DATA_CR = 13;
const DATA_LF = 14;
const TRAILERS = 15;

const hexValue = new Uint8Array(256).fill(255);
for (const [i, digit] of [...'0123456789abcdef'].entries()) {
  hexValue[digit.charCodeAt(0)] = i;
  hexValue[digit.toUpperCase().charCodeAt(0)] = i;
}

/** Bounds in bytes; those of heads are for the trailer section. */
export interface BodyLimits extends HeadLimits {
  readonly bodySize: number;
  readonly chunkLineSize: number;
  readonly extensionSize: number;
}

/** What is wrong with a body that is known to be too large. */
export function checkBodySize(framed: Framed, limits: BodyLimits): RemoteProtocolError | null {
  return framed.size > limits.bodySize ? tooLarge(limits) : null;
}

/** Reads one body. */
export class BodyReader {
  /** The trailer section of a chunked body that has ended, if it had fields. */
  trailers: HeaderList | null = null;
  readonly #limits: BodyLimits;
  readonly #framing: Framing;
  /** In the trailer section. */
  #head: HeadReader | null = null;
  /** Bytes that are owed of the whole body ('length') or of the chunk ('chunked'). */
  #owed: number;
  #received = 0;
  #phase = SIZE_START;
  #lineSize = 0;
  #extensionSize = 0;

  constructor(framed: Framed, limits: BodyLimits) {
    this.#limits = limits;
    this.#framing = framed.framing;
    this.#owed = framed.size;
  }

  /** Bytes that are known to be still to come. */
  get owed(): number {
    return this.#owed;
  }

  /** The next piece; 'end' behind the last; 'more' when bytes are needed; or what is wrong. */
  read(input: Input): Uint8Array | 'end' | 'more' | RemoteProtocolError {
    if (this.#framing === 'chunked') return this.#readChunked(input);
    if (this.#framing === 'until-close') return this.#readUntilClose(input);
    if (this.#owed === 0) return 'end';
    if (!input.fill()) return 'more';
    const piece = input.take(this.#owed);
    this.#owed -= piece.length;
    return piece;
  }

  #readUntilClose(input: Input): Uint8Array | 'end' | 'more' | RemoteProtocolError {
    if (!input.fill()) return input.eof === 'clean' || input.eof === 'unknown' ? 'end' : 'more';
    const allowed = this.#limits.bodySize - this.#received;
    if (allowed <= 0) return tooLarge(this.#limits);
    const piece = input.take(allowed);
    this.#received += piece.length;
    return piece;
  }

  #readChunked(input: Input): Uint8Array | 'end' | 'more' | RemoteProtocolError {
    while (input.fill()) {
      if ((this.#phase === DATA_CR || this.#phase === SIZE_START) && this.#readPlainLine(input)) continue;
      if (this.#phase === DATA) {
        const piece = input.take(this.#owed);
        this.#owed -= piece.length;
        if (this.#owed === 0) this.#phase = DATA_CR;
        return piece;
      }
      if (this.#phase === TRAILERS) {
        this.#head ??= borrowReader('trailers', this.#limits);
        const complete = this.#head.read(input);
        if (complete === false) return 'more';
        if (complete !== true) return complete;
        if (this.#head.raw.length > 0) this.trailers = headerListOf(this.#head.raw);
        giveBack(this.#head);
        this.#head = null;
        return 'end';
      }
      const mistake = this.#readLine(input);
      if (mistake !== null) return mistake;
    }
    return 'more';
  }

  /**
   * Takes the line end behind a chunk's data, and the line of the next chunk, if they are whole and have nothing but digits: a body in chunks
   * of 16 B takes 0.76 of the time, in chunks of 1 KiB 0.72 (npm run bench -- parse, Node 20, 2026-11). Whatever is not is left to the states
   * below, which know everything. False if nothing was taken.
   */
  #readPlainLine(input: Input): boolean {
    const { bytes, at: start } = input;
    const stop = bytes.length - 1; // where the LF may be
    let i = start;
    if (this.#phase === DATA_CR) {
      if (i >= stop || bytes[i] !== CR || bytes[i + 1] !== LF) return false;
      i += 2;
    }
    const firstDigit = i;
    let size = 0;
    for (; i < stop; i++) {
      const digit = hexValue[bytes[i]!]!; // i < bytes.length, and a byte is below 256
      if (digit > 15) break;
      size = size * 16 + digit;
    }
    const lineSize = i + 2 - firstDigit;
    // A last chunk, a long size and a body that is too large are for the states too.
    if (size === 0 || lineSize > 14 || lineSize > this.#limits.chunkLineSize) return false;
    if (i >= stop || bytes[i] !== CR || bytes[i + 1] !== LF || this.#received + size > this.#limits.bodySize)
      return false;
    this.#owed = size;
    this.#received += size;
    this.#phase = DATA;
    input.skip(i + 2 - start);
    return true;
  }

  /** Reads of a chunk's line, or of the line end behind its data, what the current piece of input has of it. */
  #readLine(input: Input): RemoteProtocolError | null {
    const { bytes } = input;
    const start = input.at;
    let i = start;
    let phase = this.#phase;
    let mistake: RemoteProtocolError | null = null;
    for (; i < bytes.length && phase !== DATA && phase !== TRAILERS; i++) {
      const byte = bytes[i]!; // i < bytes.length
      if (phase < DATA && ++this.#lineSize > this.#limits.chunkLineSize) {
        mistake = new RemoteProtocolError(
          'ERR_CHUNK',
          `Cannot accept the chunk: its line is longer than ${this.#limits.chunkLineSize} bytes`,
          {
            status: 413,
          },
        );
        break;
      }
      if (phase > SIZE && phase < LINE_LF && ++this.#extensionSize > this.#limits.extensionSize) {
        mistake = new RemoteProtocolError(
          'ERR_CHUNK',
          `Cannot accept chunk extensions of more than ${this.#limits.extensionSize} bytes`,
          {
            status: 413,
          },
        );
        break;
      }
      const after = this.#step(phase, byte);
      if (after < 0) {
        mistake = this.#failure ?? unexpected(phase, byte);
        break;
      }
      phase = after;
    }
    this.#phase = phase;
    input.skip(i - start);
    return mistake;
  }

  #failure: RemoteProtocolError | null = null;

  /** The phase after a byte, or -1. */
  #step(phase: number, byte: number): number {
    switch (phase) {
      case SIZE_START:
      case SIZE: {
        const digit = hexValue[byte]!; // a byte is below 256
        if (digit < 16) return this.#sizeDigit(digit);
        if (phase === SIZE_START) return -1;
        return afterElement(byte, SPACE_BEFORE_EXTENSION);
      }
      case SPACE_BEFORE_EXTENSION:
        if (isSpace(byte)) return phase;
        return byte === SEMICOLON ? NAME_START : -1;
      case NAME_START:
        if (isSpace(byte)) return phase;
        return tokenByte[byte] === 1 ? NAME : -1;
      case NAME:
        if (tokenByte[byte] === 1) return phase;
        if (byte === EQUALS) return EXTENSION_VALUE_START;
        return afterElement(byte, SPACE_BEFORE_EQUALS);
      case SPACE_BEFORE_EQUALS:
        if (isSpace(byte)) return phase;
        if (byte === EQUALS) return EXTENSION_VALUE_START;
        return byte === SEMICOLON ? NAME_START : -1;
      case EXTENSION_VALUE_START:
        if (isSpace(byte)) return phase;
        if (byte === QUOTE) return QUOTED;
        return tokenByte[byte] === 1 ? EXTENSION_VALUE : -1;
      case EXTENSION_VALUE:
        if (tokenByte[byte] === 1) return phase;
        return afterElement(byte, SPACE_BEFORE_EXTENSION);
      case QUOTED:
        if (byte === QUOTE) return AFTER_QUOTED;
        if (byte === BACKSLASH) return QUOTED_PAIR;
        return valueByte[byte] === 1 ? phase : -1;
      case QUOTED_PAIR:
        return valueByte[byte] === 1 ? QUOTED : -1;
      case AFTER_QUOTED:
        return afterElement(byte, SPACE_BEFORE_EXTENSION);
      case LINE_LF:
        return byte === LF ? this.#endLine() : -1;
      case DATA_CR:
        return byte === CR ? DATA_LF : -1;
      default: // DATA_LF
        if (byte !== LF) return -1;
        this.#lineSize = 0;
        return SIZE_START;
    }
  }

  #sizeDigit(digit: number): number {
    this.#owed = this.#owed * 16 + digit;
    // The digits are all that its line has so far.
    if (this.#lineSize > 16 || this.#owed > Number.MAX_SAFE_INTEGER) {
      this.#failure = new RemoteProtocolError(
        'ERR_CHUNK',
        'Cannot accept the chunk: its size has more than 16 digits or is beyond 2^53 - 1',
      );
      return -1;
    }
    return SIZE;
  }

  #endLine(): number {
    this.#received += this.#owed;
    if (this.#received > this.#limits.bodySize) {
      this.#failure = tooLarge(this.#limits);
      return -1;
    }
    return this.#owed === 0 ? TRAILERS : DATA;
  }
}

function tooLarge({ bodySize }: BodyLimits): RemoteProtocolError {
  return new RemoteProtocolError('ERR_BODY_SIZE', `Cannot accept the body: larger than ${bodySize} bytes`);
}

/** Behind a size, a name or a value: the end of the line, the next extension, or white space before it. */
function afterElement(byte: number, space: number): number {
  if (byte === CR) return LINE_LF;
  if (byte === SEMICOLON) return NAME_START;
  return isSpace(byte) ? space : -1;
}

function isSpace(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

function unexpected(phase: number, byte: number): RemoteProtocolError {
  const where = phase <= SIZE ? 'the chunk size' : phase >= DATA ? 'the end of the chunk' : 'the chunk line';
  return new RemoteProtocolError('ERR_CHUNK', `Cannot parse ${where}: unexpected ${showByte(byte)}`);
}
