// A pair of streams as a transport, alone: what the sink is told, and what the streams are made to do. A rejection that nobody handles
// fails the test in which it happens.

import { runInNewContext } from 'node:vm';
import { Clock } from '@halfpipe/testing';
import { TransportError, transport } from '../src/index.ts';
import { Probe } from './probe.ts';
import { ascii, Recorder, turns } from './recorder.ts';

/** Bytes of another realm, as those of a frame are. */
const foreign = runInNewContext('new Uint8Array([104, 105])') as Uint8Array;

describe('what is read', () => {
  test.each([
    ['a Uint8Array', new Uint8Array([104, 105])],
    ['a Buffer', Buffer.from('hi')],
    ['a Uint8Array of another realm', foreign],
  ])('%s is handed on as it came', async (_, chunk) => {
    const probe = new Probe();
    const seen: Uint8Array[] = [];
    const sink = new Recorder(transport(probe));
    sink.onBytes = (bytes) => seen.push(bytes);
    probe.reading.enqueue(chunk);
    await turns();
    expect(seen[0]).toBe(chunk);
    expect(sink.text).toBe('hi');
  });

  test.each([
    ['text', 'hi', 'string'],
    ['an ArrayBuffer', new ArrayBuffer(2), 'ArrayBuffer'],
    ['a view of another kind', new Uint16Array(2), 'Uint16Array'],
    ['a DataView', new DataView(new ArrayBuffer(2)), 'DataView'],
    ['clamped bytes', new Uint8ClampedArray(2), 'Uint8ClampedArray'],
    ['a Blob', new Blob(['hi']), 'Blob'],
    ['an array', [104, 105], 'Array'],
    ['a number', 104, 'number'],
    ['null', null, 'null'],
    ['undefined', undefined, 'undefined'],
    ['what says that it is one', { [Symbol.toStringTag]: 'Uint8Array' }, 'Uint8Array'],
  ])('%s is a failure with a code and a sentence, of both directions', async (_, chunk, kind) => {
    const probe = new Probe();
    const sink = new Recorder(transport(probe));
    probe.reading.enqueue(chunk as Uint8Array);
    await sink.untilClosed();
    const error = new TransportError('ERR_TRANSPORT_MESSAGE', `Cannot read a chunk that is not a Uint8Array: ${kind}`);
    expect(sink.told).toEqual([{ closed: error }]);
    expect(sink.told).toMatchObject([{ closed: { code: 'ERR_TRANSPORT_MESSAGE', name: 'TransportError' } }]);
    expect(probe.calls).toEqual([
      ['abort', error],
      ['cancel', error],
    ]);
  });

  test('an empty chunk is not told', async () => {
    const probe = new Probe();
    const sink = new Recorder(transport(probe));
    probe.reading.enqueue(new Uint8Array(0));
    probe.reading.enqueue(ascii('hi'));
    await sink.until(() => sink.size > 0);
    expect([sink.told, sink.breaches]).toEqual([[{ bytes: 'hi' }], []]);
  });

  test('pause() stops the reading behind the chunk that is under way, which is held', async () => {
    const probe = new Probe();
    const carried = transport(probe);
    const sink = new Recorder(carried);
    await turns();
    expect(probe.pulls).toBe(1);
    carried.pause();
    probe.reading.enqueue(ascii('under way'));
    probe.reading.enqueue(ascii(', and not'));
    await turns();
    expect([probe.pulls, sink.told]).toEqual([1, []]);
    carried.resume();
    expect(sink.told).toEqual([{ bytes: 'under way' }]);
    await turns();
    expect(sink.text).toBe('under way, and not');
  });

  test('nothing is asked for before the start', async () => {
    const probe = new Probe();
    const carried = transport(probe);
    await turns();
    expect(probe.pulls).toBe(0);
    new Recorder(carried);
    await turns();
    expect(probe.pulls).toBe(1);
  });

  test.each(['clean', 'truncated', 'unknown'] as const)('the end is as the option says: %s', async (eof) => {
    const probe = new Probe();
    const sink = new Recorder(transport(probe, { eof }));
    probe.reading.close();
    await sink.untilEnded();
    expect(sink.told).toEqual([{ end: eof }]);
  });
});

