// UNIX sockets, which need --allow-read and --allow-write beside --allow-net.

import { connect, listen, open } from '../src/index.ts';
import { Recorder } from './memory.ts';
import { ascii, assert, type Scope, test } from './support.ts';

async function path(scope: Scope): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: 'halfpipe-' });
  scope.after(() => Deno.remove(folder, { recursive: true }));
  return `${folder}/socket`;
}

test('a UNIX socket, whose file is gone when the listener has closed', async (scope) => {
  const socket = await path(scope);
  const listener = await listen((request) => ({ body: `hello ${request.target}` }), { path: socket });
  assert.deepEqual(listener.address, { path: socket });
  const connection = await connect({ path: socket }, { persistent: true });
  const targets = ['/a', '/b', '/c'];
  const bodies = await Promise.all(
    targets.map(async (target) => (await connection.call('GET', `http://localhost${target}`)).body.text()),
  );
  assert.deepEqual(bodies, ['hello /a', 'hello /b', 'hello /c']);
  connection.shutdown();
  await listener.shutdown();
  await assert.rejects(Deno.stat(socket), Deno.errors.NotFound);
});

test('half-closing', async (scope) => {
  const socket = await path(scope);
  const acceptor = Deno.listen({ transport: 'unix', path: socket });
  const [carried, conn] = await Promise.all([open({ path: socket })(new AbortController().signal), acceptor.accept()]);
  acceptor.close();
  const far = scope.peer(conn);
  const sink = new Recorder(carried);
  carried.write(ascii('request'));
  carried.end();
  assert.equal(await far.all(), 'request');
  await far.write('answer');
  await far.end();
  await sink.untilClosed();
  assert.deepEqual(sink.told, [{ bytes: 'answer' }, { end: 'clean' }, 'closed']);
});

test('a peer that leaves what it was sent is a reset', async (scope) => {
  const socket = await path(scope);
  const acceptor = Deno.listen({ transport: 'unix', path: socket });
  const [carried, conn] = await Promise.all([open({ path: socket })(new AbortController().signal), acceptor.accept()]);
  acceptor.close();
  const sink = new Recorder(carried);
  carried.write(ascii('unread'));
  await new Promise((resolve) => setTimeout(resolve, 0));
  const far = scope.peer(conn);
  await far.write('partly');
  await sink.until(() => sink.text === 'partly');
  far.close();
  await sink.untilClosed();
  assert.deepEqual(sink.summary, [{ bytes: 'partly' }, { closed: 'ConnectionReset' }]);
});

test('a path where nobody listens, and one where somebody does', async (scope) => {
  const socket = await path(scope);
  await assert.rejects(connect({ path: socket }), { name: 'NotFound', code: 'ENOENT' });
  const listener = await listen(() => ({}), { path: socket });
  await assert.rejects(
    listen(() => ({}), { path: socket }),
    { name: 'AddrInUse', code: 'EADDRINUSE' },
  );
  await listener.close();
});

test('a signal that has aborted already dials nothing', async () => {
  const reason = new Error('not wanted');
  await assert.rejects(open({ path: '/no/such/path' })(AbortSignal.abort(reason)), reason);
});

test('aborting a dial rejects with the reason, and closes what it brings', async (scope) => {
  const socket = await path(scope);
  const acceptor = Deno.listen({ transport: 'unix', path: socket });
  scope.after(() => acceptor.close());
  const controller = new AbortController();
  const dialled = open({ path: socket })(controller.signal);
  const reason = new Error('changed my mind');
  controller.abort(reason);
  await assert.rejects(dialled, reason);
  const far = scope.peer(await acceptor.accept());
  assert.equal(await far.read(), null);
});
