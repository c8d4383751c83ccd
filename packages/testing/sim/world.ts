// One world: a clock, a network, servers and users, all decided by one seed. Moves only when it is told to, in steps, and is looked at
// between them. Knows who is in it and when it is over; what they do is theirs.

import type { ClientConnection, ClientOptions, ServerConnection, ServerOptions } from '@halfpipe/core';
import { type Handler, type Open, type Serving, serve } from '@halfpipe/driver';
import {
  Clock,
  type FaultKind,
  type LinkPlan,
  type MemoryTransport,
  Network,
  Random,
  record,
  seededSchedule,
} from '@halfpipe/testing';
import { Alarms } from './alarms.ts';
import { Coverage } from './coverage.ts';
import { Digest } from './digest.ts';
import { handlerOf } from './handler.ts';
import type { Invariant, Violation } from './invariants.ts';
import { OldClient, serveOld } from './old.ts';
import { type Profile, profileOf } from './profile.ts';
import { RogueClient, serveRogue } from './rogue.ts';
import { nameOf, type Scene } from './scene.ts';
import { User } from './user.ts';
import { watchServer } from './watch.ts';
import { type Plan, planOf } from './workload.ts';

/** What is taken out of a world, to see whether what it showed remains. */
export interface Omissions {
  /** Numbers of calls. */
  readonly calls?: ReadonlySet<number>;
  /** Kinds of faults. */
  readonly faults?: ReadonlySet<FaultKind>;
}

/** What is kept of a world, to be looked at when it is over. */
export interface Keeping {
  /** Everything that is logged. */
  readonly lines?: boolean;
  /** What each protocol connection was told and gave, for `replay()`. */
  readonly recordings?: boolean;
}

/** Whoever makes calls or answers them, until there are none. */
interface Actor {
  /** How many calls it has made. */
  readonly calls: number;
  run(): Promise<void>;
}

/** So many steps are a world that does not come to an end. Most take some hundreds. */
const mostSteps = 1_000_000;

export class World implements Scene {
  readonly seed: number;
  readonly profile: Profile;
  readonly clock = new Clock();
  readonly coverage = new Coverage();
  readonly violations: Violation[] = [];
  readonly seen = new Set<string>();
  readonly safe = new Set<string>();
  /** Everything that was logged, if it is kept. */
  readonly lines: string[] = [];
  /** A recording of each protocol connection, in the order of their making, if they are kept. */
  readonly recordings: string[][] = [];
  readonly #network: Network;
  readonly #plans = new Map<number, Plan>();
  readonly #actors: Actor[] = [];
  readonly #users: User[] = [];
  readonly #servings = new Set<Serving>();
  readonly #alarms = new Alarms(this.clock);
  readonly #digest = new Digest();
  readonly #keeping: Keeping;
  readonly #random: Random;
  #accepted = 0;
  #acting = 0;
  #steps = 0;
  #isOver = false;

