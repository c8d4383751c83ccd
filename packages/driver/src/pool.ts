// Many connections as one thing to call: finds out which origin or proxy a call goes to, and keeps the connections to each (RFC 9112 §9.4).
// Which connection a call gets is origin.ts, and whether it is made again pooled-call.ts.

import { LocalProtocolError } from '@halfpipe/core';
import type { CallOptions, IncomingResponse } from './call.ts';
import type { ConnectionOptions } from './connection.ts';
import { NoProxy } from './no-proxy.ts';
import { Origin } from './origin.ts';
import { PooledCall } from './pooled-call.ts';
import type { Dial } from './pooled-connection.ts';
import { ProxyServer, type Secure } from './proxy.ts';
import { parse } from './target.ts';
import { systemTimers } from './timers.ts';
import type { Open, Transport } from './transport.ts';

/** How a pool reaches its origins; the other options are those of each connection, `onClosed` and `inspect` too. */
export interface PoolOptions extends ConnectionOptions {
  /** What dials an origin, of whose URL only scheme, host and port are there; or an `http:` or `https:` proxy. Each adapter has its own. */
  open: (origin: URL) => Open;
  /** How long an idle connection is kept, in milliseconds: 60_000. Infinity as long as the peer keeps it; with 0 none is kept. */
  keep?: number;
  /** How often a call that was lost, and may be made again, is made again: 2. */
  retry?: number;
  /** Connections to one origin at one time, or to a proxy for all that goes over it in the clear: 4. */
  parallel?: number;
  /**
   * Calls at one time on one connection: 100, though never more than `maxInFlight` (16) allows to be under way. 1 turns pipelining off.
   * What is beyond all that waits, as many as there are.
   */
  depth?: number;
  /**
   * The proxy for all but `noProxy`, `http:` or `https:`: what is called by `http:` is sent to it in absolute-form (RFC 9112 §3.2.2), what is
   * called by `https:` goes through a tunnel (RFC 9110 §9.3.6). Userinfo in its URL authenticates by Basic (RFC 7617). Default: none.
   * Other schemes are always dialled themselves.
   */
  proxy?: string | URL;
  /**
   * Hosts that are reached without the proxy: `example.com` with all below it, addresses, `192.0.2.0/24`, `2001:db8::/32`, `*` for
   * every one; each also with `:port`. Nothing is looked up, in the name system or in the environment. Default: none.
   */
  noProxy?: readonly string[];
  /** Puts TLS over a tunnel; without it, an `https:` call cannot go through a proxy. Each adapter that has TLS has its own. */
  secure?: Secure;
  /** Told of a transport that `open` gave when its connection is idle, and when it is used again: to let a process end meanwhile. */
  onIdle?: (transport: Transport, idle: boolean) => void;
}

