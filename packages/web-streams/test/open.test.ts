// The doors: in which forms a carrier may be given, and what becomes of one that does not open.

import { Clock } from '@halfpipe/testing';
import {
  type Carrier,
  connect,
  create,
  messagePort,
  open,
  RetryError,
  type StreamPair,
  serve,
  transport,
  webSocket,
} from '../src/index.ts';
import { transformPairs } from './carriers.ts';
import { FakeWebSocket } from './fake-web-socket.ts';
import { Probe } from './probe.ts';
import { turns } from './recorder.ts';

const url = 'http://example.com/';

/** One side, with somebody who says hello at the other. */
function served(): StreamPair {
  const [near, far] = transformPairs();
  serve(far, () => ({ body: 'hello' }));
  return near;
}

test.each<[string, () => Parameters<typeof create>[0]]>([
  ['a pair of streams', () => served()],
  ['a transport', () => transport(served())],
  ['a function that gives one', () => () => served()],
  ['a function that promises one', () => async () => served()],
  ['a function that gives a transport', () => () => transport(served())],
  ['one that says when it is open', () => ({ ...served(), opened: Promise.resolve() })],
])('create() and connect() take %s', async (_, source) => {
  const connections = [create(source()), await connect(source())];
  for (const connection of connections) {
    const response = await connection.call('GET', url);
    expect(await response.body.text()).toBe('hello');
    connection.shutdown();
  }
});

test.each<[string, () => [Carrier, Carrier]]>([
  ['pairs of streams', () => transformPairs()],
  [
    'message ports',
    () => {
      const { port1, port2 } = new MessageChannel();
      return [messagePort(port1), messagePort(port2)];
    },
  ],
  [
    'web sockets',
    () => {
      const [near, far] = FakeWebSocket.pair();
      return [webSocket(near), webSocket(far)];
    },
  ],
])('serve() serves %s', async (_, make) => {
  const [near, far] = make();
  const serving = serve(far, (request) => ({ body: request.target }));
  const connection = create(near);
  const response = await connection.call('GET', `${url}there`);
  expect(await response.body.text()).toBe('/there');
  connection.shutdown();
  await serving.done;
});

test('each dial calls the function, with a signal', async () => {
  const signals: AbortSignal[] = [];
  const dial = open((signal) => {
    signals.push(signal);
    return served();
  });
  const { signal } = new AbortController();
  const [one, other] = await Promise.all([dial(signal), dial(signal)]);
  expect(one).not.toBe(other);
  expect(signals).toEqual([signal, signal]);
});

test('a pair that is there already can be dialled once', async () => {
  const dial = open(served());
  const { signal } = new AbortController();
  await dial(signal);
  await expect(dial(signal)).rejects.toThrow(new TypeError('Cannot make a transport of a stream that is locked'));
});

test('a signal that has aborted dials nothing', async () => {
  let dialled = false;
  const dial = open(() => {
    dialled = true;
    return served();
  });
  await expect(dial(AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  expect(dialled).toBe(false);
});

test.each([
  [
    'a function that throws',
    () => {
      throw new Error('refused');
    },
  ],
  ['a promise that rejects', () => Promise.reject(new Error('refused'))],
  ['a carrier that does not open', () => ({ ...served(), opened: Promise.reject(new Error('refused')) })],
])('%s is why connecting fails, and nothing was sent', async (_, source) => {
  await expect(connect(source)).rejects.toThrow('refused');
  await expect(create(source).call('POST', url)).rejects.toThrow('refused');
});

test('calls wait until the carrier is open, and none of it is sent before', async () => {
  const probe = new Probe();
  let opened = () => {};
  const connection = create({
    readable: probe.readable,
    writable: probe.writable,
    opened: new Promise<void>((resolve) => {
      opened = resolve;
    }),
  });
  const call = connection.call('GET', url);
  await turns();
  expect(probe.written).toEqual([]);
  opened();
  await turns();
  expect(probe.written.join('')).toMatch(/^GET \/ HTTP\/1\.1\r\n/);
  connection.close();
  await expect(call).rejects.toThrow(RetryError);
});

test('a connection that is given up while it opens lets go of the streams', async () => {
  const probe = new Probe();
  const { readable, writable } = probe;
  const controller = new AbortController();
  const connecting = connect(() => ({ readable, writable, opened: new Promise(() => {}) }), {
    signal: controller.signal,
  });
  await turns();
  const cause = new Error('no longer wanted');
  controller.abort(cause);
  await expect(connecting).rejects.toBe(cause);
  await turns();
  expect(probe.calls).toEqual([
    ['abort', cause],
    ['cancel', cause],
  ]);
});

test('a signal that aborts while the function is at it lets go of what it gives', async () => {
  const probe = new Probe();
  const { readable, writable } = probe;
  const controller = new AbortController();
  const dial = open(async () => {
    controller.abort(new Error('too late'));
    return { readable, writable, opened: new Promise(() => {}) };
  });
  await expect(dial(controller.signal)).rejects.toThrow('too late');
  await turns();
  expect(probe.calls.map(([call]) => call)).toEqual(['abort', 'cancel']);
});

test('a web socket that does not open is why connecting fails', async () => {
  const [socket] = FakeWebSocket.opening();
  const connecting = connect(() => webSocket(socket));
  await turns();
  socket.fail();
  await expect(connecting).rejects.toMatchObject({ code: 'ERR_TRANSPORT_OPEN' });
});

test('options reach the connection', async () => {
  for (const connection of [create(served(), { persistent: true }), await connect(served(), { persistent: true })]) {
    expect(connection.persistence).toEqual({ verdict: 'keep' });
    connection.close();
  }
});

test.each([
  ['clean', 'all there is'],
  ['truncated', 'ERR_TRUNCATED'],
] as const)('options reach the transport: a body until an end that is %s', async (eof, outcome) => {
  const probe = new Probe();
  const connection = create(probe, { eof, timers: new Clock() });
  const call = connection.call('GET', url);
  await turns();
  probe.reading.enqueue(Buffer.from('HTTP/1.1 200 OK\r\n\r\nall there is'));
  probe.reading.close();
  const response = await call;
  expect(await response.body.text().catch((error) => error.cause?.code ?? error.code)).toBe(outcome);
});
