// What is to be seen on the runtimes beside the suite: programs that answer, and programs that must give the same everywhere.

import { run } from './child.ts';
import { binary, chromiumPath, pathOf } from './installed.ts';
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
const timeLimit = 60_000;

/** What a program says. Rejects if it does not end in order. */
async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, { timeLimit });
  if (code !== 0) throw new Error(`${args.at(-1)} ended with ${code}:\n${`${stdout}\n${stderr}`.trim().slice(-2_000)}`);
  return stdout;
}

function expect(what: string, text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`Expected ${what} to match ${pattern}, got ${JSON.stringify(text)}`);
}

/** An example, run as it says itself, and what it has to show. */
function example(name: string, command: () => string, args: readonly string[], shown: readonly RegExp[]): Check {
  return {
    name: `examples/${name} ends by itself, and prints what it is about`,
    async run() {
      const text = await outputOf(command(), [...args, `examples/${name}`]);
      for (const pattern of shown) expect('its output', text, pattern);
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
      expect('the answers', text, /^GET \/a with 0 bytes\nPOST \/b with 5 bytes\n$/);
      return 'two answers';
    },
  },
  {
    name: 'a simulation of 600 exchanges comes to the same on Node, Deno and Bun',
    async run() {
      const program = [pathOf('packages/testing/sim/dist/run.js'), '--exchanges', '600', '--json'];
      const digests = [
        await outputOf(node(), program),
        await outputOf(deno(), ['run', '--allow-all', '--no-check', ...program]),
        await outputOf(bun(), program),
      ].map((text) => String((JSON.parse(text) as { digest?: unknown }).digest)); // What it prints with --json.
      const [digest = ''] = digests;
      expect('the digest', digest, /^[0-9a-f]{16}$/);
      if (digests.some((other) => other !== digest)) throw new Error(`They differ: ${digests.join(', ')}`);
      return `digest ${digest}`;
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
