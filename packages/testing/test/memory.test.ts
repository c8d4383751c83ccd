// A pair of transports, as a driver and as a test sees it: what arrives, when and in which pieces; how it ends; what is refused.

import type { EndOfInput } from '@halfpipe/driver';
import {
  bytes,
  type Chunking,
  Clock,
  type MemoryTransport,
  type PairOptions,
  pair,
  Random,
  type SideOptions,
  text,
} from '@halfpipe/testing';
import { Listener, listen } from './listener.ts';

const clock = new Clock();

/** Both sides, started, on the one clock. */
function joined(options: PairOptions = {}) {
  return listen(pair({ clock, ...options }), clock);
}

/** `size` bytes in which every shift and every loss shows. */
function content(size: number, seed: number): Uint8Array {
  const random = new Random(seed);
  return Uint8Array.from({ length: size }, () => random.below(256));
}

/** Writes pieces of any size as long as there is room, then ends. */
class Source {
  readonly #side: MemoryTransport;
  readonly #hears: Listener;
  readonly #random: Random;
  #left: Uint8Array;
  /** How many writes answered false. */
  refusals = 0;

  constructor(side: MemoryTransport, hears: Listener, content: Uint8Array, seed: number) {
    this.#side = side;
    this.#hears = hears;
    this.#left = content;
    this.#random = new Random(seed);
    hears.reaction = (line) => {
      if (line === 'writable') this.go();
    };
  }

  go(): void {
    while (this.#left.length > 0) {
      const size = this.#random.below(2 ** this.#random.below(9));
      const piece = this.#left.subarray(0, size);
      this.#left = this.#left.subarray(size);
      if (!this.#hears.call(() => this.#side.write(piece))) {
        this.refusals++;
        return;
      }
    }
    if (!this.#side.ended) this.#hears.call(() => this.#side.end());
  }
}

const cutInThree = (bytes: Uint8Array) => {
  const [a, b] = [bytes.length / 3, (bytes.length * 2) / 3].map(Math.floor);
  return [bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)];
};

const chunkings: [string, Chunking, greatest: number][] = [
  ['whole', 'whole', 255],
  ['in single bytes', 'bytes', 1],
  ['in at most 7', 7, 7],
  ['in three parts', cutInThree, 85],
];

describe.each(chunkings)('bytes that arrive %s', (_, chunking, greatest) => {
  describe.each([0, 1, 250])('with a latency of %d ms', (latency) => {
    describe.each([Infinity, 1_000, 7_777])('at %d bytes per second', (bandwidth) => {
      test.each([1, 100, 65_536])('through a buffer of %d', async (bufferSize) => {
        const { near, far, nearHears, farHears } = joined({ chunking, latency, bandwidth, bufferSize });
        const began = clock.now();
        const contents = [content(3_000, 1), content(2_000, 2)] as const;
        const sources = [new Source(near, nearHears, contents[0], 3), new Source(far, farHears, contents[1], 4)];
        for (const source of sources) source.go();
        await clock.run();

        expect([farHears.received, nearHears.received]).toEqual(contents.map(text));
        for (const [side, hears, size] of [[far, farHears, 3_000] as const, [near, nearHears, 2_000] as const]) {
          expect(Math.max(...hears.sizes)).toBeLessThanOrEqual(greatest);
          expect(hears.heard.filter((line) => !/^(bytes|writable)/.test(line))).toEqual(['end clean', 'closed']);
          expect(hears.heard.at(-1)).toBe('closed');
          expect(side).toMatchObject({ bytesRead: size, bytesWritten: 5_000 - size, underWay: 0, ended: true });
          expect(side).toMatchObject({ closed: { cause: undefined }, destroyed: null });
          expect(side.mostUnderWay).toBeLessThan(bufferSize + 256);
        }
        // Each refusal is followed by one `writable`, unless the side ended first.
        for (const [i, hears] of [nearHears, farHears].entries()) {
          const { length } = hears.heard.filter((line) => line === 'writable');
          expect(length).toBe(sources[i]?.refusals);
        }
        // The larger direction decides; one that waits for its buffer to empty pays the latency each time.
        const rounds = (sources[0]?.refusals ?? 0) + 1;
        const least = latency + 3_000_000 / bandwidth;
        expect(clock.now() - began).toBeGreaterThanOrEqual(least - 1e-6);
        expect(clock.now() - began).toBeLessThanOrEqual(rounds * latency + 3_000_000 / bandwidth + 1e-6);
        expect(clock.pending).toBe(0);
      });
    });
  });
});

