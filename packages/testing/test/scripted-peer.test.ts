// A peer that follows a script: what it takes for right, what for wrong and how it says so, and its time.

import { Connection, RetryError, serve, type Transport } from '@halfpipe/driver';
import { Clock, ClockError } from '../src/clock.ts';
import type { MemoryTransport } from '../src/memory.ts';
import { bytes, text } from '../src/octets.ts';
import { ScriptError, ScriptedPeer, type ScriptedPeerOptions } from '../src/scripted-peer.ts';

const get = 'GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const url = 'http://a.example/a';

/** The side under test, by hand: what it has got, and what it sends. */
class Side {
  got = '';
  ended: string | null = null;
  closed: { readonly cause: unknown } | null = null;
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.start({
      bytes: (bytes) => {
        this.got += text(bytes);
      },
      end: (eof) => {
        this.ended = eof;
      },
      writable: () => {},
      closed: (cause) => {
        this.closed = { cause };
      },
    });
  }

  static async dial(peer: ScriptedPeer): Promise<Side> {
    return new Side(await peer.open(new AbortController().signal));
  }

  /** Each text is one write. */
  send(...texts: readonly string[]): this {
    for (const each of texts) this.transport.write(bytes(each));
    return this;
  }
}

function failureOf(peer: ScriptedPeer): Promise<ScriptError> {
  return peer.done.then(
    () => {
      throw new Error('The script was followed');
    },
    (error: ScriptError) => error,
  );
}

const settled = () => new Clock().settle();

const chunkings: [string, ScriptedPeerOptions][] = [
  ['whole', {}],
  ['in single bytes', { chunking: 'bytes' }],
  ['in threes', { chunking: 3 }],
  ['in halves', { chunking: (all) => [all.subarray(0, all.length >> 1), all.subarray(all.length >> 1)] }],
];

describe('a client under test', () => {
  test.each(chunkings)('gets what the script says, %s', async (_, options) => {
    const peer = new ScriptedPeer(options)
      .expect(get)
      .send(ok)
      .expectHead({ start: 'PUT /b', headers: { 'content-length': '5' } })
      .expect('hello')
      .send('HTTP/1.1 204 No Content\r\n\r\n')
      .expectEnd();
    const connection = Connection.create(peer.open);
    const first = await connection.call('GET', url);
    expect(await first.body.text()).toBe('hi');
    const second = await connection.call('PUT', '/b', { body: 'hello' });
    expect(second.status).toBe(204);
    connection.shutdown();
    await peer.done;
    expect(peer.failure).toBeNull();
  });

  test('is told by a reset that it did something else', async () => {
    const peer = new ScriptedPeer().expect('GET /b HTTP/1.1\r\n').send(ok);
    const call = Connection.create(peer.open).call('GET', url);
    const error = await failureOf(peer);
    const lost = await call.catch((error) => error);
    expect(lost).toBeInstanceOf(RetryError);
    expect(causesOf(lost)).toContain(error);
  });

  test('tries again where the script lets it fail', async () => {
    const refused = new Error('refused');
    const peer = new ScriptedPeer()
      .refuse(refused)
      .accept()
      .expect(get)
      .reset()
      .accept()
      .expect(get)
      .send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n')
      .reset()
      .accept()
      .expect(get)
      .send(ok);
    const outcomes: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      try {
        const response = await Connection.create(peer.open).call('GET', url);
        outcomes.push(response.status);
        outcomes.push(await response.body.text());
      } catch (error) {
        outcomes.push(error instanceof RetryError ? error.retry : error);
      }
    }
    await peer.done;
    expect(outcomes).toEqual([refused, 'if-idempotent', 200, 'never', 200, 'hi']);
  });
});

function causesOf(error: unknown): unknown[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}

describe('a server under test', () => {
  test.each(chunkings)('answers as the script says, %s', async (_, options) => {
    const peer = new ScriptedPeer(options)
      .send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe')
      .send('llo', { chunking: 'bytes' })
      .expectHead({ start: 'HTTP/1.1 200', headers: { Date: /GMT$/, 'Content-Length': '5', 'Set-Cookie': null } })
      .expect('HELLO')
      .end()
      .expectEnd();
    const serving = serve(peer.transport, async (request) => ({ body: (await request.body.text()).toUpperCase() }));
    await peer.done;
    await serving.done;
  });

  test('has one transport, and more by dialling', async () => {
    const peer = new ScriptedPeer().send('a').accept().send('b');
    const side = new Side(peer.transport);
    expect(peer.transport).toBe(side.transport);
    const other = await Side.dial(peer);
    await peer.done;
    await settled();
    expect([side.got, other.got]).toEqual(['a', 'b']);
  });
});

