// No value that the caller passes can end a line, a field or a message early: what could is refused, and not one byte is written
// (RFC 9110 §5.5, RFC 9112 §3, §4, §5, §11.1).

import { ClientConnection, type HeaderPairs, ServerConnection, type ServerExchange } from '../src/index.ts';
import { ascii, drain, lines, pull, textOf } from './pair.ts';

const host = ['Host', 'x'] as const;

// One character at a time, between two that are harmless.
const controls = Array.from({ length: 33 }, (_, i) => String.fromCharCode(i === 32 ? 0x7f : i));
const separators = [...' "(),/:;<=>?@[\\]{}'];
const beyond = [
  '\u0080',
  '\u00e9',
  '\u00ff',
  '\u0100',
  '\u010a',
  '\u010d',
  '\u0120',
  '\u212a',
  '\u2028',
  '\uff0d',
  '\ud83d',
];

const shown = (text: string) => `U+${text.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
const table = (characters: readonly string[]) => characters.map((character) => [shown(character), character] as const);

const notInToken = [...controls, ...separators, ...beyond];
const notInTarget = [...controls, ' ', '#', ...beyond];
// A tab is white space in a value, and bytes above 0x7F are obs-text.
const notInValue = [
  ...controls.filter((character) => character !== '\t'),
  ...beyond.filter((character) => character > '\u00ff'),
];

function clientThat(act: (client: ClientConnection) => unknown): ClientConnection {
  const client = new ClientConnection({ persistent: true });
  expect(() => act(client)).toThrow(expect.objectContaining({ code: 'ERR_HEAD' }));
  return client;
}

function serverThat(act: (exchange: ServerExchange) => unknown): ServerConnection {
  const server = new ServerConnection();
  for (const event of server.receive(ascii(lines('GET / HTTP/1.1', 'Host: x')))) {
    if (event.type === 'request')
      expect(() => act(event.exchange)).toThrow(expect.objectContaining({ code: 'ERR_HEAD' }));
  }
  return server;
}

/** Each way out for a field. */
const fieldCarriers: [string, (headers: HeaderPairs) => ClientConnection | ServerConnection][] = [
  [
    'a request',
    (headers) => clientThat((client) => client.request({ method: 'GET', target: '/', headers: [host, ...headers] })),
  ],
  [
    'a streamed request',
    (headers) =>
      clientThat((client) => client.startRequest({ method: 'PUT', target: '/', headers: [host, ...headers] })),
  ],
  ['a response', (headers) => serverThat((exchange) => exchange.respond({ status: 200, headers }, ascii('a')))],
  ['a streamed response', (headers) => serverThat((exchange) => exchange.startResponse({ status: 200, headers }))],
  ['an interim response', (headers) => serverThat((exchange) => exchange.inform({ status: 103, headers }))],
  [
    'an answer to an error',
    (headers) => {
      const server = new ServerConnection();
      pull(server.receive(ascii('(((')));
      expect(() => server.refuse({ status: 400, headers })).toThrow(expect.objectContaining({ code: 'ERR_HEAD' }));
      return server;
    },
  ],
  [
    'the trailers of a request',
    (headers) => {
      const client = new ClientConnection({ persistent: true });
      const exchange = client.startRequest({ method: 'PUT', target: '/', headers: [host] });
      drain(client);
      expect(() => exchange.end(headers)).toThrow(expect.objectContaining({ code: 'ERR_HEAD' }));
      return client;
    },
  ],
  [
    'the trailers of a response',
    (headers) => {
      const server = new ServerConnection();
      for (const event of server.receive(ascii(lines('GET / HTTP/1.1', 'Host: x')))) {
        if (event.type !== 'request') continue;
        event.exchange.startResponse({ status: 200 });
        drain(server);
        expect(() => event.exchange.end(headers)).toThrow(expect.objectContaining({ code: 'ERR_HEAD' }));
      }
      return server;
    },
  ],
];

describe.each(fieldCarriers)('%s', (_, carry) => {
  test.each(table(notInToken))('cannot have %s in a field name', (__, character) => {
    expect(
      carry([
        ['X', 'y'],
        [`X${character}Y`, 'z'],
      ]).outputSize,
    ).toBe(0);
  });

  test.each(table(notInValue))('cannot have %s in a field value', (__, character) => {
    expect(
      carry([
        ['X', 'y'],
        ['Z', `a${character}b`],
      ]).outputSize,
    ).toBe(0);
  });

  test.each<[string, HeaderPairs]>([
    ['an empty field name', [['', 'y']]],
    ['a whole field in a value', [['X', 'y\r\nSet-Cookie: z']]],
    ['a whole message in a value', [['X', 'y\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK']]],
    ['a line end at the end of a value', [['X', 'y\n']]],
    ['a line end at the start of a value', [['X', '\r\ny']]],
    ['a line end in a name', [['X: y\r\nZ', 'a']]],
    ['a name that is no text', [[1 as unknown as string, 'y']]],
    ['a value that is no text', [['X', 1 as unknown as string]]],
    ['a value that is nothing', [['X', undefined as unknown as string]]],
    [
      'a value that becomes another text',
      [['X', { toString: () => 'y\r\nZ: a', trim: () => 'y' } as unknown as string]],
    ],
  ])('cannot have %s', (__, headers) => {
    expect(carry(headers).outputSize).toBe(0);
  });
});

describe('a request-line', () => {
  test.each(table(notInToken))('cannot have %s in its method', (_, character) => {
    const method = `GE${character}T`;
    expect(clientThat((client) => client.request({ method, target: '/', headers: [host] })).outputSize).toBe(0);
  });

  test.each(table(notInTarget))('cannot have %s in its target', (_, character) => {
    const target = `/a${character}b`;
    expect(clientThat((client) => client.request({ method: 'GET', target, headers: [host] })).outputSize).toBe(0);
  });

  test.each(table(notInTarget))('cannot have %s in an absolute target', (_, character) => {
    const target = `http://x/a${character}b`;
    expect(clientThat((client) => client.request({ method: 'GET', target, headers: [host] })).outputSize).toBe(0);
  });

  test.each(table([...notInTarget, '/', '?', '@', '"', '<', '\\', '^', '`', '{', '|']))(
    'cannot have %s in the target of a tunnel',
    (_, character) => {
      const target = `x${character}y:443`;
      expect(clientThat((client) => client.request({ method: 'CONNECT', target, headers: [host] })).outputSize).toBe(0);
    },
  );

  test('cannot have a version in its target', () => {
    const target = '/ HTTP/1.1\r\nX: y\r\n\r\nGET /';
    expect(clientThat((client) => client.request({ method: 'GET', target, headers: [host] })).outputSize).toBe(0);
  });
});