describe('the pieces', () => {
  const arrivals = async (options: PairOptions, ...writes: string[]) => {
    const { near, far, farHears } = joined(options);
    for (const write of writes) near.write(bytes(write));
    const began = clock.now();
    await clock.run();
    far.destroy();
    return farHears.heard.map((line, i) => `${line.slice('bytes '.length)}@${(farHears.times[i] ?? 0) - began}`);
  };

  test.each<[string, PairOptions, string[], string[]]>([
    ['whole', {}, ['abcdef', 'g'], ['abcdef@0', 'g@0']],
    ['by the byte', { chunking: 'bytes' }, ['abc', 'd'], ['a@0', 'b@0', 'c@0', 'd@0']],
    ['up to a size', { chunking: 4 }, ['abcdef', 'ghij', 'k'], ['abcd@0', 'ef@0', 'ghij@0', 'k@0']],
    ['by a function', { chunking: cutInThree }, ['abcdef', 'g'], ['ab@0', 'cd@0', 'ef@0', 'g@0']],
    ['late', { latency: 20 }, ['ab', 'c'], ['ab@20', 'c@20']],
    ['slowly', { bandwidth: 1_000 }, ['abc', 'd'], ['abc@3', 'd@4']],
    ['slowly, by the byte', { bandwidth: 500, chunking: 'bytes' }, ['abc', 'd'], ['a@2', 'b@4', 'c@6', 'd@8']],
    ['slowly, cut, and late', { bandwidth: 1_000, chunking: 2, latency: 10 }, ['abc', 'd'], ['ab@12', 'c@13', 'd@14']],
    ['as the near side says', { latency: 1, near: { latency: 5 }, far: { latency: 9 } }, ['ab'], ['ab@5']],
    ['as both say', { latency: 1, far: { latency: 9 } }, ['ab'], ['ab@1']],
  ])('come %s', async (_, options, writes, expected) => {
    expect(await arrivals(options, ...writes)).toEqual(expected);
  });

  test('are not copied', () => {
    const { near, far } = joined();
    const whole = bytes('abc');
    far.resume();
    near.write(whole);
    const got: Uint8Array[] = [];
    const [one, other] = pair();
    other.start({ bytes: (piece) => got.push(piece), end() {}, writable() {}, closed() {} });
    one.write(whole);
    return clock.settle().then(() => expect(got[0]).toBe(whole));
  });

  test('that a function makes must be all of it, or the write is refused and has had no effect', async () => {
    const { near, farHears } = joined({ chunking: (bytes) => [bytes.subarray(1)] });
    expect(() => near.write(bytes('abc'))).toThrow(new TypeError('Cannot cut 3 bytes into pieces of 2 in all'));
    await clock.settle();
    expect(farHears.heard).toEqual([]);
    expect(near.underWay).toBe(0);
  });

  test('of a sender who is idle for a while do not come earlier for it', async () => {
    const { near, farHears } = joined({ bandwidth: 1_000, latency: 10 });
    const began = clock.now();
    near.write(bytes('ab'));
    await clock.advance(100);
    near.write(bytes('cd'));
    near.end();
    await clock.run();
    expect(farHears.times.map((time) => time - began)).toEqual([12, 112, 112]);
  });

  test('without a clock come in microtasks, one each, so that what they lead to runs in between', async () => {
    const { near, farHears } = listen(pair({ chunking: 'bytes' }));
    const order: string[] = [];
    farHears.reaction = (line) => {
      order.push(line);
      queueMicrotask(() => order.push('then'));
    };
    near.write(bytes('abc'));
    expect(order).toEqual([]);
    await clock.settle();
    expect(order).toEqual(['bytes a', 'then', 'bytes b', 'then', 'bytes c', 'then']);
  });
});

test('many small pieces that wait are taken in as many steps, also while more come', async () => {
  const [one, other] = pair();
  let [read, wrong] = [0, 0];
  one.start(new Listener());
  other.start({
    bytes(piece) {
      if (piece[0] !== read++ % 256) wrong++;
      if (read <= 20_000) one.write(Uint8Array.of(read + 29_999));
    },
    end() {},
    writable() {},
    closed() {},
  });
  for (let i = 0; i < 30_000; i++) one.write(Uint8Array.of(i));
  await clock.settle();
  expect([read, wrong, other.bytesRead, one.underWay]).toEqual([50_000, 0, 50_000, 0]);
}, 30_000);