/**
 * Calls to any number of origins, over connections that are kept, shared and replaced. A call that was lost is made again where that is
 * allowed: by its RetryError, its method (RFC 9110 §9.2.2), and its body, which must be none, text, bytes, an array of bytes, or not yet
 * begun.
 *
 * @example
 * const pool = new Pool({ open });
 * const response = await pool.call('GET', 'http://example.com/');
 * console.log(response.status, await response.body.text());
 * await pool.close();
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #retry: number;
  readonly #proxy: ProxyServer | null;
  readonly #noProxy: NoProxy;
  readonly #origins = new Map<string, Origin>();
  #calls = 0;
  #closing: Promise<void> | null = null;

  /** @throws {TypeError} `proxy` or `noProxy` cannot be read. @throws {RangeError} A number makes no sense. */
  constructor(options: PoolOptions) {
    const { keep = 60_000, retry = 2, parallel = 4, depth = 100, proxy, noProxy = [] } = options;
    for (const [name, value, least] of [
      ['keep', keep, 0],
      ['retry', retry, 0],
      ['parallel', parallel, 1],
      ['depth', depth, 1],
    ] as const) {
      if (!(value >= least)) throw new RangeError(`Cannot make a pool with ${name} ${value}: it is below ${least}`);
    }
    this.#options = options;
    this.#retry = retry;
    this.#proxy = proxy === undefined ? null : new ProxyServer(proxy);
    this.#noProxy = new NoProxy(noProxy);
  }

  /**
   * Makes a call, to an absolute URL, with any method but CONNECT. The promise resolves when the head of the response has come. It rejects
   *
   * - with a RetryError, if the call was lost, and may not be made again, or was too often;
   * - with what dialling fails with: that is not repeated, and those that wait fail with it where no other connection is left;
   * - with a ProxyError, if the proxy opens no tunnel;
   * - with the reason of its signal, at any time;
   * - with a LocalProtocolError, `ERR_CLOSED`, if the pool is closed; with that or a TypeError, if the call cannot be made at all;
   * - with what its body source throws.
   *
   * An aborted call closes its connection, unless others are under way there: then its response is read and forgotten.
   */
  call(method: string, url: string | URL, options: CallOptions = {}): Promise<IncomingResponse> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      if (this.#closing !== null) throw new LocalProtocolError('ERR_CLOSED', 'Cannot make a call: the pool is closed');
      if (method === 'CONNECT') throw new TypeError('Cannot make a tunnel on a connection that is shared: CONNECT');
      const target = parse(typeof url === 'string' ? url : new URL(url)); // it is the caller's, who may change it
      const proxy = this.#proxyFor(target);
      const forward = proxy !== null && target.protocol === 'http:';
      const call = new PooledCall(
        {
          number: this.#calls++,
          method,
          url: target,
          options: forward ? forwarded(options, proxy) : options,
          origin: forward ? this.#forwarder(proxy) : this.#origin(target, proxy),
          retry: this.#retry,
        },
        { resolve, reject },
      );
      call.begin();
    });
  }

  /**
   * Takes no more calls, lets go of what is idle, and resolves when the calls taken have ended and every transport has been let go of.
   * Calls that wait are still made. A response that nobody reads is read ahead up to `limits.drainSize`, and beyond that its connection
   * closes. To end sooner, abort the calls by their signals.
   */
  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#origins.values()].map((origin) => origin.close())).then(() => {});
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #proxyFor(url: URL): ProxyServer | null {
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
    return this.#proxy === null || this.#noProxy.has(url) ? null : this.#proxy;
  }

  /** One's own connection to it, or through a tunnel; for an origin it is always the same of the two. */
  #origin({ protocol, host }: URL, proxy: ProxyServer | null): Origin {
    const key = `${protocol}//${host}`;
    return this.#keep(key, () => {
      const { open, secure } = this.#options;
      const url = new URL(key);
      if (proxy === null) return dialling(open(url));
      if (secure === undefined) throw new TypeError(`Cannot call ${key} through a proxy: the pool has no way to TLS`);
      // The connection that is watched, and closes, is the one in the tunnel.
      const options = { ...this.#options, persistent: true, inspect: () => {}, onClosed: () => {} };
      return proxy.tunnel(url, open(proxy.url), secure, options);
    });
  }

  #forwarder(proxy: ProxyServer): Origin {
    return this.#keep('proxy', () => dialling(this.#options.open(proxy.url)));
  }

  #keep(key: string, dial: () => Dial): Origin {
    const known = this.#origins.get(key);
    if (known !== undefined) return known;
    const { keep = 60_000, parallel = 4, depth = 100, maxInFlight = 16, timers, onIdle } = this.#options;
    const origin = new Origin({
      dial: dial(),
      keep,
      parallel,
      depth: Math.min(depth, maxInFlight),
      timers: timers ?? systemTimers,
      connection: this.#options,
      onIdle,
      emptied: () => this.#origins.delete(key),
    });
    this.#origins.set(key, origin);
    return origin;
  }
}

function dialling(open: Open): Dial {
  return async (signal, carried) => {
    const transport = await open(signal);
    carried(transport);
    return transport;
  };
}

/** As a proxy wants it. */
function forwarded(options: CallOptions, { authorization }: ProxyServer): CallOptions {
  const headers = [...(options.headers ?? [])];
  const own = headers.some(([name]) => name.toLowerCase() === 'proxy-authorization');
  if (authorization !== null && !own) headers.push(authorization);
  return { ...options, headers, absoluteForm: true };
}
