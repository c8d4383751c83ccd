// Messages to text: start-lines, fields, chunk heads and trailers (RFC 9112 §3 to §7). Refuses whatever could end a line or a
// field early; throws before anything is written. Knows nothing of connections; framing is decided elsewhere and handed in.

import { LocalProtocolError } from './errors.ts';
import { parseLength } from './framing.ts';
import {
  type HeaderPairs,
  isFieldValue,
  isHost,
  isTarget,
  isToken,
  listElements,
  quote,
  reasonOf,
  trimWhitespace,
} from './message.ts';
import { type ConnectionOptions, connectionOptions } from './persistence.ts';
import { decode, encode } from './text.ts';

/** The caller's fields, checked and written out, with what the core itself has to know of them. */
export interface ComposedFields {
  /** The lines up to the place of the Connection field, and those behind it. */
  readonly before: string;
  readonly after: string;
  /** The caller's Connection field: its name as written and its elements. */
  readonly connectionName: string;
  readonly connection: string | null;
  readonly options: ConnectionOptions;
  readonly contentLength: number | null;
  readonly transferEncoding: string | null;
  readonly hosts: number;
  /** The last of them. */
  readonly host: string;
  readonly expectContinue: boolean;
  /** The caller's Upgrade field, several of them joined. */
  readonly upgrade: string | null;
}

const noOptions = connectionOptions(null);
const noFields: ComposedFields = {
  before: '',
  after: '',
  connectionName: 'Connection',
  connection: null,
  options: noOptions,
  contentLength: null,
  transferEncoding: null,
  hosts: 0,
  host: '',
  expectContinue: false,
  upgrade: null,
};

/** Checks and writes out the fields of a head. Throws ERR_HEAD. */
export function composeFields(headers: HeaderPairs | undefined): ComposedFields {
  if (headers === undefined) return noFields;
  let before = '';
  let after = '';
  let connectionName = 'Connection';
  let connection: string | null = null;
  let contentLength: number | null = null;
  let transferEncoding: string | null = null;
  let hosts = 0;
  let host = '';
  let expectContinue = false;
  let upgrade: string | null = null;
  let te = false;
  for (const [name, given] of pairsOf(headers)) {
    const kept = keptLine(name, given);
    if (kept !== null) {
      if (connection === null) before += kept.line;
      else after += kept.line;
      if (kept.isHost) {
        hosts++;
        host = kept.given;
      }
      continue;
    }
    const value = checkField(name, given);
    const known = knownName(name);
    if (known === 'connection') {
      if (connection === null) connectionName = name;
      connection = connection === null ? value : `${connection}, ${value}`;
      continue; // written when it is known what must be added
    }
    if (known === 'content-length') {
      if (contentLength !== null) throw new LocalProtocolError('ERR_HEAD', 'Cannot send more than one Content-Length');
      contentLength = parseLength(value);
      if (contentLength === null)
        throw new LocalProtocolError('ERR_HEAD', `Cannot send Content-Length ${quote(value)}`);
    } else if (known === 'transfer-encoding') {
      transferEncoding = transferEncoding === null ? value : `${transferEncoding}, ${value}`;
    } else if (known === 'host') {
      if (!isHost(value)) throw new LocalProtocolError('ERR_HEAD', `Cannot send Host ${quote(value)}`);
      hosts++;
      host = value;
    } else if (known === 'expect') {
      expectContinue ||= listElements(value).includes('100-continue');
    } else if (known === 'upgrade') {
      upgrade = upgrade === null ? value : `${upgrade}, ${value}`;
    } else if (known === 'te') {
      if (listElements(value).some((coding) => /^chunked(?:$|[\t ;])/.test(coding)))
        throw new LocalProtocolError('ERR_HEAD', 'Cannot send chunked in TE, where it always is'); // RFC 9112 §7.4
      te = true;
    }
    const line = `${name}: ${value}\r\n`;
    if (connection === null) before += line;
    else after += line;
    if (known === null || (known === 'host' && value === given)) keepLine(name, given, line, known !== null);
  }
  const options = connection === null ? noOptions : readConnection(connection);
  // Whoever sends the one must send the other (RFC 9110 §7.8, §10.1.4).
  if (upgrade !== null && !options.upgrade)
    throw new LocalProtocolError('ERR_HEAD', 'Cannot send Upgrade without Connection: upgrade');
  if (te && !listElements(connection ?? '').includes('te'))
    throw new LocalProtocolError('ERR_HEAD', 'Cannot send TE without Connection: TE');
  return {
    before,
    after,
    connectionName,
    connection,
    options,
    contentLength,
    transferEncoding,
    hosts,
    host,
    expectContinue,
    upgrade,
  };
}