test('thousands of pieces that wait for the bandwidth come each at its time', async () => {
  const { near, farHears } = joined({ bandwidth: 1_000 });
  const began = clock.now();
  for (let i = 0; i < 3_000; i++) near.write(Uint8Array.of(i));
  await clock.run();
  expect(farHears.times).toEqual(Array.from({ length: 3_000 }, (_, i) => began + i + 1));
});

describe('nothing is told within a call:', () => {
  const actions: [string, (side: MemoryTransport) => void][] = [
    ['write', (side) => void side.write(bytes('x'))],
    ['pause', (side) => side.pause()],
    ['resume', (side) => side.resume()],
    ['end', (side) => side.end()],
    ['destroy', (side) => side.destroy()],
    ['destroy with a cause', (side) => side.destroy('why')],
    ['reset', (side) => side.reset()],
    ['stall', (side) => side.stall()],
    ['flow', (side) => side.flow()],
  ];

  test.each(actions)('%s', async (_, act) => {
    const { near, far, nearHears, farHears } = joined({ bufferSize: 1 });
    const call = (side: MemoryTransport) => nearHears.call(() => farHears.call(() => act(side)));
    near.write(bytes('under way'));
    far.write(bytes('under way'));
    farHears.reaction = (line) => line.startsWith('bytes') && call(far);
    call(near);
    await clock.settle();
  });

  test('start', async () => {
    const [near, far] = pair();
    near.write(bytes('x'));
    near.end();
    const hears = new Listener();
    hears.call(() => far.start(hears));
    expect(hears.heard).toEqual([]);
    await clock.settle();
    expect(hears.heard).toEqual(['bytes x', 'end clean']);
  });
});

describe('back-pressure:', () => {
  test.each([
    [1, ['a'], [false]],
    [3, ['ab', 'c', 'd'], [true, false, false]],
    [3, ['', 'ab', '', 'cdef', ''], [true, true, true, false, false]],
  ])('a buffer of %d is full when as much is under way', (bufferSize, writes, answers) => {
    const { near } = joined({ bufferSize });
    expect(writes.map((write) => near.write(bytes(write)))).toEqual(answers);
    expect(near.underWay).toBe(writes.join('').length);
  });

  test.each([
    ['65,535 bytes', [65_535], true],
    ['65,536 bytes', [65_536], false],
    ['65,536 bytes in two pieces', [65_535, 1], false],
    ['65,537 bytes', [65_537], false],
  ])('where nothing is said of it, %s fit, or fill it', (_, sizes, hasRoom) => {
    const { near } = joined({});
    expect(sizes.map((size) => near.write(new Uint8Array(size))).at(-1)).toBe(hasRoom);
  });

  test('there is room when nothing is under way any more, which is said once', async () => {
    const { near, nearHears, far, farHears } = joined({ bufferSize: 2, chunking: 'bytes' });
    farHears.reaction = (line) => line === 'bytes c' && far.pause();
    expect(near.write(bytes('abc'))).toBe(false);
    expect(near.write(bytes('de'))).toBe(false);
    await clock.settle();
    expect([near.underWay, nearHears.heard]).toEqual([2, []]);
    far.resume();
    await clock.settle();
    expect(nearHears.heard).toEqual(['writable']);
    expect(near.write(bytes('f'))).toBe(true);
    expect(near.write(bytes('g'))).toBe(false);
    await clock.settle();
    expect(nearHears.heard).toEqual(['writable', 'writable']);
    expect(near.mostUnderWay).toBe(5);
  });

  test.each<[string, (side: MemoryTransport) => void]>([
    ['ended', (side) => side.end()],
    ['was destroyed', (side) => side.destroy()],
    ['was reset', (side) => side.reset()],
  ])('nobody is told of room after it has %s', async (_, act) => {
    const { near, nearHears } = joined({ bufferSize: 1 });
    near.write(bytes('abc'));
    act(near);
    await clock.settle();
    expect(nearHears.heard).not.toContain('writable');
  });

  test('one who starts late is told of the room that has come', async () => {
    const [near, far] = pair({ bufferSize: 1 });
    far.start(new Listener());
    expect(near.write(bytes('abc'))).toBe(false);
    await clock.settle();
    const hears = new Listener();
    near.start(hears);
    await clock.settle();
    expect(hears.heard).toEqual(['writable']);
  });

  test('a reader that has not started takes nothing', async () => {
    const [near] = pair({ bufferSize: 4 });
    expect(near.write(bytes('abcd'))).toBe(false);
    await clock.settle();
    expect(near.underWay).toBe(4);
  });
});