  constructor(seed: number, omissions: Omissions = {}, keeping: Keeping = {}) {
    this.seed = seed;
    this.#keeping = keeping;
    this.#random = new Random(seed);
    this.profile = profileOf(this.#random.fork('profile'));
    const faults = { ...this.profile.faults };
    for (const kind of omissions.faults ?? []) delete faults[kind];
    const schedule = seededSchedule(this.#random.fork('network').next(), faults);
    this.#network = new Network({ clock: this.clock, schedule: (link) => this.#linkOf(schedule(link)) });
    for (let number = 0; number < this.profile.calls; number++) {
      if (omissions.calls?.has(number)) continue;
      this.#plans.set(number, planOf(this.#random.fork(`call ${number}`), number, this.profile));
    }
    this.#people();
  }

  get faults(): ReadonlyMap<FaultKind, number> {
    return this.#network.faults;
  }

  /** Calls that were made; also those of a rogue. */
  get calls(): number {
    return this.#actors.reduce((sum, { calls }) => sum + calls, 0);
  }

  /** The numbers of the calls that are planned. */
  get planned(): number[] {
    return [...this.#plans.keys()];
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get digest(): string {
    return this.#digest.toString();
  }

  /** What must be collected once nobody holds the world itself. */
  get held(): object[] {
    return this.#users.flatMap(({ usages }) => usages.flatMap(({ held }) => held));
  }

  // What those in it share.

  readonly report = (invariant: Invariant, detail: string): void => {
    // The first says what there is to say; the others often follow from it.
    if (this.violations.some((violation) => violation.invariant === invariant)) return;
    this.violations.push({ invariant, world: this.seed, time: this.clock.now(), detail });
    this.log(`violated ${invariant}`);
  };

  readonly log = (line: string): void => {
    const whole = `${this.clock.now()} ${line}`;
    this.#digest.add(whole);
    if (this.#keeping.lines === true) this.lines.push(whole);
  };

  plan(number: number): Plan | undefined {
    return this.#plans.get(number);
  }

  inspect(core: ClientConnection | ServerConnection, options: ClientOptions & ServerOptions): void {
    if (this.#keeping.recordings !== true) return;
    const lines: string[] = [];
    this.recordings.push(lines);
    record(core, (line) => lines.push(line), options);
  }

  after(ms: number, callback: () => void): () => void {
    return this.#alarms.after(ms, callback);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  // Its course.

  start(): void {
    for (const actor of this.#actors) {
      this.#acting++;
      actor.run().then(
        () => this.#acting--,
        (error: unknown) => {
          this.#acting--;
          this.report('nothing-thrown', `an actor has failed: ${describe(error)}`);
        },
      );
    }
  }

  /** To be called when everything that was ready has run: looks at the world, then moves its clock to the next timer. */
  step(): void {
    for (const user of this.#users) user.check();
    const { next } = this.clock;
    // A connection may be over in the same moment in which a timer of 0 ms is due; that one is let go off.
    const isQuiet = this.#acting === 0 && this.#servings.size === 0 && this.#network.links.size === 0;
    if (isQuiet && next > this.clock.now()) return this.#end();
    if (next === Infinity) return this.#giveUp('no timer is set');
    if (++this.#steps > mostSteps) return this.#giveUp(`${mostSteps} steps`);
    try {
      this.clock.tick(next - this.clock.now());
    } catch (error) {
      this.report('nothing-thrown', describe(error));
      this.#isOver = true;
    }
  }

  #giveUp(why: string): void {
    const waiting = [...this.clock.waiting].map((say) => say()).join('; ');
    const who = `${this.#acting} actors, ${this.#servings.size} servings, ${this.#network.links.size} links`;
    this.report('no-deadlock', `${why}; ${who}; ${waiting}`);
    this.#isOver = true;
  }

  #end(): void {
    this.#isOver = true;
    // Handlers may still be asleep; nobody else may.
    const left = this.clock.pending - this.#alarms.count;
    if (left > 0) this.report('nothing-left', `${left} timers are set`);
    const usages = this.#users.flatMap((user) => user.usages);
    const listeners = usages.reduce((sum, usage) => sum + usage.listeners, 0);
    if (listeners > 0) this.report('nothing-left', `${listeners} listen to a signal`);
    for (const [kind, times] of this.#network.faults) this.coverage.count('faults', kind, times);
    this.log(`over ${this.calls} calls`);
  }

  #linkOf(plan: LinkPlan): LinkPlan {
    const { link } = this.profile;
    const { bandwidth, bufferSize } = link;
    if (bandwidth === undefined && bufferSize === undefined) this.coverage.count('links', 'wide');
    if (bandwidth !== undefined) this.coverage.count('links', 'of a bandwidth');
    if (bufferSize !== undefined) this.coverage.count('links', 'of a small buffer');
    return { ...plan, ...link };
  }

  // Who is in it.

  #people(): void {
    const { company, users } = this.profile;
    const random = this.#random;
    const plans = [...this.#plans.values()];
    const shares = Array.from({ length: users }, (_, i) => plans.filter(({ number }) => number % users === i));
    const open = this.#openFor(company);
    for (const [i, share] of shares.entries()) {
      const own = random.fork(`user ${i}`);
      if (company === 'old-client') this.#actors.push(new OldClient(this, own, open, share));
      else if (company === 'rogue-client') this.#actors.push(new RogueClient(this, own, open, share.length));
      else {
        const user = new User(this, own, open, share);
        this.#users.push(user);
        this.#actors.push(user);
      }
    }
  }

  #openFor(company: Profile['company']): Open {
    switch (company) {
      case 'old-server':
        return this.#network.open((far) => serveOld(this, this.#random.fork(`old ${this.#accepted++}`), far));
      case 'rogue-server':
        return this.#network.open((far) => serveRogue(this, this.#random.fork(`rogue ${this.#accepted++}`), far));
      default: {
        const handler = handlerOf(this);
        return this.#network.open((far) => this.#serve(far, handler));
      }
    }
  }

  #serve(far: MemoryTransport, handler: Handler): void {
    const { profile } = this;
    const random = this.#random.fork(`serving ${this.#accepted++}`);
    const closely = random.chance(0.4);
    const { report, coverage } = this;
    const { serverLimits: limits, serverTimeouts: timeouts, serverRelax: relax, maxRequests } = profile;
    const options = { limits, timeouts, relax, continue: profile.continue, maxRequests };
    const write = far.write.bind(far);
    far.write = (bytes) => {
      const hasRoom = write(bytes);
      if (!hasRoom) coverage.count('links', 'full at a server');
      return hasRoom;
    };
    const serving = serve(far, handler, {
      ...options,
      timers: this.clock,
      inspect: (core: ServerConnection) => {
        this.inspect(core, options);
        watchServer(core, { report, coverage, closely, limits, relax, timeouts });
      },
      onError: (error) => this.log(`server error ${nameOf(error)}`),
    });
    this.#servings.add(serving);
    const cancel = random.chance(profile.trouble * 0.3)
      ? this.after(2 ** random.below(14), () => (random.chance(0.6) ? serving.shutdown() : serving.close()))
      : () => {};
    void serving.done.then(() => {
      cancel();
      this.#servings.delete(serving);
      this.log('served');
    });
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : String(error);
}
