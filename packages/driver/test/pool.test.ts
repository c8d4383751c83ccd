// Which connection a call of a pool gets, and when there is another. What becomes of those that are lost is pool-retry.test.ts.

import { type CallOptions, Pool, type PoolOptions } from '@halfpipe/driver';
import { Clock } from '@halfpipe/testing';
import fc from 'fast-check';
import { quiet, Wires } from './wire.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const noContent = 'HTTP/1.1 204 No Content\r\n\r\n';

function pooled(options: Partial<PoolOptions> = {}) {
  const wires = new Wires();
  const clock = new Clock();
  const pool = new Pool({ open: wires.open, timers: clock, ...options });
  /** Makes a call and reads its body, which nobody waits for. */
  const call = (request: string, callOptions?: CallOptions) => {
    const [method = '', path = ''] = request.split(' ');
    const text = pool.call(method, `http://x${path}`, callOptions).then(({ body }) => body.text());
    text.catch(() => {});
    return text;
  };
  /** The same for many, and what was sent of them. */
  const sent = async (...requests: string[]) => {
    for (const request of requests) call(request);
    await quiet();
    return wires.take();
  };
  return { pool, wires, clock, call, sent };
}

/** A pool with so many connections, all idle and known to keep. */
async function warm(connections: number, options: Partial<PoolOptions> = {}) {
  const all = pooled({ parallel: connections, ...options });
  await all.sent(...Array<string>(connections).fill('HEAD /'));
  for (const wire of all.wires.all) {
    await all.clock.advance(1);
    await wire.receive('HTTP/1.1 200 OK\r\n\r\n');
    await quiet();
  }
  expect(all.wires.all).toHaveLength(connections);
  return all;
}

