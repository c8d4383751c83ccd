// What there is to measure, by name.

import { drip } from './drip.ts';
import { parse } from './parse.ts';
import type { Report } from './report.ts';
import type { Settings } from './rounds.ts';
import { server } from './server.ts';

export const families: Readonly<Record<string, (settings: Settings) => Promise<Report[]>>> = { parse, server, drip };
