// A network that misbehaves in the same way each time: where faults happen, what each does, and that a run can be had again.

import { getEventListeners } from 'node:events';
import {
  Connection,
  type Handler,
  type IncomingResponse,
  serve,
  type Transport,
  type TransportSink,
} from '@halfpipe/driver';
import {
  bytes,
  Clock,
  defaultRates,
  type Fault,
  type FaultKind,
  type LinkPlan,
  type MemoryTransport,
  Network,
  pair,
  Random,
  seededSchedule,
  text,
} from '@halfpipe/testing';
import { Listener, listen } from './listener.ts';

const kinds = Object.keys(defaultRates) as FaultKind[];
const never = new AbortController().signal;
const date: [string, string] = ['Date', 'Sun, 22 Nov 2026 12:00:00 GMT'];

describe('a fault in what one side sends:', () => {
  /** Writes to a pair with those faults, and says what comes, and when. */
  async function heard(faults: Fault[], writes: string[], options: LinkPlan = {}) {
    const clock = new Clock({ start: 0 });
    const { near, nearHears, farHears } = listen(pair({ clock, ...options, near: { faults } }), clock);
    for (const write of writes) {
      await clock.advance(1);
      if (near.closed === null) near.write(bytes(write));
    }
    if (near.closed === null) near.end();
    await clock.run();
    const lines = (hears: Listener) => hears.heard.map((line, i) => `${line.replace('bytes ', '')}@${hears.times[i]}`);
    return [lines(farHears), lines(nearHears)];
  }

  test.each<[string, Fault[], string[], string[]]>([
    ['none', [], ['abc@1', 'de@2', 'end clean@2'], []],
    [
      'fragment',
      [
        { kind: 'fragment', at: 1 },
        { kind: 'fragment', at: 3 },
        { kind: 'fragment', at: 4 },
      ],
      ['a@1', 'bc@1', 'd@2', 'e@2', 'end clean@2'],
      [],
    ],
    ['delay of a byte', [{ kind: 'delay', at: 2, ms: 10 }], ['ab@1', 'c@11', 'de@11', 'end clean@11'], []],
    ['delay of the first byte', [{ kind: 'delay', at: 0, ms: 10 }], ['abc@11', 'de@11', 'end clean@11'], []],
    ['delay of the end', [{ kind: 'delay', at: 5, ms: 10 }], ['abc@1', 'de@2', 'end clean@12'], []],
    [
      'delay that is over before it matters',
      [{ kind: 'delay', at: 1, ms: 0.5 }],
      ['a@1', 'bc@1.5', 'de@2', 'end clean@2'],
      [],
    ],
    [
      'two delays at one place',
      [
        { kind: 'delay', at: 1, ms: 5 },
        { kind: 'delay', at: 1, ms: 6 },
      ],
      ['a@1', 'bc@12', 'de@12', 'end clean@12'],
      [],
    ],
    ['stall', [{ kind: 'stall', at: 4, ms: 60_000 }], ['abc@1', 'd@2', 'e@60002', 'end clean@60002'], []],
    ['coalesce', [{ kind: 'coalesce', at: 1, ms: 10 }], ['a@1', 'bcde@11', 'end clean@11'], []],
    [
      'coalesce up to the next fault',
      [
        { kind: 'coalesce', at: 1, ms: 10 },
        { kind: 'fragment', at: 4 },
      ],
      ['a@1', 'bcd@11', 'e@11', 'end clean@11'],
      [],
    ],
    ['coalesce of one piece', [{ kind: 'coalesce', at: 4, ms: 10 }], ['abc@1', 'd@2', 'e@12', 'end clean@12'], []],
    ['coalesce of nothing but the end', [{ kind: 'coalesce', at: 5, ms: 10 }], ['abc@1', 'de@2', 'end clean@12'], []],
    ['half-close', [{ kind: 'half-close', at: 4 }], ['abc@1', 'd@2', 'end clean@2'], []],
    ['half-close before all', [{ kind: 'half-close', at: 0 }], ['end clean@0'], []],
    ['half-close behind all', [{ kind: 'half-close', at: 5 }], ['abc@1', 'de@2', 'end clean@2'], []],
    ['truncate', [{ kind: 'truncate', at: 1 }], ['a@1', 'end truncated@1'], []],
    ['truncate of another kind', [{ kind: 'truncate', at: 1, eof: 'unknown' }], ['a@1', 'end unknown@1'], []],
    ['reset', [{ kind: 'reset', at: 3 }], ['abc@1', 'closed ERR_RESET@1'], ['closed ERR_RESET@1']],
    ['reset before all', [{ kind: 'reset', at: 0 }], ['closed ERR_RESET@0'], ['closed ERR_RESET@0']],
    ['reset behind all', [{ kind: 'reset', at: 5 }], ['abc@1', 'de@2', 'closed ERR_RESET@2'], ['closed ERR_RESET@2']],
    ['reset that is not reached', [{ kind: 'reset', at: 6 }], ['abc@1', 'de@2', 'end clean@2'], []],
    [
      'delay and reset at one place',
      [
        { kind: 'delay', at: 3, ms: 9 },
        { kind: 'reset', at: 3 },
      ],
      ['abc@1', 'closed ERR_RESET@11'],
      ['closed ERR_RESET@11'],
    ],
    [
      'what comes behind the last',
      [
        { kind: 'half-close', at: 1 },
        { kind: 'reset', at: 1 },
      ],
      ['a@1', 'end clean@1'],
      [],
    ],
  ])('%s', async (_, faults, far, near) => {
    expect(await heard(faults, ['abc', 'de'])).toEqual([far, near]);
  });

  test('a delay begins when the byte would have arrived, not when the one before it has', async () => {
    const clock = new Clock({ start: 0 });
    const faults: Fault[] = [{ kind: 'delay', at: 1, ms: 10 }];
    const { near, farHears } = listen(pair({ clock, latency: 3, near: { faults } }), clock);
    near.write(bytes('a'));
    await clock.advance(100);
    near.write(bytes('b'));
    await clock.run();
    expect(farHears.times).toEqual([3, 113]);
  });

  test('coalesces once', async () => {
    const clock = new Clock();
    const faults: Fault[] = [{ kind: 'coalesce', at: 0, ms: 10 }];
    const { near, farHears } = listen(pair({ clock, near: { faults } }), clock);
    for (let i = 0; i < 2; i++) {
      for (const piece of ['a', 'b', 'c']) near.write(bytes(piece));
      await clock.run();
    }
    expect(farHears.heard).toEqual(['bytes abc', 'bytes a', 'bytes b', 'bytes c']);
  });

  test('does not happen while the reader holds back, unless it is a reset', async () => {
    const clock = new Clock({ start: 0 });
    for (const kind of ['half-close', 'reset'] as const) {
      const { near, far, farHears } = listen(pair({ clock, near: { faults: [{ kind, at: 2 }] } }), clock);
      farHears.reaction = () => far.pause();
      near.write(bytes('abcd'));
      await clock.run();
      const reset = kind === 'reset';
      expect(farHears.heard).toEqual(reset ? ['bytes ab', 'closed ERR_RESET'] : ['bytes ab']);
      far.resume();
      await clock.run();
      expect(farHears.heard[1]).toBe(reset ? 'closed ERR_RESET' : 'end clean');
    }
  });
});

