// Heads that were taken in. There is nothing in them that RFC 9112 forbids; and written once more, in the plainest form, a fresh
// connection reads them the same.

import {
  ClientConnection,
  type Relaxation,
  type RequestHead,
  type ResponseHead,
  type SecondOpinion,
  ServerConnection,
} from '@halfpipe/core';
import { bytesOf, textOf } from './run.ts';
import { must } from './watch.ts';

const limits = { headSize: 1e6, startLineSize: 1e6, headers: 1e4 };

function readRequest(bytes: Uint8Array, relax: readonly Relaxation[]): RequestHead | null {
  const event = new ServerConnection({ limits, relax }).receive(bytes).nextEvent();
  return event?.type === 'request' ? event.head : null;
}

/** As the answer to a request of that method that also asks for another protocol. */
function readResponse(bytes: Uint8Array, method: string, relax: readonly Relaxation[]): ResponseHead | null {
  const client = new ClientConnection({ limits, relax });
  const asks = [['Connection', 'upgrade'] as const, ['Upgrade', 'x'] as const];
  const connects = method === 'CONNECT';
  client.request({ method, target: connects ? 'x:1' : '/', headers: [['Host', 'x'], ...(connects ? [] : asks)] });
  const event = client.receive(bytes).nextEvent();
  return event?.type === 'response' || event?.type === 'informational' ? event.head : null;
}

// What these let pass is in the message itself; the others are about how it was written.
const lasting: readonly Relaxation[] = ['missing-host', 'non-ascii-target'];

function lasts(head: RequestHead): Relaxation[] {
  return head.relaxed.filter((relaxation) => lasting.includes(relaxation));
}

function fieldLines({ headers }: RequestHead | ResponseHead): string {
  return `${[...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

function summary(head: RequestHead | ResponseHead | null): string {
  if (head === null) return 'an error';
  const { relaxed: _, headers, ...rest } = head;
  return JSON.stringify({ ...rest, raw: headers.raw });
}

const name = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const value = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/** What holds of the fields of a message, and of the framing that they state (RFC 9112 §5, §6). */
function checkFields(
  { headers, framing, contentLength, version }: RequestHead | ResponseHead,
  ofRequest: boolean,
): void {
  for (const [field, text] of headers) must(name.test(field) && value.test(text), 'a field is malformed', field, text);
  const [lengths, codings] = [headers.getAll('Content-Length'), headers.getAll('Transfer-Encoding')];
  const twice = lengths.length > 1 || (lengths.length > 0 && codings.length > 0);
  must(!twice, 'the end of a message is stated twice', ...lengths, ...codings);
  must(
    lengths.every((length) => /^[0-9]{1,16}$/.test(length)),
    'a length is no number',
    ...lengths,
  );
  must(contentLength === (lengths.length === 0 ? null : Number(lengths[0])), 'a length is read otherwise', ...lengths);
  must(codings.length === 0 || version === '1.1', 'chunks in HTTP/1.0');
  if (framing === 'none' && !ofRequest) {
    // By its status, or by what was asked: then there is nothing to decode.
    must(codings.length === 0 || /(?:^|[\t ,])chunked$/i.test(codings.at(-1) ?? ''), 'chunked is not last', ...codings);
    return;
  }
  const coding = codings.join();
  must(coding === '' || /^chunked$/i.test(coding), 'a coding that nobody can undo', coding);
  const stated = coding !== '' ? 'chunked' : lengths.length > 0 ? 'length' : ofRequest ? 'none' : 'until-close';
  must(framing === stated, 'a message ends otherwise than it states', framing, stated);
}

export function checkRequest(head: RequestHead): void {
  const { method, target, version, headers, relaxed } = head;
  checkFields(head, true);
  const hosts = headers.getAll('Host').length;
  const needed = version === '1.1' && !relaxed.includes('missing-host');
  must(name.test(method), 'a method is no token', method);
  must(
    (relaxed.includes('non-ascii-target') ? /^[^\0- #\x7f]+$/ : /^[!"$-~]+$/).test(target),
    'a target is malformed',
    target,
  );
  must(
    /^(?:\/|[a-z][a-z0-9+.-]*:\/\/)/i.test(target) || /^(?:OPTIONS \*|CONNECT .*:\d+)$/.test(`${method} ${target}`),
    'a target has no form',
    method,
    target,
  );
  must(hosts <= 1 && (hosts === 1 || !needed), 'a request names no host, or two');
  const bytes = bytesOf(`${method} ${target} HTTP/${version}\r\n${fieldLines(head)}`);
  const [before, after] = [summary(head), summary(readRequest(bytes, lasts(head)))];
  must(before === after, 'a request reads otherwise when it is written plainly', before, after);
}

export function checkResponse(head: ResponseHead, method: string): void {
  const { status, reason, version } = head;
  must(status >= 100 && status <= 999, 'a status is no status', status);
  // The fields of a response that opens a tunnel are for nobody (RFC 9110 §9.3.6).
  if (method !== 'CONNECT' || status > 299) checkFields(head, false);
  const bytes = bytesOf(`HTTP/${version} ${status} ${reason}\r\n${fieldLines(head)}`);
  const [before, after] = [summary(head), summary(readResponse(bytes, method, []))];
  must(before === after, 'a response reads otherwise when it is written plainly', before, after);
}

/** A second opinion that is our own: it never differs, or what it is shown are not the bytes of the head. */
export function ownOpinion(relax: readonly Relaxation[]): SecondOpinion {
  return (bytes, kind) => {
    // Whether a switch is in order is not asked here: 101 is read as 103.
    const switches = kind === 'response' && textOf(bytes.subarray(9, 12)) === '101';
    const shown = switches ? bytes.map((byte, i) => (i === 11 ? 0x33 : byte)) : bytes;
    // A coding that GET would have to undo is none to HEAD.
    const asResponse = () => readResponse(shown, 'GET', relax) ?? readResponse(shown, 'HEAD', relax);
    const head = kind === 'request' ? readRequest(shown, relax) : asResponse();
    if (head === null) return 'refused';
    return { ...head, ...(switches && { status: 101 }), raw: head.headers.raw };
  };
}
