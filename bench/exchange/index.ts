// A whole exchange in memory: bytes in, events, a message written, bytes out; for the server, for the client, and for both joined.

import { compete } from '../harness/contest.ts';
import type { Family } from '../harness/family.ts';
import { works } from './works.ts';

export const exchange: Family = async (settings) => {
  const file = new URL('peers.ts', import.meta.url);
  const rows = await compete(Object.keys(works), { file, peers: () => ['halfpipe'], settings });
  return [
    {
      family: 'exchange',
      title: 'in memory',
      unit: 'ns of the processor an exchange',
      better: 'less',
      beside: [],
      rows,
    },
  ];
};
