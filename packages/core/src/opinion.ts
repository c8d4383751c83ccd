// Two readings of one head, compared. Where another parser would read it otherwise, somebody on the way might too, and that is how
// requests are smuggled. Knows nothing of the other parser.

import type { Reading, SecondOpinion } from './connection.ts';
import { RemoteProtocolError } from './errors.ts';
import type { Framed } from './framing.ts';
import type { HeadReader } from './parser.ts';

/** Another parser, and the bytes of the head that it is to be asked about. */
export class OtherReader {
  readonly #ask: SecondOpinion;
  #head: Uint8Array | null = null;

  constructor(ask: SecondOpinion) {
    this.#ask = ask;
  }

  /** Keeps the bytes of a head until it is compared. */
  readonly keep = (head: Uint8Array): void => {
    this.#head = head;
  };

  /** What it makes of the head that `reader` has just read, if that is something else; null if they agree. `framed` null: of no importance here. */
  compare(kind: 'request' | 'response', reader: HeadReader, framed: Framed | null): RemoteProtocolError | null {
    const head = this.#head;
    this.#head = null;
    if (head === null) return null;
    let other: Reading | 'refused';
    try {
      other = this.#ask(head, kind);
    } catch (cause) {
      return disagreement('throws', cause);
    }
    if (other === 'refused') return disagreement('refuses it');
    const difference = firstDifference(other, kind, reader, framed);
    return difference === null ? null : disagreement(`reads another ${difference}`);
  }
}

function firstDifference(
  other: Reading,
  kind: 'request' | 'response',
  reader: HeadReader,
  framed: Framed | null,
): string | null {
  if (kind === 'request' && other.method !== reader.method) return 'method';
  if (kind === 'request' && other.target !== reader.target) return 'request-target';
  if (kind === 'response' && other.status !== reader.status) return 'status code';
  if (other.raw.length !== reader.raw.length) return 'number of fields';
  if (reader.raw.some((text, i) => other.raw[i] !== text)) return 'field';
  if (framed === null) return null;
  if (other.framing !== framed.framing) return 'framing';
  return other.contentLength === framed.contentLength ? null : 'Content-Length';
}

function disagreement(what: string, cause?: unknown): RemoteProtocolError {
  return new RemoteProtocolError('ERR_SECOND_OPINION', `Cannot accept the head: the second opinion ${what}`, { cause });
}
