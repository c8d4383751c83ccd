// How bytes, time and the end of things pass between a connection and its transport, whichever the role.

import { Connection, type ConnectionOptions, serve, type Transport, type TransportSink } from '@halfpipe/driver';
import { ManualTimers, quiet, Wire } from './wire.ts';

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function connected(options: ConnectionOptions & { wire?: Wire } = {}) {
  const wire = options.wire ?? new Wire();
  const timers = new ManualTimers();
  return { connection: Connection.create(wire.open, { timers, ...options }), wire, timers };
}

describe('output', () => {
  test('of calls made in one turn leaves in one write', async () => {
    const { connection, wire } = connected({ persistent: true });
    await quiet();
    const calls = [1, 2, 3].map(() => connection.call('GET', 'http://x/').catch(() => null));
    await quiet();
    expect(wire.writes).toEqual([get.repeat(3)]);
    connection.close();
    await Promise.all(calls);
  });

  test('waits for a transport that is full', async () => {
    const { connection, wire } = connected({ persistent: true });
    await quiet();
    wire.room = 0;
    const first = connection.call('GET', 'http://x/');
    await quiet();
    const second = connection.call('GET', 'http://x/');
    await quiet();
    expect(wire.writes).toEqual([get]);
    wire.drain();
    expect(wire.writes).toEqual([get, get]);
    wire.receive(ok + ok);
    await (await first).body.discard();
    await (await second).body.discard();
  });

  test('that waits does not keep a client from reading', async () => {
    const { connection, wire } = connected({ persistent: true });
    await quiet();
    wire.room = 0;
    const first = connection.call('GET', 'http://x/');
    await quiet();
    const rest = [1, 2, 3].map(() => connection.call('PUT', 'http://x/', { body: new Uint8Array(50_000) }));
    await quiet();
    wire.receive(ok);
    expect(await (await first).body.text()).toBe('ok');
    connection.close();
    await Promise.all(rest.map((call) => call.catch(() => null)));
  });
});

describe('the end', () => {
  test('of one direction does not end the other where the transport cannot half-close', async () => {
    const { connection, wire } = connected({ wire: new Wire({ halfClose: false }) });
    const call = connection.call('GET', 'http://x/');
    connection.shutdown();
    await quiet();
    expect(wire.ended).toBe(false);
    wire.receive(ok);
    expect(await (await call).body.text()).toBe('ok');
    expect(wire.ended).toBe(true);
    wire.sink.closed();
    await connection[Symbol.asyncDispose]();
    expect(wire.destroyed).toBeNull();
  });

  test('of a server that cannot half-close comes with its last response, which may last until it', async () => {
    const wire = new Wire({ halfClose: false });
    const serving = serve(wire, () => ({ body: ['abc'].map((text) => new TextEncoder().encode(text)) }), {
      timers: new ManualTimers(),
    });
    wire.receive('GET / HTTP/1.0\r\n\r\n');
    expect(wire.sent).toMatch(/\r\n\r\nabc$/);
    expect(wire.ended).toBe(true);
    wire.sink.closed();
    await serving.done;
  });

  test('of a client waits for the peer to end too, so that its FIN gets out, at most timeouts.linger', async () => {
    const { connection, wire, timers } = connected({ timeouts: { linger: 700 } });
    await quiet();
    connection.shutdown();
    const disposed = connection[Symbol.asyncDispose]();
    await quiet();
    expect(wire).toMatchObject({ ended: true, destroyed: null, paused: false });
    wire.receive('what nobody asked for');
    timers.advance(699);
    expect(wire.destroyed).toBeNull();
    timers.advance(1);
    expect(wire.destroyed).toEqual({ cause: undefined });
    await disposed;
    expect(timers.length).toBe(0);
  });

  test('that the transport brings in the middle of a write is the end', async () => {
    const cause = new Error('reset');
    class Broken extends Wire {
      override write(): boolean {
        this.sink.closed(cause);
        return false;
      }
    }
    const wire = new Broken();
    const { connection } = connected({ wire });
    const call = connection.call('GET', 'http://x/');
    await expect(call).rejects.toMatchObject({ code: 'ERR_RETRY', cause: { cause } });
    expect(connection.closed).toBe(true);
    expect(wire.destroyed).toBeNull();
  });

  test('at the start is the end', async () => {
    class Stillborn extends Wire {
      override start(sink: TransportSink): void {
        super.start(sink);
        sink.end('clean');
        sink.closed();
      }
    }
    const { connection } = connected({ wire: new Stillborn() });
    const call = connection.call('GET', 'http://x/');
    await expect(call).rejects.toMatchObject({ retry: 'safe', why: 'unsent' });
    const serving = serve(new Stillborn(), () => ({}));
    await serving.done;
  });

  test('leaves no microtask behind that writes', async () => {
    const { connection, wire } = connected();
    await quiet();
    const call = connection.call('GET', 'http://x/').catch((error: unknown) => error);
    wire.sink.closed();
    await quiet();
    expect(wire.sent).toBe('');
    expect(await call).toMatchObject({ why: 'unsent' });
  });
});