describe('a reader that has paused', () => {
  test('gets neither bytes nor the end, and both when it resumes', async () => {
    const { near, far, farHears } = joined({ latency: 5 });
    far.pause();
    far.pause();
    near.write(bytes('ab'));
    near.end();
    await clock.advance(100);
    expect(farHears.heard).toEqual([]);
    expect(far.paused).toBe(true);
    far.resume();
    far.resume();
    await clock.settle();
    expect(farHears.heard).toEqual(['bytes ab', 'end clean']);
    expect(far.paused).toBe(false);
  });

  test('in the middle gets the rest later', async () => {
    const { near, far, farHears } = joined({ chunking: 2 });
    farHears.reaction = () => far.pause();
    near.write(bytes('abcde'));
    near.end();
    for (const heard of ['bytes ab', 'bytes cd', 'bytes e', 'end clean']) {
      await clock.settle();
      expect(farHears.heard.at(-1)).toBe(heard);
      far.resume();
    }
    expect(farHears.heard).toHaveLength(4);
  });

  test('still learns of a reset', async () => {
    const { near, far, farHears } = joined();
    far.pause();
    near.write(bytes('ab'));
    await clock.settle();
    near.destroy('why');
    await clock.settle();
    expect(farHears.heard).toEqual(['closed ERR_RESET']);
  });

  test('loses nothing when the writer lets go in order', async () => {
    const { near, far, farHears } = joined({ latency: 10 });
    far.pause();
    near.write(bytes('there '));
    await clock.advance(10);
    near.write(bytes('under way'));
    near.destroy();
    await clock.advance(100);
    expect(farHears.heard).toEqual([]);
    far.resume();
    await clock.run();
    expect(farHears.heard).toEqual(['bytes there ', 'bytes under way', 'end clean']);
  });
});

describe('the end', () => {
  test.each<EndOfInput>(['clean', 'truncated', 'unknown'])(
    'is %s to the other side, if that is its kind',
    async (eof) => {
      const { near, far, nearHears, farHears } = joined({ near: { eof } });
      near.end();
      far.end();
      await clock.settle();
      expect([nearHears.heard, farHears.heard]).toEqual([
        ['end clean', 'closed'],
        [`end ${eof}`, 'closed'],
      ]);
    },
  );

  test('of one direction leaves the other open', async () => {
    const { near, far, nearHears, farHears } = joined({ latency: 5 });
    near.write(bytes('question'));
    near.end();
    await clock.advance(5);
    expect(farHears.heard).toEqual(['bytes question', 'end clean']);
    far.write(bytes('answer'));
    await clock.advance(1_000);
    expect(nearHears.heard).toEqual(['bytes answer']);
    expect([near.closed, far.closed]).toEqual([null, null]);
    far.end();
    await clock.run();
    expect(nearHears.heard).toEqual(['bytes answer', 'end clean', 'closed']);
    expect(farHears.heard).toEqual(['bytes question', 'end clean', 'closed']);
  });

  test('closes a side when its own end has gone out, and not before', async () => {
    const { near, far, nearHears } = joined({ near: { latency: 50 } });
    far.end();
    await clock.settle();
    near.write(bytes('x'));
    near.end();
    await clock.advance(49);
    expect(nearHears.heard).toEqual(['end clean']);
    await clock.advance(1);
    expect(nearHears.heard).toEqual(['end clean', 'closed']);
  });

  test('without half-closing is that of both directions, once all has gone out', async () => {
    const { near, far, nearHears, farHears } = joined({ near: { halfClose: false, latency: 5 } });
    expect([near.halfClose, far.halfClose]).toEqual([false, true]);
    near.write(bytes('last words'));
    near.end();
    far.write(bytes('heard'));
    await clock.advance(4);
    expect(nearHears.heard).toEqual(['bytes heard']);
    await clock.advance(1);
    expect(nearHears.heard).toEqual(['bytes heard', 'closed']);
    far.write(bytes('not heard'));
    await clock.run();
    expect(farHears.heard).toEqual(['bytes last words', 'end clean', 'closed ERR_RESET']);
    expect(near.bytesRead).toBe(5);
  });

  test('without half-closing is in order if the other side has nothing more to say', async () => {
    const { near, far, nearHears, farHears } = joined({ halfClose: false });
    near.end();
    await clock.settle();
    far.end();
    await clock.settle();
    expect([nearHears.heard, farHears.heard]).toEqual([['closed'], ['end clean', 'closed']]);
  });
});

