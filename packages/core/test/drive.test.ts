// The face towards the transport: when the connection wants bytes, has bytes, ends, is finished, and when it calls to be driven
// (RFC 9112 §9.5, §9.6).

import {
  ClientConnection,
  type ClientOptions,
  ServerConnection,
  type ServerEvent,
  type ServerExchange,
} from '../src/index.ts';
import { ascii, drain, lines, pull, textOf } from './pair.ts';

const get = lines('GET / HTTP/1.1', 'Host: x');
const post = lines('POST / HTTP/1.1', 'Host: x', 'Content-Length: 5');
const GET = { method: 'GET', target: '/', headers: [['Host', 'x']] as const };
const PUT = { method: 'PUT', target: '/', headers: [...GET.headers, ['Content-Length', '9']] as const };
const empty = ascii(lines('HTTP/1.1 200 OK', 'Content-Length: 0'));

describe('wake', () => {
  /** A server outside a drain, and how often it has called. */
  function serverOf(request: string): { server: ServerConnection; exchange: ServerExchange; calls: () => number } {
    let calls = 0;
    const server = new ServerConnection({ wake: () => calls++ });
    let exchange: ServerExchange | undefined;
    for (const event of server.receive(ascii(request))) if (event.type === 'request') exchange = event.exchange;
    drain(server);
    if (exchange === undefined) throw new Error('No request');
    return { server, exchange, calls: () => calls };
  }

  test('is called once for all that is sent before the next drain', () => {
    const { server, exchange, calls } = serverOf(get);
    expect(calls()).toBe(0);
    exchange.inform({ status: 103 });
    expect(calls()).toBe(1);
    exchange.startResponse({ status: 200 });
    exchange.write(ascii('a'));
    exchange.write(ascii('b'));
    expect(calls()).toBe(1);
    drain(server);
    exchange.write(ascii('c'));
    expect(calls()).toBe(2);
    exchange.end();
    expect(calls()).toBe(2);
  });

  test('is not called while the connection is being driven', () => {
    let calls = 0;
    const server = new ServerConnection({ wake: () => calls++ });
    server.receive(ascii(get));
    for (const event of server) if (event.type === 'end') event.exchange.respond({ status: 200 });
    drain(server);
    expect(calls).toBe(0);
  });

  test('is not called before a drain has come to its end', () => {
    const { server, exchange, calls } = serverOf(get);
    exchange.startResponse({ status: 200 });
    exchange.write(new Uint8Array(5_000));
    expect(calls()).toBe(1);
    server.nextChunk(); // the transport is full now, and will ask again
    exchange.write(new Uint8Array(5_000));
    expect(calls()).toBe(1);
    drain(server);
    exchange.end();
    expect(calls()).toBe(2);
  });

  test.each<[string, (server: ServerConnection) => void]>([
    ['receive()', (server) => server.receive(ascii('x'))],
    ['receiveEnd()', (server) => server.receiveEnd()],
    ['advance()', (server) => server.advance(1)],
  ])('is not called behind %s, which begins a drain', (_, act) => {
    const { server, exchange, calls } = serverOf(get);
    act(server);
    exchange.respond({ status: 200 });
    expect(calls()).toBe(0);
    drain(server);
    server.shutdown();
  });

  test.each<[string, string, (server: ServerConnection, exchange: ServerExchange) => void]>([
    ['inform()', get, (_, exchange) => exchange.inform({ status: 102 })],
    ['respond()', get, (_, exchange) => exchange.respond({ status: 200 })],
    ['startResponse()', get, (_, exchange) => exchange.startResponse({ status: 200 })],
    ['shutdown()', get, (server) => server.shutdown()],
    ['abort()', get, (server) => server.abort()],
    [
      'refuse()',
      post,
      (server) => {
        for (const _ of server.receiveEnd());
        drain(server);
        server.refuse({ status: 400 });
      },
    ],
  ])('is called by %s of a server', (_, request, act) => {
    const { server, exchange, calls } = serverOf(request);
    act(server, exchange);
    expect(calls()).toBe(1);
  });

  test.each<[string, (client: ClientConnection) => void, number]>([
    ['request()', (client) => client.request(GET), 1],
    ['startRequest()', (client) => client.startRequest(PUT), 1],
    ['shutdown()', (client) => client.shutdown(), 1],
    ['abort()', (client) => client.abort(), 1],
    [
      'write() and end()',
      (client) => {
        const exchange = client.startRequest({ ...PUT, headers: [...GET.headers, ['Content-Length', '2']] });
        drain(client);
        exchange.write(ascii('hi'));
        exchange.end();
      },
      2,
    ],
    [
      'abandon()',
      (client) => {
        const exchange = client.request(GET);
        drain(client);
        exchange.abandon();
      },
      2,
    ],
    [
      'a request that throws, which it is not',
      (client) => expect(() => client.request({ ...GET, headers: [] })).toThrow(),
      0,
    ],
  ])('is called by %s of a client', (_, act, expected) => {
    let calls = 0;
    const client = new ClientConnection({ persistent: true, wake: () => calls++ });
    act(client);
    expect(calls).toBe(expected);
  });

  test('may drive the connection itself', () => {
    let output = '';
    const options: ClientOptions = { persistent: true };
    options.wake = () => {
      output += drain(client);
    };
    const client = new ClientConnection(options);
    client.request(GET);
    client.request(GET);
    expect(output.match(/GET/g)?.length).toBe(2);
  });
});

