// Cases: one side goes away in the middle. The other one learns of it, whatever it is doing, and does not take it for an end in order.

import { check, errorText } from './check.ts';
import { Content } from './content.ts';
import type { RawEnd } from './raw-end.ts';
import { type Case, type Stage, ways } from './stage.ts';

const mebi = 1024 * 1024;
const gone = () => new Error('gone');

/** Whoever was left behind has been told that this was no end in order, as far as the transport can tell. */
function checkReset(stage: Stage, end: RawEnd): void {
  if (!stage.can('reset')) return;
  check(end.eof !== 'clean', `Expected ${end.name} to see no end in order`);
  check(
    end.eof !== null || (end.over !== null && end.over.cause !== undefined),
    `Expected ${end.name} to be told of a cause`,
  );
}

export const resetsCases: readonly Case[] = [
  ...ways.map(
    (way): Case => ({
      name: `a reset while the other side reads, ${way}`,
      async run(stage) {
        const [leaver, reader] = await stage.opposed(way);
        leaver.write('partly');
        await reader.untilText('partly');
        leaver.transport.destroy(gone());
        await leaver.untilClosed();
        await reader.leave();
        checkReset(stage, reader);
      },
    }),
  ),
  ...ways.map(
    (way): Case => ({
      name: `the side that resets is told of its own cause, ${way}`,
      async run(stage) {
        const cause = gone();
        const [leaver, reader] = await stage.opposed(way);
        leaver.transport.destroy(cause);
        await leaver.untilClosed();
        const told = leaver.over?.cause;
        check(told === cause, () => `Expected the cause that was given, got ${errorText(told)}`);
        await reader.leave();
      },
    }),
  ),
  ...ways.map(
    (way): Case => ({
      name: `a reset while the other side writes, ${way}`,
      async run(stage) {
        const content = new Content(31);
        const [writer, leaver] = await stage.opposed(way, { sends: content });
        leaver.onBytes = () => {
          if (leaver.received > mebi) leaver.transport.destroy(gone());
        };
        // It ends because the transport does.
        const sending = writer.send(1024 * mebi);
        await leaver.untilClosed();
        await writer.until('learn that nobody is there', () => writer.over !== null);
        await sending;
        checkReset(stage, writer);
      },
    }),
  ),
  ...ways.map(
    (way): Case => ({
      name: `a reset while the other side waits for room, ${way}`,
      needs: ['pause'],
      async run(stage) {
        const content = new Content(32);
        const [writer, leaver] = await stage.opposed(way, { sends: content });
        leaver.transport.pause();
        const sending = writer.send(1024 * mebi);
        await stage.lull(() => writer.sent);
        leaver.transport.destroy(gone());
        await leaver.untilClosed();
        await writer.until('learn that nobody is there', () => writer.over !== null);
        await sending;
        checkReset(stage, writer);
      },
    }),
  ),
  ...ways.map(
    (way): Case => ({
      name: `a reset while the other side has paused is told when it goes on, ${way}`,
      async run(stage) {
        const [leaver, reader] = await stage.opposed(way);
        reader.transport.pause();
        leaver.write('partly');
        await stage.lull(() => reader.received);
        leaver.transport.destroy(gone());
        await leaver.untilClosed();
        reader.transport.resume();
        await reader.leave();
        checkReset(stage, reader);
      },
    }),
  ),
  ...ways.map(
    (way): Case => ({
      name: `letting go of what is not yet sent does not look like an end in order, ${way}`,
      needs: ['reset', 'pause'],
      async run(stage) {
        const content = new Content(33);
        const [leaver, reader] = await stage.opposed(way, { sends: content }, { expects: content });
        reader.transport.pause();
        const sending = leaver.send(64 * mebi);
        await stage.lull(() => leaver.sent);
        leaver.transport.destroy();
        await leaver.untilClosed();
        await sending;
        reader.transport.resume();
        await reader.leave();
        if (reader.received < leaver.sent) checkReset(stage, reader);
      },
    }),
  ),
];
