// Bytes to heads and trailer sections: one pass over the bytes into a table of offsets, one decode of the whole, fields sliced
// from it (RFC 9112 §2 to §5). Stops and goes on at any byte. Knows the grammar and the limits; what a head means (framing,
// persistence) is decided by who reads its fields from here.

import { type RemoteErrorCode, RemoteProtocolError } from './errors.ts';
import type { Input } from './input.ts';
import { isHost, isTarget, quote, type Relaxation, trimWhitespace } from './message.ts';
import { decode } from './text.ts';

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const COLON = 0x3a;

const tokenByte = byteClass((byte) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte)));
const valueByte = byteClass((byte) => byte === HTAB || (byte >= SP && byte !== 0x7f));
// Wider than a URI's grammar by "<>[\]^`{|}, which browsers send raw in queries; controls, SP, # and non-ASCII are not in it.
const targetByte = byteClass((byte) => byte > SP && byte < 0x7f && byte !== 0x23);
const looseTargetByte = byteClass((byte) => targetByte[byte] === 1 || byte >= 0x80);

function byteClass(includes: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (includes(byte) ? 1 : 0));
}

// Where the scan stands. Numbers, since the switch on them is the hottest of the core.
const EMPTY_LINE_LF = 0;
const START = 1;
const METHOD = 2;
const TARGET = 3;
const REQUEST_VERSION = 4;
const STATUS_VERSION = 5;
const STATUS = 6;
const REASON_SPACE = 7;
const REASON = 8;
const START_LINE_LF = 9;
const LINE = 10;
const SKIPPED_LINE = 11;
const NAME = 12;
const SPACE_BEFORE_COLON = 13;
const VALUE_SPACE = 14;
const VALUE = 15;
const VALUE_LF = 16;
const END_LF = 17;

const version = [0x48, 0x54, 0x54, 0x50, 0x2f, -1, 0x2e, -1]; // HTTP/d.d

const phaseNames: Readonly<Record<number, string>> = {
  [EMPTY_LINE_LF]: 'the empty line before the start-line',
  [START]: 'the start-line',
  [METHOD]: 'the method',
  [TARGET]: 'the request-target',
  [REQUEST_VERSION]: 'the version',
  [STATUS_VERSION]: 'the version',
  [STATUS]: 'the status code',
  [REASON_SPACE]: 'the status line',
  [REASON]: 'the reason phrase',
  [START_LINE_LF]: 'the end of the start-line',
  [LINE]: 'the field line',
  [SKIPPED_LINE]: 'the line before the fields',
  [NAME]: 'the field name',
  [SPACE_BEFORE_COLON]: 'the field name',
  [VALUE]: 'the field value',
  [VALUE_LF]: 'the end of the field line',
  [END_LF]: 'the end of the fields',
};

export type Kind = 'request' | 'response' | 'trailers';

/** Bounds in bytes, and of fields in number. */
export interface HeadLimits {
  readonly headSize: number;
  readonly startLineSize: number;
  readonly headers: number;
  readonly trailerSize: number;
}

/** The fields that the core itself acts on, as found in the last head that was read; several of one name joined by ", ". */
export interface KnownFields {
  host: string | null;
  hosts: number;
  contentLength: string | null;
  transferEncoding: string | null;
  connection: string | null;
  expect: string | null;
  upgrade: string | null;
  keepAlive: string | null;
}

// One head is scanned at a time, so all connections share a table. A scan that must wait for more bytes takes its own copy along.
const sharedOffsets = new Int32Array(4 * 128);
const noRelaxations: readonly Relaxation[] = [];

/**
 * Reads one head or trailer section after another. After `read` has said true, the fields of this object describe it until the next
 * `read`.
 */
export class HeadReader implements KnownFields {
  method = '';
  target = '';
  status = 0;
  reason = '';
  version: '1.0' | '1.1' = '1.1';
  raw: string[] = [];
  relaxed: readonly Relaxation[] = noRelaxations;
  host: string | null = null;
  hosts = 0;
  contentLength: string | null = null;
  transferEncoding: string | null = null;
  connection: string | null = null;
  expect: string | null = null;
  upgrade: string | null = null;
  keepAlive: string | null = null;

