// A listener's life: where it listens, whom it lets in, and the two ways in which it ends.

import { connect, type Listener, type ListenOptions, listen } from '../src/index.ts';
import { acceptor, Recorder } from './memory.ts';
import { assert, certificate, each, gate, test, turns, until } from './support.ts';

const portOf = ({ address }: Listener): number => {
  if ('port' in address) return address.port;
  throw new TypeError('Cannot tell the port');
};

/** A handler that begins, and answers when it is let go. */
function held(): { handler: () => Promise<{ body: string }>; begun: Promise<void>; open: () => void } {
  const [opened, begun] = [gate(), gate()];
  const handler = async () => {
    begun.open();
    await opened.promise;
    return { body: 'finished' };
  };
  return { handler, begun: begun.promise, open: () => opened.open() };
}

test('listens on 127.0.0.1 and a free port unless told otherwise', async () => {
  const listener = await listen(() => ({}));
  assert.deepEqual(listener.address, { host: '127.0.0.1', port: portOf(listener) });
  assert.ok(portOf(listener) > 0);
  await listener.close();
});

test("a port that is taken rejects with Deno's error, and the code that Node has", async () => {
  const first = await listen(() => ({}));
  await assert.rejects(
    listen(() => ({}), { port: portOf(first) }),
    { name: 'AddrInUse', code: 'EADDRINUSE' },
  );
  await first.close();
  const again = await listen(() => ({}), { port: portOf(first) });
  await again.close();
});

each<readonly [string, ListenOptions]>(
  [
    ['a port that is none', { port: 70_000 }],
    ['a key that is none', { tls: { key: 'none', cert: 'none' } }],
    ['an address that is not of this machine', { host: '192.0.2.1' }],
  ],
  '%s rejects',
  async (_, __, options) => await assert.rejects(listen(() => ({}), options)),
);

test('an IPv6 address, if there is one', async () => {
  let listener: Listener;
  try {
    listener = await listen(() => ({ body: 'six' }), { host: '::1' });
  } catch (error) {
    assert.ok(error instanceof Deno.errors.AddrNotAvailable);
    return;
  }
  const url = `http://[::1]:${portOf(listener)}`;
  assert.deepEqual(listener.address, { host: '::1', port: portOf(listener) });
  const connection = await connect(url);
  assert.equal(await (await connection.call('GET', url)).body.text(), 'six');
  connection.close();
  await listener.close();
});

test('connections beyond the most that there may be are closed as they come', async (scope) => {
  const { url, port } = await scope.serve(() => ({ body: 'hello' }), { maxConnections: 1 });
  const connection = await connect(url);
  assert.equal(await (await connection.call('GET', url)).body.text(), 'hello');
  const second = await scope.dial(port);
  assert.equal(await second.all(), '');
  assert.equal(await (await connection.call('GET', url)).body.text(), 'hello');
  connection.close();
  // When the listener learns of it is the system's affair.
  let answer: string | null = null;
  while (answer === null) {
    const third = await connect(url);
    const call = third.call('GET', url).then((response) => response.body.text());
    answer = await call.catch(() => null);
    third.close();
  }
  assert.equal(answer, 'hello');
});

test('a handshake counts among the connections that there may be', async (scope) => {
  const tls = certificate();
  const { port, url } = await scope.serve(() => ({ body: 'hello' }), { tls, maxConnections: 1 });
  const silent = await scope.dial(port);
  const connection = await connect({ host: '127.0.0.1', port, tls: { caCerts: [tls.cert] } });
  await assert.rejects(connection.call('GET', url), { code: 'ERR_RETRY' });
  await silent.end();
});

