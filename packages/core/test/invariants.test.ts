// What holds however much goes through: a connection never keeps more than its limits and the chunk that it was given, and bodies are not
// copied (RFC 9112 §7.1.1, RFC 9110 §2.3). Memory is looked at when the garbage is collected, so that what is left is what is kept.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ClientConnection, type ClientEvent, ServerConnection, type ServerEvent } from '../src/index.ts';
import { ascii, drain, lines, pull, serverOf } from './pair.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const KiB = 1024;
const MiB = 1024 * KiB;
const get = { method: 'GET', target: '/', headers: [['Host', 'x']] as const };
const ok = ascii(lines('HTTP/1.1 200 OK', 'Content-Length: 0'));

/** What is in use: objects, and the memory behind arrays of bytes, which is let go of in the collection behind the one that finds it. */
function inUse(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** By how much memory has grown over so many turns, in the middle or at the end. */
function growthOf(turns: number, turn: (i: number) => void): number {
  const warm = Math.ceil(turns / 64);
  const middle = Math.ceil(turns / 2);
  for (let i = 0; i < warm; i++) turn(i);
  const before = inUse();
  for (let i = warm; i < middle; i++) turn(i);
  const half = turns >= 4_096 ? inUse() - before : 0;
  for (let i = middle; i < turns; i++) turn(i);
  return Math.max(half, inUse() - before);
}

// A chunk, what the limits allow, and what the runtime does on its own; eight bytes kept of each of a million chunks are eight times that.
const bound = MiB;

/** A chunk of its own each time, as a transport gives them. */
const fresh = (size = 64 * KiB) => new Uint8Array(size).fill(0x61);

function server(...head: readonly string[]): ServerConnection {
  return begun(lines(...head));
}

function client(...head: readonly string[]): ClientConnection {
  const connection = asking();
  pull(connection.receive(ascii(lines(...head))));
  return connection;
}

interface Connection {
  receive(bytes: Uint8Array): unknown;
  nextEvent(): ServerEvent | ClientEvent | null;
}

function receivedIn(connection: Connection, bytes: Uint8Array): number {
  let size = 0;
  connection.receive(bytes);
  for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent())
    if (event.type === 'data') size += event.bytes.length;
  return size;
}

const put = ['PUT / HTTP/1.1', 'Host: x'] as const;
const chunked = 'Transfer-Encoding: chunked';
const chunks = lines(...put, chunked);

/** A server that has those bytes. */
function begun(text: string): ServerConnection {
  const connection = new ServerConnection();
  pull(connection.receive(ascii(text)));
  return connection;
}

/** A client whose request is out. */
function asking(): ClientConnection {
  const connection = new ClientConnection({ persistent: true });
  connection.request(get);
  while (connection.nextChunk() !== null);
  return connection;
}

