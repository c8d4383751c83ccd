// What one case plays on: pairs that are looked at, both roles joined by one, and the end of it all, behind which nothing may be left.
// Knows how things are made and let go of; what is played is in the files of the cases.

import {
  Connection,
  type ConnectionOptions,
  type Handler,
  type ServeOptions,
  type Serving,
  serve,
  type Transport,
} from '@halfpipe/driver';
import { nextTurn } from '../turn.ts';
import { ContractError, check } from './check.ts';
import { CountedTimers, realTimers } from './counted-timers.ts';
import { RawEnd, type RawEndOptions } from './raw-end.ts';
import type { Ability, ContractOptions, ContractSubject } from './subject.ts';
import { Waits } from './waits.ts';
import { Watched } from './watched.ts';

/** A progress that has not gone on during so many round trips elsewhere has stopped. */
const roundTrips = 20;

const letter = new Uint8Array([0x41]);

/** Who writes and who reads, where one mostly does. */
export type Way = 'near to far' | 'far to near';

export const ways: readonly Way[] = ['near to far', 'far to near'];

/** One case of the suite. */
export interface Case {
  readonly name: string;
  /** It is skipped where one of these is missing. */
  readonly needs?: readonly Ability[];
  /** It is about those that cannot do this, and not there for the others. */
  readonly lacks?: Ability;
  run(stage: Stage): Promise<void>;
}

/** Both roles on one pair. */
export interface Joined {
  readonly connection: Connection;
  readonly serving: Serving;
  readonly near: Watched;
  readonly far: Watched;
}

export class Stage {
  readonly waits: Waits = new Waits();
  readonly timers: CountedTimers;
  /** What goes each way where much does, in bytes. */
  readonly size: number;
  readonly exchanges: number;
  /** What may be on its way in one direction, in bytes. */
  readonly underWay: number;
  /** Rejects as soon as a transport has done what none may. */
  readonly violated: Promise<never>;
  readonly #subject: ContractSubject;
  readonly #onViolated: (message: string) => void;
  readonly #started: { readonly transport: Watched; readonly closed: Promise<void> }[] = [];
  readonly #made: Transport[] = [];
  #isOver = false;

  constructor(subject: ContractSubject, options: ContractOptions) {
    this.#subject = subject;
    this.timers = new CountedTimers(options.timers ?? realTimers);
    this.size = options.size ?? 64 * 1024 * 1024;
    this.exchanges = options.exchanges ?? 1_000;
    this.underWay = subject.underWay ?? 32 * 1024 * 1024;
    let reject: (error: unknown) => void = () => {};
    this.violated = new Promise((_, onRejected) => {
      reject = onRejected;
    });
    this.violated.catch(() => {});
    this.#onViolated = (message) => reject(new ContractError(`Broken contract: ${message}`));
  }

  /** A new pair, which nobody has started. */
  async transports(): Promise<[near: Watched, far: Watched]> {
    const [near, far] = await this.waits.for('a pair', this.#subject.pair());
    this.#made.push(near, far);
    return [this.#watch('near', near), this.#watch('far', far)];
  }

  /** A new pair, held by hand on both sides, and started. */
  async ends(near: RawEndOptions = {}, far: RawEndOptions = {}): Promise<[near: RawEnd, far: RawEnd]> {
    const [nearTransport, farTransport] = await this.transports();
    return [this.end('near', nearTransport, near).start(), this.end('far', farTransport, far).start()];
  }

  /** The same, as the one that mostly writes and the one that mostly reads. */
  async opposed(way: Way, writer: RawEndOptions = {}, reader: RawEndOptions = {}): Promise<[RawEnd, RawEnd]> {
    const [near, far] = way === 'near to far' ? await this.ends(writer, reader) : await this.ends(reader, writer);
    return way === 'near to far' ? [near, far] : [far, near];
  }

  /** Can the subject do that? */
  can(ability: Ability): boolean {
    return this.#subject.cannot?.[ability] === undefined;
  }

  /** A transport, held by hand; not started. */
  end(name: string, transport: Transport, options: RawEndOptions = {}): RawEnd {
    return new RawEnd(name, transport, this.waits, options);
  }

  /** A client on a transport. */
  client(near: Transport, options: ConnectionOptions = {}): Connection {
    return Connection.create(async () => near, { timers: this.timers, ...options });
  }

  /** A server on a transport. */
  server(far: Transport, handler: Handler, options: ServeOptions = {}): Serving {
    return serve(far, handler, { timers: this.timers, ...options });
  }

  /** A new pair with a client on one side and a server on the other. */
  async joined(
    handler: Handler,
    options: { readonly client?: ConnectionOptions; readonly server?: ServeOptions } = {},
  ): Promise<Joined> {
    const [near, far] = await this.transports();
    const serving = this.server(far, handler, options.server);
    return { connection: this.client(near, options.client), serving, near, far };
  }

  /**
   * Resolves when `progress` has stayed the same for as long as it takes a byte to go to and fro a number of times on another pair. No time
   * is measured: a slow platform has slow round trips.
   */
  async lull(progress: () => number): Promise<void> {
    const [near, far] = await this.ends();
    far.onBytes = (bytes) => far.write(bytes);
    let last = progress();
    let still = 0;
    for (let trips = 1; still < roundTrips; trips++) {
      near.write(letter);
      await near.untilReceived(trips);
      still = progress() === last ? still + 1 : 0;
      last = progress();
    }
    near.finish();
    await Promise.all([near.leave(), far.leave()]);
  }

  turn(): Promise<void> {
    return new Promise(nextTurn);
  }

  /** Resolves when every transport that was started has told that it is closed, and no timer is left. */
  async over(): Promise<void> {
    for (const { transport, closed } of this.#started) {
      await this.waits.for(() => `${transport.name} to be told that it is closed (${transport.state})`, closed);
    }
    await this.turn();
    const { pending } = this.timers;
    check(pending === 0, `Expected no timer to be left, got ${pending}`);
  }

  /** Resolves when there are no more handles than before. */
  async untilHandles(before: number): Promise<void> {
    let now = before;
    const wait = async () => {
      for (now = await this.handles(); now > before && !this.#isOver; now = await this.handles()) await this.turn();
    };
    await this.waits.for(() => `the handles to be closed: ${now} are open, where ${before} were before`, wait());
  }

  async handles(): Promise<number> {
    return (await this.#subject.handles?.()) ?? 0;
  }

  /** Whatever became of the case, nothing of it goes on. */
  letGo(): void {
    this.#isOver = true;
    for (const transport of this.#made) transport.destroy(new ContractError('The case is over'));
  }

  #watch(name: string, inner: Transport): Watched {
    let onClosed = () => {};
    const closed = new Promise<void>((resolve) => {
      onClosed = resolve;
    });
    const transport: Watched = new Watched(name, inner, this.#onViolated, {
      started: () => this.#started.push({ transport, closed }),
      closed: onClosed,
    });
    return transport;
  }
}
