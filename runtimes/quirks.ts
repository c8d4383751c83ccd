// What a transport cannot do on a runtime, though it can elsewhere: why, and where upstream says so. Data; the suite skips by it, and the
// table in the README is made of it too.

import type { Ability, ContractSubject } from '@halfpipe/testing';
import type { Where } from './where.ts';

export interface Quirk {
  readonly runtime: Where['runtime'];
  /** It is gone from this version on, if that is known: a major version. */
  readonly before?: number;
  /** The subject, by its whole name. */
  readonly subject: string;
  /** What cannot be done: an ability, some cases by their names, or anything at all. */
  readonly cannot: Ability | { readonly cases: readonly string[] } | 'anything';
  /** A part of a sentence. */
  readonly reason: string;
  /** Where upstream knows of it. */
  readonly issue?: string;
}

export const quirks: readonly Quirk[] = [
  {
    runtime: 'node',
    before: 26,
    subject: 'node: TLS',
    cannot: { cases: ['half-close, far to near: the other direction stays open'] },
    reason: 'a server that ends while its session tickets are on their way sends FIN without close_notify',
  },
  {
    runtime: 'node',
    before: 24,
    subject: 'web-streams: Duplex.toWeb()',
    cannot: 'anything',
    reason: 'the end of one direction is told only when both have ended; use @halfpipe/node',
    issue: 'nodejs/node#62394',
  },
  {
    runtime: 'deno',
    subject: 'node: TLS',
    cannot: 'pause',
    reason: 'node:tls takes whatever is written, and waits for nobody; use @halfpipe/deno',
  },
  {
    runtime: 'deno',
    subject: 'node: TLS',
    cannot: {
      cases: [
        'a client has enough, by the signal of a call, while it sends',
        'a client has enough, by close(), while it sends',
      ],
    },
    reason: 'a TLS socket that is destroyed while it has something to send is not closed; use @halfpipe/deno',
  },
];

/** What is left of a subject where it is to run: null, and why, if that is nothing. */
export function claimed(
  subject: ContractSubject,
  { runtime, version }: Where,
): ContractSubject | { readonly not: string } {
  const major = Number.parseInt(version, 10);
  const cannot = { ...subject.cannot };
  const except = { ...subject.except };
  for (const quirk of quirks) {
    if (quirk.runtime !== runtime || quirk.subject !== subject.name) continue;
    if (quirk.before !== undefined && major >= quirk.before) continue;
    const reason = quirk.issue === undefined ? quirk.reason : `${quirk.reason} (${quirk.issue})`;
    if (quirk.cannot === 'anything') return { not: reason };
    if (typeof quirk.cannot === 'string') cannot[quirk.cannot] = reason;
    else for (const name of quirk.cannot.cases) except[name] = reason;
  }
  return { ...subject, cannot, except };
}
