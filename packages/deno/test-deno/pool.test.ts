// The pool, dialled by Deno: over TCP, TLS, and through a proxy as far as that goes.

import { createPool, type Handler, type ListenOptions } from '../src/index.ts';
import { assert, certificate, each, type Scope, test } from './support.ts';

const pair = certificate();

/** A server that answers with the target, and how many connections it has had. */
async function counting(scope: Scope, options: ListenOptions = {}) {
  let connections = 0;
  const handler: Handler = ({ target }) => ({ body: target });
  const { url } = await scope.serve(handler, { ...options, inspect: () => connections++ });
  return { url, count: () => connections };
}

each<[string, ListenOptions]>(
  [
    ['TCP', {}],
    ['TLS', { tls: pair }],
  ],
  'calls to one origin share a connection over %s',
  async (scope, _, options) => {
    const { url, count } = await counting(scope, options);
    const pool = createPool({ tls: { caCerts: [pair.cert] } });
    const texts: string[] = [];
    for (const path of ['/a', '/b', '/c']) texts.push(await (await pool.call('GET', `${url}${path}`)).body.text());
    assert.deepEqual(texts, ['/a', '/b', '/c']);
    assert.equal(count(), 1);
    await pool.close();
  },
);

test('no more connections to one origin than `parallel`, and what waits is answered too', async (scope) => {
  const { url, count } = await counting(scope);
  const pool = createPool({ parallel: 2, maxInFlight: 1 });
  const texts = Array.from({ length: 10 }, async (_, i) => (await pool.call('GET', `${url}/${i}`)).body.text());
  assert.deepEqual(
    await Promise.all(texts),
    Array.from({ length: 10 }, (_, i) => `/${i}`),
  );
  assert.equal(count(), 2);
  await pool.close();
});

test('an http origin is asked for through a proxy, an https one cannot be', async (scope) => {
  const { url } = await counting(scope);
  const pool = createPool({ proxy: url });
  assert.equal(await (await pool.call('GET', 'http://origin.example/a')).body.text(), 'http://origin.example/a');
  await assert.rejects(pool.call('GET', 'https://origin.example/a'), TypeError);
  await pool.close();
});

test('an origin that cannot be dialled fails with what Deno says', async () => {
  const pool = createPool();
  await assert.rejects(pool.call('GET', 'http://127.0.0.1:1/'), { code: 'ECONNREFUSED' });
  await pool.close();
});
