// A connection as a transport, alone: how it ends, by its user or by the peer, and what is told of that.

import type { Transport } from '@halfpipe/driver';
import { transport } from '../src/index.ts';
import { Manual, Recorder, Wire } from './memory.ts';
import { ascii, assert, each, latin1, test, turns } from './support.ts';

/** More than the system takes for a peer that does not read. */
const large = 16 * 1024 * 1024;

test('destroying is told once, and what was written before is handed to the system', async (scope) => {
  const { near, far } = await scope.pair();
  const carried = transport(near);
  const sink = new Recorder(carried);
  carried.write(ascii('last '));
  carried.write(ascii('words'));
  carried.destroy();
  carried.destroy(new Error('too late'));
  await sink.untilClosed();
  assert.deepEqual(sink.told, ['closed']);
  assert.equal(await far.all(), 'last words');
});

test('with a cause it is told the cause, and what was written in this turn is dropped', async (scope) => {
  const { near, far } = await scope.pair();
  const carried = transport(near);
  const sink = new Recorder(carried);
  const cause = new Error('the body failed');
  carried.write(ascii('dropped'));
  carried.destroy(cause);
  await sink.untilClosed();
  assert.deepEqual(sink.told, [{ closed: cause }]);
  assert.equal(await far.all(), '');
});

each(
  [
    ['destroyed before', undefined],
    ['destroyed with a cause before', new Error('early')],
  ] as const,
  'a transport that was %s it is started says so at once',
  async (scope, _, cause) => {
    const { near } = await scope.pair();
    const carried = transport(near);
    carried.destroy(cause);
    await turns(1);
    const sink = new Recorder(carried);
    assert.deepEqual(sink.told, [cause === undefined ? 'closed' : { closed: cause }]);
    assert.equal(carried.write(ascii('x')), false);
    carried.end();
    carried.pause();
    carried.resume();
  },
);

test('a peer that goes on writing to a destroyed transport finds out', async (scope) => {
  const { near, far } = await scope.pair();
  const carried = transport(near);
  const sink = new Recorder(carried);
  carried.destroy(new Error('over'));
  await sink.untilClosed();
  await assert.rejects(async () => {
    for (;;) {
      await far.write('x');
      await turns(1);
    }
  }, /Broken pipe|Connection reset/);
});

test('a peer that does not read does not hold up destroy()', async (scope) => {
  const { near, far } = await scope.pair();
  const carried = transport(near);
  const sink = new Recorder(carried);
  carried.write(new Uint8Array(large));
  await turns();
  carried.destroy();
  await sink.untilClosed();
  assert.deepEqual(sink.told, ['closed']);
  assert.ok((await far.size()) < large, 'what the system had not taken is dropped');
});

test('a connection that somebody else has closed is closed with the error, and nobody stumbles', async (scope) => {
  const { near } = await scope.pair();
  const carried = transport(near);
  const sink = new Recorder(carried);
  await turns(1);
  near.close();
  await sink.untilClosed();
  assert.deepEqual(sink.summary, [{ closed: 'Interrupted' }]);
  carried.write(ascii('x'));
  carried.destroy();
});

test('a connection that was closed before it was made a transport is closed with the error', async (scope) => {
  const { near } = await scope.pair();
  near.close();
  const sink = new Recorder(transport(near));
  await sink.untilClosed();
  assert.deepEqual(sink.summary, [{ closed: 'BadResource' }]);
});

test('a reset by the peer comes after what it had sent', async (scope) => {
  const { near, far } = await scope.pairWithSocket();
  const sink = new Recorder(transport(near));
  far.write('partly');
  await sink.until(() => sink.text === 'partly');
  far.resetAndDestroy();
  await sink.untilClosed();
  assert.deepEqual(sink.summary, [{ bytes: 'partly' }, { closed: 'ConnectionReset' }]);
});

test('a reset that comes together with bytes is not taken for an end', async (scope) => {
  const { near, far } = await scope.pairWithSocket();
  await new Promise<void>((resolve) => far.write('partly', () => resolve()));
  far.resetAndDestroy();
  await turns();
  const sink = new Recorder(transport(near));
  await sink.untilClosed();
  assert.deepEqual(sink.summary, [{ bytes: 'partly' }, { closed: 'ConnectionReset' }]);
});

test('a FIN is an end, even if a reset comes behind it', async (scope) => {
  const { near, far } = await scope.pairWithSocket();
  await new Promise<void>((resolve) => far.end('whole', () => resolve()));
  far.resetAndDestroy();
  const carried = transport(near);
  const sink = new Recorder(carried);
  await sink.untilEnded();
  assert.deepEqual(sink.told, [{ bytes: 'whole' }, { end: 'clean' }]);
  carried.destroy();
  await sink.untilClosed();
});

