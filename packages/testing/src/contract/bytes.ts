// Cases: bytes arrive as they were written, however they are cut, and belong to whoever has them.

import { Random } from '../random.ts';
import { check } from './check.ts';
import { Content } from './content.ts';
import type { RawEnd } from './raw-end.ts';
import type { Case, Stage } from './stage.ts';

const kibi = 1024;
const mebi = 1024 * 1024;

const random = new Random(4);

/** How what is written is cut, and how much of it there is. */
const shapes: readonly (readonly [name: string, pieceSize: number | (() => number), size: number])[] = [
  ['single bytes', 1, 5_000],
  ['pieces of 1,000 bytes', 1_000, mebi],
  ['pieces of 65,537 bytes', 64 * kibi + 1, 4 * mebi],
  ['pieces of 3 MiB', 3 * mebi, 9 * mebi],
  ['pieces of any size up to 100,000 bytes', () => 1 + random.below(100_000), 4 * mebi],
];

export function bytesCases(size: number): readonly Case[] {
  return [
    ...shapes.map(
      ([name, pieceSize, total]): Case => ({
        name: `${name}, both ways at once, arrive in order`,
        run: (stage) => bothWays(stage, total, pieceSize),
      }),
    ),
    {
      name: `${Math.round(size / mebi)} MiB both ways at once arrive in order`,
      run: (stage) => bothWays(stage, size, 64 * kibi),
    },
    ...others,
  ];
}

async function bothWays(stage: Stage, size: number, pieceSize: number | (() => number)): Promise<void> {
  const [there, back] = [new Content(1), new Content(2)];
  const [near, far] = await stage.ends({ sends: there, expects: back }, { sends: back, expects: there });
  await Promise.all([
    near.send(size, pieceSize),
    far.send(size, pieceSize),
    near.untilReceived(size),
    far.untilReceived(size),
  ]);
  near.finish();
  await Promise.all([near.leave(), far.leave()]);
  near.checkReceived(size);
  far.checkReceived(size);
}

const others: readonly Case[] = [
  {
    name: 'a byte by itself arrives without waiting for others',
    async run(stage) {
      const [near, far] = await stage.ends();
      far.onBytes = (bytes) => far.write(bytes);
      for (let trip = 1; trip <= 200; trip++) {
        near.write('x');
        await near.untilReceived(trip);
      }
      near.finish();
      await Promise.all([near.leave(), far.leave()]);
    },
  },
  {
    name: 'what has come may be kept: nobody changes it later',
    async run(stage) {
      const content = new Content(3);
      const [near, far] = await stage.ends({}, { sends: content });
      const kept: Uint8Array[] = [];
      near.onBytes = (bytes) => kept.push(bytes);
      await Promise.all([far.send(2 * mebi, 10_000), near.untilReceived(2 * mebi)]);
      far.finish();
      await Promise.all([near.leave(), far.leave()]);
      compare(kept, content, 'what had come');
    },
  },
  {
    name: 'what was written stays with its writer, and what is around it stays away',
    async run(stage) {
      const content = new Content(5);
      const [near, far] = await stage.ends({}, { expects: content });
      // Views of one buffer, as those of a slab that is used for other things too.
      const size = 300_000;
      const slab = content.bytes(0, size);
      const written: Uint8Array[] = [];
      for (let at = 0; at < size; at += 30_000) written.push(slab.subarray(at, at + 30_000));
      for (const bytes of written) near.write(bytes);
      await far.untilReceived(size);
      compare(written, content, 'what was written');
      near.finish();
      await Promise.all([near.leave(), far.leave()]);
    },
  },
  {
    name: 'bytes and an end that come before the start wait for it',
    async run(stage) {
      const content = new Content(6);
      const [nearTransport, farTransport] = await stage.transports();
      const far = stage.end('far', farTransport, { sends: content }).start();
      await far.send(10_000, 1_000);
      if (stage.can('half-close')) far.finish();
      let started = false;
      const near: RawEnd = stage.end('near', nearTransport, { expects: content });
      near.onBytes = () => check(started, 'Expected nothing to come before the start');
      await stage.lull(() => near.received);
      started = true;
      near.start();
      await near.untilReceived(10_000);
      if (!stage.can('half-close')) far.finish();
      await Promise.all([near.leave(), far.leave()]);
      near.checkReceived(10_000);
    },
  },
  {
    name: 'a write of no bytes is none',
    async run(stage) {
      const [near, far] = await stage.ends();
      for (const text of ['', 'a', '', '', 'b', '']) near.write(text);
      near.finish();
      await Promise.all([near.leave(), far.leave()]);
      check(far.text === 'ab', `Expected far to get "ab", got ${JSON.stringify(far.text)}`);
    },
  },
];

function compare(pieces: readonly Uint8Array[], content: Content, what: string): void {
  let at = 0;
  for (const piece of pieces) {
    const index = content.differsAt(piece, at);
    check(piece.length > 0 && index < 0, `Expected ${what} to be as it was: it is not at byte ${at + index}`);
    at += piece.length;
  }
}
