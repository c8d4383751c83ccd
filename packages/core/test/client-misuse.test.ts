// The mistakes of a client's user: each throws a LocalProtocolError with its code, writes nothing, and leaves the connection as it was. That
// is shown by a twin to which the mistake did not happen, and which must go on alike (RFC 9110 §6, RFC 9112 §6).

import {
  ClientConnection,
  type ClientExchange,
  type ClientOptions,
  type HeaderPairs,
  ProtocolError,
} from '../src/index.ts';
import { ascii, drain, lines, pull } from './pair.ts';
import { attempt, mistake, seen } from './twins.ts';

const host = ['Host', 'x'] as const;

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

test.each<
  [string, ClientOptions, (client: ClientConnection) => ClientExchange | undefined, (scene: Scene) => unknown, string]
>([
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
  [
    'sends a coding with a whole body',
    {},
    fresh,
    request('PUT', '/', [host, ['Transfer-Encoding', 'chunked']], 'a'),
    'ERR_HEAD',
  ],
  ['sends a length and a coding', {}, fresh, start('PUT', [host, two, ['Transfer-Encoding', 'chunked']]), 'ERR_HEAD'],
  [
    'sends a coding that is not chunked',
    {},
    fresh,
    start('PUT', [host, ['Transfer-Encoding', 'gzip, chunked']]),
    'ERR_HEAD',
  ],
  ['expects 100 without a body', {}, fresh, request('PUT', '/', [host, ['Expect', '100-continue']]), 'ERR_HEAD'],
  ['expects 100 for an empty body', {}, fresh, request('PUT', '/', [host, ['Expect', '100-Continue']], ''), 'ERR_HEAD'],
  ['streams to HTTP/1.0 without a length', {}, from('HTTP/1.0 200 OK'), start('PUT'), 'ERR_HEAD'],
  [
    'asks whether a bad request would go',
    {},
    fresh,
    ({ client }) => client.accepts({ method: 'G T', target: '/' }),
    'ERR_HEAD',
  ],
  [
    'asks whether a bad field would go',
    {},
    fresh,
    ({ client }) => client.accepts({ method: 'GET', target: '/', headers: [['a b', '']] }),
    'ERR_HEAD',
  ],
  [
    'writes to a request that waits',
    {},
    (client) => client.startRequest({ method: 'PUT', target: '/', headers: [host] }),
    ({ exchange }) => exchange?.write(ascii('a')),
    'ERR_STATE',
  ],
  [
    'ends a request that waits',
    {},
    (client) => client.startRequest({ method: 'PUT', target: '/', headers: [host] }),
    ({ exchange }) => exchange?.end(),
    'ERR_STATE',
  ],
  [
    'writes to a request that is whole',
    {},
    (client) => client.request({ method: 'GET', target: '/', headers: [host] }),
    ({ exchange }) => exchange?.write(ascii('a')),
    'ERR_STATE',
  ],
  ['writes more than it said', {}, stream(two), ({ exchange }) => exchange?.write(ascii('abc')), 'ERR_BODY_LENGTH'],
  ['ends before what it said', {}, stream(two), ({ exchange }) => exchange?.end(), 'ERR_BODY_LENGTH'],
  [
    'ends with trailers where nothing is chunked',
    {},
    stream(['Content-Length', '0']),
    ({ exchange }) => exchange?.end([['X', 'y']]),
    'ERR_HEAD',
  ],
  [
    'ends with a trailer that frames',
    trusted,
    stream(),
    ({ exchange }) => exchange?.end([['Transfer-Encoding', 'chunked']]),
    'ERR_HEAD',
  ],
  [
    'sends behind a request that said close',
    { persistent: false },
    (client) => client.request({ method: 'GET', target: '/', headers: [host] }),
    request('GET', '/'),
    'ERR_CLOSED',
  ],
  [
    'sends behind shutdown()',
    trusted,
    (client) => [client.request({ method: 'GET', target: '/', headers: [host] }), client.shutdown()][0] ?? undefined,
    request('GET', '/'),
    'ERR_CLOSED',
  ],
  ['sends behind abort()', {}, (client) => client.abort() ?? undefined, request('GET', '/'), 'ERR_CLOSED'],
])('a user that %s', (_, options, setUp, misuse, code) => {
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

test('errors are told apart by class, name and code', () => {
  const error = mistake(() => new ClientConnection().request({ method: '', target: '/' }));
  expect([error instanceof ProtocolError, error instanceof Error]).toEqual([true, true]);
  expect([error.name, error.code, error.message]).toEqual([
    'LocalProtocolError',
    'ERR_HEAD',
    'Cannot send the method ""',
  ]);
});
