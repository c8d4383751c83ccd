// The body of one message on its way out, held to the framing that its head announced (RFC 9112 §6, §7.1). Knows nothing of
// heads, roles or connections.

import { LocalProtocolError } from './errors.ts';
import type { SentFraming } from './framing.ts';
import type { Framing } from './message.ts';
import { isBytes } from './octets.ts';
import type { Output } from './output.ts';

export class MessageWriter {
  #output: Output;
  readonly #framing: Framing;
  readonly #size: number;
  readonly #swallows: boolean;
  #owed: number;

  /** The head is out. `swallows`: the body is that of a HEAD response, which is written to nobody. */
  constructor(output: Output, { framing, size }: SentFraming, swallows: boolean) {
    this.#output = output;
    this.#framing = framing;
    this.#size = size;
    this.#swallows = swallows;
    this.#owed = size;
  }

  /** What comes from now on goes here. */
  continueIn(output: Output): void {
    this.#output = output;
  }

  /** Throws ERR_BODY_LENGTH, and writes nothing, where the piece is more than was announced, or is no bytes. */
  write(bytes: Uint8Array): void {
    if (!isBytes(bytes)) throw new LocalProtocolError('ERR_BODY_LENGTH', 'Cannot write what is no Uint8Array');
    if (bytes.length === 0 || this.#swallows) return;
    if (this.#framing === 'chunked') {
      this.#output.text(`${bytes.length.toString(16)}\r\n`);
      this.#output.bytes(bytes);
      this.#output.text('\r\n');
      return;
    }
    if (this.#framing === 'until-close') {
      this.#output.bytes(bytes);
      return;
    }
    if (bytes.length > this.#owed) {
      const sent = this.#size - this.#owed;
      throw new LocalProtocolError(
        'ERR_BODY_LENGTH',
        `Cannot write ${bytes.length} bytes: ${sent} of ${this.#size} bytes sent`,
      );
    }
    this.#owed -= bytes.length;
    this.#output.bytes(bytes);
  }

  /** Ends with those trailer lines. Throws ERR_BODY_LENGTH where less was written than announced, ERR_HEAD for trailers behind no chunks; then nothing is written. */
  end(lines: string): void {
    if (lines !== '' && this.#framing !== 'chunked' && !this.#swallows) {
      throw new LocalProtocolError('ERR_HEAD', 'Cannot send trailers behind a body that is not chunked');
    }
    if (this.#owed > 0) {
      throw new LocalProtocolError(
        'ERR_BODY_LENGTH',
        `Cannot end the body: ${this.#size - this.#owed} of ${this.#size} bytes sent`,
      );
    }
    if (this.#framing === 'chunked') this.#output.text(`0\r\n${lines}\r\n`);
  }
}
