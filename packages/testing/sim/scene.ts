// What those who act in a world share: its time, its plans, and where they tell what they saw.

import type { ClientConnection, ClientOptions, ServerConnection, ServerOptions } from '@halfpipe/core';
import type { Clock, FaultKind } from '@halfpipe/testing';
import type { Coverage } from './coverage.ts';
import type { Report } from './invariants.ts';
import type { Profile } from './profile.ts';
import type { Plan } from './workload.ts';

export interface Scene {
  readonly seed: number;
  readonly profile: Profile;
  readonly clock: Clock;
  readonly report: Report;
  readonly coverage: Coverage;
  /** One line of what has been observed, for the digest. Nothing in it may differ between engines: no messages of errors, no dates. */
  log(line: string): void;
  /** Calls back after so much virtual time; gives what takes that back. The world knows of it, and so can tell who set a timer. */
  after(ms: number, callback: () => void): () => void;
  /** Resolves after so much virtual time. */
  sleep(ms: number): Promise<void>;
  plan(number: number): Plan | undefined;
  /** Shown each protocol connection before anything has happened on it, and what it was made with. */
  inspect(core: ClientConnection | ServerConnection, options: ClientOptions & ServerOptions): void;
  /** How many faults there have been of each kind. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  /** The attempts (`number.attempt`) whose request a handler has seen. */
  readonly seen: Set<string>;
  /** The attempts that were reported safe to repeat. */
  readonly safe: Set<string>;
}

/** Watches who listens to a signal; gives how many still do. */
export function countListeners(signal: AbortSignal): () => number {
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (type: string, listener: EventListener, options?: AddEventListenerOptions) => {
    listeners.add(listener);
    add(type, listener, options);
  };
  signal.removeEventListener = (type: string, listener: EventListener) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  // A signal aborts once, and lets go of those who listen to that once.
  return () => (signal.aborted ? 0 : listeners.size);
}

/** Has nothing been lost with an end behind it that may look as it should? That of a truncation may be of an unknown kind. */
export function endsAreTrue({ faults }: Scene): boolean {
  return (faults.get('half-close') ?? 0) + (faults.get('truncate') ?? 0) === 0;
}

/** What the workload throws on purpose. */
export class Planned extends Error {}

/** What a thing that was thrown is called in the log. */
export function nameOf(error: unknown): string {
  if (error instanceof Planned) return `planned ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  const { code, why } = error as { code?: unknown; why?: unknown };
  return [error.name, code, why].filter((word) => word !== undefined).join(' ');
}
