// How a client's connection ends: shutdown, abort, abandon, the peer's end, bytes that nobody asked for; and what is said of it
// (RFC 9112 §9.2, §9.5, §9.6).

import { ClientConnection, type ClientExchange, type ClientOptions, RemoteProtocolError } from '../src/index.ts';
import { ascii, drain, lines, pull } from './pair.ts';

const host = ['Host', 'x'] as const;
const GET = { method: 'GET', target: '/', headers: [host] };
const STREAM = { method: 'POST', target: '/', headers: [host, ['Content-Length', '4']] as const };
const ok = ascii(lines('HTTP/1.1 200 OK', 'Content-Length: 2'));
const hi = ascii('hi');

interface Scene {
  readonly client: ClientConnection;
  readonly exchanges: readonly ClientExchange[];
}

/** The states that a client can be in, each with its events pulled and its output taken. */
const scenes = {
  fresh: () => ({ client: new ClientConnection(), exchanges: [] }),
  idle: () => {
    const client = kept();
    return { client, exchanges: [] };
  },
  'a request that nobody took': () => {
    const client = kept();
    return { client, exchanges: [client.request(GET)] };
  },
  'a request out': () => sent(1),
  'two requests out': () => sent(2),
  'one out and one waiting': () => {
    const client = new ClientConnection();
    const exchanges = [client.request(GET), client.request(GET)];
    drain(client);
    return { client, exchanges };
  },
  'a body going out': () => {
    const client = kept();
    const exchanges = [client.startRequest(STREAM)];
    pull(client);
    drain(client);
    return { client, exchanges };
  },
  'half a head in': () => with_(sent(1), ok.subarray(0, 9)),
  'half a body in': () => with_(sent(1), ok, hi.subarray(0, 1)),
} satisfies Record<string, () => Scene>;

function kept(options?: ClientOptions): ClientConnection {
  const client = new ClientConnection(options);
  client.request(GET);
  drain(client);
  pull(client.receive(ok).receive(hi));
  return client;
}

function sent(count: number): Scene {
  const client = kept();
  const exchanges = Array.from({ length: count }, () => client.request(GET));
  drain(client);
  return { client, exchanges };
}

function with_(scene: Scene, ...bytes: readonly Uint8Array[]): Scene {
  for (const piece of bytes) pull(scene.client.receive(piece));
  return scene;
}

type Ending = readonly [scene: keyof typeof scenes, events: readonly string[], states: readonly string[]];

/** The kinds of event, without messages. */
function short(client: ClientConnection): string[] {
  return pull(client).map((line) => (line.startsWith('lost') ? line : (line.split(/[: ] /)[0] ?? '')));
}

describe('abort() ends at once', () => {
  const gone = 'closed ERR_TRANSPORT';
  test.each<Ending>([
    ['fresh', ['closed'], []],
    ['idle', ['closed'], []],
    ['a request that nobody took', [gone, 'lost safe unsent'], ['lost']],
    ['a request out', [gone, 'lost if-idempotent stale-idle'], ['lost']],
    ['two requests out', [gone, 'lost if-idempotent stale-idle', 'lost if-idempotent unanswered'], ['lost', 'lost']],
    ['one out and one waiting', [gone, 'lost if-idempotent unanswered', 'lost safe unsent'], ['lost', 'lost']],
    ['a body going out', [gone, 'lost if-idempotent stale-idle'], ['lost']],
    ['half a head in', [gone, 'lost never partial-response'], ['lost']],
    ['half a body in', [gone, 'lost never partial-response'], ['lost']],
  ])('%s', (name, events, states) => {
    const { client, exchanges } = scenes[name]();
    client.abort();
    expect(drain(client)).toBe('');
    expect(short(client)).toEqual(events);
    expect(exchanges.map(({ state }) => state)).toEqual(states);
    expect(exchanges.map(({ writable }) => writable)).toEqual(states.map(() => false));
    expect([client.length, client.closed, client.outputEnded, client.finished]).toEqual([0, true, true, true]);
    expect([client.wantsInput, client.deadline]).toEqual([false, Number.POSITIVE_INFINITY]);
    expect(client.persistence).toEqual({ verdict: 'close', reason: 'error' });
    client.abort();
    expect(pull(client.receive(ok))).toEqual([]);
  });

  test('keeps the cause', () => {
    const { client } = scenes['a request out']();
    const cause = new Error('reset');
    client.abort(cause);
    const event = client.nextEvent();
    expect(event?.type === 'closed' && event.error instanceof RemoteProtocolError && event.error.cause).toBe(cause);
  });
});

