// Raw sockets that write requests, so many at a time, and count the bytes of the responses, all of which are of one size. Parses nothing, and
// reads into one buffer, so that it takes as little of the machine as it can.

import { connect, type Socket } from 'node:net';

export interface Wanted {
  readonly port: number;
  /** On the wire. */
  readonly request: string;
  /** Of a response. */
  readonly size: number;
  readonly connections: number;
  /** Requests that are written at once, the next as many when all are answered. */
  readonly depth: number;
}
export interface Loaded {
  readonly responses: number;
  readonly seconds: number;
}

/** Milliseconds within which every server has answered everything. */
const patience = 15_000;

export class Loading {
  readonly #sockets: Socket[] = [];
  readonly #connected: Promise<unknown>;
  readonly #batch: Buffer;
  readonly #size: number;
  readonly #depth: number;
  #bytes = 0;
  /** Connections that are owed something. */
  #busy = 0;
  #over = true;
  #done = () => {};
  #fail = (_: Error) => {};

  constructor({ port, request, connections, depth, size }: Wanted) {
    this.#batch = Buffer.from(request.repeat(depth));
    this.#size = size;
    this.#depth = depth;
    const buffer = Buffer.alloc(2 ** 16);
    for (let i = 0; i < connections; i++) {
      let owed = size * depth;
      const callback = (count: number) => {
        this.#bytes += count;
        owed -= count;
        if (owed < 0) this.#fail(new Error('it sends more than it was asked for'));
        if (owed !== 0) return true;
        owed = size * depth;
        if (!this.#over) socket.write(this.#batch);
        else if (--this.#busy === 0) this.#done();
        return true;
      };
      const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } });
      socket.on('error', (error) => this.#fail(error));
      socket.on('end', () => this.#fail(new Error(`it closes and owes ${owed} bytes`)));
      this.#sockets.push(socket);
    }
    this.#connected = Promise.all(this.#sockets.map((socket) => new Promise((done) => socket.once('connect', done))));
  }

  async run(milliseconds: number): Promise<Loaded> {
    await this.#connected;
    return await new Promise((resolve, reject) => {
      const start = performance.now();
      const timers = [
        setTimeout(() => {
          this.#over = true;
        }, milliseconds),
        setTimeout(() => this.#fail(new Error('it does not answer everything')), patience),
      ];
      this.#fail = (error) => {
        for (const timer of timers) clearTimeout(timer);
        reject(error);
      };
      this.#done = () => {
        const seconds = (performance.now() - start) / 1000;
        for (const timer of timers) clearTimeout(timer);
        const responses = this.#bytes / this.#size;
        if (responses % this.#depth === 0) resolve({ responses, seconds });
        else reject(new Error(`it answers ${responses} times`));
      };
      this.#bytes = 0;
      this.#over = false;
      this.#busy = this.#sockets.length;
      for (const socket of this.#sockets) socket.write(this.#batch);
    });
  }

  async close(): Promise<void> {
    this.#fail = () => {};
    await Promise.all(
      this.#sockets.map((socket) => {
        if (socket.closed) return null;
        return new Promise<void>((resolve) => socket.once('close', () => resolve()).destroy());
      }),
    );
  }
}

/** Asks once, and checks that the answer is whole and has that body; its size. */
export async function sizeOfResponse(port: number, request: string, body: string): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.setTimeout(patience, () => socket.destroy(new Error('it does not answer')));
  socket.write(request);
  let text = '';
  for await (const piece of socket) {
    text += String(piece);
    if (text.endsWith(`\r\n\r\n${body}`)) return text.length;
  }
  throw new Error(`it answers ${JSON.stringify(text.slice(0, 200))}`);
}
