// A WebSocket as a transport, alone: the messages and codes it sends, and what it makes of those that come.

import { once } from 'node:events';
import { Clock } from '@halfpipe/testing';
import { WebSocket } from 'ws';
import { type WebSocketOptions, webSocket } from '../src/index.ts';
import { webSocketPair } from './carriers.ts';
import { FakeWebSocket } from './fake-web-socket.ts';
import { ascii, Recorder, turns } from './recorder.ts';

/** A transport over one end of two sockets in memory, and the bare other one with what came to it. */
function opposite(options: WebSocketOptions = {}) {
  const [socket, peer] = FakeWebSocket.pair();
  const received: unknown[] = [];
  peer.addEventListener('message', ({ data }: { data?: unknown }) => received.push(data));
  const closes: unknown[] = [];
  peer.addEventListener('close', ({ code }: { code?: unknown }) => closes.push(code));
  const carried = webSocket(socket, options);
  return { carried, sink: new Recorder(carried), socket, peer, received, closes };
}

describe('what comes', () => {
  test('is asked for as ArrayBuffers', () => {
    expect(opposite().socket.binaryType).toBe('arraybuffer');
  });

  test.each([
    ['text', 'hello', 'text'],
    ['a Blob', new Blob(['hello']), 'Blob'],
    ['nothing', undefined, 'undefined'],
  ])('as %s is a failure, and resets', async (_, data, kind) => {
    const { sink, socket, closes } = opposite();
    socket.dispatch('message', { data });
    await turns();
    const message = `Cannot take a message that is not binary: ${kind}`;
    expect(sink.told).toMatchObject([{ closed: { name: 'TransportError', code: 'ERR_TRANSPORT_MESSAGE', message } }]);
    expect(closes).toEqual([4000]);
  });

  test('is held for a reader that has paused, up to a limit', async () => {
    const { carried, sink, peer, closes } = opposite({ receiveLimit: 10 });
    carried.pause();
    peer.send(ascii('0123456789'));
    await turns();
    expect(sink.told).toEqual([]);
    carried.resume();
    expect(sink.told).toEqual([{ bytes: '0123456789' }]);
    carried.pause();
    peer.send(ascii('0123456789'));
    peer.send(ascii('a'));
    await sink.untilClosed();
    await turns();
    const message = 'Cannot hold more than 10 bytes for a reader that has paused';
    expect(sink.told.at(-1)).toMatchObject({ closed: { code: 'ERR_TRANSPORT_LIMIT', message } });
    expect(closes).toEqual([4000]);
  });

  test('is held up at the other side, where the socket can be paused', () => {
    const [socket] = FakeWebSocket.pair();
    const calls: string[] = [];
    const pausable = Object.assign(socket, { pause: () => calls.push('pause'), resume: () => calls.push('resume') });
    const carried = webSocket(pausable);
    carried.pause();
    carried.resume();
    carried.pause();
    // The other side's answer to the close is to be seen.
    carried.destroy();
    carried.pause();
    carried.resume();
    expect(calls).toEqual(['pause', 'resume', 'pause', 'resume']);
  });

  test('is no longer held up at the other side when this one has ended, and is dropped', async () => {
    const [socket] = FakeWebSocket.pair();
    const calls: string[] = [];
    const pausable = Object.assign(socket, { pause: () => calls.push('pause'), resume: () => calls.push('resume') });
    const carried = webSocket(pausable);
    const sink = new Recorder(carried);
    carried.pause();
    socket.stall();
    carried.end();
    await turns();
    expect(calls).toEqual(['pause', 'resume']);
    socket.dispatch('message', { data: new ArrayBuffer(10) });
    socket.flow();
    carried.resume();
    await sink.untilClosed();
    expect(sink.told).toEqual(['closed']);
  });
});

