// One reference exchange played on one link, on which given faults happen, in virtual time: a user and a server of the library, watched as
// in a world of the simulation. Tells what has become of each call, and what both connections have gone through. Knows what always
// holds; what a fault may lead to is for the test to say.

import type {
  ClientConnection,
  ClientEvent,
  Connection as ProtocolConnection,
  ServerConnection,
  ServerEvent,
} from '@halfpipe/core';
import { type Serving, serve } from '@halfpipe/driver';
import {
  bytes,
  Clock,
  type DialFault,
  EventLog,
  type Fault,
  type FaultKind,
  type MemoryTransport,
  Network,
  Random,
  text,
} from '@halfpipe/testing';
import { Alarms } from '../../sim/alarms.ts';
import { payloadOf } from '../../sim/bodies.ts';
import { Coverage } from '../../sim/coverage.ts';
import { handlerOf } from '../../sim/handler.ts';
import type { Invariant } from '../../sim/invariants.ts';
import type { Profile } from '../../sim/profile.ts';
import { nameOf, type Scene } from '../../sim/scene.ts';
import { turn } from '../../sim/turn.ts';
import { Usage } from '../../sim/usage.ts';
import { watchServer } from '../../sim/watch.ts';
import type { Plan } from '../../sim/workload.ts';
import type { Reference } from './references.ts';

/** What happens to the link. */
export interface Trouble {
  /** To what the user sends. */
  readonly up?: readonly Fault[];
  /** To what the server sends. */
  readonly down?: readonly Fault[];
  readonly dial?: DialFault;
}

/** What has become of it. */
export interface Outcome {
  /**
   * Of each call: the status of its response if it came to an end, with `cut` behind it if less came than was sent; or else the reason of
   * its loss.
   */
  readonly calls: readonly string[];
  /** How many requests the server has read to their end. */
  readonly read: number;
  /** All events of both protocol connections, pieces of bodies merged, bytes of a tunnel left out. */
  readonly story: { readonly client: readonly string[]; readonly server: readonly string[] };
  /** All that was given to each side's transport. */
  readonly sent: { readonly up: string; readonly down: string };
  /** How many bytes of a tunnel came in one piece with the head before them. */
  readonly leftover: { readonly up: number; readonly down: number };
  /** When it was over, in milliseconds from its beginning. */
  readonly duration: number;
  readonly violations: readonly string[];
}

/** Nobody looks at it; one does for all. */
const coverage = new Coverage();
/** From writing to arriving, in milliseconds. */
const latency = 5;
/** How long both sides wait for heads and bodies, the server less than the user, in milliseconds. */
const patience = { client: 60_000, server: 30_000 };
const mostSteps = 10_000;

/** Makes the choices of a user of the simulation in one way: to look closely, to be done in order, and nothing out of the ordinary. */
class Settled extends Random {
  override chance(probability: number): boolean {
    return probability >= 0.4;
  }

  override pick<T>(items: readonly T[]): T {
    return items[0]!; // as everywhere, there is one
  }
}

/** `loses`: something may be lost, or somebody lose patience. Otherwise every call is answered as its handler says. */
function profileOf(reference: Reference, loses: boolean): Profile {
  return {
    company: 'honest',
    faults: loses ? { reset: 1 } : {},
    link: {},
    serene: !loses,
    steady: !loses && reference.plans.every(({ answer }) => !answer.closes),
    trouble: 0,
    users: 1,
    calls: reference.plans.length,
    persistent: reference.persistent,
    maxInFlight: 16,
    continue: 'auto',
    maxRequests: Infinity,
    clientLimits: {},
    serverLimits: {},
    clientTimeouts: { head: patience.client, body: patience.client },
    serverTimeouts: { head: patience.server, body: patience.server },
    clientRelax: [],
    serverRelax: [],
    quaint: false,
  };
}

