// The driver over a pair: the whole of a test in a line, and the real protocol in between.

import { Connection, type Handler } from '@halfpipe/driver';
import { bytes, type Chunking, Clock, type OpenToOptions, openTo, text } from '@halfpipe/testing';
import { Listener } from './listener.ts';

const date: [string, string] = ['Date', 'Sun, 22 Nov 2026 12:00:00 GMT'];

test('a handler is tested without a network, a port, or time', async () => {
  const open = openTo((request) => ({ body: `You asked for ${request.target}` }));
  await using connection = Connection.create(open);
  const response = await connection.call('GET', 'http://example.com/here');
  expect([response.status, await response.body.text()]).toEqual([200, 'You asked for /here']);
});

test('each dial is a connection of its own, which is there as long as it is served', async () => {
  const open = openTo(() => ({ body: 'ok' }));
  expect(open.servings.size).toBe(0);
  const connections = [1, 2, 3].map(() => Connection.create(open));
  for (const connection of connections) await (await connection.call('GET', 'http://x/')).body.discard();
  expect(open.servings.size).toBe(3);
  for (const serving of open.servings) serving.shutdown();
  await Promise.all([...open.servings].map(({ done }) => done));
  expect(open.servings.size).toBe(0);
  expect(connections.map(({ closed }) => closed)).toEqual([true, true, true]);
});

test('who no longer wants to connect is not connected', async () => {
  const open = openTo(() => ({}));
  await expect(open(AbortSignal.abort(new Error('changed my mind')))).rejects.toThrow('changed my mind');
  expect(open.servings.size).toBe(0);
});

test('the options are those of the server and of the pair', async () => {
  const clock = new Clock();
  const errors: unknown[] = [];
  const open = openTo(
    () => {
      throw new Error('a mistake');
    },
    { clock, latency: 10, limits: { headSize: 200 }, onError: (error) => errors.push(error) },
  );
  const connection = Connection.create(open, { timers: clock });
  const response = await clock.promised(connection.call('GET', 'http://x/'));
  expect([response.status, await response.body.text()]).toEqual([500, 'Internal Server Error\n']);
  expect(clock.now()).toBe(1_020);
  const long = connection.call('GET', 'http://x/', { headers: [['X-Long', 'x'.repeat(200)]] });
  expect((await clock.promised(long)).status).toBe(431);
  expect(errors).toMatchObject([{ message: 'a mistake' }, { code: 'ERR_HEAD_SIZE' }]);
});

describe('in virtual time', () => {
  const waiting = (options: OpenToOptions & { handler?: Handler }, head = 60_000) => {
    const clock = new Clock({ start: 0 });
    const open = openTo(options.handler ?? (() => new Promise(() => {})), { clock, ...options });
    const timeouts = { head, body: 2_000 };
    return { clock, open, connection: Connection.create(open, { timers: clock, timeouts }) };
  };

  test.each<[string, OpenToOptions & { handler?: Handler }, number]>([
    ['a handler does not answer', {}, 60_000],
    ['the network is slow', { latency: 2_000 }, 60_000],
    ['the network stalls', { handler: () => ({}), far: { faults: [{ kind: 'stall', at: 5, ms: 1e6 }] } }, 60_000],
  ])('a client waits a minute, no more, when %s', async (_, options, time) => {
    const { clock, connection } = waiting(options);
    await expect(clock.promised(connection.call('GET', 'http://x/'))).rejects.toMatchObject({
      code: 'ERR_RETRY',
      cause: { code: 'ERR_TIMEOUT' },
    });
    expect(clock.now()).toBe(time);
    await clock.run();
    expect(clock.pending).toBe(0);
  });

  test('a server waits for a head, a body and the next request as long as it is told to', async () => {
    const clock = new Clock({ start: 0 });
    const timeouts = { head: 10_000, body: 20_000, idle: 30_000, linger: 1_000 };
    const open = openTo(() => ({ body: 'ok', headers: [date] }), { clock, timeouts });
    const told: string[] = [];
    const dial = async (...sends: string[]) => {
      const transport = await open(new AbortController().signal);
      const name = sends.at(-1);
      transport.start({
        bytes: (bytes) => told.push(`${clock.now()} ${name} ${text(bytes).split('\r\n')[0]}`),
        end: () => told.push(`${clock.now()} ${name} end`),
        writable() {},
        closed() {},
      });
      for (const send of sends) transport.write(bytes(send));
    };
    await dial('');
    await dial('GET / HT');
    await dial('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n', 'partial');
    await clock.run();
    expect(told).toEqual([
      '0 partial HTTP/1.1 200 OK',
      '10000 GET / HT HTTP/1.1 408 Request Timeout',
      '10000 GET / HT end',
      '20000 partial end',
      '30000  end',
    ]);
    expect(open.servings.size).toBe(0);
  });

  test('a million milliseconds of one slow body take no time', async () => {
    const { clock, connection } = waiting(
      {
        handler: () => ({ body: 'x'.repeat(1_000), headers: [date] }),
        timeouts: { idle: 2e6 },
        far: { bandwidth: 1, chunking: 'bytes' },
      },
      120_000,
    );
    const response = await clock.promised(connection.call('GET', 'http://x/'));
    const head = clock.now();
    expect(await clock.promised(response.body.text())).toHaveLength(1_000);
    expect(clock.now() - head).toBe(1_000_000);
  });
});

