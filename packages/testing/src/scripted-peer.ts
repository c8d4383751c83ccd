// A peer that follows a script, for whichever side is under test, and tells the first thing that is otherwise. Knows the order of the steps,
// connections and time; what a step makes of a connection is script.ts.

import type { Open, Timers, Transport } from '@halfpipe/driver';
import type { ExpectedHead } from './expected-head.ts';
import type { PairOptions } from './memory.ts';
import { bytes as bytesOf, text as textOf } from './octets.ts';
import type { Chunking } from './pipe.ts';
import { nameOf, type Outcome, quote, type Step, shown, take } from './script.ts';
import { ScriptLink } from './script-link.ts';

/** The first thing that was not as the script says. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly code = 'ERR_SCRIPT';
  /** The step that could not be taken, from 1 on; one more than there are steps if something came behind the last. */
  readonly step: number;

  constructor(message: string, step: number, options?: { readonly cause: unknown }) {
    super(message, options);
    this.step = step;
  }
}

type StepTimers = Pick<Timers, 'setTimeout' | 'clearTimeout'>;

/** How the peer and the side under test are joined, `near` being that side and `far` the peer; and the time of the script. */
export interface ScriptedPeerOptions extends PairOptions {
  /** What `wait()` and `timeout` run on. Default: the `clock`, or else the platform's. */
  readonly timers?: StepTimers;
  /** How long a step may wait for the other side, in milliseconds. Default Infinity; a clock's `ERR_STUCK` then says where the script is. */
  readonly timeout?: number;
}

const platformTimers: StepTimers = {
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (handle) => clearTimeout(handle as ReturnType<typeof setTimeout>), // what setTimeout gave
};

/** Somebody who has dialled and has no answer yet. */
interface Dial {
  readonly link: ScriptLink;
  readonly accept: () => void;
  readonly refuse: (cause: unknown) => void;
}

/**
 * A peer that follows a script: its steps, one after the other. It reads only in a step that expects something, so that a `wait()` is also
 * a peer that does not read. How what it reads was cut makes no difference.
 *
 * At the first deviation `done` rejects, and the connections are reset, so that nobody waits for an answer. Bytes that no step expects, and
 * dials, are a deviation too, also behind the last step. When the script is over, the peer ends when the other side does.
 *
 * @example
 * const peer = new ScriptedPeer()
 *   .expect('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n')
 *   .send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
 * const response = await Connection.create(peer.open).call('GET', 'http://example.com/');
 * await peer.done;
 */
export class ScriptedPeer {
  /** Resolves when the script is over and nothing else is under way; rejects with a `ScriptError` at the first deviation. */
  readonly done: Promise<void>;
  readonly #options: ScriptedPeerOptions;
  readonly #timers: StepTimers;
  readonly #steps: Step[] = [];
  readonly #links: ScriptLink[] = [];
  /** Those of them that the script has left behind. */
  readonly #left: ScriptLink[] = [];
  readonly #dials: Dial[] = [];
  readonly #whereItIs = () => this.position;
  #resolve!: () => void; // these two by the constructor
  #reject!: (error: ScriptError) => void;
  /** The index of the step that is next. */
  #at = 0;
  /** Of that step: whether it has been tried, and whether what it does by itself is over. */
  #progress: 'new' | 'begun' | 'over' = 'new';
  #timer: unknown = null;
  /** The connection that the steps are about. */
  #link: ScriptLink | null = null;
  #only: ScriptLink | null = null;
  #state: 'waiting' | 'running' | 'over' = 'waiting';
  #failure: ScriptError | null = null;
  #stepping = false;
  #again = false;

