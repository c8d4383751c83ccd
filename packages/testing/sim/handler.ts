// The server's application: does what the plan of the request says, and checks that the request is the one that was made.

import type { Body, IncomingRequest, Reply } from '@halfpipe/driver';
import { fails, payloadOf, Receiver, sourceOf } from './bodies.ts';
import { nameOf, Planned, type Scene } from './scene.ts';
import { runTunnel } from './tunnel.ts';
import type { AnswerPlan, Plan } from './workload.ts';

/** Answers each request of the scene's plans; any other is the driver's own question, or a rogue's. */
export function handlerOf(scene: Scene): (request: IncomingRequest) => Reply | Promise<Reply | undefined> | undefined {
  return (request) => {
    const tag = request.headers.get('x-exchange');
    const plan = tag === null ? undefined : scene.plan(Number.parseInt(tag, 10));
    if (tag === null || plan === undefined) return { status: 204 };
    const handling = new Handling(scene, request, tag, plan);
    handling.check();
    return handling.run();
  };
}

class Handling {
  readonly #scene: Scene;
  readonly #request: IncomingRequest;
  readonly #tag: string;
  readonly #plan: Plan;
  readonly #answer: AnswerPlan;

  constructor(scene: Scene, request: IncomingRequest, tag: string, plan: Plan) {
    this.#scene = scene;
    this.#request = request;
    this.#tag = tag;
    this.#plan = plan;
    this.#answer = plan.answer;
  }

  check(): void {
    const { report, seen, safe } = this.#scene;
    const { method, target, headers, version } = this.#request;
    const tag = this.#tag;
    const plan = this.#plan;
    this.#scene.log(`${tag} seen ${method}`);
    if (seen.has(tag)) report('seen-once', `${tag} comes a second time`);
    if (safe.has(tag)) report('seen-is-not-safe', `${tag} was reported safe before`);
    seen.add(tag);
    if (method !== plan.method) report('own-request', `${tag} was ${plan.method} and is ${method}`);
    const hasPath = method !== 'CONNECT' && target !== '*';
    if (hasPath && !target.endsWith(`/e/${tag}`)) report('own-request', `${tag} has the target ${target}`);
    const { shape, size } = plan.body;
    const length = headers.get('content-length');
    const isSized = version === '1.1' && (shape === 'sized' || shape === 'whole');
    if (isSized && length !== String(size)) report('own-request', `${tag} has ${size} bytes and says ${length}`);
  }

  run(): Reply | Promise<Reply | undefined> {
    const { delay, reads, manner, interims } = this.#answer;
    const isReady = delay === 0 && (this.#plan.body.shape === 'none' || reads === 'never');
    if (isReady && !this.#switches && interims.length === 0) {
      if (manner !== 'answers') throw new Planned(manner);
      return this.#reply(undefined);
    }
    return this.#act();
  }

  get #switches(): boolean {
    return this.#plan.switching && this.#answer.switches;
  }

  async #act(): Promise<Reply | undefined> {
    const { delay, reads, manner, interims } = this.#answer;
    const { body } = this.#request;
    for (const status of interims) {
      this.#request.inform(status, [['X-Exchange', this.#tag]]);
      if (delay > 0) await this.#scene.sleep(Math.floor(delay / interims.length));
    }
    if (delay > 0) await this.#scene.sleep(delay);
    if (this.#switches) return this.#switch();
    if (reads !== 'along' && reads !== 'behind' && reads !== 'never') await this.#read(body, reads);
    if (manner !== 'answers') throw new Planned(manner);
    if (reads === 'behind') this.#readAside(body, 1);
    return this.#reply(reads === 'along' ? body : undefined);
  }

  #switch(): undefined {
    const transport = this.#request.upgrade([['X-Exchange', this.#tag]]);
    const { up, down } = this.#plan.tunnel;
    void runTunnel(this.#scene, transport, this.#tag, { sends: 'down', size: down, gets: 'up', expected: up });
  }

  /** A handler that stumbles over a body that fails rejects with that error, as most do. */
  async #read(body: Body, how: Exclude<AnswerPlan['reads'], 'along' | 'behind' | 'never'>): Promise<void> {
    const receiver = new Receiver(this.#scene, this.#tag, 'request');
    try {
      if (how === 'discard') await body.discard();
      else if (how === 'whole') receiver.push(await body.bytes());
      else {
        for await (const bytes of body) {
          receiver.push(bytes);
          if (how === 'cancel') break;
          if (how === 'slowly') await this.#scene.sleep(20);
        }
      }
    } catch (error) {
      this.#scene.log(`${this.#tag} request failed ${nameOf(error)}`);
      throw error;
    }
    if (how === 'cancel') return;
    if (how !== 'discard') this.#ended(receiver);
    await this.#checkTrailers();
  }

  #ended(receiver: Receiver): void {
    const { body } = this.#plan;
    if (fails(body) && this.#request.version === '1.1')
      this.#scene.report('whole-or-failed', `request ${this.#tag} has ended, and its source had failed`);
    receiver.end(body.size);
  }

  async #checkTrailers(): Promise<void> {
    const trailers = await this.#request.trailers;
    const value = trailers?.get('x-trailer') ?? null;
    const expected = this.#plan.body.trailers && this.#request.version === '1.1' ? this.#tag : null;
    if (value !== expected) this.#scene.report('own-request', `${this.#tag} has the trailer ${value}`);
  }

  #readAside(body: Body, ms: number): void {
    this.#scene
      .sleep(ms)
      .then(() => this.#read(body, 'pieces'))
      .catch(() => {});
  }

  #reply(along: Body | undefined): Reply {
    const { status, body, closes } = this.#answer;
    const tag = this.#tag;
    // With a Date of its own, so that the bytes are a function of the seed.
    const headers: [string, string][] = [
      ['X-Exchange', tag],
      ['Date', 'Sun, 06 Nov 1994 08:49:37 GMT'],
    ];
    if (closes) headers.push(['Connection', 'close']);
    if (body.shape === 'sized') headers.push(['Content-Length', String(body.size)]);
    const source = sourceOf(this.#scene, body, payloadOf(this.#scene, tag, 'response'));
    if (source === undefined) {
      if (along !== undefined) this.#readAside(along, 0);
      return { status, headers };
    }
    const reply: Reply = { status, headers, body: source };
    if (body.trailers) reply.trailers = () => [['X-Trailer', tag]];
    if (along !== undefined) this.#readAside(along, 0);
    return reply;
  }
}
