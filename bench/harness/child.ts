// A process of its own for each that is measured, on one core where the system lets us. It is asked in lines of JSON, one at a time, so
// that programs in any language can answer. Knows nothing of what is asked.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { Absent } from './absent.ts';
import type { Said } from './answer.ts';

/** What is measured runs on the first core, what loads it on the second. */
export type Core = 0 | 1;

/** Longer than anything that is asked. */
const patience = 120_000;

export class Child {
  readonly #name: string;
  readonly #process: ChildProcess;
  #pending: { resolve(answer: unknown): void; reject(error: Error): void } | null = null;
  #ended: Error | null = null;

  /** `command` is a program and its arguments, `env` is set beside the environment that we have. */
  constructor(name: string, command: readonly string[], core: Core, env: Readonly<Record<string, string>> = {}) {
    this.#name = name;
    const [program = '', ...args] = [...pinned(core), ...command];
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    this.#process = child;
    createInterface({ input: child.stdout }).on('line', (line) => this.#settle(line));
    child.stdin.on('error', () => {}); // it has ended, which is told below
    child.on('error', (error) => this.#end(new Absent(`cannot start ${name}: ${error.message}`)));
    child.on('exit', (code, signal) => {
      // What taskset and shells say of a program that is not there.
      if (code === 127) this.#end(new Absent(`cannot start ${name}: there is no ${command[0]}`));
      else this.#end(new Error(`${name} ended with ${code ?? signal}`));
    });
  }

  /** Node.js with the loader that runs this file too, or, from `program` on, whatever runs TypeScript by itself. */
  static script(file: URL, args: readonly string[], core: Core, env?: Readonly<Record<string, string>>): Child {
    return new Child(
      args.at(-1) ?? file.pathname,
      [process.execPath, ...process.execArgv, file.pathname, ...args],
      core,
      env,
    );
  }

  async ask<Answer>(question: unknown): Promise<Answer> {
    if (this.#ended !== null) throw this.#ended;
    const timer = setTimeout(() => this.#end(new Error(`${this.#name} does not answer`)), patience);
    try {
      const answer = await new Promise((resolve, reject) => {
        this.#pending = { resolve, reject };
        this.#process.stdin?.write(`${JSON.stringify(question)}\n`);
      });
      return answer as Answer; // what is asked says what it is answered
    } finally {
      clearTimeout(timer);
      this.#pending = null;
    }
  }

  /** It ends with its input; if it does not, by force. */
  async stop(): Promise<void> {
    if (this.#ended !== null) return;
    const exit = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin?.end();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 2_000);
    await exit;
    clearTimeout(timer);
  }

  #settle(line: string): void {
    const said = JSON.parse(line) as Said; // the other end says nothing else
    if ('answer' in said) this.#pending?.resolve(said.answer);
    else this.#pending?.reject(said.absent ? new Absent(said.error) : new Error(said.error));
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#process.kill('SIGKILL');
    this.#pending?.reject(error);
  }
}

let pinning: boolean | null = null;

function pinned(core: Core): readonly string[] {
  pinning ??= availableParallelism() > 1 && spawnSync('taskset', ['-c', '0,1', 'true']).status === 0;
  return pinning ? ['taskset', '-c', String(core)] : [];
}
