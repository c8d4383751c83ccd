// Who exchanges messages in memory, but for h11, which has a program of its own.

import type { Peer } from '../harness/loop.ts';
import { nodeHttp } from './node-http.ts';
import { halfpipe } from './ours.ts';
import { undici } from './undici.ts';
import { works } from './works.ts';

export const peers: Readonly<Record<string, Peer>> = {
  halfpipe: (name) => halfpipe(works[name]!), // the names are those of the works, here and below
  'node:http': (name) => nodeHttp(works[name]!),
  undici: (name) => undici(works[name]!),
};
