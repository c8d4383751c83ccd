// Cases: a side that does not read stops the other from writing, with a bounded amount on its way, and loses nothing by it.

import { check } from './check.ts';
import { Arrival, Content, Source } from './content.ts';
import type { RawEnd } from './raw-end.ts';
import { type Case, type Stage, ways } from './stage.ts';

const mebi = 1024 * 1024;
/** Who is never stopped comes to that. */
const most = 64 * mebi;
/** What may still come behind `pause()`: it was on its way within the transport. */
const behindPause = 256 * 1024;
const url = 'http://contract.example/';

/** How far something has gone on when it has stopped. */
async function stopped(stage: Stage, progress: () => number, received: () => number): Promise<number> {
  await stage.lull(progress);
  const sent = progress();
  check(sent < most, () => `Expected the writer to be stopped: it has written all of ${most} bytes`);
  const underWay = sent - received();
  check(underWay <= stage.underWay, `Expected at most ${stage.underWay} bytes on their way, got ${underWay}`);
  return sent;
}

/** Writes until it is told to stop. */
function filling(end: RawEnd): { readonly done: Promise<void>; stop(): void } {
  let going = true;
  const fill = async () => {
    while (going && end.sent < most && end.over === null) await end.send(64 * 1024);
  };
  return {
    done: fill(),
    stop() {
      going = false;
    },
  };
}

export const pressureCases: readonly Case[] = [
  ...ways.map(
    (way): Case => ({
      name: `a reader that pauses stops the writer, and loses nothing, ${way}`,
      needs: ['pause'],
      async run(stage) {
        const content = new Content(11);
        const [writer, reader] = await stage.opposed(way, { sends: content }, { expects: content });
        reader.transport.pause();
        const { done, stop } = filling(writer);
        await stopped(
          stage,
          () => writer.sent,
          () => reader.received,
        );
        check(writer.full, 'Expected the write to be refused by then');
        check(
          reader.received <= behindPause,
          () => `Expected the pause to be kept: ${reader.received} bytes came behind it`,
        );
        const room = writer.untilRoom();
        stop();
        reader.transport.resume();
        await room;
        await done;
        await writer.send(mebi);
        await reader.untilReceived(writer.sent);
        writer.finish();
        await Promise.all([writer.leave(), reader.leave()]);
      },
    }),
  ),
  {
    name: 'pausing and resuming at each piece, both ways at once, loses nothing',
    async run(stage) {
      const [there, back] = [new Content(12), new Content(13)];
      const [near, far] = await stage.ends({ sends: there, expects: back }, { sends: back, expects: there });
      for (const { transport } of [near, far]) transport.pause();
      for (const end of [near, far]) {
        end.onBytes = () => {
          end.transport.pause();
          void stage.turn().then(() => end.over ?? end.transport.resume());
        };
        end.transport.resume();
      }
      const size = 2 * mebi;
      await Promise.all([near.send(size), far.send(size), near.untilReceived(size), far.untilReceived(size)]);
      near.finish();
      await Promise.all([near.leave(), far.leave()]);
    },
  },
  {
    name: 'pausing twice is pausing once, and so is resuming',
    needs: ['pause'],
    async run(stage) {
      const content = new Content(14);
      const [writer, reader] = await stage.opposed('near to far', { sends: content }, { expects: content });
      reader.transport.pause();
      reader.transport.pause();
      await writer.send(10_000, 1_000);
      await stage.lull(() => reader.received);
      const early = reader.received;
      reader.transport.resume();
      reader.transport.resume();
      await writer.send(10_000, 1_000);
      await reader.untilReceived(20_000);
      check(early <= 10_000, `Expected at most 10,000 bytes before that, got ${early}`);
      writer.finish();
      await Promise.all([writer.leave(), reader.leave()]);
    },
  },
  {
    name: 'a response that nobody reads stops its source, and comes whole when somebody does',
    needs: ['pause'],
    async run(stage) {
      const content = new Content(15);
      const source = new Source(content, most);
      const { connection, serving } = await stage.joined(() => ({ body: source }));
      const response = await stage.waits.for('the head of the response', connection.call('GET', url));
      await stopped(
        stage,
        () => source.produced,
        () => 0,
      );
      source.size = source.produced + mebi;
      await whole(stage, response.body, content, source);
      connection.shutdown();
      await stage.waits.for('the server to be done', serving.done);
    },
  },
  {
    name: 'a request that nobody reads stops its source, and comes whole when somebody does',
    needs: ['pause'],
    async run(stage) {
      const content = new Content(16);
      const source = new Source(content, most);
      let read = () => {};
      const later = new Promise<void>((resolve) => {
        read = resolve;
      });
      const { connection, serving } = await stage.joined(
        async (request) => {
          await later;
          await whole(stage, request.body, content, source);
        },
        { client: { persistent: true } },
      );
      const call = connection.call('POST', url, { body: source });
      call.catch(() => {});
      await stopped(
        stage,
        () => source.produced,
        () => 0,
      );
      source.size = source.produced + mebi;
      read();
      const { status } = await stage.waits.for('the response', call);
      check(status === 204, `Expected the handler to find what was sent, got ${status}`);
      connection.shutdown();
      await stage.waits.for('the server to be done', serving.done);
    },
  },
];

/** Reads a body to its end, which must be all that its source has given. */
async function whole(stage: Stage, body: AsyncIterable<Uint8Array>, content: Content, source: Source): Promise<void> {
  const arrival = new Arrival(content);
  const read = async () => {
    for await (const bytes of body) arrival.take(bytes);
  };
  await stage.waits.for(() => `the end of the body, behind ${arrival.size} of ${source.produced} bytes`, read());
  check(arrival.wrong === null, `Expected the body to be what was sent: ${arrival.wrong}`);
  check(arrival.size === source.produced, `Expected a body of ${source.produced} bytes, got ${arrival.size}`);
}
