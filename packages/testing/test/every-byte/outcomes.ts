// How often which kind of fault leads to what, over all places of all reference exchanges. Not what must be, which every-byte.test.ts says,
// but what is: a change that moves a number is to be looked at. What became of each call of an exchange, and, in a column for each kind,
// at how many places.

/** The columns. */
const kinds = ['stall', 'half-close', 'truncate, known', 'truncate, unknown', 'reset', 'reset, late'];

const rows: Readonly<Record<'up' | 'down', Readonly<Record<string, readonly number[]>>>> = {
  up: {
    '101': [13, 1, 1, 1, 0, 0],
    '101 cut': [0, 12, 12, 12, 4, 13],
    '200': [2, 2, 2, 2, 0, 2],
    '200, 200': [1, 1, 1, 1, 0, 1],
    '200, 204': [1, 1, 1, 1, 0, 1],
    '200, 400': [0, 140, 140, 140, 0, 0],
    '200, 408': [140, 0, 0, 0, 0, 0],
    '200, behind-close': [60, 60, 60, 60, 0, 60],
    '200, stale-idle': [1, 0, 0, 0, 83, 83],
    '200, unanswered': [1, 1, 1, 1, 0, 59],
    '200, unsent': [0, 1, 1, 1, 0, 0],
    '201': [1, 1, 1, 1, 0, 1],
    '400': [0, 396, 396, 396, 0, 0],
    '400, behind-close': [0, 116, 116, 116, 0, 0],
    '400, unsent': [0, 58, 58, 58, 0, 0],
    '408': [396, 0, 0, 0, 0, 0],
    '408, behind-close': [116, 0, 0, 0, 0, 0],
    '408, unsent': [58, 0, 0, 0, 0, 0],
    'partial-response': [0, 0, 0, 0, 9, 9],
    unanswered: [4, 4, 4, 4, 403, 391],
    'unanswered, unanswered': [2, 2, 2, 2, 238, 118],
    'unanswered, unsent': [1, 1, 1, 1, 60, 59],
  },
  down: {
    '101': [16, 1, 1, 1, 0, 0],
    '101 cut': [0, 15, 15, 15, 16, 16],
    '200': [1, 2, 1, 2, 1, 1],
    '200 cut': [0, 14, 0, 14, 0, 0],
    '200, 200': [1, 1, 1, 1, 1, 1],
    '200, 204': [1, 1, 1, 1, 1, 1],
    '200, behind-close': [1, 1, 1, 1, 1, 1],
    '200, partial-response': [178, 178, 178, 178, 178, 178],
    '200, stale-idle': [1, 0, 0, 0, 0, 1],
    '200, unanswered': [1, 1, 1, 1, 1, 1],
    '200, unsent': [0, 1, 1, 1, 1, 0],
    '201': [1, 1, 1, 1, 1, 1],
    'partial-response': [463, 448, 463, 448, 463, 463],
    'partial-response, behind-close': [5, 5, 5, 5, 5, 5],
    'partial-response, unanswered': [206, 206, 206, 206, 206, 206],
    'partial-response, unsent': [94, 94, 94, 94, 94, 94],
    unanswered: [4, 4, 4, 4, 4, 4],
    'unanswered, unanswered': [2, 2, 2, 2, 2, 2],
    'unanswered, unsent': [1, 1, 1, 1, 1, 1],
  },
};

/** The column of one kind, without what it does not lead to. */
export function outcomesOf(kind: string, direction: 'up' | 'down'): Record<string, number> {
  const column = kinds.indexOf(kind);
  const cells = Object.entries(rows[direction]).map(([became, counts]): [string, number] => [
    became,
    counts[column] ?? 0,
  ]);
  return Object.fromEntries(cells.filter(([, count]) => count > 0));
}
