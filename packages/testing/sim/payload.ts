// Bytes whose place can be told: each one is a function of the attempt it belongs to, its direction and its offset. A byte that is lost,
// doubled, or another message's is seen as soon as it is read, and nothing has to be kept for that.

import { Random } from '@halfpipe/testing';
import { Digest } from './digest.ts';

/** Offsets repeat after so many bytes. */
const period = 65_536;
/** The largest payload: views of the noise reach so far behind any beginning. */
export const largestPayload: number = 3 * period;

/** The same for all worlds, so that a piece of a body is a view and costs nothing to make. */
const noise: Uint8Array = makeNoise();

function makeNoise(): Uint8Array {
  const random = new Random(0x5eed);
  const bytes = new Uint8Array(4 * period);
  for (let i = 0; i < period; i++) bytes[i] = random.next();
  for (let at = period; at < bytes.length; at += period) bytes.copyWithin(at, 0, period);
  return bytes;
}

/** Who sends it, as what: a message's body, or the bytes behind a switch of protocols. */
export type Flow = 'request' | 'response' | 'up' | 'down';

/** All the bytes that may be sent in one direction of one attempt. */
export class Payload {
  readonly #start: number;

  constructor(seed: number, tag: string, flow: Flow) {
    this.#start = new Random(seed).fork(`${tag} ${flow}`).below(period);
  }

  /** A view; not to be written to. */
  slice(offset: number, end: number): Uint8Array {
    return noise.subarray(this.#start + offset, this.#start + end);
  }

  /** Are these the bytes from that offset on? */
  matches(bytes: Uint8Array, offset: number): boolean {
    const from = this.#start + offset;
    if (from + bytes.length > noise.length) return false;
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== noise[from + i]) return false;
    return true;
  }
}

/** Does it look into the noise, so that no head can be in it? */
export function isPayload(bytes: Uint8Array): boolean {
  return bytes.buffer === noise.buffer;
}

/** Whoever sends bytes may not change them: false if somebody has. */
export function isIntact(): boolean {
  return fingerprint() === original;
}

function fingerprint(): string {
  const digest = new Digest();
  for (let at = 0; at < noise.length; at += 4_096) digest.add(String.fromCharCode(...noise.subarray(at, at + 4_096)));
  return digest.toString();
}

const original = fingerprint();
