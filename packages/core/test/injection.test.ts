// No value that the caller passes can end a line, a field or a message early, or say of a message what is not so: what could is refused,
// and not one byte is written (RFC 9110 §5.5, §6.5.1, §7.6.1, RFC 9112 §3 to §7, §11.1).

import { runInNewContext } from 'node:vm';
import {
  ClientConnection,
  HeaderList,
  type HeaderPairs,
  type OutgoingRequest,
  type OutgoingResponse,
  ServerConnection,
} from '../src/index.ts';
import { ascii, drain, lines, pull, readRequests, readResponses, serverOf } from './pair.ts';
import { mistake, seen } from './twins.ts';

const host = ['Host', 'x'] as const;
const get = lines('GET / HTTP/1.1', 'Host: x');
const upgrading = lines('GET / HTTP/1.1', 'Host: x', 'Connection: upgrade', 'Upgrade: y');
const tunnelling = lines('CONNECT x:1 HTTP/1.1', 'Host: x');

/** What a message is made of. Where nothing is said it is a good one. */
type Parts = Partial<OutgoingRequest & OutgoingResponse> & { body?: Uint8Array };

/** A connection that can send one message, and the call that sends it. */
interface Scene {
  readonly connection: ServerConnection | ClientConnection;
  readonly send: (parts: Parts) => unknown;
}

function client(send: (connection: ClientConnection, head: OutgoingRequest, parts: Parts) => unknown) {
  return (): Scene => {
    const connection = new ClientConnection({ persistent: true });
    return { connection, send: (parts) => send(connection, asRequest(parts), parts) };
  };
}

function server(
  send: (exchange: ReturnType<typeof serverOf>['exchange'], head: OutgoingResponse, parts: Parts) => unknown,
) {
  return (request = get): Scene => {
    const { server: connection, exchange } = serverOf(request);
    return { connection, send: (parts) => send(exchange, asResponse(parts), parts) };
  };
}

// The parts are read no earlier than the core reads them, and as often.
function asRequest(parts: Parts): OutgoingRequest {
  return {
    get method() {
      return 'method' in parts ? (parts.method as string) : 'PUT';
    },
    get target() {
      return 'target' in parts ? (parts.target as string) : '/';
    },
    get headers() {
      return 'headers' in parts ? (parts.headers as HeaderPairs) : [host];
    },
  };
}

function asResponse(parts: Parts, usual = 200): OutgoingResponse {
  return {
    get status() {
      return 'status' in parts ? (parts.status as number) : usual;
    },
    get reason() {
      return parts.reason as string; // undefined stands for the usual one
    },
    get headers() {
      return 'headers' in parts ? (parts.headers as HeaderPairs) : [];
    },
  };
}

const hi = ascii('hi');
const request = client((connection, head, { body }) => connection.request(head, body));
const startRequest = client((connection, head) => connection.startRequest(head));
const respond = server((exchange, head, { body }) => exchange.respond(head, body));
const startResponse = server((exchange, head) => exchange.startResponse(head));
const inform = server((exchange, _, parts) => exchange.inform(asResponse(parts, 103)));

function refuse(): Scene {
  const connection = new ServerConnection();
  pull(connection.receive(ascii('(((')));
  return { connection, send: (parts) => connection.refuse(asResponse(parts, 400), parts.body) };
}

function endOfRequest(): Scene {
  const connection = new ClientConnection({ persistent: true });
  const exchange = connection.startRequest({ method: 'PUT', target: '/', headers: [host] });
  drain(connection);
  return { connection, send: ({ headers }) => exchange.end(headers) };
}

function endOfResponse(): Scene {
  const { server: connection, exchange } = serverOf(get);
  exchange.startResponse({ status: 200 });
  drain(connection);
  return { connection, send: ({ headers }) => exchange.end(headers) };
}

const requests = { 'a request': request, 'a streamed request': startRequest };
const responses = {
  'a response': respond,
  'a streamed response': startResponse,
  'an interim response': inform,
  'an answer to an error': refuse,
};
const trailers = { 'the trailers of a request': endOfRequest, 'the trailers of a response': endOfResponse };
const ways = Object.entries<() => Scene>({ ...requests, ...responses, ...trailers });

/** Fields beside those that a message must have. */
function fields(way: string, ...more: readonly (readonly [unknown, unknown])[]): Parts {
  const needed = way in requests ? [host] : [];
  return { headers: [...needed, ...more] as unknown as HeaderPairs };
}

