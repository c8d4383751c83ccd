// The simulation in a folder of its own, made from the sources, one of which may be changed beforehand: so that it can be seen what it says
// of a mistake, or what another runtime makes of it. Needs no build.

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { transformSync } from '@swc/core';

/** What is to stand in a file of the sources in place of what. */
export interface Change {
  /** From the root of the workspace. */
  readonly file: string;
  /** What is there exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly also?: Omit<Change, 'file' | 'also'>;
}

/** Where the sources are, and where they go to. */
const folders = [
  ['packages/core/src', 'node_modules/@halfpipe/core/dist'],
  ['packages/driver/src', 'node_modules/@halfpipe/driver/dist'],
  ['packages/testing/src', 'node_modules/@halfpipe/testing/dist'],
  ['packages/testing/sim', 'sim'],
] as const;

/** The sources of the simulation and of what it runs on, compiled. */
export class Simulation {
  readonly #root: string;
  /** What becomes of each file, and where it goes to, by where it is. */
  readonly #files = new Map<string, { readonly to: string; readonly code: string }>();

  /** Reads and compiles everything; `root` is that of the workspace. */
  constructor(root: string) {
    this.#root = root;
    for (const [from, to] of folders) {
      for (const name of readdirSync(join(root, from), { recursive: true, encoding: 'utf8' })) {
        if (!name.endsWith('.ts') || name.endsWith('.d.ts')) continue;
        const file = `${from}/${name}`;
        this.#files.set(file, { to: join(to, name.replace(/ts$/, 'js')), code: compile(this.#read(file)) });
      }
    }
  }

  /** Writes everything into a folder, `sim/run.js` and `sim/trial.js` among it. Throws where a change does not fit its file in exactly one place. */
  write(folder: string, change: Change | null = null): void {
    const put = (path: string, content: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    };
    put('package.json', '{ "private": true, "type": "module" }\n');
    for (const { to, code } of this.#files.values()) put(to, code);
    for (const name of ['core', 'driver', 'testing']) {
      const path = join('node_modules/@halfpipe', name, 'package.json');
      cpSync(join(this.#root, 'packages', name, 'package.json'), join(folder, path));
    }
    if (change === null) return;
    const changed = this.#files.get(change.file);
    if (changed === undefined) throw new Error(`Cannot change ${change.file}: it is not part of the simulation`);
    put(changed.to, compile(apply(change, this.#read(change.file))));
  }

  #read(file: string): string {
    return readFileSync(join(this.#root, file), 'utf8');
  }
}

function apply({ file, find, replace, also }: Change, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`Cannot change ${file}: ${JSON.stringify(find)} is there ${parts.length - 1} times, not once`);
  const applied = parts.join(replace);
  return also === undefined ? applied : apply({ file, ...also }, applied);
}

// Apart from where it is used, since the types do not know of its rewriting imports.
const options = {
  swcrc: false,
  jsc: { target: 'es2022', parser: { syntax: 'typescript' }, rewriteRelativeImportExtensions: true },
  module: { type: 'es6' },
} as const;

function compile(source: string): string {
  return transformSync(source, options).code;
}

/** How a process has ended that was to print one line of JSON. */
export type Outcome =
  /** It has printed it, whatever its exit code. */
  | { readonly kind: 'told'; readonly value: unknown }
  /** It has ended without. */
  | { readonly kind: 'crashed'; readonly why: string }
  /** It had to be killed. */
  | { readonly kind: 'endless'; readonly seconds: number };

/** Runs a process, for so many seconds at most, that tells what it finds in one line of JSON. */
export function tell(command: string, args: readonly string[], seconds: number, env = process.env): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { env, timeout: seconds * 1_000, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const;
    execFile(command, args, options, (error, stdout, stderr) => {
      try {
        return resolve({ kind: 'told', value: JSON.parse(stdout) });
      } catch {}
      if (error?.killed === true) return resolve({ kind: 'endless', seconds });
      const why = stderr.split('\n').find((line) => /^\s*(?:Uncaught )?\w*Error\b/.test(line));
      resolve({ kind: 'crashed', why: (why ?? (error?.message || stderr)).trim() });
    });
  });
}
