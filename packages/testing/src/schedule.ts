// What goes wrong on which link, and where: decided by a seed, or by hand. Each decision depends on the seed, the link's number, the
// side and the kind of the fault, and on nothing else: to change how often one kind happens leaves the others where they are.
// Data only; network.ts and pipe.ts make it happen.

import type { Fault } from './fault.ts';
import type { PairOptions } from './memory.ts';
import { Random } from './random.ts';

/** A fault in establishing a link. */
export type DialFault =
  | {
      /** It fails, with a `NetworkError`, `ERR_REFUSED`. */
      readonly kind: 'refuse';
    }
  | {
      /** It takes time. */
      readonly kind: 'slow-dial';
      readonly ms: number;
    };

/** All that can go wrong. */
export type FaultKind = Fault['kind'] | DialFault['kind'];

/** How one link is: what happens when it is dialled, and how bytes travel on it, with their `faults`. */
export interface LinkPlan extends Omit<PairOptions, 'clock'> {
  /** Default: none. */
  readonly dial?: DialFault | undefined;
}

/** Decides about a link. They are numbered from 0, in the order of dialling. */
export type Schedule = (link: number) => LinkPlan;

/**
 * How often each fault happens, from 0 (never) to 1. `refuse` and `slow-dial`: to so many of the links. The others: to so many of the
 * directions, of which each link has two; but only if enough is sent to reach the place.
 */
export type FaultRates = Readonly<Record<FaultKind, number>>;

/** What happens on a network that is told nothing else: most links suffer in one way or other, and most calls succeed. */
export const defaultRates: FaultRates = {
  fragment: 0.4,
  coalesce: 0.2,
  delay: 0.3,
  stall: 0.03,
  'half-close': 0.02,
  reset: 0.05,
  truncate: 0.02,
  refuse: 0.02,
  'slow-dial': 0.1,
};

/**
 * A schedule that a seed decides. All faults lie within the first 128 KiB of a direction, most of them near its beginning, where the
 * heads are, and there are at most 256 of a kind; kinds without a rate do not happen. A link's latency is from 0 to 31 ms.
 */
export function seededSchedule(seed: number, rates: Partial<FaultRates> = defaultRates): Schedule {
  const root = new Random(seed);
  return (link) => {
    const random = root.fork(link);
    return {
      latency: random.below(32),
      dial: dialFault(random.fork('dial'), rates),
      near: { faults: { [Symbol.iterator]: () => faultsOf(random.fork('near'), rates) } },
      far: { faults: { [Symbol.iterator]: () => faultsOf(random.fork('far'), rates) } },
    };
  };
}

function dialFault(random: Random, rates: Partial<FaultRates>): DialFault | undefined {
  if (random.chance(rates.refuse ?? 0)) return { kind: 'refuse' };
  if (random.chance(rates['slow-dial'] ?? 0)) return { kind: 'slow-dial', ms: 1 + random.below(10_000) };
  return undefined;
}

const reach = 128 * 1024;

/** The faults of each kind that happen to a direction, if that kind happens to it at all, in the order of their places. */
const courses: { readonly [Kind in Fault['kind']]: (random: Random) => Iterator<Fault, void> } = {
  *fragment(random) {
    for (const at of places(random, 2 ** random.below(15))) yield { kind: 'fragment', at };
  },
  *coalesce(random) {
    for (const at of places(random, 2 ** (6 + random.below(8))))
      yield { kind: 'coalesce', at, ms: 1 + random.below(40) };
  },
  *delay(random) {
    for (const at of places(random, 2 ** (8 + random.below(8)))) yield { kind: 'delay', at, ms: 1 + random.below(200) };
  },
  *stall(random) {
    yield { kind: 'stall', at: place(random), ms: 1_000 + random.below(100_000) };
  },
  *'half-close'(random) {
    yield { kind: 'half-close', at: place(random) };
  },
  *reset(random) {
    yield { kind: 'reset', at: place(random) };
  },
  *truncate(random) {
    yield { kind: 'truncate', at: place(random), eof: random.pick(['truncated', 'unknown'] as const) };
  },
};

/** Every number of digits is as likely as any other. */
function place(random: Random): number {
  return random.below(2 ** random.below(18));
}

/** Places up to so far from one another, not more of them than would be worth their time. */
function* places(random: Random, furthest: number): Generator<number, void> {
  let at = random.below(furthest);
  for (let left = 256; left > 0 && at < reach; left--) {
    yield at;
    at += 1 + random.below(furthest);
  }
}

/** The faults of all kinds that happen to a direction, in the order of their places. */
function* faultsOf(random: Random, rates: Partial<FaultRates>): Generator<Fault, void> {
  const fronts: { readonly course: Iterator<Fault, void>; fault: Fault }[] = [];
  for (const kind of Object.keys(courses) as Fault['kind'][]) {
    const own = random.fork(kind);
    if (!own.chance(rates[kind] ?? 0)) continue;
    const course = courses[kind](own);
    const fault = course.next().value;
    if (fault) fronts.push({ course, fault });
  }
  while (fronts.length > 0) {
    const front = fronts.reduce((first, other) => (other.fault.at < first.fault.at ? other : first));
    yield front.fault;
    const fault = front.course.next().value;
    if (fault) front.fault = fault;
    else fronts.splice(fronts.indexOf(front), 1);
  }
}
