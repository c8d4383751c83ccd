// How bytes, time and the end of things pass between a connection and its transport, whichever the role.

import { Connection, type ConnectionOptions, serve, type Transport, type TransportSink } from '@halfpipe/driver';
import { Clock } from '@halfpipe/testing';
import { Bare, quiet, Wire } from './wire.ts';

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

function connected(options: ConnectionOptions & { wire?: Wire } = {}) {
  const wire = options.wire ?? new Wire();
  const clock = new Clock();
  return { connection: Connection.create(wire.open, { timers: clock, ...options }), wire, clock };
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
    const { connection, wire } = connected({ persistent: true, wire: new Wire({ bufferSize: 1 }) });
    await quiet();
    wire.stop();
    const first = connection.call('GET', 'http://x/');
    await quiet();
    const second = connection.call('GET', 'http://x/');
    await quiet();
    expect(wire.writes).toEqual([get]);
    await wire.flow();
    expect(wire.writes).toEqual([get, get]);
    await wire.receive(ok + ok);
    await (await first).body.discard();
    await (await second).body.discard();
  });

  test('that waits does not keep a client from reading', async () => {
    const { connection, wire } = connected({ persistent: true });
    await quiet();
    wire.stop();
    const first = connection.call('GET', 'http://x/');
    await quiet();
    const rest = [1, 2, 3].map(() => connection.call('PUT', 'http://x/', { body: new Uint8Array(50_000) }));
    await quiet();
    await wire.receive(ok);
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
    expect(wire.near.ended).toBe(false);
    await wire.receive(ok);
    expect(await (await call).body.text()).toBe('ok');
    expect(wire.near.ended).toBe(true);
    await connection[Symbol.asyncDispose]();
    expect(wire.near).toMatchObject({ destroyed: null, closed: { cause: undefined } });
  });

  test('of a server that cannot half-close comes with its last response, which may last until it', async () => {
    const wire = new Wire({ halfClose: false });
    const serving = serve(wire.near, () => ({ body: ['abc'].map((text) => new TextEncoder().encode(text)) }), {
      timers: new Clock(),
    });
    await wire.receive('GET / HTTP/1.0\r\n\r\n');
    expect(wire.sent).toMatch(/\r\n\r\nabc$/);
    expect(wire.near.ended).toBe(true);
    await serving.done;
    expect(wire.near).toMatchObject({ destroyed: null, closed: { cause: undefined } });
  });

  test('of a client waits for the peer to end too, so that its FIN gets out, at most timeouts.linger', async () => {
    const { connection, wire, clock } = connected({ timeouts: { linger: 700 } });
    await quiet();
    connection.shutdown();
    const disposed = connection[Symbol.asyncDispose]();
    await quiet();
    expect(wire.near).toMatchObject({ ended: true, destroyed: null, paused: false });
    await wire.receive('what nobody asked for');
    await clock.advance(699);
    expect(wire.near.destroyed).toBeNull();
    await clock.advance(1);
    expect(wire.near.destroyed).toEqual({ cause: undefined });
    await disposed;
    expect(clock.pending).toBe(0);
  });

  test('that the transport brings in the middle of a write is the end', async () => {
    const cause = new Error('reset');
    class Broken extends Bare {
      override write(): boolean {
        this.sink.closed(cause);
        return false;
      }
    }
    const transport = new Broken();
    const connection = Connection.create(transport.open, { timers: new Clock() });
    const call = connection.call('GET', 'http://x/');
    await expect(call).rejects.toMatchObject({ code: 'ERR_RETRY', cause: { cause } });
    expect(connection.closed).toBe(true);
    expect(transport.told).not.toContain('destroy');
  });

  test('at the start is the end', async () => {
    class Stillborn extends Bare {
      override start(sink: TransportSink): void {
        super.start(sink);
        sink.end('clean');
        sink.closed();
      }
    }
    const connection = Connection.create(new Stillborn().open);
    const call = connection.call('GET', 'http://x/');
    await expect(call).rejects.toMatchObject({ retry: 'safe', why: 'unsent' });
    const serving = serve(new Stillborn(), () => ({}));
    await serving.done;
  });

  test('leaves no microtask behind that writes', async () => {
    const transport = new Bare();
    const connection = await Connection.connect(transport.open);
    const call = connection.call('GET', 'http://x/').catch((error: unknown) => error);
    transport.sink.closed();
    await quiet();
    expect(transport.sent).toBe('');
    expect(await call).toMatchObject({ why: 'unsent' });
  });
});

describe('time', () => {
  test('is one timer, moved only when it must be, and none is left at the end', async () => {
    let set = 0;
    class Counted extends Clock {
      override setTimeout(callback: () => void, delay: number): unknown {
        set++;
        return super.setTimeout(callback, delay);
      }
    }
    const clock = new Counted();
    const wire = new Wire();
    const serving = serve(wire.near, () => ({ body: 'x' }), { timers: clock });
    for (let i = 0; i < 10; i++) {
      await wire.receive(get);
      expect(clock.pending).toBe(1);
      await clock.advance(100);
    }
    expect(set).toBe(1);
    await clock.advance(4_899);
    expect(wire.near.ended).toBe(false);
    await clock.advance(1);
    expect(wire.near.ended).toBe(true);
    await wire.receiveEnd();
    await serving.done;
    expect(clock.pending).toBe(0);
  });

  test('ends a client whose response does not come', async () => {
    const { connection, wire, clock } = connected({ timeouts: { head: 1_000 } });
    const call = connection.call('GET', 'http://x/').catch((error: unknown) => error);
    await quiet();
    await clock.advance(1_000);
    expect(await call).toMatchObject({ retry: 'if-idempotent', cause: { code: 'ERR_TIMEOUT' } });
    expect(wire.near.destroyed).not.toBeNull();
    expect(clock.pending).toBe(0);
  });

  test('does not run against a peer whose body waits for its reader', async () => {
    const { connection, wire, clock } = connected({ timeouts: { body: 1_000 } });
    const call = connection.call('GET', 'http://x/');
    await quiet();
    await wire.receive('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
    const { body } = await call;
    await clock.advance(10_000);
    const text = body.text();
    await wire.receive('cd');
    expect(await text).toBe('abcd');
    expect(clock.pending).toBe(0);
  });

  test('beyond what a timer can hold is reached in steps', async () => {
    const { connection, wire, clock } = connected({ timeouts: { head: 2 ** 40 } });
    const call = connection.call('GET', 'http://x/').catch((error: unknown) => error);
    await quiet();
    await clock.advance(2 ** 31);
    expect(clock.pending).toBe(1);
    expect(wire.near.destroyed).toBeNull();
    await clock.advance(2 ** 40);
    expect(await call).toMatchObject({ cause: { code: 'ERR_TIMEOUT' } });
  });
});

test('a transport is told to pause and resume only when that changes', async () => {
  const transport = new Bare();
  const connection = Connection.create(transport.open, { timers: new Clock() });
  const call = connection.call('GET', 'http://x/');
  await quiet();
  transport.receive('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab');
  transport.receive('cd');
  const { body } = await call;
  const text = body.text();
  transport.receive('ef');
  expect(await text).toBe('abcdef');
  expect(transport.told).toEqual(['pause', 'resume']);
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
