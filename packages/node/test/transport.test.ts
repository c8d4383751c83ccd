// A Duplex as a transport, alone: what the sink is told, in which order, and what the stream is made to do.

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Transport } from '@halfpipe/driver';
import { transport } from '../src/transport.ts';
import { ascii, closing, listenerCounts, once, Recorder, socketPair, textOf } from './sockets.ts';

/** A stream in memory that keeps what is written, one item for each write that it gets. */
class Wire extends Duplex {
  readonly batches: string[] = [];
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.batches.push(chunk.toString('latin1'));
    callback();
  }
  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.batches.push(chunks.map(({ chunk }) => chunk.toString('latin1')).join(''));
    callback();
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what is read', () => {
  test('bytes are handed on as they came, not copied', async () => {
    const wire = new Wire();
    const seen: Uint8Array[] = [];
    const sink = { bytes: (bytes: Uint8Array) => seen.push(bytes), end() {}, writable() {}, closed() {} };
    transport(wire).start(sink as never);
    const bytes = ascii('hello');
    wire.push(bytes);
    await turn();
    expect(seen[0]).toBe(bytes);
  });

  test('a FIN of the peer is a clean end, and the other direction stays open', async () => {
    const { near, far } = await socketPair();
    const carried = transport(near);
    const sink = new Recorder(carried);
    far.end('request');
    await sink.untilEnded();
    expect(sink.told).toEqual([{ bytes: 'request' }, { end: 'clean' }]);
    carried.write(ascii('answer'));
    const [answer] = (await once(far, 'data')) as [Buffer];
    expect(answer.toString()).toBe('answer');
    carried.destroy();
  });

  test('a paused transport hands on nothing until it is resumed', async () => {
    const { near, far } = await socketPair();
    const carried = transport(near);
    const sink = new Recorder(carried);
    carried.pause();
    far.end('held');
    await once(far, 'finish');
    await turn();
    await turn();
    expect(sink.told).toEqual([]);
    carried.resume();
    await sink.untilEnded();
    expect(sink.told).toEqual([{ bytes: 'held' }, { end: 'clean' }]);
    carried.destroy();
  });

  test('a stream that had ended before the start is told as ended', async () => {
    const wire = new Wire();
    wire.resume().push(null);
    await once(wire, 'end');
    const sink = new Recorder(transport(wire));
    await sink.untilEnded();
    expect(sink.told).toEqual([{ end: 'clean' }]);
  });

  test('a stream with an encoding is refused', () => {
    expect(() => transport(new Wire({ encoding: 'utf8' }))).toThrow(TypeError);
    expect(() => transport(new Wire({ objectMode: true }))).toThrow(TypeError);
  });
});