describe.each<Fault['kind']>(['reset', 'half-close', 'truncate'])(
  'a %s that finds nobody, since the reader has just let go',
  (kind) => {
    test.each([
      ['ab', ['end clean', 'closed']],
      ['abcd', ['end clean', 'closed ERR_RESET']],
    ])('behind %s', async (sent, heard) => {
      const clock = new Clock();
      const faults = [{ kind, at: 2 } as Fault]; // One of those without `ms`.
      const { near, far, nearHears, farHears } = listen(pair({ clock, near: { faults } }), clock);
      farHears.reaction = (line) => line.startsWith('bytes') && far.destroy();
      near.write(bytes(sent));
      await clock.run();
      if (near.closed === null) near.end();
      await clock.run();
      expect(farHears.heard).toEqual(['bytes ab', 'closed']);
      expect(nearHears.heard).toEqual(heard);
    });
  },
);

test('a stall of a year is longer than any timer', async () => {
  const clock = new Clock({ start: 0 });
  const { near, farHears } = listen(pair({ clock, faults: [{ kind: 'stall', at: 0, ms: 365 * 86_400_000 }] }), clock);
  near.write(bytes('a'));
  await clock.run(undefined, Infinity);
  expect([farHears.heard, clock.now()]).toEqual([['bytes a'], 31_536_000_000]);
});

