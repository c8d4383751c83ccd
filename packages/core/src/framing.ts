// Where a message body ends, received (RFC 9112 §6.3) and sent (RFC 9112 §6.1, RFC 9110 §8.6). Pure: fields in, framing out.
// Knows nothing of connections or bytes.

import { LocalProtocolError, RemoteProtocolError } from './errors.ts';
import { type Framing, isToken, quote, trimWhitespace } from './message.ts';

/** How a body is delimited. `size` is its length in bytes where the framing is 'length', else 0; `contentLength` is what the field said. */
export interface Framed {
  readonly framing: Framing;
  readonly size: number;
  readonly contentLength: number | null;
}

interface FramingFields {
  readonly contentLength: string | null;
  readonly transferEncoding: string | null;
}

/** Nothing is sent, and nothing said of it. */
const nothingSent: SentFraming = { framing: 'none', size: 0, field: '' };
const noBody: Framed = { framing: 'none', size: 0, contentLength: null };
const chunked: Framed = { framing: 'chunked', size: 0, contentLength: null };
const untilClose: Framed = { framing: 'until-close', size: 0, contentLength: null };

/** The framing of a request as received (RFC 9112 §6.3, rules 3, 4, 5, 6 and 7). */
export function requestFraming(
  method: string,
  version: '1.0' | '1.1',
  fields: FramingFields,
): Framed | RemoteProtocolError {
  if (fields.transferEncoding === null && fields.contentLength === null) return noBody;
  if (method === 'CONNECT') {
    // What follows is the tunnel's; content has no meaning here and two readings of its end (RFC 9110 §9.3.6).
    return new RemoteProtocolError('ERR_FRAMING', 'Cannot frame the request: CONNECT has no content');
  }
  return statedFraming(version, fields);
}

/** The framing of a response as received, which depends on what was asked (RFC 9112 §6.3). */
export function responseFraming(
  method: string,
  status: number,
  version: '1.0' | '1.1',
  fields: FramingFields,
): Framed | RemoteProtocolError {
  if (method === 'CONNECT' && status >= 200 && status < 300) return noBody; // its fields MUST be ignored: RFC 9110 §9.3.6
  const stated = statedFraming(version, fields);
  const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  if (stated instanceof RemoteProtocolError) {
    // Where nothing follows the head there is nothing to decode (RFC 9112 §6.1); what is ambiguous is refused even there.
    return bodiless && stated.code === 'ERR_CODING' ? noBody : stated;
  }
  if (bodiless) {
    return { framing: 'none', size: 0, contentLength: stated.contentLength };
  }
  return stated.framing === 'none' ? untilClose : stated;
}

function statedFraming(version: '1.0' | '1.1', fields: FramingFields): Framed | RemoteProtocolError {
  const { transferEncoding, contentLength } = fields;
  if (transferEncoding === null) return contentLength === null ? noBody : lengthFraming(contentLength);
  if (contentLength !== null) {
    // Either reading of the two can smuggle (RFC 9112 §6.1).
    return new RemoteProtocolError(
      'ERR_FRAMING',
      'Cannot frame the message: both Transfer-Encoding and Content-Length',
    );
  }
  if (version === '1.0') {
    return new RemoteProtocolError('ERR_FRAMING', 'Cannot frame the message: Transfer-Encoding in HTTP/1.0');
  }
  if (transferEncoding === 'chunked') return chunked;
  return codedFraming(transferEncoding);
}

/** Anything but a lone "chunked": to name the mistake, since no other coding is understood. */
function codedFraming(transferEncoding: string): Framed | RemoteProtocolError {
  const codings = transferEncoding.split(',').map((coding) => trimWhitespace(coding).toLowerCase());
  if (codings.length === 1 && codings[0] === 'chunked') return chunked;
  const before = codings.slice(0, -1);
  if (codings.at(-1) !== 'chunked') {
    return new RemoteProtocolError(
      'ERR_FRAMING',
      `Cannot frame the message: chunked is not the last of ${quote(transferEncoding)}`,
    );
  }
  if (before.includes('chunked') || !before.every((coding) => isToken(coding.split(';', 1)[0] ?? ''))) {
    return new RemoteProtocolError(
      'ERR_FRAMING',
      `Cannot frame the message: malformed Transfer-Encoding ${quote(transferEncoding)}`,
    );
  }
  return new RemoteProtocolError(
    'ERR_CODING',
    `Cannot decode the message: Transfer-Encoding ${quote(transferEncoding)}`,
  );
}

// Sixteen digits hold 2^53 - 1, above which sizes would lose precision (RFC 9110 §8.6).
const decimal = /^[0-9]{1,16}$/;

/** A Content-Length as a number of bytes; null if it is malformed, repeated, or beyond 2^53 - 1. */
export function parseLength(value: string): number | null {
  if (!decimal.test(value)) return null;
  const size = Number(value);
  return Number.isSafeInteger(size) ? size : null;
}

