// One connection that is fed one wire, and what must hold of it whatever the bytes. The roles fill in what its application does.

import type { ClientEvent, Connection, Eof, HeaderList, Limits, Relaxation, ServerEvent } from '@halfpipe/core';
import { one, some } from './choices.ts';
import type { Message } from './grammar.ts';
import { must, Watch } from './watch.ts';

/** One character for each byte. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** One byte for each character. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

export const relaxations: readonly Relaxation[] = [
  'missing-host',
  'bare-lf',
  'obs-fold',
  'space-before-colon',
  'leading-whitespace',
  'non-ascii-target',
];

const endings: readonly (Eof | null)[] = [null, 'clean', 'truncated', 'unknown'];

export const manyFields: Partial<Limits> = { headers: 1_000 };

// Most defaults are beyond the longest input.
const limitSets: readonly Partial<Limits>[] = [
  {},
  {
    headSize: 300,
    startLineSize: 60,
    headers: 5,
    trailerSize: 40,
    chunkLineSize: 24,
    extensionSize: 30,
    bodySize: 100,
  },
  { headSize: 64, startLineSize: 20, headers: 2, trailerSize: 8, interim: 1, drainSize: 16 },
  { chunkLineSize: 4, extensionSize: 5, trailerSize: 0, bodySize: 6, interim: 0, drainSize: 3 },
  manyFields,
];

/** What an input chooses for either role. */
export const setting = { relax: some(relaxations), limits: one(limitSets), eof: one(endings) };

// So short that every wait ends while an input is run.
export const timeouts = { head: 50, body: 40, idle: 60, continue: 10, linger: 30 };

/** How a wire reaches a connection. */
export interface Feeding {
  readonly pieces: readonly Uint8Array[];
  readonly eof: Eof | null;
  /** The transport takes nothing before all has come in. */
  readonly clogged: boolean;
  readonly limits: Partial<Limits>;
}

export abstract class Run<Event extends ServerEvent | ClientEvent> {
  /** What came out, a line for each event however many pieces a body came in, and how it ended. */
  readonly lines: string[] = [];
  /** The messages that have ended, and interim responses. */
  readonly messages: Message[] = [];
  /** All that was written. */
  output = '';
  protected readonly connection: Connection<Event>;
  /** No message comes any more. */
  protected over = false;
  readonly #feeding: Feeding;
  #fed = 0;
  /** How much was taken in without an event. */
  #silent = 0;
  /** The message that is coming in, and what has come of its body. */
  #head: (Omit<Message, 'body'> & { readonly contentLength: number | null }) | null = null;
  #content = '';
  /** Which line tells of the other protocol. */
  #upgrade = -1;
  readonly #watch: Watch;

  protected constructor(connection: Connection<Event>, feeding: Feeding) {
    this.connection = connection;
    this.#feeding = feeding;
    this.#watch = new Watch(connection);
    connection.advance(0);
  }

  /** What the application does. */
  protected abstract handle(event: Event): void;
  /** May it come although nothing more is read? */
  protected abstract mayFollowTheLast(event: Event): boolean;
  /** Must it wait for the application before it reads on? */
  protected abstract holds(): boolean;

  start(): void {
    this.pump();
  }