describe('what is written', () => {
  test('in one turn leaves in one write', async () => {
    const probe = new Probe();
    const carried = transport(probe);
    carried.write(ascii('a'));
    carried.write(ascii('b'));
    carried.write(ascii('c'));
    expect(probe.written).toEqual([]);
    await turns();
    expect(probe.written).toEqual(['abc']);
  });

  test('while a write is under way leaves in the next one', async () => {
    const probe = new Probe({ flows: false });
    const carried = transport(probe);
    carried.write(ascii('first'));
    await turns();
    for (const letter of 'second') {
      carried.write(ascii(letter));
      await turns(1);
    }
    expect(probe.written).toEqual(['first']);
    probe.writes[0]?.finish();
    await turns();
    expect(probe.written).toEqual(['first', 'second']);
  });

  test('at length leaves in pieces of 64 KiB', async () => {
    const probe = new Probe();
    transport(probe).write(new Uint8Array(150_000));
    await turns();
    expect(probe.written.map(({ length }) => length)).toEqual([65_536, 65_536, 18_928]);
  });

  test.each([
    ['never asks for more, but gets one at a time', 0, 1],
    ['asks for one chunk', 1, 1],
    ['asks for two chunks', 2, 2],
    ['counts chunks for bytes, and gets no more than is too much', 16_384, 2],
  ])('to a stream that %s', async (_, highWaterMark, mostUnderWay) => {
    // Its writer takes everything and finishes nothing.
    const given: number[] = [];
    const never = new Promise<never>(() => {});
    const writer = {
      ready: never,
      closed: never,
      get desiredSize() {
        return highWaterMark - given.length;
      },
      write(chunk: Uint8Array) {
        given.push(chunk.length);
        return never;
      },
    };
    const writable = { locked: false, getWriter: () => writer } as unknown as WritableStream<Uint8Array>;
    const carried = transport({ readable: new ReadableStream(), writable });
    for (let i = 0; i < 8; i++) {
      carried.write(new Uint8Array(32_768));
      await turns(1);
    }
    expect(given).toEqual(Array(mostUnderWay).fill(32_768));
  });

  test('is enough at 64 KiB, until half of that has gone', async () => {
    const probe = new Probe({ flows: false });
    const carried = transport(probe);
    const sink = new Recorder(carried);
    expect(carried.write(new Uint8Array(40_000))).toBe(true);
    await turns();
    expect(carried.write(new Uint8Array(25_535))).toBe(true);
    expect(carried.write(new Uint8Array(1))).toBe(false);
    expect(carried.write(new Uint8Array(10_000))).toBe(false);
    await turns();
    probe.writes[0]?.finish();
    await turns();
    expect(sink.told).toEqual([]);
    probe.writes[1]?.finish();
    await turns();
    expect(sink.told).toEqual(['writable']);
  });

  test('before the start, and too much of it, is told to have gone at the start', async () => {
    const probe = new Probe();
    const carried = transport(probe);
    expect(carried.write(new Uint8Array(70_000))).toBe(false);
    await turns();
    const sink = new Recorder(carried);
    expect(sink.told).toEqual(['writable']);
  });

  test('goes out before the end, however slowly', async () => {
    const probe = new Probe({ flows: false });
    const carried = transport(probe);
    const sink = new Recorder(carried);
    carried.write(ascii('first'));
    await turns();
    expect(carried.write(new Uint8Array(70_000))).toBe(false);
    carried.end();
    await turns();
    expect([probe.written.length, probe.calls]).toEqual([1, []]);
    for (let i = 0; i < 3; i++) {
      probe.writes[i]?.finish();
      await turns();
    }
    expect(probe.written.map(({ length }) => length)).toEqual([5, 65_536, 4_464]);
    expect(probe.calls).toEqual([['close']]);
    // There is room, but nobody may use it.
    expect(sink.told).toEqual([]);
  });
});

