// The other runtimes, where they are installed.

import { existsSync } from 'node:fs';
import { Absent } from './absent.ts';
import { Child, type Core } from './child.ts';
import type { Entrant } from './entrants.ts';

export type Runtime = 'node' | 'deno' | 'bun';

const root = new URL('../../', import.meta.url);
const installed = {
  deno: { path: 'node_modules/.bin/deno', how: 'npm ci', args: ['run', '--allow-all', '--no-lock'] },
  bun: { path: 'runtimes/node_modules/.bin/bun', how: 'npm ci --prefix runtimes', args: ['run'] },
} as const;

/** Runs a TypeScript file on that runtime, with the entrant's name as its argument. */
export function runOn(runtime: Runtime, file: URL, { name, env }: Entrant, core: Core): Child | Absent {
  if (runtime === 'node') return Child.script(file, [name], core, env);
  const { path, how, args } = installed[runtime];
  const program = new URL(path, root).pathname;
  if (!existsSync(program)) return new Absent(`${runtime} is not installed: ${how}`);
  return new Child(`${name} on ${runtime}`, [program, ...args, file.pathname, name], core, env);
}
