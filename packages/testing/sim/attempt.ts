// One call as its user makes it: what is asked, how the answer is read, and whether both are as they must be.

import { type CallOptions, type Connection, type IncomingResponse, RetryError } from '@halfpipe/driver';
import { fails, payloadOf, Receiver, sourceOf } from './bodies.ts';
import { countListeners, endsAreTrue, nameOf, Planned, type Scene } from './scene.ts';
import { runTunnel } from './tunnel.ts';
import type { Plan } from './workload.ts';

/** What an attempt has to know of its connection. */
export interface Link {
  readonly connection: Connection;
  /** Is it being disposed of? Then a long body that nobody reads in time costs the connection. */
  readonly isDisposing: boolean;
  /** Has `onClosed` been called? */
  readonly wasClosed: boolean;
  /** Has any byte of this attempt been given to the transport? */
  hasSent(tag: string, path: string): boolean;
  /** A body is left unread: nothing behind it will come. */
  leave(): void;
}

/** Statuses that a server of this library gives of itself, for a mistake of the peer's or of its handler's. */
const refusals: ReadonlySet<number> = new Set([400, 408, 413, 414, 431, 500, 501, 505]);

export class Attempt {
  readonly tag: string;
  readonly plan: Plan;
  /** `asked`: its promise is not settled. `answered`: its response may still be coming in. */
  stage: 'asked' | 'answered' | 'over' = 'asked';
  /** Somebody waits for what comes next of its response's body, so that it cannot have come whole. */
  awaitsBody = false;
  /** It may be made again, since it was reported safe. */
  isSafe = false;
  /** The response is kept until the world has ended: what the collector does must not change a run. */
  response: IncomingResponse | null = null;
  readonly #scene: Scene;
  readonly #link: Link;
  /** What is left of the response is not wanted; when it will have come nobody tells. */
  #isDropped = false;
  #isLeft = false;
  readonly #wasTaken: boolean;
  readonly #abort: AbortController | null;
  readonly #listeners: (() => number) | null;
  #cancelAbort: (() => void) | null = null;

  constructor(scene: Scene, plan: Plan, times: number, link: Link) {
    this.#scene = scene;
    this.#link = link;
    this.plan = plan;
    this.tag = `${plan.number}.${times}`;
    this.#abort = plan.abortsAfter === Infinity ? null : new AbortController();
    this.#listeners = this.#abort === null ? null : countListeners(this.#abort.signal);
    this.#wasTaken = !link.connection.closed;
  }

  /** How many listen to its signal. */
  get listeners(): number {
    return this.#listeners === null ? 0 : this.#listeners();
  }

  /** Resolves when the attempt is over, or is left as it is. */
  async run(): Promise<void> {
    const { plan, tag } = this;
    const { log } = this.#scene;
    log(`${tag} ask ${plan.method}`);
    if (this.#abort !== null) {
      const abort = this.#abort;
      this.#cancelAbort = this.#scene.after(plan.abortsAfter, () => abort.abort(new Planned('abort')));
    }
    try {
      const response = await this.#link.connection.call(plan.method, this.#url, this.#options());
      this.response = response;
      this.stage = 'answered';
      log(`${tag} ${response.status} ${response.framing}`);
      await this.#take(response);
    } catch (error) {
      this.#failed(error);
    }
    this.#end();
  }