describe('bytes that come in', () => {
  const size = 64 * KiB;

  test.each<[string, number, (total: number) => Connection, 'chunks' | 'bytes']>([
    ['1 GiB, a server, by length', 1024, (total) => server(...put, `Content-Length: ${total}`), 'bytes'],
    ['1 GiB, a client, in chunks', 1024, () => client('HTTP/1.1 200 OK', chunked), 'chunks'],
    ['128 MiB, a server, in chunks', 128, () => server(...put, chunked), 'chunks'],
    ['128 MiB, a client, by length', 128, (total) => client('HTTP/1.1 200 OK', `Content-Length: ${total}`), 'bytes'],
    ['128 MiB, a client, until the end', 128, () => client('HTTP/1.1 200 OK'), 'bytes'],
  ])('a body goes through without being kept: %s', (_, mebibytes, open, form) => {
    const turns = (mebibytes * MiB) / size;
    const connection = open(mebibytes * MiB);
    const line = ascii(`${size.toString(16)}\r\n`);
    const end = ascii('\r\n');
    let received = 0;
    const growth = growthOf(turns, () => {
      if (form === 'chunks') receivedIn(connection, line);
      received += receivedIn(connection, fresh(size));
      if (form === 'chunks') receivedIn(connection, end);
    });
    expect(received).toBe(mebibytes * MiB);
    expect(growth).toBeLessThan(bound);
  });

  test.each<[string, number, () => Connection]>([
    ['1,000,000 chunks of a byte, a server', 1_000_000, () => server(...put, chunked)],
    ['250,000 chunks of a byte, a client', 250_000, () => client('HTTP/1.1 200 OK', chunked)],
  ])('a body goes through without being kept: %s', (_, count, open) => {
    const connection = open();
    let received = 0;
    const growth = growthOf(count, () => {
      received += receivedIn(connection, Uint8Array.of(0x31, 0x0d, 0x0a, 0x78, 0x0d, 0x0a));
    });
    expect(received).toBe(count);
    expect(growth).toBeLessThan(bound);
  });

  const endless = (byte: string) => () => byte.charCodeAt(0);
  const cycle = (text: string) => (i: number) => text.charCodeAt(i % text.length);
  const million = 1_000_000;
  test.each<[string, string, number, () => Connection, (i: number) => number]>([
    ['a method', 'ERR_HEAD_SIZE', 40_000, () => begun(''), endless('A')],
    ['a target', 'ERR_HEAD_SIZE', 40_000, () => begun('GET /'), endless('a')],
    ['a field value', 'ERR_HEAD_SIZE', million, () => begun('GET / HTTP/1.1\r\nX: '), endless('a')],
    ['white space before a value', 'ERR_HEAD_SIZE', 40_000, () => begun('GET / HTTP/1.1\r\nX:'), endless(' ')],
    ['fields', 'ERR_HEAD_SIZE', 40_000, () => begun('GET / HTTP/1.1\r\n'), cycle('a:\r\n')],
    ['a chunk size', 'ERR_CHUNK', 40_000, () => begun(chunks), endless('0')],
    ['an extension', 'ERR_CHUNK', million, () => begun(`${chunks}1;`), endless('a')],
    ['extensions of many chunks', 'ERR_CHUNK', 80_000, () => begun(chunks), cycle('1;a=b\r\nx\r\n')],
    ['trailers', 'ERR_HEAD_SIZE', 40_000, () => begun(`${chunks}0\r\n`), cycle('a:b\r\n')],
    ['interim responses', 'ERR_HEAD_SIZE', 40_000, () => asking(), cycle('HTTP/1.1 103 \r\n\r\n')],
    ['a reason', 'ERR_HEAD_SIZE', 40_000, () => asking(), cycle(`HTTP/1.1 200 ${'a'.repeat(99_999)}`)],
  ])(
    'an endless drip of %s is refused at the limit with %s, and no more of it is kept',
    (_, code, count, open, byte) => {
      const connection = open();
      const codes: (string | undefined)[] = [];
      let fed = 0;
      const growth = growthOf(count, () => {
        connection.receive(Uint8Array.of(byte(fed++)));
        for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent())
          if (event.type === 'error' || event.type === 'closed') codes.push(event.error?.code);
      });
      expect(codes).toEqual([code]);
      expect(growth).toBeLessThan(bound);
    },
  );

  test('what comes behind the last response is not kept', () => {
    const connection = new ServerConnection();
    for (const event of connection.receive(ascii(lines('GET / HTTP/1.0')))) {
      if (event.type === 'end') event.exchange.respond({ status: 200 });
    }
    drain(connection);
    expect(growthOf(2_000, () => pull(connection.receive(fresh())))).toBeLessThan(bound);
  });

  test('a body that is always pulled a piece too late is let go of all the same', () => {
    const connection = server(...put, chunked);
    connection.receive(ascii(`${(8_192 * size).toString(16)}\r\n`)).receive(fresh());
    expect(growthOf(2_000, () => connection.receive(fresh()).nextEvent())).toBeLessThan(bound);
  });

  test('a body that comes before it is pulled is not copied, in however many pieces', () => {
    const connection = new ServerConnection();
    connection.receive(ascii(lines(...put, 'Content-Length: 200000')));
    const bytes = new Uint8Array(200_000);
    for (let i = 0; i < bytes.length; i++) connection.receive(bytes.subarray(i, i + 1));
    const buffers = new Set<ArrayBufferLike>();
    let received = 0;
    for (const event of connection) {
      if (event.type !== 'data') continue;
      buffers.add(event.bytes.buffer);
      received += event.bytes.length;
    }
    expect([received, buffers.size, buffers.has(bytes.buffer)]).toEqual([200_000, 1, true]);
  });
});

