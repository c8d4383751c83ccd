// What clients ask for, and how many of it at once.

export interface Work {
  readonly connections: number;
  /** Calls that are out on each connection: the next is made when one is answered. */
  readonly depth: number;
  readonly upload: boolean;
}

export const works: readonly Work[] = [
  { upload: false, connections: 1, depth: 1 },
  { upload: false, connections: 1, depth: 16 },
  { upload: false, connections: 1, depth: 64 },
  { upload: false, connections: 8, depth: 1 },
  { upload: false, connections: 8, depth: 16 },
  { upload: true, connections: 1, depth: 1 },
  { upload: true, connections: 8, depth: 1 },
];

/** Enough to compare the clients of a runtime with each other. */
export const fewerWorks = works.filter(({ connections, depth }) => connections === 1 || depth === 1);

export const form = 'a=b&'.repeat(256);
/** Of every answer. */
export const body = 'Hello, world!';

export function nameOf({ upload, connections, depth }: Work): string {
  const what = upload ? 'POST of 1 KiB' : 'GET of 13 B';
  return `${what}, ${connections} connection${connections > 1 ? 's' : ''}${depth > 1 ? `, ${depth} deep` : ''}`;
}