describe("the peer's end", () => {
  const silent = 'closed ERR_NO_RESPONSE';
  test.each<Ending>([
    ['fresh', ['closed'], []],
    ['idle', ['closed'], []],
    ['a request that nobody took', [silent, 'lost safe unsent'], ['lost']],
    ['a request out', [silent, 'lost if-idempotent stale-idle'], ['lost']],
    ['two requests out', [silent, 'lost if-idempotent stale-idle', 'lost if-idempotent unanswered'], ['lost', 'lost']],
    ['one out and one waiting', [silent, 'lost if-idempotent unanswered', 'lost safe unsent'], ['lost', 'lost']],
    ['a body going out', [silent, 'lost if-idempotent stale-idle'], ['lost']],
    ['half a head in', ['closed ERR_TRUNCATED', 'lost never partial-response'], ['lost']],
    ['half a body in', ['closed ERR_TRUNCATED', 'lost never partial-response'], ['lost']],
  ])('%s', (name, events, states) => {
    const { client, exchanges } = scenes[name]();
    client.receiveEnd();
    expect(short(client)).toEqual(events);
    expect(exchanges.map(({ state }) => state)).toEqual(states);
    expect([client.closed, client.outputEnded, client.finished, drain(client)]).toEqual([true, true, true, '']);
    expect(() => client.request(GET)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
  });

  test('on an idle connection is a reason of its own (RFC 9112 §9.5)', () => {
    const { client } = scenes.idle();
    pull(client.receiveEnd());
    expect(client.persistence).toEqual({ verdict: 'close', reason: 'eof' });
  });

  test('that comes with the last bytes of a response is no loss', () => {
    const { client } = scenes['half a body in']();
    expect(pull(client.receive(hi.subarray(1)).receiveEnd())).toEqual(['data "i"', 'end', 'closed']);
  });
});

describe('shutdown() finishes what is open', () => {
  test.each<[keyof typeof scenes, (scene: Scene) => string[], readonly string[]]>([
    ['fresh', answerAll, ['closed']],
    ['idle', answerAll, ['closed']],
    ['a request that nobody took', answerAll, ['end', 'closed']],
    ['a request out', answerAll, ['end', 'closed']],
    ['two requests out', answerAll, ['end', 'end', 'closed']],
    ['one out and one waiting', answerAll, ['end', 'end', 'closed']],
    [
      'a body going out',
      (scene) => {
        scene.exchanges[0]?.write(ascii('body'));
        scene.exchanges[0]?.end();
        return answerAll(scene);
      },
      ['end', 'closed'],
    ],
    ['half a head in', ({ client }) => short(client.receive(ok.subarray(9)).receive(hi)), ['end', 'closed']],
    ['half a body in', ({ client }) => short(client.receive(hi.subarray(1))), ['end', 'closed']],
  ])('%s', (name, finish, events) => {
    const scene = scenes[name]();
    const { client, exchanges } = scene;
    client.shutdown();
    expect(client.closed).toBe(true);
    expect(() => client.request(GET)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    const seen = finish(scene);
    expect(seen.filter((line) => line === 'end' || line.startsWith('closed') || line.startsWith('lost'))).toEqual(
      events,
    );
    expect(exchanges.every(({ state }) => state === 'done')).toBe(true);
    expect([client.outputEnded, client.finished]).toEqual([true, true]);
  });

  test('says that the output has ended as soon as the last request is out', () => {
    const { client, exchanges } = scenes['a body going out']();
    client.shutdown();
    expect(client.outputEnded).toBe(false);
    exchanges[0]?.write(ascii('body'));
    exchanges[0]?.end();
    expect([client.outputEnded, client.outputSize]).toEqual([true, 4]);
    expect(client.persistence).toEqual({ verdict: 'close', reason: 'shutdown' });
  });

  test('does not end the output while a request waits for the first response', () => {
    const { client } = scenes['one out and one waiting']();
    client.shutdown();
    expect(client.outputEnded).toBe(false);
    pull(client.receive(ok).receive(hi));
    expect([client.outputEnded, client.outputSize > 0]).toEqual([true, true]);
  });

  test('gives up what waits for a verdict that will not come', () => {
    const client = new ClientConnection();
    const exchange = client.startRequest({ method: 'POST', target: '/', headers: [host] });
    client.shutdown();
    expect(pull(client)).toEqual(['closed', 'lost safe unsent']);
    expect(exchange.state).toBe('lost');
  });
});

/** What comes of answers to all that is open and waits. */
function answerAll({ client, exchanges }: Scene): string[] {
  const seen = short(client);
  for (const _ of exchanges) {
    drain(client);
    seen.push(...short(client.receive(ok).receive(hi)));
  }
  return seen;
}

describe('abandon()', () => {
  test('of one that waits takes it out of the queue, and says nothing', () => {
    const { client, exchanges } = scenes['one out and one waiting']();
    exchanges[1]?.abandon();
    expect([exchanges[1]?.state, client.length, pull(client)]).toEqual(['lost', 1, []]);
    pull(client.receive(ok).receive(hi));
    expect([drain(client), client.closed]).toEqual(['', false]);
  });

  test('of the last that waited opens the connection to others again', () => {
    const { client } = scenes['a request out']();
    const last = client.request({ method: 'POST', target: '/', headers: [host, ['Connection', 'close']] });
    expect([last.state, client.closed]).toEqual(['waiting', true]);
    last.abandon();
    expect(client.closed).toBe(false);
  });

  test('of one that waits lets those behind it go', () => {
    const { client } = scenes['a request out']();
    const blocking = client.request({ method: 'POST', target: '/', headers: [host] });
    const behind = client.request(GET);
    expect([blocking.state, behind.state]).toEqual(['waiting', 'waiting']);
    blocking.abandon();
    expect(behind.state).toBe('open');
  });

  test.each<Ending>([
    ['a request that nobody took', ['closed', 'lost safe unsent'], ['lost']],
    ['a request out', ['closed', 'lost if-idempotent stale-idle'], ['lost']],
    [
      'two requests out',
      ['closed', 'lost if-idempotent stale-idle', 'lost if-idempotent unanswered'],
      ['lost', 'lost'],
    ],
    ['a body going out', ['closed', 'lost if-idempotent stale-idle'], ['lost']],
    ['half a body in', ['closed', 'lost never partial-response'], ['lost']],
  ])('of one that is open closes the connection: %s', (name, events, states) => {
    const { client, exchanges } = scenes[name]();
    exchanges[0]?.abandon();
    expect(short(client)).toEqual(events);
    expect(exchanges.map(({ state }) => state)).toEqual(states);
    expect([client.closed, client.finished, drain(client)]).toEqual([true, true, '']);
  });

  test('of one that is done does nothing', () => {
    const { client, exchanges } = scenes['a request out']();
    pull(client.receive(ok).receive(hi));
    exchanges[0]?.abandon();
    expect([pull(client), client.closed, exchanges[0]?.state]).toEqual([[], false, 'done']);
  });
});

describe('bytes that no request asked for (RFC 9112 §9.2)', () => {
  test.each<[string, () => ClientConnection]>([
    ['before the first request', () => new ClientConnection()],
    ['between two requests', () => kept()],
    [
      'while a body of unknown length waits for the verdict',
      () => {
        const client = new ClientConnection();
        client.startRequest({ method: 'POST', target: '/', headers: [host] });
        return client;
      },
    ],
    [
      'behind a request that was abandoned while it waited',
      () => {
        const client = new ClientConnection();
        client.startRequest({ method: 'POST', target: '/', headers: [host] }).abandon();
        return client;
      },
    ],
  ])('close the connection: %s', (_, open) => {
    const client = open();
    client.receive(ascii(lines('HTTP/1.1 408 Request Timeout', 'Content-Length: 0')));
    expect(short(client)[0]).toBe('closed ERR_UNSOLICITED');
    expect([client.closed, client.finished]).toEqual([true, true]);
    expect(drain(client)).toBe('');
  });

  test('that came before a request are not taken for its response', () => {
    const client = kept();
    client.receive(ascii(lines('HTTP/1.1 408 Request Timeout', 'Content-Length: 0')));
    const exchange = client.request(GET);
    expect(drain(client)).toBe('');
    expect(short(client)).toEqual(['closed ERR_UNSOLICITED', 'lost safe unsent']);
    expect(exchange.state).toBe('lost');
  });

  test.each<[string, Parameters<ClientConnection['receive']>[0][]]>([
    ['together', [ascii(lines('HTTP/1.1 200 OK', 'Content-Length: 0').repeat(2))]],
    ['one by one', [ok, hi, ok, hi]],
    ['byte by byte', Array.from(ascii(lines('HTTP/1.1 204 No Content').repeat(2)), (byte) => Uint8Array.of(byte))],
  ])('that come before a byte of the next request was taken are not its response: %s', (_, chunks) => {
    const { client, exchanges } = scenes['a request out']();
    const next = client.request({ method: 'POST', target: '/', headers: [host] });
    const events = chunks.flatMap((chunk) => short(client.receive(chunk)));
    expect(events.slice(-3)).toEqual(['end', 'closed ERR_UNSOLICITED', 'lost safe unsent']);
    expect([exchanges[0]?.state, next.state, drain(client)]).toEqual(['done', 'lost', '']);
  });

  test('are not those to a client that nobody ever drains: its bytes go some other way', () => {
    const client = new ClientConnection({ persistent: true });
    const exchanges = [client.request(GET), client.request(GET)];
    client.receive(ok).receive(hi).receive(ok).receive(hi);
    expect(short(client).slice(-2)).toEqual(['data "hi"', 'end']);
    expect(exchanges.map(({ state }) => state)).toEqual(['done', 'done']);
  });
});

describe('behind a response that says that it is the last, nothing more is sent (RFC 9112 §9.6)', () => {
  const PUT = { method: 'PUT', target: '/put', headers: [host] };
  const NEXT = { method: 'GET', target: '/next', headers: [host] };

  test.each<[string, string]>([
    ['close', lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 2')],
    ['HTTP/1.0', lines('HTTP/1.0 200 OK', 'Content-Length: 2')],
    ['a body until the end', lines('HTTP/1.1 200 OK')],
    ['close in an interim response', lines('HTTP/1.1 103 Early Hints', 'Connection: close')],
  ])('not a request of which nothing was taken: %s', (_, response) => {
    const { client } = scenes['a request out']();
    const next = client.request(NEXT);
    pull(client.receive(ascii(response)));
    expect([drain(client), client.closed]).toEqual(['', true]);
    client.abort();
    expect(pull(client).at(-1)).toBe('lost safe unsent');
    expect(next.state).toBe('lost');
  });

  test.each<[string, boolean, string]>([
    ['of which nothing was taken', false, 'lost safe unsent'],
    ['whose head was taken', true, 'lost if-idempotent behind-close'],
  ])('nor more of a body that streams, %s', (_, taken, lost) => {
    const { client, exchanges } = scenes['a request out']();
    const streaming = client.startRequest({ ...STREAM, method: 'PUT' });
    if (taken) drain(client);
    streaming.write(ascii('bo'));
    client.receive(ascii(lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 2')));
    expect(short(client).map((line) => line.split(' ')[0])).toEqual(['start', 'response']);
    expect([streaming.writable, drain(client)]).toEqual([false, '']);
    expect(() => streaming.write(ascii('dy'))).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    expect(short(client.receive(hi)).slice(1)).toEqual(['end', 'closed ERR_NO_RESPONSE', lost]);
    expect([exchanges[0]?.state, streaming.state]).toEqual(['done', 'lost']);
  });

  test('but what is left of the request that it answers', () => {
    const client = kept();
    client.request(PUT, new Uint8Array(2_000));
    client.request(NEXT);
    client.nextChunk();
    pull(client.receive(ascii(lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 2'))));
    expect(drain(client)).toBe('\0'.repeat(2_000));
    expect(short(client.receive(hi)).filter((line) => !line.startsWith('closed'))).toEqual([
      'data "hi"',
      'end',
      'lost safe unsent',
    ]);
  });

  test('nor what is left of it where it is refused (RFC 9112 §9.5)', () => {
    const client = kept();
    client.request(PUT, new Uint8Array(2_000));
    client.nextChunk();
    pull(client.receive(ascii(lines('HTTP/1.1 413 Too Large', 'Connection: close', 'Content-Length: 2'))));
    expect([drain(client), client.outputSize]).toEqual(['', 0]);
    expect(short(client.receive(hi))).toEqual(['data "hi"', 'end', 'closed']);
  });

  test('an interim response that says close leaves the final one to be read', () => {
    const { client, exchanges } = scenes['a request out']();
    pull(client.receive(ascii(lines('HTTP/1.1 100 Continue', 'Connection: close'))));
    expect(client.persistence).toEqual({ verdict: 'close', reason: 'response-close' });
    expect(short(client.receive(ok).receive(hi)).slice(1)).toEqual(['data "hi"', 'end', 'closed']);
    expect([exchanges[0]?.state, client.finished]).toEqual(['done', true]);
  });
});

describe("behind the peer's end, before it is pulled", () => {
  test('no request is taken on an idle connection', () => {
    const { client } = scenes.idle();
    client.receiveEnd();
    expect([client.closed, client.accepts(GET)]).toEqual([true, false]);
    expect(() => client.request(GET)).toThrow(expect.objectContaining({ code: 'ERR_CLOSED' }));
    expect(short(client)).toEqual(['closed']);
  });

  test('none that waited goes out', () => {
    const { client, exchanges } = scenes['one out and one waiting']();
    client.receive(ok).receive(hi).receiveEnd();
    expect(short(client).slice(-3)).toEqual(['end', 'closed ERR_NO_RESPONSE', 'lost safe unsent']);
    expect([drain(client), exchanges[1]?.state]).toEqual(['', 'lost']);
  });
});

test('closed comes once, before what is lost, whatever happens behind it', () => {
  const { client } = scenes['two requests out']();
  client.receive(ascii('bad'));
  const events = short(client);
  client.shutdown();
  client.abort();
  client.receiveEnd();
  client.advance(1e9);
  expect([...events, ...short(client)].map((line) => line.split(' ')[0])).toEqual(['closed', 'lost', 'lost']);
});