describe('a failure of the readable', () => {
  test.each([
    ['while it is read', 0],
    ['while it is paused', 1],
    ['before the start', 2],
  ])('%s closes both directions, with its cause', async (_, when) => {
    const probe = new Probe();
    const carried = transport(probe);
    const cause = new Error('cut');
    if (when === 2) probe.reading.error(cause);
    await turns();
    const sink = new Recorder(carried);
    if (when === 1) carried.pause();
    probe.reading.error(cause);
    await sink.untilClosed();
    await turns();
    expect(sink.told).toEqual([{ closed: cause }]);
    expect(probe.calls).toEqual([['abort', cause]]);
  });

  test('without a reason is a reset all the same', async () => {
    const probe = new Probe();
    const sink = new Recorder(transport(probe));
    probe.reading.error(undefined);
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ closed: { code: 'ERR_TRANSPORT_RESET' } }]);
  });

  test('comes behind the chunk that was held back', async () => {
    const probe = new Probe();
    const carried = transport(probe);
    const sink = new Recorder(carried);
    await turns();
    carried.pause();
    probe.reading.enqueue(ascii('an answer'));
    await turns();
    probe.reading.error(new Error('cut'));
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ bytes: 'an answer' }, { closed: { message: 'cut' } }]);
  });
});

describe('a failure of the writable', () => {
  function failing(options = {}) {
    const clock = new Clock();
    const probe = new Probe();
    const carried = transport(probe, { timers: clock, ...options });
    return { clock, probe, carried, sink: new Recorder(carried) };
  }

  test.each([
    ['as it is written', true],
    ['while nothing is', false],
  ])('%s does not hide what had come before, whose end is then not known to be clean', async (_, writes) => {
    const { probe, carried, sink } = failing();
    const cause = new Error('broken pipe');
    if (writes) carried.write(ascii('upload'));
    probe.writing.error(cause);
    await turns();
    expect(sink.told).toEqual([]);
    expect(carried.write(ascii('more'))).toBe(false);
    probe.reading.enqueue(ascii('too large'));
    await turns();
    probe.reading.close();
    await sink.untilClosed();
    expect(sink.told).toEqual([{ bytes: 'too large' }, { end: 'unknown' }, { closed: cause }]);
  });

  test('behind the end of the readable closes at once', async () => {
    const { probe, sink } = failing();
    probe.reading.close();
    await sink.untilEnded();
    const cause = new Error('broken pipe');
    probe.writing.error(cause);
    await sink.untilClosed();
    expect(sink.told).toEqual([{ end: 'clean' }, { closed: cause }]);
  });

  test('closes after a second in which nothing comes, counted from when something last came', async () => {
    const { clock, probe, sink } = failing();
    const cause = new Error('broken pipe');
    probe.writing.error(cause);
    await clock.advance(999);
    probe.reading.enqueue(ascii('still'));
    await clock.advance(999);
    probe.reading.enqueue(ascii(' there'));
    await clock.advance(999);
    expect(sink.told).toEqual([{ bytes: 'still there' }]);
    await clock.advance(1);
    expect(sink.told).toEqual([{ bytes: 'still there' }, { closed: cause }]);
    expect([clock.pending, probe.calls]).toEqual([0, [['cancel', cause]]]);
  });

  test('waits for a reader that has paused', async () => {
    const { clock, probe, carried, sink } = failing();
    await turns();
    probe.reading.enqueue(ascii('held'));
    carried.pause();
    await turns();
    probe.writing.error(new Error('broken pipe'));
    await clock.advance(60_000);
    expect([sink.told, clock.pending]).toEqual([[], 0]);
    carried.resume();
    await clock.advance(999);
    expect(sink.told).toEqual([{ bytes: 'held' }]);
    await clock.advance(1);
    expect(sink.told).toMatchObject([{ bytes: 'held' }, { closed: { message: 'broken pipe' } }]);
  });

  test('before the start lets what came be read', async () => {
    const clock = new Clock();
    const probe = new Probe();
    const carried = transport(probe, { timers: clock });
    probe.writing.error(new Error('broken pipe'));
    await turns();
    const sink = new Recorder(carried);
    probe.reading.enqueue(ascii('an answer'));
    await turns();
    expect(sink.told).toEqual([{ bytes: 'an answer' }]);
    await clock.advance(1_000);
    expect(sink.told).toMatchObject([{ bytes: 'an answer' }, { closed: { message: 'broken pipe' } }]);
  });

  test.each([
    ['where nothing was for it, is a letting go in order', '', 'closed'],
    ['where something was for it, is a reset', 'lost', { closed: { code: 'ERR_TRANSPORT_RESET' } }],
  ])('without a reason, %s', async (_, text, last) => {
    const { probe, carried, sink } = failing();
    await turns();
    carried.write(ascii(text));
    probe.writing.error(undefined);
    probe.reading.close();
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ end: 'clean' }, last]);
  });

  test('as it is closed', async () => {
    const { probe, carried, sink } = failing();
    const cause = new Error('not flushed');
    await turns();
    carried.end();
    probe.writing.error(cause);
    probe.reading.close();
    await sink.untilClosed();
    expect(sink.told.at(-1)).toEqual({ closed: cause });
  });

  test('of a stream that was told to let go leaves no timer', async () => {
    const { clock, probe, carried, sink } = failing();
    probe.writing.error(new Error('broken pipe'));
    await turns();
    expect(clock.pending).toBe(1);
    carried.destroy();
    await sink.untilClosed();
    expect([clock.pending, sink.told]).toEqual([0, ['closed']]);
  });
});

