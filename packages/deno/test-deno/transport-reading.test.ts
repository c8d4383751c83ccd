// A connection as a transport, alone: what the sink is told of what is read.

import { transport } from '../src/index.ts';
import { Manual, Recorder } from './memory.ts';
import { ascii, assert, each, gate, latin1, test, turns, until } from './support.ts';

/** More than the system takes for a peer that does not read. */
const large = 16 * 1024 * 1024;

test('a FIN of the peer is a clean end, and the other direction stays open', async (scope) => {
  const { near, far } = await scope.pair();
  const carried = transport(near);
  assert.equal(carried.halfClose, true);
  const sink = new Recorder(carried);
  await far.write('request');
  await far.end();
  await sink.untilEnded();
  assert.deepEqual(sink.told, [{ bytes: 'request' }, { end: 'clean' }]);
  carried.write(ascii('answer'));
  await far.until('answer');
  carried.destroy();
  await sink.untilClosed();
});

test('bytes that were handed on are never written over', async (scope) => {
  const { near, far } = await scope.pair();
  const pieces: Uint8Array[] = [];
  const carried = transport(near);
  const closed = new Promise<void>((resolve) => {
    carried.start({ bytes: (bytes) => pieces.push(bytes), end: () => carried.end(), writable() {}, closed: resolve });
  });
  let sent = '';
  const size = () => pieces.reduce((sum, { length }) => sum + length, 0);
  for (let index = 0; index < 100; index++) {
    // From a few bytes to several buffers.
    const piece = `${index},`.repeat(index < 50 ? 1 : index * 300);
    sent += piece;
    await far.write(piece);
    await until(() => size() === sent.length);
  }
  await far.end();
  await far.all();
  await closed;
  assert.equal(pieces.map(latin1).join(''), sent);
  // Small reads share a buffer.
  assert.equal(new Set(pieces.slice(0, 50).map(({ buffer }) => buffer)).size, 1);
});

test('a paused transport hands on one piece at most until it is resumed', async (scope) => {
  const { near, far } = await scope.pair();
  const carried = transport(near);
  let size = 0;
  const { promise: arrived, open: arrive } = gate();
  const { promise: closed, open: close } = gate<unknown>();
  carried.start({
    bytes: (bytes) => {
      size += bytes.length;
      if (size === large) arrive();
    },
    end() {},
    writable() {},
    closed: close,
  });
  carried.pause();
  const writing = far.write(new Uint8Array(large));
  await turns();
  assert.ok(size <= 64 * 1024);
  const before = size;
  await turns();
  assert.equal(size, before);
  carried.resume();
  carried.resume();
  await arrived;
  await writing;
  carried.destroy();
  await closed;
});

test('nothing arrives before the start', async (scope) => {
  const { near, far } = await scope.pair();
  const carried = transport(near);
  await far.write('early');
  await far.end();
  await turns();
  const sink = new Recorder(carried);
  assert.deepEqual(sink.told, []);
  await sink.untilEnded();
  assert.deepEqual(sink.told, [{ bytes: 'early' }, { end: 'clean' }]);
  carried.destroy();
  await sink.untilClosed();
});

test('a read that brings nothing is no end, and not told', async () => {
  const conn = new Manual();
  const carried = transport(conn);
  const seen: number[] = [];
  carried.start({ bytes: ({ length }) => seen.push(length), end() {}, writable() {}, closed() {} });
  conn.reads[0]?.fill('');
  await turns(1);
  conn.reads[1]?.fill('some');
  await turns(1);
  assert.deepEqual(seen, [4]);
  assert.deepEqual(conn.calls, ['read', 'read', 'read']);
});

each<readonly [string, (read: Manual['reads'][number]) => void]>(
  [
    ['brings bytes', (read) => read.fill('late')],
    ['brings the end', (read) => read.settle.resolve(null)],
    ['finds no close_notify', (read) => read.settle.reject(new Deno.errors.UnexpectedEof('cut'))],
    ['fails', (read) => read.settle.reject(new Deno.errors.ConnectionReset('reset'))],
  ],
  'what is destroyed tells nothing of a read that %s just then, and waits for it',
  async (_, __, settle) => {
    const conn = new Manual();
    const carried = transport(conn);
    const sink = new Recorder(carried);
    carried.destroy();
    await turns(1);
    assert.deepEqual(sink.told, []);
    const [read] = conn.reads;
    if (read !== undefined) settle(read);
    await turns(1);
    assert.deepEqual(sink.told, ['closed']);
    assert.deepEqual(conn.calls, ['read', 'close']);
  },
);