describe('the connection that a call gets', () => {
  test('is the idle one, if there is one', async () => {
    const { wires, call } = pooled();
    for (const path of ['/1', '/2', '/3']) {
      const text = call(`POST ${path}`);
      await quiet();
      await wires.at(0).receive(ok);
      expect(await text).toBe('ok');
    }
    expect(wires.take()).toEqual(['POST /1, POST /2, POST /3']);
  });

  test('is of all idle ones that which was in use last', async () => {
    const { wires, sent, clock } = await warm(3);
    expect(await sent('GET /1', 'GET /2')).toEqual(['', 'GET /2', 'GET /1']);
    await clock.advance(1);
    await wires.at(1).receive(ok);
    await quiet();
    expect(await sent('GET /3')).toEqual(['', 'GET /3', '']);
  });

  test('is a new one as long as there are fewer than `parallel`, 4', async () => {
    const { sent } = pooled();
    expect(await sent('GET /1', 'POST /2', 'GET /3', 'GET /4', 'GET /5', 'GET /6')).toEqual([
      'GET /1',
      'POST /2',
      'GET /3',
      'GET /4',
    ]);
  });

  test('is the first that has answered, where all are new', async () => {
    const { wires, sent } = pooled({ parallel: 2 });
    await sent('GET /1', 'GET /2', 'GET /3');
    await wires.at(1).receive(ok);
    await quiet();
    expect(wires.take()).toEqual(['', 'GET /3']);
  });

  test('is the one with the fewest calls, where all are in use and known to keep', async () => {
    const { sent } = await warm(2);
    expect(await sent('GET /1', 'GET /2', 'GET /3', 'GET /4', 'GET /5')).toEqual([
      'GET /2, GET /3, GET /5',
      'GET /1, GET /4',
    ]);
  });

  test('is not one that has its part of all calls already, though it alone can take more', async () => {
    const { wires, sent } = pooled({ parallel: 2 });
    await sent('GET /1', 'GET /2');
    await sent('GET /3', 'GET /4', 'GET /5', 'GET /6', 'GET /7');
    await wires.at(0).receive(ok);
    await quiet();
    // Six are left, so three are its part; the other one has not shown that it keeps.
    expect(wires.take()).toEqual(['GET /3, GET /4, GET /5', '']);
    await wires.at(1).receive(ok);
    await quiet();
    expect(wires.take()).toEqual(['', 'GET /6, GET /7']);
  });

  test.each<[string, string, string[]]>([
    ['a response that has begun to come in', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', ['']],
    ['an HTTP/1.0 response', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n', ['GET /2']],
    ['a response that keeps the connection', noContent, ['GET /2, GET /3']],
  ])('after %s takes no more than that', async (_, response, then) => {
    const { wires, sent } = pooled({ parallel: 1 });
    await sent('GET /1', 'GET /2', 'GET /3');
    await wires.at(0).receive(response);
    await quiet();
    expect(wires.take()).toEqual(then);
  });

  test('is whichever is free first, where the server speaks HTTP/1.0', async () => {
    const { wires, sent } = pooled({ parallel: 2 });
    const answer = 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n';
    await sent('GET /1', 'GET /2');
    for (const wire of wires.all) await wire.receive(answer);
    expect(await sent('GET /3', 'GET /4', 'GET /5')).toEqual(['GET /4', 'GET /3']);
    await wires.at(1).receive(answer);
    await quiet();
    expect(wires.take()).toEqual(['', 'GET /5']);
  });

  test('is another one than that which closes', async () => {
    const { wires, sent } = pooled({ parallel: 1 });
    await sent('GET /1', 'GET /2');
    await wires.at(0).receive('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n');
    await quiet();
    expect(wires.all).toHaveLength(1); // it is in use until its response has been read
    await wires.at(0).receive('ok');
    await quiet();
    expect(wires.take()).toEqual(['', 'GET /2']);
  });

  test('is no kept one that the server has closed', async () => {
    const { wires, sent } = await warm(1);
    await wires.at(0).receiveEnd();
    expect(await sent('POST /1')).toEqual(['', 'POST /1']);
  });

  test('may be shared from the start with `persistent: true`, and by none with `false`', async () => {
    const trusting = pooled({ parallel: 1, persistent: true });
    expect(await trusting.sent('GET /1', 'GET /2')).toEqual(['GET /1, GET /2']);
    const { wires, sent } = pooled({ parallel: 1, persistent: false });
    expect(await sent('GET /1', 'GET /2')).toEqual(['GET /1']);
    await wires.at(0).receive(ok);
    await quiet();
    expect(wires.take()).toEqual(['', 'GET /2']);
  });
});

describe('calls that cannot share a connection (RFC 9112 §9.3.2)', () => {
  const upgrade = [
    ['Connection', 'upgrade'],
    ['Upgrade', 'x'],
  ] as const;

  test.each<[string, string, CallOptions]>([
    ['a POST', 'POST', {}],
    ['an unknown method', 'FROB', {}],
    ['an Upgrade', 'GET', { headers: upgrade }],
    ['an Expect field', 'PUT', { headers: [['expect', '100-continue']], body: 'x' }],
    ['an expectation', 'PUT', { expectContinue: true, body: 'x' }],
    ['the last of its connection', 'GET', { headers: [['Connection', 'Close']] }],
    ['a streamed body', 'PUT', { body: [new Uint8Array(1)] }],
    ['trailers', 'PUT', { body: 'x', trailers: () => [] }],
  ])('%s waits for one of its own, and nobody passes it', async (_, method, options) => {
    const { wires, sent, call } = await warm(2);
    await sent('GET /1', 'GET /2');
    call(`${method} /alone`, options);
    expect(await sent('GET /3')).toEqual(['', '']);
    await wires.at(0).receive(ok);
    await quiet();
    // Then the other one is shared again, but not this one.
    expect(wires.take()).toEqual([`${method} /alone`, 'GET /3']);
    expect(await sent('GET /4', 'GET /5')).toEqual(['', 'GET /4']);
  });

  test.each<[string, string, CallOptions]>([
    ['a PUT with its body at hand', 'PUT', { body: 'x' }],
    ['a DELETE', 'DELETE', {}],
    ['a Connection field of another kind', 'GET', { headers: [['Connection', 'keep-alive']] }],
  ])('%s is none of them', async (_, method, options) => {
    const { wires, sent, call } = await warm(1);
    await sent('GET /1');
    call(`${method} /2`, options);
    await quiet();
    expect(wires.take()).toEqual([`${method} /2`]);
  });

  test('one that is not wanted any more lets those behind it go', async () => {
    const { sent, call } = await warm(1);
    await sent('GET /1');
    const aborted = new AbortController();
    const post = call('POST /2', { signal: aborted.signal });
    expect(await sent('GET /3')).toEqual(['']);
    aborted.abort();
    await expect(post).rejects.toMatchObject({ name: 'AbortError' });
    expect(await sent()).toEqual(['GET /3']);
  });
});

describe('depth', () => {
  test.each([
    ['1, which turns pipelining off', { depth: 1 }, 1],
    ['3', { depth: 3 }, 3],
    ['the default, up to 16 under way', {}, 16],
    ['no more than maxInFlight', { depth: 10, maxInFlight: 5 }, 5],
  ])('is %s', async (_, options, length) => {
    const { wires, sent } = await warm(1, options);
    const targets = Array.from({ length: 40 }, (_, i) => `GET /${i}`);
    expect(await sent(...targets)).toEqual([targets.slice(0, length).join(', ')]);
    await wires.at(0).receive(ok);
    await quiet();
    expect(wires.take()).toEqual([targets[length]]);
  });
});

test('there are never more connections than `parallel`, nor calls on one than `depth`, and all are answered, in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        parallel: fc.integer({ min: 1, max: 4 }),
        depth: fc.integer({ min: 1, max: 5 }),
        methods: fc.array(fc.constantFrom('GET', 'GET', 'POST'), { maxLength: 30 }),
        /** Which wire answers next, and how. */
        turns: fc.infiniteStream(fc.nat({ max: 1000 })),
      }),
      async ({ parallel, depth, methods, turns }) => {
        const { wires, call } = pooled({ parallel, depth });
        const texts = methods.map((method, i) => call(`${method} /${i}`));
        await quiet();
        const owing: string[][] = [];
        for (;;) {
          wires.all.forEach(({ writes }, i) => {
            owing[i] ??= [];
            for (const request of writes.splice(0)) owing[i]?.push(...(request.match(/(?<= )\/\d+/g) ?? []));
          });
          expect(owing.filter((requests) => requests.length > 0).length).toBeLessThanOrEqual(parallel);
          expect(wires.length).toBeLessThanOrEqual(parallel);
          for (const requests of owing) expect(requests.length).toBeLessThanOrEqual(depth);
          const busy = owing.flatMap((requests, i) => (requests.length > 0 ? [i] : []));
          if (busy.length === 0) break;
          const turn = turns.next().value ?? 0;
          const wire = busy[turn % busy.length] ?? 0;
          const body = owing[wire]?.shift() ?? '';
          const last = turn > 900 && owing[wire]?.length === 0 ? 'Connection: close\r\n' : '';
          await wires.at(wire).receive(`HTTP/1.1 200 OK\r\n${last}Content-Length: ${body.length}\r\n\r\n${body}`);
          await quiet();
        }
        expect(await Promise.all(texts)).toEqual(methods.map((_, i) => `/${i}`));
      },
    ),
    { numRuns: 50 },
  );
});

