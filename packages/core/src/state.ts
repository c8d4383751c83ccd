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

// The same tables, each row with every input, to be looked up without a key that changes: an object whose keys change is ten
// times slower to look into, and this is done twenty times an exchange (a quarter of a small one; bench/parse.ts).
type Row = Readonly<Record<Input, State | null>>;
const none: Row = {
  request: null,
  informational: null,
  response: null,
  data: null,
  end: null,
  switch: null,
  fail: null,
};
const rows: Readonly<Record<Party, Readonly<Record<State, Row>>>> = {
  client: rowsOf(transitions.client),
  server: rowsOf(transitions.server),
};

function rowsOf(table: Table[Party]): Readonly<Record<State, Row>> {
  const row = (state: State): Row => ({ ...none, ...table[state] });
  return {
    idle: row('idle'),
    owing: row('owing'),
    body: row('body'),
    done: row('done'),
    switched: row('switched'),
    failed: row('failed'),
  };
}

/** The state after an input, or null where the table has none. */
export function next(party: Party, state: State, input: Input): State | null {
  const row = byState(party === 'client' ? rows.client : rows.server, state);
  switch (input) {
    case 'request':
      return row.request;
    case 'informational':
      return row.informational;
    case 'response':
      return row.response;
    case 'data':
      return row.data;
    case 'end':
      return row.end;
    case 'switch':
      return row.switch;
    default:
      return row.fail;
  }
}

function byState<T>(table: Readonly<Record<State, T>>, state: State): T {
  switch (state) {
    case 'idle':
      return table.idle;
    case 'owing':
      return table.owing;
    case 'body':
      return table.body;
    case 'done':
      return table.done;
    case 'switched':
      return table.switched;
    default:
      return table.failed;
  }
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

/** Moves one party of an exchange on. A client that is done follows a server that has switched. What the two then mean together. */
export function step(exchange: { client: State; server: State }, party: Party, input: Input): Outcome {
  if (party === 'client') exchange.client = next(party, exchange.client, input) ?? 'failed';
  else exchange.server = next(party, exchange.server, input) ?? 'failed';
  if (exchange.client === 'done' && exchange.server === 'switched') {
    exchange.client = next('client', 'done', 'switch') ?? 'failed';
  }
  return outcomeOf(exchange.client, exchange.server);
}

/** What the states of the two parties mean together. */
export function outcomeOf(client: State, server: State): Outcome {
  return byState(byState(joint, client), server);
}