describe('letting go', () => {
  test('in order is a clean end to the other side, behind what was sent', async () => {
    const { near, far, nearHears, farHears } = joined({ latency: 10 });
    near.write(bytes('sent'));
    near.destroy();
    near.destroy('again');
    await clock.run();
    expect(nearHears.heard).toEqual(['closed']);
    expect(farHears.heard).toEqual(['bytes sent', 'end clean']);
    expect(near).toMatchObject({ destroyed: { cause: undefined }, closed: { cause: undefined } });
    far.end();
    await clock.run();
    expect(farHears.heard.at(-1)).toBe('closed');
  });

  test('with a cause is a reset to the other side, which knows the cause as that of its error', async () => {
    const { near, far, nearHears, farHears } = joined({ latency: 10 });
    near.write(bytes('sent'));
    near.end();
    near.destroy('why');
    await clock.advance(9);
    expect(farHears.heard).toEqual([]);
    await clock.advance(1);
    expect([nearHears.heard, farHears.heard]).toEqual([['closed why'], ['bytes sent', 'closed ERR_RESET']]);
    expect(near.destroyed).toEqual({ cause: 'why' });
    expect(far.closed).toMatchObject({ cause: { name: 'NetworkError', code: 'ERR_RESET', cause: 'why' } });
    expect(far.destroyed).toBeNull();
  });

  test.each([undefined, 'why'])(
    'loses what still waits for the bandwidth, which is seen (cause: %p)',
    async (cause) => {
      const { near, far, nearHears, farHears } = joined({ latency: 10, bandwidth: 1_000 });
      for (const write of ['ab', 'c', 'de', 'f']) near.write(bytes(write));
      near.end();
      await clock.advance(4);
      near.destroy(cause);
      await clock.run();
      expect(nearHears.heard).toEqual([cause === undefined ? 'closed' : 'closed why']);
      expect(farHears.heard).toEqual(['bytes ab', 'bytes c', 'closed ERR_RESET']);
      expect(far.closed?.cause instanceof Error && far.closed.cause.cause).toBe(cause);
    },
  );

  test('in the middle of a piece loses the rest of it', async () => {
    const { near, farHears } = joined({ bandwidth: 1_000, chunking: 'bytes' });
    near.write(bytes('abcd'));
    near.write(bytes('ef'));
    await clock.advance(2);
    expect(near.underWay).toBe(4);
    near.destroy();
    expect(near.underWay).toBe(0);
    await clock.run();
    expect(farHears.heard).toEqual(['bytes a', 'bytes b', 'closed ERR_RESET']);
  });

  test('answers what is still sent, or was under way, with a reset', async () => {
    const { near, far, farHears } = joined({ latency: 10 });
    far.write(bytes('under way'));
    near.destroy();
    await clock.run();
    expect(farHears.heard).toEqual(['end clean', 'closed ERR_RESET']);
    expect(near.bytesRead).toBe(0);

    const other = joined({ latency: 10 });
    other.near.destroy();
    await clock.run();
    other.far.write(bytes('still sent'));
    await clock.run();
    expect(other.farHears.heard).toEqual(['end clean', 'closed ERR_RESET']);
  });

  test('answers what had arrived and was not read, since the side had paused, with a reset', async () => {
    const { near, far, nearHears } = joined({ latency: 10 });
    far.pause();
    near.write(bytes('not read'));
    await clock.advance(100);
    far.destroy();
    await clock.run();
    expect(nearHears.heard).toEqual(['end clean', 'closed ERR_RESET']);
  });

  test('is learned by who goes on sending, also where nothing gets through from the other side any more', async () => {
    const { near, far, nearHears } = joined({ latency: 10 });
    far.truncate();
    far.destroy();
    near.write(bytes('x'));
    await clock.run();
    expect(nearHears.heard).toEqual(['end truncated', 'closed ERR_RESET']);
  });

  test('of both sides at once is in order', async () => {
    const { near, far, nearHears, farHears } = joined({ latency: 10 });
    near.destroy();
    far.destroy('why');
    await clock.run();
    expect([nearHears.heard, farHears.heard]).toEqual([['closed'], ['closed why']]);
    expect(clock.pending).toBe(0);
  });

  test('before the start is told at the start', async () => {
    const [near, far] = pair();
    near.destroy('why');
    await clock.settle();
    for (const [side, line] of [[near, 'closed why'] as const, [far, 'closed ERR_RESET'] as const]) {
      const hears = new Listener();
      hears.call(() => side.start(hears));
      await clock.settle();
      expect(hears.heard).toEqual([line]);
    }
  });
});

