// Deno, as the tests of this package run it: the binary of the root's dev dependency, offline, with nobody at the keyboard.

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const root = join(__dirname, '..', '..', '..');
export const folder = join(__dirname, '..');

const { FORCE_COLOR: _, ...inherited } = process.env; // set by Jest, where it runs on a terminal
const env = { ...inherited, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1', DENO_NO_PROMPT: '1' };

/** Runs it to the end, or for as long as `timeout` milliseconds. */
export function deno(
  args: readonly string[],
  options: { cwd?: string; input?: string; timeout?: number } = {},
): SpawnSyncReturns<string> {
  const { cwd = root, input = '', timeout = 60_000 } = options;
  const binary = join(root, 'node_modules', '.bin', 'deno');
  return spawnSync(binary, args, { cwd, env, input, timeout, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
