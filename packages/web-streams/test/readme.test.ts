// What the README shows first is run, and prints what it says.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as webStreams from '../src/index.ts';

const exported: Record<string, unknown> = { ...webStreams };
const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');
const example = /^```ts\n(.*?)^```$/ms.exec(readme)?.[1] ?? '';

const AsyncFunction = (async () => {}).constructor as new (
  ...parts: string[]
) => (...values: unknown[]) => Promise<void>;

test('the first example', async () => {
  const printed: unknown[] = [];
  const names = /^import \{ (.*) \} from '@halfpipe\/web-streams';$/m.exec(example)?.[1]?.split(', ') ?? [];
  for (const name of names) expect(exported).toHaveProperty(name);
  const run = new AsyncFunction('console', ...names, example.replace(/^import .*$/gm, ''));
  const values = names.map((name) => exported[name]);
  await run({ log: (value: unknown) => printed.push(value) }, ...values);
  expect(printed).toEqual(['You sent something\n']);
});

test('every name that is exported beyond the core and the driver is in the README', () => {
  for (const name of [
    'transport',
    'messagePort',
    'webSocket',
    'create',
    'connect',
    'open',
    'serve',
    'TransportError',
  ]) {
    expect(exported).toHaveProperty(name);
    expect(readme).toContain(`\`${name}`);
  }
});
