// Every kind of fault at every byte of short exchanges, in either direction, from before the first byte to behind the last: enumerated, where
// the simulation draws lots. What each kind may lead to, and exactly how often it leads to what.

import type { DialFault, Fault } from '@halfpipe/testing';
import { enact, type Job, type Outcome } from './every-byte/enactment.ts';
import { outcomesOf } from './every-byte/outcomes.ts';
import { type Reference, references, shortest } from './every-byte/references.ts';

jest.setTimeout(600_000); // no clock but virtual ones is in it

// Nobody looks at the stacks of the losses, of which there are thousands.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

type Direction = 'up' | 'down';
const directions: readonly Direction[] = ['up', 'down'];

/** What happens at a place. */
type Kind = (at: number) => readonly Fault[];

const harmless = {
  fragment: (at) => [{ kind: 'fragment', at }],
  coalesce: (at) => [{ kind: 'coalesce', at, ms: 40 }],
  delay: (at) => [{ kind: 'delay', at, ms: 40 }],
} as const satisfies Readonly<Record<string, Kind>>;

const harmful = {
  stall: (at) => [{ kind: 'stall', at, ms: 100_000 }],
  'half-close': (at) => [{ kind: 'half-close', at }],
  'truncate, known': (at) => [{ kind: 'truncate', at }],
  'truncate, unknown': (at) => [{ kind: 'truncate', at, eof: 'unknown' }],
  reset: (at) => [{ kind: 'reset', at }],
  // What has come can be answered before it.
  'reset, late': (at) => [
    { kind: 'delay', at, ms: 40 },
    { kind: 'reset', at },
  ],
} as const satisfies Readonly<Record<string, Kind>>;

/** Of each exchange, what happens where nothing goes wrong. */
const undisturbed = new Map<Reference, Outcome>();

beforeAll(async () => {
  const jobs = [...references, shortest].map((reference) => ({ reference, trouble: {}, loses: false }));
  await enact(jobs, (outcome, { reference }) => undisturbed.set(reference, outcome));
});

interface Placed extends Job {
  readonly direction: Direction;
  readonly at: number;
}

/** That kind of fault, at every place of every exchange. */
function* everywhere(kind: Kind, loses: boolean, direction: Direction): Generator<Placed> {
  for (const reference of references) {
    for (let at = 0; at <= undisturbed.get(reference)!.sent[direction].length; at++) {
      yield { reference, trouble: { [direction]: kind(at) }, loses, direction, at };
    }
  }
}

// Where messages are, in the bytes of the undisturbed exchange.

interface Span {
  readonly from: number;
  /** Behind the head. */
  readonly head: number;
  readonly to: number;
}

/** The answers; the interim response belongs to the one behind it. What never comes is at no place. */
function answersOf(reference: Reference): Span[] {
  const { down } = undisturbed.get(reference)!.sent;
  const starts = reference.plans.map(({ number }) => {
    const field = down.indexOf(`X-Exchange: ${number}.0\r\n`);
    return field < 0 ? Infinity : number === 0 ? 0 : down.lastIndexOf('HTTP/1.1 ', field);
  });
  return starts.map((from, i) => {
    if (from === Infinity) return { from, head: from, to: from };
    const field = down.indexOf(`X-Exchange: ${i}.0\r\n`);
    return { from, head: down.indexOf('\r\n\r\n', field) + 4, to: Math.min(starts[i + 1] ?? Infinity, down.length) };
  });
}

/** Where each request ends. */
function requestEndsOf(reference: Reference): number[] {
  const { up } = undisturbed.get(reference)!.sent;
  return reference.plans.map((plan, i) => {
    if (plan.switching) return up.indexOf('\r\n\r\n') + 4;
    const next = reference.plans[i + 1];
    return next === undefined ? up.length : up.indexOf(`${next.method} /e/${i + 1}.0 `);
  });
}

// What became of a call, from bad to good: its verdict may not get worse the more bytes get through.
const unsent = 0;
const ifIdempotent = 1;
const never = 2;
const answered = 3;

function rankOf(became: string): number {
  if (/^\d/.test(became)) return answered;
  if (became === 'partial-response') return never;
  return became === 'unsent' ? unsent : ifIdempotent;
}

