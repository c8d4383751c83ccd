// What kind of world a seed makes: who is in it, what the network does, how patient and how narrow both sides are. Data only.

import type { Limits, Relaxation, Timeouts } from '@halfpipe/core';
import { defaultRates, type FaultKind, type FaultRates, type Random, type SideOptions } from '@halfpipe/testing';
import { requestDepartures } from './departures.ts';

/** Who is at the other side of the users of the library. */
export type Company =
  /** The library at both sides. */
  | 'honest'
  /** Servers of HTTP/1.0, which end a body by closing. */
  | 'old-server'
  /** Clients of HTTP/1.0. */
  | 'old-client'
  /** Servers that break the rules. */
  | 'rogue-server'
  /** Clients that break the rules. */
  | 'rogue-client';

export interface Profile {
  readonly company: Company;
  readonly faults: Partial<FaultRates>;
  /** How wide the links are, and how much they hold; what is not named is as by default. */
  readonly link: Pick<SideOptions, 'bandwidth' | 'bufferSize'>;
  /** Nothing gives a call a reason to fail, but what ends its connection in order. */
  readonly serene: boolean;
  /** Serene, and nothing ends a connection before its user is done: every call is answered. */
  readonly steady: boolean;
  /** How much goes wrong at the ends, from 0 to 1: aborts, failing sources and handlers, sudden ends. */
  readonly trouble: number;
  readonly users: number;
  /** Calls in all. */
  readonly calls: number;
  readonly persistent: boolean | undefined;
  readonly maxInFlight: number;
  readonly continue: 'auto' | 'manual';
  readonly maxRequests: number;
  readonly clientLimits: Partial<Limits>;
  readonly serverLimits: Partial<Limits>;
  readonly clientTimeouts: Partial<Timeouts>;
  readonly serverTimeouts: Partial<Timeouts>;
  /** What either side lets pass. */
  readonly clientRelax: readonly Relaxation[];
  readonly serverRelax: readonly Relaxation[];
  /** Peers that are old write heads that need it, allowed or not. */
  readonly quaint: boolean;
}

const honest = 0.68;

/** The faults that only cut and delay. */
const harmless: readonly FaultKind[] = ['fragment', 'coalesce', 'delay', 'slow-dial'];

export function profileOf(random: Random): Profile {
  const company: Company = random.chance(honest)
    ? 'honest'
    : random.pick(['old-server', 'old-client', 'rogue-server', 'rogue-server', 'rogue-client', 'rogue-client']);
  const serene = company === 'honest' && random.chance(0.35);
  const steady = serene && random.chance(0.5);
  const trouble = serene || random.chance(0.2) ? 0 : random.pick([0.03, 0.1, 0.3]);
  const narrow = !serene && random.chance(0.15);
  const impatient = !serene && random.chance(0.25);
  const continues = random.pick(['auto', 'auto', 'manual'] as const);
  // Where the server must send 100 by itself, a client that waits for ever for it shows that it does.
  const patient = continues === 'auto' ? { ...endless, continue: Infinity } : endless;
  return {
    company,
    faults: faultsOf(random, serene),
    link: linkOf(random.fork('link')),
    serene,
    steady,
    trouble,
    users: 1 + random.below(3),
    calls: 5 + random.below(36),
    persistent: steady
      ? random.pick([true, undefined])
      : random.pick([true, true, true, undefined, undefined, undefined, false]),
    maxInFlight: random.pick([1, 2, 16, 16, 16]),
    continue: continues,
    maxRequests: steady ? Infinity : random.pick([Infinity, Infinity, Infinity, 1, 4]),
    clientLimits: narrow ? limitsOf(random) : {},
    serverLimits: narrow ? limitsOf(random) : {},
    clientTimeouts: serene ? patient : impatient ? timeoutsOf(random) : {},
    serverTimeouts: serene ? endless : impatient ? timeoutsOf(random) : {},
    clientRelax: relaxOf(random.fork('client relax')),
    serverRelax: relaxOf(random.fork('server relax')),
    quaint: random.fork('quaint').chance(0.5),
  };
}

/** A modem takes a minute for the largest body, in pieces as large as they are written; a small buffer is full most of the time. */
function linkOf(random: Random): Profile['link'] {
  const bandwidth = random.chance(0.2) ? { bandwidth: random.pick([4_000, 50_000, 1_000_000]) } : {};
  const bufferSize = random.chance(0.2) ? { bufferSize: random.pick([1, 300, 5_000]) } : {};
  return { ...bandwidth, ...bufferSize };
}

/** Nothing, or most of it. */
function relaxOf(random: Random): Relaxation[] {
  return random.chance(0.5) ? [] : requestDepartures.filter(() => random.chance(0.7));
}

function faultsOf(random: Random, serene: boolean): Partial<FaultRates> {
  const weather = random.pick(['calm', 'cut', 'usual', 'usual', 'storm'] as const);
  const rates: Partial<Record<FaultKind, number>> = {};
  if (weather === 'calm') return rates;
  for (const kind of Object.keys(defaultRates) as FaultKind[]) {
    const isHarmless = harmless.includes(kind);
    if ((serene || weather === 'cut') && !isHarmless) continue;
    rates[kind] = weather === 'storm' && !isHarmless ? 4 * defaultRates[kind] : defaultRates[kind];
  }
  return rates;
}

/**
 * The harmless faults take seconds in the worst case, and a late reader minutes. The linger is among them because it bounds how late
 * an answer may be read that closes its connection: what is pipelined behind it makes a reset of the server's end (RFC 9112 §9.6).
 */
const endless: Partial<Timeouts> = { head: 1e7, body: 1e7, idle: 1e7, linger: 1e7 };

function timeoutsOf(random: Random): Partial<Timeouts> {
  return {
    head: random.pick([50, 1_000, 20_000]),
    body: random.pick([50, 1_000, 20_000]),
    idle: random.pick([10, 200, 5_000]),
    continue: random.pick([10, 100, 5_000]),
    linger: random.pick([0, 30, 2_000]),
  };
}

function limitsOf(random: Random): Partial<Limits> {
  return {
    headSize: random.pick([250, 1_024, 16_384]),
    startLineSize: random.pick([20, 8_192]),
    headers: random.pick([4, 100]),
    trailerSize: random.pick([16, 4_096]),
    bodySize: random.pick([100, 5_000, Infinity]),
    drainSize: random.pick([0, 100, 65_536]),
    interim: random.pick([1, 16]),
  };
}
