// What there is to measure, by name.

import { bodies } from './bodies/index.ts';
import { client } from './client/index.ts';
import { exchange } from './exchange/index.ts';
import { growth } from './growth/index.ts';
import type { Family } from './harness/family.ts';
import { memory } from './memory/index.ts';
import { parse } from './parse/index.ts';
import { server } from './server/index.ts';
import { size } from './size/index.ts';

export const families: Readonly<Record<string, Family>> = {
  parse,
  exchange,
  server,
  client,
  bodies,
  memory,
  growth,
  size,
};