describe('each fault at each byte', () => {
  interface Exchange {
    readonly handler: Handler;
    readonly call: (connection: Connection) => Promise<IncomingResponse>;
    readonly body: string;
    /** How many bytes of the request bring the handler. */
    readonly head: number;
  }

  const exchanges: [string, Exchange][] = [
    [
      'GET, answered with a length',
      {
        handler: () => ({ body: 'hello', headers: [date] }),
        call: (connection) => connection.call('GET', 'http://x/'),
        body: 'hello',
        head: 27,
      },
    ],
    [
      'POST, both bodies in chunks',
      {
        handler: async ({ body }) => ({ body: [bytes('got '), await body.bytes()], headers: [date] }),
        call: (connection) => connection.call('POST', 'http://x/', { body: ['ab', 'c'].map(bytes) }),
        body: 'got abc',
        head: 56,
      },
    ],
  ];

  interface Outcome {
    /** The body, or another status, or the code of the error with the verdict on repeating the call. */
    readonly result: string;
    /** Requests that reached the handler. */
    readonly handled: number;
    readonly time: number;
    /** What arrived of what each side sent, in bytes. */
    readonly arrived: { readonly near: number; readonly far: number };
  }

  /** Does the exchange on a network with that plan. Whatever goes wrong, it comes to an end, and leaves nothing behind. */
  async function run({ handler, call, body }: Exchange, plan: LinkPlan): Promise<Outcome> {
    const clock = new Clock({ start: 0 });
    const network = new Network({ clock, schedule: () => ({ latency: 5, ...plan }) });
    let handled = 0;
    const sides: MemoryTransport[] = [];
    const open = network.open((far) => {
      sides.push(far);
      const counted: Handler = (request) => {
        handled++;
        return handler(request);
      };
      serve(far, counted, { timers: clock, timeouts: { head: 20_000, body: 20_000 } });
    });
    const timeouts = { head: 30_000, body: 30_000 };
    const dial = async (signal: AbortSignal) => {
      const near = await open(signal);
      sides.push(near);
      return near;
    };
    const connection = Connection.create(dial, { timers: clock, persistent: true, timeouts });
    const answered = call(connection).then(async (response) => {
      const received = await response.body.text();
      return response.status === 200 ? received : `${response.status}`;
    });
    const result = await clock.promised(
      answered.catch(({ code, retry }: { code: string; retry?: string }) => (retry === undefined ? code : retry)),
    );
    const time = clock.now();
    connection.close();
    await clock.run();
    expect([network.links.size, clock.pending, clock.waiting.size]).toEqual([0, 0, 0]);
    // Whole, or not at all.
    expect([body, '400', '408', 'if-idempotent', 'never']).toContain(result);
    const [near = 0, far = 0] = sides.map(({ bytesRead }) => bytesRead);
    return { result, handled, time, arrived: { near, far } };
  }

  /** What becomes of the exchange if it happens before the first byte, before the last, and behind it; `ok` is as without it. */
  const expected: [Fault['kind'], 'near' | 'far', before: string, within: string, behind: string][] = [
    ['fragment', 'near', 'ok', 'ok', 'ok'],
    ['fragment', 'far', 'ok', 'ok', 'ok'],
    ['coalesce', 'near', 'ok', 'ok', 'ok'],
    ['coalesce', 'far', 'ok', 'ok', 'ok'],
    ['delay', 'near', 'ok', 'ok', 'ok'],
    ['delay', 'far', 'ok', 'ok', 'ok'],
    // The server has had enough of an idle connection after 5 seconds, and of half a request after 20.
    ['stall', 'near', 'if-idempotent', '408', 'ok'],
    ['stall', 'far', 'if-idempotent', 'never', 'ok'],
    ['half-close', 'near', 'if-idempotent', '400', 'ok'],
    ['half-close', 'far', 'if-idempotent', 'never', 'ok'],
    ['truncate', 'near', 'if-idempotent', '400', 'ok'],
    ['truncate', 'far', 'if-idempotent', 'never', 'ok'],
    // The request has arrived, and the answer is lost.
    ['reset', 'near', 'if-idempotent', 'if-idempotent', 'if-idempotent'],
    ['reset', 'far', 'if-idempotent', 'never', 'ok'],
  ];

  describe.each(exchanges)('of a %s:', (_, exchange) => {
    test.each(expected)('%s of what %s sends', async (kind, side, before, within, behind) => {
      const plain = await run(exchange, {});
      expect(plain).toMatchObject({ result: exchange.body, handled: 1, time: 10 });
      const size = plain.arrived[side];
      for (let at = 0; at <= size + 1; at++) {
        const fault = { kind, at, ms: kind === 'stall' ? 1e6 : 50 } as Fault; // `ms` is for some of them.
        const outcome = await run(exchange, { [side]: { faults: [fault] } });
        const result = at === 0 ? before : at < size ? within : at === size ? behind : 'ok';
        const isHold = kind === 'delay' || kind === 'coalesce';
        const handled = kind === 'reset' && at === 0 ? 0 : side === 'far' || isHold || at >= exchange.head ? 1 : 0;
        expect({ at, ...outcome }).toMatchObject({
          at,
          result: result === 'ok' ? exchange.body : result,
          handled: kind === 'fragment' ? 1 : handled,
          ...(result === 'ok' ? { time: isHold && at < size ? 60 : 10 } : {}),
        });
        if (/half|trunc|reset/.test(kind)) expect(outcome.arrived[side]).toBe(Math.min(at, size));
      }
    });
  });
});

