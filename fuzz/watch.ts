// What is found, and what is always so of a connection of either role.

import type { Connection, Persistence } from '@halfpipe/core';

/** Something that must hold does not: a finding. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** `shown` is what it does not hold for. */
export function must(holds: boolean, what: string, ...shown: readonly unknown[]): asserts holds {
  if (!holds) throw new Violation([what, ...shown.map((each) => JSON.stringify(each))].join(': '));
}

/** What is always so of a connection, looked at behind each step. */
export class Watch {
  readonly #connection: Connection<unknown>;
  #finished = false;
  #ended = false;
  #size = 0;
  #persistence: Persistence;

  constructor(connection: Connection<unknown>) {
    this.#connection = connection;
    this.#persistence = connection.persistence;
  }

  look(): void {
    const { finished, outputEnded, outputSize, persistence, deadline, wantsInput } = this.#connection;
    const before = this.#persistence;
    must(finished || !this.#finished, 'it was finished and goes on');
    must(outputEnded || !this.#ended, 'its output had ended and has not');
    must(outputSize <= this.#size || !this.#ended, 'its output had ended and grows');
    must(!finished || (!wantsInput && deadline === Number.POSITIVE_INFINITY), 'it is finished and waits');
    must(!finished || outputSize === 0, 'it is finished and has output');
    must(persistence.verdict !== 'undecided' || before.verdict === 'undecided', 'its fate was decided and is not');
    must(before.verdict !== 'close' || persistence === before, 'persistence has left close');
    this.#finished = finished;
    this.#ended = outputEnded;
    this.#size = outputSize;
    this.#persistence = persistence;
  }
}

/** All must have come out the same, a line for each thing. */
export function compare(all: readonly (readonly string[])[]): void {
  const [whole = [], ...others] = all;
  for (const cut of others) {
    for (let i = 0; i < Math.max(whole.length, cut.length); i++) {
      must(whole[i] === cut[i], 'the cut of the bytes decides what is read', whole[i], cut[i]);
    }
  }
}
