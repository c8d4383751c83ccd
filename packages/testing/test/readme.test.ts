// What the README shows is run, and prints what the comment behind it says (`…` is anything).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'node:util';
import * as core from '@halfpipe/core';
import * as driver from '@halfpipe/driver';
import * as testing from '@halfpipe/testing';

const packages = { '@halfpipe/core': core, '@halfpipe/driver': driver, '@halfpipe/testing': testing };
const names = Object.assign({}, ...Object.values(packages));

const examples = [...readFileSync(join(__dirname, '..', 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(
  ([, code = '']): [string, string] => [code.split('\n').find((line) => /^(?!import|$)/.test(line)) ?? '', code],
);

const AsyncFunction = (async () => {}).constructor as new (
  ...parts: string[]
) => (...values: unknown[]) => Promise<void>;

function pattern(comment: string): string {
  return comment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.+');
}

test.each(examples)('example %#: %s', async (_, code) => {
  for (const [, imported = '', from = ''] of code.matchAll(/^import \{ (.*) \} from '(.*)';$/gm)) {
    for (const name of imported.split(', ')) expect(packages[from as keyof typeof packages]).toHaveProperty(name);
  }
  const printed: string[] = [];
  const log = (...values: unknown[]) => printed.push(format(...values));
  const run = new AsyncFunction('console', ...Object.keys(names), code.replace(/^import .*$/gm, ''));
  await run({ log }, ...Object.values(names));
  const expected = [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, comment = '']) =>
    pattern(comment),
  );
  expect(printed.join('\n')).toMatch(new RegExp(`^${expected.join('\\n')}$`));
});
