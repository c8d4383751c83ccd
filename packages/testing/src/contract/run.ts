// One case from its beginning to what is left of it: a time limit, and nobody's leftovers. Knows no case.

import { check, errorText } from './check.ts';
import { type Case, Stage } from './stage.ts';
import type { ContractOptions, ContractSubject } from './subject.ts';

export async function runCase(subject: ContractSubject, options: ContractOptions, { run }: Case): Promise<void> {
  const stage = new Stage(subject, options);
  const unhandled: unknown[] = [];
  const stop = (options.watch ?? watchGlobal)((error) => unhandled.push(error));
  const play = async () => {
    const before = await stage.handles();
    await run(stage);
    await stage.over();
    await stage.untilHandles(before);
  };
  try {
    await stage.waits.limit(Promise.race([play(), stage.violated]), options.timeLimit ?? 30_000);
  } finally {
    stage.letGo();
    // A rejection is found to be unhandled a turn later.
    await stage.turn();
    await stage.turn();
    stop();
  }
  check(unhandled.length === 0, () => `Expected no unhandled rejection, got ${unhandled.map(errorText).join('; ')}`);
}

/** By the events of the global scope, which browsers, Deno and Workers have. Where it has none, nothing is told. */
function watchGlobal(tell: (error: unknown) => void): () => void {
  if (typeof globalThis.addEventListener !== 'function') return () => {};
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    tell(event.reason);
  };
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    tell(event.error ?? event.message);
  };
  globalThis.addEventListener('unhandledrejection', onRejection);
  globalThis.addEventListener('error', onError);
  return () => {
    globalThis.removeEventListener('unhandledrejection', onRejection);
    globalThis.removeEventListener('error', onError);
  };
}
