// The contract that every transport keeps, on each kind that this package makes.

import { contract } from '@halfpipe/testing';
import { nodeSubjects } from '../../../runtimes/subjects/node.ts';

const watch = (tell: (error: unknown) => void) => {
  process.on('unhandledRejection', tell);
  return () => void process.off('unhandledRejection', tell);
};

describe.each(nodeSubjects.map((subject) => ({ name: subject.name, subject })))('$name', ({ subject }) => {
  for (const { name, skipped, run } of contract(subject, { watch, timeLimit: 20_000 })) {
    (skipped === null ? test : test.skip)(name, run, 30_000);
  }
});
