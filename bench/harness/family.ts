// What a family is: it measures, and reports.

import type { Pace } from './pace.ts';
import type { Report } from './report.ts';

export interface Settings {
  readonly pace: Pace;
  /** The folder of another checkout, built, which ours is compared with in place of all peers. */
  readonly against: string | null;
}

export type Family = (settings: Settings) => Promise<Report[]>;