/** The bytes that a call has written, or the code of what it threw, when nothing is left of it but that. */
function outcomeOf(open: () => Scene, parts: Parts): { code: string } | { bytes: string } {
  const { connection, send } = open();
  const before = seen(connection);
  const good = open();
  try {
    send(parts);
  } catch (error) {
    const { code, name } = error as { code?: string; name: string };
    const traces = [connection.outputSize !== 0 && 'bytes', !alike(before, seen(connection)) && 'another state'];
    const usual: Parts = 'headers' in parts && good.connection instanceof ServerConnection ? {} : { method: 'GET' };
    good.send(usual);
    send(usual);
    traces.push(drain(good.connection) !== drain(connection) && 'another message behind it');
    return { code: [code ?? name, ...traces.filter((trace) => trace !== false)].join(' and ') };
  }
  return { bytes: drain(connection) };
}

function alike(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

// Every code unit to U+017F; then what a cut to a byte, a change of case or a normal form would make a delimiter, a digit or a letter
// of; then halves of pairs.
const characters = [
  ...Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code)),
  ...'\u010a\u010d\u0120\u013a\u2028\u2029\u3000\u3a0a\u560a\u560d\u4e00\uff0a\uff0d\u2c20\u203a\uff1a\uff0c\ufe55\u037e\u212a\u017f\u0660\uff15\uff43\uff03\ufeff\u200b',
  '\ud800',
  '\udbff',
  '\udc0a',
  '\udfff',
  '\u{1f60a}',
];
const shown = (text: string) => `U+${text.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

const alphanumeric = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const digits = '0123456789';
const tchar = `!#$%&'*+-.^_\`|~${alphanumeric}`; // RFC 9110 §5.6.2
const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).join('');
const obsText = Array.from({ length: 128 }, (_, i) => String.fromCharCode(0x80 + i)).join('');
const text = `\t ${visible}${obsText}`; // RFC 9110 §5.5, RFC 9112 §4
const inTarget = visible.replace('#', '');
const inHost = `!$&'()*+-.;=_~${alphanumeric}`; // RFC 3986 §3.2.2 without the comma

type Place = readonly [place: string, allowed: string, parts: (character: string, way: string) => Parts];

const anywhere: readonly Place[] = [
  ['at the start of a field name', tchar, (c, way) => fields(way, ['A', 'b'], [`${c}X`, 'y'])],
  ['in a field name', tchar, (c, way) => fields(way, ['A', 'b'], [`X${c}Z`, 'y'])],
  ['at the end of a field name', tchar, (c, way) => fields(way, ['A', 'b'], [`X${c}`, 'y'])],
  ['as a field name', tchar, (c, way) => fields(way, ['A', 'b'], [c, 'y'])],
  ['at the start of a field value', text, (c, way) => fields(way, ['A', 'b'], ['X', `${c}y`])],
  ['in a field value', text, (c, way) => fields(way, ['A', 'b'], ['X', `y${c}z`])],
  ['at the end of a field value', text, (c, way) => fields(way, ['A', 'b'], ['X', `y${c}`])],
  ['as a field value', text, (c, way) => fields(way, ['A', 'b'], ['X', c])],
];
const inHeads: readonly Place[] = [
  ['in a connection option', `${tchar},`, (c, way) => fields(way, ['Connection', `y${c}z`])],
  ['at the end of a connection option', `${tchar},\t `, (c, way) => fields(way, ['Connection', `y${c}`])],
];
const inRequests: readonly Place[] = [
  ['at the start of a method', tchar, (c) => ({ method: `${c}ET` })],
  ['in a method', tchar, (c) => ({ method: `G${c}T` })],
  ['at the end of a method', tchar, (c) => ({ method: `GE${c}` })],
  ['at the start of a path', inTarget, (c) => ({ target: `/${c}a` })],
  ['in a path', inTarget, (c) => ({ target: `/a${c}b` })],
  ['at the end of a path', inTarget, (c) => ({ target: `/a${c}` })],
  ['at the start of a target', '/', (c) => ({ target: `${c}a` })],
  ['in the path of an absolute target', inTarget, (c) => ({ target: `http://x/a${c}b` })],
  [
    'in the host of an absolute target',
    `${inHost}/?`,
    (c) => ({ target: `http://x${c}y`, headers: [['Host', '/?'.includes(c) ? 'x' : `x${c}y`]] }),
  ],
  ['in the scheme of an absolute target', `+-.${alphanumeric}`, (c) => ({ target: `h${c}p://x` })],
  ['in Host', inHost, (c) => ({ headers: [['Host', `x${c}y`]] })],
  ['at the end of Host', `${inHost}:\t `, (c) => ({ headers: [['Host', `x${c}`]] })],
  ['in the port of Host', digits, (c) => ({ headers: [['Host', `x:8${c}0`]] })],
];
const inStreams: readonly Place[] = [
  ['at the start of a length', `${digits}\t `, (c, way) => fields(way, ['Content-Length', `${c}5`])],
  ['in a length', digits, (c, way) => fields(way, ['Content-Length', `5${c}5`])],
  ['at the end of a length', `${digits}\t `, (c, way) => fields(way, ['Content-Length', `5${c}`])],
  ['at the start of a coding', '\t ', (c, way) => fields(way, ['Transfer-Encoding', `${c}chunked`])],
  ['in a coding', '', (c, way) => fields(way, ['Transfer-Encoding', `chun${c}ked`])],
  ['in place of a letter of a coding', 'kK', (c, way) => fields(way, ['Transfer-Encoding', `chun${c}ed`])],
  ['at the end of a coding', '\t ', (c, way) => fields(way, ['Transfer-Encoding', `chunked${c}`])],
];
const inResponses: readonly Place[] = [
  ['at the start of a reason', text, (c) => ({ reason: `${c}K` })],
  ['in a reason', text, (c) => ({ reason: `O${c}K` })],
  ['at the end of a reason', text, (c) => ({ reason: `O${c}` })],
];

