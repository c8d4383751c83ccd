// Bodies as the plans say: what they are read from when they are sent, and what looks at them as they arrive.

import { type Flow, Payload } from './payload.ts';
import { Planned, type Scene } from './scene.ts';
import type { BodyPlan } from './workload.ts';

/** The source of a body as its plan says: a view where it is whole, else an iterator, which is synchronous unless it has to wait. */
export function sourceOf(
  scene: Scene,
  plan: BodyPlan,
  payload: Payload,
): Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array> | undefined {
  if (plan.shape === 'none') return undefined;
  if (plan.shape === 'whole') return payload.slice(0, plan.size);
  return plan.pause === null ? pieces(plan, payload) : slowPieces(scene, plan, payload, plan.pause);
}

function* pieces(plan: BodyPlan, payload: Payload): Generator<Uint8Array, void> {
  for (let at = 0, i = 0; at < plan.size || plan.failsAt === i; at += plan.piece, i++) {
    if (plan.failsAt === i) throw new Planned('source');
    yield payload.slice(at, Math.min(at + plan.piece, plan.size));
  }
}

async function* slowPieces(
  scene: Scene,
  plan: BodyPlan,
  payload: Payload,
  pause: { readonly at: number; readonly ms: number },
): AsyncGenerator<Uint8Array, void> {
  let i = 0;
  for (const piece of pieces(plan, payload)) {
    if (i++ === pause.at) await scene.sleep(pause.ms);
    yield piece;
  }
}

/** Does the source fail before the message can look whole? Behind the last byte that a length has announced it is too late. */
export function fails({ shape, size, piece, failsAt }: BodyPlan): boolean {
  if (shape === 'sized') return failsAt * piece < size;
  return shape === 'chunked' && failsAt <= Math.ceil(size / piece);
}

export function payloadOf(scene: Scene, tag: string, flow: Flow): Payload {
  return new Payload(scene.seed, tag, flow);
}

/** Checks a body as it comes, whatever it comes in. */
export class Receiver {
  size = 0;
  readonly #scene: Scene;
  readonly #payload: Payload;
  readonly #what: string;

  constructor(scene: Scene, tag: string, flow: Flow) {
    this.#scene = scene;
    this.#payload = payloadOf(scene, tag, flow);
    this.#what = `${flow} ${tag}`;
  }

  push(bytes: Uint8Array): void {
    if (!this.#payload.matches(bytes, this.size)) {
      this.#scene.report('own-bytes', `the bytes of ${this.#what} from ${this.size} to ${this.size + bytes.length}`);
    }
    this.size += bytes.length;
  }

  /** It has ended as a whole. */
  end(size: number): void {
    if (this.size === size) return;
    this.#scene.report('whole-or-failed', `${this.#what} has ended with ${this.size} bytes of ${size}`);
  }
}
