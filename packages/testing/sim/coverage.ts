// What the worlds have met, counted, so that a run can say what it has not reached. Knows names and counts.

import type { CloseReason, LostReason, RemoteErrorCode, Retry } from '@halfpipe/core';
import { defaultRates } from '@halfpipe/testing';
import { departures, requestDepartures } from './departures.ts';

/** Pairs of states of an exchange that the joint table allows, client's first (docs/states.md). */
const pairs = [
  'idle/idle',
  'body/owing',
  'body/body',
  'body/done',
  'body/switched',
  'done/owing',
  'done/body',
  'done/done',
  'done/switched',
  'switched/switched',
  'failed/failed',
] as const;

/** A client's exchange takes every pair; a server's begins with its request, and is lost alone. */
const serverPairs = pairs.filter((pair) => pair !== 'idle/idle');

/** Who can meet something. */
type Where = 'both' | 'client' | 'server' | 'nobody';

const reasonsToClose = {
  'request-close': 'both',
  'response-close': 'both',
  'http-1.0': 'both',
  'until-close-body': 'both',
  'unread-body': 'server',
  'refused-expectation': 'both',
  relaxed: 'both',
  'early-response': 'client',
  upgrade: 'both',
  shutdown: 'both',
  eof: 'both',
  error: 'both',
} as const satisfies Record<CloseReason, Where>;

const errors = {
  ERR_START_LINE: 'both',
  ERR_HEADER: 'both',
  ERR_FRAMING: 'both',
  ERR_CHUNK: 'both',
  ERR_VERSION: 'both',
  ERR_CODING: 'both',
  ERR_HEAD_SIZE: 'both',
  ERR_BODY_SIZE: 'both',
  ERR_TRUNCATED: 'both',
  ERR_NO_RESPONSE: 'client',
  ERR_UNSOLICITED: 'client',
  ERR_TIMEOUT: 'both',
  ERR_TRANSPORT: 'both',
  // Each has one opinion here. What two make of a head has nothing to do with networks.
  ERR_SECOND_OPINION: 'nobody',
} as const satisfies Record<RemoteErrorCode, Where>;

const losses = {
  unsent: 'safe',
  'behind-close': 'if-idempotent',
  'stale-idle': 'if-idempotent',
  unanswered: 'if-idempotent',
  'partial-response': 'never',
} as const satisfies Record<LostReason, Retry>;

/** What there is to reach, by subject. What is not named here is counted too, if it happens. */
const subjects: Readonly<Record<string, readonly string[]>> = {
  faults: Object.keys(defaultRates),
  links: ['wide', 'of a bandwidth', 'of a small buffer', 'full at a client', 'full at a server'],
  'client pairs': pairs,
  'server pairs': serverPairs,
  losses: Object.entries(losses).map(([why, retry]) => `${why} ${retry}`),
  'reasons to close, client': metBy('client', reasonsToClose),
  'reasons to close, server': metBy('server', reasonsToClose),
  'framing, requests': ['none', 'length', 'chunked'],
  'framing, responses': ['none', 'length', 'chunked', 'until-close'],
  'interim responses': ['100', '102', '103'],
  'relaxations, requests': requestDepartures,
  'relaxations, responses': departures,
  'errors of the peer, to a client': metBy('client', errors),
  'errors of the peer, to a server': metBy('server', errors),
};

function metBy(role: 'client' | 'server', all: Readonly<Record<string, Where>>): string[] {
  return Object.keys(all).filter((name) => all[name] === role || all[name] === 'both');
}

export function isAllowed(pair: string): boolean {
  return allowed.has(pair);
}

const allowed: ReadonlySet<string> = new Set(pairs);

export type Counts = Record<string, Record<string, number>>;

export class Coverage {
  readonly #counts = new Map<string, Map<string, number>>();

  constructor() {
    for (const [subject, names] of Object.entries(subjects)) {
      this.#counts.set(subject, new Map(names.map((name) => [name, 0])));
    }
  }

  count(subject: string, name: string, times = 1): void {
    let counts = this.#counts.get(subject);
    if (counts === undefined) {
      counts = new Map();
      this.#counts.set(subject, counts);
    }
    counts.set(name, (counts.get(name) ?? 0) + times);
  }

  add(other: Coverage): void {
    for (const [subject, counts] of other.#counts) {
      for (const [name, times] of counts) this.count(subject, name, times);
    }
  }

  /** How often, by subject and name. */
  get counts(): Counts {
    const all: Counts = {};
    for (const [subject, counts] of this.#counts) all[subject] = Object.fromEntries(counts);
    return all;
  }

  /** `subject: name` of all that was not reached. */
  get missing(): string[] {
    return Object.entries(this.counts).flatMap(([subject, counts]) =>
      Object.entries(counts).flatMap(([name, times]) => (times === 0 ? [`${subject}: ${name}`] : [])),
    );
  }

  /** A line for each subject. */
  toString(): string {
    return Object.entries(this.counts)
      .map(
        ([subject, counts]) =>
          `${subject}: ${Object.entries(counts)
            .map(([name, times]) => `${name} ${times}`)
            .join(', ')}`,
      )
      .join('\n');
  }
}