describe('an origin (RFC 9110 §4.3.1)', () => {
  test.each([
    ['the default port, written', 'http://x/', 'http://x:80/a?b#c', 1],
    ['upper case', 'http://x/', 'HTTP://X/', 1],
    ['another port', 'http://x/', 'http://x:81/', 2],
    ['another scheme', 'http://x/', 'https://x/', 2],
    ['the same port of another scheme', 'http://x:443/', 'https://x/', 2],
    ['another host', 'http://x/', 'http://y/', 2],
    ['a scheme of its own', 'pipe://x/', 'pipe://x/a', 1],
    ['another host of such a scheme', 'pipe://x/', 'pipe://y/', 2],
  ])('%s', async (_, first, second, length) => {
    const { pool, wires } = pooled();
    const call = pool.call('HEAD', first);
    await quiet();
    await wires.at(0).receive('HTTP/1.1 200 OK\r\n\r\n');
    await call;
    pool.call('GET', second).catch(() => {});
    await quiet();
    expect(wires.all).toHaveLength(length);
  });

  test('is what `open` is asked for, scheme, host and port, and not again while it is in use', async () => {
    const { pool, wires, clock } = pooled();
    const ask = async () => {
      const call = pool.call('HEAD', 'http://x:8080/a?b');
      await quiet();
      await wires.at(-1).receive('HTTP/1.1 200 OK\r\n\r\n');
      await call;
    };
    await ask();
    await ask();
    expect(wires.asked).toEqual(['http://x:8080/']);
    await clock.run();
    expect(wires.length).toBe(0);
    // It was forgotten with its last connection.
    await ask();
    expect(wires.asked).toEqual(['http://x:8080/', 'http://x:8080/']);
  });

  test('has connections of its own', async () => {
    const { pool, wires } = pooled({ parallel: 1 });
    for (const host of ['a', 'b', 'a', 'b']) pool.call('GET', `http://${host}/`).catch(() => {});
    await quiet();
    expect(wires.take()).toEqual(['GET /', 'GET /']);
  });
});

