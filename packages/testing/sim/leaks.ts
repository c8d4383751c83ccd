// Is anything of a world still held when the world is over? Connections and transports must be collectable then: no timer, no listener
// and no registry may keep them.

import type { Violation } from './invariants.ts';
import { turn } from './turn.ts';
import type { World } from './world.ts';

export class Leaks {
  readonly #refs: { readonly world: number; readonly ref: WeakRef<object> }[] = [];

  /** Looks at what is in a world that is over, without holding it. */
  watch(world: World): void {
    for (const held of world.held) this.#refs.push({ world: world.seed, ref: new WeakRef(held) });
  }

  /** To be called when the worlds themselves have been let go of. */
  async find(collect: () => void): Promise<Violation[]> {
    // What a WeakRef was made of is held until the end of the turn, and a registry may have to run between two collections.
    for (let i = 0; i < 3; i++) {
      await turn();
      collect();
    }
    return this.#refs.flatMap(({ world, ref }) => {
      const held = ref.deref();
      if (held === undefined) return [];
      return [{ invariant: 'nothing-left', world, time: 0, detail: `a ${held.constructor.name} is held` }];
    });
  }
}
