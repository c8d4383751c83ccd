// How much time to take.

/** For the numbers that are shown, for a rough idea, or only to see that everything works. */
export type Pace = 'full' | 'quick' | 'smoke';

export function roundsOf(pace: Pace): number {
  return { full: 9, quick: 3, smoke: 1 }[pace];
}
