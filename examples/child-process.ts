// HTTP with a child process, over its standard input and output: pipes, and neither a port nor a socket file. The child is this very
// file. Any `Duplex` becomes a transport in the same way.

import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { Connection, serve, transport } from '@halfpipe/node';

if (process.argv[2] === 'child') {
  const { stdin: readable, stdout: writable } = process;
  // The child has nothing else to do, so it ends with the connection. What it has to say goes to stderr.
  serve(transport(Duplex.from({ readable, writable })), async (request) => {
    const numbers = (await request.body.json()) as number[];
    return { body: `${numbers.reduce((sum, number) => sum + number, 0)}\n` };
  });
} else {
  const child = spawn(process.execPath, [...process.execArgv, import.meta.filename, 'child'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const { stdout: readable, stdin: writable } = child;
  const connection = Connection.create(async () => transport(Duplex.from({ readable, writable })));

  const sums = [[1, 2, 3], [40, 2], []].map(async (numbers) => {
    const response = await connection.call('PUT', 'http://child.example/sum', { body: JSON.stringify(numbers) });
    console.log(`child ${child.pid}: the sum of [${numbers}] is ${await response.body.text()}`.trimEnd());
  });
  await Promise.all(sums);

  // Closes the child's stdin; it answers what is left, closes its stdout, and exits.
  connection.shutdown();
  console.log(`child ${child.pid}: exit code ${await exited}`);
}
