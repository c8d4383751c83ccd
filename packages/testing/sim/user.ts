// Somebody who makes calls, on as many connections as that takes, and makes those again that it is safe to repeat.

import type { Open } from '@halfpipe/driver';
import type { Random } from '@halfpipe/testing';
import type { Scene } from './scene.ts';
import { Usage } from './usage.ts';
import type { Plan } from './workload.ts';

/** So often a call is made again where that is safe. */
const mostTimes = 3;

export class User {
  readonly usages: Usage[] = [];
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #open: Open;
  readonly #plans: readonly Plan[];
  /** How many calls have been made. */
  calls = 0;

  constructor(scene: Scene, random: Random, open: Open, plans: readonly Plan[]) {
    this.#scene = scene;
    this.#random = random;
    this.#open = open;
    this.#plans = plans;
  }

  /** To be called whenever everything that was ready has run. */
  check(): void {
    this.usages.at(-1)?.check();
  }

  /** Makes each call, on as many connections as that takes. */
  async run(): Promise<void> {
    const todo = this.#plans.map((plan) => ({ plan, times: 0 }));
    for (let number = 0; todo.length > 0; number++) {
      const usage = new Usage(this.#scene, this.#random.fork(number), this.#open);
      this.usages.push(usage);
      while (todo.length > 0 && usage.takesMore) {
        const { steady } = this.#scene.profile;
        const batch = todo.splice(0, usage.pace);
        this.calls += batch.length;
        const attempts = batch.map(({ plan, times }) => usage.ask(plan, times));
        // In a steady world a shutdown may come before the last answers, and does not cost them.
        await usage.rest(steady ? todo.length > 0 : this.#random.chance(0.9));
        for (const attempt of attempts) {
          const times = Number(attempt.tag.split('.')[1]) + 1;
          if (attempt.isSafe && times < mostTimes) todo.push({ plan: attempt.plan, times });
        }
      }
      await usage.finish();
    }
  }
}
