// The caller's mistakes: each throws a LocalProtocolError with its code, writes nothing, and leaves the connection as it was. That is
// shown by a twin to which the mistake did not happen, and which must go on alike (RFC 9110 §6, RFC 9112 §6).

import {
  ClientConnection,
  type ClientExchange,
  type ClientOptions,
  type HeaderPairs,
  LocalProtocolError,
  ProtocolError,
  ServerConnection,
  type ServerExchange,
} from '../src/index.ts';
import { ascii, drain, lines, pull } from './pair.ts';

const host = ['Host', 'x'] as const;
const get = lines('GET /a HTTP/1.1', 'Host: x');
const post = lines('POST /a HTTP/1.1', 'Host: x', 'Content-Length: 2');

/** What can be seen of a connection without changing it. */
function seen(connection: ServerConnection | ClientConnection, exchange?: ServerExchange | ClientExchange): unknown {
  const { outputSize, outputEnded, finished, wantsInput, persistence, deadline } = connection;
  const queue = connection instanceof ClientConnection ? [connection.length, connection.closed] : [];
  const { state, writable } = exchange ?? {};
  return { outputSize, outputEnded, finished, wantsInput, persistence, deadline, queue, state, writable };
}

/** Calls what must throw, and gives the error. */
function mistake(call: () => unknown): LocalProtocolError {
  try {
    call();
  } catch (error) {
    if (error instanceof LocalProtocolError) return error;
    throw error;
  }
  throw new Error('It did not throw');
}

// Both twins may be past finishing; what counts is that they are so alike.
function attempt(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (!(error instanceof LocalProtocolError)) throw error;
  }
}