describe('wantsInput', () => {
  test.each<[string, string, number, boolean]>([
    ['before anything', '', 0, true],
    ['with half a head', 'GET', 1, true],
    ['with a head that is not pulled', get, 0, false],
    ['with a request that is owed a response', get, 2, true],
    ['with the next request behind one that is owed a response', get + get, 3, false],
    ['with a body that is not pulled', `${post}he`, 1, false],
    ['with half a body', `${post}he`, 3, true],
  ])('of a server %s', (_, bytes, pulls, wants) => {
    const server = new ServerConnection();
    server.receive(ascii(bytes));
    for (let i = 0; i < pulls; i++) server.nextEvent();
    expect(server.wantsInput).toBe(wants);
  });

  test.each<[string, string, number, boolean]>([
    ['before anything', '', 0, true],
    ['with half a head', 'HTTP', 1, true],
    ['with a head that is not pulled', lines('HTTP/1.1 200 OK', 'Content-Length: 2'), 0, false],
    ['with a body that is not pulled', `${lines('HTTP/1.1 200 OK', 'Content-Length: 2')}h`, 1, false],
    ['with half a body', `${lines('HTTP/1.1 200 OK', 'Content-Length: 2')}h`, 3, true],
    ['when it is closed', 'bad', 1, false],
  ])('of a client %s', (_, bytes, pulls, wants) => {
    const client = new ClientConnection();
    client.request(GET);
    drain(client);
    client.receive(ascii(bytes));
    for (let i = 0; i < pulls; i++) client.nextEvent();
    expect(client.wantsInput).toBe(wants);
  });

  test('is false behind the end of the input', () => {
    const server = new ServerConnection();
    for (const event of server.receive(ascii(get)))
      if (event.type === 'request') event.exchange.startResponse({ status: 200 });
    expect(server.wantsInput).toBe(true);
    expect(server.receiveEnd().wantsInput).toBe(false);
  });

  test('comes back when the held request may be parsed', () => {
    const server = new ServerConnection();
    const [first] = server.receive(ascii(get + get)) as Iterable<ServerEvent>;
    pull(server);
    expect(server.wantsInput).toBe(false);
    if (first?.type === 'request') first.exchange.respond({ status: 200 });
    pull(server);
    expect(server.wantsInput).toBe(true);
  });

  test('says no and takes bytes all the same', () => {
    const server = new ServerConnection();
    server.receive(ascii(get.slice(0, 9))).receive(ascii(get.slice(9)));
    expect(server.wantsInput).toBe(false);
    server.receive(ascii(get));
    for (const event of server) if (event.type === 'request') event.exchange.respond({ status: 200 });
    expect(drain(server).match(/200 OK/g)?.length).toBe(2);
  });
});