/** What is wrong with an outcome as such, or with a verdict at its place. */
function wrongWith({ calls, read, violations }: Outcome, { reference, direction, at }: Placed, name: string): string[] {
  const wrong = [...violations];
  const before = undisturbed.get(reference)!;
  const ends = requestEndsOf(reference);
  const complete = Math.min(ends.filter((end) => end <= at).length, before.read);
  const spans = answersOf(reference);
  for (const [i, became] of calls.entries()) {
    const rank = rankOf(became);
    const isHandled = rank === answered && Number.parseInt(became, 10) === reference.plans[i]!.answer.status;
    if (isHandled && read <= i) wrong.push(`call ${i} is ${became}, and its request was not read`);
    if (direction === 'up') continue;
    const { from, head, to } = spans[i]!;
    const isUntilClose = reference.downgraded;
    // An end that looks clean cannot be told from the end of such a body, and one that does not must be.
    const looksClean = name === 'half-close' || name === 'truncate, unknown';
    const enough = reference.plans[i]!.switching ? head : isUntilClose ? (looksClean ? head : Infinity) : to;
    const isFair = at <= from ? rank <= ifIdempotent : rank === (at < enough ? never : answered);
    if (!isFair) wrong.push(`call ${i} is ${became}, and ${at} bytes came where its answer is from ${from} to ${to}`);
    // A tunnel, and nothing else, can come whole and lack its end.
    const last = reference.plans[i]!.switching ? before.sent.down.length + (name.startsWith('reset') ? 1 : 0) : to;
    const isCut = rank === answered && name !== 'stall' && at < last;
    if (became.endsWith(' cut') !== isCut) wrong.push(`call ${i} is ${became}`);
  }
  // The server has read a request to its end exactly if all of its bytes have come.
  if (direction === 'up' && read !== complete) wrong.push(`${read} requests were read, and ${complete} had come`);
  return wrong.map((what) => `${reference.name}, ${direction} at ${at}: ${what}`);
}

type Tally = Record<string, number>;

function count(tally: Tally, { calls }: Outcome): void {
  const key = calls.join(', ');
  tally[key] = (tally[key] ?? 0) + 1;
}

test.each(Object.entries(harmless))('a %s changes nothing but the time', async (name, kind) => {
  const wrong: string[] = [];
  const leftover = { up: 0, down: 0 };
  for (const direction of directions) {
    await enact(everywhere(kind, false, direction), (outcome, { reference, at }) => {
      for (const way of directions) leftover[way] = Math.max(leftover[way], outcome.leftover[way]);
      const isSame = plotOf(outcome) === plotOf(undisturbed.get(reference)!);
      if (!isSame) wrong.push(`${reference.name}, ${direction} at ${at}: ${outcome.violations}`);
    });
  }
  expect(wrong).toEqual([]);
  // Bytes of the tunnel were in one piece with the head before them: those that go up always, those that go down where they wait for it.
  expect(leftover).toEqual({ up: 8, down: name === 'coalesce' ? 15 : 0 });
});

/** Everything but when it happened, and in which pieces. */
function plotOf({ calls, read, story, sent, violations }: Outcome): string {
  return JSON.stringify({ calls, read, story, sent, violations });
}

describe.each(Object.entries(harmful))('a %s', (name, kind) => {
  test.each(directions)(
    'of what goes %s leads to what its place says, and no verdict is worse for more bytes',
    async (direction) => {
      const wrong: string[] = [];
      const tally: Tally = {};
      const ranks = new Map<Reference, number[][]>(references.map((reference) => [reference, []]));
      await enact(everywhere(kind, true, direction), (outcome, job) => {
        wrong.push(...wrongWith(outcome, job, name));
        count(tally, outcome);
        ranks.get(job.reference)![job.at] = outcome.calls.map(rankOf);
      });
      for (const [{ name: reference, plans }, places] of ranks) {
        for (const i of plans.keys()) {
          const worse = worseAt(places.map((calls) => calls[i]!));
          if (worse > 0) wrong.push(`${reference}, ${direction}: call ${i} is worse off at ${worse} than before`);
        }
      }
      expect(wrong).toEqual([]);
      expect(tally).toEqual(outcomesOf(name, direction));
    },
  );
});

