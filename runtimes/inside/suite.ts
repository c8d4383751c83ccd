// The suite where there is no test runner: case after case, and a line for each. Knows no platform.

import { type ContractOptions, type ContractSubject, contract, runContract } from '@halfpipe/testing';
import { claimed } from '../quirks.ts';
import type { Line } from '../results.ts';
import type { Where } from '../where.ts';

export async function runSuite(
  where: Where,
  subjects: readonly ContractSubject[],
  options: ContractOptions,
  tell: (line: Line) => void,
): Promise<void> {
  tell({ where });
  for (const subject of subjects) {
    const claim = claimed(subject, where);
    if ('not' in claim) {
      tell({ subject: subject.name, not: claim.not });
      continue;
    }
    for (const { name } of contract(claim, options)) tell({ subject: subject.name, planned: name });
    await runContract(claim, options, (result) => tell({ subject: subject.name, ...result }));
  }
}
