// What there is to measure, by name.

import { bodies } from './bodies/index.ts';
import { client } from './client/index.ts';
import { exchange } from './exchange/index.ts';
import { drip } from './growth/drip.ts';
import type { Family } from './harness/family.ts';
import { parse } from './parse/index.ts';
import { server } from './server/index.ts';

export const families: Readonly<Record<string, Family>> = { parse, exchange, server, client, bodies, drip };