describe('what is otherwise', () => {
  test('is shown line by line, with CR and LF, and the first byte that differs', async () => {
    const peer = new ScriptedPeer()
      .expect(get)
      .send(ok)
      .expect('POST / HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n');
    const side = await Side.dial(peer);
    side.send(get, 'POST / HTTP/1.1\r\nHost: b.example\nAccept: */*\r\n\r\n');
    const error = await failureOf(peer);
    expect(error.message).toBe(
      [
        'Cannot follow the script at step 3 of 3, expect("POST / HTTP/1.1\\r\\nHost: a.example\\r\\nAccept"… 49 bytes): something else came:',
        '  POST / HTTP/1.1\\r\\n',
        '- Host: a.example\\r\\n',
        '+ Host: b.example\\n',
        '        ^ byte 23',
        '  Accept: */*\\r\\n',
        '  \\r\\n',
      ].join('\n'),
    );
    expect([error.code, error.step, peer.failure]).toEqual(['ERR_SCRIPT', 3, error]);
    await settled();
    expect(side.closed).toEqual({ cause: error });
  });

  test('is shown of a head by what was named', async () => {
    const peer = new ScriptedPeer().expectHead({
      start: 'GET /b',
      headers: { HOST: 'b', Accept: /json/, Cookie: null, X: '1, 2' },
    });
    const side = await Side.dial(peer);
    side.send('GET /a HTTP/1.1\r\nHost:  a \r\nX: 1\r\ncookie: c\r\nx:2\r\n\r\n');
    expect((await failureOf(peer)).message).toBe(
      [
        'Cannot follow the script at step 1 of 1, expectHead(GET /b, HOST, Accept, Cookie, X): another head came:',
        '  start-line: expected "GET /b", received "GET /a HTTP/1.1"',
        '  HOST: expected "b", received "a"',
        '  Accept: expected /json/, received none',
        '  Cookie: expected none, received "c"',
        'in',
        '  GET /a HTTP/1.1\\r\\n',
        '  Host:  a \\r\\n',
        '  X: 1\\r\\n',
        '  cookie: c\\r\\n',
        '  x:2\\r\\n',
        '  \\r\\n',
      ].join('\n'),
    );
  });

  const cause = new Error('The cable is cut');
  test.each<[string, (peer: ScriptedPeer) => ScriptedPeer, (side: Side) => void, number, string]>([
    [
      'an early end',
      (peer) => peer.expect(get),
      (side) => side.send('GET').transport.end(),
      1,
      'the other side has ended; expected 36 bytes, and 3 have come:\n- GET /a HTTP/1.1\\r\\n',
    ],
    [
      'an end within a head',
      (peer) => peer.expectHead({}),
      (side) => side.send('GET /').transport.end(),
      1,
      'the other side has ended; expected a head, and this has come:\n  GET /',
    ],
    [
      'an end before so many bytes',
      (peer) => peer.expectBytes(4),
      (side) => side.send('abc').transport.end(),
      1,
      'the other side has ended; expected 4 bytes, and 3 have come',
    ],
    [
      'a reset',
      (peer) => peer.expect('ab'),
      (side) => side.send('a').transport.destroy(cause),
      1,
      'the connection broke (NetworkError: ',
    ],
    [
      'a reset for an end',
      (peer) => peer.expectEnd(),
      (side) => side.transport.destroy(cause),
      1,
      'the connection broke (NetworkError: ',
    ],
    [
      'an end for a reset',
      (peer) => peer.end().expectReset(),
      (side) => side.transport.end(),
      2,
      'the connection has closed in order',
    ],
    [
      'a byte for an end',
      (peer) => peer.expect('a').expectEnd(),
      (side) => side.send('ab').transport.end(),
      2,
      'this came before the end:\n  b',
    ],
    [
      'a byte too much',
      (peer) => peer.expect('a'),
      (side) => side.send('ab'),
      2,
      'at its end: nobody expects this, which came:\n  b',
    ],
    [
      'a byte behind the connection',
      (peer) => peer.expect('a').end().accept(),
      (side) => side.send('ab'),
      3,
      'nobody expects this, which came:\n  b',
    ],
    [
      'somebody gone',
      (peer) => peer.expectReset().send('a'),
      (side) => side.transport.destroy(cause),
      2,
      'send("a"): the connection is closed',
    ],
    [
      'a script that goes on behind its end',
      (peer) => peer.end().send('a'),
      () => {},
      2,
      'send("a"): the peer has ended',
    ],
    [
      'an action that throws',
      (peer) =>
        peer.do(() => {
          throw cause;
        }),
      () => {},
      1,
      'do(): it failed: Error: The cable is cut',
    ],
    [
      'an action that rejects',
      (peer) => peer.do(() => Promise.reject(cause)),
      () => {},
      1,
      'do(): it failed: Error: The cable is cut',
    ],
  ])('is %s', async (_, write, act, step, message) => {
    for (const [, options] of chunkings) {
      const peer = write(new ScriptedPeer(options));
      act(await Side.dial(peer));
      const error = await failureOf(peer);
      expect(error.message).toContain(message);
      expect(error.step).toBe(step);
    }
  });

  test('is a dial that nobody expects, then and ever after', async () => {
    const peer = new ScriptedPeer().send('a');
    await Side.dial(peer);
    await peer.done;
    const late = await Side.dial(peer).catch((error) => error);
    expect(late).toBeInstanceOf(ScriptError);
    expect(late.message).toBe('Cannot follow the script at its end: nobody expects another connection');
    expect(await Side.dial(peer).catch((error) => error)).toBe(late);
    expect(peer.failure).toBe(late);
  });

  test('is found behind the end of the script too', async () => {
    const peer = new ScriptedPeer().expect('a');
    const side = (await Side.dial(peer)).send('a');
    await peer.done;
    expect([peer.failure, peer.position]).toEqual([null, 'the script is over']);
    side.send('b');
    await settled();
    expect(peer.failure).toMatchObject({ code: 'ERR_SCRIPT', step: 2 });
    expect(side.closed).toEqual({ cause: peer.failure });
  });

  test('is not a second one, nor an unhandled rejection', async () => {
    const peer = new ScriptedPeer().expect('a');
    const side = (await Side.dial(peer)).send('b', 'c');
    await settled(); // the runner fails a test with an unhandled rejection
    const { failure } = peer;
    expect(failure?.message).toContain('^ byte 0');
    expect(peer.position).toBe('the script failed in step 1');
    expect(side.closed).toEqual({ cause: failure });
  });
});

