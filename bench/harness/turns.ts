// Turns: a round asks each for a number or several, and the next round begins with another, so that what disturbs the machine disturbs all alike.

/** What each peer measured, round by round. */
export async function takeTurns<Taker extends { readonly peer: string }, Measured>(
  takers: readonly Taker[],
  count: number,
  turn: (taker: Taker) => Promise<Measured>,
): Promise<Map<string, Measured[]>> {
  const rounds = new Map(takers.map(({ peer }): [string, Measured[]] => [peer, []]));
  for (let round = 0; round < count; round++) {
    for (let next = 0; next < takers.length; next++) {
      const taker = takers[(round + next) % takers.length]!; // next < takers.length, so there is one
      rounds.get(taker.peer)?.push(await turn(taker));
    }
  }
  return rounds;
}
