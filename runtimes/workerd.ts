// The suite in workerd, and a Worker that serves. What is in the Worker is inside/worker.ts.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Readable } from 'node:stream';
import { connect } from '@halfpipe/node';
import { bundle } from './bundle.ts';
import { killGroup, run } from './child.ts';
import { binary } from './installed.ts';
import { relayTcp } from './relay.ts';
import type { Line } from './results.ts';

const workerd = () => binary('runtimes/node_modules/.bin/workerd');

/** Runs the suite, with `size` bytes in its large cases, and tells what comes of it. It has so many milliseconds. */
export async function runWorkerd(size: number, timeLimit: number, tell: (line: Line) => void): Promise<void> {
  const { stdout } = await run(workerd(), ['--version'], { timeLimit: 10_000 });
  const version = stdout.trim().replace(/^workerd /, '');
  await withWorker({ SIZE: String(size), VERSION: version }, async ({ http }) => {
    const signal = AbortSignal.timeout(timeLimit);
    const connection = await connect(`http://127.0.0.1:${http}`);
    const response = await connection.call('GET', `http://127.0.0.1:${http}/`, { signal });
    const lines = createInterface({ input: Readable.from(response.body) });
    for await (const line of lines) tell(JSON.parse(line) as Line); // inside/suite.ts has told it.
    connection.close();
  });
}

/** Calls `ask` with the port on which the Worker serves HTTP itself. */
export function withServingWorker(ask: (port: number) => Promise<void>): Promise<void> {
  return withWorker({ SIZE: '0', VERSION: '' }, ({ tcp }) => ask(tcp));
}

/** Where the Worker is asked to run the suite, and where it serves. */
interface Ports {
  readonly http: number;
  readonly tcp: number;
}

async function withWorker(
  bindings: Readonly<Record<string, string>>,
  use: (ports: Ports) => Promise<void>,
): Promise<void> {
  const path = workerd();
  const script = await bundle('inside/worker.ts');
  const folder = await mkdtemp(join(tmpdir(), 'halfpipe-workerd-'));
  const relay = await relayTcp();
  await writeFile(join(folder, 'worker.js'), script);
  await writeFile(
    join(folder, 'config.capnp'),
    configOf({ ...bindings, RELAY: `127.0.0.1:${relay.port}`, COUNT: `127.0.0.1:${relay.countPort}` }),
  );
  // It says on the descriptor which ports it has taken.
  const child = spawn(path, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    detached: true,
  });
  const exited = once(child, 'exit').then(() => null);
  try {
    await use(await portsOf(child.stdio[3] as Readable, exited)); // A pipe, as was asked for.
  } finally {
    killGroup(child);
    await exited;
    await relay.close();
    await rm(folder, { recursive: true });
  }
}

async function portsOf(control: Readable, exited: Promise<null>): Promise<Ports> {
  const listening = new Promise<Ports>((resolve) => {
    const ports: { [name: string]: number } = {};
    createInterface({ input: control }).on('line', (line) => {
      const { socket, port } = JSON.parse(line) as { socket: string; port: number }; // {"event":"listen","socket":"http","port":…}
      ports[socket] = port;
      const { http, tcp } = ports;
      if (http !== undefined && tcp !== undefined) resolve({ http, tcp });
    });
  });
  const ports = await Promise.race([listening, exited]);
  if (ports === null) throw new Error('Cannot run workerd: it has ended');
  return ports;
}

function configOf(bindings: Readonly<Record<string, string>>): string {
  const texts = Object.entries(bindings).map(([name, text]) => `(name = "${name}", text = "${text}")`);
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # Addresses of this machine, which the default does not allow.
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:0", http = (), service = "main"),
    (name = "tcp", address = "127.0.0.1:0", tcp = (), service = "main"),
  ],
);

const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-11-01",
  bindings = [${texts.join(', ')}],
);
`;
}
