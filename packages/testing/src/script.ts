// The steps of a script: as data, in words, and what each makes of a connection. Knows nothing of their order and of time.

import { difference } from './difference.ts';
import { type ExpectedHead, mismatches } from './expected-head.ts';
import { visible } from './octets.ts';
import type { ScriptLink } from './script-link.ts';

/** Steps that are about the connection at hand. */
export type LinkStep =
  | { readonly kind: 'expect'; readonly bytes: string }
  | { readonly kind: 'expectHead'; readonly head: ExpectedHead }
  | { readonly kind: 'expectBytes'; readonly size: number }
  | { readonly kind: 'expectEnd' | 'expectReset' | 'ignoreRest' | 'end' }
  | { readonly kind: 'send'; readonly bytes: string; readonly pieces: readonly Uint8Array[] }
  | { readonly kind: 'reset'; readonly cause: unknown };

export type Step =
  | LinkStep
  | { readonly kind: 'accept' }
  | { readonly kind: 'refuse'; readonly cause: unknown }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'do'; readonly action: () => unknown };

/** What came of trying a step; `wrong` says why it will never be taken. */
export type Outcome = 'taken' | 'waiting' | { readonly wrong: string };

/** The step about as it was written. */
export function nameOf(step: Step): string {
  switch (step.kind) {
    case 'expect':
    case 'send':
      return `${step.kind}(${quote(step.bytes)})`;
    case 'expectHead': {
      const { start, headers } = step.head;
      return `expectHead(${[...(start === undefined ? [] : [String(start)]), ...Object.keys(headers ?? {})].join(', ')})`;
    }
    case 'expectBytes':
      return `expectBytes(${step.size})`;
    case 'wait':
      return `wait(${step.ms})`;
    default:
      return `${step.kind}()`;
  }
}

/** Bytes in short. */
export function quote(bytes: string): string {
  return bytes.length <= 48 ? JSON.stringify(bytes) : `${JSON.stringify(bytes.slice(0, 40))}… ${bytes.length} bytes`;
}

/** Bytes in full, or nearly. */
export function shown(bytes: string): string {
  const lines = visible(bytes.slice(0, 2_000)).split('\n');
  return [...lines, ...(bytes.length > 2_000 ? ['…'] : [])].map((line) => `  ${line}`).join('\n');
}

/** Takes the step if it can be taken now. */
export function take(step: LinkStep, link: ScriptLink): Outcome {
  switch (step.kind) {
    case 'expect':
      return takeBytes(step.bytes, link);
    case 'expectHead':
      return takeHead(step.head, link);
    case 'expectBytes':
      if (link.size < step.size) return more(link, `${step.size} bytes`, () => `${link.size} have come`);
      link.take(step.size);
      return 'taken';
    case 'expectEnd':
      if (link.size > 0) return { wrong: `this came before the end:\n${shown(link.received)}` };
      return link.ended ? 'taken' : more(link, 'an end', () => 'none has come');
    case 'expectReset':
      link.take();
      if (link.closed === null) return waiting(link);
      return link.closed.cause === undefined ? { wrong: 'the connection has closed in order' } : 'taken';
    case 'ignoreRest':
      link.ignore();
      return 'taken';
    case 'send':
      if (link.mute !== null) return { wrong: link.mute };
      for (const piece of step.pieces) link.far.write(piece);
      return 'taken';
    case 'end':
      if (link.mute !== null) return { wrong: link.mute };
      link.far.end();
      return 'taken';
    case 'reset':
      if (link.far.underWay > 0 && link.closed === null) return 'waiting';
      link.ignore();
      link.far.destroy(step.cause);
      return 'taken';
  }
}

function takeBytes(bytes: string, link: ScriptLink): Outcome {
  if (!link.matches(bytes)) return { wrong: `something else came:\n${difference(bytes, link.received)}` };
  if (link.size < bytes.length) {
    const come = () => `${link.size} have come:\n${difference(bytes, link.received)}`;
    return more(link, `${bytes.length} bytes`, come);
  }
  link.take(bytes.length);
  return 'taken';
}

function takeHead(expected: ExpectedHead, link: ScriptLink): Outcome {
  const { received } = link;
  const end = received.indexOf('\r\n\r\n') + 4;
  if (end < 4) return more(link, 'a head', () => `this has come:\n${shown(received)}`);
  const head = received.slice(0, end);
  const wrong = mismatches(head, expected).map((each) => `  ${each}\n`);
  if (wrong.length > 0) return { wrong: `another head came:\n${wrong.join('')}in\n${shown(head)}` };
  link.take(end);
  return 'taken';
}

function waiting(link: ScriptLink): Outcome {
  link.far.resume();
  return 'waiting';
}

/** More must come, if it still can. `come` tells what has. */
function more(link: ScriptLink, expected: string, come: () => string): Outcome {
  return link.over === null ? waiting(link) : { wrong: `${link.over}; expected ${expected}, and ${come()}` };
}
