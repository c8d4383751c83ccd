// Two WebSockets joined in memory, as browsers show them: messages arrive whole and in order, closing is a handshake, and what the network
// has not taken counts as buffered. Each delivery is an event of its own, in a microtask, or when the test says so.

import type { WebSocketLike } from '../src/web-socket.ts';

type Listener = (event: object) => void;

export class FakeWebSocket implements WebSocketLike {
  binaryType = 'blob';
  readyState = 1;
  bufferedAmount = 0;
  /** The sizes of the messages sent. */
  readonly sent: number[] = [];
  /** With what it was closed by this side. */
  closedWith: number | null = null;
  #peer!: FakeWebSocket;
  #stalled = false;
  readonly #outgoing: (() => void)[] = [];
  readonly #listeners = new Map<string, Set<Listener>>();

  static pair(): [FakeWebSocket, FakeWebSocket] {
    const near = new FakeWebSocket();
    const far = new FakeWebSocket();
    near.#peer = far;
    far.#peer = near;
    return [near, far];
  }

  /** One that is opening; `open()` or `fail()` says what becomes of it. */
  static opening(): [FakeWebSocket, FakeWebSocket] {
    const [near, far] = FakeWebSocket.pair();
    near.readyState = 0;
    return [near, far];
  }

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener);
  }

  /** How many listeners there are. */
  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }

  send(data: Uint8Array | string): void {
    if (this.readyState === 0) throw new Error('It is still opening');
    const size = data.length;
    this.sent.push(size);
    this.bufferedAmount += size;
    // As browsers do: copied at once, and dropped once it is closing.
    const copy = typeof data === 'string' ? data : new Uint8Array(data).buffer;
    if (this.readyState !== 1) return;
    this.#deliver(() => {
      this.bufferedAmount -= size;
      if (this.#peer.readyState === 1) this.#peer.dispatch('message', { data: copy });
    });
  }

  close(code?: number): void {
    if (code !== undefined && code !== 1000 && (code < 3000 || code > 4999))
      throw new Error(`A script may not: ${code}`);
    if (this.readyState > 1) return;
    this.closedWith = code ?? 1005;
    if (this.readyState === 0) return this.fail();
    this.readyState = 2;
    this.#deliver(() => this.#peer.#onClose(code ?? 1005));
  }

  // What the network and the other side do.

  open(): void {
    this.readyState = 1;
    this.dispatch('open', {});
  }

  /** Nothing more leaves, until `flow()`. */
  stall(): void {
    this.#stalled = true;
  }

  flow(): void {
    this.#stalled = false;
    for (const action of this.#outgoing.splice(0)) queueMicrotask(action);
  }

  /** The connection is cut, or was never made: this side is told so. */
  fail(): void {
    this.readyState = 2;
    queueMicrotask(() => {
      this.dispatch('error', {});
      this.#closed(1006);
    });
  }

  dispatch(type: string, event: object): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) listener(event);
  }

  #deliver(action: () => void): void {
    if (this.#stalled) this.#outgoing.push(action);
    else queueMicrotask(action);
  }

  #onClose(code: number): void {
    if (this.readyState === 3) return;
    const answers = this.readyState === 1;
    if (answers) this.#deliver(() => this.#peer.#onClose(code));
    this.#closed(code);
  }

  #closed(code: number): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatch('close', { code, reason: '' });
  }
}
