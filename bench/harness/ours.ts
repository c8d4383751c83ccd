// Our packages as they were built: here, or in another checkout that this one is compared with.

import process from 'node:process';
import { pathToFileURL } from 'node:url';

/** The variable that names the other checkout. */
export const otherCheckout = 'HALFPIPE_BENCH_CHECKOUT';

const other = process.env[otherCheckout];
const root = other === undefined ? new URL('../../', import.meta.url) : pathToFileURL(`${other}/`);

interface Packages {
  core: typeof import('@halfpipe/core');
  driver: typeof import('@halfpipe/driver');
  node: typeof import('@halfpipe/node');
  deno: typeof import('@halfpipe/deno');
  llhttp: typeof import('@halfpipe/llhttp');
}

/** The public face of a package. */
export async function ours<Name extends keyof Packages>(name: Name): Promise<Packages[Name]> {
  return (await import(built(name, 'index'))) as Packages[Name]; // a checkout of this project has packages of these names
}

/** Where a file of a package is, once built. */
export function built(name: string, file: string): string {
  return new URL(`packages/${name}/dist/${file}.js`, root).href;
}
