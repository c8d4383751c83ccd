// Accepting connections one after the other until told to stop, and TLS handshakes beside that. Knows nothing of what they are for.

import { type Acceptor, type Conn, close, type TlsConn } from './platform.ts';

/** Timers of every platform take a 32-bit delay, in milliseconds. */
export const longestTimer: number = 2 ** 31 - 1;

/** How long not to accept after the system would not, in milliseconds: twice as long each time. */
const shortestRest = 5;
const longestRest = 1_000;

/** Who gets the connections. */
export interface Host {
  /** May one more come in? Those that may not are closed. */
  hasRoom(): boolean;
  /** Over TLS, once it has shaken hands. */
  accepted(conn: Conn): void;
  /** Of one connection, or of accepting. It goes on. */
  failed(error: unknown): void;
}

export class Accepting {
  /** Resolves when it has stopped, and no handshake is under way. */
  readonly done: Promise<void>;
  readonly #acceptor: Acceptor;
  readonly #handshakeTimeout: number;
  readonly #host: Host;
  readonly #handshakes = new Map<TlsConn, Promise<void>>();
  #stopped = false;
  /** Ends a rest. */
  #wake = () => {};

  /** `handshakeTimeout` in milliseconds. */
  constructor(acceptor: Acceptor, handshakeTimeout: number, host: Host) {
    this.#acceptor = acceptor;
    this.#handshakeTimeout = handshakeTimeout;
    this.#host = host;
    this.done = this.#acceptAll();
  }

  /** How many handshakes are under way. */
  get handshakes(): number {
    return this.#handshakes.size;
  }

  /** Whoever has not yet shaken hands has not asked for anything, and is closed too. */
  stop(): void {
    this.#stopped = true;
    close(this.#acceptor);
    this.#wake();
    for (const conn of this.#handshakes.keys()) close(conn);
  }

  async #acceptAll(): Promise<void> {
    let rest = shortestRest;
    while (!this.#stopped) {
      let conn: Conn;
      try {
        conn = await this.#acceptor.accept();
      } catch (error) {
        if (this.#stopped) break;
        // There may be no file descriptor left, say, and trying at once mends nothing.
        this.#host.failed(error);
        await this.#rest(rest);
        rest = Math.min(2 * rest, longestRest);
        continue;
      }
      rest = shortestRest;
      if (this.#stopped || !this.#host.hasRoom()) close(conn);
      else if (isTls(conn)) this.#handshakes.set(conn, this.#shakeHands(conn));
      else this.#host.accepted(conn);
    }
    await Promise.all(this.#handshakes.values());
  }

  #rest(delay: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delay);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #shakeHands(conn: TlsConn): Promise<void> {
    const timeout = this.#handshakeTimeout;
    let late = false;
    const expire = () => {
      late = true;
      close(conn);
    };
    const timer = setTimeout(expire, Math.min(timeout, longestTimer));
    let failure: unknown = null;
    try {
      await conn.handshake();
    } catch (error) {
      failure = late ? lateError(timeout) : error;
    }
    clearTimeout(timer);
    this.#handshakes.delete(conn);
    if (failure === null && !this.#stopped) return this.#host.accepted(conn);
    close(conn);
    if (!this.#stopped) this.#host.failed(failure);
  }
}

function isTls(conn: Conn): conn is TlsConn {
  return 'handshake' in conn && typeof conn.handshake === 'function';
}

function lateError(timeout: number): Error {
  return Object.assign(new Error(`Cannot wait for the TLS handshake: it takes longer than ${timeout} ms`), {
    code: 'ERR_TLS_HANDSHAKE_TIMEOUT',
  });
}
