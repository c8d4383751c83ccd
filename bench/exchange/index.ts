// A whole exchange in memory: bytes in, events, a message written, bytes out; for the server, for the client, and for both joined.

import { existsSync } from 'node:fs';
import { compete } from '../harness/contest.ts';
import type { Family } from '../harness/family.ts';
import { type Work, works } from './works.ts';

// The one that Debian's python3-h11 is for; another may come before it in the path.
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

export const exchange: Family = async (settings) => {
  const file = new URL('peers.ts', import.meta.url);
  const rows = await compete(Object.keys(works), {
    file,
    peers: (work) => ['halfpipe', 'node:http', ...(works[work]?.role === 'client' ? ['undici'] : []), 'h11'],
    programs: {
      h11: {
        command: [python, new URL('with-h11.py', import.meta.url).pathname],
        data: (name) => forPython(works[name]!),
      }, // one of the names
    },
    settings,
  });
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

function forPython({ role, request, upload, response, download }: Work): unknown {
  const encoded = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return {
    role,
    request: encoded(request),
    upload: upload === null ? null : encoded(upload),
    response: encoded(response),
    download: encoded(download),
  };
}
