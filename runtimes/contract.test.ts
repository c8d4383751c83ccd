// The contract suite on Node, Deno and Bun, by the one test runner that all three have. What comes of each case goes, a line of JSON each,
// to the file that HALFPIPE_RESULTS names; HALFPIPE_SIZE is how many bytes the large cases carry.

import { appendFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ContractSubject, contract } from '@halfpipe/testing';
import { claimed } from './quirks.ts';
import type { Line } from './results.ts';
import { denoSubjects } from './subjects/deno.ts';
import { nodeSubjects } from './subjects/node.ts';
import { streamSubjects } from './subjects/web-streams.ts';
import { nodeStreamSubjects } from './subjects/web-streams-node.ts';
import { here, watch } from './where.ts';

const where = here();
const { HALFPIPE_RESULTS: path, HALFPIPE_SIZE: size = 64 * 1024 * 1024 } = process.env;
const timeLimit = 30_000;

function tell(line: Line): void {
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(line)}\n`);
}

const subjects: readonly ContractSubject[] = [
  ...(where.runtime === 'deno' ? denoSubjects : []),
  ...nodeSubjects,
  ...streamSubjects,
  ...nodeStreamSubjects,
];

tell({ where });
for (const subject of subjects) {
  const claim = claimed(subject, where);
  if ('not' in claim) {
    tell({ subject: subject.name, not: claim.not });
    continue;
  }
  for (const { name, skipped, run } of contract(claim, {
    size: Number(size),
    timeLimit,
    ...(where.runtime !== 'deno' && { watch }),
  })) {
    const title = `${subject.name}: ${name}`;
    tell({ subject: subject.name, planned: name });
    if (skipped !== null) {
      tell({ subject: subject.name, name, outcome: 'skipped', detail: skipped, duration: 0 });
      test(title, { skip: skipped }, () => {});
      continue;
    }
    test(title, { timeout: 2 * timeLimit }, async () => {
      const began = performance.now();
      try {
        await run();
        tell({ subject: subject.name, name, outcome: 'passed', detail: '', duration: performance.now() - began });
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        tell({ subject: subject.name, name, outcome: 'failed', detail, duration: performance.now() - began });
        throw error;
      }
    });
  }
}
