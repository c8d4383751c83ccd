// The contract that every transport keeps, on each kind that this package makes and that Node can carry.

import { contract } from '@halfpipe/testing';
import { claimed } from '../../../runtimes/quirks.ts';
import { streamSubjects } from '../../../runtimes/subjects/web-streams.ts';
import { nodeStreamSubjects } from '../../../runtimes/subjects/web-streams-node.ts';
import { here, watch } from '../../../runtimes/where.ts';

for (const subject of [...streamSubjects, ...nodeStreamSubjects]) {
  const claim = claimed(subject, here());
  if ('not' in claim) test.skip(`${subject.name}: ${claim.not}`, () => {});
  else
    describe(subject.name, () => {
      for (const { name, skipped, run } of contract(claim, { watch, size: 16 * 1024 * 1024 })) {
        (skipped === null ? test : test.skip)(name, run, 40_000);
      }
    });
}
