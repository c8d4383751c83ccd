// A pool behind a proxy: requests in absolute-form (RFC 9112 §3.2.2), tunnels (RFC 9110 §9.3.6), and what goes around it. What a secure
// transport is does not matter here: that of the tests is the tunnel itself.

import { type Open, Pool, type PoolOptions, ProxyError, type Transport } from '@halfpipe/driver';
import { Clock, openTo, pair, ScriptedPeer } from '@halfpipe/testing';
import { quiet, Wires } from './wire.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const established = 'HTTP/1.1 200 Connection established\r\n\r\n';
const connectTo = (authority: string, fields = '') =>
  `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${fields}\r\n`;

function behind(open: Open, options: Partial<PoolOptions> = {}) {
  const clock = new Clock();
  const asked: string[] = [];
  const secured: string[] = [];
  const pool = new Pool({
    open: (origin) => {
      asked.push(origin.href);
      return open;
    },
    secure: async (transport, origin) => {
      secured.push(origin.href);
      return transport;
    },
    proxy: 'http://proxy:3128',
    timers: clock,
    ...options,
  });
  return { pool, clock, asked, secured };
}

describe('http: through a proxy', () => {
  test('is sent in absolute-form, with the Host of the target', async () => {
    const peer = new ScriptedPeer().expect('GET http://a:81/p?q HTTP/1.1\r\nHost: a:81\r\nX: y\r\n\r\n').send(ok);
    const { pool, asked } = behind(peer.open);
    const response = await pool.call('GET', 'http://a:81/p?q#f', { headers: [['X', 'y']] });
    expect([response.status, asked]).toEqual([200, ['http://proxy:3128/']]);
    await peer.done;
  });

  test('shares the connections to the proxy, whatever the target', async () => {
    const wires = new Wires();
    const { pool } = behind(wires.open(new URL('x:')), { parallel: 1 });
    const text = async (url: string) => (await pool.call('GET', url)).body.text();
    const texts = [text('http://a/'), text('http://b/'), text('http://c/')];
    await quiet();
    await wires.at(0).receive(ok);
    await quiet();
    await wires.at(0).receive(ok + ok);
    expect(await Promise.all(texts)).toEqual(['ok', 'ok', 'ok']);
    expect(wires.take()).toEqual(['GET http://a/, GET http://b/, GET http://c/']);
  });

  test.each([
    ['a name and a password', 'http://user:pass@proxy', 'user:pass'],
    ['a name alone', 'http://user@proxy', 'user:'],
    ['a password alone', 'http://:pass@proxy', ':pass'],
    ['what is encoded in a URL', 'http://us%40er:p%3Ass@proxy', 'us@er:p:ss'],
    ['what is not ASCII, as UTF-8', 'http://us%C3%A9r:%E2%82%AC@proxy', 'us\u00c3\u00a9r:\u00e2\u0082\u00ac'],
  ])('is authenticated with %s (RFC 7617)', async (_, proxy, credentials) => {
    const field = `Basic ${btoa(credentials)}`;
    const peer = new ScriptedPeer()
      .expectHead({ headers: { 'Proxy-Authorization': field } })
      .send(ok)
      .accept()
      .expect(connectTo('b:443', `Proxy-Authorization: ${field}\r\n`))
      .send(established)
      .expect('GET / HTTP/1.1\r\nHost: b\r\n\r\n')
      .send(ok);
    const { pool, asked } = behind(peer.open, { proxy });
    await pool.call('GET', 'http://a/');
    await pool.call('GET', 'https://b/');
    await peer.done;
    expect(asked).toEqual(['http://proxy/', 'http://proxy/']);
  });

  test.each([
    ['none, where its URL names nobody', 'http://proxy', {}, null],
    ["the call's own", 'http://user@proxy', { headers: [['proxy-authorization', 'Own x']] as const }, 'Own x'],
  ])('is authenticated with %s', async (_, proxy, options, field) => {
    const peer = new ScriptedPeer().expectHead({ headers: { 'Proxy-Authorization': field } }).send(ok);
    const { pool } = behind(peer.open, { proxy });
    await pool.call('GET', 'http://a/', options);
    await peer.done;
  });

  test('that wants to be authenticated is answered as by anybody: the response is the caller’s', async () => {
    const peer = new ScriptedPeer()
      .expectHead({})
      .send('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n');
    const { pool } = behind(peer.open);
    expect((await pool.call('GET', 'http://a/')).status).toBe(407);
  });
});

