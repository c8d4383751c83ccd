// The life of one exchange: a table for each party, and one for the pairs of their states. All of it is data, so that a test can
// enumerate it and a script can draw it. Does not know which of the two parties we are.

/** Who sends: the request is the client's, the response the server's. */
export type Party = 'client' | 'server';

/** How far a party has got with its message. */
export type State = 'idle' | 'owing' | 'body' | 'done' | 'switched' | 'failed';

/** What happens to a party. `switch` ends HTTP for it; `fail` is a loss or a mistake. */
export type Input = 'request' | 'informational' | 'response' | 'data' | 'end' | 'switch' | 'fail';

type Table = Readonly<Record<Party, Readonly<Record<State, Readonly<Partial<Record<Input, State>>>>>>>;

/** What is not in the table cannot happen: locally it is refused, from the peer it is an error. */
export const transitions: Table = {
  client: {
    idle: { request: 'body', fail: 'failed' },
    owing: {},
    body: { data: 'body', end: 'done', fail: 'failed' },
    done: { switch: 'switched', fail: 'failed' },
    switched: {},
    failed: {},
  },
  server: {
    idle: { request: 'owing', fail: 'failed' },
    owing: { informational: 'owing', response: 'body', switch: 'switched', fail: 'failed' },
    body: { data: 'body', end: 'done', fail: 'failed' },
    done: { fail: 'failed' },
    switched: { fail: 'failed' },
    failed: {},
  },
};

/** The state after an input, or null where the table has none. */
export function next(party: Party, state: State, input: Input): State | null {
  return transitions[party][state][input] ?? null;
}

/**
 * What a pair of states means for the connection:
 * `open` more must happen; `early` the answer is complete and the request is not; `complete` the next exchange may begin;
 * `switch` the bytes that follow are another protocol's; `lost` it ended without an answer; `never` the pair cannot be reached.
 */
export type Outcome = 'open' | 'early' | 'complete' | 'switch' | 'lost' | 'never';

const unreached = {
  idle: 'never',
  owing: 'never',
  body: 'never',
  done: 'never',
  switched: 'never',
  failed: 'never',
} as const;

/** `joint[client][server]`. */
export const joint: Readonly<Record<State, Readonly<Record<State, Outcome>>>> = {
  idle: { ...unreached, idle: 'open' },
  owing: unreached,
  body: { ...unreached, owing: 'open', body: 'open', done: 'early', switched: 'open' },
  done: { ...unreached, owing: 'open', body: 'open', done: 'complete', switched: 'open' },
  switched: { ...unreached, switched: 'switch' },
  failed: { ...unreached, failed: 'lost' },
};
