// What holds for every kind of transport in this package, whatever carries its bytes.

import type { Transport } from '@halfpipe/driver';
import { type Carried, kinds } from './carriers.ts';
import { ascii, Recorder, settled, turns } from './recorder.ts';

const open: Carried[] = [];
afterEach(async () => {
  for (const { near, far, letGo } of open.splice(0)) {
    near.destroy();
    far.destroy();
    letGo?.();
  }
  await turns();
});

describe.each(kinds)('over $name', ({ make, holdsUp, ends, resets }) => {
  async function pair(): Promise<Carried> {
    const carried = await make();
    open.push(carried);
    return carried;
  }

  /** Both sides, started, each with who is told. */
  async function recorded(): Promise<Carried & { nearSink: Recorder; farSink: Recorder }> {
    const { near, far } = await pair();
    return { near, far, nearSink: new Recorder(near), farSink: new Recorder(far) };
  }

  describe('bytes', () => {
    test.each([1, 2, 7, 1_000, 70_000])('arrive in order and whole, written %i at a time', async (size) => {
      const { near, farSink } = await recorded();
      const total = Math.min(size * 200, 500_000);
      const sent = Buffer.alloc(total, 'in order, and whole; ');
      for (let at = 0; at < total; at += size) {
        near.write(sent.subarray(at, at + size));
        if (at % 3 === 0) await null;
      }
      await farSink.until(() => farSink.size === total);
      expect(farSink.text === sent.toString('latin1')).toBe(true);
      expect(farSink.breaches).toEqual([]);
    });

    test('arrive both ways at once', async () => {
      const { near, far, nearSink, farSink } = await recorded();
      for (let i = 0; i < 100; i++) {
        near.write(ascii(`near ${i}, `));
        far.write(ascii(`far ${i}, `));
      }
      const all = (name: string) => Array.from({ length: 100 }, (_, i) => `${name} ${i}, `).join('');
      await farSink.until(() => farSink.text.length === all('near').length);
      await nearSink.until(() => nearSink.text.length === all('far').length);
      expect([farSink.text, nearSink.text]).toEqual([all('near'), all('far')]);
    });

    test('stay with whoever wrote them, and share no memory with what they were part of', async () => {
      const { near, farSink } = await recorded();
      const slab = new Uint8Array(100).fill(0x61);
      const body = Buffer.alloc(70_000, 'b');
      near.write(slab.subarray(10, 20));
      near.write(body);
      near.write(body);
      await farSink.until(() => farSink.size === 140_010);
      expect([slab.length, slab[0], body.length, body[0]]).toEqual([100, 0x61, 70_000, 0x62]);
    });

    test('that were handed on never change', async () => {
      const { near, farSink } = await recorded();
      const kept: Uint8Array[] = [];
      farSink.onBytes = (bytes) => kept.push(bytes);
      for (let i = 0; i < 50; i++) {
        near.write(ascii(`piece ${i};`.repeat((i * 37) % 100)));
        await turns(1);
      }
      near.write(ascii('last'));
      await farSink.until(() => farSink.text.endsWith('last'));
      expect(kept.map((bytes) => Buffer.from(bytes).toString('latin1')).join('')).toBe(farSink.text);
      const memory = kept.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
      // Pieces of Node's sockets are views of larger buffers, which is not ours to change.
      expect(memory).toBeLessThan(Math.max(4 * farSink.size, 70_000 * kept.length));
    });

    test('that are none are not told', async () => {
      const { near, far, nearSink, farSink } = await recorded();
      near.write(new Uint8Array(0));
      near.write(ascii('x'));
      far.write(new Uint8Array(0));
      await farSink.until(() => farSink.size === 1);
      expect([nearSink.told, farSink.told]).toEqual([[], [{ bytes: 'x' }]]);
      expect(farSink.breaches).toEqual([]);
    });

    test('that come before the start are told at the start', async () => {
      const { near, far } = await pair();
      new Recorder(near);
      near.write(ascii('early'));
      await turns();
      const sink = new Recorder(far);
      await sink.until(() => sink.size === 5);
      expect(sink.told).toEqual([{ bytes: 'early' }]);
    });
  });

  test('a second start throws, and changes nothing', async () => {
    const { near, farSink } = await recorded();
    expect(() => new Recorder(near)).toThrow(new TypeError('Cannot start a transport a second time'));
    near.write(ascii('still there'));
    await farSink.until(() => farSink.text === 'still there');
  });

  describe('a side that pauses', () => {
    test('is told nothing until it resumes, and then everything', async () => {
      const { near, far, farSink } = await recorded();
      far.pause();
      far.pause();
      near.write(ascii('held'));
      const half = near.halfClose && ends;
      if (half) near.end();
      await turns();
      expect(farSink.told).toEqual([]);
      far.resume();
      far.resume();
      await farSink.until(() => farSink.size === 4);
      if (half) await farSink.untilEnded();
      expect(farSink.told).toEqual(half ? [{ bytes: 'held' }, { end: 'clean' }] : [{ bytes: 'held' }]);
    });

    if (ends) {
      test('is not told of an end, nor of being closed in order, until it resumes', async () => {
        const { near, far, farSink } = await recorded();
        far.pause();
        near.end();
        await turns();
        expect(farSink.told).toEqual([]);
        if (far.halfClose) far.end();
        await turns();
        expect(farSink.told).toEqual([]);
        far.resume();
        await farSink.untilClosed();
        expect(farSink.told).toEqual([{ end: 'clean' }, 'closed']);
        expect(farSink.breaches).toEqual([]);
      });
    }

    test('within a piece is told no further one', async () => {
      const { near, far, farSink } = await recorded();
      let pieces = 0;
      farSink.onBytes = () => {
        pieces += 1;
        far.pause();
      };
      for (let i = 0; i < 10; i++) near.write(new Uint8Array(70_000));
      for (let resumed = 1; farSink.size < 700_000; resumed++) {
        await farSink.until(() => pieces === resumed);
        await turns(3);
        expect(pieces).toBe(resumed);
        far.resume();
      }
    });

    test('and resumes within a piece is not told the next one within it', async () => {
      const { near, far, farSink } = await recorded();
      far.pause();
      for (let i = 0; i < 3; i++) {
        near.write(new Uint8Array(70_000));
        await turns(3);
      }
      farSink.onBytes = () => {
        far.pause();
        far.resume();
      };
      far.resume();
      await farSink.until(() => farSink.size === 210_000);
      expect(farSink.breaches).toEqual([]);
    });

    test('and then lets go is told nothing of what was held back, nor of the end', async () => {
      const { near, far, farSink } = await recorded();
      far.pause();
      near.write(ascii('held'));
      near.end();
      await turns();
      far.destroy();
      await farSink.untilClosed();
      await turns();
      expect(farSink.told).toEqual(['closed']);
      expect(farSink.breaches).toEqual([]);
    });

    if (holdsUp) {
      test('stops the other from writing, in bounded memory, and sets it going again', async () => {
        const { near, far, nearSink, farSink } = await recorded();
        far.pause();
        const piece = new Uint8Array(16 * 1024);
        const total = 24 * 1024 * 1024;
        let written = 0;
        let full = false;
        const fill = () => {
          while (!full && written < total) {
            written += piece.length;
            full = !near.write(piece);
          }
        };
        nearSink.writable = () => {
          full = false;
          fill();
        };
        fill();
        // What the kernel takes for a socket that nobody reads is a few MiB.
        expect(await settled(() => written)).toBeLessThan(16 * 1024 * 1024);
        far.resume();
        await farSink.until(() => farSink.size === total);
        expect(written).toBe(total);
      }, 30_000);
    }
  });

  describe('write()', () => {
    test('says when it is enough, takes it nevertheless, and the sink is told when there is room', async () => {
      const { near, far, nearSink, farSink } = await recorded();
      far.pause();
      const piece = new Uint8Array(300_000);
      let written = 0;
      let more = true;
      while (more) {
        more = near.write(piece);
        written += piece.length;
      }
      near.write(piece);
      written += piece.length;
      expect(nearSink.told).toEqual([]);
      far.resume();
      await farSink.until(() => farSink.size === written);
      await nearSink.until(() => nearSink.told.length > 0);
      expect(nearSink.told).toEqual(['writable']);
      expect(near.write(ascii('x'))).toBe(true);
    });

    test.each<[string, (transport: Transport) => void]>([
      ['ended', (transport) => transport.end()],
      ['been destroyed', (transport) => transport.destroy()],
    ])('is false, and does nothing, when the transport has %s', async (_, over) => {
      const { near, farSink } = await recorded();
      over(near);
      expect(near.write(ascii('more'))).toBe(false);
      await turns();
      expect(near.write(ascii('more'))).toBe(false);
      await turns();
      expect(farSink.text).toBe('');
    });
  });

  describe('end()', () => {
    test('comes behind everything written', async () => {
      const { near, far, farSink } = await recorded();
      const last = Buffer.alloc(3_000_000, 'last words, ');
      near.write(last);
      near.write(ascii('that is all'));
      near.end();
      near.end();
      await farSink.until(() => farSink.size === last.length + 11);
      if (!ends) far.end();
      await farSink.untilEnded();
      expect(farSink.text.endsWith('that is all')).toBe(true);
      expect(farSink.story).toContainEqual({ end: 'clean' });
    });

    test('of both sides closes in order', async () => {
      const { near, far, nearSink, farSink } = await recorded();
      near.write(ascii('a'));
      far.write(ascii('b'));
      await Promise.all([nearSink.until(() => nearSink.size === 1), farSink.until(() => farSink.size === 1)]);
      near.end();
      far.end();
      await Promise.all([nearSink.untilClosed(), farSink.untilClosed()]);
      expect([nearSink.told.at(-1), farSink.told.at(-1)]).toEqual(['closed', 'closed']);
      expect([nearSink.breaches, farSink.breaches]).toEqual([[], []]);
    });

    if (ends) {
      test('leaves the other direction open, or closes both, as halfClose says', async () => {
        const { near, far, nearSink, farSink } = await recorded();
        near.write(ascii('question'));
        near.end();
        await farSink.untilEnded();
        if (!near.halfClose) {
          await Promise.all([nearSink.untilClosed(), farSink.untilClosed()]);
          expect(nearSink.told).toEqual(['closed']);
          expect(farSink.told).toEqual([{ bytes: 'question' }, { end: 'clean' }, 'closed']);
          return;
        }
        await turns();
        expect([nearSink.told, farSink.told]).toEqual([[], [{ bytes: 'question' }, { end: 'clean' }]]);
        far.write(ascii('answer'));
        far.end();
        await Promise.all([nearSink.untilClosed(), farSink.untilClosed()]);
        expect(nearSink.told).toEqual([{ bytes: 'answer' }, { end: 'clean' }, 'closed']);
        expect(farSink.told.at(-1)).toBe('closed');
      });
    }
  });

  describe('destroy()', () => {
    test('is told once, when the call has returned, with its cause', async () => {
      const { near, nearSink } = await recorded();
      const cause = new Error('enough');
      near.destroy(cause);
      near.destroy();
      near.destroy(new Error('too late'));
      expect(nearSink.told).toEqual([]);
      await nearSink.untilClosed();
      await turns();
      expect(nearSink.told).toEqual([{ closed: cause }]);
      expect(nearSink.breaches).toEqual([]);
    });

    test('before the start is told at the start', async () => {
      const { near } = await pair();
      const cause = new Error('never begun');
      near.destroy(cause);
      const sink = new Recorder(near);
      await sink.untilClosed();
      expect(sink.told).toEqual([{ closed: cause }]);
    });

    if (ends) {
      test('without a cause, after everything has gone, looks like an end to the other side', async () => {
        const { near, farSink } = await recorded();
        near.write(ascii('all of it'));
        await farSink.until(() => farSink.size === 9);
        await turns();
        near.destroy();
        await farSink.untilEnded();
        expect(farSink.told).toEqual(expect.arrayContaining([{ bytes: 'all of it' }, { end: 'clean' }]));
      });
    }

    if (resets) {
      test.each([
        ['with a cause', new Error('the body failed'), 0],
        ['where something was not sent', undefined, 10 * 1024 * 1024],
      ])('%s is no end to the other side', async (_, cause, size) => {
        const { near, far, farSink } = await recorded();
        near.write(ascii('partly'));
        await farSink.until(() => farSink.size === 6);
        far.pause();
        near.write(new Uint8Array(size));
        await turns(2);
        near.destroy(cause);
        await turns();
        far.resume();
        await farSink.untilClosed();
        expect(farSink.told.at(-1)).toMatchObject({ closed: expect.anything() });
        expect(farSink.told).not.toContainEqual({ end: 'clean' });
        expect(farSink.breaches).toEqual([]);
      });
    }

    test('within a piece: nothing more is told but that it is closed', async () => {
      const { near, far, farSink } = await recorded();
      farSink.onBytes = () => far.destroy();
      near.write(new Uint8Array(400_000));
      await farSink.untilClosed();
      await turns();
      expect(farSink.told).toEqual([{ bytes: expect.anything() }, 'closed']);
      expect(farSink.breaches).toEqual([]);
    });

    type Step = (transport: Transport, other: Transport) => void;
    const states: readonly (readonly [string, Step])[] = [
      ['fresh', () => {}],
      ['with bytes on their way', (transport) => void transport.write(new Uint8Array(200_000))],
      ['paused', (transport) => transport.pause()],
      ['ended', (transport) => transport.end()],
      ['ended by the other side', (_, other) => other.end()],
      ['destroyed by the other side', (_, other) => other.destroy()],
      ['reset by the other side', (_, other) => other.destroy(new Error('reset'))],
      [
        'ended on both sides',
        (transport, other) => {
          transport.end();
          other.end();
        },
      ],
    ];
    const ways: readonly (readonly [string, unknown])[] = [
      ['without a cause', undefined],
      ['with a cause', new Error('enough')],
    ];
    test.each(states.flatMap(([state, step]) => ways.map(([way, cause]) => [way, state, step, cause] as const)))(
      '%s, of a transport that is %s, closes both sides, once',
      async (_, __, step, cause) => {
        for (const wait of [0, 5]) {
          const { near, far, nearSink, farSink } = await recorded();
          step(near, far);
          await turns(wait);
          near.destroy(cause);
          near.destroy(cause);
          await nearSink.untilClosed();
          far.resume();
          // The other side of a socket that was let go of in order may stay open until it writes.
          far.write(ascii('is anybody there?'));
          far.end();
          await farSink.untilClosed();
          await turns();
          expect([nearSink.breaches, farSink.breaches]).toEqual([[], []]);
          expect(nearSink.story.filter((item) => item === 'closed' || 'closed' in Object(item)).length).toBe(1);
        }
      },
    );
  });
});
