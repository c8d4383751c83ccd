// Our pool and nginx, which closes every connection behind its tenth response; and squid between them, which forwards and tunnels.

import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPool, type Listener, listen, type Pool } from '@halfpipe/node';
import { generate } from 'selfsigned';
import { folder, freePort, type Started, startNginx, startSquid } from './programs.ts';

const count = 1_000;
const contentOf = (index: number): string => `This is file ${index}.\n`.repeat(1 + ((index * 7) % 400));

const started: Started[] = [];
let nginxUrl: string;
let squidPort: number;

beforeAll(async () => {
  const home = await folder();
  const port = await freePort();
  await mkdir(join(home, 'files'));
  for (let index = 0; index < count; index++) await writeFile(join(home, 'files', `${index}`), contentOf(index));
  const server = `server { listen 127.0.0.1:${port}; root ${home}/files; keepalive_requests 10; }`;
  started.push(await startNginx(home, server, port));
  nginxUrl = `http://127.0.0.1:${port}`;
  squidPort = await freePort();
  started.push(await startSquid(await folder(), squidPort));
});
afterAll(async () => {
  for (const program of started) await program.stop();
});

async function filesBy(pool: Pool): Promise<void> {
  const texts = Array.from({ length: count }, async (_, index) => {
    const response = await pool.call('GET', `${nginxUrl}/${index}`);
    return await response.body.text();
  });
  expect(await Promise.all(texts)).toEqual(Array.from({ length: count }, (_, index) => contentOf(index)));
}

test.each([{}, { depth: 1 }, { parallel: 1 }, { parallel: 20, retry: 1 }])(
  '1,000 GETs at once from a server that closes behind every tenth response: each gets its own file, with %j',
  async (options) => {
    const pool = createPool(options);
    await filesBy(pool);
    await pool.close();
  },
);

test('the same through a proxy', async () => {
  const pool = createPool({ proxy: `http://user:password@127.0.0.1:${squidPort}` });
  await filesBy(pool);
  await pool.close();
});

test('a proxy that does not know us answers 407', async () => {
  const pool = createPool({ proxy: `http://127.0.0.1:${squidPort}` });
  const response = await pool.call('GET', `${nginxUrl}/1`);
  expect(response.status).toBe(407);
  await response.body.discard();
  await expect(pool.call('GET', 'https://127.0.0.1:1/')).rejects.toMatchObject({ code: 'ERR_PROXY', status: 407 });
  await pool.close();
});

describe('TLS through a tunnel', () => {
  let listener: Listener;
  let ca: string;
  let url: string;
  beforeAll(async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
      ],
    });
    ca = cert;
    listener = await listen(
      async (request) => {
        const hash = createHash('sha256');
        for await (const bytes of request.body) hash.update(bytes);
        return { body: hash.digest('hex') };
      },
      { tls: { cert, key } },
    );
    if ('port' in listener.address) url = `https://127.0.0.1:${listener.address.port}`;
  });
  afterAll(() => listener.close());

  test('carries many calls at once, and a large body', async () => {
    const pool = createPool({ proxy: `http://user:password@127.0.0.1:${squidPort}`, tls: { ca } });
    const bodies = Array.from({ length: 100 }, (_, index) => contentOf(index).repeat(index === 50 ? 500 : 1));
    const hashes = bodies.map(async (body) => (await pool.call('PUT', `${url}/`, { body })).body.text());
    expect(await Promise.all(hashes)).toEqual(bodies.map((body) => createHash('sha256').update(body).digest('hex')));
    await pool.close();
  });

  test('to nobody is a ProxyError', async () => {
    const pool = createPool({ proxy: `http://user:password@127.0.0.1:${squidPort}`, tls: { ca } });
    const nobody = await freePort();
    await expect(pool.call('GET', `https://127.0.0.1:${nobody}/`)).rejects.toMatchObject({
      code: 'ERR_PROXY',
      status: 503,
    });
    await pool.close();
  });
});
