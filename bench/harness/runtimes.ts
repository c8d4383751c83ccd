// The commands of the other runtimes, where they are installed.

import { existsSync } from 'node:fs';

const root = new URL('../../', import.meta.url);

/** What runs a TypeScript file on it, or null where it is not installed. */
export function commandOf(runtime: 'deno' | 'bun'): readonly string[] | null {
  const path = new URL({ deno: 'node_modules/.bin/deno', bun: 'runtimes/node_modules/.bin/bun' }[runtime], root)
    .pathname;
  if (!existsSync(path)) return null;
  return runtime === 'deno' ? [path, 'run', '--allow-all', '--no-lock'] : [path, 'run'];
}

export const howToInstall = { node: 'npm ci', deno: 'npm ci', bun: 'npm ci --prefix runtimes' } as const;
