// What a pool makes again of what was lost, where, and how often (RFC 9110 §9.2.2). Which connection a call gets at first is pool.test.ts.

import { type BodySource, type CallOptions, type Open, Pool, type PoolOptions, RetryError } from '@halfpipe/driver';
import { bytes, Clock, openTo, ScriptedPeer } from '@halfpipe/testing';
import { Bare, quiet, Wires } from './wire.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const kept = 'HTTP/1.1 200 OK\r\n\r\n';

/** A transport that has closed before it could be used. */
class Dead extends Bare {
  override start(sink: Parameters<Bare['start']>[0]): void {
    sink.closed(new Error('gone already'));
  }
}

/** Dials these first. */
function after(transports: Bare[], open: Open): Open {
  return (signal) => transports.shift()?.open(signal) ?? open(signal);
}

async function* generated(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield bytes(text);
}

function streamed(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(bytes(text));
      controller.close();
    },
  });
}

const methods: readonly (readonly [method: string, idempotent: boolean])[] = [
  ['GET', true],
  ['HEAD', true],
  ['PUT', true],
  ['DELETE', true],
  ['OPTIONS', true],
  ['TRACE', true],
  ['POST', false],
  ['PATCH', false],
  ['FROB', false],
];

const bodies: readonly (readonly [
  name: string,
  body: () => BodySource | undefined,
  options: CallOptions,
  rereadable: boolean,
])[] = [
  ['no body', () => undefined, {}, true],
  ['text', () => 'abc', {}, true],
  ['bytes', () => bytes('abc'), {}, true],
  ['an array of bytes', () => [bytes('ab'), bytes('c')], {}, true],
  ['a set of bytes', () => new Set([bytes('abc')]), {}, false],
  ['an iterator', () => [bytes('abc')].values(), {}, false],
  ['a generator', () => generated('a', 'bc'), {}, false],
  ['a stream', () => streamed('abc'), {}, false],
  [
    'a stream that is not asked for',
    () => streamed('abc'),
    { expectContinue: true, headers: [['Content-Length', '3']] },
    true,
  ],
];

/** How a call is lost: what the first connection does with the head of its request. */
const losses = [
  { why: 'unsent', retry: 'safe' },
  { why: 'unanswered', retry: 'if-idempotent' },
  { why: 'stale-idle', retry: 'if-idempotent' },
  { why: 'partial-response', retry: 'never' },
] as const;

const cases = losses.flatMap(({ why, retry }) =>
  methods.flatMap(([method, idempotent]) =>
    bodies
      .filter(([name]) => method !== 'TRACE' || name === 'no body') // RFC 9110 §9.3.8
      .map(([name, body, options, rereadable]) => {
        const allowed = retry === 'safe' || (retry === 'if-idempotent' && idempotent);
        // What was unsent was not read either.
        const again = allowed && (rereadable || why === 'unsent');
        return { why, retry, method, name, body, options, again };
      }),
  ),
);

test.each(cases)(
  '$method with $name, $why: made again is $again',
  async ({ why, retry, method, body, options, again }) => {
    const clock = new Clock();
    const peer = new ScriptedPeer({ clock });
    const head = { start: `${method} /`, headers: { X: 'y' } };
    if (why === 'stale-idle') peer.expectHead({ start: 'HEAD /first' }).send(kept);
    if (why !== 'unsent') peer.expectHead(head).ignoreRest();
    if (why === 'partial-response') peer.send('HTTP/1.1 2');
    if (why !== 'unsent') peer.reset();
    const answer = method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' : ok;
    if (again) peer.accept().expectHead(head).ignoreRest().send(answer);

    const open = after(why === 'unsent' ? [new Dead()] : [], peer.open);
    const pool = new Pool({ open: () => open, timers: clock });
    if (why === 'stale-idle') await pool.call('HEAD', 'http://x/first');
    const source = body();
    const call = pool.call(method, 'http://x/', {
      ...options,
      headers: [['X', 'y'], ...(options.headers ?? [])].values() as never, // an iterator, which can be gone through once
      ...(source === undefined ? {} : { body: source }),
    });
    if (again) expect((await clock.promised(call)).status).toBe(200);
    else await expect(clock.promised(call)).rejects.toMatchObject({ code: 'ERR_RETRY', retry, why });
    if (again || why !== 'unsent') await clock.promised(peer.done);
  },
);

test('all that may be lost is lost in these tests', () => {
  expect(cases.filter(({ again }) => again).length).toBeGreaterThan(80);
  expect(cases.filter(({ again }) => !again).length).toBeGreaterThan(120);
});