// Whoever obeys a Connection field removes what it names, and these say where a message ends and whom it is for (RFC 9110 §7.6.1).
const endToEnd: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'host']);

function readConnection(connection: string): ConnectionOptions {
  for (const element of listElements(connection)) {
    if (isToken(element) && !endToEnd.has(element)) continue;
    throw new LocalProtocolError('ERR_HEAD', `Cannot send the connection option ${quote(element)}`);
  }
  return connectionOptions(connection);
}

/** The last field line of a name that was kept. */
interface KeptLine {
  given: string;
  line: string;
  readonly isHost: boolean;
  /** It has been sent again. */
  used: boolean;
  /** How many others of that name are let pass before one of them takes its place, and how many that was the last time. */
  pause: number;
  paused: number;
}

// Most fields say the same in one message after another. The last line of each name that frames and switches nothing is kept, once it
// has been checked: two fields of a response cost 46 ns in place of 170 (Node 20, 2026-11). Few and short ones, no slices
// of what somebody else holds, and none that is a secret. A name whose value is never the same twice is kept ever more rarely.
const keptLines = new Map<string, KeptLine>();
const mostKept = 128;
const longestKept = 256;
const longestPause = 63;
const secrets: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization', 'set-cookie']);

/** That field, if it is the one that was kept. */
function keptLine(name: string, given: string): KeptLine | null {
  const kept = keptLines.get(name);
  if (kept === undefined || kept.given !== given) return null;
  kept.used = true;
  return kept;
}

function keepLine(name: string, given: string, line: string, isHost: boolean): void {
  if (line.length > longestKept || given.length > longestKept) return;
  const kept = keptLines.get(name);
  if (kept === undefined) {
    if (keptLines.size >= mostKept || secrets.has(name.toLowerCase())) return;
    keptLines.set(copyOf(name), { given: copyOf(given), line: copyOf(line), isHost, used: false, pause: 0, paused: 0 });
    return;
  }
  if (kept.pause > 0) {
    kept.pause--;
    return;
  }
  kept.paused = kept.used ? 0 : Math.min(kept.paused * 2 + 1, longestPause);
  kept.pause = kept.paused;
  kept.used = false;
  kept.given = copyOf(given);
  kept.line = copyOf(line);
}

/** The same text, without the longer one that it may be a slice of. */
function copyOf(text: string): string {
  const bytes = encode(text);
  return decode(bytes, 0, bytes.length);
}

function checkField(name: string, given: string): string {
  if (typeof name !== 'string' || !isToken(name))
    throw new LocalProtocolError('ERR_HEAD', `Cannot send the field name ${show(name)}`);
  if (typeof given !== 'string' || !isFieldValue(given)) {
    throw new LocalProtocolError('ERR_HEAD', `Cannot send the value of ${name}: ${show(given)}`);
  }
  return trimWhitespace(given);
}

/** What the caller gave, which may be anything. */
function show(given: unknown): string {
  return typeof given === 'string' ? quote(given) : `of type ${typeof given}`;
}

/** Types do not keep callers from giving an object of names and values, or null. */
function pairsOf(headers: HeaderPairs): HeaderPairs {
  if (typeof headers?.[Symbol.iterator] === 'function') return headers;
  throw new LocalProtocolError('ERR_HEAD', 'Cannot send the fields: they are no iterable of pairs');
}

const knownNames: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** The name in lower case if the core acts on the field. Lengths first: most are told apart without making their lower case. */
function knownName(name: string): string | null {
  switch (name.length) {
    case 2:
    case 4:
    case 6:
    case 7:
    case 10:
    case 14:
    case 17: {
      const lower = name.toLowerCase();
      return knownNames.has(lower) ? lower : null;
    }
    default:
      return null;
  }
}

