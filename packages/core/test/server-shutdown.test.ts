// How a server's connection ends by a call of its user: in good order, or at once (RFC 9112 §9.5, §9.6).

import { RemoteProtocolError, ServerConnection, type ServerExchange } from '../src/index.ts';
import { answer, ascii, drain, lines, pull, serverOf, stage } from './pair.ts';

const get = lines('GET /a HTTP/1.1', 'Host: x');

function post(length: number): string {
  return lines('POST /a HTTP/1.1', 'Host: x', `Content-Length: ${length}`);
}

describe('shutdown() finishes what is open', () => {
  test.each<[string, string, (server: ServerConnection, exchange: ServerExchange) => void, string, string]>([
    ['a response that is owed', get, (_, exchange) => exchange.respond({ status: 200 }), '', 'ended reads'],
    [
      'a response that is streamed',
      get,
      (server, exchange) => {
        exchange.startResponse({ status: 200 });
        server.shutdown();
        exchange.end();
      },
      '',
      'ended reads',
    ],
    [
      'a request that is still coming in',
      `${post(5)}he`,
      (server, exchange) => {
        pull(server.receive(ascii('llo')));
        exchange.respond({ status: 200 });
      },
      '',
      'ended reads',
    ],
  ])('%s', (_, request, act, before, after) => {
    const { server, exchange } = serverOf(request);
    pull(server);
    server.shutdown();
    expect(stage(server).replace('reads', '').trim()).toBe(before);
    act(server, exchange);
    drain(server);
    expect(stage(server)).toBe(after);
    expect(exchange.state).toBe('done');
    expect(server.persistence).toEqual({ verdict: 'close', reason: 'shutdown' });
    expect(pull(server.receive(ascii(get)))).toEqual([]);
  });

  test('an idle connection ends at once', () => {
    const server = new ServerConnection();
    server.shutdown();
    expect(stage(server)).toBe('ended reads');
    expect(pull(server.receive(ascii(get)))).toEqual([]);
    expect(stage(server.receiveEnd())).toBe('ended finished');
  });

  test.each([
    ['that has been pulled', true],
    ['that has not', false],
  ])('a request whose first bytes are here is read and answered: one %s', (_, pulled) => {
    const server = new ServerConnection();
    server.receive(ascii(get.slice(0, 9)));
    if (pulled) pull(server);
    server.shutdown();
    expect(server.outputEnded).toBe(false);
    server.receive(ascii(get.slice(9)));
    for (const event of server) answer(event, server);
    expect(drain(server)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    expect(stage(server)).toBe('ended reads');
  });

  test('a pipelined request behind the open one is not taken', () => {
    const { server, exchange } = serverOf(get + get);
    pull(server);
    server.shutdown();
    exchange.respond({ status: 200 });
    expect(pull(server)).toEqual([]);
    expect(drain(server)).toMatch(/Connection: close/);
  });

  test('twice is the same as once', () => {
    const server = new ServerConnection();
    server.shutdown();
    server.shutdown();
    expect(stage(server)).toBe('ended reads');
  });
});

describe('abort() ends at once', () => {
  const cause = new Error('reset');

  test.each<[string, () => ServerConnection, string[]]>([
    ['with nothing open', () => new ServerConnection(), []],
    ['in a head', () => new ServerConnection().receive(ascii('GET /')), []],
    ['with a response owed', () => serverOf(get).server, ['error ERR_TRANSPORT']],
    ['in a body', () => serverOf(`${post(5)}he`).server, ['error ERR_TRANSPORT']],
    [
      'in a response',
      () => {
        const { server, exchange } = serverOf(get);
        exchange.startResponse({ status: 200 });
        return server;
      },
      ['error ERR_TRANSPORT'],
    ],
    [
      'with a response on its way out',
      () => {
        const { server, exchange } = serverOf(get);
        pull(server);
        exchange.respond({ status: 200 });
        return server;
      },
      [],
    ],
    [
      'behind an error',
      () => {
        const server = new ServerConnection().receive(ascii('(((')) as ServerConnection;
        pull(server);
        return server;
      },
      [],
    ],
    [
      'in the linger',
      () => {
        const { server, exchange } = serverOf(get);
        pull(server);
        exchange.respond({ status: 200, headers: [['Connection', 'close']] });
        drain(server);
        return server;
      },
      [],
    ],
  ])('%s', (_, open, events) => {
    const server = open() as ServerConnection;
    server.abort(cause);
    expect(drain(server)).toBe('');
    expect(pull(server).map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual(events);
    expect(stage(server)).toBe('ended finished');
    expect(server.persistence.verdict).toBe('close');
    expect(server.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(() => server.refuse({ status: 400 })).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
    expect(pull(server.receive(ascii(get)))).toEqual([]);
  });

  test('keeps the cause, and loses the exchange', () => {
    const { server, exchange } = serverOf(get);
    server.abort(cause);
    const event = server.nextEvent();
    expect(event?.type === 'error' && event.error instanceof RemoteProtocolError && event.error.cause).toBe(cause);
    expect(exchange.state).toBe('lost');
    expect(() => exchange.respond({ status: 200 })).toThrow(expect.objectContaining({ code: 'ERR_STATE' }));
  });
});
