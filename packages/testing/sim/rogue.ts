// Peers that break the rules, in as many ways as there are lines here. Nothing is expected of what they get; the library must end what
// it has to do with them, keep its promises to its own user, and leave nothing behind.

import type { Open, Transport } from '@halfpipe/driver';
import { bytes, type MemoryTransport, type Random, text } from '@halfpipe/testing';
import { departures, headWith, requestDepartures } from './departures.ts';
import { nameOf, type Scene } from './scene.ts';

/** Steps of a rogue: text is sent, a number is a wait in milliseconds, and the rest is said by its name. */
type Step = string | number | 'END' | 'TRUNCATE' | 'RESET' | 'DESTROY' | 'WAIT FOR BYTES' | 'STOP READING';
type Script = readonly Step[];

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const last = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok';
const early = 'HTTP/1.1 103 Early Hints';
const interim = `${early}\r\n\r\n`;
const folded = 'Content-Length:\r\n 2';

const ofServers: readonly ((random: Random) => Script)[] = [
  (random) => ['WAIT FOR BYTES', garbage(random), 'END'],
  () => [ok, 100, 'END'], // before it was asked
  () => ['WAIT FOR BYTES', ok + ok, 50, 'END'],
  () => ['WAIT FOR BYTES', ok + ok + ok, 50, 'END'],
  () => ['WAIT FOR BYTES', 5, ok + last, 50, 'END'],
  () => ['WAIT FOR BYTES', 5, ok + ok + last, 50, 'END'],
  () => ['WAIT FOR BYTES', ok, 500, ok, 'END'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok', 'END'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok', 10, 'END'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok', 'END'],
  () => [
    'WAIT FOR BYTES',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'END',
  ],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'END'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel', 'END'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 'END'],
  () => ['WAIT FOR BYTES', interim.repeat(20), ok, 'END'],
  () => ['WAIT FOR BYTES', interim, 10, interim, 10, 'END'],
  () => [
    'WAIT FOR BYTES',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello',
    10,
    'END',
  ],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n\r\n', 10, 'END'],
  () => ['WAIT FOR BYTES', 40_000, 'RESET'],
  () => ['STOP READING', 'WAIT FOR BYTES', 40_000, 'DESTROY'],
  () => ['WAIT FOR BYTES', 'HTTP/2.0 200 OK\r\n\r\n', 'END'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\nno field\r\n\r\n', 'END'],
  () => ['WAIT FOR BYTES', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 'END'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\n', 30_000, 'DESTROY'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', 90_000, 'RESET'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n', 'x'.repeat(100_000), 10, 'RESET'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\n\r\nuntil the end', 100, 'RESET'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\n\r\nuntil the end', 100, 'END'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 200 OK\r\n\r\nuntil the cut', 100, 'TRUNCATE'],
  () => ['WAIT FOR BYTES', 'HTTP/1.0 200 OK\r\n\r\nuntil the cut', 100, 'TRUNCATE'],
  () => ['WAIT FOR BYTES', last, ok, 10, 'END'],
  () => ['WAIT FOR BYTES', 'HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n', ok, 'END'],
  () => ['WAIT FOR BYTES', ok, 0, 'WAIT FOR BYTES', ok, 0, 'WAIT FOR BYTES', ok, 'RESET'],
  () => ['WAIT FOR BYTES', ok, 0, 'WAIT FOR BYTES', 'RESET'],
  () => ['WAIT FOR BYTES', ok, 0, 'WAIT FOR BYTES', 'END'],
  ...departures.map((departure) => (): Script => {
    const head = headWith([departure], 'HTTP/1.1 200 OK', ['Content-Length: 2']);
    return ['WAIT FOR BYTES', `${head}ok${ok}`, 10, 'END'];
  }),
  () => ['WAIT FOR BYTES', headWith(['bare-lf'], early, []) + ok + ok, 10, 'END'],
  () => ['WAIT FOR BYTES', `${headWith([], 'HTTP/1.1 200 OK', [folded])}ok${ok}`, 10, 'END'],
  () => ['END'],
  () => ['RESET'],
];

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const post = (fields: string, body: string) => `POST / HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n${body}`;

const ofClients: readonly ((random: Random) => Script)[] = [
  (random) => [garbage(random), 10, 'END'],
  () => [get, 100, 'END'],
  () => [get.repeat(200), 'STOP READING', 5_000, 'DESTROY'],
  () => [get.repeat(50), 'END'],
  ...requestDepartures.map((departure) => (): Script => {
    return [headWith([departure], 'GET / HTTP/1.1', ['Host: x']) + get, 10, 'END'];
  }),
  () => [headWith(['obs-fold'], 'POST / HTTP/1.1', ['Host: x', 'Content-Length: 2']), 10, `ok${get}`, 'END'],
  () => [`${headWith([], 'POST / HTTP/1.1', ['Host: x', folded])}ok${get}`, 10, 'END'],
  () => ['GET /\r\n\r\n', 'END'],
  () => ['GET / HTTP/2.0\r\nHost: x\r\n\r\n', 'END'],
  () => ['GET / HTTP/1.1\r\nHost: x\r\nno field\r\n\r\n', 'END'],
  () => [post('Content-Length: 5', 'hel'), 'END'],
  () => [post('Content-Length: 5', 'hel'), 100_000, 'RESET'],
  () => [post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), get, 'END'],
  () => [post('Content-Length: 5\r\nContent-Length: 6', 'hello'), get, 'END'],
  () => [post('Transfer-Encoding: chunked', 'zz\r\n'), 100, 'END'],
  () => [post('Transfer-Encoding: chunked', '5\r\nhello'), 'RESET'],
  () => [post('Transfer-Encoding: chunked', `400\r\n${'x'.repeat(1_024)}\r\n`.repeat(100)), 100, 'END'],
  () => [post('Transfer-Encoding: gzip', ''), 10, 'END'],
  () => [post('Transfer-Encoding: gzip, chunked', '0\r\n\r\n'), get, 'END'],
  () => [post('Content-Length: 200000', 'x'.repeat(150_000)), 100, 'x'.repeat(50_000), get, 'END'],
  () => [post('Content-Length: 2', 'ok') + get, 'DESTROY'],
  () => [post('Content-Length: 5\r\nExpect: 100-continue', ''), 90_000, 'END'],
  () => ['GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', get, 50, 'END'],
  () => ['CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n', get, 10, 'END'],
  () => ['GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: y\r\n\r\n', get, 10, 'END'],
  () => [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 100, 'END'],
  () => ['GET / HTTP/1.1\r\nHost', 1_000, ':', 100_000, 'RESET'],
  () => ['\r\n', 4_000, '\r\n', get, 'END'],
  () => [get, 'END', 10],
  () => [100_000, 'DESTROY'],
  () => ['END'],
  () => ['RESET'],
];

function garbage(random: Random): string {
  return Array.from({ length: 1 + random.below(100) }, () => String.fromCharCode(random.below(256))).join('');
}

/** Nobody outlives that, so that a world with somebody who only waits comes to an end. */
const lifetime = 200_000;

/** Takes the steps of a script, as far as the transport lets it. Resolves when the transport has closed. */
class Rogue {
  readonly #scene: Scene;
  readonly #transport: Transport;
  /** Ends it in a way that is not clean, where that can be. */
  readonly #cut: () => void;
  readonly #closed: Promise<void>;
  #isOver = false;
  #hasEnded = false;
  #received = 0;
  #wake: () => void = () => {};

  constructor(scene: Scene, transport: Transport, onBytes: (bytes: Uint8Array) => void, cut = () => {}) {
    this.#scene = scene;
    this.#transport = transport;
    this.#cut = cut;
    this.#closed = new Promise((resolve) => {
      const cancel = scene.after(lifetime, () => transport.destroy());
      transport.start({
        bytes: (bytes) => {
          this.#received += bytes.length;
          onBytes(bytes);
          this.#wake();
        },
        end: () => {
          if (!this.#hasEnded) this.#end();
          this.#wake();
        },
        writable: () => {},
        closed: () => {
          cancel();
          this.#isOver = true;
          this.#wake();
          resolve();
        },
      });
    });
  }

  async run(script: Script): Promise<void> {
    for (const step of script) {
      if (this.#isOver) break;
      await this.#take(step);
    }
    if (!this.#isOver && !this.#hasEnded) this.#end();
    await this.#closed;
  }

  async #take(step: Step): Promise<void> {
    const transport = this.#transport;
    if (typeof step === 'number') return this.#scene.sleep(step);
    switch (step) {
      case 'WAIT FOR BYTES':
        this.#received = 0;
        while (this.#received === 0 && !this.#isOver && !this.#hasEnded) {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
        return;
      case 'STOP READING':
        transport.pause();
        return;
      case 'END':
        if (!this.#hasEnded) this.#end();
        return;
      case 'TRUNCATE':
        this.#cut();
        return;
      case 'RESET':
        this.#destroy(new Error('The rogue resets'));
        return;
      case 'DESTROY':
        this.#destroy(undefined);
        return;
      default:
        if (!this.#hasEnded) transport.write(bytes(step));
    }
  }

  #end(): void {
    this.#hasEnded = true;
    if (!this.#isOver) this.#transport.end();
  }

  #destroy(cause: unknown): void {
    this.#hasEnded = true;
    this.#transport.destroy(cause);
  }
}

/** Serves a link as no server should. What it has seen of requests counts as seen by nobody: none of them is handled. */
export function serveRogue(scene: Scene, random: Random, far: MemoryTransport): void {
  const number = random.below(ofServers.length);
  scene.log(`rogue server ${number}`);
  scene.coverage.count('rogue servers', String(number));
  const rogue = new Rogue(
    scene,
    far,
    () => {},
    () => far.truncate(),
  );
  void rogue.run(ofServers[number]!(random)); // below the length
}

/** Makes calls as no client should, each on a connection of its own. */
export class RogueClient {
  calls = 0;
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #open: Open;
  readonly #times: number;

  constructor(scene: Scene, random: Random, open: Open, times: number) {
    this.#scene = scene;
    this.#random = random;
    this.#open = open;
    this.#times = times;
  }

  async run(): Promise<void> {
    for (let i = 0; i < this.#times; i++) {
      this.calls++;
      const random = this.#random.fork(i);
      const number = random.below(ofClients.length);
      this.#scene.coverage.count('rogue clients', String(number));
      try {
        const transport = await this.#open(new AbortController().signal);
        let received = '';
        const rogue = new Rogue(this.#scene, transport, (bytes) => {
          received += text(bytes);
        });
        await rogue.run(ofClients[number]!(random)); // below the length
        this.#scene.log(`rogue client ${number} got ${statuses(received)}`);
      } catch (error) {
        this.#scene.log(`rogue client ${number} failed ${nameOf(error)}`);
      }
    }
  }
}

/** The statuses of the responses, as far as they are told. */
function statuses(received: string): string {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status).join(' ');
}
