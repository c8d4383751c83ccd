// The library with one mistake, for each mistake that there is in sim/mutants.ts: does the simulation find it? Each runs in a process of its
// own, from the sources, so that no build is needed and nothing that is broken can break the test.
// MUTANTS_SEED=1001 npm run sim:mutants gives other worlds.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Simulation, tell } from '../../../scripts/simulation.ts';
import { type Mutant, mutants } from '../sim/mutants.ts';
import type { Verdict } from '../sim/trial.ts';

/** So many calls are planned; with those that are repeated, nearly 10,000 are made. */
const planned = 6_500;
const mostExchanges = 10_000;
const seed = process.env.MUTANTS_SEED ?? '1';
/** One that is broken may not come to an end; the others take seconds. */
const mostSeconds = 120;

interface Row {
  readonly name: string;
  /** Only an invariant that is violated kills: what crashes, or does not come to an end, might not even have begun. */
  readonly found: 'nothing' | 'something' | 'no end' | 'a crash' | 'no such place';
  /** The invariant; or with what it has crashed, or why there is no such mutant. */
  readonly killer: string;
  readonly exchanges: number | null;
}

const unchanged = 'nothing is broken';
const rows = new Map<string, Row>();

async function run(simulation: Simulation, mutant: Mutant | null): Promise<Row> {
  const name = mutant?.name ?? unchanged;
  const folder = mkdtempSync(join(tmpdir(), 'halfpipe-mutant-'));
  try {
    try {
      simulation.write(folder, mutant);
    } catch (error) {
      return { name, found: 'no such place', killer: String(error), exchanges: null };
    }
    const args = ['--expose-gc', join(folder, 'sim/trial.js'), String(planned), seed];
    const outcome = await tell(process.execPath, args, mostSeconds);
    if (outcome.kind === 'endless') return { name, found: 'no end', killer: '', exchanges: null };
    if (outcome.kind === 'crashed') return { name, found: 'a crash', killer: outcome.why, exchanges: null };
    const { violation, exchanges } = outcome.value as Verdict; // what trial.ts prints
    if (violation === null) return { name, found: 'nothing', killer: '', exchanges };
    return { name, found: 'something', killer: violation.invariant, exchanges };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

beforeAll(async () => {
  const simulation = new Simulation(join(__dirname, '../../..'));
  // The longest first, beside the others.
  const queue: (Mutant | null)[] = [null, ...mutants];
  const lane = async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const row = await run(simulation, mutant);
      rows.set(row.name, row);
    }
  };
  await Promise.all([lane(), lane()]);
}, 1_800_000);

afterAll(() => {
  const all = [unchanged, ...mutants.map(({ name }) => name)].flatMap((name) => rows.get(name) ?? []);
  const lines = all.map(({ name, found, killer, exchanges }) => {
    const told = found === 'something' ? killer : `(${found})`;
    return `${name.padEnd(64)} ${told.padEnd(20)} ${exchanges ?? '-'}`;
  });
  const killed = all.filter(({ found, name }) => found === 'something' && name !== unchanged).length;
  const head = `${'mutant'.padEnd(64)} ${'killed by'.padEnd(20)} exchanges`;
  const sum = `${killed} of ${mutants.length} mutants are killed, in worlds from seed ${seed} on`;
  process.stdout.write(`\n${head}\n${'-'.repeat(head.length)}\n${lines.join('\n')}\n${sum}\n\n`);
});

test('what is not broken violates nothing', () => {
  const row = rows.get(unchanged)!; // run before any test
  expect(row).toMatchObject({ found: 'nothing' });
  expect(row.exchanges).toBeGreaterThan(planned);
  expect(row.exchanges).toBeLessThanOrEqual(mostExchanges);
});

test('each mutant has a name of its own', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

test.each(mutants.map(({ name }) => name))('that %s is found within 10,000 exchanges', (name) => {
  const row = rows.get(name)!; // run before any test
  expect(row).toEqual({ name, found: 'something', killer: expect.any(String), exchanges: row.exchanges });
  expect(row.exchanges ?? 0).toBeLessThanOrEqual(mostExchanges);
});

test.each([
  ['is not in its file', { find: 'no such thing' }, /"no such thing" is there 0 times, not once$/],
  ['is there more than once', { find: 'return' }, /"return" is there \d+ times, not once$/],
  ['is in no file of the simulation', { file: 'README.md' }, /README\.md: it is not part of the simulation$/],
])('a mutant that %s is none', (_, change, message) => {
  const folder = mkdtempSync(join(tmpdir(), 'halfpipe-mutant-'));
  try {
    const simulation = new Simulation(join(__dirname, '../../..'));
    expect(() => simulation.write(folder, { ...mutants[0]!, ...change })).toThrow(message);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
