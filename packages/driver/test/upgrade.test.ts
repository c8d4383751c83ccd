// The hand-over of a transport to another protocol, on either side (RFC 9110 §7.8, §9.3.6).

import { Connection, type EndOfInput, serve, type Transport, type TransportSink } from '@halfpipe/driver';
import { bytes, cuts, ManualTimers, pair, quiet, text, Wire } from './wire.ts';

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
    const timers = new ManualTimers();
    const closed: string[] = [];
    const connection = Connection.create(wire.open, { timers, onClosed: () => void closed.push('closed') });
    const call = connection.call(method, url, method === 'GET' ? { headers: ask } : {});
    const waiting = connection.call('GET', 'http://x/').catch((error: unknown) => error);
    await quiet();
    wire.take();
    wire.receive(`${head}left`);
    const response = await call;
    expect(closed).toEqual(['closed']);
    expect(connection).toMatchObject({ closed: true, length: 0 });
    expect(await waiting).toMatchObject({ retry: 'safe', why: 'unsent' });
    expect(await response.body.text()).toBe('');
    const transport = present(response.upgrade);
    expect(wire.paused).toBe(true);
    wire.receive('over ');
    const owner = new Owner();
    transport.start(owner);
    expect(owner.received).toBe('leftover ');
    expect(wire.paused).toBe(false);
    wire.receive('and more');
    expect(owner.received).toBe('leftover and more');
    expect(transport.write(bytes('ping'))).toBe(true);
    expect(wire.sent).toBe('ping');
    transport.end();
    expect(wire.ended).toBe(true);
    wire.receiveEnd();
    expect(owner.told).toEqual(['end clean', 'closed undefined']);
    expect(timers.length).toBe(0);
    await connection[Symbol.asyncDispose]();
    expect(wire.destroyed).toBeNull();
  });
});

test('a response that does not switch has no transport', async () => {
  const wire = new Wire();
  const connection = Connection.create(wire.open, { timers: new ManualTimers() });
  const call = connection.call('GET', 'http://x/', { headers: ask });
  await quiet();
  wire.receive('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  const response = await call;
  expect(response.upgrade).toBeNull();
  expect(await response.body.text()).toBe('ok');
});

describe.each(cuts)('a server whose bytes are cut %s', (_, cut) => {
  test('hands the transport over, usable at once, the leftover first and once', async () => {
    const wire = new Wire({ cut });
    const timers = new ManualTimers();
    const owner = new Owner();
    const serving = serve(
      wire,
      (request) => {
        const transport = request.upgrade([['X', '1']]);
        transport.start(owner);
        expect(transport.write(bytes('hello'))).toBe(false);
        owner.onBytes = () => {
          if (owner.received.endsWith('!')) transport.write(bytes('bye'));
        };
      },
      { timers },
    );
    wire.receive(`${upgradeRequest}left`);
    await serving.done;
    wire.receive('over!');
    expect(wire.sent).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\nX: 1\r\n\r\nhellobye',
    );
    expect(owner.received).toBe('leftover!');
    expect(owner.told).toEqual(['writable']);
    expect(timers.length).toBe(0);
    wire.sink.closed(new Error('reset'));
    expect(owner.told).toEqual(['writable', 'closed Error: reset']);
  });

  test('answers CONNECT with 200 and a tunnel', async () => {
    const wire = new Wire({ cut });
    const owner = new Owner();
    serve(
      wire,
      async (request) => {
        await null;
        request.upgrade().start(owner);
      },
      { timers: new ManualTimers() },
    );
    wire.receive('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\nearly');
    await quiet();
    expect(wire.sent).toMatch(/^HTTP\/1\.1 200 OK\r\nDate: [^\r]+\r\n\r\n$/);
    expect(owner.received).toBe('early');
  });
});