describe('what one connection holds', () => {
  /** Feeds the bytes as long as the connection wants any, pulling what there is if that is allowed. */
  function feed<T extends ServerConnection | ClientConnection>(
    connection: T,
    text: string,
    chunkSize: number,
    status?: number,
  ): T {
    const bytes = ascii(text);
    for (let at = 0; at < bytes.length && connection.wantsInput; at += chunkSize) {
      connection.receive(bytes.slice(at, at + chunkSize));
      for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent()) {
        if (event.type === 'end' && 'respond' in event.exchange && status !== undefined)
          event.exchange.respond({ status });
      }
      if (status !== undefined) while (connection.nextChunk() !== null);
    }
    return connection;
  }
  const head = `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(17 * KiB)}`.slice(0, 16 * KiB - 1);
  const answer = `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(17 * KiB)}`.slice(0, 16 * KiB - 1);
  const slice = (text: string, chunkSize: number, status?: number) => () =>
    feed(new ServerConnection(), text, chunkSize, status);

  test.each<[string, number, () => ServerConnection | ClientConnection]>([
    ['nothing, where a server waits', 0, () => new ServerConnection()],
    ['nothing, where a client waits', 0, () => new ClientConnection()],
    ['a head of 16 KiB that comes in small pieces', 16 * KiB, slice(head, 7)],
    ['a head of 16 KiB that comes in larger ones', 16 * KiB, slice(head, 1_000)],
    ['the head of a response', 16 * KiB, () => feed(asking(), answer, 100)],
    ['where fields are, and no strings of them', 4 * KiB, slice(`GET / HTTP/1.1\r\n${'a:\r\n'.repeat(99)}`, 7)],
    ['nothing of the last head, behind its exchange', 0, slice(`${head.slice(0, -4)}\r\n\r\n`, 1_000, 204)],
    ['nothing of an extension', 0, slice(`${chunks}1;${'a'.repeat(1_000)}`, 7)],
    ['trailers', 16 * KiB, slice(`${chunks}0\r\nX: ${'a'.repeat(4_000)}`, 100)],
    ['the chunk with the next request', 64 * KiB, slice(lines('GET / HTTP/1.1', 'Host: x').repeat(3_000), 64 * KiB)],
    ['nothing of a body that was pulled', 0, slice(`${chunks}10000\r\n${'a'.repeat(64 * KiB)}\r\n`, 16 * KiB)],
  ])('is no more than %s', (_, allowed, open) => {
    const count = 40;
    const bound = allowed + 10 * KiB; // its objects, and those of its exchange
    const warm = Array.from({ length: 4 }, open);
    let each = Infinity;
    // What the runtime takes for itself meanwhile only adds, and not each time.
    for (let i = 0; i < 3 && each >= bound; i++) {
      const before = inUse();
      const connections = Array.from({ length: count }, open);
      each = (inUse() - before) / count;
      expect(warm.length + connections.length).toBe(count + 4);
    }
    expect(each).toBeLessThan(bound);
  });

  test('is at most the chunk that it was given, where its application is slow and its transport obeys wantsInput', async () => {
    const connection = server(...put, chunked);
    const given: WeakRef<Uint8Array>[] = [];
    let refused = 0;
    for (let turn = 0; turn < 2_000; turn++) {
      if (connection.wantsInput) {
        // Three small chunks, of which the application takes one in a turn.
        const chunk = ascii('1\r\nx\r\n'.repeat(3));
        given.push(new WeakRef(chunk));
        connection.receive(chunk);
      } else refused++;
      connection.nextEvent();
    }
    await new Promise(setImmediate); // a WeakRef holds what it was made of until the end of its turn
    collectGarbage();
    expect(given.filter((chunk) => chunk.deref() !== undefined).length).toBeLessThan(2);
    expect([given.length > 400, refused > 1_000]).toEqual([true, true]);
  });

  test('is at most the chunk with the next response, where its application is slow', async () => {
    const connection = new ClientConnection({ persistent: true });
    const given: WeakRef<Uint8Array>[] = [];
    let ended = 0;
    for (let turn = 0; turn < 2_000; turn++) {
      if (connection.length < 4) connection.request(get);
      while (connection.nextChunk() !== null);
      if (connection.wantsInput) {
        const chunk = ok.slice();
        given.push(new WeakRef(chunk));
        connection.receive(chunk);
      }
      if (connection.nextEvent()?.type === 'end') ended++;
    }
    await new Promise(setImmediate);
    collectGarbage();
    expect(given.filter((chunk) => chunk.deref() !== undefined).length).toBeLessThan(2);
    expect(ended).toBeGreaterThan(600);
  });
});

