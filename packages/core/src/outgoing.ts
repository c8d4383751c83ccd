// Messages of ours, checked and written out before anything changes: what a head says, how its body is framed, and what it means for
// the connection (RFC 9112 §6, §9). Pure; throws LocalProtocolError.

import { LocalProtocolError } from './errors.ts';
import { type SentFraming, sendRequestFraming, sendResponseFraming } from './framing.ts';
import {
  answersUpgrade,
  authorityOf,
  isIdempotent,
  listElements,
  type OutgoingRequest,
  type OutgoingResponse,
  quote,
} from './message.ts';
import { isBytes } from './octets.ts';
import type { Queued } from './pipeline.ts';
import {
  type ComposedFields,
  composeFields,
  composeRequestLine,
  composeStatusLine,
  finishFields,
} from './serializer.ts';

/** A request that has been checked, and how it will go out. */
export interface PreparedRequest extends Queued {
  readonly method: string;
  /** The whole head. */
  readonly head: string;
  readonly framing: SentFraming;
  readonly body: Uint8Array | null;
  /** Its body follows by write(). */
  readonly streamed: boolean;
  /** It says that the connection closes behind it. */
  readonly closes: boolean;
  /** The protocols that it asks for, or null. */
  readonly upgrade: string | null;
  /** It expects 100 before its body goes. */
  readonly expecting: boolean;
}

/** How a request's body comes. */
export type BodyKind = { readonly whole: Uint8Array | undefined } | 'streamed';

/** The size of a body that is all here, undefined without one. Throws ERR_HEAD for one that is no Uint8Array. */
export function sizeOfBody(body: Uint8Array | undefined): number | undefined {
  if (body === undefined || isBytes(body)) return body?.length;
  throw new LocalProtocolError('ERR_HEAD', 'Cannot send a body that is no Uint8Array');
}

/** Checks a request and writes out its head. `closes`: the connection is for one request alone. Throws ERR_HEAD. */
export function prepareRequest(
  request: OutgoingRequest,
  body: BodyKind,
  peer: '1.0' | '1.1',
  closes: boolean,
): PreparedRequest {
  const { method, target } = request;
  const line = composeRequestLine(method, target);
  const fields = composeFields(request.headers);
  if (fields.hosts !== 1) {
    const how = fields.hosts === 0 ? 'without a Host field' : 'with more than one Host field';
    throw new LocalProtocolError('ERR_HEAD', `Cannot send the request ${how}`); // RFC 9112 §3.2
  }
  // What is sent to a proxy names the host twice, and a proxy and the server behind it may each take another (RFC 9112 §3.2.2).
  const authority = authorityOf(target);
  if (authority !== null && authority.toLowerCase() !== fields.host.toLowerCase()) {
    throw new LocalProtocolError(
      'ERR_HEAD',
      `Cannot send Host ${quote(fields.host)} with the request-target ${quote(target)}`,
    );
  }
  const streamed = body === 'streamed';
  const whole = streamed ? undefined : body.whole;
  const { contentLength, transferEncoding } = fields;
  const size = streamed ? null : (sizeOfBody(whole) ?? 0);
  const given = whole !== undefined;
  const framing = sendRequestFraming(method, { size, contentLength, transferEncoding, peer, given });
  const chunked = framing.framing === 'chunked';
  if (fields.expectContinue && !chunked && framing.size === 0) {
    throw new LocalProtocolError('ERR_HEAD', 'Cannot expect 100 without a body'); // RFC 9110 §10.1.1
  }
  const last = closes || fields.options.close;
  return {
    method,
    head: line + finishFields(fields, last ? 'close' : null, framing.field),
    framing,
    body: whole ?? null,
    streamed,
    closes: last,
    expecting: fields.expectContinue,
    chunked,
    idempotent: isIdempotent(method),
    exclusive: isExclusive(method, fields),
    upgrade: asksUpgrade(fields) ? fields.upgrade : null,
  };
}

function asksUpgrade(fields: ComposedFields): boolean {
  return fields.upgrade !== null && listElements(fields.upgrade).length > 0;
}

function isExclusive(method: string, fields: ComposedFields): boolean {
  return asksUpgrade(fields) || method === 'CONNECT' || fields.expectContinue;
}

/** What the queue would ask of that request, sent with a body that is all here or none. Throws ERR_HEAD. */
export function claimsOf(request: OutgoingRequest): Queued {
  composeRequestLine(request.method, request.target);
  const fields = composeFields(request.headers);
  return {
    idempotent: isIdempotent(request.method),
    exclusive: isExclusive(request.method, fields),
    chunked: fields.transferEncoding !== null,
  };
}

/** A response head that has been checked; its Connection field waits for the fate of the connection. */
export interface PreparedResponse {
  readonly line: Uint8Array;
  readonly fields: ComposedFields;
  readonly framing: SentFraming;
  /** It ends HTTP on this connection: 101, or 2xx to CONNECT. */
  readonly switches: boolean;
}

/** What a response answers. */
export interface Answered {
  readonly method: string;
  readonly version: '1.0' | '1.1';
  /** The protocols that the request asked for, or null. */
  readonly upgrade: string | null;
}

/**
 * Checks a response and writes out all but its Connection field. `size` is that of a body given whole, undefined without one, null for
 * one that follows. Throws ERR_HEAD, and ERR_STATE for a switch that was not asked for.
 */
export function prepareResponse(
  response: OutgoingResponse,
  size: number | null | undefined,
  request: Answered,
): PreparedResponse {
  const { status } = response;
  const line = composeStatusLine(status, response.reason, status === 101 ? 101 : 200);
  const fields = composeFields(response.headers);
  if (status === 101) {
    if (request.upgrade === null) {
      throw new LocalProtocolError('ERR_STATE', 'Cannot switch protocols: the request did not ask for it');
    }
    if (fields.upgrade === null || fields.options.close) {
      throw new LocalProtocolError('ERR_HEAD', 'Cannot switch protocols without Upgrade, or with close'); // RFC 9110 §7.8
    }
    if (!answersUpgrade(fields.upgrade, request.upgrade)) {
      throw new LocalProtocolError(
        'ERR_HEAD',
        `Cannot switch to ${quote(fields.upgrade)}: the request did not ask for it`,
      );
    }
  }
  const { contentLength, transferEncoding } = fields;
  const plan = { size, contentLength, transferEncoding, peer: request.version };
  const framing = sendResponseFraming(request.method, status, plan);
  return { line, fields, framing, switches: status === 101 || (request.method === 'CONNECT' && status < 300) };
}

/** An interim response: its status line and the rest of its head (RFC 9110 §15.2). Throws ERR_HEAD. */
export function composeInterim(response: OutgoingResponse): { status: number; line: Uint8Array; rest: string } {
  const { status } = response;
  const line = composeStatusLine(status, response.reason, 100);
  if (status > 199 || status === 101) throw new LocalProtocolError('ERR_HEAD', `Cannot inform with status ${status}`);
  const fields = composeFields(response.headers);
  if (fields.contentLength !== null || fields.transferEncoding !== null) {
    throw new LocalProtocolError('ERR_HEAD', 'Cannot send framing fields in an interim response');
  }
  if (fields.options.close) throw new LocalProtocolError('ERR_HEAD', 'Cannot close behind an interim response');
  return { status, line, rest: finishFields(fields, null, '') };
}
