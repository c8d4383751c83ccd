// A Transport as a stream, in memory.

import { once } from 'node:events';
import { bytes, type PairOptions, pair, text } from '@halfpipe/testing';
import { TransportCiphertext } from '../src/transport-ciphertext.ts';

function joined(options: PairOptions = {}) {
  const [near, far] = pair(options);
  const received: string[] = [];
  far.start({
    bytes: (piece) => received.push(text(piece)),
    end: (eof) => received.push(`end ${eof}`),
    writable: () => {},
    closed: (cause) => received.push(cause === undefined ? 'closed' : 'reset'),
  });
  return { stream: new TransportCiphertext(near), near, far, received };
}

/** All that the stream gives, and how it ends. */
async function told(stream: TransportCiphertext): Promise<unknown[]> {
  const all: unknown[] = [];
  stream.on('data', (piece: Buffer) => all.push(piece.toString('latin1')));
  stream.on('end', () => all.push('end'));
  stream.on('error', (error) => all.push(error));
  await new Promise((resolve) => stream.once('close', resolve));
  return all;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('passes on what is written, and what comes, and both ends', async () => {
  const { stream, near, far, received } = joined();
  stream.write('hello');
  stream.write('there');
  far.write(bytes('welcome'));
  await turn();
  const all = told(stream);
  stream.end();
  await turn();
  expect(received).toEqual(['hello', 'there', 'end clean']);
  expect([near.ended, stream.ended]).toEqual([true, false]);
  far.end();
  expect(await all).toEqual(['welcome', 'end']);
  expect([stream.ended, near.closed]).toEqual([true, { cause: undefined }]);
  expect(received).toEqual(['hello', 'there', 'end clean', 'closed']);
});

test('goes on writing after the end of its input', async () => {
  const { stream, far, received } = joined();
  stream.resume();
  far.end();
  await once(stream, 'end');
  stream.write('late');
  await turn();
  expect(received).toEqual(['late']);
  stream.end();
  await once(stream, 'close');
});

test('holds back its writer while the transport is full', async () => {
  const { stream, far, received } = joined({ bufferSize: 4 });
  far.pause();
  const written: string[] = [];
  stream.write('hello', () => written.push('hello'));
  stream.write('there', () => written.push('there'));
  await turn();
  expect([written, received]).toEqual([[], []]);
  far.resume();
  await turn();
  expect([written, received]).toEqual([
    ['hello', 'there'],
    ['hello', 'there'],
  ]);
});

test('holds back the transport while nobody reads', async () => {
  const { stream, near, far } = joined();
  const piece = 'x'.repeat(10_000);
  let sent = 0;
  while (!near.paused && sent < 100) {
    far.write(bytes(piece));
    sent++;
    await turn();
  }
  expect(sent).toBeLessThan(100);
  let size = 0;
  stream.on('data', ({ length }: Buffer) => {
    size += length;
  });
  far.write(bytes(piece));
  await turn();
  expect([near.paused, size]).toEqual([false, (sent + 1) * piece.length]);
});

test.each<[string, unknown, string]>([
  ['an error', new Error('cut'), 'Error: cut'],
  ['something else', 'cut', 'Error: The tunnel broke'],
])('a failure, with %s for its cause, comes behind what was received', async (_, cause, message) => {
  const { stream, near, far } = joined();
  far.write(bytes('the rest'));
  await turn();
  near.reset(cause);
  await turn();
  const [rest, end, error] = await told(stream);
  expect([rest, end, String(error)]).toEqual(['the rest', 'end', message]);
});

test('a failure, where nothing was received, comes at once', async () => {
  const { stream, near } = joined();
  const all = told(stream);
  near.reset(new Error('cut'));
  expect(await all).toMatchObject([{ message: 'cut' }]);
});

test('what is written behind a failure goes nowhere, and harms nobody', async () => {
  const { stream, near, far, received } = joined();
  far.write(bytes('the rest'));
  await turn();
  near.reset(new Error('cut'));
  await turn();
  stream.write('late');
  stream.end();
  const all = await told(stream);
  expect([all.slice(0, 2), received]).toEqual([['the rest', 'end'], ['reset']]);
});

test.each<[string, Error | undefined, string]>([
  ['in order', undefined, 'closed'],
  ['with its error', new Error('no more'), 'reset'],
])('lets go of the transport when it is destroyed, %s', async (_, error, end) => {
  const { stream, near, far, received } = joined();
  stream.on('error', () => {});
  stream.destroy(error);
  await turn();
  expect(near.destroyed).toEqual({ cause: error });
  if (error === undefined) far.end();
  await turn();
  expect(received.at(-1)).toBe(end);
});
