// A body of the driver as the stream of a Request or a Response. Knows when it is first read, and tells failures as its face wants them.

import type { Body } from '@halfpipe/driver';

/**
 * A byte stream over a body, which is asked for when the stream is first read: one that nobody reads stays unread to the driver too, and
 * is let go of as it lets go of those. `failure` makes the error that a reader gets of the one that the body has failed with.
 */
export function bodyStream(body: () => Body, failure: (error: unknown) => unknown): ReadableStream<Uint8Array> {
  let pieces: AsyncIterator<Uint8Array, undefined> | null = null;
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      try {
        pieces ??= body()[Symbol.asyncIterator]();
        const { done, value } = await pieces.next();
        if (done !== true) {
          // A copy, because enqueue() takes the buffer away, and other messages have views of it. Not by slice(), which is a view to Buffers.
          controller.enqueue(new Uint8Array(value));
          return;
        }
      } catch (error) {
        throw failure(error);
      }
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel: (cause) => body().cancel(cause),
  });
}
