// A sink that starts a transport, remembers what it is told, and holds the transport to the contract: one end, one `closed`, and nothing
// behind it.

import type { EndOfInput, Transport, TransportSink } from '@halfpipe/driver';

export type Told = { bytes: string } | { end: EndOfInput } | 'writable' | 'closed' | { closed: unknown };

export const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

export class Recorder implements TransportSink {
  readonly told: Told[] = [];
  /** What a transport must not tell, in the order that it did. */
  readonly breaches: string[] = [];
  /** Called with each piece. */
  onBytes: (bytes: Uint8Array) => void = () => {};
  size = 0;
  #ended = false;
  #closed = false;
  #within = false;
  readonly #waiting = new Set<() => void>();

  constructor(transport: Transport) {
    transport.start(this);
  }

  /** All bytes so far. */
  get text(): string {
    return this.told.map((item) => (typeof item === 'object' && 'bytes' in item ? item.bytes : '')).join('');
  }

  /** What it was told, without `writable`. */
  get story(): Told[] {
    return this.told.filter((item) => item !== 'writable');
  }

  bytes(bytes: Uint8Array): void {
    this.#check('bytes', this.#ended);
    if (bytes.length === 0) this.breaches.push('no bytes');
    this.size += bytes.length;
    const last = this.told.at(-1);
    const text = Buffer.from(bytes).toString('latin1');
    if (typeof last === 'object' && 'bytes' in last) last.bytes += text;
    else this.told.push({ bytes: text });
    this.#within = true;
    this.onBytes(bytes);
    this.#within = false;
    this.#changed();
  }

  end(eof: EndOfInput): void {
    this.#check('end', this.#ended);
    this.#ended = true;
    this.told.push({ end: eof });
    this.#changed();
  }

  writable(): void {
    this.#check('writable', false);
    this.told.push('writable');
    this.#changed();
  }

  closed(cause?: unknown): void {
    this.#check('closed', false);
    this.#closed = true;
    this.told.push(cause === undefined ? 'closed' : { closed: cause });
    this.#changed();
  }

  /** Resolves as soon as the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  untilClosed(): Promise<void> {
    return this.until(() => this.#closed);
  }

  untilEnded(): Promise<void> {
    return this.until(() => this.#ended);
  }

  #check(call: string, ended: boolean): void {
    if (this.#within) this.breaches.push(`${call} within bytes`);
    if (ended) this.breaches.push(`${call} behind the end`);
    if (this.#closed) this.breaches.push(`${call} behind closed`);
  }

  #changed(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Resolves in another turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Several turns: enough for whatever travels within a process. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

/** Resolves when a number has stayed the same for many turns. */
export async function settled(value: () => number): Promise<number> {
  let last = value();
  for (let still = 0; still < 50; still++) {
    await turn();
    if (value() !== last) still = 0;
    last = value();
  }
  return last;
}
