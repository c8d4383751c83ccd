// The contract suite: on the pair in memory, which passes, and on transports that are broken, of which each must fail.

import { type ContractSubject, contract, pair, runContract } from '@halfpipe/testing';
import { CountedTimers, realTimers } from '../src/contract/counted-timers.ts';
import { broken, spoiledPair } from './broken.ts';

const watch = (tell: (error: unknown) => void) => {
  process.on('unhandledRejection', tell);
  return () => void process.off('unhandledRejection', tell);
};

const memory: ContractSubject = { name: 'memory', pair: async () => pair() };

describe('the pair in memory', () => {
  for (const { name, run } of contract(memory, { watch })) test(name, run, 40_000);
});

describe('the pair in memory, cut at random', () => {
  const chunking = function* (bytes: Uint8Array) {
    for (let at = 0, size = 1; at < bytes.length; size = (size * 7 + 3) % 1_009) {
      yield bytes.subarray(at, at + size);
      at += size;
    }
  };
  const subject = { ...memory, pair: async () => pair({ chunking }) };
  for (const { name, run } of contract(subject, { watch, size: 1024 * 1024 })) test(name, run, 40_000);
});

describe('the pair in memory, without half-close', () => {
  const cannot = { 'half-close': 'it is told not to' };
  const subject = { ...memory, cannot, pair: async () => pair({ halfClose: false }) };
  for (const { name, skipped, run } of contract(subject, { watch, size: 1024 * 1024 })) {
    (skipped === null ? test : test.skip)(name, run, 40_000);
  }
});

// Smaller, and with less patience: what is broken shows at once, or never.
const quick = { size: 8 * 1024 * 1024, timeLimit: 400 };

test.each(broken)('a transport that %s fails', async (_, spoil, failing, message) => {
  const subject: ContractSubject = { name: 'broken', pair: () => spoiledPair(spoil) };
  const found = contract(subject, quick).find(({ name }) => name === failing);
  await expect(found?.run()).rejects.toThrow(message);
});

test('what a broken transport fails, one that is as it is made passes', async () => {
  const failing = new Set(broken.map(([, , name]) => name));
  const subject: ContractSubject = { name: 'sound', pair: () => spoiledPair({}) };
  const results: string[] = [];
  for (const { name, run } of contract(subject, { size: quick.size })) {
    if (!failing.has(name)) continue;
    failing.delete(name);
    await run().catch((error) => results.push(`${name}: ${error}`));
  }
  expect([...failing, ...results]).toEqual([]);
});

describe('what is left behind a case fails it', () => {
  const one = (subject: ContractSubject, options = {}, wanted = 'both ends at once') =>
    contract(subject, { ...quick, ...options })
      .find(({ name }) => name === wanted)
      ?.run();

  test('a handle', async () => {
    let open = 3;
    const leaking: ContractSubject = {
      name: 'leaking',
      async pair() {
        open++;
        return pair();
      },
      handles: () => open,
    };
    await expect(one(leaking)).rejects.toThrow(/waits for the handles to be closed: 4 are open, where 3 were before/);
  });

  test('a timer', async () => {
    // Taken back, but not counted off.
    const clear = jest
      .spyOn(CountedTimers.prototype, 'clearTimeout')
      .mockImplementation((handle) => realTimers.clearTimeout(handle));
    try {
      await expect(one(memory, {}, 'the client ends behind a request')).rejects.toThrow(
        'Expected no timer to be left, got 2',
      );
    } finally {
      clear.mockRestore();
    }
  });

  test('a rejection that nobody handles', async () => {
    let report: (error: unknown) => void = () => {};
    const options = {
      watch: (tell: (error: unknown) => void) => {
        report = tell;
        return () => {};
      },
    };
    const rejecting = {
      ...memory,
      pair: async () => {
        report(new Error('Nobody cares'));
        return pair();
      },
    };
    await expect(one(rejecting, options)).rejects.toThrow('Expected no unhandled rejection, got Error: Nobody cares');
  });

  test('a pair that does not come', async () => {
    await expect(one({ name: 'none', pair: () => new Promise(() => {}) })).rejects.toThrow(/waits for a pair$/);
  });
});

test('what a subject cannot do is skipped, and says why', async () => {
  const cannot = { pause: 'nobody can stop it', reset: 'it has no resets' };
  const except = { 'both ends at once': 'it is shy' };
  const cases = contract({ ...memory, cannot, except });
  const skipped = cases.filter((one) => one.skipped !== null);
  expect(skipped.length).toBeGreaterThan(5);
  expect(skipped.every(({ name, skipped }) => name.endsWith(` (skipped: ${skipped})`))).toBe(true);
  expect(new Set(skipped.map((one) => one.skipped))).toEqual(
    new Set(['nobody can stop it', 'it has no resets', 'it is shy']),
  );
  for (const { run } of skipped) expect(await run()).toBeUndefined();
});

test('an exception for a case that is not there is refused', () => {
  expect(() => contract({ ...memory, except: { 'flying pigs': 'none were there' } })).toThrow(
    'Cannot except a case that is not there: flying pigs',
  );
});

test('the names of cases are as many as the cases', () => {
  const names = contract(memory).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test('runContract tells of each case what came of it', async () => {
  let pairs = 0;
  const subject: ContractSubject = {
    ...memory,
    cannot: { 'half-close': 'it is told not to' },
    // The first one never gets far.
    pair: async () => {
      if (pairs++ === 0) throw new Error('Nobody is at home');
      return pair({ halfClose: false });
    },
  };
  const told: string[] = [];
  const results = await runContract(subject, { size: 1_024, exchanges: 10 }, ({ name }) => told.push(name));
  expect(results.map(({ name }) => name)).toEqual(told);
  expect(results[0]).toMatchObject({ outcome: 'failed', detail: 'Error: Nobody is at home' });
  const outcomes = new Map<string, number>();
  for (const { outcome } of results) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  expect(outcomes.get('failed')).toBe(1);
  expect(outcomes.get('skipped')).toBeGreaterThan(0);
  expect(results.filter(({ outcome }) => outcome === 'skipped')[0]?.detail).toBe('it is told not to');
}, 40_000);
