import { Connection } from '@halfpipe/driver';
import { Clock, ClockError, openTo, Random } from '@halfpipe/testing';

/** A clock, and what has happened on it: `name@time`. */
function noted() {
  const clock = new Clock({ start: 0 });
  const notes: string[] = [];
  const note = (name: string) => notes.push(`${name}@${clock.now()}`);
  const set = (name: string, delay: number, then = () => {}) =>
    clock.setTimeout(() => {
      note(name);
      then();
    }, delay);
  return { clock, notes, note, set };
}

const ways: [string, (clock: Clock, ms: number) => void | Promise<void>][] = [
  ['advance', (clock, ms) => clock.advance(ms)],
  ['tick', (clock, ms) => clock.tick(ms)],
];

describe.each(ways)('%s()', (_, move) => {
  test.each([
    ['each at its time', [30, 10, 20], ['b@10', 'c@20', 'a@30']],
    ['those of one time in the order of their setting', [10, 10, 10, 5], ['d@5', 'a@10', 'b@10', 'c@10']],
    ['what is due now', [0, 0], ['a@0', 'b@0']],
    ['a delay below zero as zero', [-5, 0, -Infinity], ['a@0', 'b@0', 'c@0']],
    ['fractions', [0.5, 0.25], ['b@0.25', 'a@0.5']],
    ['the last moment, and nothing beyond', [100, 100.001, 2 ** 31 - 1], ['a@100']],
  ])('fires %s', async (_, delays, expected) => {
    const { clock, notes, set } = noted();
    for (const [i, delay] of delays.entries()) set('abcd'.charAt(i), delay);
    expect(clock.pending).toBe(delays.length);
    await move(clock, 100);
    expect(notes).toEqual(expected);
    expect(clock.now()).toBe(100);
    expect(clock.pending).toBe(delays.length - expected.length);
  });

  test('fires what is set by what fires, at its time, and behind what was there', async () => {
    const { clock, notes, set } = noted();
    set('a', 10, () => {
      set('c', 0);
      set('d', 5);
      set('e', 91);
    });
    set('b', 10);
    await move(clock, 100);
    expect(notes).toEqual(['a@10', 'b@10', 'c@10', 'd@15']);
    expect(clock.next).toBe(101);
  });

  test('does not fire what was taken back, before or by what fires', async () => {
    const { clock, notes, set } = noted();
    const [a, b, c] = [set('a', 1), set('b', 20), set('c', 10, () => clock.clearTimeout(b))];
    clock.clearTimeout(a);
    const d = set('d', 10, () => clock.clearTimeout(d));
    await move(clock, 100);
    expect(notes).toEqual(['c@10', 'd@10']);
    expect(clock.pending).toBe(0);
    for (const handle of [a, b, c, d, undefined, null, 7, {}, new Clock().setTimeout(() => {}, 1)]) {
      clock.clearTimeout(handle);
    }
  });

  test('by 0 fires what is due, and stays where it is', async () => {
    const { clock, notes, set } = noted();
    set('a', 0, () => set('b', 0));
    set('c', 1);
    await move(clock, 0);
    expect(notes).toEqual(['a@0', 'b@0']);
    expect(clock.now()).toBe(0);
  });

  test('gives on what a timer throws, and can be called again', async () => {
    const { clock, notes, set } = noted();
    set('a', 10, () => {
      throw new Error('oh');
    });
    set('b', 20);
    await expect((async () => move(clock, 100))()).rejects.toThrow('oh');
    expect(clock.now()).toBe(10);
    await move(clock, 10);
    expect(notes).toEqual(['a@10', 'b@20']);
  });

  test.each([-1, Number.NaN])('by %p is refused', async (ms) => {
    await expect((async () => move(new Clock(), ms))()).rejects.toThrow(`Cannot move the clock by ${ms} ms`);
  });
});

test('a timer that sets itself again at the same time without end is the end', () => {
  const clock = new Clock();
  const again = () => void clock.setTimeout(again, 0);
  again();
  expect(() => clock.tick(1)).toThrow(
    expect.objectContaining({
      code: 'ERR_STUCK',
      message: 'Cannot go on at 1000: 1000000 timers have fired, and there are more',
    }),
  );
}, 30_000);

