// The contract that every transport keeps, on each kind that this package makes.

import { contract } from '@halfpipe/testing';
import { claimed } from '../../../runtimes/quirks.ts';
import { nodeSubjects } from '../../../runtimes/subjects/node.ts';
import { here, watch } from '../../../runtimes/where.ts';

for (const subject of nodeSubjects) {
  const claim = claimed(subject, here());
  if ('not' in claim) test.skip(`${subject.name}: ${claim.not}`, () => {});
  else
    describe(subject.name, () => {
      for (const { name, skipped, run } of contract(claim, { watch, timeLimit: 20_000 })) {
        (skipped === null ? test : test.skip)(name, run, 30_000);
      }
    });
}
