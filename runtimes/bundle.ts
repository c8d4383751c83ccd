// One file of `inside` and all that it imports, for runtimes that take one file.

import { esbuild, pathOf } from './installed.ts';

/** The bundle of a file in `inside`, as text. */
export async function bundle(name: string): Promise<string> {
  const { outputFiles } = await esbuild().build({
    entryPoints: [pathOf(`runtimes/inside/${name}.ts`)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['cloudflare:sockets'],
    logLevel: 'error',
  });
  return outputFiles[0]!.text; // There is one for each entry.
}
