// How calls of a pool end before their time, and how the pool does: signals at each stage, and close().

import { type IncomingResponse, Pool, type PoolOptions } from '@halfpipe/driver';
import { bytes, Clock, openTo } from '@halfpipe/testing';
import { quiet, Wires } from './wire.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const kept = 'HTTP/1.1 200 OK\r\n\r\n';
const begun = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegun';
const reason = new Error('not wanted any more');

function pooled(options: Partial<PoolOptions> = {}) {
  const wires = new Wires();
  const clock = new Clock();
  const pool = new Pool({ open: wires.open, timers: clock, parallel: 1, ...options });
  const call = (path: string) => {
    const { signal, abort } = aborting();
    const response = pool.call('GET', `http://x${path}`, { signal });
    response.catch(() => {});
    return { response, abort, signal };
  };
  return { wires, clock, pool, call };
}

/** A signal that counts who listens. */
function aborting() {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: AddEventListenerOptions,
  ) => {
    listeners.add(listener);
    addEventListener.call(signal, type, listener, options);
  };
  signal.removeEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
    listeners.delete(listener);
    removeEventListener.call(signal, type, listener);
  };
  return { signal: Object.assign(signal, { listeners }), abort: () => controller.abort(reason) };
}

/** One idle connection that is known to keep. */
async function warm(options: Partial<PoolOptions> = {}) {
  const all = pooled(options);
  const call = all.pool.call('HEAD', 'http://x/');
  await quiet();
  await all.wires.at(0).receive(kept);
  await call;
  all.wires.take();
  return all;
}

