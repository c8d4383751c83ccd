// A pair of streams whose other side is the test: it enqueues, sees each write, lets it finish or fail, and sees what becomes of both.

import type { StreamPair } from '../src/index.ts';

interface Write {
  readonly text: string;
  finish(): void;
}

export interface ProbeOptions {
  /** Of the writable: how many chunks fit, not how many bytes. Default 1. */
  readonly highWaterMark?: number;
  /** Whether writes finish by themselves. Default true. */
  readonly flows?: boolean;
}

export class Probe implements StreamPair {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;
  /** Each write that the sink of the stream was asked for; the last one may be unfinished. */
  readonly writes: Write[] = [];
  /** What became of the streams, in order: `close`, `abort`, `cancel`, with the reason. */
  readonly calls: (readonly [call: string, reason?: unknown])[] = [];
  /** How often the stream was asked for a chunk. */
  pulls = 0;
  flows: boolean;
  /** Of the readable: enqueue(), close(), error(). */
  reading!: ReadableStreamDefaultController<Uint8Array>;
  /** Of the writable: error(). */
  writing!: WritableStreamDefaultController;

  constructor({ highWaterMark = 1, flows = true }: ProbeOptions = {}) {
    this.flows = flows;
    this.readable = new ReadableStream(
      {
        start: (controller) => {
          this.reading = controller;
        },
        pull: () => {
          this.pulls += 1;
        },
        cancel: (reason) => {
          this.calls.push(['cancel', reason]);
        },
      },
      { highWaterMark: 0 },
    );
    this.writable = new WritableStream(
      {
        start: (controller) => {
          this.writing = controller;
        },
        write: (chunk) =>
          new Promise((finish) => {
            this.writes.push({ text: Buffer.from(chunk).toString('latin1'), finish });
            if (this.flows) finish();
          }),
        close: () => {
          this.calls.push(['close']);
        },
        abort: (reason) => {
          this.calls.push(['abort', reason]);
        },
      },
      { highWaterMark },
    );
  }

  /** What was written, one item for each write. */
  get written(): string[] {
    return this.writes.map(({ text }) => text);
  }
}
