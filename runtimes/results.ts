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
  /** Names and what was wrong. */
  readonly failed: readonly (readonly [name: string, detail: string])[];
  /** Reasons, and how many cases each has kept from being run. */
  readonly skipped: readonly (readonly [reason: string, cases: number])[];
  /** Why none was run, where the subject is not claimed. */
  readonly not: string | null;
}

/** Collects lines, and says what they come to. */
export class Tally {
  where: Where | null = null;
  readonly #subjects = new Map<
    string,
    { not: string | null; planned: Set<string>; results: Map<string, ContractResult> }
  >();

  take(line: Line): void {
    if ('where' in line) {
      this.where = line.where;
      return;
    }
    let subject = this.#subjects.get(line.subject);
    if (subject === undefined)
      this.#subjects.set(line.subject, (subject = { not: null, planned: new Set(), results: new Map() }));
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
      const failed = all
        .filter(({ outcome }) => outcome === 'failed')
        .map(({ name, detail }) => [name, detail] as const);
      const missing = [...planned]
        .filter((name) => !results.has(name))
        .map((name) => [name, 'It was not run'] as const);
      return {
        subject,
        passed: all.filter(({ outcome }) => outcome === 'passed').length,
        failed: [...failed, ...missing],
        skipped: [...skipped],
        not,
      };
    });
  }
}