describe('a server', () => {
  interface Scene {
    readonly server: ServerConnection;
    readonly exchange: ServerExchange;
  }
  type Act = (scene: Scene) => unknown;

  function scene(request: string, setUp: Act): Scene {
    const server = new ServerConnection();
    server.advance(0);
    const event = server.receive(ascii(request)).nextEvent();
    if (event?.type !== 'request') throw new Error('No request');
    const made = { server, exchange: event.exchange };
    setUp(made);
    drain(server);
    return made;
  }

  const nothing: Act = () => {};
  const respond =
    (status: number, headers: HeaderPairs = [], body?: string): Act =>
    ({ exchange }) =>
      exchange.respond({ status, headers }, body === undefined ? undefined : ascii(body));
  const start =
    (status: number, headers: HeaderPairs = []): Act =>
    ({ exchange }) =>
      exchange.startResponse({ status, headers });
  const inform =
    (status: number, headers: HeaderPairs = []): Act =>
    ({ exchange }) =>
      exchange.inform({ status, headers });
  const write =
    (text: string): Act =>
    ({ exchange }) =>
      exchange.write(ascii(text));
  const end =
    (trailers?: HeaderPairs): Act =>
    ({ exchange }) =>
      exchange.end(trailers);
  const finish: Act = ({ exchange }) => {
    if (!exchange.writable) return exchange.respond({ status: 200 }, ascii('A'));
    exchange.write(ascii('ok'));
    return exchange.end();
  };
  const of = (length: number) => [['Content-Length', String(length)]] as const;
  const lost: Act = ({ server }) => pull(server.receive(ascii('x')).receiveEnd());
  const chunks = lines('POST /a HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked');
  const ask = lines('GET /a HTTP/1.1', 'Host: x', 'Connection: upgrade', 'Upgrade: y');

  test.each<[string, string, Act, Act, string]>([
    ['responds twice', get, respond(200), respond(200), 'ERR_STATE'],
    ['starts a response twice', get, start(200), start(200), 'ERR_STATE'],
    ['responds behind a start', get, start(200), respond(200), 'ERR_STATE'],
    ['informs behind a start', get, start(200), inform(103), 'ERR_STATE'],
    ['informs behind a response', get, respond(200), inform(103), 'ERR_STATE'],
    ['writes before a start', get, nothing, write('a'), 'ERR_STATE'],
    ['ends before a start', get, nothing, end(), 'ERR_STATE'],
    ['writes behind a response', get, respond(200), write('a'), 'ERR_STATE'],
    ['ends a response that is whole', get, respond(200), end(), 'ERR_STATE'],
    ['writes behind the end', get, (s) => [start(200)(s), end()(s)], write('a'), 'ERR_STATE'],
    ['ends twice', get, (s) => [start(200)(s), end()(s)], end(), 'ERR_STATE'],
    ['responds to a lost exchange', chunks, lost, respond(200), 'ERR_STATE'],
    ['writes to a lost exchange', chunks, (s) => [start(200)(s), lost(s)], write('a'), 'ERR_STATE'],
    ['refuses where there was no error', get, nothing, ({ server }) => server.refuse({ status: 400 }), 'ERR_STATE'],
    ['refuses with an interim status', chunks, lost, ({ server }) => server.refuse({ status: 100 }), 'ERR_HEAD'],
    ['refuses with a switch', chunks, lost, ({ server }) => server.refuse({ status: 101 }), 'ERR_STATE'],
    ['refuses with a body that 204 cannot have', chunks, lost, ({ server }) => server.refuse({ status: 204 }, ascii('a')), 'ERR_HEAD'],
    ['receives behind the end', get, ({ server }) => server.receiveEnd(), ({ server }) => server.receive(ascii('x')), 'ERR_STATE'],
    ['switches where nobody asked', get, nothing, respond(101, [['Upgrade', 'y'], ['Connection', 'upgrade']]), 'ERR_STATE'],
    ['switches without a protocol', ask, nothing, respond(101, [['Connection', 'upgrade']]), 'ERR_HEAD'],
    ['switches without Connection', ask, nothing, respond(101, [['Upgrade', 'y']]), 'ERR_HEAD'],
    ['switches with a body', ask, nothing, respond(101, [['Upgrade', 'y'], ['Connection', 'upgrade']], 'a'), 'ERR_HEAD'],
    ['responds with an interim status', get, nothing, respond(103), 'ERR_HEAD'],
    ['starts a response with an interim status', get, nothing, start(100), 'ERR_HEAD'],
    ['responds with a status that is none', get, nothing, respond(1_000), 'ERR_HEAD'],
    ['responds with a fraction', get, nothing, respond(200.5), 'ERR_HEAD'],
    ['responds with NaN', get, nothing, respond(Number.NaN), 'ERR_HEAD'],
    ['informs with a final status', get, nothing, inform(200), 'ERR_HEAD'],
    ['informs with a switch', ask, nothing, inform(101), 'ERR_HEAD'],
    ['informs with a status below 100', get, nothing, inform(99), 'ERR_HEAD'],
    ['informs with a length', get, nothing, inform(103, of(0)), 'ERR_HEAD'],
    ['informs with a coding', get, nothing, inform(103, [['Transfer-Encoding', 'chunked']]), 'ERR_HEAD'],
    ['gives 204 a body', get, nothing, respond(204, [], 'a'), 'ERR_HEAD'],
    ['gives 205 a body', get, nothing, respond(205, [], 'a'), 'ERR_HEAD'],
    ['gives 304 a body', get, nothing, respond(304, [], 'a'), 'ERR_HEAD'],
    ['gives 204 a length', get, nothing, respond(204, of(0)), 'ERR_HEAD'],
    ['gives 204 a coding', get, nothing, start(204, [['Transfer-Encoding', 'chunked']]), 'ERR_HEAD'],
    ['writes a body to 204', get, start(204), write('a'), 'ERR_BODY_LENGTH'],
    ['gives a length that is not the body', get, nothing, respond(200, of(1), 'ab'), 'ERR_HEAD'],
    ['gives a length that is not the body of HEAD', get.replace('GET', 'HEAD'), nothing, respond(200, of(1), 'ab'), 'ERR_HEAD'],
    ['gives a length and no body', get, nothing, respond(200, of(2)), 'ERR_HEAD'],
    ['gives two lengths', get, nothing, start(200, [...of(2), ...of(2)]), 'ERR_HEAD'],
    ['gives a length that is none', get, nothing, start(200, [['Content-Length', '+2']]), 'ERR_HEAD'],
    ['gives a length that is a list', get, nothing, start(200, [['Content-Length', '2, 2']]), 'ERR_HEAD'],
    ['gives a length beyond 2^53', get, nothing, start(200, [['Content-Length', '9007199254740993']]), 'ERR_HEAD'],
    ['gives a length and a coding', get, nothing, start(200, [...of(2), ['Transfer-Encoding', 'chunked']]), 'ERR_HEAD'],
    ['gives a coding with a whole body', get, nothing, respond(200, [['Transfer-Encoding', 'chunked']], 'a'), 'ERR_HEAD'],
    ['gives a coding that is not chunked', get, nothing, start(200, [['Transfer-Encoding', 'gzip']]), 'ERR_HEAD'],
    ['gives two codings', get, nothing, start(200, [['Transfer-Encoding', 'gzip'], ['Transfer-Encoding', 'chunked']]), 'ERR_HEAD'],
    ['gives HTTP/1.0 a coding', 'GET /a HTTP/1.0\r\n\r\n', nothing, start(200, [['Transfer-Encoding', 'chunked']]), 'ERR_HEAD'],
    ['grants a tunnel with a length', lines('CONNECT x:1 HTTP/1.1', 'Host: x'), nothing, respond(200, of(0)), 'ERR_HEAD'],
    ['grants a tunnel with a body', lines('CONNECT x:1 HTTP/1.1', 'Host: x'), nothing, respond(200, [], 'a'), 'ERR_HEAD'],
    ['writes more than it said', get, start(200, of(2)), write('abc'), 'ERR_BODY_LENGTH'],
    ['writes one byte more than it said', get, (s) => [start(200, of(3))(s), write('a')(s)], write('bcd'), 'ERR_BODY_LENGTH'],
    ['ends before what it said', get, start(200, of(2)), end(), 'ERR_BODY_LENGTH'],
    ['ends with trailers where nothing is chunked', get, (s) => [start(200, of(2))(s)], end([['X', 'y']]), 'ERR_HEAD'],
    ['ends with a trailer that frames', get, start(200), end([['Content-Length', '2']]), 'ERR_HEAD'],
    ['ends with a trailer that cannot be', get, start(200), end([['X', 'y'], ['X y', 'z']]), 'ERR_HEAD'],
  ])('that %s', (_, request, setUp, misuse, code) => {
    const scenes = [scene(request, setUp), scene(request, setUp)] as const;
    const [{ server, exchange }, twin] = scenes;
    expect(mistake(() => misuse(scenes[0])).code).toBe(code);
    expect(seen(server, exchange)).toEqual(seen(twin.server, twin.exchange));
    const goOn = (each: Scene) => {
      const events = each.server.nextEvent() === null ? [] : pull(each.server);
      if (each.exchange.state === 'open') attempt(() => finish(each));
      return [events, drain(each.server), seen(each.server, each.exchange)];
    };
    expect(goOn(scenes[0])).toEqual(goOn(twin));
  });

  test('a response whose body is short can still be completed', () => {
    const { server, exchange } = scene(get, start(200, of(2)));
    expect(mistake(() => exchange.end()).message).toBe('Cannot end the body: 0 of 2 bytes sent');
    exchange.write(ascii('a'));
    expect(mistake(() => exchange.write(ascii('bc'))).message).toBe('Cannot write 2 bytes: 1 of 2 bytes sent');
    exchange.write(ascii('b'));
    exchange.end();
    expect(drain(server)).toBe('ab');
  });

  test('an answer to an error can be given behind one that could not', () => {
    const { server } = scene(post, lost);
    mistake(() => server.refuse({ status: 400, headers: [['X', '\n']] }));
    server.refuse({ status: 400 });
    expect(drain(server)).toMatch(/^HTTP\/1\.1 400 /);
    expect(mistake(() => server.refuse({ status: 400 })).code).toBe('ERR_STATE');
  });
});