describe('what is written', () => {
  test('in one turn is one binary message', async () => {
    const { carried, received } = opposite();
    carried.write(ascii('a'));
    carried.write(ascii('b'));
    await turns();
    expect(received).toEqual([new Uint8Array([97, 98]).buffer]);
  });

  test('at length is cut into messages of 64 KiB', async () => {
    const { carried, socket } = opposite();
    carried.write(new Uint8Array(150_000));
    await turns();
    expect(socket.sent).toEqual([65_536, 65_536, 18_928]);
  });

  test('is enough at 1 MiB that the network has not taken, and is looked after until half of that has gone', async () => {
    const clock = new Clock();
    const { carried, sink, socket } = opposite({ timers: clock });
    const piece = new Uint8Array(256 * 1024);
    socket.stall();
    expect([carried.write(piece), carried.write(piece), carried.write(piece)]).toEqual([true, true, true]);
    await clock.settle();
    expect(clock.pending).toBe(0);
    expect([carried.write(piece), carried.write(piece)]).toEqual([false, false]);
    await clock.settle();
    // The rest stays here, where it can be dropped.
    expect(socket.bufferedAmount).toBe(1024 * 1024);
    carried.write(ascii('x'));
    await clock.settle();
    expect(clock.pending).toBe(1);
    await clock.advance(1_000);
    expect([sink.told, clock.pending]).toEqual([[], 1]);
    socket.flow();
    await clock.advance(4);
    await clock.advance(4);
    expect([sink.told, clock.pending, socket.bufferedAmount]).toEqual([['writable'], 0, 0]);
    expect(socket.sent.reduce((sum, size) => sum + size)).toBe(5 * piece.length + 1);
  });

  test('is never too much where the socket does not say what has gone', async () => {
    const { carried, socket } = opposite();
    Object.defineProperty(socket, 'bufferedAmount', { get: () => undefined, set: () => {} });
    carried.write(new Uint8Array(3 * 1024 * 1024));
    await turns();
    expect(socket.sent.length).toBe(48);
    expect(carried.write(ascii('x'))).toBe(true);
  });

  test('goes out before end() closes, which has no timer', async () => {
    const clock = new Clock();
    const { carried, sink, socket, closes } = opposite({ timers: clock });
    carried.write(new Uint8Array(1024 * 1024));
    carried.end();
    await clock.settle();
    expect([socket.closedWith, closes, clock.pending]).toEqual([1000, [1000], 0]);
    expect(sink.told).toEqual(['closed']);
  });

  test('before end() waits with it for the network', async () => {
    const clock = new Clock();
    const { carried, sink, socket } = opposite({ timers: clock });
    socket.stall();
    expect(carried.write(new Uint8Array(1280 * 1024))).toBe(false);
    carried.end();
    await clock.advance(100);
    expect(socket.closedWith).toBe(null);
    socket.flow();
    await clock.advance(8);
    expect([socket.closedWith, socket.sent.length, clock.pending]).toEqual([1000, 20, 0]);
    expect(sink.told).toEqual(['closed']);
  });
});

