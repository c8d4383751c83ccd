// What goes on behind a switch of protocols: each side sends what it has, ends, and reads until the other has ended.

import type { Transport } from '@halfpipe/driver';
import { payloadOf, Receiver } from './bodies.ts';
import type { Flow } from './payload.ts';
import type { Scene } from './scene.ts';

export interface TunnelPlan {
  readonly sends: Flow;
  readonly size: number;
  readonly gets: Flow;
  readonly expected: number;
}

/** Nobody waits longer for the other side. */
const patience = 300_000;

/** Resolves when the transport has closed. */
export function runTunnel(scene: Scene, transport: Transport, tag: string, plan: TunnelPlan): Promise<void> {
  const receiver = new Receiver(scene, tag, plan.gets);
  const payload = payloadOf(scene, tag, plan.sends);
  return new Promise((resolve) => {
    let isClosed = false;
    const cancel = scene.after(patience, () => transport.destroy());
    transport.start({
      bytes: (bytes) => receiver.push(bytes),
      end: (eof) => {
        scene.log(`${tag} ${plan.gets} ended ${receiver.size}`);
        // On a network that loses nothing a clean end is the end of what was sent.
        if (eof === 'clean' && losesNothing(scene)) receiver.end(plan.expected);
      },
      writable: () => {},
      closed: () => {
        isClosed = true;
        cancel();
        scene.log(`${tag} ${plan.sends} closed`);
        resolve();
      },
    });
    if (isClosed) return;
    transport.write(payload.slice(0, plan.size));
    transport.end();
  });
}

function losesNothing({ profile }: Scene): boolean {
  const isCalm = profile.company === 'old-client' && profile.trouble === 0 && Object.keys(profile.faults).length === 0;
  return profile.serene || isCalm;
}