describe('a client', () => {
  interface Scene {
    readonly client: ClientConnection;
    readonly exchange: ClientExchange | undefined;
  }

  const ok = ascii(lines('HTTP/1.1 200 OK', 'Content-Length: 0'));
  const from = (statusLine: string) => (client: ClientConnection) => {
    client.request({ method: 'GET', target: '/', headers: [host] });
    drain(client);
    pull(client.receive(ascii(lines(statusLine, 'Connection: keep-alive', 'Content-Length: 0'))));
    return undefined;
  };
  const stream =
    (...fields: readonly (readonly [string, string])[]) =>
    (client: ClientConnection) =>
      client.startRequest({ method: 'PUT', target: '/', headers: [host, ...fields] });
  const request =
    (method: string, target: string, headers: HeaderPairs = [host], body?: string) =>
    ({ client }: Scene) =>
      client.request({ method, target, headers }, body === undefined ? undefined : ascii(body));
  const start =
    (method: string, headers: HeaderPairs = [host]) =>
    ({ client }: Scene) =>
      client.startRequest({ method, target: '/', headers });
  const fresh = () => undefined;
  const two = ['Content-Length', '2'] as const;
  const trusted: ClientOptions = { persistent: true };

  test.each<[string, ClientOptions, (client: ClientConnection) => ClientExchange | undefined, (scene: Scene) => unknown, string]>([
    ['sends no Host', {}, fresh, request('GET', '/', []), 'ERR_HEAD'],
    ['sends two Hosts', {}, fresh, request('GET', '/', [host, host]), 'ERR_HEAD'],
    ['sends a Host that is none', {}, fresh, request('GET', '/', [['Host', 'a b']]), 'ERR_HEAD'],
    ['sends an empty Host', {}, fresh, request('GET', '/', [['Host', '']]), 'ERR_HEAD'],
    ['sends a relative target', {}, fresh, request('GET', 'a'), 'ERR_HEAD'],
    ['sends an empty target', {}, fresh, request('GET', ''), 'ERR_HEAD'],
    ['sends a fragment', {}, fresh, request('GET', '/a#b'), 'ERR_HEAD'],
    ['sends user information', {}, fresh, request('GET', 'http://u@x/'), 'ERR_HEAD'],
    ['sends an asterisk with GET', {}, fresh, request('GET', '*'), 'ERR_HEAD'],
    ['asks for a tunnel to a path', {}, fresh, request('CONNECT', '/'), 'ERR_HEAD'],
    ['asks for a tunnel without a port', {}, fresh, request('CONNECT', 'x'), 'ERR_HEAD'],
    ['asks for a tunnel with a body', {}, fresh, request('CONNECT', 'x:1', [host], 'a'), 'ERR_HEAD'],
    ['asks for a tunnel with an empty body', {}, fresh, request('CONNECT', 'x:1', [host], ''), 'ERR_HEAD'],
    ['sends TRACE with a body (RFC 9110 §9.3.8)', {}, fresh, request('TRACE', '/', [host], 'a'), 'ERR_HEAD'],
    ['streams TRACE', trusted, fresh, start('TRACE'), 'ERR_HEAD'],
    ['sends a length that is not the body', {}, fresh, request('PUT', '/', [host, two], 'a'), 'ERR_HEAD'],
    ['sends a length and no body', {}, fresh, request('PUT', '/', [host, two]), 'ERR_HEAD'],
    ['sends a coding with a whole body', {}, fresh, request('PUT', '/', [host, ['Transfer-Encoding', 'chunked']], 'a'), 'ERR_HEAD'],
    ['sends a length and a coding', {}, fresh, start('PUT', [host, two, ['Transfer-Encoding', 'chunked']]), 'ERR_HEAD'],
    ['sends a coding that is not chunked', {}, fresh, start('PUT', [host, ['Transfer-Encoding', 'gzip, chunked']]), 'ERR_HEAD'],
    ['expects 100 without a body', {}, fresh, request('PUT', '/', [host, ['Expect', '100-continue']]), 'ERR_HEAD'],
    ['expects 100 for an empty body', {}, fresh, request('PUT', '/', [host, ['Expect', '100-Continue']], ''), 'ERR_HEAD'],
    ['streams to HTTP/1.0 without a length', {}, from('HTTP/1.0 200 OK'), start('PUT'), 'ERR_HEAD'],
    ['asks whether a bad request would go', {}, fresh, ({ client }) => client.accepts({ method: 'G T', target: '/' }), 'ERR_HEAD'],
    ['asks whether a bad field would go', {}, fresh, ({ client }) => client.accepts({ method: 'GET', target: '/', headers: [['a b', '']] }), 'ERR_HEAD'],
    ['writes to a request that waits', {}, (client) => client.startRequest({ method: 'PUT', target: '/', headers: [host] }), ({ exchange }) => exchange?.write(ascii('a')), 'ERR_STATE'],
    ['ends a request that waits', {}, (client) => client.startRequest({ method: 'PUT', target: '/', headers: [host] }), ({ exchange }) => exchange?.end(), 'ERR_STATE'],
    ['writes to a request that is whole', {}, (client) => client.request({ method: 'GET', target: '/', headers: [host] }), ({ exchange }) => exchange?.write(ascii('a')), 'ERR_STATE'],
    ['writes more than it said', {}, stream(two), ({ exchange }) => exchange?.write(ascii('abc')), 'ERR_BODY_LENGTH'],
    ['ends before what it said', {}, stream(two), ({ exchange }) => exchange?.end(), 'ERR_BODY_LENGTH'],
    ['ends with trailers where nothing is chunked', {}, stream(['Content-Length', '0']), ({ exchange }) => exchange?.end([['X', 'y']]), 'ERR_HEAD'],
    ['ends with a trailer that frames', trusted, stream(), ({ exchange }) => exchange?.end([['Transfer-Encoding', 'chunked']]), 'ERR_HEAD'],
    ['sends behind a request that said close', { persistent: false }, (client) => client.request({ method: 'GET', target: '/', headers: [host] }), request('GET', '/'), 'ERR_CLOSED'],
    ['sends behind shutdown()', trusted, (client) => [client.request({ method: 'GET', target: '/', headers: [host] }), client.shutdown()][0] ?? undefined, request('GET', '/'), 'ERR_CLOSED'],
    ['sends behind abort()', {}, (client) => client.abort() ?? undefined, request('GET', '/'), 'ERR_CLOSED'],
  ])('that %s', (_, options, setUp, misuse, code) => {
    const scene = (): Scene => {
      const client = new ClientConnection(options);
      client.advance(0);
      return { client, exchange: setUp(client) };
    };
    const scenes = [scene(), scene()] as const;
    const [{ client, exchange }, twin] = scenes;
    expect(mistake(() => misuse(scenes[0])).code).toBe(code);
    expect(seen(client, exchange)).toEqual(seen(twin.client, twin.exchange));
    const goOn = (each: Scene) => {
      const events = pull(each.client);
      attempt(() => {
        each.exchange?.write(ascii('ok'));
        each.exchange?.end();
      });
      const output = drain(each.client);
      if (!each.client.finished) events.push(...pull(each.client.receive(ok)));
      return [events, output, drain(each.client), seen(each.client, each.exchange)];
    };
    expect(goOn(scenes[0])).toEqual(goOn(twin));
  });
});

test('errors are told apart by class, name and code', () => {
  const error = mistake(() => new ClientConnection().request({ method: '', target: '/' }));
  expect([error instanceof ProtocolError, error instanceof Error]).toEqual([true, true]);
  expect([error.name, error.code, error.message]).toEqual(['LocalProtocolError', 'ERR_HEAD', 'Cannot send the method ""']);
});
