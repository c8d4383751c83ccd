// A message port as a transport, alone: the messages it sends, and what it makes of those of strangers.

import { Worker } from 'node:worker_threads';
import { messagePort, type PortLike } from '../src/index.ts';
import { windowSize } from '../src/port-message.ts';
import { ascii, Recorder, settled, turns } from './recorder.ts';

/** A transport over one port of a channel, and the bare other one with what came to it. */
function opposite() {
  const { port1, port2 } = new MessageChannel();
  const messages: { type: string; bytes?: Uint8Array; size?: number; cause?: string }[] = [];
  port2.onmessage = ({ data }) => messages.push(data);
  opened.push(port1, port2);
  const carried = messagePort(port1);
  return { carried, sink: new Recorder(carried), port: port2, messages };
}

/** A port that nobody is at the other end of, and that does as the test says. */
class FakePort implements PortLike {
  readonly posted: unknown[] = [];
  transfers = true;
  refused = 0;
  started = false;
  closed = false;
  readonly #listeners = new Map<string, Set<(event: object) => void>>();

  postMessage(message: unknown, transfer: ArrayBuffer[]): void {
    if (transfer.length > 0 && !this.transfers) {
      this.refused += 1;
      throw new TypeError('Transfer list is not supported');
    }
    this.posted.push(structuredClone(message, { transfer }));
  }

  addEventListener(type: string, listener: (event: object) => void): void {
    this.#listeners.set(type, (this.#listeners.get(type) ?? new Set()).add(listener));
  }

  removeEventListener(type: string, listener: (event: object) => void): void {
    this.#listeners.get(type)?.delete(listener);
  }

  start(): void {
    this.started = true;
  }

  close(): void {
    this.closed = true;
  }

  dispatch(type: string, event: object = {}): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }

  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}

const opened: MessagePort[] = [];
afterEach(() => {
  for (const port of opened.splice(0)) port.close();
});

const bytes = (size: number) => ({ type: 'bytes', bytes: new Uint8Array(size) });

describe('what it sends', () => {
  test('of one turn is one message, whose bytes are all of its memory', async () => {
    const { carried, messages } = opposite();
    carried.write(ascii('a'));
    carried.write(ascii('b'));
    carried.end();
    await turns();
    expect(messages).toEqual([{ type: 'bytes', bytes: new Uint8Array([97, 98]) }, { type: 'end' }]);
    expect(messages[0]?.bytes?.buffer.byteLength).toBe(2);
  });

  test('is at most a window ahead of what was taken, in pieces of 64 KiB', async () => {
    const { carried, sink, port, messages } = opposite();
    carried.write(new Uint8Array(windowSize + 100_000));
    carried.end();
    await turns();
    expect(messages.map((message) => message.bytes?.length)).toEqual([65_536, 65_536, 65_536, 65_536]);
    port.postMessage({ type: 'taken', size: 70_000 });
    await turns();
    expect(messages.slice(4).map((message) => message.bytes?.length)).toEqual([65_536, 4_464]);
    port.postMessage({ type: 'taken', size: windowSize });
    await turns();
    expect(messages.slice(6)).toEqual([bytes(30_000), { type: 'end' }]);
    port.postMessage({ type: 'taken', size: 30_000 });
    await turns();
    expect(messages.length).toBe(8);
    expect(sink.told).toEqual([]);
  });

  test('to whoever sends: what was taken, half a window at a time, and nothing of it while it is held', async () => {
    const { carried, sink, port, messages } = opposite();
    port.postMessage(bytes(windowSize / 2 - 1));
    await sink.until(() => sink.size === windowSize / 2 - 1);
    await turns();
    expect(messages).toEqual([]);
    port.postMessage(bytes(1));
    await turns();
    expect(messages).toEqual([{ type: 'taken', size: windowSize / 2 }]);
    carried.pause();
    port.postMessage(bytes(windowSize));
    await turns();
    expect(messages.length).toBe(1);
    carried.resume();
    await turns();
    expect(messages.slice(1)).toEqual([{ type: 'taken', size: windowSize }]);
  });

  test('of what came before the start: that it was taken, at the start', async () => {
    const { port1, port2 } = new MessageChannel();
    opened.push(port1, port2);
    const messages: unknown[] = [];
    port2.onmessage = ({ data }) => messages.push(data);
    const carried = messagePort(port1);
    port2.postMessage(bytes(windowSize));
    await turns();
    expect(messages).toEqual([]);
    new Recorder(carried);
    await turns();
    expect(messages).toEqual([{ type: 'taken', size: windowSize }]);
  });

  test.each([
    ['nothing', undefined, { type: 'close' }],
    ['an error', new Error('the body failed'), { type: 'reset', cause: 'the body failed' }],
    ['text', 'enough', { type: 'reset', cause: 'enough' }],
    ['anything else', { secret: 1 }, { type: 'reset', cause: 'Object' }],
    ['null', null, { type: 'reset', cause: 'null' }],
  ])('when it is destroyed with %s', async (_, cause, message) => {
    const { carried, messages } = opposite();
    carried.destroy(cause);
    await turns();
    expect(messages).toEqual([message]);
  });

  test('when it is destroyed before all was sent', async () => {
    const { carried, messages } = opposite();
    carried.write(ascii('x'));
    carried.destroy();
    await turns();
    expect(messages).toEqual([{ type: 'reset', cause: 'Not everything was sent' }]);
  });

  test('is the last, when it is destroyed within a piece, or behind an end that had not gone', async () => {
    const port = new FakePort();
    const carried = messagePort(port);
    const sink = new Recorder(carried);
    sink.onBytes = () => {
      carried.end();
      carried.destroy();
    };
    port.dispatch('message', { data: bytes(windowSize) });
    await turns();
    expect(port.posted).toEqual([{ type: 'close' }]);
  });

  test('is copied where the port cannot transfer', async () => {
    const port = new FakePort();
    port.transfers = false;
    const carried = messagePort(port);
    carried.write(ascii('one'));
    await turns();
    carried.write(ascii('two'));
    await turns();
    expect(port.posted).toEqual([
      { type: 'bytes', bytes: new Uint8Array(ascii('one')) },
      { type: 'bytes', bytes: new Uint8Array(ascii('two')) },
    ]);
    expect(port.refused).toBe(1);
  });
});