describe('what the network does', () => {
  test.each([0, 1, 2, 3, 4, 5, 6])('a reset behind byte %d loses the rest, and both sides learn it', async (n) => {
    const { near, far, nearHears, farHears } = joined({ near: { chunking: 'bytes' } });
    const reset = () => near.reset(new Error('cable cut'));
    farHears.reaction = () => farHears.sizes.length === n && reset();
    near.write(bytes('abcdef'));
    near.end();
    far.write(bytes('too late'));
    if (n === 0) reset();
    await clock.settle();
    expect(farHears.received).toBe('abcdef'.slice(0, n));
    expect([nearHears, farHears].map(({ heard }) => heard.at(-1))).toEqual(Array(2).fill('closed Error: cable cut'));
    expect(farHears.heard).not.toContain('end clean');
    expect(far.closed).toEqual(near.closed);
  });

  test.each([0, 1, 2, 3, 4, 5, 6])('a truncation behind byte %d loses the rest of one direction', async (n) => {
    const { near, far, nearHears, farHears } = joined({ bufferSize: 6, near: { chunking: 'bytes' } });
    farHears.reaction = () => farHears.heard.length === n && near.truncate();
    expect(near.write(bytes('abcdef'))).toBe(false);
    if (n === 0) near.truncate();
    await clock.settle();
    expect(farHears.heard.slice(-1)).toEqual(['end truncated']);
    expect(farHears.received).toBe('abcdef'.slice(0, n));
    // The writer does not know, and is not held up.
    expect(nearHears.heard).toEqual(['writable']);
    expect(near.write(new Uint8Array(100_000))).toBe(true);
    far.write(bytes('the other direction'));
    far.end();
    near.end();
    await clock.settle();
    expect(nearHears.heard.slice(1)).toEqual(['bytes the other direction', 'end clean', 'closed']);
    expect(farHears.heard.slice(-2)).toEqual(['end truncated', 'closed']);
  });

  test('a truncation is seen at once, also where the direction has stalled', async () => {
    const { near, farHears } = joined();
    near.stall();
    near.write(bytes('lost'));
    near.truncate();
    await clock.settle();
    expect(farHears.heard).toEqual(['end truncated']);
  });

  test('a truncation can look like an end of any kind', async () => {
    const { near, farHears } = joined();
    near.truncate('unknown');
    near.truncate('clean');
    await clock.settle();
    expect(farHears.heard).toEqual(['end unknown']);
  });

  test('while it stalls nothing arrives from that side, neither bytes nor an end nor a reset', async () => {
    const { near, far, nearHears, farHears } = joined({ bufferSize: 2 });
    near.stall();
    expect(near.write(bytes('ab'))).toBe(false);
    far.write(bytes('x'));
    await clock.advance(100_000);
    expect([nearHears.heard, farHears.heard]).toEqual([['bytes x'], []]);
    near.flow();
    await clock.settle();
    expect([nearHears.heard, farHears.heard]).toEqual([['bytes x', 'writable'], ['bytes ab']]);
    near.stall();
    near.destroy('why');
    await clock.advance(100_000);
    expect(farHears.heard).toEqual(['bytes ab']);
    near.flow();
    await clock.settle();
    expect(farHears.heard).toEqual(['bytes ab', 'closed ERR_RESET']);
  });

  test('a reset breaks what has stalled, and leaves no timer', async () => {
    const { near, farHears } = joined({ latency: 10 });
    near.write(bytes('ab'));
    near.stall();
    near.reset();
    await clock.settle();
    expect(farHears.heard).toEqual(['closed ERR_RESET']);
    expect(clock.pending).toBe(0);
  });
});