function pooled(open: Open, options: Partial<PoolOptions> = {}) {
  const clock = new Clock();
  return { clock, pool: new Pool({ open: () => open, timers: clock, ...options }) };
}

/** The same, of a server that answers everything. */
function served() {
  const clock = new Clock();
  return pooled(
    openTo(() => {}, { clock }),
    { timers: clock },
  );
}

test('the body that is sent again is the same', async () => {
  const request = 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc';
  for (const body of ['abc', bytes('abc'), [bytes('ab'), bytes('c')]]) {
    const peer = new ScriptedPeer().expect(request).reset().accept().expect(request).send(ok);
    const { pool } = pooled(peer.open);
    await pool.call('PUT', 'http://x/', { body });
    await peer.done;
  }
});

test('an interim response forbids it, too', async () => {
  const peer = new ScriptedPeer().expectHead({}).send('HTTP/1.1 103 Early Hints\r\n\r\n').reset();
  const { pool } = pooled(peer.open);
  await expect(pool.call('GET', 'http://x/')).rejects.toMatchObject({ retry: 'never', why: 'partial-response' });
  await peer.done;
});

describe('a call is made again', () => {
  test.each([
    ['twice, unless told otherwise', {}, 3],
    ['never with 0', { retry: 0 }, 1],
    ['as often as it is told', { retry: 5 }, 6],
  ])('%s', async (_, options, attempts) => {
    const peer = new ScriptedPeer();
    for (let i = 0; i < attempts; i++)
      peer
        .accept()
        .expectHead({})
        .reset(new Error(`reset ${i + 1}`));
    const { pool } = pooled(peer.open, options);
    await expect(pool.call('GET', 'http://x/')).rejects.toMatchObject({ code: 'ERR_RETRY', why: 'unanswered' });
    await peer.done;
  });

  test('not for an error that is none of the connection', async () => {
    const { pool, clock } = served();
    const body = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error('no more paper')) });
    await expect(pool.call('PUT', 'http://x/', { body })).rejects.toThrow('no more paper');
    await expect(pool.call('GET', 'http://x/', { headers: [['Bad name', 'x']] })).rejects.toMatchObject({
      code: 'ERR_HEAD',
    });
    await pool.close();
    expect(clock.pending).toBe(0);
  });

  test('not for an error of dialling, whatever it says', async () => {
    const lost = new RetryError({
      method: 'X',
      target: 'y',
      retry: 'safe',
      why: 'unsent',
      bytesSent: 0,
      bytesReceived: 0,
    });
    let dials = 0;
    const { pool } = pooled(async () => {
      dials++;
      throw lost;
    });
    await expect(pool.call('GET', 'http://x/')).rejects.toBe(lost);
    expect(dials).toBe(1);
  });

  test('not for an error of dialling, though there is another connection', async () => {
    const lost = new RetryError({
      method: 'X',
      target: 'y',
      retry: 'safe',
      why: 'unsent',
      bytesSent: 0,
      bytesReceived: 0,
    });
    const wires = new Wires();
    const { pool } = pooled((signal) =>
      wires.all.length > 0 ? Promise.reject(lost) : wires.open(new URL('x:'))(signal),
    );
    pool.call('GET', 'http://x/').catch(() => {});
    await quiet();
    await expect(pool.call('GET', 'http://x/')).rejects.toBe(lost);
  });

  test('not where it only waited, though its connection would have been full', async () => {
    const { wires, call } = await warm(1, { retry: 0, maxInFlight: 2 });
    const texts = ['/1', '/2', '/3'].map((path) => call(`GET ${path}`));
    await quiet();
    await wires.at(0).reset();
    await quiet();
    await wires.at(1).receive(ok);
    expect(await Promise.allSettled(texts)).toMatchObject([
      { reason: { why: 'stale-idle' } },
      { reason: { why: 'unanswered' } },
      { value: 'ok' },
    ]);
  });
});

/** A pool with so many idle connections, the last of them used last. */
async function warm(connections: number, options: Partial<PoolOptions> = {}, wires: Wires = new Wires()) {
  const clock = new Clock();
  const pool = new Pool({ open: wires.open, timers: clock, parallel: connections, ...options });
  const calls = Array.from({ length: connections }, () => pool.call('HEAD', 'http://x/'));
  await quiet();
  for (const wire of wires.all) {
    await clock.advance(1);
    await wire.receive(kept);
  }
  await Promise.all(calls);
  wires.take();
  const call = (request: string) => {
    const [method = '', path = ''] = request.split(' ');
    const text = pool.call(method, `http://x${path}`).then(({ body }) => body.text());
    text.catch(() => {});
    return text;
  };
  return { wires, clock, pool, call };
}

