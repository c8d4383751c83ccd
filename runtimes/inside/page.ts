// A page: the suite over WebSockets, both ends of which are here, joined by a relay, over MessagePorts and over streams.

import type { ContractSubject } from '@halfpipe/testing';
import { webSocket } from '@halfpipe/web-streams';
import type { Line } from '../results.ts';
import { streamSubjects } from '../subjects/web-streams.ts';
import { runSuite } from './suite.ts';

/** What whoever opens the page puts into it. */
interface Given {
  readonly version: string;
  readonly size: number;
  readonly relay: string;
  readonly count: string;
}
declare const given: Given;
declare function tell(line: Line): void;

const sockets: ContractSubject = {
  name: 'web-streams: WebSocket',
  async pair() {
    // One after the other: the relay joins them in this order.
    const near = webSocket(new WebSocket(given.relay));
    await near.opened;
    const far = webSocket(new WebSocket(given.relay));
    await far.opened;
    return [near, far];
  },
  cannot: {
    'half-close': 'a WebSocket closes both directions at once',
    pause: 'a WebSocket cannot hold back what its peer sends (whatwg/websockets#17)',
  },
  async handles() {
    const response = await fetch(given.count);
    return Number(await response.text());
  },
};

const where = { runtime: 'chromium', version: given.version } as const;
await runSuite(where, [sockets, ...streamSubjects], { size: given.size }, tell);
Object.assign(globalThis, { isOver: true });