describe('misuse is refused:', () => {
  const misuses: [string, (side: MemoryTransport) => unknown, string][] = [
    ['writing after the end', (side) => [side.end(), side.write(bytes('x'))], 'write: the transport has ended'],
    ['ending twice', (side) => [side.end(), side.end()], 'end: the transport has ended'],
    [
      'writing after destroying',
      (side) => [side.destroy(), side.write(bytes('x'))],
      'write: the transport was destroyed',
    ],
    ['ending after destroying', (side) => [side.destroy(), side.end()], 'end: the transport was destroyed'],
    ['starting twice', (side) => side.start(new Listener()), 'start a transport a second time'],
  ];

  test.each(misuses)('%s', async (_, misuse, message) => {
    const { near, nearHears, farHears } = joined();
    expect(() => misuse(near)).toThrow(new TypeError(`Cannot ${message}`));
    await clock.settle();
    expect(farHears.heard.join()).not.toContain('bytes');
    expect(nearHears.heard.filter((line) => line.startsWith('closed')).length).toBeLessThanOrEqual(1);
  });

  test.each<[string, (side: MemoryTransport) => unknown]>([
    ['write', (side) => side.write(bytes('x'))],
    ['end', (side) => side.end()],
  ])('to %s when it has been told that the transport has closed, but not while it cannot know', async (action, act) => {
    const { near, nearHears } = joined();
    near.reset();
    expect(near.write(bytes('x'))).toBe(false);
    await clock.settle();
    expect(() => act(near)).toThrow(new TypeError(`Cannot ${action}: the transport has closed`));
    near.destroy('late');
    near.pause();
    near.resume();
    await clock.settle();
    expect(nearHears.heard).toEqual(['closed ERR_RESET']);
    expect(near.destroyed).toBeNull();
  });

  test.each<[string, PairOptions, string]>([
    ['latency below zero', { clock, latency: -1 }, 'Cannot have a latency of -1'],
    ['endless latency', { clock, far: { latency: Infinity } }, 'Cannot have a latency of Infinity'],
    ['no bandwidth', { clock, bandwidth: 0 }, 'Cannot have a bandwidth of 0'],
    ['no buffer', { bufferSize: 0 }, 'Cannot have a bufferSize of 0'],
    ['pieces of nothing', { chunking: 0 }, 'Cannot have a chunking of 0'],
    ['pieces of half a byte', { chunking: 1.5 }, 'Cannot have a chunking of 1.5'],
    ['no number', { clock, latency: Number.NaN }, 'Cannot have a latency of NaN'],
    ['latency without a clock', { near: { latency: 1 } }, 'Cannot have latency or a bandwidth without a clock'],
    ['bandwidth without a clock', { bandwidth: 1 }, 'Cannot have latency or a bandwidth without a clock'],
    [
      'faults that take time without a clock',
      { faults: [{ kind: 'delay', at: 0, ms: 1 }] },
      "Cannot have the fault 'delay' without a clock",
    ],
    [
      'faults that take no number',
      { clock, faults: [{ kind: 'stall', at: 0, ms: Number.NaN }] },
      "Cannot have the fault 'stall' take NaN ms",
    ],
    [
      'faults out of order',
      {
        faults: [
          { kind: 'fragment', at: 3 },
          { kind: 'reset', at: 2 },
        ],
      },
      "Cannot place the fault 'reset' at 2: not an integer from 3 on",
    ],
    [
      'faults within a byte',
      { faults: [{ kind: 'reset', at: 0.5 }] },
      "Cannot place the fault 'reset' at 0.5: not an integer from 0 on",
    ],
  ])('a pair with %s', (_, options, message) => {
    expect(() => pair(options)).toThrow(message);
  });
});

