// Peers of HTTP/1.0, honest but simple: one exchange for each connection, and the end of the connection is the end of a body
// (RFC 9112 §9.3). They write their messages by hand, since the library speaks HTTP/1.1.

import { ServerConnection } from '@halfpipe/core';
import type { Open } from '@halfpipe/driver';
import { bytes, type MemoryTransport, type Random, text } from '@halfpipe/testing';
import { fails, payloadOf, Receiver } from './bodies.ts';
import { departures, headWith, requestDepartures, someOf } from './departures.ts';
import { endsAreTrue, nameOf, type Scene } from './scene.ts';
import type { Plan } from './workload.ts';

/** Reads one request, answers it, and ends. */
export function serveOld(scene: Scene, random: Random, far: MemoryTransport): void {
  const core = new ServerConnection();
  let tag: string | null = null;
  let receiver: Receiver | null = null;
  let isAnswered = false;
  const close = () => far.destroy();
  const cancel = scene.after(60_000, close);
  const answer = async () => {
    isAnswered = true;
    const plan = tag === null ? undefined : scene.plan(Number.parseInt(tag, 10));
    if (plan !== undefined && plan.answer.delay > 0 && plan.answer.delay < 10_000) await scene.sleep(plan.answer.delay);
    if (far.closed !== null || far.destroyed !== null) return;
    respond(scene, random, far, tag, plan);
    far.end();
  };
  const pull = () => {
    for (const event of core) {
      if (event.type === 'request') {
        tag = event.head.headers.get('x-exchange');
        if (tag !== null) {
          scene.seen.add(tag);
          receiver = new Receiver(scene, tag, 'request');
        }
      } else if (event.type === 'data') receiver?.push(event.bytes);
      else if (event.type === 'end' && !isAnswered) void answer();
      else if (event.type === 'error' || event.type === 'eof') {
        if (!isAnswered && far.destroyed === null) far.destroy();
      }
    }
  };
  far.start({
    bytes: (bytes) => {
      core.receive(bytes);
      pull();
    },
    end: (eof) => {
      core.receiveEnd(eof);
      pull();
    },
    writable: () => {},
    closed: () => cancel(),
  });
}

function respond(scene: Scene, random: Random, far: MemoryTransport, tag: string | null, plan: Plan | undefined): void {
  if (tag === null || plan === undefined) {
    far.write(bytes('HTTP/1.0 204 No Content\r\n\r\n'));
    return;
  }
  const { status, body } = plan.answer;
  const { method } = plan;
  const isBodiless = method === 'HEAD' || status === 204 || status === 304;
  const fields: string[] = [];
  // A tunnel is not for old servers.
  const line = method === 'CONNECT' ? '501 Not Implemented' : `${status} As planned`;
  if (method !== 'CONNECT') fields.push(`X-Exchange: ${tag}`);
  if (body.shape === 'sized' && !isBodiless) fields.push(`Content-Length: ${body.size}`);
  // It may believe that it will go on, and then does not.
  if (scene.profile.quaint && random.chance(0.5)) fields.push('Connection: keep-alive');
  const used = scene.profile.quaint && method !== 'CONNECT' ? someOf(random, departures) : [];
  far.write(bytes(headWith(used, `HTTP/1.0 ${line}`, fields)));
  if (!isBodiless && body.size > 0) far.write(payloadOf(scene, tag, 'response').slice(0, body.size));
}

/** Asks once on each connection, and reads until it closes. */
export class OldClient {
  calls = 0;
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #open: Open;
  readonly #plans: readonly Plan[];

  constructor(scene: Scene, random: Random, open: Open, plans: readonly Plan[]) {
    this.#scene = scene;
    this.#random = random;
    this.#open = open;
    this.#plans = plans;
  }