describe('a script', () => {
  test('ends when the other side does', async () => {
    const peer = new ScriptedPeer().expect('a').send('b');
    const side = (await Side.dial(peer)).send('a');
    await peer.done;
    expect(side.ended).toBeNull();
    side.transport.end();
    await settled();
    expect([side.got, side.ended, side.closed]).toEqual(['b', 'clean', { cause: undefined }]);
  });

  test.each(['clean', 'truncated', 'unknown'] as const)('ends in the way that is wanted, %s', async (eof) => {
    const peer = new ScriptedPeer({ far: { eof } }).end();
    const side = await Side.dial(peer);
    await settled();
    expect(side.ended).toBe(eof);
  });

  test('resets when what was sent has been taken', async () => {
    const clock = new Clock();
    const cause = new Error('Out of memory');
    const peer = new ScriptedPeer({ clock, latency: 10, bandwidth: 1_000 }).send('partial').reset(cause);
    const side = await Side.dial(peer);
    await clock.promised(peer.done);
    await clock.run();
    expect(side.got).toBe('partial');
    expect(side.closed).toMatchObject({ cause: { code: 'ERR_RESET', cause } });
  });

  test('takes a reset for what it is, whatever came before', async () => {
    const peer = new ScriptedPeer().expect('a').expectReset();
    const side = (await Side.dial(peer)).send('abc');
    await settled();
    side.transport.destroy(new Error('Enough'));
    await peer.done;
  });

  test('ignores what it is told to, and sees the end', async () => {
    const peer = new ScriptedPeer().expect('a').ignoreRest().send('b').expectEnd();
    const side = (await Side.dial(peer)).send('a', 'c'.repeat(100_000));
    await settled();
    side.send('d').transport.end();
    await peer.done;
    expect(peer.failure).toBeNull();
  });

  test('does what it is told to, in its turn', async () => {
    const did: string[] = [];
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const peer = new ScriptedPeer()
      .expect('a')
      .do(() => did.push('sync'))
      .do(() => gate)
      .do(() => did.push('async'))
      .send('b');
    const side = await Side.dial(peer);
    await settled();
    expect(did).toEqual([]);
    side.send('a');
    await settled();
    expect([...did, side.got]).toEqual(['sync', '']);
    go();
    await peer.done;
    await settled();
    expect([...did, side.got]).toEqual(['sync', 'async', 'b']);
  });

  test('waits in the time of the clock, and reads nothing meanwhile', async () => {
    const clock = new Clock({ start: 0 });
    const peer = new ScriptedPeer({ clock, bufferSize: 4 }).expect('a').wait(60_000).expect('bcdef').send('g').wait(5);
    const side = await Side.dial(peer);
    side.send('a');
    await settled();
    expect(side.transport.write(bytes('bcdef'))).toBe(false);
    await clock.advance(59_999);
    expect((side.transport as MemoryTransport).underWay).toBe(5);
    await clock.advance(1);
    expect([(side.transport as MemoryTransport).underWay, side.got]).toEqual([0, 'g']);
    await clock.promised(peer.done);
    expect(clock.now()).toBe(60_005);
    expect([clock.pending, clock.waiting.size]).toEqual([0, 0]);
  });

  test('reads nothing before a step wants it, and everything when the rest is ignored', async () => {
    const clock = new Clock();
    const peer = new ScriptedPeer({ clock }).wait(10).expect('a').ignoreRest().wait(10);
    const side = await Side.dial(peer);
    const transport = side.transport as MemoryTransport;
    side.send('a');
    await settled();
    expect(transport.underWay).toBe(1);
    await clock.advance(10);
    side.send('bcd');
    await settled();
    expect([transport.underWay, peer.position]).toEqual([
      0,
      'the script is at step 4 of 4, wait(10); nothing has come',
    ]);
    await clock.promised(peer.done);
  });

  test('runs on the platform’s timers where there is no clock', async () => {
    const peer = new ScriptedPeer({ timeout: 60_000 }).wait(1).expect('a');
    (await Side.dial(peer)).send('a');
    await peer.done;
  });

  test('cuts what it sends into pieces', async () => {
    const got: string[] = [];
    const peer = new ScriptedPeer().send('abcde', { chunking: 2 }).send('fg');
    const transport = await peer.open(new AbortController().signal);
    transport.start({ bytes: (piece) => got.push(text(piece)), end: () => {}, writable: () => {}, closed: () => {} });
    await peer.done;
    await settled();
    expect(got).toEqual(['ab', 'cd', 'e', 'fg']);
  });

  test('says where it is, step by step', async () => {
    const peer = new ScriptedPeer()
      .expect(get)
      .do(() => gate)
      .expectEnd();
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const expected = 'expect("GET /a HTTP/1.1\\r\\nHost: a.example\\r\\n\\r\\n")';
    expect(peer.position).toBe(`the script waits for a connection at step 1 of 3, ${expected}`);
    const side = await Side.dial(peer);
    expect(peer.position).toBe(`the script is at step 1 of 3, ${expected}; nothing has come`);
    side.send('GET /a');
    await settled();
    expect(peer.position).toBe(`the script is at step 1 of 3, ${expected}; this has come: "GET /a"`);
    side.send(get.slice(6));
    await settled();
    expect(String(peer)).toBe(`  1. ${expected}\n> 2. do()\n  3. expectEnd()`);
    go();
    side.transport.end();
    await peer.done;
    expect(peer.position).toBe('the script is over');
  });

  test('is not changed when it has begun', async () => {
    const peer = new ScriptedPeer().send('a');
    await Side.dial(peer);
    expect(() => peer.send('b')).toThrow(TypeError);
  });

  test.each<[string, (peer: ScriptedPeer) => unknown]>([
    ['text that is expected and not bytes', (peer) => peer.expect('Ł')],
    ['text that is sent and not bytes', (peer) => peer.send('Ł')],
    ['pieces of nothing', (peer) => peer.send('a', { chunking: 0 })],
  ])('has no %s', (_, write) => {
    expect(() => write(new ScriptedPeer())).toThrow(RangeError);
  });

  test('lets go of a dial that is not wanted any more', async () => {
    const peer = new ScriptedPeer().accept().expect('a').accept().expect('b');
    const first = await Side.dial(peer);
    const controller = new AbortController();
    const reason = new Error('Too late');
    const dial = peer.open(controller.signal);
    controller.abort(reason);
    await expect(dial).rejects.toBe(reason);
    await expect(peer.open(controller.signal)).rejects.toBe(reason);
    first.send('a');
    (await Side.dial(peer)).send('b');
    await peer.done;
  });
});

describe('a script that waits for ever', () => {
  test('is named by the clock that cannot go on', async () => {
    const clock = new Clock({ start: 0 });
    const peer = new ScriptedPeer({ clock }).expectHead({ start: 'GET /' }).send(ok);
    const side = await Side.dial(peer);
    side.send('GET / HT');
    const error = await clock.promised(peer.done).catch((error) => error);
    expect(error).toBeInstanceOf(ClockError);
    expect(error.message).toContain('; the script is at step 1 of 2, expectHead(GET /); this has come: "GET / HT"');
  });

  test('fails after its timeout', async () => {
    const clock = new Clock({ start: 0 });
    const peer = new ScriptedPeer({ clock, timeout: 100 }).wait(1_000).expect('a').expect('b');
    const side = await Side.dial(peer);
    await clock.advance(1_050);
    side.send('a');
    await clock.advance(99);
    expect(peer.failure).toBeNull();
    await clock.advance(1);
    const error = await failureOf(peer);
    expect(error.message).toBe(
      'Cannot follow the script at step 3 of 3, expect("b"): it took longer than 100 ms; the script is at step 3 of 3, expect("b"); nothing has come',
    );
    expect([clock.pending, clock.waiting.size]).toEqual([0, 0]);
  });
});