describe('whatever both sides do, in whatever order', () => {
  const sides: SideOptions[] = [
    {},
    { latency: 3 },
    { latency: 2, bandwidth: 2_000, bufferSize: 10, chunking: 3 },
    { halfClose: false, bufferSize: 1 },
    { chunking: 'bytes', eof: 'truncated' },
    {
      faults: [
        { kind: 'delay', at: 5, ms: 20 },
        { kind: 'coalesce', at: 9, ms: 7 },
        { kind: 'half-close', at: 40 },
      ],
    },
    {
      faults: [
        { kind: 'fragment', at: 1 },
        { kind: 'stall', at: 20, ms: 500 },
        { kind: 'reset', at: 60 },
      ],
    },
    { latency: 1, faults: [{ kind: 'truncate', at: 30, eof: 'unknown' }] },
  ];

  /** Takes random steps on both sides until both have closed, and looks that all is well on the way. */
  async function walk(seed: number): Promise<string> {
    const random = new Random(seed);
    const own = new Clock();
    const options = [random.pick(sides), random.pick(sides)] as const;
    const transports = pair({ clock: own, near: options[0], far: options[1] });
    const cut = options.map(({ faults = [] }) =>
      [...faults].some(({ kind }) => kind === 'truncate' || kind === 'half-close'),
    );
    const walkers = transports.map((side, i) => {
      const walker = { side, hears: new Listener(own), started: false, written: '', owed: false, told: '' };
      walker.hears.reaction = (line) => {
        if (line === 'writable') expect(walker.owed).toBe(true);
        if (line === 'writable') walker.owed = false;
        walker.told += line.startsWith('bytes') ? 'b' : line.charAt(0);
        // What is told may be answered within.
        if (line.startsWith('bytes') && random.chance(0.3)) step(i);
      };
      return walker;
    });
    const step = (i: number) => {
      const { side, hears, started } = walkers[i]!;
      const walker = walkers[i]!;
      const over = side.ended || side.destroyed !== null || side.closed !== null;
      const act: Record<string, () => void> = {
        start: () => {
          walker.started = true;
          side.start(hears);
        },
        write: () => {
          const piece = text(content(random.below(20), random.next()));
          walker.written += piece;
          if (!side.write(bytes(piece))) walker.owed = true;
        },
        end: () => side.end(),
        destroy: () => side.destroy(random.pick([undefined, 'why'])),
        pause: () => side.pause(),
        resume: () => side.resume(),
        stall: () => side.stall(),
        flow: () => side.flow(),
        truncate: () => {
          cut[i] = true;
          side.truncate(random.pick(['truncated', 'unknown'] as const));
        },
        reset: () => side.reset('cut'),
      };
      const name = random.pick([
        ...(started ? [] : ['start', 'start', 'start']),
        ...(over ? [] : ['write', 'write', 'write', 'write', 'write', 'write', 'end']),
        ...['pause', 'resume', 'resume', 'resume', 'stall', 'flow', 'flow'],
        ...(random.chance(0.05) ? ['destroy', 'truncate', 'reset'] : []),
      ]);
      walkers[1 - i]!.hears.call(() => hears.call(() => act[name]?.()));
    };
    for (let steps = 0; steps < 60; steps++) {
      step(random.below(2));
      if (random.chance(0.4)) await own.advance(random.below(8));
    }
    for (const walker of walkers) {
      const { side, hears } = walker;
      if (!walker.started) side.start(hears);
      walker.started = true;
      side.resume();
      side.flow();
      if (!side.ended && side.destroyed === null && side.closed === null) side.end();
    }
    await own.run();
    for (const { side } of walkers) if (side.closed === null) side.destroy();
    await own.run();

    for (const [i, { side, hears, told }] of walkers.entries()) {
      const { written, side: writer } = walkers[1 - i]!;
      expect(written.startsWith(hears.received)).toBe(true);
      expect(told).toMatch(/^[bw]*(ew*)?c$/);
      expect(side.bytesRead).toBe(hears.received.length);
      expect(writer.bytesWritten).toBeLessThanOrEqual(written.length);
      expect(side.closed).not.toBeNull();
      // Unless the network meddles, nothing is lost without one of both knowing.
      if (written !== hears.received && !cut[1 - i]) {
        expect([side, writer].some(({ destroyed, closed }) => (destroyed ?? closed?.cause) !== undefined)).toBe(true);
      }
    }
    expect(own.pending).toBe(0);
    return walkers.map(({ hears, told }) => `${told} ${hears.times.join()}`).join('\n');
  }

  test('closed comes last, and once; bytes come in order, ends once, room where it was wanting', async () => {
    const seen: string[] = [];
    for (let seed = 0; seed < 1_500; seed++) {
      try {
        seen.push(await walk(seed));
      } catch (error) {
        throw new Error(`Seed ${seed}`, { cause: error });
      }
    }
    // They do not all end in the same way.
    expect(new Set(seen.map((told) => told.replace(/[^ew c\n]| [\d.,]*/g, ''))).size).toBeGreaterThan(10);
    for (let seed = 0; seed < 100; seed++) expect(await walk(seed)).toBe(seen[seed]);
  }, 60_000);
});
