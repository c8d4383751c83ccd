// The mistakes of a server's user: each throws a LocalProtocolError with its code, writes nothing, and leaves the connection as it was. That
// is shown by a twin to which the mistake did not happen, and which must go on alike (RFC 9110 §6, RFC 9112 §6).

import { type HeaderPairs, ServerConnection, type ServerExchange } from '../src/index.ts';
import { ascii, drain, lines, pull } from './pair.ts';
import { attempt, mistake, seen } from './twins.ts';

const get = lines('GET /a HTTP/1.1', 'Host: x');
const post = lines('POST /a HTTP/1.1', 'Host: x', 'Content-Length: 2');

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
  [
    'refuses with a body that 204 cannot have',
    chunks,
    lost,
    ({ server }) => server.refuse({ status: 204 }, ascii('a')),
    'ERR_HEAD',
  ],
  [
    'receives behind the end',
    get,
    ({ server }) => server.receiveEnd(),
    ({ server }) => server.receive(ascii('x')),
    'ERR_STATE',
  ],
  [
    'switches where nobody asked',
    get,
    nothing,
    respond(101, [
      ['Upgrade', 'y'],
      ['Connection', 'upgrade'],
    ]),
    'ERR_STATE',
  ],
  ['switches without a protocol', ask, nothing, respond(101, [['Connection', 'upgrade']]), 'ERR_HEAD'],
  ['switches without Connection', ask, nothing, respond(101, [['Upgrade', 'y']]), 'ERR_HEAD'],
  [
    'switches with a body',
    ask,
    nothing,
    respond(
      101,
      [
        ['Upgrade', 'y'],
        ['Connection', 'upgrade'],
      ],
      'a',
    ),
    'ERR_HEAD',
  ],
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
  [
    'gives a length that is not the body of HEAD',
    get.replace('GET', 'HEAD'),
    nothing,
    respond(200, of(1), 'ab'),
    'ERR_HEAD',
  ],
  ['gives a length and no body', get, nothing, respond(200, of(2)), 'ERR_HEAD'],
  ['gives two lengths', get, nothing, start(200, [...of(2), ...of(2)]), 'ERR_HEAD'],
  ['gives a length that is none', get, nothing, start(200, [['Content-Length', '+2']]), 'ERR_HEAD'],
  ['gives a length that is a list', get, nothing, start(200, [['Content-Length', '2, 2']]), 'ERR_HEAD'],
  ['gives a length beyond 2^53', get, nothing, start(200, [['Content-Length', '9007199254740993']]), 'ERR_HEAD'],
  ['gives a length and a coding', get, nothing, start(200, [...of(2), ['Transfer-Encoding', 'chunked']]), 'ERR_HEAD'],
  ['gives a coding with a whole body', get, nothing, respond(200, [['Transfer-Encoding', 'chunked']], 'a'), 'ERR_HEAD'],
  ['gives a coding that is not chunked', get, nothing, start(200, [['Transfer-Encoding', 'gzip']]), 'ERR_HEAD'],
  [
    'gives two codings',
    get,
    nothing,
    start(200, [
      ['Transfer-Encoding', 'gzip'],
      ['Transfer-Encoding', 'chunked'],
    ]),
    'ERR_HEAD',
  ],
  [
    'gives HTTP/1.0 a coding',
    'GET /a HTTP/1.0\r\n\r\n',
    nothing,
    start(200, [['Transfer-Encoding', 'chunked']]),
    'ERR_HEAD',
  ],
  ['grants a tunnel with a length', lines('CONNECT x:1 HTTP/1.1', 'Host: x'), nothing, respond(200, of(0)), 'ERR_HEAD'],
  ['grants a tunnel with a body', lines('CONNECT x:1 HTTP/1.1', 'Host: x'), nothing, respond(200, [], 'a'), 'ERR_HEAD'],
  ['writes more than it said', get, start(200, of(2)), write('abc'), 'ERR_BODY_LENGTH'],
  [
    'writes one byte more than it said',
    get,
    (s) => [start(200, of(3))(s), write('a')(s)],
    write('bcd'),
    'ERR_BODY_LENGTH',
  ],
  ['ends before what it said', get, start(200, of(2)), end(), 'ERR_BODY_LENGTH'],
  ['ends with trailers where nothing is chunked', get, (s) => [start(200, of(2))(s)], end([['X', 'y']]), 'ERR_HEAD'],
  ['ends with a trailer that frames', get, start(200), end([['Content-Length', '2']]), 'ERR_HEAD'],
  [
    'ends with a trailer that cannot be',
    get,
    start(200),
    end([
      ['X', 'y'],
      ['X y', 'z'],
    ]),
    'ERR_HEAD',
  ],
])('a user that %s', (_, request, setUp, misuse, code) => {
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
