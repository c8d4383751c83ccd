// The hand-over of a transport to another protocol, on either side (RFC 9110 §7.8, §9.3.6).

import { Connection, type EndOfInput, serve, type Transport, type TransportSink } from '@halfpipe/driver';
import { bytes, Clock, pair, text } from '@halfpipe/testing';
import { Bare, cuts, quiet, Wire } from './wire.ts';

/** The new owner: notes what it is told. */
class Owner implements TransportSink {
  readonly told: string[] = [];
  received = '';
  onBytes: (() => void) | null = null;

  bytes(bytes: Uint8Array): void {
    this.received += text(bytes);
    this.onBytes?.();
  }

  end(eof: EndOfInput): void {
    this.told.push(`end ${eof}`);
  }

  writable(): void {
    this.told.push('writable');
  }

  closed(cause?: unknown): void {
    this.told.push(`closed ${String(cause)}`);
  }
}

function present(transport: Transport | null | undefined): Transport {
  if (!transport) throw new Error('no transport');
  return transport;
}

const ask: [string, string][] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'raw'],
];
const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n';
const upgradeRequest = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: raw, other\r\n\r\n';

describe.each(cuts)('a client whose bytes are cut %s', (_, cut) => {
  test.each<[string, string, string, string]>([
    ['101', 'GET', 'http://x/', switching],
    ['a 2xx to CONNECT', 'CONNECT', 'x:443', 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('gets the transport after %s, the leftover first and once', async (_name, method, url, head) => {
    const wire = new Wire({ cut });
    const clock = new Clock();
    const closed: string[] = [];
    const connection = Connection.create(wire.open, { timers: clock, onClosed: () => void closed.push('closed') });
    const call = connection.call(method, url, method === 'GET' ? { headers: ask } : {});
    const waiting = connection.call('GET', 'http://x/').catch((error: unknown) => error);
    await quiet();
    wire.take();
    await wire.receive(`${head}left`);
    const response = await call;
    expect(closed).toEqual(['closed']);
    expect(connection).toMatchObject({ closed: true, length: 0 });
    expect(await waiting).toMatchObject({ retry: 'safe', why: 'unsent' });
    expect(await response.body.text()).toBe('');
    const transport = present(response.upgrade);
    expect(wire.near.paused).toBe(true);
    await wire.receive('over ');
    const owner = new Owner();
    transport.start(owner);
    await quiet();
    expect(owner.received).toBe('leftover ');
    expect(wire.near.paused).toBe(false);
    await wire.receive('and more');
    expect(owner.received).toBe('leftover and more');
    expect(transport.write(bytes('ping'))).toBe(true);
    expect(wire.sent).toBe('ping');
    transport.end();
    expect(wire.near.ended).toBe(true);
    await wire.receiveEnd();
    expect(owner.told).toEqual(['end clean', 'closed undefined']);
    expect(clock.pending).toBe(0);
    await connection[Symbol.asyncDispose]();
    expect(wire.near.destroyed).toBeNull();
  });
});

describe.each(cuts)('a client whose request goes on behind 101, and whose bytes are cut %s', (_, cut) => {
  test.each<[string, (wire: Wire) => Promise<void>, string[]]>([
    ['an end', (wire) => wire.receiveEnd(), ['end clean']],
    ['nothing more', () => Promise.resolve(), []],
  ])('is told of %s that came meanwhile, by the transport that it gets', async (_name, end, told) => {
    const wire = new Wire({ cut });
    const connection = await Connection.connect(wire.open, { timers: new Clock() });
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    async function* body() {
      yield bytes('ab');
      await finished;
      yield bytes('c');
    }
    const headers: [string, string][] = [...ask, ['Content-Length', '3']];
    const call = connection.call('POST', 'http://x/', { headers, body: body() });
    await quiet();
    await wire.receive(switching);
    await end(wire);
    finish();
    const owner = new Owner();
    present((await call).upgrade).start(owner);
    await quiet();
    expect([owner.received, owner.told]).toEqual(['', told]);
    expect(wire.sent).toMatch(/\r\n\r\nabc$/);
  });
});

test('a transport that went while it was asked for says so to its new owner', async () => {
  const bare = new Bare();
  const owner = new Owner();
  serve(
    bare,
    (request) => {
      bare.sink.closed('why');
      request.upgrade().start(owner);
    },
    { timers: new Clock() },
  );
  bare.receive(`${upgradeRequest}left`);
  await quiet();
  expect([owner.received, owner.told]).toEqual(['left', ['closed why']]);
});

test('a response that does not switch has no transport', async () => {
  const wire = new Wire();
  const connection = Connection.create(wire.open, { timers: new Clock() });
  const call = connection.call('GET', 'http://x/', { headers: ask });
  await quiet();
  await wire.receive('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  const response = await call;
  expect(response.upgrade).toBeNull();
  expect(await response.body.text()).toBe('ok');
});

describe.each(cuts)('a server whose bytes are cut %s', (_, cut) => {
  test('hands the transport over, usable at once, the leftover first and once', async () => {
    const wire = new Wire({ cut });
    const clock = new Clock();
    const owner = new Owner();
    const serving = serve(
      wire.near,
      (request) => {
        const transport = request.upgrade([['X', '1']]);
        transport.start(owner);
        expect(transport.write(bytes('hello'))).toBe(false);
        owner.onBytes = () => {
          if (owner.received.endsWith('!')) transport.write(bytes('bye'));
        };
      },
      { timers: clock },
    );
    await wire.receive(`${upgradeRequest}left`);
    await serving.done;
    await wire.receive('over!');
    expect(wire.sent).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\nX: 1\r\n\r\nhellobye',
    );
    expect(owner.received).toBe('leftover!');
    expect(owner.told).toEqual(['writable']);
    expect(clock.pending).toBe(0);
    await wire.reset(new Error('reset'));
    expect(owner.told).toEqual(['writable', 'closed Error: reset']);
  });

  test('tells the new owner of an end that came before the switch, behind the leftover', async () => {
    const wire = new Wire({ cut });
    const owner = new Owner();
    let answer = () => {};
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    serve(
      wire.near,
      async (request) => {
        await asked;
        request.upgrade().start(owner);
      },
      { timers: new Clock() },
    );
    await wire.receive(upgradeRequest);
    await wire.receiveEnd();
    answer();
    await quiet();
    expect([owner.received, owner.told]).toEqual(['', ['end clean']]);
  });

  test('answers CONNECT with 200 and a tunnel', async () => {
    const wire = new Wire({ cut });
    const owner = new Owner();
    serve(
      wire.near,
      async (request) => {
        await null;
        request.upgrade().start(owner);
      },
      { timers: new Clock() },
    );
    await wire.receive('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nearly');
    await quiet();
    expect(wire.sent).toMatch(/^HTTP\/1\.1 200 OK\r\nDate: [^\r]+\r\n\r\n$/);
    expect(owner.received).toBe('early');
  });
});

describe('upgrade', () => {
  test('that was not asked for throws, and the handler may still answer', async () => {
    const wire = new Wire();
    serve(
      wire.near,
      (request) => {
        expect(() => request.upgrade()).toThrow(expect.objectContaining({ name: 'LocalProtocolError' }));
        return { status: 400 };
      },
      { timers: new Clock() },
    );
    await wire.receive('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(wire.sent).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('is the only way to answer CONNECT with 2xx: a reply is a 500', async () => {
    const wire = new Wire();
    serve(wire.near, () => ({ body: 'not a tunnel' }), { timers: new Clock() });
    await wire.receive('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n');
    expect(wire.sent).toMatch(/^HTTP\/1\.1 500 /);
    expect(wire.near.ended).toBe(true);
  });

  test('can be destroyed before its bytes are out', async () => {
    const wire = new Wire({ bufferSize: 1 });
    let transport: Transport | null = null;
    serve(
      wire.near,
      (request) => {
        if (request.target === '/large') return { body: new Uint8Array(30_000) };
        transport = request.upgrade();
        return undefined;
      },
      { timers: new Clock() },
    );
    wire.stop();
    await wire.receive(`GET /large HTTP/1.1\r\nHost: x\r\n\r\n${upgradeRequest}`);
    expect(wire.sent).not.toContain(' 101 ');
    present(transport).destroy('why');
    expect(wire.near.destroyed).toMatchObject({ cause: 'why' });
  });

  test('can be destroyed before the switch', async () => {
    const wire = new Wire();
    const owner = new Owner();
    let transport: Transport | null = null;
    serve(
      wire.near,
      (request) => {
        transport = request.upgrade();
        transport.start(owner);
      },
      { timers: new Clock() },
    );
    await wire.receive(
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: raw\r\nContent-Length: 5\r\n\r\nab',
    );
    present(transport).destroy('why');
    expect(wire.near.destroyed).toMatchObject({ cause: 'why' });
    expect(owner.told.length).toBe(1);
  });

  test('keeps the fields of the handler', async () => {
    const wire = new Wire();
    serve(
      wire.near,
      (request) =>
        void request.upgrade([
          ['upgrade', 'other'],
          ['connection', 'upgrade'],
        ]),
      { timers: new Clock() },
    );
    await wire.receive(upgradeRequest);
    expect(wire.sent).toBe('HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n');
  });

  test.each([true, false])(
    'at a full transport: its own bytes, then those of the new owner, who ends at once: %s',
    async (ends) => {
      const wire = new Wire({ bufferSize: 1 });
      const owner = new Owner();
      let transport: Transport | null = null;
      serve(
        wire.near,
        (request) => {
          transport = request.upgrade();
          transport.start(owner);
          expect(transport.write(bytes('hello'))).toBe(false);
          if (ends) transport.end();
        },
        { timers: new Clock() },
      );
      wire.stop();
      await wire.receive(`${upgradeRequest}left`);
      expect(wire.sent).toMatch(/^HTTP\/1\.1 101 /);
      expect(owner.told).toEqual([]);
      await wire.flow();
      expect(wire.sent).toMatch(/\r\n\r\nhello$/);
      // Who has ended is not asked for more.
      expect(owner).toMatchObject({ received: 'left', told: ends ? [] : ['writable'] });
      if (!ends) present(transport).end();
      expect(wire.near.ended).toBe(true);
    },
  );

  test('passes pause and resume on, and holds what comes in between', async () => {
    const wire = new Bare();
    const connection = Connection.create(wire.open, { timers: new Clock() });
    const call = connection.call('GET', 'http://x/', { headers: ask });
    await quiet();
    wire.receive(`${switching}left`);
    const transport = present((await call).upgrade);
    const owner = new Owner();
    transport.pause();
    transport.start(owner);
    expect(owner.received).toBe('');
    wire.receive('over');
    wire.sink.end('clean');
    expect(owner).toMatchObject({ received: '', told: [] });
    owner.onBytes = () => {
      transport.pause();
      owner.onBytes = null;
    };
    transport.resume();
    expect(owner).toMatchObject({ received: 'left', told: [] });
    expect(wire.told.at(-1)).toBe('pause');
    transport.resume();
    expect(owner).toMatchObject({ received: 'leftover', told: ['end clean'] });
    expect(wire.told.at(-1)).toBe('resume');
  });

  test('keeps what comes before it is started, also from a transport that does not stop at once', async () => {
    const wire = new Bare();
    const connection = Connection.create(wire.open, { timers: new Clock() });
    const call = connection.call('GET', 'http://x/', { headers: ask });
    await quiet();
    for (const character of `${switching}left`) wire.receive(character);
    const transport = present((await call).upgrade);
    expect(wire.told.at(-1)).toBe('pause');
    for (const character of 'over ') wire.receive(character);
    const owner = new Owner();
    transport.start(owner);
    expect(owner.received).toBe('leftover ');
    expect(wire.told.at(-1)).toBe('resume');
  });

  test('tells the new owner of a back-pressure that ends', async () => {
    const wire = new Wire({ bufferSize: 1 });
    const connection = Connection.create(wire.open, { timers: new Clock() });
    const call = connection.call('GET', 'http://x/', { headers: ask });
    await quiet();
    await wire.receive(switching);
    const transport = present((await call).upgrade);
    const owner = new Owner();
    transport.start(owner);
    wire.stop();
    expect(transport.write(bytes('x'))).toBe(false);
    await wire.flow();
    expect(owner.told).toEqual(['writable']);
    transport.destroy('why');
    expect(wire.near.destroyed).toEqual({ cause: 'why' });
    expect(() => transport.start(owner)).toThrow(TypeError);
  });

  test('whose body never ends well closes the new transport', async () => {
    const wire = new Wire();
    const owner = new Owner();
    serve(wire.near, (request) => void request.upgrade().start(owner), { timers: new Clock() });
    await wire.receive(
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: raw\r\nContent-Length: 5\r\n\r\nab',
    );
    await wire.receiveEnd();
    await quiet();
    expect(owner.told.length).toBe(1);
    expect(owner.told[0]).toMatch(/^closed RemoteProtocolError/);
  });

  test('takes a body of the request before the switch', async () => {
    const wire = new Wire();
    const owner = new Owner();
    let body = '';
    serve(
      wire.near,
      async (request) => {
        body = await request.body.text();
        request.upgrade().start(owner);
      },
      { timers: new Clock() },
    );
    await wire.receive(
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: raw\r\nContent-Length: 2\r\n\r\nableft',
    );
    await quiet();
    expect(body).toBe('ab');
    expect(owner.received).toBe('left');
  });

  test.each(cuts)('joins two owners over a pair whose bytes are cut %s', async (_, chunking) => {
    const [near, far] = pair({ chunking });
    const clock = new Clock();
    const echo = new Owner();
    serve(
      far,
      (request) => {
        const transport = request.upgrade();
        let at = 0;
        echo.onBytes = () => {
          transport.write(bytes(echo.received.slice(at).toUpperCase()));
          at = echo.received.length;
        };
        transport.start(echo);
      },
      { timers: clock },
    );
    const connection = await Connection.connect(() => Promise.resolve(near), { timers: clock });
    const { upgrade } = await connection.call('GET', 'http://x/', { headers: ask });
    const transport = present(upgrade);
    const owner = new Owner();
    transport.start(owner);
    transport.write(bytes('hello '));
    transport.write(bytes('world'));
    for (let i = 0; i < 3; i++) await quiet();
    expect(owner.received).toBe('HELLO WORLD');
    transport.end();
    await quiet();
    expect(echo.told).toContain('end clean');
  });
});