describe('how it is closed by the other side', () => {
  test.each([
    [1000, [{ end: 'clean' }, 'closed']],
    [1005, [{ end: 'unknown' }, 'closed']],
    [1001, [{ closed: { code: 'ERR_TRANSPORT_RESET', message: 'The WebSocket was closed with 1001' } }]],
    [1006, [{ closed: { code: 'ERR_TRANSPORT_RESET', message: 'The WebSocket was closed with 1006' } }]],
    [1011, [{ closed: { code: 'ERR_TRANSPORT_RESET', message: 'The WebSocket was closed with 1011' } }]],
    [4000, [{ closed: { code: 'ERR_TRANSPORT_RESET', message: 'The WebSocket was closed with 4000' } }]],
  ])('with %i', (code, told) => {
    const { sink, socket } = opposite();
    socket.readyState = 3;
    socket.dispatch('close', { code, reason: '' });
    expect(sink.told).toMatchObject(told);
    expect(socket.listeners).toBe(0);
  });

  test('with a reason, and behind an error', () => {
    const { sink, socket } = opposite();
    const error = new Error('ECONNRESET');
    socket.dispatch('error', { error });
    socket.readyState = 3;
    socket.dispatch('close', { code: 1011, reason: 'out of order' });
    const message = 'The WebSocket was closed with 1011 (out of order)';
    expect(sink.told).toMatchObject([{ closed: { message, cause: error } }]);
  });

  test('in order, but before all was sent', async () => {
    const { carried, sink, socket, peer } = opposite();
    socket.stall();
    carried.write(new Uint8Array(2 * 1024 * 1024));
    await turns();
    peer.close(1000);
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ end: 'clean' }, { closed: { code: 'ERR_TRANSPORT_RESET' } }]);
  });

  test('in answer to our end, which tells no end', async () => {
    const { carried, sink, socket } = opposite();
    carried.end();
    await turns();
    expect(sink.told).toEqual(['closed']);
    expect(socket.listeners).toBe(0);
  });

  test('behind what a pause holds back, if it was in order', async () => {
    const { carried, sink, peer } = opposite();
    carried.pause();
    peer.send(ascii('held'));
    peer.close(1000);
    await turns();
    expect(sink.told).toEqual([]);
    carried.resume();
    expect(sink.told).toEqual([{ bytes: 'held' }, { end: 'clean' }, 'closed']);
  });
});

describe('destroy()', () => {
  test.each([
    ['without a cause', undefined, 0, 1000],
    ['with a cause', new Error('enough'), 0, 4000],
    ['where something was not yet given to the socket', undefined, 1, 4000],
  ])('%s', async (_, cause, size, code) => {
    const { carried, closes, socket } = opposite();
    carried.write(new Uint8Array(size));
    carried.destroy(cause);
    await turns();
    expect([closes, socket.sent, socket.listeners]).toEqual([[code], [], 0]);
  });

  test('leaves no timer', async () => {
    const clock = new Clock();
    const { carried, socket } = opposite({ timers: clock });
    socket.stall();
    carried.write(new Uint8Array(2 * 1024 * 1024));
    await clock.settle();
    expect(clock.pending).toBe(1);
    carried.destroy();
    expect(clock.pending).toBe(0);
  });

  test('listens for errors until the socket has closed', async () => {
    const { carried, socket } = opposite();
    socket.stall();
    carried.destroy();
    expect(socket.listeners).toBe(2);
    socket.dispatch('error', { error: new Error('late') });
    socket.flow();
    await turns();
    expect(socket.listeners).toBe(0);
  });
});

describe('a socket that is opening', () => {
  test('gets what was written when it is open', async () => {
    const [socket, peer] = FakeWebSocket.opening();
    const received: unknown[] = [];
    peer.addEventListener('message', ({ data }: { data?: unknown }) => received.push(data));
    const clock = new Clock();
    const carried = webSocket(socket, { timers: clock });
    const sink = new Recorder(carried);
    carried.write(ascii('early'));
    expect(carried.write(new Uint8Array(1024 * 1024))).toBe(false);
    await clock.advance(60_000);
    expect(socket.sent).toEqual([]);
    socket.open();
    await carried.opened;
    await clock.advance(4);
    expect(Buffer.concat(received.map((data) => Buffer.from(data as ArrayBuffer))).length).toBe(5 + 1024 * 1024);
    expect(sink.told).toEqual(['writable']);
  });

  test('and does not open: `opened` rejects and the sink is told, with the same error', async () => {
    const [socket] = FakeWebSocket.opening();
    const carried = webSocket(socket);
    const sink = new Recorder(carried);
    socket.fail();
    await sink.untilClosed();
    const error = await carried.opened.catch((reason) => reason);
    expect(error).toMatchObject({ name: 'TransportError', code: 'ERR_TRANSPORT_OPEN' });
    expect(sink.told).toEqual([{ closed: error }]);
  });

  test('and has an error, which nothing follows: it is over all the same', async () => {
    const [socket] = FakeWebSocket.opening();
    const carried = webSocket(socket);
    const sink = new Recorder(carried);
    socket.dispatch('error', { message: 'refused' });
    expect(sink.told).toMatchObject([{ closed: { code: 'ERR_TRANSPORT_OPEN', cause: 'refused' } }]);
    await expect(carried.opened).rejects.toMatchObject({ code: 'ERR_TRANSPORT_OPEN' });
  });

  test('and does not open: nobody needs to look', async () => {
    const [socket] = FakeWebSocket.opening();
    webSocket(socket);
    socket.fail();
    await turns();
    expect(socket.listeners).toBe(0);
  });

  test.each([
    ['with a cause', new Error('enough'), { message: 'enough' }],
    ['without a cause', undefined, { code: 'ERR_TRANSPORT_OPEN' }],
  ])('is destroyed %s', async (_, cause, reason) => {
    const [socket] = FakeWebSocket.opening();
    const carried = webSocket(socket);
    const sink = new Recorder(carried);
    carried.destroy(cause);
    await expect(carried.opened).rejects.toMatchObject(reason);
    await turns();
    expect(sink.told).toEqual(cause === undefined ? ['closed'] : [{ closed: cause }]);
    expect([socket.readyState, socket.listeners]).toEqual([3, 0]);
  });
});

