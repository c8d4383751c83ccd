// A look at the requests inside of a client's protocol connection: what goes out when, and what it makes of the answers. Beside watch.ts,
// which looks at what both roles promise. Judges by what was asked and answered, and shares no code with what it judges.

import type { ClientConnection, ClientEvent, ClientExchange, OutgoingRequest, ResponseHead } from '@halfpipe/core';
import type { Report } from './invariants.ts';
import type { Stateful, Watcher } from './watch.ts';

export interface ClientWatcher extends Watcher {
  readonly maxInFlight: number;
  /** A body that waits for 100 waits for ever. */
  readonly waitsFor100: boolean;
}

/** What an exchange keeps to itself: where its first byte stands among all that was queued. */
interface Placed {
  readonly begins: number;
}

/** One request. */
interface Asked {
  readonly exchange: ClientExchange & Stateful & Placed;
  /** Another may be on its way beside it: it can be repeated, and leaves the connection to HTTP (RFC 9112 §9.3.2). */
  readonly sharing: boolean;
  readonly chunked: boolean;
  readonly expecting: boolean;
  isOpen: boolean;
  /** 100 has come, or the response. */
  isHeard: boolean;
  interims: number;
}

const repeatable: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export class Asking {
  readonly #core: ClientConnection;
  readonly #watcher: ClientWatcher;
  readonly #report: Report;
  /** Those without an ending, in their order. */
  readonly #asked: Asked[] = [];
  /** All bytes that were taken. */
  #taken = 0;
  /** How many have been answered. */
  #answered = 0;
  #framing: ResponseHead['framing'] = 'none';
  #isCut = false;
  #hasEnded = false;
  /** Bytes of a body wait here, when the time was last told. */
  #isHeld = false;
  /** Bytes have come that nobody can have asked for. */
  #isUnasked = false;

  constructor(core: ClientConnection, watcher: ClientWatcher) {
    this.#core = core;
    this.#watcher = watcher;
    this.#report = watcher.report;
    const { request, startRequest, advance, receive, receiveEnd, nextEvent, nextChunk } = core;
    core.request = (head, body) => this.#ask(head, request.call(core, head, body), false);
    core.startRequest = (head) => this.#ask(head, startRequest.call(core, head), true);
    core.advance = (now) => {
      this.#isHeld = !core.wantsInput && !this.#hasEnded;
      advance.call(core, now);
    };
    core.receive = (bytes) => {
      // One that has finished lets it pass.
      if (!core.wantsInput && !core.finished) this.#report('as-wanted', 'the client is given what it does not want');
      this.#isUnasked ||= bytes.length > 0 && this.#isIdle;
      return receive.call(core, bytes);
    };
    core.receiveEnd = (eof) => {
      this.#hasEnded = true;
      this.#isCut ||= eof === 'truncated';
      return receiveEnd.call(core, eof);
    };
    core.nextEvent = () => {
      const { outputSize } = core;
      const { awaitingContinue = false } =
        this.#asked.find(({ exchange }) => exchange.state === 'open')?.exchange ?? {};
      const event = nextEvent.call(core);
      if (event !== null) this.#event(event, awaitingContinue);
      if (event?.type === 'response' && awaitingContinue && core.outputSize > outputSize)
        this.#report('waits-for-100', 'a body goes behind its refusal');
      if (event?.type === 'end')
        this.#isUnasked ||= this.#isIdle && !core.wantsInput && !core.finished && !this.#hasEnded;
      if (event === null && this.#isUnasked && !this.#closing)
        this.#report('own-answer', 'bytes that no request asked for are let pass');
      this.#look();
      return event;
    };
    core.nextChunk = () => {
      const chunk = nextChunk.call(core);
      if (chunk === null) this.#drained();
      else this.#taken += chunk.length;
      return chunk;
    };
  }

  get #isIdle(): boolean {
    return !this.#asked.some(({ exchange }) => exchange.state === 'open');
  }

  /** All that may go out now has gone. */
  #drained(): void {
    const waits = this.#asked.some(({ exchange }) => exchange.state === 'waiting');
    if (waits && this.#isIdle && !this.#closing) this.#report('no-deadlock', 'a request waits, and for no response');
  }

  get #closing(): boolean {
    return this.#core.persistence.verdict === 'close';
  }

  #ask(head: OutgoingRequest, exchange: ClientExchange, streamed: boolean): ClientExchange {
    const fields = new Map([...(head.headers ?? [])].map(([name, value]) => [name.toLowerCase(), value]));
    const expecting = fields.has('expect');
    this.#asked.push({
      exchange: exchange as ClientExchange & Stateful & Placed, // true of every exchange
      sharing: repeatable.has(head.method) && !expecting && !fields.has('upgrade'),
      chunked: streamed && !fields.has('content-length'),
      expecting,
      isOpen: false,
      isHeard: false,
      interims: 0,
    });
    this.#look();
    return exchange;
  }

  #look(): void {
    const isUndecided = this.#core.persistence.verdict === 'undecided';
    let open = 0;
    let isSharing = true;
    for (let i = 0; i < this.#asked.length; i++) {
      const asked = this.#asked[i]!; // i < length
      const { exchange } = asked;
      if (exchange.state === 'waiting') continue;
      if (exchange.state !== 'open') {
        this.#asked.splice(i--, 1);
        continue;
      }
      open++;
      isSharing &&= asked.sharing;
      if (!asked.isOpen && asked.chunked && isUndecided)
        this.#report('sent-when-sure', 'chunks go to a server that may not read them');
      asked.isOpen = true;
      if (asked.expecting && this.#watcher.waitsFor100 && !asked.isHeard && !exchange.awaitingContinue)
        this.#report('waits-for-100', 'it goes before 100 has come');
    }
    if (open < 2) return;
    if (!isSharing) this.#report('sent-when-sure', 'two requests are on their way, of which one wants to be alone');
    if (isUndecided) this.#report('sent-when-sure', 'two requests are on their way to a server that may close');
    if (open > this.#watcher.maxInFlight) this.#report('limits-hold', `${open} requests are on their way`);
  }

  #event(event: ClientEvent, wasAwaiting: boolean): void {
    const report = this.#report;
    if (event.type === 'closed') {
      if (event.error?.code === 'ERR_TIMEOUT' && this.#isHeld) report('held-is-not-late', event.error.message);
      return;
    }
    const { exchange } = event;
    if (event.type === 'lost') {
      if (event.why === 'stale-idle' && this.#answered === 0)
        report('fair-verdict', 'stale-idle, on a connection that has answered nothing');
      return;
    }
    if (event.type !== 'start' && exchange.state === 'lost')
      report('one-ending', `${event.type} for what was taken back`);
    const asked = this.#asked.find((one) => one.exchange === exchange);
    if (asked === undefined) return;
    if (event.type === 'informational') {
      if (event.head.status === 100) asked.isHeard = true;
      if (++asked.interims > (this.#watcher.limits.interim ?? 16))
        report('limits-hold', `${asked.interims} interim responses`);
      this.#judge(event.head, asked);
    } else if (event.type === 'response') {
      asked.isHeard = true;
      this.#framing = event.head.framing;
      if (wasAwaiting && !this.#closing) report('waits-for-100', 'a request may follow a body that was refused');
      if (event.head.framing === 'until-close' && !this.#closing)
        report('close-is-heard', 'a body that ends with the connection is not the last');
      this.#judge(event.head, asked);
    } else if (event.type === 'end') {
      this.#answered++;
      if (this.#framing === 'until-close' && this.#isCut)
        report('whole-or-failed', 'a body has ended where its connection was cut');
      if (asked.exchange.client === 'body' && !this.#closing)
        report('last-is-last', 'a response that came before its request had gone out is not the last');
    }
  }

  /** What a head says of the connection, and of its own end. */
  #judge({ headers, version, status }: ResponseHead, { exchange }: Asked): void {
    const options = headers.get('connection')?.toLowerCase() ?? '';
    const closes = /\bclose\b/.test(options) || (status >= 200 && version === '1.0' && !/\bkeep-alive\b/.test(options));
    if (exchange.server !== 'switched' && headers.has('content-length') && headers.has('transfer-encoding'))
      this.#report('one-framing', 'a response with both fields is read');
    if (!closes) return;
    if (!this.#closing) this.#report('close-is-heard', 'the client goes on');
    const behind = this.#asked.filter(({ exchange: { state } }) => state === 'open')[1];
    if (behind === undefined) return;
    // What has been taken cannot be taken back.
    const most = Math.max(behind.exchange.begins - this.#taken, 0);
    const { outputSize } = this.#core;
    if (outputSize > most) this.#report('last-is-last', `${outputSize} bytes are to go out, and not ${most}`);
  }
}