describe('a status line', () => {
  test.each(table(notInValue))('cannot have %s in its reason', (_, character) => {
    const reason = `O${character}K`;
    expect(serverThat((exchange) => exchange.respond({ status: 200, reason })).outputSize).toBe(0);
    expect(serverThat((exchange) => exchange.inform({ status: 103, reason })).outputSize).toBe(0);
  });

  test.each([
    ['text', '200'],
    ['text that ends the line', '200 OK\r\nX: y\r\n\r\n'],
    ['nothing', undefined],
    ['a negative number', -200],
    ['infinity', Number.POSITIVE_INFINITY],
  ])('cannot have %s for its status', (_, status) => {
    expect(serverThat((exchange) => exchange.respond({ status: status as number })).outputSize).toBe(0);
  });
});

describe('what may go out goes out as it is', () => {
  const value = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i))
    .filter((c) => !notInValue.includes(c))
    .join('');

  test('every other character in a value, a byte each', () => {
    const client = new ClientConnection({ persistent: true });
    client.request({ method: 'GET', target: '/', headers: [host, ['X', `a${value}b`]] });
    expect(drain(client)).toBe(lines('GET / HTTP/1.1', 'Host: x', `X: a${value}b`));
  });

  test('every other character in a reason', () => {
    const server = new ServerConnection();
    for (const event of server.receive(ascii(lines('GET / HTTP/1.1', 'Host: x')))) {
      if (event.type === 'request') event.exchange.respond({ status: 200, reason: `a${value}b` });
    }
    const chunk = server.nextChunk() ?? new Uint8Array();
    expect(textOf(chunk).split('\r\n')[0]).toBe(`HTTP/1.1 200 a${value}b`);
  });
});
