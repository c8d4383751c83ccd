// What @halfpipe/web-streams has to prove itself on wherever there are Web Streams and message channels, which is everywhere: pairs of
// streams in memory, and the two ports of a channel. Knows no platform.

import type { ContractSubject } from '@halfpipe/testing';
import { messagePort, type StreamPair, type Transport, transport } from '@halfpipe/web-streams';

type Pair = readonly [near: Transport, far: Transport];

/** Two ends of two streams, one each way. */
function crossed(there: StreamPair, back: StreamPair): Pair {
  return [
    transport({ readable: back.readable, writable: there.writable }),
    transport({ readable: there.readable, writable: back.writable }),
  ];
}

/** A byte stream that is read into the reader's buffers, and a writable that fills it as it is read. */
function byteStream(): StreamPair {
  // Set by start(), at once.
  let reading!: ReadableByteStreamController;
  let writing!: WritableStreamDefaultController;
  let wanted = () => {};
  const readable = new ReadableStream({
    type: 'bytes',
    start(controller) {
      reading = controller;
    },
    pull: () => wanted(),
    cancel(cause) {
      wanted();
      writing.error(cause);
    },
  });
  const writable = new WritableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      writing = controller;
    },
    async write(chunk) {
      reading.enqueue(chunk);
      if ((reading.desiredSize ?? 1) > 0) return;
      await new Promise<void>((resolve) => {
        wanted = resolve;
      });
    },
    close() {
      reading.close();
      reading.byobRequest?.respond(0);
    },
    abort(cause) {
      reading.error(cause);
    },
  });
  return { readable, writable };
}

export const streamSubjects: readonly ContractSubject[] = [
  { name: 'web-streams: TransformStreams', pair: async () => crossed(new TransformStream(), new TransformStream()) },
  { name: 'web-streams: byte streams', pair: async () => crossed(byteStream(), byteStream()) },
  {
    name: 'web-streams: MessagePort',
    async pair() {
      const { port1, port2 } = new MessageChannel();
      return [messagePort(port1), messagePort(port2)];
    },
  },
];