describe('events', () => {
  test('are parsed when they are pulled, and not before', () => {
    const server = new ServerConnection();
    server.receive(ascii('(((('));
    expect(server.persistence.verdict).toBe('undecided');
    expect(server.nextEvent()?.type).toBe('error');
  });

  test('that were not pulled stay when a loop breaks out', () => {
    const server = new ServerConnection();
    server.receive(ascii(`${post}hello`));
    for (const event of server) if (event.type === 'request') break;
    expect(pull(server)).toEqual(['data "hello"', 'end']);
  });

  test('of nothing are none', () => {
    const server = new ServerConnection();
    server.receive(new Uint8Array(0));
    expect(server.nextEvent()).toBeNull();
  });

  test('of a body are views of what was received', () => {
    const server = new ServerConnection();
    const bytes = ascii(`${post}hello`);
    const events = [...server.receive(bytes)];
    const data = events[1];
    expect(data?.type === 'data' && [data.bytes.buffer === bytes.buffer, textOf(data.bytes)]).toEqual([true, 'hello']);
  });

  test('come one for each piece of a body, in order', () => {
    const server = new ServerConnection();
    server
      .receive(ascii(`${post}h`))
      .receive(ascii('el'))
      .receive(ascii('lo'));
    const pieces = [...server].filter((event) => event.type === 'data').map((event) => textOf(event.bytes));
    expect(pieces).toEqual(['h', 'el', 'lo']);
  });
});

describe('output', () => {
  test('is counted until it is taken', () => {
    const client = new ClientConnection({ persistent: true });
    client.request(GET);
    expect(client.outputSize).toBe(get.length);
    client.request(GET, new Uint8Array(5_000));
    const size = client.outputSize;
    const first = client.nextChunk();
    expect(client.outputSize).toBe(size - (first?.length ?? 0));
    drain(client);
    expect(client.outputSize).toBe(0);
  });

  test('that was taken is never written over', () => {
    const client = new ClientConnection({ persistent: true });
    const chunks: [Uint8Array, string][] = [];
    for (let i = 0; i < 500; i++) {
      client.request({ ...GET, target: `/${i}` });
      const chunk = client.nextChunk();
      if (chunk !== null) chunks.push([chunk, textOf(chunk)]);
      pull(client.receive(empty));
    }
    expect(chunks.length).toBe(500);
    expect(chunks.filter(([bytes, text]) => textOf(bytes) !== text)).toEqual([]);
  });

  test('of two connections that write by turns does not mix', () => {
    const options = { persistent: true, maxInFlight: 1_000 };
    const clients = ['a', 'b'].map((name) => ({ name, client: new ClientConnection(options), output: '' }));
    for (let i = 0; i < 999; i++) {
      for (const each of clients) {
        each.client.request({ method: 'GET', target: `/${i}`, headers: [['Host', each.name]] });
        if (i % 7 === 0) each.output += drain(each.client);
      }
    }
    for (const { name, client, output } of clients) {
      const requests = Array.from({ length: 999 }, (_, i) => lines(`GET /${i} HTTP/1.1`, `Host: ${name}`));
      expect(output + drain(client)).toBe(requests.join(''));
    }
  });

  test('is cut into chunks at the same places whatever other connections write', () => {
    // Fills the room that is shared by all connections to another degree each time, and cuts in between.
    const other = new ClientConnection({ persistent: true, maxInFlight: Number.POSITIVE_INFINITY });
    const sizesOf = (disturbed: boolean) => {
      const client = new ClientConnection({ persistent: true, maxInFlight: Number.POSITIVE_INFINITY });
      const sizes: number[] = [];
      for (let i = 0; i < 400; i++) {
        client.request(GET, new Uint8Array((i * 37) % 1_100));
        if (disturbed && i % 3 > 0) other.request({ ...GET, target: `/${'x'.repeat(i)}` });
        if (i % 50 === 49)
          for (let chunk = client.nextChunk(); chunk !== null; chunk = client.nextChunk()) sizes.push(chunk.length);
      }
      return sizes;
    };
    const sizes = sizesOf(false);
    expect(sizesOf(true)).toEqual(sizes);
    expect(sizesOf(false)).toEqual(sizes);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(16 * 1024);
  });

  test.each([0, 1, 1_023, 1_024, 16_384, 40_000])('of a body of %d bytes is that body', (size) => {
    const client = new ClientConnection({ persistent: true });
    const body = Uint8Array.from({ length: size }, (_, i) => 33 + (i % 90));
    client.request(GET, body);
    expect(drain(client)).toBe(lines('GET / HTTP/1.1', 'Host: x', `Content-Length: ${size}`) + textOf(body));
    expect(client.outputSize).toBe(0);
  });
});
