// What goes on behind a switch of protocols: each side sends what it has, ends, and reads until the other has ended. Some begin late, and
// some stop reading for a while; which, their sizes tell.

import type { Transport } from '@halfpipe/driver';
import { payloadOf, Receiver } from './bodies.ts';
import type { Flow } from './payload.ts';
import { endsAreTrue, type Scene } from './scene.ts';

export interface TunnelPlan {
  readonly sends: Flow;
  readonly size: number;
  readonly gets: Flow;
  readonly expected: number;
}

/** Nobody waits longer for the other side. */
const patience = 300_000;

/** What comes until a late one begins, or one that has stopped goes on, waits somewhere. In milliseconds. */
const lateness = 40;

/** Resolves when the transport has closed. */
export async function runTunnel(scene: Scene, transport: Transport, tag: string, plan: TunnelPlan): Promise<void> {
  if (plan.size % 3 === 0) await scene.sleep(lateness);
  await run(scene, transport, tag, plan);
}

function run(scene: Scene, transport: Transport, tag: string, plan: TunnelPlan): Promise<void> {
  const receiver = new Receiver(scene, tag, plan.gets);
  const payload = payloadOf(scene, tag, plan.sends);
  return new Promise((resolve) => {
    let isClosed = false;
    let stops = plan.expected % 2 === 0;
    let isPaused = false;
    const stop = () => {
      stops = false;
      isPaused = true;
      transport.pause();
      scene.after(lateness, () => {
        isPaused = false;
        if (!isClosed) transport.resume();
      });
    };
    const cancel = scene.after(patience, () => transport.destroy());
    transport.start({
      bytes: (bytes) => {
        if (isPaused) scene.report('as-wanted', `${tag} is given bytes that wait`);
        receiver.push(bytes);
        if (stops) stop();
      },
      end: (eof) => {
        scene.log(`${tag} ${plan.gets} ended ${receiver.size}`);
        if (eof === 'clean' && meansAll(scene)) receiver.end(plan.expected);
      },
      writable: () => {},
      closed: () => {
        isClosed = true;
        cancel();
        scene.log(`${tag} ${plan.sends} closed`);
        resolve();
      },
    });
    // It may have been lost before it began, and tell so at once.
    if (isClosed) return;
    transport.write(payload.slice(0, plan.size));
    transport.end();
  });
}

/** Is a clean end the end of all that was to be sent? Who is in trouble may leave before he has sent any. */
function meansAll(scene: Scene): boolean {
  return scene.profile.serene || (scene.profile.company === 'old-client' && endsAreTrue(scene));
}