  /** Feeds the next piece if there is one and it is wanted. */
  step(): boolean {
    const piece = this.#feeding.pieces[this.#fed];
    if (piece === undefined) return false;
    const { wantsInput, finished } = this.connection;
    must(wantsInput || finished || this.#upgrade >= 0 || this.holds(), 'it wants no input, and nothing else');
    if (!wantsInput) return false;
    this.#fed++;
    this.#silent += piece.length;
    this.connection.receive(piece);
    this.pump();
    // Behind the last event, and behind the output, what comes in is dropped.
    if (this.over || this.connection.outputEnded || this.#silent === 0) return true;
    must(!this.holds() || !this.connection.wantsInput, 'it wants more than it may read');
    must(this.#silent <= silence(this.#feeding.limits) + piece.length, 'more is held than the limits allow');
    return true;
  }

  /** The end of the wire, then of all waits, then of the transport. */
  finish(): void {
    const { eof, pieces } = this.#feeding;
    if (this.#upgrade >= 0) this.lines[this.#upgrade] += pieces.slice(this.#fed).map(textOf).join('');
    else if (eof !== null) this.connection.receiveEnd(eof);
    this.pump();
    this.#wait(); // with the transport full, perhaps
    this.#drain();
    this.#wait();
    this.connection.abort();
    this.pump();
    this.#drain();
    must(this.#upgrade >= 0 || this.connection.finished, 'it is not finished behind abort()');
    this.#flush();
  }

  #wait(): void {
    this.#settle();
    for (let waits = 0; this.connection.deadline < Number.POSITIVE_INFINITY; waits++) {
      must(waits < 8, 'it never stops waiting');
      this.lines.push(`at ${this.connection.deadline}`);
      this.connection.advance(this.connection.deadline);
      this.pump();
    }
    this.#settle();
  }

  /** Pulls until there is nothing more, as after every call. */
  protected pump(): void {
    const { connection } = this;
    // Each event takes a byte, but for the few that end something.
    let left = 2 * this.#silent + 32;
    for (let event = connection.nextEvent(); event !== null; event = connection.nextEvent()) {
      must(left-- > 0, 'there is no end to events');
      must(!this.over || this.mayFollowTheLast(event), 'an event comes where it may not', event.type);
      this.#log(event);
      this.handle(event);
      this.#watch.look();
    }
    must(connection.nextEvent() === null, 'nextEvent() gave null and then an event');
    if (!this.#feeding.clogged) this.#drain();
    this.#watch.look();
  }

  #drain(): void {
    const { connection } = this;
    for (let chunk = connection.nextChunk(); chunk !== null; chunk = connection.nextChunk()) {
      must(chunk.length > 0, 'a chunk is empty');
      this.output += textOf(chunk);
    }
    must(connection.outputSize === 0 && connection.nextChunk() === null, 'there is output behind its end');
    this.#watch.look();
  }

  #log(event: ServerEvent | ClientEvent): void {
    this.#silent = 0;
    if (event.type === 'data') {
      must(this.#head !== null && this.#head.framing !== 'none', 'data where there is no body');
      must(event.bytes.length > 0, 'a piece of a body is empty');
      this.#content += textOf(event.bytes);
      return;
    }
    if (event.type === 'end') this.#endMessage(event.trailers);
    this.#flush();
    this.lines.push(lineOf(event));
    if (event.type === 'error' || event.type === 'upgrade' || event.type === 'closed') this.over = true;
    const disagrees = 'error' in event && event.error?.code === 'ERR_SECOND_OPINION';
    must(!disagrees, 'a second opinion was shown something else than the head');
    if (event.type === 'informational') {
      this.messages.push({ kind: 'response', framing: 'none', relaxed: event.head.relaxed, body: '' });
    } else if (event.type === 'request' || event.type === 'response') {
      must(this.#head === null, 'a message begins within another');
      const { framing, contentLength, relaxed } = event.head;
      this.#head = { kind: event.type, framing, contentLength, relaxed };
    } else if (event.type === 'upgrade') {
      this.#head = null;
      this.#upgrade = this.lines.length - 1;
    }
  }

  #endMessage(trailers: HeaderList | null): void {
    const [head, body] = [this.#head, this.#content];
    must(head !== null, 'the end of no message');
    must(head.framing !== 'length' || body.length === head.contentLength, 'a body is not as long as was announced');
    must(head.framing === 'chunked' || trailers === null, 'trailers behind a body without chunks');
    const forbidden = ['Content-Length', 'Transfer-Encoding', 'Host'].filter((name) => trailers?.has(name));
    must(forbidden.length === 0, 'a field that frames or routes among the trailers', ...forbidden);
    must(body.length <= (this.#feeding.limits.bodySize ?? body.length), 'a body is larger than its limit');
    this.messages.push({ ...head, body });
    this.#head = null;
  }

  #flush(): void {
    if (this.#content !== '') this.lines.push(`data ${this.#content}`);
    this.#content = '';
  }

  /** What can be seen of it when nothing is left to do but to wait. */
  #settle(): void {
    this.#flush();
    const { persistence, wantsInput, outputEnded, finished } = this.connection;
    this.lines.push(JSON.stringify({ persistence, wantsInput, outputEnded, finished }));
  }
}

/** The most that may come in without an event: a head, or what may stand between two pieces of a body. */
function silence({ headSize, chunkLineSize, trailerSize }: Partial<Limits>): number {
  if (headSize === undefined || chunkLineSize === undefined || trailerSize === undefined)
    return Number.POSITIVE_INFINITY;
  const emptyLine = 2;
  return Math.max(emptyLine + headSize, emptyLine + chunkLineSize + emptyLine + trailerSize);
}

function lineOf(event: Exclude<ServerEvent | ClientEvent, { type: 'data' }>): string {
  switch (event.type) {
    case 'request':
      return `request ${event.head.method} ${event.head.target} ${describe(event.head)}`;
    case 'response':
    case 'informational':
      return `${event.type} ${event.head.status} ${event.head.reason}|${describe(event.head)}`;
    case 'end':
      return `end ${event.trailers?.raw.join('|') ?? ''}`;
    case 'upgrade':
      return `upgrade ${textOf(event.leftover)}`;
    case 'error':
      return `error ${event.error.code} ${event.error.status}: ${event.error.message}`;
    case 'closed':
      return `closed ${event.error?.code}: ${event.error?.message}`;
    case 'lost':
      return `lost ${event.retry} ${event.why}`;
    default:
      return event.type;
  }
}

type AnyHead = Extract<ServerEvent | ClientEvent, { head: unknown }>['head'];

function describe({ version, framing, contentLength, headers, relaxed }: AnyHead): string {
  return `${version} ${framing} ${contentLength} [${relaxed.join(' ')}] ${headers.raw.join('|')}`;
}

/** Feeds them all by turns, so that what connections share is used by several at once. */
export function runAll(runs: readonly Run<ServerEvent | ClientEvent>[]): void {
  for (const run of runs) run.start();
  for (let going = true; going; ) {
    going = false;
    for (const run of runs) going = run.step() || going;
  }
  for (const run of runs) run.finish();
}