describe.each(ways)('%s lets no character pass but those of the grammar', (way, open) => {
  const streams = way.includes('streamed');
  const places = [
    ...anywhere,
    ...(way in trailers ? [] : inHeads),
    ...(way in requests ? inRequests : []),
    ...(way in responses ? inResponses : []),
    ...(streams ? inStreams : []),
  ];

  test.each(places)('%s', (place, allowed, parts) => {
    const passed: string[] = [];
    const otherwise: string[] = [];
    for (const character of characters) {
      const outcome = outcomeOf(open, parts(character, way));
      if ('bytes' in outcome) {
        passed.push(character);
        // A byte for each character, and nothing that has become something else.
        if (place.endsWith('value') || place.endsWith('reason') || place.includes('path')) {
          const bare = place.endsWith('value') && '\t '.includes(character);
          if (!bare && !outcome.bytes.includes(character)) otherwise.push(`${shown(character)} is not written`);
        }
      } else if (outcome.code !== 'ERR_HEAD') otherwise.push(`${shown(character)}: ${outcome.code}`);
    }
    expect(otherwise).toEqual([]);
    expect(passed).toEqual(characters.filter((character) => allowed.includes(character)));
  });
});

test('a tunnel is asked for with the characters of a host alone (RFC 9112 §3.2.3)', () => {
  const passed = characters.filter(
    (c) => 'bytes' in outcomeOf(request, { method: 'CONNECT', target: `x${c}y:443`, headers: [host] }),
  );
  expect(passed).toEqual(characters.filter((character) => inHost.includes(character)));
});

describe.each(ways)('%s cannot have', (way, open) => {
  test.each<[string, unknown, unknown]>([
    ['an empty field name', '', 'y'],
    ['a whole field in a value', 'X', 'y\r\nSet-Cookie: z'],
    ['a whole message in a value', 'X', 'y\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK'],
    ['a line end at the end of a value', 'X', 'y\n'],
    ['a line end at the start of a value', 'X', '\r\ny'],
    ['a line end in a name', 'X: y\r\nZ', 'a'],
    ['a name that is a number', 1, 'y'],
    ['a name that is an object', new String('X'), 'y'],
    ['a name that is a list', ['X'], 'y'],
    ['a name that cannot be text', Object.create(null), 'y'],
    ['a value that is a number', 'X', 1],
    ['a value that is nothing', 'X', undefined],
    ['a value that is null', 'X', null],
    ['a value that is a list', 'X', ['y', 'z']],
    ['a value that is a symbol', 'X', Symbol('y')],
    ['a value that is an object', 'X', new String('y')],
    ['a value that cannot be text', 'X', Object.create(null)],
    ['a value that becomes another text', 'X', { toString: () => 'y\r\nZ: a', trim: () => 'y' }],
  ])('%s', (_, name, value) => {
    expect(outcomeOf(open, fields(way, ['A', 'b'], [name, value]))).toEqual({ code: 'ERR_HEAD' });
  });

  test.each<[string, unknown]>([
    ['an object', { X: 'y' }],
    ['null', null],
    ['a number', 5],
  ])('%s for its fields', (_, headers) => {
    expect(outcomeOf(open, { headers: headers as HeaderPairs })).toEqual({ code: 'ERR_HEAD' });
  });
});

