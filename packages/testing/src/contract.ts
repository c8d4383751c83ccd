// One suite for every transport: what it must do by its contract, and what client and server do over it. Runner-agnostic: it gives cases,
// which any runner runs, or `runContract`, where there is none. Knows no platform.

import { abortCases } from './contract/aborts.ts';
import { badInputCases } from './contract/bad-input.ts';
import { bytesCases } from './contract/bytes.ts';
import { errorText } from './contract/check.ts';
import { endsCases } from './contract/ends.ts';
import { eofCases } from './contract/eofs.ts';
import { exchangeCases } from './contract/exchanges.ts';
import { pressureCases } from './contract/pressure.ts';
import { resetsCases } from './contract/resets.ts';
import { runCase } from './contract/run.ts';
import type { Case } from './contract/stage.ts';
import type { ContractCase, ContractOptions, ContractResult, ContractSubject } from './contract/subject.ts';
import { upgradeCases } from './contract/upgrades.ts';

export { ContractError } from './contract/check.ts';
export type { Ability, ContractCase, ContractOptions, ContractResult, ContractSubject } from './contract/subject.ts';

/**
 * The cases that a kind of transport must pass. Each makes pairs of its own, holds them by hand or has a client and a server on them, and
 * fails also if a transport tells what none may tell, or if anything is left behind it: a transport that is not closed, a timer, a handle,
 * a rejection that nobody handles. None sleeps; one that waits in vain says what for when its time is over.
 *
 * @example
 * for (const { name, run } of contract({ name: 'memory', pair: async () => pair() })) test(name, run);
 *
 * @throws {TypeError} `except` names a case that is not there.
 */
export function contract(subject: ContractSubject, options: ContractOptions = {}): readonly ContractCase[] {
  const { cannot = {}, except = {} } = subject;
  const cases = allCases(options).filter(({ lacks }) => lacks === undefined || cannot[lacks] !== undefined);
  for (const name of Object.keys(except)) {
    if (cases.every((known) => known.name !== name))
      throw new TypeError(`Cannot except a case that is not there: ${name}`);
  }
  return cases.map((one) => {
    const missing = one.needs?.find((ability) => cannot[ability] !== undefined);
    const skipped = except[one.name] ?? (missing === undefined ? null : (cannot[missing] ?? null));
    return {
      name: skipped === null ? one.name : `${one.name} (skipped: ${skipped})`,
      skipped,
      run: skipped === null ? () => runCase(subject, options, one) : async () => {},
    };
  });
}

/** Runs the cases one after the other, and tells what came of each: for where there is no runner, such as a Worker or a page. */
export async function runContract(
  subject: ContractSubject,
  options: ContractOptions = {},
  onResult: (result: ContractResult) => void = () => {},
): Promise<readonly ContractResult[]> {
  const results: ContractResult[] = [];
  for (const { name, skipped, run } of contract(subject, options)) {
    const began = performance.now();
    const outcome = await run().then(
      () =>
        skipped === null
          ? { outcome: 'passed' as const, detail: '' }
          : { outcome: 'skipped' as const, detail: skipped },
      (error: unknown) => ({ outcome: 'failed' as const, detail: errorText(error) }),
    );
    const result = { name, ...outcome, duration: performance.now() - began };
    results.push(result);
    onResult(result);
  }
  return results;
}

function allCases({ size = 64 * 1024 * 1024, exchanges = 1_000 }: ContractOptions): readonly Case[] {
  return [
    ...bytesCases(size),
    ...pressureCases,
    ...endsCases,
    ...resetsCases,
    ...exchangeCases(size, exchanges),
    ...upgradeCases,
    ...eofCases,
    ...badInputCases,
    ...abortCases,
  ];
}
