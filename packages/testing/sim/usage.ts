// The use of one client connection by its user: how many calls at once, how it ends, and whether it says of itself what is true.

import type { ClientConnection } from '@halfpipe/core';
import { Connection, type Open, type Transport } from '@halfpipe/driver';
import { type Random, text } from '@halfpipe/testing';
import { Attempt, type Link } from './attempt.ts';
import { isPayload } from './payload.ts';
import { countListeners, Planned, type Scene } from './scene.ts';
import { watchClient } from './watch.ts';
import type { Plan } from './workload.ts';

/** So many notices in one step are a notice that does not stop. */
const mostNotices = 1_000;

/** The use of one connection. */
export class Usage implements Link {
  readonly connection: Connection;
  isDisposing = false;
  /** How many calls are made at once. */
  readonly pace: number;
  readonly #scene: Scene;
  readonly #random: Random;
  /** Kept, with their responses, until the world is over: what the collector does must not change a run. */
  readonly #attempts: Attempt[] = [];
  readonly #unfinished = new Set<Attempt>();
  readonly #running: Promise<void>[] = [];
  /** The heads that were sent, as text. */
  #sent = '';
  #unread: Uint8Array[] = [];
  #closedTimes = 0;
  /** What `onClosed` has returned. */
  #finalised: Promise<void> | undefined;
  #heard: { readonly length: number; readonly closed: boolean } | null = null;
  /** What it was when it was last looked at, and what has happened since. */
  #before: { readonly length: number; readonly closed: boolean } = { length: 0, closed: false };
  #notices = 0;
  #taken = 0;
  #isLeaving = false;
  readonly #left: Promise<void>;
  #leave: () => void = () => {};
  #isOver = false;
  #cancelInterruption: (() => void) | null = null;
  #transport: Transport | null = null;
  /** How many listen to the signal that gives up connecting. */
  readonly #listeners: () => number;