describe('what is written', () => {
  test('the writes of one turn, and of the promise jobs after it, leave together', async () => {
    const wire = new Wire();
    const carried = transport(wire);
    new Recorder(carried);
    carried.write(ascii('a'));
    carried.write(ascii('b'));
    await null;
    carried.write(ascii('c'));
    await null;
    carried.write(ascii('d'));
    expect(wire.batches).toEqual([]);
    await turn();
    expect(wire.batches).toEqual(['abcd']);
  });

  test('writing says when it is enough, and the sink when there is room again', async () => {
    const { near, far } = await socketPair();
    const carried = transport(near);
    const sink = new Recorder(carried);
    const piece = Buffer.alloc(65_536);
    let written = 0;
    let more = true;
    while (more || near.writableLength === 0) {
      more = carried.write(piece);
      written += piece.length;
      if (!more) await turn();
    }
    sink.told.length = 0;
    let received = 0;
    far.on('data', (bytes: Buffer) => {
      received += bytes.length;
    });
    await once(far, 'data');
    await sink.until(() => sink.told.includes('writable'));
    expect(carried.write(ascii('x'))).toBe(true);
    while (received < written + 1) await once(far, 'data');
    carried.destroy();
  });

  test.each([false, true])(
    'a second transport of a socket has it to itself (first one started: %s)',
    async (started) => {
      const { near, far } = await socketPair();
      const first = transport(near);
      const before = started ? new Recorder(first) : null;
      const carried = transport(near);
      const sink = new Recorder(carried);
      carried.write(ascii('there'));
      far.end('back');
      carried.end();
      expect(await textOf(far)).toBe('there');
      await sink.untilClosed();
      expect(sink.told).toEqual([{ bytes: 'back' }, { end: 'clean' }, 'closed']);
      expect(before?.told ?? []).toEqual([]);
    },
  );

  test('a runtime may write several pieces as one', async () => {
    const { near, far } = await socketPair();
    near._writev = (chunks, callback) => {
      // 'buffer' is what streams say of bytes, and no BufferEncoding.
      Reflect.apply(near._write, near, [Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', callback]);
    };
    const carried = transport(near);
    const sink = new Recorder(carried);
    carried.write(ascii('head'));
    expect(carried.write(Buffer.alloc(65_536))).toBe(false);
    await sink.until(() => sink.told.includes('writable'));
    carried.end();
    expect(await textOf(far)).toHaveLength(65_540);
    far.end();
    await sink.untilClosed();
  });

  test('end() is a FIN behind what was written, and reading goes on', async () => {
    const { near, far } = await socketPair();
    const carried = transport(near);
    const sink = new Recorder(carried);
    carried.write(ascii('last words'));
    carried.end();
    expect(await textOf(far)).toBe('last words');
    expect(carried.write(ascii('more'))).toBe(false);
    far.end('answer');
    await sink.untilClosed();
    expect(sink.told).toEqual([{ bytes: 'answer' }, { end: 'clean' }, 'closed']);
  });

  test('half-closing is offered where the stream allows it', async () => {
    const open = await socketPair();
    expect(transport(open.near).halfClose).toBe(true);
    const shut = await socketPair({ allowHalfOpen: false });
    expect(transport(shut.near).halfClose).toBe(false);
    for (const socket of [open.near, open.far, shut.near, shut.far]) socket.destroy();
  });
});

describe('how it closes', () => {
  test('destroying is told once, with its cause, and what was written before is handed to the system', async () => {
    const { near, far } = await socketPair();
    const carried = transport(near);
    const sink = new Recorder(carried);
    carried.write(ascii('last words'));
    carried.destroy();
    carried.destroy(new Error('too late'));
    await sink.untilClosed();
    expect(sink.told).toEqual(['closed']);
    expect(await textOf(far)).toBe('last words');
    far.destroy();
  });

  test('with a cause the peer sees a reset, so that a body until the end is not taken for whole', async () => {
    const { near, far } = await socketPair();
    const carried = transport(near);
    const sink = new Recorder(carried);
    const failure = once(far, 'error');
    const cause = new Error('the body failed');
    carried.destroy(cause);
    far.resume();
    expect(await failure).toMatchObject([{ code: 'ECONNRESET' }]);
    await sink.untilClosed();
    expect(sink.told).toEqual([{ closed: cause }]);
  });

  test.each([
    ['without a cause too', undefined],
    ['with a cause, at once', new Error('over')],
  ])('%s, where something that was written is still here and the peer does not read', async (_, cause) => {
    const { near, far } = await socketPair();
    const carried = transport(near);
    const sink = new Recorder(carried);
    const peer = transport(far);
    const peerSink = new Recorder(peer);
    peer.pause();
    // More than the system takes for a peer that does not read.
    carried.write(new Uint8Array(32 * 1024 * 1024));
    await turn();
    expect(near.writableLength).toBeGreaterThan(0);
    carried.destroy(cause);
    await sink.untilClosed();
    peer.resume();
    await peerSink.untilClosed();
    expect(peerSink.told.at(-1)).toMatchObject({ closed: { code: 'ECONNRESET' } });
    expect(peerSink.told).not.toContainEqual({ end: 'clean' });
  });

  test.each([
    ['with a cause, by that', new Error('over'), false],
    ['with a cause that is no error, by one that has it', 'over', false],
    ['without a cause, where something that was written is lost', undefined, true],
  ])('a stream that is no socket learns that this is no orderly end: %s', async (_, cause, isFull) => {
    const stuck = new Duplex({ read() {}, write() {} });
    const destroyed = new Promise<Error | null>((resolve) => {
      stuck._destroy = (error, callback) => {
        resolve(error);
        callback(error);
      };
    });
    const carried = transport(stuck);
    const sink = new Recorder(carried);
    carried.pause();
    stuck.push('held back');
    if (isFull) carried.write(ascii('lost'));
    carried.destroy(cause);
    const error = await destroyed;
    expect(error).toBeInstanceOf(Error);
    if (cause !== undefined) expect(cause instanceof Error ? error : error?.cause).toBe(cause);
    await sink.untilClosed();
    expect(sink.told).toEqual([cause === undefined ? 'closed' : { closed: cause }]);
  });

  test('a stream that is no socket is destroyed in order where nothing is lost', async () => {
    const wire = new Wire();
    const carried = transport(wire);
    const sink = new Recorder(carried);
    carried.write(ascii('last words'));
    carried.destroy();
    await sink.untilClosed();
    expect([wire.errored, wire.batches, sink.told]).toEqual([null, ['last words'], ['closed']]);
  });

  test('a reset by the peer comes after what it had sent', async () => {
    const { near, far } = await socketPair();
    const sink = new Recorder(transport(near));
    far.write('partly');
    await sink.until(() => sink.text === 'partly');
    far.resetAndDestroy();
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ bytes: 'partly' }, { closed: { code: 'ECONNRESET' } }]);
  });

  test('a reset that comes together with bytes is not taken for an end', async () => {
    const { near, far } = await socketPair();
    const sink = new Recorder(transport(near));
    far.write('partly');
    far.resetAndDestroy();
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ bytes: 'partly' }, { closed: { code: 'ECONNRESET' } }]);
  });

  test('a FIN is an end, even if a reset comes behind it', async () => {
    const { near, far } = await socketPair();
    const sink = new Recorder(transport(near));
    const ended = once(far, 'finish');
    far.end('whole');
    await ended;
    far.resetAndDestroy();
    await sink.untilClosed();
    expect(sink.told.slice(0, 2)).toEqual([{ bytes: 'whole' }, { end: 'clean' }]);
  });

  test('an error before the start is told at the start', async () => {
    const { near, far } = await socketPair();
    const carried = transport(near);
    const cause = new Error('early');
    near.destroy(cause);
    await closing(near);
    const sink = new Recorder(carried);
    expect(sink.told).toEqual([{ closed: cause }]);
    far.destroy();
  });

  test('a failed write does not hide the answer that came before it', async () => {
    const { near, far } = await socketPair();
    const sink = new Recorder(transport(near));
    far.write('HTTP/1.1 413 Content Too Large\r\n\r\n');
    far.resetAndDestroy();
    // Both are in the kernel now, and nothing of it was read: Node learns of the reset from the write.
    near.write('more of the upload');
    await sink.untilClosed();
    expect(sink.told).toMatchObject([
      { bytes: 'HTTP/1.1 413 Content Too Large\r\n\r\n' },
      { end: 'truncated' },
      { closed: { code: 'ECONNRESET' } },
    ]);
  });

  test('a failed write does not hide the answer from a reader that pauses, however long it is', async () => {
    const { near, far } = await socketPair();
    const carried = transport(near);
    const answer = 'x'.repeat(100_000); // More than a stream holds unasked, less than the first window of TCP.
    let text = '';
    const closed = new Promise((resolve) => {
      carried.start({
        bytes: (bytes) => {
          text += Buffer.from(bytes).toString();
          carried.pause();
        },
        end() {},
        writable() {},
        closed: resolve,
      });
    });
    carried.pause();
    await new Promise((resolve) => far.write(answer, resolve));
    far.resetAndDestroy();
    carried.write(ascii('more of the upload'));
    await closed;
    expect(text.length).toBe(answer.length);
  });

  test('what a stream had buffered when it failed is handed on before the end', async () => {
    const wire = new Wire();
    const carried = transport(wire);
    const sink = new Recorder(carried);
    carried.pause();
    wire.push('held back');
    const cause = new Error('failed');
    wire.destroy(cause);
    await sink.untilClosed();
    expect(sink.told).toEqual([{ bytes: 'held back' }, { closed: cause }]);
  });

  test.each([
    [
      'ended on both sides',
      (near: Transport, far: Socket) => {
        near.end();
        far.end();
      },
    ],
    ['destroyed', (near: Transport) => near.destroy()],
    ['destroyed with a cause', (near: Transport) => near.destroy(new Error('over'))],
    ['reset by the peer', (_: Transport, far: Socket) => far.resetAndDestroy()],
  ])('no listener is left on a socket that was %s', async (_, over) => {
    const { near, far } = await socketPair();
    const before = listenerCounts(near);
    const carried = transport(near);
    new Recorder(carried);
    far.on('error', () => {}).resume();
    const closed = closing(near);
    over(carried, far);
    await closed;
    expect(listenerCounts(near)).toEqual(before);
    far.destroy();
  });
});
