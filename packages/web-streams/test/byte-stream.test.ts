// A byte stream is read into buffers of ours: how large they are, and what becomes of them.

import { transport } from '../src/index.ts';
import { Recorder } from './recorder.ts';

/** A byte stream that fills each buffer it is given with the next so many bytes, or wholly; then it ends. */
function filling(sizes: readonly number[]) {
  const asked: number[] = [];
  /** Of each buffer, whether it had been filled before. */
  const used: boolean[] = [];
  const left = [...sizes];
  const readable = new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const view = controller.byobRequest?.view;
      if (!view) throw new TypeError('It was read without a buffer');
      const size = left.shift();
      if (size === undefined) {
        controller.close();
        controller.byobRequest.respond(0);
        return;
      }
      asked.push(view.byteLength);
      used.push(new Uint8Array(view.buffer, view.byteOffset, 1)[0] !== 0);
      const filled = Math.min(size, view.byteLength);
      new Uint8Array(view.buffer, view.byteOffset, filled).fill(asked.length);
      controller.byobRequest.respond(filled);
    },
  });
  return { readable, asked, used };
}

async function read(sizes: readonly number[]) {
  const { readable, asked, used } = filling(sizes);
  const sink = new Recorder(transport({ readable, writable: new WritableStream() }));
  const pieces: Uint8Array[] = [];
  sink.onBytes = (bytes) => pieces.push(bytes);
  await sink.untilEnded();
  return { asked, used, pieces };
}

test('buffers grow as long as they are filled, to 64 KiB, and shrink when they are not', async () => {
  const { asked } = await read([1e6, 1e6, 1e6, 1e6, 100, 100, 100]);
  expect(asked).toEqual([4_096, 16_384, 65_536, 65_536, 65_536, 16_384, 4_096]);
});

test('one that is read to less than half is copied from and used again, so that whoever keeps a few bytes keeps no more', async () => {
  const { pieces, used } = await read([20, 20, 2_047, 20]);
  expect(pieces.map(({ length, buffer }) => [length, buffer.byteLength])).toEqual([
    [20, 20],
    [20, 20],
    [2_047, 2_047],
    [20, 20],
  ]);
  expect(used).toEqual([false, true, true, true]);
});

test('one that is half filled is handed on, and never used again', async () => {
  const { pieces, used } = await read([3_000, 3_000, 4_096, 10_000]);
  expect(pieces.map(({ length, buffer }) => [length, buffer.byteLength])).toEqual([
    [3_000, 4_096],
    [3_000, 4_096],
    [4_096, 4_096],
    [10_000, 16_384],
  ]);
  expect(used).toEqual([false, false, false, false]);
  expect(new Set(pieces.map(({ buffer }) => buffer)).size).toBe(4);
  for (const [i, bytes] of pieces.entries()) expect(bytes.every((byte) => byte === i + 1)).toBe(true);
});