  get #path(): string {
    return `/e/${this.tag}`;
  }

  get #url(): string {
    const { method, absolute } = this.plan;
    if (method === 'CONNECT') return 'example.com:443';
    return absolute ? `http://example.com${this.#path}` : this.#path;
  }

  #options(): CallOptions {
    const { plan, tag } = this;
    const { body } = plan;
    const headers: [string, string][] = [
      ['Host', 'example.com'],
      ['X-Exchange', tag],
    ];
    if (plan.closes) headers.push(['Connection', plan.switching ? 'close, upgrade' : 'close']);
    else if (plan.switching && plan.method !== 'CONNECT') headers.push(['Connection', 'upgrade']);
    if (plan.switching && plan.method !== 'CONNECT') headers.push(['Upgrade', 'echo']);
    if (body.shape === 'sized') headers.push(['Content-Length', String(body.size)]);
    if (plan.padding > 0) headers.push(['X-Padding', 'x'.repeat(plan.padding)]);
    const options: CallOptions = { headers, absoluteForm: plan.absolute, expectContinue: plan.expects };
    const source = sourceOf(this.#scene, body, payloadOf(this.#scene, tag, 'request'));
    if (source !== undefined) options.body = source;
    if (body.trailers) options.trailers = () => [['X-Trailer', tag]];
    if (this.#abort !== null) options.signal = this.#abort.signal;
    if (plan.answer.interims.length > 0) options.onInformational = ({ status }) => this.#informed(status);
    return options;
  }

  #informed(status: number): void {
    const { report, log } = this.#scene;
    log(`${this.tag} interim ${status}`);
    if (this.stage !== 'asked') report('one-ending', `${this.tag} hears of ${status} when it is ${this.stage}`);
  }

  async #take(response: IncomingResponse): Promise<void> {
    const { report, profile } = this.#scene;
    const { plan, tag } = this;
    const asked = response.headers.get('x-exchange');
    const isRogue = profile.company === 'rogue-server';
    if (asked === null) {
      // Not from the handler.
      if (!isRogue && !refusals.has(response.status))
        report('own-answer', `${tag} gets a ${response.status} of nobody`);
      if (profile.serene) report('no-needless-loss', `${tag} gets ${response.status}`);
    } else if (asked !== tag) {
      report('own-answer', `${tag} gets the answer of ${asked}`);
    } else if (!isRogue) {
      this.#check(response);
    }
    if (response.upgrade !== null && isRogue) return response.upgrade.destroy();
    if (response.upgrade !== null) {
      const { up, down } = plan.tunnel;
      await runTunnel(this.#scene, response.upgrade, tag, { sends: 'up', size: up, gets: 'down', expected: down });
      return;
    }
    await this.#read(response, asked === tag && !isRogue);
  }

  #check(response: IncomingResponse): void {
    const { answer, switching, method } = this.plan;
    const switches = switching && answer.switches && this.#scene.profile.company === 'honest';
    const status = switches ? (method === 'CONNECT' ? 200 : 101) : answer.status;
    if (response.status !== status) {
      this.#scene.report('own-answer', `${this.tag} gets ${response.status} where the handler says ${status}`);
    }
    if (switches !== (response.upgrade !== null)) this.#scene.report('own-answer', `${this.tag} switches, or not`);
  }

  async #read(response: IncomingResponse, isHandlers: boolean): Promise<void> {
    const { body } = response;
    const { reads } = this.plan;
    if (reads === 'leave') return this.#leave(response);
    if (reads === 'late') await this.#scene.sleep(this.plan.lateness);
    const receiver = isHandlers ? new Receiver(this.#scene, this.tag, 'response') : null;
    let size = 0;
    const got = (bytes: Uint8Array) => {
      size += bytes.length;
      receiver?.push(bytes);
    };
    if (reads === 'cancel' || reads === 'break') this.#isDropped = true;
    if (reads === 'cancel') return body.cancel(new Planned('cancel'));
    this.awaitsBody = true;
    if (reads === 'discard') await body.discard();
    else if (reads === 'bytes' || reads === 'late') got(await body.bytes());
    else {
      for await (const bytes of body) {
        got(bytes);
        if (reads === 'break') break;
        this.awaitsBody = reads !== 'slowly';
        if (reads === 'slowly') await this.#scene.sleep(20);
        this.awaitsBody = true;
      }
    }
    this.awaitsBody = false;
    if (reads === 'break') return;
    this.#scene.log(`${this.tag} read ${size}`);
    if (receiver !== null && reads !== 'discard') this.#whole(receiver, response);
    if (isHandlers) await this.#checkTrailers(response);
  }

  /** Its body stays unread, so that nothing behind it comes, until the connection is disposed of. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  #leave(response: IncomingResponse): void {
    if (response.framing === 'none' || response.contentLength === 0) return;
    this.#isLeft = true;
    this.#link.leave();
  }

  #whole(receiver: Receiver, response: IncomingResponse): void {
    const { method, answer } = this.plan;
    const isBodiless = method === 'HEAD' || answer.status === 204 || answer.status === 304;
    // The end of the connection is the end of the body, and a network that ends it early cannot be told from a server that does.
    if (response.framing === 'until-close' && !endsAreTrue(this.#scene)) return;
    if (!isBodiless && fails(answer.body) && this.#scene.profile.company === 'honest') {
      this.#scene.report('whole-or-failed', `response ${this.tag} has ended, and its source had failed`);
    }
    receiver.end(isBodiless ? 0 : answer.body.size);
  }

  async #checkTrailers(response: IncomingResponse): Promise<void> {
    const { answer, method } = this.plan;
    const trailers = await response.trailers;
    const value = trailers?.get('x-trailer') ?? null;
    const sends = answer.body.trailers && method !== 'HEAD' && response.framing === 'chunked';
    if (value !== (sends ? this.tag : null)) {
      this.#scene.report('own-answer', `${this.tag} has the trailer ${value}`);
    }
  }

  #failed(error: unknown): void {
    const { report, coverage, log, profile } = this.#scene;
    const { tag } = this;
    log(`${tag} failed ${nameOf(error)}`);
    if (!(error instanceof RetryError)) {
      if (profile.serene && !(error instanceof Planned)) report('no-needless-loss', `${tag}: ${String(error)}`);
      return;
    }
    const { retry, why } = error;
    coverage.count('losses', `${why} ${retry}`);
    if (this.stage === 'answered' && why !== 'partial-response') {
      report('fair-verdict', `${tag} was answered, and its body fails with ${why}`);
    }
    // In a serene world nothing cuts a response short, but that.
    const isNeedless = profile.steady || (profile.serene && why === 'partial-response' && !this.#link.isDisposing);
    if (isNeedless) report('no-needless-loss', `${tag}: ${error.message}`);
    if ((retry === 'safe') !== (why === 'unsent')) report('fair-verdict', `${tag} is ${why} and ${retry}`);
    if (why === 'unsent' && error.bytesSent > 0)
      report('fair-verdict', `${tag} is unsent, ${error.bytesSent} bytes were sent`);
    if (why !== 'unsent' && error.bytesSent === 0) report('fair-verdict', `${tag} is ${why}, and no byte was sent`);
    if (why !== 'partial-response' && error.bytesReceived > 0) report('fair-verdict', `${tag} is ${why} and received`);
    // A body of unknown length that a server of HTTP/1.0 could not read is lost alone.
    const isAlone = this.plan.body.shape === 'chunked' && retry === 'safe';
    if (this.#wasTaken && !this.#link.wasClosed && !isAlone) report('closed-first', `${tag} fails before onClosed`);
    if (retry !== 'safe') return;
    this.isSafe = true;
    this.#scene.safe.add(tag);
    if (this.#scene.seen.has(tag)) report('seen-is-not-safe', `${tag} was seen by the handler`);
    if (this.#link.hasSent(tag, this.#path)) report('unsent-is-unsent', `${tag} is on the wire`);
  }

  #end(): void {
    this.awaitsBody = false;
    if (!this.#isLeft && !this.#isDropped) this.stage = 'over';
    this.#cancelAbort?.();
  }
}
