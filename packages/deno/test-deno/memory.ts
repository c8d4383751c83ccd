// Things in memory, in place of those of Deno, and a sink that writes down what it is told.

import type { EndOfInput, Transport, TransportSink } from '@halfpipe/driver';
import type { Conn } from '../src/index.ts';
import type { Acceptor } from '../src/platform.ts';
import { ascii, latin1, turns } from './support.ts';

type Told = { bytes: string } | { end: EndOfInput } | 'writable' | 'closed' | { closed: unknown };

/** A sink that starts a transport and remembers what it is told, adjacent bytes joined. */
export class Recorder implements TransportSink {
  readonly told: Told[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(transport: Transport) {
    transport.start(this);
  }

  /** All bytes so far. */
  get text(): string {
    return this.told.map((item) => (typeof item === 'object' && 'bytes' in item ? item.bytes : '')).join('');
  }

  /** What it was told, with the names of errors in place of them. */
  get summary(): unknown[] {
    return this.told.map((item) =>
      typeof item === 'object' && 'closed' in item
        ? { closed: item.closed instanceof Error ? item.closed.name : item.closed }
        : item,
    );
  }

  bytes(bytes: Uint8Array): void {
    const last = this.told.at(-1);
    const text = latin1(bytes);
    if (typeof last === 'object' && 'bytes' in last) last.bytes += text;
    else this.told.push({ bytes: text });
    this.#changed();
  }

  end(eof: EndOfInput): void {
    this.told.push({ end: eof });
    this.#changed();
  }

  writable(): void {
    this.told.push('writable');
    this.#changed();
  }

  closed(cause?: unknown): void {
    this.told.push(cause === undefined ? 'closed' : { closed: cause });
    this.#changed();
  }

  /** Resolves as soon as the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  untilClosed(): Promise<void> {
    return this.until(() =>
      this.told.some((item) => item === 'closed' || (typeof item === 'object' && 'closed' in item)),
    );
  }

  untilEnded(): Promise<void> {
    return this.until(() => this.told.some((item) => typeof item === 'object' && 'end' in item));
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** A connection in memory that keeps what is written, one item for each write, takes as much as it is told to, and reads nothing. */
export class Wire implements Conn {
  readonly writes: string[] = [];
  readonly #most: number;
  readonly #closed = Promise.withResolvers<never>();

  constructor(most = Infinity) {
    this.#most = most;
    this.#closed.promise.catch(() => {});
  }

  read(_bytes: Uint8Array): Promise<number | null> {
    return this.#closed.promise;
  }

  async write(bytes: Uint8Array): Promise<number> {
    const size = Math.min(bytes.length, this.#most);
    this.writes.push(latin1(bytes.subarray(0, size)));
    await turns(1);
    return size;
  }

  closeWrite(): Promise<void> {
    this.writes.push('FIN');
    return Promise.resolve();
  }

  close(): void {
    this.#closed.reject(new Deno.errors.Interrupted('closed'));
  }
}

/** A connection in memory of which the test settles each read and write; `calls` is what was asked of it. */
export class Manual implements Conn {
  readonly calls: string[] = [];
  readonly reads: { fill(text: string): void; settle: PromiseWithResolvers<number | null> }[] = [];
  readonly writes: PromiseWithResolvers<number>[] = [];

  read(bytes: Uint8Array): Promise<number | null> {
    const settle = Promise.withResolvers<number | null>();
    const fill = (text: string) => {
      bytes.set(ascii(text));
      settle.resolve(text.length);
    };
    this.calls.push('read');
    this.reads.push({ fill, settle });
    return settle.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    const settle = Promise.withResolvers<number>();
    this.calls.push(`write ${latin1(bytes)}`);
    this.writes.push(settle);
    return settle.promise;
  }

  closeWrite(): Promise<void> {
    this.calls.push('closeWrite');
    return Promise.resolve();
  }

  close(): void {
    this.calls.push('close');
  }
}

/** A listener of Deno's that gives what it is told to, one after the other, and then waits. */
export function acceptor(steps: (Conn | Error)[]): Acceptor & { asked: number } {
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});
  return {
    addr: { path: '' },
    asked: 0,
    accept() {
      this.asked += 1;
      const step = steps.shift();
      if (step === undefined) return closed.promise;
      return step instanceof Error ? Promise.reject(step) : Promise.resolve(step);
    },
    close: () => closed.reject(new Deno.errors.BadResource('closed')),
  };
}
