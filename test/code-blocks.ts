// The code that a page shows, and a way to run it as its reader would: by plain Node, against the built packages.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '..');

/** The blocks of TypeScript on a page, in their order. */
export function codeBlocks(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
}

/** What it prints. Rejects if it does not end by itself and well, or complains. */
export async function runCode(source: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--input-type=module', '--eval', source],
    { cwd: root, timeout: 20_000 },
  );
  expect(stderr).toBe('');
  return stdout;
}
