// The targets of fuzz/ over the seeds they begin with, so that they work when somebody fuzzes; and what they find when something is wrong.

import { ClientConnection, type Persistence, ServerConnection } from '@halfpipe/core';
import { seeds } from '../fuzz/seeds.ts';
import { targets } from '../fuzz/targets.ts';

/** What a target finds among its seeds, until it is what is looked for. */
function findings(name: string, until?: RegExp): string {
  const found = new Set<string>();
  for (const input of seeds()[name] ?? []) {
    try {
      targets[name]?.fuzz(input);
    } catch (error) {
      found.add(String(error));
      if (until?.test(String(error))) break;
    }
  }
  return [...found].join('\n');
}

function shows(name: string, pattern: RegExp): void {
  expect(findings(name, pattern)).toMatch(pattern);
}

test('every target has seeds', () => {
  const sizes = Object.entries(seeds()).map(([name, inputs]) => [name, inputs.length > 100]);
  expect(Object.fromEntries(sizes)).toEqual(Object.fromEntries(Object.keys(targets).map((name) => [name, true])));
});

test.each(Object.keys(targets))('the %s target finds nothing in its seeds', (name) => {
  expect(findings(name)).toBe('');
});

describe('what is found where', () => {
  afterEach(() => jest.restoreAllMocks());

  const server = ServerConnection.prototype;
  const client = ClientConnection.prototype;

  test('a byte is lost at a cut', () => {
    const { receive } = server;
    jest.spyOn(server, 'receive').mockImplementation(function (this: ServerConnection, bytes) {
      return receive.call(this, bytes.length === 2 ? bytes.subarray(1) : bytes);
    });
    shows('server', /the cut of the bytes decides/);
  });

  test('an event comes twice', () => {
    const { nextEvent } = client;
    jest.spyOn(client, 'nextEvent').mockImplementation(function (this: ClientConnection) {
      const event = nextEvent.call(this);
      if (event?.type === 'end') jest.spyOn(this, 'nextEvent').mockReturnValueOnce(event);
      return event;
    });
    shows('client', /the end of no message/);
  });

  test('an event never stops coming', () => {
    jest.spyOn(server, 'nextEvent').mockReturnValue({ type: 'eof' });
    shows('server', /there is no end to events/);
  });

  test('an answer is written otherwise than it was given', () => {
    const { nextChunk } = server;
    jest.spyOn(server, 'nextChunk').mockImplementation(function (this: ServerConnection) {
      return nextChunk.call(this)?.map((byte) => (byte === 0x6c ? 0x6d : byte)) ?? null; // "l" to "m"
    });
    shows('server', /the body of an answer is read otherwise: "hello": "hemmo"/);
    shows('pair', /the body of an answer is read otherwise/);
  });

  test('a request is lost on its way', () => {
    jest.spyOn(client, 'nextChunk').mockReturnValue(null);
    shows('client', /there is output behind its end/);
    shows('pair', /two that do all they owe come to a stop/);
  });

  test('persistence comes back from close', () => {
    const prototype = Object.getPrototypeOf(server);
    const fates: Persistence[] = [{ verdict: 'close', reason: 'eof' }, { verdict: 'keep' }];
    jest.spyOn(prototype, 'persistence', 'get').mockImplementation(() => fates[0] as Persistence);
    let looks = 0;
    jest.spyOn(prototype, 'outputSize', 'get').mockImplementation(() => {
      if (looks++ === 5) fates.shift();
      return 0;
    });
    shows('server', /persistence has left close/);
  });
});
