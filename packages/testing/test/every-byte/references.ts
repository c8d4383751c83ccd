// Short exchanges between a user of the library and a server of the library, of every shape that a message, or the end of a connection, can
// have. Data only: what is asked and how it is answered, in the plans of the simulation. enactment.ts plays them.

import type { AnswerPlan, BodyPlan, Plan } from '../../sim/workload.ts';

export interface Reference {
  readonly name: string;
  readonly plans: readonly Plan[];
  /** Is each call made when the one before is over? Otherwise all are made at once. */
  readonly inTurn: boolean;
  readonly persistent: boolean | undefined;
  /** So many bytes for the tunnel are sent along with the request that asks for it. */
  readonly early: number;
  /** Somebody on the way makes HTTP/1.0 of the request's version, so that the end of the connection ends the response. */
  readonly downgraded: boolean;
}

const bodiless: BodyPlan = { shape: 'none', size: 0, piece: 1, pause: null, failsAt: Infinity, trailers: false };

function body(shape: BodyPlan['shape'], size: number, more: Partial<BodyPlan> = {}): BodyPlan {
  return { ...bodiless, shape, size, ...more };
}

function plan(number: number, method: string, answer: Partial<AnswerPlan>, more: Partial<Plan> = {}): Plan {
  return {
    number,
    method,
    switching: false,
    body: bodiless,
    expects: false,
    absolute: false,
    closes: false,
    padding: 0,
    abortsAfter: Infinity,
    answer: {
      manner: 'answers',
      delay: 0,
      reads: 'whole',
      interims: [],
      status: 200,
      body: bodiless,
      closes: false,
      switches: true,
      ...answer,
    },
    reads: 'bytes',
    lateness: 0,
    tunnel: { up: 0, down: 0 },
    ...more,
  };
}

function reference(name: string, plans: readonly Plan[], more: Partial<Reference> = {}): Reference {
  return { name, plans, inTurn: false, persistent: true, early: 0, downgraded: false, ...more };
}

const chunked = body('chunked', 12, { piece: 5, trailers: true });

export const references: readonly Reference[] = [
  reference('GET and GET, pipelined', [
    plan(0, 'GET', { body: body('whole', 5) }),
    plan(1, 'GET', { body: body('sized', 7, { piece: 4 }) }),
  ]),
  reference('POST and its answer in chunks with trailers', [plan(0, 'POST', { body: chunked }, { body: chunked })]),
  reference('POST that expects 100', [plan(0, 'POST', { status: 201 }, { body: body('whole', 9), expects: true })]),
  reference(
    'a switch of protocols, with bytes behind both heads',
    [plan(0, 'GET', {}, { switching: true, tunnel: { up: 12, down: 15 } })],
    { early: 8 },
  ),
  reference('a response until the end', [plan(0, 'GET', { body: body('chunked', 14, { piece: 8 }) })], {
    downgraded: true,
  }),
  reference(
    'GET, then POST when it has been answered',
    [plan(0, 'GET', { body: body('whole', 3) }), plan(1, 'POST', { status: 204 }, { body: body('whole', 4) })],
    { inTurn: true, persistent: undefined },
  ),
  reference('GET behind one whose answer closes', [
    plan(0, 'GET', { body: body('whole', 5), closes: true }),
    plan(1, 'GET', { body: body('whole', 7) }),
  ]),
];

/** Short enough for faults in both directions at once. */
export const shortest: Reference = reference('GET without content', [plan(0, 'GET', { status: 204 })]);
