// To which protocols a client lets a server switch: those that it asked for, and no others (RFC 9110 §7.8, §15.2.2).

import { ClientConnection } from '../src/index.ts';
import { ascii, drain, lines, pull } from './pair.ts';

/** What comes of a 101 with that Upgrade to a request with this one, `null` for none: `upgrade`, or the code of the refusal. */
function outcomeOf(asked: string | null, granted: string | null, connection = 'Upgrade'): string {
  const client = new ClientConnection({ persistent: true });
  const headers: [string, string][] = [['Host', 'x']];
  if (asked !== null) headers.push(['Connection', 'Upgrade'], ['Upgrade', asked]);
  client.request({ method: 'GET', target: '/', headers });
  drain(client);
  const fields = granted === null ? [] : [`Upgrade: ${granted}`];
  client.receive(ascii(`${lines('HTTP/1.1 101 Switching', `Connection: ${connection}`, ...fields)}new`));
  const events = pull(client).filter((event) => !event.startsWith('response') && event !== 'closed');
  const [first = 'nothing'] = events;
  return first.startsWith('upgrade') ? 'upgrade' : first.replace(/:.*/, '');
}

test.each<[string, string, string]>([
  ['the one that was asked for', 'websocket', 'websocket'],
  ['it in another case', 'websocket', 'WebSocket'],
  ['it, asked for in another case', 'WebSocket', 'websocket'],
  ['it with the version that was asked for', 'HTTP/2.0', 'HTTP/2.0'],
  ['a version of it, where none was asked for', 'HTTP', 'HTTP/2.0'],
  ['it without the version that was asked for', 'foo/2', 'foo'],
  ['the first of several', 'example/1, foo/2', 'example/1'],
  ['the last of several', 'example/1 ,\tfoo/2', 'foo/2'],
  ['layers that were all asked for', 'TLS/1.0, HTTP/1.1', 'TLS/1.0, HTTP/1.1'],
  ['it behind an empty element', 'foo', ', foo'],
])('a client lets a server switch to %s', (_, asked, granted) => {
  expect(outcomeOf(asked, granted)).toBe('upgrade');
});

test.each<[string, string | null, string]>([
  ['another protocol', 'websocket', 'h2c'],
  ['another version of it', 'foo/2', 'foo/3'],
  ['one whose name begins alike', 'foo', 'foobar'],
  ['one whose name ends alike', 'foo', 'xfoo'],
  ['it and another', 'foo', 'foo, bar'],
  ['another and it', 'foo', 'bar, foo'],
  ['another version of it, though a name without one was asked for too', 'foo/2, bar', 'bar/1, foo/3'],
  ['any, where none was asked for', null, 'foo'],
])('a client refuses a switch to %s', (_, asked, granted) => {
  expect(outcomeOf(asked, granted)).toBe('closed ERR_UNSOLICITED');
});

test.each<[string, string | null, string]>([
  ['names none', null, 'Upgrade'],
  ['names an empty one', '', 'Upgrade'],
  ['names nothing but commas', ' , ,', 'Upgrade'],
  ['does not say so in Connection', 'foo', 'close'],
  ['says so in a word of Connection that only looks alike', 'foo', 'upgrades'],
])('a client refuses a switch that %s', (_, granted, connection) => {
  expect(outcomeOf('foo', granted, connection)).toBe('closed ERR_HEADER');
});

describe('a shutdown behind a request that may end HTTP leaves the way out open until the answer', () => {
  const upgrade = {
    method: 'GET',
    target: '/',
    headers: [
      ['Host', 'x'],
      ['Connection', 'Upgrade'],
      ['Upgrade', 'foo'],
    ],
  } as const;
  const tunnel = { method: 'CONNECT', target: 'x:1', headers: [['Host', 'x']] } as const;
  const granted = lines('HTTP/1.1 101 Switching', 'Connection: Upgrade', 'Upgrade: foo');

  test.each([
    ['an upgrade that is granted', upgrade, granted, 'upgrade ""', false],
    ['an upgrade that is not', upgrade, lines('HTTP/1.1 200 OK', 'Content-Length: 0'), 'closed', true],
    ['a tunnel that is granted', tunnel, lines('HTTP/1.1 200 OK'), 'upgrade ""', false],
    ['a tunnel that is not', tunnel, lines('HTTP/1.1 403 No', 'Content-Length: 0'), 'closed', true],
  ])('%s', (_, request, answer, last, ended) => {
    const client = new ClientConnection({ persistent: true });
    client.request(request);
    client.shutdown();
    drain(client);
    expect([client.closed, client.outputEnded, client.finished]).toEqual([true, false, false]);
    expect(pull(client.receive(ascii(answer))).at(-1)).toBe(last);
    drain(client);
    expect([client.outputEnded, client.finished]).toEqual([ended, ended]);
  });

  test('and behind another it does not', () => {
    const client = new ClientConnection({ persistent: true });
    client.request({ method: 'GET', target: '/', headers: [['Host', 'x']] });
    client.shutdown();
    expect(client.outputEnded).toBe(true);
  });
});
