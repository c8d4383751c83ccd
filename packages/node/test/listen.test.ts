// A listener's life: where it listens, whom it lets in, and the two ways in which it ends.

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { connect, type Listener, type ListenOptions, listen } from '../src/index.ts';
import { closing, once, textOf } from './sockets.ts';

const portOf = ({ address }: Listener): number => {
  if ('port' in address) return address.port;
  throw new TypeError('Cannot tell the port');
};

/** A handler that begins, and answers when it is let go. */
function gate(): { handler: () => Promise<{ body: string }>; begun: Promise<void>; open: () => void } {
  let open = () => {};
  let begin = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const handler = async () => {
    begin();
    await opened;
    return { body: 'finished' };
  };
  return { handler, begun, open };
}

test('listens on 127.0.0.1 and a free port unless told otherwise', async () => {
  const listener = await listen(() => ({}));
  expect(listener.address).toEqual({ host: '127.0.0.1', port: expect.any(Number) });
  expect(portOf(listener)).toBeGreaterThan(0);
  await listener.close();
});

test("a port that is taken rejects with Node's error", async () => {
  const first = await listen(() => ({}));
  await expect(listen(() => ({}), { port: portOf(first) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await first.close();
});

test.each<[string, ListenOptions]>([
  ['a port that is none', { port: 70_000 }],
  ['a key that is none', { tls: { key: 'none', cert: 'none' } }],
])('%s rejects', async (_, options) => {
  await expect(listen(() => ({}), options)).rejects.toThrow();
});

test('a UNIX socket, whose file is gone when the listener has closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'halfpipe-'));
  const path = join(folder, 'socket');
  const listener = await listen((request) => ({ body: `hello ${request.target}` }), { path });
  expect(listener.address).toEqual({ path });
  const connection = await connect({ path }, { persistent: true });
  const bodies = await Promise.all(
    ['/a', '/b', '/c'].map(async (target) => (await connection.call('GET', `http://localhost${target}`)).body.text()),
  );
  expect(bodies).toEqual(['hello /a', 'hello /b', 'hello /c']);
  connection.shutdown();
  await listener.shutdown();
  expect(existsSync(path)).toBe(false);
  await rm(folder, { recursive: true });
});

test('connections beyond the most allowed are closed as they come', async () => {
  const listener = await listen(() => ({ body: 'hello' }), { maxConnections: 1 });
  const url = `http://127.0.0.1:${portOf(listener)}`;
  const connection = await connect(url);
  expect(await (await connection.call('GET', url)).body.text()).toBe('hello');
  const second = connectPlain({ host: '127.0.0.1', port: portOf(listener) });
  second.on('error', () => {});
  await closing(second);
  expect(await (await connection.call('GET', url)).body.text()).toBe('hello');
  connection.close();
  await listener.close();
});

describe('shutdown', () => {
  test('idle connections close, the request that is open is finished, and nobody is let in', async () => {
    const { handler, begun, open } = gate();
    const listener = await listen(handler);
    const url = `http://127.0.0.1:${portOf(listener)}`;
    const idle = connectPlain({ host: '127.0.0.1', port: portOf(listener) });
    await once(idle, 'connect');
    const busy = await connect(url);
    const answer = busy.call('GET', url);
    await begun;

    const done = listener.shutdown();
    expect(await textOf(idle)).toBe('');
    await expect(connect(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    open();
    const response = await answer;
    expect(response.headers.get('connection')).toBe('close');
    expect(await response.body.text()).toBe('finished');
    expect(busy.closed).toBe(true);
    await done;
  });

  test('what is still open after the grace is closed', async () => {
    const { handler, begun } = gate();
    const listener = await listen(handler);
    const url = `http://127.0.0.1:${portOf(listener)}`;
    const busy = await connect(url);
    const answer = busy.call('GET', url);
    await begun;
    const [result] = await Promise.allSettled([answer, listener.shutdown({ grace: 20 })]);
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_RETRY', why: 'unanswered' } });
  });

  test('any number of times, and together with close', async () => {
    const listener = await listen(() => ({}));
    await Promise.all([listener.shutdown(), listener.shutdown({ grace: Infinity }), listener.close()]);
    await listener.close();
  });

  test('a listener that is disposed of is shut down', async () => {
    const listener = await listen(() => ({}));
    await listener[Symbol.asyncDispose]();
    const url = `http://127.0.0.1:${portOf(listener)}`;
    await expect(connect(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

test('close ends every connection at once', async () => {
  const { handler, begun } = gate();
  const listener = await listen(handler);
  const url = `http://127.0.0.1:${portOf(listener)}`;
  const busy = await connect(url);
  const answer = busy.call('GET', url);
  await begun;
  const [result] = await Promise.allSettled([answer, listener.close()]);
  expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_RETRY', why: 'unanswered' } });
});

/** What keeps the process alive, of the kinds that a listener and its connections use. */
function openHandles(): string[] {
  const kinds = ['TCPSocketWrap', 'TCPServerWrap', 'TLSWrap', 'Timeout'];
  return process.getActiveResourcesInfo().filter((name) => kinds.includes(name));
}

/** Before any test of this file has opened anything: what the runner has, and the files before this one, whose handles may still go. */
let atFirst: string[];
beforeAll(() => {
  atFirst = openHandles();
});

/** What is open beyond that. */
function opened(): string[] {
  const before = [...atFirst];
  return openHandles().filter((name) => {
    const place = before.indexOf(name);
    if (place >= 0) before.splice(place, 1);
    return place < 0;
  });
}

/** The same, once it is nothing, or after two seconds: how soon the system closes what was let go of is its own affair. */
async function leftOpen(): Promise<string[]> {
  for (let turn = 0; turn < 200 && opened().length > 0; turn++) await later(10);
  return opened();
}

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
  expect(await leftOpen()).toEqual([]);
});
