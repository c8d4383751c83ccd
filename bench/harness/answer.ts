// The other end of a Child: answers each line of JSON with one, and ends with its input. Runs on Node.js, Deno and Bun.

import process from 'node:process';
import { createInterface } from 'node:readline';
import { Absent } from './absent.ts';

/** A line of the answer. */
export type Said = { readonly answer: unknown } | { readonly error: string; readonly absent: boolean };

/** What throws is an answer too: its message. */
export function answer(respond: (question: never) => unknown): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    let said: Said;
    try {
      said = { answer: await respond(JSON.parse(line) as never) }; // both ends name the same type
    } catch (error) {
      said = { error: error instanceof Error ? error.message : String(error), absent: error instanceof Absent };
    }
    process.stdout.write(`${JSON.stringify(said)}\n`);
  });
  lines.on('close', () => process.exit());
}