describe('an idle connection', () => {
  test.each([
    ['for a minute, unless told otherwise', {}, 60_000],
    ['for so long', { keep: 1_500 }, 1_500],
    ['not at all with 0', { keep: 0 }, 0],
    ['as long as the server says, if that is shorter', { keep: 60_000, keepAlive: 3 }, 3_000],
  ])('is kept %s', async (_, { keepAlive, ...options }: { keep?: number; keepAlive?: number }, keep) => {
    const { wires, clock, call } = pooled(options);
    const text = call('HEAD /');
    await quiet();
    const field = keepAlive === undefined ? '' : `Keep-Alive: timeout=${keepAlive}\r\n`;
    await wires.at(0).receive(`HTTP/1.1 200 OK\r\n${field}\r\n`);
    await text;
    if (keep > 0) await clock.advance(keep - 1);
    expect(wires.at(0).near.ended).toBe(keep === 0);
    await clock.advance(1);
    expect(wires.at(0).near.ended).toBe(true);
    await clock.run();
    expect(clock.pending).toBe(0);
  });

  test('is kept for ever with Infinity, without a timer', async () => {
    const { wires, clock } = await warm(1, { keep: Number.POSITIVE_INFINITY });
    expect(clock.pending).toBe(0);
    await clock.advance(10 ** 9);
    expect(wires.length).toBe(1);
  });

  test('is kept longer than a platform has timers for', async () => {
    const keep = 2 ** 31 + 1_000;
    const { wires, clock } = await warm(1, { keep });
    await clock.advance(keep - 10);
    expect(wires.length).toBe(1);
    await clock.advance(10);
    expect(wires.length).toBe(0);
  });

  test('is kept from its last use on', async () => {
    const { wires, clock, call } = await warm(1, { keep: 1_000 });
    await clock.advance(900);
    const text = call('GET /');
    await clock.advance(900);
    expect([wires.length, clock.pending]).toEqual([1, 0]);
    await wires.at(0).receive(ok);
    await text;
    await clock.advance(500);
    const again = call('GET /');
    await quiet();
    await wires.at(0).receive(ok);
    await again;
    expect(clock.pending).toBe(2); // not one for each use; the other watches over bodies that are forgotten
    await clock.advance(999);
    expect(wires.length).toBe(1);
    await clock.advance(1);
    expect(wires.length).toBe(0);
  });

  test('is none while its response has not been read', async () => {
    const { pool, wires, clock, sent } = pooled({
      parallel: 1,
      keep: 1_000,
      timeouts: { body: Number.POSITIVE_INFINITY },
    });
    const call = pool.call('GET', 'http://x/');
    await quiet();
    await wires.at(0).receive(ok);
    const { body } = await call;
    await clock.advance(10_000);
    expect(wires.length).toBe(1);
    expect(await sent('GET /2')).toEqual(['GET /']);
    expect(await body.text()).toBe('ok');
    await quiet();
    expect(wires.take()).toEqual(['GET /2']);
  });

  test('is told to onIdle, with the transport that was dialled, and so is its next use', async () => {
    const told: [number, boolean][] = [];
    const { wires, call, clock } = pooled({
      parallel: 2,
      keep: 1_000,
      onIdle: (transport, idle) => told.push([wires.all.findIndex(({ near }) => near === transport), idle]),
    });
    const [first, second] = [call('GET /1'), call('GET /2')];
    await quiet();
    expect(told).toEqual([]);
    await wires.at(1).receive(ok);
    await second;
    expect(told).toEqual([[1, true]]);
    await clock.advance(1);
    await wires.at(0).receive(ok);
    await first;
    expect(told.splice(0)).toEqual([
      [1, true],
      [0, true],
    ]);
    const [third, fourth, fifth] = [call('GET /3'), call('GET /4'), call('GET /5')];
    await quiet();
    expect(told.splice(0)).toEqual([
      [0, false],
      [1, false],
    ]);
    await wires.at(0).receive(ok);
    await third;
    await wires.at(0).receive('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    await fifth;
    await quiet();
    expect(told).toEqual([]);
    await wires.at(1).receive(ok);
    await fourth;
    await clock.run();
    expect(told).toEqual([[1, true]]);
  });
});

describe('dialling', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

  test('that fails is not repeated: the call learns the cause', async () => {
    let dials = 0;
    const open = () => async () => {
      dials++;
      throw refused;
    };
    const { pool } = pooled({ open });
    await expect(pool.call('GET', 'http://x/')).rejects.toBe(refused);
    expect(dials).toBe(1);
    // It is tried anew for the next call.
    await expect(pool.call('GET', 'http://x/')).rejects.toBe(refused);
    expect(dials).toBe(2);
  });

  test('that fails where nothing else is left fails those that wait too', async () => {
    let dials = 0;
    const open = () => async () => {
      dials++;
      throw refused;
    };
    const { pool } = pooled({ open, parallel: 3 });
    const calls = Array.from({ length: 20 }, () => pool.call('GET', 'http://x/'));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes).toEqual(Array(20).fill({ status: 'rejected', reason: refused }));
    expect(dials).toBe(3);
  });

  test('that fails beside a connection leaves those that wait to that', async () => {
    const wires = new Wires();
    let dials = 0;
    const open = (origin: URL) => {
      const dial = wires.open(origin);
      return async (signal: AbortSignal) => {
        if (++dials > 1) throw refused;
        return dial(signal);
      };
    };
    const { call } = pooled({ open, parallel: 2 });
    const texts = [call('GET /1'), call('GET /2'), call('GET /3')];
    await expect(texts[1]).rejects.toBe(refused);
    expect(dials).toBe(2);
    await wires.at(0).receive(ok);
    expect(await texts[0]).toBe('ok');
    await quiet();
    expect(wires.take()).toEqual(['GET /1, GET /3']);
    // A new call is worth another try.
    expect(dials).toBe(2);
    await wires.at(0).receive(ok);
    await texts[2];
    const more = [call('GET /4'), call('GET /5')];
    await expect(more[1]).rejects.toBe(refused);
    expect(dials).toBe(3);
  });

  test('that cannot even begin rejects the call, and leaves nothing', async () => {
    const open = () => {
      throw new TypeError('no such scheme');
    };
    const { pool } = pooled({ open });
    await expect(pool.call('GET', 'gopher://x/')).rejects.toThrow('no such scheme');
    await pool.close();
  });

  test('is the same dial for all that wait while it takes long', async () => {
    let establish: () => void = () => {};
    const wires = new Wires();
    const open = (origin: URL) => async (signal: AbortSignal) => {
      await new Promise<void>((resolve) => {
        establish = resolve;
      });
      return wires.open(origin)(signal);
    };
    const { sent } = pooled({ open, parallel: 1 });
    await sent('GET /1', 'GET /2');
    establish();
    await quiet();
    expect(wires.take()).toEqual(['GET /1']);
  });

  test('calls the pool, if it likes', async () => {
    const wires = new Wires();
    const dialled = { inspected: 0, opened: 0 };
    const open = (origin: URL) => (signal: AbortSignal) => {
      if (dialled.opened++ === 0) call('GET /2');
      return wires.open(origin)(signal);
    };
    const inspect = () => {
      if (dialled.inspected++ === 0) call('GET /3');
    };
    const { call, sent } = pooled({ open, parallel: 2, inspect });
    await sent('GET /1');
    expect(dialled).toEqual({ inspected: 2, opened: 2 });
    expect(wires.take()).toEqual(['GET /1', 'GET /3']);
  });

  test('that fails is forgotten, with its origin', async () => {
    const aborted = AbortSignal.abort(new Error('enough'));
    const { pool, wires } = pooled({ signal: aborted });
    for (let i = 0; i < 2; i++) await expect(pool.call('GET', 'http://x/')).rejects.toBe(aborted.reason);
    expect(wires.asked).toEqual(['http://x/', 'http://x/']);
  });
});