/** The first place at which a rank is lower than at the one before; -1 if there is none. */
function worseAt(ranks: readonly number[]): number {
  return ranks.findIndex((rank, at) => at > 0 && rank < ranks[at - 1]!);
}

describe('faults in both directions at once', () => {
  const kinds = { delay: harmless.delay, 'half-close': harmful['half-close'], 'reset, late': harmful['reset, late'] };
  type Name = keyof typeof kinds;

  interface Both extends Job {
    readonly up: number;
    readonly down: number;
  }

  /** Where something begins or ends. */
  function bordersOf(bytes: string): number[] {
    const start = bytes.indexOf('\r\n');
    return [0, 1, start, start + 2, bytes.length - 2, bytes.length - 1, bytes.length];
  }

  function* places(up: Kind, down: Kind): Generator<Both> {
    const { sent } = undisturbed.get(shortest)!;
    const [upBorders, downBorders] = [bordersOf(sent.up), bordersOf(sent.down)];
    for (let i = 0; i <= sent.up.length; i++) {
      for (let j = 0; j <= sent.down.length; j++) {
        if (!upBorders.includes(i) && !downBorders.includes(j)) continue;
        yield { reference: shortest, trouble: { up: up(i), down: down(j) }, loses: true, up: i, down: j };
      }
    }
  }

  test.each<[Name, Name, Tally]>([
    ['delay', 'delay', { 204: 945 }],
    ['delay', 'half-close', { 204: 60, unanswered: 60, 'partial-response': 825 }],
    ['delay', 'reset, late', { 204: 60, unanswered: 60, 'partial-response': 825 }],
    ['half-close', 'delay', { 204: 82, 400: 781, unanswered: 82 }],
    ['half-close', 'half-close', { 204: 1, unanswered: 141, 'partial-response': 803 }],
    ['half-close', 'reset, late', { 204: 1, unanswered: 141, 'partial-response': 803 }],
    ['reset, late', 'delay', { 204: 82, unanswered: 863 }],
    ['reset, late', 'half-close', { 204: 1, unanswered: 864, 'partial-response': 80 }],
    ['reset, late', 'reset, late', { 204: 1, unanswered: 864, 'partial-response': 80 }],
  ])('%s up and %s down: no verdict is worse for more bytes that come down', async (up, down, expected) => {
    const wrong: string[] = [];
    const tally: Tally = {};
    const ranks: number[][] = [];
    await enact(places(kinds[up], kinds[down]), (outcome, job) => {
      wrong.push(...outcome.violations.map((what) => `up at ${job.up}, down at ${job.down}: ${what}`));
      count(tally, outcome);
      ranks[job.up] ??= [];
      ranks[job.up]![job.down] = rankOf(outcome.calls[0]!);
    });
    for (const [at, rank] of ranks.entries()) {
      // At most places only some were tried; of those the order counts.
      const worse = worseAt(rank.filter((each) => each !== undefined));
      if (worse > 0) wrong.push(`up at ${at}: worse off at place number ${worse} than at the one before`);
    }
    expect(wrong).toEqual([]);
    expect(tally).toEqual(expected);
  });
});

describe('dialling', () => {
  const all = (dial: DialFault, loses: boolean) =>
    references.map((reference): Job => ({ reference, trouble: { dial }, loses }));

  test('that is refused is what every call fails with, and nothing is sent', async () => {
    await enact(all({ kind: 'refuse' }, true), (outcome, { reference }) => {
      const calls = reference.plans.map((_, i) => (reference.inTurn && i > 0 ? 'unsent' : 'ERR_REFUSED'));
      expect(outcome).toMatchObject({ calls, read: 0, sent: { up: '', down: '' }, violations: [] });
    });
  });

  test('that takes long changes nothing but the time', async () => {
    const ms = 30_000;
    await enact(all({ kind: 'slow-dial', ms }, false), (outcome, { reference }) => {
      const before = undisturbed.get(reference)!;
      expect(plotOf(outcome)).toBe(plotOf(before));
      expect(outcome.duration).toBe(before.duration + ms);
    });
  });
});
