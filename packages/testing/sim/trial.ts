// The simulation as a judge of what it runs on: says in one line of JSON which invariant is violated first, and after how many exchanges, or
// that none is. Like run.ts, it uses nothing of a runtime but arguments and output.
// node trial.js [exchanges, by default 10,000] [the first seed, by default 1]

import type { Violation } from './invariants.ts';
import { simulate } from './simulate.ts';

/** What a trial prints. */
export interface Verdict {
  /** Made until then, or in all. */
  readonly exchanges: number;
  readonly violation: Violation | null;
}

declare const process: { argv: string[]; exit(): never };

// Nobody looks at the stacks of the losses, of which there are thousands.
(Error as { stackTraceLimit?: number }).stackTraceLimit = 0;

function tell(verdict: Verdict): void {
  console.log(JSON.stringify(verdict));
}

const { exchanges, violations } = await simulate({
  exchanges: Number(process.argv[2] ?? 10_000),
  seed: Number(process.argv[3] ?? 1),
  // More at once would cost less in the end, but not until the first violation.
  width: 16,
  onViolation(violation, made) {
    tell({ exchanges: made, violation });
    process.exit(); // what is broken may not come to an end
  },
});
tell({ exchanges, violation: violations[0] ?? null });
