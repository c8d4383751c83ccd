// What can be fuzzed.

import { choose } from './choices.ts';
import * as client from './client.ts';
import * as pair from './pair.ts';
import { textOf } from './run.ts';
import * as server from './server.ts';

export interface Target {
  /** Throws what it finds. */
  fuzz(input: Uint8Array): void;
  /** What an input chooses, and its wire. */
  describe(input: Uint8Array): string;
}

export const targets: Readonly<Record<string, Target>> = {
  server: target(server),
  client: target(client),
  pair: target(pair),
};

function target({ fuzz, menu }: Pick<Target, 'fuzz'> & { menu: Parameters<typeof choose>[0] }): Target {
  const describe = (input: Uint8Array) => {
    const { plan, wire } = choose(menu, input);
    const text = JSON.stringify(textOf(wire)).replace(
      /[\x7f-\xff]/g,
      (byte) => `\\x${byte.charCodeAt(0).toString(16)}`,
    );
    return `${JSON.stringify(plan)}\n${text}`;
  };
  return { fuzz, describe };
}