describe('destroy()', () => {
  test('with a cause aborts the one stream and cancels the other, both with it', async () => {
    const probe = new Probe();
    const carried = transport(probe);
    const sink = new Recorder(carried);
    await turns();
    const cause = new Error('enough');
    carried.destroy(cause);
    await sink.untilClosed();
    expect(probe.calls).toEqual([
      ['abort', cause],
      ['cancel', cause],
    ]);
  });

  test('in order closes the one stream before it cancels the other', async () => {
    const probe = new Probe();
    const carried = transport(probe);
    await turns();
    carried.destroy();
    await turns();
    expect(probe.calls).toEqual([['close'], ['cancel', undefined]]);
  });

  describe('of a pair that can be closed, as the sockets of Workers', () => {
    test.each([
      ['in order', undefined],
      ['with a cause', new Error('over')],
    ])('%s closes it, and aborts nothing', async (_, cause) => {
      const probe = new Probe();
      const close = async () => void probe.calls.push(['socket.close']);
      const carried = transport({ readable: probe.readable, writable: probe.writable, close });
      const sink = new Recorder(carried);
      carried.destroy(cause);
      await turns();
      expect(probe.calls).toEqual([['socket.close'], ['cancel', cause]]);
      expect(sink.told).toEqual([cause === undefined ? 'closed' : { closed: cause }]);
    });

    test.each([
      [
        'throws',
        () => {
          throw new Error('closed already');
        },
      ],
      [
        'rejects',
        async () => {
          throw new Error('closed already');
        },
      ],
    ])('does so also where closing %s', async (_, close) => {
      const probe = new Probe();
      const sink = new Recorder(transport({ readable: probe.readable, writable: probe.writable, close }));
      const cause = new Error('broken');
      probe.reading.error(cause);
      await turns();
      expect(sink.told).toEqual([{ closed: cause }]);
    });
  });

  test('before all is sent drops the rest, and aborts with a reason of its own', async () => {
    const probe = new Probe({ flows: false });
    const carried = transport(probe);
    const sink = new Recorder(carried);
    carried.write(ascii('sent'));
    await turns();
    carried.write(ascii('and not sent'));
    carried.destroy();
    probe.writes[0]?.finish();
    await turns();
    expect(sink.told).toEqual(['closed']);
    expect(probe.written).toEqual(['sent']);
    expect(probe.calls).toMatchObject([
      ['cancel', undefined],
      ['abort', { code: 'ERR_TRANSPORT_RESET' }],
    ]);
  });

  test('does not wait for streams that never answer', async () => {
    const never = () => new Promise<void>(() => {});
    const readable = new ReadableStream<Uint8Array>({ cancel: never });
    const writable = new WritableStream<Uint8Array>({ write: never, close: never, abort: never });
    const carried = transport({ readable, writable });
    const sink = new Recorder(carried);
    carried.write(ascii('x'));
    carried.end();
    await turns();
    carried.destroy(new Error('enough'));
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ closed: { message: 'enough' } }]);
  });

  test.each([undefined, new Error('enough')])(
    'of streams that fail at that is told all the same (%s)',
    async (cause) => {
      const fail = () => Promise.reject(new Error('cannot'));
      const readable = new ReadableStream<Uint8Array>({ cancel: fail });
      const writable = new WritableStream<Uint8Array>({ close: fail, abort: fail });
      const carried = transport({ readable, writable });
      const sink = new Recorder(carried);
      carried.destroy(cause);
      await sink.untilClosed();
      await turns();
      expect(sink.told).toEqual(cause === undefined ? ['closed'] : [{ closed: cause }]);
    },
  );
});

