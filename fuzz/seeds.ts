// The inputs that fuzzing begins with: the bytes of the core's own corpus, each with what the tables say of it, and by turns with each
// thing that an application may do.

import type { RequestTable } from '../packages/core/test/corpus/case.ts';
import { chunks } from '../packages/core/test/corpus/chunks.ts';
import { connections } from '../packages/core/test/corpus/connections.ts';
import { fields } from '../packages/core/test/corpus/fields.ts';
import { framing } from '../packages/core/test/corpus/framing.ts';
import { responses } from '../packages/core/test/corpus/responses.ts';
import { routing } from '../packages/core/test/corpus/routing.ts';
import { startLines } from '../packages/core/test/corpus/start-line.ts';
import { inputOf } from './choices.ts';
import { menu as clientMenu } from './client.ts';
import { bytesOf, manyFields, relaxations } from './run.ts';
import { menu as serverMenu } from './server.ts';

/** Longer inputs cost more than they find; what is about great sizes has smaller limits here. */
export const maxSize = 4096;

const requestTables: readonly RequestTable[] = [
  ...startLines,
  ...routing,
  ...fields,
  ...framing,
  ...chunks,
  ...connections,
];

/** Inputs by the name of their target. */
export function seeds(): Readonly<Record<string, Uint8Array[]>> {
  return { server: serverSeeds(), client: clientSeeds(), pair: pairSeeds() };
}

function serverSeeds(): Uint8Array[] {
  const rows = requestTables.flatMap((table) => table.rows);
  const inputs = rows.map(([, bytes, , run], i) => {
    const turn = {
      eof: run?.eof ?? null,
      relax: i % 2 === 0 ? [] : relaxations,
      limits: serverMenu.limits.of(i >> 1),
      application: serverMenu.application.of(i),
      body: serverMenu.body.of(i),
      habits: serverMenu.habits.of(i),
      seed: i % 256,
    };
    return inputOf(serverMenu, turn, bytesOf(bytes));
  });
  // No row has more fields than the default allows and is read nevertheless.
  const fields = `GET / HTTP/1.1\r\nHost: x\r\n${'X: y\r\n'.repeat(200)}\r\n`;
  inputs.push(inputOf(serverMenu, { limits: manyFields }, bytesOf(fields)));
  return inputs.filter((input) => input.length <= maxSize);
}

function clientSeeds(): Uint8Array[] {
  const rows = responses.flatMap((table) => table.rows);
  const inputs = rows.flatMap(([, bytes, , run], i) => {
    const [first = 'nothing', second = 'nothing', third = 'nothing'] = run?.methods ?? ['GET'];
    const turn = {
      eof: run?.eof ?? null,
      relax: i % 2 === 0 ? [] : relaxations,
      limits: clientMenu.limits.of(i >> 1),
      application: clientMenu.application.of(i),
      habits: clientMenu.habits.of(i),
      seed: i % 256,
    };
    const others = { first: clientMenu.first.of(i), third: clientMenu.third.of(i) };
    const wire = bytesOf(bytes);
    return [
      inputOf(clientMenu, { ...turn, persistent: true, first, second, third }, wire),
      inputOf(clientMenu, { ...turn, ...others }, wire),
    ];
  });
  return inputs.filter((input) => input.length <= maxSize);
}

// Steps have no corpus; some at random are a beginning.
function pairSeeds(): Uint8Array[] {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state >> 16;
  };
  return Array.from({ length: 200 }, (_, i) => Uint8Array.from({ length: 20 + (i % 10) * 20 }, next));
}