test.each<[string, Parts]>([
  ['a method that is an object', { method: new String('GET') as string }],
  ['a method that is nothing', { method: undefined as unknown as string }],
  ['a method that cannot be text', { method: Object.create(null) }],
  ['a target that is an object', { target: new URL('http://x/') as unknown as string }],
  ['a target that is nothing', { target: undefined as unknown as string }],
  ['a version in its target', { target: '/ HTTP/1.1\r\nX: y\r\n\r\nGET /' }],
])('a request cannot have %s', (_, parts) => {
  expect(outcomeOf(request, parts)).toEqual({ code: 'ERR_HEAD' });
  expect(outcomeOf(startRequest, parts)).toEqual({ code: 'ERR_HEAD' });
});

describe.each(Object.entries<() => Scene>(responses))('%s cannot have', (way, open) => {
  const most = way === 'an interim response' ? 199 : 999;

  test('a status but a whole number in its range', () => {
    const numbers = Array.from({ length: 1_100 }, (_, i) => i - 20);
    const passed = numbers.filter((status) => 'bytes' in outcomeOf(open, { status }));
    const final = way === 'an interim response' ? 100 : 200;
    expect(passed).toEqual(numbers.filter((status) => status >= final && status <= most && status !== 101));
  });

  test.each<[string, unknown]>([
    ['text', '200'],
    ['text that ends the line', '200 OK\r\nX: y\r\n\r\n'],
    ['nothing', undefined],
    ['null', null],
    ['a fraction', 200.5],
    ['no number', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a bigint', 200n],
    ['a list', [200]],
    ['an object', new Number(200)],
    ['what cannot be text', Object.create(null)],
  ])('%s for its status', (_, status) => {
    expect(outcomeOf(open, { status: status as number })).toEqual({ code: 'ERR_HEAD' });
  });

  test.each<[string, unknown]>([
    ['null', null],
    ['a number', 5],
    ['an object', new String('OK')],
    ['what cannot be text', Object.create(null)],
  ])('%s for its reason', (_, reason) => {
    expect(outcomeOf(open, { reason: reason as string })).toEqual({ code: 'ERR_HEAD' });
  });
});

describe('what says one thing first and another later', () => {
  /** The property is evil when it is read for that time, else good. */
  function fickle(name: string, good: unknown, evil: unknown, evilRead: number): Parts {
    let reads = 0;
    return Object.defineProperty({}, name, { enumerable: true, get: () => (reads++ === evilRead ? evil : good) });
  }

  test.each<[string, () => Scene, keyof Parts, unknown, readonly unknown[]]>([
    ['the method of a request', request, 'method', 'PUT', ['G T', 'CONNECT', 'a\r\nb']],
    ['the target of a request', request, 'target', '/', ['/ HTTP/1.1\r\nX: y\r\n\r\n', '*']],
    ['the fields of a request', request, 'headers', [host], [[], [host, ['X', 'a\r\nb']]]],
    ['the status of a response', respond, 'status', 200, [204, 304, 101, 103, '2\r\n']],
    ['the reason of a response', respond, 'reason', 'OK', ['a\r\nb', 5]],
    ['the fields of a response', respond, 'headers', [], [[['Content-Length', '5']], [['X', '\n']]]],
    ['the status of a streamed response', startResponse, 'status', 200, [204, 304, 101, 103]],
    ['the status of an interim response', inform, 'status', 103, [200, 101, 99, '1\r\n']],
    ['the fields of an interim response', inform, 'headers', [], [[['Content-Length', '5']]]],
    ['the status of an answer to an error', refuse, 'status', 400, [204, 101, 103, '4\r\n']],
  ])('%s is a good one or none', (_, open, name, good, evils) => {
    const usual = outcomeOf(open, { [name]: good });
    expect(usual).toHaveProperty('bytes');
    for (const evil of evils) {
      // Evil all along: thrown, or a message of its own (204 is a good status too).
      const always = outcomeOf(open, { [name]: evil });
      for (let read = 0; read < 6; read++) {
        const outcome = outcomeOf(open, fickle(name, good, evil, read));
        if ('bytes' in outcome) expect([usual, always]).toContainEqual(outcome);
        else expect(outcome.code).toMatch(/^ERR_(?:HEAD|STATE)$/);
      }
    }
  });

  test.each(ways)('%s takes its fields in one pass', (way, open) => {
    let passes = 0;
    const headers = {
      *[Symbol.iterator](): Iterator<readonly [string, string]> {
        if (way in requests) yield host;
        yield passes++ === 0 ? ['X', 'good'] : ['X', 'evil\r\n\r\n'];
      },
    };
    const outcome = outcomeOf(open, { headers });
    expect([outcome, passes]).toEqual([{ bytes: expect.stringContaining('\r\nX: good\r\n') }, 1]);
  });

  test.each(ways)('%s reads each name and value once', (way, open) => {
    const reads: string[] = [];
    const pair = {
      *[Symbol.iterator]() {
        reads.push('name');
        yield 'X';
        reads.push('value');
        yield 'y';
      },
    };
    const headers = [...(way in requests ? [host] : []), pair] as unknown as HeaderPairs;
    expect(outcomeOf(open, { headers })).toHaveProperty('bytes');
    expect(reads).toEqual(['name', 'value']);
  });
});

describe('fields that call back while they are read', () => {
  function* calling(call: () => unknown, ...more: (readonly [string, string])[]): Generator<readonly [string, string]> {
    call();
    yield* more;
  }
  const messages = (output: string) => output.split(/(?=HTTP\/1\.1 \d)/).map((message) => message.slice(9, 12));

  test('cannot respond twice', () => {
    const { server: connection, exchange } = serverOf(get);
    const headers = calling(() => exchange.respond({ status: 404 }));
    expect(mistake(() => exchange.respond({ status: 200, headers }, hi)).code).toBe('ERR_STATE');
    expect(messages(drain(connection))).toEqual(['404']);
  });

  test('cannot begin a response twice', () => {
    const { server: connection, exchange } = serverOf(get);
    const headers = calling(() => exchange.startResponse({ status: 404 }));
    expect(mistake(() => exchange.startResponse({ status: 200, headers })).code).toBe('ERR_STATE');
    exchange.end();
    expect(drain(connection)).toBe(`${lines('HTTP/1.1 404 Not Found', 'Transfer-Encoding: chunked')}0\r\n\r\n`);
  });

  test('cannot inform behind a response', () => {
    const { server: connection, exchange } = serverOf(get);
    const headers = calling(() => exchange.respond({ status: 404 }));
    expect(mistake(() => exchange.inform({ status: 103, headers })).code).toBe('ERR_STATE');
    expect(messages(drain(connection))).toEqual(['404']);
  });

  test('cannot refuse twice', () => {
    const connection = new ServerConnection();
    pull(connection.receive(ascii('(((')));
    const headers = calling(() => connection.refuse({ status: 404 }));
    expect(mistake(() => connection.refuse({ status: 400, headers })).code).toBe('ERR_STATE');
    expect(messages(drain(connection))).toEqual(['404']);
  });

  test('cannot respond on a connection that they have aborted', () => {
    const { server: connection, exchange } = serverOf(get);
    const headers = calling(() => connection.abort());
    expect(mistake(() => exchange.respond({ status: 200, headers })).code).toBe('ERR_STATE');
    expect([drain(connection), connection.finished]).toEqual(['', true]);
  });

  test.each([
    ['a request', endOfRequest],
    ['a response', endOfResponse],
  ])('cannot end %s twice', (_, open) => {
    const { connection, send } = open();
    const headers = calling(() => send({ headers: [['A', 'b']] }), ['C', 'd']);
    expect(mistake(() => send({ headers })).code).toBe('ERR_STATE');
    expect(drain(connection)).toBe('0\r\nA: b\r\n\r\n');
  });

  test('cannot queue a request behind one that closes', () => {
    const connection = new ClientConnection();
    const close = { method: 'GET', target: '/', headers: [host, ['Connection', 'close']] as const };
    const headers = calling(() => connection.request(close), host);
    expect(mistake(() => connection.request({ method: 'GET', target: '/b', headers })).code).toBe('ERR_CLOSED');
    expect([connection.length, connection.closed]).toEqual([1, true]);
  });
});

test.each<[string, (pairs: [string, string][]) => HeaderPairs]>([
  ['an array', (pairs) => pairs],
  ['a frozen array', (pairs) => Object.freeze(pairs.map((pair) => Object.freeze(pair)))],
  ['a Map', (pairs) => new Map(pairs)],
  ['a Set', (pairs) => new Set(pairs)],
  ['a HeaderList', (pairs) => new HeaderList(pairs)],
  ['the headers of fetch', (pairs) => new Headers(pairs)],
  ['an iterator', (pairs) => pairs[Symbol.iterator]()],
  [
    'a generator',
    function* (pairs) {
      yield* pairs;
    },
  ],
])('fields may come as %s', (_, form) => {
  const pairs: [string, string][] = [
    ['a', 'b'],
    ['host', 'x'],
    ['x', 'y'],
  ];
  expect(outcomeOf(request, { method: 'GET', headers: form(pairs) })).toEqual({
    bytes: lines('GET / HTTP/1.1', 'a: b', 'host: x', 'x: y'),
  });
});

test('what is changed behind the call changes nothing that was said', () => {
  const pairs: [string, string][] = [
    ['Host', 'x'],
    ['X', 'y'],
  ];
  const body = ascii('hi');
  const head = { method: 'PUT', target: '/a', headers: pairs };
  const connection = new ClientConnection({ persistent: true });
  connection.request(head, body);
  connection.request({ ...head, method: 'POST' }, body); // waits
  head.target = '/ HTTP/1.1\r\n\r\n';
  pairs[1] = ['X', 'z\r\n\r\n'];
  pairs.push(['Content-Length', '0']);
  const first = lines('PUT /a HTTP/1.1', 'Host: x', 'X: y', 'Content-Length: 2');
  body.fill(0x0a);
  expect(drain(connection)).toBe(`${first}hi`);
  pull(connection.receive(ascii(lines('HTTP/1.1 204 No Content'))));
  expect(drain(connection).slice(0, -2)).toBe(first.replace('PUT', 'POST'));
});

describe('a body', () => {
  const strange: readonly [string, unknown][] = [
    ['a text', 'h\u00e9llo'],
    ['a long text, which has more bytes than characters', '\u00e9'.repeat(2_000)],
    ['an ArrayBuffer', new ArrayBuffer(5)],
    ['a DataView', new DataView(new ArrayBuffer(2_000))],
    ['elements of two bytes', new Uint16Array(5)],
    ['many elements of two bytes', new Uint16Array(2_000)],
    ['signed bytes', new Int8Array(5)],
    ['a list of numbers', [104, 105]],
    ['null', null],
    ['a number', 5],
    ['a Blob', new Blob(['hi'])],
    ['an object with a length', { length: 5 }],
    ['a negative length', { length: -5 }],
    ['a fraction for a length', { length: 2.5 }],
    ['a text for a length', { length: '5\r\nX: y\r\n\r\n' }],
    ['an object that inherits from bytes', Object.create(new Uint8Array(5))],
    ['an object that says it is bytes', { [Symbol.toStringTag]: 'Uint8Array', length: 5 }],
  ];

  /** Another connection, which none of this is the business of. */
  function bystander(): string {
    const { server: connection, exchange } = serverOf(get);
    exchange.respond({ status: 200 }, hi);
    return drain(connection);
  }
  const undisturbed = bystander();

  test.each(strange)('is not %s', (_, given) => {
    const body = given as Uint8Array;
    for (const open of [request, respond, refuse]) expect(outcomeOf(open, { body })).toEqual({ code: 'ERR_HEAD' });
    const { server: connection, exchange } = serverOf(get);
    exchange.startResponse({ status: 200, headers: [['Content-Length', '2']] });
    drain(connection);
    expect(mistake(() => exchange.write(body)).code).toBe('ERR_BODY_LENGTH');
    expect(connection.outputSize).toBe(0);
    exchange.write(hi);
    exchange.end();
    expect([drain(connection), bystander()]).toEqual(['hi', undisturbed]);

    const client = new ClientConnection({ persistent: true });
    const streaming = client.startRequest({ method: 'PUT', target: '/', headers: [host] });
    drain(client);
    expect(mistake(() => streaming.write(body)).code).toBe('ERR_BODY_LENGTH');
    streaming.write(hi);
    streaming.end();
    expect([drain(client), bystander()]).toEqual(['2\r\nhi\r\n0\r\n\r\n', undisturbed]);
  });

  test.each(strange)('nor comes in as %s', (_, given) => {
    const { server: connection } = serverOf(get);
    expect(mistake(() => connection.receive(given as Uint8Array)).code).toBe('ERR_STATE');
    expect([connection.wantsInput, connection.nextEvent()?.type]).toEqual([true, 'end']);
  });

  const detached = new Uint8Array(5);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const elsewhere: Uint8Array = runInNewContext('Uint8Array.of(104, 105)');

  test.each<[string, Uint8Array, string]>([
    ['a Buffer', Buffer.from('hi'), 'hi'],
    ['a piece of a larger buffer', ascii('oh hi there').subarray(3, 5), 'hi'],
    ['memory that is shared', new Uint8Array(new SharedArrayBuffer(8), 2, 2).fill(0x61), 'aa'],
    ['bytes of another realm', elsewhere, 'hi'],
    ['bytes that were given away', detached, ''],
    ['more bytes than are copied', ascii('x'.repeat(5_000)), 'x'.repeat(5_000)],
  ])('may be %s', (_, body, bytes) => {
    const length = `Content-Length: ${bytes.length}`;
    expect(outcomeOf(request, { body })).toEqual({ bytes: lines('PUT / HTTP/1.1', 'Host: x', length) + bytes });
    expect(outcomeOf(respond, { body })).toEqual({ bytes: lines('HTTP/1.1 200 OK', length) + bytes });
  });

  type Resizable = ArrayBuffer & { resize(size: number): void };
  const resizable = () => {
    const make = ArrayBuffer as unknown as new (size: number, options: { maxByteLength: number }) => Resizable;
    return new make(2_000, { maxByteLength: 4_000 });
  };
  const changes: readonly [string, (bytes: Uint8Array) => void][] = [
    ['shrunk', ({ buffer }) => (buffer as Resizable).resize(1_000)],
    ['given away', ({ buffer }) => structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })],
  ];

  test.each(changes)(
    'that has %s before it is out ends the connection, and nothing goes out behind it',
    (_, change) => {
      let wakes = 0;
      const client = new ClientConnection({ persistent: true, wake: () => wakes++ });
      const body = new Uint8Array(resizable());
      client.request({ method: 'PUT', target: '/', headers: [host] }, body);
      client.request({ method: 'GET', target: '/next', headers: [host] });
      wakes = 0;
      change(body);
      expect(drain(client)).toBe(lines('PUT / HTTP/1.1', 'Host: x', 'Content-Length: 2000'));
      expect([client.outputSize, client.finished, wakes]).toEqual([0, true, 1]);
      expect(pull(client)[0]).toMatch(/^closed ERR_TRANSPORT/);

      const { server, exchange } = serverOf(get + get);
      const answer = new Uint8Array(resizable());
      exchange.startResponse({ status: 200 });
      exchange.write(answer);
      exchange.end();
      change(answer);
      expect(drain(server)).toBe(`${lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}7d0\r\n`);
      expect([server.outputSize, server.finished]).toEqual([0, true]);
    },
  );

  test('that grows before it is out goes out as long as it was', () => {
    const buffer = resizable();
    const client = new ClientConnection({ persistent: true });
    client.request({ method: 'PUT', target: '/', headers: [host] }, new Uint8Array(buffer));
    buffer.resize(4_000);
    expect(drain(client)).toBe(lines('PUT / HTTP/1.1', 'Host: x', 'Content-Length: 2000') + '\0'.repeat(2_000));
    expect([client.outputSize, client.finished]).toEqual([0, false]);
  });

  test('that waits for 100 is not sent where it has changed', () => {
    const client = new ClientConnection({ persistent: true });
    const body = new Uint8Array(resizable());
    client.request({ method: 'PUT', target: '/', headers: [host, ['Expect', '100-continue']] }, body);
    drain(client);
    structuredClone(body.buffer, { transfer: [body.buffer] });
    pull(client.receive(ascii(lines('HTTP/1.1 100 Continue'))));
    expect([drain(client), client.finished]).toEqual(['', true]);
  });
});

