// What is asked and how it is answered: one plan for each call, decided by the seed and its number alone, so that leaving one out leaves
// the others as they were. Data only; user.ts and handler.ts do what it says.

import type { Random } from '@halfpipe/testing';
import type { Profile } from './profile.ts';

/** A message's body, and how it is given away. */
export interface BodyPlan {
  /** `whole`: in one piece. `sized` and `chunked`: piece by piece, with and without a Content-Length. */
  readonly shape: 'none' | 'whole' | 'sized' | 'chunked';
  readonly size: number;
  /** Bytes in a piece. */
  readonly piece: number;
  /** Before this piece (from 0) the source waits so long. */
  readonly pause: { readonly at: number; readonly ms: number } | null;
  /** Here the source throws. */
  readonly failsAt: number;
  readonly trailers: boolean;
}

/** How a handler answers. */
export interface AnswerPlan {
  readonly manner: 'answers' | 'throws' | 'rejects';
  /** How long it thinks, in milliseconds; 0 is an answer at once, in the same turn. */
  readonly delay: number;
  /** What becomes of the request's body. `along`: it is read while the response is written. */
  readonly reads: 'whole' | 'pieces' | 'slowly' | 'discard' | 'cancel' | 'along' | 'behind' | 'never';
  readonly interims: readonly number[];
  readonly status: number;
  readonly body: BodyPlan;
  readonly closes: boolean;
  /** Accepts to switch protocols, if it is asked to. */
  readonly switches: boolean;
}

export interface Plan {
  readonly number: number;
  readonly method: string;
  /** Asks for another protocol, or, with CONNECT, for a tunnel. */
  readonly switching: boolean;
  readonly body: BodyPlan;
  readonly expects: boolean;
  readonly absolute: boolean;
  readonly closes: boolean;
  /** So many bytes of fields that nobody needs. */
  readonly padding: number;
  /** Its signal aborts after so long; Infinity is never. */
  readonly abortsAfter: number;
  readonly answer: AnswerPlan;
  /** What becomes of the response's body. */
  readonly reads: 'bytes' | 'pieces' | 'slowly' | 'discard' | 'cancel' | 'break' | 'late' | 'leave';
  /** When a late reader begins, in milliseconds from the response. */
  readonly lateness: number;
  /** Bytes up and down behind a switch. */
  readonly tunnel: { readonly up: number; readonly down: number };
}

const bodiless: BodyPlan = { shape: 'none', size: 0, piece: 1, pause: null, failsAt: Infinity, trailers: false };

const methods = ['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'REPORT'] as const;

export function planOf(random: Random, number: number, profile: Profile): Plan {
  const { serene, steady, trouble } = profile;
  const switching = !steady && random.chance(0.04);
  const connect = switching && random.chance(0.5);
  const method = connect ? 'CONNECT' : switching ? random.pick(['GET', 'POST'] as const) : random.pick(methods);
  const closes = !steady && random.chance(0.03);
  const takesBody = !['GET', 'HEAD', 'TRACE', 'CONNECT'].includes(method);
  // Of a connection for one call nothing is known, so that the driver refuses a body of unknown length.
  const shapes = profile.persistent === false ? shapesOfLength : allShapes;
  // A pause within a body that goes out at once leaves the other side time to switch before the request is complete.
  const ask = () => (switching ? bodyOf(random, profile, ['sized'], 0.8) : bodyOf(random, profile, shapes));
  const body = takesBody ? ask() : bodiless;
  return {
    number,
    method,
    switching,
    body,
    expects: random.chance(0.15),
    absolute: !connect && random.chance(0.1),
    closes,
    // In a serene world it is within the limits.
    padding: random.chance(0.03) ? 2 ** random.below(serene ? 14 : 15) : 0,
    abortsAfter: random.chance(trouble * 0.5) ? 2 ** random.below(17) : Infinity,
    answer: answerOf(random, profile, connect),
    reads: readsOf(random, profile),
    // In time, after the shortest timeouts, and after all of them.
    lateness: random.pick([30, 3_000, 100_000]),
    tunnel: { up: random.below(2_000), down: random.below(2_000) },
  };
}

function readsOf(random: Random, { steady }: Profile): Plan['reads'] {
  if (random.chance(0.7)) return random.pick(['bytes', 'pieces']);
  return random.pick(
    steady ? ['slowly', 'discard', 'late'] : ['slowly', 'discard', 'cancel', 'break', 'late', 'leave'],
  );
}

function answerOf(random: Random, profile: Profile, connect: boolean): AnswerPlan {
  const { steady, trouble } = profile;
  const whole = random.pick(['whole', 'pieces', 'slowly', 'discard'] as const);
  const manner = random.chance(trouble * 0.2) ? random.pick(['throws', 'rejects'] as const) : 'answers';
  // A 2xx to CONNECT would open the tunnel.
  const status = connect ? 403 : random.pick([200, 200, 200, 200, 201, 204, 304, 404, 417, 500]);
  return {
    manner,
    delay: delayOf(random, profile),
    reads: steady || random.chance(0.7) ? whole : random.pick(['cancel', 'along', 'behind', 'never']),
    interims: random.chance(0.1) ? Array.from({ length: 1 + random.below(3) }, () => random.pick([102, 103])) : [],
    status,
    body: status === 204 || status === 304 ? bodiless : bodyOf(random, profile, allShapes),
    closes: !steady && random.chance(0.03),
    switches: random.chance(0.8),
  };
}

/** Most handlers answer at once, some in a while, and a few when nobody waits any more. */
function delayOf(random: Random, { serene, trouble }: Profile): number {
  const chance = random.below(100);
  if (chance < 60) return 0;
  if (chance < 95 || serene) return 1 + random.below(500);
  return random.chance(trouble) ? 600_000 : random.below(10_000);
}

const shapesOfLength: readonly BodyPlan['shape'][] = ['none', 'whole', 'whole', 'sized'];
const allShapes: readonly BodyPlan['shape'][] = [...shapesOfLength, 'chunked'];

function bodyOf(
  random: Random,
  { serene, trouble }: Profile,
  shapes: readonly BodyPlan['shape'][],
  pausing = 0.25,
): BodyPlan {
  const shape = random.pick(shapes);
  if (shape === 'none') return bodiless;
  const size = sizeOf(random);
  const pieces = 1 + random.below(6);
  const pauses = shape !== 'whole' && random.chance(pausing);
  const longest = serene ? 2_000 : random.pick([2_000, 100_000]);
  return {
    shape,
    size,
    piece: Math.max(1, Math.ceil(size / pieces)),
    pause: pauses ? { at: random.below(pieces + 1), ms: random.below(longest) } : null,
    failsAt: shape !== 'whole' && random.chance(trouble * 0.3) ? random.below(pieces + 1) : Infinity,
    trailers: shape === 'chunked' && random.chance(0.3),
  };
}

/** Mostly small; now and then around what the thresholds of 64 KiB are sensitive to. */
function sizeOf(random: Random): number {
  const chance = random.below(1_000);
  if (chance < 900) return random.below(2 ** random.below(9));
  if (chance < 985) return random.below(2 ** (9 + random.below(4)));
  return 65_535 + random.below(3) + random.pick([0, 0, 0, 65_536]);
}