  readonly #limits: HeadLimits;
  readonly #relax: readonly Relaxation[];
  readonly #targetByte: Uint8Array;
  readonly #kept: ((head: Uint8Array) => void) | null;
  #kind: Kind = 'request';
  #phase = START;
  // All positions are counted from the first byte of the section, so that they survive a change of buffer.
  #at = 0;
  #lineStart = 0;
  #methodEnd = 0;
  #targetEnd = 0;
  #fields = 0;
  #nameStart = 0;
  #nameEnd = 0;
  #valueStart = 0;
  #minor = 0;
  #major = 0;
  #skippedEmptyLine = false;
  #folded = false;
  #offsets = sharedOffsets;
  #carry: Uint8Array | null = null;
  #carried = 0;
  /** The last Host that was found valid; connections rarely carry two. */
  #lastHost: string | null = null;

  /** `kept`, if given, is shown the bytes of each complete head. */
  constructor(limits: HeadLimits, relax: readonly Relaxation[], kept: ((head: Uint8Array) => void) | null = null) {
    this.#limits = limits;
    this.#relax = relax;
    this.#targetByte = relax.includes('non-ascii-target') ? looseTargetByte : targetByte;
    this.#kept = kept;
  }

  /** Has a byte of the section been seen, other than of an empty line before it? */
  get started(): boolean {
    return this.#at > this.#lineStart || this.#phase > START;
  }

  /** How many bytes of an unfinished section are kept here. */
  get carried(): number {
    return this.#carried;
  }

