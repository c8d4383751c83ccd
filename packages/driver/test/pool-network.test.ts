// A pool over networks that misbehave by seed: each call ends once, with its own answer or an error; nothing that must not be repeated is
// handled twice; and behind close() there is nothing left.

import { type BodySource, type CallOptions, Pool, serve } from '@halfpipe/driver';
import { bytes, Clock, type FaultRates, Network, Random } from '@halfpipe/testing';

const idempotent = new Set(['GET', 'PUT']);

interface Run {
  readonly outcomes: Map<string, number>;
  /** How often the server has begun with each call. */
  readonly handled: ReadonlyMap<string, number>;
  readonly ended: ReadonlyMap<string, number>;
  readonly lostGets: readonly string[];
  readonly clock: Clock;
  readonly network: Network;
}

async function* pieces(text: string): AsyncGenerator<Uint8Array> {
  yield bytes(text.slice(0, 3));
  yield bytes(text.slice(3));
}

function bodyOf(random: Random, text: string): BodySource {
  const kind = random.below(4);
  if (kind === 0) return text;
  if (kind === 1) return bytes(text);
  return kind === 2 ? [bytes(text)] : pieces(text);
}

async function run(seed: number, faults?: Partial<FaultRates>): Promise<Run> {
  const clock = new Clock();
  const network = new Network({ clock, seed, ...(faults === undefined ? {} : { faults }) });
  const random = new Random(seed);
  const handled = new Map<string, number>();
  const ended = new Map<string, number>();
  const outcomes = new Map<string, number>();
  const lostGets: string[] = [];
  const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1);
  const wait = (ms: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, ms));

  const serving = random.fork('server');
  const maxRequests = serving.pick([1, 3, 20, Number.POSITIVE_INFINITY]);
  const open = network.open((far) =>
    serve(
      far,
      async (request) => {
        count(handled, request.target);
        if (serving.chance(0.3)) await wait(serving.below(500));
        const text = serving.chance(0.8) ? await request.body.text() : '';
        const body = `${request.target} ${text}`.padEnd(serving.chance(0.1) ? 100_000 : 0, '.');
        return { body: serving.chance(0.5) ? body : [bytes(body)] };
      },
      { timers: clock, maxRequests, timeouts: { idle: serving.pick([50, 5_000]) } },
    ),
  );
  const pool = new Pool({
    open: () => open,
    timers: clock,
    timeouts: { head: 30_000, body: 30_000 },
    parallel: random.pick([1, 2, 4]),
    depth: random.pick([1, 3, 100]),
    keep: random.pick([0, 1_000, 60_000]),
  });

  const user = async (number: number): Promise<void> => {
    const own = random.fork(number);
    await wait(own.below(3_000));
    const method = own.pick(['GET', 'GET', 'GET', 'PUT', 'POST', 'FROB']);
    const target = `/${method}/${number}`;
    const controller = new AbortController();
    if (own.chance(0.1)) clock.setTimeout(() => controller.abort(new Error('aborted')), own.below(2_000));
    const options: CallOptions = { signal: controller.signal };
    const text = method === 'GET' ? '' : `body of ${number}`;
    if (text !== '') options.body = bodyOf(own, text);
    try {
      const response = await pool.call(method, `http://${own.pick(['a', 'b'])}${target}`, options);
      if (own.chance(0.1)) response.body.cancel();
      else {
        const answer = (await response.body.text()).replace(/\.+$/, '');
        if (response.status === 200 && answer !== `${target} ${text}` && answer !== `${target} `) {
          throw new Error(`another answer: ${answer}`);
        }
      }
      count(outcomes, `answered ${response.status}`);
    } catch (error) {
      if (method === 'GET' && !controller.signal.aborted) lostGets.push(target);
      count(outcomes, error instanceof Error && 'code' in error ? String(error.code) : String(error));
    } finally {
      count(ended, target);
    }
  };
  const users = Array.from({ length: 60 }, (_, number) => user(number));
  await clock.promised(Promise.all(users));
  await clock.promised(pool.close());
  await clock.run();
  return { outcomes, handled, ended, lostGets, clock, network };
}

const all = new Map<string, number>();
let repeated = 0;

test.each(Array.from({ length: 25 }, (_, seed) => seed))('seed %i', async (seed) => {
  const { outcomes, handled, ended, clock, network } = await run(seed);
  expect(ended.size).toBe(60);
  for (const [outcome, times] of outcomes) {
    expect(outcome).toMatch(/^(answered \d+|ERR_\w+|Error: aborted)$/);
    all.set(outcome, (all.get(outcome) ?? 0) + times);
  }
  for (const [target, times] of handled) {
    const [, method = ''] = target.split('/');
    if (times > 1) repeated++;
    expect([target, times <= (idempotent.has(method) ? 3 : 1)]).toEqual([target, true]);
  }
  expect([network.links.size, clock.pending, clock.waiting.size]).toEqual([0, 0, 0]);
});

test('those networks were of use: most calls were answered, and many were made again', () => {
  const answered = all.get('answered 200') ?? 0;
  expect(answered).toBeGreaterThan(25 * 45);
  expect(answered).toBeLessThan(25 * 59);
  expect(all.get('ERR_RETRY') ?? 0).toBeGreaterThan(10);
  expect(repeated).toBeGreaterThan(0);
});

test('over a network with no faults, every GET that is not aborted is answered, however soon the server closes', async () => {
  for (let seed = 1_000; seed < 1_010; seed++) {
    const { lostGets } = await run(seed, {});
    expect([seed, lostGets]).toEqual([seed, []]);
  }
});
