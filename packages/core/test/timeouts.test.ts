// Time, which comes in by advance() and is asked for by deadline: what is waited for, how long, and what happens then
// (RFC 9112 §9.5, §9.6; RFC 9110 §15.5.9).

import {
  ClientConnection,
  type ClientOptions,
  ServerConnection,
  type ServerOptions,
  type Timeouts,
} from '../src/index.ts';
import { ascii, drain, lines, pull } from './pair.ts';

const never = Number.POSITIVE_INFINITY;
const get = lines('GET / HTTP/1.1', 'Host: x');
const post = lines('POST / HTTP/1.1', 'Host: x', 'Content-Length: 5');
const GET = { method: 'GET', target: '/', headers: [['Host', 'x']] as const };

// Lengths of time that tell by themselves what is waited for.
const timeouts: Timeouts = { head: 1, body: 2, idle: 4, continue: 8, linger: 16 };

function respond(server: ServerConnection, headers: readonly (readonly [string, string])[] = []): void {
  for (const event of server) if (event.type === 'request') event.exchange.respond({ status: 200, headers });
}

describe('a server waits', () => {
  const waits: [string, (server: ServerConnection) => void, number][] = [
    ['for a first request', () => {}, timeouts.idle],
    ['for the rest of a head', (server) => server.receive(ascii('GET')), timeouts.head],
    ['for the rest of a head that has been looked at', (server) => pull(server.receive(ascii('GET'))), timeouts.head],
    ['for a body', (server) => pull(server.receive(ascii(post))), timeouts.body],
    ['for the rest of a body', (server) => pull(server.receive(ascii(`${post}he`))), timeouts.body],
    ['for no one while the application is asked', (server) => pull(server.receive(ascii(get))), never],
    [
      'for no one while a response goes on',
      (server) => {
        for (const event of server.receive(ascii(get))) {
          if (event.type === 'request') event.exchange.startResponse({ status: 200 });
        }
      },
      never,
    ],
    ['for the next request', (server) => respond(server.receive(ascii(get))), timeouts.idle],
    [
      'for the next request behind an empty line, which begins nothing',
      (server) => {
        respond(server.receive(ascii(`${get}\r\n`)));
        pull(server);
      },
      timeouts.idle,
    ],
    [
      'for the rest of the next request, part of which is here',
      (server) => respond(server.receive(ascii(`${get}GET`))),
      timeouts.head,
    ],
    ['for the body behind a response', (server) => respond(server.receive(ascii(post))), timeouts.body],
    [
      'for the end behind the last response',
      (server) => {
        respond(server.receive(ascii(get)), [['Connection', 'close']]);
        drain(server);
      },
      timeouts.linger,
    ],
    ['for an answer to an error', (server) => pull(server.receive(ascii('((('))), timeouts.linger],
    [
      'for no one while an answer to an error is on its way out',
      (server) => {
        pull(server.receive(ascii('(((')));
        server.refuse({ status: 400 });
      },
      never,
    ],
  ];

  test.each(waits)('%s', (_, act, timeout) => {
    const server = new ServerConnection({ timeouts });
    server.advance(1_000);
    act(server);
    expect(server.deadline).toBe(timeout === never ? never : 1_000 + timeout);
  });

  test.each(waits)('%s, and does nothing a moment before', (_, act) => {
    const server = new ServerConnection({ timeouts });
    server.advance(1_000);
    act(server);
    drain(server);
    const before = server.deadline;
    server.advance(before === never ? 1e6 : before - 0.5);
    expect([pull(server), server.deadline]).toEqual([[], before]);
  });

  test.each<[string, string, string]>([
    ['a head', 'GET', 'error ERR_TIMEOUT 408: Cannot wait for the request: its head took too long'],
    ['a body', `${post}he`, 'error ERR_TIMEOUT 408: Cannot wait for the request: its body stalled'],
    [
      'chunks',
      `${lines('POST / HTTP/1.1', 'Host: x', 'Transfer-Encoding: chunked')}5`,
      'error ERR_TIMEOUT 408: Cannot wait for the request: its body stalled',
    ],
  ])('not longer for %s, and says 408', (_, bytes, event) => {
    const server = new ServerConnection({ timeouts });
    server.advance(0);
    pull(server.receive(ascii(bytes)));
    server.advance(2);
    expect(pull(server)).toEqual([event]);
    server.refuse({ status: 408 });
    expect(drain(server)).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(server.persistence).toEqual({ verdict: 'close', reason: 'error' });
  });

  test('not longer for a request that has not begun, and closes in silence', () => {
    const server = new ServerConnection({ timeouts });
    server.advance(0);
    server.advance(4);
    expect([pull(server), drain(server)]).toEqual([[], '']);
    expect(server.persistence).toEqual({ verdict: 'close', reason: 'shutdown' });
    expect([server.outputEnded, server.finished]).toEqual([true, false]);
    expect(server.deadline).toBe(4 + timeouts.linger);
  });

  test('for a head as a whole, however it drips', () => {
    const server = new ServerConnection({ timeouts: { head: 100 } });
    server.advance(0);
    for (let now = 0; now < 100; now += 10) {
      server.advance(now);
      pull(server.receive(ascii('G')));
      expect(server.deadline).toBe(100);
    }
    server.advance(100);
    expect(pull(server).length).toBe(1);
  });

  test('for a body between two of its bytes, however long it takes', () => {
    const server = new ServerConnection({ timeouts: { body: 100 } });
    server.advance(0);
    pull(server.receive(ascii(post)));
    for (let now = 90; now < 400; now += 90) {
      server.advance(now);
      expect(pull(server.receive(ascii('h')))).toEqual(['data "h"']);
      expect(server.deadline).toBe(now + 100);
    }
  });

  test('no one while a body is here that the application does not pull', () => {
    const server = new ServerConnection({ timeouts });
    server.advance(0);
    server.receive(ascii(`${post}he`));
    server.nextEvent();
    expect(server.deadline).toBe(never);
    server.advance(1_000_000);
    expect(pull(server)).toEqual(['data "he"']);
    expect(server.deadline).toBe(1_000_000 + timeouts.body);
  });

  test.each<[string, ServerOptions, number]>([
    ['5 s for a request', {}, 5_000],
    ['as long as it is told', { timeouts: { idle: 7 } }, 7],
    ['for ever if it is told', { timeouts: { idle: never } }, never],
    ['5 s where the option is undefined', { timeouts: { idle: undefined } as unknown as Partial<Timeouts> }, 5_000],
  ])('%s', (_, options, deadline) => {
    expect(new ServerConnection(options).deadline).toBe(deadline);
  });

  test.each<[string, string, number]>([
    ['60 s for a head', 'GET', 60_000],
    ['60 s for a body', post, 60_000],
  ])('%s by default', (_, bytes, deadline) => {
    const server = new ServerConnection();
    server.advance(0);
    pull(server.receive(ascii(bytes)));
    expect(server.deadline).toBe(deadline);
  });
});

