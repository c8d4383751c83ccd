// What came of the suite, as it is told line by line while it runs, and as it is kept. Knows no runtime and no file.

import type { ContractResult } from '@halfpipe/testing';
import type { Where } from './where.ts';

/** What a run tells, a line of JSON each. */
export type Line =
  /** First. */
  | { readonly where: Where }
  /** A subject that is not claimed there, and why. */
  | { readonly subject: string; readonly not: string }
  /** A case that is going to be run: one without a result has not been. */
  | { readonly subject: string; readonly planned: string }
  | ({ readonly subject: string } & ContractResult);

/** What came of one subject on one runtime. */
export interface SubjectResult {
  readonly subject: string;
  readonly passed: number;
  /** What was wrong with each. */
  readonly failed: readonly { readonly name: string; readonly detail: string }[];
  /** How many cases each reason has kept from being run. */
  readonly skipped: readonly { readonly reason: string; readonly cases: number }[];
  /** Why none was run, where the subject is not claimed. */
  readonly not: string | null;
}

/** What came of one runtime. */
export interface RowResult {
  readonly name: string;
  /** Null if it was not run. */
  readonly version: string | null;
  readonly subjects: readonly SubjectResult[];
  /** Why it was not run. */
  readonly missing: string | null;
  /** What went wrong beside the cases. */
  readonly error: string | null;
}

/** What came of a program that was to be seen to work. */
export interface CheckResult {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'not run';
  readonly detail: string;
}

/** What is kept. */
export interface Results {
  /** What went each way in the cases of great size, in bytes. */
  readonly size: number;
  readonly rows: readonly RowResult[];
  readonly checks: readonly CheckResult[];
}

interface Subject {
  not: string | null;
  readonly planned: Set<string>;
  readonly results: Map<string, ContractResult>;
}

/** Collects the lines of one run, and says what they come to. */
export class Tally {
  version: string | null = null;
  readonly #subjects = new Map<string, Subject>();

  take(line: Line): void {
    if ('where' in line) {
      this.version = line.where.version;
      return;
    }
    const subject = this.#subjects.get(line.subject) ?? { not: null, planned: new Set(), results: new Map() };
    this.#subjects.set(line.subject, subject);
    if ('not' in line) subject.not = line.not;
    else if ('planned' in line) subject.planned.add(line.planned);
    else subject.results.set(line.name, line);
  }

  get subjects(): readonly SubjectResult[] {
    return [...this.#subjects].map(([subject, { not, planned, results }]) => {
      const all = [...results.values()];
      const skipped = new Map<string, number>();
      for (const { outcome, detail } of all) {
        if (outcome === 'skipped') skipped.set(detail, (skipped.get(detail) ?? 0) + 1);
      }
      const failed = all.filter(({ outcome }) => outcome === 'failed');
      const missing = [...planned].filter((name) => !results.has(name));
      return {
        subject,
        passed: all.filter(({ outcome }) => outcome === 'passed').length,
        failed: [
          ...failed.map(({ name, detail }) => ({ name, detail })),
          ...missing.map((name) => ({ name, detail: 'It was not run' })),
        ],
        skipped: [...skipped].map(([reason, cases]) => ({ reason, cases })),
        not,
      };
    });
  }
}

/** How many cases passed, failed and were skipped. */
export function countsOf({ subjects }: RowResult): { passed: number; failed: number; skipped: number } {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const subject of subjects) {
    passed += subject.passed;
    failed += subject.failed.length;
    for (const { cases } of subject.skipped) skipped += cases;
  }
  return { passed, failed, skipped };
}

/** Everything that was run passed, and something was. */
export function isSound(row: RowResult): boolean {
  const { passed, failed } = countsOf(row);
  return row.missing === null && row.error === null && passed > 0 && failed === 0;
}
