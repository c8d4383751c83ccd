import { Random } from '@halfpipe/testing';

function take<T>(length: number, one: () => T): T[] {
  return Array.from({ length }, one);
}

// What mulberry32 gives in C.
test.each([
  [0, [1144304738, 1416247, 958946056, 627933444]],
  [1, [2693262067, 11749833, 2265367787, 4213581821]],
  [123456789, [1107202814, 4169434471, 3372958138, 885470128]],
  [0xffffffff, [3850105811, 813802916, 3073704848, 4054706436]],
])('the numbers of seed %d are those of mulberry32', (seed, numbers) => {
  const random = new Random(seed);
  expect(take(4, () => random.next())).toEqual(numbers);
});

test('a seed counts by its lowest 32 bits', () => {
  expect(new Random(2 ** 32 + 1).next()).toBe(new Random(1).next());
  expect(new Random(-1).next()).toBe(new Random(0xffffffff).next());
});

test.each([1, 2, 6, 7, 100])('numbers below %d are each as frequent as the others', (limit) => {
  const random = new Random(1);
  const counts = new Array<number>(limit).fill(0);
  for (let i = 0; i < limit * 1_000; i++) counts[random.below(limit)]!++;
  expect(counts).toHaveLength(limit);
  expect(Math.min(...counts)).toBeGreaterThan(850);
  expect(Math.max(...counts)).toBeLessThan(1_150);
});

test('numbers below 2³² are the numbers themselves', () => {
  const [one, other] = [new Random(9), new Random(9)];
  for (let i = 0; i < 1_000; i++) expect(one.below(2 ** 32)).toBe(other.next());
});

test.each([0, -1, 1.5, 2 ** 32 + 1, Number.NaN, Infinity])('there is no number below %p', (limit) => {
  expect(() => new Random(1).below(limit)).toThrow(new RangeError(`Cannot pick a number below ${limit}`));
});

test.each([
  [0, 0, 0],
  [0.1, 900, 1_100],
  [0.5, 4_800, 5_200],
  [1, 10_000, 10_000],
])('a chance of %p comes true so often', (probability, least, most) => {
  const random = new Random(3);
  const times = take(10_000, () => random.chance(probability)).filter(Boolean).length;
  expect(times).toBeGreaterThanOrEqual(least);
  expect(times).toBeLessThanOrEqual(most);
});

test('an item is picked among those there are', () => {
  const random = new Random(4);
  expect(new Set(take(100, () => random.pick(['a', 'b', 'c'])))).toEqual(new Set(['a', 'b', 'c']));
  expect(() => random.pick([])).toThrow(RangeError);
});

describe('a fork', () => {
  test('is decided by seed and label, and not by what was taken before', () => {
    const random = new Random(5);
    const early = random.fork('x').next();
    take(100, () => random.next());
    expect(random.fork('x').next()).toBe(early);
    expect(new Random(5).fork('x').next()).toBe(early);
    expect(new Random(6).fork('x').next()).not.toBe(early);
  });

  test('takes nothing from where it comes from', () => {
    const [one, other] = [new Random(7), new Random(7)];
    one.fork(1).next();
    expect(one.next()).toBe(other.next());
  });

  test('gives the same on every engine', () => {
    expect([1, 'near', ''].map((label) => new Random(1).fork(label).next())).toEqual([
      3897794411, 2881403042, 434473843,
    ]);
  });

  test.each([
    ['numbers', (i: number) => new Random(1).fork(i)],
    ['names', (i: number) => new Random(1).fork(`${i} near`)],
    ['seeds', (i: number) => new Random(i).fork('near')],
    ['forks of forks', (i: number) => new Random(1).fork(i).fork('reset')],
  ])('of neighbouring %s is like none of the others', (_, fork) => {
    const firsts = Array.from({ length: 10_000 }, (_, i) => fork(i).next());
    // Of 10,000 among 2³² numbers, the chance of two alike is one in a hundred.
    expect(new Set(firsts).size).toBeGreaterThan(9_990);
    for (let bit = 0; bit < 32; bit++) {
      const set = firsts.filter((number) => (number >>> bit) % 2 === 1).length;
      expect(Math.abs(set - 5_000)).toBeLessThan(250);
    }
  });
});
