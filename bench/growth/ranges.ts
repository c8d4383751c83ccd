// The ranges over which the cost of one of many should stay what it is.

export interface Range {
  readonly name: string;
  /** What one of them is. */
  readonly unit: string;
  /** In the order in which they are to be no dearer. */
  readonly sizes: readonly number[];
  /** How many there are at a size. */
  readonly units: (size: number) => number;
  /** The first size is not shown, but taken from the others: what is left is the cost of those that are there more. */
  readonly beyondFirst: boolean;
}

/** What is cut: so many bytes of requests. */
export const streamSize = 65_536;
/** The body that comes in pieces has so many of them. */
export const pieces = 64;

export const ranges: readonly Range[] = [
  {
    name: 'server: pipelined requests that come at once',
    unit: 'an exchange',
    sizes: [1, 4, 16, 64, 256, 1024],
    units: (size) => size,
    beyondFirst: false,
  },
  {
    name: 'client: pipelined requests, whose responses come at once',
    unit: 'an exchange',
    sizes: [1, 4, 16, 64, 256, 1024],
    units: (size) => size,
    beyondFirst: false,
  },
  {
    name: 'core: connections that are used in turns',
    unit: 'an exchange',
    sizes: [1, 10, 100, 1_000, 10_000],
    units: (size) => size,
    beyondFirst: false,
  },
  {
    name: 'driver: connections that are used in turns',
    unit: 'an exchange',
    sizes: [1, 10, 100, 1_000, 10_000],
    units: (size) => size,
    beyondFirst: false,
  },
  {
    name: 'a body in pieces of so many bytes',
    unit: 'a piece',
    sizes: [1, 16, 256, 4_096, 65_536],
    units: () => pieces,
    beyondFirst: false,
  },
  {
    name: 'requests cut into pieces of so many bytes',
    unit: 'a cut',
    sizes: [streamSize, 1_024, 256, 64, 16, 4, 1],
    units: (size) => Math.ceil(streamSize / size),
    beyondFirst: true,
  },
  {
    name: 'a request of so many fields',
    unit: 'a field',
    sizes: [1, 10, 25, 50, 100],
    units: (size) => size,
    beyondFirst: true,
  },
];

export function workOf({ name }: Range, size: number): string {
  return `${name}: ${size}`;
}
