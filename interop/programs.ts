// Programs that are not ours: found, started with what they need, and ended by their own process and no other.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Which package of Debian brings which program. */
const packages = { nginx: 'nginx', ab: 'apache2-utils', curl: 'curl', squid: 'squid', wrk: 'wrk' } as const;

export type Program = keyof typeof packages;

/** The path of a program; rejects with what to install where it is missing. */
export async function find(program: Program): Promise<string> {
  // Where servers are kept, which is not on everybody's PATH.
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    const path = join(folder, program);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  throw new Error(`Cannot find ${program}. On Debian: apt-get install -y ${packages[program]}`);
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, with `input` on its standard input, and kills it after `limit` milliseconds. */
export async function run(
  program: Program,
  args: readonly string[],
  { input = [], limit = 30_000 }: { input?: Iterable<Uint8Array>; limit?: number } = {},
): Promise<Finished> {
  const child = spawn(await find(program), args, { timeout: limit, killSignal: 'SIGKILL' });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    output.stderr += text;
  });
  // A program that has heard enough closes its standard input.
  child.stdin.on('error', () => {});
  const pieces = input[Symbol.iterator]();
  const feed = () => {
    for (let piece = pieces.next(); !piece.done; piece = pieces.next()) if (!child.stdin.write(piece.value)) return;
    child.stdin.end();
  };
  child.stdin.on('drain', feed);
  feed();
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, ...output };
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // It listens on a port.
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A folder of its own. */
export function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'halfpipe-interop-'));
}

export interface Started {
  stop(): Promise<void>;
}

/** Starts nginx, with `servers` as its `server` blocks and everything that it writes in `home`, and waits until it listens on `port`. */
export async function startNginx(home: string, servers: string, port: number): Promise<Started> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${home}/${name};`,
  );
  const configuration = `
    daemon off;
    master_process off;
    pid ${home}/pid;
    error_log ${home}/error.log;
    events { worker_connections 64; }
    http {
      access_log off;
      ${temporary.join('\n      ')}
      ${servers}
    }
  `;
  await writeFile(join(home, 'nginx.conf'), configuration);
  const child = spawn(
    await find('nginx'),
    ['-p', home, '-e', join(home, 'error.log'), '-c', join(home, 'nginx.conf')],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  await listens(port, child, () => complaint);
  return {
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      await rm(home, { recursive: true });
    },
  };
}

/** Starts squid on `port`, which caches nothing, and forwards and tunnels to anybody for who has any name and any password. */
export async function startSquid(home: string, port: number): Promise<Started> {
  const configuration = `
    http_port 127.0.0.1:${port}
    auth_param basic program /usr/lib/squid/basic_fake_auth
    acl known proxy_auth REQUIRED
    http_access allow known
    http_access deny all
    cache deny all
    access_log none
    cache_log /dev/null
    cache_store_log none
    netdb_filename none
    pid_filename none
    pinger_enable off
    shutdown_lifetime 0 seconds
  `;
  await writeFile(join(home, 'squid.conf'), configuration);
  const args = ['-N', '-f', join(home, 'squid.conf')];
  const child = spawn(await find('squid'), args, { cwd: home, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  await listens(port, child, () => complaint);
  return {
    stop: async () => {
      // Not SIGKILL: its helpers are its own to end.
      child.kill('SIGTERM');
      await ended;
      await rm(home, { recursive: true });
    },
  };
}

/** Waits, 10 seconds at most, until somebody listens on the port. */
async function listens(port: number, child: ChildProcess, complaint: () => string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (child.exitCode !== null) throw new Error(`Cannot start ${child.spawnfile}: ${complaint()}`);
    const connected = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.on('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  throw new Error(`Cannot start ${child.spawnfile}: nobody listens on port ${port}`);
}