export class Enactment implements Scene {
  readonly seed = 1;
  readonly clock = new Clock();
  readonly coverage = coverage;
  readonly seen = new Set<string>();
  readonly safe = new Set<string>();
  readonly profile: Profile;
  readonly #reference: Reference;
  readonly #network: Network;
  readonly #usage: Usage;
  readonly #servings = new Set<Serving>();
  readonly #alarms = new Alarms(this.clock);
  readonly #lines: string[] = [];
  readonly #violations: string[] = [];
  readonly #stories = { client: new EventLog(), server: new EventLog() };
  readonly #sent = { up: '', down: '' };
  readonly #leftover = { up: 0, down: 0 };
  readonly #began = this.clock.now();
  #steps = 0;
  #acted = false;
  isOver = false;

  constructor(reference: Reference, trouble: Trouble, loses: boolean) {
    this.#reference = reference;
    this.profile = profileOf(reference, loses);
    const near = { faults: trouble.up ?? [] };
    const far = { faults: trouble.down ?? [] };
    this.#network = new Network({ clock: this.clock, schedule: () => ({ dial: trouble.dial, latency, near, far }) });
    const dial = this.#network.open((far) => this.#serve(far));
    this.#usage = new Usage(this, new Settled(1), async (signal) => this.#onTheWay(await dial(signal)));
  }

  get outcome(): Outcome {
    const { client, server } = this.#stories;
    return {
      calls: this.#reference.plans.map((plan) => this.#becameOf(plan)),
      read: server.lines.filter((line) => /^end\b/.test(line)).length,
      story: { client: client.lines, server: server.lines },
      sent: this.#sent,
      leftover: this.#leftover,
      duration: this.clock.now() - this.#began,
      violations: this.#violations,
    };
  }

  // What those in it share.

  get faults(): ReadonlyMap<FaultKind, number> {
    return this.#network.faults;
  }

  readonly report = (invariant: Invariant, detail: string): void => {
    this.#violations.push(`${invariant}: ${detail}`);
  };

  readonly log = (line: string): void => {
    this.#lines.push(line);
  };

  plan(number: number): Plan | undefined {
    return this.#reference.plans[number];
  }

  after(ms: number, callback: () => void): () => void {
    return this.#alarms.after(ms, callback);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve));
  }

  inspect(core: ClientConnection | ServerConnection): void {
    if ('request' in core) overhear(core, (event) => this.#hear(event, 'client'));
    else overhear(core, (event) => this.#hear(event, 'server'));
  }

  #hear(event: ClientEvent | ServerEvent, role: 'client' | 'server'): void {
    const story = this.#stories[role];
    if (event.type !== 'upgrade') return story.add(event);
    // How much came in one piece with the head, and how much later, is no part of the story.
    this.#leftover[role === 'client' ? 'down' : 'up'] = event.leftover.length;
    story.add({ ...event, leftover: nothing } as typeof event); // of the same type, as a spread of a union does not know
  }

  // Its course.

  start(): void {
    this.#act().then(
      () => {
        this.#acted = true;
      },
      (error: unknown) => {
        this.report('nothing-thrown', String(error));
        this.isOver = true;
      },
    );
  }

  /** To be called when everything that was ready has run. */
  step(): void {
    this.#usage.check();
    const { next } = this.clock;
    const isQuiet = this.#acted && this.#servings.size === 0 && this.#network.links.size === 0;
    if (isQuiet && next > this.clock.now()) return this.#end();
    if (next === Infinity || ++this.#steps > mostSteps) {
      this.report('no-deadlock', [...this.clock.waiting].map((say) => say()).join('; '));
      this.isOver = true;
      return;
    }
    this.clock.tick(next - this.clock.now());
  }