  constructor(options: ScriptedPeerOptions = {}) {
    this.#options = options;
    this.#timers = options.timers ?? options.clock ?? platformTimers;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.done.catch(() => {}); // who does not ask learns it from the reset
    options.clock?.waiting.add(this.#whereItIs);
  }

  // The script.

  /** Exactly these bytes; of text, a byte for each character. */
  expect(bytes: string | Uint8Array): this {
    return this.#add({ kind: 'expect', bytes: textOf(typeof bytes === 'string' ? bytesOf(bytes) : bytes) });
  }

  /** A head, up to and with its empty line, that is so in what is named. */
  expectHead(head: ExpectedHead): this {
    return this.#add({ kind: 'expectHead', head });
  }

  /** So many bytes, whichever. */
  expectBytes(size: number): this {
    return this.#add({ kind: 'expectBytes', size });
  }

  /** The other side ends its direction. */
  expectEnd(): this {
    return this.#add({ kind: 'expectEnd' });
  }

  /** The connection breaks; bytes that come before are dropped. */
  expectReset(): this {
    return this.#add({ kind: 'expectReset' });
  }

  /** From here on, until the next connection, all bytes that come are read and dropped. */
  ignoreRest(): this {
    return this.#add({ kind: 'ignoreRest' });
  }

  /** Sends these bytes; of text, a byte for each character. They arrive in pieces as `chunking` says, if it is there. */
  send(bytes: string | Uint8Array, options: { readonly chunking?: Chunking } = {}): this {
    const all = typeof bytes === 'string' ? bytesOf(bytes) : bytes.slice();
    return this.#add({ kind: 'send', bytes: textOf(all), pieces: piecesOf(all, options.chunking ?? 'whole') });
  }

  /** Lets so many milliseconds pass. */
  wait(ms: number): this {
    return this.#add({ kind: 'wait', ms });
  }

  /** Calls back, and waits for the promise that may come of it. A throw or a rejection is a deviation. */
  do(action: () => unknown): this {
    return this.#add({ kind: 'do', action });
  }

  /** Ends the peer's direction. */
  end(): this {
    return this.#add({ kind: 'end' });
  }

  /** Breaks the connection when the other side has taken what was sent. Bytes that no step has read are lost. */
  reset(cause: unknown = new Error('The script says so')): this {
    return this.#add({ kind: 'reset', cause });
  }

  /** Waits for the next connection; the steps behind it are about that one. It may be left out for the first. */
  accept(): this {
    return this.#add({ kind: 'accept' });
  }

  /** Waits for the next dial, which fails with the cause. */
  refuse(cause: unknown = new Error('The connection was refused')): this {
    return this.#add({ kind: 'refuse', cause });
  }

  // Its use.

  /** Dials the peer, for a client under test: `Connection.create(peer.open)`. Resolves when the script accepts. */
  readonly open: Open = (signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const link = this.#connect();
      const answer = (settle: () => void) => {
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const dial: Dial = {
        link,
        accept: () => answer(() => resolve(link.near)),
        refuse: (cause) => answer(() => reject(cause)),
      };
      const onAbort = () => {
        this.#dials.splice(this.#dials.indexOf(dial), 1);
        dial.refuse(signal.reason);
      };
      signal.addEventListener('abort', onAbort);
      this.#dial(dial);
    });

  /** The other end of a connection, for a server under test: `serve(peer.transport, handler)`. There is one; `open` makes more. */
  get transport(): Transport {
    if (this.#only === null) {
      const link = this.#connect();
      this.#only = link;
      this.#dial({ link, accept: () => {}, refuse: (cause) => link.near.reset(cause) });
    }
    return this.#only.near;
  }

  /** The first deviation; null if there is none so far. */
  get failure(): ScriptError | null {
    return this.#failure;
  }

  /** Where the script is, and what has come that it has not taken. */
  get position(): string {
    if (this.#failure !== null) return `the script failed in step ${this.#failure.step}`;
    if (this.#state === 'over') return 'the script is over';
    if (this.#link === null) return `the script waits for a connection at ${this.#place()}`;
    const { received, over } = this.#link;
    const come = received === '' ? 'nothing has come' : `this has come: ${quote(received)}`;
    return `the script is at ${this.#place()}; ${come}${over === null ? '' : `, and ${over}`}`;
  }

  /** The script, a line for each step, with `>` before the one that is next. */
  toString(): string {
    return this.#steps.map((step, i) => `${i === this.#at ? '>' : ' '} ${i + 1}. ${nameOf(step)}`).join('\n');
  }

  #place(): string {
    const step = this.#steps[this.#at];
    return step === undefined ? 'its end' : `step ${this.#at + 1} of ${this.#steps.length}, ${nameOf(step)}`;
  }

  #add(step: Step): this {
    if (this.#state !== 'waiting') throw new TypeError('Cannot add to a script that has begun');
    this.#steps.push(step);
    return this;
  }

  #connect(): ScriptLink {
    const link = new ScriptLink(this.#options, () => this.#run());
    this.#links.push(link);
    return link;
  }

  #dial(dial: Dial): void {
    if (this.#failure !== null) return dial.refuse(this.#failure);
    if (this.#state === 'waiting') this.#state = 'running';
    this.#dials.push(dial);
    this.#run();
  }

  /** Takes the steps that can be taken. To be called after everything that happens. */
  #run(): void {
    this.#again = true;
    if (this.#stepping) return;
    this.#stepping = true;
    while (this.#again) {
      this.#again = false;
      while (this.#failure === null && this.#next());
    }
    this.#stepping = false;
  }

  /** Takes one step, if it can be taken. */
  #next(): boolean {
    if (this.#left.some((link) => this.#oversteps(link))) return false;
    const step = this.#steps[this.#at];
    if (step === undefined) return this.#conclude();
    const outcome = this.#take(step);
    if (typeof outcome === 'object') return this.#fail(outcome.wrong);
    if (outcome === 'waiting') return this.#limit(step);
    this.#disarm();
    if (this.#link?.ignoring === false) this.#link.far.pause();
    this.#at++;
    this.#progress = 'new';
    return true;
  }

  #take(step: Step): Outcome {
    // There is a connection before anything else, unless it says otherwise.
    if (this.#at === 0 && step.kind !== 'refuse' && step.kind !== 'accept' && !this.#accept()) return 'waiting';
    switch (step.kind) {
      case 'accept':
        this.#leave();
        return this.#accept() ? 'taken' : 'waiting';
      case 'refuse': {
        const dial = this.#dials.shift();
        dial?.refuse(step.cause);
        return dial === undefined ? 'waiting' : 'taken';
      }
      case 'wait':
        if (this.#progress === 'new') this.#timer = this.#timers.setTimeout(() => this.#continue(), step.ms);
        return this.#untilOver();
      case 'do':
        if (this.#progress === 'new') {
          const result = new Promise((resolve) => resolve(step.action())); // its throws too
          const failed = (cause: unknown) => this.#fail(`it failed: ${String(cause)}`, { cause });
          result.then(() => this.#continue(), failed);
        }
        return this.#untilOver();
      default:
        return this.#link !== null || this.#accept() ? take(step, this.#link!) : 'waiting'; // #accept() sets it
    }
  }

  /** Of a step that goes on by itself. */
  #untilOver(): Outcome {
    if (this.#progress === 'over') return 'taken';
    this.#progress = 'begun';
    return 'waiting';
  }

  #continue(): void {
    this.#timer = null;
    this.#progress = 'over';
    this.#run();
  }

  /** Is there a connection, or somebody who has dialled? */
  #accept(): boolean {
    if (this.#link !== null) return true;
    const dial = this.#dials.shift();
    if (dial === undefined) return false;
    this.#link = dial.link;
    dial.accept();
    return true;
  }

  /** The steps are not about this connection any more. */
  #leave(): void {
    if (this.#link === null) return;
    this.#left.push(this.#link);
    this.#link.far.resume();
    this.#link = null;
    this.#again = true;
  }

  /** Of a connection that was left: nothing may come but its end, which is answered. */
  #oversteps(link: ScriptLink): boolean {
    if (link.size > 0) return !this.#fail(`nobody expects this, which came:\n${shown(link.received)}`);
    if (link.ended && link.mute === null) link.far.end();
    return false;
  }

  #conclude(): boolean {
    this.#leave();
    if (this.#dials.length > 0) return this.#fail('nobody expects another connection');
    // What is under way will come, and is too much.
    const more = this.#left.some((link) => !link.ignoring && link.closed === null && link.near.underWay > 0);
    if (more || this.#again || this.#state === 'over') return false;
    this.#state = 'over';
    this.#options.clock?.waiting.delete(this.#whereItIs);
    this.#resolve();
    return false;
  }

  /** A step waits for the other side, but not for ever. */
  #limit(step: Step): boolean {
    const { timeout = Number.POSITIVE_INFINITY } = this.#options;
    if (step.kind !== 'wait' && step.kind !== 'do' && timeout < Number.POSITIVE_INFINITY) {
      this.#timer ??= this.#timers.setTimeout(
        () => this.#fail(`it took longer than ${timeout} ms; ${this.position}`),
        timeout,
      );
    }
    return false;
  }

  #disarm(): void {
    if (this.#timer !== null) this.#timers.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #fail(why: string, options?: { readonly cause: unknown }): false {
    if (this.#failure !== null) return false;
    const error = new ScriptError(`Cannot follow the script at ${this.#place()}: ${why}`, this.#at + 1, options);
    this.#failure = error;
    this.#disarm();
    this.#options.clock?.waiting.delete(this.#whereItIs);
    this.#reject(error);
    for (const dial of this.#dials.splice(0)) dial.refuse(error);
    for (const link of this.#links) link.far.reset(error);
    return false;
  }
}

function piecesOf(bytes: Uint8Array, chunking: Chunking): readonly Uint8Array[] {
  if (typeof chunking === 'function') return [...chunking(bytes)];
  const greatest = chunking === 'whole' ? bytes.length : chunking === 'bytes' ? 1 : chunking;
  if (!(greatest >= 1) && bytes.length > 0) throw new RangeError(`Cannot send pieces of ${greatest} bytes`);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += greatest) pieces.push(bytes.subarray(at, at + greatest));
  return pieces;
}
