// Cases: how a transport ends and is let go of, and what the other side sees of it.

import { check } from './check.ts';
import { Content } from './content.ts';
import type { RawEnd } from './raw-end.ts';
import { type Case, ways } from './stage.ts';

const mebi = 1024 * 1024;

/** The end was told, as one that may be in order: not every transport knows. */
export function checkEnd(end: RawEnd): void {
  check(end.eof !== null, `Expected ${end.name} to be told of the end before the closing`);
  check(end.eof !== 'truncated', `Expected ${end.name} to be told of an end in order, got ${end.eof}`);
}

function checkInOrder(...ends: RawEnd[]): void {
  for (const { name, over } of ends) {
    check(over !== null && over.cause === undefined, () => `Expected ${name} to close in order, got ${over?.cause}`);
  }
}

export const endsCases: readonly Case[] = [
  ...ways.map(
    (way): Case => ({
      name: `the end comes behind all that was written, ${way}`,
      async run(stage) {
        const content = new Content(21);
        const [writer, reader] = await stage.opposed(way, { sends: content }, { expects: content });
        // Without waiting for room: what is taken is taken.
        for (let at = 0; at < 4 * mebi; at += mebi) writer.write(content.bytes(at, mebi));
        writer.finish();
        await reader.untilEnded();
        checkEnd(reader);
        reader.checkReceived(4 * mebi);
        await Promise.all([writer.leave(), reader.leave()]);
        checkInOrder(writer, reader);
      },
    }),
  ),
  ...ways.map(
    (way): Case => ({
      name: `half-close, ${way}: the other direction stays open`,
      needs: ['half-close'],
      async run(stage) {
        const content = new Content(22);
        const [ender, other] = await stage.opposed(way, { expects: content }, { sends: content });
        check(ender.transport.halfClose, 'Expected the transport to say that it can half-close');
        ender.write('the last words');
        ender.finish();
        await other.untilEnded();
        checkEnd(other);
        check(other.text === 'the last words', `Expected the last words, got ${JSON.stringify(other.text)}`);
        await Promise.all([other.send(4 * mebi), ender.untilReceived(4 * mebi)]);
        check(ender.eof === null && ender.over === null, 'Expected the other direction to be open still');
        other.finish();
        await Promise.all([ender.leave(), other.leave()]);
        checkEnd(ender);
        checkInOrder(ender, other);
      },
    }),
  ),
  ...ways.map(
    (way): Case => ({
      name: `no half-close, ${way}: end() closes both directions, behind all that was written`,
      lacks: 'half-close',
      async run(stage) {
        const content = new Content(23);
        const [ender, other] = await stage.opposed(way, { sends: content }, { expects: content });
        check(!ender.transport.halfClose, 'Expected the transport to say that it cannot half-close');
        await ender.send(mebi);
        ender.finish();
        await ender.untilClosed();
        await other.untilEnded();
        other.checkReceived(mebi);
        await other.leave();
        checkInOrder(ender);
      },
    }),
  ),
  {
    name: 'both ends at once',
    needs: ['half-close'],
    async run(stage) {
      const [there, back] = [new Content(24), new Content(25)];
      const [near, far] = await stage.ends({ sends: there, expects: back }, { sends: back, expects: there });
      near.write(there.bytes(0, mebi));
      far.write(back.bytes(0, mebi));
      near.finish();
      far.finish();
      await Promise.all([near.untilClosed(), far.untilClosed()]);
      for (const end of [near, far]) {
        checkEnd(end);
        end.checkReceived(mebi);
      }
      checkInOrder(near, far);
    },
  },
  ...ways.map(
    (way): Case => ({
      name: `letting go without a cause closes both sides, ${way}`,
      async run(stage) {
        const [leaver, other] = await stage.opposed(way);
        leaver.write('the last words');
        await other.untilText('the last words');
        leaver.transport.destroy();
        await leaver.untilClosed();
        await other.leave();
        checkInOrder(leaver);
      },
    }),
  ),
  {
    name: 'letting go of it once more, or when it is closed, does nothing',
    async run(stage) {
      const [near, far] = await stage.ends();
      near.transport.destroy();
      near.transport.destroy(new Error('too late'));
      await near.untilClosed();
      await far.leave();
      for (const { transport } of [near, far]) transport.destroy(new Error('much too late'));
      await stage.turn();
      checkInOrder(near);
    },
  },
  {
    name: 'letting go within a call of the sink',
    async run(stage) {
      const [near, far] = await stage.ends();
      near.onBytes = () => near.transport.destroy();
      far.write('hello');
      await near.untilClosed();
      await far.leave();
      checkInOrder(near);
    },
  },
];