/** The fields in their order, with the Connection field that is owed (RFC 9110 §7.6.1) and the framing field that is missing. */
export function finishFields(
  fields: ComposedFields,
  owed: 'close' | 'keep-alive' | null,
  framingField: string,
): string {
  const { before, after, connection, connectionName } = fields;
  if (connection === null) {
    if (owed === null) return `${before}${framingField}\r\n`;
    return `${before}${framingField}${owed === 'close' ? 'Connection: close' : 'Connection: keep-alive'}\r\n\r\n`;
  }
  const agrees = owed === 'close' ? !fields.options.keepAlive : !fields.options.close || owed === null;
  const kept = agrees ? connection : withoutPersistence(connection);
  const said = owed === null || (agrees && (owed === 'close' ? fields.options.close : fields.options.keepAlive));
  const value = said ? kept : kept === '' ? owed : `${kept}, ${owed}`;
  return `${before}${connectionName}: ${value}\r\n${after}${framingField}\r\n`;
}

function withoutPersistence(connection: string): string {
  const others = connection
    .split(',')
    .map(trimWhitespace)
    .filter((option) => !/^(?:close|keep-alive|)$/i.test(option));
  return others.join(', ');
}

// Good as they stand, and nearly all that is ever sent.
const plainMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);

/** The request-line. Throws ERR_HEAD for a method or a target that cannot stand in one (RFC 9112 §3). */
export function composeRequestLine(method: string, target: string): string {
  if (!plainMethods.has(method)) checkMethod(method);
  if (typeof target !== 'string' || !/^[!-"$-~]+$/.test(target) || !isTarget(method, target)) {
    throw new LocalProtocolError('ERR_HEAD', `Cannot send the request-target ${show(target)} with ${method}`);
  }
  return `${method} ${target} HTTP/1.1\r\n`;
}

function checkMethod(method: string): void {
  if (typeof method !== 'string' || !isToken(method))
    throw new LocalProtocolError('ERR_HEAD', `Cannot send the method ${show(method)}`);
  // Its response would have a body or none by the case that the peer takes for the same (RFC 9110 §9.1).
  if (/^(?:head|connect)$/i.test(method) && method !== 'HEAD' && method !== 'CONNECT')
    throw new LocalProtocolError('ERR_HEAD', `Cannot send the method ${quote(method)}: write it in capitals`);
}

const statusLines: (Uint8Array | undefined)[] = [];

/** The status line. Throws ERR_HEAD for a status outside `least` to 999, or a reason that cannot stand in one (RFC 9112 §4). */
export function composeStatusLine(status: number, reason: string | undefined, least: number): Uint8Array {
  if (!Number.isInteger(status) || status < least || status > 999) {
    throw new LocalProtocolError(
      'ERR_HEAD',
      `Cannot send the status code ${typeof status === 'number' ? status : show(status)}`,
    );
  }
  if (reason !== undefined) {
    if (typeof reason !== 'string' || !isFieldValue(reason))
      throw new LocalProtocolError('ERR_HEAD', `Cannot send the reason ${show(reason)}`);
    return encode(`HTTP/1.1 ${status} ${reason}\r\n`);
  }
  let line = statusLines[status];
  if (line === undefined) {
    line = encode(`HTTP/1.1 ${status} ${reasonOf(status)}\r\n`);
    statusLines[status] = line;
  }
  return line;
}

// Fields that frame, route, authenticate or say how to read the content, which must be known before it (RFC 9110 §6.5.1).
const forbiddenTrailers: ReadonlySet<string> = new Set([
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
]);

/** The trailer section without its last line. Throws ERR_HEAD for a field that may not be in one. */
export function composeTrailers(trailers: HeaderPairs | undefined): string {
  if (trailers === undefined) return '';
  let lines = '';
  for (const [name, given] of pairsOf(trailers)) {
    const value = checkField(name, given);
    if (forbiddenTrailers.has(name.toLowerCase()))
      throw new LocalProtocolError('ERR_HEAD', `Cannot send ${name} as a trailer field`);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}