test.each<[string, string, string | URL]>([
  ['CONNECT', 'CONNECT', 'http://x/'],
  ['userinfo', 'GET', 'http://user@x/'],
  ['a path', 'GET', '/p'],
  ['an asterisk', 'OPTIONS', '*'],
  ['a URL without a host', 'GET', 'mailto:x'],
])('%s is a TypeError, and nothing is dialled', async (_, method, url) => {
  const { pool, wires } = pooled();
  const cancelled: unknown[] = [];
  const body = new ReadableStream<Uint8Array>({ cancel: (cause) => void cancelled.push(cause) });
  await expect(pool.call(method, url, { body })).rejects.toMatchObject({ name: 'TypeError' });
  expect([wires.asked, cancelled, body.locked]).toEqual([[], [], false]);
});

test('the URL is read when the call is made', async () => {
  const { pool, wires } = pooled({ parallel: 1 });
  const first = pool.call('HEAD', 'http://x/1');
  const url = new URL('http://x/2');
  pool.call('GET', url).catch(() => {});
  url.pathname = '/3';
  await quiet();
  await wires.at(0).receive('HTTP/1.1 200 OK\r\n\r\n');
  await first;
  await quiet();
  expect(wires.take()).toEqual(['HEAD /1, GET /2']);
});

test.each([
  [{ parallel: 0 }, 'Cannot make a pool with parallel 0: it is below 1'],
  [{ parallel: Number.NaN }, 'Cannot make a pool with parallel NaN: it is below 1'],
  [{ depth: 0 }, 'Cannot make a pool with depth 0: it is below 1'],
  [{ retry: -1 }, 'Cannot make a pool with retry -1: it is below 0'],
  [{ keep: -1 }, 'Cannot make a pool with keep -1: it is below 0'],
])('%j is a RangeError', (options, message) => {
  expect(() => pooled(options)).toThrow(new RangeError(message));
});

