import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawStates } from '../scripts/draw-states.ts';

test('docs/states.md is what the tables draw today', () => {
  expect(readFileSync(join(__dirname, '..', 'docs', 'states.md'), 'utf8')).toBe(drawStates());
});