describe('https: through a proxy', () => {
  test('goes through a tunnel, once for all calls to the origin', async () => {
    const peer = new ScriptedPeer({ far: { chunking: 'bytes' } })
      .expect(connectTo('a:443'))
      .send(established)
      .expect('GET /1 HTTP/1.1\r\nHost: a\r\n\r\n')
      .send(ok)
      .expect('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
      .send(ok)
      .expectEnd();
    const { pool, clock, asked, secured } = behind(peer.open);
    for (const path of ['/1', '/2']) expect(await (await pool.call('GET', `https://a${path}`)).body.text()).toBe('ok');
    await clock.promised(pool.close());
    await peer.done;
    expect([asked, secured]).toEqual([['http://proxy:3128/'], ['https://a/']]);
  });

  test.each([
    ['the default port', 'https://a/', 'a:443'],
    ['another port', 'https://a:8443/', 'a:8443'],
    ['an IPv6 address', 'https://[2001:db8::1]/', '[2001:db8::1]:443'],
  ])('asks for a tunnel to %s', async (_, url, authority) => {
    const peer = new ScriptedPeer().expect(connectTo(authority)).send(established).expectHead({}).send(ok);
    const { pool } = behind(peer.open);
    await pool.call('GET', url);
    await peer.done;
  });

  test('gets what comes right behind the answer of the proxy', async () => {
    let first = '';
    const peer = new ScriptedPeer().expectHead({}).send(`${established}hello`);
    const { pool } = behind(peer.open, {
      secure: (transport) =>
        new Promise((_, reject) =>
          transport.start({
            bytes: (bytes) => {
              first += String.fromCharCode(...bytes);
              if (first === 'hello') reject(new Error('enough'));
            },
            end: () => {},
            writable: () => {},
            closed: () => {},
          }),
        ),
    });
    await expect(pool.call('GET', 'https://a/')).rejects.toThrow('enough');
  });

  test('has a tunnel of its own for each origin', async () => {
    const wires = new Wires();
    const { pool } = behind(wires.open(new URL('x:')), { parallel: 1 });
    for (const host of ['a', 'b', 'a']) pool.call('GET', `https://${host}/`).catch(() => {});
    await quiet();
    expect(wires.take()).toEqual(['CONNECT a:443', 'CONNECT b:443']);
  });

  test.each([
    [407, 'Proxy Authentication Required'],
    [502, 'Bad Gateway'],
    [403, ''],
    [302, 'Found'],
  ])('fails with a ProxyError where the proxy answers %i, and is not repeated', async (status, reason) => {
    const peer = new ScriptedPeer()
      .expect(connectTo('a:443'))
      .send(`HTTP/1.1 ${status} ${reason}\r\nContent-Length: 100\r\n\r\n`)
      .expectEnd();
    const { pool, clock, secured } = behind(peer.open);
    const error: unknown = await pool.call('GET', 'https://a/').catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ProxyError);
    expect(error).toMatchObject({
      code: 'ERR_PROXY',
      status,
      message: `Cannot open a tunnel to a: the proxy answered ${status}${reason === '' ? '' : ` ${reason}`}`,
    });
    expect(secured).toEqual([]);
    await peer.done;
    await clock.promised(pool.close());
    expect(clock.pending).toBe(0);
  });

  test('fails with a ProxyError where the proxy does not answer', async () => {
    const peer = new ScriptedPeer().expectHead({}).reset();
    const { pool } = behind(peer.open);
    await expect(pool.call('GET', 'https://a/')).rejects.toMatchObject({
      name: 'ProxyError',
      status: null,
      message: 'Cannot open a tunnel to a: the proxy gave no answer',
      cause: { code: 'ERR_RETRY' },
    });
    await peer.done;
  });

  test('fails with a ProxyError where the proxy does not answer in time', async () => {
    const clock = new Clock();
    const peer = new ScriptedPeer({ clock }).expectHead({}).expectReset();
    const { pool } = behind(peer.open, { timers: clock, timeouts: { head: 5_000 } });
    const call = pool.call('GET', 'https://a/');
    call.catch(() => {});
    await expect(clock.promised(call)).rejects.toMatchObject({
      status: null,
      cause: { cause: { code: 'ERR_TIMEOUT' } },
    });
    expect(clock.now()).toBe(6_000);
    await clock.promised(peer.done);
  });

  test('fails with what dialling the proxy fails with', async () => {
    const refused = new Error('refused');
    const { pool } = behind(async () => {
      throw refused;
    });
    await expect(pool.call('GET', 'https://a/')).rejects.toBe(refused);
  });

  test('asks for a tunnel that is kept, even where each call has a connection of its own', async () => {
    const peer = new ScriptedPeer()
      .expect(connectTo('a:443'))
      .send(established)
      .expect('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      .send(ok);
    const { pool } = behind(peer.open, { persistent: false });
    await pool.call('GET', 'https://a/');
    await peer.done;
  });

  test('that is aborted while the proxy is dialled ends that', async () => {
    let dialling: AbortSignal | null = null;
    const { pool } = behind((signal) => {
      dialling = signal;
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const controller = new AbortController();
    const call = pool.call('GET', 'https://a/', { signal: controller.signal });
    await quiet();
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await quiet();
    expect(dialling).toMatchObject({ aborted: true });
    await pool.close();
  });

  test('fails for all that wait, where no tunnel can be had', async () => {
    const peer = new ScriptedPeer()
      .expectHead({})
      .send('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')
      .ignoreRest();
    const { pool } = behind(peer.open, { parallel: 1 });
    const outcomes = await Promise.allSettled([1, 2, 3].map((i) => pool.call('POST', `https://a/${i}`)));
    expect(outcomes).toMatchObject(Array(3).fill({ status: 'rejected', reason: { status: 502 } }));
    await peer.done;
  });

  test('fails with what TLS fails with, and lets go of the tunnel', async () => {
    const peer = new ScriptedPeer().expectHead({}).send(established).expectReset();
    const wrong = new Error('wrong certificate');
    const { pool } = behind(peer.open, { secure: () => Promise.reject(wrong) });
    await expect(pool.call('GET', 'https://a/')).rejects.toBe(wrong);
    await peer.done;
  });

  test('is a TypeError where there is no TLS, and nothing is dialled', async () => {
    const clock = new Clock();
    const asked: string[] = [];
    const open = (origin: URL): Open => {
      asked.push(origin.href);
      return openTo(() => ({}), { clock });
    };
    const pool = new Pool({ open, timers: clock, proxy: 'http://proxy' });
    await expect(pool.call('GET', 'https://a/')).rejects.toThrow(
      new TypeError('Cannot call https://a through a proxy: the pool has no way to TLS'),
    );
    expect(asked).toEqual([]);
    expect((await pool.call('GET', 'http://a/')).status).toBe(200);
  });

  test.each(['the answer of the proxy', 'TLS'])(
    'that is aborted while it waits for %s lets go of the proxy',
    async (stage) => {
      const peer = new ScriptedPeer().expectHead({});
      if (stage === 'TLS') peer.send(established);
      peer.expectReset();
      let began: () => void = () => {};
      const beginning = new Promise<void>((resolve) => {
        began = resolve;
      });
      const { pool } = behind(peer.open, {
        secure: (_, __, signal) =>
          new Promise((_, reject) => {
            began();
            signal.addEventListener('abort', () => reject(signal.reason));
          }),
      });
      const controller = new AbortController();
      const call = pool.call('GET', 'https://a/', { signal: controller.signal });
      if (stage === 'TLS') await beginning;
      else await quiet();
      const reason = new Error('enough');
      controller.abort(reason);
      await expect(call).rejects.toBe(reason);
      await peer.done;
      await pool.close();
    },
  );

  test('tells onIdle of the transport to the proxy, and inspect and onClosed of the connection in the tunnel', async () => {
    const told: unknown[] = [];
    const [near, far] = pair();
    const carried: Transport[] = [];
    const peer = new ScriptedPeer().expectHead({}).send(established).expectHead({}).send(ok);
    const open: Open = async (signal) => {
      const transport = await peer.open(signal);
      carried.push(transport);
      return transport;
    };
    const { pool, clock } = behind(open, {
      // In place of TLS: not the tunnel itself.
      secure: async (tunnel) => {
        tunnel.start({
          bytes: (bytes) => void far.write(bytes),
          end: () => far.end(),
          writable: () => {},
          closed: () => {},
        });
        far.start({
          bytes: (bytes) => void tunnel.write(bytes),
          end: () => tunnel.end(),
          writable: () => {},
          closed: () => {},
        });
        return near;
      },
      inspect: () => told.push('inspect'),
      onClosed: () => void told.push('closed'),
      onIdle: (transport, idle) => told.push(['idle', transport === carried[0], idle]),
    });
    expect(await (await pool.call('GET', 'https://a/')).body.text()).toBe('ok');
    await quiet();
    expect(told).toEqual(['inspect', ['idle', true, true]]);
    await clock.promised(pool.close());
    expect(told.slice(2)).toEqual(['closed']);
    await peer.done;
  });
});

test.each([
  ['another scheme', 'pipe://a/', 'pipe://a'],
  ['noProxy: its host', 'http://internal.example/', 'http://internal.example/'],
  ['noProxy: its host, over TLS', 'https://a.internal.example:8443/', 'https://a.internal.example:8443/'],
])('goes around the proxy: %s', async (_, url, asks) => {
  const peer = new ScriptedPeer()
    .expectHead({ start: 'GET / HTTP/1.1', headers: { 'Proxy-Authorization': null } })
    .send(ok);
  const { pool, asked, secured } = behind(peer.open, { noProxy: ['internal.example'], proxy: 'http://user@proxy' });
  await pool.call('GET', url);
  await peer.done;
  expect([asked, secured]).toEqual([[asks], []]);
});

test('an https: proxy is dialled as such', async () => {
  const peer = new ScriptedPeer().expectHead({ start: 'GET http://a/' }).send(ok);
  const { pool, asked } = behind(peer.open, { proxy: new URL('https://proxy/path?ignored') });
  await pool.call('GET', 'http://a/');
  expect(asked).toEqual(['https://proxy/']);
});

test.each([
  ['no URL', 'proxy', 'Invalid URL'],
  ['a host and port alone', 'proxy:3128', 'Cannot use a proxy that is not http or https: proxy:'],
  ['another protocol', 'socks5://proxy', 'Cannot use a proxy that is not http or https: socks5:'],
  [
    'a name with a colon, which Basic cannot say',
    'http://a%3Ab@proxy',
    'Cannot authenticate a user whose name has a colon',
  ],
])('a proxy that is %s is a TypeError', (_, proxy, message) => {
  expect(() =>
    behind(
      openTo(() => {}),
      { proxy },
    ),
  ).toThrow(message);
});
