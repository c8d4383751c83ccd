// Every program in examples/, run as its reader would: it ends by itself, says nothing on stderr, and prints what it is about.
// Needs a build, which `npm test` does first.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';

interface Outcome {
  readonly exitCode: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the output of each has to show. */
const shown: Record<string, readonly RegExp[]> = {
  'child-process.ts': [/^child \d+: the sum of \[40,2\] is 42$/m, /^child \d+: exit code 0$/m],
  'custom-transport.ts': [/^PUT \/: 5 bytes$/m, /^PUT \/: 1048576 bytes$/m, /^Closed$/m],
  'deno-client.ts': [
    /^upload: 413 Content Too Large\npersistence: .*"response-close"/m,
    /^slow: TimeoutError\nbehind: unanswered, retry if-idempotent\nClosed$/m,
  ],
  'deno-server.ts': [
    /^fetch: 200, <h1>Hello, fetch<\/h1>$/m,
    /^\| HTTP\/1\.1 103 Early Hints$/m,
    /^\| Content-Digest: sha-256=:.+:\nClosed$/m,
  ],
  'demo.ts': [
    /persistence: undecided$/m,
    /persistence: keep$/m,
    /persistence: close \(/,
    /#\d+ .*: safe/,
    /if-idempotent/,
  ],
  'echo-server.ts': [/^200 OK, chunked$/m, /^received: Is/m, /^sha-256=:.+: is right$/m, /^Closed$/m],
  'hono-app.ts': [
    /^GET \/: Hello, Ada! \(11 bytes\)$/m,
    /^GET \/count\/3: 1 2 3 \(chunked\)$/m,
    /^POST \/size: \{"size":9\}$/m,
    /^GET \/hints: 103, <\/style.css>; rel=preload$/m,
    /^GET \/missing: 404 Not Found\nClosed$/m,
  ],
  'in-memory.ts': [
    /^client to server: \d+ bytes\n {4}GET \/a HTTP\/1\.1$/m,
    /^server: request PUT \/b\nserver: data "to be kept"\nserver: end$/m,
    /^server to client: \d+ bytes\n {4}HTTP\/1\.1 200 OK$/m,
    /^client: \/c response 200\nclient: \/c data "Hello!"\nclient: \/c end\nclient: connection closed$/m,
  ],
  'pipelined-client.ts': [
    /^GET \/1: 200\nGET \/2: 200\nGET \/3: 200$/m,
    /^GET \/4: behind-close, retry if-idempotent$/m,
    /^POST \/5: unsent, retry safe$/m,
    /^again: \[ 'It was \/4', 'It was \/5' \]$/m,
  ],
  'pool.ts': [
    /'It was \/10', 'It was \/11'$/m,
    /^placed: \[ 'order 11', 'order 3', 'order 7' \]$/m,
    /^\d+ connections have closed$/m,
  ],
  'testing.ts': [
    /^unanswered: .* the transport is gone$/m,
    /^unanswered: .* it does not begin$/m,
    /^No bad news\.\nThe clock says: 60 s$/m,
  ],
  'upgrade.ts': [
    /^server: 101, HTTP is over: true\nserver: A parrot is listening$/m,
    /^client: bye\nserver: BYE!\nBoth have hung up$/m,
  ],
};

const root = join(__dirname, '..');
// Those for Bun, workerd and browsers are run where these are: `npm run test:runtimes`.
const names = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.ts') && !name.startsWith('bun-'));

// The very command of `npm run example`, without npm, which takes longer to start than most examples run.
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { example: string } };
const [, ...flags] = scripts.example.split(' ');
const { FORCE_COLOR: _, ...env } = process.env; // set by Jest, where it runs on a terminal

/** Those of Deno are run by Deno, with the one permission that they ask for. */
function commandOf(name: string): [string, string[]] {
  if (!name.startsWith('deno-')) return [process.execPath, flags];
  return [join(root, 'node_modules', '.bin', 'deno'), ['run', '--no-prompt', '--no-remote', '--allow-net']];
}

function run(name: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd: root, env: { ...env, DENO_NO_UPDATE_CHECK: '1' }, timeout: 20_000 };
    const [command, args] = commandOf(name);
    execFile(command, [...args, join('examples', name)], options, (error, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : (error.code ?? error.signal ?? null), stdout, stderr });
    });
  });
}

const outcomes = new Map<string, Outcome>();

beforeAll(async () => {
  // Two at a time, with the compiler of each they fill as many processors.
  const queue = [...names];
  const lane = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) outcomes.set(name, await run(name));
  };
  await Promise.all([lane(), lane()]);
}, 60_000);

test.each(names)('%s ends by itself, in order and without complaint', (name) => {
  expect(outcomes.get(name)).toMatchObject({ exitCode: 0, stderr: '' });
});

test.each(names)('%s prints what it is about', (name) => {
  const stdout = outcomes.get(name)?.stdout;
  const patterns = shown[name] ?? [];
  expect(patterns).not.toEqual([]);
  for (const pattern of patterns) expect(stdout).toMatch(pattern);
});

test.each(names)('%s prints no escape codes into a pipe', (name) => {
  expect(outcomes.get(name)?.stdout).not.toContain('\u001b');
});

test('echo-server.ts serves on the port it is given until it is interrupted', async () => {
  const server = spawn(process.execPath, [...flags, join('examples', 'echo-server.ts'), '0'], { cwd: root, env });
  try {
    const exited = once(server, 'exit');
    const [line] = (await once(createInterface(server.stdout), 'line')) as [string];
    const port = /port: (\d+)/.exec(line)?.[1];
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'Is there anybody there?' });
    expect(await response.text()).toBe('Is there anybody there?');
    server.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
  } finally {
    server.kill('SIGKILL');
  }
}, 20_000);
