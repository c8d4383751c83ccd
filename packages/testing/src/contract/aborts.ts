// Cases: somebody has had enough, at each stage of an exchange. Whoever waits is told, sources are let go of, and the pair closes.

import { type Body, Connection, type IncomingRequest, type Reply, type Transport } from '@halfpipe/driver';
import { check, errorText, rejection, same } from './check.ts';
import { Content, Source } from './content.ts';
import { reasonOf } from './eofs.ts';
import type { RawEnd } from './raw-end.ts';
import type { Case, Stage } from './stage.ts';

const mebi = 1024 * 1024;
const url = 'http://contract.example/';

/** A promise, and who settles it. */
function later<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((onResolved) => {
    resolve = onResolved;
  });
  return { promise, resolve };
}

/** How a client has enough: by the signal of the call, or with the whole connection. */
const means: readonly (readonly [name: string, abort: (connection: Connection, call: AbortController) => void])[] = [
  ['the signal of a call', (_, call) => call.abort(new Error('enough'))],
  ['close()', (connection) => connection.close()],
];

function checkAborted(name: string, error: unknown): void {
  if (name === 'close()') reasonOf(error);
  else
    check(error instanceof Error && error.message === 'enough', () => `Expected the reason, got ${errorText(error)}`);
}

async function readOne(stage: Stage, body: Body): Promise<AsyncIterator<Uint8Array>> {
  const iterator = body[Symbol.asyncIterator]();
  const { done } = await stage.waits.for('the first bytes of the body', iterator.next());
  check(done !== true, 'Expected the body to have begun');
  return iterator;
}

async function readAll(iterator: AsyncIterator<Uint8Array>): Promise<void> {
  for (let step = await iterator.next(); step.done !== true; step = await iterator.next());
}

/** A handler that has got its request, and answers when it is let. */
function slow(): {
  readonly asked: Promise<IncomingRequest>;
  handler(request: IncomingRequest): Promise<Reply>;
  answer(): void;
} {
  const asked = later<IncomingRequest>();
  const reply = later<Reply>();
  return {
    asked: asked.promise,
    handler(request) {
      asked.resolve(request);
      return reply.promise;
    },
    answer: () => reply.resolve({ body: 'late' }),
  };
}

function clientCases([name, abort]: (typeof means)[number]): readonly Case[] {
  return [
    {
      name: `a client has enough, by ${name}, before the response begins`,
      async run(stage) {
        const { asked, handler, answer } = slow();
        const { connection, serving } = await stage.joined(handler);
        const controller = new AbortController();
        const call = rejection('the call', connection.call('GET', url, { signal: controller.signal }));
        await stage.waits.for('the request', asked);
        abort(connection, controller);
        checkAborted(name, await stage.waits.for('the call to be rejected', call));
        answer();
        await stage.waits.for('the server to be done', serving.done);
      },
    },
    {
      name: `a client has enough, by ${name}, while it sends`,
      async run(stage) {
        const begun = later<void>();
        const read = later<unknown>();
        const { connection, serving } = await stage.joined(
          async ({ body }) => {
            const iterator = await readOne(stage, body);
            begun.resolve();
            read.resolve(await rejection('the reading of the request', readAll(iterator)));
          },
          { client: { persistent: true } },
        );
        const controller = new AbortController();
        const source = new Source(new Content(61), 1024 * mebi);
        const call = rejection('the call', connection.call('POST', url, { body: source, signal: controller.signal }));
        await stage.waits.for('the request', begun.promise);
        abort(connection, controller);
        checkAborted(name, await stage.waits.for('the call to be rejected', call));
        await stage.waits.for('the handler to be told', read.promise);
        await stage.waits.for('the server to be done', serving.done);
        check(source.closed, 'Expected the source of the request to be let go of');
      },
    },
    {
      name: `a client has enough, by ${name}, while it receives`,
      async run(stage) {
        const source = new Source(new Content(62), 1024 * mebi);
        const { connection, serving } = await stage.joined(() => ({ body: source }));
        const controller = new AbortController();
        const call = connection.call('GET', url, { signal: controller.signal });
        const { body } = await stage.waits.for('the response', call);
        const reading = rejection('the reading of the response', readAll(await readOne(stage, body)));
        abort(connection, controller);
        checkAborted(name, await stage.waits.for('the reader to be told', reading));
        await stage.waits.for('the server to be done', serving.done);
        check(source.closed, 'Expected the source of the response to be let go of');
      },
    },
  ];
}

