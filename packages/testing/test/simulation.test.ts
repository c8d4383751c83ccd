// The simulation, on what is in the sources: enough of it to notice what breaks. `npm run sim` runs more of the same.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ServerConnection } from '@halfpipe/core';
import { Connection } from '@halfpipe/driver';
import { bytes, MemoryTransport, replay, text } from '@halfpipe/testing';
import { joint } from '../../core/src/state.ts';
import { Coverage } from '../sim/coverage.ts';
import { shrink, waysToReplay } from '../sim/shrink.ts';
import { runWorld, simulate } from '../sim/simulate.ts';

// It takes as long as it takes: no clock but the worlds' own is in it.
jest.setTimeout(600_000);

// Nobody looks at the stacks of the losses, of which there are thousands.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

test('twenty thousand exchanges through networks that misbehave violate no invariant, and reach what there is to reach', async () => {
  const { violations, exchanges, coverage } = await simulate({ exchanges: 20_000 });
  expect(violations).toEqual([]);
  expect(exchanges).toBeGreaterThanOrEqual(20_000);
  expect(coverage.missing).toEqual([]);
});

test('a seed gives the same run each time, and whatever runs beside it; another seed another run', async () => {
  const few = { seed: 500, exchanges: 300 };
  const { digest } = await simulate(few);
  expect((await simulate(few)).digest).toBe(digest);
  expect((await simulate({ ...few, width: 3 })).digest).toBe(digest);
  expect((await simulate({ ...few, seed: 501 })).digest).not.toBe(digest);
  expect(digest).toMatch(/^[0-9a-f]{16}$/);
});

test('the pairs of states that are to be reached are those that the joint table allows', () => {
  const allowed = Object.entries(joint).flatMap(([client, row]) =>
    Object.entries(row).flatMap(([server, outcome]) => (outcome === 'never' ? [] : [`${client}/${server}`])),
  );
  const named = Object.keys(new Coverage().counts['client pairs'] ?? {});
  expect(named.sort()).toEqual(allowed.sort());
});

test('what is left out of a world leaves the rest as it is planned', async () => {
  const whole = await runWorld(500);
  const [omitted, ...kept] = whole.planned;
  const rest = await runWorld(500, { calls: new Set([omitted!]) });
  expect(rest.planned).toEqual(kept);
  expect(kept.map((number) => rest.plan(number))).toEqual(kept.map((number) => whole.plan(number)));
});

test('each protocol connection of a world is recorded where that is asked for, and replays alone as it was', async () => {
  for (let seed = 500; seed < 520; seed++) {
    const { recordings } = await runWorld(seed, {}, { recordings: true });
    for (const lines of recordings) expect(replay(lines.join('\n')).difference).toBeNull();
    expect(recordings.length).toBeGreaterThan(0);
  }
});

describe('what somebody keeps of a world that is over', () => {
  const { create } = Connection;
  const kept: Connection[] = [];

  afterEach(() => {
    Connection.create = create;
    kept.length = 0;
  });

  test.each([
    ['nothing', () => {}, []],
    [
      'connections, and so their transports',
      (connection: Connection) => void kept.push(connection),
      ['nothing-left: a Connection is held', 'nothing-left: a MemoryTransport is held'],
    ],
  ])('is found, be it %s', async (_, keep, found) => {
    Connection.create = (...given) => {
      const connection = create.apply(Connection, given);
      keep(connection);
      return connection;
    };
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    // One world in a hundred is looked at.
    const { violations } = await simulate({ seed: 100, exchanges: 60, collect });
    expect(new Set(violations.map(({ invariant, detail }) => `${invariant}: ${detail}`))).toEqual(new Set(found));
  });
});

describe('a transport that does not go on when it is told to', () => {
  const { resume } = MemoryTransport.prototype;

  afterEach(() => {
    MemoryTransport.prototype.resume = resume;
  });

  test('makes time stand still, which is found, with who waits for what', async () => {
    MemoryTransport.prototype.resume = () => {};
    const { violations } = await simulate({ exchanges: 600, mostViolations: 5 });
    const stuck = violations.find(({ invariant }) => invariant === 'no-deadlock');
    expect(stuck?.detail).toMatch(/^no timer is set; \d actors, \d servings, \d links; link \d+: .* paused/);
  });
});

describe('a server that says 500 where it was told 404', () => {
  const { nextChunk } = ServerConnection.prototype;

  beforeAll(() => {
    ServerConnection.prototype.nextChunk = function () {
      const chunk = nextChunk.call(this);
      if (chunk === null || chunk.length > 1_000) return chunk;
      return bytes(text(chunk).replace('HTTP/1.1 404', 'HTTP/1.1 500'));
    };
  });

  afterAll(() => {
    ServerConnection.prototype.nextChunk = nextChunk;
  });

  test('is found, and shrunk to a world in which little else happens', async () => {
    const { violations } = await simulate({ exchanges: 600, mostViolations: 1 });
    const found = violations.find(({ invariant }) => invariant === 'own-answer')!;
    expect(found.detail).toMatch(/gets 500 where the handler says 404$/);
    const omissions = await shrink(found);
    const { planned, violations: again, profile } = await runWorld(found.world, omissions);
    expect(again).toContainEqual(expect.objectContaining({ invariant: 'own-answer', world: found.world }));
    expect(planned).toHaveLength(1);
    expect([...omissions.faults].sort()).toEqual(Object.keys(profile.faults).sort());

    const [whole, shrunk, inside] = waysToReplay(found.world, omissions);
    expect(whole).toBe(`replay:  npm run sim -- --world ${found.world} --log`);
    const omitted = profile.calls - 1;
    expect(shrunk).toMatch(
      new RegExp(
        `^shrunk:  npm run sim -- --world ${found.world} --without (\\d+,){${omitted - 1}}\\d+ --calm \\S+ --log$`,
      ),
    );
    expect(inside).toMatch(/^inside: .* --record/);
  });
});