describe('a schedule', () => {
  const taken = (faults: Iterable<Fault> | undefined) => [...(faults ?? [])];

  test('is decided by the seed, and can be looked at more than once', () => {
    const plans = (seed: number) =>
      Array.from({ length: 50 }, (_, link) => {
        const { near, far, ...plan } = seededSchedule(seed)(link);
        return { ...plan, near: taken(near?.faults), far: taken(far?.faults) };
      });
    expect(plans(1)).toEqual(plans(1));
    expect(plans(1)).not.toEqual(plans(2));
    const schedule = seededSchedule(1);
    expect(taken(schedule(49).far?.faults)).toEqual(plans(1)[49]?.far);
    expect(taken(schedule(3).near?.faults)).toEqual(plans(1)[3]?.near);
    const { near } = schedule(3);
    expect(taken(near?.faults)).toEqual(taken(near?.faults));
  });

  test('has its faults in order, within 128 KiB, each kind as often as the rates say', () => {
    const counts = new Map(kinds.map((kind) => [kind, 0]));
    const count = (kind: FaultKind) => counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const rates = { ...defaultRates, fragment: 0.05, 'half-close': 0.5, truncate: 1, refuse: 0.25, coalesce: 0 };
    const schedule = seededSchedule(5, rates);
    for (let link = 0; link < 1_000; link++) {
      const { dial, latency = -1, near, far } = schedule(link);
      expect(latency).toBeGreaterThanOrEqual(0);
      expect(latency).toBeLessThan(32);
      if (dial !== undefined) count(dial.kind);
      for (const faults of [taken(near?.faults), taken(far?.faults)]) {
        for (const kind of new Set(faults.map(({ kind }) => kind))) count(kind);
        const places = faults.map(({ at }) => at);
        expect(places).toEqual([...places].sort((one, other) => one - other));
        expect(places.every((at) => Number.isInteger(at) && at >= 0 && at < 128 * 1024)).toBe(true);
      }
    }
    for (const kind of kinds) {
      const of = kind === 'refuse' ? 1_000 : kind === 'slow-dial' ? 1_000 * (1 - rates.refuse) : 2_000;
      expect(Math.abs((counts.get(kind) ?? 0) - of * rates[kind])).toBeLessThanOrEqual(of * 0.03);
    }
  });

  test('leaves each kind where it is when another happens more often, or not at all', () => {
    const all = Object.fromEntries(kinds.map((kind) => [kind, 1]));
    for (const kind of ['fragment', 'coalesce', 'delay', 'stall', 'half-close', 'truncate', 'reset'] as const) {
      const [with_, alone] = [seededSchedule(3, all), seededSchedule(3, { [kind]: 0.9 })];
      for (let link = 0; link < 20; link++) {
        const wanted = taken(alone(link).near?.faults);
        if (wanted.length > 0)
          expect(taken(with_(link).near?.faults).filter((fault) => fault.kind === kind)).toEqual(wanted);
      }
    }
  });

  test('keeps its places, however the bytes are written', async () => {
    const random = new Random(1);
    const content = Uint8Array.from({ length: 4_000 }, () => random.below(256));
    const schedule = seededSchedule(8, { ...defaultRates, fragment: 0.3, reset: 0.3, truncate: 0.3 });
    const writes: ((at: number) => number)[] = [
      () => 30_000,
      () => 1,
      () => 7,
      (at) => 1 + (at % 1_000),
      () => random.below(3_000),
    ];
    for (let link = 0; link < 25; link++) {
      const faults = taken(schedule(link).near?.faults);
      const last = faults.find(({ kind }) => /half|trunc|reset/.test(kind))?.at ?? Infinity;
      const reach = Math.min(last, content.length);
      const places = faults.map(({ at }) => at).filter((at) => at > 0 && at < reach);
      for (const size of writes) {
        const clock = new Clock();
        const { near, far, farHears } = listen(pair({ clock, near: { faults } }), clock);
        for (let at = 0; at < content.length && near.closed === null; ) {
          const piece = content.subarray(at, at + size(at));
          near.write(piece);
          at += piece.length;
          if (random.chance(0.01)) await clock.advance(random.below(100));
        }
        await clock.run();
        expect(far.bytesRead).toBe(reach);
        expect(farHears.received).toBe(text(content.subarray(0, reach)));
        let at = 0;
        const bounds = new Set(farHears.sizes.map((length) => (at += length)));
        expect(places.filter((place) => !bounds.has(place))).toEqual([]);
      }
    }
  }, 30_000);
});