describe('what a stranger sends', () => {
  test.each([
    ['null', null, 'a message of another kind: null'],
    ['text', 'hello', 'a message of another kind: string'],
    ['bare bytes', new Uint8Array(3), 'a message of another kind: Uint8Array'],
    ['an unknown type', { type: 'hello' }, 'a message of another kind: Object'],
    ['a type that is none', { type: 7 }, 'a message of another kind: Object'],
    ['bytes without any', { type: 'bytes' }, 'a message of another kind: Object'],
    ['no bytes', bytes(0), 'a message of another kind: Object'],
    ['bytes that are none', { type: 'bytes', bytes: new ArrayBuffer(3) }, 'a message of another kind: Object'],
    ['a size that is none', { type: 'taken', size: '3' }, 'a message of another kind: Object'],
    ['a size below one', { type: 'taken', size: -1 }, 'a message of another kind: Object'],
    ['no size', { type: 'taken', size: Number.NaN }, 'a message of another kind: Object'],
    ['a reset without a text', { type: 'reset' }, 'a message of another kind: Object'],
    ['more taken than sent', { type: 'taken', size: 1 }, 'a confirmation of 1 bytes, with 0 sent'],
    ['more than the window', bytes(windowSize + 1), `more than ${windowSize} bytes that were not asked for`],
  ])('%s, is answered by a reset, and closes', async (_, message, what) => {
    const { sink, port, messages } = opposite();
    port.postMessage(message);
    await sink.untilClosed();
    await turns();
    const text = `Cannot take ${what}`;
    expect(sink.told).toMatchObject([
      { closed: { name: 'TransportError', code: 'ERR_TRANSPORT_MESSAGE', message: text } },
    ]);
    expect(messages).toEqual([{ type: 'reset', cause: text }]);
  });

  test.each([
    ['bytes', bytes(1), 'Cannot take bytes behind the end'],
    ['an end', { type: 'end' }, 'Cannot take a second end'],
  ])('behind the end, %s, is refused', async (_, message, text) => {
    const { sink, port } = opposite();
    port.postMessage({ type: 'end' });
    port.postMessage(message);
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ end: 'clean' }, { closed: { message: text } }]);
  });

  test('in small pieces beyond the window, while nobody reads, is refused', async () => {
    const { carried, sink, port } = opposite();
    carried.pause();
    for (let size = 0; size <= windowSize; size += 32_768) port.postMessage(bytes(32_768));
    await sink.untilClosed();
    expect(sink.told.at(-1)).toMatchObject({ closed: { code: 'ERR_TRANSPORT_MESSAGE' } });
    expect(sink.size).toBe(windowSize);
  });

  test('a message that cannot be deserialized', () => {
    const port = new FakePort();
    const sink = new Recorder(messagePort(port));
    port.dispatch('messageerror');
    expect(sink.told).toMatchObject([{ closed: { code: 'ERR_TRANSPORT_MESSAGE' } }]);
    expect([port.closed, port.listeners]).toEqual([true, 0]);
  });
});

