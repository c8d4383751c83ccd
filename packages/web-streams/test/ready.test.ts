// What a stream has there already, and what it is not asked for.

import { ready } from '../src/ready.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (value: Uint8Array) => new TextDecoder().decode(value);

/** A stream that is given what the test says, and writes down what it is asked. */
class Source {
  readonly asked: unknown[] = [];
  readonly stream: ReadableStream<Uint8Array>;
  controller: ReadableStreamDefaultController<Uint8Array> | null = null;

  constructor(...pieces: Uint8Array[]) {
    this.stream = new ReadableStream(
      {
        start: (controller) => {
          this.controller = controller;
        },
        pull: (controller) => {
          this.asked.push('pull');
          const piece = pieces.shift();
          if (piece !== undefined) controller.enqueue(piece);
        },
        cancel: (reason) => {
          this.asked.push(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }
}

/** All of it, if it was there; what a stream of it gives, otherwise. */
async function described(stream: ReadableStream<Uint8Array>): Promise<string> {
  const result = await ready(stream);
  return result instanceof Uint8Array ? `at once ${text(result)}` : `in time ${await new Response(result).text()}`;
}

function instant(...pieces: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(bytes(piece));
      controller.close();
    },
  });
}

const form = new FormData();
form.set('a', 'b');
const sixteen = Array.from({ length: 16 }, (_, index) => index.toString(16));

test.each<[name: string, stream: () => ReadableStream<Uint8Array> | null, result: string]>([
  ['the body of text', () => new Response('hello').body, 'at once hello'],
  ['the body of no text', () => new Response('').body, 'at once '],
  ['the body of JSON', () => Response.json([1]).body, 'at once [1]'],
  ['the body of bytes', () => new Response(bytes('hello')).body, 'at once hello'],
  ['the body of a query', () => new Response(new URLSearchParams('a=b')).body, 'at once a=b'],
  ['a clone', () => new Response('hello').clone().body, 'at once hello'],
  ['the body of a Request', () => new Request('http://x/', { method: 'POST', body: 'a' }).body, 'at once a'],
  [
    'the body of a Request that was made of another',
    () => new Request(new Request('http://x/', { method: 'POST', body: 'a' }), { headers: { b: 'c' } }).body,
    'at once a',
  ],
  ['a large text', () => new Response('x'.repeat(1_000_000)).body, `at once ${'x'.repeat(1_000_000)}`],
  ['a few pieces', () => instant('a', 'b', 'c'), 'at once abc'],
  ['as many pieces as are read', () => instant(...sixteen.slice(1)), `at once ${sixteen.slice(1).join('')}`],
  ['more pieces than are read', () => instant(...sixteen, 'x'), `in time ${sixteen.join('')}x`],
  ['more bytes than are read', () => instant('x'.repeat(65_536), 'y', 'z'), `in time ${'x'.repeat(65_536)}yz`],
])('%s', async (_, stream, result) => {
  expect(await described(stream() ?? instant())).toBe(result);
});

test('a form is there at once, whatever its boundary', async () => {
  const { body } = new Response(form);
  expect(await described(body ?? instant())).toMatch(/^at once --/);
});

test('a stream that has nothing yet is handed on, and asked once', async () => {
  const source = new Source();
  const result = await ready(source.stream);
  expect(result).toBeInstanceOf(ReadableStream);
  expect(source.asked).toEqual(['pull']);
});

test('what was read and what comes later are one stream, asked for as it is read', async () => {
  const source = new Source(bytes('a'), bytes('b'));
  const result = await ready(source.stream);
  if (result instanceof Uint8Array) throw new Error('It is not all there');
  const reader = result.getReader();
  expect(text((await reader.read()).value ?? bytes(''))).toBe('a');
  expect(text((await reader.read()).value ?? bytes(''))).toBe('b');
  expect(source.asked).toEqual(['pull', 'pull', 'pull']);
  const next = reader.read();
  source.controller?.enqueue(bytes('c'));
  expect(text((await next).value ?? bytes(''))).toBe('c');
  await new Promise(setImmediate);
  expect(source.asked).toEqual(['pull', 'pull', 'pull']);
  const last = reader.read();
  source.controller?.close();
  expect((await last).done).toBe(true);
});

test('cancelling it cancels the source', async () => {
  const source = new Source(bytes('a'));
  const result = await ready(source.stream);
  if (result instanceof Uint8Array) throw new Error('It is not all there');
  await result.cancel('enough');
  expect(source.asked).toEqual(['pull', 'pull', 'enough']);
});

test('an error that is there already is thrown', async () => {
  const source = new Source();
  source.controller?.error(new RangeError('broken'));
  await expect(ready(source.stream)).rejects.toThrow('broken');
});

test('an error that comes later is that of the stream', async () => {
  const source = new Source(bytes('a'));
  const result = await ready(source.stream);
  if (result instanceof Uint8Array) throw new Error('It is not all there');
  source.controller?.error(new RangeError('broken'));
  await expect(new Response(result).text()).rejects.toThrow('broken');
});

test('a piece that is no Uint8Array is a TypeError, and the source is told', async () => {
  const reasons: unknown[] = [];
  const stream = new ReadableStream({
    start: (controller) => controller.enqueue('text'),
    cancel: (reason) => {
      reasons.push(reason);
    },
  });
  const error = await ready(stream).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TypeError);
  expect(reasons).toEqual([error]);
});
