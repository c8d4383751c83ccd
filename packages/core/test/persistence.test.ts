// Keep or close, and why (RFC 9112 §9.3, §9.6; RFC 9110 §7.6.1).

import {
  type CloseReason,
  connectionOptions,
  keep,
  keepAliveTimeout,
  type Persistence,
  persistenceOf,
  settle,
  undecided,
} from '../src/persistence.ts';

const close = (reason: CloseReason): Persistence => ({ verdict: 'close', reason });

test.each<[string, string | null, string]>([
  ['no field', null, ''],
  ['an empty field', '', ''],
  ['close', 'close', 'close'],
  ['close in another case', 'ClOsE', 'close'],
  ['keep-alive', 'keep-alive', 'keep-alive'],
  ['keep-alive as browsers write it', 'Keep-Alive', 'keep-alive'],
  ['keep-alive in another case', 'KEEP-ALIVE', 'keep-alive'],
  ['upgrade', 'Upgrade', 'upgrade'],
  ['a list', 'TE, close , \tUpgrade,,Keep-alive', 'close keep-alive upgrade'],
  ['names that contain the words', 'closed, xclose, keep-alive2, upgrade-x', ''],
  ['words with a parameter, which are other words', 'close;q=1', ''],
  ['words with white space that is none', '\u00a0close, \u000bupgrade', ''],
])('Connection: %s (RFC 9110 §7.6.1)', (_, value, expected) => {
  const options = expected.split(' ');
  expect(connectionOptions(value)).toEqual({
    close: options.includes('close'),
    keepAlive: options.includes('keep-alive'),
    upgrade: options.includes('upgrade'),
  });
});

test.each<[string, 'request' | 'response', '1.0' | '1.1', string | null, Persistence]>([
  ['HTTP/1.1 keeps', 'request', '1.1', null, keep],
  ['HTTP/1.1 that says keep-alive keeps', 'response', '1.1', 'keep-alive', keep],
  ['HTTP/1.1 that says close closes', 'request', '1.1', 'close', close('request-close')],
  ['HTTP/1.1 that says both closes', 'response', '1.1', 'keep-alive, close', close('response-close')],
  ['HTTP/1.0 closes', 'request', '1.0', null, close('http-1.0')],
  ['HTTP/1.0 that says something else closes', 'response', '1.0', 'upgrade', close('http-1.0')],
  ['HTTP/1.0 that says keep-alive keeps', 'request', '1.0', 'Keep-Alive', keep],
  ['HTTP/1.0 that says both closes', 'response', '1.0', 'Keep-Alive, close', close('response-close')],
])('%s (RFC 9112 §9.3)', (_, kind, version, connection, expected) => {
  expect(persistenceOf(kind, version, connectionOptions(connection))).toEqual(expected);
});

describe('the value only ever moves towards close', () => {
  const values = [undecided, keep, close('eof'), close('error')];

  test.each(values.flatMap((before) => values.map((after) => [before, after] as const)))(
    '%j, then %j',
    (before, after) => {
      const settled = settle(before, after);
      if (before.verdict === 'close') expect(settled).toBe(before);
      else if (after.verdict === 'undecided') expect(settled).toBe(before);
      else expect(settled).toBe(after);
    },
  );
});

test.each<[string, string, number | null]>([
  ['alone', 'timeout=5', 5_000],
  ['first', 'timeout=5, max=100', 5_000],
  ['last', 'max=100, timeout=5', 5_000],
  ['without a space', 'max=100,timeout=5', 5_000],
  ['in another case', 'Timeout=5', 5_000],
  ['of 0', 'timeout=0', 0],
  ['of nine digits', 'timeout=999999999', 999_999_999_000],
  ['of ten digits', 'timeout=9999999999', null],
  ['missing', 'max=100', null],
  ['of no number', 'timeout=soon', null],
  ['of a fraction', 'timeout=5.5', null],
  ['of a negative number', 'timeout=-5', null],
  ['that is the end of another word', 'x-timeout=5', null],
  ['that is the beginning of another word', 'timeout=5x', null],
  ['without a value', 'timeout', null],
])('Keep-Alive with a timeout %s (RFC 2068 §19.7.1.1)', (_, value, expected) => {
  expect(keepAliveTimeout(value)).toBe(expected);
});
