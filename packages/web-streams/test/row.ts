// What a row of the behaviour table is, and what its functions share.

import type { Fetch } from '../src/index.ts';
import type { Places } from './fetch-server.ts';

/** What a row is run with. */
export interface Faces extends Places {
  readonly fetch: Fetch;
  readonly platformFetch: Fetch;
  readonly runtime: 'node' | 'deno' | 'bun';
}

/** What is otherwise, and how, as seen with Deno 2.9 and Bun 1.4. */
export interface Departures {
  readonly deno?: string;
  readonly bun?: string;
}

export interface Row {
  readonly name: string;
  /** Makes its requests with the fetch it is given. `id` is its own in this run, for the server to remember it by. */
  run(fetch: Fetch, at: Places & { readonly id: string }): Promise<unknown>;
  /** What comes of it, as JSON has it. */
  readonly expected: unknown;
  /** Where we do not do as the platform does, and why. */
  readonly differs?: { readonly platform: unknown; readonly because: string };
  /** Where the fetch of another runtime than Node is not as the standard says. Ours is as everywhere. */
  readonly departs?: Departures;
  /** Where its Request or Response is not, of which ours are made too: the row says nothing there. */
  readonly without?: Departures;
}

let runs = 0;

/** What comes of a row: what it gives, or what kind of thing it throws. */
export async function outcomeOf(row: Row, fetch: Fetch, { url, cannedUrl }: Places): Promise<unknown> {
  try {
    return await row.run(fetch, { url, cannedUrl, id: `run-${++runs}` });
  } catch (error) {
    return `throws ${kindOf(error)}`;
  }
}

/** The name of an error, wherever its class is from, or the thing itself where it is none. Messages are everybody's own. */
export function kindOf(error: unknown): string {
  return String(typeof error === 'object' && error !== null && 'name' in error ? error.name : error);
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'nothing',
    (error: unknown) => kindOf(error),
  );
}

/** The query of a request, each name as often as it has values. */
export function query(fields: Readonly<Record<string, string | number | readonly string[]>>): string {
  const params = new URLSearchParams();
  for (const [name, given] of Object.entries(fields)) {
    for (const value of typeof given === 'object' ? given : [String(given)]) params.append(name, value);
  }
  return params.toString();
}

/** Pieces of text as a stream that gives one whenever it is asked. */
export function streamOf(...pieces: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(encoder.encode(piece));
    },
  });
}