function lengthFraming(value: string): Framed | RemoteProtocolError {
  const size = parseLength(value);
  if (size === null) {
    return new RemoteProtocolError('ERR_FRAMING', `Cannot frame the message: invalid Content-Length ${quote(value)}`);
  }
  return { framing: 'length', size, contentLength: size };
}

/** What is asked of the body of a message that is to be sent. */
export interface BodyPlan {
  /** Its size in bytes if it is given whole, null if it will be written piece by piece. */
  readonly size: number | null;
  /** What the caller's own fields say. */
  readonly contentLength: number | null;
  readonly transferEncoding: string | null;
  /** The version that the peer is known to understand. */
  readonly peer: '1.0' | '1.1';
  /** The caller gave a body, if only an empty one. */
  readonly given?: boolean;
}

/** How to send a body, and the field line that has to be added to say so. */
export interface SentFraming {
  readonly framing: Framing;
  readonly size: number;
  readonly field: string;
}

/** How to frame a request (RFC 9112 §6.1, §6.3). Throws ERR_HEAD where the caller's fields contradict the body. */
export function sendRequestFraming(method: string, plan: BodyPlan): SentFraming {
  const empty = plan.size === 0 && plan.contentLength === null && plan.given !== true;
  if (method === 'CONNECT' || method === 'TRACE') {
    if (!empty || plan.transferEncoding !== null)
      throw new LocalProtocolError('ERR_HEAD', `Cannot send ${method} with content`);
    return nothingSent;
  }
  if (empty && plan.transferEncoding === null) {
    // Methods that anticipate content say that there is none (RFC 9110 §8.6).
    const says = method === 'POST' || method === 'PUT' || method === 'PATCH';
    return { framing: 'none', size: 0, field: says ? 'Content-Length: 0\r\n' : '' };
  }
  const framing = sendFraming(plan.size, plan.contentLength, plan.transferEncoding, plan.peer);
  if (framing.framing !== 'until-close') return framing;
  throw new LocalProtocolError('ERR_HEAD', 'Cannot send a body of unknown length to an HTTP/1.0 server'); // RFC 9112 §6.1
}

/**
 * How to frame a response to a request of that method (RFC 9112 §6.3). `size` null for a body that comes later, undefined where
 * the caller gave no body at all. Throws ERR_HEAD where the caller's fields contradict the body.
 */
export function sendResponseFraming(
  method: string,
  status: number,
  plan: Omit<BodyPlan, 'size'> & { readonly size: number | null | undefined },
): SentFraming {
  const { size = 0, contentLength, transferEncoding, peer } = plan;
  const tunnel = status === 101 || (method === 'CONNECT' && status < 300);
  if (tunnel || status === 204 || status === 304) {
    if (size !== null && size > 0) throw new LocalProtocolError('ERR_HEAD', `Cannot send a body with status ${status}`);
    if (transferEncoding !== null || (contentLength !== null && status !== 304)) {
      throw new LocalProtocolError('ERR_HEAD', `Cannot send framing fields with status ${status}`);
    }
    return nothingSent;
  }
  if (status === 205) {
    // A reset has no content (RFC 9110 §15.3.6), and says so.
    if ((size !== null && size > 0) || transferEncoding !== null || (contentLength !== null && contentLength > 0)) {
      throw new LocalProtocolError('ERR_HEAD', 'Cannot send a body with status 205');
    }
    return { framing: 'length', size: 0, field: contentLength === null ? 'Content-Length: 0\r\n' : '' };
  }
  if (method === 'HEAD') {
    // The fields that GET would have, and no body. Without one to measure, its length stays unsaid.
    const unmeasured = plan.size === undefined && transferEncoding === null;
    const field = unmeasured ? '' : sendFraming(size, contentLength, transferEncoding, peer).field;
    return { framing: 'none', size: 0, field };
  }
  return sendFraming(size, contentLength, transferEncoding, peer);
}

function sendFraming(
  size: number | null,
  contentLength: number | null,
  transferEncoding: string | null,
  peer: '1.0' | '1.1',
): SentFraming {
  if (transferEncoding !== null) {
    const allowed =
      size === null && contentLength === null && peer === '1.1' && transferEncoding.toLowerCase() === 'chunked';
    if (!allowed)
      throw new LocalProtocolError('ERR_HEAD', `Cannot send Transfer-Encoding ${quote(transferEncoding)} here`);
    return { framing: 'chunked', size: 0, field: '' };
  }
  if (contentLength !== null) {
    if (size !== null && size !== contentLength) {
      throw new LocalProtocolError(
        'ERR_HEAD',
        `Cannot send Content-Length ${contentLength} with a body of ${size} bytes`,
      );
    }
    return { framing: 'length', size: contentLength, field: '' };
  }
  if (size !== null) return { framing: 'length', size, field: `Content-Length: ${size}\r\n` };
  if (peer === '1.1') return { framing: 'chunked', size: 0, field: 'Transfer-Encoding: chunked\r\n' };
  return { framing: 'until-close', size: 0, field: '' };
}
