// What the simulation is held against: mistakes of the protocol, each made in one place of the sources. Every one of them must be found,
// or the simulation looks away somewhere. Data only; packages/testing/test/mutants.test.ts makes them and runs them.

import { coreMutants } from './core-mutants.ts';
import { driverMutants } from './driver-mutants.ts';

/** One mistake. */
export interface Mutant {
  /** What the broken code does, as a sentence. */
  readonly name: string;
  /** Where, from the root of the workspace. */
  readonly file: string;
  /** What stands there, exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The same in another place of that file, where one place alone makes another mistake. */
  readonly also?: { readonly find: string; readonly replace: string };
}

export const mutants: readonly Mutant[] = [...coreMutants, ...driverMutants];

// Found too, but not surely within 10,000 exchanges, since they take two rare things at once:
// - what is queued behind the last response goes out (client.ts, `output.cut`): once in some 14,000 exchanges;
// - to HTTP/1.0 a response that failed looks as one that ended (serve.ts, `endsWithConnection`): once in some 16,000;
// - a server loses what came behind CONNECT (server.ts, `takeAll`): once in some 4,000.
//
// Tried, and no mistake that anybody outside could tell, since something else stands in for what is taken away:
// - `#flow` in client.ts goes on though the connection closes: the pipeline admits nothing there, and its last response ends it;
// - `#send` lets bytes pass that came before the request: the driver pulls before it sends, and `#pullIdle` has found them;
// - chunks before the server is known (pipeline.ts): the driver does not ask for that, and what is pipelined waits to know it anyhow;
// - the order, and the pause, of what a handed-over transport holds back (upgraded.ts): it never holds more than one piece;
// - a connection that is aborted closes in order instead (exchanges.ts, `cut`): the peer cannot know which was meant.
//
// And one thing that no peer in these worlds does: to promise an idle time with Keep-Alive.