describe('a call that is aborted', () => {
  test('before it is made asks for nothing', async () => {
    const { pool, wires } = pooled();
    await expect(pool.call('GET', 'http://x/', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(wires.asked).toEqual([]);
  });

  test('while it waits leaves, and nothing is sent of it', async () => {
    const { wires, call } = pooled();
    call('/1');
    const { response, abort } = call('/2');
    call('/3');
    abort();
    await expect(response).rejects.toBe(reason);
    await quiet();
    await wires.at(0).receive(kept.replace('\r\n', '\r\nContent-Length: 0\r\n'));
    await quiet();
    expect(wires.take()).toEqual(['GET /1, GET /3']);
  });

  test('while its connection is dialled ends that, if nobody else wants it', async () => {
    const aborted: unknown[] = [];
    const open = () => (signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          aborted.push(signal.reason);
          reject(signal.reason);
        });
      });
    const { call, pool } = pooled({ open });
    const { response, abort } = call('/');
    await quiet();
    abort();
    await expect(response).rejects.toBe(reason);
    expect(aborted).toMatchObject([{ code: 'ERR_CLOSED' }]);
    await pool.close();
  });

  test('while its connection is dialled leaves it to who waits', async () => {
    let establish: () => void = () => {};
    const wires = new Wires();
    const open = (origin: URL) => async (signal: AbortSignal) => {
      await new Promise<void>((resolve) => {
        establish = resolve;
      });
      return wires.open(origin)(signal);
    };
    const { call } = pooled({ open });
    const first = call('/1');
    call('/2');
    await quiet();
    first.abort();
    await expect(first.response).rejects.toBe(reason);
    establish();
    await quiet();
    expect(wires.take()).toEqual(['GET /2']);
  });

  test('in flight, alone, closes its connection', async () => {
    const { wires, call } = await warm();
    const { response, abort } = call('/1');
    await quiet();
    abort();
    call('/2');
    await expect(response).rejects.toBe(reason);
    await quiet();
    expect(wires.at(0).near.destroyed).not.toBeNull();
    expect(wires.at(1).sent).toContain('GET /2');
  });

  test('in flight, with others, is forgotten: its connection goes on, and its response is read away', async () => {
    const { wires, call } = await warm();
    const [first, second, third] = [call('/1'), call('/2'), call('/3')];
    await quiet();
    expect(wires.take()).toEqual(['GET /1, GET /2, GET /3']);
    second.abort();
    await expect(second.response).rejects.toBe(reason);
    await wires.at(0).receive(ok + ok.replace('ok', 'no') + ok);
    expect(await Promise.all([first, third].map(async ({ response }) => (await response).body.text()))).toEqual([
      'ok',
      'ok',
    ]);
    // Then it is idle, and used again.
    call('/4');
    await quiet();
    expect(wires.take()).toEqual(['GET /4']);
  });

  test('in flight, and forgotten, is waited for by who wants a connection alone', async () => {
    const { wires, call, pool } = await warm({ parallel: 2 });
    call('/1');
    const [second, third] = [call('/2'), call('/3')];
    await quiet();
    expect(wires.take()).toEqual(['GET /1, GET /3', 'GET /2']);
    third.abort();
    await wires.at(0).receive(kept.replace('\r\n', '\r\nContent-Length: 0\r\n'));
    pool.call('POST', 'http://x/4').catch(() => {});
    await quiet();
    await wires.at(1).receive(ok);
    await (await second.response).body.text();
    await quiet();
    expect(wires.take()).toEqual(['', 'POST /4']);
  });

  test('in flight, behind a response that has begun, does not break that', async () => {
    const { wires, call } = await warm();
    const [first, second] = [call('/1'), call('/2')];
    await quiet();
    await wires.at(0).receive(begun);
    const { body } = await first.response;
    second.abort();
    await expect(second.response).rejects.toBe(reason);
    await wires.at(0).receive('x'.repeat(95));
    expect(await body.text()).toHaveLength(100);
  });

  test('in flight, and forgotten, costs its connection if its response is too long to read away', async () => {
    const { wires, call } = await warm({ limits: { drainSize: 10 } });
    const [first, second] = [call('/1'), call('/2')];
    await quiet();
    first.abort();
    await quiet();
    expect(wires.take()).toEqual(['GET /1, GET /2']);
    await wires.at(0).receive(begun);
    await quiet();
    // Who was behind it is asked for again.
    expect(wires.take()).toEqual(['', 'GET /2']);
    await wires.at(1).receive(ok);
    expect(await (await second.response).body.text()).toBe('ok');
  });

  test('in flight, the last of several, closes their connection', async () => {
    const { wires, call, pool } = await warm();
    const calls = [call('/1'), call('/2'), call('/3')];
    await quiet();
    for (const { abort } of calls) abort();
    for (const { response } of calls) await expect(response).rejects.toBe(reason);
    expect(wires.at(0).near.destroyed).not.toBeNull();
    await pool.close();
  });

  test('hears of no interim response after that', async () => {
    const { wires, call, pool } = await warm();
    const heard: number[] = [];
    const { signal, abort } = aborting();
    const first = pool.call('GET', 'http://x/1', { signal, onInformational: ({ status }) => heard.push(status) });
    const second = call('/2');
    await quiet();
    await wires.at(0).receive('HTTP/1.1 102 Processing\r\n\r\n');
    abort();
    await expect(first).rejects.toBe(reason);
    await wires.at(0).receive(`HTTP/1.1 103 Early Hints\r\n\r\n${ok}${ok}`);
    expect(await (await second.response).body.text()).toBe('ok');
    expect(heard).toEqual([102]);
  });

  test('while its body is read fails that, and closes its connection', async () => {
    const { wires, call } = await warm();
    const [first, second] = [call('/1'), call('/2')];
    await quiet();
    await wires.at(0).receive(begun);
    const text = (await first.response).body.text();
    first.abort();
    await expect(text).rejects.toBe(reason);
    await quiet();
    await wires.at(1).receive(ok);
    expect(await (await second.response).body.text()).toBe('ok');
  });

  test('between two attempts makes no more', async () => {
    let finish: () => void = () => {};
    const { wires, call, pool } = await warm({
      onClosed: () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    });
    const { response, abort } = call('/1');
    await quiet();
    await wires.at(0).reset();
    await quiet();
    abort();
    await expect(response).rejects.toBe(reason);
    finish();
    await quiet();
    expect(wires.all).toHaveLength(1);
    await pool.close();
  });

  test('in the very moment of its loss makes no more', async () => {
    const aborted = aborting();
    const { wires, pool } = await warm({ onClosed: () => queueMicrotask(aborted.abort) });
    const call = pool.call('GET', 'http://x/', { signal: aborted.signal });
    await quiet();
    await wires.at(0).reset();
    await expect(call).rejects.toBe(reason);
    await quiet();
    expect(wires.all).toHaveLength(1);
    await pool.close();
  });

  test('while it waits for its second attempt leaves', async () => {
    const { wires, call } = await warm();
    const [first, second] = [call('/1'), call('/2')];
    await quiet();
    await wires.at(0).reset();
    await quiet();
    expect(wires.take()).toEqual(['GET /1, GET /2', 'GET /1']);
    second.abort();
    await expect(second.response).rejects.toBe(reason);
    expect(second.signal.listeners.size).toBe(0);
    await wires.at(1).receive(ok);
    await (await first.response).body.text();
    await quiet();
    expect(wires.take()).toEqual(['', '']);
  });

  test('or that fails while it waits, is held by its signal no more', async () => {
    const refused = new Error('refused');
    const { call } = pooled({ open: () => () => Promise.reject(refused) });
    const calls = [call('/1'), call('/2'), call('/3')];
    for (const { response, signal } of calls) {
      await expect(response).rejects.toBe(refused);
      expect(signal.listeners.size).toBe(0);
    }
  });

  test('is all that its signal is held for', async () => {
    const { wires, call } = await warm();
    const [first, second] = [call('/1'), call('/2')];
    expect([first.signal.listeners.size, second.signal.listeners.size]).toEqual([1, 1]);
    await quiet();
    await wires.at(0).receive(ok + begun);
    await (await first.response).body.text();
    await second.response;
    expect([first.signal.listeners.size, second.signal.listeners.size]).toEqual([0, 1]);
    second.abort();
    expect(second.signal.listeners.size).toBe(0);
  });
});