describe('a client waits', () => {
  function clientOf(options: ClientOptions = { timeouts }): ClientConnection {
    const client = new ClientConnection(options);
    client.advance(1_000);
    return client;
  }
  const request = (client: ClientConnection) => {
    client.request(GET);
    drain(client);
  };
  const receive = (client: ClientConnection, ...bytes: string[]) => pull(client.receive(ascii(bytes.join(''))));
  const empty = lines('HTTP/1.1 200 OK', 'Content-Length: 0');

  const waits: [string, (client: ClientConnection) => void, number][] = [
    ['for its user', () => {}, timeouts.idle],
    ['for a response', request, timeouts.head],
    ['for the rest of a head', (client) => [request(client), receive(client, 'HTTP')], timeouts.head],
    [
      'for a response behind an interim one',
      (client) => [request(client), receive(client, lines('HTTP/1.1 103 Early Hints'))],
      timeouts.head,
    ],
    [
      'for a body',
      (client) => [request(client), receive(client, lines('HTTP/1.1 200 OK', 'Content-Length: 5'))],
      timeouts.body,
    ],
    ['for its user again', (client) => [request(client), receive(client, empty)], timeouts.idle],
    [
      'for the next response of a pipeline',
      (client) => {
        client.request(GET);
        client.request({ ...GET, method: 'HEAD' });
        drain(client);
        receive(client, empty);
        drain(client);
      },
      timeouts.head,
    ],
    [
      'for no one while it sends',
      (client) => {
        client.startRequest({ method: 'PUT', target: '/', headers: [...GET.headers, ['Content-Length', '2']] });
        drain(client);
      },
      never,
    ],
    [
      'for a response when it has sent',
      (client) => {
        const exchange = client.startRequest({
          method: 'PUT',
          target: '/',
          headers: [...GET.headers, ['Content-Length', '2']],
        });
        exchange.write(ascii('hi'));
        exchange.end();
      },
      timeouts.head,
    ],
    [
      'for 100',
      (client) =>
        client.request(
          { method: 'PUT', target: '/', headers: [...GET.headers, ['Expect', '100-continue']] },
          ascii('hi'),
        ),
      timeouts.continue,
    ],
    ['for nothing when it is closed', (client) => client.abort(), never],
  ];

  test.each(waits)('%s', (_, act, timeout) => {
    const client = clientOf();
    act(client);
    expect(client.deadline).toBe(timeout === never ? never : 1_000 + timeout);
    pull(client);
    client.advance(1_000 + Math.min(timeout, 1_000) - 0.5);
    expect(pull(client)).toEqual([]);
  });

  test.each<[string, (client: ClientConnection) => void, string[]]>([
    [
      'for a response',
      request,
      ['closed ERR_TIMEOUT: Cannot wait for the response: it does not begin', 'lost if-idempotent unanswered'],
    ],
    [
      'for a body',
      (client) => [request(client), receive(client, lines('HTTP/1.1 200 OK', 'Content-Length: 5'))],
      ['closed ERR_TIMEOUT: Cannot wait for the response: its body stalled', 'lost never partial-response'],
    ],
    ['for its user', () => {}, ['closed']],
  ])('not longer %s', (_, act, events) => {
    const client = clientOf();
    act(client);
    client.advance(client.deadline);
    expect(pull(client)).toEqual(events);
    expect([client.closed, client.finished, client.deadline]).toEqual([true, true, never]);
  });

  test('for ever by default, for its user as for a response', () => {
    const client = clientOf({});
    expect(client.deadline).toBe(never);
    request(client);
    expect(client.deadline).toBe(never);
    receive(client, lines('HTTP/1.1 200 OK', 'Content-Length: 5'));
    expect(client.deadline).toBe(61_000);
  });

  test('for a body between two of its bytes', () => {
    const client = clientOf();
    request(client);
    receive(client, lines('HTTP/1.1 200 OK', 'Content-Length: 5'));
    client.advance(1_001);
    receive(client, 'h');
    expect(client.deadline).toBe(1_001 + timeouts.body);
  });

  test('no one while a body is here that is not pulled', () => {
    const client = clientOf();
    request(client);
    client.receive(ascii(`${lines('HTTP/1.1 200 OK', 'Content-Length: 5')}hello`));
    client.nextEvent();
    expect(client.deadline).toBe(never);
  });

  test.each<[string, string, number | undefined, number]>([
    ['what it promises', 'timeout=5', undefined, 5_000],
    ['what it promises among other things', 'max=100, Timeout=7', undefined, 7_000],
    ['what it promises first', 'timeout=5, max=100', undefined, 5_000],
    ['no more than its user allows', 'timeout=5', 300, 300],
    ['no more than it promises', 'timeout=5', 300_000, 5_000],
    ['at once', 'timeout=0', undefined, 0],
    ['for ever where it promises nothing', 'max=100', undefined, never],
    ['for ever where it promises no number', 'timeout=soon', undefined, never],
    ['for ever where it promises something else', 'x-timeout=5', undefined, never],
  ])('between requests as long as the server: %s (RFC 2068 §19.7.1.1)', (_, value, idle, wait) => {
    const client = clientOf(idle === undefined ? {} : { timeouts: { idle } });
    request(client);
    receive(client, lines('HTTP/1.1 200 OK', `Keep-Alive: ${value}`, 'Content-Length: 0'));
    expect(client.deadline).toBe(1_000 + wait);
  });
});

