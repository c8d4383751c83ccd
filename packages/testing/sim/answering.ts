// A look at the responses inside of a server's protocol connection: what it says of the end, to whom, and whether it waits for it. Beside
// watch.ts, which looks at what both roles promise. Judges by what came and went, and shares no code with what it judges.

import type { OutgoingResponse, ServerConnection, ServerEvent, ServerExchange, Timeouts } from '@halfpipe/core';
import { text } from '@halfpipe/testing';
import type { Stateful, Watcher } from './watch.ts';

export interface ServerWatcher extends Watcher {
  readonly timeouts: Partial<Timeouts>;
}

export class Answering {
  readonly #core: ServerConnection;
  readonly #watcher: ServerWatcher;
  #exchange: (ServerExchange & Stateful) | null = null;
  #method = '';
  /** Does a body wait for 100, which has not been sent? */
  #isAwaited = false;
  /** Has the response begun, when it was last looked at? */
  #hasBegun = false;
  /** All bytes that were taken, and where among them the heads are that must say close. */
  #taken = 0;
  readonly #last: number[] = [];
  /** The status of a mistake that is to be answered. */
  #mistake: number | null = null;
  #now = 0;
  /** When the last byte had gone out. */
  #drainedAt = Infinity;
  /** The peer has ended, or the transport is gone: there is nothing to wait for. */
  #isLeft = false;
  #isFinished = false;
  /** Bytes of a body wait here, when the time was last told. */
  #isHeld = false;

  constructor(core: ServerConnection, watcher: ServerWatcher) {
    this.#core = core;
    this.#watcher = watcher;
    const { advance, receive, receiveEnd, abort, nextEvent, nextChunk } = core;
    core.advance = (now) => {
      this.#look();
      this.#now = now;
      this.#isHeld = !core.wantsInput && !this.#isLeft && this.#exchange?.client === 'body';
      advance.call(core, now);
      this.#look();
    };
    core.receive = (bytes) => {
      // One that has finished lets it pass.
      if (!core.wantsInput && !core.finished) watcher.report('as-wanted', 'the server is given what it does not want');
      return receive.call(core, bytes);
    };
    core.receiveEnd = (eof) => {
      this.#isLeft = true;
      return receiveEnd.call(core, eof);
    };
    core.abort = (cause) => {
      this.#isLeft = true;
      this.#mistake = null;
      this.#last.length = 0;
      abort.call(core, cause);
    };
    core.nextEvent = () => {
      this.#look();
      const { outputSize } = core;
      const event = nextEvent.call(core);
      // The only thing that it sends by itself is 100.
      if (core.outputSize > outputSize) this.#isAwaited = false;
      if (event !== null) this.#event(event);
      return event;
    };
    core.nextChunk = () => {
      const chunk = nextChunk.call(core);
      if (chunk !== null) this.#sent(chunk);
      else if (core.outputEnded && this.#drainedAt === Infinity) this.#drainedAt = this.#now;
      this.#look();
      return chunk;
    };
  }

  #look(): void {
    const { report, timeouts } = this.#watcher;
    const { finished, persistence } = this.#core;
    const exchange = this.#exchange;
    if (exchange !== null && exchange.server !== 'failed') this.#hasBegun = exchange.server !== 'owing';
    // Behind it may come what was meant for the tunnel.
    if (this.#method === 'CONNECT' && this.#hasBegun && persistence.verdict !== 'close')
      report('last-is-last', 'a request may follow a tunnel that was refused');
    if (!finished || this.#isFinished) return;
    this.#isFinished = true;
    if (this.#mistake !== null) report('mistakes-answered', `no ${this.#mistake} is sent`);
    const waited = this.#now - Math.min(this.#drainedAt, this.#now);
    const most = timeouts.linger ?? 2_000;
    // Times that bandwidth has to do with are no whole numbers, and what is added and taken away again is not quite the same.
    if (!this.#isLeft && waited < most - 1e-6)
      report('lingers', `it has waited for ${waited} ms, and not for ${most} ms`);
  }

  #event(event: ServerEvent): void {
    const { report } = this.#watcher;
    if (event.type === 'error') {
      const { code, status, message } = event.error;
      if (code === 'ERR_TIMEOUT' && this.#isHeld) report('held-is-not-late', message);
      if (code !== 'ERR_TRANSPORT' && (this.#exchange === null || !this.#hasBegun)) this.#mistake = status;
      return;
    }
    if (event.type === 'data' || event.type === 'end') this.#isAwaited = false;
    if (event.type !== 'request') return;
    const { method, headers, version, framing } = event.head;
    this.#isAwaited = headers.get('expect') === '100-continue' && version === '1.1' && framing !== 'none';
    this.#exchange = event.exchange as ServerExchange & Stateful; // true of every exchange
    this.#method = method;
    this.#hasBegun = false;
    const options = headers.get('connection')?.toLowerCase() ?? '';
    const closes = /\bclose\b/.test(options) || (version === '1.0' && !/\bkeep-alive\b/.test(options));
    if (closes && this.#core.persistence.verdict !== 'close') report('close-is-heard', 'the server goes on');
    if (headers.has('content-length') && headers.has('transfer-encoding'))
      report('one-framing', 'a request with both fields is read');
    this.#follow(event.exchange);
  }

  #follow(exchange: ServerExchange): void {
    const { respond, startResponse, inform } = exchange;
    exchange.inform = (head) => {
      inform.call(exchange, head);
      if (head.status === 100) this.#isAwaited = false;
    };
    exchange.respond = (head, body) => this.#respond(head, () => respond.call(exchange, head, body));
    exchange.startResponse = (head) => this.#respond(head, () => startResponse.call(exchange, head));
  }

  /** What closes the connection anyhow must say so (RFC 9112 §9.6), unless another protocol follows. */
  #respond({ status }: OutgoingResponse, respond: () => void): void {
    const switches = status === 101 || (this.#method === 'CONNECT' && status < 300);
    const isLast = this.#core.persistence.verdict === 'close' && !switches;
    const at = this.#taken + this.#core.outputSize;
    respond();
    if (isLast) this.#last.push(at);
    // Whether it still comes cannot be told, nor where a next request would begin.
    if (this.#isAwaited && this.#core.persistence.verdict !== 'close')
      this.#watcher.report('waits-for-100', 'a request may follow a body that was refused');
  }

  #sent(chunk: Uint8Array): void {
    const { report } = this.#watcher;
    const start = this.#taken;
    this.#taken += chunk.length;
    // A head is never cut.
    for (let at = this.#last[0]; at !== undefined && at < this.#taken; at = this.#last[0]) {
      this.#last.shift();
      const [head = ''] = text(chunk.subarray(at - start)).split('\r\n\r\n', 1);
      if (!/^connection:.*\bclose\b/im.test(head))
        report('close-is-said', `the last response says ${JSON.stringify(head)}`);
    }
    if (this.#mistake !== null && text(chunk).includes(`HTTP/1.1 ${this.#mistake} `)) this.#mistake = null;
  }
}
