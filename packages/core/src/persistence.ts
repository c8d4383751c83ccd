// Keep the connection or close it, and why (RFC 9112 §9.3, §9.6). Pure: the fate that a head decides, and one value that only
// ever moves towards 'close'. Knows nothing of bytes or exchanges.

import { listElements, type Relaxation } from './message.ts';

/** Why a connection will not be used again. */
export type CloseReason =
  | 'request-close'
  | 'response-close'
  | 'http-1.0'
  | 'until-close-body'
  | 'unread-body'
  | 'refused-expectation'
  | 'relaxed'
  | 'early-response'
  | 'upgrade'
  | 'shutdown'
  | 'eof'
  | 'error';

/** May the connection be used for another exchange? 'undecided' until a first message has shown it; never leaves 'close'. */
export type Persistence =
  | { readonly verdict: 'undecided' }
  | { readonly verdict: 'keep' }
  | { readonly verdict: 'close'; readonly reason: CloseReason };

/**
 * The relaxations of syntax: whoever else reads the same bytes may see other fields, or another end of the head, so the message is the
 * last on its connection.
 */
const ofSyntax: ReadonlySet<Relaxation> = new Set(['bare-lf', 'obs-fold', 'space-before-colon', 'leading-whitespace']);

/** Could another reader of the same head have found another message? */
export function isAmbiguous(relaxed: readonly Relaxation[]): boolean {
  return relaxed.length > 0 && relaxed.some((relaxation) => ofSyntax.has(relaxation));
}

export const undecided: Persistence = { verdict: 'undecided' };
export const keep: Persistence = { verdict: 'keep' };

/** The later of two values on the way undecided → keep → close; the first reason to close stays. */
export function settle(before: Persistence, after: Persistence): Persistence {
  if (before.verdict === 'close') return before;
  return after.verdict === 'undecided' ? before : after;
}

/** The options of a Connection field that decide something (RFC 9110 §7.6.1). */
export interface ConnectionOptions {
  readonly close: boolean;
  readonly keepAlive: boolean;
  readonly upgrade: boolean;
}

const none: ConnectionOptions = { close: false, keepAlive: false, upgrade: false };
const onlyKeepAlive: ConnectionOptions = { close: false, keepAlive: true, upgrade: false };
const onlyClose: ConnectionOptions = { close: true, keepAlive: false, upgrade: false };

/** Reads a Connection field, several of them joined; null if there was none. */
export function connectionOptions(value: string | null): ConnectionOptions {
  if (value === null) return none;
  // The spellings that nearly everybody uses, told apart without making a list.
  if (value === 'keep-alive' || value === 'Keep-Alive') return onlyKeepAlive;
  if (value === 'close') return onlyClose;
  const options = listElements(value);
  return {
    close: options.includes('close'),
    keepAlive: options.includes('keep-alive'),
    upgrade: options.includes('upgrade'),
  };
}

/** What a head received says of the connection it came on (RFC 9112 §9.3). */
export function persistenceOf(
  kind: 'request' | 'response',
  version: '1.0' | '1.1',
  options: ConnectionOptions,
): Persistence {
  if (options.close) return { verdict: 'close', reason: kind === 'request' ? 'request-close' : 'response-close' };
  if (version === '1.0' && !options.keepAlive) return { verdict: 'close', reason: 'http-1.0' };
  return keep;
}

const timeoutParameter = /(?:^|[,\s])timeout=([0-9]{1,9})(?:$|[,\s;])/i;

/** The idle time that a Keep-Alive field promises, in milliseconds; null if it promises none (RFC 2068 §19.7.1.1). */
export function keepAliveTimeout(value: string): number | null {
  const seconds = timeoutParameter.exec(value)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}