describe('the clock', () => {
  test('begins to run at the first advance()', () => {
    const server = new ServerConnection({ timeouts });
    server.receive(ascii('GET'));
    pull(server);
    server.advance(1e12);
    expect([pull(server), server.deadline]).toEqual([[], 1e12 + timeouts.head]);
  });

  test('begins at 0 where a deadline is read before that', () => {
    const server = new ServerConnection({ timeouts: { head: 10_000 } });
    server.receive(ascii('GET / HT'));
    expect(server.deadline).toBe(10_000);
    server.advance(10_000);
    expect(server.nextEvent()).toMatchObject({ type: 'error', error: { status: 408 } });
  });

  test('does not begin where there is no deadline to read', () => {
    const client = new ClientConnection({ timeouts: { head: 10 } });
    expect(client.deadline).toBe(never);
    client.advance(500);
    client.request(GET);
    expect(client.deadline).toBe(510);
  });

  test('begins for a wait for 100, too', () => {
    const client = new ClientConnection();
    client.request({ method: 'PUT', target: '/', headers: [...GET.headers, ['Expect', '100-continue']] }, ascii('hi'));
    client.advance(500);
    expect(client.deadline).toBe(1_500);
  });

  test('does not go back', () => {
    const server = new ServerConnection({ timeouts });
    server.advance(100);
    server.advance(50);
    server.receive(ascii('GET'));
    expect(server.deadline).toBe(100 + timeouts.head);
  });

  test('runs two waits side by side', () => {
    const client = new ClientConnection({ timeouts: { head: 50, continue: 80 } });
    client.advance(0);
    const headers = [...GET.headers, ['Expect', '100-continue']] as const;
    client.request({ method: 'PUT', target: '/', headers }, ascii('hi'));
    drain(client);
    client.advance(80);
    expect([drain(client), client.deadline]).toEqual(['hi', 130]);
  });

  test('that jumps far ahead lets each wait happen once', () => {
    const server = new ServerConnection({ timeouts });
    server.advance(0);
    pull(server.receive(ascii('GET')));
    server.advance(1e9);
    expect([pull(server).length, pull(server).length]).toEqual([1, 0]);
    server.advance(2e9);
    expect([pull(server), server.finished]).toEqual([[], true]);
  });
});
