// Draws the tables of packages/core/src/state.ts as docs/states.md. `npm run draw` writes it; a test fails when it is stale.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { joint, type Outcome, type Party, type State, transitions } from '../packages/core/src/state.ts';

const meanings: Readonly<Record<Outcome, string>> = {
  open: 'more must happen',
  early: 'the answer is complete and the request is not',
  complete: 'the next exchange may begin',
  switch: 'the bytes that follow are another protocol’s',
  lost: 'it ended without a whole answer',
  never: 'cannot be reached',
};

/** The page, from the tables alone. */
export function drawStates(): string {
  return `# States

Drawn by scripts/draw-states.ts from packages/core/src/state.ts; \`npm run draw\` after a change there.

An exchange has two parties, and each has a message to send: the client its request, the server its response. Neither table knows which of
the two we are.

## The client's message

${drawParty('client')}

## The server's message

${drawParty('server')}

## Both together

Rows: how far the client is; columns: how far the server is.

${drawJoint()}

${Object.entries(meanings)
  .map(([outcome, meaning]) => `- **${outcome}**: ${meaning}`)
  .join('\n')}
`;
}

function drawParty(party: Party): string {
  const lines = ['```mermaid', 'stateDiagram-v2', '  [*] --> idle'];
  for (const [from, inputs] of Object.entries(transitions[party])) {
    const targets = new Map<string, string[]>();
    for (const [input, to] of Object.entries(inputs)) targets.set(to, [...(targets.get(to) ?? []), input]);
    for (const [to, by] of targets) lines.push(`  ${from} --> ${to}: ${by.join(', ')}`);
  }
  for (const state of used(party)) if (isLast(party, state)) lines.push(`  ${state} --> [*]`);
  return [...lines, '```'].join('\n');
}

function isLast(party: Party, state: State): boolean {
  return Object.keys(transitions[party][state]).every((input) => input === 'fail' || input === 'switch');
}

/** The states that a party can be in. */
function used(party: Party): State[] {
  const reached = new Set<State>(['idle']);
  for (const state of reached) for (const to of Object.values(transitions[party][state])) reached.add(to);
  return [...reached];
}

function drawJoint(): string {
  const columns = used('server');
  const rows = used('client').map((client) => {
    const cells = columns.map((server) => (joint[client][server] === 'never' ? '' : joint[client][server]));
    return `| **${client}** | ${cells.join(' | ')} |`;
  });
  return [`| | ${columns.join(' | ')} |`, `| --- |${' --- |'.repeat(columns.length)}`, ...rows].join('\n');
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  const page = new URL('../docs/states.md', import.meta.url);
  const drawn = drawStates();
  if (readFileSync(page, { encoding: 'utf8', flag: 'a+' }) !== drawn) writeFileSync(page, drawn);
}
