// What is to be seen on the runtimes beside the suite: programs that answer, and programs that must give the same everywhere.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from './bundle.ts';
import { run, withServer } from './child.ts';
import { binary, chromiumPath } from './installed.ts';
import { withServingWorker } from './workerd.ts';

export interface Check {
  /** A sentence. */
  readonly name: string;
  /** Resolves to what was seen, in a few words. Rejects with `Missing` where something cannot be had. */
  run(): Promise<string>;
}

const node = () => process.execPath;
const deno = () => binary('node_modules/.bin/deno');
const bun = () => binary('runtimes/node_modules/.bin/bun');
const timeLimit = 240_000;
const curl = ['--silent', '--show-error', '--max-time', '10'];

/** Those that run a program in a file. */
const engines: readonly (readonly [name: string, command: () => string, flags: readonly string[]])[] = [
  ['Node', node, []],
  ['Deno', deno, ['run', '--allow-all', '--no-check', '--quiet']],
  ['Bun', bun, ['run']],
];

/** Has a file of this folder bundled, for as long as it is used. */
async function withProgram(name: string, use: (path: string) => Promise<string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'halfpipe-program-'));
  try {
    const path = join(folder, 'program.mjs');
    await writeFile(path, await bundle(name));
    return await use(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function answersOfHono(command: string, args: readonly string[]): Promise<string> {
  return withServer(command, args, async (port) => {
    const at = `http://127.0.0.1:${port}`;
    const hello = await outputOf('curl', [...curl, '--include', `${at}/hello/curl`]);
    shows('the answer', hello, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nx-server: halfpipe\r\n[\s\S]*\r\n\r\nHello curl\n$/i);
    const size = await outputOf('curl', [...curl, '--data', 'x'.repeat(50_000), `${at}/size`]);
    shows('the answer to an upload', size, /^\{"size":50000\}$/);
    const nothing = await outputOf('curl', [...curl, '--write-out', '%{http_code}', `${at}/nothing`]);
    shows('the answer without a body', nothing, /^204$/);
    return 'three answers';
  });
}

async function fetchTable(command: string, args: readonly string[]): Promise<string> {
  const output = await outputOf(command, args);
  // What bundled/fetch-table.ts prints.
  const rows = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; outcome: string; isSkipped: boolean });
  const skipped = rows.filter(({ isSkipped }) => isSkipped);
  const failed = rows.filter(({ outcome, isSkipped }) => !isSkipped && outcome !== 'passed');
  if (failed.length > 0) throw new Error(failed.map(({ name, outcome }) => `${name}: ${outcome}`).join('\n'));
  if (rows.length === skipped.length) throw new Error('No row was run');
  const said = skipped.map(({ name, outcome }) => `${name}: ${outcome}`).join('; ');
  return `${rows.length - skipped.length} rows${said === '' ? '' : `; not ${said}`}`;
}

/** What a program says. Rejects if it does not end in order. */
async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, { timeLimit });
  if (code !== 0) throw new Error(`${args.at(-1)} ended with ${code}:\n${`${stdout}\n${stderr}`.trim().slice(-2_000)}`);
  return stdout;
}

function shows(what: string, text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`Expected ${what} to match ${pattern}, got ${JSON.stringify(text)}`);
}

/** An example, run as it says itself, and what it has to show. */
function example(name: string, command: () => string, args: readonly string[], shown: readonly RegExp[]): Check {
  return {
    name: `examples/${name} ends by itself, and prints what it is about`,
    async run() {
      const text = await outputOf(command(), [...args, `examples/${name}`]);
      for (const pattern of shown) shows('its output', text, pattern);
      return `${text.trim().split('\n').length} lines`;
    },
  };
}

const byTsNode = ['--no-warnings', '--loader', 'ts-node/esm'];

export const checks: readonly Check[] = [
  {
    name: 'a Worker serves HTTP on connections that come in as they are, and curl is answered',
    async run() {
      let text = '';
      await withServingWorker(async (port) => {
        const at = `http://127.0.0.1:${port}`;
        text = await outputOf('curl', [
          '--silent',
          '--show-error',
          '--max-time',
          '10',
          `${at}/a`,
          '--next',
          '--silent',
          '--data',
          'hello',
          `${at}/b`,
        ]);
      });
      shows('the answers', text, /^GET \/a with 0 bytes\nPOST \/b with 5 bytes\n$/);
      return 'two answers';
    },
  },
  ...engines.flatMap(([name, command, flags]): Check[] => [
    {
      name: `on ${name} a Hono app by fromFetch() answers curl`,
      run: () => withProgram('bundled/hono-app.ts', (path) => answersOfHono(command(), [...flags, path])),
    },
    {
      name: `on ${name} toFetch() does as the behaviour table says, and as the platform's fetch`,
      run: () => withProgram('bundled/fetch-table.ts', (path) => fetchTable(command(), [...flags, path])),
    },
  ]),
  {
    name: 'the simulation makes the same runs of 5,000 exchanges on every engine',
    async run() {
      for (const there of [deno, bun]) there();
      const text = await outputOf(node(), [...byTsNode, 'scripts/sim-runtimes.ts', '--exchanges', '5000']);
      shows('what it says', text, /^\d runtimes agree$/m);
      return text.trim().split('\n').at(-1) ?? '';
    },
  },
  example('bun-tcp.ts', bun, ['run'], [/^PUT \/b, 1048576 bytes$/m, /^Closed$/m]),
  example('worker/run.ts', nodeWith('runtimes/node_modules/.bin/workerd'), byTsNode, [
    /^GET \/a over a connection that is one of 1; the Worker's: 1, keep$/m,
    /^GET \/last over a connection that is one of 1; the Worker's: 1, close$/m,
    /^GET \/e over a connection that is one of 2; the Worker's: 2, keep$/m,
    /^POST \/upload over a connection that is one of 2$/m,
  ]),
  example('browser/run.ts', nodeWith(null), byTsNode, [
    /^HTTP\/1\.1 over a MessagePort$/m,
    /^200 OK, chunked\n {2}one\n {2}two\n {2}three$/m,
    /^HTTP\/1\.1 through a WebSocket tunnel$/m,
    /^ {2}trailer X-Sum: 3$/m,
  ]),
];

/** Node, where what the program starts is there too: a binary of the repository, or the browser. */
function nodeWith(path: string | null): () => string {
  return () => {
    if (path === null) chromiumPath();
    else binary(path);
    return node();
  };
}
