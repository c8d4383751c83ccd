// Runs the Worker on workerd, before a server of node:http that says on which connection it was asked, and closes one now and then.
// workerd and esbuild are those of the runtimes: `npm ci --prefix runtimes`, then `npm run example examples/worker/run.ts`.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(new URL('../../runtimes/', import.meta.url));
const { build } = require('esbuild') as { build(options: object): Promise<unknown> };
const folder = await mkdtemp(join(tmpdir(), 'halfpipe-worker-'));

let connections = 0;
const upstream = createServer((request, response) => {
  if (request.url === '/last') response.setHeader('Connection', 'close');
  response.end(`${request.method} ${request.url} over a connection that is one of ${connections}`);
});
upstream.on('connection', () => connections++);
const upstreamPort = await listening(upstream);
const port = await freePort();

await build({
  entryPoints: [fileURLToPath(new URL('worker.ts', import.meta.url))],
  outfile: join(folder, 'worker.js'),
  bundle: true,
  format: 'esm',
  external: ['cloudflare:sockets'],
  logLevel: 'error',
});
await writeFile(join(folder, 'config.capnp'), config());
const workerd = spawn(require.resolve('workerd/bin/workerd'), ['serve', 'config.capnp'], {
  cwd: folder,
  stdio: 'inherit',
});
try {
  await answering();
  for (const path of ['/a', '/b?c', '/last', '/d', '/e']) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    console.log(`${await response.text()}; the Worker's: ${response.headers.get('Upstream-Connection')}`);
  }
  const response = await fetch(`http://127.0.0.1:${port}/upload`, { method: 'POST', body: 'x'.repeat(100_000) });
  console.log(await response.text());
} finally {
  const exited = once(workerd, 'exit');
  workerd.kill();
  await exited;
  upstream.close();
  upstream.closeAllConnections();
  await rm(folder, { recursive: true });
}

function config(): string {
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # Addresses of this machine, which the default does not allow.
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-11-01",
  bindings = [
    (name = "UPSTREAM", text = "127.0.0.1:${upstreamPort}"),
    (name = "upstreams", durableObjectNamespace = "Upstream"),
  ],
  durableObjectNamespaces = [(className = "Upstream", uniqueKey = "upstream")],
  durableObjectStorage = (inMemory = void),
);
`;
}

async function listening(server: ReturnType<typeof createServer | typeof createNetServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port; // not a path
}

async function freePort(): Promise<number> {
  const server = createNetServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Until workerd listens, ten seconds at most. */
async function answering(): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
    if (response !== null) return void (await response.body?.cancel());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('Cannot reach workerd: it does not listen');
}
