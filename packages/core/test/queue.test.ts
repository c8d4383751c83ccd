// The queue under input, output, events and requests: order, and that nothing which was taken is held.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Queue } from '../src/queue.ts';

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

const numbered = (number: number) => Uint8Array.of(number & 255, (number >> 8) & 255);

test.each([0, 1, 300, 5_000])('gives chunks back in order, always %i behind', (behind) => {
  const queue = new Queue<Uint8Array>();
  const count = 20_000;
  let taken = 0;
  for (let pushed = 0; pushed < count; pushed++) {
    queue.push(numbered(pushed));
    if (pushed >= behind) expect(queue.shift()).toEqual(numbered(taken++));
  }
  for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) expect(chunk).toEqual(numbered(taken++));
  expect(taken).toBe(count);
});

test('is empty when cleared, and goes on from there', () => {
  const queue = new Queue<Uint8Array>();
  for (let i = 0; i < 10; i++) queue.push(numbered(i));
  queue.shift();
  queue.clear();
  expect(queue.shift()).toBeUndefined();
  queue.push(numbered(7));
  expect(queue.shift()).toEqual(numbered(7));
});

test('holds nothing that was taken, even where it is never empty', async () => {
  const queue = new Queue<Uint8Array>();
  const taken: WeakRef<Uint8Array>[] = [];
  queue.push(numbered(0));
  for (let i = 1; i < 1_000; i++) {
    queue.push(numbered(i));
    const chunk = queue.shift();
    if (chunk !== undefined) taken.push(new WeakRef(chunk));
  }
  await new Promise(setImmediate); // a WeakRef holds what it was made of until the end of its turn
  collectGarbage();
  expect(taken.filter((chunk) => chunk.deref() !== undefined).length).toBeLessThan(2);
  expect(queue.shift()).toEqual(numbered(999));
});