test('the options of a connection are those of each, onClosed and inspect too', async () => {
  const told: string[] = [];
  const { wires, sent } = pooled({
    inspect: (protocol) => told.push(`inspect ${protocol.length}`),
    onClosed: (connection) => {
      told.push(`closed ${connection.closed}`);
    },
    limits: { headSize: 30 },
  });
  await sent('POST /1', 'POST /2');
  await wires.at(0).receive(`HTTP/1.1 200 OK\r\nLong: ${'x'.repeat(30)}\r\n\r\n`);
  await wires.at(1).reset();
  await quiet();
  expect(told).toEqual(['inspect 0', 'inspect 0', 'closed true', 'closed true']);
});

test('its signal gives up dialling, and calls that would have to dial', async () => {
  const aborted = new AbortController();
  const open = () => () => new Promise<never>(() => {});
  const { pool } = pooled({ open, parallel: 1, signal: aborted.signal });
  const calls = [pool.call('GET', 'http://x/1'), pool.call('GET', 'http://x/2')];
  await quiet();
  const reason = new Error('enough');
  aborted.abort(reason);
  expect(await Promise.allSettled(calls)).toEqual(Array(2).fill({ status: 'rejected', reason }));
  await expect(pool.call('GET', 'http://x/3')).rejects.toBe(reason);
  await pool.close();
});