describe('where', () => {
  test('after a stale connection it is a fresh one, since others that are idle may be stale, too', async () => {
    const { wires, call } = await warm(2);
    const text = call('GET /1');
    await quiet();
    expect(wires.take()).toEqual(['', 'GET /1']);
    await wires.at(1).reset();
    await quiet();
    expect(wires.take()).toEqual(['', '', 'GET /1']);
    await wires.at(2).receive(ok);
    expect(await text).toBe('ok');
    expect(wires.length).toBe(2);
  });

  test('so it is where the stale connection ended before anything was sent', async () => {
    const { wires, call } = await warm(2, { parallel: 3 });
    void wires.at(1).reset();
    const text = call('POST /1');
    await quiet();
    expect(wires.take()).toEqual(['', '', 'POST /1']);
    await wires.at(2).receive(ok);
    expect(await text).toBe('ok');
  });

  test('and its room is that of the stale one, though others have been lost with it', async () => {
    const { wires, call } = await warm(2);
    const texts = ['/1', '/2', '/3', '/4'].map((path) => call(`GET ${path}`));
    await quiet();
    expect(wires.take()).toEqual(['GET /2, GET /3', 'GET /1, GET /4']);
    await wires.at(0).receive(ok + ok);
    await quiet();
    await wires.at(1).reset();
    await quiet();
    // The first was lost on a reused connection; the other one was behind it, and takes what is idle.
    expect(wires.take()).toEqual(['GET /4', '', 'GET /1']);
    expect(wires.length).toBe(2);
    for (const index of [0, 2]) await wires.at(index).receive(ok);
    expect(await Promise.all(texts)).toEqual(Array(4).fill('ok'));
  });

  test('it is an idle one nevertheless, where no other can be dialled', async () => {
    const wires = new Wires();
    let refuses = false;
    const open = (origin: URL) => (signal: AbortSignal) =>
      refuses ? Promise.reject(new Error('refused')) : wires.open(origin)(signal);
    const { call, clock } = await warm(2, { open, parallel: 3 }, wires);
    refuses = true;
    const texts = [call('POST /1'), call('POST /2')];
    await quiet();
    expect(wires.take()).toEqual(['POST /2', 'POST /1']);
    const [third, get] = [call('POST /3'), call('GET /4')];
    await expect(third).rejects.toThrow('refused');
    await wires.at(0).receive(ok);
    await clock.settle();
    expect(wires.take()).toEqual(['GET /4', '']);
    await wires.at(1).receive(ok);
    await texts[1];
    await wires.at(0).reset();
    await quiet();
    expect(wires.take()).toEqual(['', 'GET /4']);
    await wires.at(1).receive(ok);
    expect(await get).toBe('ok');
  });

  test('it has the room that its loss makes, whoever waits', async () => {
    const { wires, call } = await warm(2);
    const texts = [call('GET /1'), call('GET /2')];
    await quiet();
    expect(wires.take()).toEqual(['GET /2', 'GET /1']);
    const third = call('POST /3');
    await wires.at(1).reset();
    await quiet();
    expect(wires.take()).toEqual(['', '', 'GET /1']);
    await wires.at(2).receive(ok);
    expect(await texts[0]).toBe('ok');
    await quiet();
    expect(wires.take()).toEqual(['', '', 'POST /3']);
    await wires.at(2).receive(ok);
    await wires.at(0).receive(ok);
    expect(await Promise.all([texts[1], third])).toEqual(['ok', 'ok']);
  });

  test('those that were lost together go first, in their order, and each first on its connection', async () => {
    const { wires, call } = await warm(1);
    for (const path of ['/1', '/2', '/3']) call(`GET ${path}`);
    await quiet();
    call('POST /4');
    await quiet();
    expect(wires.take()).toEqual(['GET /1, GET /2, GET /3']);
    await wires.at(0).receive('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    await quiet();
    for (const request of ['GET /2', 'GET /3', 'POST /4']) {
      expect(wires.take()).toEqual(['', request]);
      await wires.at(1).receive(ok);
      await quiet();
    }
  });

  test('a server that closes behind every third response is answered all the same', async () => {
    const clock = new Clock();
    let requests = 0;
    const open = openTo(
      (request) => {
        requests++;
        return { body: request.target };
      },
      { clock, maxRequests: 3 },
    );
    const pool = new Pool({ open: () => open, timers: clock, retry: 1 });
    const targets = Array.from({ length: 100 }, (_, i) => `/${i}`);
    const texts = targets.map(async (target) => (await pool.call('GET', `http://x${target}`)).body.text());
    expect(await clock.promised(Promise.all(texts))).toEqual(targets);
    expect(requests).toBe(100);
    await clock.promised(pool.close());
    expect([open.servings.size, clock.pending]).toEqual([0, 0]);
  });

  test('a server that closes behind every response is asked once for each call', async () => {
    const clock = new Clock();
    const open = openTo((request) => ({ body: request.target }), { clock, maxRequests: 1 });
    const pool = new Pool({ open: () => open, timers: clock, retry: 0 });
    const targets = Array.from({ length: 50 }, (_, i) => `/${i}`);
    const texts = targets.map(async (target) => (await pool.call('POST', `http://x${target}`)).body.text());
    expect(await clock.promised(Promise.all(texts))).toEqual(targets);
  });

  test('it waits for onClosed, as every loss does', async () => {
    let finish: () => void = () => {};
    const { wires, call } = await warm(1, {
      onClosed: () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    });
    const text = call('GET /1');
    await quiet();
    await wires.at(0).reset();
    await quiet();
    expect(wires.all).toHaveLength(1);
    finish();
    await quiet();
    await wires.at(1).receive(ok);
    expect(await text).toBe('ok');
  });
});

describe('a body that can be read once', () => {
  class Source {
    readonly told: unknown[] = [];
    readonly stream: ReadableStream<Uint8Array> = new ReadableStream(
      {
        pull: (controller) => {
          this.told.push('asked');
          controller.enqueue(bytes('abc'));
        },
        cancel: (cause) => void this.told.push(cause),
      },
      { highWaterMark: 0 },
    );
  }

  test('is not touched by an attempt that does not get that far', async () => {
    const source = new Source();
    const peer = new ScriptedPeer()
      .expectHead({ headers: { Expect: '100-continue' } })
      .do(() => expect(source.told).toEqual([]))
      .reset()
      .accept()
      .expectHead({})
      .send('HTTP/1.1 100 Continue\r\n\r\n')
      .expect('abc')
      .send(ok);
    const { pool } = pooled(peer.open);
    await pool.call('PUT', 'http://x/', {
      body: source.stream,
      expectContinue: true,
      headers: [['Content-Length', '3']],
    });
    await peer.done;
  });

  test('is cancelled with the error of the call, if it was never read', async () => {
    const source = new Source();
    const refused = new Error('refused');
    const { pool } = pooled(async () => {
      throw refused;
    });
    await expect(pool.call('PUT', 'http://x/', { body: source.stream })).rejects.toBe(refused);
    expect(source.told).toEqual([refused]);
  });

  test('is cancelled with the error of the call, if it was read', async () => {
    const source = new Source();
    const peer = new ScriptedPeer().expectHead({}).expect('abc').reset();
    const { pool } = pooled(peer.open);
    const call = pool.call('PUT', 'http://x/', { body: source.stream, headers: [['Content-Length', '9']] });
    const error: unknown = await call.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(RetryError);
    expect(source.told.at(-1)).toBe(error);
    await peer.done;
  });

  test('is cancelled when the answer comes without it', async () => {
    const source = new Source();
    const peer = new ScriptedPeer().expectHead({}).send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n');
    const { pool } = pooled(peer.open);
    const options = { body: source.stream, expectContinue: true, headers: [['Content-Length', '3']] as const };
    expect((await pool.call('PUT', 'http://x/', options)).status).toBe(417);
    await quiet();
    expect(source.told).toStrictEqual([undefined]);
  });

  test('is cancelled with the reason, if the call is aborted while it waits', async () => {
    const source = new Source();
    const { pool } = pooled(() => new Promise<never>(() => {}), { parallel: 1 });
    pool.call('GET', 'http://x/').catch(() => {});
    const aborted = new AbortController();
    const call = pool.call('PUT', 'http://x/', { body: source.stream, signal: aborted.signal });
    const reason = new Error('enough');
    aborted.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(source.told).toEqual([reason]);
  });

  test('is iterated once, whatever it is', async () => {
    let iterated = 0;
    const body = {
      [Symbol.iterator]: () => {
        iterated++;
        return [bytes('abc')].values();
      },
    };
    const peer = new ScriptedPeer().expectHead({}).expect('abc').reset();
    const { pool } = pooled(peer.open);
    await expect(pool.call('PUT', 'http://x/', { body })).rejects.toBeInstanceOf(RetryError);
    expect(iterated).toBe(1);
  });

  test('that somebody else reads fails the call', async () => {
    const { pool } = served();
    const stream = streamed('abc');
    stream.getReader();
    await expect(pool.call('PUT', 'http://x/', { body: stream })).rejects.toMatchObject({ name: 'TypeError' });
  });
});