test('a socket that is let go of while it opens is told once, whatever it says behind that', async () => {
  const [socket] = FakeWebSocket.opening();
  // Some stay as they are.
  socket.close = () => {};
  const carried = webSocket(socket);
  const sink = new Recorder(carried);
  carried.destroy();
  socket.dispatch('error', { message: 'refused' });
  await turns();
  expect([sink.told, sink.breaches]).toEqual([['closed'], []]);
});

test('a socket that had closed before is told as never open', async () => {
  const [socket] = FakeWebSocket.pair();
  socket.close();
  await turns();
  const carried = webSocket(socket);
  await expect(carried.opened).rejects.toMatchObject({ code: 'ERR_TRANSPORT_OPEN' });
  const sink = new Recorder(carried);
  expect(sink.told).toMatchObject([{ closed: { code: 'ERR_TRANSPORT_OPEN' } }]);
  expect(socket.listeners).toBe(0);
});

describe('of ws', () => {
  test('one that nobody answers rejects `opened`, with the cause', async () => {
    const socket = new WebSocket('ws://127.0.0.1:1');
    const error = await webSocket(socket).opened.catch((reason) => reason);
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT_OPEN', cause: { code: 'ECONNREFUSED' } });
  });

  test('one that is let go of while it is opening ends nothing but itself', async () => {
    const socket = new WebSocket('ws://127.0.0.1:1');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    webSocket(socket).destroy();
    await closed;
    expect(socket.readyState).toBe(3);
  });

  test('one whose other side vanishes is told so', async () => {
    const [near, far] = await webSocketPair();
    const sink = new Recorder(webSocket(near));
    far.send(Buffer.from('partly'));
    await sink.until(() => sink.size === 6);
    far.terminate();
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ bytes: 'partly' }, { closed: { code: 'ERR_TRANSPORT_RESET' } }]);
  });

  test('one whose other side breaks the protocol is told so, with the cause', async () => {
    const [near, far] = await webSocketPair();
    const sink = new Recorder(webSocket(near));
    // A frame with reserved bits, past the class.
    (far as unknown as { _socket: NodeJS.WritableStream })._socket.write(Buffer.from([0xf2, 0x00]));
    await sink.untilClosed();
    expect(sink.told).toMatchObject([
      { closed: { code: 'ERR_TRANSPORT_RESET', cause: { code: 'WS_ERR_UNEXPECTED_RSV_2_3' } } },
    ]);
    far.terminate();
  });

  test('text closes both ends', async () => {
    const [near, far] = await webSocketPair();
    const sink = new Recorder(webSocket(near));
    const closed = once(far, 'close');
    far.send('text');
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ closed: { code: 'ERR_TRANSPORT_MESSAGE' } }]);
    expect((await closed)[0]).toBe(4000);
  });
});
