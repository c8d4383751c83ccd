// Who exchanges messages in memory.

import type { Peer } from '../harness/loop.ts';
import { halfpipe } from './ours.ts';
import { works } from './works.ts';

export const peers: Readonly<Record<string, Peer>> = {
  halfpipe: (name) => halfpipe(works[name]!), // the names are those of the works
};
