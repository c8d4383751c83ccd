// Who takes part: the peers, or, where ours is compared with another checkout, ours twice.

import type { Settings } from './family.ts';
import { otherCheckout } from './ours.ts';

export interface Entrant {
  /** As it is shown. */
  readonly peer: string;
  /** As its family knows it. */
  readonly name: string;
  /** Set in the environment of its process. */
  readonly env: Readonly<Record<string, string>>;
}

/** `peers` begin with ours. */
export function entrantsOf(peers: readonly string[], { against }: Settings): Entrant[] {
  if (against === null) return peers.map((peer) => ({ peer, name: peer, env: {} }));
  const [name = ''] = peers;
  return [
    { peer: 'here', name, env: {} },
    { peer: against, name, env: { [otherCheckout]: against } },
  ];
}