test('a failed write does not hide the answer that came before it', async (scope) => {
  const { near, far } = await scope.pairWithSocket();
  await new Promise<void>((resolve) => far.write('HTTP/1.1 413 Content Too Large\r\n\r\n', () => resolve()));
  far.resetAndDestroy();
  await turns();
  const carried = transport(near);
  carried.pause();
  const sink = new Recorder(carried);
  // The kernel tells the write of the reset, and reading then ends as after a FIN.
  carried.write(ascii('more of the upload'));
  await sink.untilClosed();
  assert.deepEqual(sink.summary, [
    { bytes: 'HTTP/1.1 413 Content Too Large\r\n\r\n' },
    { end: 'truncated' },
    { closed: 'ConnectionReset' },
  ]);
});

test('a failed write does not hide the answer from a reader that pauses, however long it is', async (scope) => {
  const { near, far } = await scope.pairWithSocket();
  const answer = 'x'.repeat(100_000); // Less than the first window of TCP.
  await new Promise<void>((resolve) => far.write(answer, () => resolve()));
  far.resetAndDestroy();
  await turns();
  const carried = transport(near);
  let text = '';
  const closed = new Promise((resolve) => {
    carried.pause();
    carried.start({
      bytes: (bytes) => {
        text += latin1(bytes);
        carried.pause();
      },
      end() {},
      writable() {},
      closed: resolve,
    });
  });
  carried.write(ascii('more of the upload'));
  await closed;
  assert.equal(text.length, answer.length);
});

test('a write that fails behind the end of the peer is a clean end before the error', async (scope) => {
  const { near, far } = await scope.pairWithSocket();
  await new Promise<void>((resolve) => far.end('whole', () => resolve()));
  far.resetAndDestroy();
  await turns();
  const carried = transport(near);
  carried.pause();
  const sink = new Recorder(carried);
  carried.write(ascii('more of the upload'));
  await sink.untilClosed();
  assert.deepEqual(sink.summary, [{ bytes: 'whole' }, { end: 'clean' }, { closed: 'BrokenPipe' }]);
});

each<readonly [string, (read: Manual['reads'][number]) => void, unknown[]]>(
  [
    ['ends', (read) => read.settle.resolve(null), [{ end: 'truncated' }]],
    [
      'ends without close_notify',
      (read) => read.settle.reject(new Deno.errors.UnexpectedEof('')),
      [{ end: 'truncated' }],
    ],
    ['fails', (read) => read.settle.reject(new Deno.errors.ConnectionReset('another')), []],
  ],
  'behind a failed write, the connection is closed with its error as soon as reading %s',
  async (_, __, settle, told) => {
    const conn = new Manual();
    const carried = transport(conn);
    const sink = new Recorder(carried);
    const cause = new Error('the write failed');
    carried.write(ascii('x'));
    await turns(1);
    carried.end();
    conn.writes[0]?.reject(cause);
    await turns(1);
    const [read] = conn.reads;
    if (read !== undefined) settle(read);
    await turns(1);
    assert.deepEqual(sink.told, [...told, { closed: cause }]);
    assert.deepEqual(conn.calls, ['read', 'write x', 'close']);
  },
);

test('a write that fails while reading does not is given up after a second', async () => {
  const cause = new Error('the write failed');
  class Broken extends Wire {
    override write(): Promise<number> {
      return Promise.reject(cause);
    }
  }
  const carried = transport(new Broken());
  const sink = new Recorder(carried);
  carried.write(ascii('x'));
  await sink.untilClosed();
  assert.deepEqual(sink.told, [{ closed: cause }]);
});

each(
  [
    ['ended on both sides', (carried: Transport) => carried.end(), 'end'],
    ['destroyed', (carried: Transport) => carried.destroy(), null],
    ['destroyed with a cause', (carried: Transport) => carried.destroy(new Error('over')), null],
    [
      'destroyed while it writes',
      (carried: Transport) => {
        carried.write(new Uint8Array(large));
        carried.end();
        setTimeout(() => carried.destroy(), 0);
      },
      null,
    ],
    ['reset by the peer', () => {}, 'reset'],
  ] as const,
  'nothing is left of a connection that was %s',
  async (scope, _, over, peer) => {
    const { near, far } = await scope.pairWithSocket();
    const carried = transport(near);
    const sink = new Recorder(carried);
    if (peer === 'end') far.end();
    if (peer === 'reset') far.resetAndDestroy();
    over(carried);
    await sink.untilClosed();
    assert.throws(() => near.close(), Deno.errors.BadResource);
  },
);
