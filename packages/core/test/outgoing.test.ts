// What a caller may send: a switch to what was asked for and nothing else, and a request for one host (RFC 9110 §7.8, RFC 9112 §3.2).

import type { HeaderPairs } from '../src/index.ts';
import { prepareRequest, prepareResponse } from '../src/outgoing.ts';
import { mistake } from './twins.ts';

const upgrade = ['Connection', 'Upgrade'] as const;

test.each<[string, string | null, HeaderPairs, string]>([
  ['to what was asked for', 'a', [upgrade, ['Upgrade', 'a']], 'switches'],
  ['to one of those', 'a, b', [upgrade, ['Upgrade', 'b']], 'switches'],
  ['that nobody asked for', null, [upgrade, ['Upgrade', 'a']], 'ERR_STATE'],
  ['to something else', 'a', [upgrade, ['Upgrade', 'b']], 'ERR_HEAD'],
  ['to more than was asked for', 'a', [upgrade, ['Upgrade', 'a, b']], 'ERR_HEAD'],
  ['to nothing', 'a', [upgrade, ['Upgrade', '']], 'ERR_HEAD'],
  ['that names nothing', 'a', [upgrade], 'ERR_HEAD'],
  [
    'that closes',
    'a',
    [
      ['Connection', 'Upgrade, close'],
      ['Upgrade', 'a'],
    ],
    'ERR_HEAD',
  ],
])('a switch %s (RFC 9110 §7.8)', (_, asked, headers, expected) => {
  const prepare = () =>
    prepareResponse({ status: 101, headers }, undefined, { method: 'GET', version: '1.1', upgrade: asked });
  if (expected === 'switches') expect(prepare()).toMatchObject({ switches: true, framing: { framing: 'none' } });
  else expect(mistake(prepare).code).toBe(expected);
});

test.each<[string, HeaderPairs | undefined, string]>([
  ['no fields', undefined, 'Cannot send the request without a Host field'],
  ['no Host', [['X', 'y']], 'Cannot send the request without a Host field'],
  [
    'two',
    [
      ['Host', 'x'],
      ['Host', 'x'],
    ],
    'Cannot send the request with more than one Host field',
  ],
])('a request with %s is refused (RFC 9112 §3.2)', (_, headers, message) => {
  const request = { method: 'GET', target: '/', ...(headers === undefined ? {} : { headers }) };
  expect(mistake(() => prepareRequest(request, { whole: undefined }, '1.1', false)).message).toBe(message);
});
