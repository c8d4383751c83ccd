// What holds however much goes through: memory stays bounded by the limits and by what is held, and bodies are not copied
// (RFC 9112 §7.1.1, RFC 9110 §2.3).

import { ClientConnection, ServerConnection } from '../src/index.ts';
import { ascii, drain, lines, pull } from './pair.ts';

const MiB = 1024 * 1024;
const get = { method: 'GET', target: '/', headers: [['Host', 'x']] as const };

/** By how much the memory of the process has grown at its most, looked at every so often. */
function growthOf(turns: number, turn: (i: number) => void): number {
  const used = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  for (let i = 0; i < 100; i++) turn(i);
  const before = used();
  let most = 0;
  for (let i = 100; i < turns; i++) {
    turn(i);
    if (i % 1_000 === 0) most = Math.max(most, used() - before);
  }
  return most;
}

// What may lie about uncollected; far below what would have gone through or been kept.
const slack = 100 * MiB;

describe('bytes that come in', () => {
  const piece = new Uint8Array(64 * 1024).fill(0x61);
  const pieces = 16_384; // 1 GiB

  test('a body of 1 GiB goes through a server without being kept', () => {
    const server = new ServerConnection();
    pull(server.receive(ascii(lines('PUT / HTTP/1.1', 'Host: x', `Content-Length: ${pieces * piece.length}`))));
    let received = 0;
    const growth = growthOf(pieces, () => {
      for (const event of server.receive(piece)) if (event.type === 'data') received += event.bytes.length;
    });
    expect(received).toBe(1024 * MiB);
    expect(growth).toBeLessThan(slack);
  });

  test('a body of 1 GiB goes through a client without being kept', () => {
    const client = new ClientConnection();
    client.request(get);
    drain(client);
    pull(client.receive(ascii(lines('HTTP/1.1 200 OK'))));
    let received = 0;
    const growth = growthOf(pieces, () => {
      for (const event of client.receive(piece)) if (event.type === 'data') received += event.bytes.length;
    });
    expect(received).toBe(1024 * MiB);
    expect(growth).toBeLessThan(slack);
  });

  test('a million chunks of a byte go through, each in a piece of its own', () => {
    const server = new ServerConnection();
    pull(server.receive(ascii(lines('PUT / HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked'))));
    const chunk = ascii('1\r\nx\r\n');
    let received = 0;
    const growth = growthOf(1_000_000, () => {
      for (const event of server.receive(chunk)) if (event.type === 'data') received += event.bytes.length;
    });
    expect(received).toBe(1_000_000);
    expect(growth).toBeLessThan(slack);
  });

  test('what comes behind the last response is not kept', () => {
    const server = new ServerConnection();
    for (const event of server.receive(ascii(lines('GET / HTTP/1.0')))) {
      if (event.type === 'end') event.exchange.respond({ status: 200 });
    }
    drain(server);
    const growth = growthOf(4_096, () => pull(server.receive(new Uint8Array(64 * 1024))));
    expect(growth).toBeLessThan(slack);
  });

  test('a body that is always pulled a piece too late is let go of all the same', () => {
    const server = new ServerConnection();
    pull(server.receive(ascii(lines('PUT / HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked'))));
    const fresh = () => new Uint8Array(64 * 1024).fill(0x61);
    server.receive(ascii(`${(8_192 * 64 * 1024).toString(16)}\r\n`)).receive(fresh());
    const growth = growthOf(4_096, () => server.receive(fresh()).nextEvent());
    expect(growth).toBeLessThan(slack);
  });

  test('a body that comes before it is pulled is not copied, in however many pieces', () => {
    const server = new ServerConnection();
    server.receive(ascii(lines('PUT / HTTP/1.1', 'Host: x', 'Content-Length: 200000')));
    const bytes = new Uint8Array(200_000);
    for (let i = 0; i < bytes.length; i++) server.receive(bytes.subarray(i, i + 1));
    const buffers = new Set<ArrayBufferLike>();
    let received = 0;
    for (const event of server) {
      if (event.type !== 'data') continue;
      buffers.add(event.bytes.buffer);
      received += event.bytes.length;
    }
    expect([received, buffers.size, buffers.has(bytes.buffer)]).toEqual([200_000, 1, true]);
  });
});

describe('bytes that go out', () => {
  test('a body of 256 MiB goes out of a client as it is taken', () => {
    const client = new ClientConnection({ persistent: true });
    const exchange = client.startRequest({ ...get, method: 'PUT' });
    const piece = new Uint8Array(64 * 1024);
    let sent = 0;
    const growth = growthOf(4_096, () => {
      exchange.write(piece);
      for (let chunk = client.nextChunk(); chunk !== null; chunk = client.nextChunk()) sent += chunk.length;
    });
    expect(sent).toBeGreaterThan(256 * MiB);
    expect([growth < slack, client.outputSize]).toEqual([true, 0]);
  });

  test('200,000 writes of a byte go out of a server as they are taken', () => {
    const server = new ServerConnection();
    const [first] = server.receive(ascii(lines('GET / HTTP/1.1', 'Host: x')));
    if (first?.type === 'request') first.exchange.startResponse({ status: 200 });
    const piece = ascii('x');
    const growth = growthOf(200_000, () => {
      if (first?.type === 'request') first.exchange.write(piece);
      while (server.nextChunk() !== null);
    });
    expect([growth < slack, server.outputSize]).toEqual([true, 0]);
  });
});

test('100,000 exchanges leave nothing behind on either side', () => {
  const client = new ClientConnection({ persistent: true });
  const server = new ServerConnection();
  let answered = 0;
  const growth = growthOf(100_000, () => {
    client.request(get);
    for (let chunk = client.nextChunk(); chunk !== null; chunk = client.nextChunk()) server.receive(chunk);
    for (const event of server) if (event.type === 'end') event.exchange.respond({ status: 204 });
    for (let chunk = server.nextChunk(); chunk !== null; chunk = server.nextChunk()) client.receive(chunk);
    for (const event of client) if (event.type === 'end') answered++;
  });
  expect([answered, client.length]).toEqual([100_000, 0]);
  expect(growth).toBeLessThan(slack);
});
