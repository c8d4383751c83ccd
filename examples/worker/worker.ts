// A Worker that keeps one connection to its upstream server alive across requests: whether it may be used again is not guessed, it is the
// protocol's own verdict. Sockets belong to whoever opened them, in Workers to one request; in a Durable Object they outlive it, so the
// connection lives in one. For workerd and Cloudflare Workers; run.ts runs it.

import { connect as dial } from 'cloudflare:sockets';
import { type Connection, create } from '@halfpipe/web-streams';

interface Environment {
  readonly UPSTREAM: string;
  readonly upstreams: DurableObjectNamespace;
}

export default {
  fetch(request: Request, { upstreams, UPSTREAM }: Environment): Promise<Response> {
    return upstreams.get(upstreams.idFromName(UPSTREAM)).fetch(request);
  },
};

export class Upstream {
  readonly #address: string;
  #connection: Connection | null = null;
  #dialled = 0;

  constructor(_state: unknown, { UPSTREAM }: Environment) {
    this.#address = UPSTREAM;
  }

  async fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const connection = this.#kept();
    const number = this.#dialled;
    const response = await connection.call(request.method, `http://${this.#address}${pathname}${search}`, {
      headers: endToEnd(request.headers),
      ...(request.body === null ? {} : { body: request.body }),
      signal: request.signal,
    });
    const headers = new Headers();
    for (const [name, value] of endToEnd(response.headers)) headers.append(name, value);
    headers.set('Upstream-Connection', `${number}, ${connection.persistence.verdict}`);
    const bodiless = [101, 204, 205, 304].includes(response.status);
    if (bodiless) response.body.cancel();
    return new Response(bodiless ? null : response.body.stream(), { status: response.status, headers });
  }

  /** The connection, or a new one where the last takes no more calls. */
  #kept(): Connection {
    if (this.#connection === null || this.#connection.closed) {
      const [hostname = '', port] = this.#address.split(':');
      // Half-open, so that the end of one direction leaves the other; `closed` of the socket is never waited for (workerd#5653).
      this.#connection = create(() => dial({ hostname, port: Number(port) }, { allowHalfOpen: true }));
      this.#dialled++;
    }
    return this.#connection;
  }
}

const hopByHop = new Set(['connection', 'content-length', 'host', 'keep-alive', 'transfer-encoding', 'upgrade', 'te']);

/** Fields that are not about one connection (RFC 9110 §7.6.1). What frames the message and whom it is for is said anew. */
function* endToEnd(headers: Iterable<readonly [string, string]>): Generator<readonly [string, string]> {
  for (const field of headers) if (!hopByHop.has(field[0].toLowerCase())) yield field;
}

// As much of the platform's face as is used here.

interface DurableObjectNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): { fetch(request: Request): Promise<Response> };
}
