// One file and all that it imports, for runtimes that take one file, or that are to run the very same.

import { esbuild, pathOf } from './installed.ts';

/** The bundle of a file of this folder, as text. */
export async function bundle(path: string): Promise<string> {
  const { outputFiles } = await esbuild().build({
    entryPoints: [pathOf(`runtimes/${path}`)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:*', 'node:*'],
    logLevel: 'error',
  });
  return outputFiles[0]!.text; // There is one for each entry.
}
