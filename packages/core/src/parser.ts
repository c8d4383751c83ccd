// Bytes to heads and trailer sections: one scan, one decode of the whole, fields sliced from it (RFC 9112 §3 to §5). Keeps the
// beginning of a section that has not all come. What a head means (framing, persistence) is decided by who reads its fields here.

import { RemoteProtocolError } from './errors.ts';
import type { Input } from './input.ts';
import { isHost, isTarget, quote, type Relaxation, trimWhitespace } from './message.ts';
import { byteClass, COLON } from './octets.ts';
import { type HeadLimits, type Kind, noLimits, noRelaxations, Scanner } from './scanner.ts';
import { decode } from './text.ts';

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

const none: readonly string[] = [];
// A head that is cut is copied, and with it what has come behind it, but no more at a time than doubles it, or than most heads have in all: GETs
// of 703 B in packets of 1,460 take 0.84 of the time (npm run bench -- parse, Node 20, 2026-11).
const likelySize = 512;

// Most sections come in one go, and what is to be known of one is soon known: so connections lend each other a reader, and an idle one has
// none, which takes it from 690 B to 485 (npm run bench -- memory). Whoever borrows while another is lent, such as from a second opinion's call, gets a new one.
let spare: HeadReader | null = null;

/** A reader at the beginning of a head or trailer section. `kept`, if given, is shown the bytes of a complete head. */
export function borrowReader(
  kind: Kind,
  limits: HeadLimits,
  relax: readonly Relaxation[] = noRelaxations,
  kept: ((head: Uint8Array) => void) | null = null,
): HeadReader {
  const reader = spare ?? new HeadReader();
  spare = null;
  reader.begin(kind, limits, relax, kept);
  return reader;
}

/** Done with a section, and with what the reader says of it. */
export function giveBack(reader: HeadReader): void {
  reader.forget();
  spare = reader;
}

/** Reads one head or trailer section. When `read` has said true, the fields of this object describe it until it is given back. */
export class HeadReader implements KnownFields {
  method = '';
  target = '';
  status = 0;
  reason = '';
  version: '1.0' | '1.1' = '1.1';
  raw: readonly string[] = none;
  /** The relaxations that the last section needed. */
  relaxed: readonly Relaxation[] = noRelaxations;
  host: string | null = null;
  hosts = 0;
  contentLength: string | null = null;
  transferEncoding: string | null = null;
  connection: string | null = null;
  expect: string | null = null;
  upgrade: string | null = null;
  keepAlive: string | null = null;

  readonly #scanner: Scanner = new Scanner();
  #limits: HeadLimits = noLimits;
  #relax: readonly Relaxation[] = noRelaxations;
  #kept: ((head: Uint8Array) => void) | null = null;
  /** The beginning of a section whose end has not come. */
  #carry: Uint8Array | null = null;
  #carried = 0;
  /** Host is a name or an address of ordinary characters, with or without a port. */
  #plainHost = false;

  /** Turns to a new section. */
  begin(kind: Kind, limits: HeadLimits, relax: readonly Relaxation[], kept: ((head: Uint8Array) => void) | null): void {
    this.#limits = limits;
    this.#relax = relax;
    this.#kept = kept;
    this.#scanner.begin(kind, limits, relax);
  }

  /** Has a byte of the section been seen, other than of an empty line before it? */
  get started(): boolean {
    return this.#scanner.started;
  }