  async run(): Promise<void> {
    for (const plan of this.#plans) {
      this.calls++;
      await this.#ask(plan).catch((error: unknown) => this.#scene.log(`${plan.number} failed ${nameOf(error)}`));
      if (this.#random.chance(0.3)) await this.#scene.sleep(this.#random.below(100));
    }
  }

  async #ask(plan: Plan): Promise<void> {
    const scene = this.#scene;
    const transport = await this.#open(new AbortController().signal);
    const tag = `${plan.number}.0`;
    const { size } = plan.body;
    const asksBody = plan.method !== 'CONNECT' && size > 0;
    scene.log(`${tag} ask ${plan.method}`);
    const pieces: Uint8Array[] = [];
    let isCut = true;
    const closed = new Promise<boolean>((resolve) => {
      const cancel = scene.after(300_000, () => transport.destroy());
      transport.start({
        bytes: (piece) => void pieces.push(piece),
        end: (eof) => {
          isCut = eof !== 'clean';
          // It closes when it has the answer; to end earlier would take the request back.
          transport.destroy();
        },
        writable: () => {},
        closed: (cause) => {
          cancel();
          resolve(cause === undefined && !isCut);
        },
      });
    });
    const target = plan.method === 'CONNECT' ? 'example.com:443' : `/e/${tag}`;
    const fields = [`Host: example.com`, `X-Exchange: ${tag}`];
    if (asksBody) fields.push(`Content-Length: ${size}`);
    if (this.#random.chance(0.5)) fields.push('Connection: keep-alive');
    // HTTP/1.0 need not name its host, and the target of a tunnel has no path.
    const isQuaint = scene.profile.quaint && plan.method !== 'CONNECT';
    const used = isQuaint ? someOf(this.#random.fork(tag), requestDepartures.slice(0, -1)) : [];
    const head = bytes(headWith(used, `${plan.method} ${target} HTTP/1.0`, fields));
    // Some cannot wait until the tunnel is there; what they send is the tunnel's, or nobody's.
    if (plan.method === 'CONNECT')
      transport.write(joined([head, payloadOf(scene, tag, 'up').slice(0, plan.tunnel.up)]));
    else transport.write(head);
    if (asksBody) transport.write(payloadOf(scene, tag, 'request').slice(0, size));
    const isWhole = (await closed) && endsAreTrue(scene);
    this.#check(plan, tag, pieces, isWhole);
  }

  #check(plan: Plan, tag: string, pieces: readonly Uint8Array[], isWhole: boolean): void {
    const { report, log, profile } = this.#scene;
    const all = joined(pieces);
    log(`${tag} got ${all.length}`);
    const start = text(all.subarray(0, 2_048));
    const end = start.indexOf('\r\n\r\n');
    const head = start.slice(0, end);
    // None, the server's own, or that of a tunnel.
    if (end < 0 || !head.includes('X-Exchange: ') || plan.method === 'CONNECT') return;
    if (!`${head}\r`.includes(`X-Exchange: ${tag}\r`)) report('own-answer', `${tag} gets ${head}`);
    if (/^Transfer-Encoding/im.test(head)) report('own-answer', `${tag}, of HTTP/1.0, gets chunks`);
    const receiver = new Receiver(this.#scene, tag, 'response');
    receiver.push(all.subarray(end + 4));
    const { answer, method } = plan;
    const isBodiless = method === 'HEAD' || answer.status === 204 || answer.status === 304;
    // A server whose patience with the request has come to an end may leave the response as it is: a length tells that something is missing.
    const stated = isBodiless ? 0 : Number(/^Content-Length: ([0-9]+)/im.exec(head)?.[1] ?? 0);
    if (isWhole && receiver.size >= stated && profile.trouble === 0 && !fails(answer.body))
      receiver.end(isBodiless ? 0 : answer.body.size);
    // Of a body without a length the end alone tells whether it is whole.
    if (isWhole && !isBodiless && fails(answer.body) && !/^Content-Length/im.test(head))
      report('whole-or-failed', `response ${tag} has ended, and its source had failed`);
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
