// A program that is run to its end, or until its time is over, or for as long as it is asked. Knows nothing of what it does.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pathOf } from './installed.ts';

export interface Ended {
  /** The exit code; null if it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** What it may take, in milliseconds. */
  readonly timeLimit: number;
}

/** Runs it in the root of the repository. What it has started dies with it. Rejects if it cannot be started or takes too long. */
export async function run(command: string, args: readonly string[], options: ChildOptions): Promise<Ended> {
  const child = spawn(command, args, {
    cwd: pathOf('.'),
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that a script which starts the real program takes it along.
    detached: true,
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    killGroup(child);
  }, options.timeLimit);
  try {
    const [code, stdout, stderr] = await Promise.all([exit(child), text(child.stdout), text(child.stderr)]);
    if (late) throw new Error(`It takes longer than ${options.timeLimit} ms: ${command} ${args.join(' ')}`);
    return { code, stdout, stderr };
  } finally {
    clearTimeout(timer);
    killGroup(child);
  }
}

/** Runs a program that prints a port first and serves on it, for as long as that is used. */
export async function withServer<Result>(
  command: string,
  args: readonly string[],
  use: (port: number) => Promise<Result>,
): Promise<Result> {
  const child = spawn(command, args, { cwd: pathOf('.'), stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const exited = exit(child);
  try {
    const ended = exited.then((code) => {
      throw new Error(`It ended with ${code} before it served: ${command} ${args.join(' ')}`);
    });
    ended.catch(() => {});
    const lines = createInterface({ input: child.stdout });
    const first = once(lines, 'line') as Promise<[string]>; // What the event comes with.
    const [line] = await Promise.race([first, ended]);
    return await Promise.race([use(Number(line)), ended]);
  } finally {
    killGroup(child);
    await exited.catch(() => {});
  }
}

/** Ends a program that was started with a group of its own, and what it has started. */
export function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // There is nobody any more.
  }
}

function exit(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

async function text(stream: NodeJS.ReadableStream | null): Promise<string> {
  let all = '';
  for await (const piece of stream ?? []) all += String(piece);
  return all;
}
