// A network that misbehaves, and does so in the same way each time: its schedule decides by the number of a link and by places in its
// bytes. Knows dialling and links, and keeps count; what goes wrong is schedule.ts, and how it does is pipe.ts. Knows no HTTP.

import type { Clock } from './clock.ts';
import { NetworkError } from './fault.ts';
import { MemoryTransport } from './memory.ts';
import { defaultRates, type FaultKind, type FaultRates, type Schedule, seededSchedule } from './schedule.ts';

export interface NetworkOptions {
  /** Where time comes from. It must be that of the connections too. */
  readonly clock: Clock;
  /** Decides everything, together with `faults`. Default 1. */
  readonly seed?: number;
  /** What goes wrong, and how often; what is not named does not happen. Default: `defaultRates`. */
  readonly faults?: Partial<FaultRates>;
  /** Decides in place of `seed` and `faults`. */
  readonly schedule?: Schedule;
}

/** Two transports that were joined. */
export interface Link {
  /** From 0, in the order of dialling. */
  readonly number: number;
  /** The side that dialled. */
  readonly near: MemoryTransport;
  /** The side that accepted. */
  readonly far: MemoryTransport;
}

/**
 * Joins who dials with who accepts, and lets things go wrong in between. The same seed, or the same schedule, and the same calls give the
 * same run, on every engine.
 *
 * @example
 * const network = new Network({ clock, seed: 7 });
 * const open = network.open((far) => serve(far, handler, { timers: clock }));
 * const connection = Connection.create(open, { timers: clock });
 *
 * @example
 * // The response breaks off behind its 17th byte.
 * const network = new Network({ clock, schedule: () => ({ far: { faults: [{ kind: 'reset', at: 17 }] } }) });
 */
export class Network {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #links = new Set<Link>();
  readonly #faults: Map<FaultKind, number>;
  #dialled = 0;

  constructor(options: NetworkOptions) {
    this.#clock = options.clock;
    this.#schedule = options.schedule ?? seededSchedule(options.seed ?? 1, options.faults);
    this.#faults = new Map((Object.keys(defaultRates) as FaultKind[]).map((kind) => [kind, 0]));
  }

  /** The links of which one side at least has not closed. */
  get links(): ReadonlySet<Link> {
    return this.#links;
  }

  /** How many links have been dialled, those included that were refused. */
  get dialled(): number {
    return this.#dialled;
  }

  /** How often each kind of fault has happened; all kinds are there. */
  get faults(): ReadonlyMap<FaultKind, number> {
    return this.#faults;
  }

  /** An `Open` that dials `accept`, which is given the far side of each link. */
  open(accept: (far: MemoryTransport) => void): (signal: AbortSignal) => Promise<MemoryTransport> {
    return async (signal) => {
      signal.throwIfAborted();
      const number = this.#dialled++;
      const { dial, ...plan } = this.#schedule(number);
      if (dial !== undefined) {
        this.#count(dial.kind);
        if (dial.kind === 'refuse') throw new NetworkError('ERR_REFUSED', `Link ${number} was refused`);
        await this.#wait(dial.ms, signal);
      }
      const [near, far] = MemoryTransport.pair(
        { ...plan, clock: this.#clock },
        { fault: (fault) => this.#count(fault.kind), closed: () => this.#remove(link) },
      );
      const link: Link = { number, near, far };
      this.#add(link);
      accept(far);
      return near;
    };
  }

  #count(kind: FaultKind): void {
    this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + 1);
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    const clock = this.#clock;
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        clock.clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = clock.setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #add(link: Link): void {
    if (this.#links.size === 0) this.#clock.waiting.add(this.#said);
    this.#links.add(link);
  }

  #remove(link: Link): void {
    this.#links.delete(link);
    if (this.#links.size === 0) this.#clock.waiting.delete(this.#said);
  }

  readonly #said = (): string => [...this.#links].slice(0, 4).map(described).join('; ');
}

function described({ number, near, far }: Link): string {
  return `link ${number}: near ${state(near)}, far ${state(far)}`;
}

function state(side: MemoryTransport): string {
  const { closed, destroyed, ended, paused, underWay } = side;
  const stage = closed !== null ? 'closed' : destroyed !== null ? 'destroyed' : ended ? 'ended' : 'open';
  return `${stage}${paused ? ' and paused' : ''}${underWay > 0 ? ` with ${underWay} bytes under way` : ''}`;
}