describe('the other side is gone', () => {
  test('in order, and nothing was for it', async () => {
    const { sink, port } = opposite();
    port.postMessage({ type: 'close' });
    await sink.untilClosed();
    expect(sink.told).toEqual([{ end: 'clean' }, 'closed']);
  });

  test('in order, behind its end', async () => {
    const { sink, port } = opposite();
    port.postMessage({ type: 'end' });
    await sink.untilEnded();
    port.postMessage({ type: 'close' });
    await sink.untilClosed();
    expect([sink.told, sink.breaches]).toEqual([[{ end: 'clean' }, 'closed'], []]);
  });

  test('in order, and something was for it', async () => {
    const { carried, sink, port } = opposite();
    carried.write(new Uint8Array(windowSize + 1));
    await turns();
    port.postMessage({ type: 'close' });
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ end: 'clean' }, { closed: { code: 'ERR_TRANSPORT_RESET' } }]);
  });

  test('in order, which is told behind what a pause holds back', async () => {
    const { carried, sink, port } = opposite();
    carried.pause();
    port.postMessage(bytes(3));
    port.postMessage({ type: 'end' });
    port.postMessage({ type: 'close' });
    await turns();
    expect(sink.told).toEqual([]);
    carried.resume();
    expect(sink.told).toEqual([{ bytes: '\0\0\0' }, { end: 'clean' }, 'closed']);
  });

  test('with a cause, whose text is told behind what had come, paused or not', async () => {
    const { carried, sink, port } = opposite();
    carried.pause();
    port.postMessage(bytes(3));
    port.postMessage({ type: 'reset', cause: 'the disk is full' });
    await sink.untilClosed();
    const message = 'The other side has reset the connection: the disk is full';
    expect(sink.told).toMatchObject([{ bytes: '\0\0\0' }, { closed: { code: 'ERR_TRANSPORT_RESET', message } }]);
  });

  test('without a word: the port was closed', async () => {
    const { sink, port } = opposite();
    port.postMessage(bytes(3));
    port.close();
    await sink.untilClosed();
    expect(sink.told).toMatchObject([{ bytes: '\0\0\0' }, { closed: { code: 'ERR_TRANSPORT_RESET' } }]);
  });

  test('in order, though the port tells that it was closed before it brings the last messages', async () => {
    const port = new FakePort();
    const carried = messagePort(port);
    const sink = new Recorder(carried);
    carried.end();
    await turns();
    queueMicrotask(() => {
      port.dispatch('message', { data: { type: 'bytes', bytes: ascii('bye') } });
      port.dispatch('message', { data: { type: 'end' } });
    });
    port.dispatch('close');
    await turns();
    expect(sink.told).toEqual([{ bytes: 'bye' }, { end: 'clean' }, 'closed']);
  });

  test('without a word: its thread was terminated', async () => {
    const { port1, port2 } = new MessageChannel();
    opened.push(port1);
    const code = `
      const { port } = require('node:worker_threads').workerData;
      port.on('message', () => {});
      port.postMessage({ type: 'bytes', bytes: new Uint8Array([33]) });
    `;
    const worker = new Worker(code, { eval: true, workerData: { port: port2 }, transferList: [port2 as never] });
    const sink = new Recorder(messagePort(port1));
    await sink.until(() => sink.text === '!');
    await worker.terminate();
    await sink.untilClosed();
    expect(sink.told.at(-1)).toMatchObject({ closed: { code: 'ERR_TRANSPORT_RESET' } });
  });

  test('without a word, where ports have no event for that: nothing is told', async () => {
    const port = new FakePort();
    const sink = new Recorder(messagePort(port));
    await turns();
    expect(sink.told).toEqual([]);
  });
});

test.each([
  ['both sides have ended', (port: FakePort) => port.dispatch('message', { data: { type: 'end' } })],
  ['the other side has closed', (port: FakePort) => port.dispatch('message', { data: { type: 'close' } })],
  ['the port has closed', (port: FakePort) => port.dispatch('close')],
])('when %s, the port is closed and nobody listens to it', async (_, happen) => {
  const port = new FakePort();
  const carried = messagePort(port);
  const sink = new Recorder(carried);
  expect([port.started, port.listeners]).toEqual([true, 3]);
  carried.end();
  await turns();
  happen(port);
  await sink.untilClosed();
  expect([port.closed, port.listeners]).toEqual([true, 0]);
});

test('too much, written before the start, is told to have gone at the start', async () => {
  const port = new FakePort();
  const carried = messagePort(port);
  expect(carried.write(new Uint8Array(windowSize))).toBe(false);
  await turns();
  port.dispatch('message', { data: { type: 'taken', size: windowSize } });
  expect(new Recorder(carried).told).toEqual(['writable']);
});

test('what is written to a port that is paused at the other end stays here, but for a window', async () => {
  const { port1, port2 } = new MessageChannel();
  opened.push(port1, port2);
  const near = messagePort(port1);
  const far = messagePort(port2);
  new Recorder(near);
  const sink = new Recorder(far);
  far.pause();
  near.write(new Uint8Array(10 * windowSize));
  await settled(() => sink.size);
  far.destroy();
  await turns();
  // What came was held, and then dropped: a window of it.
  expect(sink.told).toEqual(['closed']);
});
