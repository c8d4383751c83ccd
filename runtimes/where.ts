// Which runtime this is, for files that run on all of them. Knows their names and versions, and how each tells of what nobody handled.

/** A runtime, by its name and version. */
export interface Where {
  readonly runtime: 'node' | 'deno' | 'bun' | 'workerd' | 'chromium';
  readonly version: string;
}

interface Globals {
  readonly Deno?: { readonly version: { readonly deno: string } };
  readonly Bun?: { readonly version: string };
}

/** Of those that have a `process`. */
export function here(): Where {
  const { Deno, Bun } = globalThis as Globals;
  if (Deno !== undefined) return { runtime: 'deno', version: Deno.version.deno };
  if (Bun !== undefined) return { runtime: 'bun', version: Bun.version };
  return { runtime: 'node', version: process.versions.node };
}

/** For the option `watch` of the suite: Node and Bun have no events of the global scope for it. */
export function watch(tell: (error: unknown) => void): () => void {
  process.on('unhandledRejection', tell);
  return () => void process.off('unhandledRejection', tell);
}