  /** Reads on: true when a section is complete, false when more bytes are needed, or what is wrong with it. */
  read(kind: Kind, input: Input): boolean | RemoteProtocolError {
    if (this.#at === 0) this.#begin(kind);
    const size = kind === 'trailers' ? this.#limits.trailerSize : this.#limits.headSize;
    while (input.fill()) {
      let { bytes, at: base } = input;
      let end = bytes.length;
      // What was carried over is always an unfinished beginning, so the section ends among the bytes that come now.
      if (this.#carried > 0) {
        const more = Math.min(end - base, size - this.#carried);
        bytes = this.#carryOver(bytes, base, more);
        base = 0;
        end = this.#carried + more;
      }
      const stop = Math.min(end, base + size);
      const done = this.#scan(bytes, base, stop);
      if (done === true) {
        const mistake = this.#describe(bytes, base);
        input.skip(this.#at - this.#carried);
        this.#reset();
        return mistake ?? true;
      }
      if (done !== false) return done;
      if (stop - base >= size) return this.#tooLarge(size);
      if (this.#carried === 0) this.#carryOver(bytes, base, end - base);
      input.skip(end - base - this.#carried);
      this.#carried = end - base;
    }
    return false;
  }

  #begin(kind: Kind): void {
    this.#kind = kind;
    this.#phase = kind === 'trailers' ? LINE : START;
    this.#lineStart = 0;
    this.#fields = 0;
    this.#skippedEmptyLine = false;
    this.#folded = false;
    this.relaxed = noRelaxations;
    if (this.#limits.headers * 4 > sharedOffsets.length) this.#offsets = new Int32Array(this.#limits.headers * 4);
  }

  #reset(): void {
    this.#at = 0;
    this.#phase = START;
    this.#lineStart = 0;
    this.#carry = null;
    this.#carried = 0;
    this.#offsets = sharedOffsets;
  }

  /** Appends `size` bytes to what is carried over. Grows by doubling, so a head that drips in costs time in proportion to its size. */
  #carryOver(bytes: Uint8Array, from: number, size: number): Uint8Array {
    if (this.#offsets === sharedOffsets) this.#offsets = sharedOffsets.slice();
    const needed = this.#carried + size;
    let carry = this.#carry;
    if (carry === null || carry.length < needed) {
      const grown = new Uint8Array(Math.max(256, needed * 2));
      if (carry !== null) grown.set(carry.subarray(0, this.#carried));
      carry = grown;
      this.#carry = carry;
    }
    carry.set(bytes.subarray(from, from + size), this.#carried);
    return carry;
  }

  /** Moves on from where the last scan stopped. True: the section is complete, and `#at` is behind it. */
  #scan(bytes: Uint8Array, base: number, stop: number): boolean | RemoteProtocolError {
    let i = base + this.#at;
    let phase = this.#phase;
    const offsets = this.#offsets;
    while (i < stop) {
      const byte = bytes[i]!; // i < stop <= bytes.length, here and below
      switch (phase) {
        case NAME: {
          while (i < stop && tokenByte[bytes[i]!] === 1) i++;
          if (i === stop) break;
          if (bytes[i] === COLON && i - base > this.#nameStart) {
            this.#nameEnd = i++ - base;
            phase = VALUE_SPACE;
            break;
          }
          if ((bytes[i] === SP || bytes[i] === HTAB) && this.#relaxes('space-before-colon')) {
            this.#nameEnd = i - base;
            phase = SPACE_BEFORE_COLON;
            break;
          }
          return this.#unexpected('ERR_HEADER', NAME, bytes, base, i);
        }
        case VALUE_SPACE: {
          while (i < stop && (bytes[i] === SP || bytes[i] === HTAB)) i++;
          if (i === stop) break;
          this.#valueStart = i - base;
          phase = VALUE;
          break;
        }
        case VALUE: {
          // Eight bytes a turn: 1.4 to 2 times the speed of one a turn on values of 50 bytes and more (bench/parse.ts).
          while (
            i + 8 <= stop &&
            (valueByte[bytes[i]!]! &
              valueByte[bytes[i + 1]!]! &
              valueByte[bytes[i + 2]!]! &
              valueByte[bytes[i + 3]!]! &
              valueByte[bytes[i + 4]!]! &
              valueByte[bytes[i + 5]!]! &
              valueByte[bytes[i + 6]!]! &
              valueByte[bytes[i + 7]!]!) ===
              1
          ) {
            i += 8;
          }
          while (i < stop && valueByte[bytes[i]!] === 1) i++;
          if (i === stop) break;
          if (bytes[i] !== CR && !(bytes[i] === LF && this.#relaxes('bare-lf'))) {
            return this.#unexpected('ERR_HEADER', VALUE, bytes, base, i);
          }
          let valueEnd = i;
          while (valueEnd > base + this.#valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB))
            valueEnd--;
          if (this.#fields >= this.#limits.headers) return this.#tooMany();
          const at = this.#fields++ * 4;
          offsets[at] = this.#nameStart;
          offsets[at + 1] = this.#nameEnd;
          offsets[at + 2] = this.#valueStart;
          offsets[at + 3] = valueEnd - base;
          phase = bytes[i++] === CR ? VALUE_LF : LINE;
          break;
        }
        case VALUE_LF:
        case START_LINE_LF: {
          if (byte !== LF)
            return this.#unexpected(phase === VALUE_LF ? 'ERR_HEADER' : 'ERR_START_LINE', phase, bytes, base, i);
          i++;
          phase = LINE;
          break;
        }
        case LINE: {
          if (tokenByte[byte] === 1) {
            this.#nameStart = i - base;
            phase = NAME;
            break;
          }
          if (byte === CR) {
            i++;
            phase = END_LF;
            break;
          }
          if (byte === LF && this.#relaxes('bare-lf')) {
            this.#at = i + 1 - base;
            return true;
          }
          if (byte === SP || byte === HTAB) {
            if (this.#fields === 0 && this.#kind !== 'trailers' && this.#relaxes('leading-whitespace')) {
              phase = SKIPPED_LINE; // read and not acted on (RFC 9112 §2.2)
              break;
            }
            if (this.#fields > 0 && this.#relaxes('obs-fold')) {
              const at = --this.#fields * 4;
              this.#valueStart = offsets[at + 2]!; // the field before this line goes on
              this.#folded = true;
              phase = VALUE;
              break;
            }
          }
          return this.#unexpected('ERR_HEADER', LINE, bytes, base, i);
        }
        case END_LF: {
          if (byte !== LF) return this.#unexpected('ERR_HEADER', END_LF, bytes, base, i);
          this.#at = i + 1 - base;
          return true;
        }
        case START: {
          if (this.#kind === 'response') {
            phase = STATUS_VERSION;
            break;
          }
          if (tokenByte[byte] === 1) {
            phase = METHOD;
            break;
          }
          // One empty line before a request-line is skipped (RFC 9112 §2.2).
          if (!this.#skippedEmptyLine && (byte === CR || (byte === LF && this.#relaxes('bare-lf')))) {
            this.#skippedEmptyLine = true;
            i++;
            this.#lineStart = i - base;
            if (byte === CR) phase = EMPTY_LINE_LF;
            break;
          }
          return this.#unexpected('ERR_START_LINE', METHOD, bytes, base, i);
        }
        case EMPTY_LINE_LF: {
          if (byte !== LF) return this.#unexpected('ERR_START_LINE', phase, bytes, base, i);
          i++;
          this.#lineStart = i - base;
          phase = START;
          break;
        }
        case METHOD: {
          const lineStop = Math.min(stop, base + this.#lineStart + this.#limits.startLineSize);
          while (i < lineStop && tokenByte[bytes[i]!] === 1) i++;
          if (i === stop) break;
          if (i === lineStop) return this.#lineTooLong();
          if (bytes[i] !== SP) return this.#unexpected('ERR_START_LINE', METHOD, bytes, base, i);
          this.#methodEnd = i++ - base;
          phase = TARGET;
          break;
        }
        case TARGET: {
          const lineStop = Math.min(stop, base + this.#lineStart + this.#limits.startLineSize);
          const allowed = this.#targetByte;
          while (i < lineStop && allowed[bytes[i]!] === 1) i++;
          if (i === stop) break;
          if (i === lineStop) return this.#lineTooLong();
          if (bytes[i] !== SP || i - base === this.#methodEnd + 1) {
            return this.#unexpected('ERR_START_LINE', TARGET, bytes, base, i);
          }
          this.#targetEnd = i++ - base;
          phase = REQUEST_VERSION;
          break;
        }
        case REQUEST_VERSION:
        case STATUS_VERSION: {
          const start = phase === REQUEST_VERSION ? this.#targetEnd + 1 : 0;
          const index = i - base - start;
          if (index < 8) {
            const wanted = version[index]!; // index < 8
            const digit = byte - 0x30;
            if (wanted < 0 ? digit < 0 || digit > 9 : byte !== wanted) {
              return this.#unexpected('ERR_START_LINE', phase, bytes, base, i);
            }
            if (index === 5) this.#major = digit;
            else if (index === 7) this.#minor = digit;
            i++;
            break;
          }
          const ends =
            phase === REQUEST_VERSION ? byte === CR || (byte === LF && this.#relaxes('bare-lf')) : byte === SP;
          if (!ends) return this.#unexpected('ERR_START_LINE', phase, bytes, base, i);
          if (this.#major !== 1) {
            return new RemoteProtocolError(
              'ERR_VERSION',
              `Cannot speak HTTP/${this.#major}.${this.#minor}: only HTTP/1.0 and HTTP/1.1`,
            );
          }
          if (phase === REQUEST_VERSION && i - base - this.#lineStart > this.#limits.startLineSize)
            return this.#lineTooLong();
          i++;
          if (phase === STATUS_VERSION) phase = STATUS;
          else phase = byte === CR ? START_LINE_LF : LINE;
          break;
        }
        case STATUS: {
          const digit = byte - 0x30;
          if (digit < (i - base === 9 ? 1 : 0) || digit > 9)
            return this.#unexpected('ERR_START_LINE', STATUS, bytes, base, i);
          if (i - base === 11) phase = REASON_SPACE;
          i++;
          break;
        }
        case REASON_SPACE: {
          // The space is there even before an empty reason (RFC 9112 §4); servers that leave it out along with the reason lose nothing.
          if (byte === SP) i++;
          else if (byte !== CR && byte !== LF) return this.#unexpected('ERR_START_LINE', REASON_SPACE, bytes, base, i);
          phase = REASON;
          this.#methodEnd = i - base; // where the reason begins
          break;
        }
        case REASON: {
          while (i < stop && valueByte[bytes[i]!] === 1) i++;
          if (i - base > this.#limits.startLineSize) return this.#lineTooLong();
          if (i === stop) break;
          if (bytes[i] !== CR && !(bytes[i] === LF && this.#relaxes('bare-lf'))) {
            return this.#unexpected('ERR_START_LINE', REASON, bytes, base, i);
          }
          this.#targetEnd = i - base; // where it ends
          phase = bytes[i++] === CR ? START_LINE_LF : LINE;
          break;
        }
        case SKIPPED_LINE: {
          while (i < stop && valueByte[bytes[i]!] === 1) i++;
          if (i === stop) break;
          if (bytes[i] === CR) phase = VALUE_LF;
          else if (bytes[i] === LF && this.#relaxes('bare-lf')) phase = LINE;
          else return this.#unexpected('ERR_HEADER', SKIPPED_LINE, bytes, base, i);
          i++;
          break;
        }
        default: {
          // SPACE_BEFORE_COLON
          while (i < stop && (bytes[i] === SP || bytes[i] === HTAB)) i++;
          if (i === stop) break;
          if (bytes[i] !== COLON) return this.#unexpected('ERR_HEADER', NAME, bytes, base, i);
          i++;
          phase = VALUE_SPACE;
        }
      }
    }
    this.#at = i - base;
    this.#phase = phase;
    return false;
  }

  /** Is it allowed? If so it has been used. */
  #relaxes(relaxation: Relaxation): boolean {
    if (!this.#relax.includes(relaxation)) return false;
    if (!this.relaxed.includes(relaxation)) this.relaxed = [...this.relaxed, relaxation];
    return true;
  }

  /** Makes strings of a complete section, and picks out the known fields. */
  #describe(bytes: Uint8Array, base: number): RemoteProtocolError | null {
    const text = decode(bytes, base, base + this.#at);
    const offsets = this.#offsets;
    const raw: string[] = [];
    this.#forgetKnown();
    for (let at = 0, end = this.#fields * 4; at < end; at += 4) {
      const nameStart = offsets[at]!; // four for each field, here and below
      const nameEnd = offsets[at + 1]!;
      const name = text.slice(nameStart, nameEnd);
      let value = text.slice(offsets[at + 2], offsets[at + 3]);
      if (this.#folded && value.includes('\n')) value = trimWhitespace(value.replace(/[\t ]*\r?\n[\t ]+/g, ' '));
      raw.push(name, value);
      // Lengths of the known names: host 4, expect 6, upgrade 7, connection and keep-alive 10, content-length 14, transfer-encoding 17.
      switch (nameEnd - nameStart) {
        case 4:
        case 6:
        case 7:
        case 10:
        case 14:
        case 17:
          this.#noteKnown(name, value);
      }
    }
    this.raw = raw;
    if (this.#kind === 'trailers') return this.#refuseForbidden();
    if (this.#relax.length > 0) {
      const mistake = this.#checkRelaxed(text);
      if (mistake !== null) return mistake;
    }
    this.version = this.#minor === 0 ? '1.0' : '1.1';
    if (this.#kept !== null) this.#kept(bytes.subarray(base + this.#lineStart, base + this.#at));
    if (this.#kind === 'response') {
      this.status = Number(text.slice(9, 12));
      this.reason = text.slice(this.#methodEnd, this.#targetEnd);
      return null;
    }
    this.method = text.slice(this.#lineStart, this.#methodEnd);
    this.target = text.slice(this.#methodEnd + 1, this.#targetEnd);
    return this.#checkRouting();
  }

  #forgetKnown(): void {
    this.host = null;
    this.hosts = 0;
    this.contentLength = null;
    this.transferEncoding = null;
    this.connection = null;
    this.expect = null;
    this.upgrade = null;
    this.keepAlive = null;
  }

  #noteKnown(name: string, value: string): void {
    switch (name.toLowerCase()) {
      case 'host':
        this.host = value;
        this.hosts++;
        break;
      case 'expect':
        this.expect = join(this.expect, value);
        break;
      case 'upgrade':
        this.upgrade = join(this.upgrade, value);
        break;
      case 'connection':
        this.connection = join(this.connection, value);
        break;
      case 'keep-alive':
        this.keepAlive = join(this.keepAlive, value);
        break;
      case 'content-length':
        this.contentLength = join(this.contentLength, value);
        break;
      case 'transfer-encoding':
        this.transferEncoding = join(this.transferEncoding, value);
    }
  }

  /** Host and request-target (RFC 9112 §3.2). */
  #checkRouting(): RemoteProtocolError | null {
    const { host, target, method } = this;
    if (this.hosts > 1)
      return new RemoteProtocolError('ERR_HEADER', 'Cannot route the request: more than one Host field');
    if (host === null) {
      if (this.version === '1.1' && !this.#relaxes('missing-host')) {
        return new RemoteProtocolError('ERR_HEADER', 'Cannot route the request: no Host field');
      }
    } else if (host !== this.#lastHost) {
      if (!isHost(host))
        return new RemoteProtocolError('ERR_HEADER', `Cannot route the request: invalid Host ${quote(host)}`);
      this.#lastHost = host;
    }
    if ((target.charCodeAt(0) !== 0x2f || method === 'CONNECT') && !isTarget(method, target)) {
      return new RemoteProtocolError(
        'ERR_START_LINE',
        `Cannot route the request: ${quote(target)} is no request-target for ${quote(method)}`,
      );
    }
    return null;
  }

  /** A relaxation never touches a field that frames the message: there it would be a way to smuggle. */
  #checkRelaxed(text: string): RemoteProtocolError | null {
    for (let at = 0; at < this.#fields * 4; at += 4) {
      const name = text.slice(this.#offsets[at], this.#offsets[at + 1]);
      const rest = text.slice(this.#offsets[at + 1], this.#offsets[at + 3]);
      if (!/^(?:content-length|transfer-encoding)$/i.test(name)) continue;
      if (!rest.startsWith(':') || rest.includes('\n')) {
        return new RemoteProtocolError('ERR_HEADER', `Cannot relax the syntax of ${name}, which frames the message`);
      }
    }
    return null;
  }

  /** Fields that frame or route have no place behind the body (RFC 9110 §6.5.1). */
  #refuseForbidden(): RemoteProtocolError | null {
    const forbidden =
      this.contentLength !== null ? 'Content-Length' : this.transferEncoding !== null ? 'Transfer-Encoding' : null;
    const name = forbidden ?? (this.hosts > 0 ? 'Host' : null);
    return name === null ? null : new RemoteProtocolError('ERR_HEADER', `Cannot accept ${name} as a trailer field`);
  }

  #unexpected(code: RemoteErrorCode, phase: number, bytes: Uint8Array, base: number, i: number): RemoteProtocolError {
    const byte = bytes[i]!; // i is where the scan stopped, before its end
    const shown =
      byte > SP && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `0x${byte.toString(16).padStart(2, '0')}`;
    const where = this.#kind === 'trailers' ? 'trailer section' : 'head';
    return new RemoteProtocolError(
      code,
      `Cannot parse ${phaseNames[phase]}: unexpected ${shown} at byte ${i - base} of the ${where}`,
    );
  }

  #tooLarge(size: number): RemoteProtocolError {
    if (this.#phase === TARGET || this.#phase === METHOD) return this.#lineTooLong();
    const what = this.#kind === 'trailers' ? 'trailer section' : 'head';
    return new RemoteProtocolError('ERR_HEAD_SIZE', `Cannot accept the ${what}: larger than ${size} bytes`);
  }

  #tooMany(): RemoteProtocolError {
    return new RemoteProtocolError('ERR_HEAD_SIZE', `Cannot accept the fields: more than ${this.#limits.headers}`);
  }

  #lineTooLong(): RemoteProtocolError {
    const message = `Cannot accept the start-line: longer than ${Math.min(this.#limits.startLineSize, this.#limits.headSize)} bytes`;
    return new RemoteProtocolError('ERR_HEAD_SIZE', message, { status: this.#kind === 'request' ? 414 : 431 });
  }
}

function join(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}