describe('a network', () => {
  /** Tells a log what passes. */
  class Tapped implements Transport {
    readonly halfClose = true;
    readonly #transport: Transport;
    readonly #note: (line: string) => void;

    constructor(transport: Transport, note: (line: string) => void) {
      this.#transport = transport;
      this.#note = note;
    }

    start(sink: TransportSink): void {
      this.#transport.start({
        bytes: (bytes) => {
          this.#note(text(bytes));
          sink.bytes(bytes);
        },
        end: (eof) => {
          this.#note(eof);
          sink.end(eof);
        },
        writable: () => sink.writable(),
        closed: (cause) => {
          this.#note(`closed ${cause}`);
          sink.closed(cause);
        },
      });
    }

    write(bytes: Uint8Array): boolean {
      return this.#transport.write(bytes);
    }
    pause(): void {
      this.#transport.pause();
    }
    resume(): void {
      this.#transport.resume();
    }
    end(): void {
      this.#transport.end();
    }
    destroy(cause?: unknown): void {
      this.#transport.destroy(cause);
    }
  }

  /** Some clients, each with calls of several kinds; gives everything that could be seen of it. */
  async function run(seed: number, calls = 300, faults = defaultRates) {
    const clock = new Clock();
    const network = new Network({ clock, seed, faults });
    const log: string[] = [];
    let links = 0;
    const open = network.open((far) => {
      const number = links++;
      const tapped = new Tapped(far, (line) => log.push(`${clock.now()} ${number} ${line}`));
      const handler: Handler = async ({ target, body }) => {
        if (target === '/slow') await new Promise<void>((resolve) => void clock.setTimeout(resolve, 50));
        return { body: [bytes(`${target} `), await body.bytes()], headers: [date] };
      };
      serve(tapped, handler, { timers: clock });
    });
    let left = calls;
    const client = async (name: number) => {
      while (left > 0) {
        const connection = Connection.create(open, { timers: clock, timeouts: { head: 60_000 } });
        for (let i = 0; i < 10 && left > 0 && !connection.closed; i++) {
          const target = left-- % 5 === 0 ? '/slow' : `/${name}`;
          const body = 'x'.repeat((left * 37) % 3_000);
          try {
            const response = await connection.call('POST', `http://x${target}`, { body });
            const received = await response.body.text();
            if (response.status === 200) expect(received).toBe(`${target} ${body}`);
            log.push(`${clock.now()} client ${name} ${response.status}`);
          } catch (error) {
            log.push(`${clock.now()} client ${name} ${String(error)}`);
          }
        }
        connection.shutdown();
      }
    };
    await clock.promised(Promise.all([1, 2, 3, 4, 5].map(client)));
    await clock.run();
    expect(network.links.size).toBe(0);
    expect(clock.pending).toBe(0);
    return { log, faults: network.faults, dialled: network.dialled };
  }

  test('does the same again for the same seed, and something else for another', async () => {
    const [one, again, other] = [await run(1), await run(1), await run(2)];
    expect(again.log.join('\n') === one.log.join('\n')).toBe(true);
    expect(again.faults).toEqual(one.faults);
    expect(other.log.join('\n') === one.log.join('\n')).toBe(false);
    expect(one.log.length).toBeGreaterThan(500);
    expect(one.log.filter((line) => line.endsWith(' 200')).length).toBeGreaterThan(200);
  }, 30_000);

  test('counts what has happened, and everything happens', async () => {
    const total = new Map(kinds.map((kind) => [kind, 0]));
    const often = { ...defaultRates, stall: 0.1, 'half-close': 0.1, truncate: 0.1, reset: 0.1, refuse: 0.1 };
    let dialled = 0;
    for (let seed = 10; seed < 25; seed++) {
      const result = await run(seed, 50, often);
      expect([...result.faults.keys()]).toEqual(kinds);
      for (const [kind, count] of result.faults) total.set(kind, (total.get(kind) ?? 0) + count);
      dialled += result.dialled;
    }
    expect([...total].filter(([, count]) => count === 0)).toEqual([]);
    expect(dialled).toBeGreaterThan(100);
  }, 30_000);

  test('without faults is as good as a pair', async () => {
    const clock = new Clock();
    const network = new Network({ clock, faults: {} });
    const connection = Connection.create(
      network.open((far) => serve(far, () => ({ body: 'ok' }), { timers: clock })),
      { timers: clock },
    );
    for (let i = 0; i < 50; i++) {
      const response = await clock.promised(connection.call('GET', 'http://x/'));
      expect(await response.body.text()).toBe('ok');
    }
    expect([...network.faults.values()].every((count) => count === 0)).toBe(true);
    expect([network.dialled, network.links.size]).toEqual([1, 1]);
    connection.close();
    await clock.run();
    expect(network.links.size).toBe(0);
  });

  test('has a link as long as one of its sides has not closed', async () => {
    const clock = new Clock();
    const network = new Network({ clock, faults: {} });
    const near = await network.open((far) => far.start(new Listener()))(never);
    near.destroy();
    await clock.run();
    const [link] = network.links;
    expect([near.closed, link?.far.closed, link?.number]).toEqual([{ cause: undefined }, null, 0]);
    link?.far.end();
    await clock.run();
    expect(network.links.size).toBe(0);
  });

  test('refuses a dial, and takes its time for another, where its schedule says so', async () => {
    const clock = new Clock({ start: 0 });
    const dials: LinkPlan['dial'][] = [{ kind: 'refuse' }, { kind: 'slow-dial', ms: 70_000 }, undefined];
    const network = new Network({ clock, schedule: (link) => ({ dial: dials[link] }) });
    const accepted: number[] = [];
    const open = network.open(() => accepted.push(clock.now()));
    await expect(open(never)).rejects.toMatchObject({ name: 'NetworkError', code: 'ERR_REFUSED' });
    await clock.promised(open(never));
    expect(getEventListeners(never, 'abort')).toEqual([]);
    await open(never);
    expect(accepted).toEqual([70_000, 70_000]);
    expect(network.dialled).toBe(3);
    expect([...network.faults].filter(([, count]) => count > 0)).toEqual([
      ['refuse', 1],
      ['slow-dial', 1],
    ]);
  });

  test('does not go on dialling for somebody who has given up', async () => {
    const clock = new Clock();
    const network = new Network({ clock, schedule: () => ({ dial: { kind: 'slow-dial', ms: 5_000 } }) });
    const accepted: Transport[] = [];
    const open = network.open((far) => accepted.push(far));
    const controller = new AbortController();
    const dialled = open(controller.signal);
    controller.abort(new Error('changed my mind'));
    await expect(dialled).rejects.toThrow('changed my mind');
    await expect(open(controller.signal)).rejects.toThrow('changed my mind');
    expect([clock.pending, accepted.length, network.dialled]).toEqual([0, 0, 1]);
  });

  test('tells who is stuck what its links are waiting for', async () => {
    const clock = new Clock();
    const network = new Network({ clock, schedule: () => ({}) });
    const open = network.open((far) => far.pause());
    const near = await open(never);
    near.write(bytes('hello'));
    await expect(clock.promised(new Promise(() => {}))).rejects.toThrow(
      'has not come; link 0: near open with 5 bytes under way, far open and paused',
    );
    near.destroy();
    for (const { far } of network.links) far.destroy();
    await expect(clock.promised(new Promise(() => {}))).rejects.toThrow(/has not come$/);
  });
});