const chunkings: [string, Chunking][] = [
  ['whole', 'whole'],
  ['in single bytes', 'bytes'],
  ['in pieces of 7', 7],
];

describe.each(chunkings)('bytes that come %s', (_, chunking) => {
  describe.each([0, 15])('after %d ms', (latency) => {
    describe.each([Infinity, 10_000])('at %d bytes per second', (bandwidth) => {
      test.each([true, false])('carry calls of every kind, where halfClose is %s', async (halfClose) => {
        const clock = new Clock();
        const open = openTo(
          async (request) => {
            if (request.target === '/early') return { status: 404, body: 'none' };
            if (request.target === '/hints') request.inform(103, [['Link', '</s>']]);
            if (request.target === '/trailers')
              return { body: [bytes('ab'), bytes('c')], trailers: () => [['X-Sum', '3']] };
            if (request.method === 'POST') return { body: `${request.target} ${await request.body.text()}` };
            return { body: request.target };
          },
          { clock, chunking, latency, bandwidth, halfClose },
        );
        const connection = Connection.create(open, { timers: clock, persistent: true });
        const streamed = async function* () {
          for (const piece of ['a', 'b', 'c']) {
            await new Promise<void>((resolve) => void clock.setTimeout(resolve, 100));
            yield bytes(piece);
          }
        };
        let hints = 0;
        const calls = [
          connection.call('GET', 'http://x/a'),
          connection.call('HEAD', 'http://x/b'),
          connection.call('POST', 'http://x/c', { body: 'text' }),
          connection.call('POST', 'http://x/d', { body: streamed(), trailers: () => [['Y', '1']] }),
          connection.call('POST', 'http://x/e', { body: 'text', expectContinue: true }),
          connection.call('GET', 'http://x/early'),
          connection.call('GET', 'http://x/hints', { onInformational: () => hints++ }),
          connection.call('GET', 'http://x/trailers'),
        ];
        connection.shutdown();
        const texts = (async () => {
          const seen: string[] = [];
          for (const call of calls) {
            const { status, body } = await call;
            seen.push(`${status} ${await body.text()}`);
          }
          return seen;
        })();
        expect(await clock.promised(texts)).toEqual([
          '200 /a',
          '200 ',
          '200 /c text',
          '200 /d abc',
          '200 /e text',
          '404 none',
          '200 /hints',
          '200 abc',
        ]);
        expect(hints).toBe(1);
        expect((await (await calls[7])?.trailers)?.get('x-sum')).toBe('3');
        await clock.promised(connection[Symbol.asyncDispose]());
        await clock.run();
        expect(open.servings.size).toBe(0);
        expect(clock.pending).toBe(0);
      });
    });
  });
});

test('a body that lasts until the connection closes is whole, or is seen not to be (RFC 9112 §8)', async () => {
  const clock = new Clock();
  const ends: string[] = [];
  for (const linger of [2_000, 20_000]) {
    const handler = () => ({ body: [new Uint8Array(40_000)], headers: [date] });
    const open = openTo(handler, { clock, far: { bandwidth: 5_000, chunking: 1_000 }, timeouts: { linger } });
    const near = await open(new AbortController().signal);
    const hears = new Listener(clock);
    near.start(hears);
    near.write(bytes('GET / HTTP/1.0\r\n\r\n'));
    await clock.run();
    const [, body = ''] = hears.received.split('\r\n\r\n');
    ends.push(
      `${body.length === 40_000 ? 'whole' : 'in part'}, ${hears.heard.find((line) => /^(end|closed)/.test(line))}`,
    );
  }
  expect(ends).toEqual(['in part, closed ERR_RESET', 'whole, end clean']);
});

test('a slow reader stops the server, and little waits anywhere', async () => {
  const clock = new Clock();
  let made = 0;
  const open = openTo(
    () => ({
      body: (async function* () {
        for (; made < 500; made++) yield new Uint8Array(10_000);
      })(),
    }),
    { clock, latency: 5, bufferSize: 30_000 },
  );
  const connection = Connection.create(open, { timers: clock });
  const { body } = await clock.promised(connection.call('GET', 'http://x/'));
  await clock.advance(10_000);
  expect(made).toBeGreaterThan(1);
  expect(made).toBeLessThan(30);
  expect((await clock.promised(body.bytes())).length).toBe(5_000_000);
  expect(made).toBe(500);
});
