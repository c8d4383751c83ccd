// Calls that are lost, and aborted while they are: each ends once, and is counted off once.

import { Connection, type Open, RetryError } from '@halfpipe/driver';

const never: Open = () => new Promise(() => {});

test('a call that is aborted while onClosed is still busy with its loss is counted off once, and fails with its own reason', async () => {
  const connecting = new AbortController();
  const calling = new AbortController();
  let closed: () => void = () => {};
  const connection = Connection.create(never, {
    signal: connecting.signal,
    onClosed: () =>
      new Promise<void>((resolve) => {
        closed = resolve;
      }),
  });
  const aborted = connection.call('GET', 'http://a.example/', { signal: calling.signal });
  const lost = connection.call('GET', 'http://a.example/');
  connecting.abort(new Error('not now'));
  expect(connection.length).toBe(0);
  const reason = new Error('no longer wanted');
  calling.abort(reason);
  await expect(aborted).rejects.toBe(reason);
  expect(connection.length).toBe(0);
  closed();
  await expect(lost).rejects.toThrow('not now');
  expect(connection.length).toBe(0);
  await expect(connection.call('GET', 'http://a.example/')).rejects.toBeInstanceOf(RetryError);
});