describe('close()', () => {
  test('lets go of idle connections, and takes no more calls', async () => {
    const { pool, wires, clock } = await warm();
    const closed = clock.promised(pool.close());
    await expect(pool.call('GET', 'http://x/')).rejects.toMatchObject({
      code: 'ERR_CLOSED',
      message: 'Cannot make a call: the pool is closed',
    });
    expect(wires.at(0).near.ended).toBe(true);
    await closed;
    expect([wires.at(0).near.destroyed, clock.pending]).toEqual([{ cause: undefined }, 0]);
  });

  test('is the same the second time, and as a disposal', async () => {
    const { pool } = pooled();
    const closed = pool.close();
    expect(pool.close()).toBe(closed);
    expect(pool[Symbol.asyncDispose]()).toBe(closed);
    await closed;
  });

  test('waits for what is in flight, with no FIN before it: some servers take that for the end of everything', async () => {
    const { pool, wires, clock, call } = await warm();
    const { response } = call('/1');
    await quiet();
    let closed = false;
    const closing = pool.close().then(() => {
      closed = true;
    });
    await quiet();
    expect(wires.at(0).near.ended).toBe(false);
    await wires.at(0).receive(begun);
    const { body } = await response;
    const text = body.text();
    await quiet();
    expect([wires.at(0).near.ended, closed]).toEqual([false, false]);
    await wires.at(0).receive('x'.repeat(95));
    expect(await text).toHaveLength(100);
    await quiet();
    expect([wires.at(0).near.ended, closed]).toEqual([true, false]);
    await wires.at(0).receiveEnd();
    await closing;
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });

  test('lets calls that wait be made, and repeats too', async () => {
    const { pool, wires, clock, call } = await warm();
    const [first, second] = [call('/1').response, pool.call('POST', 'http://x/2')];
    await quiet();
    const closed = pool.close();
    await wires.at(0).reset();
    await quiet();
    await wires.at(1).receive(ok);
    expect(await (await first).body.text()).toBe('ok');
    await quiet();
    expect(wires.at(1).sent).toContain('POST /2');
    await wires.at(1).receive(ok);
    expect(await (await second).body.text()).toBe('ok');
    await clock.promised(closed);
    expect(wires.length).toBe(0);
  });

  test.each<[string, string, { drainSize: number }]>([
    ['is read away, if it is short', ok, { drainSize: 10 }],
    ['is given up, if it is long', begun, { drainSize: 10 }],
  ])('a response that nobody reads %s', async (_, answer, limits) => {
    const { pool, wires, clock, call } = await warm({ limits });
    const { response } = call('/1');
    await quiet();
    await wires.at(0).receive(answer);
    await response;
    await clock.promised(pool.close());
    expect([wires.length, clock.pending]).toEqual([0, 0]);
  });

  test('a response that comes later, and that nobody reads, does not hold it up', async () => {
    const { pool, wires, clock, call } = pooled();
    const [first, second] = [call('/1').response, call('/2').response];
    await quiet();
    const closed = pool.close();
    await wires.at(0).receive(ok);
    await first;
    await clock.run(() => wires.at(0).near.ended || wires.at(0).sent.includes('GET /2'));
    await wires.at(0).receive(ok);
    await second;
    await clock.promised(closed);
    expect(wires.length).toBe(0);
  });

  test('a response that comes later, on a connection of its own, does not either', async () => {
    const { pool, wires, clock, call } = pooled();
    const responses = [call('/1').response, call('/2').response];
    await quiet();
    const closed = pool.close();
    for (const index of [0, 1]) {
      await wires.at(index).receive(ok.replace('\r\n', '\r\nConnection: close\r\n'));
      await responses[index];
      await clock.run(() => wires.at(index).near.ended);
    }
    await clock.promised(closed);
    expect(wires.length).toBe(0);
  });

  test('waits for every origin, and for what lingers since before', async () => {
    const clock = new Clock();
    const open = openTo(({ target }) => ({ body: target }), { clock, latency: 50 });
    const pool = new Pool({ open: () => open, timers: clock, keep: 0 });
    const texts = ['a', 'b', 'c'].map(async (host) => (await pool.call('GET', `http://${host}/`)).body.text());
    await clock.promised(Promise.all(texts));
    expect(open.servings.size).toBe(3);
    await clock.promised(pool.close());
    expect([open.servings.size, clock.pending]).toEqual([0, 0]);
  });

  test('of a pool whose connection has become another protocol leaves that alone', async () => {
    const { pool, wires } = pooled();
    const headers = [
      ['Connection', 'upgrade'],
      ['Upgrade', 'echo'],
    ] as const;
    const call = pool.call('GET', 'http://x/', { headers });
    await quiet();
    await wires.at(0).receive('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
    const { upgrade } = await call;
    await pool.close();
    wires.take();
    upgrade?.write(bytes('hello'));
    expect(wires.at(0).sent).toBe('hello');
  });
});

test('a response that is left unread and collected lets its connection go on', async () => {
  const { setFlagsFromString } = await import('node:v8');
  const { runInNewContext } = await import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const { pool, wires, call, clock } = await warm({ onWarning: () => {} });
  let status = 0;
  const ask = (): Promise<void> =>
    pool.call('GET', 'http://x/1').then((response: IncomingResponse) => {
      status = response.status;
    });
  const asked = ask();
  await quiet();
  await wires.at(0).receive(ok);
  await asked;
  const next = call('/2');
  await quiet();
  wires.take();
  await clock.advance(1_000); // until then it is held, in case that it is read like most
  for (let turn = 0; turn < 20 && !wires.at(0).sent.includes('GET /2'); turn++) {
    await quiet();
    collect();
  }
  expect([status, wires.take()]).toEqual([200, ['GET /2']]);
  next.abort();
});
