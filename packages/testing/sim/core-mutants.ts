// Mistakes of the protocol, in packages/core. Data only; mutants.ts says what they are for.

import type { Mutant } from './mutants.ts';

const core = (name: string) => `packages/core/src/${name}.ts`;

export const coreMutants: readonly Mutant[] = [
  // Messages, and where they end.
  {
    name: 'the last byte of a body is dropped',
    file: core('body'),
    find: '    this.#owed -= piece.length;\n    return piece;',
    replace:
      '    this.#owed -= piece.length;\n    return this.#owed === 0 ? piece.subarray(0, piece.length - 1) : piece;',
  },
  {
    name: 'a body takes in what follows it',
    file: core('body'),
    find: '    const piece = input.take(this.#owed);\n    this.#owed -= piece.length;\n    return piece;',
    replace:
      '    const piece = input.take(Number.POSITIVE_INFINITY);\n    this.#owed = Math.max(0, this.#owed - piece.length);\n    return piece;',
  },
  {
    name: 'a body that lasts until the end is whole when it is cut',
    file: core('body'),
    find: "return input.eof === 'clean' || input.eof === 'unknown' ? 'end' : 'more';",
    replace: "return input.eof === null ? 'more' : 'end';",
  },
  {
    name: 'a body may be longer than the limit',
    file: core('body'),
    find: 'return framed.size > limits.bodySize ? tooLarge(limits) : null;',
    replace: 'return null;',
  },
  {
    name: 'a reader of heads is lent to two connections',
    file: core('parser'),
    find: '  spare = null;\n',
    replace: '',
  },
  {
    name: 'a reader remembers the fields of the head before',
    file: core('parser'),
    find: '  reader.forget();\n',
    replace: '',
  },
  {
    name: 'the last chunk is forgotten',
    file: core('message-writer'),
    find: "if (this.#framing === 'chunked') this.#output.text(`0",
    replace: "if (this.#framing === 'none') this.#output.text(`0",
  },
  {
    name: 'a chunk says one byte more than it has',
    file: core('message-writer'),
    find: 'bytes.length.toString(16)',
    replace: '(bytes.length + 1).toString(16)',
  },
  {
    name: 'trailers are dropped',
    file: core('message-writer'),
    find: 'end(lines: string): void {',
    replace: "end(lines: string): void {\n    lines = '';",
  },
  {
    name: 'Content-Length says more than there is',
    file: core('framing'),
    find: 'field: `Content-Length: $',
    replace: 'field: `Content-Length: 1$',
  },
  {
    name: 'Content-Length is believed beside Transfer-Encoding',
    file: core('framing'),
    find: '  if (contentLength !== null) {\n    // Either',
    replace: "  if (contentLength === '') {\n    // Either",
  },
  {
    name: 'the body of a response to HEAD is waited for',
    file: core('framing'),
    find: "const bodiless = method === 'HEAD' || status < 200",
    replace: 'const bodiless = status < 200',
  },
  {
    name: 'the body of a 304 is waited for',
    file: core('framing'),
    find: 'status === 204 || status === 304;\n  if (stated',
    replace: 'status === 204;\n  if (stated',
  },
  {
    name: 'chunks are sent to HTTP/1.0',
    file: core('outgoing'),
    find: 'transferEncoding, peer: request.version };',
    replace: "transferEncoding, peer: '1.1' as const };",
  },
  {
    name: 'interim responses are sent to HTTP/1.0',
    file: core('server'),
    find: "if (exchange.version === '1.0') return; //",
    replace: '//',
  },
  {
    name: 'an interim response is taken for the answer',
    file: core('client'),
    find: 'if (status < 200) {',
    replace: 'if (status === 100) {',
  },
  {
    name: 'interim responses may go on for ever',
    file: core('client'),
    find: 'if (exchange.interims <= this.limits.interim) return null;',
    replace: 'if (exchange.interims > 0) return null;',
  },
  {
    name: 'memory that was handed out is written to again',
    file: core('output'),
    find: 'slab = new Uint8Array(Math.max(SLAB_SIZE, size));',
    replace: 'if (slab.length < size) slab = new Uint8Array(Math.max(SLAB_SIZE, size));',
  },

  // Order, and what is on its way at once.
  {
    name: 'a response is given to the newest request',
    file: core('client'),
    find: 'const exchange = this.#pipeline.inFlight.at(0);\n    if (exchange === undefined) return this.#pullIdle();',
    replace:
      'const exchange = this.#pipeline.inFlight.at(this.#pipeline.inFlight.length - 1);\n    if (exchange === undefined) return this.#pullIdle();',
  },
  {
    name: 'the next request is taken before this one is answered',
    file: core('server'),
    find: "this.#step(exchange, exchange.pair.requestEnded);\n    return { type: 'end'",
    replace: "this.#step(exchange, exchange.pair.requestEnded);\n    this.#exchange = null;\n    return { type: 'end'",
  },
  {
    name: 'a POST is pipelined',
    file: core('pipeline'),
    find: 'return !request.idempotent || request.exclusive;',
    replace: 'return request.exclusive;',
  },
  {
    name: 'requests are pipelined behind an upgrade',
    file: core('pipeline'),
    find: 'return !request.idempotent || request.exclusive;',
    replace: 'return !request.idempotent;',
  },
  {
    name: 'requests are pipelined before the server is known to keep',
    file: core('pipeline'),
    find: "      peer.persistence.verdict === 'keep' &&\n      peer.version !== '1.0' &&",
    replace: '',
  },
  {
    name: 'more requests are on their way than may be',
    file: core('pipeline'),
    find: '      this.inFlight.length < this.#maxInFlight &&\n',
    replace: '',
  },
  {
    name: 'bytes that answer nothing are let pass',
    file: core('client'),
    find: 'if (this.input.size > 0) this.#finish(unsolicited());\n    else if',
    replace: 'if (this.input.size > 0) this.input.drop();\n    else if',
  },

  // 100 (Continue).
  {
    name: '100 is never sent',
    file: core('server'),
    find: 'this.output.text(continueHead);',
    replace: '',
  },
  {
    name: 'a body does not wait for 100',
    file: core('client'),
    find: 'if (request.expecting) this.#holdBody(exchange);',
    replace: '',
  },
  {
    name: 'a client sends the body that was refused',
    file: core('client'),
    find: "this.close('refused-expectation');\n      this.#stopSending(exchange);",
    replace: 'this.#releaseBody();',
  },
  {
    name: 'a server goes on behind a body that it refused',
    file: core('server'),
    find: "if (exchange.expecting) this.close('refused-expectation');",
    replace: '',
  },

  // Persistence.
  {
    name: 'HTTP/1.0 is kept without keep-alive',
    file: core('persistence'),
    find: "if (version === '1.0' && !options.keepAlive)",
    replace: "if (version === '1.0' && options.close)",
  },
  {
    name: 'a client uses the connection again behind close',
    file: core('persistence'),
    find: 'if (options.close) return {',
    replace: "if (options.close && kind === 'request') return {",
  },
  {
    name: 'a server does not hear close',
    file: core('server'),
    find: "this.decide(persistenceOf('request', version, options));",
    replace: "this.decide(persistenceOf('request', version, { ...options, close: false }));",
  },
  {
    name: 'a server does not say close',
    file: core('server'),
    find: "const owed = this.closing ? 'close' : exchange.version",
    replace: 'const owed = exchange.version',
  },
  {
    name: 'a server takes the next request behind close',
    file: core('server'),
    find: 'if (this.closing) return this.#endOutput();\n    if (this.input.size > 0)',
    replace: 'if (this.closing && this.input.size === 0) return this.#endOutput();\n    if (this.input.size > 0)',
  },
  {
    name: 'a server reads a request behind a refused tunnel',
    file: core('server'),
    find: "if (exchange.risky) this.close('upgrade');",
    replace: '',
  },
  {
    name: 'a decision to close is taken back',
    file: core('persistence'),
    find: "if (before.verdict === 'close') return before;",
    replace: '',
  },
  {
    name: 'a client goes on behind an early response',
    file: core('client'),
    find: "this.close('early-response');\n      this.#lastResponse = true;",
    replace: '',
  },

  // Loss, and what is said of it.
  {
    name: 'a sent request is called safe',
    file: core('pipeline'),
    find: 'if (!fate.sent) return',
    replace: 'if (!fate.sent || behindClose) return',
  },
  {
    name: 'a request that is half sent is called safe',
    file: core('client'),
    find: 'const sent = exchange.bytesSent > 0;',
    replace: "const sent = exchange.client === 'done' && exchange.bytesSent > 0;",
  },
  {
    name: 'what was called safe is sent',
    file: core('client'),
    find: 'this.ended = true;\n    this.output.drop();',
    replace: 'this.ended = true;',
  },
  {
    name: 'a response that had begun is no reason against another attempt',
    file: core('pipeline'),
    find: 'if (fate.answering) return',
    replace: 'if (fate.answering && behindClose) return',
  },
  {
    name: 'a first request was lost to a connection that had gone stale',
    file: core('pipeline'),
    find: "why: fate.reused ? 'stale-idle' : 'unanswered'",
    replace: "why: 'stale-idle'",
  },
  {
    name: 'a call that is aborted stays in the queue',
    file: core('client'),
    find: 'this.#pipeline.leave(exchange);',
    replace: '',
  },
  {
    name: 'losses are told before the end',
    file: core('client'),
    find: "this.emit({ type: 'closed', error });\n    for (",
    replace: "queueMicrotask(() => this.emit({ type: 'closed', error }));\n    for (",
  },

  // Upgrades.
  {
    name: 'what came behind 101 is lost',
    file: core('client'),
    find: 'leftover: this.input.takeAll() };',
    replace: 'leftover: this.input.takeAll().subarray(0, 0) };',
  },

  // Time.
  {
    name: '408 is never sent',
    file: core('server'),
    find: "this.#refusable = exchange === null || exchange.server === 'owing';",
    replace: "this.#refusable = error.code !== 'ERR_TIMEOUT' && (exchange === null || exchange.server === 'owing');",
  },
  {
    name: 'a body that nobody reads is late',
    file: core('connection'),
    find: "return this.#timer === 'body' && this.input.size > 0;",
    replace: 'return false;',
  },
  {
    name: 'a server does not linger',
    file: core('server'),
    find: '(this.#drained || this.input.eof !== null) && ',
    replace: '',
  },

  // How far a connection goes.
  {
    name: 'what is queued wakes nobody',
    file: core('connection'),
    find: '    this.#wake?.();',
    replace: '',
  },
  {
    name: 'the rest of a request is read without a bound',
    file: core('server'),
    find: 'if (this.#unread + this.#owed <= this.limits.drainSize) return true;',
    replace: 'if (this.#unread + this.#owed >= 0) return true;',
  },
  {
    name: 'a client that has sent all it will is taken to be gone',
    file: core('server'),
    find: "if (this.#exchange === null) this.#endOutput();\n    return { type: 'eof' };",
    replace: "this.abort();\n    return { type: 'eof' };",
  },
];
