// How an input is read: its first bytes choose, one choice each, and the rest is the wire. So a corpus of wire bytes becomes one of
// inputs by putting choices before it. Knows nothing of what is chosen.

export interface Choice<T> {
  of(byte: number): T;
  byteFor(wanted: T): number;
}

/** One of those. */
export function one<T>(all: readonly T[]): Choice<T> {
  return {
    of: (byte) => all[byte % all.length]!, // there is always one
    byteFor: (wanted) => Math.max(0, all.indexOf(wanted)),
  };
}

/** Some of those, at most eight, a bit for each. */
export function some<T>(all: readonly T[]): Choice<readonly T[]> {
  return {
    of: (byte) => all.filter((_, i) => (byte >> i) & 1),
    byteFor: (wanted) => all.reduce((bits, each, i) => bits | (wanted.includes(each) ? 1 << i : 0), 0),
  };
}

export const number: Choice<number> = { of: (byte) => byte, byteFor: (wanted) => wanted };

type Menu = Readonly<Record<string, Choice<unknown>>>;
export type Chosen<M extends Menu> = { readonly [Name in keyof M]: ReturnType<M[Name]['of']> };

/** What an input chooses, and its wire: a copy, since whoever gave the bytes may use them again. */
export function choose<M extends Menu>(
  menu: M,
  input: Uint8Array,
): { readonly plan: Chosen<M>; readonly wire: Uint8Array } {
  const chosen = Object.entries(menu).map(([name, choice], i) => [name, choice.of(input[i] ?? 0)]);
  return { plan: Object.fromEntries(chosen), wire: Uint8Array.from(input.subarray(chosen.length)) };
}

/** The input that chooses so, and the first of everything else. */
export function inputOf<M extends Menu>(menu: M, wanted: Partial<Chosen<M>>, wire: Uint8Array): Uint8Array {
  const bytes = Object.entries(menu).map(([name, choice]) => (name in wanted ? choice.byteFor(wanted[name]) : 0));
  return Uint8Array.from([...bytes, ...wire]);
}

/** Those bytes whole, cut at places that a seed decides, and cut everywhere if they are few enough. */
export function cutsOf(bytes: Uint8Array, seed: number): Uint8Array[][] {
  const cuts = [[bytes], cutBySeed(bytes, seed)];
  if (bytes.length <= 2048) cuts.push(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)));
  return cuts;
}

// Into pieces of 1 to 64 bytes, mostly short ones.
function cutBySeed(bytes: Uint8Array, seed: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let state = seed;
  for (let at = 0; at < bytes.length; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    const size = 1 + (((state >> 8) & 63) >> ((state >> 16) & 7));
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