describe('time', () => {
  test('is one timer, moved only when it must be, and none is left at the end', async () => {
    let set = 0;
    class Counted extends ManualTimers {
      override setTimeout(callback: () => void, delay: number): unknown {
        set++;
        return super.setTimeout(callback, delay);
      }
    }
    const timers = new Counted();
    const wire = new Wire();
    const serving = serve(wire, () => ({ body: 'x' }), { timers });
    for (let i = 0; i < 10; i++) {
      wire.receive(get);
      expect(timers.length).toBe(1);
      timers.advance(100);
    }
    expect(set).toBe(1);
    timers.advance(4_899);
    expect(wire.ended).toBe(false);
    timers.advance(1);
    expect(wire.ended).toBe(true);
    wire.receiveEnd();
    await serving.done;
    expect(timers.length).toBe(0);
  });

  test('ends a client whose response does not come', async () => {
    const { connection, wire, timers } = connected({ timeouts: { head: 1_000 } });
    const call = connection.call('GET', 'http://x/').catch((error: unknown) => error);
    await quiet();
    timers.advance(1_000);
    expect(await call).toMatchObject({ retry: 'if-idempotent', cause: { code: 'ERR_TIMEOUT' } });
    expect(wire.destroyed).not.toBeNull();
    expect(timers.length).toBe(0);
  });

  test('does not run against a peer whose body waits for its reader', async () => {
    const { connection, wire, timers } = connected({ timeouts: { body: 1_000 } });
    const call = connection.call('GET', 'http://x/');
    await quiet();
    wire.receive('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
    const { body } = await call;
    timers.advance(10_000);
    const text = body.text();
    wire.receive('cd');
    expect(await text).toBe('abcd');
    expect(timers.length).toBe(0);
  });

  test('beyond what a timer can hold is reached in steps', async () => {
    const { connection, wire, timers } = connected({ timeouts: { head: 2 ** 40 } });
    const call = connection.call('GET', 'http://x/').catch((error: unknown) => error);
    await quiet();
    timers.advance(2 ** 31);
    expect(timers.length).toBe(1);
    expect(wire.destroyed).toBeNull();
    timers.advance(2 ** 40);
    expect(await call).toMatchObject({ cause: { code: 'ERR_TIMEOUT' } });
  });
});

test('a transport is told to pause and resume only when that changes', async () => {
  const told: string[] = [];
  class Noted extends Wire {
    override pause(): void {
      super.pause();
      told.push('pause');
    }
    override resume(): void {
      super.resume();
      told.push('resume');
    }
  }
  const { connection, wire } = connected({ wire: new Noted() });
  const call = connection.call('GET', 'http://x/');
  await quiet();
  wire.receive('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab');
  wire.receive('cd');
  const { body } = await call;
  const text = body.text();
  wire.receive('ef');
  expect(await text).toBe('abcdef');
  expect(told).toEqual(['pause', 'resume']);
});

test('a transport that answers from within write() and start() confuses nobody', async () => {
  /** Gives each request an answer before write() returns. */
  class Eager implements Transport {
    readonly halfClose = true;
    #sink: TransportSink | null = null;
    start(sink: TransportSink): void {
      this.#sink = sink;
    }
    write(bytes: Uint8Array): boolean {
      const requests = new TextDecoder().decode(bytes).split('\r\n\r\n').length - 1;
      this.#sink?.bytes(new TextEncoder().encode(ok.repeat(requests)));
      return true;
    }
    pause(): void {}
    resume(): void {}
    end(): void {
      this.#sink?.end('clean');
      this.#sink?.closed();
    }
    destroy(): void {}
  }
  const connection = await Connection.connect(() => Promise.resolve(new Eager()), { persistent: true });
  const calls = Array.from({ length: 20 }, () => connection.call('GET', 'http://x/'));
  for (const call of calls) expect(await (await call).body.text()).toBe('ok');
  await connection[Symbol.asyncDispose]();
});