  constructor(scene: Scene, random: Random, open: Open) {
    this.#scene = scene;
    this.#random = random;
    const { profile, clock } = scene;
    const { persistent, maxInFlight, clientLimits: limits, clientTimeouts: timeouts, clientRelax: relax } = profile;
    const waitsFor100 = timeouts.continue === Infinity;
    this.pace = random.pick([1, 1, 2, 5, 12]);
    const closely = random.chance(0.4);
    const abort = random.chance(profile.trouble * 0.2) ? new AbortController() : null;
    this.#listeners = abort === null ? () => 0 : countListeners(abort.signal);
    if (abort !== null) scene.after(random.below(50), () => abort.abort(new Planned('give up')));
    const options = { ...(persistent === undefined ? {} : { persistent }), maxInFlight, limits, timeouts, relax };
    this.connection = Connection.create(async (signal) => this.#tap(await open(signal)), {
      ...options,
      ...(abort === null ? {} : { signal: abort.signal }),
      timers: clock,
      onClosed: () => this.#closed(),
      inspect: (core: ClientConnection) => {
        scene.inspect(core, options);
        const { report, coverage } = scene;
        watchClient(core, { report, coverage, closely, limits, relax, maxInFlight, waitsFor100 });
      },
    });
    this.#left = new Promise((resolve) => {
      this.#leave = resolve;
    });
    void this.#listen();
    if (random.chance(profile.trouble * 0.3)) {
      this.#cancelInterruption = scene.after(2 ** random.below(14), () => this.#interrupt());
    }
  }

  get takesMore(): boolean {
    return !this.connection.closed && !this.#isLeaving;
  }

  /** How many listen to a signal that was given to it. */
  get listeners(): number {
    return this.#attempts.reduce((sum, { listeners }) => sum + listeners, this.#listeners());
  }

  get wasClosed(): boolean {
    return this.#closedTimes > 0;
  }

  /** What must not be held by anybody when the world is over. */
  get held(): object[] {
    return this.#transport === null ? [this.connection] : [this.connection, this.#transport];
  }

  ask(plan: Plan, times: number): Attempt {
    if (!this.connection.closed) this.#taken++;
    const attempt = new Attempt(this.#scene, plan, times, this);
    this.#attempts.push(attempt);
    this.#unfinished.add(attempt);
    this.#running.push(attempt.run());
    return attempt;
  }

  /** Waits for what was asked, or not; then perhaps for a while. */
  async rest(waits: boolean): Promise<void> {
    // In the turn in which it was asked, before a byte has gone out.
    if (this.#random.chance(this.#scene.profile.trouble * 0.2)) this.#interrupt();
    if (waits) await Promise.race([Promise.all(this.#running), this.#left]);
    if (this.#isLeaving || !this.#random.chance(0.2)) return;
    await this.#scene.sleep(this.#random.below(this.#scene.profile.serene ? 500 : 8_000));
  }

  /** Ends the connection, waits until it is over, and sees to it that nothing is left of it. */
  async finish(): Promise<void> {
    const { connection } = this;
    const { profile, report, log } = this.#scene;
    const ends = ['dispose', 'shutdown', 'wait', 'close'] as const;
    // The last is a reason to fail.
    const end = this.#random.pick(profile.serene ? ends.slice(0, -1) : ends);
    if (end === 'shutdown') connection.shutdown();
    // Where every call is answered, the user waits for the answers, before or behind that.
    if (profile.steady) await Promise.all(this.#running);
    if (end === 'close') connection.close();
    else if (end === 'wait') await Promise.race([Promise.all(this.#running), this.#left]);
    this.isDisposing = true;
    await connection[Symbol.asyncDispose]();
    await Promise.all(this.#running);
    // What is lost is let go of when `onClosed` has finished.
    await this.#finalised;
    this.#isOver = true;
    this.#cancelInterruption?.();
    const { length, persistence } = connection;
    log(`over ${end} ${persistence.verdict === 'close' ? persistence.reason : persistence.verdict}`);
    if (!connection.closed) report('end-is-end', 'a connection that is over takes calls');
    if (length !== 0) report('length-agrees', `${length} calls on a connection that is over`);
    if (this.#closedTimes !== 1) report('closed-first', `onClosed was called ${this.#closedTimes} times`);
  }

  leave(): void {
    this.#isLeaving = true;
    this.#leave();
  }

  hasSent(tag: string, path: string): boolean {
    for (const bytes of this.#unread) this.#sent += text(bytes);
    this.#unread = [];
    return this.#sent.includes(`X-Exchange: ${tag}\r`) || this.#sent.includes(`${path} `);
  }

  /** Looks at what the connection says of itself. */
  check(): void {
    if (this.#isOver) return;
    const { report } = this.#scene;
    const { length, closed } = this.connection;
    let asked = 0;
    for (const attempt of this.#unfinished) {
      if (attempt.stage === 'asked' || attempt.awaitsBody) asked++;
      if (attempt.stage === 'over') this.#unfinished.delete(attempt);
    }
    const unfinished = this.#unfinished.size;
    // Losses are told when onClosed has returned, which may take its time. A body that was left may have been read for nobody.
    const least = this.wasClosed ? 0 : asked;
    if (length < least || length > unfinished) {
      report('length-agrees', `length is ${length}, ${asked} wait and ${unfinished} are not over`);
    }
    const heard = this.#heard;
    if (heard !== null && (heard.length !== length || heard.closed !== closed)) {
      report('notify-tells', `length ${heard.length}, now ${length}; closed ${heard.closed}, now ${closed}`);
    }
    this.#checkNotices(length, closed);
    this.#before = { length, closed };
    this.#notices = this.#taken = 0;
  }

  /** No more notices than there were changes. */
  #checkNotices(length: number, closed: boolean): void {
    const before = this.#before;
    const ended = before.length + this.#taken - length;
    // Closed it may have been taken back with its last call, and closed again.
    const closings = closed && (!before.closed || ended > 0) ? 1 : 0;
    const openings = before.closed && !closed ? 1 : 0;
    const changes = this.#taken + ended + closings + openings;
    if (this.#notices > changes)
      this.#scene.report('notify-tells', `${this.#notices} notices, and ${changes} changes at most`);
  }

  async #listen(): Promise<void> {
    const { connection } = this;
    while (!connection.closed || connection.length > 0) {
      this.#heard = { length: connection.length, closed: connection.closed };
      await connection.notify();
      if (++this.#notices > mostNotices) break;
    }
    this.#heard = null;
  }

  #closed(): void | Promise<void> {
    this.#closedTimes++;
    if (this.#random.chance(0.1)) {
      this.#finalised = this.#scene.sleep(this.#random.below(100));
      return this.#finalised;
    }
    if (this.#random.chance(0.02)) throw new Planned('onClosed');
  }

  #interrupt(): void {
    this.#scene.log('interrupt');
    if (this.#random.chance(0.5)) this.connection.shutdown();
    else this.connection.close();
  }

  /** Keeps what is written, but for the bodies, in which no head can be. */
  #tap(transport: Transport): Transport {
    const write = transport.write.bind(transport);
    const start = transport.start.bind(transport);
    let isFull = false;
    transport.write = (bytes) => {
      if (!isPayload(bytes)) this.#unread.push(bytes);
      // Whoever has it behind a switch of protocols may write as he likes.
      if (isFull && !this.#attempts.some(({ response }) => response?.upgrade))
        this.#scene.report('as-wanted', 'the client writes to a transport that is full');
      isFull = !write(bytes);
      if (isFull) this.#scene.coverage.count('links', 'full at a client');
      return !isFull;
    };
    transport.start = (sink) =>
      start({
        bytes: (bytes) => sink.bytes(bytes),
        end: (eof) => sink.end(eof),
        writable: () => {
          isFull = false;
          sink.writable();
        },
        closed: (cause) => sink.closed(cause),
      });
    this.#transport = transport;
    return transport;
  }
}
