// Where this runs, and what only Deno and Bun have.

type Respond = (request: Request) => Response | Promise<Response>;

interface Globals {
  Deno?: {
    serve(options: { hostname: string; port: number; onListen(): void }, respond: Respond): { addr: { port: number } };
  };
  Bun?: { serve(options: { hostname: string; port: number; fetch: Respond }): { port: number } };
}

const { Deno, Bun } = globalThis as Globals; // those of this runtime

export const runtime = Deno !== undefined ? 'deno' : Bun !== undefined ? 'bun' : 'node';

/** Serves with Deno.serve, and says on which port. */
export async function serveOnDeno(respond: Respond): Promise<number> {
  if (Deno === undefined) throw new Error('This is not Deno');
  return Deno.serve({ hostname: '127.0.0.1', port: 0, onListen() {} }, respond).addr.port;
}

/** Serves with Bun.serve, and says on which port. */
export async function serveOnBun(respond: Respond): Promise<number> {
  if (Bun === undefined) throw new Error('This is not Bun');
  return Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: respond }).port;
}