describe('fields that the core acts on cannot contradict what it does', () => {
  const two = ['Content-Length', '2'] as const;
  const coded = ['Transfer-Encoding', 'chunked'] as const;
  const close = ['Connection', 'close'] as const;
  const old = 'GET / HTTP/1.0\r\n\r\n';
  type Fields = readonly (readonly [string, string])[];

  test.each<[string, Fields, Uint8Array | undefined]>([
    ['a length that is not the body\u2019s', [two], ascii('abc')],
    ['a length where there is no body', [two], undefined],
    ['two lengths', [two, two], hi],
    ['two lengths in one', [['Content-Length', '2, 2']], hi],
    ['chunks of a body that is all here', [coded], hi],
    ['a length and chunks', [two, coded], hi],
    ['a coding that is none of ours', [['Transfer-Encoding', 'gzip']], hi],
    ['chunks twice', [['Transfer-Encoding', 'chunked, chunked']], undefined],
    ['a length for whoever obeys Connection to remove (RFC 9110 §7.6.1)', [two, ['Connection', 'Content-Length']], hi],
    ['a coding to remove', [['Connection', 'close, transfer-encoding']], hi],
    ['Host to remove', [['Connection', 'HOST']], hi],
    ['a connection option that is no token', [['Connection', '"close"']], hi],
    ['Upgrade without its connection option (RFC 9110 §7.8)', [['Upgrade', 'h2c']], undefined],
    ['TE without its connection option (RFC 9110 §10.1.4)', [['TE', 'trailers']], undefined],
    ['chunked in TE (RFC 9112 §7.4)', [['Connection', 'TE'], ['TE', 'trailers, chunked;q=0.5']], undefined], // biome-ignore format: a row
  ])('neither role sends %s', (_, headers, body) => {
    const parts = { ...(body && { body }) };
    expect(outcomeOf(request, { ...parts, headers: [host, ...headers] })).toEqual({ code: 'ERR_HEAD' });
    expect(outcomeOf(respond, { ...parts, headers })).toEqual({ code: 'ERR_HEAD' });
  });

  test.each<[string, Parts]>([
    ['no Host (RFC 9112 §3.2)', { headers: [] }],
    ['two Hosts', { headers: [host, host] }],
    ['a Host beside another in its target (RFC 9112 §3.2.2)', { target: 'http://y/' }],
    ['a Host without the port of its target', { target: 'http://x:80/' }],
    ['content with TRACE (RFC 9110 §9.3.8)', { method: 'TRACE', body: hi }],
    ['content with CONNECT', { method: 'CONNECT', target: 'x:1', body: hi }],
    ['an expectation without content (RFC 9110 §10.1.1)', { headers: [host, ['Expect', '100-continue']] }],
    ['one in a list without content', { headers: [host, ['Expect', 'x, 100-Continue']] }],
    ['one of two without content', { headers: [host, ['Expect', '100-continue'], ['Expect', 'x']] }],
    ['HEAD in another case, to which a body would be read or not', { method: 'Head' }],
    ['CONNECT in another case', { method: 'connect', target: 'x:1' }],
  ])('a client does not send %s', (_, parts) => {
    expect(outcomeOf(request, parts)).toEqual({ code: 'ERR_HEAD' });
  });

  test.each<[string, () => Scene, Parts]>([
    ['a body with 204', respond, { status: 204, body: hi }],
    ['a body with 304', respond, { status: 304, body: hi }],
    ['a body with 205', respond, { status: 205, body: hi }],
    ['a length with 204', respond, { status: 204, headers: [['Content-Length', '0']] }],
    ['chunks with 304', startResponse, { status: 304, headers: [coded] }],
    ['a length with an interim response', inform, { headers: [two] }],
    ['chunks with an interim response', inform, { headers: [coded] }],
    ['close with an interim response, behind which it goes on', inform, { headers: [close] }],
    ['a length with 101', () => respond(upgrading), { status: 101, headers: [two, ['Upgrade', 'y'], ['Connection', 'upgrade']] }], // biome-ignore format: a row
    ['close with 101', () => respond(upgrading), { status: 101, headers: [['Upgrade', 'y'], ['Connection', 'upgrade, close']] }], // biome-ignore format: a row
    ['a length with a tunnel', () => respond(tunnelling), { headers: [['Content-Length', '0']] }],
    ['chunks with a tunnel', () => startResponse(tunnelling), { headers: [coded] }],
    ['chunks to HTTP/1.0 (RFC 9112 §6.1)', () => startResponse(old), { headers: [coded] }],
    ['a switch in answer to an error', refuse, { status: 101 }],
    ['a length that is not the body\u2019s in answer to an error', refuse, { headers: [two] }],
  ])('a server does not send %s', (_, open, parts) => {
    expect(['ERR_HEAD', 'ERR_STATE']).toContain((outcomeOf(open, parts) as { code: string }).code);
  });

  const closes = { verdict: 'close' };
  test.each<[string, string, Fields, object]>([
    ['close, of two that contradict', get, [['Connection', 'keep-alive, close']], closes],
    [
      'close, where HTTP/1.0 was told to keep',
      `${old.slice(0, -2)}Connection: close\r\n\r\n`,
      [['Connection', 'Keep-Alive, x']],
      closes,
    ],
    [
      'close, where the client said so',
      lines('GET / HTTP/1.1', 'Host: x', 'Connection: close'),
      [['connection', 'keep-alive']],
      closes,
    ],
  ])('a server that cannot keep the connection says %s (RFC 9112 §9.6)', (_, asked, headers, fate) => {
    const { connection, send } = respond(asked);
    send({ headers });
    const head = drain(connection);
    expect(head.match(/^connection: .*$/gim)).toEqual([expect.stringMatching(/^connection: (?:x, )?close$/i)]);
    expect(connection.persistence).toMatchObject(fate);
  });
});

test('whatever passes is read back as it was said', () => {
  const value = [...text].filter((character) => !'\t '.includes(character)).join('');
  const asked = outcomeOf(request, {
    method: tchar,
    target: `/${inTarget}`,
    headers: [host, [tchar, value]],
    body: hi,
  });
  expect(readRequests([ascii('bytes' in asked ? asked.bytes : '')]).events).toEqual([
    `request ${tchar} /${inTarget} HTTP/1.1 length=2 ${JSON.stringify([host, [tchar, value], ['Content-Length', '2']])}`,
    'data "hi"',
    'end',
  ]);
  const answered = outcomeOf(respond, { status: 299, reason: value, headers: [[tchar, value]], body: hi });
  expect(readResponses([ascii('bytes' in answered ? answered.bytes : '')]).events).toEqual([
    `response 299 ${JSON.stringify(value)} HTTP/1.1 length=2 ${JSON.stringify([
      [tchar, value],
      ['Content-Length', '2'],
    ])}`,
    'data "hi"',
    'end',
  ]);
});
