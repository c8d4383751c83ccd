// Accepting, from listeners in memory: what happens when the system would not, when handshakes take their time, and when it is told to stop.

import { Accepting } from '../src/accepting.ts';
import type { Acceptor, Conn } from '../src/platform.ts';
import { acceptor, Manual } from './memory.ts';
import { assert, each, type Scope, test, turns, until } from './support.ts';

interface Outcome {
  readonly accepting: Accepting;
  readonly accepted: Conn[];
  readonly failures: unknown[];
}

function accept(source: Acceptor, handshakeTimeout = 10_000): Outcome {
  const [accepted, failures]: [Conn[], unknown[]] = [[], []];
  const accepting = new Accepting(source, handshakeTimeout, {
    hasRoom: () => true,
    accepted: (conn) => accepted.push(conn),
    failed: (error) => failures.push(error),
  });
  return { accepting, accepted, failures };
}

/** Timers that fire at once, and how long they were to take. */
function hurry(scope: Scope): number[] {
  const delays: number[] = [];
  const { setTimeout } = globalThis;
  const soon = (callback: () => void, delay: number) => {
    if (delay > 0) delays.push(delay);
    return setTimeout(callback, 0);
  };
  Object.defineProperty(globalThis, 'setTimeout', { value: soon, configurable: true, writable: true });
  scope.after(() =>
    Object.defineProperty(globalThis, 'setTimeout', { value: setTimeout, configurable: true, writable: true }),
  );
  return delays;
}

const full = (count: number) =>
  Array.from({ length: count }, (_, index) => new Error(`no file descriptor left, ${index}`));

test('when the system would not accept it is told, and tried again after a rest, longer each time', async (scope) => {
  const errors = full(10);
  const [first, second] = [new Manual(), new Manual()];
  const delays = hurry(scope);
  const { accepting, accepted, failures } = accept(
    acceptor([...errors.slice(0, 9), first, ...errors.slice(9), second]),
  );
  await until(() => accepted.length === 2);
  assert.deepEqual(failures, errors);
  assert.deepEqual(accepted, [first, second]);
  assert.deepEqual(delays, [5, 10, 20, 40, 80, 160, 320, 640, 1_000, 5]);
  accepting.stop();
  await accepting.done;
});

test('stopping ends a rest from accepting at once', async () => {
  const source = acceptor(full(100));
  const { accepting, failures } = accept(source);
  // 5, 10, 20, 40, 80 and 160 ms have gone by, and the next rest takes 320.
  await until(() => failures.length === 7);
  const before = performance.now();
  accepting.stop();
  accepting.stop();
  await accepting.done;
  assert.ok(performance.now() - before < 160);
  assert.equal(source.asked, 7);
});

test('a connection that comes when it has been told to stop is closed', async () => {
  const late = Promise.withResolvers<Conn>();
  const source: Acceptor = { addr: { path: '' }, accept: () => late.promise, close() {} };
  const { accepting, accepted, failures } = accept(source);
  accepting.stop();
  const conn = new Manual();
  late.resolve(conn);
  await accepting.done;
  assert.deepEqual(conn.calls, ['close']);
  assert.deepEqual([accepted, failures], [[], []]);
});

/** A connection of TLS in memory, whose handshake the test settles. */
class Secure extends Manual {
  readonly shaken = Promise.withResolvers<{ alpnProtocol: string | null }>();

  handshake(): Promise<{ alpnProtocol: string | null }> {
    this.calls.push('handshake');
    return this.shaken.promise;
  }
}

const shaken = { alpnProtocol: null };

test('handshakes hold up nobody, and are counted while they last', async () => {
  const [slow, quick, plain] = [new Secure(), new Secure(), new Manual()];
  const { accepting, accepted, failures } = accept(acceptor([slow, quick, plain]));
  quick.shaken.resolve(shaken);
  await until(() => accepted.length === 2);
  assert.deepEqual(new Set(accepted), new Set([quick, plain]));
  assert.equal(accepting.handshakes, 1);
  slow.shaken.resolve(shaken);
  await until(() => accepted.length === 3);
  assert.equal(accepting.handshakes, 0);
  assert.deepEqual(failures, []);
  accepting.stop();
  await accepting.done;
  for (const conn of [slow, quick]) assert.deepEqual(conn.calls, ['handshake']);
});

test('a handshake that fails is told, and closed', async () => {
  const conn = new Secure();
  const { accepting, accepted, failures } = accept(acceptor([conn]));
  const error = new Error('no common protocol');
  conn.shaken.reject(error);
  await until(() => failures.length === 1);
  assert.deepEqual([accepted, failures], [[], [error]]);
  assert.deepEqual(conn.calls, ['handshake', 'close']);
  assert.equal(accepting.handshakes, 0);
  accepting.stop();
  await accepting.done;
});

each<readonly [string, (conn: Secure) => void]>(
  [
    ['fails', (conn) => conn.shaken.reject(new Error('closed'))],
    ['has just succeeded', (conn) => conn.shaken.resolve(shaken)],
  ],
  'when it is told to stop it closes a handshake, waits for it, and says nothing of it: one that %s',
  async (_, __, settle) => {
    const conn = new Secure();
    const { accepting, accepted, failures } = accept(acceptor([conn]));
    await until(() => accepting.handshakes === 1);
    accepting.stop();
    let done = false;
    accepting.done.then(() => {
      done = true;
    });
    await turns(2);
    assert.equal(done, false);
    settle(conn);
    await accepting.done;
    assert.deepEqual([accepted, failures], [[], []]);
    assert.ok(conn.calls.includes('close'));
  },
);

test('a handshake that takes too long is closed, and told as that', async () => {
  const conn = new Secure();
  const { accepting, failures } = accept(acceptor([conn]), 10);
  await until(() => conn.calls.includes('close'));
  conn.shaken.reject(new Deno.errors.Interrupted('closed'));
  await until(() => failures.length === 1);
  assert.equal((failures[0] as { code: string }).code, 'ERR_TLS_HANDSHAKE_TIMEOUT');
  accepting.stop();
  await accepting.done;
});
