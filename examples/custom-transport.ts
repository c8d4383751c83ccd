// A Transport written by hand, over a MessagePort: HTTP between threads, windows or workers. Both ends are in this thread here; either
// port could be transferred. Bytes travel as messages, and what the other side has taken is confirmed, so that it can hold the sender up.

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Connection, serve, type Transport, type TransportSink } from '@halfpipe/driver';

/** Bytes; how many of them were taken; or null, the end of one direction. */
type Message = Uint8Array | number | null;

/** How many bytes may be under way before the sender is told to wait. */
const highWater = 64 * 1024;

class PortTransport implements Transport {
  // The end of a direction is a message like others, and the other direction stays open.
  readonly halfClose = true;
  readonly #port: MessagePort;
  #unconfirmed = 0;
  #untold = 0;
  #paused = false;
  #ended = false;
  #peerEnded = false;
  #cause: unknown;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Called once. Nothing is lost before: a port keeps its messages until somebody listens. */
  start(sink: TransportSink): void {
    this.#port.on('message', (message: Message) => this.#receive(message, sink));
    // Comes on both sides, whichever closed. Without the end of both directions it is a cut, and has a cause.
    this.#port.on('close', () => {
      const cut = this.#peerEnded && this.#ended ? undefined : new Error('The port was closed');
      sink.closed(this.#cause ?? cut);
    });
  }

  /** Takes the bytes in any case; false asks for no more until `sink.writable()`. */
  write(bytes: Uint8Array): boolean {
    // A copy, and only of these bytes: a view may share its memory with other messages, and a port would take all of it.
    const copy = new Uint8Array(bytes);
    this.#port.postMessage(copy, [copy.buffer]);
    this.#unconfirmed += bytes.length;
    return this.#unconfirmed < highWater;
  }

  /** What is under way may still come. It is not confirmed, so it will not be much. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#confirm();
  }

  /** Called at most once, and after the last write. The other direction goes on; after both, the transport closes by itself. */
  end(): void {
    this.#ended = true;
    this.#port.postMessage(null);
    if (this.#peerEnded) this.#port.close();
  }

  /** At once, and possibly again. */
  destroy(cause?: unknown): void {
    this.#cause ??= cause;
    this.#port.close();
  }

  #receive(message: Message, sink: TransportSink): void {
    if (message === null) {
      this.#peerEnded = true;
      sink.end('clean');
      if (this.#ended) this.#port.close();
    } else if (typeof message === 'number') {
      const wasFull = this.#unconfirmed >= highWater;
      this.#unconfirmed -= message;
      if (wasFull && this.#unconfirmed < highWater) sink.writable();
    } else {
      this.#untold += message.length;
      sink.bytes(message);
      this.#confirm();
    }
  }

  #confirm(): void {
    if (this.#paused || this.#untold === 0) return;
    this.#port.postMessage(this.#untold);
    this.#untold = 0;
  }
}

const { port1, port2 } = new MessageChannel();
const serving = serve(new PortTransport(port2), async (request) => {
  let size = 0;
  for await (const bytes of request.body) size += bytes.length;
  return { body: `${request.method} ${request.target}: ${size} bytes` };
});

const connection = Connection.create(async () => new PortTransport(port1), { persistent: true });
const pieces = Array.from({ length: 64 }, () => new Uint8Array(16 * 1024));
for (const body of ['', 'a few', pieces]) {
  const response = await connection.call('PUT', 'http://port.example/', { body });
  console.log(await response.body.text());
}
connection.shutdown();
await serving.done;
console.log('Closed');