test('many timers, set and taken back at random, fire as from a sorted list', () => {
  const random = new Random(1);
  const clock = new Clock();
  const fired: number[] = [];
  const expected: number[] = [];
  let set: { at: number; id: number; handle: unknown }[] = [];
  for (let id = 0; id < 20_000; id++) {
    const delay = random.below(300);
    set.push({ at: clock.now() + delay, id, handle: clock.setTimeout(() => fired.push(id), delay) });
    if (random.chance(0.6)) clock.clearTimeout(set.splice(random.below(set.length), 1)[0]?.handle);
    if (random.chance(0.02)) {
      clock.tick(random.below(200));
      set.sort((one, other) => one.at - other.at || one.id - other.id);
      expected.push(...set.filter(({ at }) => at <= clock.now()).map(({ id }) => id));
      set = set.filter(({ at }) => at > clock.now());
      expect(clock.pending).toBe(set.length);
      expect(clock.next).toBe(set[0]?.at ?? Infinity);
    }
  }
  expect(fired.length).toBeGreaterThan(5_000);
  expect(fired).toEqual(expected);
});

test.each([Number.NaN, 2 ** 31, Infinity])(
  'a timer of %p ms, which no platform would wait for, is refused',
  (delay) => {
    const clock = new Clock();
    expect(() => clock.setTimeout(() => {}, delay)).toThrow(new RangeError(`Cannot set a timer for ${delay} ms`));
    expect(clock.pending).toBe(0);
  },
);

test('a clock begins at a second, unless told otherwise', () => {
  expect([new Clock().now(), new Clock({ start: 5.5 }).now()]).toEqual([1_000, 5.5]);
});