describe('bytes that go out', () => {
  const size = 64 * KiB;
  const total = 128 * MiB;
  type Sender = { connection: ServerConnection | ClientConnection; write: (bytes: Uint8Array) => void };
  const uploading = (...fields: readonly (readonly [string, string])[]): Sender => {
    const connection = new ClientConnection({ persistent: true });
    const exchange = connection.startRequest({ method: 'PUT', target: '/', headers: [['Host', 'x'], ...fields] });
    return { connection, write: (bytes) => exchange.write(bytes) };
  };
  const answering = (request: string): Sender => {
    const { server: connection, exchange } = serverOf(request);
    exchange.startResponse({ status: 200 });
    return { connection, write: (bytes) => exchange.write(bytes) };
  };

  test.each<[string, number, () => Sender]>([
    ['1 GiB of a client, in chunks', 1024 * MiB, () => uploading()],
    ['128 MiB of a client, by length', total, () => uploading(['Content-Length', String(total)])],
    ['128 MiB of a server, in chunks', total, () => answering(lines('GET / HTTP/1.1', 'Host: x'))],
    ['128 MiB of a server, until the end', total, () => answering('GET / HTTP/1.0\r\n\r\n')],
  ])('a body goes out as it is taken: %s', (_, bytes, open) => {
    const { connection, write } = open();
    let sent = 0;
    const growth = growthOf(bytes / size, () => {
      write(fresh(size));
      for (let chunk = connection.nextChunk(); chunk !== null; chunk = connection.nextChunk()) sent += chunk.length;
    });
    expect(sent).toBeGreaterThanOrEqual(bytes);
    expect([growth < bound, connection.outputSize]).toEqual([true, 0]);
  });

  test.each<[string, () => Sender]>([
    ['a client', () => uploading()],
    ['a server', () => answering(lines('GET / HTTP/1.1', 'Host: x'))],
  ])('100,000 writes of a byte go out of %s as they are taken', (_, open) => {
    const { connection, write } = open();
    const growth = growthOf(100_000, () => {
      write(Uint8Array.of(0x78));
      while (connection.nextChunk() !== null);
    });
    expect([growth < bound, connection.outputSize]).toEqual([true, 0]);
  });

  test('a transport that is always a chunk behind holds no more than that', () => {
    const { connection, write } = answering(lines('GET / HTTP/1.1', 'Host: x'));
    write(fresh());
    const growth = growthOf(2_000, () => {
      write(fresh());
      for (let i = 0; i < 2; i++) connection.nextChunk(); // the line before the piece, and a piece
    });
    expect(growth).toBeLessThan(bound);
    expect(connection.outputSize).toBeGreaterThan(0);
  });
});

test('30,000 exchanges leave nothing behind on either side', () => {
  const connection = new ClientConnection({ persistent: true });
  const peer = new ServerConnection();
  let answered = 0;
  const growth = growthOf(30_000, () => {
    connection.request(get);
    for (let chunk = connection.nextChunk(); chunk !== null; chunk = connection.nextChunk()) peer.receive(chunk);
    for (const event of peer) if (event.type === 'end') event.exchange.respond({ status: 204 });
    for (let chunk = peer.nextChunk(); chunk !== null; chunk = peer.nextChunk()) connection.receive(chunk);
    for (const event of connection) if (event.type === 'end') answered++;
  });
  expect([answered, connection.length]).toEqual([30_000, 0]);
  expect(growth).toBeLessThan(bound);
});

test('30,000 requests that wait and are given up leave nothing behind', () => {
  const connection = new ClientConnection({ persistent: true, maxInFlight: 1 });
  const growth = growthOf(30_000, () => {
    connection.request(get);
    connection.request(get).abandon();
    while (connection.nextChunk() !== null);
    for (const _ of connection.receive(ok.slice()));
  });
  expect(connection.length).toBe(0);
  expect(growth).toBeLessThan(bound);
});
