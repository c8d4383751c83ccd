// What a bundle of each package weighs, minified and compressed: what a page, a worker or a cold start has to load.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Absent } from '../harness/absent.ts';
import type { Family } from '../harness/family.ts';
import { optional } from '../harness/optional.ts';
import { built } from '../harness/ours.ts';
import type { Missing, Row } from '../harness/report.ts';

/** What esbuild is asked for here; its own types are there only where it is installed. */
interface Bundler {
  build(options: object): Promise<{ outputFiles: { contents: Uint8Array }[] }>;
}

const { resolve } = createRequire(import.meta.url);
const entry = (name: string) => fileURLToPath(built(name, 'index'));

/** By name, the modules whose every export is kept. */
const bundles: Readonly<Record<string, () => string[]>> = {
  '@halfpipe/core': () => [entry('core')],
  'core + driver': () => [entry('core'), entry('driver')],
  'core + driver + node': () => [entry('core'), entry('driver'), entry('node')],
  'core + driver + deno': () => [entry('core'), entry('driver'), entry('deno')],
  'core + driver + web-streams': () => [entry('core'), entry('driver'), entry('web-streams')],
  'llhttp-wasm': () => [resolve('llhttp-wasm')],
  undici: () => [resolve('undici')],
};

export const size: Family = async () => {
  const sizes: { readonly peer: string; readonly size: Size | Missing }[] = [];
  for (const [peer, modules] of Object.entries(bundles)) sizes.push({ peer, size: await sizeOf(peer, modules()) });
  const row = (work: string, of: keyof Size): Row => ({
    work,
    results: sizes.map(({ peer, size }) => ('missing' in size ? size : { peer, rounds: [size[of]] })),
  });
  return [
    {
      family: 'size',
      title: 'of a bundle with every export',
      unit: 'bytes',
      better: 'less',
      beside: Object.keys(bundles).filter((name) => name.startsWith('core')),
      rows: [row('minified and gzipped', 'gzipped'), row('minified', 'minified')],
    },
  ];
};

interface Size {
  readonly minified: number;
  readonly gzipped: number;
}

async function sizeOf(peer: string, modules: readonly string[]): Promise<Size | Missing> {
  try {
    const { build } = optional('esbuild') as Bundler;
    const contents = modules.map((path) => `export * from ${JSON.stringify(path)};`).join('\n');
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      platform: 'node',
      legalComments: 'none',
    });
    const bytes = outputFiles[0]?.contents ?? new Uint8Array(0);
    if (bytes.length === 0) throw new Error(`The bundle of ${peer} is empty`);
    return { minified: bytes.length, gzipped: gzipSync(bytes, { level: 9 }).length };
  } catch (error) {
    if (!(error instanceof Absent)) throw error;
    return { peer, missing: 'not run', why: error.message };
  }
}