describe('upgrade', () => {
  test('that was not asked for throws, and the handler may still answer', () => {
    const wire = new Wire();
    serve(
      wire,
      (request) => {
        expect(() => request.upgrade()).toThrow(expect.objectContaining({ name: 'LocalProtocolError' }));
        return { status: 400 };
      },
      { timers: new ManualTimers() },
    );
    wire.receive('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(wire.sent).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('is the only way to answer CONNECT with 2xx: a reply is a 500', () => {
    const wire = new Wire();
    serve(wire, () => ({ body: 'not a tunnel' }), { timers: new ManualTimers() });
    wire.receive('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n');
    expect(wire.sent).toMatch(/^HTTP\/1\.1 500 /);
    expect(wire.ended).toBe(true);
  });

  test('can be destroyed before its bytes are out', () => {
    const wire = new Wire();
    let transport: Transport | null = null;
    serve(
      wire,
      (request) => {
        if (request.target === '/large') return { body: new Uint8Array(30_000) };
        transport = request.upgrade();
        return undefined;
      },
      { timers: new ManualTimers() },
    );
    wire.room = 0;
    wire.receive(`GET /large HTTP/1.1\r\nHost: x\r\n\r\n${upgradeRequest}`);
    expect(wire.sent).not.toContain(' 101 ');
    present(transport).destroy('why');
    expect(wire.destroyed).toMatchObject({ cause: 'why' });
  });

  test('can be destroyed before the switch', () => {
    const wire = new Wire();
    const owner = new Owner();
    let transport: Transport | null = null;
    serve(
      wire,
      (request) => {
        transport = request.upgrade();
        transport.start(owner);
      },
      { timers: new ManualTimers() },
    );
    wire.receive('POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: raw\r\nContent-Length: 5\r\n\r\nab');
    present(transport).destroy('why');
    expect(wire.destroyed).toMatchObject({ cause: 'why' });
    expect(owner.told.length).toBe(1);
  });

  test('keeps the fields of the handler', () => {
    const wire = new Wire();
    serve(
      wire,
      (request) =>
        void request.upgrade([
          ['upgrade', 'other'],
          ['connection', 'upgrade'],
        ]),
      { timers: new ManualTimers() },
    );
    wire.receive(upgradeRequest);
    expect(wire.sent).toBe('HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n');
  });

  test('waits for a transport that is full: its own bytes, then those of the new owner', () => {
    const wire = new Wire();
    const owner = new Owner();
    serve(
      wire,
      (request) => {
        const transport = request.upgrade();
        transport.start(owner);
        transport.write(bytes('hello'));
        transport.end();
      },
      { timers: new ManualTimers() },
    );
    wire.room = 0;
    wire.receive(`${upgradeRequest}left`);
    expect(wire.sent).toMatch(/^HTTP\/1\.1 101 /);
    wire.drain();
    expect(wire.sent).toMatch(/\r\n\r\nhello$/);
    expect(wire.ended).toBe(true);
    expect(owner).toMatchObject({ received: 'left', told: ['writable'] });
  });

  test('passes pause and resume on, and holds what comes in between', async () => {
    const wire = new Wire();
    const connection = Connection.create(wire.open, { timers: new ManualTimers() });
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
    expect(wire.paused).toBe(true);
    transport.resume();
    expect(owner).toMatchObject({ received: 'leftover', told: ['end clean'] });
    expect(wire.paused).toBe(false);
  });

  test('tells the new owner of a back-pressure that ends', async () => {
    const wire = new Wire();
    const connection = Connection.create(wire.open, { timers: new ManualTimers() });
    const call = connection.call('GET', 'http://x/', { headers: ask });
    await quiet();
    wire.receive(switching);
    const transport = present((await call).upgrade);
    const owner = new Owner();
    transport.start(owner);
    wire.room = 0;
    expect(transport.write(bytes('x'))).toBe(false);
    wire.drain();
    expect(owner.told).toEqual(['writable']);
    transport.destroy('why');
    expect(wire.destroyed).toEqual({ cause: 'why' });
    expect(() => transport.start(owner)).toThrow(TypeError);
  });

  test('whose body never ends well closes the new transport', async () => {
    const wire = new Wire();
    const owner = new Owner();
    serve(wire, (request) => void request.upgrade().start(owner), { timers: new ManualTimers() });
    wire.receive('POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: raw\r\nContent-Length: 5\r\n\r\nab');
    wire.receiveEnd();
    await quiet();
    expect(owner.told.length).toBe(1);
    expect(owner.told[0]).toMatch(/^closed RemoteProtocolError/);
  });

  test('takes a body of the request before the switch', async () => {
    const wire = new Wire();
    const owner = new Owner();
    let body = '';
    serve(
      wire,
      async (request) => {
        body = await request.body.text();
        request.upgrade().start(owner);
      },
      { timers: new ManualTimers() },
    );
    wire.receive(
      'POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: raw\r\nContent-Length: 2\r\n\r\nableft',
    );
    await quiet();
    expect(body).toBe('ab');
    expect(owner.received).toBe('left');
  });

  test.each(cuts)('joins two owners over a pair whose bytes are cut %s', async (_, cut) => {
    const [near, far] = pair({ cut });
    const timers = new ManualTimers();
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
      { timers },
    );
    const connection = await Connection.connect(() => Promise.resolve(near), { timers });
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