describe('what is ready', () => {
  const deep = async (steps: number) => {
    for (let i = 0; i < steps; i++) await null;
  };

  test('has run when the clock has settled, however many promises it took', async () => {
    const clock = new Clock();
    let done = false;
    void deep(10_000).then(() => {
      done = true;
    });
    await clock.settle();
    expect(done).toBe(true);
    expect(clock.now()).toBe(1_000);
  });

  test('runs before, between and after the timers, but not in a tick', async () => {
    const { clock, notes, note, set } = noted();
    const later = (name: string) => void deep(100).then(() => note(name));
    later('before');
    for (const name of ['a', 'b']) set(name, 10, () => later(`after ${name}`));
    set('c', 20, () => later('after c'));
    await clock.advance(30);
    expect(notes).toEqual(['before@0', 'a@10', 'after a@10', 'b@10', 'after b@10', 'c@20', 'after c@20']);

    later('ticked');
    set('d', 0);
    clock.tick(1);
    expect(notes.slice(7)).toEqual(['d@30']);
    await clock.settle();
    expect(notes.slice(8)).toEqual(['ticked@31']);
  });

  test('runs under the fake timers of a test runner', async () => {
    jest.useFakeTimers();
    try {
      const { clock, notes, set } = noted();
      set('a', 5);
      await clock.advance(10);
      expect(notes).toEqual(['a@5']);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('a platform that has only', () => {
  const { MessageChannel: Channel } = globalThis;

  test.each([
    ['setTimeout', ['setImmediate', 'MessageChannel']],
    ['MessageChannel', ['setImmediate']],
  ])('%s has turns of its event loop too', async (_, missing) => {
    const ports: MessagePort[] = [];
    class Closed extends Channel {
      constructor() {
        super();
        ports.push(this.port1);
      }
    }
    const replaced = { MessageChannel: Closed, ...Object.fromEntries(missing.map((name) => [name, undefined])) };
    const kept = Object.fromEntries(Object.keys(replaced).map((name) => [name, Reflect.get(globalThis, name)]));
    Object.assign(globalThis, replaced);
    try {
      await jest.isolateModulesAsync(async () => {
        const { Clock } = await import('../src/clock.ts');
        const clock = new Clock();
        const order: string[] = [];
        clock.setTimeout(() => void Promise.resolve().then(() => order.push('first')), 1);
        clock.setTimeout(() => order.push('second'), 1);
        await clock.advance(1);
        await Promise.all([clock.settle(), clock.settle()]);
        expect(order).toEqual(['first', 'second']);
      });
      expect(ports).toHaveLength(missing.length === 1 ? 1 : 0);
    } finally {
      Object.assign(globalThis, kept);
      for (const port of ports) port.close();
    }
  });
});

describe('run()', () => {
  test('jumps from timer to timer until none is left', async () => {
    const { clock, notes, set } = noted();
    set('a', 60_000, () => set('b', 86_400_000));
    await clock.run();
    expect(notes).toEqual(['a@60000', 'b@86460000']);
    expect(clock.now()).toBe(86_460_000);
  });

  test('stops where it should, and fires nothing beyond', async () => {
    const { clock, notes, set } = noted();
    for (const [i, name] of ['a', 'b', 'c'].entries()) set(name, 10 * i);
    await clock.run(() => clock.now() === 10);
    expect(notes).toEqual(['a@0', 'b@10']);
    await clock.run(() => true);
    expect(clock.pending).toBe(1);
  });

  test('says that time stands still, and who waits', async () => {
    const clock = new Clock();
    clock.waiting.add(() => 'a peer waits for a request');
    const stuck = clock.run(() => false);
    await expect(stuck).rejects.toBeInstanceOf(ClockError);
    await expect(stuck).rejects.toMatchObject({
      name: 'ClockError',
      code: 'ERR_STUCK',
      message: 'Cannot go on at 1000: no timer is set, and what is waited for has not come; a peer waits for a request',
    });
  });

  test.each([
    [50, 5],
    [10, 1],
    [9, 0],
  ])('goes no further than a limit of %d ms', async (limit, times) => {
    const { clock, notes, set } = noted();
    const again = () => void set('a', 10, again);
    again();
    await expect(clock.run(() => false, limit)).rejects.toMatchObject({
      code: 'ERR_STUCK',
      message: `Cannot go on beyond ${limit}: the limit of ${limit} ms is over`,
    });
    expect(notes).toHaveLength(times);
  });
});

describe('promised()', () => {
  test('gives what the promise gives, as late as it does', async () => {
    const clock = new Clock();
    const wait = (ms: number) => new Promise<number>((resolve) => void clock.setTimeout(() => resolve(ms), ms));
    expect(await clock.promised(wait(60_000))).toBe(60_000);
    expect(clock.now()).toBe(61_000);
    expect(await clock.promised(Promise.resolve('at once'))).toBe('at once');
    await expect(clock.promised(Promise.reject(new Error('oh')))).rejects.toThrow('oh');
    await expect(clock.promised(wait(101), 100)).rejects.toMatchObject({ code: 'ERR_STUCK' });
  });

  test('says so where it never will, and a rejection that comes later harms nobody', async () => {
    const clock = new Clock();
    let reject: (error: Error) => void = () => {};
    const promise = new Promise<void>((_, refuse) => {
      reject = refuse;
    });
    await expect(clock.promised(promise)).rejects.toMatchObject({ code: 'ERR_STUCK' });
    reject(new Error('late'));
    await clock.settle();
  });
});

test.each<[string, (clock: Clock) => unknown]>([
  ['advance', (clock) => clock.advance(1)],
  ['tick', (clock) => clock.tick(1)],
  ['run', (clock) => clock.run()],
  ['promised', (clock) => clock.promised(new Promise(() => {}))],
])('%s() is refused while the clock is being moved', async (_, move) => {
  const clock = new Clock();
  const refused: unknown[] = [];
  clock.setTimeout(async () => {
    try {
      await move(clock);
    } catch (error) {
      refused.push(error);
    }
  }, 10);
  await clock.advance(20);
  expect(refused).toMatchObject([{ name: 'ClockError', code: 'ERR_MOVING' }]);
  expect(clock.now()).toBe(1_020);
});

test('a timeout of a minute passes at once', async () => {
  const clock = new Clock();
  const open = openTo(() => new Promise(() => {}), { clock });
  const connection = Connection.create(open, { timers: clock, timeouts: { head: 60_000 } });
  const call = clock.promised(connection.call('GET', 'http://example.com/'));
  await expect(call).rejects.toMatchObject({ cause: { code: 'ERR_TIMEOUT' } });
  expect(clock.now()).toBe(61_000);
});
