// Heads as old and careless peers write them: with what the library calls relaxations (RFC 9112 §2.2, §3.2, §5.1, §5.2). Each such head
// says in a field of its own how it departs from the grammar, so that a reader who takes it can be told from one who has overlooked it.

import type { Relaxation } from '@halfpipe/core';
import type { Random } from '@halfpipe/testing';

/** Those that a head of either kind may need. */
export const departures = ['bare-lf', 'obs-fold', 'space-before-colon', 'leading-whitespace'] as const;

/** Those that a request may need; the last shows only in HTTP/1.1. */
export const requestDepartures = [
  ...departures,
  'non-ascii-target',
  'missing-host',
] as const satisfies readonly Relaxation[];

/** The name of that field. */
export const field = 'X-Departures';

/** How a head tells them, and how they are compared: in the order of the alphabet, each once. */
export function listOf(used: readonly Relaxation[]): string {
  return [...new Set(used)].sort().join(' ');
}

/** None most of the time, or one, or two. */
export function someOf(random: Random, all: readonly Relaxation[]): Relaxation[] {
  if (!random.chance(0.5)) return [];
  const one = random.pick(all);
  return random.chance(0.7) ? [one] : [...new Set([one, random.pick(all)])];
}

/** A head with the empty line behind it. Names that say nothing carry what each departure needs; the lines given stay as they are. */
export function headWith(used: readonly Relaxation[], startLine: string, fields: readonly string[]): string {
  const has = (departure: Relaxation) => used.includes(departure);
  const end = has('bare-lf') ? '\n' : '\r\n';
  const lines = [
    has('non-ascii-target') ? startLine.replace(' /', ' /\xe9/') : startLine,
    ...(has('leading-whitespace') ? [' X-Skipped: not to be acted upon'] : []),
    ...(has('missing-host') ? fields.filter((line) => !/^host:/i.test(line)) : fields),
    ...(has('space-before-colon') ? ['X-Spaced : before the colon'] : []),
    ...(has('obs-fold') ? [`X-Folded: in${end} two`] : []),
    ...(used.length > 0 ? [`${field}: ${listOf(used)}`] : []),
  ];
  return lines.map((line) => line + end).join('') + end;
}
