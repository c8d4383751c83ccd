// A connection as a transport, alone: what the connection is made to write, and when.

import { transport } from '../src/index.ts';
import { Manual, Recorder, Wire } from './memory.ts';
import { ascii, assert, each, test, turns } from './support.ts';

/** More than the system takes for a peer that does not read. */
const large = 16 * 1024 * 1024;

test('nothing is written for nothing, and what follows is', async () => {
  const conn = new Manual();
  const carried = transport(conn);
  carried.write(new Uint8Array(0));
  await turns(1);
  carried.write(ascii('x'));
  await turns(1);
  assert.deepEqual(conn.calls, ['write x']);
  const another = new Manual();
  const ending = transport(another);
  ending.write(new Uint8Array(0));
  ending.end();
  await turns(1);
  assert.deepEqual(another.calls, ['closeWrite']);
});

test('a TCP connection is told not to wait for acknowledgements', async () => {
  const conn = Object.assign(new Manual(), {
    setNoDelay: (noDelay?: boolean) => conn.calls.push(`noDelay ${noDelay}`),
  });
  transport(conn);
  assert.deepEqual(conn.calls, ['noDelay true']);
  await turns(1);
});

test('what is handed to the system at the last moment is one write, of which it may take a part', async () => {
  const wire = new Wire(100_000);
  const carried = transport(wire);
  const sink = new Recorder(carried);
  const pieces = ['a', 'b', 'c'].map((letter) => letter.repeat(50_000));
  for (const piece of pieces) carried.write(ascii(piece));
  carried.destroy();
  await sink.untilClosed();
  assert.deepEqual(wire.writes, [pieces.join('').slice(0, 100_000)]);
});

test('what is destroyed in the middle of a write leaves nothing out before something else', async () => {
  const conn = new Manual();
  const carried = transport(conn);
  const sink = new Recorder(carried);
  carried.write(ascii('first'));
  await turns(1);
  carried.write(ascii('second'));
  carried.end();
  carried.destroy();
  conn.writes[0]?.resolve(3);
  conn.reads[0]?.settle.reject(new Deno.errors.Interrupted('closed'));
  await sink.untilClosed();
  assert.deepEqual(conn.calls, ['read', 'write first', 'close']);
});

test('the writes of one turn, and of the promise jobs after it, leave together', async () => {
  const wire = new Wire();
  const carried = transport(wire);
  const sink = new Recorder(carried);
  await null;
  carried.write(ascii('a'));
  carried.write(ascii('b'));
  await null;
  carried.write(ascii('c'));
  await null;
  carried.write(ascii('d'));
  assert.deepEqual(wire.writes, []);
  await turns(1);
  assert.deepEqual(wire.writes, ['abcd']);
  carried.destroy();
  await sink.untilClosed();
});

test('what is written while a write is under way leaves together behind it', async () => {
  const wire = new Wire();
  const carried = transport(wire);
  const sink = new Recorder(carried);
  carried.write(ascii('a'));
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  while (wire.writes.length === 0) await null;
  for (const letter of 'bcd') carried.write(ascii(letter));
  carried.end();
  while (!wire.writes.includes('FIN')) await turns(1);
  assert.deepEqual(wire.writes, ['a', 'bcd', 'FIN']);
  carried.destroy();
  await sink.untilClosed();
});

each(
  [
    ['one byte', 1],
    ['some bytes', 1_000],
    ['more than there is', 1_000_000],
  ] as const,
  'a connection that takes %s at a time gets everything, once and in order',
  async (_, __, most) => {
    const wire = new Wire(most);
    const carried = transport(wire);
    const sink = new Recorder(carried);
    const size = most === 1 ? 20 : 40_000;
    const pieces = ['x'.repeat(size), 'y', 'z'.repeat(size), '', 'w'.repeat(10)];
    for (const piece of pieces) carried.write(ascii(piece));
    carried.end();
    while (!wire.writes.includes('FIN')) await turns(1);
    assert.equal(wire.writes.join(''), `${pieces.join('')}FIN`);
    assert.ok(wire.writes.every((write) => write.length <= most || write === 'FIN'));
    carried.destroy();
    await sink.untilClosed();
  },
);

test('a large piece is written as it is, not copied', async () => {
  const written: Uint8Array[] = [];
  class Keeper extends Wire {
    override write(bytes: Uint8Array): Promise<number> {
      written.push(bytes);
      return super.write(bytes);
    }
  }
  const wire = new Keeper();
  const carried = transport(wire);
  const sink = new Recorder(carried);
  const piece = new Uint8Array(100_000);
  carried.write(piece);
  carried.write(ascii('behind'));
  while (written.length < 2) await turns(1);
  assert.equal(written[0], piece);
  carried.destroy();
  await sink.untilClosed();
});

test('writing says when it is enough, and the sink when there is room again', async (scope) => {
  const { near, far } = await scope.pair();
  const carried = transport(near);
  const sink = new Recorder(carried);
  const piece = new Uint8Array(65_536 / 4);
  let written = 0;
  let quiet = 0;
  // Until the system takes no more.
  while (quiet < 5) {
    let more = true;
    while (more) {
      assert.ok(written < 4 * large, 'there is no end to it');
      more = carried.write(piece);
      written += piece.length;
    }
    sink.told.length = 0;
    await turns(5);
    quiet = sink.told.includes('writable') ? 0 : quiet + 5;
  }
  assert.deepEqual(sink.told, []);
  const reading = far.size(written + 1);
  await sink.until(() => sink.told.includes('writable'));
  assert.equal(carried.write(ascii('x')), true);
  assert.equal(await reading, written + 1);
  assert.deepEqual(sink.told, ['writable']);
  carried.destroy();
  await sink.untilClosed();
});

test('end() is a FIN behind what was written, and reading goes on', async (scope) => {
  const { near, far } = await scope.pair();
  const carried = transport(near);
  const sink = new Recorder(carried);
  carried.write(ascii('last words'));
  carried.end();
  assert.equal(await far.all(), 'last words');
  assert.equal(carried.write(ascii('more')), false);
  await far.write('answer');
  await far.end();
  await sink.untilClosed();
  assert.deepEqual(sink.told, [{ bytes: 'answer' }, { end: 'clean' }, 'closed']);
});

test('end() waits for a peer that does not read, and for all that was written', async (scope) => {
  const { near, far } = await scope.pair();
  const carried = transport(near);
  const sink = new Recorder(carried);
  carried.write(new Uint8Array(large));
  carried.end();
  await turns();
  assert.equal(await far.size(), large);
  await far.end();
  await sink.untilClosed();
  assert.deepEqual(sink.told.at(-1), 'closed');
});