  /** Reads on: true when a section is complete, false when more bytes are needed, or what is wrong with it. */
  read(input: Input): boolean | RemoteProtocolError {
    const scanner = this.#scanner;
    const { headSize, trailerSize } = this.#limits;
    const size = scanner.kind === 'trailers' ? Math.min(trailerSize, headSize) : headSize;
    while (input.fill()) {
      let { bytes, at: base } = input;
      let end = bytes.length;
      // What was carried over is always an unfinished beginning, so the section ends among the bytes that come now.
      if (this.#carried > 0) {
        const more = Math.min(end - base, size - this.#carried, Math.max(this.#carried, likelySize));
        bytes = this.#carryOver(bytes, base, more, size);
        base = 0;
        end = this.#carried + more;
      }
      const done = scanner.scan(bytes, base, Math.min(end, base + size));
      if (done === true) {
        const mistake = this.#describe(scanner, bytes, base);
        input.skip(scanner.at - this.#carried);
        this.relaxed = scanner.relaxed;
        return mistake ?? true;
      }
      if (done !== false) return done;
      if (end - base >= size) return scanner.tooLarge(size);
      if (this.#carried === 0) this.#carryOver(bytes, base, end - base, size);
      input.skip(end - base - this.#carried);
      this.#carried = end - base;
    }
    return false;
  }

  /** Appends `size` bytes to what is carried over. Grows by doubling up to `most`, so a head that drips in costs time in proportion to its size. */
  #carryOver(bytes: Uint8Array, from: number, size: number, most: number): Uint8Array {
    const needed = this.#carried + size;
    let carry = this.#carry;
    if (carry === null || carry.length < needed) {
      const grown = new Uint8Array(Math.min(most, Math.max(likelySize * 2, needed * 2)));
      if (carry !== null) grown.set(carry.subarray(0, this.#carried));
      carry = grown;
      this.#carry = carry;
    }
    carry.set(bytes.subarray(from, from + size), this.#carried);
    return carry;
  }

  /** Makes strings of a complete section, and picks out the known fields. */
  #describe(scanner: Scanner, bytes: Uint8Array, base: number): RemoteProtocolError | null {
    const { at: size, offsets, fields, folded, kind, lineStart, methodEnd, targetEnd } = scanner;
    const text = decode(bytes, base, base + size);
    const raw: string[] = new Array(fields * 2);
    for (let at = 0, end = fields * 4, to = 0; at < end; at += 4, to += 2) {
      const nameStart = offsets[at]!; // four for each field, here and below
      const nameEnd = offsets[at + 1]!;
      const name = text.slice(nameStart, nameEnd);
      let value = text.slice(offsets[at + 2], offsets[at + 3]);
      if (folded && value.includes('\n')) value = trimWhitespace(value.split(/\r?\n/).map(trimWhitespace).join(' '));
      raw[to] = name;
      raw[to + 1] = value;
      // Lengths of the known names: host 4, expect 6, upgrade 7, connection and keep-alive 10, content-length 14, transfer-encoding 17.
      switch (nameEnd - nameStart) {
        case 4:
        case 6:
        case 7:
        case 10:
        case 14:
        case 17:
          this.#noteKnown(offsets, bytes, base, at, value);
      }
    }
    this.raw = raw;
    if (kind === 'trailers') return this.#refuseForbidden();
    const relaxes = this.#relax.length > 0;
    if (relaxes) {
      const mistake = checkRelaxed(scanner, text);
      if (mistake !== null) return mistake;
    }
    this.version = scanner.minor === 0 ? '1.0' : '1.1';
    if (this.#kept !== null) this.#kept(bytes.subarray(base + lineStart, base + size));
    if (kind === 'response') {
      // Three digits behind "HTTP/1.x ", as the scan has made sure.
      this.status = bytes[base + 9]! * 100 + bytes[base + 10]! * 10 + bytes[base + 11]! - 5328; // 111 times the code of 0
      this.reason = text.slice(methodEnd, targetEnd);
      return null;
    }
    this.method = text.slice(lineStart, methodEnd);
    this.target = text.slice(methodEnd + 1, targetEnd);
    if (relaxes && /[\x80-\xff]/.test(this.target)) scanner.relaxes('non-ascii-target');
    return this.#checkRouting(scanner);
  }

  /** Lets go of the section, all of whose bytes its strings may keep, and of its beginning. */
  forget(): void {
    this.raw = none;
    this.method = '';
    this.target = '';
    this.reason = '';
    this.#kept = null;
    this.#carry = null;
    this.#carried = 0;
    this.host = null;
    this.hosts = 0;
    this.contentLength = null;
    this.transferEncoding = null;
    this.connection = null;
    this.expect = null;
    this.upgrade = null;
    this.keepAlive = null;
  }

  /** Takes note of the field whose offsets are at `entry`, if its name is one of the known ones. */
  #noteKnown(offsets: Int32Array, bytes: Uint8Array, base: number, entry: number, value: string): void {
    const at = base + offsets[entry]!; // an entry has four offsets
    switch (base + offsets[entry + 1]! - at) {
      case 4:
        if (!isName(bytes, at, hostName)) return;
        this.host = value;
        this.hosts++;
        this.#plainHost = isPlainHost(bytes, base + offsets[entry + 2]!, base + offsets[entry + 3]!);
        return;
      case 6:
        if (isName(bytes, at, expectName)) this.expect = join(this.expect, value);
        return;
      case 7:
        if (isName(bytes, at, upgradeName)) this.upgrade = join(this.upgrade, value);
        return;
      case 10:
        if (isName(bytes, at, connectionName)) this.connection = join(this.connection, value);
        else if (isName(bytes, at, keepAliveName)) this.keepAlive = join(this.keepAlive, value);
        return;
      case 14:
        if (isName(bytes, at, contentLengthName)) this.contentLength = join(this.contentLength, value);
        return;
      default:
        if (isName(bytes, at, transferEncodingName)) this.transferEncoding = join(this.transferEncoding, value);
    }
  }

  /** Host and request-target (RFC 9112 §3.2). */
  #checkRouting(scanner: Scanner): RemoteProtocolError | null {
    const { host, target, method } = this;
    if (this.hosts > 1)
      return new RemoteProtocolError('ERR_HEADER', 'Cannot route the request: more than one Host field');
    if (host === null) {
      if (this.version === '1.1' && !scanner.relaxes('missing-host')) {
        return new RemoteProtocolError('ERR_HEADER', 'Cannot route the request: no Host field');
      }
    } else if (!this.#plainHost && !isHost(host)) {
      return new RemoteProtocolError('ERR_HEADER', `Cannot route the request: invalid Host ${quote(host)}`);
    }
    if (!isTarget(method, target)) {
      return new RemoteProtocolError(
        'ERR_START_LINE',
        `Cannot route the request: ${quote(target)} is no request-target for ${quote(method)}`,
      );
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
}

const untouchable = /^(?:content-length|transfer-encoding|host|connection|upgrade|expect|keep-alive)$/i;

/** A relaxation never touches a field that frames or routes the message, or that the core acts on otherwise: there it would be a way to smuggle. */
function checkRelaxed({ offsets, fields }: Scanner, text: string): RemoteProtocolError | null {
  for (let at = 0; at < fields * 4; at += 4) {
    const name = text.slice(offsets[at], offsets[at + 1]);
    const rest = text.slice(offsets[at + 1], offsets[at + 3]);
    if (!untouchable.test(name)) continue;
    if (!rest.startsWith(':') || rest.includes('\n')) {
      return new RemoteProtocolError('ERR_HEADER', `Cannot relax the syntax of ${name}`);
    }
  }
  return null;
}

function join(before: string | null, value: string): string {
  return before === null ? value : `${before}, ${value}`;
}

const plainHostByte = byteClass((byte) => /[0-9A-Za-z.-]/.test(String.fromCharCode(byte)));

/** One or more letters, digits, dots and hyphens, and a port or none: what nearly every Host is, for a tenth of isHost's price. */
function isPlainHost(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start;
  while (i < end && plainHostByte[bytes[i]!] === 1) i++;
  if (i === start) return false;
  if (i < end && bytes[i] === COLON)
    do i++;
    while (i < end && bytes[i]! >= 0x30 && bytes[i]! <= 0x39);
  return i === end;
}

const hostName = lowerCase('host');
const expectName = lowerCase('expect');
const upgradeName = lowerCase('upgrade');
const connectionName = lowerCase('connection');
const keepAliveName = lowerCase('keep-alive');
const contentLengthName = lowerCase('content-length');
const transferEncodingName = lowerCase('transfer-encoding');

function lowerCase(name: string): Uint8Array {
  return Uint8Array.from([...name], (character) => character.charCodeAt(0));
}

/**
 * Is that the field name at `at`, in any case? It is a token as long as the name. Setting the bit that tells cases apart turns no other
 * byte of a token into a letter or a hyphen.
 */
function isName(bytes: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if ((bytes[at + i]! | 0x20) !== name[i]) return false; // a name of that length is there
  return true;
}
