// The life of an exchange, enumerated: every state with every input, and every pair of states that can be reached
// (RFC 9110 §3.4, §7.8, §15.2; RFC 9112 §9.3).

import { type Input, joint, next, type Outcome, type Party, type State, transitions } from '../src/state.ts';

const states: readonly State[] = ['idle', 'owing', 'body', 'done', 'switched', 'failed'];
const inputs: readonly Input[] = ['request', 'informational', 'response', 'data', 'end', 'switch', 'fail'];

// What each state takes; all else is refused.
const taken: Readonly<Record<Party, Readonly<Record<State, string>>>> = {
  client: {
    idle: 'request → body, fail → failed',
    owing: '',
    body: 'data → body, end → done, fail → failed',
    done: 'switch → switched, fail → failed',
    switched: '',
    failed: '',
  },
  server: {
    idle: 'request → owing, fail → failed',
    owing: 'informational → owing, response → body, switch → switched, fail → failed',
    body: 'data → body, end → done, fail → failed',
    done: 'fail → failed',
    switched: 'fail → failed',
    failed: '',
  },
};

describe.each<Party>(['client', 'server'])('the %s', (party) => {
  test.each(states)('in %s takes what it should and nothing else', (state) => {
    const found = inputs.flatMap((input) => {
      const after = next(party, state, input);
      return after === null ? [] : `${input} → ${after}`;
    });
    expect(found.join(', ')).toBe(taken[party][state]);
  });

  test('has a row for every state and no other', () => {
    expect(Object.keys(transitions[party]).sort()).toEqual([...states].sort());
  });
});

type Pair = `${State}/${State}`;

const partsOf = (pair: Pair) => pair.split('/') as [client: State, server: State]; // as it was put together
const outcomeOf = (pair: Pair): Outcome => {
  const [client, server] = partsOf(pair);
  return joint[client][server];
};

/** The pairs that one event leads to. A request, a switch and a loss happen to both parties. */
function after(pair: Pair): Pair[] {
  const [client, server] = partsOf(pair);
  const pairs: Pair[] = [];
  const go = (nextClient: State | null, nextServer: State | null) => {
    if (nextClient !== null && nextServer !== null) pairs.push(`${nextClient}/${nextServer}`);
  };
  go(next('client', client, 'request'), next('server', server, 'request'));
  for (const input of ['data', 'end'] as const) go(next('client', client, input), server);
  for (const input of ['informational', 'response', 'data', 'end', 'switch'] as const)
    go(client, next('server', server, input));
  if (server === 'switched') go(next('client', client, 'switch'), server);
  go(next('client', client, 'fail'), next('server', server, 'fail'));
  return pairs;
}

const ended: ReadonlySet<Outcome> = new Set(['complete', 'switch', 'lost']);

/** Every pair that can be reached from there, without going on behind an end. */
function reachedFrom(start: Pair): Set<Pair> {
  const reached = new Set([start]);
  for (const pair of reached) {
    if (!ended.has(outcomeOf(pair))) for (const following of after(pair)) reached.add(following);
  }
  return reached;
}

const everyPair = states.flatMap((client) => states.map((server): Pair => `${client}/${server}`));
const reachable = reachedFrom('idle/idle');

describe('the two together', () => {
  test.each(everyPair.filter((pair) => reachable.has(pair)))('can be in %s, which means something', (pair) => {
    expect(outcomeOf(pair)).not.toBe('never');
  });

  test.each(everyPair.filter((pair) => !reachable.has(pair)))('cannot be in %s', (pair) => {
    expect(outcomeOf(pair)).toBe('never');
  });

  test('can be in these pairs', () => {
    expect([...reachable].map((pair) => `${pair} ${outcomeOf(pair)}`).sort()).toEqual([
      'body/body open',
      'body/done early',
      'body/owing open',
      'body/switched open',
      'done/body open',
      'done/done complete',
      'done/owing open',
      'done/switched open',
      'failed/failed lost',
      'idle/idle open',
      'switched/switched switch',
    ]);
  });

  test.each([...reachable])('find an end from %s', (pair) => {
    const ends = [...reachedFrom(pair)].filter((each) => ended.has(outcomeOf(each)));
    expect(ends.length).toBeGreaterThan(0);
  });

  test.each([...reachable].filter((pair) => !ended.has(outcomeOf(pair))))('can be lost from %s', (pair) => {
    expect(after(pair)).toContain('failed/failed');
  });

  test.each([...reachable].filter((pair) => !ended.has(outcomeOf(pair)) && pair !== 'idle/idle'))(
    'find an end other than loss from %s',
    (pair) => {
      const ends = [...reachedFrom(pair)].filter((each) => ended.has(outcomeOf(each)) && outcomeOf(each) !== 'lost');
      expect(ends.length).toBeGreaterThan(0);
    },
  );

  test.each([...reachable].filter((pair) => ended.has(outcomeOf(pair))))('have no way back from %s', (pair) => {
    const onward = after(pair).filter(
      (each) => each !== pair && outcomeOf(each) !== 'lost' && outcomeOf(each) !== 'never',
    );
    expect(onward).toEqual([]);
  });

  test('have a row for every pair', () => {
    expect(Object.values(joint).map((row) => Object.keys(row).sort())).toEqual(states.map(() => [...states].sort()));
  });
});
