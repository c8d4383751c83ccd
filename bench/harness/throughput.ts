// Measures what goes over sockets: how much of it in a second, which everything on the machine bounds, and how much time of the processor
// the process that is measured takes for each, which it alone bounds. In turns, as loops are.

import { Absent } from './absent.ts';
import type { Child } from './child.ts';
import { type Pace, roundsOf } from './pace.ts';
import type { Missing, Report, Result, Row } from './report.ts';
import { takeTurns } from './turns.ts';

/** What one turn gave. */
export interface Measured {
  /** So many in a second. */
  readonly rate: number;
  /** Microseconds of the processor for each. */
  readonly cost: number;
}

export interface Taker<Work> {
  readonly peer: string;
  /** Why it is not here, in place of a process. */
  readonly child: Child | Absent;
  /** Does it take part in that work? In all, if it does not say. */
  readonly does?: ((work: Work) => boolean) | undefined;
}

export interface Throughput<Work, Ready> {
  readonly works: readonly Work[];
  readonly nameOf: (work: Work) => string;
  /** Done by all before anything is measured, that their code has met all that comes. */
  readonly warming: readonly Work[];
  readonly takers: readonly Taker<Work>[];
  readonly pace: Pace;
  /** Instead of those that the pace asks for, at most. */
  readonly rounds?: number;
  /** What a process must do before it can work. */
  readonly start: (child: Child) => Promise<Ready>;
  /** Sees to it that the peer does a work rightly, once and before all else. */
  readonly check?: (child: Child, ready: Ready, work: Work) => Promise<void>;
  /** One turn. What it throws is what the peer does wrongly. */
  readonly turn: (child: Child, ready: Ready, work: Work) => Promise<Measured>;
}

/** The two tables: rates and costs. Stops the processes. */
export async function measureThroughput<Work, Ready>(
  { works, nameOf, warming, takers, pace, rounds: most, start, check, turn }: Throughput<Work, Ready>,
  report: Omit<Report, 'rows' | 'unit' | 'better'>,
  each: string,
  many = `${each}s`,
): Promise<Report[]> {
  const misses = new Map<string, Omit<Missing, 'peer'>>();
  const tables = { rate: [] as Row[], cost: [] as Row[] };
  try {
    const running: (Omit<Taker<Work>, 'child'> & { readonly child: Child; readonly ready: Ready })[] = [];
    for (const taker of takers) {
      const { peer, child } = taker;
      try {
        if (child instanceof Absent) throw child;
        running.push({ ...taker, child, ready: await start(child) });
      } catch (error) {
        for (const work of works) misses.set(`${peer} ${nameOf(work)}`, missOf(error));
      }
    }
    const tried = (work: Work) => async (taker: (typeof running)[number]) => {
      const name = `${taker.peer} ${nameOf(work)}`;
      if (misses.has(name)) return null;
      try {
        return await turn(taker.child, taker.ready, work);
      } catch (error) {
        misses.set(name, missOf(error));
        return null;
      }
    };
    const doing = (work: Work) => running.filter(({ does }) => does?.(work) ?? true);
    for (const work of works) {
      for (const { peer, child, ready } of doing(work)) {
        await check?.(child, ready, work).catch((error) => misses.set(`${peer} ${nameOf(work)}`, missOf(error)));
      }
    }
    for (const work of pace === 'smoke' ? [] : warming) for (const taker of doing(work)) await tried(work)(taker);
    for (const work of works) {
      if (pace !== 'smoke' && most === undefined) for (const taker of doing(work)) await tried(work)(taker);
      const rounds = await takeTurns(
        doing(work),
        Math.min(most ?? Number.POSITIVE_INFINITY, roundsOf(pace)),
        tried(work),
      );
      for (const [number, rows] of Object.entries(tables) as [keyof Measured, Row[]][]) {
        // the keys are those above
        const taking = takers.filter(({ does }) => does?.(work) ?? true);
        const results = taking.map(({ peer }): Result | Missing => {
          const miss = misses.get(`${peer} ${nameOf(work)}`);
          if (miss !== undefined) return { peer, ...miss };
          return { peer, rounds: (rounds.get(peer) ?? []).flatMap((value) => (value === null ? [] : [value[number]])) };
        });
        rows.push({ work: nameOf(work), results });
      }
    }
  } finally {
    await Promise.all(takers.map(({ child }) => (child instanceof Absent ? null : child.stop())));
  }
  return [
    { ...report, unit: `${many} a second`, better: 'more', rows: tables.rate },
    { ...report, unit: `µs of its processor a ${each}`, better: 'less', rows: tables.cost },
  ];
}

function missOf(error: unknown): Omit<Missing, 'peer'> {
  const why = error instanceof Error ? error.message : String(error);
  return { missing: error instanceof Absent ? 'not run' : 'wrong', why };
}