test('shutdown: idle connections close, the open request is finished, and nobody is let in', async (scope) => {
  const { handler, begun, open } = held();
  const listener = await listen(handler);
  const url = `http://127.0.0.1:${portOf(listener)}`;
  const idle = await scope.dial(portOf(listener));
  const busy = await connect(url);
  const answer = busy.call('GET', url);
  await begun;

  const done = listener.shutdown();
  assert.equal(await idle.all(), '');
  await assert.rejects(connect(url), { code: 'ECONNREFUSED' });
  open();
  const response = await answer;
  assert.equal(response.headers.get('connection'), 'close');
  assert.equal(await response.body.text(), 'finished');
  assert.equal(busy.closed, true);
  idle.close();
  await done;
});

test('shutdown: what is still open after the grace is closed', async () => {
  const { handler, begun } = held();
  const listener = await listen(handler);
  const url = `http://127.0.0.1:${portOf(listener)}`;
  const busy = await connect(url);
  const answer = busy.call('GET', url);
  await begun;
  const failing = assert.rejects(answer, { code: 'ERR_RETRY', why: 'unanswered' });
  await listener.shutdown({ grace: 20 });
  await failing;
});

test('shutdown: a grace that no timer can take is waited for all the same', async () => {
  const { handler, begun, open } = held();
  const listener = await listen(handler);
  const url = `http://127.0.0.1:${portOf(listener)}`;
  const busy = await connect(url);
  const answer = busy.call('GET', url);
  await begun;
  const done = listener.shutdown({ grace: Number.MAX_SAFE_INTEGER });
  await turns();
  open();
  assert.equal(await (await answer).body.text(), 'finished');
  await done;
});

test('shutdown: any number of times, and together with close', async () => {
  const listener = await listen(() => ({}));
  await Promise.all([listener.shutdown(), listener.shutdown({ grace: Infinity }), listener.close()]);
  await listener.close();
});

test('a listener that is disposed of is shut down', async () => {
  let url: string;
  {
    await using listener = await listen(() => ({}));
    url = `http://127.0.0.1:${portOf(listener)}`;
  }
  await assert.rejects(connect(url), { code: 'ECONNREFUSED' });
});

test("close ends every connection at once, and is nobody's mistake", async () => {
  const { handler, begun } = held();
  const told: unknown[] = [];
  const listener = await listen(handler, { onError: (error) => told.push(error) });
  const url = `http://127.0.0.1:${portOf(listener)}`;
  const busy = await connect(url);
  const answer = busy.call('GET', url);
  await begun;
  const failing = assert.rejects(answer, { code: 'ERR_RETRY', why: 'unanswered' });
  await listener.close();
  await failing;
  assert.deepEqual(told, []);
});

test('close ends connections that were handed over too', async (scope) => {
  const listener = await listen((request) => {
    const upgraded = request.upgrade();
    new Recorder(upgraded);
  });
  const peer = await scope.dial(portOf(listener));
  await peer.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  await peer.until('\r\n\r\n');
  await listener.close();
  assert.equal(await peer.read(), null);
});

test('nothing is left open behind it all', async () => {
  const listener = await listen(() => ({ body: 'hello' }));
  const url = `http://127.0.0.1:${portOf(listener)}`;
  for (let index = 0; index < 20; index++) {
    const connection = await connect(url);
    await (await connection.call('GET', url)).body.text();
    if (index % 2 === 0) connection.close();
    else await connection[Symbol.asyncDispose]();
  }
  await listener.shutdown();
});

test('an onError that throws disturbs nobody', async (scope) => {
  const source = acceptor([new Error('no file descriptor left')]);
  scope.stub('listen', () => () => source);
  const uncaught = gate<unknown>();
  const note = (event: ErrorEvent) => {
    event.preventDefault();
    uncaught.open(event.error);
  };
  globalThis.addEventListener('error', note);
  scope.after(() => globalThis.removeEventListener('error', note));
  const thrown = new Error('thrown by onError');
  const listener = await listen(() => ({}), {
    onError() {
      throw thrown;
    },
  });
  assert.equal(await uncaught.promise, thrown);
  await until(() => source.asked === 2);
  await listener.close();
});