/** What the handler of a server does when the server is closed, and what the client sees. */
const serverCases: readonly Case[] = [
  {
    name: 'a server has enough before a request',
    async run(stage) {
      const { connection, serving } = await stage.joined(() => {});
      serving.close();
      await stage.waits.for('the server to be done', serving.done);
      const error = await stage.waits.for(
        'the call to be rejected',
        rejection('the call', connection.call('GET', url)),
      );
      reasonOf(error);
    },
  },
  {
    name: 'a server has enough while a handler is at work',
    async run(stage) {
      const { asked, handler, answer } = slow();
      const { connection, serving } = await stage.joined(handler);
      const call = rejection('the call', connection.call('GET', url));
      const { signal } = await stage.waits.for('the request', asked);
      serving.close();
      reasonOf(await stage.waits.for('the call to be rejected', call));
      await stage.waits.for('the server to be done', serving.done);
      check(signal.aborted, 'Expected the signal of the request to be aborted');
      answer();
    },
  },
  {
    name: 'a server has enough while it receives',
    async run(stage) {
      const begun = later<void>();
      const read = later<unknown>();
      const { connection, serving } = await stage.joined(
        async ({ body }) => {
          const iterator = await readOne(stage, body);
          begun.resolve();
          read.resolve(await rejection('the reading of the request', readAll(iterator)));
        },
        { client: { persistent: true } },
      );
      const source = new Source(new Content(63), 1024 * mebi);
      const call = rejection('the call', connection.call('POST', url, { body: source }));
      await stage.waits.for('the request', begun.promise);
      serving.close();
      await stage.waits.for('the handler to be told', read.promise);
      reasonOf(await stage.waits.for('the call to be rejected', call));
      await stage.waits.for('the server to be done', serving.done);
      check(source.closed, 'Expected the source of the request to be let go of');
    },
  },
  {
    name: 'a server has enough while it sends',
    async run(stage) {
      const source = new Source(new Content(64), 1024 * mebi);
      const { connection, serving } = await stage.joined(() => ({ body: source }));
      const { body } = await stage.waits.for('the response', connection.call('GET', url));
      const reading = rejection('the reading of the response', readAll(await readOne(stage, body)));
      serving.close();
      reasonOf(await stage.waits.for('the reader to be told', reading));
      await stage.waits.for('the server to be done', serving.done);
      check(source.closed, 'Expected the source of the response to be let go of');
    },
  },
];

const otherCases: readonly Case[] = [
  {
    name: 'a call that waits for its turn leaves the queue, and the one before it is answered',
    async run(stage) {
      const { asked, handler, answer } = slow();
      const { connection, serving } = await stage.joined(handler);
      const controller = new AbortController();
      const first = connection.call('GET', url).then((response) => response.body.text());
      const second = rejection('the second call', connection.call('GET', url, { signal: controller.signal }));
      await stage.waits.for('the request', asked);
      controller.abort(new Error('enough'));
      checkAborted('the signal of a call', await stage.waits.for('the second call to be rejected', second));
      answer();
      same('the first answer', await stage.waits.for('the first answer', first), 'late');
      connection.shutdown();
      await stage.waits.for('the server to be done', serving.done);
    },
  },
  {
    name: 'a connection that is closed while it is dialled lets go of the transport that comes late',
    async run(stage) {
      const [nearTransport, farTransport] = await stage.transports();
      const far = stage.end('far', farTransport).start();
      const dialled = later<Transport>();
      const connection = Connection.create(() => dialled.promise, { timers: stage.timers });
      const call = rejection('the call', connection.call('GET', url));
      connection.close();
      reasonOf(await stage.waits.for('the call to be rejected', call));
      dialled.resolve(nearTransport);
      await far.leave();
      same('what was sent', far.text, '');
    },
  },
  {
    name: 'a response that is cancelled lets go of its source',
    async run(stage) {
      const source = new Source(new Content(65), 1024 * mebi);
      const { connection, serving } = await stage.joined(() => ({ body: source }));
      const { body } = await stage.waits.for('the response', connection.call('GET', url));
      await readOne(stage, body);
      body.cancel();
      await stage.waits.for('the server to be done', serving.done);
      check(source.closed, 'Expected the source of the response to be let go of');
    },
  },
  reset('the client goes away while a handler reads', async (stage, { near, farTransport }) => {
    const read = later<unknown>();
    const aborted = later<void>();
    const serving = stage.server(farTransport, async ({ body, signal }) => {
      signal.addEventListener('abort', () => aborted.resolve());
      read.resolve(await rejection('the reading of the request', body.text()));
    });
    near.write('POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n');
    await near.untilText('100 Continue');
    near.transport.destroy(new Error('gone'));
    await stage.waits.for('the handler to be told', read.promise);
    await stage.waits.for('the signal of the request', aborted.promise);
    await stage.waits.for('the server to be done', serving.done);
  }),
  reset('the client goes away while a response is sent', async (stage, { near, farTransport }) => {
    const source = new Source(new Content(66), 1024 * mebi);
    const serving = stage.server(farTransport, () => ({ body: source }));
    near.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await near.until('get some of it', () => near.received > mebi);
    near.transport.destroy(new Error('gone'));
    await stage.waits.for('the server to be done', serving.done);
    check(source.closed, 'Expected the source of the response to be let go of');
  }),
];

/** A client held by hand that goes away. */
function reset(
  name: string,
  run: (stage: Stage, parties: { near: RawEnd; farTransport: Transport }) => Promise<void>,
): Case {
  return {
    name,
    async run(stage) {
      const [nearTransport, farTransport] = await stage.transports();
      await run(stage, { near: stage.end('near', nearTransport).start(), farTransport });
    },
  };
}

export const abortCases: readonly Case[] = [...means.flatMap(clientCases), ...serverCases, ...otherCases];
