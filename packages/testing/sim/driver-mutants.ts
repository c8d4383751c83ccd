// Mistakes of the driver, in packages/driver. Data only; mutants.ts says what they are for.

import type { Mutant } from './mutants.ts';

const driver = (name: string) => `packages/driver/src/${name}.ts`;

export const driverMutants: readonly Mutant[] = [
  // Order, and what is on its way at once.
  {
    name: 'a body of unknown length waits for an answer to nothing',
    file: driver('exchanges'),
    find: 'if (call.sized || this.#willKnow) this.#stream(call, []);',
    replace: 'if (call.sized || call.streamed) this.#stream(call, []);',
  },

  // Loss, and what is said of it.
  {
    name: 'a response that is cut short ends as if it were whole',
    file: driver('call'),
    find: '    this.inflow?.fail(error);',
    replace: '    this.inflow?.end(null);',
  },
  {
    name: 'a response whose source failed ends as if it were whole',
    file: driver('serve'),
    find: '      request.outgoing?.stop(error);\n      this.#closing = true;',
    replace:
      '      request.outgoing?.stop(error);\n      if (exchange.writable) return exchange.end();\n      this.#closing = true;',
  },
  {
    name: 'what came of a body is dropped when nobody waits for it',
    file: driver('body'),
    find: "if (this.#mode !== 'dropped') this.#queue.push(bytes);",
    replace: "if (this.#mode === 'kept') this.#queue.push(bytes);",
  },
  {
    name: 'a lost call is never told',
    file: driver('call'),
    find: '    this.#settle?.reject(error);',
    replace: '',
  },

  // Upgrades.
  {
    name: 'what came behind CONNECT, or 101, comes twice',
    file: driver('upgraded'),
    find: '    this.receive(leftover);',
    replace: '    this.receive(leftover);\n    this.receive(leftover);',
  },
  {
    name: 'a transport that was handed over does not pause',
    file: driver('upgraded'),
    find: '    this.#paused = true;\n',
    replace: '',
  },

  // Time.
  {
    name: 'a timer is left behind',
    file: driver('pump'),
    find: '    this.#over = true;\n    this.#disarm();',
    replace: '    this.#over = true;',
  },

  // The driver and its transport.
  {
    name: 'the end of the peer is not told',
    file: driver('pump'),
    find: '      this.#core.receiveEnd(eof);\n',
    replace: '',
  },
  {
    name: 'the loss of the transport is not told',
    file: driver('pump'),
    find: 'if (this.#gone !== null && this.#successor === null && !core.finished && !this.#aborted) {',
    replace: 'if (this.#gone !== null && this.#successor !== null && !core.finished && !this.#aborted) {',
  },
  {
    name: 'a transport is not let go of',
    file: driver('pump'),
    find: '    if (this.#gone === null) this.#transport.destroy(cause);',
    replace: '',
  },
  {
    name: 'a transport is told to end twice',
    file: driver('pump'),
    find: '      !this.#ended &&\n',
    replace: '',
  },
  {
    name: 'a transport that is full is written to',
    file: driver('pump'),
    find: 'if (!this.#transport.write(chunk)) this.#full = true;',
    replace: 'this.#transport.write(chunk);',
  },
  {
    name: 'a transport is read though nobody wants it',
    file: driver('pump'),
    find: 'if (paused) this.#transport.pause();\n      else',
    replace: 'if (!paused)',
  },

  // What a connection says of itself.
  {
    name: 'notify tells of what has not changed',
    file: driver('connection'),
    find: 'if (closed && !was) this.#changed();',
    replace: 'if (!was) this.#changed();',
  },
  {
    name: 'notify does not tell of the closing',
    file: driver('connection'),
    find: 'if (closed && !was) this.#changed();',
    replace: '',
  },
  {
    name: 'length still counts what is lost',
    file: driver('connection'),
    find: '  #lose(call: Call, error: unknown): void {\n    this.#count(-1);',
    replace: '  #lose(call: Call, error: unknown): void {',
  },
  {
    name: 'length does not count a response that is coming in',
    file: driver('connection'),
    find: 'answered: (connection) => connection.#count(-1),',
    replace: 'answered: () => {},',
    also: {
      find: ', { resolve, reject });',
      replace: ', { resolve: (response) => resolve(response, this.#count(-1)), reject });',
    },
  },
  {
    name: 'onClosed is called behind the failures',
    file: driver('exchanges'),
    find: '    this.#keeper.closing(this.#connection);\n',
    replace: '',
  },
  {
    name: 'onClosed is called twice',
    file: driver('connection'),
    find: '    if (this.#finalised) return;',
    replace: '',
  },
  {
    name: 'a signal is listened to for ever',
    file: driver('call'),
    find: "if (this.#onAbort !== null) this.options.signal?.removeEventListener('abort', this.#onAbort);",
    replace: '',
  },
];