  async #act(): Promise<void> {
    const { plans, inTurn } = this.#reference;
    for (const plan of plans) {
      this.#usage.ask(plan, 0);
      if (inTurn) await this.#usage.rest(true);
    }
    await this.#usage.rest(true);
    await this.#usage.finish();
  }

  #end(): void {
    this.isOver = true;
    const left = this.clock.pending - this.#alarms.count;
    if (left > 0) this.report('nothing-left', `${left} timers are set`);
    if (this.#usage.listeners > 0) this.report('nothing-left', 'somebody listens to a signal');
  }

  // The link.

  #serve(far: MemoryTransport): void {
    const { report, coverage, profile } = this;
    this.#note(far, 'down');
    const serving = serve(far, handlerOf(this), {
      timers: this.clock,
      timeouts: profile.serverTimeouts,
      onError: (error) => this.log(`server error ${nameOf(error)}`),
      inspect: (core) => {
        this.inspect(core);
        watchServer(core, { report, coverage, closely: true, limits: {}, timeouts: profile.serverTimeouts, relax: [] });
      },
    });
    this.#servings.add(serving);
    void serving.done.then(() => this.#servings.delete(serving));
  }

  #note(transport: MemoryTransport, direction: 'up' | 'down'): void {
    const write = transport.write.bind(transport);
    transport.write = (bytes) => {
      this.#sent[direction] += text(bytes);
      return write(bytes);
    };
  }

  /** What goes up may not be what the user's connection has sent. */
  #onTheWay(near: MemoryTransport): MemoryTransport {
    this.#note(near, 'up');
    const { early, downgraded } = this.#reference;
    const write = near.write.bind(near);
    if (downgraded) near.write = (head) => write(bytes(text(head).replace('HTTP/1.1', 'HTTP/1.0')));
    if (early === 0) return near;
    const tunnel = payloadOf(this, '0.0', 'up').slice(0, early);
    let owed = 0;
    near.write = (piece) => {
      if (owed === 0 && this.#sent.up === '') {
        owed = early;
        return write(bytes(text(piece) + text(tunnel)));
      }
      const rest = piece.subarray(Math.min(owed, piece.length));
      owed -= piece.length - rest.length;
      return write(rest);
    };
    return near;
  }

  // What it has come to.

  #becameOf({ number, answer, tunnel }: Plan): string {
    const said = (word: string) => {
      const beginning = `${number}.0 ${word}`;
      return this.#lines.find((line) => line.startsWith(beginning))?.slice(beginning.length) ?? null;
    };
    const failure = said('failed ');
    if (failure !== null) return failure.split(' ').at(-1)!; // of any text there is a last word
    const status = this.#lines.map((line) => new RegExp(`^${number}\\.0 (\\d{3}) `).exec(line)?.[1]).find(Boolean);
    const isWhole =
      status === '101'
        ? said('up ended ') === String(tunnel.up) && said('down ended ') === String(tunnel.down)
        : status !== String(answer.status) || said('read ') === String(answer.body.size);
    return `${status}${isWhole ? '' : ' cut'}`;
  }
}

const nothing = new Uint8Array(0);

function overhear<Event>(core: ProtocolConnection<Event>, hear: (event: Event) => void): void {
  const nextEvent = core.nextEvent.bind(core);
  core.nextEvent = () => {
    const event = nextEvent();
    if (event !== null) hear(event);
    return event;
  };
}

export interface Job {
  readonly reference: Reference;
  readonly trouble: Trouble;
  readonly loses: boolean;
}

/** Plays them all, many side by side, since a turn of the event loop costs more than what happens in it; their outcomes as they come. */
export async function enact<Some extends Job>(
  jobs: Iterable<Some>,
  take: (outcome: Outcome, job: Some) => void,
): Promise<void> {
  const running = new Map<Enactment, Some>();
  const waiting = jobs[Symbol.iterator]();
  for (let isLast = false; !isLast || running.size > 0; ) {
    while (!isLast && running.size < 64) {
      const { done, value } = waiting.next();
      if (done === true) isLast = true;
      else {
        const enactment = new Enactment(value.reference, value.trouble, value.loses);
        running.set(enactment, value);
        enactment.start();
      }
    }
    await turn();
    for (const [enactment, job] of running) {
      enactment.step();
      if (!enactment.isOver) continue;
      running.delete(enactment);
      take(enactment.outcome, job);
    }
  }
}
