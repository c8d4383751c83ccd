// What is asked for while things are weighed, and what a weight is.

/** A server answers the one, and leaves the other open. */
export const freeTarget = '/free';
export const heldTarget = '/held';
export const body = 'Hello, world!';

/** What a process takes, after its garbage has been collected, in bytes. */
export interface Weight {
  /** On the heap, and what objects there own outside of it. */
  readonly heap: number;
  /** In memory, all in all. */
  readonly resident: number;
}