describe('a pair without half-closing', () => {
  test('closes both directions with end(), when all has gone', async () => {
    const probe = new Probe({ flows: false });
    const carried = transport(probe, { halfClose: false });
    const sink = new Recorder(carried);
    await turns();
    carried.write(ascii('last words'));
    carried.end();
    await turns();
    expect(sink.told).toEqual([]);
    probe.writes[0]?.finish();
    await sink.untilClosed();
    expect(carried.halfClose).toBe(false);
    expect([sink.told, probe.written, probe.calls]).toEqual([
      ['closed'],
      ['last words'],
      [['close'], ['cancel', undefined]],
    ]);
  });

  test('closes both directions at the end of the other side', async () => {
    const probe = new Probe();
    const sink = new Recorder(transport(probe, { halfClose: false }));
    probe.reading.enqueue(ascii('last words'));
    probe.reading.close();
    await sink.untilClosed();
    expect([sink.told, probe.calls]).toEqual([[{ bytes: 'last words' }, { end: 'clean' }, 'closed'], [['close']]]);
  });
});

test('no promise of a writer is left without somebody who knows', async () => {
  const failing = () => Promise.reject(new Error('cut'));
  const writer = {
    ready: failing(),
    closed: failing(),
    desiredSize: null,
    write: failing,
    close: failing,
    abort: failing,
  };
  const writable = { locked: false, getWriter: () => writer } as unknown as WritableStream<Uint8Array>;
  const carried = transport({ readable: new ReadableStream(), writable });
  const sink = new Recorder(carried);
  carried.write(ascii('x'));
  carried.end();
  await turns();
  carried.destroy(new Error('enough'));
  await sink.untilClosed();
});

test('a writable that is closed from below takes no more, and fails when something is for it', async () => {
  const probe = new Probe();
  const cause = new TypeError('This stream has been closed');
  const never = new Promise<never>(() => {});
  const writer = { ready: never, closed: Promise.resolve(), desiredSize: 0, write: () => Promise.reject(cause) };
  const writable = { locked: false, getWriter: () => writer } as unknown as WritableStream<Uint8Array>;
  const carried = transport({ readable: probe.readable, writable });
  const sink = new Recorder(carried);
  await turns();
  expect(carried.write(ascii('lost'))).toBe(true);
  await turns();
  expect(carried.write(ascii('lost too'))).toBe(false);
  probe.reading.enqueue(ascii('an answer'));
  await turns();
  probe.reading.close();
  Object.assign(writer, { abort: () => never, close: () => never });
  await sink.untilClosed();
  expect(sink.told).toEqual([{ bytes: 'an answer' }, { end: 'unknown' }, { closed: cause }]);
});

test('a pair without half-closing whose writable is closed from below, at the end of the other side, has closed in order', async () => {
  const probe = new Probe();
  const writer = probe.writable.getWriter();
  // As the writer of a WebSocketStream does: what the platform has closed cannot be closed again.
  const platform = {
    ready: writer.ready,
    closed: writer.closed,
    close: () => Promise.reject(new TypeError('The stream is closing already')),
  };
  const writable = { locked: false, getWriter: () => platform } as unknown as WritableStream<Uint8Array>;
  const sink = new Recorder(transport({ readable: probe.readable, writable }, { halfClose: false }));
  await writer.close();
  await turns();
  expect(sink.told).toEqual([]);
  probe.reading.enqueue(ascii('last words'));
  await turns();
  probe.reading.close();
  await sink.untilClosed();
  expect(sink.told).toEqual([{ bytes: 'last words' }, { end: 'clean' }, 'closed']);
});

test.each(['readable', 'writable'] as const)('a locked %s is refused, and the other not locked', (which) => {
  const probe = new Probe();
  if (which === 'readable') probe.readable.getReader();
  else probe.writable.getWriter();
  expect(() => transport(probe)).toThrow(new TypeError('Cannot make a transport of a stream that is locked'));
  expect(which === 'readable' ? probe.writable.locked : probe.readable.locked).toBe(false);
});
