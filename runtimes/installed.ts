// What `npm ci --prefix runtimes` installs, as far as it is used, and where the binaries are. Everything is looked up when it is needed:
// who has not installed it can build, and is told what is missing.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// This runs from `dist`.
const root = new URL('../../', import.meta.url);
const require = createRequire(import.meta.url);

/** Something that a row needs cannot be had; the message says what, and how it could be. */
export class Missing extends Error {
  override readonly name = 'Missing';
}

/** The path of something in the repository. */
export function pathOf(path: string): string {
  return fileURLToPath(new URL(path, root));
}

/** The path of a binary in the repository. */
export function binary(path: string): string {
  const found = pathOf(path);
  if (existsSync(found)) return found;
  const how = path.startsWith('runtimes/') ? 'npm ci --prefix runtimes' : 'npm ci';
  throw new Missing(`${path} is not installed: ${how}`);
}

/** Debian's Chromium, unless CHROMIUM names another. */
export function chromiumPath(): string {
  const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(path)) throw new Missing(`${path} is not installed: apt-get install chromium`);
  return path;
}

interface Esbuild {
  build(options: object): Promise<{ readonly outputFiles: readonly { readonly text: string }[] }>;
}

interface Page {
  on(event: 'pageerror', listener: (error: Error) => void): unknown;
  exposeFunction(name: string, callback: (value: never) => void): Promise<unknown>;
  addInitScript<Value>(script: (value: Value) => unknown, value: Value): Promise<unknown>;
  goto(url: string): Promise<unknown>;
  addScriptTag(tag: { url: string; type: string }): Promise<unknown>;
  waitForFunction(expression: string, argument: undefined, options: { timeout: number }): Promise<unknown>;
}

interface Browser {
  version(): string;
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

interface Playwright {
  readonly chromium: { launch(options: { executablePath: string; args: readonly string[] }): Promise<Browser> };
}

/** The bundler. */
export function esbuild(): Esbuild {
  return load('esbuild') as Esbuild; // Its types are not here where it is not installed; these are of its documentation.
}

/** The browser's remote control. */
export function playwright(): Playwright {
  return load('playwright-core') as Playwright; // The same.
}

function load(name: string): unknown {
  try {
    return require(name);
  } catch (cause) {
    throw new Missing(`${name} is not installed: npm ci --prefix runtimes`, { cause });
  }
}
